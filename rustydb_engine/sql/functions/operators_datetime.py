"""Operators on dates, times, timestamps and intervals: sums, differences, products.

Those of timestamptz with an interval add months and days in the session's time zone.

Source: PostgreSQL 15, section 9.9, table 9.32.
"""

from __future__ import annotations

from rustydb_engine.sql.functions.behind import behind, enter_behind
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.values import interval_arithmetic, temporal
from rustydb_engine.values.interval import Interval

TimeTz = tuple[int, int]

enter_behind("date_mi", temporal.date_difference)
enter_behind("date_pli", temporal.date_add)
enter_behind("interval_pl", interval_arithmetic.interval_add)
enter_behind("interval_mi", interval_arithmetic.interval_subtract)
enter_behind("interval_um", interval_arithmetic.interval_negate)
enter_behind("interval_mul", interval_arithmetic.interval_multiply)
enter_behind("interval_div", interval_arithmetic.interval_divide)
enter_behind("timestamp_mi", temporal.timestamp_difference)
enter_behind("timestamptz_mi", temporal.timestamp_difference)
enter_behind("timestamp_pl_interval", temporal.timestamp_add)
enter_behind("timestamp_mi_interval", temporal.timestamp_subtract_interval)
enter_behind("time_pl_interval", temporal.time_add)
enter_behind("time_mi_time", temporal.time_difference)
enter_behind("timetz_pl_interval", temporal.timetz_add)


@behind("date_mii")
def date_minus_days(days: int, number: int) -> int:
    """Move a date back."""
    return temporal.date_add(days, -number)


@behind("integer_pl_date")
def days_plus_date(number: int, days: int) -> int:
    """Move a date forward."""
    return temporal.date_add(days, number)


@behind("date_pl_interval")
def date_plus_interval(days: int, value: Interval) -> int:
    """Add an interval to midnight of a date."""
    return temporal.timestamp_add(temporal.date_to_timestamp(days), value)


@behind("date_mi_interval")
def date_minus_interval(days: int, value: Interval) -> int:
    """Subtract an interval from midnight of a date."""
    return temporal.timestamp_subtract_interval(temporal.date_to_timestamp(days), value)


@behind("interval_pl_date")
def interval_plus_date(value: Interval, days: int) -> int:
    """Add an interval to midnight of a date."""
    return date_plus_interval(days, value)


@behind("datetime_pl")
def date_plus_time(days: int, time: int) -> int:
    """Return the timestamp of a date and a time of day."""
    midnight = temporal.date_to_timestamp(days)
    return midnight if temporal.is_infinite(midnight) else temporal.check_timestamp(midnight + time)


@behind("timedate_pl")
def time_plus_date(time: int, days: int) -> int:
    """Return the timestamp of a time of day and a date."""
    return date_plus_time(days, time)


@behind("datetimetz_pl")
def date_plus_timetz(days: int, time: TimeTz) -> int:
    """Return the timestamptz of a date and a time with zone."""
    midnight = temporal.date_to_timestamp(days)
    if temporal.is_infinite(midnight):
        return midnight
    return temporal.check_timestamp(midnight + time[0] + time[1] * 1_000_000)


@behind("timetzdate_pl")
def timetz_plus_date(time: TimeTz, days: int) -> int:
    """Return the timestamptz of a time with zone and a date."""
    return date_plus_timetz(days, time)


@behind("mul_d_interval")
def factor_times_interval(factor: float, value: Interval) -> Interval:
    """Multiply."""
    return interval_arithmetic.interval_multiply(value, factor)


@behind("interval_pl_timestamp")
def interval_plus_timestamp(value: Interval, local: int) -> int:
    """Add."""
    return temporal.timestamp_add(local, value)


@behind("timestamptz_pl_interval", context=True)
def timestamptz_plus_interval(context: EvalContext, micros: int, value: Interval) -> int:
    """Add in the session's zone."""
    return temporal.timestamptz_add(micros, value, context.forms.zone)


@behind("interval_pl_timestamptz", context=True)
def interval_plus_timestamptz(context: EvalContext, value: Interval, micros: int) -> int:
    """Add in the session's zone."""
    return temporal.timestamptz_add(micros, value, context.forms.zone)


@behind("timestamptz_mi_interval", context=True)
def timestamptz_minus_interval(context: EvalContext, micros: int, value: Interval) -> int:
    """Subtract in the session's zone."""
    return temporal.timestamptz_subtract_interval(micros, value, context.forms.zone)


@behind("time_mi_interval")
def time_minus_interval(time: int, value: Interval) -> int:
    """Move a time of day back, around midnight."""
    return (time - value[2]) % 86_400_000_000


@behind("interval_pl_time")
def interval_plus_time(value: Interval, time: int) -> int:
    """Move a time of day, around midnight."""
    return temporal.time_add(time, value)


@behind("timetz_mi_interval")
def timetz_minus_interval(time: TimeTz, value: Interval) -> TimeTz:
    """Move a time with zone back, around midnight."""
    return (time[0] - value[2]) % 86_400_000_000, time[1]


@behind("interval_pl_timetz")
def interval_plus_timetz(value: Interval, time: TimeTz) -> TimeTz:
    """Move a time with zone, around midnight."""
    return temporal.timetz_add(time, value)
