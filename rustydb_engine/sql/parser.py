"""The parser: text to syntax trees.

    parse("SELECT 1; COMMIT")      [(Select(…), 0, 8), (Commit(), 10, 16)]

`tokenize` cuts the text, each piece between semicolons is parsed by the LALR machine, whose actions (build_*.py) make
the nodes. Nothing here knows the catalog. Statements of PostgreSQL that this database does not have are recognised
by their first words and become `Unsupported`, so that they fail as not supported rather than as a syntax error.

Source: PostgreSQL 15, chapter VI "SQL Commands" and src/backend/parser/gram.y for what is an error where.
"""

from __future__ import annotations

from functools import cache

from rustydb_engine.sql import tables
from rustydb_engine.sql.ast import AnyStatement, Node, TypeName
from rustydb_engine.sql.build import ACTIONS
from rustydb_engine.sql.lalr import Tables, parse_tokens
from rustydb_engine.sql.lexer import END, tokenize

__all__ = ["parse", "parse_expression", "parse_type"]


def parse(sql: str) -> list[tuple[AnyStatement, int, int]]:
    """Parse a text of any number of statements; return each with its first offset and the offset after its last.

    A statement reaches up to its semicolon, which is not part of it, or to the end of the text. Empty statements
    are dropped. Raises SqlError 42601 for the first error of the text, 54001 for nesting without reason.
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
        statement, index = parse_tokens(machine, "statement", sql, tokens, index, ";")
        statements.append((statement, start, offsets[index]))
    return statements


def parse_expression(sql: str) -> Node:
    """Parse text that is one expression, as catalogs store it."""
    node: Node = _parse_one("expr", sql)
    return node


def parse_type(sql: str) -> TypeName:
    """Parse text that is one type: `numeric(10,2)[]`."""
    node: TypeName = _parse_one("typename", sql)
    return node


def _parse_one(start: str, sql: str) -> object:
    return parse_tokens(load_tables(), start, sql, tokenize(sql), 0)[0]


@cache
def load_tables() -> Tables:
    """Return the parse tables, loaded at the first use."""
    return Tables(tables.load(), ACTIONS)
