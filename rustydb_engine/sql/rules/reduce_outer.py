"""Reduce outer joins: a LEFT JOIN whose missing rows a condition above rejects is an inner join.

    SELECT * FROM t LEFT JOIN u ON t.id = u.t WHERE u.x > 5        the row of NULLs cannot satisfy u.x > 5

A condition rejects NULL in a relation when a strict operator or function over a column of it must be true, or IS NOT NULL.
"""

from __future__ import annotations

from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.logical import Builder
from rustydb_engine.sql.plan import Node, provided
from rustydb_engine.sql.tree import rewrite, walk, with_fields


def reduce_outer_joins(node: Node, builder: Builder) -> Node:
    """Return the plan with outer joins reduced."""
    if not any(item.__class__ is p.Join and item.kind in ("left", "full") for item in walk(node)):
        return node

    def visit(item: object) -> object | None:
        if isinstance(item, p.Filter):
            child = _reduced(item.child, item.conditions)
            return p.Filter(rewrite(child, visit), rewrite(item.conditions, visit))
        return None

    return rewrite(node, visit)


def _reduced(node: Node, conditions: tuple[b.Expr, ...]) -> Node:
    if isinstance(node, p.Filter):
        return p.Filter(_reduced(node.child, conditions + node.conditions), node.conditions)
    if not isinstance(node, p.Join):
        return node
    left, right, kind = node.left, node.right, node.kind
    if kind in ("left", "full"):
        rejects_right = any(rejects_null(condition, provided(right)) for condition in conditions)
        rejects_left = kind == "full" and any(rejects_null(condition, provided(left)) for condition in conditions)
        if (kind == "left" and rejects_right) or (rejects_left and rejects_right):
            kind = "inner"
        elif rejects_left:
            kind = "left"
        elif kind == "full" and rejects_right:
            left, right, kind = right, left, "left"
    if kind == "inner":
        below = conditions + node.on
        return with_fields(node, kind=kind, left=_reduced(left, below), right=_reduced(right, below))
    if kind in ("left", "semi", "anti"):
        return with_fields(node, kind=kind, left=_reduced(left, conditions), right=right)
    return with_fields(node, kind=kind, left=left, right=right)


def rejects_null(condition: b.Expr, rels: frozenset[int]) -> bool:
    """Whether the condition cannot be true when all columns of the relations are NULL."""
    if isinstance(condition, b.BoolExpr):
        if condition.kind == "and":
            return any(rejects_null(arg, rels) for arg in condition.args)
        if condition.kind == "or":
            return all(rejects_null(arg, rels) for arg in condition.args)
        return is_null(condition.args[0], rels)
    if isinstance(condition, b.NullTest):
        return condition.negated and not condition.row and is_null(condition.arg, rels)
    return is_null(condition, rels)


def is_null(expr: b.Expr, rels: frozenset[int]) -> bool:
    """Whether the expression is certainly NULL when all columns of the relations are."""
    if isinstance(expr, b.Var):
        return expr.source in rels
    if isinstance(expr, b.OpExpr):
        return expr.operator.function.strict and any(is_null(arg, rels) for arg in expr.args)
    if isinstance(expr, b.FuncExpr):
        return expr.function.strict and not expr.returns_set and any(is_null(arg, rels) for arg in expr.args)
    if isinstance(expr, b.CastExpr):
        return is_null(expr.arg, rels)
    if isinstance(expr, b.BoolExpr) and expr.kind == "not":
        return is_null(expr.args[0], rels)
    if isinstance(expr, b.ArrayOpExpr):
        return expr.quantifier == "any" and is_null(expr.left, rels)
    return False
