"""Arithmetic of intervals: sums, products, justification.

Months, days and microseconds are added apart. A product or quotient cascades fractions down: a fraction of a month
becomes days (30 to a month), a fraction of a day becomes time.

Source: PostgreSQL 15, section 9.9; src/backend/utils/adt/timestamp.c (interval_mul, interval_justify_interval).
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.values.interval import MICROS_PER_DAY, Interval

_INT4 = 2**31
_INT8 = 2**63


def out_of_range() -> SqlError:
    """Return 22008 for an interval that has no form."""
    return SqlError("22008", "interval out of range")


def checked(months: int, days: int, micros: int) -> Interval:
    """Return the interval of three parts; 22008 when one does not fit."""
    if not (-_INT4 <= months < _INT4 and -_INT4 <= days < _INT4 and -_INT8 <= micros < _INT8):
        raise out_of_range()
    return Interval(months, days, micros)


def interval_add(left: Interval, right: Interval) -> Interval:
    """Add."""
    return checked(left[0] + right[0], left[1] + right[1], left[2] + right[2])


def interval_subtract(left: Interval, right: Interval) -> Interval:
    """Subtract."""
    return checked(left[0] - right[0], left[1] - right[1], left[2] - right[2])


def interval_negate(value: Interval) -> Interval:
    """Change all signs."""
    return checked(-value[0], -value[1], -value[2])


def _round6(number: float) -> float:
    """Round to microseconds of a second, which hides the noise of floating point."""
    return round(number * 1_000_000.0) / 1_000_000.0


def _whole(number: float) -> int:
    if not -_INT4 <= number < _INT4:
        raise out_of_range()
    return int(number)


def _scaled(months: float, days: float, micros: float) -> Interval:
    """Return the interval of fractional parts, fractions cascading down."""
    whole_months, whole_days = _whole(months), _whole(days)
    month_days = _round6((months - whole_months) * 30)
    seconds = _round6((days - whole_days + month_days - int(month_days)) * 86_400)
    if abs(seconds) >= 86_400:
        more = int(seconds / 86_400)
        whole_days += more
        seconds -= more * 86_400
    whole_days += int(month_days)
    total = micros + seconds * 1_000_000
    if not -9.2233720368547758e18 <= total < 9.2233720368547758e18:
        raise out_of_range()
    return checked(whole_months, whole_days, round(total))


def interval_multiply(value: Interval, factor: float) -> Interval:
    """Multiply; 22008 for NaN, infinity or a result out of range."""
    if factor - factor != 0.0:
        raise out_of_range()
    return _scaled(value[0] * factor, value[1] * factor, value[2] * factor)


def interval_divide(value: Interval, divisor: float) -> Interval:
    """Divide; 22012 for zero."""
    if divisor == 0.0:
        raise SqlError("22012", "division by zero")
    if divisor != divisor:
        raise out_of_range()
    return _scaled(value[0] / divisor, value[1] / divisor, value[2] / divisor)


def justify_hours(value: Interval) -> Interval:
    """Turn each 24 hours into a day; days and time get the same sign."""
    extra = abs(value[2]) // MICROS_PER_DAY * (1 if value[2] >= 0 else -1)
    days, micros = value[1] + extra, value[2] - extra * MICROS_PER_DAY
    if days > 0 and micros < 0:
        days, micros = days - 1, micros + MICROS_PER_DAY
    elif days < 0 and micros > 0:
        days, micros = days + 1, micros - MICROS_PER_DAY
    return checked(value[0], days, micros)


def justify_days(value: Interval) -> Interval:
    """Turn each 30 days into a month; months and days get the same sign."""
    extra = abs(value[1]) // 30 * (1 if value[1] >= 0 else -1)
    months, days = value[0] + extra, value[1] - extra * 30
    if months > 0 and days < 0:
        months, days = months - 1, days + 30
    elif months < 0 and days > 0:
        months, days = months + 1, days - 30
    return checked(months, days, value[2])


def justify_interval(value: Interval) -> Interval:
    """Do both, and give all parts one sign."""
    months, days, micros = value
    # Days that would overflow are justified first, as PostgreSQL does.
    if (days > 0 and micros > 0) or (days < 0 and micros < 0):
        months, days = months + _towards_zero(days, 30), days - _towards_zero(days, 30) * 30
    extra = _towards_zero(micros, MICROS_PER_DAY)
    days, micros = days + extra, micros - extra * MICROS_PER_DAY
    extra = _towards_zero(days, 30)
    months, days = months + extra, days - extra * 30
    if months > 0 and (days < 0 or (days == 0 and micros < 0)):
        months, days = months - 1, days + 30
    elif months < 0 and (days > 0 or (days == 0 and micros > 0)):
        months, days = months + 1, days - 30
    if days > 0 and micros < 0:
        days, micros = days - 1, micros + MICROS_PER_DAY
    elif days < 0 and micros > 0:
        days, micros = days + 1, micros - MICROS_PER_DAY
    return checked(months, days, micros)


def _towards_zero(number: int, unit: int) -> int:
    return number // unit if number >= 0 else -(-number // unit)
