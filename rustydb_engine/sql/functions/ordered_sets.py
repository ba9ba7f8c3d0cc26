"""Ordered-set aggregates: percentile_cont, percentile_disc, mode; hypothetical ones: rank and its kin.

`percentile_cont(0.5) WITHIN GROUP (ORDER BY x)`: the executor sorts the rows of a group by the ORDER BY and calls
`step` with the sorted values; NULLs are left out. `final` then gets the list and the direct arguments. An array of
fractions gives an array of results.

`rank(7) WITHIN GROUP (ORDER BY x)` is what rank() would be for a row with x = 7: the executor finds its `Place`.

Source: PostgreSQL 15, tables 9.61 and 9.62; src/backend/utils/adt/orderedsetaggs.c.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import Aggregate, CallSite, aggregate
from rustydb_engine.values.compare import any_key, compare_key
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.interval_arithmetic import interval_add, interval_multiply, interval_subtract
from rustydb_proto.core.value import value

Rows = list[object]
Fractions = tuple[float | None, ...]


@value
class Place:
    """Where a row would be among `rows` others: after so many, with so many sort keys before it, `level` with some."""

    before: int
    keys_before: int
    level: int
    rows: int


def collect(state: Rows, item: object) -> Rows:
    """Append a value."""
    state.append(item)
    return state


def _check(fraction: float) -> float:
    if not 0.0 <= fraction <= 1.0:
        raise SqlError("22003", f"percentile value {fraction:g} is not between 0 and 1")
    return fraction


def _discrete(state: Rows, fraction: float | None) -> object:
    if fraction is None:
        return None
    _check(fraction)
    return state[max(math.ceil(fraction * len(state)), 1) - 1] if state else None


def _between_floats(low: object, high: object, share: float) -> object:
    assert isinstance(low, float) and isinstance(high, float), "percentile_cont of float8"
    return low + share * (high - low)


def _between_intervals(low: object, high: object, share: float) -> object:
    assert isinstance(low, Interval) and isinstance(high, Interval), "percentile_cont of interval"
    return interval_add(low, interval_multiply(interval_subtract(high, low), share))


def _continuous(between: Callable[[object, object, float], object]) -> Callable[[Rows, float | None], object]:
    """Make the final function of percentile_cont, which interpolates between neighbours."""

    def final(state: Rows, fraction: float | None) -> object:
        if fraction is None:
            return None
        _check(fraction)
        if not state:
            return None
        place = fraction * (len(state) - 1)
        first, second = math.floor(place), math.ceil(place)
        if first == second:
            return state[first]
        return between(state[first], state[second], place - first)

    return final


def _each(single: Callable[[Rows, float | None], object]) -> Callable[[Rows, Fractions | None], object]:
    """Make the final function for an array of fractions."""

    def final(state: Rows, fractions: Fractions | None) -> object:
        if fractions is None or not state:
            return None
        return tuple(_each(single)(state, f) if isinstance(f, tuple) else single(state, f) for f in fractions)

    return final


def mode_of(kind: Callable[[object], object] | None) -> Callable[[Rows], object]:
    """Return the function that finds the most frequent value of sorted rows; the first of several."""

    def final(state: Rows) -> object:
        counts: dict[object, int] = {}
        first: dict[object, object] = {}
        for item in state:
            key = item if kind is None else kind(item)
            counts[key] = counts.get(key, 0) + 1
            first.setdefault(key, item)
        return first[max(counts, key=counts.__getitem__)] if counts else None

    return final


def _specialise_mode(site: CallSite) -> Aggregate:
    return Aggregate(list, collect, mode_of(compare_key(site.args[-1])), ordered_set=True)


def _rank(place: Place) -> int:
    return place.before + 1


def _dense_rank(place: Place) -> int:
    return place.keys_before + 1


def _percent_rank(place: Place) -> float:
    return place.before / place.rows if place.rows else 0.0


def _cume_dist(place: Place) -> float:
    return (place.before + place.level + 1) / (place.rows + 1)


def _declare() -> None:
    floats, intervals = _continuous(_between_floats), _continuous(_between_intervals)
    for signature, oid, final in (
        ("percentile_cont(float8, float8) -> float8", 3974, floats),
        ("percentile_cont(float8, interval) -> interval", 3976, intervals),
        ("percentile_cont(_float8, float8) -> _float8", 3980, _each(floats)),
        ("percentile_cont(_float8, interval) -> _interval", 3982, _each(intervals)),
        ("percentile_disc(float8, anyelement) -> anyelement", 3972, _discrete),
        ("percentile_disc(_float8, anyelement) -> anyarray", 3978, _each(_discrete)),
    ):
        aggregate(signature, oid=oid, start=list, step=collect, final=final, ordered_set=True)
    aggregate(
        "mode(anyelement) -> anyelement", oid=3984, start=list, step=collect, final=mode_of(any_key), ordered_set=True,
        specialise=_specialise_mode,
    )  # fmt: skip
    for signature, oid, place_final in (
        ("rank(variadic any) -> int8", 3986, _rank),
        ("percent_rank(variadic any) -> float8", 3988, _percent_rank),
        ("cume_dist(variadic any) -> float8", 3990, _cume_dist),
        ("dense_rank(variadic any) -> int8", 3992, _dense_rank),
    ):
        aggregate(
            signature, oid=oid, start=list, step=collect, final=place_final, skip_null=False, ordered_set=True,
            hypothetical=True,
        )  # fmt: skip


_declare()
