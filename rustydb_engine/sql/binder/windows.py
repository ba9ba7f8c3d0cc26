"""Window calls and window definitions.

A window is written in OVER (…) or named in WINDOW; equal ones are one. Definitions are bound after the select list,
because calls collect them. A refinement `OVER (w ORDER BY …)` takes over the partition of its base and must not have one
of its own.

Source: PostgreSQL 15, section 4.2.8; parse_agg.c (transformWindowFuncCall), parse_clause.c (transformWindowDefinitions).
"""

from __future__ import annotations

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.aggregates import sort_item
from rustydb_engine.sql.binder.calls import BoundCall
from rustydb_engine.sql.binder.coerce import (
    IMPLICIT,
    can_coerce,
    coerce_to_specific,
    coerce_type,
    expr_pos,
    unknown_to_text,
)
from rustydb_engine.sql.binder.dispatch import WINDOWS_ALLOWED, bind_in, clause
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.trees import has_var, walk
from rustydb_engine.sql.bound import Expr, ExprSort, WindowDef, WindowExpr
from rustydb_engine.values.types import (
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    NUMERIC,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UNKNOWN,
    Type,
)

# The offset types of RANGE frames for each type of the sort column (in_range functions).
_RANGE_OFFSETS: dict[int, tuple[Type, ...]] = {
    INT2.oid: (INT2, INT4, INT8),
    INT4.oid: (INT4, INT8, INT2),
    INT8.oid: (INT8,),
    FLOAT4.oid: (FLOAT8,),
    FLOAT8.oid: (FLOAT8,),
    NUMERIC.oid: (NUMERIC,),
    **{kind.oid: (INTERVAL,) for kind in (DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ, INTERVAL)},
}


def make_window_call(scope: Scope, node: ast.Call, call: BoundCall, condition: Expr | None) -> Expr:
    """Build a call with OVER."""
    function = call.function
    name = function.name
    if function.kind not in ("a", "w"):
        message = f"OVER specified, but {name} is not a window function nor an aggregate function"
        raise failure("42809", message, node.pos)
    if function.kind == "w" and node.star:
        raise failure("42809", f"{name}(*) specified, but {name} is not an aggregate function", node.pos)
    if function.kind == "a" and not call.args and not node.star:
        raise failure("42809", f"{name}(*) must be used to call a parameterless aggregate function", node.pos)
    ordered_set = function.aggregate is not None and function.aggregate.ordered_set
    if ordered_set and not node.within:
        raise failure("42809", f"WITHIN GROUP is required for ordered-set aggregate {name}", node.pos)
    if node.within or ordered_set:
        raise failure("0A000", f"OVER is not supported for ordered-set aggregate {name}", node.pos)
    if node.distinct:
        raise failure("0A000", "DISTINCT is not implemented for window functions", node.pos)
    if node.order:
        raise failure("0A000", "aggregate ORDER BY is not implemented for window functions", node.pos)
    if condition is not None and function.kind == "w":
        raise failure("0A000", "FILTER is not implemented for non-aggregate window functions", node.pos)
    if call.result.name == "record" and function.returns_set:
        raise failure("42P13", "window functions cannot return sets", node.pos)
    if scope.kind not in WINDOWS_ALLOWED:
        where = clause(scope.kind, windows=True)
        raise failure("42P20", f"window functions are not allowed in {where}", node.pos)
    for arg in call.args if condition is None else (*call.args, condition):
        for inner, depth in walk(arg):
            if depth == 0 and isinstance(inner, WindowExpr):
                raise failure("42P20", "window function calls cannot be nested", inner.pos)
    scope.has_windows = True
    assert node.over is not None, "a window call has OVER"
    window = _window_index(scope, node.over, node.pos)
    return WindowExpr(function, call.args, window, call.result, condition, node.star, -1, node.pos)


def _window_index(scope: Scope, over: ast.Window | str, pos: int) -> int:
    keys = scope.window_keys
    if isinstance(over, str):
        for index, window in enumerate(keys):
            if window.name == over:
                return index
        raise failure("42704", f'window "{over}" does not exist', pos)
    for index, window in enumerate(keys):
        if not window.name and window == over:
            return index
    keys.append(over)
    return len(keys) - 1


def enter_named_windows(scope: Scope, windows: tuple[ast.Window, ...]) -> None:
    """Enter the WINDOW clause before the select list is bound."""
    for window in windows:
        if any(known.name == window.name for known in scope.window_keys):
            raise failure("42P20", f'window "{window.name}" is already defined', window.pos)
        scope.window_keys.append(window)


def bind_windows(scope: Scope) -> tuple[WindowDef, ...]:
    """Bind every window that the query uses or names."""
    for window in scope.window_keys:
        scope.windows.append(_bind_window(scope, window))
    return tuple(scope.windows)


def _bind_window(scope: Scope, window: ast.Window) -> WindowDef:
    base, base_window = None, None
    if window.base:
        for index, known in enumerate(scope.window_keys[: len(scope.windows)]):
            if known.name == window.base:
                base, base_window = scope.windows[index], known
        if base is None:
            raise failure("42704", f'window "{window.base}" does not exist', window.pos)
    partition = tuple(unknown_to_text(scope.env, bind_in(scope, item, "window partition")) for item in window.partition)
    order = tuple(sort_item(scope, item, "window order") for item in window.order)
    if base is not None and base_window is not None:
        if partition:
            raise failure("42P20", f'cannot override PARTITION BY clause of window "{window.base}"', window.pos)
        if order and base.order:
            raise failure("42P20", f'cannot override ORDER BY clause of window "{window.base}"', window.pos)
        if base_window.frame is not None:
            message = f'cannot copy window "{window.base}" because it has a frame clause'
            hint = None if window.name or order or window.frame else "Omit the parentheses in this OVER clause."
            raise failure("42P20", message, window.pos, hint=hint)
        partition, order = base.partition, order or base.order
    if window.frame is None:
        return WindowDef(partition, order, name=window.name)
    return _with_frame(scope, partition, order, window)


def _with_frame(
    scope: Scope, partition: tuple[Expr, ...], order: tuple[ExprSort, ...], window: ast.Window
) -> WindowDef:
    frame, pos = window.frame, window.pos
    assert frame is not None, "a frame is given"
    mode = frame.mode.lower()
    offsets = frame.start[1] is not None or frame.end[1] is not None
    if mode == "range" and offsets and len(order) != 1:
        message = "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column"
        raise failure("42P20", message, pos)
    if mode == "groups" and not order:
        raise failure("42P20", "GROUPS mode requires an ORDER BY clause", pos)
    start = (frame.start[0], _offset(scope, mode, frame.start[1], order))
    end = (frame.end[0], _offset(scope, mode, frame.end[1], order))
    return WindowDef(partition, order, mode, start, end, frame.exclude, window.name)


def _offset(scope: Scope, mode: str, node: ast.Node | None, order: tuple[ExprSort, ...]) -> Expr | None:
    if node is None:
        return None
    construct = mode.upper()
    made = bind_in(scope, node, f"window {construct}")
    if mode == "range":
        made = _range_offset(scope, made, order[0].expr.type)
    else:
        made = coerce_to_specific(scope.env, made, INT8, construct)
    if has_var(made):
        raise failure("42P10", f"argument of {construct} must not contain variables", expr_pos(made))
    return made


def _range_offset(scope: Scope, made: Expr, column: Type) -> Expr:
    kinds = _RANGE_OFFSETS.get(column.oid)
    if kinds is None:
        message = f"RANGE with offset PRECEDING/FOLLOWING is not supported for column type {column.display}"
        raise failure("0A000", message, expr_pos(made))
    if made.type is UNKNOWN or made.type in kinds:
        return coerce_type(scope.env, made, kinds[0]) if made.type is UNKNOWN else made
    fitting = [kind for kind in kinds if can_coerce(made.type, kind, IMPLICIT)]
    if not fitting:
        raise failure(
            "0A000",
            f"RANGE with offset PRECEDING/FOLLOWING is not supported for column type {column.display} "
            f"and offset type {made.type.display}",
            expr_pos(made),
            hint="Cast the offset value to an appropriate type.",
        )
    return coerce_type(scope.env, made, fitting[0])
