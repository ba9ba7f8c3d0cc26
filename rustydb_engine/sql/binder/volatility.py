"""How freely an expression may be computed in advance.

    i   immutable: the same arguments give the same value for ever
    s   stable: within one statement
    v   volatile: each time anew

Source: PostgreSQL 15, section 38.7; src/backend/optimizer/util/clauses.c (contain_mutable_functions).
"""

from __future__ import annotations

from rustydb_engine.sql.binder.trees import children
from rustydb_engine.sql.bound import (
    AggregateExpr,
    ArrayOpExpr,
    CastExpr,
    DistinctExpr,
    Expr,
    FuncExpr,
    NullIfExpr,
    OpExpr,
    RowCompare,
    SubqueryExpr,
    WindowExpr,
)
from rustydb_engine.values.types import DATE, INTERVAL, TIME, TIMESTAMP, TIMESTAMPTZ, TIMETZ

_RANK = {"i": 0, "s": 1, "v": 2}
_ORDER = "isv"
# Their text depends on DateStyle, IntervalStyle or TimeZone.
_SETTINGS = frozenset(t.oid for t in (DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL))
# Their text has been the same for every session.
_PLAIN = frozenset((TIME.oid,))


def volatility(expr: Expr) -> str:
    """Return i, s or v for an expression with everything below it."""
    rank = _RANK[_own(expr)]
    for child in children(expr):
        if rank == 2:
            break
        rank = max(rank, _RANK[volatility(child)])
    return _ORDER[rank]


def _own(expr: Expr) -> str:
    if isinstance(expr, FuncExpr | AggregateExpr | WindowExpr):
        return expr.function.volatility
    if isinstance(expr, OpExpr) and expr.operator.name == "||" and expr.operator.function.volatility == "s":
        # anynonarray || text is declared stable, but is what its inlined body is: text of the other operand.
        return "s" if any(arg.type.oid in _SETTINGS or arg.type.is_array for arg in expr.args) else "i"
    if isinstance(expr, OpExpr | ArrayOpExpr | DistinctExpr | NullIfExpr):
        return expr.operator.function.volatility
    if isinstance(expr, RowCompare):
        return max((op.function.volatility for op in expr.operators), key=_RANK.__getitem__)
    if isinstance(expr, SubqueryExpr):
        return "s"
    if isinstance(expr, CastExpr):
        return _cast(expr)
    return "i"


def _cast(expr: CastExpr) -> str:
    if expr.element is not None:
        return _cast(expr.element)
    if expr.rule is not None and expr.rule.needs_context:
        return "s"
    if expr.method in ("input", "output"):
        for kind in (expr.type, expr.arg.type):
            if kind.name.startswith("reg") or (kind.oid in _SETTINGS and kind.oid not in _PLAIN):
                return "s"
            if kind.is_array and kind.element in _SETTINGS:
                return "s"
    return "i"
