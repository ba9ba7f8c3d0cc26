"""Operators on arrays and records: comparison by element type, containment, overlap.

The comparison is made for each call from the types of its arguments, so that elements compare as their own
type does. Concatenation is array_append, array_prepend and array_cat of `arrays`.

Source: PostgreSQL 15, section 9.19; src/backend/utils/adt/{arrayfuncs,rowtypes}.c.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Iterator

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.behind import behind
from rustydb_engine.sql.functions.registry import CallSite, Implementation
from rustydb_engine.values.arrays import FLAT_ELEMENTS
from rustydb_engine.values.compare import any_key, compare_key
from rustydb_engine.values.types import BY_OID, Type

Array = tuple[object, ...]
Key = Callable[[object], object]


def _compare(site: CallSite, test: Callable[[object, object], bool]) -> Implementation:
    left, right = (compare_key(kind) or any_key for kind in site.args)
    return lambda one, other: test(left(one), right(other))


def _compare_records(site: CallSite, test: Callable[[object, object], bool]) -> Implementation:
    """Return a comparison of records; where the types of their fields are known, fields compare as those types."""
    if len(site.fields) == 2 and len(site.fields[0]) == len(site.fields[1]) > 0:
        keys = [compare_key(kind) for _, kind in site.fields[0]]
        if any(key is not None for key in keys):
            return lambda one, other: test(_record_key(one, keys), _record_key(other, keys))

    def compare(one: Array, other: Array) -> bool:
        if len(one) != len(other):
            raise SqlError("42804", "cannot compare record types with different numbers of columns")
        return test(any_key(one), any_key(other))

    return compare


def _record_key(value: Array, keys: list[Callable[..., object] | None]) -> tuple[object, ...]:
    return tuple([
        any_key(item) if item is None or key is None else key(item) for item, key in zip(value, keys, strict=True)
    ])  # fmt: skip


def _enter() -> None:
    for suffix, test in (
        ("eq", python.eq), ("ne", python.ne), ("lt", python.lt), ("le", python.le), ("gt", python.gt), ("ge", python.ge),
    ):  # fmt: skip
        behind("array_" + suffix, factory=True)(lambda site, test=test: _compare(site, test))
        behind("record_" + suffix, "record_image_" + suffix, factory=True)(
            lambda site, test=test: _compare_records(site, test)
        )


def _members(kind: Type) -> Callable[[Array], Iterator[object]]:
    """Return the function from an array to the keys of its elements, of all dimensions; NULLs are left out."""
    element = BY_OID.get(kind.element)
    key = compare_key(element) if element is not None else None
    flat = element is not None and element.name in FLAT_ELEMENTS

    def members(items: Array) -> Iterator[object]:
        for item in items:
            if type(item) is tuple and not flat:
                yield from members(item)
            elif item is not None:
                yield item if key is None else key(item)

    return members


def _has_null(items: Array) -> bool:
    return any(item is None or (type(item) is tuple and _has_null(item)) for item in items)


@behind("arraycontains", factory=True)
def contains(site: CallSite) -> Implementation:
    """Make: whether every element of the right array is in the left one; NULL is in none."""
    left, right = _members(site.args[0]), _members(site.args[1])

    def contains_all(one: Array, other: Array) -> bool:
        return not _has_null(other) and set(right(other)) <= set(left(one))

    return contains_all


@behind("arraycontained", factory=True)
def contained(site: CallSite) -> Implementation:
    """Make: whether every element of the left array is in the right one."""
    left, right = _members(site.args[0]), _members(site.args[1])

    def contained_in(one: Array, other: Array) -> bool:
        return not _has_null(one) and set(left(one)) <= set(right(other))

    return contained_in


@behind("arrayoverlap", factory=True)
def overlap(site: CallSite) -> Implementation:
    """Make: whether the arrays have an element in common."""
    left, right = _members(site.args[0]), _members(site.args[1])
    return lambda one, other: not set(left(one)).isdisjoint(right(other))


_enter()
