"""New heaps for old tables: what ADD COLUMN and ALTER TYPE do to rows, and the indexes over the result.

The caller holds ACCESS EXCLUSIVE. Rows are read as this transaction sees them last, changed, checked and put into a
new heap; the old heap goes at commit, the new one at rollback.

A snapshot that is older than the change sees no row of the new heap, as PostgreSQL documents it. For ADD COLUMN, which does not
rewrite there, `rewrite` is told how to change older versions too, and carries over those that a held snapshot may need.

Source: PostgreSQL 15, ATRewriteTable in src/backend/commands/tablecmds.c.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rustydb_engine.catalog.objects import Table
from rustydb_engine.exec.ddl.stored_indexes import Row, build, latest_rows
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.exec.waits import TICK
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.storage.pages import PAGE_BITS, SLOT_MASK, Page, Undo

if TYPE_CHECKING:
    from rustydb_engine.storage.heap import Heap

BATCH = 1024


def rewrite(
    work: Work, table: Table, change: Callable[[Row], Row], older: Callable[[Row], Row] | None = None
) -> Waits[Table]:
    """Give a table (as it will be) a new heap with every row changed, and build its indexes; return the table.

    `older` changes versions that only older snapshots see; without it these see an empty table.
    """
    old = work.database.heap(table.storage)
    heap = work.database.create_heap(
        work.txn, [column.type.oid for column in table.columns], table.persistence == "t"
    )  # fmt: skip
    if older is not None and work.txn.manager.holds_snapshots:
        carried = yield from _carry(work, old, heap, change, older)
    else:
        carried = []
        yield from _copy(work, old, heap, change)
    work.database.drop_heap(work.txn, table.storage)
    made = replace(table, storage=heap.storage)
    work.put(made)
    yield from attach_indexes(work, made)
    _note_keys(work, heap, carried)
    return made


def _copy(work: Work, old: Heap, heap: Heap, change: Callable[[Row], Row]) -> Waits[None]:
    batch: list[Row] = []
    for row in latest_rows(old):
        batch.append(change(row))
        if len(batch) >= BATCH:
            heap.insert_many(work.txn, batch)
            work.database.log_ahead(work.txn)
            batch = []
            yield TICK
    if batch:
        heap.insert_many(work.txn, batch)


def _carry(
    work: Work, old: Heap, heap: Heap, change: Callable[[Row], Row], older: Callable[[Row], Row]
) -> Waits[list[int]]:
    """Copy rows with their versions; return the addresses of those that have any."""
    carried: list[int] = []
    for page in old.pages:
        for slot, row in enumerate(page.rows):
            entry = page.undo.get(slot) if page.undo is not None else None
            if row is None and entry is None:
                continue
            rid = heap.carry(work.txn, None if row is None else change(row), _changed(entry, older))
            if entry is not None:
                carried.append(rid)
        work.database.log_ahead(work.txn)
        yield TICK
    return carried


def _changed(entry: Undo | None, older: Callable[[Row], Row]) -> Undo | None:
    chain: list[Undo] = []
    while entry is not None:
        chain.append(entry)
        entry = entry.next
    below: Undo | None = None
    for one in reversed(chain):
        below = Undo(one.txn, one.cid, None if one.row is None else older(one.row), below)
    return below


def _note_keys(work: Work, heap: Heap, carried: list[int]) -> None:
    """Note the index keys of carried versions, which go with them."""
    dead = [
        (index, index.key_of(entry.row), page, rid)
        for rid in carried
        for page in (heap.pages[rid >> PAGE_BITS],)
        for entry in _versions(page, rid & SLOT_MASK)
        if entry.row is not None
        for index in heap.indexes
    ]
    if dead:
        work.txn.dead_keys = [*(work.txn.dead_keys or ()), *dead]


def _versions(page: Page, slot: int) -> Iterator[Undo]:
    entry = page.undo.get(slot) if page.undo is not None else None
    while entry is not None:
        yield entry
        entry = entry.next


def attach_indexes(work: Work, table: Table) -> Waits[None]:
    """Build every index of a table over its heap; 23505 when one is not unique."""
    for index in work.catalog.indexes_of(table.oid):
        yield from build(work, table, index)
