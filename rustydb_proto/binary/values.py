"""SQL values as the native protocol carries them.

NULL, booleans, 64-bit integers, floats, text and bytes are Python's own `None`, `bool`, `int`, `float`, `str` and `bytes`. The
rest are the small records of this file, which hold exactly what is on the wire and convert nothing: a numeric is its text (so
`NaN`, `Infinity` and every digit survive), a date is a day number (so do years before Christ and `infinity`).

Dates and times count from PostgreSQL's epoch, 2000-01-01 00:00, in days or microseconds; `DATE_INFINITY`, `TIMESTAMP_INFINITY`
and their negatives less one are `infinity` and `-infinity`. A Unix time is `946_684_800 s` more.

    value                 SQL                                          variant
    None                  NULL                                         0
    True, False           boolean                                      1
    int                   smallint, integer, bigint, oid               2
    float                 real, double precision                       3
    str                   text, varchar, char, name                    4
    bytes                 bytea                                        5
    Numeric("1.50")       numeric                                      6
    Date(0)               date                                         7
    Time(µs)              time                                         8
    TimeTz(µs, +3600)     time with time zone, seconds east of UTC     9
    Timestamp(µs)         timestamp                                    10
    TimestampTz(µs)       timestamp with time zone                     11
    Interval(m, d, µs)    interval                                     12
    Uuid(16 bytes)        uuid                                         13
    Json("{}")            json, jsonb                                  14
    Array(...)            any array                                    15
    Other(oid, "...")     every other type, in its text form           16

The variant is the tag in bincode and, from 6 on, the code of the extension type in MessagePack.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from rustydb_proto.core.value import value

DATE_INFINITY: Final = (1 << 31) - 1
DATE_NEGATIVE_INFINITY: Final = -(1 << 31)
TIMESTAMP_INFINITY: Final = (1 << 63) - 1
TIMESTAMP_NEGATIVE_INFINITY: Final = -(1 << 63)

INT_MIN: Final = -(1 << 63)
INT_MAX: Final = (1 << 63) - 1


@value
class Numeric:
    """A numeric as PostgreSQL prints it; also `NaN`, `Infinity`, `-Infinity`."""

    text: str


@value
class Date:
    """Days since 2000-01-01."""

    days: int


@value
class Time:
    """Microseconds since midnight; 24:00 is 86 400 000 000."""

    micros: int


@value
class TimeTz:
    """Microseconds since local midnight, and the zone in seconds east of UTC."""

    micros: int
    offset_s: int


@value
class Timestamp:
    """Microseconds since 2000-01-01 00:00, local time."""

    micros: int


@value
class TimestampTz:
    """Microseconds since 2000-01-01 00:00 UTC."""

    micros: int


@value
class Interval:
    """Months, days and microseconds, which have no common measure."""

    months: int
    days: int
    micros: int


@value
class Uuid:
    """Sixteen bytes."""

    data: bytes


@value
class Json:
    """A json or jsonb value as text."""

    text: str


@value
class Array:
    """An array: the OID of its element type, `(length, lower bound)` of each dimension, and the elements in row-major order.

    Elements are values other than arrays. No dimensions is the empty array.
    """

    element_oid: int
    dimensions: tuple[tuple[int, int], ...]
    elements: tuple[Value, ...]


@value
class Other:
    """A value of a type that has no variant of its own: the type's OID and PostgreSQL's text form."""

    type_oid: int
    text: str


Scalar: TypeAlias = (
    bool
    | int
    | float
    | str
    | bytes
    | Numeric
    | Date
    | Time
    | TimeTz
    | Timestamp
    | TimestampTz
    | Interval
    | Uuid
    | Json
    | Other
    | None
)
Value: TypeAlias = Scalar | Array

# Index is the variant.
VALUE_TYPES: Final[tuple[type, ...]] = (
    type(None), bool, int, float, str, bytes, Numeric, Date, Time, TimeTz, Timestamp, TimestampTz, Interval, Uuid, Json,
    Array, Other,
)  # fmt: skip
FIRST_EXTENSION: Final = 6
ARRAY: Final = 15
DIMENSIONS_MAX: Final = 6
