"""What recovery makes of logs and checkpoints: whole, torn, damaged, out of order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from rustydb_sim.disk import Disk

from rustydb_engine.catalog.objects import PUBLIC, Sequence, Table, TableColumn
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.wal import FRAME_BYTES, HEADER_BYTES, DamagedLog, segment_name
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.types import INT4, TEXT
from tests.storage.support import (
    check_indexes,
    check_pages,
    checkpoint,
    contents,
    make_heap,
    open_database,
    pump,
    write,
)


def reopened(disk: Disk) -> Database:
    disk.crash()
    return open_database(disk).database


def only_heap_contents(database: Database) -> list[tuple[object, ...]]:
    (heap,) = database.heaps.values()
    check_pages(heap)
    return contents(database, heap)


def test_a_new_directory_is_fresh_and_one_with_commits_is_not() -> None:
    disk = Disk()
    opened = open_database(disk)
    assert opened.fresh
    make_heap(opened.database)
    pump(opened.database, disk)
    assert not open_database(disk).fresh


def test_a_segment_that_was_allocated_and_never_written_is_fresh() -> None:
    disk = Disk()
    opened = open_database(disk)
    make_heap(opened.database)
    disk.perform(opened.database.take_effects()[0])
    again = open_database(disk)
    assert again.fresh
    heap = make_heap(again.database)
    write(again.database, heap, (1,))
    pump(again.database, disk)
    assert only_heap_contents(open_database(disk).database) == [(1,)]


def test_values_of_every_stored_form_come_back() -> None:
    disk = Disk()
    database = open_database(disk).database
    types = (23, 1700, 1186, 1231, 1187, 25, 17)
    heap = make_heap(database, types)
    rows = [
        (1, Decimal("1.50"), Interval(1, -2, 3), (Decimal("0.0"), None), (Interval(0, 0, 1),), "é\ud800", b"\0\xff"),
        (2, Decimal("NaN"), None, ((Decimal(1), Decimal(2)), (None, Decimal(4))), ((Interval(1, 2, 3),),), "", b""),
        (3, None, None, None, None, None, None),
    ]
    write(database, heap, *rows)
    txn = database.begin()
    heap.insert_many(txn, [(9, *rows[0][1:])])
    database.commit(txn)
    pump(database, disk)
    expected = repr(contents(database, heap))
    assert repr(only_heap_contents(reopened(disk))) == expected
    database = open_database(disk).database
    checkpoint(database, disk)
    assert repr(only_heap_contents(reopened(disk))) == expected


def test_cutting_the_log_anywhere_leaves_a_prefix_of_the_commits() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    pump(database, disk)
    assert database.log is not None
    ends = [database.log.offset]
    for number in range(6):
        write(database, heap, (number, "x" * (number * 7)))
        pump(database, disk)
        ends.append(database.log.offset)
    name = segment_name(1)
    whole = disk.content(name)
    for cut in range(HEADER_BYTES + 4, ends[-1] + 1):
        torn = disk.copy()
        torn.overwrite(name, whole[:cut] + bytes(len(whole) - cut))
        database = open_database(torn).database
        commits = sum(1 for end in ends if end <= cut)
        assert len(database.heaps) == (1 if commits else 0)
        if commits:
            assert [row[0] for row in only_heap_contents(database)] == list(range(commits - 1))


def test_after_a_torn_tail_the_log_goes_on() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    write(database, heap, (1,))
    pump(database, disk)
    assert database.log is not None
    offset = database.log.offset
    write(database, heap, (2,))
    pump(database, disk)
    name = segment_name(1)
    whole = disk.content(name)
    disk.overwrite(name, whole[: offset + FRAME_BYTES + 3] + bytes(len(whole) - offset - FRAME_BYTES - 3))
    database = open_database(disk).database
    write(database, next(iter(database.heaps.values())), (3,))
    pump(database, disk)
    assert only_heap_contents(open_database(disk).database) == [(1,), (3,)]


def test_a_flipped_bit_is_refused_unless_it_is_in_the_last_frame() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    pump(database, disk)
    for number in range(3):
        write(database, heap, (number,))
        pump(database, disk)
    assert database.log is not None
    last = database.log.previous & 0xFFFFFFFF
    name = segment_name(1)
    whole = disk.content(name)
    for place in range(database.log.offset):
        damaged = disk.copy()
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        damaged.overwrite(name, bytes(content))
        if place < last:
            with pytest.raises(DamagedLog) as refusal:
                open_database(damaged)
            assert refusal.value.name == name
            assert refusal.value.offset <= place
        else:
            assert only_heap_contents(open_database(damaged).database) == [(0,), (1,)]


def test_damage_is_found_across_segments() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database, index=False)
    for number in range(60):
        write(database, heap, (number, "x" * 1000))
        pump(database, disk)
    assert database.log is not None and database.log.number > 3
    second = disk.content(segment_name(2))

    gone = disk.copy()
    gone.remove(segment_name(2))
    with pytest.raises(DamagedLog, match=r"wal-0000000000000002.log at offset 0: missing"):
        open_database(gone)

    end_lost = disk.copy()
    last = second.rindex(b"\xf5RdF")
    end_lost.overwrite(segment_name(2), second[:last] + bytes(len(second) - last))
    with pytest.raises(DamagedLog, match="frames are missing here") as refusal:
        open_database(end_lost)
    assert (refusal.value.name, refusal.value.offset) == (segment_name(2), last)

    first_gone = disk.copy()
    first_gone.remove(segment_name(1))
    with pytest.raises(DamagedLog, match="missing, and there is no checkpoint"):
        open_database(first_gone)


def test_frames_of_another_database_are_not_taken_for_ours() -> None:
    ours, theirs = Disk(), Disk()
    for disk, rows in ((ours, 5), (theirs, 9)):
        database = open_database(disk).database
        heap = make_heap(database)
        for number in range(rows):
            write(database, heap, (number,))
            pump(database, disk)
    mine = ours.content(segment_name(1))
    other = bytearray(theirs.content(segment_name(1)))
    other[12:16] = b"\0\0\0\0"
    theirs.overwrite(segment_name(1), bytes(other))
    with pytest.raises(DamagedLog):
        open_database(theirs)
    assert len(mine) == len(other)


def test_a_large_transaction_is_recovered_from_its_parts_or_not_at_all() -> None:
    for committed in (True, False):
        disk = Disk()
        database = open_database(disk).database
        heap = make_heap(database, index=False)
        txn = database.begin()
        for start in range(0, 30_000, 10_000):
            heap.insert_many(txn, [(number, "row") for number in range(start, start + 10_000)])
            database.log_ahead(txn, 0)
            pump(database, disk)
        if committed:
            database.commit(txn)
            pump(database, disk)
        found = only_heap_contents(reopened(disk))
        assert len(found) == (30_000 if committed else 0)


def test_what_a_savepoint_took_back_is_not_recovered_even_if_it_was_logged() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database)
    first, second, third = write(database, heap, (1, "a"), (2, "a"), (3, "a"))
    txn = database.begin()
    heap.update(txn, first, (1, "kept"))
    heap.update(txn, third, (3, "kept"))
    mark = txn.savepoint()
    heap.update(txn, second, (2, "taken back"))
    heap.update(txn, third, (3, "taken back"))
    taken = heap.insert(txn, (4, "taken back"))
    heap.insert_many(txn, [(number, "taken back") for number in range(10, 600)])
    database.log_ahead(txn, 0)
    database.rollback_to(txn, mark)
    other = database.begin()
    heap.update(other, second, (2, "by another"))
    assert heap.insert(other, (5, "by another")) == taken
    database.commit(other)
    heap.insert(txn, (6, "kept"))
    database.commit(txn)
    pump(database, disk)
    assert only_heap_contents(reopened(disk)) == [
        (1, "kept"), (2, "by another"), (3, "kept"), (5, "by another"), (6, "kept"),
    ]  # fmt: skip


def test_a_heap_made_and_given_up_after_its_rows_were_logged_does_not_disturb() -> None:
    disk = Disk()
    database = open_database(disk).database
    kept = make_heap(database, index=False)
    txn = database.begin()
    kept.insert(txn, (1,))
    database.log_ahead(txn, 0)
    mark = txn.savepoint()
    given_up = database.create_heap(txn, (23,))
    given_up.insert_many(txn, [(number,) for number in range(1000)])
    database.log_ahead(txn, 0)
    database.rollback_to(txn, mark)
    database.commit(txn)
    pump(database, disk)
    assert only_heap_contents(reopened(disk)) == [(1,)]


def test_a_record_larger_than_a_segment_gets_a_segment_of_its_size() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database, index=False)
    pump(database, disk)
    write(database, heap, (1, "small"))
    write(database, heap, (2, "x" * 100_000))
    write(database, heap, (3, "small"))
    pump(database, disk)
    assert [row[0] for row in only_heap_contents(reopened(disk))] == [1, 2, 3]
    database = open_database(disk).database
    write(database, next(iter(database.heaps.values())), (4, "more"))
    pump(database, disk)
    assert [row[0] for row in only_heap_contents(reopened(disk))] == [1, 2, 3, 4]


def sequence(oid: int = 50_000, **fields: int) -> Sequence:
    return Sequence(oid, "s", PUBLIC, **fields)  # type: ignore[arg-type]  # integer fields only


def test_a_sequence_never_gives_a_number_twice_after_a_crash() -> None:
    disk = Disk()
    database = open_database(disk).database
    txn = database.begin()
    txn.catalog = database.catalog.overlay()
    txn.catalog.put(sequence())
    database.commit(txn)
    given: list[int] = []
    for _ in range(8):
        for _ in range(11):
            txn = database.begin()
            given.append(database.nextval(txn, sequence()))
            database.commit(txn)
        pump(database, disk)
        if len(given) == 44:
            checkpoint(database, disk)
        database = reopened(disk)
    assert len(set(given)) == len(given)
    assert given == sorted(given)
    assert max(given) < 88 + 8 * 33


def test_setval_and_restart_survive() -> None:
    disk = Disk()
    database = open_database(disk).database
    txn = database.begin()
    txn.catalog = database.catalog.overlay()
    txn.catalog.put(sequence(1_000_000))
    txn.catalog.put(Sequence(1_000_001, "t", PUBLIC))
    database.setval(txn, sequence(1_000_000), 500, True)
    database.restart_sequence(txn, sequence(1_000_001), 7)
    assert database.nextval(txn, sequence(1_000_001)) == 7
    database.commit(txn)
    pump(database, disk)
    database = reopened(disk)
    txn = database.begin()
    assert database.nextval(txn, sequence(1_000_000)) == 501
    assert database.nextval(txn, sequence(1_000_001)) > 7


def test_a_restart_that_was_rolled_back_is_not_in_a_checkpoint_either() -> None:
    disk = Disk()
    database = open_database(disk).database
    txn = database.begin()
    txn.catalog = database.catalog.overlay()
    txn.catalog.put(sequence())
    database.setval(txn, sequence(), 500, True)
    database.commit(txn)
    txn = database.begin()
    database.restart_sequence(txn, sequence(), 1)
    checkpoint(database, disk)
    database = reopened(disk)
    assert database.nextval(database.begin(), sequence()) == 501


def test_the_catalog_comes_back_with_its_counter_and_without_temporary_tables() -> None:
    disk = Disk()
    database = open_database(disk).database
    txn = database.begin()
    overlay = txn.catalog = database.catalog.overlay()
    columns = (TableColumn("a", 1, INT4), TableColumn("b", 2, TEXT))
    heap = database.create_heap(txn, (23, 25))
    overlay.put(Table(overlay.new_oid(), "kept", PUBLIC, columns, heap.storage))
    gone = database.create_heap(txn, (23, 25), temporary=True)
    overlay.put(Table(overlay.new_oid(), "gone", PUBLIC, columns, gone.storage, persistence="t"))
    heap.insert(txn, (1, "x"))
    gone.insert(txn, (1, "x"))
    database.commit(txn)
    next_oid = database.catalog.next_oid
    for _ in range(2):
        pump(database, disk)
        database = reopened(disk)
        assert database.catalog.relation("public", "gone") is None
        table = database.catalog.relation("public", "kept")
        assert isinstance(table, Table)
        assert [column.name for column in table.columns] == ["a", "b"]
        assert database.catalog.next_oid >= next_oid
        assert only_heap_contents(database) == [(1, "x")]
        check_indexes(database.heap(table.storage))
        checkpoint(database, disk)


def test_a_dropped_heap_is_gone_and_a_truncated_table_is_empty_after_recovery() -> None:
    disk = Disk()
    database = open_database(disk).database
    dropped = make_heap(database)
    write(database, dropped, (1,))
    checkpoint(database, disk)
    txn = database.begin()
    made = database.create_heap(txn, (23,))
    database.drop_heap(txn, dropped.storage)
    assert dropped.storage in database.heaps
    database.commit(txn)
    assert dropped.storage not in database.heaps
    pump(database, disk)
    assert list(reopened(disk).heaps) == [made.storage]
