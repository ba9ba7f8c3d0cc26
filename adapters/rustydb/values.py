"""Python values to the native protocol's and back.

    Python                       SQL                                  back
    None bool int float str      NULL boolean bigint … text           the same
    bytes bytearray memoryview   bytea                                bytes
    Decimal, int beyond 64 bits  numeric                              Decimal (NaN and the infinities too)
    date                         date                                 date; infinity is date.max, -infinity date.min
    time                         time, with tzinfo time with time zone
    datetime                     timestamp; aware: timestamptz        datetime, aware ones in UTC; ±infinity is datetime.max, .min
    timedelta, Interval          interval                             timedelta; Interval where there are months
    UUID                         uuid                                 UUID
    dict, Json(anything)         json                                 what json.loads makes of it
    list, tuple                  array (rectangular)                  list, of lists where it has more dimensions
    Enum                         its value                            -
    anything else                -                                    str, PostgreSQL's text form

What Python has no value for is refused with a DataError that names it, not bent: dates beyond the years 1 to 9999, 24:00. Cast such a column
to text. The other way round date.max and datetime.max are sent as infinity, date.min and datetime.min as -infinity, so that a value that
was read is written back as it was. The lower bounds of arrays are not kept.

A parameter carries its value, not a type that the server must take it for: where `integer` is expected, an int that is
sent as 64 bits becomes an integer there, or an error if it does not fit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias, cast
from uuid import UUID

from rustydb.errors import DataError, InterfaceError
from rustydb.rows import Column, Row, row_type
from rustydb_proto.binary import values as wire
from rustydb_proto.binary.values import Value

EPOCH_DATE: Final = date(2000, 1, 1)
EPOCH_DAYS: Final = EPOCH_DATE.toordinal()
EPOCH: Final = datetime(2000, 1, 1)
EPOCH_UTC: Final = datetime(2000, 1, 1, tzinfo=UTC)
MICRO: Final = timedelta(microseconds=1)
DAY_MICROS: Final = 86_400_000_000
Encoder: TypeAlias = Callable[[object], Value]
Decoder: TypeAlias = Callable[[Value], object]


@dataclass(frozen=True, slots=True)
class Json:
    """A value to send as json where Python's type would say something else: Json([1, 2]), Json("text"), Json(None)."""

    value: object


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval with months, which a timedelta cannot hold."""

    months: int = 0
    days: int = 0
    microseconds: int = 0


# ---- to the wire


def encode(value: object) -> Value:
    """Return the wire form of a Python value; InterfaceError for a type that has none, DataError for a value."""
    kind = type(value)
    if kind in _PLAIN:
        return value  # type: ignore[return-value]  # its type was just looked up
    encoder = _ENCODERS.get(kind)
    if encoder is None:
        encoder = _ENCODERS[kind] = _encoder_of(kind)
    return encoder(value)


def encode_all(values: Iterable[object]) -> tuple[Value, ...]:
    """Return the wire form of each value; the error says which one it was."""
    made: list[Value] = []
    for number, value in enumerate(values, 1):
        try:
            made.append(encode(value))
        except (DataError, InterfaceError) as error:
            raise type(error)(f"parameter ${number}: {error.message}", error.sqlstate) from None
    return tuple(made)


def _encoder_of(kind: type) -> Encoder:
    for base in kind.__mro__[1:] if not issubclass(kind, Enum) else (Enum,):
        if base in _ENCODERS:
            return _ENCODERS[base]
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    raise InterfaceError(f"a value of type {name} has no SQL form; convert it, or wrap it in Json", "42804")


def _encode_int(value: object) -> Value:
    number = int(cast(int, value))
    return number if wire.INT_MIN <= number <= wire.INT_MAX else wire.Numeric(str(number))


def _encode_decimal(value: object) -> Value:
    number = cast(Decimal, value)
    if number.is_nan():
        return wire.Numeric("NaN")
    return wire.Numeric(str(number))


def _encode_date(value: object) -> Value:
    day = cast(date, value)
    if day == date.max:
        return wire.Date(wire.DATE_INFINITY)
    if day == date.min:
        return wire.Date(wire.DATE_NEGATIVE_INFINITY)
    return wire.Date(day.toordinal() - EPOCH_DAYS)


def _encode_datetime(value: object) -> Value:
    moment = cast(datetime, value)
    plain = moment.replace(tzinfo=None)
    make = wire.Timestamp if moment.tzinfo is None else wire.TimestampTz
    if plain == datetime.max:
        return make(wire.TIMESTAMP_INFINITY)
    if plain == datetime.min:
        return make(wire.TIMESTAMP_NEGATIVE_INFINITY)
    if moment.tzinfo is None:
        return wire.Timestamp((moment - EPOCH) // MICRO)
    return wire.TimestampTz((moment - EPOCH_UTC) // MICRO)


def _encode_time(value: object) -> Value:
    moment = cast(time, value)
    micros = ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond
    if moment.tzinfo is None:
        return wire.Time(micros)
    offset = moment.utcoffset()
    if offset is None:
        raise DataError(f"time {moment!r} has a zone whose offset depends on the date", "22007")
    return wire.TimeTz(micros, offset // timedelta(seconds=1))


def _encode_timedelta(value: object) -> Value:
    span = cast(timedelta, value)
    return wire.Interval(0, span.days, span.seconds * 1_000_000 + span.microseconds)


def _encode_interval(value: object) -> Value:
    span = cast(Interval, value)
    return wire.Interval(span.months, span.days, span.microseconds)


def _encode_json(value: object) -> Value:
    plain = value.value if isinstance(value, Json) else value
    try:
        return wire.Json(json.dumps(plain, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise DataError(f"a value has no JSON form: {error}", "22P02") from None


# ---- arrays

_ELEMENT_OIDS: Final[dict[type, int]] = {
    bool: 16, int: 20, float: 701, str: 25, bytes: 17, wire.Numeric: 1700, wire.Date: 1082, wire.Time: 1083,
    wire.TimeTz: 1266, wire.Timestamp: 1114, wire.TimestampTz: 1184, wire.Interval: 1186, wire.Uuid: 2950, wire.Json: 3802,
}  # fmt: skip
_NUMBERS: Final = (int, float, wire.Numeric)


def _encode_array(value: object) -> Value:
    sizes: list[int] = []
    level: object = value
    while isinstance(level, list | tuple):
        sizes.append(len(level))
        level = level[0] if level else None
    if len(sizes) > wire.DIMENSIONS_MAX:
        raise DataError(f"an array has {len(sizes)} dimensions; the most is {wire.DIMENSIONS_MAX}", "54000")
    leaves: list[object] = []
    _flatten(cast("Sequence[object]", value), sizes, 0, leaves)
    if not leaves:
        return wire.Array(0, (), ())
    elements = [encode(leaf) for leaf in leaves]
    oid, elements = _common(elements)
    return wire.Array(oid, tuple((size, 1) for size in sizes), tuple(elements))


def _flatten(level: Sequence[object], sizes: list[int], depth: int, leaves: list[object]) -> None:
    if len(level) != sizes[depth]:
        raise DataError(
            f"a multidimensional array needs parts of one length, not {sizes[depth]} and {len(level)}", "2202E"
        )
    for item in level:
        nested = isinstance(item, list | tuple)
        if nested != (depth + 1 < len(sizes)):
            raise DataError("a multidimensional array needs lists at every place of a dimension", "2202E")
        if nested:
            _flatten(cast("Sequence[object]", item), sizes, depth + 1, leaves)
        else:
            leaves.append(item)


def _common(elements: list[Value]) -> tuple[int, list[Value]]:
    """Return the OID of the elements' common type, and the elements in it."""
    kinds = {type(element) for element in elements} - {type(None)}
    if not kinds:
        return 0, elements
    if len(kinds) > 1 and kinds <= set(_NUMBERS):
        if wire.Numeric in kinds:
            made = [wire.Numeric(str(item)) if isinstance(item, int | float) else item for item in elements]
            return 1700, cast("list[Value]", made)
        return 701, [float(item) if isinstance(item, int) else item for item in elements]
    if len(kinds) > 1:
        names = " and ".join(sorted(kind.__name__ for kind in kinds))
        raise DataError(f"an array has elements of one type, not {names}", "42804")
    return _ELEMENT_OIDS.get(kinds.pop(), 0), elements


_PLAIN: Final = frozenset((type(None), bool, float, str, bytes))
_ENCODERS: Final[dict[type, Encoder]] = {
    int: _encode_int,
    float: lambda value: float(cast(float, value)),
    str: lambda value: str.__str__(cast(str, value)),
    bytes: lambda value: bytes(cast(bytes, value)),
    bytearray: lambda value: bytes(cast(bytearray, value)),
    memoryview: lambda value: bytes(cast(memoryview, value)),
    Decimal: _encode_decimal,
    date: _encode_date,
    datetime: _encode_datetime,
    time: _encode_time,
    timedelta: _encode_timedelta,
    Interval: _encode_interval,
    UUID: lambda value: wire.Uuid(cast(UUID, value).bytes),
    dict: _encode_json,
    Json: _encode_json,
    list: _encode_array,
    tuple: _encode_array,
    Enum: lambda value: encode(cast(Enum, value).value),
}

# ---- from the wire


def decode(value: Value) -> object:
    """Return the Python value of a wire value; DataError for one that Python cannot hold."""
    decoder = _DECODERS.get(type(value))
    return value if decoder is None else decoder(value)


# Types whose values are on the wire what they are in Python: bool, bytea, name, int8, int2, int4, text, oid, float4, float8, bpchar, varchar.
_PLAIN_OIDS: Final = frozenset((16, 17, 19, 20, 21, 23, 25, 26, 700, 701, 1042, 1043))


def decode_rows(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> list[Row]:
    """Return rows of Python values."""
    made = row_type(tuple([column.name for column in columns]))
    places = [place for place, column in enumerate(columns) if column.type_oid not in _PLAIN_OIDS]
    if not places:
        return [made(row) for row in rows]
    decoders = _DECODERS
    result = []
    for row in rows:
        items: list[object] = list(row)
        for place in places:
            decoder = decoders.get(type(items[place]))
            if decoder is not None:
                items[place] = decoder(cast(Value, items[place]))
        result.append(made(items))
    return result


def _decode_date(value: Value) -> object:
    days = cast(wire.Date, value).days
    if days == wire.DATE_INFINITY:
        return date.max
    if days == wire.DATE_NEGATIVE_INFINITY:
        return date.min
    try:
        return date.fromordinal(days + EPOCH_DAYS)
    except (ValueError, OverflowError):
        raise _out_of_range(f"date {days:+d} days from 2000-01-01") from None


def _decode_moment(micros: int, epoch: datetime, name: str) -> datetime:
    if micros == wire.TIMESTAMP_INFINITY:
        return datetime.max.replace(tzinfo=epoch.tzinfo)
    if micros == wire.TIMESTAMP_NEGATIVE_INFINITY:
        return datetime.min.replace(tzinfo=epoch.tzinfo)
    try:
        return epoch + timedelta(microseconds=micros)
    except OverflowError:
        raise _out_of_range(f"{name} {micros:+d} microseconds from 2000-01-01") from None


def _decode_clock(micros: int, zone: tzinfo | None) -> time:
    if not 0 <= micros < DAY_MICROS:
        raise _out_of_range("time 24:00:00" if micros == DAY_MICROS else f"time of {micros} microseconds")
    seconds, fraction = divmod(micros, 1_000_000)
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60, fraction, zone)


def _decode_time_tz(value: Value) -> object:
    moment = cast(wire.TimeTz, value)
    return _decode_clock(moment.micros, timezone(timedelta(seconds=moment.offset_s)))


def _decode_interval(value: Value) -> object:
    span = cast(wire.Interval, value)
    if span.months:
        return Interval(span.months, span.days, span.micros)
    try:
        return timedelta(days=span.days, microseconds=span.micros)
    except OverflowError:
        return Interval(0, span.days, span.micros)


def _decode_array(value: Value) -> object:
    array = cast(wire.Array, value)
    items: list[object] = [decode(element) for element in array.elements]
    for length, _ in reversed(array.dimensions[1:]):
        items = [items[start : start + length] for start in range(0, len(items), length)] if length else []
    return items


def _out_of_range(what: str) -> DataError:
    return DataError(f"{what} is beyond what Python can hold; cast the column to text", "22008")


_DECODERS: Final[dict[type, Decoder]] = {
    wire.Numeric: lambda value: Decimal(cast(wire.Numeric, value).text),
    wire.Date: _decode_date,
    wire.Time: lambda value: _decode_clock(cast(wire.Time, value).micros, None),
    wire.TimeTz: _decode_time_tz,
    wire.Timestamp: lambda value: _decode_moment(cast(wire.Timestamp, value).micros, EPOCH, "timestamp"),
    wire.TimestampTz: lambda value: _decode_moment(cast(wire.TimestampTz, value).micros, EPOCH_UTC, "timestamptz"),
    wire.Interval: _decode_interval,
    wire.Uuid: lambda value: UUID(bytes=cast(wire.Uuid, value).data),
    wire.Json: lambda value: json.loads(cast(wire.Json, value).text),
    wire.Array: _decode_array,
    wire.Other: lambda value: cast(wire.Other, value).text,
}
