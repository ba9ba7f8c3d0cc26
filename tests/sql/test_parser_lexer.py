"""How text is cut into tokens."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.lexer import ERROR, tokenize


def tokens(sql: str) -> list[tuple[str, object]]:
    """Return terminal and value of each token but the last."""
    types, values, _ = tokenize(sql)
    return list(zip(types, values, strict=True))[:-1]


def only(sql: str) -> object:
    """Return the value of the only token."""
    ((_, value),) = tokens(sql)
    return value


def operators(sql: str) -> list[object]:
    """Return the operators that a run of characters is."""
    return [value for _, value in tokens(sql)]


def error(sql: str) -> SqlError:
    """Return the error that ends the tokens."""
    types, values, _ = tokenize(sql)
    assert types[-1] == ERROR
    problem = values[-1]
    assert isinstance(problem, SqlError)
    return problem


def test_identifiers_fold_to_lower_case_but_not_beyond_ascii() -> None:
    assert [value for _, value in tokens('abC "abC" ÄbC _a$1')] == ["abc", "abC", "Äbc", "_a$1"]
    assert only('"a""b"') == 'a"b'


def test_identifiers_are_cut_to_63_bytes_at_a_character() -> None:
    assert only("a" * 70) == "a" * 63
    assert only('"' + "é" * 40 + '"') == "é" * 31


def test_numbers_say_whether_they_fit_int4() -> None:
    texts = "0 2147483647 2147483648 1.5 .5 1. 1e10 1.5E-3 00000000000001"
    assert [kind for kind, _ in tokens(texts)] == (
        ["ICONST", "ICONST", "FCONST", "FCONST", "FCONST", "FCONST", "FCONST", "FCONST", "ICONST"]
    )
    assert [value for _, value in tokens("1..2")] == ["1", "..", "2"]


def test_an_operator_is_as_long_as_can_be() -> None:
    assert operators("<=>=") == ["<=>="]
    assert operators("@>") == ["@>"]
    assert operators("!= <> <= >= =>") == ["<>", "<>", "<=", ">=", "=>"]
    assert operators(":: := : ..") == ["::", ":=", ":", ".."]


def test_an_operator_ends_in_a_sign_only_with_certain_characters_before_it() -> None:
    assert operators("=-") == ["=", "-"]
    assert operators("@-") == ["@-"]
    assert operators("<+-") == ["<", "+", "-"]
    assert operators("+-+") == ["+", "-", "+"]
    assert operators("a!=-1"[1:4]) == ["!=-"]


def test_comments_end_operators() -> None:
    assert operators("+-- rest") == ["+"]
    assert operators("*/*x*/*") == ["*", "*"]
    assert operators("a /* b /* c */ d */ e") == ["a", "e"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        ("'a\\n'", "a\\n"),
        ("'a'\n  'b'", "ab"),
        ("'a' -- x\n 'b'", "ab"),
        (r"e'\t\n\'\\\a'", "\t\n'\\a"),
        (r"E'\101\x42\u0043\U00000044'", "ABCD"),
        (r"E'\303\251\xc3\xa9'", "éé"),
        (r"E'\ud83d\ude00'", "😀"),
        (r"U&'d\0061t\+000061'", "data"),
        (r"U&'d!0061' uescape '!'", "da"),
        (r"U&'\\'", "\\"),
        (r'U&"\0061B"', "aB"),
        ("$$a'b$$", "a'b"),
        ("$x$a$$b$x$", "a$$b"),
        ("B'101'", "b101"),
        ("x'1F'", "x1F"),
    ],
)
def test_strings(text: str, value: str) -> None:
    assert only(text) == value


def test_strings_on_one_line_are_two() -> None:
    assert [value for _, value in tokens("'a' 'b'")] == ["a", "b"]


def test_national_strings_are_character_constants() -> None:
    assert tokens("n'x'") == [("NCHAR", "nchar"), ("SCONST", "x")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'abc", 'unterminated quoted string at or near "\'abc"'),
        ('"abc', 'unterminated quoted identifier at or near ""abc"'),
        ('""', 'zero-length delimited identifier at or near """"'),
        ("/* a", 'unterminated /* comment at or near "/* a"'),
        ("$a$ $b$", 'unterminated dollar-quoted string at or near "$a$ $b$"'),
        ("1abc", 'trailing junk after numeric literal at or near "1abc"'),
        ("$1a", 'trailing junk after parameter at or near "$1a"'),
        ("~" * 64, f'operator too long at or near "{"~" * 64}"'),
    ],
)
def test_what_is_no_token(text: str, message: str) -> None:
    assert error("a " + text).message == message
    assert error("a " + text).position == 2


def test_words_are_joined_where_one_word_of_look_ahead_is_not_enough() -> None:
    assert [kind for kind, _ in tokens("not in not a nulls last with time with a")] == (
        ["_NOT_LA", "IN", "NOT", "IDENT", "_NULLS_LA", "LAST", "_WITH_LA", "TIME", "WITH", "IDENT"]
    )
