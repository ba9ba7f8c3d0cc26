"""Plans: what the planner makes of a bound tree, first logical, then with an algorithm for every step.

Range entries are renumbered so that each has a number of its own in the whole statement, its *relation*; a Var names
a relation and a column and has level 0 everywhere. What operators compute (aggregates, window functions, projections) gets
a relation too. So a reference to an outer query is simply a Var of a relation that the plan itself does not provide, and
subqueries can be moved into joins without rewriting Vars.

    SELECT t.a, sum(u.x) FROM t JOIN u ON t.id = u.t GROUP BY t.a

    Project(rel=4, [Var(3, 0), Var(3, 1)])
      Aggregate(rel=3, groups=[Var(1, 0)], aggregates=[sum(Var(2, 1))])
        HashJoin(inner, Var(1, 2) = Var(2, 0))
          Scan(t, rel=1)   Scan(u, rel=2)

`Scan` and `Join` are logical only; `SeqScan`, `IndexScan`, `HashJoin` and `NestedLoop` are what the planner puts there.
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.sql.bound import (
    AggregateExpr,
    BoundConflict,
    Expr,
    ExprSort,
    TableRules,
    Target,
    WindowDef,
    WindowExpr,
)
from rustydb_engine.sql.functions.registry import Operator
from rustydb_engine.values.types import BOOL, Type
from rustydb_proto.core.value import field, value


class Node:
    """A plan step. Its rows are bindings of the relations that `provided` names."""

    __slots__ = ()


@value
class PlanExpr(Expr):
    """A subquery in an expression, planned. Fields as in bound.SubqueryExpr; its rows are `rel`, `width` columns wide.

    `correlated`: it reads relations of the outer query.
    """

    kind: str
    plan: Node
    rel: int
    width: int
    left: tuple[Expr, ...] = ()
    operators: tuple[Operator, ...] = ()
    row_kind: str = "="
    type: Type = BOOL
    typmod: int = -1
    pos: int = field(default=-1, compare=False, repr=False)


@value
class GroupingBits(Expr):
    """GROUPING(…): the bits of `groups` (indexes) in the grouping set's mask, the first one highest."""

    mask: Expr
    groups: tuple[int, ...]
    type: Type
    typmod: int = -1


# ---------------------------------------------------------------- sources of rows


@value
class OneRow(Node):
    """One row without columns: SELECT without FROM. `never`: no row at all (a condition that is false)."""

    never: bool = False


@value
class Scan(Node):
    """A table, logical. `rid`: its rows' addresses are wanted (UPDATE, FOR UPDATE, ctid)."""

    table: Table
    rel: int
    alias: str
    rid: bool = False


@value
class SeqScan(Node):
    """All rows of a table that satisfy `conditions`."""

    table: Table
    rel: int
    alias: str
    conditions: tuple[Expr, ...] = ()
    rid: bool = False


@value
class IndexScan(Node):
    """Rows of a table by an index.

    `keys`: equality with all columns of the index, one key expression each; `lists[i]` says that key i is an array of
    which any element will do. Otherwise a range over an ordered index: `prefix` equal leading columns, then bounds on the
    next one (expression, inclusive). `ordered`: the rows are wanted in index order, `reverse` backwards.
    `index_conditions` are the conditions the index answers, for EXPLAIN and to check rows that changed.
    """

    table: Table
    rel: int
    alias: str
    index: Index
    keys: tuple[Expr, ...] = ()
    lists: tuple[bool, ...] = ()
    range: bool = False
    low: tuple[Expr, bool] | None = None
    high: tuple[Expr, bool] | None = None
    ordered: bool = False
    reverse: bool = False
    index_conditions: tuple[Expr, ...] = ()
    conditions: tuple[Expr, ...] = ()
    rid: bool = False


@value
class SystemLookup(Node):
    """Rows of a system table whose column at position `column` has the value of `key`."""

    table: Table
    rel: int
    alias: str
    column: int
    key: Expr
    condition: Expr
    conditions: tuple[Expr, ...] = ()


@value
class ValuesScan(Node):
    """Rows of expressions."""

    rel: int
    rows: tuple[tuple[Expr, ...], ...]
    alias: str = "*VALUES*"


@value
class FunctionScan(Node):
    """Functions in FROM; fields as in bound.RangeFunction."""

    rel: int
    calls: tuple[Expr, ...]
    types: tuple[Type, ...]
    widths: tuple[int, ...]
    record: tuple[bool, ...]
    ordinality: bool
    alias: str = ""


@value
class CteScan(Node):
    """The rows of CTE `cte` (an identifier of the whole statement); `working`: of a recursive one's working table."""

    rel: int
    cte: int
    width: int
    alias: str = ""
    working: bool = False


# ---------------------------------------------------------------- joins


@value
class Join(Node):
    """A join, logical. `kind`: inner, left, right, full, semi, anti. `null_aware`: the anti join of NOT IN."""

    kind: str
    left: Node
    right: Node
    on: tuple[Expr, ...] = ()
    null_aware: bool = False


@value
class HashJoin(Node):
    """A join by a hash table of the right side's rows; `kind` inner, left, full, semi, anti. `keys` pair left and right.

    `residual`: further conditions on a pair of rows. `unique`: no two rows of the right side have the same key.
    """

    kind: str
    left: Node
    right: Node
    keys: tuple[tuple[Expr, Expr], ...]
    residual: tuple[Expr, ...] = ()
    null_aware: bool = False
    unique: bool = False


@value
class NestedLoop(Node):
    """A join that runs its right side for every row of the left; kinds as in HashJoin.

    `kept`: the right side does not depend on the left one, its rows are kept in a list.
    """

    kind: str
    left: Node
    right: Node
    on: tuple[Expr, ...] = ()
    kept: bool = False
    null_aware: bool = False


# ---------------------------------------------------------------- steps over one input


@value
class Filter(Node):
    """Rows for which all conditions are true."""

    child: Node
    conditions: tuple[Expr, ...]


@value
class Project(Node):
    """Rows of expressions: relation `rel` replaces those of the child. `alias` for EXPLAIN (a subquery's name)."""

    child: Node
    rel: int
    exprs: tuple[Expr, ...]
    names: tuple[str, ...] = ()
    alias: str = ""


@value
class ProjectSet(Node):
    """Adds relation `rel`: the columns are set-returning expressions, zipped (the shorter ones give NULL)."""

    child: Node
    rel: int
    exprs: tuple[Expr, ...]


@value
class Aggregate(Node):
    """Groups. Relation `rel`: the group expressions, the aggregates, with `sets` (grouping sets as indexes of groups) a
    bit mask for GROUPING (bit i set when group i is not in the set), and the `carried` columns (functionally dependent)."""

    child: Node
    rel: int
    groups: tuple[Expr, ...]
    aggregates: tuple[AggregateExpr, ...]
    carried: tuple[Expr, ...] = ()
    sets: tuple[tuple[int, ...], ...] | None = None


@value
class Window(Node):
    """Adds relation `rel`: one column for each call, all over window `definition`."""

    child: Node
    rel: int
    definition: WindowDef
    calls: tuple[WindowExpr, ...]


@value
class Sort(Node):
    """Rows in order. `limit`/`offset`, when given: only as many of the first rows are needed (top-N)."""

    child: Node
    keys: tuple[ExprSort, ...]
    limit: Expr | None = None
    offset: Expr | None = None


@value
class Limit(Node):
    """LIMIT and OFFSET; `ties`: the sort keys of WITH TIES."""

    child: Node
    limit: Expr | None
    offset: Expr | None
    ties: tuple[ExprSort, ...] = ()


@value
class Distinct(Node):
    """One row for each value of the expressions; with `first` the rows come sorted and the first one counts (DISTINCT ON)."""

    child: Node
    on: tuple[Expr, ...]


@value
class SetOperation(Node):
    """UNION, INTERSECT, EXCEPT over relations `left_rel` and `right_rel` of the children, as relation `rel`."""

    operator: str
    all: bool
    left: Node
    right: Node
    left_rel: int
    right_rel: int
    rel: int
    types: tuple[Type, ...]


@value
class LockPart:
    """One table of FOR UPDATE…: the relation and table to lock."""

    rel: int
    table: Table
    strength: str
    wait: str


@value
class LockRows(Node):
    """FOR UPDATE and kin. `conditions` are what a row that changed meanwhile must still satisfy."""

    child: Node
    parts: tuple[LockPart, ...]
    conditions: tuple[Expr, ...] = ()


@value
class CtePlan:
    """A WITH query that is kept. `plan` gives relation `rel`; a recursive one has `step` (relation `step_rel`)
    over the working table, and `all` false when duplicates are dropped. A data-modifying one always runs."""

    cte: int
    name: str
    plan: Node
    rel: int
    types: tuple[Type, ...]
    recursive: bool = False
    step: Node | None = None
    step_rel: int = 0
    all: bool = True
    modifies: bool = False


@value
class With(Node):
    """CTEs, in the order of evaluation, and the query over them."""

    ctes: tuple[CtePlan, ...]
    child: Node


# ---------------------------------------------------------------- changes


@value
class Insert(Node):
    """INSERT: `row` computes the new row over relation `source_rel` of the child; it is then relation `rel`.

    `rel` is the new row (RETURNING), `existing` and `excluded` are Var(1, …) and Var(2, …) of ON CONFLICT DO UPDATE.
    RETURNING's columns are relation `out`.
    """

    child: Node
    source_rel: int
    table: Table
    rel: int
    existing: int
    excluded: int
    out: int
    row: tuple[Expr, ...]
    rules: TableRules
    conflict: BoundConflict | None
    returning: tuple[Target, ...]


@value
class Update(Node):
    """UPDATE of the rows of relation `rel` that the child gives with their addresses.

    `recheck`: the conditions to evaluate again on a newer version. `joined`: one row may come more than once.
    """

    child: Node
    table: Table
    rel: int
    out: int
    assignments: tuple[tuple[int, Expr], ...]
    rules: TableRules
    recheck: tuple[Expr, ...]
    joined: bool
    returning: tuple[Target, ...]


@value
class Delete(Node):
    """DELETE of the rows of relation `rel` that the child gives with their addresses."""

    child: Node
    table: Table
    rel: int
    out: int
    recheck: tuple[Expr, ...]
    joined: bool
    returning: tuple[Target, ...]


Modify = Insert | Update | Delete


_ONE = (
    Scan, SeqScan, IndexScan, SystemLookup, ValuesScan, FunctionScan, CteScan, Project, Aggregate, SetOperation,
)  # fmt: skip


def provided(node: Node) -> frozenset[int]:
    """Return the relations whose columns a node's rows have."""
    if isinstance(node, _ONE):
        return frozenset((node.rel,))
    if isinstance(node, Join | HashJoin | NestedLoop):
        left = provided(node.left)
        return left if node.kind in ("semi", "anti") else left | provided(node.right)
    if isinstance(node, Window | ProjectSet):
        return provided(node.child) | {node.rel}
    if isinstance(node, Filter | Sort | Limit | Distinct | LockRows | With):
        return provided(node.child)
    return frozenset((node.out,)) if isinstance(node, Insert | Update | Delete) else frozenset()


def children(node: Node) -> tuple[Node, ...]:
    """Return the inputs of a node (not the plans inside its expressions)."""
    if isinstance(node, Join | HashJoin | NestedLoop | SetOperation):
        return node.left, node.right
    if isinstance(node, With):
        steps = [plan for cte in node.ctes for plan in (cte.plan, cte.step) if plan is not None]
        return (*steps, node.child)
    child = getattr(node, "child", None)
    return (child,) if isinstance(child, Node) else ()
