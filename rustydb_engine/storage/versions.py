"""The end of versions: a transaction's changes are reverted (rollback) or its undo entries forgotten (pruning).

Both walk the transaction's list of writes. Reverting goes backwards and restores each row from its entry. Forgetting
happens once the writer is durable and no held snapshot is older: then nobody can need what was there before, so the
entry and everything below it goes, index entries of dropped versions go, and slots of deleted rows become free.

Only what was written is looked at: the cost is proportional to the changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rustydb_engine.storage.pages import SLOT_MASK, BulkUndo, Page, Row, Undo

if TYPE_CHECKING:
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.storage.index import Index
    from rustydb_engine.txn.transaction import Transaction

Write = "tuple[Heap, int, int, Page, Undo]"


def forget(transactions: Sequence[Transaction]) -> None:
    """Drop the undo entries of durable transactions, in commit order, that every snapshot sees."""
    # The newest first: its entry is on top, and dropping it drops the older ones below in the same stroke.
    for txn in reversed(transactions):
        for heap, rid, count, page, entry in txn.writes:
            undo = page.undo
            if count == 1 and undo.__class__ is dict:
                slot = rid & SLOT_MASK
                if undo.get(slot) is entry and page.rows[slot] is not None:  # the common case, without a call
                    del undo[slot]
                    if not undo and not page.holes:
                        page.undo = None
                else:
                    _forget_entry(heap, page, rid, entry)
            elif undo is not None:
                _forget_run(heap, page, rid, count, entry)
        txn.writes.clear()
    # Keys are settled when every chain is short, so that none is kept for a version that just went.
    for txn in transactions:
        if txn.dead_keys is not None:
            settle_keys(txn.dead_keys)
            txn.dead_keys = None


def settle_keys(dead_keys: Iterable[tuple[Index, object, Page, int]]) -> None:
    """Remove index entries whose versions are gone."""
    for index, key, page, rid in dead_keys:
        index.settle(key, page, rid)


def _forget_entry(heap: Heap, page: Page, rid: int, entry: Undo) -> None:
    undo = page.undo
    assert undo is not None, "the caller looked"
    slot = rid & SLOT_MASK
    top = undo.get(slot)
    if top is entry:
        del undo[slot]
        if page.rows[slot] is None:
            _free(heap, rid, entry.row)
        elif not undo and not page.holes:
            page.undo = None
    else:
        while top is not None:
            if top.next is entry:
                top.next = None
                return
            top = top.next


def _forget_run(heap: Heap, page: Page, rid: int, count: int, entry: Undo) -> None:
    undo = page.undo
    if undo.__class__ is BulkUndo:
        if undo.entry is entry:
            page.undo = None
        return
    for one in range(rid, rid + count):
        if page.undo is None:
            return
        _forget_entry(heap, page, one, entry)


def _free(heap: Heap, rid: int, row: Row | None) -> None:
    """Give back the slot of a deleted row; `row` is its last version."""
    if row is not None:
        for index in heap.indexes:
            index.remove(index.key_of(row), rid)
    heap.free.append(rid)


def revert(txn: Transaction, mark: int = 0) -> None:
    """Undo the writes of an active transaction after `mark`, newest first."""
    writes = txn.writes
    for place in range(len(writes) - 1, mark - 1, -1):
        heap, rid, count, page, entry = writes[place]
        if count > 1 or page.undo.__class__ is BulkUndo:
            _revert_run(heap, page, rid, count)
        else:
            _revert_entry(heap, page, rid, entry)
    del writes[mark:]


def _revert_entry(heap: Heap, page: Page, rid: int, entry: Undo) -> None:
    slot = rid & SLOT_MASK
    undo = page.undo
    assert undo is not None and undo[slot] is entry, "a row's newest change belongs to the transaction that locks it"
    current = page.rows[slot]
    before = entry.row
    page.rows[slot] = before
    if entry.next is None:
        del undo[slot]
    else:
        undo[slot] = entry.next
    if before is None:
        page.holes += 1
        heap.live_rows -= 1
        _free(heap, rid, current)
    else:
        if current is None:
            page.holes -= 1
            heap.live_rows += 1
        if not undo and not page.holes:
            page.undo = None


def _revert_run(heap: Heap, page: Page, rid: int, count: int) -> None:
    """Remove rows that insert_many appended."""
    first = rid & SLOT_MASK
    for place, row in enumerate(page.rows[first : first + count], rid):
        if row is not None:
            for index in heap.indexes:
                index.remove(index.key_of(row), place)
    heap.live_rows -= count
    if page.undo.__class__ is not BulkUndo:
        for slot in range(first, first + count):
            page.rows[slot] = None
            del page.undo[slot]  # type: ignore[union-attr]  # each slot has its entry
            heap.free.append(rid - first + slot)
        page.holes += count
        return
    assert len(page.rows) == first + count, "what came later was reverted already"
    del page.rows[first:]
    if not page.rows:
        page.undo = None
        if rid >> 8 != heap.filling:
            heap.empty.append(rid >> 8)
