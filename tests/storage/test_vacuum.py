"""VACUUM orders free space; ANALYZE knows what the planner asks for; sequences count as PostgreSQL's do."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rustydb_engine.catalog.objects import PUBLIC, Sequence
from rustydb_engine.errors import SqlError
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.statistics import TableStatistics
from rustydb_engine.storage.vacuum import analyze, vacuum
from tests.storage.support import check_pages, contents, make_heap, write


def test_vacuum_lets_the_front_of_the_heap_be_filled_first() -> None:
    database = Database()
    heap = make_heap(database)
    rids = write(database, heap, *((number,) for number in range(1000)))
    txn = database.begin()
    for rid in rids[:520] + rids[600:700:3]:
        heap.delete(txn, rid)
    database.commit(txn)
    for _ in vacuum(heap):
        check_pages(heap)
    check_pages(heap)
    assert heap.empty == [1, 0]
    assert write(database, heap, (5000,)) == [rids[512]]
    txn = database.begin()
    heap.insert_many(txn, ((number,) for number in range(10_000, 10_600)))
    database.commit(txn)
    check_pages(heap)
    assert len(heap.pages) == 5
    assert len(contents(database, heap)) == 1000 - 520 - 34 + 601


def test_vacuum_leaves_pages_alone_that_somebody_may_need() -> None:
    database = Database()
    heap = make_heap(database)
    rids = write(database, heap, *((number,) for number in range(300)))
    snapshot = database.read_snapshot()
    database.manager.hold(snapshot)
    txn = database.begin()
    for rid in rids:
        heap.delete(txn, rid)
    database.commit(txn)
    for _ in vacuum(heap):
        pass
    assert len([row for page in heap.scan(snapshot) for row in page]) == 300
    database.manager.release(snapshot)
    check_pages(heap)


def statistics_of(database: Database, types: tuple[int, ...], rows: list[tuple[object, ...]]) -> TableStatistics:
    heap = make_heap(database, types, index=False)
    txn = database.begin()
    heap.insert_many(txn, rows)
    database.commit(txn)
    for _ in analyze(heap, database.begin().snapshot()):
        pass
    assert heap.statistics is not None
    return heap.statistics


def test_analyze_describes_small_tables_exactly() -> None:
    rows: list[tuple[object, ...]] = [
        (number, number % 10, None if number % 4 else "x", Decimal("NaN") if number % 2 else Decimal(1))
        for number in range(1000)
    ]
    found = statistics_of(Database(), (23, 23, 25, 1700), rows)
    assert found.rows == 1000
    key, few, sparse, numbers = found.columns
    assert (key.null_fraction, key.distinct, key.common) == (0, 1000, ())
    assert key.bounds[0] == 0 and key.bounds[-1] == 999 and len(key.bounds) == 101
    assert few.distinct == 10
    assert sparse.null_fraction == 0.75
    assert numbers.distinct == 2


def test_analyze_samples_large_tables() -> None:
    rows: list[tuple[object, ...]] = [(number, number % 7, 0 if number % 3 else number) for number in range(200_000)]
    found = statistics_of(Database(), (23, 23, 23), rows)
    assert abs(found.rows - 200_000) < 2000
    assert found.columns[0].distinct > 150_000
    assert found.columns[1].distinct == 7
    (most, fraction), *_ = found.columns[2].common
    assert most == 0 and 0.6 < fraction < 0.7


def test_analyze_of_an_empty_table() -> None:
    found = statistics_of(Database(), (23,), [])
    assert (found.rows, found.columns[0].distinct, found.columns[0].bounds) == (0, 0, ())


def values(sequence: Sequence, count: int) -> list[int]:
    database = Database()
    txn = database.begin()
    return [database.nextval(txn, sequence) for _ in range(count)]


def test_sequences_count_up_down_and_around() -> None:
    assert values(Sequence(1, "s", PUBLIC), 3) == [1, 2, 3]
    assert values(Sequence(1, "s", PUBLIC, start=5, increment=10), 3) == [5, 15, 25]
    down = Sequence(1, "s", PUBLIC, start=-1, increment=-1, minimum=-3, maximum=-1, cycle=True)
    assert values(down, 5) == [-1, -2, -3, -1, -2]
    assert values(Sequence(1, "s", PUBLIC, maximum=2, cycle=True), 5) == [1, 2, 1, 2, 1]


def test_the_end_of_a_sequence_is_2200h() -> None:
    with pytest.raises(SqlError, match=r'nextval: reached maximum value of sequence "s" \(2\)') as error:
        values(Sequence(1, "s", PUBLIC, maximum=2), 3)
    assert error.value.sqlstate == "2200H"
    with pytest.raises(SqlError, match=r'nextval: reached minimum value of sequence "s" \(1\)'):
        values(Sequence(1, "s", PUBLIC, increment=-1, start=1), 2)


def test_setval_is_bounded_and_not_undone() -> None:
    database = Database()
    sequence = Sequence(1, "s", PUBLIC, maximum=10)
    txn = database.begin()
    database.setval(txn, sequence, 7, False)
    database.rollback(txn)
    txn = database.begin()
    assert database.nextval(txn, sequence) == 7
    with pytest.raises(SqlError, match=r'setval: value 11 is out of bounds for sequence "s" \(1..10\)') as error:
        database.setval(txn, sequence, 11, True)
    assert error.value.sqlstate == "22003"


def test_a_restart_is_undone_by_rollback() -> None:
    database = Database()
    sequence = Sequence(1, "s", PUBLIC)
    txn = database.begin()
    for _ in range(5):
        database.nextval(txn, sequence)
    database.commit(txn)
    txn = database.begin()
    database.restart_sequence(txn, sequence, 1)
    assert database.nextval(txn, sequence) == 1
    database.restart_sequence(txn, sequence, 100)
    database.rollback(txn)
    txn = database.begin()
    assert database.nextval(txn, sequence) == 6
    database.restart_sequence(txn, sequence, 50)
    database.commit(txn)
    assert database.nextval(database.begin(), sequence) == 50
    assert not database.sequences.restarted
