"""Actions for queries: SELECT, VALUES, set operations, WITH, and what stands in FROM."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.actions import ACTIONS, action, constant
from rustydb_engine.sql.ast import (
    Cte,
    FromFunction,
    FromItem,
    FromJoin,
    FromQuery,
    FromTable,
    Locking,
    Name,
    Node,
    Query,
    Select,
    SetOperation,
    SortItem,
    Tail,
    Target,
    Values,
    With,
)
from rustydb_engine.sql.build_names import item_position
from rustydb_proto.core.value import value

Tailed = Select | Values | SetOperation


@value
class Limits:
    """LIMIT and OFFSET."""

    limit: Node | None = None
    offset: Node | None = None
    with_ties: bool = False


@value
class Into:
    """SELECT INTO's table."""

    name: Name
    persistence: str = ""


# ---------------------------------------------------------------- bodies


@action("query_statement")
def query_statement(pos: int, query: Query) -> Query:
    """A query as a statement."""
    return query


@action()
def select(
    pos: int,
    targets: list[Target],
    into: Into | None,
    source: list[FromItem] | None,
    where: Node | None,
    group: tuple[bool, list[Node]] | None,
    having: Node | None,
    windows: list[ast.Window] | None,
) -> Select:
    """SELECT up to WINDOW."""
    return Select(
        tuple(targets),
        tuple(source) if source is not None else (),
        where,
        tuple(group[1]) if group is not None else (),
        group[0] if group is not None else False,
        having,
        tuple(windows) if windows is not None else (),
        None,
        None if into is None else into.name,
        pos=pos,
        into_persistence="" if into is None else into.persistence,
    )


action("select_nothing")(lambda pos, *rest: select(pos, [], *rest))


@action()
def select_distinct(pos: int, distinct: list[Node], *rest: Any) -> Select:
    """SELECT DISTINCT."""
    return replace(select(pos, *rest), distinct=tuple(distinct))


@action("values")
def values_first(pos: int, row: list[Node]) -> list[tuple[Node, ...]]:
    """VALUES with its first row."""
    return [tuple(row)]


@action()
def values_next(pos: int, rows: list[tuple[Node, ...]], row: list[Node]) -> list[tuple[Node, ...]]:
    """One more row of VALUES."""
    rows.append(tuple(row))
    return rows


@action()
def values_query(pos: int, rows: list[tuple[Node, ...]]) -> Values:
    """All of VALUES."""
    return Values(tuple(rows), pos=pos)


@action()
def table_query(pos: int, table: FromTable) -> Select:
    """`TABLE x` is `SELECT * FROM x`."""
    return Select((Target(ast.Star((), pos), "", pos),), (table,), pos=pos)


def _register_set_operations() -> None:
    def register(name: str) -> None:
        def build(pos: int, left: Query, every: bool, right: Query) -> SetOperation:
            return SetOperation(name, every, left, right, pos=pos)

        ACTIONS[name] = build

    for name in ("union", "intersect", "except"):
        register(name)


_register_set_operations()

# ---------------------------------------------------------------- what stands around a body


def _finish(
    query: Tailed,
    order: list[SortItem] | None = None,
    locking: list[Locking] | None = None,
    limits: Limits | None = None,
    with_: With | None = None,
) -> Tailed:
    """Return the query with more of a tail. A parenthesised query may have some of it already, but nothing twice."""
    tail = query.tail
    limits = limits or Limits()
    if order is not None and tail.order:
        raise SqlError("42601", "multiple ORDER BY clauses not allowed", position=order[0].pos)
    if limits.offset is not None and tail.offset is not None:
        raise SqlError("42601", "multiple OFFSET clauses not allowed", position=item_position(limits.offset))
    if limits.limit is not None and tail.limit is not None:
        raise SqlError("42601", "multiple LIMIT clauses not allowed", position=item_position(limits.limit))
    if with_ is not None and query.with_ is not None:
        raise SqlError("42601", "multiple WITH clauses not allowed", position=with_.pos)
    whole = Tail(
        tail.order or tuple(order or ()),
        limits.limit if limits.limit is not None else tail.limit,
        limits.offset if limits.offset is not None else tail.offset,
        tail.with_ties or limits.with_ties,
        tail.locking + tuple(locking or ()),
    )
    if limits.with_ties:
        if not whole.order:
            raise SqlError("42601", "WITH TIES cannot be specified without ORDER BY clause")
        if any(item.wait == "skip" for item in whole.locking):
            raise SqlError("42601", "SKIP LOCKED and WITH TIES options cannot be used together")
    return replace(query, tail=whole, with_=query.with_ or with_)


action("query_ordered")(lambda pos, query, order: _finish(query, order))
action("query_locked_limited")(lambda pos, query, order, lock, limits: _finish(query, order, lock, limits))
action("query_limited")(lambda pos, query, order, limits, lock: _finish(query, order, lock, limits))
action("query_with")(lambda pos, with_, query: _finish(query, with_=with_))
action("query_with_ordered")(lambda pos, with_, query, order: _finish(query, order, with_=with_))
action("query_with_locked_limited")(
    lambda pos, with_, query, order, lock, limits: _finish(query, order, lock, limits, with_)
)
action("query_with_limited")(lambda pos, with_, query, order, limits, lock: _finish(query, order, lock, limits, with_))

action("limit")(lambda pos, count: Limits(count))
action("limit_all")(lambda pos: Limits())
action("limit_ties")(lambda pos, _, count, __: Limits(count, None, True))
action("limit_fetch")(lambda pos, _, count, __: Limits(count))
action("limit_one")(lambda pos, *_: Limits(ast.Literal("int", "1")))
action("limit_one_ties")(lambda pos, *_: Limits(ast.Literal("int", "1"), None, True))
action("offset")(lambda pos, offset, *_: Limits(None, offset))


@action()
def limit_comma(pos: int, *_: object) -> Limits:
    """`LIMIT 1, 2` is MySQL's."""
    hint = "Use separate LIMIT and OFFSET clauses."
    raise SqlError("42601", "LIMIT #,# syntax is not supported", hint=hint, position=pos)


@action()
def limits_both(pos: int, a: Limits, b: Limits) -> Limits:
    """LIMIT and OFFSET in either order."""
    return Limits(a.limit or b.limit, a.offset or b.offset, a.with_ties or b.with_ties)


constant("lock_update", "update")
constant("lock_no_key_update", "no key update")
constant("lock_share", "share")
constant("lock_key_share", "key share")
constant("lock_nowait", "nowait")
constant("lock_skip", "skip")
constant("lock_wait", "")


@action()
def locking_item(pos: int, strength: str, tables: list[Name] | None, wait: str) -> Locking:
    """`FOR UPDATE OF a NOWAIT`."""
    return Locking(strength, tuple(tables or ()), wait, pos)


@action()
def with_(pos: int, ctes: list[Cte]) -> With:
    """WITH."""
    return With(tuple(ctes), False, pos)


@action()
def with_recursive(pos: int, ctes: list[Cte]) -> With:
    """WITH RECURSIVE."""
    return With(tuple(ctes), True, pos)


@action()
def cte(
    pos: int,
    name: str,
    columns: list[str] | None,
    materialized: bool | None,
    query: Query,
    search: object,
    cycle: object,
) -> Cte:
    """One query of WITH."""
    return Cte(name, tuple(columns or ()), query, materialized, pos)


@action()
def search_clause(pos: int, *_: object) -> None:
    """SEARCH of a recursive query."""
    raise not_supported("the SEARCH clause", pos)


@action()
def cycle_clause(pos: int, *_: object) -> None:
    """CYCLE of a recursive query."""
    raise not_supported("the CYCLE clause", pos)


# ---------------------------------------------------------------- select list and GROUP BY


@action()
def target(pos: int, item: Node, alias: str) -> Target:
    """`a AS b`."""
    return Target(item, alias, pos)


@action()
def target_plain(pos: int, item: Node) -> Target:
    """`a`."""
    return Target(item, "", pos)


@action()
def target_star(pos: int) -> Target:
    """`*`."""
    return Target(ast.Star((), pos), "", pos)


action("into_plain")(lambda pos, name: Into(name))
action("into_temporary")(lambda pos, _, name: Into(name, "temporary"))
action("into_unlogged")(lambda pos, name: Into(name, "unlogged"))
constant("temporary", "temporary")
action("group_by")(lambda pos, distinct, items: (distinct, items))
action("empty_grouping_set")(lambda pos: ast.GroupingSet("empty", (), pos))
action("cube")(lambda pos, items: ast.GroupingSet("cube", tuple(items), pos))
action("rollup")(lambda pos, items: ast.GroupingSet("rollup", tuple(items), pos))
action("grouping_sets")(lambda pos, items: ast.GroupingSet("sets", tuple(items), pos))


@action()
def named_window(pos: int, name: str, w: ast.Window) -> ast.Window:
    """`name AS (…)` in WINDOW."""
    return replace(w, name=name, pos=pos)


# ---------------------------------------------------------------- FROM


@value
class Alias:
    """`AS name (columns)`, or column definitions instead of columns."""

    name: str = ""
    columns: tuple[str, ...] = ()
    definitions: tuple[ast.ColumnDefinition, ...] = ()


_NO_ALIAS = Alias()


@action()
def relation(pos: int, name: Name) -> FromTable:
    """A table by its name."""
    return FromTable(name, pos=pos)


@action()
def relation_only(pos: int, name: Name) -> FromTable:
    """`ONLY t`."""
    return FromTable(name, only=True, pos=pos)


@action()
def from_table(
    pos: int, table: FromTable, alias: Alias | None, sample: tuple[str, tuple[Node, ...]] | None
) -> FromTable:
    """A table in FROM."""
    if alias is None and sample is None:
        return table
    alias = alias or _NO_ALIAS
    return FromTable(table.name, alias.name, alias.columns, table.only, sample, table.pos)


@action()
def sample(pos: int, method: Name, args: list[Node], seed: Node | None) -> tuple[str, tuple[Node, ...]]:
    """TABLESAMPLE; a REPEATABLE seed is the last argument of the method "name repeatable"."""
    if seed is None:
        return method[-1], tuple(args)
    return method[-1] + " repeatable", (*args, seed)


def _from_function(pos: int, f: FromFunction, alias: Alias | None, lateral: bool) -> FromFunction:
    a = alias or _NO_ALIAS
    return FromFunction(f.calls, f.ordinality, a.name, a.columns, a.definitions, lateral, f.pos)


action("from_function")(lambda pos, f, alias: _from_function(pos, f, alias, False))
action("from_lateral_function")(lambda pos, f, alias: _from_function(pos, f, alias, True))


def _from_query(pos: int, query: Query, alias: Alias | None, lateral: bool) -> FromQuery:
    if alias is None:
        if isinstance(query, Values):
            message, example = "VALUES in FROM must have an alias", "(VALUES ...) [AS] foo"
        else:
            message, example = "subquery in FROM must have an alias", "(SELECT ...) [AS] foo"
        raise SqlError("42601", message, hint=f"For example, FROM {example}.", position=pos)
    return FromQuery(query, alias.name, alias.columns, lateral, pos)


action("from_query")(lambda pos, query, alias: _from_query(pos, query, alias, False))
action("from_lateral_query")(lambda pos, query, alias: _from_query(pos, query, alias, True))


@action()
def func_table(pos: int, call: Node, ordinality: bool) -> FromFunction:
    """A function in FROM."""
    return FromFunction((call,), ordinality, pos=pos)


@action()
def rows_from(pos: int, calls: list[Node], ordinality: bool) -> FromFunction:
    """`ROWS FROM (f(), g())`."""
    return FromFunction(tuple(calls), ordinality, pos=pos)


@action()
def rows_from_definitions(pos: int, call: Node, definitions: object) -> Node:
    """A column definition list within ROWS FROM."""
    raise not_supported("a column definition list within ROWS FROM", pos)


@action("alias")
def alias_(pos: int, name: str, columns: list[str] | None) -> Alias:
    """`AS a (b, c)`."""
    return Alias(name, tuple(columns or ()))


action("func_alias")(lambda pos, alias: alias)
action("func_definitions")(lambda pos, definitions: Alias("", (), tuple(definitions)))
action("func_alias_definitions")(lambda pos, name, definitions: Alias(name, (), tuple(definitions)))


@action()
def definition(pos: int, name: str, t: ast.TypeName, collation: Name | None) -> ast.ColumnDefinition:
    """`name type` of a function's columns."""
    return ast.ColumnDefinition(name, t)


# ---------------------------------------------------------------- joins


@value
class JoinCondition:
    """ON or USING."""

    on: Node | None = None
    using: tuple[str, ...] = ()
    alias: str = ""


for _kind in ("inner", "left", "right", "full"):
    constant(_kind, _kind)


@action()
def cross_join(pos: int, left: FromItem, right: FromItem) -> FromJoin:
    """CROSS JOIN."""
    return FromJoin("cross", left, right, pos=pos)


@action()
def join(pos: int, left: FromItem, kind: str, right: FromItem, condition: JoinCondition) -> FromJoin:
    """JOIN with a condition."""
    return FromJoin(kind, left, right, condition.on, condition.using, condition.alias, pos=pos)


@action()
def natural_join(pos: int, left: FromItem, kind: str, right: FromItem) -> FromJoin:
    """NATURAL JOIN."""
    return FromJoin(kind, left, right, natural=True, pos=pos)


action("join_on")(lambda pos, on: JoinCondition(on))
action("join_using")(lambda pos, names, alias: JoinCondition(None, tuple(names), alias or ""))


@action()
def from_join_alias(pos: int, item: FromJoin, alias: Alias) -> FromJoin:
    """`(a JOIN b …) AS c`."""
    return replace(item, alias=alias.name, columns=alias.columns)
