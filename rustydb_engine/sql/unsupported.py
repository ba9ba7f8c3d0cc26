"""Statements of PostgreSQL that this database does not have, recognised by their first words.

When the grammar rejects a statement, `recognise` looks whether PostgreSQL would know it: CREATE FUNCTION, GRANT and so
on. Such a statement becomes an `ast.Unsupported`, whatever its rest is, and fails when it runs (0A000) rather than as
a syntax error, so that a script's other statements still parse.

Its end is the next semicolon that is not inside parentheses (CREATE RULE … DO (a; b)) nor inside the body of an
SQL function (BEGIN ATOMIC a; b; END).
"""

from __future__ import annotations

from itertools import pairwise

from rustydb_engine.sql.lexer import END, ERROR, Tokens

_CREATED = """
    ACCESS METHOD|AGGREGATE|CAST|COLLATION|CONVERSION|DATABASE|DOMAIN|EVENT TRIGGER|EXTENSION|FOREIGN DATA WRAPPER
    FOREIGN TABLE|FUNCTION|GROUP|LANGUAGE|OPERATOR CLASS|OPERATOR FAMILY|OPERATOR|POLICY|PROCEDURE|PUBLICATION|ROLE
    RULE|SERVER|STATISTICS|SUBSCRIPTION|TABLESPACE|TEXT SEARCH CONFIGURATION|TEXT SEARCH DICTIONARY|TEXT SEARCH PARSER
    TEXT SEARCH TEMPLATE|TRANSFORM|TRIGGER|TYPE|USER MAPPING|USER
"""
_ONLY_ALTERED = """
    DEFAULT PRIVILEGES|FOREIGN TABLE|LARGE OBJECT|ROUTINE|SYSTEM|TABLE ALL|INDEX ALL|MATERIALIZED VIEW ALL
"""
_ONLY_DROPPED = "LARGE OBJECT|OWNED|ROUTINE"
_OTHERS = """
    CALL|CLUSTER|COMMIT PREPARED|DO|GRANT|IMPORT FOREIGN SCHEMA|LOAD|MERGE|PREPARE TRANSACTION|REASSIGN OWNED
    REFRESH MATERIALIZED VIEW|REINDEX|REVOKE|ROLLBACK PREPARED|SECURITY LABEL|SET TRANSACTION SNAPSHOT
"""
_NOISE = frozenset(
    {"OR", "REPLACE", "TRUSTED", "PROCEDURAL", "CONSTRAINT", "DEFAULT"}
)  # after CREATE, before its object


def _words(*lists: str) -> list[tuple[str, ...]]:
    """Return the phrases of `lists`, longest first."""
    phrases = [tuple(phrase.split()) for text in lists for line in text.split("\n") for phrase in line.split("|")]
    return sorted((phrase for phrase in phrases if phrase), key=len, reverse=True)


_OBJECTS: dict[str, list[tuple[str, ...]]] = {
    "CREATE": _words(_CREATED),
    "ALTER": _words(_CREATED, _ONLY_ALTERED),
    "DROP": _words(_CREATED, _ONLY_DROPPED),
}
_COMMENTED = _words(_CREATED, _ONLY_DROPPED)
_STATEMENTS = _words(_OTHERS)


def recognise(tokens: Tokens, start: int) -> tuple[str, int] | None:
    """Return what the statement from token `start` on is and the index of the token that ends it, or None."""
    types = tokens[0]
    end = _end(types, start)
    if types[end] == ERROR:
        return None
    what = _what(types[start:end])
    return None if what is None else (what, end)


def _what(types: list[str]) -> str | None:
    head = types[0] if types else ""
    objects = _OBJECTS.get(head)
    if objects is not None:
        rest = types[1:]
        while head == "CREATE" and rest and rest[0] in _NOISE:
            del rest[0]
        found = _starts(rest, objects)
        if found is not None:
            return f"{head} {found}"
        return _partition(head, types)
    if types[:2] == ["COMMENT", "ON"]:
        found = _starts(types[2:], _COMMENTED)
        return None if found is None else f"COMMENT ON {found}"
    return _starts(types, _STATEMENTS)


def _starts(types: list[str], phrases: list[tuple[str, ...]]) -> str | None:
    for phrase in phrases:
        if tuple(types[: len(phrase)]) == phrase:
            return " ".join(phrase)
    return None


def _partition(head: str, types: list[str]) -> str | None:
    """Return what a CREATE TABLE or ALTER TABLE is that the grammar has no rule for."""
    if "TABLE" not in types and "INDEX" not in types:
        return None
    for first, second in pairwise(types):
        if first == "(":
            return None
        if head == "CREATE" and first == "PARTITION" and second == "OF":
            return "CREATE TABLE PARTITION OF"
        if head == "CREATE" and second == "OF":
            return "CREATE TABLE OF"
        if head == "ALTER" and second == "PARTITION" and first in ("ATTACH", "DETACH"):
            return f"ALTER TABLE {first} PARTITION"
    return None


def _end(types: list[str], start: int) -> int:
    """Return the index of the token that ends the statement."""
    depth = blocks = 0
    for index in range(start, len(types)):
        here = types[index]
        if here in (END, ERROR):
            return index
        if here == "(":
            depth += 1
        elif here == ")":
            depth -= 1
        elif (here == "ATOMIC" and types[index - 1] == "BEGIN") or (here == "CASE" and blocks):
            blocks += 1
        elif here == "END" and blocks:
            blocks -= 1
        elif here == ";" and depth <= 0 and not blocks:
            return index
    raise AssertionError("tokens end with $END or ERROR")
