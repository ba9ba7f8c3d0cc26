"""Actions for names and types: grammar.lark's first two sections."""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.actions import Misplaced, action, constant
from rustydb_engine.sql.ast import Field as FieldNode
from rustydb_engine.sql.ast import Literal, Name, Node, Star, Subscript, TypeName
from rustydb_proto.core.value import value

# ---------------------------------------------------------------- names


@value
class Bracket:
    """`[low:high]` after something that is not known yet."""

    low: Node | None
    high: Node | None
    slice: bool
    pos: int


Element = str | Star | Bracket  # .name, .* or [i]


@action()
def name_first(pos: int, part: str) -> Name:
    """A name without dots."""
    return (part,)


@action()
def name_next(pos: int, name: Name, part: str) -> Name:
    """A dotted name."""
    return (*name, part)


@action()
def qualified_name(pos: int, part: str, elements: list[Element]) -> Name:
    """A relation's dotted name, which was read as if it could be an expression."""
    name = (part, *only_names(elements))
    if len(name) > 3:
        message = f"improper qualified name (too many dotted names): {'.'.join(name)}"
        raise SqlError("42601", message, position=pos)
    return name


def only_names(elements: list[Element]) -> list[str]:
    """Return the elements if all are `.name`; otherwise they cannot be part of a name."""
    names = []
    for element in elements:
        if not isinstance(element, str):
            raise Misplaced
        names.append(element)
    return names


@action()
def star_element(pos: int) -> Star:
    """`.*`."""
    return Star((), pos)


@action()
def subscript_element(pos: int, index: Node) -> Bracket:
    """`[i]`."""
    return Bracket(index, None, False, pos)


@action()
def slice_element(pos: int, low: Node | None, high: Node | None) -> Bracket:
    """`[low:high]`."""
    return Bracket(low, high, True, pos)


def with_elements(item: Node, elements: list[Element] | None) -> Node:
    """Return `item` followed by its subscripts and fields."""
    for index, element in enumerate(elements or ()):
        if isinstance(element, str):
            item = FieldNode(item, element, item_position(item))
        elif isinstance(element, Bracket):
            apart = index == 0 and isinstance(item, Subscript)
            item = Subscript(item, element.low, element.high, element.slice, element.pos, apart)
        else:
            if index != len(elements or ()) - 1:
                raise Misplaced('improper use of "*"')
            item = FieldNode(item, "*", element.pos)
    return item


def item_position(item: Node) -> int:
    """Return where an error about `item` points."""
    return getattr(item, "pos", -1)


# ---------------------------------------------------------------- types


def system_type(name: str, pos: int, *modifiers: Node) -> TypeName:
    """Return a type of pg_catalog."""
    return TypeName(("pg_catalog", name), modifiers, pos=pos)


def _one() -> Literal:
    return Literal("int", "1")


def changed(t: TypeName, array: int = 0, setof: bool = False) -> TypeName:
    """Return `t` as an array of so many dimensions, or as a set."""
    return TypeName(t.name, t.modifiers, array, t.fields, setof, t.pos)


@action()
def bound_first(pos: int, size: str | None = None) -> int:
    """One array dimension; its size is noise."""
    return 1


@action()
def bound_next(pos: int, count: int, size: str | None = None) -> int:
    """One more array dimension."""
    return count + 1


@action()
def array_type(pos: int, t: TypeName, array: int) -> TypeName:
    """`int[]`."""
    return changed(t, array)


@action("array_type_one", "array_type_sized")
def array_type_one(pos: int, t: TypeName, size: str | None = None) -> TypeName:
    """`int ARRAY`."""
    return changed(t, 1)


@action()
def setof_type(pos: int, t: TypeName) -> TypeName:
    """`SETOF int`."""
    return changed(t, setof=True)


@action()
def setof_array_type(pos: int, t: TypeName, array: int) -> TypeName:
    """`SETOF int[]`."""
    return changed(t, array, setof=True)


@action()
def setof_array_type_one(pos: int, t: TypeName) -> TypeName:
    """`SETOF int ARRAY`."""
    return changed(t, 1, setof=True)


@action()
def generic_type(pos: int, name: str, modifiers: list[Node] | None) -> TypeName:
    """A type by its name, which may come with modifiers."""
    return TypeName((name,), tuple(modifiers or ()), pos=pos)


@action()
def qualified_type(pos: int, name: str, rest: list[str], modifiers: list[Node] | None) -> TypeName:
    """A type by its dotted name."""
    return TypeName((name, *rest), tuple(modifiers or ()), pos=pos)


def _register_plain_types() -> None:
    def register(name: str) -> None:
        action("type_" + name)(lambda pos: system_type(name, pos))

    for name in ("int2", "int4", "int8", "float4", "float8", "bool", "interval"):
        register(name)


_register_plain_types()


@action()
def type_float(pos: int, precision: tuple[str, int] | None) -> TypeName:
    """`FLOAT(p)`: single precision up to 24 bits."""
    if precision is None:
        return system_type("float8", pos)
    digits, place = precision
    if int(digits) < 1:
        raise SqlError("22023", "precision for type float must be at least 1 bit", position=place)
    if int(digits) > 53:
        raise SqlError("22023", "precision for type float must be less than 54 bits", position=place)
    return system_type("float4" if int(digits) <= 24 else "float8", pos)


@action()
def type_numeric(pos: int, modifiers: list[Node] | None) -> TypeName:
    """NUMERIC, DECIMAL and DEC."""
    return system_type("numeric", pos, *(modifiers or ()))


@action()
def type_bit(pos: int, modifiers: list[Node]) -> TypeName:
    """`BIT(n)`."""
    return system_type("bit", pos, *modifiers)


@action()
def type_varbit(pos: int, modifiers: list[Node]) -> TypeName:
    """`BIT VARYING(n)`."""
    return system_type("varbit", pos, *modifiers)


@action()
def type_bit_one(pos: int) -> TypeName:
    """`BIT` is `BIT(1)`."""
    return system_type("bit", pos, _one())


@action()
def type_varbit_any(pos: int) -> TypeName:
    """`BIT VARYING` has no limit."""
    return system_type("varbit", pos)


@action()
def const_without_length(pos: int, t: TypeName) -> TypeName:
    """Before a constant, `bit` and `char` take the length of the constant."""
    return system_type(t.name[1], pos)


constant("character_word", None)
constant("character_fixed", "bpchar")
constant("character_varying", "varchar")


@action()
def type_character_sized(pos: int, name: str, size: str) -> TypeName:
    """`CHAR(n)` and `VARCHAR(n)`."""
    return system_type(name, pos, Literal("int", size, pos))


@action()
def type_character(pos: int, name: str) -> TypeName:
    """`CHAR` is `CHAR(1)`; `VARCHAR` has no limit."""
    return system_type(name, pos, _one()) if name == "bpchar" else system_type(name, pos)


@action()
def type_timestamp(pos: int, precision: str, zone: bool) -> TypeName:
    """`TIMESTAMP(p) [WITH TIME ZONE]`."""
    return system_type("timestamptz" if zone else "timestamp", pos, Literal("int", precision, pos))


@action()
def type_timestamp_any(pos: int, zone: bool) -> TypeName:
    """`TIMESTAMP [WITH TIME ZONE]`."""
    return system_type("timestamptz" if zone else "timestamp", pos)


@action()
def type_time(pos: int, precision: str, zone: bool) -> TypeName:
    """`TIME(p) [WITH TIME ZONE]`."""
    return system_type("timetz" if zone else "time", pos, Literal("int", precision, pos))


@action()
def type_time_any(pos: int, zone: bool) -> TypeName:
    """`TIME [WITH TIME ZONE]`."""
    return system_type("timetz" if zone else "time", pos)


Fields = tuple[str, str | None]  # "DAY TO SECOND" and its precision


@action()
def interval_type(pos: int, t: TypeName, fields: Fields | None) -> TypeName:
    """`INTERVAL [fields]`."""
    if fields is None:
        return t
    modifiers = () if fields[1] is None else (Literal("int", fields[1], pos),)
    return TypeName(t.name, modifiers, fields=fields[0], pos=t.pos)


@action()
def interval_precision_type(pos: int, t: TypeName, precision: str) -> TypeName:
    """`INTERVAL(p)`."""
    return TypeName(t.name, (Literal("int", precision, pos),), pos=t.pos)


def _register_fields() -> None:
    def register(fields: str) -> None:
        name = "fields_" + fields.lower().replace(" to ", "_")
        if fields.endswith("SECOND"):
            action(name)(lambda pos, precision: (fields, precision))
        else:
            action(name)(lambda pos: (fields, None))

    for fields in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "YEAR TO MONTH", "DAY TO HOUR"):
        register(fields)
    for fields in ("DAY TO MINUTE", "DAY TO SECOND", "HOUR TO MINUTE", "HOUR TO SECOND", "MINUTE TO SECOND"):
        register(fields)


_register_fields()
