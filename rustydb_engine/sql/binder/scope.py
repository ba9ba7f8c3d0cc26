"""Scopes: which names a place in a query can see. One `Scope` for each query, linked to the query around it.

A scope collects the query's range (its row sources) and a *namespace*: the items whose names are visible at the
moment. While FROM is bound, its earlier items are visible only to LATERAL ones; a join with an alias hides what it joins;
a join with USING replaces the columns of its sides by merged ones, while `t.column` still reaches each side. So an item
says separately whether its table name and whether its column names are visible.

Columns are found by dictionary. The dictionary of a table is made once and shared by all statements.

Source: PostgreSQL 15, src/include/parser/parse_node.h (ParseState, ParseNamespaceItem).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import BindEnv
from rustydb_engine.sql.binder.trees import shift_levels
from rustydb_engine.sql.bound import Expr, ModifyQuery, Query, RangeEntry, Var, WindowDef
from rustydb_engine.values.types import CID, OID, RECORD, TID, XID, Type
from rustydb_proto.core.value import value

SYSTEM_COLUMNS: dict[str, tuple[int, Type]] = {
    "tableoid": (-2, OID),
    "ctid": (-3, TID),
    "xmin": (-4, XID),
    "xmax": (-5, XID),
    "cmin": (-6, CID),
    "cmax": (-7, CID),
}
# The attnums under which clients know them.
SYSTEM_NUMBERS = {-2: -6, -3: -1, -4: -2, -5: -4, -6: -3, -7: -5}
WHOLE_ROW = -1
COLUMN_CACHE_MAX = 10_000


@value
class ItemColumn:
    """A visible column: a position in its range entry, or (merged columns, aliased joins) an expression."""

    name: str
    position: int
    type: Type
    typmod: int = -1
    expr: Expr | None = None


@dataclass(slots=True)
class Columns:
    """The columns of an item, in order and by name. A name that occurs twice maps to None."""

    order: tuple[ItemColumn, ...]
    by_name: dict[str, ItemColumn | None]

    @staticmethod
    def of(order: tuple[ItemColumn, ...]) -> Columns:
        """Index columns by name."""
        by_name: dict[str, ItemColumn | None] = {}
        for column in order:
            by_name[column.name] = None if column.name in by_name else column
        return Columns(order, by_name)


_table_columns: dict[int, tuple[Table, Columns]] = {}


def columns_of_table(table: Table) -> Columns:
    """Return the live columns of a table; the same object for the same table."""
    cached = _table_columns.get(table.oid)
    if cached is not None and cached[0] is table:
        return cached[1]
    found = Columns.of(
        tuple(ItemColumn(c.name, i, c.type, c.typmod) for i, c in enumerate(table.columns) if not c.dropped)
    )
    if len(_table_columns) >= COLUMN_CACHE_MAX:
        _table_columns.clear()
    _table_columns[table.oid] = (table, found)
    return found


@dataclass(slots=True)
class Item:
    """One name in FROM. `source` is its range index (-1: a join, whose columns are expressions).

    `table` is set for real tables: they have system columns and a schema to be qualified with.
    `lateral_only`: visible to LATERAL references only; with `lateral_ok` False such a reference is an error.
    """

    name: str
    source: int
    columns: Columns
    table: Table | None = None
    table_visible: bool = True
    columns_visible: bool = True
    lateral_only: bool = False
    lateral_ok: bool = True
    # The name was not written but is the table's own: `FROM s.t`, which a qualified reference s.t.a may use.
    own_name: bool = False
    # A function that returns one plain column, or a single CTE column …: `f` alone means the column, not a row.
    scalar: bool = False
    entry_kind: str = "table"

    def reference(self, column: ItemColumn, level: int, pos: int) -> Expr:
        """Return the expression for a column, seen from `level` queries below."""
        if column.expr is None:
            return Var(self.source, column.position, column.type, column.typmod, level, column.name, pos)
        return shift_levels(column.expr, level) if level else column.expr

    def whole_row(self, level: int, pos: int) -> Var:
        """Return the row of a range entry as one value."""
        return Var(self.source, WHOLE_ROW, RECORD, -1, level, self.name, pos)


@dataclass(slots=True)
class CteInfo:
    """A WITH query in reach: `index` in its query's list. `query` is None while it is bound (a recursive one)."""

    name: str
    index: int
    columns: tuple[ItemColumn, ...] = ()
    query: Query | ModifyQuery | None = None
    recursive: bool = False
    materialized: bool | None = None
    references: int = 0
    returning: bool = True
    self_references: int = 0


@dataclass(slots=True)
class Scope:
    """The state of one query while it is bound.

    `kind` says what is being bound ("WHERE", "select list", …): it decides what is allowed and words the errors.
    `ctes` are those whose names are visible; `cte_list` all of this query's, by index.
    """

    env: BindEnv
    parent: Scope | None = None
    kind: str = ""
    entries: list[RangeEntry] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    namespace: list[Item] = field(default_factory=list)
    ctes: dict[str, CteInfo] = field(default_factory=dict)
    cte_list: list[CteInfo] = field(default_factory=list)
    pending_ctes: tuple[str, ...] = ()
    lateral_active: bool = False
    lateral_used: bool = False
    has_aggregates: bool = False
    set_returning: bool = False
    has_windows: bool = False
    has_grouping: bool = False
    named_windows: list[ast.Window] = field(default_factory=list)
    windows: list[WindowDef] = field(default_factory=list)
    window_keys: list[ast.Window] = field(default_factory=list)
    resolve_unknowns: bool = True
    srf_depth_kind: str = ""
    insert_source: bool = False

    def child(self) -> Scope:
        """Return the scope of a query inside this one."""
        return Scope(self.env, self)

    def add_item(self, entry: RangeEntry, item: Item) -> Item:
        """Enter a row source and its name; the name is not visible yet."""
        assert item.source == len(self.entries), "an item's source is its place in the range"
        self.entries.append(entry)
        self.items.append(item)
        return item

    def up(self, levels: int) -> Scope:
        """Return the scope `levels` queries up."""
        scope = self
        for _ in range(levels):
            assert scope.parent is not None, "a level is that of an enclosing query"
            scope = scope.parent
        return scope
