"""Actions for what is called: functions, SQL's special spellings of functions, aggregates and windows."""

from __future__ import annotations

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.actions import ACTIONS, action, constant
from rustydb_engine.sql.ast import Call, Name, Node, SortItem, TypeName
from rustydb_engine.sql.build_expressions import NamedArgument, Operator
from rustydb_engine.sql.build_names import Element, only_names

# ---------------------------------------------------------------- calls


@action()
def func_name_one(pos: int, name: str) -> Name:
    """A function's bare name."""
    return (name,)


@action()
def func_name_many(pos: int, first: str, elements: list[Element]) -> Name:
    """A function's dotted name."""
    return (first, *only_names(elements))


def _call(
    pos: int,
    name: Name,
    args: list[Node],
    order: list[SortItem] | None,
    distinct: bool = False,
    variadic: bool = False,
) -> Call:
    names: tuple[str, ...] = ()
    if any(isinstance(arg, NamedArgument) for arg in args):
        names, args = _split_names(args)
    return Call(name, tuple(args), names, False, distinct, variadic, tuple(order or ()), pos=pos)


def _split_names(args: list[Node]) -> tuple[tuple[str, ...], list[Node]]:
    names: list[str] = []
    items: list[Node] = []
    for arg in args:
        if isinstance(arg, NamedArgument):
            if arg.name in names:
                raise SqlError("42601", f'argument name "{arg.name}" used more than once', position=arg.pos)
            names.append(arg.name)
            items.append(arg.item)
            continue
        if any(names):
            position = getattr(arg, "pos", -1)
            raise SqlError("42601", "positional argument cannot follow named argument", position=position)
        names.append("")
        items.append(arg)
    return tuple(names), items


@action()
def call_empty(pos: int, name: Name) -> Call:
    """`f()`."""
    return Call(name, pos=pos)


@action()
def call(pos: int, name: Name, args: list[Node], order: list[SortItem] | None) -> Call:
    """`f(a, b ORDER BY c)`."""
    return _call(pos, name, args, order)


@action()
def call_distinct(pos: int, name: Name, args: list[Node], order: list[SortItem] | None) -> Call:
    """`f(DISTINCT a)`."""
    return _call(pos, name, args, order, distinct=True)


@action()
def call_variadic(pos: int, name: Name, arg: Node, order: list[SortItem] | None) -> Call:
    """`f(VARIADIC a)`."""
    return _call(pos, name, [arg], order, variadic=True)


@action()
def call_args_variadic(pos: int, name: Name, args: list[Node], last: Node, order: list[SortItem] | None) -> Call:
    """`f(a, VARIADIC b)`."""
    return _call(pos, name, [*args, last], order, variadic=True)


@action()
def call_star(pos: int, name: Name) -> Call:
    """`count(*)`."""
    return Call(name, star=True, pos=pos)


def _clauses(
    pos: int,
    c: Call,
    within: list[SortItem] | None = None,
    condition: Node | None = None,
    over: ast.Window | str | None = None,
) -> Call:
    if within is not None:
        _check_within(c, pos)
    return Call(
        c.name, c.args, c.arg_names, c.star, c.distinct, c.variadic, c.order, tuple(within or ()), condition, over,
        c.pos,
    )  # fmt: skip


def _check_within(c: Call, pos: int) -> None:
    if c.order:
        raise SqlError("42601", "cannot use multiple ORDER BY clauses with WITHIN GROUP", position=pos)
    if c.distinct:
        raise SqlError("42601", "cannot use DISTINCT with WITHIN GROUP", position=pos)
    if c.variadic:
        raise SqlError("42601", "cannot use VARIADIC with WITHIN GROUP", position=pos)


action("call_clauses_w", "call_clauses_wf", "call_clauses_wfo")(_clauses)
action("call_clauses_f")(lambda pos, c, condition: _clauses(pos, c, None, condition))
action("call_clauses_o")(lambda pos, c, over: _clauses(pos, c, None, None, over))
action("call_clauses_wo")(lambda pos, c, within, over: _clauses(pos, c, within, None, over))
action("call_clauses_fo")(lambda pos, c, condition, over: _clauses(pos, c, None, condition, over))

# ---------------------------------------------------------------- special spellings


def system_call(pos: int, name: str, *args: Node) -> Call:
    """Return a call of a function of pg_catalog."""
    return Call(("pg_catalog", name), args, pos=pos)


def _register_keywords() -> None:
    def register(name: str) -> None:
        def build(pos: int, precision: str | None = None) -> Node:
            return ast.Keyword(name, None if precision is None else int(precision), pos)

        ACTIONS[name] = build

    for name in ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_role"):
        register(name)
    for name in ("current_user", "session_user", "user", "current_catalog", "current_schema"):
        register(name)


_register_keywords()


@action()
def collation_for(pos: int, item: Node) -> Node:
    """`COLLATION FOR (a)`."""
    return system_call(pos, "pg_collation_for", item)


for _field in ("year", "month", "day", "hour", "minute", "second"):
    constant("word_" + _field, _field)


@action()
def extract(pos: int, field: str, item: Node) -> Node:
    """`EXTRACT(year FROM a)`."""
    return system_call(pos, "extract", ast.Literal("string", field, pos), item)


@action()
def normalize(pos: int, item: Node, form: str | None = None) -> Node:
    """`NORMALIZE(a, NFC)`."""
    return system_call(pos, "normalize", item, *([] if form is None else [ast.Literal("string", form.upper(), pos)]))


@action()
def overlay(pos: int, item: Node, placing: Node, start: Node, length: Node | None) -> Node:
    """`OVERLAY(a PLACING b FROM c FOR d)`."""
    return system_call(pos, "overlay", item, placing, start, *([] if length is None else [length]))


@action()
def overlay_call(pos: int, args: list[Node] | None) -> Node:
    """`OVERLAY(a, b, c)`: the function of that name, wherever it is."""
    return _call(pos, ("overlay",), args or [], None)


@action()
def position(pos: int, part: Node, whole: Node) -> Node:
    """`POSITION(a IN b)`."""
    return system_call(pos, "position", whole, part)


@action()
def substring(pos: int, item: Node, start: Node, length: Node | None) -> Node:
    """`SUBSTRING(a FROM b FOR c)`."""
    return system_call(pos, "substring", item, start, *([] if length is None else [length]))


@action()
def substring_for_from(pos: int, item: Node, length: Node, start: Node) -> Node:
    """`SUBSTRING(a FOR c FROM b)`."""
    return system_call(pos, "substring", item, start, length)


@action()
def substring_for(pos: int, item: Node, length: Node) -> Node:
    """`SUBSTRING(a FOR c)`: the length is a number, so that the function taking a pattern is not meant."""
    length = ast.Cast(length, TypeName(("pg_catalog", "int4")), pos)
    return system_call(pos, "substring", item, ast.Literal("int", "1"), length)


@action()
def substring_similar(pos: int, item: Node, pattern: Node, escape: Node) -> Node:
    """`SUBSTRING(a SIMILAR b ESCAPE c)`."""
    return system_call(pos, "substring", item, pattern, escape)


@action()
def substring_call(pos: int, args: list[Node] | None) -> Node:
    """`SUBSTRING(a, b, c)`: the function of that name, wherever it is."""
    return _call(pos, ("substring",), args or [], None)


@action()
def treat(pos: int, item: Node, t: TypeName) -> Node:
    """`TREAT(a AS t)` calls the conversion function named like the type."""
    return system_call(pos, t.name[-1], item)


@action()
def trim_from(pos: int, characters: Node, items: list[Node]) -> list[Node]:
    """`TRIM(a FROM b)`."""
    return [*items, characters]


action("trim_both")(lambda pos, args: system_call(pos, "btrim", *args))
action("trim_leading")(lambda pos, args: system_call(pos, "ltrim", *args))
action("trim_trailing")(lambda pos, args: system_call(pos, "rtrim", *args))


@action()
def nullif(pos: int, a: Node, b: Node) -> Node:
    """`NULLIF(a, b)`."""
    return ast.Special("nullif", (a, b), pos)


action("coalesce")(lambda pos, args: ast.Special("coalesce", tuple(args), pos))
action("greatest")(lambda pos, args: ast.Special("greatest", tuple(args), pos))
action("least")(lambda pos, args: ast.Special("least", tuple(args), pos))

# ---------------------------------------------------------------- windows and ordering

Bound = tuple[tuple[str, Node | None], int]  # as WindowFrame has it, and where it stands


@action()
def window(
    pos: int,
    base: str | None,
    partition: list[Node] | None,
    order: list[SortItem] | None,
    frame: ast.WindowFrame | None,
) -> ast.Window:
    """`(base PARTITION BY … ORDER BY … frame)`."""
    return ast.Window("", base or "", tuple(partition or ()), tuple(order or ()), frame, pos)


constant("no_existing_window", None)
action("unbounded_preceding")(lambda pos: (("unbounded preceding", None), pos))
action("unbounded_following")(lambda pos: (("unbounded following", None), pos))
action("current_row")(lambda pos: (("current row", None), pos))
constant("exclude_current_row", "current row")
constant("exclude_group", "group")
constant("exclude_ties", "ties")
action("preceding")(lambda pos, offset: (("preceding", offset), pos))
action("following")(lambda pos, offset: (("following", offset), pos))


@action()
def frame(pos: int, mode: str, start: Bound, exclude: str | None) -> ast.WindowFrame:
    """`ROWS start`: the frame ends at the current row."""
    bound, place = start
    if bound[0] == "unbounded following":
        raise SqlError("42P20", "frame start cannot be UNBOUNDED FOLLOWING", position=place)
    if bound[0] == "following":
        raise SqlError("42P20", "frame starting from following row cannot end with current row", position=place)
    return ast.WindowFrame(mode, bound, ("current row", None), exclude or "")


@action()
def frame_between(pos: int, mode: str, start: Bound, end: Bound, exclude: str | None) -> ast.WindowFrame:
    """`ROWS BETWEEN start AND end`."""
    (first, place), (last, end_place) = start, end
    message = ""
    if first[0] == "unbounded following":
        raise SqlError("42P20", "frame start cannot be UNBOUNDED FOLLOWING", position=place)
    if last[0] == "unbounded preceding":
        message = "frame end cannot be UNBOUNDED PRECEDING"
    elif first[0] == "current row" and last[0] == "preceding":
        message = "frame starting from current row cannot have preceding rows"
    elif first[0] == "following" and last[0] in ("preceding", "current row"):
        message = "frame starting from following row cannot have preceding rows"
    if message:
        raise SqlError("42P20", message, position=end_place)
    return ast.WindowFrame(mode, first, last, exclude or "")


@action()
def sort_default(pos: int, item: Node, nulls_first: bool | None) -> SortItem:
    """`a [ASC]`."""
    return SortItem(item, False, nulls_first, "", pos)


@action()
def sort_descending(pos: int, item: Node, nulls_first: bool | None) -> SortItem:
    """`a DESC`."""
    return SortItem(item, True, nulls_first, "", pos)


@action()
def sort_using(pos: int, item: Node, operator: Operator, nulls_first: bool | None) -> SortItem:
    """`a USING <`."""
    if operator[0] not in ("", "pg_catalog"):
        raise not_supported("ORDER BY USING with an operator outside pg_catalog", pos)
    return SortItem(item, False, nulls_first, operator[1], pos)
