"""Functions inside whole queries give what PostgreSQL 15 gives; the golden cases of single functions run as SQL, too."""

from __future__ import annotations

from functools import cache

import pytest
from function_cases import DIRECTORY, Block, Case, query_of, quote
from function_cases import read as read_cases
from function_queries import SETUP, read, shown

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.texts import output_of
from tests.support.local import Local


@cache
def database() -> Local:
    """Return a database with the table that the queries read."""
    local = Local()
    for statement in SETUP:
        local.run(statement)
    return local


def output(query: str) -> str:
    """Return a query's rows, or its error, as the golden file has them."""
    local = database()
    try:
        rows = local.rows(query)
        context = local.context(None)
        printers = [output_of(column.type) for column in local.plan(query).columns]
        return shown(
            [[None if v is None else show(context, v) for show, v in zip(printers, row, strict=True)] for row in rows]
        )
    except SqlError as error:
        return f"!! {error.sqlstate} {error.message}"


@pytest.mark.parametrize(("query", "expected"), read(), ids=[query[:60] for query, _ in read()])
def test_functions_in_queries(query: str, expected: str) -> None:
    assert output(query) == expected


def first_cases() -> list[tuple[Block, Case]]:
    """Return the first case of every function."""
    blocks = [block for path in sorted(DIRECTORY.glob("*.txt")) for block in read_cases(path)[1]]
    return [(block, block.cases[0]) for block in blocks]


def test_every_function_can_be_called_in_sql() -> None:
    wrong: list[str] = []
    for block, case in first_cases():
        query = query_of(block, case)[0]
        try:
            rows = database().rows(query)
            found = " ".join(quote(None if null else str(text)) for null, text in rows) or "EMPTY"
        except SqlError as error:
            found = f"!! {error.sqlstate} {error.message}"
        if found != case.expected:
            wrong.append(f"{query} gives {found}, not {case.expected}")
    assert not wrong, "\n".join(wrong)
