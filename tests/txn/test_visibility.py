"""Durable before visible, dependencies, snapshots, pruning."""

from __future__ import annotations

from rustydb_sim.disk import Disk

from rustydb_engine.catalog.objects import PUBLIC, Table
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.heap import UPDATE, Heap
from rustydb_engine.txn.transaction import ABORTED, ACTIVE, DURABLE, PRECOMMITTED, REPEATABLE_READ
from tests.storage.support import check_indexes, check_pages, contents, make_heap, open_database, pump, write


def durable_database(*keys: int) -> tuple[Disk, Database, Heap, list[int]]:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    rids = write(database, heap, *((key, "old") for key in keys))
    pump(database, disk)
    return disk, database, heap, rids


def test_a_commit_is_visible_to_others_only_when_it_is_durable() -> None:
    disk, database, heap, _ = durable_database(1)
    txn = database.begin()
    heap.insert(txn, (2, "new"))
    csn = database.commit(txn)
    assert txn.state == PRECOMMITTED
    assert csn is not None and csn > database.durable_csn
    assert contents(database, heap) == [(1, "old")]
    pump(database, disk)
    assert database.durable_csn >= csn
    assert txn.state == DURABLE
    assert contents(database, heap) == [(1, "old"), (2, "new")]


def test_in_memory_a_commit_is_durable_at_once() -> None:
    database = Database()
    heap = make_heap(database)
    txn = database.begin()
    heap.insert(txn, (1,))
    assert database.commit(txn) is None
    assert contents(database, heap) == [(1,)]
    assert all(page.undo is None for page in heap.pages)
    assert database.take_effects() == []


def test_whoever_builds_on_a_precommitted_row_sees_it_and_waits_for_it() -> None:
    disk, database, heap, (rid,) = durable_database(1)
    first = database.begin()
    heap.update(first, rid, (1, "first"))
    first_csn = database.commit(first)
    second = database.begin()
    assert heap.blocker(second, rid, UPDATE) is None, "its locks were released when it entered the log"
    assert heap.latest(rid) == ((1, "first"), first)
    heap.lock(second, rid, UPDATE)
    assert contents(database, heap, second) == [(1, "first")]
    assert database.commit(second) == first_csn, "it wrote nothing, and what it saw is not durable yet"
    third = database.begin()
    heap.update(third, rid, (1, "third"))
    third_csn = database.commit(third)
    assert first_csn is not None and third_csn is not None and third_csn > first_csn
    pump(database, disk)
    assert contents(database, heap) == [(1, "third")]
    reader = database.begin()
    assert contents(database, heap, reader)
    assert database.commit(reader) is None


def test_whoever_updates_a_precommitted_row_sees_all_of_that_commit_from_then_on() -> None:
    disk, database, heap, (rid, other) = durable_database(1, 2)
    first = database.begin()
    heap.update(first, rid, (1, "first"))
    heap.update(first, other, (2, "first"))
    database.commit(first)
    for change in ("update", "delete"):
        second = database.begin()
        assert contents(database, heap, second) == [(1, "old"), (2, "old")]
        if change == "update":
            heap.update(second, rid, (1, "second"))
        else:
            heap.delete(second, rid)
        second.next_command()
        assert (2, "first") in contents(database, heap, second)
        database.rollback(second)
    pump(database, disk)


def test_a_row_whose_key_a_precommitted_transaction_freed_depends_on_it() -> None:
    disk, database, heap, (rid,) = durable_database(1)
    index = heap.indexes[0]
    remover = database.begin()
    heap.delete(remover, rid)
    removed = database.commit(remover)
    assert removed is not None
    txn = database.begin()
    assert index.conflict(txn, 1) is None
    assert txn.depends_csn == removed
    pump(database, disk)


def test_a_catalog_that_is_not_durable_makes_its_readers_wait() -> None:
    disk, database, heap, _ = durable_database(1)
    maker = database.begin()
    maker.catalog = database.catalog.overlay()
    maker.catalog.put(Table(maker.catalog.new_oid(), "t", PUBLIC, (), heap.storage))
    made = database.commit(maker)
    reader = database.begin()
    assert reader.snapshot().csn == made
    assert database.commit(reader) == made
    pump(database, disk)
    later = database.begin()
    later.snapshot()
    assert database.commit(later) is None


def test_repeatable_read_keeps_its_snapshot_and_the_versions_it_needs() -> None:
    disk, database, heap, (rid, gone) = durable_database(1, 2)
    reader = database.begin(REPEATABLE_READ)
    assert contents(database, heap, reader) == [(1, "old"), (2, "old")]
    for number in range(3):
        writer = database.begin()
        heap.update(writer, rid, (1, f"new {number}"))
        database.commit(writer)
    writer = database.begin()
    heap.delete(writer, gone)
    database.commit(writer)
    pump(database, disk)
    assert contents(database, heap, reader) == [(1, "old"), (2, "old")]
    assert contents(database, heap) == [(1, "new 2")]
    _, newest = heap.latest(rid)
    assert newest is not None and newest.csn > reader.snapshot_csn, "an update must fail with 40001"
    assert not heap.free
    database.commit(reader)
    assert heap.free == [gone]
    assert contents(database, heap) == [(1, "new 2")]
    check_pages(heap)
    check_indexes(heap)


def test_a_held_snapshot_keeps_versions_until_it_is_released_as_often_as_held() -> None:
    disk, database, heap, (rid,) = durable_database(1)
    snapshot = database.read_snapshot()
    database.manager.hold(snapshot)
    database.manager.hold(snapshot)
    writer = database.begin()
    heap.update(writer, rid, (1, "new"))
    database.commit(writer)
    pump(database, disk)
    database.manager.release(snapshot)
    assert heap.fetch(rid, snapshot) == (1, "old")
    assert heap.pages[0].undo
    database.manager.release(snapshot)
    assert heap.pages[0].undo is None


def test_a_command_does_not_see_what_it_writes_and_the_next_one_does() -> None:
    _, database, heap, (rid,) = durable_database(1)
    txn = database.begin()
    snapshot = txn.snapshot()
    heap.update(txn, rid, (1, "new"))
    heap.insert(txn, (2, "new"))
    assert heap.fetch(rid, snapshot) == (1, "old")
    assert contents(database, heap, txn) == [(1, "old")]
    txn.next_command()
    assert contents(database, heap, txn) == [(1, "new"), (2, "new")]


def test_rollback_wakes_those_who_wait_and_gives_slots_back() -> None:
    disk, database, heap, (rid,) = durable_database(1)
    txn = database.begin()
    added = heap.insert(txn, (2, "new"))
    heap.update(txn, rid, (3, "moved"))
    heap.delete(txn, rid)
    assert txn.state == ACTIVE
    txn.waiters = ["a waiter"]
    database.rollback(txn)
    assert txn.state == ABORTED
    assert database.take_woken() == ["a waiter"]
    assert database.take_woken() == []
    assert heap.free == [added]
    assert heap.live_rows == 1
    check_pages(heap)
    check_indexes(heap)
    assert write(database, heap, (9, "again")) == [added]
    pump(database, disk)
    assert contents(database, heap) == [(1, "old"), (9, "again")]


def test_rollback_to_a_savepoint_releases_row_and_table_locks_and_wakes() -> None:
    _, database, heap, (rid, other) = durable_database(1, 2)
    locks = database.manager.locks
    txn, rival = database.begin(), database.begin()
    heap.lock(txn, rid, UPDATE)
    locks.acquire(txn, 1000, 7)
    mark = txn.savepoint()
    heap.lock(txn, other, UPDATE)
    locks.acquire(txn, 2000, 7)
    assert heap.blocker(rival, other, UPDATE) is txn
    assert locks.acquire(rival, 2000, 0) == (txn,)
    txn.waiters = [rival]
    database.rollback_to(txn, mark)
    assert database.take_woken() == [rival]
    assert heap.blocker(rival, other, UPDATE) is None
    assert heap.blocker(rival, rid, UPDATE) is txn
    assert locks.acquire(rival, 2000, 0) == ()
    assert locks.acquire(rival, 1000, 0) == (txn,)


def test_a_copy_into_a_heap_of_the_same_transaction_costs_one_undo_entry_a_page() -> None:
    database = Database()
    txn = database.begin()
    heap = database.create_heap(txn, (23,))
    assert heap.insert_many(txn, ((number,) for number in range(100_000))) == 100_000
    assert len(txn.writes) == len(heap.pages) == -(-100_000 // 256)
    txn.next_command()
    mark = txn.savepoint()
    heap.insert_many(txn, ((number,) for number in range(1000)))
    database.rollback_to(txn, mark)
    assert heap.live_rows == 100_000
    database.commit(txn)
    assert all(page.undo is None or not page.undo for page in heap.pages)
    assert len(contents(database, heap)) == 100_000


def test_a_rolled_back_copy_leaves_pages_that_the_next_one_fills() -> None:
    database = Database()
    heap = make_heap(database)
    write(database, heap, (-1,))
    for _ in range(3):
        txn = database.begin()
        heap.insert_many(txn, ((number,) for number in range(2000)))
        database.rollback(txn)
        check_pages(heap)
        check_indexes(heap)
    assert len(heap.pages) <= 9
    txn = database.begin()
    heap.insert_many(txn, ((number,) for number in range(2000)))
    database.commit(txn)
    assert len(heap.pages) <= 9
    assert len(contents(database, heap)) == 2001
