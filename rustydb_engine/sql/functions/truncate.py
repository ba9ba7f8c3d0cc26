"""date_trunc() and date_bin(): a timestamp cut down to the start of its hour, week, century or of any stride.

A timestamptz is cut in local time; for a unit of a day or more the offset is looked up again, because the start of
the month may lie before a change of clocks.

Source: PostgreSQL 15, sections 9.9.2 and 9.9.3; src/backend/utils/adt/timestamp.c.
"""

from __future__ import annotations

import re
from datetime import tzinfo

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.datetime_units import unit_of, unsupported
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.interval import MICROS_PER_DAY, Interval
from rustydb_engine.values.julian import civil_of, days_of, weekday_of
from rustydb_engine.values.temporal import check_timestamp, is_infinite
from rustydb_engine.values.types import INTERVAL, TIMESTAMP, TIMESTAMPTZ, Type
from rustydb_engine.values.zones import offset_at, to_utc, zone_or_abbreviation

_CLOCK = {
    "microseconds": 1, "milliseconds": 1_000, "second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000,
}  # fmt: skip


def _first_day(unit: str, days: int) -> int | None:
    """Return the first day of the unit in which a day lies, None for a unit that has none."""
    year, month, _ = civil_of(days)
    match unit:
        case "day":
            return days
        case "week":
            return days - (weekday_of(days) + 6) % 7
        case "month":
            return days_of(year, month, 1)
        case "quarter":
            return days_of(year, (month - 1) // 3 * 3 + 1, 1)
        case "year":
            return days_of(year, 1, 1)
        case "decade":
            return days_of(year // 10 * 10 if year > 0 else -((8 - (year - 1)) // 10) * 10, 1, 1)
        case "century" | "millennium":
            length = 100 if unit == "century" else 1000
            last = (
                (year + length - 1) // length * length if year > 0 else -((length - 1 - (year - 1)) // length) * length
            )
            return days_of(last - length + 1 if year > 0 else last + 1, 1, 1)
    return None


def _cut(text: str, local: int, kind: Type) -> int:
    """Cut a local timestamp."""
    unit = unit_of(text, kind, True)
    if unit in _CLOCK:
        return local - local % _CLOCK[unit]
    first = _first_day(unit, local // MICROS_PER_DAY)
    if first is None:
        raise unsupported(text, kind)
    return first * MICROS_PER_DAY


@function("date_trunc(text, timestamp) -> timestamp", oid=2020)
def date_trunc(text: str, local: int) -> int:
    if is_infinite(local):
        return local
    return check_timestamp(_cut(text, local, TIMESTAMP))


def _cut_in_zone(text: str, micros: int, zone: tzinfo) -> int:
    if is_infinite(micros):
        return micros
    offset = offset_at(zone, micros) * 1_000_000
    cut = _cut(text, micros + offset, TIMESTAMPTZ)
    return check_timestamp(cut - offset if unit_of(text, TIMESTAMPTZ) in _CLOCK else to_utc(cut, zone))


@function("date_trunc(text, timestamptz) -> timestamptz", oid=1217, volatility="s", context=True)
def date_trunc_tz(context: EvalContext, text: str, micros: int) -> int:
    return _cut_in_zone(text, micros, context.forms.zone)


@function("date_trunc(text, timestamptz, text) -> timestamptz", oid=1284, volatility="s")
def date_trunc_zone(text: str, micros: int, zone_name: str) -> int:
    return _cut_in_zone(text, micros, zone_named(zone_name))


_BARE_OFFSET = re.compile(r"[+-]\d{1,2}(:\d{2})?(:\d{2})?\Z", re.A)


def zone_named(name: str) -> tzinfo:
    """Return the zone of a name or abbreviation; 22023 when there is none.

    A bare offset is a POSIX zone without a name, whose sign counts west: '+03' is three hours west of Greenwich.
    """
    zone = zone_or_abbreviation("UTC" + name if _BARE_OFFSET.match(name) else name)
    if zone is None:
        raise SqlError("22023", f'time zone "{name}" not recognized')
    return zone


_MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200, "millennium": 12000}


def _towards_zero(number: int, unit: int) -> int:
    return number - number % unit if number >= 0 else number + -number % unit


@function("date_trunc(text, interval) -> interval", oid=1218)
def date_trunc_interval(text: str, value: Interval) -> Interval:
    unit = unit_of(text, INTERVAL, True)
    if unit in _CLOCK:
        return Interval(value.months, value.days, _towards_zero(value.micros, _CLOCK[unit]))
    if unit == "day":
        return Interval(value.months, value.days, 0)
    if unit in _MONTHS:
        return Interval(_towards_zero(value.months, _MONTHS[unit]), 0, 0)
    error = unsupported(text, INTERVAL)
    if unit == "week":
        error.detail = "Months usually have fractional weeks."
    raise error


# ---------------------------------------------------------------- bins


@function("date_bin(interval, timestamp, timestamp) -> timestamp", oid=6177)
@function("date_bin(interval, timestamptz, timestamptz) -> timestamptz", oid=6178)
def date_bin(stride: Interval, moment: int, origin: int) -> int:
    if is_infinite(moment):
        return moment
    if is_infinite(origin):
        raise SqlError("22008", "origin out of range")
    if stride.months:
        raise SqlError("0A000", "timestamps cannot be binned into intervals containing months or years")
    width = stride.days * MICROS_PER_DAY + stride.micros
    if width <= 0:
        raise SqlError("22008", "stride must be greater than zero")
    return check_timestamp(origin + (moment - origin) // width * width)
