"""Python values in PostgreSQL's binary format, for users of the machines who have no types of their own.

    encode(oid, value) -> bytes               as the type `oid`; TypeError or ValueError if the value does not fit
    decode(oid, data) -> object               ValueError if the bytes are not of that type, or Python cannot hold it

Which Python class belongs to which type, and what happens to infinite dates and to months, is as in text.py. Types
without a class of their own (inet, geometry, ranges) are not here: `supports(oid)` says so, ask for text then.

The formats, all big-endian: numbers as they are; numeric a header of four Int16 (digits, weight, sign, scale) and
digits to base 10000; dates are days, timestamps microseconds since 2000-01-01; timetz has its offset in seconds
*west* of Greenwich; interval is microseconds, days, months; jsonb has a version byte 1; an array has dimensions, a
null flag, the element's OID, size and lower bound of each dimension, then values with their lengths.

Source: the *send and *recv functions of PostgreSQL's backend/utils/adt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from struct import Struct
from struct import error as StructError
from typing import Final
from uuid import UUID

from rustydb_proto.pg import oids
from rustydb_proto.pg.text import NESTING_MAX

_int16 = Struct("!h")
_int32 = Struct("!i")
_uint32 = Struct("!I")
_int64 = Struct("!q")
_float32 = Struct("!f")
_float64 = Struct("!d")
_timetz = Struct("!qi")
_interval = Struct("!qii")
_numeric_header = Struct("!HhHH")
_array_header = Struct("!iiI")
_two_int32 = Struct("!ii")

_EPOCH_DATE: Final = date(2000, 1, 1)
_EPOCH: Final = datetime(2000, 1, 1)
_MICROSECOND: Final = timedelta(microseconds=1)
_INFINITY_32: Final = (-(2**31), 2**31 - 1)
_INFINITY_64: Final = (-(2**63), 2**63 - 1)
_POSITIVE, _NEGATIVE, _NAN, _PLUS_INFINITY, _MINUS_INFINITY = 0x0000, 0x4000, 0xC000, 0xD000, 0xF000


def supports(oid: int) -> bool:
    """Whether there is a codec for the type, or for the element type of an array."""
    return oids.ELEMENTS.get(oid, oid) in _CODECS


def encode(oid: int, value: object) -> bytes:
    """Return a value as the type `oid`."""
    element = oids.ELEMENTS.get(oid)
    try:
        if element is not None:
            return _encode_array(element, value)
        return _codec(oid)[0](value)
    except (StructError, OverflowError, AttributeError) as error:
        raise ValueError(f"{value!r} does not fit into {oids.NAMES.get(oid, oid)}: {error}") from None


def decode(oid: int, data: bytes) -> object:
    """Return the value that `data` stands for."""
    element = oids.ELEMENTS.get(oid)
    try:
        if element is not None:
            return _decode_array(element, data)
        return _codec(oid)[1](data)
    except (StructError, OverflowError, IndexError) as error:
        raise ValueError(f"invalid binary {oids.NAMES.get(oid, oid)}: {error}") from None


Encoder = Callable[..., bytes]
Decoder = Callable[[bytes], object]


def _codec(oid: int) -> tuple[Encoder, Decoder]:
    codec = _CODECS.get(oid)
    if codec is None:
        raise TypeError(f"no binary format for the type {oids.NAMES.get(oid, oid)}")
    return codec


# ---- numeric


def _encode_numeric(value: Decimal | int) -> bytes:
    number = Decimal(value)
    if not number.is_finite():
        sign = _NAN if number.is_nan() else _MINUS_INFINITY if number < 0 else _PLUS_INFINITY
        return _numeric_header.pack(0, 0, sign, 0)
    negative, digit_tuple, exponent = number.as_tuple()
    assert isinstance(exponent, int), "a finite number has an exponent"
    scale = max(0, -exponent)
    digits = "".join(map(str, digit_tuple)) + "0" * max(0, exponent)
    # Align to the decimal point in groups of four: the weight counts groups before it, less one.
    before = len(digits) - scale
    padding = -before % 4
    digits = "0" * padding + digits
    groups = [int(digits[at : at + 4].ljust(4, "0")) for at in range(0, len(digits), 4)]
    weight = (before + padding) // 4 - 1
    while groups and groups[0] == 0:
        groups.pop(0)
        weight -= 1
    while groups and groups[-1] == 0:
        groups.pop()
    header = _numeric_header.pack(len(groups), weight if groups else 0, _NEGATIVE if negative and groups else 0, scale)
    return header + b"".join(map(_int16.pack, groups))


def _decode_numeric(data: bytes) -> Decimal:
    count, weight, sign, scale = _numeric_header.unpack_from(data)
    if sign in (_NAN, _PLUS_INFINITY, _MINUS_INFINITY):
        return Decimal({_NAN: "NaN", _PLUS_INFINITY: "Infinity", _MINUS_INFINITY: "-Infinity"}[sign])
    if sign not in (_POSITIVE, _NEGATIVE) or len(data) != 8 + 2 * count:
        raise ValueError("invalid binary numeric")
    digits = "".join(f"{group:04}" for (group,) in _int16.iter_unpack(data[8:]))
    # The digits end 4 * (count - weight - 1) places behind the point; the scale says how many are shown.
    exponent = 4 * (weight + 1 - count)
    places = exponent + scale
    digits = digits + "0" * places if places >= 0 else digits[:places]
    return Decimal((1 if sign else 0, tuple(map(int, digits or "0")), -scale))


# ---- date and time


def _encode_date(value: date) -> bytes:
    if value in (date.min, date.max):
        return _int32.pack(_INFINITY_32[value == date.max])
    return _int32.pack((value - _EPOCH_DATE).days)


def _decode_date(data: bytes) -> date:
    (days,) = _int32.unpack(data)
    if days in _INFINITY_32:
        return date.max if days > 0 else date.min
    return _EPOCH_DATE + timedelta(days=days)


def _encode_timestamp(value: datetime) -> bytes:
    if value in (datetime.min, datetime.max):
        return _int64.pack(_INFINITY_64[value == datetime.max])
    return _int64.pack((value - _EPOCH) // _MICROSECOND)


def _decode_timestamp(data: bytes) -> datetime:
    (microseconds,) = _int64.unpack(data)
    if microseconds in _INFINITY_64:
        return datetime.max if microseconds > 0 else datetime.min
    return _EPOCH + timedelta(microseconds=microseconds)


def _encode_timestamptz(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return _encode_timestamp(value.replace(tzinfo=None))


def _decode_timestamptz(data: bytes) -> datetime:
    return _decode_timestamp(data).replace(tzinfo=UTC)


def _microseconds_of(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond


def _time_of(microseconds: int) -> time:
    seconds, fraction = divmod(microseconds, 1_000_000)
    if seconds == 86_400 and not fraction:
        raise ValueError("Python has no time 24:00")
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, fraction)


def _encode_time(value: time) -> bytes:
    return _int64.pack(_microseconds_of(value))


def _decode_time(data: bytes) -> time:
    return _time_of(_int64.unpack(data)[0])


def _encode_timetz(value: time) -> bytes:
    offset = value.utcoffset()
    if offset is None:
        raise ValueError(f"{value!r} has no time zone")
    return _timetz.pack(_microseconds_of(value), -(offset // timedelta(seconds=1)))


def _decode_timetz(data: bytes) -> time:
    microseconds, west = _timetz.unpack(data)
    return _time_of(microseconds).replace(tzinfo=timezone(timedelta(seconds=-west)))


def _encode_interval(value: timedelta) -> bytes:
    return _interval.pack(value.seconds * 1_000_000 + value.microseconds, value.days, 0)


def _decode_interval(data: bytes) -> timedelta:
    microseconds, days, months = _interval.unpack(data)
    years = abs(months) // 12 * (1 if months > 0 else -1)
    return timedelta(days=days + years * 365 + (months - years * 12) * 30, microseconds=microseconds)


# ---- text, json, the rest


def _encode_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _decode_json(data: bytes) -> object:
    decoded: object = json.loads(data)
    return decoded


def _encode_jsonb(value: object) -> bytes:
    return b"\1" + _encode_json(value)


def _decode_jsonb(data: bytes) -> object:
    if data[0] != 1:
        raise ValueError(f"unsupported jsonb version number {data[0]}")
    return _decode_json(data[1:])


def _decode_bool(data: bytes) -> bool:
    if len(data) != 1:
        raise ValueError("a boolean is one byte")
    return data != b"\0"


_TEXT_CODEC: Final[tuple[Encoder, Decoder]] = (str.encode, bytes.decode)


def _fixed(form: Struct) -> tuple[Encoder, Decoder]:
    return form.pack, lambda data: form.unpack(data)[0]


_CODECS: Final[Mapping[int, tuple[Encoder, Decoder]]] = {
    oids.BOOL: (lambda value: b"\1" if value else b"\0", _decode_bool),
    oids.INT2: _fixed(_int16),
    oids.INT4: _fixed(_int32),
    oids.INT8: _fixed(_int64),
    oids.OID: _fixed(_uint32),
    oids.FLOAT4: _fixed(_float32),
    oids.FLOAT8: _fixed(_float64),
    oids.NUMERIC: (_encode_numeric, _decode_numeric),
    oids.TEXT: _TEXT_CODEC,
    oids.VARCHAR: _TEXT_CODEC,
    oids.BPCHAR: _TEXT_CODEC,
    oids.NAME: _TEXT_CODEC,
    oids.UNKNOWN: _TEXT_CODEC,
    oids.BYTEA: (bytes, bytes),
    oids.DATE: (_encode_date, _decode_date),
    oids.TIME: (_encode_time, _decode_time),
    oids.TIMETZ: (_encode_timetz, _decode_timetz),
    oids.TIMESTAMP: (_encode_timestamp, _decode_timestamp),
    oids.TIMESTAMPTZ: (_encode_timestamptz, _decode_timestamptz),
    oids.INTERVAL: (_encode_interval, _decode_interval),
    oids.UUID: (lambda value: value.bytes, lambda data: UUID(bytes=data)),
    oids.JSON: (_encode_json, _decode_json),
    oids.JSONB: (_encode_jsonb, _decode_jsonb),
}


# ---- arrays


def _encode_array(element: int, value: object) -> bytes:
    sizes: list[int] = []
    level = value
    while isinstance(level, list):
        sizes.append(len(level))
        if len(sizes) > NESTING_MAX:
            raise ValueError(f"arrays have at most {NESTING_MAX} dimensions")
        level = level[0] if level else None
    if not sizes:
        raise TypeError(f"an array is a list, not {type(value).__name__}")
    if 0 in sizes:
        return _array_header.pack(0, 0, element)
    items = [value]
    for size in sizes:
        nested: list[object] = []
        for row in items:
            if not isinstance(row, list) or len(row) != size:
                raise ValueError("multidimensional arrays must have sub-arrays with matching dimensions")
            nested += row
        items = nested
    encode_item = _codec(element)[0]
    parts = [_array_header.pack(len(sizes), 1 if None in items else 0, element)]
    parts += [_two_int32.pack(size, 1) for size in sizes]
    for item in items:
        if item is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            data = encode_item(item)
            parts.append(_int32.pack(len(data)) + data)
    return b"".join(parts)


def _decode_array(element: int, data: bytes) -> list[object]:
    dimensions, _, oid = _array_header.unpack_from(data)
    if not 0 <= dimensions <= NESTING_MAX or oid != element:
        raise ValueError("invalid binary array")
    decode_item = _codec(element)[1]
    position = _array_header.size
    sizes = []
    count = 1 if dimensions else 0
    for _ in range(dimensions):
        size, _ = _two_int32.unpack_from(data, position)
        position += _two_int32.size
        sizes.append(size)
        count *= size
    if not 0 <= count <= len(data) // 4 or any(size < 1 for size in sizes):
        raise ValueError("invalid binary array")
    items: list[object] = []
    for _ in range(count):
        (size,) = _int32.unpack_from(data, position)
        position += 4
        items.append(None if size < 0 else decode_item(data[position : position + size]))
        position += max(0, size)
    if position != len(data):
        raise ValueError("invalid binary array")
    for size in reversed(sizes[1:]):
        items = [items[at : at + size] for at in range(0, len(items), size)]
    return items
