"""UNION, INTERSECT, EXCEPT and VALUES.

The sides of a set operation are queries one level down, their columns cast to the common types, pair by pair from the inside
out: `'a' UNION 'b' UNION 1` fails because the first pair is text. ORDER BY may name output columns only.

Source: PostgreSQL 15, sections 7.4 and 10.5; analyze.c (transformSetOperationTree, transformValuesClause).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.aggregates import check_equality
from rustydb_engine.sql.binder.coerce import (
    coerce_to_common,
    common_typmod,
    expr_pos,
    select_common_type,
)
from rustydb_engine.sql.binder.cte import bind_with, finish_ctes
from rustydb_engine.sql.binder.dispatch import bind_in, bind_rows, binds_query
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import Columns, Item, ItemColumn, Scope
from rustydb_engine.sql.binder.sorting import bind_limit, bind_order
from rustydb_engine.sql.binder.subqueries import cast_outputs, visible_targets
from rustydb_engine.sql.bound import (
    Expr,
    FromRef,
    Query,
    RangeEntry,
    RangeSetOperation,
    RangeValues,
    SortKey,
    Target,
    Var,
)
from rustydb_engine.values.types import Type


@binds_query(ast.SetOperation)
def bind_set_operation(scope: Scope, node: ast.SetOperation) -> Query:
    """Bind a set operation."""
    return bind_union(scope, node, None)


def bind_union(scope: Scope, node: ast.SetOperation, left_bound: Callable[[Query], None] | None) -> Query:
    """Bind a set operation; `left_bound` is told its left side before the right side is bound (recursion)."""
    bind_with(scope, node.with_)
    context = node.operator.upper()
    left = _bind_side(scope, node.left)
    if left_bound is not None:
        from rustydb_engine.sql.binder.coerce import unknown_to_text

        kinds = [unknown_to_text(scope.env, target.expr).type for target in visible_targets(left)]
        left = cast_outputs(scope.env, left, kinds)
        left_bound(left)
    right = _bind_side(scope, node.right)
    one, two = visible_targets(left), visible_targets(right)
    if len(one) != len(two):
        message = f"each {context} query must have the same number of columns"
        raise failure("42601", message, expr_pos(two[0].expr) if two else -1)
    kinds = []
    typmods = []
    for a, b in zip(one, two, strict=True):
        common = select_common_type([a.expr, b.expr], context)
        assert common is not None, "a context makes an error of no common type"
        for side in (a.expr, b.expr):
            coerce_to_common(scope.env, side, common, context)
        kinds.append(common)
        typmods.append(common_typmod([a.expr, b.expr], common))
        if not node.all:
            check_equality(common, expr_pos(a.expr))
    left, right = cast_outputs(scope.env, left, kinds), cast_outputs(scope.env, right, kinds)
    names = tuple(target.name for target in one)
    entry = RangeSetOperation(node.operator, node.all, left, right, names, tuple(kinds))
    columns = tuple(
        ItemColumn(name, i, kind, typmod)
        for i, (name, kind, typmod) in enumerate(zip(names, kinds, typmods, strict=True))
    )
    item = Item("*SELECT*", 0, Columns.of(columns), table_visible=False, entry_kind="setop")
    scope.add_item(entry, item)
    targets = [
        Target(item.reference(column, 0, expr_pos((a if a.expr.type is column.type else b).expr)), column.name)
        for column, a, b in zip(columns, one, two, strict=True)
    ]
    return _with_tail(scope, node, item, targets)


def _bind_side(scope: Scope, query: ast.Query) -> Query:
    side = scope.child()
    side.resolve_unknowns = False
    return bind_rows(side, query)


def _leaves(node: ast.Query, entry: RangeEntry, side: str) -> list[Columns]:
    """Return the columns of the plain queries that a tree of set operations combines."""
    assert isinstance(entry, RangeSetOperation), "the only row source of a set operation"
    query = entry.left if side == "left" else entry.right
    if (
        isinstance(node, ast.SetOperation)
        and node.tail == ast.NO_TAIL
        and isinstance(query.range[0], RangeSetOperation)
    ):
        inner = query.range[0]
        return [*_leaves(node.left, inner, "left"), *_leaves(node.right, inner, "right")]
    shown = enumerate(visible_targets(query))
    return [Columns.of(tuple(ItemColumn(t.name, i, t.expr.type, t.expr.typmod) for i, t in shown))]


def _with_tail(scope: Scope, node: ast.SetOperation, item: Item, targets: list[Target]) -> Query:
    tail = node.tail
    count = len(targets)
    order: list[SortKey] = []
    if tail.order:
        scope.namespace = [item]
        leaves = [*_leaves(node.left, scope.entries[0], "left"), *_leaves(node.right, scope.entries[0], "right")]
        # For suggestions only.
        scope.items.extend(Item(f"*SELECT* {i}", -1, columns) for i, columns in enumerate(leaves, 1))
        order = bind_order(scope, tail.order, targets)
        scope.namespace = []
        if len(targets) > count:
            raise failure(
                "0A000",
                "invalid UNION/INTERSECT/EXCEPT ORDER BY clause",
                expr_pos(targets[count].expr),
                detail="Only result column names can be used, not expressions or functions.",
                hint="Add the expression/function to every SELECT, or move the UNION into a FROM clause.",
            )
    offset, limit = bind_limit(scope, tail.offset, "OFFSET"), bind_limit(scope, tail.limit, "LIMIT")
    if tail.locking:
        words = tail.locking[0].strength.upper()
        raise failure("0A000", f"FOR {words} is not allowed with UNION/INTERSECT/EXCEPT")
    return Query(
        tuple(scope.entries),
        (FromRef(0),),
        tuple(targets),
        order=tuple(order),
        limit=limit,
        offset=offset,
        with_ties=tail.with_ties,
        ctes=finish_ctes(scope),
    )


# ---------------------------------------------------------------- VALUES


@binds_query(ast.Values)
def bind_values(scope: Scope, node: ast.Values) -> Query:
    """Bind VALUES as a query over one row source."""
    bind_with(scope, node.with_)
    rows = bind_value_rows(scope, node)
    kinds: list[Type] = []
    typmods: list[int] = []
    columns: list[list[Expr]] = []
    for position in range(len(rows[0])):
        column = [row[position] for row in rows]
        common = select_common_type(column, "VALUES")
        assert common is not None, "a context makes an error of no common type"
        made = [coerce_to_common(scope.env, expr, common, "VALUES") for expr in column]
        columns.append(made)
        kinds.append(common)
        typmods.append(common_typmod(made, common))
    return values_query(scope, node, list(zip(*columns, strict=True)), kinds, typmods)


def bind_value_rows(scope: Scope, node: ast.Values, kind: str = "VALUES") -> list[list[Expr]]:
    """Bind the rows of VALUES, all of one length, each item as it is."""
    rows: list[list[Expr]] = []
    for row in node.rows:
        if len(row) != len(node.rows[0]):
            raise failure("42601", "VALUES lists must all be the same length", getattr(row[0], "pos", -1))
        rows.append([bind_in(scope, item, kind) for item in row])
    return rows


def values_query(
    scope: Scope, node: ast.Values, rows: Sequence[tuple[Expr, ...]], kinds: Sequence[Type], typmods: Sequence[int]
) -> Query:
    """Return the query over VALUES rows that are already of their column types."""
    names = tuple(f"column{i + 1}" for i in range(len(kinds)))
    columns = tuple(
        ItemColumn(name, i, kind, typmod)
        for i, (name, kind, typmod) in enumerate(zip(names, kinds, typmods, strict=True))
    )
    item = Item("*VALUES*", len(scope.entries), Columns.of(columns), entry_kind="values")
    scope.add_item(RangeValues(tuple(rows), "*VALUES*", names, tuple(kinds)), item)
    scope.namespace = [item]
    targets = [Target(Var(item.source, i, c.type, c.typmod, 0, c.name), c.name) for i, c in enumerate(columns)]
    tail = node.tail
    order = bind_order(scope, tail.order, targets) if tail.order else []
    offset, limit = bind_limit(scope, tail.offset, "OFFSET"), bind_limit(scope, tail.limit, "LIMIT")
    if tail.locking:
        raise failure("0A000", f"FOR {tail.locking[0].strength.upper()} cannot be applied to VALUES")
    return Query(
        tuple(scope.entries),
        (FromRef(item.source),),
        tuple(targets),
        order=tuple(order),
        limit=limit,
        offset=offset,
        with_ties=tail.with_ties,
        ctes=finish_ctes(scope),
    )
