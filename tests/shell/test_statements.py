"""Where statements end, and what the prompt shows while one is open."""

from __future__ import annotations

import pytest
from rustydb_shell.catalog import literal, regex
from rustydb_shell.link import describe
from rustydb_shell.statements import split


@pytest.mark.parametrize(
    ("text", "statements", "rest", "opened"),
    [
        ("SELECT 1;", ["SELECT 1"], "", "="),
        ("SELECT 1; SELECT 2", ["SELECT 1"], " SELECT 2", "-"),
        ("SELECT ';', E'\\';', \";\"; x;", ["SELECT ';', E'\\';', \";\"", "x"], "", "="),
        ("SELECT $$;$$, $a$ $$;$$ $a$;", ["SELECT $$;$$, $a$ $$;$$ $a$"], "", "="),
        ("SELECT 1 -- ; no\n;", ["SELECT 1 -- ; no"], "", "="),
        ("SELECT /* ; /* ; */ ; */ 1;", ["SELECT /* ; /* ; */ ; */ 1"], "", "="),
        ("CREATE RULE r AS ON INSERT TO t DO (a; b);", ["CREATE RULE r AS ON INSERT TO t DO (a; b)"], "", "="),
        (";; ;", [], "", "="),
        ("-- only a comment\n", [], "-- only a comment\n", "="),
        ("SELECT 'open;", [], "SELECT 'open;", "'"),
        ('SELECT "open;', [], 'SELECT "open;', '"'),
        ("SELECT $x$ open;", [], "SELECT $x$ open;", "$"),
        ("SELECT /* open;", [], "SELECT /* open;", "*"),
        ("SELECT (1;", [], "SELECT (1;", "("),
        ("SELECT it$;1;", ["SELECT it$", "1"], "", "="),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;",
            [
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
                "SELECT 3",
            ],
            "",
            "=",
        ),
        ("BEGIN; SELECT 1; END;", ["BEGIN", "SELECT 1", "END"], "", "="),
    ],
)
def test_split(text: str, statements: list[str], rest: str, opened: str) -> None:
    found = split(text)
    assert (found.statements, found.rest, found.open) == (statements, rest, opened)


def test_patterns_are_psqls() -> None:
    assert [regex(pattern) for pattern in ("users", "US*", "a?c", '"A*"', "a.b", "x$")] == [
        "^(users)$", "^(us.*)$", "^(a.c)$", "^(A\\*)$", "^(a\\.b)$", "^(x\\$)$",
    ]  # fmt: skip
    assert literal("it's") == "'it''s'" and literal("a\\b") == "E'a\\\\b'"


def test_an_error_shows_its_line_and_position() -> None:
    fields = {"S": "ERROR", "M": 'column "x" does not exist', "P": "15", "H": "Perhaps.", "D": "Because."}
    assert describe(fields, "SELECT 1,\n    x\nFROM t") == (
        'ERROR:  column "x" does not exist\nLINE 2:     x\n            ^\nDETAIL:  Because.\nHINT:  Perhaps.'
    )
    assert describe({"S": "ERROR", "M": "no", "P": "99"}, "SELECT 1") == "ERROR:  no"
