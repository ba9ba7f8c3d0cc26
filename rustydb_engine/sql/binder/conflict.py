"""ON CONFLICT: which unique indexes arbitrate, and what DO UPDATE sets.

The columns and expressions given must be exactly those of a unique index; a partial index serves when the WHERE given
implies its predicate. Where the predicate has a constant and the WHERE a parameter, the index is taken to serve, and whoever runs
the INSERT raises 42P10 if the parameter is another value (PostgreSQL plans with the values at hand). In DO UPDATE the existing row is range entry 1 and EXCLUDED, the row that was to be inserted, entry 2.

Source: PostgreSQL 15, INSERT; parse_clause.c (transformOnConflictArbiter), optimizer/util/plancat.c (infer_arbiter_indexes).
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.assign import bind_assignments
from rustydb_engine.sql.binder.coerce import coerce_to_boolean
from rustydb_engine.sql.binder.dispatch import bind_in
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import Item, Scope
from rustydb_engine.sql.binder.stored import stored_expr
from rustydb_engine.sql.binder.trees import children, rebuild, replace, walk
from rustydb_engine.sql.bound import BoolExpr, BoundConflict, Const, Expr, FuncExpr, ParamExpr, RangeTable, Var
from rustydb_engine.sql.functions.registry import Function
from rustydb_engine.values.types import BOOL

Equalities = tuple[tuple[Expr, Const], ...]
"""Expressions of parameters, and the constants that they must be equal to."""


def bind_conflict(scope: Scope, clause: ast.OnConflict, table: Table, target: Item) -> tuple[BoundConflict, Equalities]:
    """Bind ON CONFLICT; enters EXCLUDED into the scope's range. The equalities are for `arbiter_condition`."""
    if clause.action == "update" and not clause.items and not clause.constraint:
        raise failure(
            "42601",
            "ON CONFLICT DO UPDATE requires inference specification or constraint name",
            clause.pos,
            hint="For example, ON CONFLICT (column_name).",
        )
    scope.namespace = [target]
    indexes: tuple[int, ...] = ()
    equalities: Equalities = ()
    if clause.constraint:
        indexes = (_by_constraint(scope, table, clause.constraint),)
    elif clause.items:
        indexes, equalities = _inferred(scope, table, clause)
    if clause.action == "nothing":
        return BoundConflict("nothing", indexes), equalities
    excluded = Item("excluded", 2, target.columns, None, entry_kind="excluded")
    names = tuple(column.name for column in target.columns.order)
    scope.add_item(RangeTable(table, "excluded", names), excluded)
    scope.namespace = [target, excluded]
    assignments = bind_assignments(scope, table, clause.assignments, 1)
    where = None
    if clause.where is not None:
        where = coerce_to_boolean(scope.env, bind_in(scope, clause.where, "WHERE"), "WHERE")
    return BoundConflict("update", indexes, assignments, where), equalities


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


def _inferred(scope: Scope, table: Table, clause: ast.OnConflict) -> tuple[tuple[int, ...], Equalities]:
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
    found: dict[int, Equalities] = {}
    for index in catalog.indexes_of(table.oid):
        if index.unique and index.valid:
            match = _matches(scope, table, index, columns, expressions, where)
            if match is not None:
                found[index.oid] = match
    deferrable = {c.index for c in catalog.constraints_of(table.oid) if c.deferrable}
    usable = tuple(oid for oid in found if oid not in deferrable)
    if not usable:
        if found:
            message = "ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters"
            raise failure("55000", message)
        raise _no_arbiter()
    return usable, tuple(pair for oid in usable for pair in found[oid])


def _as_stored(expr: Expr) -> Expr:
    """Return an expression over the target (entry 1) as one over the table alone (entry 0)."""
    if isinstance(expr, Var):
        return replace(expr, source=0)
    return rebuild(expr, _as_stored)


def _matches(
    scope: Scope, table: Table, index: Index, columns: set[int], expressions: list[Expr], where: Expr | None
) -> Equalities | None:
    if {column.attnum for column in index.columns if column.attnum} != columns:
        return None
    catalog = scope.env.catalog
    keys = [stored_expr(catalog, column.expression, table) for column in index.columns if not column.attnum]
    if len(keys) != len(expressions) or any(key not in expressions for key in keys):
        return None
    if not index.where:
        return ()
    return None if where is None else _implied(where, stored_expr(catalog, index.where, table))


def _implied(given: Expr, wanted: Expr) -> Equalities | None:
    """Return what must hold for a condition to contain all terms that another asks for; None when it cannot."""
    terms = _terms(given)
    found: list[tuple[Expr, Const]] = []
    for term in _terms(wanted):
        if term in terms:
            continue
        matches = (_match(item, term) for item in terms)
        match = next((each for each in matches if each is not None), None)
        if match is None:
            return None
        found += match
    return tuple(found)


def _match(given: Expr, wanted: Expr) -> Equalities | None:
    """Return which parameters of `given` must have which values for it to be `wanted`."""
    if given == wanted:
        return ()
    if isinstance(wanted, Const) and given.type is wanted.type and wanted.value is not None:
        inner = [node for node, _ in walk(given)]
        if any(isinstance(node, ParamExpr) for node in inner) and not any(isinstance(node, Var) for node in inner):
            return ((given, wanted),)
    mine, others = list(children(given)), list(children(wanted))
    if not mine or len(mine) != len(others):
        return None
    rest = iter(others)
    if rebuild(given, lambda _: next(rest)) != wanted:
        return None
    matches = [_match(one, other) for one, other in zip(mine, others, strict=True)]
    return None if None in matches else tuple(pair for match in matches if match for pair in match)


def _terms(expr: Expr) -> list[Expr]:
    if isinstance(expr, BoolExpr) and expr.kind == "and":
        return [term for item in expr.args for term in _terms(item)]
    return [expr]


def arbiter_condition(equalities: Equalities) -> Expr:
    """Return a condition for the rows to insert: true, or 42P10 when a parameter is not what the index's predicate says."""

    def check(*values: object) -> bool:
        if any(value != const.value for value, (_, const) in zip(values, equalities, strict=True)):
            raise _no_arbiter()
        return True

    kinds = tuple(const.type for _, const in equalities)
    function = Function(0, "arbiter_condition", kinds, BOOL, check, volatility="v", strict=False)
    return FuncExpr(function, tuple(expr for expr, _ in equalities), BOOL)


def _no_arbiter() -> SqlError:
    return failure("42P10", "there is no unique or exclusion constraint matching the ON CONFLICT specification")
