"""Pattern matching: LIKE, SIMILAR TO, POSIX regular expressions."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.values.like import like, like_escape, similar_to_regex
from rustydb_engine.values.regex import compile_regex, matches


def test_a_pattern_that_ends_in_its_escape_fails_only_when_reached() -> None:
    assert like("xyz", "ab\\") is False
    with pytest.raises(SqlError) as caught:
        like("abc", "ab\\")
    assert (caught.value.sqlstate, caught.value.message) == ("22025", "LIKE pattern must not end with escape character")


def test_percent_matches_newlines_and_many_of_them_stay_fast() -> None:
    assert like("a\nb", "a%b")
    assert not like("a" * 2000, "%a%a%a%a%b")


def test_like_escape_rewrites_to_the_backslash() -> None:
    assert like_escape("10#%", "#") == "10\\%"
    assert like_escape("a\\b", "#") == "a\\\\b"
    with pytest.raises(SqlError) as caught:
        like_escape("a", "##")
    assert (caught.value.sqlstate, caught.value.message) == ("22025", "invalid escape string")


@pytest.mark.parametrize(
    ("pattern", "regex"),
    [
        ("a%b_", "^(?:a.*b.)$"),
        ("(a|b)+", "^(?:(?:a|b)+)$"),
        ("[a%]%", "^(?:[a%].*)$"),
        ("[]%]_", "^(?:[]%].)$"),
        ("a.b", "^(?:a\\.b)$"),
        ('a\\"b\\"c', "^(?:a){1,1}?(b){1,1}(?:c)$"),
    ],
)
def test_similar_to_patterns_become_regular_expressions(pattern: str, regex: str) -> None:
    assert similar_to_regex(pattern) == regex


def test_similar_to_with_quotes_finds_the_part_between() -> None:
    found = compile_regex(similar_to_regex('%#"b_d#"%', "#"), "").search("abcde")
    assert found is not None and found[1] == "bcd"


@pytest.mark.parametrize(
    ("text", "pattern", "flags", "found"),
    [
        ("a\nb", "a.b", "", True),
        ("a\nb", "a.b", "n", False),
        ("a\nb", "^b", "", False),
        ("a\nb", "^b", "n", True),
        ("a\nb", "^b", "w", True),
        ("a\nb", "a[^x]b", "p", False),
        ("ab\n", "b$", "", False),
        ("ABC", "b", "i", True),
        ("a b", "a b # comment", "x", False),
        ("ab", "a b # comment", "x", True),
        ("a.c", "a.c", "q", True),
        ("abc", "a.c", "q", False),
    ],
)
def test_flags_of_regular_expressions(text: str, pattern: str, flags: str, found: bool) -> None:
    assert (compile_regex(pattern, flags).search(text) is not None) is found


def test_nesting_of_groups_is_bounded() -> None:
    with pytest.raises(SqlError) as caught:
        matches("a", "(" * 1000 + "a" + ")" * 1000)
    assert (caught.value.sqlstate, caught.value.message) == (
        "2201B",
        "invalid regular expression: regular expression is too complex",
    )
