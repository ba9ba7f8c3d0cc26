"""The order of index keys: where NULL goes, and which columns descend.

An index key is the column's value in its comparable form (values/compare.py), or a tuple of them; NULL is None. One
column alone is ordered by its plain keys, NULLs kept apart. Several columns are ordered by a *sort key*, a flat
tuple with a flag before each component, so that None is never compared with a value:

    (7, None, "x")  ->  (0, 7, 1, None, 0, "x")        NULLS LAST: 1, NULLS FIRST: -1, a value: 0

A bound on the leading columns is a shorter sort key; one that must come after everything that begins with it
ends in the flag 2.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, final

SortKey = tuple[object, ...]
AFTER: Final = 2
"""A flag above those of NULL and values: `prefix + (AFTER,)` follows every key that begins with the prefix."""


@final
class Descending:
    """A value whose order is reversed."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __lt__(self, other: Descending) -> bool:
        return bool(other.value < self.value)  # type: ignore[operator]  # keys of one column are comparable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and other.value == self.value

    def __hash__(self) -> int:
        raise TypeError("sort keys are compared, not hashed")


def _reversed(value: object) -> object:
    if isinstance(value, int | float | Decimal):
        return -value
    return Descending(value)


def sort_key_of(columns: tuple[tuple[bool, bool], ...]) -> Callable[[tuple[object, ...]], SortKey]:
    """Return the function from a tuple key, or a prefix of one, to its sort key.

    `columns` holds (descending, nulls first) for each column.
    """
    if not any(descending or nulls_first for descending, nulls_first in columns):
        return _ascending
    flags = tuple(-1 if nulls_first else 1 for _, nulls_first in columns)
    directions = tuple(descending for descending, _ in columns)

    def sort_key(key: tuple[object, ...]) -> SortKey:
        parts: list[object] = []
        for item, flag, descending in zip(key, flags, directions, strict=False):
            if item is None:
                parts += (flag, None)
            else:
                parts += (0, _reversed(item) if descending else item)
        return tuple(parts)

    return sort_key


def _ascending(key: tuple[object, ...]) -> SortKey:
    parts: list[object] = []
    for item in key:
        if item is None:
            parts += (1, None)
        else:
            parts += (0, item)
    return tuple(parts)
