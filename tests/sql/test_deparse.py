"""Expressions and queries print as PostgreSQL 15 prints them: the golden cases in deparse/*.txt (see binder_cases)."""

from __future__ import annotations

from pathlib import Path

import pytest
from binder_cases import DEPARSE, catalog_of_cases, read

from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder import BindEnv, bind, bind_expression, stored_expr
from rustydb_engine.sql.bound import Query
from rustydb_engine.sql.deparse import deparse_expression, deparse_query
from rustydb_engine.sql.parser import parse, parse_expression

CATALOG = catalog_of_cases()
PUBLIC = ("public",)


def bound_query(sql: str, path: tuple[str, ...] = PUBLIC, canonical: bool = False) -> Query:
    ((statement, _, _),) = parse(sql)
    assert isinstance(statement, ast.Query)
    made = bind(statement, BindEnv(CATALOG, path, canonical=canonical))
    assert isinstance(made, Query)
    return made


def table_t() -> Table:
    found = CATALOG.relation("public", "t")
    assert isinstance(found, Table)
    return found


def printed(sql: str, pretty: bool) -> str:
    if sql.startswith(("select ", "values ", "with ", "(select")):
        return deparse_query(bound_query(sql), CATALOG, PUBLIC, pretty)
    bound = bind_expression(parse_expression(sql), table_t(), BindEnv(CATALOG), "check")
    return f"CHECK ({deparse_expression(bound, table_t(), CATALOG, PUBLIC, pretty)})"


@pytest.mark.parametrize("path", sorted(DEPARSE.glob("*.txt")), ids=lambda path: path.stem)
def test_text_is_that_of_postgresql(path: Path) -> None:
    different = []
    for sql, expected in read(path):
        answer = ["--", *printed(sql, False).split("\n"), "-- pretty", *printed(sql, True).split("\n")]
        if answer != expected:
            different.append("\n".join([sql, "expected", *expected, "answered", *answer]))
    assert not different, "\n".join(different)


@pytest.mark.parametrize("path", sorted(DEPARSE.glob("*.txt")), ids=lambda path: path.stem)
def test_stored_text_binds_to_what_prints_the_same_text(path: Path) -> None:
    for sql, _ in read(path):
        if sql.startswith(("select ", "values ", "with ", "(select")):
            stored = deparse_query(bound_query(sql), CATALOG, ())
            assert deparse_query(bound_query(stored, (), canonical=True), CATALOG, ()) == stored
        else:
            bound = bind_expression(parse_expression(sql), table_t(), BindEnv(CATALOG), "check")
            stored = deparse_expression(bound, table_t(), CATALOG, ())
            assert deparse_expression(stored_expr(CATALOG, stored, table_t()), table_t(), CATALOG, ()) == stored
