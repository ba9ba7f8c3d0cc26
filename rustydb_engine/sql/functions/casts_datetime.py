"""Casts among date, time, timestamp, timestamptz, timetz and interval. Those from or to a zone use the session's.

Source: PostgreSQL 15, pg_cast.dat; src/backend/utils/adt/{date,timestamp}.c.
"""

from __future__ import annotations

from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import cast
from rustydb_engine.values import temporal
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.julian import MICROS_PER_DAY
from rustydb_engine.values.zones import local_offset, to_local


def date_to_timestamptz(context: EvalContext, days: int) -> int:
    """Return local midnight."""
    return temporal.date_to_timestamptz(days, context.forms.zone)


def timestamp_to_timestamptz(context: EvalContext, local: int) -> int:
    """Read a timestamp in the session's zone."""
    return temporal.timestamp_to_timestamptz(local, context.forms.zone)


def timestamptz_to_timestamp(context: EvalContext, micros: int) -> int:
    """Return the local timestamp."""
    return temporal.timestamptz_to_timestamp(micros, context.forms.zone)


def timestamptz_to_date(context: EvalContext, micros: int) -> int:
    """Return the local date."""
    return temporal.timestamptz_to_date(micros, context.forms.zone)


def timestamptz_to_time(context: EvalContext, micros: int) -> int | None:
    """Return the local time of day."""
    return temporal.timestamptz_to_time(micros, context.forms.zone)


def timestamptz_to_timetz(context: EvalContext, micros: int) -> tuple[int, int] | None:
    """Return the local time of day with its offset."""
    return temporal.timestamptz_to_timetz(micros, context.forms.zone)


def time_to_timetz(context: EvalContext, time: int) -> tuple[int, int]:
    """Give a time the offset that the session's zone has at it today."""
    zone = context.forms.zone
    midnight = to_local(context.transaction_time, zone) // MICROS_PER_DAY * MICROS_PER_DAY
    return time, -local_offset(zone, midnight + time)


def time_to_interval(time: int) -> Interval:
    """Return a time of day as an interval."""
    return Interval(0, 0, time)


def timetz_to_time(value: tuple[int, int]) -> int:
    """Drop the offset."""
    return value[0]


def _load() -> None:
    cast("date", "timestamp", "i", temporal.date_to_timestamp)
    cast("date", "timestamptz", "i", date_to_timestamptz, needs_context=True)
    cast("timestamp", "date", "a", temporal.timestamp_to_date)
    cast("timestamp", "time", "a", temporal.timestamp_to_time)
    cast("timestamp", "timestamptz", "i", timestamp_to_timestamptz, needs_context=True)
    cast("timestamptz", "timestamp", "a", timestamptz_to_timestamp, needs_context=True)
    cast("timestamptz", "date", "a", timestamptz_to_date, needs_context=True)
    cast("timestamptz", "time", "a", timestamptz_to_time, needs_context=True)
    cast("timestamptz", "timetz", "a", timestamptz_to_timetz, needs_context=True)
    cast("time", "interval", "i", time_to_interval)
    cast("time", "timetz", "i", time_to_timetz, needs_context=True)
    cast("timetz", "time", "a", timetz_to_time, inline="{0}[0]")
    cast("interval", "time", "a", temporal.interval_to_time)


_load()
