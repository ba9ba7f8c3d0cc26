"""Array functions: dimensions, building, searching, taking apart.

An array is a tuple, further dimensions are nested tuples, an empty array is (). Its lower bound is 1, except that an
int2vector or oidvector counts from 0. The values of timetz and record are tuples themselves, so whether a tuple
inside an array is an element or a dimension depends on the type: `Shape` knows.

    array_dims(ARRAY[[1, 2, 3], [4, 5, 6]])  ->  [1:2][1:3]

Source: PostgreSQL 15, section 9.19; src/backend/utils/adt/{arrayfuncs,array_userfuncs}.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeGuard

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql.functions.registry import CallSite, Implementation, function
from rustydb_engine.values.compare import compare_key
from rustydb_engine.values.types import RECORD, TIMETZ, Type, element_of

Array = tuple[object, ...]

DIMENSIONS_MAX = 6
ITEMS_MAX = 134_217_727


class Shape:
    """How arrays of one type are nested and where they begin."""

    __slots__ = ("element", "lower", "nests")

    def __init__(self, kind: Type) -> None:
        self.element = element_of(kind)
        self.lower = 1 if kind.is_array or kind.category != "A" else 0
        self.nests = self.element not in (TIMETZ, RECORD)

    def lengths(self, value: Array) -> list[int]:
        """Return the length of each dimension; [] for an empty array."""
        if not value:
            return []
        found = [len(value)]
        if self.nests:
            level = value[0]
            while type(level) is tuple:
                found.append(len(level))
                level = level[0]
        return found

    def is_slice(self, item: object) -> TypeGuard[Array]:
        """Whether an item is a further dimension."""
        return self.nests and type(item) is tuple

    def flat(self, value: Array) -> Iterable[object]:
        """Return the elements in storage order."""
        return self._walk(value) if value and self.is_slice(value[0]) else value

    def _walk(self, value: Array) -> Iterator[object]:
        for item in value:
            if self.is_slice(item):
                yield from self._walk(item)
            else:
                yield item


def _equal_to(shape: Shape, wanted: object) -> Callable[[object], bool]:
    """Return a test of elements for equality with `wanted`; NULL equals NULL."""
    key = compare_key(shape.element) if shape.element else None
    if wanted is None:
        return lambda item: item is None
    if key is None:
        return lambda item: item == wanted
    target, make = key(wanted), key
    return lambda item: item is not None and make(item) == target


# ---------------------------------------------------------------- dimensions


@function("array_ndims(anyarray) -> int4", oid=748, factory=True)
def array_ndims(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])
    return lambda value: len(shape.lengths(value)) or None


@function("array_dims(anyarray) -> text", oid=747, factory=True)
def array_dims(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def dims(value: Array) -> str | None:
        lengths = shape.lengths(value)
        return "".join(f"[{shape.lower}:{length + shape.lower - 1}]" for length in lengths) or None

    return dims


@function("array_length(anyarray, int4) -> int4", oid=2176, factory=True)
def array_length(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def length(value: Array, dimension: int) -> int | None:
        if dimension == 1:
            return len(value) or None
        lengths = shape.lengths(value)
        return lengths[dimension - 1] if 0 < dimension <= len(lengths) else None

    return length


@function("array_lower(anyarray, int4) -> int4", oid=2091, factory=True)
def array_lower(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])
    return lambda value, dimension: shape.lower if 0 < dimension <= len(shape.lengths(value)) else None


@function("array_upper(anyarray, int4) -> int4", oid=2092, factory=True)
def array_upper(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def upper(value: Array, dimension: int) -> int | None:
        lengths = shape.lengths(value)
        return lengths[dimension - 1] + shape.lower - 1 if 0 < dimension <= len(lengths) else None

    return upper


@function("cardinality(anyarray) -> int4", oid=3179, factory=True)
def cardinality(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def count(value: Array) -> int:
        total = 1
        for length in shape.lengths(value) or [0]:
            total *= length
        return total

    return count


@function("generate_subscripts(anyarray, int4) -> setof int4", oid=1192, factory=True)
def generate_subscripts(site: CallSite) -> Implementation:
    subscripts = generate_subscripts_reverse(site)
    return lambda value, dimension: subscripts(value, dimension, False)


@function("generate_subscripts(anyarray, int4, bool) -> setof int4", oid=1191, factory=True)
def generate_subscripts_reverse(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def subscripts(value: Array, dimension: int, reverse: bool) -> Iterable[int]:
        lengths = shape.lengths(value)
        if not 0 < dimension <= len(lengths):
            return ()
        numbers = range(shape.lower, shape.lower + lengths[dimension - 1])
        return reversed(numbers) if reverse else numbers

    return subscripts


# ---------------------------------------------------------------- building


@function("array_append(anycompatiblearray, anycompatible) -> anycompatiblearray", oid=378, strict=False, factory=True)
def array_append(site: CallSite) -> Implementation:
    shape = Shape(site.result)

    def append(value: Array | None, item: object) -> Array:
        _check_flat(shape, value)
        return (*(value or ()), item)

    return append


@function("array_prepend(anycompatible, anycompatiblearray) -> anycompatiblearray", oid=379, strict=False, factory=True)
def array_prepend(site: CallSite) -> Implementation:
    shape = Shape(site.result)

    def prepend(item: object, value: Array | None) -> Array:
        _check_flat(shape, value)
        return (item, *(value or ()))

    return prepend


def _check_flat(shape: Shape, value: Array | None) -> None:
    if value and shape.is_slice(value[0]):
        raise SqlError("22000", "argument must be empty or one-dimensional array")


def _incompatible(detail: str) -> SqlError:
    return SqlError("2202E", "cannot concatenate incompatible arrays", detail=detail)


@function(
    "array_cat(anycompatiblearray, anycompatiblearray) -> anycompatiblearray", oid=383, strict=False, factory=True
)
def array_cat(site: CallSite) -> Implementation:
    shape = Shape(site.result)

    def concatenate(left: Array | None, right: Array | None) -> Array | None:
        if not left or not right:
            return right if not left and (right or left is None) else left
        first, second = shape.lengths(left), shape.lengths(right)
        if len(first) == len(second):
            if first[1:] != second[1:]:
                raise _incompatible("Arrays with differing element dimensions are not compatible for concatenation.")
            return left + right
        if abs(len(first) - len(second)) != 1:
            raise _incompatible(
                f"Arrays of {len(first)} and {len(second)} dimensions are not compatible for concatenation."
            )
        slice_of_left = len(first) > len(second)
        if (first[1:] != second) if slice_of_left else (first != second[1:]):
            raise _incompatible("Arrays with differing dimensions are not compatible for concatenation.")
        return (*left, right) if slice_of_left else (left, *right)

    return concatenate


@function("array_fill(anyelement, _int4) -> anyarray", oid=1193, strict=False)
def array_fill(item: object, lengths: tuple[int | None, ...] | None) -> Array:
    return _fill(item, lengths)


@function("array_fill(anyelement, _int4, _int4) -> anyarray", oid=1286, strict=False)
def array_fill_bounds(
    item: object, lengths: tuple[int | None, ...] | None, bounds: tuple[int | None, ...] | None
) -> Array:
    if bounds is None:
        raise SqlError("22004", "dimension array or low bound array cannot be null")
    if lengths is not None and len(bounds) != len(lengths):
        detail = "Low bound array has different size than dimensions array."
        raise SqlError("2202E", "wrong number of array subscripts", detail=detail)
    if any(bound is None for bound in bounds):
        raise SqlError("22004", "dimension values cannot be null")
    if any(bound != 1 for bound in bounds):
        raise not_supported("an array with a lower bound other than 1")
    return _fill(item, lengths)


def _fill(item: object, lengths: tuple[int | None, ...] | None) -> Array:
    if lengths is None:
        raise SqlError("22004", "dimension array or low bound array cannot be null")
    if lengths and isinstance(lengths[0], tuple):
        raise SqlError("2202E", "wrong number of array subscripts", detail="Dimension array must be one dimensional.")
    if len(lengths) > DIMENSIONS_MAX:
        raise SqlError(
            "54000",
            f"number of array dimensions ({len(lengths)}) exceeds the maximum allowed ({DIMENSIONS_MAX})",
        )
    total = 1
    known: list[int] = []
    for length in lengths:
        if length is None:
            raise SqlError("22004", "dimension values cannot be null")
        known.append(length)
        total *= length
        if length < 0 or total > ITEMS_MAX:
            raise SqlError("54000", f"array size exceeds the maximum allowed ({ITEMS_MAX})")
    if not known or not total:
        return ()
    value: object = item
    filled: Array = ()
    for length in reversed(known):
        filled = (value,) * length
        value = filled
    return filled


# ---------------------------------------------------------------- searching and changing


@function("array_remove(anycompatiblearray, anycompatible) -> anycompatiblearray", oid=3167, strict=False, factory=True)
def array_remove(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def remove(value: Array | None, wanted: object) -> Array | None:
        if not value:
            return value
        if shape.is_slice(value[0]):
            raise SqlError("0A000", "removing elements from multidimensional arrays is not supported")
        matches = _equal_to(shape, wanted)
        return tuple([item for item in value if not matches(item)])

    return remove


@function(
    "array_replace(anycompatiblearray, anycompatible, anycompatible) -> anycompatiblearray",
    oid=3168, strict=False, factory=True,
)  # fmt: skip
def array_replace(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def replace(value: Array | None, wanted: object, new: object) -> Array | None:
        if not value:
            return value
        matches = _equal_to(shape, wanted)

        def level(items: Array) -> Array:
            return tuple([level(item) if shape.is_slice(item) else new if matches(item) else item for item in items])

        return level(value)

    return replace


def _check_searchable(shape: Shape, value: Array) -> None:
    if value and shape.is_slice(value[0]):
        raise SqlError("0A000", "searching for elements in multidimensional arrays is not supported")


@function("array_position(anycompatiblearray, anycompatible) -> int4", oid=3277, strict=False, factory=True)
def array_position(site: CallSite) -> Implementation:
    position = array_position_from(site)
    return lambda value, wanted: position(value, wanted, 1)


@function("array_position(anycompatiblearray, anycompatible, int4) -> int4", oid=3278, strict=False, factory=True)
def array_position_from(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def position(value: Array | None, wanted: object, start: int | None) -> int | None:
        if value is None:
            return None
        _check_searchable(shape, value)
        if start is None:
            raise SqlError("22004", "initial position must not be null")
        matches = _equal_to(shape, wanted)
        for index in range(max(start - shape.lower, 0), len(value)):
            if matches(value[index]):
                return index + shape.lower
        return None

    return position


@function("array_positions(anycompatiblearray, anycompatible) -> _int4", oid=3279, strict=False, factory=True)
def array_positions(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])

    def positions(value: Array | None, wanted: object) -> tuple[int, ...] | None:
        if value is None:
            return None
        _check_searchable(shape, value)
        matches = _equal_to(shape, wanted)
        return tuple([index + shape.lower for index, item in enumerate(value) if matches(item)])

    return positions


@function("array_larger(anyarray, anyarray) -> anyarray", oid=515, factory=True)
def array_larger(site: CallSite) -> Implementation:
    key = compare_key(site.args[0])
    assert key is not None, "an array has a key"
    return lambda left, right: left if key(left) >= key(right) else right  # type: ignore[operator]


@function("array_smaller(anyarray, anyarray) -> anyarray", oid=516, factory=True)
def array_smaller(site: CallSite) -> Implementation:
    key = compare_key(site.args[0])
    assert key is not None, "an array has a key"
    return lambda left, right: left if key(left) <= key(right) else right  # type: ignore[operator]


# ---------------------------------------------------------------- taking apart


@function("unnest(anyarray) -> setof anyelement", oid=2331, factory=True)
def unnest(site: CallSite) -> Implementation:
    return Shape(site.args[0]).flat


@function("trim_array(anyarray, int4) -> anyarray", oid=6172)
def trim_array(value: Array, count: int) -> Array:
    if not 0 <= count <= len(value):
        raise SqlError("2202E", f"number of elements to trim must be between 0 and {len(value)}")
    return value[: len(value) - count]


@function("width_bucket(anycompatible, anycompatiblearray) -> int4", oid=3218, factory=True)
def width_bucket(site: CallSite) -> Implementation:
    shape = Shape(site.args[1])
    key = compare_key(site.args[0])

    def bucket(operand: object, thresholds: Array) -> int:
        if thresholds and shape.is_slice(thresholds[0]):
            raise SqlError("2202E", "thresholds must be one-dimensional array")
        if None in thresholds:
            raise SqlError("22004", "thresholds array must not contain NULLs")
        wanted = operand if key is None else key(operand)
        low, high = 0, len(thresholds)
        while low < high:
            middle = (low + high) // 2
            item = thresholds[middle] if key is None else key(thresholds[middle])
            if wanted < item:  # type: ignore[operator]  # keys of one type compare
                high = middle
            else:
                low = middle + 1
        return low

    return bucket
