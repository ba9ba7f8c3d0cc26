"""The parser: text to syntax trees.

    parse("SELECT 1; COMMIT")      [(Select(…), 0, 8), (Commit(), 10, 16)]

`tokenize` cuts the text, each piece between semicolons is parsed by the LALR machine, whose actions (build_*.py) make
the nodes. Nothing here knows the catalog. Statements of PostgreSQL that this database does not have are recognised
by their first words and become `Unsupported`, so that they fail as not supported rather than as a syntax error.

Source: PostgreSQL 15, chapter VI "SQL Commands" and src/backend/parser/gram.y for what is an error where.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast, tables
from rustydb_engine.sql.ast import AnyStatement, Node, TypeName
from rustydb_engine.sql.build import ACTIONS
from rustydb_engine.sql.depth import check_depth
from rustydb_engine.sql.lalr import Tables, parse_tokens
from rustydb_engine.sql.lexer import END, Tokens, tokenize
from rustydb_engine.sql.unsupported import recognise

__all__ = ["parse", "parse_expression", "parse_type"]


def parse(sql: str) -> list[tuple[AnyStatement, int, int]]:
    """Parse a text of any number of statements; return each with its first offset and the offset after its last.

    A statement reaches up to its semicolon, which is not part of it, or to the end of the text. Empty statements
    are dropped. Raises SqlError 42601 for the first error of the text, 54001 for nesting too deep.
    """
    machine = load_tables()
    tokens = tokenize(sql)
    types, _, offsets = tokens
    statements: list[tuple[AnyStatement, int, int]] = []
    index = 0
    while (first := types[index]) is not END:
        if first == ";":
            index += 1
            continue
        start = offsets[index]
        statement, index = _statement(machine, sql, tokens, index)
        statements.append((statement, start, offsets[index]))
    return statements


def _statement(machine: Tables, sql: str, tokens: Tokens, index: int) -> tuple[AnyStatement, int]:
    """Parse the statement that begins at token `index`; return it and the index of the token that ends it."""
    statement: AnyStatement
    try:
        statement, end = parse_tokens(machine, "statement", sql, tokens, index, ";")
    except SqlError as error:
        known = recognise(tokens, index) if error.sqlstate == "42601" else None
        if known is None:
            raise
        return ast.Unsupported(known[0], tokens[2][index]), known[1]
    check_depth(statement, end - index)
    return statement, end


def parse_expression(sql: str) -> Node:
    """Parse text that is one expression, as catalogs store it."""
    return cast(Node, _parse_one("expr", sql))


def parse_type(sql: str) -> TypeName:
    """Parse text that is one type: `numeric(10,2)[]`."""
    return cast(TypeName, _parse_one("typename", sql))


def _parse_one(start: str, sql: str) -> object:
    tree, end = parse_tokens(load_tables(), start, sql, tokenize(sql), 0)
    check_depth(tree, end)
    return tree


@cache
def load_tables() -> Tables:
    """Return the parse tables, loaded at the first use."""
    return Tables(tables.load(), ACTIONS)
