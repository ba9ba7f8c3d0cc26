"""A heap: the pages of one table, changed in place, with undo entries for those who must not see a change yet.

    rid = heap.insert(txn, (1, "a"))
    heap.blocker(txn, rid, NO_KEY_UPDATE)      None: go on; a transaction: wait for its end, then look again
    heap.update(txn, rid, (1, "b"))

Nothing here waits or decides conflicts: the caller asks `blocker` before it changes or locks a row, and in repeatable
read compares `latest(rid)`'s writer with its snapshot. A row is locked by its newest undo entry while that entry's
transaction is active; weaker locks (SELECT FOR …, foreign keys) are in `locks`.

Pages never move and a rid is reused only when no version of its old row is left. The heap keeps its indexes up to date:
each change enters the keys of new versions; keys of versions that go are removed when rollback or pruning drops them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, final

from rustydb_engine.storage.packing import Packing, packing_of
from rustydb_engine.storage.pages import PAGE_BITS, PAGE_ROWS, SLOT_MASK, BulkUndo, Page, Row, Undo
from rustydb_engine.txn.transaction import ACTIVE, Transaction

if TYPE_CHECKING:
    from rustydb_engine.storage.index import Index
    from rustydb_engine.storage.statistics import TableStatistics
    from rustydb_engine.txn.snapshot import Snapshot

# Row lock strengths, weakest first (PostgreSQL 15, table 13.3).
KEY_SHARE: Final = 0
SHARE: Final = 1
NO_KEY_UPDATE: Final = 2
UPDATE: Final = 3

CONFLICTS: Final = ((3,), (2, 3), (1, 2, 3), (0, 1, 2, 3))
"""CONFLICTS[a] holds the strengths that conflict with a."""

BATCH_MIN: Final = 8
"""Fewer rows are quicker inserted one by one."""


def _always(old: Row, new: Row) -> bool:
    return True


def _never(old: Row, new: Row) -> bool:
    return False


@final
class Heap:
    """The rows of one table. `live_rows` counts the newest versions, committed or not: the planner's estimate."""

    __slots__ = (
        "_same_keys", "empty", "filling", "free", "indexes", "live_rows", "locks", "packing", "pages", "statistics",
        "storage", "temporary", "types",
    )  # fmt: skip

    def __init__(self, storage: int, types: tuple[int, ...] = (), temporary: bool = False) -> None:
        self.storage = storage
        self.types = types  # OIDs of the columns' types
        self.temporary = temporary  # neither logged nor in checkpoints
        self.packing: Packing | None = packing_of(types)  # how rows are stored in the log; None: as they are
        self.pages: list[Page] = [Page()]
        self.filling = 0  # the page that takes the next row when no slot is free
        self.empty: list[int] = []  # other pages without any row
        self.indexes: tuple[Index, ...] = ()
        self.free: list[int] = []
        self.locks: dict[int, list[tuple[Transaction, int]]] = {}
        self.live_rows = 0
        self.statistics: TableStatistics | None = None
        self._same_keys: Callable[[Row, Row], bool] = _always

    # -- reading

    def fetch(self, rid: int, snapshot: Snapshot) -> Row | None:
        """Return what the snapshot sees at `rid`, or None."""
        page = self.pages[rid >> PAGE_BITS]
        row = page.rows[rid & SLOT_MASK]
        undo = page.undo
        if undo is not None:
            entry = undo.get(rid & SLOT_MASK)
            sees = snapshot.sees
            while entry is not None and not sees(entry.txn, entry.cid):
                row = entry.row
                entry = entry.next
        return row

    def latest(self, rid: int) -> tuple[Row | None, Transaction | None]:
        """Return the newest version at `rid` and who wrote it (None: nobody that still matters)."""
        page = self.pages[rid >> PAGE_BITS]
        undo = page.undo
        if undo is not None:
            entry = undo.get(rid & SLOT_MASK)
            if entry is not None:
                return page.rows[rid & SLOT_MASK], entry.txn
        return page.rows[rid & SLOT_MASK], None

    def rows(self, page: Page, snapshot: Snapshot) -> list[Row]:
        """Return the rows of a page that the snapshot sees: a list of the caller's own."""
        return page.visible_rows(snapshot)

    def items(self, number: int, snapshot: Snapshot) -> list[tuple[int, Row]]:
        """Return (rid, row) of what the snapshot sees in page `number`."""
        return self.pages[number].visible_items(number << PAGE_BITS, snapshot)

    def scan(self, snapshot: Snapshot) -> Iterator[list[tuple[int, Row]]]:
        """Yield the visible (rid, row) pairs page by page; pages that are added meanwhile are not read."""
        for number in range(len(self.pages)):
            yield self.pages[number].visible_items(number << PAGE_BITS, snapshot)

    # -- changing

    def insert(self, txn: Transaction, row: Row) -> int:
        """Put a row into a free slot, enter it in the indexes, and return its rid."""
        if self.free:
            rid = self.free.pop()
            page = self.pages[rid >> PAGE_BITS]
            page.rows[rid & SLOT_MASK] = row
            page.holes -= 1
        else:
            page = self.pages[self.filling]
            if len(page.rows) == PAGE_ROWS:
                page = self._next_page()
            rid = self.filling << PAGE_BITS | len(page.rows)
            page.rows.append(row)
        entry = txn.inserted
        if entry is None or entry.cid != txn.cid:
            entry = txn.inserted = Undo(txn, txn.cid, None, None)
        undo = page.undo
        if undo is None:
            page.undo = {rid & SLOT_MASK: entry}
        else:
            if undo.__class__ is BulkUndo:
                undo = page.expand()
            undo[rid & SLOT_MASK] = entry
        txn.writes.append((self, rid, 1, page, entry))
        self.live_rows += 1
        for index in self.indexes:
            key = index.key_of(row)
            if not index.simple or index.entries.setdefault(key, rid) != rid:
                index.add(key, rid)
        return rid

    def update(self, txn: Transaction, rid: int, row: Row) -> None:
        """Replace the newest version at `rid`, which must be live and must not be another's undecided one."""
        page = self.pages[rid >> PAGE_BITS]
        slot = rid & SLOT_MASK
        old = page.rows[slot]
        assert old is not None, "only a live row is updated"
        undo = page.undo
        if undo is None:
            entry = Undo(txn, txn.cid, old, None)
            page.undo = {slot: entry}
        else:
            if undo.__class__ is BulkUndo:
                undo = page.expand()
            prior = undo.get(slot)
            if prior is not None and prior.txn is not txn:
                assert prior.txn.state != ACTIVE, "the row is locked by another transaction"
                txn.depend(prior.txn.csn)
            entry = Undo(txn, txn.cid, old, prior)
            undo[slot] = entry
        page.rows[slot] = row
        txn.writes.append((self, rid, 1, page, entry))
        if not self._same_keys(old, row):
            self._enter_keys(txn, page, rid, old, row)

    def delete(self, txn: Transaction, rid: int) -> None:
        """Remove the newest version at `rid`, which must be live and must not be another's undecided one."""
        page = self.pages[rid >> PAGE_BITS]
        slot = rid & SLOT_MASK
        old = page.rows[slot]
        assert old is not None, "only a live row is deleted"
        undo = page.expand()
        prior = undo.get(slot)
        if prior is not None and prior.txn is not txn:
            assert prior.txn.state != ACTIVE, "the row is locked by another transaction"
            txn.depend(prior.txn.csn)
        entry = Undo(txn, txn.cid, old, prior)
        undo[slot] = entry
        page.rows[slot] = None
        page.holes += 1
        self.live_rows -= 1
        txn.writes.append((self, rid, 1, page, entry))

    def insert_many(self, txn: Transaction, rows: Iterable[Row]) -> int:
        """Put rows into the free slots, then append the others, one undo entry a page; return how many there were.

        The caller has checked the rows.
        """
        source = iter(rows)
        count = 0
        if self.free:
            for row in islice(source, len(self.free)):
                self.insert(txn, row)
                count += 1
        while batch := list(islice(source, (PAGE_ROWS - len(self.pages[self.filling].rows)) or PAGE_ROWS)):
            page = self.pages[self.filling]
            if len(page.rows) == PAGE_ROWS:
                page = self._next_page()
            self._append(txn, page, batch)
            count += len(batch)
        return count

    def insert_new(self, txn: Transaction, rows: list[Row]) -> bool:
        """Insert rows whose keys no unique index has met; False: nothing was done, as that is not so, or not known."""
        if len(rows) < BATCH_MIN:
            return False
        for index in self.indexes:
            if index.unique and not index.all_new(rows):
                return False
        self.insert_many(txn, rows)
        return True

    def carry(self, txn: Transaction, row: Row | None, before: Undo | None) -> int:
        """Append what another heap had in a slot, with the versions that older snapshots see: `before` and those below it.

        A row that is None was deleted and goes when `txn` is forgotten, as the versions do.
        """
        page = self.pages[self.filling]
        if len(page.rows) == PAGE_ROWS:
            page = self._next_page()
        slot = len(page.rows)
        rid = self.filling << PAGE_BITS | slot
        page.rows.append(row)
        if row is None:
            page.holes += 1
        else:
            self.live_rows += 1
        entry = Undo(txn, txn.cid, row, before)
        page.expand()[slot] = entry
        txn.writes.append((self, rid, 1, page, entry))
        return rid

    def _append(self, txn: Transaction, page: Page, batch: list[Row]) -> None:
        first = len(page.rows)
        base = self.filling << PAGE_BITS | first
        undo = page.undo
        if first == 0:
            entry = Undo(txn, txn.cid, None, None)
            page.undo = BulkUndo(entry)
        elif undo.__class__ is BulkUndo and undo.entry.txn is txn and undo.entry.cid == txn.cid:
            entry = undo.entry
        else:
            entry = Undo(txn, txn.cid, None, None)
            page.expand().update(dict.fromkeys(range(first, first + len(batch)), entry))
        page.rows.extend(batch)
        txn.writes.append((self, base, len(batch), page, entry))
        txn.run_rows += len(batch)
        self.live_rows += len(batch)
        for index in self.indexes:
            index.add_run(base, batch)

    def _next_page(self) -> Page:
        """Go on to the next page to fill: one that a rolled back COPY left empty, or a new one."""
        if self.empty:
            self.filling = self.empty.pop()
        else:
            self.filling = len(self.pages)
            self.pages.append(Page())
        return self.pages[self.filling]

    # -- row locks

    def blocker(self, txn: Transaction, rid: int, strength: int) -> Transaction | None:
        """Return the transaction to wait for before `txn` changes or locks the row, or None.

        `strength` is UPDATE to delete or to change a key, NO_KEY_UPDATE for other updates, else the lock wanted.
        """
        page = self.pages[rid >> PAGE_BITS]
        undo = page.undo
        if undo is not None:
            entry = undo.get(rid & SLOT_MASK)
            if entry is not None and entry.txn is not txn and entry.txn.state == ACTIVE:
                if strength != KEY_SHARE or self._changes_key(page, rid & SLOT_MASK, entry):
                    return entry.txn
        if self.locks:
            conflicts = CONFLICTS[strength]
            for holder, held in self.locks.get(rid, ()):
                if holder is not txn and held in conflicts:
                    return holder
        return None

    def lock(self, txn: Transaction, rid: int, strength: int) -> None:
        """Lock a row until `txn` ends; the caller has asked `blocker`."""
        entry = self.pages[rid >> PAGE_BITS].undo
        newest = entry.get(rid & SLOT_MASK) if entry is not None else None
        if newest is not None and newest.txn is not txn and newest.txn.state != ACTIVE:
            txn.depend(newest.txn.csn)
        holders = self.locks.setdefault(rid, [])
        if any(holder is txn and held >= strength for holder, held in holders):
            return
        holders.append((txn, strength))
        if txn.row_locks is None:
            txn.row_locks = []
        txn.row_locks.append((self, rid))

    def unlock(self, txn: Transaction, rid: int) -> None:
        """Give up the latest lock that `txn` took on a row (its end and ROLLBACK TO call this)."""
        holders = self.locks[rid]
        for place in range(len(holders) - 1, -1, -1):
            if holders[place][0] is txn:
                del holders[place]
                break
        if not holders:
            del self.locks[rid]

    def strength_of_update(self, old: Row, new: Row) -> int:
        """Return UPDATE if a key that foreign keys may refer to changes, else NO_KEY_UPDATE."""
        return NO_KEY_UPDATE if self._same_keys(old, new) or not self._key_differs(old, new) else UPDATE

    def _key_differs(self, old: Row, new: Row) -> bool:
        return any(
            index.key_of(old) != index.key_of(new) for index in self.indexes if index.unique and not index.partial
        )

    def _changes_key(self, page: Page, slot: int, entry: Undo) -> bool:
        """Whether the undecided changes of a row deleted it or changed a key; an inserted row counts as changed."""
        row = page.rows[slot]
        writer = entry.txn
        step: Undo | None = entry
        while step is not None and step.txn is writer:
            if row is None or step.row is None or self._key_differs(step.row, row):
                return True
            step = step.next
        return False

    # -- indexes

    def attach(self, index: Index) -> None:
        """Keep `index` up to date from now on; it has been built."""
        index.heap = self
        self.indexes = (*self.indexes, index)
        self._compile()

    def detach(self, index: Index) -> None:
        """Forget an index; one that is not attached is no error."""
        self.indexes = tuple(other for other in self.indexes if other is not index)
        self._compile()

    def index(self, oid: int) -> Index | None:
        """Return the attached index with this OID, or None."""
        for index in self.indexes:
            if index.oid == oid:
                return index
        return None

    def _compile(self) -> None:
        """Make the test that tells at the cost of a few identity checks that an update touches no index."""
        places: set[int] = set()
        for index in self.indexes:
            if index.positions is None:
                self._same_keys = _never
                return
            places.update(index.positions)
        if not places:
            self._same_keys = _always
            return
        test = " and ".join(f"old[{place}] is new[{place}]" for place in sorted(places))
        self._same_keys = eval(f"lambda old, new: {test}")

    def _enter_keys(self, txn: Transaction, page: Page, rid: int, old: Row, row: Row) -> None:
        for index in self.indexes:
            before = index.key_of(old)
            after = index.key_of(row)
            if before != after:
                index.add(after, rid)
                if txn.dead_keys is None:
                    txn.dead_keys = []
                txn.dead_keys += ((index, before, page, rid), (index, after, page, rid))
