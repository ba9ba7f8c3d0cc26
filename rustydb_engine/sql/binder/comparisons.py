"""IN lists, ANY and ALL over arrays, and comparisons of rows.

`x IN (1, 2, 3)` becomes `x = ANY (ARRAY[1, 2, 3])` when the items have a common type and refer to no column; other
items are compared one by one. `(a, b) = (c, d)` becomes an AND, `<>` an OR; the orders become a RowCompare.

Source: PostgreSQL 15, section 9.24; parse_expr.c (transformAExprIn, make_row_comparison_op), parse_oper.c.
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import (
    IMPLICIT,
    can_coerce,
    coerce_to_boolean,
    coerce_to_common,
    coerce_type,
    select_common_type,
)
from rustydb_engine.sql.binder.composites import bind_row_items
from rustydb_engine.sql.binder.dispatch import bind_expr, binds
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.expressions import make_distinct, make_operator
from rustydb_engine.sql.binder.overload import find_operator
from rustydb_engine.sql.binder.polymorphic import resolve_polymorphic
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.trees import has_var
from rustydb_engine.sql.bound import ArrayExpr, ArrayOpExpr, BoolExpr, Expr, OpExpr, RowCompare
from rustydb_engine.values.types import (
    BOOL,
    POLYMORPHIC,
    RECORD,
    UNKNOWN,
    Type,
    array_of,
    element_of,
)

ROW_OPERATORS = ("=", "<>", "<", "<=", ">", ">=")


@binds(ast.InList)
def bind_in_list(scope: Scope, node: ast.InList) -> Expr:
    """Bind `item [NOT] IN (list)`."""
    operator = "<>" if node.negated else "="
    if isinstance(node.item, ast.Row):
        left = bind_row_items(scope, node.item)
        tests = [_row_in_item(scope, left, item, operator, node.pos) for item in node.items]
        return _combine(scope, tests, node)
    item = bind_expr(scope, node.item)
    bound = [bind_expr(scope, each) for each in node.items]
    plain = [each for each in bound if not has_var(each)]
    tests = []
    if len(plain) > 1:
        common = select_common_type([item, *plain], "")
        if common is not None and common is not RECORD and _all_coerce([item, *plain], common):
            array = array_of(common)
            if array is not None:
                items = tuple(coerce_to_common(scope.env, each, common, "IN") for each in plain)
                made = ArrayExpr(items, array, pos=-1)
                quantifier = "all" if node.negated else "any"
                tests.append(make_array_test(scope, operator, "", quantifier, item, made, node.pos, written_in=True))
                bound = [each for each in bound if has_var(each)]
    tests.extend(
        coerce_to_boolean(scope.env, make_operator(scope, operator, "", item, each, node.pos), "IN") for each in bound
    )  # fmt: skip
    return _combine(scope, tests, node)


def _all_coerce(exprs: Sequence[Expr], kind: Type) -> bool:
    return all(can_coerce(expr.type, kind, IMPLICIT) for expr in exprs)


def _combine(scope: Scope, tests: list[Expr], node: ast.InList) -> Expr:
    if len(tests) == 1:
        return tests[0]
    return BoolExpr("and" if node.negated else "or", tuple(tests), pos=node.pos)


def _row_in_item(scope: Scope, left: tuple[Expr, ...], item: ast.Node, operator: str, pos: int) -> Expr:
    if isinstance(item, ast.Row):
        return make_row_comparison(scope, operator, left, bind_row_items(scope, item), pos)
    raise failure("42883", f"operator does not exist: record {operator} {bind_expr(scope, item).type.display}", pos)


@binds(ast.Quantified)
def bind_quantified(scope: Scope, node: ast.Quantified) -> Expr:
    """Bind `left operator ANY|ALL (array or query)`."""
    if isinstance(node.right, ast.Query):
        from rustydb_engine.sql.binder.subqueries import bind_quantified_query

        return bind_quantified_query(scope, node, node.right)
    left, right = bind_expr(scope, node.left), bind_expr(scope, node.right)
    return make_array_test(scope, node.operator, node.schema, node.quantifier, left, right, node.pos)


def make_array_test(
    scope: Scope,
    name: str,
    schema: str,
    quantifier: str,
    left: Expr,
    right: Expr,
    pos: int,
    written_in: bool = False,
) -> Expr:
    """Build `left name ANY|ALL (right)` over an array."""
    env = scope.env
    item: Type = UNKNOWN
    if right.type is not UNKNOWN:
        found = element_of(right.type)
        if found is None:
            raise failure("42809", "op ANY/ALL (array) requires array on right side", pos)
        item = found
    operator = find_operator(env, name, schema, left.type, item, pos)
    if operator.result is not BOOL:
        raise failure("42809", "op ANY/ALL (array) requires operator to yield boolean", pos)
    declared_left, declared_item = operator.left, operator.right
    assert declared_left is not None, "a binary operator has a left type"
    if declared_left.oid in POLYMORPHIC or declared_item.oid in POLYMORPHIC:
        (declared_left, declared_item), _ = resolve_polymorphic(
            (left.type, item), (declared_left, declared_item), operator.result
        )
    wanted = right.type if right.type is not UNKNOWN and declared_item is item else _array_for(declared_item, pos)
    if left.type is not declared_left:
        left = coerce_type(env, left, declared_left)
    if right.type is not wanted:
        right = coerce_type(env, right, wanted)
    return ArrayOpExpr(operator, quantifier, left, right, written_in, pos=pos)


def _array_for(item: Type, pos: int) -> Type:
    array = array_of(item)
    if array is None:
        raise failure("42704", f"could not find array type for data type {item.display}", pos)
    return array


# ---------------------------------------------------------------- rows


def bind_row_operation(scope: Scope, node: ast.Operation) -> Expr:
    """Bind `(a, b) operator (c, d)`."""
    left, right = node.left, node.right
    assert isinstance(left, ast.Row) and isinstance(right, ast.Row), "both sides are rows"
    items = bind_row_items(scope, left)
    return make_row_comparison(scope, node.operator, items, bind_row_items(scope, right), node.pos)


def make_row_comparison(scope: Scope, name: str, left: Sequence[Expr], right: Sequence[Expr], pos: int) -> Expr:
    """Build the comparison of two rows of equal length."""
    if len(left) != len(right):
        raise failure("42601", "unequal number of entries in row expressions", pos)
    if not left:
        raise failure("0A000", "cannot compare rows of zero length", pos)
    pairs = [_compare(scope, name, a, b, pos) for a, b in zip(left, right, strict=True)]
    if len(pairs) == 1:
        return pairs[0]
    check_row_operator(name, pos)
    if name in ("=", "<>"):
        return BoolExpr("and" if name == "=" else "or", tuple(pairs), pos=pos)
    return RowCompare(
        name,
        tuple(pair.operator for pair in pairs),
        tuple(pair.args[0] for pair in pairs),
        tuple(pair.args[1] for pair in pairs),
        pos=pos,
    )


def _compare(scope: Scope, name: str, left: Expr, right: Expr, pos: int) -> OpExpr:
    made = make_operator(scope, name, "", left, right, pos)
    assert isinstance(made, OpExpr), "an operator makes an OpExpr"
    if made.type is not BOOL:
        message = f"row comparison operator must yield type boolean, not type {made.type.display}"
        raise failure("42804", message, pos)
    return made


def check_row_operator(name: str, pos: int) -> None:
    """Refuse an operator that cannot compare rows of several columns."""
    if name not in ROW_OPERATORS:
        raise failure(
            "0A000",
            f"could not determine interpretation of row comparison operator {name}",
            pos,
            hint="Row comparison operators must be associated with btree operator families.",
        )


def bind_row_distinct(scope: Scope, node: ast.IsDistinct) -> Expr:
    """Bind `(a, b) IS [NOT] DISTINCT FROM (c, d)`."""
    assert isinstance(node.left, ast.Row) and isinstance(node.right, ast.Row), "both sides are rows"
    left, right = bind_row_items(scope, node.left), bind_row_items(scope, node.right)
    if len(left) != len(right):
        raise failure("42601", "unequal number of entries in row expressions", node.pos)
    tests = tuple(make_distinct(scope, a, b, False, node.pos) for a, b in zip(left, right, strict=True))
    made: Expr = tests[0] if len(tests) == 1 else BoolExpr("or", tests, pos=node.pos)
    return BoolExpr("not", (made,), pos=node.pos) if node.negated else made
