"""Type modifiers: what the numbers in varchar(20) or numeric(10,2) mean, and the names that types are shown by.

    typmod_in(VARCHAR, (20,)) == 24
    apply_typmod(NUMERIC, Decimal("1.255"), typmod_in(NUMERIC, (10, 2)), explicit=False) -> Decimal("1.26")
    format_type(VARCHAR, 24) == "character varying(20)"

A modifier of an array type applies to its elements. `LENGTH_COERCIONS` says which types have one at all.

Source: PostgreSQL 15, src/backend/utils/adt/format_type.c and the typmodin functions of each type.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.values import interval_typmod, numeric
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.temporal_io import fit_time, fit_timestamp, fit_timetz
from rustydb_engine.values.text import bpchar_fit, varchar_fit
from rustydb_engine.values.types import (
    BPCHAR,
    BY_OID,
    INTERVAL,
    NUMERIC,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    VARCHAR,
    Type,
)

LENGTH_MAX = 10_485_760
TIME_PRECISION_MAX = 6


def _time_fit(value: int, typmod: int, _explicit: bool) -> int:
    return fit_time(value, typmod)


def _timetz_fit(value: tuple[int, int], typmod: int, _explicit: bool) -> tuple[int, int]:
    return fit_timetz(value, typmod)


def _timestamp_fit(value: int, typmod: int, _explicit: bool) -> int:
    return fit_timestamp(value, typmod)


def _numeric_fit(value: Decimal, typmod: int, _explicit: bool) -> Decimal:
    return numeric.fit(value, typmod)


def _interval_fit(value: Interval, typmod: int, _explicit: bool) -> Interval:
    return interval_typmod.fit(value, typmod)


LENGTH_COERCIONS: dict[int, Callable[..., object]] = {
    VARCHAR.oid: varchar_fit,
    BPCHAR.oid: bpchar_fit,
    NUMERIC.oid: _numeric_fit,
    TIME.oid: _time_fit,
    TIMETZ.oid: _timetz_fit,
    TIMESTAMP.oid: _timestamp_fit,
    TIMESTAMPTZ.oid: _timestamp_fit,
    INTERVAL.oid: _interval_fit,
}


def apply_typmod(kind: Type, value: object, typmod: int, explicit: bool) -> object:
    """Coerce a value to its type's modifier; `explicit` lets varchar and char truncate. NULL stays NULL."""
    if typmod < 0 or value is None:
        return value
    coerce = LENGTH_COERCIONS.get(kind.oid)
    if coerce is not None:
        return coerce(value, typmod, explicit)
    if kind.is_array:
        coerce = LENGTH_COERCIONS.get(kind.element)
        if coerce is not None:
            assert isinstance(value, tuple), "an array is a tuple"
            return _array_fit(value, coerce, typmod, explicit, kind.element == TIMETZ.oid)
    return value


def _array_fit(
    items: tuple[object, ...], coerce: Callable[..., object], typmod: int, explicit: bool, flat: bool
) -> tuple[object, ...]:
    """Coerce the elements of an array of any number of dimensions (`flat`: its elements are tuples)."""
    return tuple(
        None
        if item is None
        else _array_fit(item, coerce, typmod, explicit, flat)
        if type(item) is tuple and not flat
        else coerce(item, typmod, explicit)
        for item in items
    )


def typmod_in(kind: Type, modifiers: tuple[int, ...]) -> int:
    """Return the typmod that the modifiers in parentheses after a type name mean; () is -1.

    Interval takes PostgreSQL's (field mask[, precision]). Raises 22023 for wrong numbers and 42601 for a type that
    takes none.
    """
    if not modifiers:
        return -1
    base = BY_OID[kind.element] if kind.is_array else kind
    if base in (VARCHAR, BPCHAR):
        return _length_typmod("varchar" if base is VARCHAR else "char", modifiers)
    if base is NUMERIC:
        return _numeric_typmod(modifiers)
    if base in (TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ):
        return _time_typmod(base, modifiers)
    if base is INTERVAL:
        return interval_typmod.typmod_in(modifiers)
    raise SqlError("42601", f'type modifier is not allowed for type "{base.name}"')


def _length_typmod(name: str, modifiers: tuple[int, ...]) -> int:
    if len(modifiers) != 1:
        raise SqlError("22023", "invalid type modifier")
    length = modifiers[0]
    if length < 1:
        raise SqlError("22023", f"length for type {name} must be at least 1")
    if length > LENGTH_MAX:
        raise SqlError("22023", f"length for type {name} cannot exceed {LENGTH_MAX}")
    return length + 4


def _numeric_typmod(modifiers: tuple[int, ...]) -> int:
    if len(modifiers) > 2:
        raise SqlError("22023", "invalid NUMERIC type modifier")
    precision = modifiers[0]
    if not 1 <= precision <= numeric.PRECISION_MAX:
        raise SqlError("22023", f"NUMERIC precision {precision} must be between 1 and {numeric.PRECISION_MAX}")
    scale = modifiers[1] if len(modifiers) == 2 else 0
    if not -1000 <= scale <= 1000:
        raise SqlError("22023", f"NUMERIC scale {scale} must be between -1000 and 1000")
    return numeric.pack_typmod(precision, scale)


def _time_typmod(kind: Type, modifiers: tuple[int, ...]) -> int:
    if len(modifiers) != 1:
        raise SqlError("22023", "invalid type modifier")
    precision = modifiers[0]
    if precision < 0:
        name = "TIMESTAMP" if kind in (TIMESTAMP, TIMESTAMPTZ) else "TIME"
        zone = " WITH TIME ZONE" if kind in (TIMETZ, TIMESTAMPTZ) else ""
        raise SqlError("22023", f"{name}({precision}){zone} precision must not be negative")
    return min(precision, TIME_PRECISION_MAX)


def format_type(kind: Type, typmod: int | None = None) -> str:
    """Return the SQL name of a type with its modifier, as pg_catalog.format_type.

    A `typmod` of -1 is "no modifier" (bpchar without a length is not character); None is "not known".
    """
    if kind.is_array:
        return format_type(BY_OID[kind.element], typmod) + "[]"
    if kind is BPCHAR and typmod == -1:
        return "bpchar"
    if typmod is None or typmod < 0 or kind.oid not in LENGTH_COERCIONS:
        return kind.display
    return kind.display.replace(*_shown_modifier(kind, typmod), 1)


def _shown_modifier(kind: Type, typmod: int) -> tuple[str, str]:
    """Return (the words after which the modifier stands, these words with it)."""
    if kind in (VARCHAR, BPCHAR):
        return kind.display, f"{kind.display}({typmod - 4})"
    if kind is NUMERIC:
        precision, scale = numeric.unpack_typmod(typmod)
        return "numeric", f"numeric({precision},{scale})"
    if kind is INTERVAL:
        return "interval", "interval" + interval_typmod.shown(typmod)
    word = kind.display.split(" ")[0]
    return word, f"{word}({typmod})"
