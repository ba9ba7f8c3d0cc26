"""Helpers that generated code calls: what is too long, or too rare, to be written out in place.

`HELPERS` maps names to functions; `Generator.use(name)` puts one into the globals of the generated module.

A tuple in an array is a further dimension, unless the array is `flat`: its elements are tuples themselves (timetz, record).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, final

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import WaitFor, WaitUntil
from rustydb_engine.sql.functions.advisory import lock_key
from rustydb_engine.storage.pages import PAGE_BITS, PAGE_ROWS, SLOT_MASK

if TYPE_CHECKING:
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.txn.snapshot import Snapshot

Array = tuple[object, ...]
HELPERS: dict[str, object] = {}


def helper(function: Any) -> Any:
    """Enter a function under its name."""
    HELPERS[function.__name__] = function
    return function


@final
class _Missing:
    """What is not there: an omitted bound of a slice, a subquery that was not evaluated yet."""

    __slots__ = ()


MISSING: Final = _Missing()
HELPERS["MISSING"] = MISSING


@final
class ArraySet(frozenset[object]):
    """The elements of an array as a set; `has_null` when NULL is one of them or the array is NULL."""

    has_null: bool


@helper
def array_set(array: Array | None, key: Callable[[object], object] | None, flat: bool = False) -> ArraySet:
    """Return the set of an array's elements, of all its dimensions."""
    items = list(_leaves(array or (), flat))
    made = ArraySet([item if key is None else key(item) for item in items if item is not None])
    made.has_null = array is None or None in items
    return made


def _leaves(array: Array, flat: bool) -> Iterable[object]:
    for item in array:
        if type(item) is tuple and not flat:
            yield from _leaves(item, flat)
        else:
            yield item


@helper
def any_of(
    scalar: object, array: Array | None, test: Callable[[object, object], object], flat: bool = False
) -> bool | None:
    """Return `scalar op ANY (array)`."""
    if array is None:
        return None
    if not array:
        return False
    if scalar is None:
        return None
    unknown = False
    for item in _leaves(array, flat):
        verdict = None if item is None else test(scalar, item)
        if verdict:
            return True
        unknown = unknown or verdict is None
    return None if unknown else False


@helper
def all_of(
    scalar: object, array: Array | None, test: Callable[[object, object], object], flat: bool = False
) -> bool | None:
    """Return `scalar op ALL (array)`."""
    if array is None:
        return None
    if not array:
        return True
    if scalar is None:
        return None
    unknown = False
    for item in _leaves(array, flat):
        verdict = None if item is None else test(scalar, item)
        if verdict is False:
            return False
        unknown = unknown or verdict is None
    return None if unknown else True


@helper
def row_is_null(row: Array | None) -> bool:
    """Return `row IS NULL`: it is NULL, or all its fields are."""
    return row is None or all(item is None for item in row)


@helper
def row_is_not_null(row: Array | None) -> bool:
    """Return `row IS NOT NULL`: no field is NULL."""
    return row is not None and all(item is not None for item in row)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@helper
def row_compare(kind: str, left: Array, right: Array, keys: Sequence[Callable[[object], object] | None]) -> bool | None:
    """Compare two rows lexicographically; None when a NULL decides."""
    for one, other, key in zip(left, right, keys, strict=True):
        if one is None or other is None:
            return None
        if key is not None:
            one, other = key(one), key(other)
        if one != other:
            return _COMPARE[kind](one, other)
    return kind in ("<=", ">=")


@helper
def greatest(key: Callable[[Any], Any] | None, values: Array) -> object:
    """Return the greatest value that is not NULL."""
    present: list[Any] = [item for item in values if item is not None]
    return max(present, key=key) if present else None


@helper
def least(key: Callable[[Any], Any] | None, values: Array) -> object:
    """Return the least value that is not NULL."""
    present: list[Any] = [item for item in values if item is not None]
    return min(present, key=key) if present else None


def _shape(array: object, flat: bool = False) -> tuple[int, ...]:
    shape: list[int] = []
    while type(array) is tuple and array:
        shape.append(len(array))
        if flat:
            break
        array = array[0]
    return tuple(shape)


@helper
def nested_array(items: Array) -> Array:
    """Return an array of arrays; 2202E when their sizes differ."""
    shapes = {() if item is None else _shape(item) for item in items}
    if len(shapes) > 1:
        raise SqlError("2202E", "multidimensional arrays must have array expressions with matching dimensions")
    return () if shapes == {()} else items


@helper
def array_element(array: Array | None, indexes: tuple[int | None, ...], lower: int, flat: bool = False) -> object:
    """Return an element, NULL outside the bounds."""
    item: object = array
    if flat and len(indexes) > 1:
        return None
    for index in indexes:
        if index is None or type(item) is not tuple or not lower <= index < len(item) + lower:
            return None
        item = item[index - lower]
    return item if flat or type(item) is not tuple else None


@helper
def array_slice(
    array: Array | None, bounds: tuple[tuple[Any, Any], ...], lower: int, flat: bool = False
) -> Array | None:
    """Return the slice with these bounds (MISSING: open), empty when it lies outside."""
    if array is None or any(item is None for pair in bounds for item in pair):
        return None
    if len(bounds) > len(_shape(array, flat)):
        return ()
    return _slice(array, bounds, lower)


def _slice(array: Array, bounds: tuple[tuple[Any, Any], ...], lower: int) -> Array:
    low, high = bounds[0]
    first = 0 if low is MISSING else max(low - lower, 0)
    last = len(array) if high is MISSING else max(high - lower + 1, 0)
    part = array[first:last]
    if len(bounds) > 1:
        inner = [_slice(item, bounds[1:], lower) for item in part if type(item) is tuple]
        return tuple(inner) if all(inner) else ()
    return part


@helper
def map_array(array: Array, change: Callable[[object], object], flat: bool = False) -> Array:
    """Return the array with every element changed (NULL too, the function decides)."""
    if flat:
        return tuple(map(change, array))
    return tuple([map_array(item, change) if type(item) is tuple else change(item) for item in array])


@helper
def run_through(steps: Generator[object, None, Any]) -> Any:
    """Run a generator of ticks to its end, where nobody takes ticks."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


@helper
def row_xid(heap: Any, rid: int, which: str) -> int:
    """Return xmin or xmax of a row as far as it is known: 2 (frozen) and 0 for a version that nobody is changing."""
    page = heap.pages[rid >> 8]
    entry = page.undo.get(rid & 255) if page.undo is not None else None
    if which == "xmax":
        return 0
    return entry.txn.xid if entry is not None else 2


@helper
def more_than_one_row() -> SqlError:
    """Return the error of a scalar subquery with several rows."""
    return SqlError("21000", "more than one row returned by a subquery used as an expression")


@helper
def find_visible(index: Any, key: object, snapshot: Any) -> tuple[int, Any]:
    """Return (rid, row) of the row with this key that the snapshot sees, (-1, None) when there is none."""
    pages = index.heap.pages
    for rid in index.candidates(key):
        row = pages[rid >> 8].visible(rid & 255, snapshot)
        if row is not None and index.key_of(row) == key:
            return rid, row
    return -1, None


@helper
def distinct_keys(array: Array | None, key: Callable[[object], object] | None, flat: bool = False) -> Iterable[object]:
    """Return the different keys in an array, in the order of their first occurrence; NULLs are left out."""
    if array is None:
        return ()
    items = _leaves(array, flat)
    return dict.fromkeys([item if key is None else key(item) for item in items if item is not None])


@helper
def zip_functions(parts: tuple[tuple[Iterable[Any], int, bool], ...], ordinality: bool) -> Iterable[Array]:
    """Yield rows of several functions side by side; `parts` are (rows, width, rows are tuples)."""
    sources = [(iter(rows), width, record) for rows, width, record in parts]
    number = 0
    while True:
        row: list[object] = []
        live = False
        for source, width, record in sources:
            item: Any = next(source, MISSING)
            if item is MISSING:
                row += [None] * width
                continue
            live = True
            if record:
                row += item if item is not None else [None] * width
            else:
                row.append(item)
        if not live:
            return
        number += 1
        yield (*row, number) if ordinality else tuple(row)


CHUNK: Final = 256


@helper
def chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield what a set-returning function gives in lists, so that the work of a slice is counted once for each."""
    source = iter(items)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


@helper
def system_table(oid: int, ctx: Any) -> Iterable[Array]:
    """Return the rows of a system table."""
    from rustydb_engine.catalog.virtual import system_rows

    return system_rows(oid, ctx)


@helper
def system_matches(oid: int, column: int, key: object, ctx: Any) -> Iterable[Array]:
    """Return the rows of a system table that have a value in a column."""
    from rustydb_engine.catalog.virtual import system_index

    return system_index(oid, column, ctx).get(key, ()) if key is not None else ()


@final
class Named(int):
    """An OID of a reg type (regclass, regtype, …) on its way out: its text is the object's name."""

    name: str

    def __str__(self) -> str:
        return self.name


@helper
def named(ctx: Any, kind: str, oid: int | None) -> int | None:
    """Return an OID that prints as the name of what it denotes."""
    from rustydb_engine.sql.functions.catalog_names import reg_text

    if oid is None:
        return None
    made = Named(oid)
    made.name = reg_text(ctx, kind, oid)
    return made


@helper
def named_array(ctx: Any, kind: str, oids: Array | None) -> Array | None:
    """Return an array of OIDs that print as names."""
    return None if oids is None else map_array(oids, lambda oid: named(ctx, kind, oid))


SLEEP_SECONDS_MAX = 1e9


@helper
def sleep_until(ctx: Any, amount: Any, kind: str) -> Generator[WaitUntil, None, str]:
    """Wait for pg_sleep (seconds), pg_sleep_for (an interval) or pg_sleep_until (a timestamptz)."""
    if kind == "pg_sleep":
        seconds = float(amount)
    elif kind == "pg_sleep_for":
        seconds = amount.span() / 1e6
    else:
        seconds = (amount - ctx.clock_time) / 1e6
    if seconds > 0:
        yield WaitUntil(ctx.monotonic() + int(min(seconds, SLEEP_SECONDS_MAX) * 1e9))
    return ""


@helper
def row_at(heap: Heap, tid: int | None, snapshot: Snapshot) -> tuple[int, Array | None]:
    """Return the address and the row that a ctid means, None when the snapshot sees none there."""
    if tid is None or not 0 < tid & 0xFFFF <= PAGE_ROWS or tid >> 16 >= len(heap.pages):
        return 0, None
    rid = tid >> 16 << PAGE_BITS | (tid & 0xFFFF) - 1
    if rid & SLOT_MASK >= len(heap.pages[rid >> PAGE_BITS].rows):
        return 0, None
    return rid, heap.fetch(rid, snapshot)


@helper
def advisory_lock(ctx: Any, shared: bool, transaction: bool, *keys: Any) -> Generator[WaitFor, None, str | None]:
    """Wait for an advisory lock of the session or the transaction; NULL for a NULL key."""
    if None in keys:
        return None
    key = lock_key(*keys)
    try:
        while blockers := ctx.advisory_acquire(key, shared, transaction):
            yield WaitFor(blockers)
    except BaseException:
        ctx.advisory_withdraw()
        raise
    return ""
