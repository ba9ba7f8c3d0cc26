"""The modifier of interval: which fields it keeps and how many digits of a second.

`INTERVAL HOUR TO SECOND(3)` keeps hours, minutes and seconds. The typmod holds a mask of fields in its upper 16 bits and
the precision in the lower 16 (0xFFFF: none). Only the fields to the right of the last kept one are cut off; those to the
left stay, because an interval field has no upper limit.

Source: PostgreSQL 15, src/backend/utils/adt/timestamp.c (intervaltypmodin, AdjustIntervalForTypmod).
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.values.interval import Interval

FULL_RANGE = 0x7FFF
FULL_PRECISION = 0xFFFF

MONTH, YEAR, DAY, HOUR, MINUTE, SECOND = 1 << 1, 1 << 2, 1 << 3, 1 << 10, 1 << 11, 1 << 12

FIELDS: dict[int, str] = {
    YEAR: "year",
    MONTH: "month",
    DAY: "day",
    HOUR: "hour",
    MINUTE: "minute",
    SECOND: "second",
    YEAR | MONTH: "year to month",
    DAY | HOUR: "day to hour",
    DAY | HOUR | MINUTE: "day to minute",
    DAY | HOUR | MINUTE | SECOND: "day to second",
    HOUR | MINUTE: "hour to minute",
    HOUR | MINUTE | SECOND: "hour to second",
    MINUTE | SECOND: "minute to second",
}
MASKS = {name: mask for mask, name in FIELDS.items()}

_MICROS_PER_HOUR = 3_600_000_000
_MICROS_PER_MINUTE = 60_000_000


def typmod_in(modifiers: tuple[int, ...]) -> int:
    """Return the typmod of (field mask[, precision]); 22023 for anything else."""
    mask = modifiers[0]
    if mask != FULL_RANGE and mask not in FIELDS:
        raise SqlError("22023", "invalid INTERVAL type modifier")
    if len(modifiers) == 1:
        return FULL_PRECISION | mask << 16 if mask != FULL_RANGE else -1
    if len(modifiers) > 2:
        raise SqlError("22023", "invalid INTERVAL type modifier")
    precision = modifiers[1]
    if precision < 0:
        raise SqlError("22023", f"INTERVAL({precision}) precision must not be negative")
    return min(precision, 6) | mask << 16


def unpack(typmod: int) -> tuple[int, int]:
    """Return (field mask, precision); full values when the typmod is -1."""
    if typmod < 0:
        return FULL_RANGE, FULL_PRECISION
    return typmod >> 16 & 0x7FFF, typmod & 0xFFFF


def shown(typmod: int) -> str:
    """Return what format_type shows after the word interval."""
    mask, precision = unpack(typmod)
    fields = "" if mask == FULL_RANGE else " " + FIELDS[mask]
    return fields if precision == FULL_PRECISION else f"{fields}({precision})"


def fit(value: Interval, typmod: int) -> Interval:
    """Cut an interval to the fields and the precision of its typmod."""
    mask, precision = unpack(typmod)
    months, days, micros = value
    if mask == YEAR:
        months, days, micros = _cut(months, 12), 0, 0
    elif mask in (MONTH, YEAR | MONTH):
        days, micros = 0, 0
    elif mask == DAY:
        micros = 0
    elif mask in (HOUR, DAY | HOUR):
        micros = _cut(micros, _MICROS_PER_HOUR)
    elif mask in (MINUTE, DAY | HOUR | MINUTE, HOUR | MINUTE):
        micros = _cut(micros, _MICROS_PER_MINUTE)
    if precision < 6:
        step = 10 ** (6 - precision)
        micros = (micros + step // 2) // step * step if micros >= 0 else -((-micros + step // 2) // step * step)
    return Interval(months, days, micros)


def _cut(number: int, unit: int) -> int:
    """Return `number` cut toward zero to a multiple of `unit`."""
    return number // unit * unit if number >= 0 else -(-number // unit * unit)
