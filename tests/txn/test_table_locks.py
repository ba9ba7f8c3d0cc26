"""Table locks: the conflict table, queues, fast path, deadlocks. Source: PostgreSQL 15, 13.3."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.heap import KEY_SHARE, NO_KEY_UPDATE, SHARE, UPDATE
from rustydb_engine.txn.locks import ACCESS_EXCLUSIVE, ACCESS_SHARE, CONFLICTS, ROW_EXCLUSIVE
from rustydb_engine.txn.locks import SHARE as TABLE_SHARE
from tests.storage.support import make_heap, write

T = 16_384
# Table 13.2: a row for each requested mode, X where it conflicts with a held one, weakest first.
TABLE = [".......X", "......XX", "....XXXX", "...XXXXX", "..XX.XXX", "..XXXXXX", ".XXXXXXX", "XXXXXXXX"]


@pytest.mark.parametrize("held", range(8))
@pytest.mark.parametrize("wanted", range(8))
def test_modes_conflict_as_in_the_manual(held: int, wanted: int) -> None:
    database = Database()
    locks = database.manager.locks
    holder, other = database.begin(), database.begin()
    assert locks.acquire(holder, T, held) == ()
    expected = TABLE[wanted][held] == "X"
    assert bool(CONFLICTS[wanted] >> held & 1) == expected
    assert locks.try_acquire(other, T, wanted) != expected
    third = database.begin()
    blockers = locks.acquire(third, T, wanted)
    assert (holder in blockers) == expected
    assert locks.acquire(holder, T, held) == ()
    locks.withdraw(third)
    for txn in (holder, other, third):
        database.rollback(txn)
    last = database.begin()
    assert locks.acquire(last, T, ACCESS_EXCLUSIVE) == ()
    assert locks.held() == [(last, T, ACCESS_EXCLUSIVE, True)]


def test_a_waiting_strong_request_holds_back_later_weak_ones() -> None:
    database = Database()
    locks = database.manager.locks
    reader, writer, late = database.begin(), database.begin(), database.begin()
    assert locks.acquire(reader, T, ACCESS_SHARE) == ()
    assert locks.acquire(writer, T, ACCESS_EXCLUSIVE) == (reader,)
    assert locks.acquire(late, T, ACCESS_SHARE) == (writer,)
    assert locks.acquire(reader, T, ROW_EXCLUSIVE) == (), "its own lock blocks the waiter: it passes"
    assert (writer, T, ACCESS_EXCLUSIVE, False) in locks.held()
    database.commit(reader)
    assert locks.acquire(writer, T, ACCESS_EXCLUSIVE) == ()
    assert locks.acquire(late, T, ACCESS_SHARE) == (writer,)
    database.commit(writer)
    assert locks.acquire(late, T, ACCESS_SHARE) == ()


def test_an_abandoned_wait_is_forgotten() -> None:
    database = Database()
    locks = database.manager.locks
    reader, writer, late = database.begin(), database.begin(), database.begin()
    locks.acquire(reader, T, ACCESS_SHARE)
    locks.acquire(writer, T, ACCESS_EXCLUSIVE)
    assert locks.acquire(late, T, ACCESS_SHARE) == (writer,)
    writer.waiters = [late]
    locks.withdraw(writer)
    assert database.take_woken() == [late], "it waited for the request that was given up"
    assert locks.acquire(late, T, ACCESS_SHARE) == ()


def test_a_stronger_lock_can_be_taken_on_top_of_ones_own() -> None:
    database = Database()
    locks = database.manager.locks
    txn, other = database.begin(), database.begin()
    locks.acquire(txn, T, ACCESS_SHARE)
    assert locks.acquire(txn, T, ACCESS_EXCLUSIVE) == ()
    assert locks.acquire(other, T, ACCESS_SHARE) == (txn,)
    locks.withdraw(other)
    database.rollback(txn)
    assert locks.acquire(other, T, TABLE_SHARE) == ()


def test_two_transactions_that_wait_for_each_other_are_a_deadlock() -> None:
    database = Database()
    first, second = database.begin(process_id=101), database.begin(process_id=102)
    database.manager.enter_wait(first, (second,))
    with pytest.raises(SqlError) as error:
        database.manager.enter_wait(second, (first,))
    assert error.value.sqlstate == "40P01"
    assert error.value.message == "deadlock detected"
    assert error.value.detail == (
        f"Process 102 waits for ShareLock on transaction {first.xid}; blocked by process 101.\n"
        f"Process 101 waits for ShareLock on transaction {second.xid}; blocked by process 102."
    )
    assert error.value.hint == "See server log for query details."
    database.manager.enter_wait(second, (database.begin(),))


def test_a_deadlock_over_row_and_table_locks_names_both() -> None:
    database = Database()
    locks = database.manager.locks
    first, second, third = (database.begin(process_id=number) for number in (1, 2, 3))
    locks.acquire(first, T, ACCESS_EXCLUSIVE)
    locks.acquire(second, T, ACCESS_SHARE)
    database.manager.enter_wait(second, (first,))
    database.manager.enter_wait(third, (second,))
    with pytest.raises(SqlError) as error:
        database.manager.enter_wait(first, (third,))
    assert error.value.detail is not None
    lines = error.value.detail.split("\n")
    assert lines[0] == f"Process 1 waits for ShareLock on transaction {third.xid}; blocked by process 3."
    assert lines[2] == f"Process 2 waits for AccessShareLock on relation {T} of database 5; blocked by process 1."
    database.rollback(second)
    database.manager.leave_wait(third)
    database.manager.enter_wait(first, (third,))


# Table 13.3: row-level locks; requested against held, weakest first.
ROW_TABLE = ("...X", "..XX", ".XXX", "XXXX")


@pytest.mark.parametrize("held", [KEY_SHARE, SHARE, NO_KEY_UPDATE, UPDATE])
@pytest.mark.parametrize("wanted", [KEY_SHARE, SHARE, NO_KEY_UPDATE, UPDATE])
def test_row_locks_conflict_as_in_the_manual(held: int, wanted: int) -> None:
    database = Database()
    heap = make_heap(database)
    (rid,) = write(database, heap, (1, "x"))
    holder, other = database.begin(), database.begin()
    heap.lock(holder, rid, held)
    heap.lock(holder, rid, held)
    expected = holder if ROW_TABLE[wanted][held] == "X" else None
    assert heap.blocker(other, rid, wanted) is expected
    assert heap.blocker(holder, rid, wanted) is None
    database.commit(holder)
    assert heap.blocker(other, rid, wanted) is None
    assert not heap.locks


def test_an_update_that_keeps_the_key_lets_foreign_keys_through() -> None:
    database = Database()
    heap = make_heap(database)
    kept, moved, gone = write(database, heap, (1, "x"), (2, "x"), (3, "x"))
    txn, other = database.begin(), database.begin()
    assert heap.strength_of_update((1, "x"), (1, "y")) == NO_KEY_UPDATE
    assert heap.strength_of_update((2, "x"), (20, "x")) == UPDATE
    heap.update(txn, kept, (1, "y"))
    heap.update(txn, moved, (20, "x"))
    heap.delete(txn, gone)
    assert heap.blocker(other, kept, KEY_SHARE) is None
    assert heap.blocker(other, kept, SHARE) is txn
    assert heap.blocker(other, moved, KEY_SHARE) is txn
    assert heap.blocker(other, gone, KEY_SHARE) is txn
