"""Arithmetic and conversions of dates, times and timestamps.

Adding an interval to a timestamp adds its months (the day is cut to the length of the month), then its days, then its
microseconds; to a timestamptz months and days are added in local time, so noon stays noon over a change of clocks.
Infinities stay what they are; a result out of range is 22008.

    timestamp_add(ts("2020-01-31"), Interval(1, 0, 0)) == ts("2020-02-29")

Source: PostgreSQL 15, section 9.9; src/backend/utils/adt/{date,timestamp}.c.
"""

from __future__ import annotations

from datetime import tzinfo

from rustydb_engine.errors import SqlError
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.interval_arithmetic import interval_negate, justify_hours, out_of_range
from rustydb_engine.values.julian import (
    DATE_END,
    DATE_MIN,
    MICROS_PER_DAY,
    TIMESTAMP_END,
    TIMESTAMP_MIN,
    civil_of,
    month_days,
    shift_months,
    split_time,
)
from rustydb_engine.values.types import DATE_INFINITY, DATE_MINUS_INFINITY, INFINITY, MINUS_INFINITY
from rustydb_engine.values.zones import offset_at, to_local, to_utc


def is_infinite_date(days: int) -> bool:
    """Whether a date is infinity or -infinity."""
    return days in (DATE_INFINITY, DATE_MINUS_INFINITY)


def is_infinite(micros: int) -> bool:
    """Whether a timestamp is infinity or -infinity."""
    return micros in (INFINITY, MINUS_INFINITY)


def check_timestamp(micros: int) -> int:
    """Return a timestamp that is in range; else raise 22008."""
    if not TIMESTAMP_MIN <= micros < TIMESTAMP_END:
        raise SqlError("22008", "timestamp out of range")
    return micros


def check_date(days: int) -> int:
    """Return a date that is in range; else raise 22008."""
    if not DATE_MIN <= days < DATE_END:
        raise SqlError("22008", "date out of range")
    return days


# ---------------------------------------------------------------- conversions


def date_to_timestamp(days: int) -> int:
    """Return midnight of a date; 22008 when it is beyond the timestamps."""
    if is_infinite_date(days):
        return INFINITY if days > 0 else MINUS_INFINITY
    micros = days * MICROS_PER_DAY
    if micros >= TIMESTAMP_END:
        raise SqlError("22008", "date out of range for timestamp")
    return micros


def date_to_timestamptz(days: int, zone: tzinfo) -> int:
    """Return local midnight of a date."""
    local = date_to_timestamp(days)
    return local if is_infinite(local) else check_timestamp(to_utc(local, zone))


def date_as_timestamp(days: int) -> int:
    """Return midnight of a date for comparison: a date beyond the timestamps is greater than all but infinity."""
    if is_infinite_date(days):
        return INFINITY if days > 0 else MINUS_INFINITY
    return min(days * MICROS_PER_DAY, INFINITY - 1)


def date_as_timestamptz(days: int, zone: tzinfo) -> int:
    """Return local midnight of a date for comparison."""
    local = date_as_timestamp(days)
    return local if local >= TIMESTAMP_END or is_infinite(local) else to_utc(local, zone)


def timestamp_as_timestamptz(local: int, zone: tzinfo) -> int:
    """Return the timestamptz of a local timestamp for comparison."""
    return local if is_infinite(local) else to_utc(local, zone)


def timestamp_to_timestamptz(local: int, zone: tzinfo) -> int:
    """Return the timestamptz of a local timestamp."""
    return local if is_infinite(local) else check_timestamp(to_utc(local, zone))


def timestamptz_to_timestamp(micros: int, zone: tzinfo) -> int:
    """Return the local timestamp of a timestamptz."""
    return micros if is_infinite(micros) else check_timestamp(to_local(micros, zone))


def timestamp_to_date(local: int) -> int:
    """Return the date of a timestamp."""
    if is_infinite(local):
        return DATE_INFINITY if local > 0 else DATE_MINUS_INFINITY
    return local // MICROS_PER_DAY


def timestamptz_to_date(micros: int, zone: tzinfo) -> int:
    """Return the local date of a timestamptz."""
    return timestamp_to_date(micros if is_infinite(micros) else to_local(micros, zone))


def timestamp_to_time(local: int) -> int | None:
    """Return the time of day of a timestamp; None for an infinity."""
    return None if is_infinite(local) else local % MICROS_PER_DAY


def timestamptz_to_time(micros: int, zone: tzinfo) -> int | None:
    """Return the local time of day of a timestamptz; None for an infinity."""
    return None if is_infinite(micros) else to_local(micros, zone) % MICROS_PER_DAY


def timestamptz_to_timetz(micros: int, zone: tzinfo) -> tuple[int, int] | None:
    """Return the local time of day of a timestamptz with its offset; None for an infinity."""
    if is_infinite(micros):
        return None
    offset = offset_at(zone, micros)
    return (micros + offset * 1_000_000) % MICROS_PER_DAY, -offset


def interval_to_time(value: Interval) -> int:
    """Return the time of day of an interval's time part."""
    return value[2] % MICROS_PER_DAY


# ---------------------------------------------------------------- sums


def date_add(days: int, number: int) -> int:
    """Move a date by days."""
    return days if is_infinite_date(days) else check_date(days + number)


def date_difference(left: int, right: int) -> int:
    """Return the days between two dates; 22008 for infinities."""
    if is_infinite_date(left) or is_infinite_date(right):
        raise SqlError("22008", "cannot subtract infinite dates")
    return left - right


def _add_calendar(local: int, value: Interval) -> int:
    """Add months, then days, to a local timestamp."""
    days, rest = divmod(local, MICROS_PER_DAY)
    if value[0]:
        days = shift_months(days, value[0])
        check_timestamp(days * MICROS_PER_DAY + rest)
    return check_timestamp((days + value[1]) * MICROS_PER_DAY + rest)


def timestamp_add(local: int, value: Interval) -> int:
    """Add an interval to a timestamp."""
    if is_infinite(local):
        return local
    if value[0] or value[1]:
        local = _add_calendar(local, value)
    return check_timestamp(local + value[2])


def timestamp_subtract_interval(local: int, value: Interval) -> int:
    """Subtract an interval from a timestamp."""
    return timestamp_add(local, interval_negate(value))


def timestamptz_add(micros: int, value: Interval, zone: tzinfo) -> int:
    """Add an interval to a timestamptz; months and days in local time."""
    if is_infinite(micros):
        return micros
    if value[0]:
        micros = check_timestamp(to_utc(_add_calendar(to_local(micros, zone), Interval(value[0], 0, 0)), zone))
    if value[1]:
        micros = check_timestamp(to_utc(_add_calendar(to_local(micros, zone), Interval(0, value[1], 0)), zone))
    return check_timestamp(micros + value[2])


def timestamptz_subtract_interval(micros: int, value: Interval, zone: tzinfo) -> int:
    """Subtract an interval from a timestamptz."""
    return timestamptz_add(micros, interval_negate(value), zone)


def timestamp_difference(left: int, right: int) -> Interval:
    """Return the time between two timestamps in days and microseconds; 22008 for infinities."""
    if is_infinite(left) or is_infinite(right):
        raise SqlError("22008", "cannot subtract infinite timestamps")
    micros = left - right
    if not -(2**63) <= micros < 2**63:
        raise out_of_range()
    return justify_hours(Interval(0, 0, micros))


def time_add(micros: int, value: Interval) -> int:
    """Move a time of day, around midnight."""
    return (micros + value[2]) % MICROS_PER_DAY


def time_difference(left: int, right: int) -> Interval:
    """Return the time between two times of day."""
    return Interval(0, 0, left - right)


def timetz_add(value: tuple[int, int], span: Interval) -> tuple[int, int]:
    """Move a time with zone, around midnight."""
    return (value[0] + span[2]) % MICROS_PER_DAY, value[1]


# ---------------------------------------------------------------- age


def age(left: int, right: int) -> Interval:
    """Return left - right in years, months, days and time, as a calendar counts (local timestamps)."""
    if is_infinite(left) or is_infinite(right):
        raise SqlError("22008", "timestamp out of range")
    first, second = _fields(left), _fields(right)
    sign = -1 if left < right else 1
    years, months, days, hours, minutes, seconds, micros = (sign * (a - b) for a, b in zip(first, second, strict=True))
    seconds, micros = seconds + micros // 1_000_000, micros % 1_000_000
    minutes, seconds = minutes + seconds // 60, seconds % 60
    hours, minutes = hours + minutes // 60, minutes % 60
    days, hours = days + hours // 24, hours % 24
    lender = first if left < right else second
    while days < 0:
        days += month_days(lender[0], lender[1])
        months -= 1
    years, months = years + months // 12, months % 12
    time = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros
    return Interval(sign * (years * 12 + months), sign * days, sign * time)


def _fields(local: int) -> tuple[int, int, int, int, int, int, int]:
    days, rest = divmod(local, MICROS_PER_DAY)
    return (*civil_of(days), *split_time(rest))


def age_with_zone(left: int, right: int, zone: tzinfo) -> Interval:
    """Return the age between two timestamptz, counted in local time."""
    if is_infinite(left) or is_infinite(right):
        raise SqlError("22008", "timestamp out of range")
    return age(to_local(left, zone), to_local(right, zone))
