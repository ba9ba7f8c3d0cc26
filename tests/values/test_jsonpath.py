"""Paths keep their meaning when they are written canonically, and no text makes the parser fail in another way than by an error."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rustydb_engine.errors import SqlError
from rustydb_engine.values.jsonpath import parse
from rustydb_engine.values.jsonpath_text import canonical_path

PIECES = st.sampled_from(
    ["$", "@", ".a", '."b c"', "[*]", "[0]", "[last]", "[1 to 2, 3]", ".*", ".**", ".**{1 to last}", " ? (", ")", "(", "1",
     "1.5", '"x"', "$v", " + ", " - ", " * ", "-", " == ", " < ", " && ", " || ", "!", " is unknown", "exists (", ".size()",
     " starts with ", ' like_regex "a" flag "i"', "true", "null", "strict ", " to ", "last", "}", "{", "\\", '"'],
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_the_canonical_form_of_a_path_is_its_own_canonical_form(text: str) -> None:
    try:
        shown = canonical_path(text)
    except SqlError as error:
        assert error.sqlstate in ("42601", "22P02")
        return
    assert canonical_path(shown) == shown
    assert parse(shown) == parse(text)


def test_deep_nesting_is_an_error_and_not_a_crash() -> None:
    for text in (
        "(" * 5000 + "$" + ")" * 5000,
        "-" * 5000 + "$",
        "$" + "[$" * 5000,
        "$" + " ? (@" * 5000,
        "1" + "+1" * 5000,
    ):
        try:
            canonical_path(text)
        except SqlError as error:
            assert error.sqlstate in ("54001", "42601")
