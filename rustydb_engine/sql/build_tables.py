"""Actions for CREATE TABLE: columns, constraints, and the option lists that other statements share."""

from __future__ import annotations

from dataclasses import replace

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.actions import ACTIONS, action, constant
from rustydb_engine.sql.ast import ColumnSpec, Constraint, LikeTable, Name, Node, Option, TypeName
from rustydb_engine.sql.build_expressions import Operator
from rustydb_proto.core.value import value


@value
class Attribute:
    """What modifies the constraint before it: DEFERRABLE, INITIALLY DEFERRED, NOT VALID, NO INHERIT."""

    what: str
    pos: int


@value
class Collation:
    """COLLATE of a column."""

    name: Name
    pos: int


Element = ColumnSpec | Constraint | LikeTable


@action()
def create_table(
    pos: int,
    persistence: str,
    if_not_exists: bool,
    name: Name,
    elements: list[Element] | None,
    inherits: list[Name] | None,
    partition: str | None,
    access_method: str | None,
    options: list[Option] | None,
    on_commit: str | None,
    tablespace: str | None,
) -> ast.CreateTable:
    """CREATE TABLE name (…). Access method and tablespace are noise here: there is one of each."""
    columns, constraints, likes = [], [], []
    for element in elements or ():
        if isinstance(element, ColumnSpec):
            columns.append(element)
        elif isinstance(element, Constraint):
            constraints.append(element)
        else:
            likes.append(replace(element, after=len(columns)))
    return ast.CreateTable(
        name,
        tuple(columns),
        tuple(constraints),
        tuple(likes),
        tuple(inherits or ()),
        if_not_exists,
        persistence,
        tuple(options or ()),
        on_commit or "",
        partition or "",
        pos,
    )


constant("unlogged", "unlogged")
constant("permanent", "")
constant("on_commit_drop", "drop")
constant("on_commit_delete", "delete")
constant("on_commit_preserve", "preserve")


@action()
def partition_by_spec(pos: int, strategy: str, items: list[object]) -> str:
    """`PARTITION BY RANGE (…)`."""
    return strategy


@action()
def like_table(pos: int, table: Name, options: list[tuple[str, str]] | None = None) -> LikeTable:
    """`LIKE other INCLUDING ALL`."""
    return LikeTable(table, tuple(options or ()), pos=pos)


action("including")(lambda pos, what: ("including", what))
action("excluding")(lambda pos, what: ("excluding", what))

# ---------------------------------------------------------------- options


@action()
def storage_option(pos: int, name: str, value: object | None) -> Option:
    """`name = value`."""
    return Option(name, value, pos)  # type: ignore[arg-type]  # every kind of option_value is one of Option's


@action()
def storage_option_qualified(pos: int, space: str, name: str, value: object | None) -> Option:
    """`toast.name = value`."""
    return Option(f"{space}.{name}", value, pos)  # type: ignore[arg-type]  # as above


@action()
def option_type(pos: int, t: TypeName) -> str | TypeName:
    """A word looks like a type to the grammar."""
    return t.name[0] if len(t.name) == 1 and not t.modifiers and not t.array else t


@action()
def option_operator(pos: int, operator: Operator) -> str:
    """An operator as a value."""
    return operator[1]


constant("option_none", "none")
action("signed_plus")(lambda pos, text: text)
action("signed_minus")(lambda pos, text: "-" + text)

# ---------------------------------------------------------------- columns


@action()
def column_spec(pos: int, name: str, t: TypeName, parts: list[Constraint | Attribute | Collation] | None) -> ColumnSpec:
    """A column with its constraints."""
    constraints: list[Constraint] = []
    collation: Name = ()
    for part in parts or ():
        if isinstance(part, Collation):
            if collation:
                raise SqlError("42601", "multiple COLLATE clauses not allowed", position=part.pos)
            collation = part.name
        elif isinstance(part, Attribute):
            if not constraints:
                raise SqlError("42601", f"misplaced {_ATTRIBUTE_NAMES[part.what]} clause", position=part.pos)
            constraints[-1] = _with_attribute(constraints[-1], part)
        else:
            constraints.append(part)
    return ColumnSpec(name, t, collation, tuple(constraints), pos)


@action()
def column_collation(pos: int, name: Name) -> Collation:
    """`COLLATE "C"`."""
    return Collation(name, pos)


@action()
def named_constraint(pos: int, name: str, constraint: Constraint) -> Constraint:
    """`CONSTRAINT name …`."""
    return replace(constraint, name=name, pos=pos)


action("constraint_not_null")(lambda pos: Constraint("not null", pos=pos))
action("constraint_null")(lambda pos: Constraint("null", pos=pos))


@action()
def column_unique(pos: int, distinct: bool | None, options: object, tablespace: object) -> Constraint:
    """UNIQUE."""
    return Constraint("unique", nulls_distinct=distinct is not False, pos=pos)


@action()
def column_primary(pos: int, options: object, tablespace: object) -> Constraint:
    """PRIMARY KEY."""
    return Constraint("primary", pos=pos)


@action()
def column_check(pos: int, expression: Node, no_inherit: bool | None) -> Constraint:
    """`CHECK (…)`."""
    return Constraint("check", expression=expression, no_inherit=bool(no_inherit), pos=pos)


@action()
def column_default(pos: int, expression: Node) -> Constraint:
    """`DEFAULT a`."""
    return Constraint("default", expression=expression, pos=pos)


@action()
def column_identity(pos: int, always: bool, options: list[Option] | None) -> Constraint:
    """`GENERATED ALWAYS AS IDENTITY`."""
    return Constraint("identity", always=always, options=tuple(options or ()), pos=pos)


@action()
def column_generated(pos: int, always: bool, expression: Node) -> Constraint:
    """`GENERATED ALWAYS AS (a) STORED`."""
    if not always:
        raise SqlError("42601", "for a generated column, GENERATED ALWAYS must be specified", position=pos)
    return Constraint("generated", expression=expression, always=True, pos=pos)


KeyAction = tuple[str, str, tuple[str, ...]]  # update or delete, what to do, columns of SET NULL (…)


@action()
def column_references(
    pos: int, table: Name, columns: list[str] | None, match: str | None, actions: list[KeyAction] | None
) -> Constraint:
    """`REFERENCES t (a)`."""
    return _foreign(pos, [], table, columns, match, actions)


def _foreign(
    pos: int,
    columns: list[str],
    table: Name,
    referenced: list[str] | None,
    match: str | None,
    actions: list[KeyAction] | None,
) -> Constraint:
    what = {"update": "no action", "delete": "no action"}
    set_columns: tuple[str, ...] = ()
    for event, act, names in actions or ():
        what[event] = act
        if names and event == "update":
            message = f"a column list with {act.upper()} is only supported for ON DELETE actions"
            raise SqlError("0A000", message, position=pos)
        set_columns = names or set_columns
    return Constraint(
        "foreign",
        columns=tuple(columns),
        references=table,
        referenced=tuple(referenced or ()),
        match=match or "simple",
        on_delete=what["delete"],
        on_update=what["update"],
        set_columns=set_columns,
        pos=pos,
    )


constant("match_full", "full")
constant("match_simple", "simple")
action("on_update")(lambda pos, act: ("update", *act))
action("on_delete")(lambda pos, act: ("delete", *act))
constant("act_nothing", ("no action", ()))
constant("act_restrict", ("restrict", ()))
constant("act_cascade", ("cascade", ()))
action("act_set_null")(lambda pos, names: ("set null", tuple(names or ())))
action("act_set_default")(lambda pos, names: ("set default", tuple(names or ())))


@action()
def match_partial(pos: int) -> str:
    """`MATCH PARTIAL`, which PostgreSQL does not have either."""
    raise SqlError("0A000", "MATCH PARTIAL not yet implemented", position=pos)


# ---------------------------------------------------------------- attributes


def _register_attributes() -> None:
    def register(name: str) -> None:
        ACTIONS["attr_" + name.replace(" ", "_")] = lambda pos: Attribute(name, pos)

    for name in ("deferrable", "not deferrable", "deferred", "immediate", "not valid", "no inherit"):
        register(name)


_register_attributes()
_ATTRIBUTE_NAMES = {
    "deferrable": "DEFERRABLE",
    "not deferrable": "NOT DEFERRABLE",
    "deferred": "INITIALLY DEFERRED",
    "immediate": "INITIALLY IMMEDIATE",
    "not valid": "NOT VALID",
    "no inherit": "NO INHERIT",
}
_KIND_NAMES = {
    "check": "CHECK",
    "unique": "UNIQUE",
    "primary": "PRIMARY KEY",
    "foreign": "FOREIGN KEY",
    "exclude": "EXCLUDE",
}


def _with_attribute(constraint: Constraint, attribute: Attribute) -> Constraint:
    what = attribute.what
    if what in ("deferrable", "deferred") and constraint.kind not in ("unique", "primary", "foreign", "exclude"):
        name = _ATTRIBUTE_NAMES[what]
        if constraint.kind == "check":
            raise _cannot_be("check", "DEFERRABLE")
        raise SqlError("42601", f"misplaced {name} clause", position=attribute.pos)
    if what == "deferrable":
        return replace(constraint, deferrable=True)
    if what == "deferred":
        return replace(constraint, deferrable=True, deferred=True)
    return constraint


def with_attributes(constraint: Constraint, attributes: list[Attribute] | None) -> Constraint:
    """Return a table constraint with what stands behind it."""
    for attribute in attributes or ():
        what, kind = attribute.what, constraint.kind
        if what == "not valid":
            if kind not in ("check", "foreign"):
                raise _cannot_be(kind, "NOT VALID")
            constraint = replace(constraint, not_valid=True)
        elif what == "no inherit":
            if kind != "check":
                raise _cannot_be(kind, "NO INHERIT")
            constraint = replace(constraint, no_inherit=True)
        else:
            constraint = _with_attribute(constraint, attribute)
    return constraint


def _cannot_be(kind: str, what: str) -> SqlError:
    return SqlError("0A000", f"{_KIND_NAMES[kind]} constraints cannot be marked {what}")


# ---------------------------------------------------------------- table constraints


@action()
def table_check(pos: int, expression: Node, attributes: list[Attribute] | None) -> Constraint:
    """`CHECK (…)`."""
    return with_attributes(Constraint("check", expression=expression, pos=pos), attributes)


@action()
def table_unique(
    pos: int,
    distinct: bool | None,
    columns: list[str],
    include: list[str] | None,
    options: object,
    tablespace: object,
    attributes: list[Attribute] | None,
) -> Constraint:
    """`UNIQUE (a, b)`."""
    constraint = Constraint(
        "unique",
        columns=tuple(columns),
        include=tuple(include or ()),
        nulls_distinct=distinct is not False,
        pos=pos,
    )
    return with_attributes(constraint, attributes)


@action()
def table_primary(
    pos: int,
    columns: list[str],
    include: list[str] | None,
    options: object,
    tablespace: object,
    attributes: list[Attribute] | None,
) -> Constraint:
    """`PRIMARY KEY (a, b)`."""
    constraint = Constraint("primary", columns=tuple(columns), include=tuple(include or ()), pos=pos)
    return with_attributes(constraint, attributes)


@action()
def unique_using_index(pos: int, index: str, attributes: list[Attribute] | None) -> Constraint:
    """`UNIQUE USING INDEX i`."""
    return with_attributes(Constraint("unique", index=index, pos=pos), attributes)


@action()
def primary_using_index(pos: int, index: str, attributes: list[Attribute] | None) -> Constraint:
    """`PRIMARY KEY USING INDEX i`."""
    return with_attributes(Constraint("primary", index=index, pos=pos), attributes)


@action()
def table_exclude(pos: int, *rest: object) -> Constraint:
    """`EXCLUDE USING gist (…)`."""
    raise not_supported("EXCLUDE", pos)


@action()
def table_foreign(
    pos: int,
    columns: list[str],
    table: Name,
    referenced: list[str] | None,
    match: str | None,
    actions: list[KeyAction] | None,
    attributes: list[Attribute] | None,
) -> Constraint:
    """`FOREIGN KEY (a) REFERENCES t (b)`."""
    return with_attributes(_foreign(pos, columns, table, referenced, match, actions), attributes)


# ---------------------------------------------------------------- sequences


def _register_sequence_options() -> None:
    def with_value(name: str) -> None:
        ACTIONS["seq_" + name.replace(" ", "_")] = lambda pos, value=None: Option(name, value, pos)

    def without(name: str, option: Option) -> None:
        ACTIONS["seq_" + name] = lambda pos: replace(option, pos=pos)

    for name in ("as", "cache", "increment", "maxvalue", "minvalue", "owned by", "start", "restart"):
        with_value(name)
    ACTIONS["seq_name"] = lambda pos, value: Option("sequence name", value, pos)
    without("cycle", Option("cycle", "true"))
    without("no_cycle", Option("cycle", "false"))
    without("no_maxvalue", Option("maxvalue"))
    without("no_minvalue", Option("minvalue"))


_register_sequence_options()
