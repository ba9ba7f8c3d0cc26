"""Pull up subqueries: a simple subquery in FROM (or a view) becomes part of the query around it.

    SELECT s.x FROM (SELECT a + 1 AS x FROM t WHERE b) s WHERE s.x > 5
    SELECT t.a + 1   FROM t WHERE t.b AND t.a + 1 > 5

Simple: no grouping, DISTINCT, LIMIT, window, set operation or CTE, and targets that may be evaluated anywhere. A target with a
subquery in it is evaluated where it is used, so it may be used at one place only: it is not computed for rows that a condition
outside rejects (asyncpg's introspection depends on that). On the inner side of an outer join only plain columns are pulled up,
because an expression must be NULL there when the row is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.logical import Builder, is_set_returning
from rustydb_engine.sql.plan import Node, PlanExpr
from rustydb_engine.sql.tree import is_volatile, rewrite, variables, walk, with_fields

_SIMPLE = (p.Scan, p.Join, p.Filter, p.OneRow, p.FunctionScan, p.ValuesScan, p.CteScan, p.Project, p.SetOperation)
_OVER = (p.Filter, p.Project, p.Aggregate, p.Window, p.Sort, p.ProjectSet)
Replaced = dict[int, tuple[b.Expr, ...]]
"""The targets of the projections that were pulled up, by relation."""


def pull_up_subqueries(node: Node, builder: Builder) -> Node:
    """Return the plan without the projections that simple subqueries put into FROM."""
    if not any(item.__class__ is p.Project and item.alias for item in walk(node)):
        return node
    uses = Counter((var.source, var.column) for var in variables(node))
    replaced: Replaced = {}

    def child_of(child: Node, nullable: bool) -> Node:
        return _pulled(rewrite(child, within(nullable)), nullable, uses, replaced)

    def within(nullable: bool) -> Callable[[object], object | None]:
        """Return the visitor of a part of the plan whose rows an outer join above it may replace by NULLs."""

        def visit(item: object) -> object | None:
            if isinstance(item, p.Join):
                left = child_of(item.left, nullable or item.kind == "full")
                right = child_of(item.right, nullable or item.kind in ("left", "full"))
                return with_fields(item, left=left, right=right, on=rewrite(item.on, within(False)))
            if isinstance(item, _OVER):
                child = child_of(item.child, nullable and isinstance(item, p.Filter))
                rest = {
                    name: rewrite(getattr(item, name), within(False))
                    for name in item.__dataclass_fields__
                    if name != "child" and type(getattr(item, name)) is tuple
                }
                return with_fields(item, child=child, **rest)
            return None

        return visit

    node = rewrite(node, within(False))
    if not replaced:
        return node

    def substitute(item: object) -> object | None:
        if isinstance(item, b.Var) and item.source in replaced:
            return rewrite(replaced[item.source][item.column], substitute)
        return None

    return rewrite(node, substitute)


def _pulled(node: Node, nullable: bool, uses: Counter[tuple[int, int]], replaced: Replaced) -> Node:
    """Return the input without its projection, when that is simple."""
    if not isinstance(node, p.Project) or not node.alias:
        return node  # what has no alias is the output of a query, not an entry of FROM
    if not isinstance(node.child, _SIMPLE) or uses[node.rel, -1]:
        return node
    if isinstance(node.child, p.OneRow) and nullable:
        return node
    for number, expr in enumerate(node.exprs):
        if nullable and not isinstance(expr, b.Var):
            return node
        if is_volatile(expr) or is_set_returning(expr):
            return node
        if uses[node.rel, number] > 1 and _has_subquery(expr, replaced):
            return node
    if nullable:
        inside = p.provided(node.child)
        if any(isinstance(expr, b.Var) and expr.source not in inside for expr in node.exprs):
            return node
    replaced[node.rel] = node.exprs
    return node.child


def _has_subquery(expr: b.Expr, replaced: Replaced) -> bool:
    """Whether an expression, with the columns of inner projections replaced, has a subquery in it."""
    for part in walk(expr):
        if isinstance(part, PlanExpr):
            return True
        if isinstance(part, b.Var) and part.source in replaced:
            if _has_subquery(replaced[part.source][part.column], replaced):
                return True
    return False
