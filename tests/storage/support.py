"""What the storage tests share: a database on a simulated disk."""

from __future__ import annotations

from rustydb_sim.disk import Disk

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Table
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.heap import Heap
from rustydb_engine.storage.index import SKIP, Index
from rustydb_engine.storage.pages import Row
from rustydb_engine.storage.recovery import Recovered, recover
from rustydb_engine.txn.transaction import Transaction
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.io import Appended, DiskDone, DiskFailed, Effect

SEGMENT = 1 << 14


def first_column(row: Row) -> object:
    return row[0]


def unique_index(oid: int = 90_000) -> Index:
    return Index(oid, first_column, unique=True, positions=(0,))


def primary_keys(catalog: Catalog, table: Table) -> list[Index]:
    """Make a unique index on the first column of every table: an index factory."""
    return [unique_index(table.oid + 50_000)]


def open_database(disk: Disk, segment_bytes: int = SEGMENT) -> Recovered:
    return disk.recover(recover(disk.listing(), Entropy(bytes(32)), primary_keys, segment_bytes=segment_bytes))


def deliver(database: Database, answer: Appended | DiskDone | DiskFailed) -> None:
    if isinstance(answer, Appended):
        database.appended(answer.ticket)
        return
    log, checkpoints = database.log, database.checkpoints
    assert log is not None and checkpoints is not None
    if isinstance(answer, DiskDone):
        assert log.allocated(answer.ticket) or checkpoints.disk_done(answer.ticket)
    else:
        assert log.failed(answer.ticket) or checkpoints.disk_failed(answer.ticket, answer.reason), "an Append failed"


def take_effects(database: Database) -> list[Effect]:
    """Return what the log and a running checkpoint want done."""
    assert database.checkpoints is not None
    return database.take_effects() + (database.checkpoints.take_effects() if database.checkpoints.running else [])


def pump(database: Database, disk: Disk) -> None:
    """Carry out disk work until none is left."""
    while effects := take_effects(database):
        for effect in effects:
            deliver(database, disk.perform(effect))


def checkpoint(database: Database, disk: Disk) -> None:
    assert database.checkpoints is not None
    database.checkpoints.start(database)
    pump(database, disk)
    assert not database.checkpoints.running


def make_heap(database: Database, types: tuple[int, ...] = (), index: bool = True) -> Heap:
    """Make a heap with a unique index on its first column, committed."""
    txn = database.begin()
    heap = database.create_heap(txn, types)
    if index:
        made = unique_index()
        assert made.build(heap) is SKIP
        database.attach_index(txn, heap, made)
    database.commit(txn)
    return heap


def write(database: Database, heap: Heap, *rows: Row) -> list[int]:
    """Insert rows in a transaction of their own."""
    txn = database.begin()
    rids = [heap.insert(txn, row) for row in rows]
    database.commit(txn)
    return rids


def contents(database: Database, heap: Heap, txn: Transaction | None = None) -> list[Row]:
    """Return what a new transaction sees, sorted."""
    reader = txn if txn is not None else database.begin()
    snapshot = reader.snapshot()
    rows = [row for page in heap.scan(snapshot) for _, row in page]
    assert rows == [row for page in heap.pages for row in heap.rows(page, snapshot)]
    assert rows == [row for number in range(len(heap.pages)) for _, row in heap.items(number, snapshot)]
    if txn is None:
        database.commit(reader)
    return sorted(rows, key=repr)


def check_indexes(heap: Heap) -> None:
    """Assert that indexes hold exactly the keys of the versions that exist."""
    for index in heap.indexes:
        expected: set[tuple[object, int]] = set()
        for number, page in enumerate(heap.pages):
            for slot, row in enumerate(page.rows):
                entry = page.undo.get(slot) if page.undo is not None else None
                versions = [row]
                while entry is not None:
                    versions.append(entry.row)
                    entry = entry.next
                expected.update((index.key_of(version), number << 8 | slot) for version in versions if version)
        found = {(key, rid) for key in index.entries for rid in index.candidates(key)}
        assert found == expected


def check_pages(heap: Heap) -> None:
    """Assert the invariants that readers rely on."""
    for page in heap.pages:
        assert page.holes == page.rows.count(None)
        if page.undo is None:
            assert None not in page.rows
    assert len(set(heap.free)) == len(heap.free)
    for rid in heap.free:
        page = heap.pages[rid >> 8]
        assert page.rows[rid & 255] is None
        assert page.undo is not None and (rid & 255) not in page.undo
    assert heap.live_rows == sum(len(page.rows) - page.holes for page in heap.pages)
