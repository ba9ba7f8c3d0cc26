"""Actions for expressions: operators, tests, constants, CASE, rows and arrays."""

from __future__ import annotations

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.actions import ACTIONS, Misplaced, action, constant
from rustydb_engine.sql.ast import Literal, Node, Operation, Query, TypeName
from rustydb_engine.sql.build_names import (
    Bracket,
    Element,
    Fields,
    interval_precision_type,
    interval_type,
    with_elements,
)
from rustydb_proto.core.value import value

CHAIN_MAX = 1000  # more operands of AND or OR nest, since adding one copies the others
Operator = tuple[str, str]  # schema ("" when not given) and symbol

# ---------------------------------------------------------------- operators


def _register_operators() -> None:
    def register(name: str, symbol: str) -> None:
        ACTIONS[name] = lambda pos, left, right: Operation(symbol, left, right, "", pos)

    symbols = "+ - * / % ^ < > = <= >= <>"
    names = "add subtract multiply divide modulo power less greater equal less_equal greater_equal not_equal"
    for name, symbol in zip(names.split(), symbols.split(), strict=True):
        register(name, symbol)


_register_operators()


@action()
def positive(pos: int, item: Node) -> Node:
    """`+ a`."""
    return Operation("+", None, item, "", pos)


@action()
def negate(pos: int, item: Node) -> Node:
    """`- a`."""
    return Operation("-", None, item, "", pos)


@action()
def operator(pos: int, symbol: str) -> Operator:
    """An operator without schema."""
    return "", symbol


@action()
def operator_in(pos: int, schema: str, inner: Operator) -> Operator:
    """An operator with a schema."""
    if inner[0]:
        raise not_supported("an operator name of more than two parts", pos)
    return schema, inner[1]


constant("operator_like", ("", "~~"))
constant("operator_not_like", ("", "!~~"))
constant("operator_ilike", ("", "~~*"))
constant("operator_not_ilike", ("", "!~~*"))


@action()
def infix_operator(pos: int, left: Node, operator: Operator, right: Node) -> Node:
    """`a || b`."""
    return Operation(operator[1], left, right, operator[0], pos)


@action()
def prefix_operator(pos: int, operator: Operator, right: Node) -> Node:
    """`~ a`."""
    return Operation(operator[1], None, right, operator[0], pos)


@action()
def conjunction(pos: int, left: Node, right: Node) -> Node:
    """`a AND b`: a chain is one node."""
    if isinstance(left, ast.And) and len(left.items) < CHAIN_MAX:
        return ast.And((*left.items, right), left.pos)
    return ast.And((left, right), pos)


@action()
def disjunction(pos: int, left: Node, right: Node) -> Node:
    """`a OR b`: a chain is one node."""
    if isinstance(left, ast.Or) and len(left.items) < CHAIN_MAX:
        return ast.Or((*left.items, right), left.pos)
    return ast.Or((left, right), pos)


@action()
def negation(pos: int, item: Node) -> Node:
    """`NOT a`."""
    return ast.Not(item, pos)


# ---------------------------------------------------------------- pattern matching


def _register_patterns() -> None:
    def register(name: str, symbol: str) -> None:
        def build(pos: int, left: Node, pattern: Node, escape: Node | None = None) -> Node:
            if escape is not None:
                pattern = _system_call("like_escape", pos, pattern, escape)
            return Operation(symbol, left, pattern, "", pos)

        ACTIONS[name] = build

    for name, symbol in (("like", "~~"), ("not_like", "!~~"), ("ilike", "~~*"), ("not_ilike", "!~~*")):
        register(name, symbol)


_register_patterns()


def _system_call(name: str, pos: int, *args: Node) -> ast.Call:
    return ast.Call(("pg_catalog", name), args, pos=pos)


@action()
def similar(pos: int, left: Node, pattern: Node, escape: Node | None = None) -> Node:
    """SIMILAR TO is a match of the regular expression that the pattern stands for."""
    args = (pattern,) if escape is None else (pattern, escape)
    return Operation("~", left, _system_call("similar_to_escape", pos, *args), "", pos)


@action()
def not_similar(pos: int, left: Node, pattern: Node, escape: Node | None = None) -> Node:
    """NOT SIMILAR TO."""
    args = (pattern,) if escape is None else (pattern, escape)
    return Operation("!~", left, _system_call("similar_to_escape", pos, *args), "", pos)


# ---------------------------------------------------------------- tests


@action()
def is_null(pos: int, item: Node) -> Node:
    """`a IS NULL`."""
    return ast.IsTest(item, "null", False, pos)


@action()
def is_not_null(pos: int, item: Node) -> Node:
    """`a IS NOT NULL`."""
    return ast.IsTest(item, "null", True, pos)


@action()
def is_test(pos: int, item: Node, test: str) -> Node:
    """`a IS TRUE`."""
    return ast.IsTest(item, test, False, pos)


@action()
def is_not_test(pos: int, item: Node, test: str) -> Node:
    """`a IS NOT TRUE`."""
    return ast.IsTest(item, test, True, pos)


@action()
def is_distinct(pos: int, left: Node, right: Node) -> Node:
    """`a IS DISTINCT FROM b`."""
    return ast.IsDistinct(left, right, False, pos)


@action()
def is_not_distinct(pos: int, left: Node, right: Node) -> Node:
    """`a IS NOT DISTINCT FROM b`."""
    return ast.IsDistinct(left, right, True, pos)


@action()
def is_document(pos: int, item: Node) -> Node:
    """`a IS DOCUMENT` is about XML."""
    raise not_supported("IS DOCUMENT", pos)


constant("normalized", None)


@action()
def is_normalized(pos: int, item: Node, form: object) -> Node:
    """`a IS NORMALIZED`."""
    raise not_supported("IS NORMALIZED", pos)


@action()
def unique_predicate(pos: int, query: Query) -> Node:
    """`UNIQUE (query)` of the SQL standard, which PostgreSQL parses and refuses."""
    raise SqlError("0A000", "UNIQUE predicate is not yet implemented", position=pos)


def _register_between() -> None:
    def register(name: str, negated: bool, symmetric: bool) -> None:
        def build(pos: int, item: Node, *rest: Node | None) -> Node:
            low, high = rest[-2:]  # the plain forms have a None for ASYMMETRIC before them
            assert low is not None and high is not None
            return ast.Between(item, low, high, negated, symmetric, pos)

        ACTIONS[name] = build

    register("between", False, False)
    register("not_between", True, False)
    register("between_symmetric", False, True)
    register("not_between_symmetric", True, True)


_register_between()


def _membership(pos: int, item: Node, within: Query | list[Node], negated: bool) -> Node:
    if isinstance(within, list):
        return ast.InList(item, tuple(within), negated, pos)
    return ast.InQuery(item, within, negated, pos)


@action()
def in_any(pos: int, item: Node, within: Query | list[Node]) -> Node:
    """`a IN (…)`."""
    return _membership(pos, item, within, False)


@action()
def not_in(pos: int, item: Node, within: Query | list[Node]) -> Node:
    """`a NOT IN (…)`."""
    return _membership(pos, item, within, True)


constant("any", "any")
constant("all", "all")


@action()
def quantified(pos: int, left: Node, operator: Operator, quantifier: str, right: Node | Query) -> Node:
    """`a = ANY (…)`."""
    return ast.Quantified(operator[1], left, quantifier, right, operator[0], pos)


@action()
def overlaps(pos: int, left: tuple[list[Node], int], right: tuple[list[Node], int]) -> Node:
    """`(a, b) OVERLAPS (c, d)`."""
    for side, (items, place) in (("left", left), ("right", right)):
        if len(items) != 2:
            message = f"wrong number of parameters on {side} side of OVERLAPS expression"
            raise SqlError("42601", message, position=place)
    return _system_call("overlaps", pos, *left[0], *right[0])


# ---------------------------------------------------------------- constants


@action()
def integer(pos: int, text: str) -> Node:
    """A number that fits int4."""
    return Literal("int", text, pos)


@action()
def number(pos: int, text: str) -> Node:
    """Any other number."""
    return Literal("int" if text.isdigit() else "float", text, pos)


@action()
def string(pos: int, text: str) -> Node:
    """A string."""
    return Literal("string", text, pos)


@action()
def bit_string(pos: int, text: str) -> Node:
    """`B'101'` has the text "b101", `X'1f'` "x1f"."""
    return Literal("bit", text, pos)


@action()
def true_literal(pos: int) -> Node:
    """TRUE."""
    return Literal("bool", "true", pos)


@action()
def false_literal(pos: int) -> Node:
    """FALSE."""
    return Literal("bool", "false", pos)


@action()
def null_literal(pos: int) -> Node:
    """NULL."""
    return Literal("null", "", pos)


@action()
def default(pos: int) -> Node:
    """DEFAULT; where it may not stand the binder says so."""
    return ast.Default(pos)


@action()
def const_string(pos: int, t: TypeName, text: str) -> Node:
    """`numeric '1.5'`; errors point at the string."""
    return ast.Cast(Literal("string", text, pos), t, pos)


@action()
def typed_string(pos: int, name: tuple[str, ...], text: str) -> Node:
    """`date '2000-01-01'`."""
    return ast.Cast(Literal("string", text, pos), TypeName(name, pos=pos), pos)


@action()
def typed_modified_string(pos: int, name: tuple[str, ...], args: list[Node], order: object, text: str) -> Node:
    """`mytype(3) 'x'`."""
    if order is not None:
        raise SqlError("42601", "type modifier cannot have ORDER BY", position=pos)
    for arg in args:
        if isinstance(arg, NamedArgument):
            raise SqlError("42601", "type modifier cannot have parameter name", position=arg.pos)
    return ast.Cast(Literal("string", text, pos), TypeName(name, tuple(args), pos=pos), pos)


@action()
def interval_string(pos: int, t: TypeName, text: str, fields: Fields | None) -> Node:
    """`interval '1' day`."""
    return ast.Cast(Literal("string", text, pos), interval_type(t.pos, t, fields), pos)


@action()
def interval_precision_string(pos: int, t: TypeName, precision: str, text: str) -> Node:
    """`interval(3) '1.5 s'`."""
    return ast.Cast(Literal("string", text, pos), interval_precision_type(t.pos, t, precision), pos)


# ---------------------------------------------------------------- other expressions


@action()
def cast_(pos: int, item: Node, t: TypeName) -> Node:
    """`a::int` and `CAST(a AS int)`."""
    return ast.Cast(item, t, pos)


@action()
def collate(pos: int, item: Node, collation: ast.Name) -> Node:
    """`a COLLATE "C"`."""
    return ast.Collate(item, collation, pos)


@action()
def at_time_zone(pos: int, item: Node, zone: Node) -> Node:
    """`a AT TIME ZONE b`."""
    return ast.AtTimeZone(item, zone, pos)


@action()
def column(pos: int, name: str) -> Node:
    """A column by its bare name."""
    return ast.Column((name,), pos)


@action()
def column_element(pos: int, first: str, elements: list[Element]) -> Node:
    """`t.a`, `t.*`, `t.a[1].b`."""
    name = [first]
    for index, element in enumerate(elements):
        if isinstance(element, str):
            name.append(element)
        elif isinstance(element, Bracket):
            return with_elements(ast.Column(tuple(name), pos), elements[index:])
        elif index != len(elements) - 1:
            raise Misplaced('improper use of "*"')
        else:
            return ast.Star(tuple(name), pos)
    return ast.Column(tuple(name), pos)


@action()
def param(pos: int, index: str, elements: list[Element] | None) -> Node:
    """`$1`."""
    if len(index) > 9:
        raise SqlError("42601", f'parameter number too large at or near "${index}"', position=pos)
    return with_elements(ast.Param(int(index), pos), elements)


@action()
def parenthesised(pos: int, item: Node, elements: list[Element] | None) -> Node:
    """`(a)` is a, `(a).b` a field of it."""
    return item if elements is None else with_elements(item, elements)


@action()
def scalar_query(pos: int, query: Query) -> Node:
    """`(SELECT …)`."""
    return ast.ScalarQuery(query, pos)


@action()
def scalar_query_element(pos: int, query: Query, elements: list[Element]) -> Node:
    """`(SELECT …).a`."""
    return with_elements(ast.ScalarQuery(query, pos), elements)


@action()
def exists(pos: int, query: Query) -> Node:
    """`EXISTS (SELECT …)`."""
    return ast.Exists(query, pos)


@action()
def array_query(pos: int, query: Query) -> Node:
    """`ARRAY(SELECT …)`."""
    return ast.ArrayQuery(query, pos)


@action()
def array(pos: int, items: ast.ArrayOf) -> Node:
    """`ARRAY[…]`: errors point at ARRAY."""
    return ast.ArrayOf(items.items, pos)


@action()
def array_items(pos: int, items: list[Node]) -> Node:
    """`[a, b]` within ARRAY."""
    return ast.ArrayOf(tuple(items), pos)


@action()
def array_empty(pos: int) -> Node:
    """`[]` within ARRAY."""
    return ast.ArrayOf((), pos)


@action()
def row_items(pos: int, items: list[Node], last: Node) -> list[Node]:
    """`(a, b)`."""
    items.append(last)
    return items


@action()
def explicit_row(pos: int, items: list[Node]) -> Node:
    """`ROW(a, b)`."""
    return ast.Row(tuple(items), True, pos)


@action()
def implicit_row(pos: int, items: list[Node]) -> Node:
    """`(a, b)` as a value."""
    return ast.Row(tuple(items), False, pos)


@action()
def grouping(pos: int, items: list[Node]) -> Node:
    """`GROUPING(a, b)`."""
    return ast.Special("grouping", tuple(items), pos)


@action()
def case(pos: int, operand: Node | None, whens: list[tuple[Node, Node]], default: Node | None) -> Node:
    """CASE."""
    return ast.Case(operand, tuple(whens), default, pos)


@value
class NamedArgument(Node):
    """`name => item` on its way into a Call."""

    name: str
    item: Node
    pos: int


@action()
def named_argument(pos: int, name: str, item: Node) -> Node:
    """`name => item`."""
    return NamedArgument(name, item, pos)
