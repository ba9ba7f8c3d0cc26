"""UPDATE and DELETE.

Range entry 0 is the table that changes; FROM and USING add more. The table is visible in SET and WHERE, not inside FROM.

Source: PostgreSQL 15, src/backend/parser/analyze.c (transformUpdateStmt, transformDeleteStmt).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.assign import bind_assignments, open_target, target_item
from rustydb_engine.sql.binder.coerce import coerce_to_boolean
from rustydb_engine.sql.binder.cte import bind_with, finish_ctes
from rustydb_engine.sql.binder.dispatch import bind_in, binds, binds_query
from rustydb_engine.sql.binder.fromclause import bind_from
from rustydb_engine.sql.binder.overload import find_operator_or_none
from rustydb_engine.sql.binder.scope import Item, Scope
from rustydb_engine.sql.binder.stored import table_rules
from rustydb_engine.sql.binder.targets import bind_returning
from rustydb_engine.sql.binder.updatable import Updatable, base_names, restricted
from rustydb_engine.sql.bound import (
    Const,
    DeleteQuery,
    Expr,
    FromNode,
    FromRef,
    FuncExpr,
    OpExpr,
    RangeTable,
    UpdateQuery,
    Var,
)
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import Function
from rustydb_engine.values.types import BOOL, OID, TEXT, TID


@binds_query(ast.Update)
def bind_update(scope: Scope, node: ast.Update) -> UpdateQuery:
    """Bind an UPDATE."""
    bind_with(scope, node.with_)
    table, view, target = _enter_target(scope, node.table, "update")
    source = _bind_sources(scope, target, node.source)
    where = restricted(view, _bind_where(scope, node.where))
    returning = bind_returning(scope, node.returning) if node.returning else ()
    assignments = bind_assignments(scope, table, base_names(view, node.assignments, "update"), 0)
    rules = table_rules(scope.env.catalog, table)
    return UpdateQuery(
        table, assignments, rules, tuple(scope.entries), source, where, returning, finish_ctes(scope)
    )  # fmt: skip


@binds_query(ast.Delete)
def bind_delete(scope: Scope, node: ast.Delete) -> DeleteQuery:
    """Bind a DELETE."""
    bind_with(scope, node.with_)
    table, view, target = _enter_target(scope, node.table, "delete from")
    source = _bind_sources(scope, target, node.using)
    where = restricted(view, _bind_where(scope, node.where))
    returning = bind_returning(scope, node.returning) if node.returning else ()
    return DeleteQuery(table, tuple(scope.entries), source, where, returning, finish_ctes(scope))


def _enter_target(scope: Scope, item: ast.FromTable, action: str) -> tuple[Table, Updatable | None, Item]:
    table, view = open_target(scope, item, action)
    target = target_item(scope, table, view, item)
    names = tuple(column.name for column in target.columns.order)
    # EXPLAIN shows the table under a view by its own name.
    scope.add_item(RangeTable(table, target.name if view is None else table.name, names), target)
    return table, view, target


def _bind_sources(scope: Scope, target: Item, source: Sequence[ast.FromItem]) -> tuple[FromNode, ...]:
    """Bind FROM or USING beside the target, which LATERAL items there must not use."""
    target.lateral_only, target.lateral_ok, target.entry_kind = True, False, "target"
    scope.namespace.append(target)
    nodes = bind_from(scope, source)
    return (FromRef(0), *nodes)


def _bind_where(scope: Scope, where: ast.Node | None) -> Expr | None:
    if where is None:
        return None
    return coerce_to_boolean(scope.env, bind_in(scope, where, "WHERE"), "WHERE")


def _current_row(context: EvalContext, cursor: str, table_oid: int) -> int | None:
    return context.current_row(cursor, table_oid)


# No name leads here but the syntax, so it is in no table.
CURRENT_ROW = Function(0, "current_row", (TEXT, OID), TID, _current_row, volatility="s", context=True)


@binds(ast.CurrentOf)
def bind_current_of(scope: Scope, node: ast.CurrentOf) -> Expr:
    """Bind `WHERE CURRENT OF c` as `ctid = current_row('c', table)`, which is read by address."""
    entry = scope.entries[0]
    assert isinstance(entry, RangeTable), "the grammar has it in UPDATE and DELETE only"
    row = Var(0, -3, TID, name="ctid", pos=node.pos)
    where = FuncExpr(CURRENT_ROW, (Const(node.cursor, TEXT), Const(entry.table.oid, OID)), TID, pos=node.pos)
    equal = find_operator_or_none("=", TID, TID)
    assert equal is not None, "tid can be compared"
    return OpExpr(equal, (row, where), BOOL, pos=node.pos)
