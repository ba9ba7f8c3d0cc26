"""Python values as text and binary: there and back, and against a real PostgreSQL."""

from __future__ import annotations

import contextlib
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_pg_real_server import Link, link, rows

from rustydb_proto.pg import Bind, Execute, Parse, Sync, binary, oids, sqlstate, text

__all__ = ["link"]  # the fixture

INDIA = timezone(timedelta(hours=5, minutes=30))
SAMPLES: list[tuple[int, object]] = [
    (oids.BOOL, True),
    (oids.BOOL, False),
    (oids.INT2, -32768),
    (oids.INT4, 2**31 - 1),
    (oids.INT8, -(2**63)),
    (oids.OID, 2**32 - 1),
    (oids.FLOAT4, 1.5),
    (oids.FLOAT8, 0.1),
    (oids.FLOAT8, 1e300),
    (oids.FLOAT8, math.inf),
    (oids.FLOAT8, -math.inf),
    (oids.NUMERIC, Decimal("0")),
    (oids.NUMERIC, Decimal("0.000")),
    (oids.NUMERIC, Decimal("-1")),
    (oids.NUMERIC, Decimal("10000")),
    (oids.NUMERIC, Decimal("123456789.00012300")),
    (oids.NUMERIC, Decimal("-0.00001")),
    (oids.NUMERIC, Decimal("9" * 40 + ".1")),
    (oids.NUMERIC, Decimal("Infinity")),
    (oids.NUMERIC, Decimal("-Infinity")),
    (oids.TEXT, "it's \\ ü 𝄞 \n"),
    (oids.VARCHAR, ""),
    (oids.BYTEA, bytes(range(256))),
    (oids.BYTEA, b""),
    (oids.DATE, date(1969, 12, 31)),
    (oids.DATE, date.max),
    (oids.DATE, date.min),
    (oids.TIME, time(23, 59, 59, 999999)),
    (oids.TIMETZ, time(1, 2, 3, 4, INDIA)),
    (oids.TIMESTAMP, datetime(1, 1, 2, 3, 4, 5, 6)),
    (oids.TIMESTAMP, datetime(2024, 2, 29)),
    (oids.TIMESTAMP, datetime.max),
    (oids.TIMESTAMPTZ, datetime(2024, 2, 29, 12, 0, 0, 123456, UTC)),
    (oids.TIMESTAMPTZ, datetime(2024, 2, 29, 12, 0, 0, 1, INDIA)),
    (oids.INTERVAL, timedelta(days=-3, seconds=5, microseconds=7)),
    (oids.INTERVAL, timedelta(0)),
    (oids.UUID, UUID("00112233-4455-6677-8899-aabbccddeeff")),
    (oids.JSON, {"a": [1, None, True, 'ü\\"']}),
    (oids.JSONB, {"b": {"c": 1.5}}),
    (oids.ARRAYS[oids.INT4], [1, None, -3]),
    (oids.ARRAYS[oids.INT4], []),
    (oids.ARRAYS[oids.INT4], [[1, 2], [3, 4]]),
    (oids.ARRAYS[oids.TEXT], ["", "NULL", "null", None, 'a"b', "c\\d", "{e}", "f,g", " h ", "ü"]),
    (oids.ARRAYS[oids.NUMERIC], [Decimal("1.5"), None]),
    (oids.ARRAYS[oids.TIMESTAMPTZ], [datetime(2024, 1, 1, tzinfo=UTC)]),
    (oids.ARRAYS[oids.BYTEA], [b"\\x", b""]),
]


@pytest.mark.parametrize(("oid", "value"), SAMPLES)
def test_values_survive_both_formats(oid: int, value: object) -> None:
    assert binary.decode(oid, binary.encode(oid, value)) == value
    assert text.decode(oid, text.encode(value)) == value


@pytest.mark.parametrize(("oid", "value"), SAMPLES)
def test_postgresql_reads_what_we_write_and_we_read_what_it_writes(link: Link, oid: int, value: object) -> None:
    sql = f"select $1::{oids.NAMES[oid].lstrip('_')}{'[]' if oid in oids.ELEMENTS else ''}"
    for result_format in (0, 1):
        events = link.ask(
            Parse("", sql, [oid]),
            Bind("", "", [binary.encode(oid, value)], [1], [result_format]),
            Execute(),
            Sync(),
        )
        ((data,),) = rows(events)
        assert data is not None
        got = binary.decode(oid, data) if result_format else text.decode(oid, data)
        assert got == value
        if isinstance(value, Decimal):
            assert str(got) == str(value)


@pytest.mark.parametrize(("oid", "value"), SAMPLES)
def test_postgresql_reads_our_text(link: Link, oid: int, value: object) -> None:
    events = link.ask(Parse("", "select $1", [oid]), Bind("", "", [text.encode(value)], [0], [1]), Execute(), Sync())
    ((data,),) = rows(events)
    assert data is not None and binary.decode(oid, data) == value


@pytest.mark.parametrize(
    ("sql", "oid", "value"),
    [
        (
            "'1 year 2 mons -3 days -04:05:06.7'::interval",
            oids.INTERVAL,
            timedelta(365 + 60 - 3) - timedelta(0, 14706.7),
        ),
        ("'-1 mons'::interval", oids.INTERVAL, timedelta(-30)),
        ("'infinity'::timestamptz", oids.TIMESTAMPTZ, datetime.max.replace(tzinfo=UTC)),
        ("'-infinity'::timestamp", oids.TIMESTAMP, datetime.min),
        ("'-infinity'::date", oids.DATE, date.min),
        ("array[array[1,2],array[3,4]]", oids.ARRAYS[oids.INT4], [[1, 2], [3, 4]]),
        ("'[0:1]={1,2}'::int[]", oids.ARRAYS[oids.INT4], [1, 2]),
        ("1e20::numeric", oids.NUMERIC, Decimal(10) ** 20),
        ("''::text", oids.TEXT, ""),
    ],
)
def test_what_only_postgresql_writes_is_read(link: Link, sql: str, oid: int, value: object) -> None:
    for result_format in (0, 1):
        events = link.ask(Parse("", "select " + sql), Bind("", "", [], [], [result_format]), Execute(), Sync())
        ((data,),) = rows(events)
        assert data is not None
        assert (binary.decode(oid, data) if result_format else text.decode(oid, data)) == value


def test_nan_is_nan() -> None:
    for oid, value in ((oids.FLOAT8, math.nan), (oids.NUMERIC, Decimal("NaN"))):
        for back in (binary.decode(oid, binary.encode(oid, value)), text.decode(oid, text.encode(value))):
            assert back != back


@given(st.decimals(allow_nan=False, allow_infinity=False, places=7))
def test_any_decimal_survives(value: Decimal) -> None:
    back = binary.decode(oids.NUMERIC, binary.encode(oids.NUMERIC, value))
    assert f"{back:f}" == f"{value if value else abs(value):f}"


@given(st.sampled_from([oid for oid in oids.BUILTIN if binary.supports(oid)]), st.binary(max_size=40))
def test_any_bytes_are_a_value_or_a_value_error(oid: int, data: bytes) -> None:
    for kind in (oid, oids.ARRAYS.get(oid, oid)):
        for decode in (binary.decode, text.decode):
            with contextlib.suppress(ValueError):
                decode(kind, data)


@given(st.text(alphabet='{}[]=0:1,;"\\ aNUL', max_size=20))
def test_any_array_text_is_a_list_or_a_value_error(source: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(text.decode(oids.ARRAYS[oids.TEXT], source.encode()), list)


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (oids.INT2, 32768),
        (oids.INT4, "x"),
        (oids.DATE, "2024-01-01"),
        (oids.TIMESTAMPTZ, datetime(2024, 1, 1)),
        (oids.TIMETZ, time(1)),
        (oids.ARRAYS[oids.INT4], [[1], [2, 3]]),
        (oids.ARRAYS[oids.INT4], [[[[[[[1]]]]]]]),
        (oids.UUID, "x"),
    ],
)
def test_values_that_do_not_fit_are_refused(oid: int, value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        binary.encode(oid, value)


def test_a_value_tells_its_type() -> None:
    for value, oid in (
        (True, oids.BOOL),
        (1, oids.INT8),
        (2**63, oids.NUMERIC),
        (1.5, oids.FLOAT8),
        ("x", oids.TEXT),
        (b"x", oids.BYTEA),
        (Decimal(1), oids.NUMERIC),
        (date(2024, 1, 1), oids.DATE),
        (time(1), oids.TIME),
        (time(1, tzinfo=UTC), oids.TIMETZ),
        (datetime(2024, 1, 1), oids.TIMESTAMP),
        (datetime(2024, 1, 1, tzinfo=UTC), oids.TIMESTAMPTZ),
        (timedelta(1), oids.INTERVAL),
        (UUID(int=1), oids.UUID),
        ({}, oids.JSONB),
        ([], oids.ARRAYS[oids.TEXT]),
        ([None, [1]], oids.ARRAYS[oids.INT8]),
    ):
        assert text.oid_of(value) == oid
    for unknown in (object(), {1}, None):
        with pytest.raises(TypeError):
            text.oid_of(unknown)
        with pytest.raises(TypeError):
            text.encode(unknown)


def test_escaped_bytea_is_read() -> None:
    assert text.decode(oids.BYTEA, rb"a\\b\000\377") == b"a\\b\0\xff"


def test_a_type_without_codec_is_text() -> None:
    assert text.decode(oids.INET, b"10.0.0.1/8") == "10.0.0.1/8"
    assert not binary.supports(oids.INET)
    with pytest.raises(TypeError, match="inet"):
        binary.decode(oids.INET, b"")


def test_error_codes_have_names() -> None:
    assert sqlstate.CODES["unique_violation"] == "23505"
    assert sqlstate.CODES["string_data_right_truncation"] == "22001"
    assert sqlstate.condition_name("40001") == "serialization_failure"
    assert sqlstate.condition_name("42XYZ") == "syntax_error_or_access_rule_violation"
    assert sqlstate.condition_name("?????") == "internal_error"
    assert sqlstate.class_of("08P01") == "08"
    assert all(len(code) == 5 for code in sqlstate.NAMES)


def test_type_tables_agree_with_each_other() -> None:
    assert oids.NAMES[oids.INT4] == "int4" and oids.NAMES[oids.ARRAYS[oids.INT4]] == "_int4"
    assert all(oids.ARRAYS[oids.ELEMENTS[array]] == array for array in oids.ELEMENTS)
