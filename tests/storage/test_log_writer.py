"""Group commit, segments, and a disk without space."""

from __future__ import annotations

from itertools import count

import pytest
from rustydb_sim.disk import Disk

from rustydb_engine.errors import SqlError
from rustydb_engine.storage.commit import FRAME_BYTES_MAX, RECORD_BYTES_MAX, LogWaits, LogWriter
from rustydb_engine.storage.wal import decode_header, frames, lsn_text, segment_name, segment_number, stray_frame
from rustydb_proto.core.io import Allocate, Append
from tests.storage.support import contents, deliver, make_heap, open_database, pump, write


def test_all_who_commit_during_one_write_share_the_next() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    pump(database, disk)
    write(database, heap, (0,))
    (first,) = database.take_effects()
    assert isinstance(first, Append)
    for number in range(1, 6):
        write(database, heap, (number,))
    assert database.take_effects() == [], "one Append is in flight"
    deliver(database, disk.perform(first))
    assert len(contents(database, heap)) == 1
    (second,) = database.take_effects()
    deliver(database, disk.perform(second))
    assert len(contents(database, heap)) == 6
    assert database.take_effects() == []
    assert database.log is not None and database.log.idle


def test_the_next_segment_is_allocated_before_the_current_one_is_full() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    pump(database, disk)
    sizes: list[tuple[int, int]] = []
    while segment_name(3) not in disk.listing():
        write(database, heap, (len(sizes), "x" * 700))
        pump(database, disk)
        assert database.log is not None
        sizes.append((database.log.number, database.log.offset))
    assert {number for number, _ in sizes} == {1, 2}
    assert len(contents(database, heap)) == len(sizes)


def test_a_long_queue_is_written_in_frames_of_bounded_size_and_each_reports_its_commits() -> None:
    disk = Disk()
    database = open_database(disk, segment_bytes=16 << 20).database
    heap = make_heap(database, index=False)
    pump(database, disk)
    for number in range(9):
        write(database, heap, (number, "x" * (1 << 20)))
    durable = []
    while effects := database.take_effects():
        for effect in effects:
            if isinstance(effect, Append):
                assert len(effect.data) <= FRAME_BYTES_MAX
            deliver(database, disk.perform(effect))
        durable.append(len(contents(database, heap)))
    assert durable[-1] == 9
    assert len(set(durable)) >= 3


def test_without_space_commits_fail_and_service_resumes_when_there_is_some() -> None:
    disk = Disk(space=3 * (1 << 14))
    database = open_database(disk).database
    heap = make_heap(database)
    pump(database, disk)
    refused = acknowledged = 0
    for number in range(200):
        txn = database.begin()
        heap.insert(txn, (number, "x" * 500))
        try:
            database.commit(txn)
        except SqlError as error:
            assert error.sqlstate == "53100"
            assert error.message == "could not extend log: No space left on device"
            database.rollback(txn)
            refused += 1
        else:
            acknowledged += 1
        pump(database, disk)
    assert refused > 50
    assert len(contents(database, heap)) == acknowledged
    assert database.log is not None and not database.log.stalled
    txn = database.begin()
    assert len(contents(database, heap, txn)) == acknowledged
    assert database.commit(txn) is None, "who reads needs no space"
    disk.space = 1 << 30
    txn = database.begin()
    heap.insert(txn, (1000, "x" * 10_000))
    with pytest.raises(SqlError):
        database.commit(txn)
    database.rollback(txn)
    pump(database, disk)
    write(database, heap, (1001, "x"))
    pump(database, disk)
    disk.crash()
    assert len(open_database(disk).database.heap(heap.storage).pages[0].rows) > 0
    assert len(contents(database, heap)) == acknowledged + 1


def test_a_commit_that_reserves_waits_until_the_next_segment_is_there() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database, index=False)
    pump(database, disk)
    taken = waited = 0
    for number in range(100):
        txn = database.begin()
        heap.insert(txn, (number, "x" * 700))
        while True:
            try:
                database.commit(txn, reserve=True)
                break
            except LogWaits:
                waited += 1
                assert waited < 50
                pump(database, disk)
        taken += 1
        assert database.log is not None and not database.log.stalled
    assert waited > 1
    pump(database, disk)
    disk.crash()
    database = open_database(disk).database
    assert len(contents(database, database.heap(heap.storage))) == taken


@pytest.mark.parametrize("size", [20_000, 200_000])
def test_a_commit_that_reserves_is_never_taken_without_a_place(size: int) -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database, index=False)
    pump(database, disk)
    disk.fail(Allocate, "ENOSPC")
    txn = database.begin()
    heap.insert(txn, (1, "x" * size))
    with pytest.raises(LogWaits):
        database.commit(txn, reserve=True)
    pump(database, disk)
    with pytest.raises(SqlError) as error:
        database.commit(txn, reserve=True)
    assert error.value.sqlstate == "53100"
    assert database.log is not None and not database.log.stalled
    pump(database, disk)  # the segment is asked for again, and there is space now
    with pytest.raises(LogWaits):  # but the usual size is too small
        database.commit(txn, reserve=True)
    pump(database, disk)
    database.commit(txn, reserve=True)
    pump(database, disk)
    assert contents(database, heap) == [(1, "x" * size)]


def test_commits_that_were_taken_before_the_disk_was_full_wait_for_space() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database, index=False)
    pump(database, disk)
    disk.fail(Allocate, "ENOSPC")
    for number in range(40):
        write(database, heap, (number, "x" * 700))
    pump(database, disk)
    assert database.log is not None and database.log.stalled
    before = len(contents(database, heap))
    assert before < 40
    assert database.take_effects() == []
    database.log.retry()
    pump(database, disk)
    assert len(contents(database, heap)) == 40


def test_a_large_transaction_without_space_fails_and_leaves_nothing() -> None:
    disk = Disk(space=2 * (1 << 14))
    database = open_database(disk).database
    heap = make_heap(database, index=False)
    write(database, heap, (-1,))
    pump(database, disk)
    txn = database.begin()
    with pytest.raises(SqlError) as error:
        for start in range(0, 100_000, 1000):
            heap.insert_many(txn, [(number,) for number in range(start, start + 1000)])
            database.log_ahead(txn, 0)
            pump(database, disk)
    assert error.value.sqlstate == "53100"
    database.rollback(txn)
    disk.space = 1 << 30
    assert database.log is not None
    database.log.retry()
    pump(database, disk)
    disk.crash()
    database = open_database(disk).database
    assert contents(database, database.heap(heap.storage)) == [(-1,)]


def test_a_record_beyond_the_largest_segment_is_refused() -> None:
    writer = LogWriter(0, count(1).__next__)
    with pytest.raises(SqlError) as error:
        writer.check_space(RECORD_BYTES_MAX + 1)
    assert error.value.sqlstate == "54000"


def test_frames_and_names_read_back() -> None:
    writer = LogWriter(0xABCDEF01, count(1).__next__, segment_bytes=4096)
    disk = Disk()
    writer.add(b"one")
    (allocate,) = writer.take_effects()
    assert isinstance(allocate, Allocate) and allocate.size == 4096
    disk.perform(allocate)
    assert writer.allocated(allocate.ticket)
    assert not writer.allocated(allocate.ticket)
    for record in (b"two", b"", b"three" * 20):
        (append,) = writer.take_effects()
        assert isinstance(append, Append)
        disk.perform(append)
        writer.add(record)
        writer.appended(append.ticket)
    data = disk.content(segment_name(1))
    header = decode_header(data)
    assert header is not None and (header.seed, header.number, header.size) == (0xABCDEF01, 1, 4096)
    found = list(frames(data, 1, header.seed))
    assert [frame.records for frame in found] == [[b"one"], [b"two"], [b""]]
    assert [frame.previous for frame in found[1:]] == [frame.lsn for frame in found[:-1]]
    assert stray_frame(data, 1, header.seed, found[0].lsn & 0xFFFF) == found[1].lsn & 0xFFFF
    assert list(frames(data, 1, header.seed + 1)) == []
    assert segment_number(segment_name(77)) == 77
    assert segment_number("wal-x.log") is None
    assert lsn_text(0x1_0000_002A) == "1/2A"
