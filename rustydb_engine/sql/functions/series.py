"""Set-returning series: generate_series over numbers and timestamps, generate_subscripts.

`generate_series(1, 5, 2)` gives 1, 3, 5: from the start, by the step, as long as the stop is not passed. A series is an
iterator, so a LIMIT above it stops it. Integer series are Python ranges.

Source: PostgreSQL 15, section 9.25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.numeric import add


def _check_step(step: int | Decimal) -> None:
    if step == 0:
        raise SqlError("22023", "step size cannot equal zero")


@function("generate_series(int4, int4) -> setof int4", oid=1067)
@function("generate_series(int8, int8) -> setof int8", oid=1069)
def generate_series(start: int, stop: int) -> Iterable[int]:
    return range(start, stop + 1)


@function("generate_series(int4, int4, int4) -> setof int4", oid=1066)
@function("generate_series(int8, int8, int8) -> setof int8", oid=1068)
def generate_series_step(start: int, stop: int, step: int) -> Iterable[int]:
    _check_step(step)
    return range(start, stop + (1 if step > 0 else -1), step)


@function("generate_series(numeric, numeric, numeric) -> setof numeric", oid=3259)
def generate_series_numeric(start: Decimal, stop: Decimal, step: Decimal) -> Iterable[Decimal]:
    for number, what in ((start, "start value"), (stop, "stop value"), (step, "step size")):
        if not number.is_finite():
            raise SqlError("22023", f"{what} cannot be {'NaN' if number.is_nan() else 'infinity'}")
    _check_step(step)
    return _numbers(start, stop, step)


def _numbers(number: Decimal, stop: Decimal, step: Decimal) -> Iterator[Decimal]:
    rising = step > 0
    while number <= stop if rising else number >= stop:
        yield number
        number = add(number, step)


@function("generate_series(numeric, numeric) -> setof numeric", oid=3260)
def generate_series_numeric_by_one(start: Decimal, stop: Decimal) -> Iterable[Decimal]:
    return generate_series_numeric(start, stop, Decimal(1))
