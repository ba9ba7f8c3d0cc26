"""What the parser makes of statements, and where it points when it cannot."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.parser import parse, parse_expression, parse_type


def one(sql: str) -> ast.AnyStatement:
    """Parse a single statement."""
    ((statement, _, _),) = parse(sql)
    return statement


def error(sql: str) -> tuple[str, str, int | None]:
    """Parse what must fail."""
    with pytest.raises(SqlError) as info:
        parse(sql)
    return info.value.sqlstate, info.value.message, info.value.position


def test_a_text_is_statements_between_semicolons_and_empty_ones_are_dropped() -> None:
    parsed = parse(" ; select 1 ;; -- nothing\n commit")
    assert [(type(s).__name__, start, end) for s, start, end in parsed] == [("Select", 3, 12), ("Commit", 27, 33)]
    assert parse("") == parse(" ; /* none */ ;") == []


def test_a_point_query() -> None:
    assert one("SELECT abalance FROM pgbench_accounts WHERE aid = 7;") == ast.Select(
        targets=(ast.Target(ast.Column(("abalance",))),),
        source=(ast.FromTable(("pgbench_accounts",)),),
        where=ast.Operation("=", ast.Column(("aid",)), ast.Literal("int", "7")),
    )


@pytest.mark.parametrize(
    ("sql", "message", "position"),
    [
        ("select from where", 'syntax error at or near "where"', 12),
        ("select 1 +", "syntax error at end of input", 10),
        ("select a < b < c", 'syntax error at or near "<"', 13),
        ("select 'abc", 'unterminated quoted string at or near "\'abc"', 7),
        ("select 12abc", 'trailing junk after numeric literal at or near "12a"', 7),
        ("foo", 'syntax error at or near "foo"', 0),
        ("select 1; selec 2", 'syntax error at or near "selec"', 10),
        ("insert into t values (1,)", 'syntax error at or near ")"', 24),
    ],
)
def test_errors_name_the_token_and_point_at_it(sql: str, message: str, position: int) -> None:
    assert error(sql) == ("42601", message, position)


def test_operators_bind_as_in_postgresql() -> None:
    assert parse_expression("1 + 2 * 3 - 4") == parse_expression("(1 + (2 * 3)) - 4")
    assert parse_expression("- 2 ^ 2") == parse_expression("(- 2) ^ 2")
    assert parse_expression("a = not b and c") == parse_expression("(a = (not b)) and c")
    assert parse_expression("a || b + 1 = c or d and e") == parse_expression("((a || (b + 1)) = c) or (d and e)")
    assert parse_expression("a between 1 and 2 and c") == parse_expression("(a between 1 and 2) and c")
    assert parse_expression("-a::int") == parse_expression("-(a::int)")


def test_chains_of_and_are_one_node() -> None:
    node = parse_expression("a and b and (c and d)")
    assert isinstance(node, ast.And)
    assert len(node.items) == 3


def test_types_have_their_catalog_names() -> None:
    assert parse_type("double precision") == ast.TypeName(("pg_catalog", "float8"))
    assert parse_type("timestamp(3) with time zone") == ast.TypeName(
        ("pg_catalog", "timestamptz"), (ast.Literal("int", "3"),)
    )
    assert parse_type("numeric(10,2)[][]").array == 2
    assert parse_type("interval day to second(3)").fields == "DAY TO SECOND"
