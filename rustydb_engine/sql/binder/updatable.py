"""Changing a view: which views can be, and what a change of one means for the table below.

A view that is a plain selection from one table (or from another such view) is updated as that table: its columns stand for the
table's, its WHERE is added to that of UPDATE and DELETE, and INSERT gives the columns that it has.

    CREATE VIEW v AS SELECT id AS key, upper(a) AS shown FROM t WHERE b > 0
    UPDATE v SET key = 5 WHERE shown = 'X'        UPDATE t SET id = 5 WHERE upper(a) = 'X' AND b > 0

A column of the view that is an expression can be read in conditions and RETURNING, not assigned.

Source: PostgreSQL 15, CREATE VIEW; src/backend/rewrite/rewriteHandler.c (view_query_is_auto_updatable).
"""

from __future__ import annotations

from dataclasses import replace

from rustydb_engine.catalog.objects import Table
from rustydb_engine.errors import not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import BindEnv, failure
from rustydb_engine.sql.binder.scope import Columns, ItemColumn
from rustydb_engine.sql.binder.trees import is_set_returning, rebuild, walk
from rustydb_engine.sql.binder.views import expand_view
from rustydb_engine.sql.bound import (
    AggregateExpr,
    BoolExpr,
    Expr,
    FromRef,
    Query,
    RangeQuery,
    RangeSetOperation,
    RangeTable,
    SubqueryExpr,
    Var,
    WindowExpr,
)
from rustydb_proto.core.value import value

VERBS = {"insert into": ("insert into", "inserting into", "INSERT"), "update": ("update", "updating", "UPDATE"),
         "delete from": ("delete from", "deleting from", "DELETE")}  # fmt: skip


@value
class Updatable:
    """A view as its table: `columns` as expressions over Var(0, …) of `table`, by the view's names, and its conditions."""

    view: Table
    table: Table
    columns: tuple[tuple[str, Expr], ...]
    where: tuple[Expr, ...]


def updatable(env: BindEnv, view: Table, action: str, pos: int) -> Updatable:
    """Return what a change of a view changes; 55000 with the reason when it is not a plain selection."""
    query = expand_view(env, view, pos)
    names = [column.name for column in view.live()]
    reason = _reason(query)
    if reason:
        verb, doing, event = VERBS[action]
        hint = (
            f"To enable {doing} the view, provide an INSTEAD OF {event} trigger or an unconditional ON {event} DO INSTEAD"
            " rule."
        )
        raise failure("55000", f'cannot {verb} view "{view.name}"', detail=reason, hint=hint)
    exprs = [target.expr for target in query.targets[: len(names)]]
    where = () if query.where is None else (query.where,)
    if any(isinstance(node, SubqueryExpr) for expr in (*exprs, *where) for node, _ in walk(expr)):
        raise not_supported(f"{VERBS[action][1]} a view with subqueries")
    (entry,) = query.range
    if isinstance(entry, RangeTable):
        return Updatable(view, entry.table, tuple(zip(names, exprs, strict=True)), where)
    assert isinstance(entry, RangeQuery), "the reason says so"
    below = env.catalog.get(entry.view)
    assert isinstance(below, Table), "a view's entry names it"
    inner = updatable(env, below, action, pos)
    given = tuple(expr for _, expr in inner.columns)
    return Updatable(
        view,
        inner.table,
        tuple((name, _through(expr, given)) for name, expr in zip(names, exprs, strict=True)),
        (*inner.where, *(_through(condition, given) for condition in where)),
    )


def _reason(query: Query) -> str:
    """Return why PostgreSQL does not update a view of this query, "" when it does."""
    targets = [target.expr for target in query.targets]
    nodes = [node for expr in targets for node, depth in walk(expr) if depth == 0]
    for wrong, words in (
        (query.distinct is not None, "containing DISTINCT"),
        (bool(query.group) or query.grouping_sets is not None, "containing GROUP BY"),
        (query.having is not None, "containing HAVING"),
        (any(isinstance(entry, RangeSetOperation) for entry in query.range), "containing UNION, INTERSECT, or EXCEPT"),
        (bool(query.ctes), "containing WITH"),
        (query.limit is not None or query.offset is not None, "containing LIMIT or OFFSET"),
        (any(isinstance(node, AggregateExpr) for node in nodes), "that return aggregate functions"),
        (any(isinstance(node, WindowExpr) for node in nodes), "that return window functions"),
        (any(is_set_returning(expr) for expr in targets), "that return set-returning functions"),
    ):
        if wrong:
            return f"Views {words} are not automatically updatable."
    plain = len(query.range) == 1 and len(query.source) == 1 and isinstance(query.source[0], FromRef)
    entry = query.range[0] if plain else None
    if isinstance(entry, RangeTable) and entry.table.kind == "table":
        return ""
    if isinstance(entry, RangeQuery) and entry.view:
        return ""
    return "Views that do not select from a single table or view are not automatically updatable."


def _through(expr: Expr, columns: tuple[Expr, ...]) -> Expr:
    """Return an expression over a view as one over what is below it."""
    if isinstance(expr, Var):
        return columns[expr.column] if expr.source == 0 and expr.column >= 0 else expr
    return rebuild(expr, lambda item: _through(item, columns))


def _at(expr: Expr, source: int) -> Expr:
    if isinstance(expr, Var):
        return replace(expr, source=source)
    return rebuild(expr, lambda item: _at(item, source))


def item_columns(found: Updatable, source: int) -> Columns:
    """Return the view's columns as they are seen in a statement whose range entry `source` is the table."""
    return Columns.of(
        tuple(
            ItemColumn(name, expr.column, expr.type, expr.typmod)
            if isinstance(expr, Var)
            else ItemColumn(name, -1, expr.type, expr.typmod, _at(expr, source))
            for name, expr in found.columns
        )
    )


def restricted(found: Updatable | None, where: Expr | None) -> Expr | None:
    """Return the condition of an UPDATE or DELETE together with the view's own; the table is range entry 0."""
    if found is None or not found.where:
        return where
    terms = (*found.where, *(() if where is None else (where,)))
    return terms[0] if len(terms) == 1 else BoolExpr("and", terms)


def base_names(found: Updatable | None, written: tuple[ast.Assignment, ...], action: str) -> tuple[ast.Assignment, ...]:
    """Return assignments with the table's column names; 42703 and 0A000 for columns that are not there or are computed."""
    return written if found is None else tuple(_base_name(found, one, action) for one in written)


def _base_name(found: Updatable, one: ast.Assignment, action: str) -> ast.Assignment:
    expr = dict(found.columns).get(one.column)
    if expr is None:
        raise failure("42703", f'column "{one.column}" of relation "{found.view.name}" does not exist', one.pos)
    return replace(one, column=found.table.columns[place_of(found, one.column, expr, action)].name)


def place_of(found: Updatable, name: str, expr: Expr, action: str) -> int:
    """Return the position of the table's column that a column of the view is; 0A000 when it is computed."""
    if isinstance(expr, Var) and expr.column >= 0:
        return expr.column
    raise failure(
        "0A000",
        f'cannot {VERBS[action][0]} column "{name}" of view "{found.view.name}"',
        detail="View columns that are not columns of their base relation are not updatable.",
    )
