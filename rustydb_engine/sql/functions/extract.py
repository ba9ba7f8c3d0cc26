"""extract() and date_part(): one field of a date, time, timestamp or interval.

extract gives numeric with the scale of its unit (seconds 6, milliseconds 3), date_part the same number as double
precision. Of an infinite date or timestamp, fields that grow without bound (year, epoch…) are infinite, the others
are NULL.

    extract(epoch from timestamp '2020-01-01 00:00:00.5')  ->  1577836800.500000

Source: PostgreSQL 15, section 9.9.1; src/backend/utils/adt/timestamp.c (timestamp_part_common,
interval_part_common), date.c.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.datetime_units import iso_week, unit_of, unsupported
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.interval import MICROS_PER_DAY, Interval
from rustydb_engine.values.julian import EPOCH_JULIAN, UNIX_EPOCH_DAYS, civil_of, days_of, split_time, weekday_of
from rustydb_engine.values.numeric import EXACT, INFINITY, MINUS_INFINITY, add, divide
from rustydb_engine.values.temporal import date_to_timestamp, is_infinite, is_infinite_date
from rustydb_engine.values.types import DATE, INTERVAL, TIME, TIMESTAMP, TIMESTAMPTZ, TIMETZ, Type
from rustydb_engine.values.zones import offset_at

_UNBOUNDED = ("year", "decade", "century", "millennium", "julian", "isoyear", "epoch")
_CLOCK = ("microseconds", "milliseconds", "second", "minute", "hour")


def _scaled(number: int, scale: int) -> Decimal:
    return Decimal(number).scaleb(-scale, EXACT)


def _clock_part(unit: str, micros: int) -> Decimal:
    """Return a unit below a day of a time of day."""
    hour, minute, second, micro = split_time(micros)
    match unit:
        case "microseconds":
            return Decimal(second * 1_000_000 + micro)
        case "milliseconds":
            return _scaled(second * 1_000_000 + micro, 3)
        case "second":
            return _scaled(second * 1_000_000 + micro, 6)
        case "minute":
            return Decimal(minute)
    return Decimal(hour)


def _era_year(year: int) -> int:
    """Return a year as it is written: there is no year 0, years before Christ are negative."""
    return year if year > 0 else year - 1


def _span_of_years(year: int, length: int) -> int:
    """Return the century or millennium of a year."""
    return (year + length - 1) // length if year > 0 else -((length - year) // length)


def _date_part(unit: str, days: int) -> Decimal | None:
    """Return a unit of a day or more, None when the unit is another."""
    year, month, day = civil_of(days)
    match unit:
        case "day":
            number = day
        case "month":
            number = month
        case "quarter":
            number = (month - 1) // 3 + 1
        case "year":
            number = _era_year(year)
        case "decade":
            number = year // 10 if year >= 0 else -((8 - (year - 1)) // 10)
        case "century":
            number = _span_of_years(year, 100)
        case "millennium":
            number = _span_of_years(year, 1000)
        case "week":
            number = iso_week(days)[1]
        case "isoyear":
            number = _era_year(iso_week(days)[0])
        case "dow":
            number = weekday_of(days)
        case "isodow":
            number = weekday_of(days) or 7
        case "doy":
            number = days - days_of(year, 1, 1) + 1
        case _:
            return None
    return Decimal(number)


def _infinite_part(text: str, unit: str, kind: Type, positive: bool) -> Decimal | None:
    if unit in _UNBOUNDED:
        return INFINITY if positive else MINUS_INFINITY
    if kind is DATE and (unit in _CLOCK or unit.startswith("timezone")):
        raise unsupported(text, kind)
    return None


def timestamp_part(text: str, micros: int, kind: Type = TIMESTAMP) -> Decimal | None:
    """Return a field of a local timestamp."""
    unit = unit_of(text, kind)
    if is_infinite(micros):
        return _infinite_part(text, unit, kind, micros > 0)
    days, rest = divmod(micros, MICROS_PER_DAY)
    if unit in _CLOCK:
        return _clock_part(unit, rest)
    if unit == "epoch":
        return _scaled(micros - UNIX_EPOCH_DAYS * MICROS_PER_DAY, 6)
    if unit == "julian":
        return add(Decimal(days + EPOCH_JULIAN), divide(Decimal(rest), Decimal(MICROS_PER_DAY)))
    found = _date_part(unit, days)
    if found is None:
        raise unsupported(text, kind)
    return found


def timestamptz_part(context: EvalContext, text: str, micros: int) -> Decimal | None:
    """Return a field of a timestamptz in the session's time zone."""
    unit = unit_of(text, TIMESTAMPTZ)
    if is_infinite(micros):
        return _infinite_part(text, unit, TIMESTAMPTZ, micros > 0)
    if unit == "epoch":
        return _scaled(micros - UNIX_EPOCH_DAYS * MICROS_PER_DAY, 6)
    offset = offset_at(context.forms.zone, micros)
    if unit.startswith("timezone"):
        return _zone_part(unit, offset)
    return timestamp_part(text, micros + offset * 1_000_000, TIMESTAMPTZ)


def _zone_part(unit: str, offset: int) -> Decimal:
    """Return a timezone field of an offset in seconds east; parts are cut toward zero."""
    sign = -1 if offset < 0 else 1
    if unit == "timezone_hour":
        return Decimal(sign * (abs(offset) // 3600))
    return Decimal(offset if unit == "timezone" else sign * (abs(offset) // 60 % 60))


def date_part(text: str, days: int) -> Decimal | None:
    """Return a field of a date."""
    unit = unit_of(text, DATE)
    if is_infinite_date(days):
        return _infinite_part(text, unit, DATE, days > 0)
    if unit == "epoch":
        return Decimal((days - UNIX_EPOCH_DAYS) * 86400)
    if unit == "julian":
        return Decimal(days + EPOCH_JULIAN)
    found = _date_part(unit, days)
    if found is None:
        raise unsupported(text, DATE)
    return found


def time_part(text: str, micros: int) -> Decimal | None:
    """Return a field of a time."""
    unit = unit_of(text, TIME)
    if unit in _CLOCK:
        return _clock_part(unit, micros)
    if unit == "epoch":
        return _scaled(micros, 6)
    raise unsupported(text, TIME)


def timetz_part(text: str, value: tuple[int, int]) -> Decimal | None:
    """Return a field of a timetz; its epoch is that of UTC."""
    unit = unit_of(text, TIMETZ)
    micros, west = value
    if unit.startswith("timezone"):
        return _zone_part(unit, -west)
    if unit in _CLOCK:
        return _clock_part(unit, micros)
    if unit == "epoch":
        return _scaled(micros + west * 1_000_000, 6)
    raise unsupported(text, TIMETZ)


def interval_part(text: str, value: Interval) -> Decimal | None:
    """Return a field of an interval; all fields are cut toward zero."""
    unit = unit_of(text, INTERVAL)
    sign = -1 if value.months < 0 else 1
    years, months = sign * (abs(value.months) // 12), sign * (abs(value.months) % 12)
    clock = -1 if value.micros < 0 else 1
    match unit:
        case "microseconds" | "milliseconds" | "second" | "minute":
            return _clock_part(unit, abs(value.micros)) * clock
        case "hour":
            number = clock * (abs(value.micros) // 3_600_000_000)
        case "day":
            number = value.days
        case "month":
            number = months
        case "quarter":
            number = sign * (abs(months) // 3) + 1
        case "year":
            number = years
        case "decade" | "century" | "millennium":
            number = sign * (abs(years) // {"decade": 10, "century": 100, "millennium": 1000}[unit])
        case "epoch":
            days = (1461 * years + 120 * months + 4 * value.days) * 21600
            return _scaled(days * 1_000_000 + value.micros, 6)
        case _:
            raise unsupported(text, INTERVAL)
    return Decimal(number)


# ---------------------------------------------------------------- the SQL functions

function("extract(text, timestamp) -> numeric", oid=6202)(timestamp_part)
function("extract(text, timestamptz) -> numeric", oid=6203, volatility="s", context=True)(timestamptz_part)
function("extract(text, date) -> numeric", oid=6199)(date_part)
function("extract(text, time) -> numeric", oid=6200)(time_part)
function("extract(text, timetz) -> numeric", oid=6201)(timetz_part)
function("extract(text, interval) -> numeric", oid=6204)(interval_part)


def _float_part(part: Callable[..., Decimal | None]) -> Callable[..., float | None]:
    """Return date_part for an extract."""

    def as_float(*args: object) -> float | None:
        found = part(*args)
        return None if found is None else float(found)

    return as_float


def _date_part_of_date(text: str, days: int) -> Decimal | None:
    return timestamp_part(text, date_to_timestamp(days))


function("date_part(text, timestamp) -> float8", oid=2021)(_float_part(timestamp_part))
function("date_part(text, timestamptz) -> float8", oid=1171, volatility="s", context=True)(
    _float_part(timestamptz_part)
)
function("date_part(text, date) -> float8", oid=1384)(_float_part(_date_part_of_date))
function("date_part(text, time) -> float8", oid=1385)(_float_part(time_part))
function("date_part(text, timetz) -> float8", oid=1273)(_float_part(timetz_part))
function("date_part(text, interval) -> float8", oid=1172)(_float_part(interval_part))
