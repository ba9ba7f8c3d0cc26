"""json and jsonb: canonical text, Python forms, limits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustydb_engine.errors import SqlError
from rustydb_engine.values.json_path import element, extract, member, scalar_text
from rustydb_engine.values.json_scan import DEPTH_MAX
from rustydb_engine.values.jsontext import canonical, dumps_jsonb, json_in, loads

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30).map(Decimal)
    | st.text(alphabet='ab"\\\né\u0001', max_size=5)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)


@given(VALUES)
def test_what_is_written_reads_back_and_is_canonical(value: object) -> None:
    try:
        text = dumps_jsonb(value)
        text.encode()
    except UnicodeEncodeError:
        return
    if "\\u0000" in text:
        return
    assert loads(text) == value
    assert canonical(text) == text
    assert json_in(text) == text


def test_keys_are_ordered_by_bytes_and_the_last_of_equal_keys_stays() -> None:
    assert canonical('{"bb": 1, "a": 2, "é": 3, "a": 4}') == '{"a": 4, "bb": 1, "é": 3}'


def test_numbers_are_written_as_numeric_writes_them() -> None:
    assert canonical("[1e2, 1.50, -0, 0.00001, 12E-3]") == "[100, 1.50, 0, 0.00001, 0.012]"
    assert canonical("1" * 5000) == "1" * 5000


@pytest.mark.parametrize("read", [json_in, canonical, loads])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1)])
def test_nesting_is_bounded(read: object, text: str) -> None:
    assert callable(read)
    with pytest.raises(SqlError) as caught:
        read(text)
    assert caught.value.sqlstate == "54001"


def test_a_mistake_at_the_end_of_a_long_text_is_found_quickly_and_shown_in_part() -> None:
    with pytest.raises(SqlError) as caught:
        json_in("[" + "1," * 50_000 + "]")
    assert caught.value.detail == 'Expected JSON value, but found "]".'
    assert caught.value.where == "JSON data, line 1: ..." + "1," * 24 + "]"


def test_nesting_up_to_the_bound_is_read() -> None:
    text = "[" * DEPTH_MAX + "]" * DEPTH_MAX
    assert json_in(text) == text and canonical(text) == text


def test_brackets_in_strings_do_not_nest() -> None:
    text = '["' + "[" * 10_000 + '"]'
    assert canonical(text) == text


def test_slices_of_json_keep_their_spelling() -> None:
    text = ' { "a" : [1 ,  2.50, {"b": null}], "a\\u0062": "x" } '
    assert member(text, "a") == '[1 ,  2.50, {"b": null}]'
    assert member(text, "ab") == '"x"'
    assert element("[1, [2], 3]", -2) == "[2]"
    assert extract(text, ("a", "1")) == "2.50"
    assert extract(text, ("a", "2", "b")) == "null"
    assert scalar_text('"x\\n"') == "x\n"
    assert scalar_text("null") is None
