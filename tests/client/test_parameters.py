"""Placeholders: what counts as one, what a text, a name or a comment hides, and what the values must be."""

from __future__ import annotations

import pytest
from rustydb.errors import ProgrammingError
from rustydb.parameters import Parameters, compile_sql, prepare_sql


@pytest.mark.parametrize(
    ("sql", "parameters", "expected", "values"),
    [
        ("SELECT $1, $2", [1, "a"], "SELECT $1, $2", [1, "a"]),
        ("SELECT $2, $1, $1", (1, 2), "SELECT $2, $1, $1", [1, 2]),
        ("SELECT %s, %s", [1, 2], "SELECT $1, $2", [1, 2]),
        ("SELECT %(b)s, %(a)s, %(b)s", {"a": 1, "b": 2, "c": 3}, "SELECT $1, $2, $1", [2, 1]),
        ("SELECT 7 %% %s", [4], "SELECT 7 % $1", [4]),
        ("SELECT 7 % $1", [4], "SELECT 7 % $1", [4]),
        ("SELECT 7 % 4", [], "SELECT 7 % 4", []),
        ("SELECT 7 % 4, '%s'", None, "SELECT 7 % 4, '%s'", []),
        ("SELECT '%s', '50%%', %s", [1], "SELECT '%s', '50%%', $1", [1]),
        ("SELECT 'it''s %s', %s", [1], "SELECT 'it''s %s', $1", [1]),
        (r"SELECT E'it\'s %s', %s", [1], r"SELECT E'it\'s %s', $1", [1]),
        (r"SELECT 'a\', %s", [1], r"SELECT 'a\', $1", [1]),
        ('SELECT "%s""%s", %s', [1], 'SELECT "%s""%s", $1', [1]),
        ("SELECT 1 -- %s\n, %s", [1], "SELECT 1 -- %s\n, $1", [1]),
        ("SELECT /* %s /* %s */ %s */ %s", [1], "SELECT /* %s /* %s */ %s */ $1", [1]),
        ("SELECT $$ %s $1 $$, %s", [1], "SELECT $$ %s $1 $$, $1", [1]),
        ("SELECT $q$ $$ %s $q$, %s", [1], "SELECT $q$ $$ %s $q$, $1", [1]),
        ("SELECT a$1, b$x$ FROM t WHERE c = %s", [1], "SELECT a$1, b$x$ FROM t WHERE c = $1", [1]),
        ("SELECT 'open %s", [], "SELECT 'open %s", []),
        ("SELECT /* open %s", [], "SELECT /* open %s", []),
        ("SELECT $q$ open %s", [], "SELECT $q$ open %s", []),
        ("SELECT 1", {}, "SELECT 1", []),
        ("SELECT %s::text", ["ü"], "SELECT $1::text", ["ü"]),
    ],
)
def test_placeholders(sql: str, parameters: Parameters | None, expected: str, values: list[object]) -> None:
    assert prepare_sql(sql, parameters) == (expected, values)


@pytest.mark.parametrize(
    ("sql", "parameters", "message"),
    [
        ("SELECT $1, %s", [1, 2], "one style, not $n and %s"),
        ("SELECT %s, %(a)s", [1, 2], "one style"),
        ("SELECT %s", [], "has 1 placeholder, and 0 parameters were given"),
        ("SELECT $2", [1], "has 2 placeholders, and 1 parameter was given"),
        ("SELECT 1", [1], "has 0 placeholders, and 1 parameter was given"),
        ("SELECT %(a)s", {"b": 1}, 'no parameter "a"'),
        ("SELECT %(a)s", [1], "mapping"),
        ("SELECT %s", {"a": 1}, "%(name)s"),
        ("SELECT %s", "x", "not str"),
        ("SELECT %s", 18, "not int"),
        ("SELECT $70000", [1], "more than 65535"),
    ],
)
def test_what_does_not_fit_is_refused(sql: str, parameters: Parameters, message: str) -> None:
    with pytest.raises(ProgrammingError) as caught:
        prepare_sql(sql, parameters)
    assert message in str(caught.value)
    assert caught.value.sqlstate in ("42P02", "54023")


def test_a_text_is_read_once() -> None:
    assert compile_sql("SELECT %s, 'once'") is compile_sql("SELECT %s, 'once'")
