"""The time: now() and kin, and what the key words CURRENT_DATE, CURRENT_TIME… call.

Nothing here reads a clock. The context holds three times: when the transaction began, when the statement began, and
now. now() and the SQL key words are the transaction's, so that all rows of a transaction carry one time. The
key words are entered as functions of their own names, which the binder calls.

Source: PostgreSQL 15, section 9.9.5.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.interval import MICROS_PER_DAY, Interval
from rustydb_engine.values.types import INFINITY, MINUS_INFINITY
from rustydb_engine.values.zones import abbreviation_at, offset_at, to_local

_EPOCH = datetime(2000, 1, 1)
_DAYS = "MonTueWedThuFriSatSun"
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


@function("now() -> timestamptz", oid=1299, volatility="s", context=True)
@function("transaction_timestamp() -> timestamptz", oid=2647, volatility="s", context=True)
@function("current_timestamp() -> timestamptz", volatility="s", context=True)
def now(context: EvalContext) -> int:
    return context.transaction_time


@function("statement_timestamp() -> timestamptz", oid=2648, volatility="s", context=True)
def statement_timestamp(context: EvalContext) -> int:
    return context.statement_time


@function("clock_timestamp() -> timestamptz", oid=2649, volatility="v", context=True)
def clock_timestamp(context: EvalContext) -> int:
    return context.clock_time


@function("localtimestamp() -> timestamp", volatility="s", context=True)
def localtimestamp(context: EvalContext) -> int:
    return to_local(context.transaction_time, context.forms.zone)


@function("current_date() -> date", volatility="s", context=True)
def current_date(context: EvalContext) -> int:
    return localtimestamp(context) // MICROS_PER_DAY


@function("localtime() -> time", volatility="s", context=True)
def localtime(context: EvalContext) -> int:
    return localtimestamp(context) % MICROS_PER_DAY


@function("current_time() -> timetz", volatility="s", context=True)
def current_time(context: EvalContext) -> tuple[int, int]:
    return localtime(context), -offset_at(context.forms.zone, context.transaction_time)


@function("timeofday() -> text", oid=274, volatility="v", context=True)
def timeofday(context: EvalContext) -> str:
    """Return the clock's time as `Sun Nov 22 02:14:05.123456 2026 UTC`, in English whatever the locale."""
    zone, moment = context.forms.zone, context.clock_time
    local = _EPOCH + timedelta(microseconds=to_local(moment, zone))
    day = _DAYS[3 * local.weekday() :][:3]
    month = _MONTHS[3 * local.month - 3 :][:3]
    return f"{day} {month} {local:%d %H:%M:%S.%f} {local.year:04d} {abbreviation_at(zone, moment)}"


# ---------------------------------------------------------------- sleeping


def _sleep(context: EvalContext, seconds: float) -> str:
    """Wait, where the surroundings can: generated code is not suspended in the middle of a row."""
    sleep = getattr(context, "sleep", None)
    if sleep is None:
        raise not_supported("pg_sleep in this place")
    sleep(seconds)
    return ""


@function("pg_sleep(float8) -> void", oid=2626, volatility="v", context=True)
def pg_sleep(context: EvalContext, seconds: float) -> str:
    return _sleep(context, seconds)


@function("pg_sleep_for(interval) -> void", oid=3935, volatility="v", context=True)
def pg_sleep_for(context: EvalContext, duration: Interval) -> str:
    return _sleep(context, duration.span() / 1e6)


@function("pg_sleep_until(timestamptz) -> void", oid=3936, volatility="v", context=True)
def pg_sleep_until(context: EvalContext, moment: int) -> str:
    if moment in (INFINITY, MINUS_INFINITY):
        raise SqlError("22008", "timestamp out of range")
    return _sleep(context, (moment - context.clock_time) / 1e6)
