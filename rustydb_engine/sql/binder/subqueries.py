"""Subqueries in expressions: EXISTS, scalar, ARRAY(…), IN, ANY and ALL, and comparison of a row with one.

Where the operator wants another type than a column of the subquery has, the cast goes into the subquery's output.

Source: PostgreSQL 15, section 9.23; parse_expr.c (transformSubLink).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import IMPLICIT, apply_length, coerce_type
from rustydb_engine.sql.binder.comparisons import check_row_operator, make_row_comparison
from rustydb_engine.sql.binder.composites import bind_row_items
from rustydb_engine.sql.binder.dispatch import STANDALONE, bind_expr, bind_rows, binds
from rustydb_engine.sql.binder.env import BindEnv, failure
from rustydb_engine.sql.binder.expressions import make_operator
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.trees import map_query, replace, shift_levels
from rustydb_engine.sql.bound import (
    BoolExpr,
    CaseOperand,
    Expr,
    FieldExpr,
    FromRef,
    OpExpr,
    Query,
    RangeQuery,
    RowExpr,
    SubqueryExpr,
    Target,
    Var,
)
from rustydb_engine.sql.functions.registry import Operator
from rustydb_engine.values.types import BOOL, RECORD, UNKNOWN, Type, array_of


def bind_subquery(scope: Scope, query: ast.Query, pos: int) -> Query:
    """Bind a query inside an expression."""
    if scope.kind in STANDALONE:
        raise failure("0A000", f"cannot use subquery in {STANDALONE[scope.kind]}", pos)
    return bind_rows(scope.child(), query)


def visible_targets(query: Query) -> tuple[Target, ...]:
    """Return the output columns of a query."""
    return tuple(target for target in query.targets if not target.junk)


@binds(ast.Exists)
def bind_exists(scope: Scope, node: ast.Exists) -> Expr:
    """Bind EXISTS."""
    return SubqueryExpr("exists", bind_subquery(scope, node.query, node.pos), pos=node.pos)


@binds(ast.ScalarQuery)
def bind_scalar(scope: Scope, node: ast.ScalarQuery) -> Expr:
    """Bind a subquery used as a value."""
    query = bind_subquery(scope, node.query, node.pos)
    expr = _only_column(query, node.pos)
    return SubqueryExpr("scalar", query, type=expr.type, typmod=expr.typmod, pos=node.pos)


@binds(ast.ArrayQuery)
def bind_array_query(scope: Scope, node: ast.ArrayQuery) -> Expr:
    """Bind ARRAY(query)."""
    query = bind_subquery(scope, node.query, node.pos)
    expr = _only_column(query, node.pos)
    array = expr.type if expr.type.is_array else array_of(expr.type)
    if array is None:
        raise failure("42704", f"could not find array type for data type {expr.type.display}", node.pos)
    return SubqueryExpr("array", query, type=array, typmod=expr.typmod, pos=node.pos)


def _only_column(query: Query, pos: int) -> Expr:
    columns = visible_targets(query)
    if len(columns) != 1:
        raise failure("42601", "subquery must return only one column", pos)
    return columns[0].expr


@binds(ast.InQuery)
def bind_in_query(scope: Scope, node: ast.InQuery) -> Expr:
    """Bind `item [NOT] IN (query)`."""
    left = bind_row_items(scope, node.item) if isinstance(node.item, ast.Row) else (bind_expr(scope, node.item),)
    query = bind_subquery(scope, node.query, node.pos)
    made = _compare_rows(scope, "any", "=", "", left, query, node.pos)
    return BoolExpr("not", (made,), pos=node.pos) if node.negated else made


def bind_quantified_query(scope: Scope, node: ast.Quantified, query: ast.Query) -> Expr:
    """Bind `left operator ANY|ALL (query)`."""
    left = bind_row_items(scope, node.left) if isinstance(node.left, ast.Row) else (bind_expr(scope, node.left),)
    bound = bind_subquery(scope, query, node.pos)
    return _compare_rows(scope, node.quantifier, node.operator, node.schema, left, bound, node.pos)


def bind_row_query(scope: Scope, node: ast.Operation, left: ast.Row, right: ast.ScalarQuery) -> Expr:
    """Bind `(a, b) operator (query of one row)`."""
    items = bind_row_items(scope, left)
    query = bind_subquery(scope, right.query, right.pos)
    columns = visible_targets(query)
    _check_width(len(items), len(columns), node.pos)
    row, kinds = row_query(query, right.pos)
    fields = [FieldExpr(row, i, kind, typmod, f"f{i + 1}", right.pos) for i, (kind, typmod) in enumerate(kinds)]
    return make_row_comparison(scope, node.operator, items, fields, node.pos)


def row_query(query: Query, pos: int) -> tuple[SubqueryExpr, list[tuple[Type, int]]]:
    """Return a subquery of one row as one value of type record, with the types and typmods of its fields."""
    if query.order or query.group or query.distinct is not None or query.set_returning:
        query = wrap_query(query)
    columns = visible_targets(query)
    row = RowExpr(tuple(c.expr for c in columns), RECORD, tuple(f"f{i + 1}" for i in range(len(columns))))
    made = replace(query, targets=(Target(row, "row"), *(t for t in query.targets if t.junk)))
    return SubqueryExpr("scalar", made, type=RECORD, pos=pos), [(c.expr.type, c.expr.typmod) for c in columns]


def _compare_rows(
    scope: Scope, kind: str, name: str, schema: str, left: Sequence[Expr], query: Query, pos: int
) -> Expr:
    columns = visible_targets(query)
    _check_width(len(left), len(columns), pos)
    operators: list[Operator] = []
    items: list[Expr] = []
    kinds: list[Type] = []
    for item, column in zip(left, columns, strict=True):
        # The placeholder stands for the column: what the operator makes of it says which cast the column needs.
        made = make_operator(scope, name, schema, item, CaseOperand(column.expr.type, column.expr.typmod), pos)
        assert isinstance(made, OpExpr), "an operator makes an OpExpr"
        if made.type is not BOOL:
            message = f"row comparison operator must yield type boolean, not type {made.type.display}"
            raise failure("42804", message, pos)
        operators.append(made.operator)
        items.append(made.args[0])
        kinds.append(made.args[1].type)
    if len(left) > 1:
        check_row_operator(name, pos)
    cast = cast_outputs(scope.env, query, kinds)
    return SubqueryExpr(kind, cast, tuple(items), tuple(operators), name, pos=pos)


def _check_width(left: int, columns: int, pos: int) -> None:
    if left < columns:
        raise failure("42601", "subquery has too many columns", pos)
    if left > columns:
        raise failure("42601", "subquery has too few columns", pos)


# ---------------------------------------------------------------- casting the output of a query


def cast_outputs(
    env: BindEnv, query: Query, kinds: Sequence[Type], context: int = IMPLICIT, typmods: Sequence[int] | None = None
) -> Query:
    """Return the query with its output columns cast. What ORDER BY, GROUP BY or DISTINCT compare is not changed.

    Literals without a type become literals of the wanted one.
    """
    targets = list(query.targets)
    wanted = iter(zip(kinds, typmods or [-1] * len(kinds), strict=True))
    plan = [(i, *next(wanted)) for i, target in enumerate(targets) if not target.junk]
    changed = False
    for index, kind, _ in plan:
        target = targets[index]
        if target.expr.type is UNKNOWN and kind is not UNKNOWN:
            targets[index] = replace(target, expr=coerce_type(env, target.expr, kind, context))
            changed = True
    if changed:
        query = replace(query, targets=tuple(targets))
    if all(
        targets[i].expr.type is kind and (typmod < 0 or targets[i].expr.typmod == typmod) for i, kind, typmod in plan
    ):
        return query
    if query.order or query.group or query.grouped or query.distinct is not None or query.set_returning:
        return _wrap(env, query, [(kind, typmod) for _, kind, typmod in plan], context)
    for index, kind, typmod in plan:
        target = targets[index]
        made = apply_length(coerce_type(env, target.expr, kind, context), typmod, context)
        if made is not target.expr:
            targets[index] = Target(made, target.name)
    return replace(query, targets=tuple(targets))


def _wrap(env: BindEnv, query: Query, kinds: Sequence[tuple[Type, int]], context: int) -> Query:
    outer = wrap_query(query)
    targets = []
    for column, (kind, typmod) in zip(outer.targets, kinds, strict=True):
        made = apply_length(coerce_type(env, column.expr, kind, context), typmod, context)
        targets.append(Target(made, column.name))
    return replace(outer, targets=tuple(targets))


def wrap_query(query: Query) -> Query:
    """Return `SELECT * FROM (query)`: its outputs can be changed without changing what the query compares."""
    columns = visible_targets(query)
    inner = RangeQuery(shift_query(query, 1), "*SELECT*", tuple(column.name for column in columns))
    targets = tuple(
        Target(Var(0, i, column.expr.type, column.expr.typmod, 0, column.name), column.name)
        for i, column in enumerate(columns)
    )
    return Query((inner,), (FromRef(0),), targets)


def shift_query(query: Query, by: int) -> Query:
    """Return a query for use `by` levels further down: what it refers to outside moves up."""
    return map_query(query, lambda expr, depth: shift_levels(expr, by, 1 + depth), by, 1)
