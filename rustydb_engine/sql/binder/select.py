"""SELECT: the order in which its clauses are bound, and what holds them together.

WITH and FROM first, then the select list, WHERE, HAVING, ORDER BY, GROUP BY, DISTINCT, LIMIT, windows, and at last the
checks that need all of them. ORDER BY, GROUP BY and DISTINCT add junk targets for what the select list does not have.

Source: PostgreSQL 15, src/backend/parser/analyze.c (transformSelectStmt).
"""

from __future__ import annotations

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import coerce_to_boolean, unknown_to_text
from rustydb_engine.sql.binder.cte import bind_with, finish_ctes
from rustydb_engine.sql.binder.dispatch import bind_in, binds_query
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.fromclause import bind_from
from rustydb_engine.sql.binder.grouping import Sets, bind_group, check_grouped, check_recursive_term, finish_grouping
from rustydb_engine.sql.binder.locking import bind_locks
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.sorting import bind_distinct, bind_limit, bind_order
from rustydb_engine.sql.binder.targets import bind_targets
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.binder.windows import bind_windows, enter_named_windows
from rustydb_engine.sql.bound import Expr, FromNode, Query, Target, WindowDef
from rustydb_engine.values.types import UNKNOWN


@binds_query(ast.Select)
def bind_select(scope: Scope, node: ast.Select) -> Query:
    """Bind a SELECT in its own scope."""
    if node.into is not None:
        raise failure("42601", "SELECT ... INTO is not allowed here", node.pos)
    bind_with(scope, node.with_)
    if node.windows:
        enter_named_windows(scope, node.windows)
    source: tuple[FromNode, ...] = bind_from(scope, node.source) if node.source else ()
    targets = bind_targets(scope, node.targets)
    where = having = None
    if node.where is not None:
        where = coerce_to_boolean(scope.env, bind_in(scope, node.where, "WHERE"), "WHERE")
    if node.having is not None:
        having = coerce_to_boolean(scope.env, bind_in(scope, node.having, "HAVING"), "HAVING")
    tail = node.tail
    order = bind_order(scope, tail.order, targets) if tail.order else []
    group: tuple[int, ...] = ()
    sets: Sets | None = None
    if node.group:
        group, sets = bind_group(scope, node, targets)
    distinct = bind_distinct(scope, node.distinct, targets, order) if node.distinct is not None else None
    offset, limit = bind_limit(scope, tail.offset, "OFFSET"), bind_limit(scope, tail.limit, "LIMIT")
    windows = bind_windows(scope) if scope.window_keys else ()
    if scope.resolve_unknowns:
        _resolve_unknowns(scope, targets)
    grouped = bool(node.group) or having is not None or scope.has_aggregates
    if scope.has_grouping:
        targets, having, windows = _finish_grouping(targets, group, having, windows)
    if scope.has_aggregates:
        check_recursive_term(scope, targets)
    if grouped:
        check_grouped(scope, targets, group, sets, _other_exprs(having, windows))
    query = Query(
        tuple(scope.entries),
        source,
        tuple(targets),
        where,
        group,
        sets,
        grouped,
        having,
        windows,
        distinct,
        tuple(order),
        limit,
        offset,
        tail.with_ties,
        (),
        finish_ctes(scope) if scope.cte_list else (),
        scope.set_returning,
    )
    return bind_locks(scope, query, tail.locking) if tail.locking else query


def _resolve_unknowns(scope: Scope, targets: list[Target]) -> None:
    for index, target in enumerate(targets):
        if target.expr.type is UNKNOWN:
            targets[index] = replace(target, expr=unknown_to_text(scope.env, target.expr))


def _other_exprs(having: Expr | None, windows: tuple[WindowDef, ...]) -> list[Expr]:
    found = [] if having is None else [having]
    for window in windows:
        found.extend(window.partition)
        found.extend(key.expr for key in window.order)
    return found


def _finish_grouping(
    targets: list[Target], group: tuple[int, ...], having: Expr | None, windows: tuple[WindowDef, ...]
) -> tuple[list[Target], Expr | None, tuple[WindowDef, ...]]:
    def finish(expr: Expr) -> Expr:
        return finish_grouping(expr, targets, group)

    made = [replace(target, expr=finish(target.expr)) for target in targets]
    done = tuple(
        replace(
            window,
            partition=tuple(finish(expr) for expr in window.partition),
            order=tuple(replace(key, expr=finish(key.expr)) for key in window.order),
        )
        for window in windows
    )
    return made, None if having is None else finish(having), done
