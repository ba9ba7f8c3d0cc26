"""ON CONFLICT: which unique indexes arbitrate, and what DO UPDATE sets.

The columns and expressions given must be exactly those of a unique index; a partial index serves when the WHERE given
implies its predicate. In DO UPDATE the existing row is range entry 1 and EXCLUDED, the row that was to be inserted, entry 2.

Source: PostgreSQL 15, INSERT; parse_clause.c (transformOnConflictArbiter), optimizer/util/plancat.c (infer_arbiter_indexes).
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.assign import bind_assignments
from rustydb_engine.sql.binder.coerce import coerce_to_boolean
from rustydb_engine.sql.binder.dispatch import bind_in
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import Item, Scope
from rustydb_engine.sql.binder.stored import stored_expr
from rustydb_engine.sql.binder.trees import rebuild, replace
from rustydb_engine.sql.bound import BoolExpr, BoundConflict, Expr, RangeTable, Var


def bind_conflict(scope: Scope, clause: ast.OnConflict, table: Table, target: Item) -> BoundConflict:
    """Bind ON CONFLICT; enters EXCLUDED into the scope's range."""
    if clause.action == "update" and not clause.items and not clause.constraint:
        raise failure(
            "42601",
            "ON CONFLICT DO UPDATE requires inference specification or constraint name",
            clause.pos,
            hint="For example, ON CONFLICT (column_name).",
        )
    scope.namespace = [target]
    indexes: tuple[int, ...] = ()
    if clause.constraint:
        indexes = (_by_constraint(scope, table, clause.constraint),)
    elif clause.items:
        indexes = _inferred(scope, table, clause)
    if clause.action == "nothing":
        return BoundConflict("nothing", indexes)
    excluded = Item("excluded", 2, target.columns, None, entry_kind="excluded")
    names = tuple(column.name for column in target.columns.order)
    scope.add_item(RangeTable(table, "excluded", names), excluded)
    scope.namespace = [target, excluded]
    assignments = bind_assignments(scope, table, clause.assignments, 1)
    where = None
    if clause.where is not None:
        where = coerce_to_boolean(scope.env, bind_in(scope, clause.where, "WHERE"), "WHERE")
    return BoundConflict("update", indexes, assignments, where)


def _by_constraint(scope: Scope, table: Table, name: str) -> int:
    for constraint in scope.env.catalog.constraints_of(table.oid):
        if constraint.name != name:
            continue
        if constraint.type not in ("p", "u") or not constraint.index:
            raise failure("42809", "constraint in ON CONFLICT clause has no associated index")
        if constraint.deferrable:
            message = "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters"
            raise failure("55000", message)
        return constraint.index
    raise failure("42704", f'constraint "{name}" for table "{table.name}" does not exist')


def _inferred(scope: Scope, table: Table, clause: ast.OnConflict) -> tuple[int, ...]:
    columns: set[int] = set()
    expressions: list[Expr] = []
    for item in clause.items:
        made = bind_in(scope, item, "index expressions")
        if isinstance(made, Var) and made.column >= 0:
            columns.add(made.column + 1)
        else:
            expressions.append(_as_stored(made))
    where = None
    if clause.arbiter_where is not None:
        condition = bind_in(scope, clause.arbiter_where, "index predicates")
        where = _as_stored(coerce_to_boolean(scope.env, condition, "WHERE"))
    catalog = scope.env.catalog
    found = []
    for index in catalog.indexes_of(table.oid):
        if index.unique and index.valid and _matches(scope, table, index, columns, expressions, where):
            found.append(index.oid)
    deferrable = {c.index for c in catalog.constraints_of(table.oid) if c.deferrable}
    usable = tuple(oid for oid in found if oid not in deferrable)
    if not usable:
        if found:
            message = "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters"
            raise failure("55000", message)
        message = "there is no unique or exclusion constraint matching the ON CONFLICT specification"
        raise failure("42P10", message)
    return usable


def _as_stored(expr: Expr) -> Expr:
    """Return an expression over the target (entry 1) as one over the table alone (entry 0)."""
    if isinstance(expr, Var):
        return replace(expr, source=0)
    return rebuild(expr, _as_stored)


def _matches(
    scope: Scope, table: Table, index: Index, columns: set[int], expressions: list[Expr], where: Expr | None
) -> bool:
    if {column.attnum for column in index.columns if column.attnum} != columns:
        return False
    catalog = scope.env.catalog
    keys = [stored_expr(catalog, column.expression, table) for column in index.columns if not column.attnum]
    if len(keys) != len(expressions) or any(key not in expressions for key in keys):
        return False
    if not index.where:
        return True
    return where is not None and implies(where, stored_expr(catalog, index.where, table))


def implies(given: Expr, wanted: Expr) -> bool:
    """Whether a condition contains everything that another asks for, as terms of ANDs."""
    terms = _terms(given)
    return all(term in terms for term in _terms(wanted))


def _terms(expr: Expr) -> list[Expr]:
    if isinstance(expr, BoolExpr) and expr.kind == "and":
        return [term for item in expr.args for term in _terms(item)]
    return [expr]
