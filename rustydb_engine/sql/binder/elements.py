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
from rustydb_engine.sql.bound import ArrayExpr, CastExpr, Const, Expr, FuncExpr, SubscriptExpr
from rustydb_engine.sql.functions.registry import Function
from rustydb_engine.values.jsontext import Json, dumps_jsonb, loads
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
    made = coerce_to_target(scope.env, value, JSONB, -1, ASSIGNMENT)
    if made is None:
        raise failure(
            "42804",
            f"subscripted assignment requires type jsonb but expression is of type {value.type.display}",
            expr_pos(value),
            hint="You will need to rewrite or cast the expression.",
        )
    path: list[Expr] = []
    numbers: list[Expr] = []
    for link in chain:
        if link.low is None or link.slice:
            raise failure("42804", "jsonb subscript does not support slices", link.pos)
        item = bind_in(scope, link.low, "UPDATE")
        numbers.append(Const(item.type.category == "N", BOOL))
        path.append(coerce_type(scope.env, item, TEXT, EXPLICIT) if item.type is not TEXT else item)
    args = (before, ArrayExpr(tuple(path), TEXT_ARRAY), ArrayExpr(tuple(numbers), BY_NAME["_bool"]), made)
    return FuncExpr(_JSONB_SET, args, JSONB)


def _jsonb_set(text: str | None, path: tuple[str | None, ...], numbers: tuple[bool, ...], new: str | None) -> str:
    """Return the jsonb with one place set. What the path needs and is not there is made; gaps in arrays become null."""
    steps = [step for step in path if step is not None]
    if len(steps) < len(path):
        raise SqlError("22004", "jsonb subscript in assignment must not be null")
    start: Json = _container(numbers[0]) if text is None else loads(text)
    return dumps_jsonb(_put(start, steps, numbers, 0, None if new is None else loads(new)))


def _container(number: bool) -> Json:
    return [] if number else {}


def _put(value: Json, steps: Sequence[str], numbers: Sequence[bool], level: int, new: Json) -> Json:
    if level == len(steps):
        return new
    if isinstance(value, dict):
        step = steps[level]
        inner = value[step] if step in value else _fresh(numbers, level + 1)
        return {**value, step: _put(inner, steps, numbers, level + 1, new)}
    if isinstance(value, list):
        index = _place(steps[level], level, len(value))
        items = value + [None] * (index + 1 - len(value))
        inner = value[index] if index < len(value) else _fresh(numbers, level + 1)
        items[index] = _put(inner, steps, numbers, level + 1, new)
        return items
    raise SqlError(
        "22023",
        "cannot replace existing key",
        detail="The path assumes key is a composite object, but it is a scalar value.",
    )


def _fresh(numbers: Sequence[bool], level: int) -> Json:
    return _container(numbers[level]) if level < len(numbers) else None


def _place(step: str, level: int, length: int) -> int:
    if not step.lstrip("-").isdecimal() or len(step) > 11:
        raise SqlError("22P02", f'path element at position {level + 1} is not an integer: "{step}"')
    index = int(step)
    if index < 0:
        index += length
        if index < 0:
            raise SqlError("22023", f"path element at position {level + 1} is out of range: {step}")
    if index > 1 << 20 and index > 2 * length:
        raise SqlError("54000", "total size of jsonb array elements exceeds the maximum of 268435455 bytes")
    return index


_JSONB_SET = Function(
    0, "jsonb_assign", (JSONB, TEXT_ARRAY, BY_NAME["_bool"], JSONB), JSONB, _jsonb_set, strict=False, schema="pg_internal"
)  # fmt: skip
