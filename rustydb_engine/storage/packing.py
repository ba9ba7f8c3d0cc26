"""How rows are stored in the log and in checkpoints: plain tuples, without any class of ours.

Most values are stored as they are. The others have a stored form:

    numeric      Decimal("1.50")          "1.50"          (the exponent is the display scale, which str keeps)
    interval     Interval(1, 2, 3)        (1, 2, 3)
    arrays of them                        tuples of the stored form

A table without such columns has no packing (`packing_of` gives None) and pays nothing. For the others the two
functions are generated, one expression for a row. `unpack` checks nothing itself: what the log holds may be wrong, so
callers turn its TypeError, ValueError, IndexError and ArithmeticError into their own error.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import final

from rustydb_engine.storage.pages import Row
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.types import BY_OID, INTERVAL, NUMERIC

Convert = Callable[[object], object]


@final
class Packing:
    """`pack(row)` gives the stored form of a row and `unpack` the row again."""

    __slots__ = ("pack", "unpack")

    def __init__(self, pack: Callable[[Row], Row], unpack: Callable[[Row], Row]) -> None:
        self.pack = pack
        self.unpack = unpack


def _interval(stored: object) -> Interval:
    if type(stored) is not tuple or len(stored) != 3:
        raise ValueError("not a stored interval")
    return Interval(*stored)


def _elements(convert: Convert) -> Convert:
    """Return the conversion of an array (nested tuples for more dimensions); an interval is no dimension."""

    def over(items: object) -> object:
        return tuple(
            [
                None if item is None else over(item) if type(item) is tuple and _is_dimension(item) else convert(item)
                for item in items  # type: ignore[attr-defined]  # a wrong shape raises, as the module says
            ]
        )

    return over


def _is_dimension(item: tuple[object, ...]) -> bool:
    # A stored interval is (int, int, int); in a packed array of numerics and intervals no dimension holds ints.
    return not (len(item) == 3 and all(type(part) is int for part in item))


_CONVERSIONS: dict[int, tuple[Convert, Convert]] = {
    NUMERIC.oid: (str, Decimal),  # type: ignore[dict-item]  # Decimal refuses what is no number, as the module says
    INTERVAL.oid: (tuple, _interval),  # type: ignore[dict-item]  # as above
}


def _conversion(type_oid: int) -> tuple[Convert, Convert] | None:
    found = _CONVERSIONS.get(type_oid)
    if found is not None:
        return found
    kind = BY_OID.get(type_oid)
    element = _CONVERSIONS.get(kind.element) if kind is not None and kind.is_array else None
    return (_elements(element[0]), _elements(element[1])) if element is not None else None


@cache
def packing_of(types: tuple[int, ...]) -> Packing | None:
    """Return the packing for rows with columns of these types, or None when rows are stored as they are."""
    conversions = [_conversion(type_oid) for type_oid in types]
    if not any(conversions):
        return None
    functions: list[Callable[[Row], Row]] = []
    for side in (0, 1):
        names: dict[str, object] = {}
        parts = []
        for place, conversion in enumerate(conversions):
            if conversion is None:
                parts.append(f"row[{place}]")
            else:
                names[f"f{place}"] = conversion[side]
                parts.append(f"None if row[{place}] is None else f{place}(row[{place}])")
        functions.append(eval(f"lambda row: ({', '.join(parts)},)", names))
    return Packing(functions[0], functions[1])
