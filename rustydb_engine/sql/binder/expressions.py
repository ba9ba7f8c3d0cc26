"""Expressions: literals, parameters, operators, conditions, CASE and the other forms of SQL that are not calls.

Each function binds one class of node: it binds the operands, resolves the operator, adds the coercions and returns
the bound node. Calls are in `calls`, subqueries in `subqueries`, IN and ANY in `comparisons`, arrays and records in
`composites`.

Source: PostgreSQL 15, src/backend/parser/parse_expr.c, parse_oper.c.
"""

from __future__ import annotations

from collections.abc import Iterable

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import (
    EXPLICIT,
    cannot_cast,
    coerce_to_boolean,
    coerce_to_common,
    coerce_to_target,
    coerce_type,
    common_typmod,
    expr_pos,
    select_common_type,
)
from rustydb_engine.sql.binder.dispatch import bind_expr, binds
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.literals import number_type, number_value
from rustydb_engine.sql.binder.overload import find_operator
from rustydb_engine.sql.binder.polymorphic import resolve_polymorphic
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.trees import walk
from rustydb_engine.sql.binder.typenames import check_collation, resolve_type
from rustydb_engine.sql.bound import (
    BooleanTest,
    BoolExpr,
    CaseExpr,
    CaseOperand,
    CastExpr,
    CoalesceExpr,
    Const,
    DistinctExpr,
    Expr,
    FuncExpr,
    MinMaxExpr,
    NullIfExpr,
    NullTest,
    OpExpr,
)
from rustydb_engine.values.types import (
    BOOL,
    POLYMORPHIC,
    RECORD,
    TEXT,
    UNKNOWN,
    element_of,
)

_COLLATABLE = frozenset("S")


# ---------------------------------------------------------------- leaves


@binds(ast.Literal)
def bind_literal(scope: Scope, node: ast.Literal) -> Expr:
    """Bind a constant, or the parameter that stands for it in a cached plan."""
    kind = node.kind
    if kind == "null":
        return Const(None, UNKNOWN, -1, node.pos)
    if kind == "bool":
        return Const(node.text == "true", BOOL, -1, node.pos)
    if kind == "bit":
        raise failure("0A000", "bit string literals are not supported", node.pos)
    slots = scope.env.literal_slots
    if slots and node.pos in slots:
        natural = UNKNOWN if kind == "string" else number_type(node.text)
        param = scope.env.slot(slots[node.pos], natural, node.text, node.pos)
        if param is not None:
            return param
    if kind == "string":
        return Const(node.text, UNKNOWN, -1, node.pos)
    value, number = number_value(node.text)
    return Const(value, number, -1, node.pos)


@binds(ast.Param)
def bind_param(scope: Scope, node: ast.Param) -> Expr:
    """Bind `$n`."""
    return scope.env.parameter(node.index, node.pos)


@binds(ast.Default)
def bind_default(scope: Scope, node: ast.Default) -> Expr:
    """Refuse DEFAULT where it has no meaning."""
    raise failure("42601", "DEFAULT is not allowed in this context", node.pos)


# ---------------------------------------------------------------- operators


@binds(ast.Operation)
def bind_operation(scope: Scope, node: ast.Operation) -> Expr:
    """Bind an operator; a minus before a number is part of the number."""
    left, right = node.left, node.right
    if left is None:
        if node.operator == "-" and isinstance(right, ast.Literal) and right.kind in ("int", "float"):
            folded = _negative(scope, node, right)
            if folded is not None:
                return folded
        return make_operator(scope, node.operator, node.schema, None, bind_expr(scope, right), node.pos)
    if isinstance(left, ast.Row):
        if isinstance(right, ast.Row):
            from rustydb_engine.sql.binder.comparisons import bind_row_operation

            return bind_row_operation(scope, node)
        if isinstance(right, ast.ScalarQuery):
            from rustydb_engine.sql.binder.subqueries import bind_row_query

            return bind_row_query(scope, node, left, right)
    return make_operator(
        scope, node.operator, node.schema, bind_expr(scope, left), bind_expr(scope, right), node.pos
    )  # fmt: skip


def _negative(scope: Scope, node: ast.Operation, literal: ast.Literal) -> Expr | None:
    slot = scope.env.literal_slots.get(literal.pos) if scope.env.literal_slots else None
    value, kind = number_value(literal.text, negative=True)
    if slot is not None:
        if kind is number_type(literal.text):
            return None
        # The least integer: its sign decides its type.
        scope.env.fix(slot)
    return Const(value, kind, -1, node.pos)


def make_operator(scope: Scope, name: str, schema: str, left: Expr | None, right: Expr, pos: int) -> Expr:
    """Build an operator call over bound operands."""
    env = scope.env
    operator = find_operator(env, name, schema, left.type if left is not None else None, right.type, pos)
    declared_right, result = operator.right, operator.result
    if left is None:
        args: tuple[Expr, ...] = (right if right.type is declared_right else coerce_type(env, right, declared_right),)
        return OpExpr(operator, args, result, -1, pos)
    declared_left = operator.left
    assert declared_left is not None, "a binary operator has a left type"
    if declared_left.oid in POLYMORPHIC or declared_right.oid in POLYMORPHIC:
        declared, result = resolve_polymorphic((left.type, right.type), (declared_left, declared_right), result)
        declared_left, declared_right = declared
    if left.type is not declared_left:
        left = coerce_type(env, left, declared_left)
    if right.type is not declared_right:
        right = coerce_type(env, right, declared_right)
    if operator.function.returns_set:
        scope.set_returning = True
    return OpExpr(operator, (left, right), result, -1, pos)


@binds(ast.And)
def bind_and(scope: Scope, node: ast.And) -> Expr:
    """Bind AND."""
    env = scope.env
    items = tuple(coerce_to_boolean(env, bind_expr(scope, item), "AND") for item in node.items)
    return BoolExpr("and", items, pos=node.pos)


@binds(ast.Or)
def bind_or(scope: Scope, node: ast.Or) -> Expr:
    """Bind OR."""
    env = scope.env
    items = tuple(coerce_to_boolean(env, bind_expr(scope, item), "OR") for item in node.items)
    return BoolExpr("or", items, pos=node.pos)


@binds(ast.Not)
def bind_not(scope: Scope, node: ast.Not) -> Expr:
    """Bind NOT."""
    return BoolExpr("not", (coerce_to_boolean(scope.env, bind_expr(scope, node.item), "NOT"),), pos=node.pos)


@binds(ast.IsTest)
def bind_is_test(scope: Scope, node: ast.IsTest) -> Expr:
    """Bind IS [NOT] NULL, TRUE, FALSE and UNKNOWN."""
    item = bind_expr(scope, node.item)
    if node.test == "null":
        return NullTest(item, node.negated, item.type is RECORD, pos=node.pos)
    construct = f"IS {'NOT ' if node.negated else ''}{node.test.upper()}"
    return BooleanTest(coerce_to_boolean(scope.env, item, construct), node.test, node.negated, pos=node.pos)


@binds(ast.IsDistinct)
def bind_is_distinct(scope: Scope, node: ast.IsDistinct) -> Expr:
    """Bind IS [NOT] DISTINCT FROM."""
    if isinstance(node.left, ast.Row) and isinstance(node.right, ast.Row):
        from rustydb_engine.sql.binder.comparisons import bind_row_distinct

        return bind_row_distinct(scope, node)
    left, right = bind_expr(scope, node.left), bind_expr(scope, node.right)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Const) and one.value is None and one.type is UNKNOWN:
            # x IS DISTINCT FROM NULL is a null test, whatever the type.
            return NullTest(other, not node.negated, False, pos=node.pos)
    return make_distinct(scope, left, right, node.negated, node.pos)


def make_distinct(scope: Scope, left: Expr, right: Expr, negated: bool, pos: int) -> Expr:
    """Build IS [NOT] DISTINCT FROM over bound operands."""
    made = make_operator(scope, "=", "", left, right, pos)
    assert isinstance(made, OpExpr), "an operator makes an OpExpr"
    if made.type is not BOOL:
        raise failure("42804", "IS DISTINCT FROM requires = operator to yield boolean", pos)
    return DistinctExpr(made.operator, made.args[0], made.args[1], negated, pos=pos)


@binds(ast.Between)
def bind_between(scope: Scope, node: ast.Between) -> Expr:
    """Bind BETWEEN as the comparisons it stands for."""

    def compare(operator: str, bound: ast.Node) -> Expr:
        # Each comparison is bound anew: an untyped literal may take another type in each.
        return bind_expr(scope, ast.Operation(operator, node.item, bound, pos=node.pos))

    def outside(low: ast.Node, high: ast.Node) -> Expr:
        return BoolExpr("or", (compare("<", low), compare(">", high)), pos=node.pos)

    def inside(low: ast.Node, high: ast.Node) -> Expr:
        return BoolExpr("and", (compare(">=", low), compare("<=", high)), pos=node.pos)

    side = outside if node.negated else inside
    made = side(node.low, node.high)
    if node.symmetric:
        kind = "and" if node.negated else "or"
        return BoolExpr(kind, (made, side(node.high, node.low)), pos=node.pos)
    return made


# ---------------------------------------------------------------- conditional expressions


@binds(ast.Case)
def bind_case(scope: Scope, node: ast.Case) -> Expr:
    """Bind CASE."""
    env = scope.env
    sets_before, scope.set_returning = scope.set_returning, False
    operand = None
    placeholder: Expr | None = None
    if node.operand is not None:
        operand = bind_expr(scope, node.operand)
        if operand.type is UNKNOWN:
            operand = coerce_type(env, operand, TEXT)
        placeholder = CaseOperand(operand.type, operand.typmod)
    conditions: list[Expr] = []
    results: list[Expr] = []
    for condition, result in node.whens:
        made = bind_expr(scope, condition)
        if placeholder is not None:
            made = make_operator(scope, "=", "", placeholder, made, node.pos)
        conditions.append(coerce_to_boolean(env, made, "CASE/WHEN"))
        results.append(bind_expr(scope, result))
    default = bind_expr(scope, node.default) if node.default is not None else Const(None, UNKNOWN, -1)
    kind = select_common_type([default, *results], "CASE")
    assert kind is not None, "a context makes an error of no common type"
    default = coerce_to_common(env, default, kind, "CASE/ELSE")
    results = [coerce_to_common(env, result, kind, "CASE/WHEN") for result in results]
    if scope.set_returning:
        _refuse_sets("CASE", (*conditions, *results, default))
    scope.set_returning = scope.set_returning or sets_before
    typmod = common_typmod([default, *results], kind)
    return CaseExpr(operand, tuple(zip(conditions, results, strict=True)), default, kind, typmod, node.pos)


def _refuse_sets(construct: str, exprs: Iterable[Expr]) -> None:
    for expr in exprs:
        for node, depth in walk(expr):
            if depth == 0 and isinstance(node, FuncExpr) and node.returns_set:
                raise failure(
                    "0A000",
                    f"set-returning functions are not allowed in {construct}",
                    node.pos,
                    hint="You might be able to move the set-returning function into a LATERAL FROM item.",
                )


@binds(ast.Special)
def bind_special(scope: Scope, node: ast.Special) -> Expr:
    """Bind COALESCE, NULLIF, GREATEST, LEAST and GROUPING."""
    if node.kind == "grouping":
        from rustydb_engine.sql.binder.grouping import bind_grouping

        return bind_grouping(scope, node)
    if node.kind == "nullif":
        first, second = (bind_expr(scope, arg) for arg in node.args)
        made = make_operator(scope, "=", "", first, second, node.pos)
        assert isinstance(made, OpExpr), "an operator makes an OpExpr"
        if made.type is not BOOL:
            raise failure("42804", "NULLIF requires = operator to yield boolean", node.pos)
        left, right = made.args
        return NullIfExpr(made.operator, (left, right), left, left.type, left.typmod, node.pos)
    construct = node.kind.upper()
    args = [bind_expr(scope, arg) for arg in node.args]
    kind = select_common_type(args, construct)
    assert kind is not None, "a context makes an error of no common type"
    args = [coerce_to_common(scope.env, arg, kind, construct) for arg in args]
    typmod = common_typmod(args, kind)
    if node.kind == "coalesce":
        if scope.set_returning:
            _refuse_sets("COALESCE", args)
        return CoalesceExpr(tuple(args), kind, typmod, node.pos)
    return MinMaxExpr(node.kind, tuple(args), kind, typmod, node.pos)


# ---------------------------------------------------------------- casts


@binds(ast.Cast)
def bind_cast(scope: Scope, node: ast.Cast) -> Expr:
    """Bind a written cast."""
    kind, typmod = resolve_type(scope.env, node.type)
    item = node.item
    if isinstance(item, ast.ArrayOf) and not (scope.env.canonical and item.items):
        from rustydb_engine.sql.binder.composites import bind_array

        element = element_of(kind)
        made = bind_array(scope, item, kind if element is not None and kind.is_array else None, typmod)
    else:
        made = bind_expr(scope, item)
    pos = node.pos
    if made.type is UNKNOWN and kind is UNKNOWN:
        return made
    coerced = coerce_to_target(scope.env, made, kind, typmod, EXPLICIT, pos)
    if coerced is None:
        raise cannot_cast(made.type, kind, pos if pos >= 0 else expr_pos(made))
    return coerced


@binds(ast.Collate)
def bind_collate(scope: Scope, node: ast.Collate) -> Expr:
    """Bind COLLATE: every collation that exists compares by code point, so only the checks remain."""
    made = bind_expr(scope, node.item)
    base = element_of(made.type) if made.type.is_array else made.type
    if made.type is not UNKNOWN and (base is None or base.category not in _COLLATABLE):
        raise failure("42804", f"collations are not supported by type {made.type.display}", node.pos)
    check_collation(scope.env, node.collation, node.pos)
    return CastExpr(made, made.type, made.typmod, explicit=True, pos=node.pos, collation=node.collation)
