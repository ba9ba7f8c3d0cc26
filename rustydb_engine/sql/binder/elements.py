"""Assigning to an element or a slice of an array: `SET a[2] = x`, `SET a[1:2] = '{5,6}'`, and `SET j['k'] = x` of jsonb.

The column's new value is computed by a function that no query can name. Arrays begin at 1 here, so an assignment before
the first element is not supported; one behind the last fills the gap with NULL.

Source: PostgreSQL 15, section 8.15.4; src/backend/utils/adt/arrayfuncs.c (array_set_element), jsonbsubs.c.
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.catalog.objects import TableColumn
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import ASSIGNMENT, EXPLICIT, coerce_to_target, coerce_type, expr_pos
from rustydb_engine.sql.binder.composites import bind_bounds
from rustydb_engine.sql.binder.dispatch import bind_in
from rustydb_engine.sql.binder.env import failure, place
from rustydb_engine.sql.binder.overload import find_function
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.bound import ArrayExpr, CastExpr, CoalesceExpr, Const, Expr, FuncExpr, SubscriptExpr
from rustydb_engine.sql.functions.registry import Function
from rustydb_engine.values.types import ANY, ANYARRAY, BOOL, BY_NAME, INT4, JSONB, TEXT, Type, element_of

TEXT_ARRAY = BY_NAME["_text"]


def assign_element(
    scope: Scope, before: Expr, column: TableColumn, indirection: Sequence[ast.Node | str], value: Expr, pos: int
) -> Expr:
    """Return the new value of a column of which one element or slice is assigned."""
    chain: list[ast.Subscript] = []
    for link in indirection:
        if not isinstance(link, ast.Subscript):
            raise failure(
                "42804",
                f'cannot assign to field "{link}" of column "{column.name}" because its type '
                f"{column.type.display} is not a composite type",
                pos,
            )
        chain.append(link)
    if column.type is JSONB:
        return _assign_jsonb(scope, before, chain, value)
    element = element_of(column.type)
    if element is None:
        message = f"cannot subscript type {column.type.display} because it does not support subscripting"
        raise failure("42804", message, pos)
    slices = any(link.slice for link in chain)
    if len(chain) > 1:
        raise not_supported("assignment to an element of an array of several dimensions", place(pos))
    kind: Type = column.type if slices else element
    made = coerce_to_target(scope.env, value, kind, column.typmod, ASSIGNMENT)
    if made is None:
        raise failure(
            "42804",
            f'subscripted assignment to "{column.name}" requires type {kind.display} but expression is of type '
            f"{value.type.display}",
            expr_pos(value),
            hint="You will need to rewrite or cast the expression.",
        )
    kind_before, scope.kind = scope.kind, "UPDATE"
    low, high = bind_bounds(scope, chain[0], slices)
    scope.kind = kind_before
    null = Const(None, INT4)
    args = (before, low or null, high or null, made, Const(slices, BOOL))
    return FuncExpr(_ARRAY_SET, args, column.type, column.typmod, pos=pos)


def _array_set(
    array: tuple[object, ...] | None, low: int | None, high: int | None, value: object, is_slice: bool
) -> tuple[object, ...] | None:
    """Return the array with an element or a slice replaced."""
    items = list(array or ())
    if not is_slice:
        if low is None:
            raise SqlError("22004", "array subscript in assignment must not be null")
        _fill(items, low, low)
        items[low - 1] = value
        return tuple(items)
    if value is None:
        return array
    assert isinstance(value, tuple), "a slice is assigned from an array"
    first = 1 if low is None else low
    last = len(items) if high is None else high
    if last < first:
        raise SqlError("2202E", "upper bound cannot be less than lower bound") if high is not None else _small()
    if len(value) < last - first + 1:
        raise _small()
    _fill(items, first, last)
    items[first - 1 : last] = value[: last - first + 1]
    return tuple(items)


def _small() -> SqlError:
    return SqlError("2202E", "source array too small")


def _fill(items: list[object], first: int, last: int) -> None:
    if first < 1:
        raise not_supported("assignment before the first element of an array")
    if last > 1 << 20 and last > len(items) * 2:
        raise SqlError("54000", "array size exceeds the maximum allowed (1048576)")
    if len(items) < last:
        items.extend([None] * (last - len(items)))


_ARRAY_SET = Function(
    0, "array_set", (ANYARRAY, INT4, INT4, ANY, BOOL), ANYARRAY, _array_set, strict=False, schema="pg_internal"
)  # fmt: skip


def jsonb_path(expr: SubscriptExpr) -> FuncExpr:
    """Return the call that reads an element of jsonb: `j['a'][0]` is jsonb_extract_path(j, 'a', '0')."""
    kinds = (JSONB, TEXT_ARRAY)
    found = find_function(("pg_catalog", "jsonb_extract_path"), kinds, (), True, (), cast_allowed=False)
    assert found.candidate is not None, "jsonb_extract_path is a function"
    items: list[Expr] = []
    for item, _ in expr.subscripts:
        assert item is not None, "a subscript of jsonb is no slice"
        items.append(item if item.type is TEXT else CastExpr(item, TEXT, method="output"))
    args = (expr.arg, ArrayExpr(tuple(items), TEXT_ARRAY))
    return FuncExpr(found.candidate.function, args, JSONB, pos=expr.pos, variadic=True)


def _assign_jsonb(scope: Scope, before: Expr, chain: Sequence[ast.Subscript], value: Expr) -> Expr:
    """Assign into jsonb as jsonb_set does, from an empty object where there is NULL."""
    made = coerce_to_target(scope.env, value, JSONB, -1, ASSIGNMENT)
    if made is None:
        raise failure(
            "42804",
            f"subscripted assignment requires type jsonb but expression is of type {value.type.display}",
            expr_pos(value),
            hint="You will need to rewrite or cast the expression.",
        )
    path: list[Expr] = []
    for link in chain:
        if link.low is None or link.slice:
            raise failure("42804", "jsonb subscript does not support slices", link.pos)
        item = bind_in(scope, link.low, "UPDATE")
        path.append(coerce_type(scope.env, item, TEXT, EXPLICIT) if item.type is not TEXT else item)
    kinds = (JSONB, TEXT_ARRAY, JSONB)
    found = find_function(("pg_catalog", "jsonb_set"), kinds, (), False, (), cast_allowed=False)
    if found.candidate is None:
        raise not_supported("assignment to an element of jsonb")
    start = CoalesceExpr((before, Const("{}", JSONB)), JSONB)
    args = (start, ArrayExpr(tuple(path), TEXT_ARRAY), made, Const(True, BOOL))
    return FuncExpr(found.candidate.function, args, JSONB)
