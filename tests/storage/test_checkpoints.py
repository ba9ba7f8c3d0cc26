"""Checkpoints: consistent while transactions go on, published only when durable, harmless when they fail."""

from __future__ import annotations

import pytest
from rustydb_sim.disk import Disk

from rustydb_engine.storage.checkpoint import checkpoint_name
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.wal import DamagedLog, segment_name
from rustydb_proto.core.io import Append, DeleteFile, Publish, Store
from tests.storage.support import (
    checkpoint,
    contents,
    deliver,
    make_heap,
    open_database,
    pump,
    take_effects,
    write,
)


def rows_after_crash(disk: Disk) -> list[object]:
    disk.crash()
    database = open_database(disk).database
    (heap,) = database.heaps.values()
    return [row[0] for row in contents(database, heap)]


def test_a_checkpoint_makes_older_segments_and_checkpoints_go() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    for number in range(100):
        write(database, heap, (number, "x" * 500))
    pump(database, disk)
    assert segment_name(1) in disk.listing()
    checkpoint(database, disk)
    checkpoint(database, disk)
    assert segment_name(1) not in disk.listing()
    assert checkpoint_name(2) in disk.listing()
    assert checkpoint_name(1) not in disk.listing()
    assert len(rows_after_crash(disk)) == 100
    database = open_database(disk).database
    assert database.checkpoints is not None
    assert database.checkpoints.number == 2


def test_changes_made_while_a_checkpoint_is_written_are_in_the_log_and_not_in_it() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    rids = write(database, heap, *((number, "x" * 2000) for number in range(1000)))
    pump(database, disk)
    assert database.checkpoints is not None
    database.checkpoints.start(database)
    changed = 0
    while database.checkpoints.running:
        txn = database.begin()
        heap.update(txn, rids[changed], (changed, "new"))
        heap.delete(txn, rids[-1 - changed])
        heap.insert(txn, (5000 + changed, "new"))
        database.commit(txn)
        changed += 1
        for effect in take_effects(database):
            deliver(database, disk.perform(effect))
    pump(database, disk)
    assert changed >= 4
    expected = contents(database, heap)
    assert not any(page.undo for page in heap.pages)
    disk.crash()
    database = open_database(disk).database
    assert contents(database, database.heap(heap.storage)) == expected


def test_a_checkpoint_is_not_published_before_the_log_is_durable_up_to_it() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    write(database, heap, (1,))
    pump(database, disk)
    write(database, heap, (2,))
    appends = [effect for effect in database.take_effects() if isinstance(effect, Append)]
    assert database.checkpoints is not None
    database.checkpoints.start(database)
    for _ in range(20):
        for effect in database.checkpoints.take_effects():
            assert not isinstance(effect, Publish)
            deliver(database, disk.perform(effect))
    deliver(database, disk.perform(appends[0]))
    pump(database, disk)
    assert database.checkpoints.done == 1
    assert rows_after_crash(disk) == [1, 2]


def test_a_checkpoint_in_the_middle_of_a_streaming_transaction_keeps_its_parts() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database, index=False)
    pump(database, disk)
    txn = database.begin()
    heap.insert_many(txn, [(number, "x" * 50) for number in range(2000)])
    database.log_ahead(txn, 0)
    pump(database, disk)
    checkpoint(database, disk)
    checkpoint(database, disk)
    database.commit(txn)
    pump(database, disk)
    assert len(rows_after_crash(disk)) == 2000


def test_a_crash_at_any_moment_of_a_checkpoint_loses_nothing() -> None:
    for moment in range(40):
        disk = Disk(moment)
        database = open_database(disk).database
        heap = make_heap(database)
        write(database, heap, *((number, "x" * 300) for number in range(30)))
        checkpoint(database, disk)
        write(database, heap, *((number, "x" * 300) for number in range(30, 60)))
        pump(database, disk)
        assert database.checkpoints is not None
        database.checkpoints.start(database)
        steps = 0
        crashed = False
        while not crashed and (effects := take_effects(database)):
            for effect in effects:
                disk.start(effect)
                steps += 1
                if steps == moment:
                    crashed = True
                    break
                deliver(database, disk.finish(effect))
                steps += 1
        assert len(rows_after_crash(disk)) == 60


@pytest.mark.parametrize("kind", [Store, Publish, DeleteFile])
def test_a_failing_disk_ends_the_checkpoint_and_nothing_else(kind: type) -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    write(database, heap, *((number, "x" * 300) for number in range(100)))
    pump(database, disk)
    disk.fail(kind, "ENOSPC")
    checkpoint(database, disk)
    assert database.checkpoints is not None
    assert bool(database.checkpoints.error) == (kind is not DeleteFile)
    write(database, heap, (1000,))
    pump(database, disk)
    checkpoint(database, disk)
    assert not database.checkpoints.error
    assert not any(name.endswith(".tmp") for name in disk.listing())
    assert len(rows_after_crash(disk)) == 101


def flipped(disk: Disk, name: str, place: int) -> Disk:
    damaged = disk.copy()
    content = bytearray(disk.content(name))
    content[place] ^= 0x10
    damaged.overwrite(name, bytes(content))
    return damaged


def small_database(disk: Disk) -> Database:
    database = open_database(disk).database
    heap = make_heap(database)
    write(database, heap, (1,), (2,))
    checkpoint(database, disk)
    return database


def test_a_damaged_checkpoint_is_refused_by_name_when_there_is_no_other() -> None:
    disk = Disk()
    small_database(disk)
    name = checkpoint_name(1)
    for place in range(len(disk.content(name))):
        with pytest.raises(DamagedLog) as refusal:
            open_database(flipped(disk, name, place))
        assert refusal.value.name == name
        assert "backup" in str(refusal.value) or "format" in str(refusal.value)


def test_the_log_after_a_checkpoint_must_reach_what_the_checkpoint_saw() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    pump(database, disk)
    assert database.checkpoints is not None
    write(database, heap, *((number, "x" * 2000) for number in range(300)))
    database.checkpoints.start(database)
    pump(database, disk)
    assert database.log is not None
    number = database.log.number
    disk.overwrite(segment_name(number), bytes(len(disk.content(segment_name(number)))))
    with pytest.raises(DamagedLog):
        open_database(disk)


def test_an_older_checkpoint_serves_when_the_newest_is_damaged_and_the_log_is_there() -> None:
    disk = Disk()
    database = small_database(disk)
    write(database, next(iter(database.heaps.values())), (3,))
    pump(database, disk)
    older = disk.content(checkpoint_name(1))
    checkpoint(database, disk)
    disk.overwrite(checkpoint_name(1), older)
    damaged = flipped(disk, checkpoint_name(2), 60)
    opened = open_database(damaged)
    assert [row[0] for row in contents(opened.database, next(iter(opened.database.heaps.values())))] == [1, 2, 3]
    assert "checkpoint skipped" in opened.notes[0]
    checkpoint(opened.database, damaged)
    assert sorted(name for name in damaged.listing() if name.startswith("check")) == [checkpoint_name(3)]
