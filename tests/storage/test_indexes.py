"""Indexes: look-ups, ranges in every direction, NULLs, uniqueness, partial ones, building."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from rustydb_sim.disk import Disk

from rustydb_engine.storage.database import Database
from rustydb_engine.storage.heap import Heap
from rustydb_engine.storage.index import SKIP, Index
from rustydb_engine.storage.pages import Row
from tests.storage.support import check_indexes, make_heap, open_database, pump, write


def heap_with(index: Index, *rows: Row) -> tuple[Database, Heap]:
    database = Database()
    heap = make_heap(database, index=False)
    txn = database.begin()
    assert index.build(heap) is SKIP
    database.attach_index(txn, heap, index)
    for row in rows:
        heap.insert(txn, row)
    database.commit(txn)
    return database, heap


def one(row: Row) -> object:
    return row[0]


def pair(row: Row) -> tuple[object, ...]:
    return row[:2]


def found(heap: Heap, rids: object) -> list[object]:
    return [heap.latest(rid)[0] for rid in rids]  # type: ignore[attr-defined]  # an iterator of rids


def test_a_key_with_one_a_few_and_many_rows() -> None:
    for count in (1, 2, 5, 8, 9, 100):
        index = Index(1, one, positions=(0,))
        database, heap = heap_with(index, *((7, number) for number in range(count)))
        rids = list(index.candidates(7))
        assert len(rids) == count
        assert index.candidates(8) == ()
        for rid in rids[:-1]:
            txn = database.begin()
            heap.delete(txn, rid)
            database.commit(txn)
        assert list(index.candidates(7)) == rids[-1:]
        assert index.get(7) == rids[-1]
        check_indexes(heap)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("nulls_first", [False, True])
def test_one_column_in_order_with_its_nulls(descending: bool, nulls_first: bool) -> None:
    index = Index(1, one, columns=((descending, nulls_first),), positions=(0,))
    _, heap = heap_with(index, (3,), (None,), (1,), (2,), (None,), (2,))
    values = [3, 2, 2, 1] if descending else [1, 2, 2, 3]
    nulls = [None, None]
    whole = nulls + values if nulls_first else values + nulls
    assert [row[0] for row in found(heap, index.range(nulls=True))] == whole  # type: ignore[index]  # rows
    assert [row[0] for row in found(heap, index.range(reverse=True, nulls=True))] == whole[::-1]  # type: ignore[index]
    assert [row[0] for row in found(heap, index.range())] == values  # type: ignore[index]
    assert [row[0] for row in found(heap, index.range(low=2))] == [v for v in values if v >= 2]  # type: ignore[index]
    assert [row[0] for row in found(heap, index.range(high=2, high_open=True))] == [1]  # type: ignore[index]


DIRECTIONS = [
    ((False, False), (False, False)),
    ((False, False), (True, True)),
    ((True, True), (False, False)),
    ((True, False), (True, False)),
    ((False, True), (False, True)),
]


def order(columns: tuple[tuple[bool, bool], ...]) -> Callable[[Row], tuple[object, ...]]:
    def key(row: Row) -> tuple[object, ...]:
        parts: list[object] = []
        for item, (descending, nulls_first) in zip(row, columns, strict=False):
            if item is None:
                parts += (-1 if nulls_first else 1, 0)
            else:
                assert isinstance(item, int)
                parts += (0, -item if descending else item)
        return tuple(parts)

    return key


@pytest.mark.parametrize("columns", DIRECTIONS)
def test_two_columns_in_mixed_directions(columns: tuple[tuple[bool, bool], ...]) -> None:
    chance = random.Random(1)
    index = Index(1, pair, columns=columns, positions=(0, 1))
    values = [None, *range(6)]
    rows = [(chance.choice(values), chance.choice(values), number) for number in range(200)]
    _, heap = heap_with(index, *rows)
    ordered = sorted(rows, key=order(columns))
    keys = order(columns)
    for reverse in (False, True):
        seen = [keys(row) for row in found(heap, index.range(reverse=reverse))]  # type: ignore[arg-type]  # rows
        assert seen == [keys(row) for row in (ordered[::-1] if reverse else ordered)]
        for low_open in (False, True):
            for high_open in (False, True):
                rids = index.range((3, 1), (3, 4), low_open, high_open, reverse)
                wanted = [
                    row
                    for row in ordered
                    if row[0] == 3
                    and row[1] is not None
                    and (row[1] > 1 or (row[1] == 1 and not low_open))
                    and (row[1] < 4 or (row[1] == 4 and not high_open))
                ]
                seen = [keys(row) for row in found(heap, rids)]  # type: ignore[arg-type]  # rows
                assert seen == [keys(row) for row in (wanted[::-1] if reverse else wanted)]
    prefix = found(heap, index.range((4,), (4,)))
    assert sorted(map(repr, prefix)) == sorted(repr(row) for row in rows if row[0] == 4)
    at_least = {row for row in found(heap, index.range((4,))) if row[0] is not None}  # type: ignore[index]  # rows
    assert at_least == {row for row in rows if row[0] is not None and row[0] >= 4}


def test_descending_texts_are_in_order() -> None:
    index = Index(1, pair, columns=((False, False), (True, False)), positions=(0, 1))
    _, heap = heap_with(index, (1, "a"), (1, "c"), (1, "b"), (0, "z"))
    assert found(heap, index.range()) == [(0, "z"), (1, "c"), (1, "b"), (1, "a")]
    assert found(heap, index.range((1, "b"), (1,))) == [(1, "c"), (1, "b")]


def test_a_range_goes_on_while_others_insert_and_delete() -> None:
    index = Index(1, one, unique=True, positions=(0,))
    database, heap = heap_with(index, *((number,) for number in range(0, 200, 2)))
    snapshot = database.read_snapshot()
    database.manager.hold(snapshot)
    seen = []
    for rid in index.range():
        row = heap.fetch(rid, snapshot)
        if row is not None:
            seen.append(row[0])
            assert isinstance(row[0], int)
            txn = database.begin()
            if row[0] % 4 == 0:
                heap.delete(txn, rid)
            heap.insert(txn, (row[0] + 1,))
            database.commit(txn)
    assert seen == list(range(0, 200, 2))
    database.manager.release(snapshot)
    check_indexes(heap)


def test_a_partial_index_holds_only_the_rows_of_its_predicate() -> None:
    index = Index(1, one, unique=True, predicate=lambda row: row[1], positions=(0, 1))
    database, heap = heap_with(index, (1, True), (1, False), (2, False), (2, False))
    assert list(index.entries) == [1]
    txn = database.begin()
    assert index.conflict(txn, index.key_of((1, True))) is not None
    assert index.conflict(txn, index.key_of((1, False))) is None
    heap.update(txn, 2, (2, True))
    assert index.conflict(txn, 2) == (2, None)
    heap.update(txn, 0, (1, False))
    database.commit(txn)
    assert list(index.entries) == [2]
    rebuilt = Index(2, one, unique=True, predicate=lambda row: row[1], positions=(0, 1))
    assert rebuilt.build(heap) is SKIP
    assert rebuilt.entries == index.entries


def test_nulls_conflict_only_where_the_index_says_so() -> None:
    for nulls_distinct in (True, False):
        single = Index(1, one, unique=True, nulls_distinct=nulls_distinct, positions=(0,))
        database, _ = heap_with(single, (None,))
        assert (single.conflict(database.begin(), None) is None) == nulls_distinct
        double = Index(
            2, pair, columns=((False, False),) * 2, unique=True, nulls_distinct=nulls_distinct, positions=(0, 1)
        )
        database, heap = heap_with(double, (1, None))
        assert (double.conflict(database.begin(), (1, None)) is None) == nulls_distinct
        again = Index(3, pair, columns=double.columns, unique=True, nulls_distinct=nulls_distinct)
        txn = database.begin()
        heap.insert(txn, (1, None))
        assert (again.build(heap) is SKIP) == nulls_distinct


def test_an_undecided_row_is_waited_for_and_a_row_in_the_way_is_named() -> None:
    index = Index(1, one, unique=True, positions=(0,))
    database, heap = heap_with(index, (1,), (2,), (3,))
    txn, other = database.begin(), database.begin()
    assert index.conflict(txn, 1) == (0, None)
    assert index.conflict(txn, 1, own_rid=0) is None
    assert index.conflict(txn, 9) is None
    heap.delete(other, 0)
    assert index.conflict(txn, 1) == (0, other), "it may roll back"
    heap.update(other, 1, (20,))
    assert index.conflict(txn, 2) == (1, other)
    assert index.conflict(txn, 20) == (1, other)
    assert index.conflict(other, 1) is None
    assert index.conflict(other, 20) == (1, None)
    database.rollback(other)
    assert index.conflict(txn, 1) == (0, None)
    assert index.conflict(txn, 20) is None


def test_building_finds_duplicates_of_clean_and_of_changing_pages() -> None:
    database = Database()
    heap = make_heap(database, index=False)
    write(database, heap, *((number % 150,) for number in range(300)))
    assert Index(1, one, unique=True).build(heap) == 0
    assert Index(1, one).build(heap) is SKIP
    txn = database.begin()
    for rid in range(150):
        heap.delete(txn, rid)
    index = Index(2, one, unique=True, positions=(0,))
    assert index.build(heap) is SKIP
    database.attach_index(txn, heap, index)
    check_indexes(heap)
    database.rollback(txn)
    assert heap.indexes == ()
    assert Index(3, one, unique=True).build(heap) == 0


def test_an_index_built_over_old_versions_forgets_them_when_they_go() -> None:
    disk = Disk()
    database = open_database(disk).database
    heap = make_heap(database, index=False)
    rid, other = write(database, heap, (1,), (2,))
    pump(database, disk)
    snapshot = database.read_snapshot()
    database.manager.hold(snapshot)
    writer = database.begin()
    heap.update(writer, rid, (10,))
    heap.delete(writer, other)
    database.commit(writer)
    builder = database.begin()
    index = Index(1, one, unique=True, positions=(0,))
    assert index.build(heap) is SKIP
    database.attach_index(builder, heap, index)
    assert set(index.entries) == {1, 2, 10}
    database.commit(builder)
    pump(database, disk)
    assert set(index.entries) == {1, 2, 10}
    database.manager.release(snapshot)
    assert set(index.entries) == {10}
    check_indexes(heap)


def test_an_index_that_is_dropped_works_until_its_transaction_commits() -> None:
    index = Index(1, one, unique=True, positions=(0,))
    database, heap = heap_with(index, (1,))
    for end in (database.rollback, database.commit):
        txn = database.begin()
        database.detach_index(txn, heap, index)
        heap.insert(txn, (2,))
        assert heap.index(1) is index
        end(txn)
    assert heap.index(1) is None


def test_expression_keys_are_compared_by_value_when_positions_are_unknown() -> None:
    index = Index(1, lambda row: str(row[0]).lower())
    database, heap = heap_with(index, ("A",), ("b",))
    txn = database.begin()
    heap.update(txn, 0, ("a",))
    assert txn.dead_keys is None, "the key is the same"
    heap.update(txn, 0, ("c",))
    database.commit(txn)
    assert set(index.entries) == {"b", "c"}
    check_indexes(heap)


def test_a_cleared_index_can_be_filled_again() -> None:
    index = Index(1, one, positions=(0,))
    _, heap = heap_with(index, (1,), (2,))
    assert found(heap, index.range()) == [(1,), (2,)]
    index.clear()
    assert index.candidates(1) == ()
    index.build(heap)
    assert found(heap, index.range()) == [(1,), (2,)]
