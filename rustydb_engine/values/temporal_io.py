"""Input and output of date, time, timetz, timestamp, timestamptz and interval.

Texts are read by `datetime_parse` and `interval_parse` and written by `datetime_text` and `interval_text`; precisions are
applied on the way in. Binary forms are big-endian integers: days, microseconds, and for timetz and interval their parts.

Source: PostgreSQL 15, src/backend/utils/adt/{date,timestamp}.c.
"""

from __future__ import annotations

from struct import Struct

from rustydb_engine.errors import SqlError
from rustydb_engine.values import datetime_parse as parse
from rustydb_engine.values import datetime_text as text
from rustydb_engine.values import interval_typmod
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.interval_parse import interval_in
from rustydb_engine.values.interval_text import interval_out
from rustydb_engine.values.julian import DATE_END, DATE_MIN, MICROS_PER_DAY, TIMESTAMP_END, TIMESTAMP_MIN
from rustydb_engine.values.type_io import TypeIO
from rustydb_engine.values.types import DATE_INFINITY, DATE_MINUS_INFINITY, INFINITY, MINUS_INFINITY

_STEPS = (1_000_000, 100_000, 10_000, 1_000, 100, 10, 1)
_I4, _I8, _TIMETZ, _INTERVAL = Struct("!i"), Struct("!q"), Struct("!qi"), Struct("!qii")


def round_micros(micros: int, precision: int) -> int:
    """Round a count of microseconds to `precision` decimal digits of a second, half away from zero."""
    step = _STEPS[precision]
    if micros >= 0:
        return (micros + step // 2) // step * step
    return -((-micros + step // 2) // step * step)


def fit_time(micros: int, typmod: int) -> int:
    """Apply time(p)."""
    return round_micros(micros, typmod) if 0 <= typmod < 6 else micros


def fit_timetz(value: tuple[int, int], typmod: int) -> tuple[int, int]:
    """Apply timetz(p)."""
    return (round_micros(value[0], typmod), value[1]) if 0 <= typmod < 6 else value


def fit_timestamp(micros: int, typmod: int) -> int:
    """Apply timestamp(p); infinities stay."""
    if not 0 <= typmod < 6 or micros in (INFINITY, MINUS_INFINITY):
        return micros
    return round_micros(micros, typmod)


def _unpack(shape: Struct, data: bytes) -> tuple[int, ...]:
    if len(data) < shape.size:
        raise SqlError("08P01", "insufficient data left in message")
    if len(data) > shape.size:
        raise SqlError("22P03", "incorrect binary data format")
    return shape.unpack(data)


def _date_input(source: str, _typmod: int, forms: Forms, now: int | None = None) -> int:
    return parse.parse_date(source, forms, now)


def _date_send(days: int, _forms: Forms) -> bytes:
    return _I4.pack(days)


def _date_receive(data: bytes, _typmod: int, _forms: Forms) -> int:
    days = _unpack(_I4, data)[0]
    if not DATE_MIN <= days < DATE_END and days not in (DATE_INFINITY, DATE_MINUS_INFINITY):
        raise SqlError("22008", "date out of range")
    return days


def _time_input(source: str, typmod: int, forms: Forms, now: int | None = None) -> int:
    return fit_time(parse.parse_time(source, forms, now), typmod)


def _time_output(micros: int, _forms: Forms) -> str:
    return text.clock_text(micros)


def _micros_send(micros: int, _forms: Forms) -> bytes:
    return _I8.pack(micros)


def _time_receive(data: bytes, typmod: int, _forms: Forms) -> int:
    micros = _unpack(_I8, data)[0]
    if not 0 <= micros <= MICROS_PER_DAY:
        raise SqlError("22008", "time out of range")
    return fit_time(micros, typmod)


def _timetz_input(source: str, typmod: int, forms: Forms, now: int | None = None) -> tuple[int, int]:
    return fit_timetz(parse.parse_timetz(source, forms, now), typmod)


def _timetz_output(value: tuple[int, int], _forms: Forms) -> str:
    return text.timetz_out(value)


def _timetz_send(value: tuple[int, int], _forms: Forms) -> bytes:
    return _TIMETZ.pack(*value)


def _timetz_receive(data: bytes, typmod: int, _forms: Forms) -> tuple[int, int]:
    micros, zone = _unpack(_TIMETZ, data)
    if not 0 <= micros <= MICROS_PER_DAY:
        raise SqlError("22008", "time out of range")
    if not -57600 < zone < 57600:
        raise SqlError("22009", "time zone displacement out of range")
    return fit_timetz((micros, zone), typmod)


def _timestamp_input(source: str, typmod: int, forms: Forms, now: int | None = None) -> int:
    return fit_timestamp(parse.parse_timestamp(source, forms, now), typmod)


def _timestamptz_input(source: str, typmod: int, forms: Forms, now: int | None = None) -> int:
    return fit_timestamp(parse.parse_timestamptz(source, forms, now), typmod)


def _timestamp_receive(data: bytes, typmod: int, _forms: Forms) -> int:
    micros = _unpack(_I8, data)[0]
    if not TIMESTAMP_MIN <= micros < TIMESTAMP_END and micros not in (INFINITY, MINUS_INFINITY):
        raise SqlError("22008", "timestamp out of range")
    return fit_timestamp(micros, typmod)


def _interval_input(source: str, typmod: int, forms: Forms, now: int | None = None) -> Interval:
    return interval_in(source, typmod, forms.interval_style)


def _interval_output(value: Interval, forms: Forms) -> str:
    return interval_out(value, forms.interval_style)


def _interval_send(value: Interval, _forms: Forms) -> bytes:
    return _INTERVAL.pack(value.micros, value.days, value.months)


def _interval_receive(data: bytes, typmod: int, _forms: Forms) -> Interval:
    micros, days, months = _unpack(_INTERVAL, data)
    value = Interval(months, days, micros)
    return value if typmod < 0 else interval_typmod.fit(value, typmod)


TEMPORAL_IO: dict[str, TypeIO] = {
    "date": TypeIO(_date_input, text.date_out, _date_send, _date_receive),
    "time": TypeIO(_time_input, _time_output, _micros_send, _time_receive),
    "timetz": TypeIO(_timetz_input, _timetz_output, _timetz_send, _timetz_receive),
    "timestamp": TypeIO(_timestamp_input, text.timestamp_out, _micros_send, _timestamp_receive),
    "timestamptz": TypeIO(_timestamptz_input, text.timestamptz_out, _micros_send, _timestamp_receive),
    "interval": TypeIO(_interval_input, _interval_output, _interval_send, _interval_receive),
}
