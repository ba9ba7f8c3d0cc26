"""Text and binary forms: round trips, malformed binary input, encodings, numeric limits."""

from __future__ import annotations

from decimal import Decimal
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustydb_engine.errors import SqlError
from rustydb_engine.values import numeric
from rustydb_engine.values.forms import DEFAULT_FORMS
from rustydb_engine.values.io import inline_binary_kind, inline_text_kind, io_of
from rustydb_engine.values.records import record_io
from rustydb_engine.values.text import decode_utf8, name_fit
from rustydb_engine.values.types import BY_NAME, BY_OID, DATE, INT4, JSONB, NUMERIC, TEXT

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: numeric.numeric_in(f"{number:f}"[:60]))


@given(NUMBERS)
def test_numeric_survives_text_and_binary(number: Decimal) -> None:
    io = io_of(NUMERIC)
    assert str(io.input(io.output(number, DEFAULT_FORMS), -1, DEFAULT_FORMS)) == str(number)
    assert str(io.receive(io.send(number, DEFAULT_FORMS), -1, DEFAULT_FORMS)) == str(number)


@given(NUMBERS, NUMBERS)
def test_arithmetic_makes_no_negative_zero_and_no_exponent(left: Decimal, right: Decimal) -> None:
    results = [numeric.add(left, right), numeric.subtract(left, left), numeric.multiply(left, right)]
    if right:
        results += [numeric.divide(left, right), numeric.remainder(left, right)]
    for result in results:
        assert not (result.is_zero() and result.is_signed())
        assert numeric.scale_of(result) >= 0


@given(st.floats(allow_nan=False, width=64))
def test_double_precision_prints_as_text_that_reads_back(number: float) -> None:
    io = io_of(BY_NAME["float8"])
    assert io.input(io.output(number, DEFAULT_FORMS), -1, DEFAULT_FORMS) == number


@given(st.floats(allow_nan=False, width=32))
def test_real_prints_as_text_that_reads_back(number: float) -> None:
    io = io_of(BY_NAME["float4"])
    assert io.input(io.output(number, DEFAULT_FORMS), -1, DEFAULT_FORMS) == number


ELEMENTS = st.none() | st.text(alphabet='a"\\{}, NULl\n', max_size=5)


@given(st.lists(ELEMENTS, max_size=5) | st.lists(st.tuples(ELEMENTS, ELEMENTS), max_size=3))
def test_arrays_survive_text_and_binary(items: list[object]) -> None:
    io = io_of(BY_NAME["_text"])
    value = tuple(items)
    assert io.input(io.output(value, DEFAULT_FORMS), -1, DEFAULT_FORMS) == value
    assert io.receive(io.send(value, DEFAULT_FORMS), -1, DEFAULT_FORMS) == value


@given(st.binary(max_size=40))
def test_no_bytes_crash_a_binary_reader(data: bytes) -> None:
    for kind in list(BY_OID.values()):
        try:
            receive = io_of(kind).receive
            receive(data, -1, DEFAULT_FORMS)
        except SqlError as error:
            assert error.sqlstate


@pytest.mark.parametrize(
    ("name", "data", "sqlstate"),
    [
        ("int4", b"\0\0\0", "08P01"),
        ("int4", b"\0\0\0\0\0", "22P03"),
        ("bool", b"", "08P01"),
        ("uuid", b"\0" * 15, "08P01"),
        ("text", b"\xff", "22021"),
        ("text", b"a\0", "22021"),
        ("date", pack("!i", 2**31 - 2), "22008"),
        ("time", pack("!q", -1), "22008"),
        ("numeric", pack("!hhHhh", 1, 0, 0, 0, 10000), "22P03"),
        ("jsonb", b"\2{}", "XX000"),
        ("_int4", pack("!iiI", 1, 0, 25) + pack("!ii", 0, 1), "42804"),
        ("_int4", pack("!iiI", 7, 0, 23), "54000"),
        ("_int4", pack("!iiIii", 1, 0, 23, 2**30, 1), "54000"),
        ("_int4", pack("!iiIiiii", 1, 0, 23, 1, 5, 4, 1), "0A000"),
    ],
)
def test_malformed_binary_values_are_refused(name: str, data: bytes, sqlstate: str) -> None:
    with pytest.raises(SqlError) as caught:
        io_of(BY_NAME[name]).receive(data, -1, DEFAULT_FORMS)
    assert caught.value.sqlstate == sqlstate


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"ab\xff", "0xff"),
        (b"\xe4b", "0xe4 0x62"),
        (b"\xe2\x28\xa1", "0xe2 0x28 0xa1"),
        (b"\xed\xa0\x80", "0xed 0xa0 0x80"),
        (b"\0", "0x00"),
    ],
)
def test_invalid_utf8_is_named_by_its_bytes(data: bytes, shown: str) -> None:
    with pytest.raises(SqlError) as caught:
        decode_utf8(data)
    assert caught.value.message == f'invalid byte sequence for encoding "UTF8": {shown}'


def test_names_are_cut_at_63_bytes_between_characters() -> None:
    assert name_fit("ä" * 40) == "ä" * 31
    assert name_fit("x" * 64) == "x" * 63


def test_inline_kinds_mean_what_the_functions_do() -> None:
    for kind in (kind for kind in BY_OID.values() if inline_text_kind(kind)):
        sample: object = {"int": 7, "str": "x", "bool": True}[str(inline_text_kind(kind))]
        wanted = {"int": "7", "str": "x", "bool": "t"}[str(inline_text_kind(kind))]
        assert io_of(kind).output(sample, DEFAULT_FORMS) == wanted
    packs = {
        "int2b": (5, pack("!h", 5)), "int4b": (5, pack("!i", 5)), "int8b": (5, pack("!q", 5)), "oidb": (5, pack("!I", 5)),
        "float4b": (1.5, pack("!f", 1.5)), "float8b": (1.5, pack("!d", 1.5)), "boolb": (True, b"\1"), "strb": ("ä", "ä".encode()),
        "bytesb": (b"0123456789abcdef", b"0123456789abcdef"),
    }  # fmt: skip
    for kind in (kind for kind in BY_OID.values() if inline_binary_kind(kind)):
        value, data = packs[str(inline_binary_kind(kind))]
        assert io_of(kind).send(value, DEFAULT_FORMS) == data


def test_records_with_known_fields_print_each_as_its_type() -> None:
    io = record_io((INT4, TEXT, DATE, JSONB), io_of)
    assert io.output((1, 'a "b"', 0, None), DEFAULT_FORMS) == '(1,"a ""b""",2000-01-01,)'
    assert io.output((1, "", 0, "{}"), DEFAULT_FORMS) == '(1,"",2000-01-01,{})'
    assert io.send((1, None, 0, None), DEFAULT_FORMS).hex() == (
        "0000000400000017000000040000000100000019ffffffff0000043a000000040000000000000edaffffffff"
    )


def test_a_plain_record_prints_by_python_form() -> None:
    assert (
        io_of(BY_NAME["record"]).output((1, "a,b", None, True, Decimal("1.50")), DEFAULT_FORMS) == '(1,"a,b",,t,1.50)'
    )


def test_numeric_has_limits() -> None:
    with pytest.raises(SqlError) as caught:
        numeric.multiply(numeric.numeric_in("1e100000"), numeric.numeric_in("1e100000"))
    assert (caught.value.sqlstate, caught.value.message) == ("22003", "value overflows numeric format")
    tiny = numeric.numeric_in("1e-16000")
    assert numeric.scale_of(numeric.multiply(tiny, tiny)) == numeric.SCALE_MAX


def test_the_longest_numeric_has_a_binary_form() -> None:
    io = io_of(NUMERIC)
    number = numeric.numeric_in("9" * 131_072)
    assert io.receive(io.send(number, DEFAULT_FORMS), -1, DEFAULT_FORMS) == number
