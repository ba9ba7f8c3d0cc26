"""Aggregate calls: to which query level one belongs, what it may not contain, its DISTINCT and ORDER BY.

An aggregate belongs to the innermost query whose columns its arguments use: in
`SELECT (SELECT count(o.x)) FROM o` it is the outer query that counts. Where that query may not have aggregates (its WHERE), it
is an error (42803).

Source: PostgreSQL 15, section 4.2.7; src/backend/parser/parse_agg.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.calls import BoundCall, argument_fields
from rustydb_engine.sql.binder.coerce import coerce_to_common, expr_pos, select_common_type, unknown_to_text
from rustydb_engine.sql.binder.dispatch import AGGREGATES_ALLOWED, bind_in, clause
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.overload import equality_operator, ordering_operator
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.trees import is_set_returning, walk
from rustydb_engine.sql.bound import AggregateExpr, Expr, ExprSort, Var, WindowExpr
from rustydb_engine.values.types import RECORD, Type


def make_aggregate(scope: Scope, node: ast.Call, call: BoundCall, direct: int, condition: Expr | None) -> Expr:
    """Build an aggregate call; `direct` is the number of arguments before WITHIN GROUP."""
    function, args = call.function, call.args
    name = function.name
    how = function.aggregate
    ordered_set = how is not None and how.ordered_set
    if node.within and not ordered_set:
        raise failure("42809", f"{name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP", node.pos)
    if ordered_set and not node.within:
        raise failure("42809", f"WITHIN GROUP is required for ordered-set aggregate {name}", node.pos)
    if ordered_set and node.distinct:
        raise failure("0A000", "cannot use DISTINCT with WITHIN GROUP", node.pos)
    if not args and not node.star:
        message = f"{name}(*) must be used to call a parameterless aggregate function"
        raise failure("42809", message, node.pos)
    for arg in args:
        if scope.set_returning and is_set_returning(arg):
            raise failure(
                "0A000",
                "aggregate function calls cannot contain set-returning function calls",
                expr_pos(arg),
                hint="You might be able to move the set-returning function into a LATERAL FROM item.",
            )
    direct_args: tuple[Expr, ...] = ()
    if node.within:
        direct_args, args = args[:direct], args[direct:]
        if how is not None and how.hypothetical:
            direct_args, args = _same_types(scope, node, direct_args, args)
        order = tuple(_sort_of(scope, item, arg) for item, arg in zip(node.within, args, strict=True))
    else:
        order = tuple(sort_item(scope, item) for item in node.order)
    if node.distinct:
        order = _check_distinct(args, order, node.pos)
    level = _level(scope, (*args, *(key.expr for key in order)), condition, node.pos)
    fields = argument_fields(scope, args) if any(arg.type is RECORD for arg in args) else ()
    owner = scope.up(level)
    if owner.kind not in AGGREGATES_ALLOWED:
        raise aggregate_refused("aggregate", owner.kind, node.pos)
    owner.has_aggregates = True
    return AggregateExpr(
        function, args, call.result, node.distinct, order, condition, direct_args, node.star, level, -1, node.pos,
        fields=fields,
    )  # fmt: skip


def _same_types(
    scope: Scope, node: ast.Call, direct: tuple[Expr, ...], args: tuple[Expr, ...]
) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """Give each argument of a hypothetical-set aggregate and the column it is compared with one type."""
    if len(direct) != len(args):
        raise wrong_direct_count(node, [arg.type for arg in (*direct, *args)], len(direct))
    pairs = []
    for given, column in zip(direct, args, strict=True):
        kind = select_common_type((column, given), "WITHIN GROUP")
        assert kind is not None, "a context is given, so that a mismatch is an error"
        pairs.append([coerce_to_common(scope.env, item, kind, "WITHIN GROUP") for item in (given, column)])
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def wrong_direct_count(node: ast.Call, kinds: Sequence[Type], direct: int) -> Exception:
    """Return the error for a hypothetical-set aggregate with too few or too many direct arguments."""
    name = node.name[-1]
    return failure(
        "42883",
        f"function {'.'.join(node.name)}({', '.join(kind.display for kind in kinds)}) does not exist",
        node.pos,
        hint=f"To use the hypothetical-set aggregate {name}, the number of hypothetical direct arguments (here {direct}) "
        f"must match the number of ordering columns (here {len(node.within)}).",
    )


def aggregate_refused(what: str, kind: str, pos: int) -> Exception:
    """Return the error for an aggregate or grouping operation in the wrong place."""
    words = {"FROM clause": "FROM clause of their own query level"}.get(kind) or clause(kind)
    if kind.startswith("window "):
        words = kind
    things = "aggregate functions" if what == "aggregate" else "grouping operations"
    return failure("42803", f"{things} are not allowed in {words}", pos)


def _level(scope: Scope, args: Iterable[Expr], condition: Expr | None, pos: int) -> int:
    """Return the level of the query that an aggregate belongs to."""
    lowest: int | None = None
    inner: AggregateExpr | None = None
    inner_level = 0
    exprs = [*args] if condition is None else [*args, condition]
    for expr in exprs:
        if isinstance(expr, Var):
            lowest = expr.level if lowest is None else min(lowest, expr.level)
            continue
        for node, depth in walk(expr):
            if isinstance(node, Var):
                if node.level >= depth:
                    lowest = node.level - depth if lowest is None else min(lowest, node.level - depth)
            elif isinstance(node, AggregateExpr):
                if node.level >= depth and (inner is None or node.level - depth < inner_level):
                    inner, inner_level = node, node.level - depth
            elif isinstance(node, WindowExpr) and depth == 0:
                message = "aggregate function calls cannot contain window function calls"
                raise failure("42803", message, node.pos)
    level = lowest or 0
    if inner is not None:
        if lowest is None or inner_level <= level:
            level = inner_level if lowest is None else min(level, inner_level)
        if level == inner_level:
            raise failure("42803", "aggregate function calls cannot be nested", inner.pos)
    return level


def sort_item(scope: Scope, item: ast.SortItem, kind: str = "ORDER BY") -> ExprSort:
    """Bind an ORDER BY item of an aggregate or a window; numbers are plain constants there."""
    return _sort_of(scope, item, unknown_to_text(scope.env, bind_in(scope, item.item, kind)))


def _sort_of(scope: Scope, item: ast.SortItem, expr: Expr) -> ExprSort:
    descending = item.descending
    if item.using:
        descending = sort_direction(item.using, expr.type, item.pos)
    check_ordering(expr.type, expr_pos(expr))
    nulls_first = item.nulls_first if item.nulls_first is not None else descending
    return ExprSort(expr, descending, nulls_first, ordering_operator(expr.type, descending))


def sort_direction(using: str, kind: Type, pos: int) -> bool:
    """Return whether ORDER BY … USING operator is descending; 42809 when the operator orders nothing."""
    for descending in (False, True):
        operator = ordering_operator(kind, descending)
        if operator is not None and operator.name == using:
            return descending
    raise failure(
        "42809",
        f"operator {using} is not a valid ordering operator",
        pos,
        hint='Ordering operators must be "<" or ">" members of btree operator families.',
    )


def check_ordering(kind: Type, pos: int) -> None:
    """Check that a type can be sorted."""
    if ordering_operator(kind) is None:
        raise failure(
            "42883",
            f"could not identify an ordering operator for type {kind.display}",
            pos,
            hint="Use an explicit ordering operator or modify the query.",
        )


def check_equality(kind: Type, pos: int) -> None:
    """Check that a type can be grouped or made distinct."""
    if equality_operator(kind) is None:
        raise failure("42883", f"could not identify an equality operator for type {kind.display}", pos)


def _check_distinct(args: Sequence[Expr], order: tuple[ExprSort, ...], pos: int) -> tuple[ExprSort, ...]:
    for arg in args:
        check_equality(arg.type, expr_pos(arg))
    for key in order:
        if key.expr not in args:
            message = "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list"
            raise failure("42P10", message, expr_pos(key.expr))
    return order
