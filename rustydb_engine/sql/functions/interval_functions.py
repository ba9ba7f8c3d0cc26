"""Overlapping periods, series of timestamps, sums and averages of intervals.

`(s1, e1) OVERLAPS (s2, e2)`: an end may be an interval instead, the ends of a period may come in either order, and a
period with equal ends is a point. A NULL end leaves the start as a point where that decides.

Source: PostgreSQL 15, sections 9.9 and 9.25; src/backend/utils/adt/timestamp.c (overlaps_timestamp, interval_accum).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.aggregates import nothing, same
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import Implementation, aggregate, function
from rustydb_engine.values import interval_arithmetic, temporal
from rustydb_engine.values.compare import timetz_key
from rustydb_engine.values.interval import Interval

# ---------------------------------------------------------------- overlaps


def _ordered(start: object, end: object, key: Callable[..., int]) -> tuple[int, int | None] | None:
    """Return a period with its ends in order; the end is None when one of them is NULL, all None when both are."""
    if start is None:
        start, end = end, None
    if start is None:
        return None
    if end is None:
        return key(start), None
    one, other = key(start), key(end)
    return (one, other) if one <= other else (other, one)


def _overlap(first: tuple[int, int | None] | None, second: tuple[int, int | None] | None) -> bool | None:
    """Return whether two periods overlap by the standard's rules, None when that is unknown."""
    if first is None or second is None:
        return None
    if first[0] == second[0]:
        return None if first[1] is None or second[1] is None else True
    earlier, later = (first, second) if first[0] < second[0] else (second, first)
    if earlier[1] is None:
        return None
    if later[0] < earlier[1]:
        return True
    # The earlier period is over; a missing end of the later one leaves the answer open.
    return None if later[1] is None else False


def _same_key(value: int) -> int:
    return value


def _timetz_instant(value: tuple[int, int]) -> int:
    instant, west = timetz_key(value)
    return instant * 200_000 + west + 100_000


def _overlaps(key: Callable[..., int], add: Implementation | None, ends: tuple[bool, bool]) -> Implementation:
    """Make overlaps(); `ends[i]` says that the end of period i is an interval, to be added by `add`."""

    def period(context: EvalContext, start: object, end: object, relative: bool) -> tuple[int, int | None] | None:
        if relative:
            assert add is not None, "intervals are added to the start"
            end = None if start is None or end is None else add(context, start, end)
        return _ordered(start, end, key)

    def overlaps(context: EvalContext, start1: object, end1: object, start2: object, end2: object) -> bool | None:
        return _overlap(period(context, start1, end1, ends[0]), period(context, start2, end2, ends[1]))

    return overlaps


def _declare_overlaps() -> None:
    def add_time(_context: EvalContext, start: int, span: Interval) -> int:
        return temporal.time_add(start, span)

    def add_local(_context: EvalContext, start: int, span: Interval) -> int:
        return temporal.timestamp_add(start, span)

    def add_moment(context: EvalContext, start: int, span: Interval) -> int:
        return temporal.timestamptz_add(start, span, context.forms.zone)

    for kind, add, oids, volatility in (
        ("time", add_time, (1308, 1310, 1311, 1309), "i"),
        ("timestamp", add_local, (2041, 2043, 2044, 2042), "i"),
        ("timestamptz", add_moment, (1304, 1306, 1307, 1305), "s"),
    ):
        for oid, ends in zip(oids, ((False, False), (False, True), (True, False), (True, True)), strict=True):
            args = ", ".join(f"{kind}, {'interval' if relative else kind}" for relative in ends)
            stable = volatility if True in ends else "i"
            function(f"overlaps({args}) -> bool", oid=oid, strict=False, volatility=stable, context=True)(
                _overlaps(_same_key, add, ends)
            )
    function("overlaps(timetz, timetz, timetz, timetz) -> bool", oid=1271, strict=False, context=True)(
        _overlaps(_timetz_instant, None, (False, False))
    )


_declare_overlaps()


# ---------------------------------------------------------------- series


def _rising(step: Interval) -> bool:
    span = step.span()
    if span == 0:
        raise SqlError("22023", "step size cannot equal zero")
    return span > 0


@function("generate_series(timestamp, timestamp, interval) -> setof timestamp", oid=938)
def generate_series(start: int, stop: int, step: Interval) -> Iterable[int]:
    return _series(start, stop, _rising(step), lambda moment: temporal.timestamp_add(moment, step))


@function(
    "generate_series(timestamptz, timestamptz, interval) -> setof timestamptz", oid=939, volatility="s", context=True
)
def generate_series_tz(context: EvalContext, start: int, stop: int, step: Interval) -> Iterable[int]:
    zone = context.forms.zone
    return _series(start, stop, _rising(step), lambda moment: temporal.timestamptz_add(moment, step, zone))


def _series(moment: int, stop: int, rising: bool, after: Callable[[int], int]) -> Iterator[int]:
    while moment <= stop if rising else moment >= stop:
        yield moment
        if temporal.is_infinite(moment):
            return
        moment = after(moment)


# ---------------------------------------------------------------- aggregates


def _add(state: Interval | None, value: Interval) -> Interval:
    return value if state is None else interval_arithmetic.interval_add(state, value)


def _average(state: tuple[int, Interval], value: Interval) -> tuple[int, Interval]:
    return state[0] + 1, interval_arithmetic.interval_add(state[1], value)


def _average_final(state: tuple[int, Interval]) -> Interval | None:
    return interval_arithmetic.interval_divide(state[1], float(state[0])) if state[0] else None


aggregate("sum(interval) -> interval", oid=2113, start=nothing, step=_add, final=same, start_inline="None")
aggregate(
    "avg(interval) -> interval", oid=2106, start=lambda: (0, Interval(0, 0, 0)), step=_average, final=_average_final
)
