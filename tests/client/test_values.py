"""Python values to the wire and back, through both encodings of the protocol."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rustydb.errors import DataError, InterfaceError
from rustydb.rows import Column
from rustydb.values import Interval, Json, decode, decode_rows, encode, encode_all

from rustydb_proto.binary import values as wire


class Colour(enum.Enum):
    RED = "red"


class Text(str):
    pass


ZONE = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None), (True, True), (7, 7), (1.5, 1.5), ("ü", "ü"), (b"\0", b"\0"), (bytearray(b"x"), b"x"),
        (memoryview(b"xy"), b"xy"), (1 << 63, wire.Numeric("9223372036854775808")), (-(1 << 63), -(1 << 63)),
        (Decimal("1.50"), wire.Numeric("1.50")), (Decimal("NaN"), wire.Numeric("NaN")),
        (Decimal("-Infinity"), wire.Numeric("-Infinity")), (Decimal("1E+3"), wire.Numeric("1E+3")),
        (date(2000, 1, 2), wire.Date(1)), (date.max, wire.Date(wire.DATE_INFINITY)),
        (date.min, wire.Date(wire.DATE_NEGATIVE_INFINITY)), (time(0, 0, 1), wire.Time(1_000_000)),
        (time(1, 0, tzinfo=ZONE), wire.TimeTz(3_600_000_000, 19_800)), (datetime(2000, 1, 1, 0, 0, 1), wire.Timestamp(1_000_000)),
        (datetime(1999, 12, 31, 23, 59, 59), wire.Timestamp(-1_000_000)),
        (datetime(2000, 1, 1, 5, 30, tzinfo=ZONE), wire.TimestampTz(0)), (datetime.max, wire.Timestamp(wire.TIMESTAMP_INFINITY)),
        (datetime.min.replace(tzinfo=UTC), wire.TimestampTz(wire.TIMESTAMP_NEGATIVE_INFINITY)),
        (timedelta(days=-1, seconds=2), wire.Interval(0, -1, 2_000_000)), (Interval(1, 2, 3), wire.Interval(1, 2, 3)),
        (UUID(int=5), wire.Uuid(bytes(15) + b"\5")), ({"a": [1, None]}, wire.Json('{"a": [1, null]}')),
        (Json(None), wire.Json("null")), (Colour.RED, "red"), (Text("sub"), "sub"),
        ([], wire.Array(0, (), ())), ([1, 2], wire.Array(20, ((2, 1),), (1, 2))), ((None, "a"), wire.Array(25, ((2, 1),), (None, "a"))),
        ([[1, 2], [3, 4]], wire.Array(20, ((2, 1), (2, 1)), (1, 2, 3, 4))), ([1, 2.5], wire.Array(701, ((2, 1),), (1.0, 2.5))),
        ([1, Decimal("2.5")], wire.Array(1700, ((2, 1),), (wire.Numeric("1"), wire.Numeric("2.5")))),
    ],
)  # fmt: skip
def test_to_the_wire(value: object, sent: wire.Value) -> None:
    found = encode(value)
    assert found == sent and type(found) is type(sent)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (object(), InterfaceError, "type object has no SQL form"),
        ({1, 2}, InterfaceError, "type set has no SQL form"),
        (1j, InterfaceError, "type complex"),
        ([1, "a"], DataError, "elements of one type, not int and str"),
        ([[1], [2, 3]], DataError, "not 1 and 2"),
        ([[1], 2], DataError, "lists at every place"),
        ([[[[[[[1]]]]]]], DataError, "7 dimensions"),
        ({"a": object()}, DataError, "no JSON form"),
        (Json(float("nan")), DataError, "no JSON form"),
    ],
)
def test_what_has_no_form(value: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        encode(value)


def test_the_error_says_which_parameter() -> None:
    with pytest.raises(InterfaceError, match=r"parameter \$2: a value of type set"):
        encode_all([1, {2}])


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (wire.Numeric("12.340"), Decimal("12.340")), (wire.Date(-1), date(1999, 12, 31)),
        (wire.Date(wire.DATE_INFINITY), date.max), (wire.Date(wire.DATE_NEGATIVE_INFINITY), date.min),
        (wire.Time(86_399_999_999), time(23, 59, 59, 999_999)), (wire.TimeTz(0, 3600), time(0, tzinfo=timezone(timedelta(hours=1)))),
        (wire.Timestamp(-1), datetime(1999, 12, 31, 23, 59, 59, 999_999)), (wire.TimestampTz(0), datetime(2000, 1, 1, tzinfo=UTC)),
        (wire.TimestampTz(wire.TIMESTAMP_INFINITY), datetime.max.replace(tzinfo=UTC)),
        (wire.Interval(0, 1, 5), timedelta(days=1, microseconds=5)), (wire.Interval(14, 0, 0), Interval(14, 0, 0)),
        (wire.Uuid(bytes(16)), UUID(int=0)), (wire.Json('{"a": 1.5}'), {"a": 1.5}), (wire.Other(600, "(1,2)"), "(1,2)"),
        (wire.Array(23, (), ()), []), (wire.Array(23, ((2, 0),), (1, None)), [1, None]),
        (wire.Array(25, ((2, 1), (1, 1), (2, 1)), ("a", "b", "c", "d")), [[["a", "b"]], [["c", "d"]]]),
        (wire.Array(1700, ((1, 1),), (wire.Numeric("1"),)), [Decimal(1)]), (5, 5), (None, None),
    ],
)  # fmt: skip
def test_from_the_wire(sent: wire.Value, value: object) -> None:
    found = decode(sent)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (wire.Date(5_000_000), r"date \+5000000 days from 2000-01-01"),
        (wire.Timestamp(-(1 << 60)), "timestamp"),
        (wire.Time(86_400_000_000), "time 24:00:00"),
    ],
)
def test_what_python_cannot_hold_is_named(sent: wire.Value, message: str) -> None:
    with pytest.raises(DataError, match=message):
        decode(sent)


def test_rows_are_decoded_where_their_types_need_it() -> None:
    columns = [Column("a", "integer", 23), Column("b", "numeric", 1700), Column("c", "date", 1082)]
    rows = decode_rows(columns, [(1, wire.Numeric("2.5"), None), (2, None, wire.Date(0))])
    assert rows == [(1, Decimal("2.5"), None), (2, None, date(2000, 1, 1))] and rows[0]["b"] == Decimal("2.5")
    assert decode_rows(columns[:1], [(1,), (2,)]) == [(1,), (2,)]


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary(), st.dates(), st.datetimes(),
    st.datetimes(timezones=st.just(UTC)), st.times(), st.timedeltas(), st.uuids(), st.decimals(allow_nan=False),
)  # fmt: skip


@given(SCALARS)
def test_what_is_sent_comes_back(value: object) -> None:
    found = decode(encode(value))
    assert found == value
    assert type(found) is type(value) or (isinstance(value, int) and isinstance(found, Decimal))


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1))
def test_arrays_come_back(value: list[int | None]) -> None:
    assert decode(encode(value)) == value
