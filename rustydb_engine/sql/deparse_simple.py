"""Which operands need no parentheses in the pretty form.

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c (isSimpleNode).
"""

from __future__ import annotations

from rustydb_engine.sql.bound import (
    AggregateExpr,
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    CaseExpr,
    CaseOperand,
    CastExpr,
    CoalesceExpr,
    Const,
    DistinctExpr,
    Expr,
    FieldExpr,
    FuncExpr,
    GroupingExpr,
    MinMaxExpr,
    NullIfExpr,
    NullTest,
    OpExpr,
    ParamExpr,
    RowExpr,
    SubqueryExpr,
    SubscriptExpr,
    Var,
    WindowExpr,
)

_ALWAYS = (
    Var, Const, ParamExpr, CaseOperand, SubscriptExpr, ArrayExpr, RowExpr, CoalesceExpr, MinMaxExpr, NullIfExpr,
    AggregateExpr, GroupingExpr, WindowExpr, FuncExpr, CaseExpr,
)  # fmt: skip
# What separates its operands by itself.
_SEPARATES = (
    SubscriptExpr, ArrayExpr, RowExpr, CoalesceExpr, MinMaxExpr, NullIfExpr, AggregateExpr, GroupingExpr, WindowExpr,
    CaseExpr,
)  # fmt: skip


def is_simple(expr: Expr, parent: Expr) -> bool:
    """Whether an operand of `parent` needs no parentheses."""
    if isinstance(expr, _ALWAYS):
        return True
    if isinstance(expr, FieldExpr):
        return not isinstance(parent, FieldExpr)
    if isinstance(expr, CastExpr):
        if expr.collation:
            return False
        return expr.method in ("function", "length") or is_simple(expr.arg, expr)
    if isinstance(expr, OpExpr) and isinstance(parent, OpExpr):
        return _binds_tighter(expr, parent)
    if isinstance(expr, DistinctExpr) and expr.negated:
        # NOT … IS DISTINCT FROM
        return parent.kind in ("and", "or") if isinstance(parent, BoolExpr) else _separates(parent)
    if isinstance(expr, OpExpr | SubqueryExpr | NullTest | BooleanTest | DistinctExpr):
        return isinstance(parent, BoolExpr) or _separates(parent)
    if isinstance(expr, BoolExpr):
        if isinstance(parent, BoolExpr):
            if expr.kind == "or":
                return parent.kind == "or"
            return parent.kind in ("and", "or")
        return _separates(parent)
    return False


def _separates(parent: Expr) -> bool:
    if isinstance(parent, FuncExpr):
        return not parent.sql_syntax
    return isinstance(parent, _SEPARATES)


def _binds_tighter(expr: OpExpr, parent: OpExpr) -> bool:
    own, outer = _priority(expr), _priority(parent)
    if own == 0 or outer == 0:
        return False
    if own != outer:
        return own > outer
    return expr == parent.args[0] and expr is parent.args[0]


def _priority(expr: OpExpr) -> int:
    """Return 2 for * / %, 1 for + -, 0 for other operators."""
    if len(expr.args) != 2:
        return 0
    if expr.operator.name in ("*", "/", "%"):
        return 2
    return 1 if expr.operator.name in ("+", "-") else 0
