"""Assignments: values into columns, of INSERT, UPDATE and ON CONFLICT DO UPDATE.

The value is coerced to the column's type in assignment context. `a[i] = x` assigns the whole column, computed from its
present value. Identity columns GENERATED ALWAYS and generated columns take DEFAULT only.

Source: PostgreSQL 15, section 10.4; parse_target.c (transformAssignedExpr), rewriteHandler.c (rewriteTargetListIU).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.errors import not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import ASSIGNMENT, coerce_to_target, expr_pos
from rustydb_engine.sql.binder.dispatch import bind_in
from rustydb_engine.sql.binder.elements import assign_element
from rustydb_engine.sql.binder.env import BindEnv, failure, place
from rustydb_engine.sql.binder.fromclause import open_table, table_item
from rustydb_engine.sql.binder.scope import Item, Scope
from rustydb_engine.sql.binder.stored import default_expr
from rustydb_engine.sql.binder.subqueries import bind_subquery, row_query, visible_targets
from rustydb_engine.sql.binder.updatable import Updatable, item_columns, updatable
from rustydb_engine.sql.bound import Expr, FieldExpr, Var


def open_target(scope: Scope, item: ast.FromTable, action: str) -> tuple[Table, Updatable | None]:
    """Return the table that a statement changes, and the view through which it does.

    `action` is "insert into", "update" or "delete from".
    """
    table = open_table(scope, item.name, item.pos)
    if table.kind == "virtual":
        raise failure("42501", f'permission denied: "{table.name}" is a system catalog')
    if table.kind == "view":
        found = updatable(scope.env, table, action, item.pos)
        return found.table, found
    return table, None


def target_item(scope: Scope, table: Table, view: Updatable | None, item: ast.FromTable) -> Item:
    """Return the namespace item of what a statement changes: of the view, where there is one."""
    if view is None:
        return table_item(scope, table, item)
    made = table_item(scope, view.view, item)
    made.columns = item_columns(view, made.source)
    if item.columns:
        raise not_supported("column aliases of a view that is changed", place(item.pos))
    return made


def find_target_column(table: Table, name: str, pos: int) -> tuple[int, TableColumn]:
    """Return (position, column) of an assigned column; 42703 when there is none."""
    for index, column in enumerate(table.columns):
        if column.name == name and not column.dropped:
            return index, column
    if name in ("tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"):
        raise failure("0A000", f'cannot assign to system column "{name}"', pos)
    raise failure("42703", f'column "{name}" of relation "{table.name}" does not exist', pos)


def coerce_to_column(env: BindEnv, expr: Expr, column: TableColumn, pos: int = -1) -> Expr:
    """Coerce a value to a column's type and modifier."""
    made = coerce_to_target(env, expr, column.type, column.typmod, ASSIGNMENT)
    if made is None:
        where = expr_pos(expr)
        raise failure(
            "42804",
            f'column "{column.name}" is of type {column.type.display} but expression is of type {expr.type.display}',
            where if where >= 0 else pos,
            hint="You will need to rewrite or cast the expression.",
        )
    return made


def bind_assignments(
    scope: Scope, table: Table, assignments: Sequence[ast.Assignment], source: int
) -> tuple[tuple[int, Expr], ...]:
    """Bind SET; the present row of the table is range entry `source`."""
    found: dict[int, Expr] = {}
    partial: set[int] = set()
    shared: dict[int, Expr] = {}
    for one in assignments:
        index, column = find_target_column(table, one.column, one.pos)
        if index in found and not (one.indirection and index in partial):
            raise failure("42601", f'multiple assignments to same column "{one.column}"')
        item = _item(one)
        if isinstance(item, ast.Default):
            if one.indirection:
                raise failure("42601", "cannot set an array element to DEFAULT", item.pos)
            if column.generated is None:
                found[index] = default_expr(scope.env.catalog, table, column)
            continue
        _check_settable(column)
        value = _multiple(scope, one, shared) if item is None else bind_in(scope, item, "UPDATE")
        if one.indirection:
            partial.add(index)
            before = found.get(index) or Var(source, index, column.type, column.typmod, 0, column.name)
            found[index] = assign_element(scope, before, column, one.indirection, value, one.pos)
        else:
            found[index] = coerce_to_column(scope.env, value, column, one.pos)
    return tuple(sorted(found.items()))


def _check_settable(column: TableColumn) -> None:
    if column.generated is not None:
        detail = f'Column "{column.name}" is a generated column.'
    elif column.identity == "a":
        detail = f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.'
    else:
        return
    raise failure("428C9", f'column "{column.name}" can only be updated to DEFAULT', detail=detail)


def _item(one: ast.Assignment) -> ast.Node | None:
    """Return the expression of an assignment, or None when it is a column of a subquery."""
    if one.multi is None:
        return one.item
    source, index, count = one.multi
    if isinstance(source, ast.Row):
        if len(source.items) != count:
            raise failure("42601", "number of columns does not match number of values", source.pos)
        return source.items[index]
    if not isinstance(source, ast.ScalarQuery):
        message = "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression"
        raise failure("0A000", message, getattr(source, "pos", -1))
    return None


def _multiple(scope: Scope, one: ast.Assignment, shared: dict[int, Expr]) -> Expr:
    """Return a column of `(a, b) = (SELECT …)`: a field of the subquery's row, the same subquery for all columns."""
    assert one.multi is not None, "a column of a multiple assignment"
    source, index, count = one.multi
    assert isinstance(source, ast.ScalarQuery), "checked before"
    if index == 0:
        before, scope.kind = scope.kind, "UPDATE"
        query = bind_subquery(scope, source.query, source.pos)
        scope.kind = before
        columns = visible_targets(query)
        if len(columns) != count:
            raise failure("42601", "number of columns does not match number of values", source.pos)
        shared.clear()
        row, kinds = row_query(query, source.pos)
        for number, (kind, typmod) in enumerate(kinds):
            shared[number] = FieldExpr(row, number, kind, typmod, f"f{number + 1}", source.pos)
    return shared[index]
