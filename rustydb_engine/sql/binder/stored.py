"""Expressions that belong to a table: defaults, checks, generated columns, index keys and predicates.

`bind_expression` binds one as DDL gives it and makes the checks that PostgreSQL makes for its purpose. The catalog keeps the
canonical text; `stored_expr` binds that text when a statement needs it. A row of the table is Var(0, column) in all of
them. What every new row of a table must satisfy (`table_rules`) is kept until the catalog changes.

Source: PostgreSQL 15, src/backend/catalog/heap.c (cookDefault, cookConstraint), commands/indexcmds.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import (
    ASSIGNMENT,
    coerce_to_boolean,
    coerce_to_target,
    coerce_type,
    expr_pos,
    unknown_to_text,
)
from rustydb_engine.sql.binder.dispatch import bind_in
from rustydb_engine.sql.binder.env import BindEnv, failure
from rustydb_engine.sql.binder.overload import find_function
from rustydb_engine.sql.binder.scope import Item, Scope, columns_of_table
from rustydb_engine.sql.binder.trees import walk
from rustydb_engine.sql.binder.volatility import volatility
from rustydb_engine.sql.bound import Const, Expr, FuncExpr, RangeTable, TableRules, Var
from rustydb_engine.sql.parser import parse_expression
from rustydb_engine.values.types import INT8, REGCLASS

KINDS = {
    "check": "check constraints",
    "copy": "COPY FROM WHERE conditions",
    "default": "DEFAULT expressions",
    "generated": "column generation expressions",
    "index": "index expressions",
    "predicate": "index predicates",
    "using": "transform expressions",
    "filter": "conditions of subscriptions",
}
_rules: dict[int, tuple[int, Table, TableRules]] = {}
_defaults: dict[int, tuple[int, Table, dict[int, Expr]]] = {}
_parsed: dict[str, ast.Node] = {}
CACHE_MAX = 5_000


def table_scope(env: BindEnv, table: Table | None, kind: str = "") -> Scope:
    """Return a scope whose only row source is a table (or none)."""
    scope = Scope(env, kind=kind)
    if table is not None:
        columns = columns_of_table(table)
        names = tuple(column.name for column in columns.order)
        item = scope.add_item(RangeTable(table, table.name, names), Item(table.name, 0, columns, table, own_name=True))
        scope.namespace.append(item)
    return scope


def bind_expression(node: ast.Node, table: Table | None, env: BindEnv, kind: str) -> Expr:
    """Bind an expression for a table. `kind`: check, copy (COPY … WHERE), default, generated, index, predicate, using (ALTER …
    TYPE … USING), filter (of a subscription).

    Raises PostgreSQL's errors for what the purpose forbids. A default or generated expression still has its own type:
    see `assign_default`.
    """
    scope = table_scope(env, None if kind == "default" else table, KINDS[kind])
    made = bind_in(scope, node, KINDS[kind])
    if kind == "check":
        made = coerce_to_boolean(env, made, "CHECK")
    elif kind in ("predicate", "filter", "copy"):
        made = coerce_to_boolean(env, made, "WHERE")
    elif kind == "index":
        made = unknown_to_text(env, made)
    _check_columns(made, table, kind)
    if kind in _NOT_IMMUTABLE and volatility(made) != "i":
        raise failure("42P17", _NOT_IMMUTABLE[kind])
    return made


_NOT_IMMUTABLE = {
    "generated": "generation expression is not immutable",
    "index": "functions in index expression must be marked IMMUTABLE",
    "predicate": "functions in index predicate must be marked IMMUTABLE",
    "filter": "functions in the condition of a subscription must be marked IMMUTABLE",
}


def _check_columns(expr: Expr, table: Table | None, kind: str) -> None:
    if table is None:
        return
    for node, _ in walk(expr):
        if not isinstance(node, Var):
            continue
        if node.column < -1 and node.column != -2:
            if kind == "check":
                raise failure(
                    "42P10", f'system column "{node.name}" reference in check constraint is invalid', node.pos
                )
            if kind == "filter":
                raise failure("0A000", f'system column "{node.name}" in the condition of a subscription', node.pos)
            if kind in ("index", "predicate"):
                raise failure("0A000", "index creation on system columns is not supported", node.pos)
            if kind == "generated":
                message = f'cannot use system column "{node.name}" in column generation expression'
                raise failure("42P10", message, node.pos)
        if kind == "copy" and node.column >= 0 and table.columns[node.column].generated is not None:
            raise failure(
                "42P10",
                "generated columns are not supported in COPY FROM WHERE conditions",
                detail=f'Column "{node.name}" is a generated column.',
            )
        if kind == "generated" and node.column == -1:
            message = "cannot use whole-row variable in column generation expression"
            detail = "This would cause the generated column to depend on its own value."
            raise failure("42P17", message, node.pos, detail=detail)
        if kind == "generated" and node.column >= 0 and table.columns[node.column].generated is not None:
            raise failure(
                "42P17",
                f'cannot use generated column "{node.name}" in column generation expression',
                node.pos,
                detail="A generated column cannot reference another generated column.",
            )


def assign_default(env: BindEnv, expr: Expr, column: TableColumn, generated: bool = False) -> Expr:
    """Coerce a default or generation expression to its column; 42804 when it does not fit."""
    made = coerce_to_target(env, expr, column.type, column.typmod, ASSIGNMENT)
    if made is None:
        what = "generation" if generated else "default"
        raise failure(
            "42804",
            f'column "{column.name}" is of type {column.type.display} but {what} expression is of type '
            f"{expr.type.display}",
            expr_pos(expr),
            hint="You will need to rewrite or cast the expression.",
        )
    return made


# ---------------------------------------------------------------- what the catalog has stored


def stored_syntax(text: str) -> ast.Node:
    """Return the syntax tree of an expression of the catalog."""
    found = _parsed.get(text)
    if found is None:
        found = parse_expression(text)
        if len(_parsed) >= CACHE_MAX:
            _parsed.clear()
        _parsed[text] = found
    return found


def stored_expr(catalog: Catalog, text: str, table: Table | None) -> Expr:
    """Bind an expression of the catalog: its names are qualified, its rows Var(0, column)."""
    env = BindEnv(catalog, (), allow_parameters=False, canonical=True)
    return bind_in(table_scope(env, table), stored_syntax(text), "select list")


def default_expr(catalog: Catalog, table: Table, column: TableColumn) -> Expr:
    """Return what a column gets when an INSERT gives nothing: its default, its sequence's next number, or NULL.

    A default is bound once for a state of the catalog.
    """
    if column.default is None and not (column.identity and column.sequence):
        return Const(None, column.type, column.typmod)
    known = _defaults.get(table.oid)
    if known is None or known[0] != catalog.version or known[1] is not table:
        if len(_defaults) >= CACHE_MAX:
            _defaults.clear()
        known = _defaults[table.oid] = (catalog.version, table, {})
    made = known[2].get(column.attnum)
    if made is None:
        made = known[2][column.attnum] = _bind_default(catalog, table, column)
    return made


def _bind_default(catalog: Catalog, table: Table, column: TableColumn) -> Expr:
    env = BindEnv(catalog, (), allow_parameters=False, canonical=True)
    if column.identity and column.sequence:
        call = find_function(("pg_catalog", "nextval"), (REGCLASS,), (), False, (), cast_allowed=False)
        assert call.candidate is not None, "nextval is a function"
        made: Expr = FuncExpr(call.candidate.function, (Const(column.sequence, REGCLASS),), INT8)
        return made if column.type is INT8 else coerce_type(env, made, column.type, ASSIGNMENT)
    if column.default is None or column.generated is not None or column.dropped:
        return Const(None, column.type, column.typmod)
    bound = bind_in(table_scope(env, None), stored_syntax(column.default), "DEFAULT expressions")
    return assign_default(env, bound, column)


def table_rules(catalog: Catalog, table: Table) -> TableRules:
    """Return what every new row of a table must satisfy; kept until the catalog or the table changes."""
    known = _rules.get(table.oid)
    if known is not None and known[0] == catalog.version and known[1] is table:
        return known[2]
    env = BindEnv(catalog, (), allow_parameters=False)
    checks = tuple(
        (constraint.name, coerce_to_boolean(env, stored_expr(catalog, constraint.expression, table), "CHECK"))
        for constraint in sorted(catalog.constraints_of(table.oid), key=lambda each: each.name)
        if constraint.type == "c"
    )
    generated = tuple(
        (place, assign_default(env, stored_expr(catalog, column.generated, table), column, generated=True))
        for place, column in enumerate(table.columns)
        if column.generated is not None and not column.dropped
    )
    not_null = tuple(i for i, column in enumerate(table.columns) if column.not_null and not column.dropped)
    rules = TableRules(not_null, checks, generated)
    if len(_rules) >= CACHE_MAX:
        _rules.clear()
    _rules[table.oid] = (catalog.version, table, rules)
    return rules
