"""Python values in PostgreSQL's text format, for users of the machines who have no types of their own.

    encode(value) -> bytes                    by the value's class: None is not a value
    decode(oid, data) -> object               by the type's OID; a type that is not known stays str
    oid_of(value) -> int                      the type that a value would have as a parameter

    bool bool            int int2 int4 int8 oid     float float4 float8     Decimal numeric      str text and kin
    bytes bytea          date, time, datetime       timedelta interval      UUID uuid            dict, list in json
    list arrays of all of these, nested lists for more dimensions

Reading expects the settings a client should ask for at startup: DateStyle ISO, IntervalStyle postgres. Python has no
infinite dates: the greatest (least) date or timestamp stands for `infinity`, as in asyncpg, and one beyond year 9999
or BC is a ValueError. An interval's months count 30 days and its years 365.

Sources: "Data Types" in PostgreSQL's documentation, the *out functions of its backend/utils/adt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from rustydb_proto.pg import oids

NESTING_MAX: Final = 6  # PostgreSQL's MAXDIM


def oid_of(value: object) -> int:
    """Return the OID of the type that fits a value; TypeError if there is none."""
    kind = type(value)
    if kind is int:
        assert isinstance(value, int)
        return oids.INT8 if -(2**63) <= value < 2**63 else oids.NUMERIC
    if kind is list:
        assert isinstance(value, list)
        first = _first_item(value, 0)
        return oids.ARRAYS[oids.TEXT if first is None else oid_of(first)]
    if isinstance(value, datetime):
        return oids.TIMESTAMP if value.tzinfo is None else oids.TIMESTAMPTZ
    if isinstance(value, time):
        return oids.TIME if value.tzinfo is None else oids.TIMETZ
    oid = _OIDS.get(kind)
    if oid is None:
        raise TypeError(f"no PostgreSQL type for {kind.__name__}")
    return oid


_OIDS: Final[Mapping[type, int]] = {
    bool: oids.BOOL,
    float: oids.FLOAT8,
    str: oids.TEXT,
    bytes: oids.BYTEA,
    Decimal: oids.NUMERIC,
    date: oids.DATE,
    timedelta: oids.INTERVAL,
    UUID: oids.UUID,
    dict: oids.JSONB,
}


def _first_item(items: list[object], depth: int) -> object:
    if depth >= NESTING_MAX:
        raise ValueError(f"arrays have at most {NESTING_MAX} dimensions")
    for item in items:
        found = _first_item(item, depth + 1) if isinstance(item, list) else item
        if found is not None:
            return found
    return None


# ---- Python to text


def encode(value: object) -> bytes:
    """Return a value's text; TypeError for a class that is not known."""
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        raise TypeError(f"no PostgreSQL type for {type(value).__name__}")
    return encoder(value).encode()


def _encode_float(value: object) -> str:
    text = repr(value)
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text, text)


def _encode_bytes(value: object) -> str:
    assert isinstance(value, bytes)
    return "\\x" + value.hex()


def _encode_date(value: object) -> str:
    assert isinstance(value, date)
    return "infinity" if value == date.max else "-infinity" if value == date.min else str(value)


def _encode_datetime(value: object) -> str:
    assert isinstance(value, datetime)
    naive = value.replace(tzinfo=None)
    return "infinity" if naive == datetime.max else "-infinity" if naive == datetime.min else str(value)


def _encode_timedelta(value: object) -> str:
    assert isinstance(value, timedelta)
    seconds = value.seconds
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{value.microseconds:06}"
    return f"{value.days} days {clock}"


def _encode_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _encode_array(value: object) -> str:
    assert isinstance(value, list)
    _first_item(value, 0)  # refuses lists that are nested too deep
    return "{" + ",".join(map(_encode_item, value)) + "}"


def _encode_item(item: object) -> str:
    if item is None:
        return "NULL"
    text = encode(item).decode()
    if isinstance(item, list) or (text and not _NEEDS_QUOTES.search(text) and text.upper() != "NULL"):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_NEEDS_QUOTES: Final = re.compile(r'[\s{},"\\]')

_ENCODERS: Final[Mapping[type, Callable[[object], str]]] = {
    bool: lambda value: "t" if value else "f",
    int: str,
    float: _encode_float,
    str: str,
    bytes: _encode_bytes,
    Decimal: str,
    date: _encode_date,
    time: str,
    datetime: _encode_datetime,
    timedelta: _encode_timedelta,
    UUID: str,
    dict: _encode_json,
    list: _encode_array,
}


# ---- text to Python


def decode(oid: int, data: bytes) -> object:
    """Return the value that a text stands for; ValueError if Python cannot hold it."""
    text = data.decode()
    element = oids.ELEMENTS.get(oid)
    try:
        if element is not None:
            return _decode_array(text, _DECODERS.get(element, str), ";" if element == oids.BOX else ",")
        return _DECODERS.get(oid, str)(text)
    except ArithmeticError:  # what Decimal raises for a text that is no number
        raise ValueError(f'invalid {oids.NAMES.get(oid, oid)}: "{text}"') from None


def _decode_bytea(text: str) -> bytes:
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    # bytea_output = escape: a backslash is doubled, other bytes beyond ASCII are three octal digits.
    pieces = re.split(r"\\(\\|[0-3][0-7]{2})", text)
    parts = [pieces[0].encode()]
    for code, rest in zip(pieces[1::2], pieces[2::2], strict=True):
        parts.append(b"\\" if code == "\\" else bytes([int(code, 8)]))
        parts.append(rest.encode())
    return b"".join(parts)


def _decode_date(text: str) -> date:
    if text == "infinity":
        return date.max
    if text == "-infinity":
        return date.min
    return date.fromisoformat(text)


def _decode_timestamp(text: str) -> datetime:
    if text == "infinity":
        return datetime.max
    if text == "-infinity":
        return datetime.min
    return datetime.fromisoformat(text)


def _decode_timestamptz(text: str) -> datetime:
    if text == "infinity":
        return datetime.max.replace(tzinfo=UTC)
    if text == "-infinity":
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromisoformat(text)


_INTERVAL_FIELD: Final = re.compile(r"([+-]?\d+) (year|mon|day)s?")
_INTERVAL_CLOCK: Final = re.compile(r"([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$")
_DAYS: Final = {"year": 365, "mon": 30, "day": 1}


def _decode_interval(text: str) -> timedelta:
    days = sum(int(count) * _DAYS[unit] for count, unit in _INTERVAL_FIELD.findall(text))
    clock = _INTERVAL_CLOCK.search(text)
    if clock is None:
        return timedelta(days=days)
    sign, hours, minutes, seconds, fraction = clock.groups()
    microseconds = int((fraction or "0").ljust(6, "0"))
    span = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds), microseconds=microseconds)
    return timedelta(days=days) + (-span if sign == "-" else span)


def _decode_json(text: str) -> object:
    decoded: object = json.loads(text)
    return decoded


_DECODERS: Final[Mapping[int, Callable[[str], object]]] = {
    oids.BOOL: lambda text: text == "t",
    oids.INT2: int,
    oids.INT4: int,
    oids.INT8: int,
    oids.OID: int,
    oids.FLOAT4: float,
    oids.FLOAT8: float,
    oids.NUMERIC: Decimal,
    oids.BYTEA: _decode_bytea,
    oids.DATE: _decode_date,
    oids.TIME: time.fromisoformat,
    oids.TIMETZ: time.fromisoformat,
    oids.TIMESTAMP: _decode_timestamp,
    oids.TIMESTAMPTZ: _decode_timestamptz,
    oids.INTERVAL: _decode_interval,
    oids.UUID: UUID,
    oids.JSON: _decode_json,
    oids.JSONB: _decode_json,
}

_ARRAY_TOKEN: Final = re.compile(r'\s*(?:([{};,])|"((?:[^"\\]|\\.)*)"|((?:[^{},;"\\]|\\.)+))', re.DOTALL)


def _decode_array(text: str, decode_item: Callable[[str], object], delimiter: str) -> list[object]:
    """Read `{1,NULL,{...}}`, with or without bounds `[0:1]=` before it."""
    if text.startswith("["):
        text = text.partition("=")[2]
    outer: list[object] = []
    stack = [outer]
    position = 0
    while position < len(text):
        token = _ARRAY_TOKEN.match(text, position)
        if token is None:
            raise ValueError(f'malformed array literal: "{text}"')
        position = token.end()
        mark, quoted, plain = token.groups()
        if mark == "{":
            inner: list[object] = []
            stack[-1].append(inner)
            stack.append(inner)
            if len(stack) > NESTING_MAX + 1:
                raise ValueError(f"arrays have at most {NESTING_MAX} dimensions")
        elif mark == "}":
            stack.pop()
            if not stack:
                raise ValueError(f'malformed array literal: "{text}"')
        elif quoted is not None:
            stack[-1].append(decode_item(re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)))
        elif plain is not None:
            stack[-1].append(None if plain == "NULL" else decode_item(re.sub(r"\\(.)", r"\1", plain)))
        elif mark != delimiter:
            raise ValueError(f'malformed array literal: "{text}"')
    if len(stack) != 1 or len(outer) != 1 or not isinstance(outer[0], list):
        raise ValueError(f'malformed array literal: "{text}"')
    return outer[0]
