"""Walks over bound trees: the children of an expression, rebuilding one, shifting the levels of its columns.

Levels are relative: a `Var` of level 1 inside a subquery means the query around it. `shift_levels(expr, 2)` makes an
expression usable two queries further down. Inside a subquery only Vars that leave it are shifted.

    children(OpExpr(+, (a, b)))  ->  a, b
    rebuild(expr, function)      ->  the same node over function(child)

Queries inside expressions (subqueries) are walked with `query_exprs` and `rebuild_query`; what they contain lies one
level further down. Source: PostgreSQL 15, src/backend/nodes/nodeFuncs.c.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import TypeVar

from rustydb_engine.sql.bound import (
    AggregateExpr,
    BoundCte,
    CaseOperand,
    CastExpr,
    Const,
    DefaultExpr,
    Expr,
    ExprSort,
    FromJoin,
    FromNode,
    FuncExpr,
    InsertQuery,
    ModifyQuery,
    OpExpr,
    ParamExpr,
    Query,
    RangeCte,
    RangeEntry,
    RangeFunction,
    RangeQuery,
    RangeSetOperation,
    RangeValues,
    SubqueryExpr,
    Target,
    UpdateQuery,
    Var,
    WindowDef,
)

Change = Callable[[Expr], Expr]
T = TypeVar("T")
_LEAVES = (Const, Var, ParamExpr, CaseOperand, DefaultExpr)
# For each class of expression the names of the fields that hold expressions, sort keys or tuples of them.
_parts: dict[type, tuple[str, ...]] = {}
_SCALAR_FIELDS = frozenset(
    (
        "type", "typmod", "pos", "operator", "operators", "function", "kind", "test", "negated", "row", "star", "level",
        "name", "names", "index", "method", "rule", "explicit", "implicit_display", "collation", "returns_set", "quantifier", "query",
        "written_in", "slices", "window", "distinct", "groups", "row_kind", "nested", "variadic", "fields", "source",
        "column", "value",
    )
)  # fmt: skip


def _parts_of(kind: type) -> tuple[str, ...]:
    found = _parts.get(kind)
    if found is None:
        found = tuple(f.name for f in dataclasses.fields(kind) if f.name not in _SCALAR_FIELDS)
        if kind is CastExpr:
            found = ("arg",)
        _parts[kind] = found
    return found


def _flatten(part: object) -> Iterator[Expr]:
    if isinstance(part, Expr):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from _flatten(item)
    elif isinstance(part, ExprSort):
        yield part.expr


def children(expr: Expr) -> Iterator[Expr]:
    """Yield the direct operands of an expression; the query of a subquery is not one."""
    if isinstance(expr, _LEAVES):
        return
    for name in _parts_of(type(expr)):
        yield from _flatten(getattr(expr, name))


def _changed(part: object, change: Change) -> object:
    if isinstance(part, Expr):
        return change(part)
    if isinstance(part, tuple):
        items = tuple(_changed(item, change) for item in part)
        return part if all(a is b for a, b in zip(items, part, strict=True)) else items
    if isinstance(part, ExprSort):
        moved = change(part.expr)
        return part if moved is part.expr else replace(part, expr=moved)
    return part


def replace(node: T, **changes: object) -> T:
    """Return a copy of a node with some fields changed."""
    return dataclasses.replace(node, **changes)  # type: ignore[type-var]  # @value makes dataclasses


def rebuild(expr: Expr, change: Change) -> Expr:
    """Return the expression with `change` applied to its direct operands (itself when none changed)."""
    if isinstance(expr, _LEAVES):
        return expr
    changes: dict[str, object] = {}
    for name in _parts_of(type(expr)):
        before = getattr(expr, name)
        after = _changed(before, change)
        if after is not before:
            changes[name] = after
    return replace(expr, **changes) if changes else expr


def query_exprs(query: Query | ModifyQuery) -> Iterator[tuple[Expr, int]]:
    """Yield the expressions directly in a query as (expression, 0), and those of its inner queries with their depth.

    A depth of 1 means that a Var of level 1 in the expression belongs to `query`.
    """
    for inner in inner_queries(query):
        for expr, depth in query_exprs(inner):
            yield expr, depth + 1
    for entry in query.range:
        if isinstance(entry, RangeFunction):
            yield from ((call, 0) for call in entry.calls)
        elif isinstance(entry, RangeValues):
            yield from ((expr, 0) for row in entry.rows for expr in row)
    if isinstance(query, InsertQuery):
        yield from ((expr, 0) for expr in query.row)
        if query.conflict is not None:
            yield from ((expr, 0) for _, expr in query.conflict.assignments)
            if query.conflict.where is not None:
                yield query.conflict.where, 0
        yield from ((target.expr, 0) for target in query.returning)
        return
    yield from ((expr, 0) for node in query.source for expr in join_conditions(node))
    if query.where is not None:
        yield query.where, 0
    if isinstance(query, UpdateQuery):
        yield from ((expr, 0) for _, expr in query.assignments)
    if not isinstance(query, Query):
        yield from ((target.expr, 0) for target in query.returning)
        return
    yield from ((target.expr, 0) for target in query.targets)
    for extra in (query.having, query.limit, query.offset):
        if extra is not None:
            yield extra, 0
    for window in query.windows:
        yield from ((expr, 0) for expr in window.partition)
        yield from ((key.expr, 0) for key in window.order)


def inner_queries(query: Query | ModifyQuery) -> Iterator[Query | ModifyQuery]:
    """Yield the queries one level down that are not inside expressions: of WITH, FROM and set operations."""
    for cte in query.ctes:
        yield cte.query
    for entry in query.range:
        if isinstance(entry, RangeQuery):
            yield entry.query
        elif isinstance(entry, RangeSetOperation):
            yield entry.left
            yield entry.right
    if isinstance(query, InsertQuery):
        yield query.source


def join_conditions(node: FromNode) -> Iterator[Expr]:
    """Yield the ON conditions of a join tree."""
    if isinstance(node, FromJoin):
        yield from join_conditions(node.left)
        yield from join_conditions(node.right)
        if node.on is not None:
            yield node.on


def walk(expr: Expr, depth: int = 0) -> Iterator[tuple[Expr, int]]:
    """Yield an expression and everything below it with its depth in queries, subqueries included."""
    yield expr, depth
    for child in children(expr):
        yield from walk(child, depth)
    if isinstance(expr, SubqueryExpr):
        for inner, extra in query_exprs(expr.query):
            yield from walk(inner, depth + 1 + extra)


def shift_levels(expr: Expr, by: int, above: int = 0) -> Expr:
    """Return `expr` with the levels of the Vars that leave it (level >= `above`) raised by `by`."""
    if isinstance(expr, Var):
        return replace(expr, level=expr.level + by) if expr.level >= above else expr
    moved = rebuild(expr, lambda child: shift_levels(child, by, above))
    if isinstance(moved, AggregateExpr) and moved.level >= above and moved.level > 0:
        moved = replace(moved, level=moved.level + by)
    if isinstance(moved, SubqueryExpr):
        inner = map_query(moved.query, lambda child, depth: shift_levels(child, by, above + 1 + depth), by, above + 1)
        moved = replace(moved, query=inner)
    return moved


QueryChange = Callable[[Expr, int], Expr]


def map_query(query: Query, change: QueryChange, by: int = 0, above: int = 0, depth: int = 0) -> Query:
    """Return a query with `change(expression, depth)` applied to each of its expressions, inner queries included.

    References to WITH queries that lie `above` or more levels up are raised by `by`.
    """

    def here(expr: Expr) -> Expr:
        return change(expr, depth)

    def some(expr: Expr | None) -> Expr | None:
        return None if expr is None else change(expr, depth)

    def inner(one: Query) -> Query:
        return map_query(one, change, by, above, depth + 1)

    return replace(
        query,
        range=tuple(_map_entry(entry, here, inner, by, above + depth) for entry in query.range),
        source=tuple(_map_from(node, here) for node in query.source),
        targets=tuple(Target(here(t.expr), t.name, t.junk, t.table, t.attnum) for t in query.targets),
        where=some(query.where),
        having=some(query.having),
        windows=tuple(_map_window(window, here) for window in query.windows),
        limit=some(query.limit),
        offset=some(query.offset),
        ctes=tuple(_map_cte(cte, inner) for cte in query.ctes),
    )


def _map_cte(cte: BoundCte, inner: Callable[[Query], Query]) -> BoundCte:
    # A statement that changes rows stands at the top level only and refers to nothing outside.
    return replace(cte, query=inner(cte.query)) if isinstance(cte.query, Query) else cte


def _map_window(window: WindowDef, here: Change) -> WindowDef:
    return replace(
        window,
        partition=tuple(here(expr) for expr in window.partition),
        order=tuple(replace(key, expr=here(key.expr)) for key in window.order),
        start=(window.start[0], None if window.start[1] is None else here(window.start[1])),
        end=(window.end[0], None if window.end[1] is None else here(window.end[1])),
    )


def _map_entry(entry: RangeEntry, here: Change, inner: Callable[[Query], Query], by: int, above: int) -> RangeEntry:
    if isinstance(entry, RangeQuery):
        return replace(entry, query=inner(entry.query))
    if isinstance(entry, RangeSetOperation):
        return replace(entry, left=inner(entry.left), right=inner(entry.right))
    if isinstance(entry, RangeFunction):
        return replace(entry, calls=tuple(here(call) for call in entry.calls))
    if isinstance(entry, RangeValues):
        return replace(entry, rows=tuple(tuple(here(expr) for expr in row) for row in entry.rows))
    if isinstance(entry, RangeCte) and by and entry.level >= above:
        return replace(entry, level=entry.level + by)
    return entry


def _map_from(node: FromNode, here: Change) -> FromNode:
    if isinstance(node, FromJoin):
        on = None if node.on is None else here(node.on)
        return FromJoin(node.kind, _map_from(node.left, here), _map_from(node.right, here), on, node.using)
    return node


def is_set_returning(expr: Expr) -> bool:
    """Whether an expression contains a call of a set-returning function, outside its subqueries."""
    if isinstance(expr, FuncExpr) and expr.returns_set:
        return True
    if isinstance(expr, OpExpr) and expr.operator.function.returns_set:
        return True
    return any(is_set_returning(child) for child in children(expr))


def has_var(expr: Expr, level: int = 0) -> bool:
    """Whether an expression refers to a column of the query `level` queries up, in subqueries too."""
    return any(isinstance(node, Var) and node.level == level + depth for node, depth in walk(expr))
