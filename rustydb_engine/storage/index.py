"""An index: a dict from key to row addresses, and an order over the keys once somebody asked for it.

A key is the value of the indexed column in its comparable form, or a tuple of them; NULL is None. An entry is one rid,
a tuple of a few, or a dict (an ordered set) of many. The ordered half is built by the first range or ordered scan and
kept from then on, so a table that is only read by key never pays for it.

An index has an entry for every version that some transaction may still need, so its answers are *candidates*: where the
page has undo, fetch the row with the snapshot and compare the key again. Entries go when their last version does.

    insert (5, 'a') at rid 7        entries {5: 7}
    update it to    (6, 'a')        entries {5: 7, 6: 7}      until no snapshot needs the old version

Ranges are read in chunks of keys, so a scan may be suspended while others change the index: what they add or
remove belongs to versions that the scan's snapshot does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, cast, final

from sortedcontainers import SortedKeyList, SortedList

from rustydb_engine.storage.keys import AFTER, SortKey, sort_key_of
from rustydb_engine.storage.pages import PAGE_BITS, SLOT_MASK, Row, Undo
from rustydb_engine.txn.transaction import ACTIVE

if TYPE_CHECKING:
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.storage.pages import Page
    from rustydb_engine.txn.transaction import Transaction

Rids = int | tuple[int, ...] | dict[int, None]
Bound = object

TUPLE_MAX: Final = 8
"""From this many on, the rids of one key are kept in a dict."""
CHUNK_FIRST: Final = 16
CHUNK_MAX: Final = 1024


@final
class _Skip:
    """The key of a row that a partial index leaves out; there is one, `SKIP`."""

    __slots__ = ()


SKIP: Final = _Skip()


@final
class Index:
    """One index of one heap. `heap.attach`/`database.attach_index` put it to work.

    `key_of(row)` gives the key. `columns` holds (descending, nulls first) for each key column. `predicate` makes it
    partial. `positions` are the places in the row that key and predicate depend on (None: not known, which costs a
    key computation for every update).
    """

    __slots__ = (
        "_sort_key", "columns", "entries", "get", "heap", "key_of", "nulls_distinct", "oid", "ordered", "partial",
        "plain_key", "positions", "simple", "single", "unique",
    )  # fmt: skip

    def __init__(
        self,
        oid: int,
        key_of: Callable[[Row], object],
        *,
        columns: tuple[tuple[bool, bool], ...] = ((False, False),),
        unique: bool = False,
        nulls_distinct: bool = True,
        predicate: Callable[[Row], object] | None = None,
        positions: tuple[int, ...] | None = None,
    ) -> None:
        self.oid = oid
        self.plain_key = key_of
        self.columns = columns
        self.single = len(columns) == 1
        self.unique = unique
        self.nulls_distinct = nulls_distinct
        self.positions = positions
        self.partial = predicate is not None
        self.key_of = key_of if predicate is None else _partial_key(key_of, predicate)
        self.heap: Heap | None = None
        self.entries: dict[object, Rids] = {}
        self.get = self.entries.get
        self.ordered: SortedList | SortedKeyList | None = None
        self.simple = not self.partial  # whether a new key is entered by a mere `entries[key] = rid`
        self._sort_key = sort_key_of(columns)

    # -- reading

    def candidates(self, key: object) -> Collection[int]:
        """Return the rids that may hold this key, as a collection that later changes do not touch."""
        found = self.get(key)
        if found is None:
            return ()
        if found.__class__ is int:
            return (found,)
        return tuple(found)  # type: ignore[arg-type]  # an int was handled

    def range(
        self,
        low: Bound = None,
        high: Bound = None,
        low_open: bool = False,
        high_open: bool = False,
        reverse: bool = False,
        nulls: bool = False,
    ) -> Iterator[int]:
        """Yield candidates in index order (or its reverse) whose keys lie between two bounds; None: no bound.

        A bound of an index with one column is a key; of one with more it is a tuple of the leading columns, and both
        bounds agree but in their last column. Bounds go by value: `low` is the smaller one for a descending column too.
        With one column, NULLs come only with `nulls`; with more, the caller drops rows that the bounds do not mean.
        """
        if self.ordered is None:
            self._build_order()
        if self.single:
            return self._single_range(low, high, low_open, high_open, reverse, nulls)
        return self._prefix_range(
            cast("SortKey | None", low), cast("SortKey | None", high), low_open, high_open, reverse
        )

    def range_entries(
        self,
        low: Bound = None,
        high: Bound = None,
        low_open: bool = False,
        high_open: bool = False,
        reverse: bool = False,
        nulls: bool = False,
    ) -> Iterator[tuple[object, int]]:
        """Yield (key, candidate) as `range` does, so that the reader can tell a candidate whose key is another now."""
        if self.ordered is None:
            self._build_order()
        if self.single:
            keys = self._single_keys(low, high, low_open, high_open, reverse, nulls)
        else:
            keys = self._prefix_keys(
                cast("SortKey | None", low), cast("SortKey | None", high), low_open, high_open, reverse
            )
        for key in keys:
            found = self.get(key)
            if found.__class__ is int:
                yield key, found
            elif found is not None:
                for rid in tuple(cast("tuple[int, ...]", found)):
                    yield key, rid

    def _single_range(
        self, low: Bound, high: Bound, low_open: bool, high_open: bool, reverse: bool, nulls: bool
    ) -> Iterator[int]:
        for key in self._single_keys(low, high, low_open, high_open, reverse, nulls):
            yield from self.candidates(key)

    def _single_keys(
        self, low: Bound, high: Bound, low_open: bool, high_open: bool, reverse: bool, nulls: bool
    ) -> Iterator[object]:
        descending, nulls_first = self.columns[0]
        if nulls and nulls_first != reverse:
            yield None
        yield from self._walk(low, high, not low_open, not high_open, reverse != descending)
        if nulls and nulls_first == reverse:
            yield None

    def _prefix_range(
        self, low: SortKey | None, high: SortKey | None, low_open: bool, high_open: bool, reverse: bool
    ) -> Iterator[int]:
        for key in self._prefix_keys(low, high, low_open, high_open, reverse):
            yield from self.candidates(key)

    def _prefix_keys(
        self, low: SortKey | None, high: SortKey | None, low_open: bool, high_open: bool, reverse: bool
    ) -> Iterator[object]:
        last = max(len(low or ()), len(high or ())) - 1
        if last >= 0 and self.columns[last][0]:
            low, low_open, high, high_open = high, high_open, low, low_open
        minimum = self._sort_key(low) if low else None
        if low and low_open and minimum is not None:
            minimum += (AFTER,)
        maximum = self._sort_key(high) if high else None
        if high and not high_open and maximum is not None:
            maximum += (AFTER,)
        yield from self._walk(minimum, maximum, True, False, reverse)

    def _walk(self, low: Bound, high: Bound, low_closed: bool, high_closed: bool, reverse: bool) -> Iterator[object]:
        """Yield keys between two bounds (sort keys, when there are several columns), a chunk at a time."""
        ordered = self.ordered
        assert ordered is not None, "the order was built by the caller"
        between = ordered.irange if self.single else ordered.irange_key
        size = CHUNK_FIRST
        while True:
            chunk = list(islice(between(low, high, (low_closed, high_closed), reverse), size))
            yield from chunk
            if len(chunk) < size:
                return
            last = chunk[-1] if self.single else self._sort_key(chunk[-1])
            if reverse:
                high, high_closed = last, False
            else:
                low, low_closed = last, False
            size = min(size * 2, CHUNK_MAX)

    # -- uniqueness

    def conflict(self, txn: Transaction, key: object, own_rid: int = -1) -> tuple[int, Transaction | None] | None:
        """Return the row in the way of `key` and, if that is undecided, the transaction to wait for; None: no conflict.

        `own_rid` is a row that does not count (the one being updated). A wait is over when that transaction has
        ended; then ask again. What is found is noted as a dependency of `txn` if it is not durable yet.
        """
        found = self.get(key)
        if found is None or key is SKIP or (self.nulls_distinct and self._has_null(key)):
            return None
        for rid in self.candidates(key):
            if rid != own_rid:
                verdict = self._conflict_at(txn, key, rid)
                if verdict is not None:
                    return verdict
        return None

    def _conflict_at(self, txn: Transaction, key: object, rid: int) -> tuple[int, Transaction | None] | None:
        assert self.heap is not None, "an index in use belongs to a heap"
        page = self.heap.pages[rid >> PAGE_BITS]
        row = page.rows[rid & SLOT_MASK]
        entry = page.undo.get(rid & SLOT_MASK) if page.undo is not None else None
        matches = row is not None and self.key_of(row) == key
        if entry is None or entry.txn is txn:
            return (rid, None) if matches else None
        writer = entry.txn
        if writer.state != ACTIVE:
            if entry.row is not None or matches:
                txn.depend(writer.csn)
            return (rid, None) if matches else None
        # The newest version is undecided: it conflicts, or will again if its writer rolls back.
        step: Undo | None = entry
        while not matches and step is not None and step.txn is writer:
            matches = step.row is not None and self.key_of(step.row) == key
            step = step.next
        return (rid, writer) if matches else None

    def _has_null(self, key: object) -> bool:
        return key is None or (not self.single and None in cast("tuple[object, ...]", key))

    def all_new(self, rows: list[Row]) -> bool:
        """Whether the keys of these rows all differ, and no version of any row has one of them; False if not known."""
        if self.partial:
            return False
        keys = set(map(self.plain_key, rows))
        return len(keys) == len(rows) and self.entries.keys().isdisjoint(keys)

    # -- changing (the heap calls these)

    def add(self, key: object, rid: int) -> None:
        """Enter a rid under a key; twice is once."""
        if key is SKIP:
            return
        entries = self.entries
        found = entries.get(key)
        if found is None:
            entries[key] = rid
            if self.ordered is not None and not (key is None and self.single):
                self.ordered.add(key)
        elif found.__class__ is int:
            if found != rid:
                entries[key] = (found, rid)
        elif found.__class__ is tuple:
            few = found
            if rid not in few:
                entries[key] = (*few, rid) if len(few) < TUPLE_MAX else dict.fromkeys((*few, rid))
        else:
            cast("dict[int, None]", found)[rid] = None

    def add_run(self, base: int, rows: list[Row]) -> None:
        """Enter rows with consecutive rids from `base`."""
        if not self._add_page(base, rows):
            for rid, row in enumerate(rows, base):
                self.add(self.key_of(row), rid)

    def remove(self, key: object, rid: int) -> None:
        """Remove a rid from a key; one that is not there is no error."""
        entries = self.entries
        found = entries.get(key)
        if found is None:
            return
        if found.__class__ is dict:
            many = found
            many.pop(rid, None)
            if len(many) == 1:
                entries[key] = next(iter(many))
        elif found.__class__ is tuple:
            rest = tuple(other for other in found if other != rid)
            entries[key] = rest[0] if len(rest) == 1 else rest
        elif found == rid:
            del entries[key]
            if self.ordered is not None and not (key is None and self.single):
                self.ordered.remove(key)

    def settle(self, key: object, page: Page, rid: int) -> None:
        """Remove `key` for a row unless one of the versions that are left has it."""
        slot = rid & SLOT_MASK
        row = page.rows[slot]
        entry = page.undo.get(slot) if page.undo is not None else None
        while row is None or self.key_of(row) != key:
            if entry is None:
                self.remove(key, rid)
                return
            row = entry.row
            entry = entry.next

    def note_versions(self, txn: Transaction) -> None:
        """Make `txn`, which built this index, settle the keys of rows that have older versions when it ends."""
        assert self.heap is not None, "the index was attached"
        if txn.dead_keys is None:
            txn.dead_keys = []
        for number, page in enumerate(self.heap.pages):
            if page.undo.__class__ is not dict:
                continue
            for slot, newest in page.undo.items():
                rid = number << PAGE_BITS | slot
                row = page.rows[slot]
                if row is not None:
                    txn.dead_keys.append((self, self.key_of(row), page, rid))
                entry: Undo | None = newest
                while entry is not None:
                    if entry.row is not None:
                        txn.dead_keys.append((self, self.key_of(entry.row), page, rid))
                    entry = entry.next

    def clear(self) -> None:
        """Forget every entry."""
        self.entries.clear()
        self._drop_order()

    # -- building

    def build(self, heap: Heap) -> object:
        """Fill the index from a heap; return the first key that breaks uniqueness, or SKIP when none does."""
        duplicate: object = SKIP
        for found in self.build_steps(heap):
            if duplicate is SKIP:
                duplicate = found
        return duplicate

    def build_steps(self, heap: Heap) -> Iterator[object]:
        """Fill the index page by page: yield after each a key that breaks uniqueness there, or SKIP.

        Nobody but the transaction that builds may write to the heap meanwhile.
        """
        self.heap = heap
        for number, page in enumerate(heap.pages):
            base = number << PAGE_BITS
            if page.undo is None and self._add_page(base, page.rows):
                yield SKIP
                continue
            yield self._add_versions(base, page)

    def _add_page(self, base: int, rows: Sequence[Row | None]) -> bool:
        """Enter a page whose keys are all new, in one go; False: nothing was done."""
        if self.partial:
            return False
        rows = cast("list[Row]", rows)
        entries = self.entries
        fresh = dict(zip(map(self.plain_key, rows), range(base, base + len(rows)), strict=True))
        if len(fresh) != len(rows) or not entries.keys().isdisjoint(fresh):
            return False
        entries.update(fresh)
        if self.ordered is not None:
            self.ordered.update(key for key in fresh if key is not None or not self.single)
        return True

    def _add_versions(self, base: int, page: Page) -> object:
        duplicate: object = SKIP
        key_of = self.key_of
        checks = self.unique
        for slot, row in enumerate(page.rows):
            rid = base + slot
            if row is not None:
                key = key_of(row)
                if checks and duplicate is SKIP and self._duplicate(key):
                    duplicate = key
                self.add(key, rid)
            entry = page.undo.get(slot) if page.undo is not None else None
            while entry is not None:
                if entry.row is not None:
                    self.add(key_of(entry.row), rid)
                entry = entry.next
        return duplicate

    def _duplicate(self, key: object) -> bool:
        if key is SKIP or (self.nulls_distinct and self._has_null(key)):
            return False
        assert self.heap is not None, "set when the build began"
        for rid in self.candidates(key):
            row = self.heap.pages[rid >> PAGE_BITS].rows[rid & SLOT_MASK]
            if row is not None and self.key_of(row) == key:
                return True
        return False

    def _drop_order(self) -> None:
        self.ordered = None
        self.simple = not self.partial

    def _build_order(self) -> None:
        self.simple = False
        if self.single:
            self.ordered = SortedList(key for key in self.entries if key is not None)
        else:
            self.ordered = SortedKeyList(self.entries, key=self._sort_key)


def _partial_key(key_of: Callable[[Row], object], predicate: Callable[[Row], object]) -> Callable[[Row], object]:
    def partial_key(row: Row) -> object:
        return key_of(row) if predicate(row) else SKIP

    return partial_key
