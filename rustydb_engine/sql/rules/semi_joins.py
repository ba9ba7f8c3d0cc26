"""EXISTS, NOT EXISTS and IN (SELECT …) as terms of WHERE become semi and anti joins.

    SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t = t.id AND u.x > 5)
    t SEMI JOIN (u WHERE u.x > 5) ON u.t = t.id

Conditions of the subquery that mention the outer query become conditions of the join, so a hash table of `u` is built
once. NOT IN stays a subplan (a hash table with NULL semantics of its own), as in PostgreSQL.
"""

from __future__ import annotations

from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.logical import Builder
from rustydb_engine.sql.plan import Node, PlanExpr, provided
from rustydb_engine.sql.tree import compared_columns, is_volatile, relations, rewrite, with_fields
from rustydb_engine.values.types import BOOL

_FROM = (p.Scan, p.Join, p.Filter, p.FunctionScan, p.ValuesScan, p.CteScan, p.Project)


def sublinks_to_joins(node: Node, builder: Builder) -> Node:
    """Return the plan with the sublinks of its conditions turned into joins where possible."""

    def visit(item: object) -> object | None:
        if not isinstance(item, p.Filter):
            return None
        child = rewrite(item.child, visit)
        kept: list[b.Expr] = []
        for condition in item.conditions:
            joined = _joined(child, condition)
            if joined is None:
                kept.append(rewrite(condition, visit))
            else:
                child = with_fields(joined, right=rewrite(joined.right, visit))
        return p.Filter(child, tuple(kept)) if kept else child

    return rewrite(node, visit)


def _joined(child: Node, condition: b.Expr) -> p.Join | None:
    """Return the join that stands for a condition on the rows of `child`, or None."""
    kind = "semi"
    if isinstance(condition, b.BoolExpr) and condition.kind == "not":
        kind, condition = "anti", condition.args[0]
    if not isinstance(condition, PlanExpr):
        return None
    lefts = provided(child)
    if condition.kind == "exists":
        return _exists(child, condition, kind, lefts)
    if condition.kind != "any" or kind == "anti" or condition.row_kind != "=":
        return None
    if any(operator.name != "=" for operator in condition.operators) or is_volatile(condition.left):
        return None
    if not relations(condition.left) & lefts or isinstance(condition.plan, p.With):
        return None
    columns = compared_columns(condition.rel, condition.left, condition.operators)
    tests = tuple([
        b.OpExpr(operator, (left, column), BOOL)
        for left, column, operator in zip(condition.left, columns, condition.operators, strict=True)
    ])  # fmt: skip
    return p.Join("semi", child, condition.plan, tests)


def _exists(child: Node, condition: PlanExpr, kind: str, lefts: frozenset[int]) -> p.Join | None:
    plan: Node = condition.plan
    while isinstance(plan, p.Project | p.Sort):
        plan = plan.child
    if not isinstance(plan, _FROM) or not relations(plan) & lefts:
        return None
    moved: list[b.Expr] = []
    kept: list[b.Expr] = []
    inner: Node = plan
    if isinstance(plan, p.Filter):
        inside = provided(plan.child)
        for term in plan.conditions:
            used = relations(term)
            (moved if used & lefts and used & inside and not is_volatile(term) else kept).append(term)
        inner = p.Filter(plan.child, tuple(kept)) if kept else plan.child
    return p.Join(kind, child, inner, tuple(moved))
