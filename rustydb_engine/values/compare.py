"""Order, equality and hash keys of values: how btree compares them, as Python keys and as Python source.

Most types compare as their Python form does. The others need a key:

| type | key |
| --- | --- |
| numeric, real, double precision | the number; NaN becomes `GREATEST`, which is equal to itself and above all |
| character(n) | the text without trailing blanks |
| interval | `span()`: 30-day months, 24-hour days |
| timetz | (instant in UTC, zone) |
| jsonb | a nested tuple in jsonb's btree order |
| array | (keys of the elements, number of dimensions, dimensions); NULL elements become `ABSENT` |
| record | a tuple of keys by the Python form of the fields; NULLs become `ABSENT` |

A key of a type is comparable with other keys of that type and hashable, so one key serves ORDER BY, GROUP BY, DISTINCT,
hash joins and indexes. NULL itself is the caller's. Text compares by code point: the C.UTF-8 collation.

`key_source("numeric", "r[1]")` gives the Python expression that the code generator puts in its loops; the names in it are
those of `NAMES`, which belong in the globals of generated code.

Source: PostgreSQL 15, the btree operator classes; src/backend/utils/adt/{arrayfuncs,rowtypes,jsonb_util}.c.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import final

from rustydb_engine.values.arrays import dimensions, flatten
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.json_order import jsonb_key
from rustydb_engine.values.types import (
    BPCHAR,
    BY_OID,
    FLOAT4,
    FLOAT8,
    INTERVAL,
    JSON,
    JSONB,
    NUMERIC,
    RECORD,
    TIMETZ,
    Type,
)

Key = Callable[..., object]


@final
class Greatest:
    """A value above all others: `GREATEST` is NaN among numbers, `ABSENT` NULL among elements, above NaN too."""

    __slots__ = ("rank",)

    def __init__(self, rank: int) -> None:
        self.rank = rank

    def __lt__(self, other: object) -> bool:
        return isinstance(other, Greatest) and self.rank < other.rank

    def __le__(self, other: object) -> bool:
        return isinstance(other, Greatest) and self.rank <= other.rank

    def __gt__(self, other: object) -> bool:
        return not isinstance(other, Greatest) or self.rank > other.rank

    def __ge__(self, other: object) -> bool:
        return not isinstance(other, Greatest) or self.rank >= other.rank

    def __eq__(self, other: object) -> bool:
        return other is self

    def __hash__(self) -> int:
        return self.rank

    def __repr__(self) -> str:
        return "ABSENT" if self.rank else "GREATEST"


GREATEST = Greatest(0)
ABSENT = Greatest(1)


def nan_key(number: float | Decimal) -> object:
    """Return the key of a number that may be NaN."""
    return number if number == number else GREATEST


def bpchar_key(text: str) -> str:
    """Return the key of a character(n)."""
    return text.rstrip(" ")


def interval_key(value: Interval) -> int:
    """Return the key of an interval."""
    return (value[0] * 30 + value[1]) * 86_400_000_000 + value[2]


def timetz_key(value: tuple[int, int]) -> tuple[int, int]:
    """Return the key of a timetz: its instant in UTC, then its zone."""
    return value[0] + value[1] * 1_000_000, value[1]


def any_key(value: object) -> object:
    """Return a key by the value's Python form, where the type of elements is not known (records, anyarray)."""
    form = type(value)
    if form is float or form is Decimal:
        return value if value == value else GREATEST
    if form is tuple:
        assert isinstance(value, tuple)
        return tuple([any_key(item) for item in value])
    if value is None:
        return ABSENT
    if form is Interval:
        assert isinstance(value, Interval)
        return interval_key(value)
    return value


def _array_key(element: Key | None, nested: bool) -> Key:
    """Return the key function of an array; `nested`: a tuple in it is a further dimension.

    Arrays compare by their elements in storage order, then by the number of their dimensions, then by these.
    """

    def flat(items: tuple[object, ...]) -> tuple[object, ...]:
        if element is None:
            return tuple([ABSENT if item is None else item for item in items]) if None in items else items
        return tuple([ABSENT if item is None else element(item) for item in items])

    def key(items: tuple[object, ...]) -> tuple[object, ...]:
        if not (nested and items and type(items[0]) is tuple):
            return flat(items), 1
        sizes = dimensions(items)
        return flat(tuple(flatten(items, len(sizes)))), len(sizes), sizes

    return key


_KEYS: dict[int, tuple[Key, str]] = {
    NUMERIC.oid: (nan_key, "nan_key"),
    FLOAT4.oid: (nan_key, "nan_key"),
    FLOAT8.oid: (nan_key, "nan_key"),
    BPCHAR.oid: (bpchar_key, "bpchar_key"),
    INTERVAL.oid: (interval_key, "interval_key"),
    TIMETZ.oid: (timetz_key, "timetz_key"),
    JSONB.oid: (jsonb_key, "jsonb_key"),
    RECORD.oid: (any_key, "any_key"),
}

NAMES: dict[str, object] = {"GREATEST": GREATEST, "ABSENT": ABSENT}


def _load() -> None:
    for kind in tuple(BY_OID.values()):
        if kind.is_array:
            element = _KEYS.get(kind.element)
            # A timetz and a record are tuples themselves: their arrays have one dimension.
            nested = kind.element not in (TIMETZ.oid, RECORD.oid)
            _KEYS[kind.oid] = (_array_key(element[0] if element else None, nested), f"{kind.name.strip('_')}_array_key")
    NAMES.update((name, key) for key, name in _KEYS.values())


_load()
UNORDERED = frozenset((JSON.oid,))


def compare_key(kind: Type) -> Key | None:
    """Return the function from a value (not NULL) to its key, or None when the value is its own key."""
    entry = _KEYS.get(kind.oid)
    return entry[0] if entry else None


def key_source(kind: Type, expression: str) -> str:
    """Return Python source for the key of the value of `expression`."""
    entry = _KEYS.get(kind.oid)
    if entry is None:
        return expression
    if expression.isidentifier():
        if entry[1] == "nan_key":
            return f"({expression} if {expression} == {expression} else GREATEST)"
        if entry[1] == "bpchar_key":
            return f"{expression}.rstrip(' ')"
    return f"{entry[1]}({expression})"


def equal_source(kind: Type, left: str, right: str) -> str:
    """Return Python source for the equality of two values."""
    return f"({key_source(kind, left)} == {key_source(kind, right)})"


def equal_values(kind: Type, left: object, right: object) -> bool:
    """Whether two values are equal; two NULLs are, a NULL and a value are not."""
    if left is None or right is None:
        return left is right
    key = compare_key(kind)
    return left == right if key is None else key(left) == key(right)
