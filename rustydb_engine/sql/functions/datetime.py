"""Functions of dates and times: making them from numbers, age, justification, time zones, overlaps.

`AT TIME ZONE` is `timezone(zone, value)`: it turns a local timestamp into a moment and a moment into a local timestamp.

Source: PostgreSQL 15, sections 9.9 and 9.9.4; src/backend/utils/adt/{date,timestamp}.c.
"""

from __future__ import annotations

import math
from datetime import tzinfo

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.clock import current_date
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.sql.functions.truncate import zone_named
from rustydb_engine.values import interval_arithmetic, temporal
from rustydb_engine.values.interval import MICROS_PER_DAY, Interval
from rustydb_engine.values.interval_text import interval_out
from rustydb_engine.values.julian import UNIX_EPOCH_DAYS, days_of, month_days, valid_julian
from rustydb_engine.values.types import DATE_INFINITY, DATE_MINUS_INFINITY, INFINITY, MINUS_INFINITY
from rustydb_engine.values.zones import offset_at, zone_or_abbreviation

# ---------------------------------------------------------------- made from numbers


@function("make_date(year int4, month int4, day int4) -> date", oid=3846)
def make_date(year: int, month: int, day: int) -> int:
    number = year + 1 if year < 0 else year
    if year == 0 or not 1 <= month <= 12 or not 1 <= day <= month_days(number, month):
        raise SqlError("22008", f"date field value out of range: {year}-{month:02d}-{day:02d}")
    if not valid_julian(number, month):
        raise SqlError("22008", f"date out of range: {year}-{month:02d}-{day:02d}")
    return days_of(number, month, day)


def _clock(hour: int, minute: int, second: float) -> int:
    """Return microseconds since midnight; 22008 when a part is out of range. A second of 60 and the hour 24 are accepted."""
    micros = _rint(second * 1e6) if math.isfinite(second) else -1
    total = (hour * 60 + minute) * 60_000_000 + micros
    if hour < 0 or not 0 <= minute <= 59 or not 0 <= micros <= 60_000_000 or total > MICROS_PER_DAY:
        raise SqlError("22008", f"time field value out of range: {hour}:{minute:02d}:{second:02g}")
    return total


def _rint(number: float) -> int:
    return round(number)


@function("make_time(hour int4, min int4, sec float8) -> time", oid=3847)
def make_time(hour: int, minute: int, second: float) -> int:
    return _clock(hour, minute, second)


@function("make_timestamp(year int4, month int4, mday int4, hour int4, min int4, sec float8) -> timestamp", oid=3461)
def make_timestamp(year: int, month: int, day: int, hour: int, minute: int, second: float) -> int:
    local = make_date(year, month, day) * MICROS_PER_DAY + _clock(hour, minute, second)
    try:
        return temporal.check_timestamp(local)
    except SqlError:
        shown = f"{year}-{month:02d}-{day:02d} {hour}:{minute:02d}:{second:02g}"
        raise SqlError("22008", f"timestamp out of range: {shown}") from None


@function(
    "make_timestamptz(year int4, month int4, mday int4, hour int4, min int4, sec float8) -> timestamptz",
    oid=3462, volatility="s", context=True,
)  # fmt: skip
def make_timestamptz(
    context: EvalContext, year: int, month: int, day: int, hour: int, minute: int, second: float
) -> int:
    local = make_timestamp(year, month, day, hour, minute, second)
    return temporal.timestamp_to_timestamptz(local, context.forms.zone)


@function(
    "make_timestamptz(year int4, month int4, mday int4, hour int4, min int4, sec float8, timezone text) -> timestamptz",
    oid=3463, volatility="s",
)  # fmt: skip
def make_timestamptz_zone(
    year: int, month: int, day: int, hour: int, minute: int, second: float, zone_name: str
) -> int:
    local = make_timestamp(year, month, day, hour, minute, second)
    return temporal.timestamp_to_timestamptz(local, _zone_argument(zone_name))


def _zone_argument(name: str) -> tzinfo:
    """Return the zone of make_timestamptz: an ISO offset, whose sign counts east, or a name."""
    if name[:1].isdigit():
        hint = 'Numeric time zones must have "-" or "+" as first character.'
        raise SqlError("22023", f'invalid input syntax for type numeric time zone: "{name}"', hint=hint)
    if name[:1] not in ("+", "-"):
        return zone_named(name)
    swapped = ("-" if name[0] == "+" else "+") + name[1:]
    zone = zone_or_abbreviation("UTC" + swapped)
    if zone is None:
        raise SqlError("22023", f'numeric time zone "{name}" out of range')
    return zone


@function(
    "make_interval(years int4, months int4, weeks int4, days int4, hours int4, mins int4, secs float8) -> interval",
    oid=3464, defaults=(0, 0, 0, 0, 0, 0, 0.0),
)  # fmt: skip
def make_interval(years: int, months: int, weeks: int, days: int, hours: int, minutes: int, seconds: float) -> Interval:
    if not math.isfinite(seconds):
        raise interval_arithmetic.out_of_range()
    micros = (hours * 60 + minutes) * 60_000_000 + _rint(seconds * 1e6)
    return interval_arithmetic.checked(years * 12 + months, weeks * 7 + days, micros)


@function("to_timestamp(float8) -> timestamptz", oid=1158)
def to_timestamp(seconds: float) -> int:
    if math.isnan(seconds):
        raise SqlError("22008", "timestamp cannot be NaN")
    if math.isinf(seconds):
        return INFINITY if seconds > 0 else MINUS_INFINITY
    try:
        return temporal.check_timestamp(_rint((seconds + UNIX_EPOCH_DAYS * 86400) * 1e6))
    except SqlError:
        raise SqlError("22008", f'timestamp out of range: "{seconds:g}"') from None


# ---------------------------------------------------------------- age and justification


@function("age(timestamp, timestamp) -> interval", oid=2058)
def age(left: int, right: int) -> Interval:
    return temporal.age(left, right)


@function("age(timestamptz, timestamptz) -> interval", oid=1199, context=True)
def age_tz(context: EvalContext, left: int, right: int) -> Interval:
    return temporal.age_with_zone(left, right, context.forms.zone)


@function("age(timestamp) -> interval", oid=2059, volatility="s", context=True)
def age_today(context: EvalContext, moment: int) -> Interval:
    return temporal.age(current_date(context) * MICROS_PER_DAY, moment)


@function("age(timestamptz) -> interval", oid=1386, volatility="s", context=True)
def age_today_tz(context: EvalContext, moment: int) -> Interval:
    zone = context.forms.zone
    return temporal.age_with_zone(temporal.date_to_timestamptz(current_date(context), zone), moment, zone)


function("justify_hours(interval) -> interval", oid=1175)(interval_arithmetic.justify_hours)
function("justify_days(interval) -> interval", oid=1295)(interval_arithmetic.justify_days)
function("justify_interval(interval) -> interval", oid=2711)(interval_arithmetic.justify_interval)


@function("isfinite(timestamp) -> bool", oid=2048)
@function("isfinite(timestamptz) -> bool", oid=1389)
def isfinite(moment: int) -> bool:
    return moment not in (INFINITY, MINUS_INFINITY)


@function("isfinite(date) -> bool", oid=1373)
def isfinite_date(days: int) -> bool:
    return days not in (DATE_INFINITY, DATE_MINUS_INFINITY)


@function("isfinite(interval) -> bool", oid=1390)
def isfinite_interval(value: Interval) -> bool:
    return True


# ---------------------------------------------------------------- time zones


@function("timezone(text, timestamp) -> timestamptz", oid=2069)
def timezone(zone_name: str, local: int) -> int:
    return temporal.timestamp_to_timestamptz(local, zone_named(zone_name))


@function("timezone(text, timestamptz) -> timestamp", oid=1159)
def timezone_tz(zone_name: str, micros: int) -> int:
    return temporal.timestamptz_to_timestamp(micros, zone_named(zone_name))


@function("timezone(text, timetz) -> timetz", oid=2037, volatility="s", context=True)
def timezone_timetz(context: EvalContext, zone_name: str, value: tuple[int, int]) -> tuple[int, int]:
    return _shifted(value, offset_at(zone_named(zone_name), context.transaction_time))


def _shifted(value: tuple[int, int], offset: int) -> tuple[int, int]:
    """Return the same time of day at another offset (seconds east)."""
    return (value[0] + (value[1] + offset) * 1_000_000) % MICROS_PER_DAY, -offset


def _offset_of(zone: Interval) -> int:
    """Return the offset that an interval means, in seconds east."""
    if zone.months or zone.days:
        shown = interval_out(zone)
        raise SqlError("22023", f'interval time zone "{shown}" must not include months or days')
    return int(zone.micros / 1_000_000)


@function("timezone(interval, timestamp) -> timestamptz", oid=2070)
def timezone_interval(zone: Interval, local: int) -> int:
    if local in (INFINITY, MINUS_INFINITY):
        return local
    return temporal.check_timestamp(local - _offset_of(zone) * 1_000_000)


@function("timezone(interval, timestamptz) -> timestamp", oid=1026)
def timezone_interval_tz(zone: Interval, micros: int) -> int:
    if micros in (INFINITY, MINUS_INFINITY):
        return micros
    return temporal.check_timestamp(micros + _offset_of(zone) * 1_000_000)


@function("timezone(interval, timetz) -> timetz", oid=2038)
def timezone_interval_timetz(zone: Interval, value: tuple[int, int]) -> tuple[int, int]:
    return _shifted(value, _offset_of(zone))
