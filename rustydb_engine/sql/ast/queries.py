"""Queries of the syntax tree: SELECT, VALUES, set operations, and the statements that change rows."""

from __future__ import annotations

from rustydb_engine.sql.ast.base import Name, Node, Query, at
from rustydb_engine.sql.ast.expressions import SortItem, TypeName, Window
from rustydb_proto.core.value import value


@value
class Target:
    """One item of a select list or RETURNING; `alias` "" when none was written."""

    item: Node
    alias: str = ""
    pos: int = at()


@value
class FromTable:
    """`[ONLY] name [AS alias (columns)]`. `sample` is TABLESAMPLE's method and arguments; with REPEATABLE the method is
    "name repeatable" and the seed is the last argument."""

    name: Name
    alias: str = ""
    columns: tuple[str, ...] = ()
    only: bool = False
    sample: tuple[str, tuple[Node, ...]] | None = None
    pos: int = at()


@value
class FromQuery:
    """A parenthesised query in FROM."""

    query: Query
    alias: str = ""
    columns: tuple[str, ...] = ()
    lateral: bool = False
    pos: int = at()


@value
class ColumnDefinition:
    """`name type` of a function's column definition list."""

    name: str
    type: TypeName


@value
class FromFunction:
    """A function in FROM, or ROWS FROM (several); `definitions` after AS t(a int, b text)."""

    calls: tuple[Node, ...]
    ordinality: bool = False
    alias: str = ""
    columns: tuple[str, ...] = ()
    definitions: tuple[ColumnDefinition, ...] = ()
    lateral: bool = False
    pos: int = at()


@value
class FromJoin:
    """`kind` inner, left, right, full or cross. `natural`, `using` or `on` (cross: none)."""

    kind: str
    left: FromItem
    right: FromItem
    on: Node | None = None
    using: tuple[str, ...] = ()
    using_alias: str = ""
    natural: bool = False
    alias: str = ""
    columns: tuple[str, ...] = ()
    pos: int = at()


FromItem = FromTable | FromQuery | FromFunction | FromJoin


@value
class Cte:
    """One WITH query; `materialized` None when not said."""

    name: str
    columns: tuple[str, ...]
    query: Query
    materialized: bool | None = None
    pos: int = at()


@value
class With:
    """The WITH clause."""

    ctes: tuple[Cte, ...]
    recursive: bool = False
    pos: int = at()


@value
class Locking:
    """FOR UPDATE and kin: `strength` update, no key update, share, key share; `wait` '', nowait, skip."""

    strength: str
    tables: tuple[Name, ...] = ()
    wait: str = ""
    pos: int = at()


@value
class Tail:
    """What may follow any query body: ORDER BY, LIMIT, OFFSET, FOR …. `with_ties` for FETCH … WITH TIES."""

    order: tuple[SortItem, ...] = ()
    limit: Node | None = None
    offset: Node | None = None
    with_ties: bool = False
    locking: tuple[Locking, ...] = ()


NO_TAIL = Tail()


@value
class Select(Query):
    """SELECT. `distinct` is None, () for DISTINCT, or the expressions of DISTINCT ON. `into` is SELECT INTO's table,
    `into_persistence` '' | temporary | unlogged."""

    targets: tuple[Target, ...]
    source: tuple[FromItem, ...] = ()
    where: Node | None = None
    group: tuple[Node, ...] = ()
    group_distinct: bool = False
    having: Node | None = None
    windows: tuple[Window, ...] = ()
    distinct: tuple[Node, ...] | None = None
    into: Name | None = None
    with_: With | None = None
    tail: Tail = NO_TAIL
    into_persistence: str = ""
    pos: int = at()


@value
class GroupingSet(Node):
    """GROUPING SETS, ROLLUP, CUBE or () in GROUP BY; `kind` sets, rollup, cube, empty."""

    kind: str
    items: tuple[Node, ...]
    pos: int = at()


@value
class Values(Query):
    """VALUES (…), (…)."""

    rows: tuple[tuple[Node, ...], ...]
    with_: With | None = None
    tail: Tail = NO_TAIL
    pos: int = at()


@value
class SetOperation(Query):
    """`left union|intersect|except [all] right`."""

    operator: str
    all: bool
    left: Query
    right: Query
    with_: With | None = None
    tail: Tail = NO_TAIL
    pos: int = at()


@value
class Assignment:
    """`column[subscripts].field = item` in UPDATE, or a column of INSERT's list (item None).

    `indirection` has a str for `.field` and a Subscript (whose item is a Default) for `[…]`.
    `(a, b) = (SELECT …)` is one Assignment for each column, all sharing `multi`: (source, index, count).
    """

    column: str
    item: Node | None = None
    indirection: tuple[Node | str, ...] = ()
    multi: tuple[Node, int, int] | None = None
    pos: int = at()


@value
class OnConflict:
    """`action` nothing or update. The arbiter: `items` (with collation/opclass dropped) and `arbiter_where`,
    or `constraint`, or neither."""

    action: str
    items: tuple[Node, ...] = ()
    arbiter_where: Node | None = None
    constraint: str = ""
    assignments: tuple[Assignment, ...] = ()
    where: Node | None = None
    pos: int = at()


@value
class Insert(Query):
    """INSERT. `source` None is DEFAULT VALUES; `overriding` '', user or system."""

    table: FromTable
    columns: tuple[Assignment, ...]
    source: Query | None
    overriding: str = ""
    conflict: OnConflict | None = None
    returning: tuple[Target, ...] = ()
    with_: With | None = None
    pos: int = at()


@value
class Update(Query):
    """UPDATE."""

    table: FromTable
    assignments: tuple[Assignment, ...]
    source: tuple[FromItem, ...] = ()
    where: Node | None = None
    returning: tuple[Target, ...] = ()
    with_: With | None = None
    pos: int = at()


@value
class Delete(Query):
    """DELETE."""

    table: FromTable
    using: tuple[FromItem, ...] = ()
    where: Node | None = None
    returning: tuple[Target, ...] = ()
    with_: With | None = None
    pos: int = at()


@value
class CurrentOf(Node):
    """WHERE CURRENT OF cursor."""

    cursor: str
    pos: int = at()
