"""The bound tree: a statement after every name, type and coercion is decided. What the binder gives the planner.

It follows PostgreSQL's `Query` (src/include/nodes/parsenodes.h, primnodes.h): a query has a *range* (its list of row
sources), a join tree over range indexes, and a target list to which ORDER BY, GROUP BY and DISTINCT refer by index.
Every expression has `type` and `typmod`; implicit casts are explicit `CastExpr` nodes; operators and functions are
resolved to their registry entries. Equality of nodes ignores `pos`, so `GROUP BY` expressions are found by `==`.

    SELECT name, count(*) FROM t WHERE a > 1 GROUP BY name ORDER BY 2

    Query(range=(RangeTable(t),), source=(FromRef(0),), where=OpExpr(int4gt, Var(0, 0), Const(1)),
          targets=(Target(Var(0, 1), "name"), Target(AggregateExpr(count), "count")), group=(0,), order=(SortKey(1),))
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql.functions.registry import CastRule, Function, Operator
from rustydb_engine.values.types import BOOL, Type
from rustydb_proto.core.value import field, value


def at() -> int:
    """Return the field declaration for a source position."""
    return field(default=-1, compare=False, repr=False)


class Expr:
    """An expression; every subclass has `type: Type` and `typmod: int`."""

    __slots__ = ()
    type: Type
    typmod: int


@value
class Const(Expr):
    """A constant in its type's Python form; None is NULL."""

    value: object
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class ParamExpr(Expr):
    """Parameter `index` (1 is `$1`); plan-cache literals come after the client's own parameters."""

    index: int
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class Var(Expr):
    """Column `column` (0-based position in the row tuple) of range entry `source`, `level` queries up (0: this one).

    `column` -1 is the whole row as a record; system columns are negative: -2 tableoid, -3 ctid, -4 xmin, -5 xmax.
    """

    source: int
    column: int
    type: Type
    typmod: int = -1
    level: int = 0
    name: str = field(default="", compare=False)
    pos: int = at()


@value
class OpExpr(Expr):
    """An operator applied to one (prefix) or two operands."""

    operator: Operator
    args: tuple[Expr, ...]
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class FuncExpr(Expr):
    """A function call. With `variadic` the last argument is already the array. Defaults are filled in by the binder.

    `names` are the column names of a record argument for functions that print them (row_to_json), one tuple an argument.
    """

    function: Function
    args: tuple[Expr, ...]
    type: Type
    typmod: int = -1
    returns_set: bool = False
    names: tuple[tuple[str, ...], ...] = ()
    pos: int = at()
    # Written as SQL has it: EXTRACT(… FROM …), TRIM(…), AT TIME ZONE.
    sql_syntax: bool = field(default=False, compare=False)
    # The last argument is an array: the caller wrote VARIADIC, or the binder gathered the rest into it.
    variadic: bool = False
    # Names and types of the fields of each argument that is a record (CallSite.fields), when any is one.
    fields: tuple[tuple[tuple[str, Type], ...], ...] = field(default=(), compare=False)
    # The column definition list (name, type, typmod) of a call in FROM that gives records: json_to_record(…) AS t(a int).
    columns: tuple[tuple[str, Type, int], ...] = field(default=(), compare=False)


@value
class CastExpr(Expr):
    """A coercion to `type`. `method`: relabel (same Python form), function (`rule`), output (any → text form),
    input (text → any), array (each element by `element`), length (apply the typmod only), record.
    After the method, a typmod other than -1 is applied; `explicit` decides truncation or error."""

    arg: Expr
    type: Type
    typmod: int = -1
    method: str = "relabel"
    rule: CastRule | None = None
    element: CastExpr | None = None
    explicit: bool = False
    implicit_display: bool = False
    pos: int = at()
    # COLLATE: a relabel that changes nothing, since every collation compares by code point. Kept to be printed.
    collation: tuple[str, ...] = field(default=(), compare=False)


@value
class BoolExpr(Expr):
    """`kind` and, or, not."""

    kind: str
    args: tuple[Expr, ...]
    type: Type = BOOL
    typmod: int = -1
    pos: int = at()


@value
class NullTest(Expr):
    """IS NULL, or IS NOT NULL when negated; of a record: `row` (all fields)."""

    arg: Expr
    negated: bool = False
    row: bool = False
    type: Type = BOOL
    typmod: int = -1
    pos: int = at()


@value
class BooleanTest(Expr):
    """`test`: true, false, unknown."""

    arg: Expr
    test: str
    negated: bool = False
    type: Type = BOOL
    typmod: int = -1
    pos: int = at()


@value
class DistinctExpr(Expr):
    """IS DISTINCT FROM by the equality `operator`; negated: IS NOT DISTINCT FROM."""

    operator: Operator
    left: Expr
    right: Expr
    negated: bool = False
    type: Type = BOOL
    typmod: int = -1
    pos: int = at()


@value
class CaseExpr(Expr):
    """CASE. With `operand`, each condition compares a `CaseOperand` with the WHEN value."""

    operand: Expr | None
    whens: tuple[tuple[Expr, Expr], ...]
    default: Expr | None
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class CaseOperand(Expr):
    """The operand of the enclosing CASE."""

    type: Type
    typmod: int = -1


@value
class CoalesceExpr(Expr):
    """COALESCE."""

    args: tuple[Expr, ...]
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class NullIfExpr(Expr):
    """NULLIF by the equality `operator`; `args` are what it compares, `result` is the (uncast) first argument."""

    operator: Operator
    args: tuple[Expr, Expr]
    result: Expr
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class MinMaxExpr(Expr):
    """GREATEST or LEAST (`kind`)."""

    kind: str
    args: tuple[Expr, ...]
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class ArrayExpr(Expr):
    """ARRAY[…]; `nested` when the items are themselves arrays (more dimensions)."""

    items: tuple[Expr, ...]
    type: Type
    nested: bool = False
    typmod: int = -1
    pos: int = at()


@value
class RowExpr(Expr):
    """ROW(…)."""

    items: tuple[Expr, ...]
    type: Type
    names: tuple[str, ...] = ()
    typmod: int = -1
    pos: int = at()


@value
class RowCompare(Expr):
    """(a, b) op (c, d). `operators` one a column pair; `kind` =, <>, <, <=, >, >=."""

    kind: str
    operators: tuple[Operator, ...]
    left: tuple[Expr, ...]
    right: tuple[Expr, ...]
    type: Type = BOOL
    typmod: int = -1
    pos: int = at()


@value
class SubscriptExpr(Expr):
    """`arg[index]…`; `slices` when any subscript was a range (then bounds are (low, high) pairs, None: open)."""

    arg: Expr
    subscripts: tuple[tuple[Expr | None, Expr | None], ...]
    slices: bool
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class FieldExpr(Expr):
    """Field number `index` (0-based) of a record."""

    arg: Expr
    index: int
    type: Type
    typmod: int = -1
    name: str = ""
    pos: int = at()


@value
class ArrayOpExpr(Expr):
    """`left operator ANY|ALL (array)`; also `x IN (list)` (quantifier any, `right` an ArrayExpr when all are of one type).

    `negated_in`: written as NOT IN (quantifier all with <>)."""

    operator: Operator
    quantifier: str
    left: Expr
    right: Expr
    written_in: bool = field(default=False, compare=False)
    type: Type = BOOL
    typmod: int = -1
    pos: int = at()


@value
class SubqueryExpr(Expr):
    """A subquery in an expression. `kind`: exists, scalar, array, any, all.

    any/all: `tests[i]` compares `left[i]` with output column i by `operators[i]` (`kind` of a row comparison in `row_kind`).
    Vars with level 1 inside `query` refer to the query this expression is in.
    """

    kind: str
    query: Query
    left: tuple[Expr, ...] = ()
    operators: tuple[Operator, ...] = ()
    row_kind: str = "="
    type: Type = BOOL
    typmod: int = -1
    pos: int = at()


@value
class AggregateExpr(Expr):
    """An aggregate call of this query level (`level` 0) or of an outer one. `args` empty and `star` for count(*)."""

    function: Function
    args: tuple[Expr, ...]
    type: Type
    distinct: bool = False
    order: tuple[ExprSort, ...] = ()
    filter: Expr | None = None
    direct: tuple[Expr, ...] = ()
    star: bool = False
    level: int = 0
    typmod: int = -1
    pos: int = at()
    # As FuncExpr.fields.
    fields: tuple[tuple[tuple[str, Type], ...], ...] = field(default=(), compare=False)
    # The column definition list (name, type, typmod) of a call in FROM that gives records: json_to_record(…) AS t(a int).
    columns: tuple[tuple[str, Type, int], ...] = field(default=(), compare=False)


@value
class WindowExpr(Expr):
    """A window function or an aggregate used as one; `window` is an index into Query.windows."""

    function: Function
    args: tuple[Expr, ...]
    window: int
    type: Type
    filter: Expr | None = None
    star: bool = False
    typmod: int = -1
    pos: int = at()


@value
class GroupingExpr(Expr):
    """GROUPING(…): positions in `Query.group`."""

    groups: tuple[int, ...]
    type: Type
    typmod: int = -1
    pos: int = at()


@value
class DefaultExpr(Expr):
    """DEFAULT inside a VALUES list of INSERT, replaced by the binder; never reaches the planner."""

    type: Type
    typmod: int = -1


@value
class ExprSort:
    """A sort key that holds its expression (in aggregates and windows)."""

    expr: Expr
    descending: bool = False
    nulls_first: bool = False
    operator: Operator | None = None


# ---------------------------------------------------------------- queries


@value
class Target:
    """One output column; `junk` ones exist only for ORDER BY, GROUP BY or DISTINCT and are not returned.

    `table` and `attnum` say which table column it is, for RowDescription (0: none).
    """

    expr: Expr
    name: str
    junk: bool = False
    table: int = 0
    attnum: int = 0


@value
class SortKey:
    """ORDER BY item: index into targets. Default of NULLS: last when ascending, first when descending."""

    target: int
    descending: bool = False
    nulls_first: bool = False


@value
class RangeTable:
    """A table, view-less: views are replaced by RangeQuery. Virtual system tables too (`table.kind == 'virtual'`).

    `columns` used by RowDescription and EXPLAIN; the row tuple is the table's row (dropped columns included).
    """

    table: Table
    alias: str
    columns: tuple[str, ...] = ()


@value
class RangeQuery:
    """A subquery in FROM, or a view (`view` is its OID). `lateral`: it refers to earlier entries by Var level 1."""

    query: Query
    alias: str
    columns: tuple[str, ...]
    lateral: bool = False
    view: int = 0


@value
class RangeFunction:
    """Functions in FROM; each gives one or more columns, zipped when several; `ordinality` adds an int8 column.

    `types`/`typmods` are those of all columns. `lateral` arguments refer to earlier entries of this query (Var level 0).
    `record[i]`: call i returns tuples that spread over `widths[i]` columns.
    """

    calls: tuple[Expr, ...]
    alias: str
    columns: tuple[str, ...]
    types: tuple[Type, ...]
    widths: tuple[int, ...]
    record: tuple[bool, ...]
    ordinality: bool = False
    lateral: bool = False


@value
class RangeValues:
    """VALUES lists, all rows of one width and the same types."""

    rows: tuple[tuple[Expr, ...], ...]
    alias: str
    columns: tuple[str, ...]
    types: tuple[Type, ...]


@value
class RangeCte:
    """A reference to CTE number `cte` of the query `level` levels up; `working` is the self-reference of a recursive one."""

    cte: int
    level: int
    alias: str
    columns: tuple[str, ...]
    types: tuple[Type, ...]
    working: bool = False


@value
class RangeSetOperation:
    """`left operator right` with all columns already cast to the common `types`; always the only entry of its query."""

    operator: str
    all: bool
    left: Query
    right: Query
    columns: tuple[str, ...]
    types: tuple[Type, ...]


RangeEntry = RangeTable | RangeQuery | RangeFunction | RangeValues | RangeCte | RangeSetOperation


@value
class FromRef:
    """A leaf of the join tree: range entry `index`."""

    index: int


@value
class FromJoin:
    """`kind` inner, left, right, full (cross is inner with on None). NATURAL and USING are spelled out in `on`;
    merged columns are COALESCE or plain Vars in the expressions that use them."""

    kind: str
    left: FromNode
    right: FromNode
    on: Expr | None
    # The columns of USING or NATURAL, for printing the join as it was written.
    using: tuple[str, ...] = field(default=(), compare=False)


FromNode = FromRef | FromJoin


@value
class BoundCte:
    """A WITH query. A recursive one: `query` is a set operation whose right side has a RangeCte with `working`.

    `references` counts its uses; a plain one used once and not MATERIALIZED may be inlined by the planner.
    """

    name: str
    query: Query | ModifyQuery
    columns: tuple[str, ...]
    types: tuple[Type, ...]
    recursive: bool = False
    materialized: bool | None = None
    references: int = 1


@value
class WindowDef:
    """One window: partition and order expressions and its frame (as in ast.WindowFrame, offsets bound); `name` in WINDOW."""

    partition: tuple[Expr, ...]
    order: tuple[ExprSort, ...]
    mode: str = "range"
    start: tuple[str, Expr | None] = ("unbounded preceding", None)
    end: tuple[str, Expr | None] = ("current row", None)
    exclude: str = ""
    name: str = ""


@value
class RowLock:
    """FOR UPDATE…: lock the rows of the RangeTable entries in `sources`; strength and wait as in ast.Locking."""

    strength: str
    sources: tuple[int, ...]
    wait: str = ""


@value
class Query:
    """A bound SELECT, VALUES or set operation.

    `group` are indexes into targets, `grouping_sets` sets of positions in `group` (None: the one set of all of them).
    """

    range: tuple[RangeEntry, ...]
    source: tuple[FromNode, ...]
    targets: tuple[Target, ...]
    where: Expr | None = None
    group: tuple[int, ...] = ()
    grouping_sets: tuple[tuple[int, ...], ...] | None = None
    grouped: bool = False
    having: Expr | None = None
    windows: tuple[WindowDef, ...] = ()
    distinct: tuple[int, ...] | None = None
    order: tuple[SortKey, ...] = ()
    limit: Expr | None = None
    offset: Expr | None = None
    with_ties: bool = False
    locks: tuple[RowLock, ...] = ()
    ctes: tuple[BoundCte, ...] = ()
    set_returning: bool = False


# ---------------------------------------------------------------- statements that change rows


@value
class TableRules:
    """What every new row of a table must satisfy, bound with the row as Var(0, column).

    `not_null`: column positions. `checks`: (constraint name, expression). `generated`: (column, expression), computed
    from the other columns before checks. Foreign keys and unique indexes are read from the catalog by the executor.
    """

    not_null: tuple[int, ...]
    checks: tuple[tuple[str, Expr], ...]
    generated: tuple[tuple[int, Expr], ...] = ()


@value
class BoundConflict:
    """ON CONFLICT. `indexes`: OIDs of the unique indexes that arbitrate (empty with nothing: any).

    update: `assignments` (column, expression) and `where` see the existing row as Var(1, …), EXCLUDED as Var(2, …).
    """

    action: str
    indexes: tuple[int, ...]
    assignments: tuple[tuple[int, Expr], ...] = ()
    where: Expr | None = None


@value
class InsertQuery:
    """INSERT. Range: 0 the source's output row, 1 the target table (new row in RETURNING), 2 EXCLUDED.

    `row[i]` computes column i of the table's row tuple from Var(0, …), already cast (dropped columns are NULL constants).
    `view_check` is not used. `range` holds entries 1 and 2 at their indexes for name display; entry 0 is the source.
    """

    table: Table
    source: Query
    row: tuple[Expr, ...]
    rules: TableRules
    range: tuple[RangeEntry, ...]
    conflict: BoundConflict | None = None
    returning: tuple[Target, ...] = ()
    ctes: tuple[BoundCte, ...] = ()


@value
class UpdateQuery:
    """UPDATE. Range entry 0 is the target table (old row); further entries and `source` come from FROM.

    `assignments` map columns to expressions over the old row; RETURNING sees the new row as Var(0, …).
    """

    table: Table
    assignments: tuple[tuple[int, Expr], ...]
    rules: TableRules
    range: tuple[RangeEntry, ...]
    source: tuple[FromNode, ...]
    where: Expr | None = None
    returning: tuple[Target, ...] = ()
    ctes: tuple[BoundCte, ...] = ()


@value
class DeleteQuery:
    """DELETE. Range entry 0 is the target table; further entries and `source` come from USING."""

    table: Table
    range: tuple[RangeEntry, ...]
    source: tuple[FromNode, ...]
    where: Expr | None = None
    returning: tuple[Target, ...] = ()
    ctes: tuple[BoundCte, ...] = ()


ModifyQuery = InsertQuery | UpdateQuery | DeleteQuery
BoundQuery = Query | ModifyQuery
