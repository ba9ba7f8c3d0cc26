"""Statements of every kind parse, errors are PostgreSQL's to the letter, and the grammar is what it claims to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast, tables
from rustydb_engine.sql.build import ACTIONS
from rustydb_engine.sql.keywords import BARE_LABEL, CATEGORY, FALLBACK, quote_identifier
from rustydb_engine.sql.lalr import ACCEPT
from rustydb_engine.sql.parser import parse

FOLDER = Path(__file__).parent / "parser"
STATEMENTS = (FOLDER / "statements.sql").read_text("utf-8").splitlines()


def recorded_errors() -> list[tuple[str, str, int | None, str]]:
    """Return (sql, sqlstate, offset, message) of the recording."""
    lines = (FOLDER / "errors.txt").read_text("utf-8").splitlines()[1:]
    errors = []
    for sql, answer in zip(lines[::2], lines[1::2], strict=True):
        code, position, message = answer.strip().split(" ", 2)
        errors.append((sql, code, None if position == "-" else int(position), message))
    return errors


@pytest.mark.parametrize("sql", STATEMENTS)
def test_statements_that_postgresql_accepts_parse(sql: str) -> None:
    ((statement, start, end),) = parse(sql)
    assert not isinstance(statement, ast.Unsupported)
    assert (start, end) == (0, len(sql))


def test_blanks_and_comments_may_stand_between_any_tokens() -> None:
    blank = "\n /* - /* */ */ -- \n"
    for sql in STATEMENTS:
        if "'" not in sql:
            parsed = parse(sql.replace(" ", blank))
            assert [statement for statement, _, _ in parsed] == [statement for statement, _, _ in parse(sql)]


@pytest.mark.parametrize(("sql", "code", "position", "message"), recorded_errors())
def test_errors_are_those_of_postgresql(sql: str, code: str, position: int | None, message: str) -> None:
    with pytest.raises(SqlError) as info:
        parse(sql)
    assert (info.value.sqlstate, info.value.message, info.value.position) == (code, message, position)


@pytest.mark.parametrize(
    "sql", ["select a < b < c", "select a like b like c", "select b like b like", "select a = b = c"]
)
def test_comparisons_do_not_chain(sql: str) -> None:
    with pytest.raises(SqlError) as info:
        parse(sql)
    assert info.value.position == sql.rindex(sql.split()[4])


def test_a_syntax_error_comes_before_a_broken_string_further_on() -> None:
    with pytest.raises(SqlError) as info:
        parse("select from where 'abc")
    assert info.value.message == 'syntax error at or near "where"'


def test_keywords_are_those_of_postgresql() -> None:
    recorded = [line.split() for line in (FOLDER / "keywords.txt").read_text("utf-8").splitlines()]
    assert [[word, CATEGORY[word], "bare" if BARE_LABEL[word] else "as"] for word in sorted(CATEGORY)] == recorded


def test_identifiers_are_quoted_when_they_must_be() -> None:
    names = ["abc", "a_1", "", "A", "1a", "a b", 'a"b', "select", "int", "value", "é"]
    assert [quote_identifier(name) for name in names] == [
        *("abc", "a_1", '""', '"A"', '"1a"', '"a b"', '"a""b"', '"select"', '"int"', "value", '"é"')
    ]


def test_every_rule_has_its_action_and_every_action_a_rule() -> None:
    used = {name for _, _, name, _, _ in tables.load()["rules"] if name}
    assert used == set(ACTIONS)


# A key word can be two things in these states: the grammar's meaning wins over being a name. PostgreSQL would see
# a name if what follows needs one; nobody calls cursors NEXT, transactions' savepoints TO, or tables TEMP.
ACCEPTED = frozenset(
    [
        "ABSOLUTE",
        "BACKWARD",
        "CATALOG",
        "CHARACTERISTICS",
        "CONSTRAINTS",
        "CUBE",
        "FIRST",
        "FORWARD",
        "GLOBAL",
        "IF",
        "LAST",
        "LOCAL",
        "NAMES",
        "NEXT",
        "PREPARE",
        "PRIOR",
        "RELATIVE",
        "ROLLUP",
        "SCHEMA",
        "TEMP",
        "TEMPORARY",
        "TRANSACTION",
        "UNBOUNDED",
        "UNLOGGED",
        "XML",
    ]
)


def test_no_other_word_loses_its_use_as_a_name() -> None:
    """Where a word has a meaning and a name may stand too, taking the word must leave open which it is.

    A state that would end an operand before a name, but takes the word on, is no such place: precedence decided.
    """
    data = tables.load()
    rows = [data["unique_rows"][index] for index in data["rows"]]
    undecided = set()
    for row in rows:
        for word, name in FALLBACK.items() if isinstance(row, dict) else ():
            taken, as_name = row.get(word, 0), row.get(name, 0)
            if (
                taken <= 0
                or taken >= ACCEPT
                or taken == as_name
                or (as_name < 0 and data["rules"][-1 - as_name][0] > 0)
                or as_name == 0
            ):
                continue
            passes_name_on = {data["rules"][-1 - action][2] for action in _actions(rows[taken]) if action < 0}
            if "" not in passes_name_on:
                undecided.add(word)
    assert undecided == ACCEPTED


def _actions(row: int | dict[str, int]) -> list[int]:
    return [row] if isinstance(row, int) else list(row.values())


def test_tables_of_another_grammar_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stored file names what it was made from; with another digest the tables are built and stored."""
    stored: list[bytes] = []
    monkeypatch.setattr(tables, "digest", lambda: "another")
    monkeypatch.setattr(tables, "_store", stored.append)
    monkeypatch.setattr("rustydb_engine.sql.table_builder.build", lambda grammar: {"made from": grammar})
    assert tables.load() == {"made from": tables.grammar_text()}
    assert stored[0].startswith(b"another\n")
