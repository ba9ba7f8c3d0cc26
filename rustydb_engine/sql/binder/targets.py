"""Select lists and RETURNING: output columns, their names, and which table column each one is.

A column without an alias is named after what it is: a column or field by its name, a call by the function, a cast by the
type when nothing better is there; otherwise `?column?`.

Source: PostgreSQL 15, section 7.3; src/backend/parser/parse_target.c (FigureColname, markTargetListOrigin).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.composites import field_columns, star_columns
from rustydb_engine.sql.binder.dispatch import bind_expr
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import SYSTEM_NUMBERS, WHOLE_ROW, Scope
from rustydb_engine.sql.bound import Expr, ModifyQuery, Query, RangeCte, RangeQuery, RangeTable, Target, Var

TARGETS_MAX = 1664
NAME_BYTES_MAX = 63


def bind_targets(scope: Scope, targets: Sequence[ast.Target], kind: str = "select list") -> list[Target]:
    """Bind a select list."""
    before, scope.kind = scope.kind, kind
    found: list[Target] = []
    for target in targets:
        item = target.item
        if isinstance(item, ast.Star):
            found.extend(_target(scope, expr, name) for name, expr, _ in star_columns(scope, item))
        elif isinstance(item, ast.Field) and item.name == "*":
            row = bind_expr(scope, item.item)
            found.extend(_target(scope, expr, name) for name, expr in field_columns(scope, row, item.pos))
        else:
            name = target.alias or figure_name(item)
            made = bind_expr(scope, item)
            # A collation makes a new value of a column.
            found.append(Target(made, name) if isinstance(item, ast.Collate) else _target(scope, made, name))
    scope.kind = before
    if len(found) > TARGETS_MAX:
        raise failure("54011", f"target lists can have at most {TARGETS_MAX} entries")
    return found


def _target(scope: Scope, expr: Expr, name: str) -> Target:
    if isinstance(expr, Var) and expr.column != WHOLE_ROW:
        table, attnum = origin(scope, expr)
        return Target(expr, name, False, table, attnum)
    for item in scope.items:  # a computed column of a view that is changed
        if item.table is not None and item.table.kind == "view":
            for column in item.columns.order:
                if column.expr is expr:
                    return Target(expr, name, False, item.table.oid, view_attnum(item.table, column.name))
    return Target(expr, name)


def view_attnum(view: Table, name: str) -> int:
    """Return the number of a column of a view."""
    found = view.column(name)
    assert found is not None, "the columns of the item are the view's"
    return found.attnum


def origin(scope: Scope, var: Var) -> tuple[int, int]:
    """Return (table OID, attnum) of the column that a Var shows, or (0, 0)."""
    owner = scope.up(var.level) if var.level else scope
    if var.source >= len(owner.entries):
        return 0, 0
    item = owner.items[var.source] if var.source < len(owner.items) else None
    if item is not None and item.table is not None and item.source == var.source:
        if item.table.kind == "view" and isinstance(owner.entries[var.source], RangeTable):
            return item.table.oid, view_attnum(item.table, var.name)
        return item.table.oid, var.column + 1 if var.column >= 0 else SYSTEM_NUMBERS[var.column]
    entry = owner.entries[var.source]
    if isinstance(entry, RangeQuery):
        return _query_origin(entry.query, var.column)
    if isinstance(entry, RangeCte):
        query = owner.up(entry.level).cte_list[entry.cte].query
        if query is not None:
            return _query_origin(query, var.column)
    return 0, 0


def _query_origin(query: Query | ModifyQuery, column: int) -> tuple[int, int]:
    targets = query.targets if isinstance(query, Query) else query.returning
    visible = [target for target in targets if not target.junk]
    return (visible[column].table, visible[column].attnum) if column < len(visible) else (0, 0)


def figure_name(node: ast.Node | ast.Query) -> str:
    """Return the name of an output column that has no alias."""
    return _figure(node)[0] or "?column?"


def _figure(node: object) -> tuple[str, int]:
    """Return (name, strength): 2 names the thing itself, 1 is a weak guess that an outer cast overrides."""
    kind = type(node)
    if isinstance(node, ast.Column):
        return node.name[-1], 2
    if isinstance(node, ast.Call):
        return node.name[-1], 2
    if isinstance(node, ast.Cast):
        name, strength = _figure(node.item)
        return (name, strength) if strength > 1 else (_type_name(node.type), 1)
    if isinstance(node, ast.Literal):
        return "", 0
    if isinstance(node, ast.Field):
        return (node.name, 2) if node.name != "*" else _figure(node.item)
    if isinstance(node, ast.Subscript | ast.Collate):
        return _figure(node.item)
    if isinstance(node, ast.Case):
        name, strength = _figure(node.default) if node.default is not None else ("", 0)
        return (name, strength) if strength > 1 else ("case", 1)
    if isinstance(node, ast.Special | ast.Keyword):
        return node.kind if isinstance(node, ast.Special) else node.name, 2
    if isinstance(node, ast.ScalarQuery):
        return _query_name(node.query)
    return _FIXED.get(kind, ("", 0))


_FIXED: dict[type, tuple[str, int]] = {
    ast.Exists: ("exists", 2),
    ast.ArrayQuery: ("array", 2),
    ast.ArrayOf: ("array", 2),
    ast.Row: ("row", 2),
    ast.AtTimeZone: ("timezone", 2),
}


def _type_name(name: ast.TypeName) -> str:
    return name.name[-1]


def _query_name(query: ast.Query) -> tuple[str, int]:
    while isinstance(query, ast.SetOperation):
        query = query.left
    if isinstance(query, ast.Select) and query.targets:
        target = query.targets[0]
        if target.alias:
            return target.alias, 2
        return _figure(target.item)
    if isinstance(query, ast.Values):
        return "column1", 2
    return "", 0


def bind_returning(scope: Scope, targets: Sequence[ast.Target]) -> tuple[Target, ...]:
    """Bind RETURNING; types that nothing decided become text."""
    from rustydb_engine.sql.binder.coerce import unknown_to_text
    from rustydb_engine.sql.binder.trees import replace

    found = bind_targets(scope, targets, "RETURNING")
    return tuple(replace(target, expr=unknown_to_text(scope.env, target.expr)) for target in found)
