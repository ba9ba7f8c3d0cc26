"""Two sessions at once: what one waits for, sees, and is refused, as PostgreSQL 15 does it.

A statement that must wait runs in a thread; `pg_stat_activity` says when it does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors

WAIT_SECONDS = 10


@pytest.fixture
def one(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table t (id int primary key, n int)")
        connection.execute("insert into t select g, 0 from generate_series(1, 10) g")
        yield connection


@pytest.fixture
def two(url: str, one: psycopg.Connection) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


class Waiting:
    """A statement in a thread of its own, started and found waiting for a lock."""

    def __init__(self, connection: psycopg.Connection, watcher: psycopg.Connection, sql: str) -> None:
        self.error: Exception | None = None
        self.rows: list[Any] = []
        self.status = ""
        self._connection = connection
        self._thread = threading.Thread(target=self._run, args=(sql,))
        self._thread.start()
        deadline = time.monotonic() + WAIT_SECONDS
        query = "select wait_event_type from pg_stat_activity where pid = %s"
        while watcher.execute(query, (connection.info.backend_pid,)).fetchone() != ("Lock",):
            assert self._thread.is_alive(), f"{sql} does not wait: {self.error or self.status}"
            assert time.monotonic() < deadline, f"{sql} is not seen to wait"

    def _run(self, sql: str) -> None:
        try:
            cursor = self._connection.execute(sql)
            self.status = cursor.statusmessage or ""
            self.rows = cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            self.error = error

    def end(self) -> Waiting:
        """Wait until the statement is done."""
        self._thread.join(WAIT_SECONDS)
        assert not self._thread.is_alive(), "the statement still waits"
        return self


def test_an_update_waits_for_the_row_and_sees_what_was_committed(
    one: psycopg.Connection, two: psycopg.Connection
) -> None:
    one.execute("begin")
    one.execute("update t set n = n + 1 where id = 1")
    waiting = Waiting(two, one, "update t set n = n + 10 where id = 1 returning n")
    one.execute("commit")
    assert waiting.end().rows == [(11,)]


def test_an_update_whose_row_no_longer_qualifies_leaves_it_alone(
    one: psycopg.Connection, two: psycopg.Connection
) -> None:
    one.execute("begin")
    one.execute("update t set n = 5 where id = 1")
    waiting = Waiting(two, one, "update t set n = 100 where n = 0 and id < 3")
    one.execute("commit")
    assert waiting.end().status == "UPDATE 1"
    assert one.execute("select id, n from t where id < 3 order by id").fetchall() == [(1, 5), (2, 100)]


def test_a_row_that_was_deleted_meanwhile_is_passed_over(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("delete from t where id = 1")
    waiting = Waiting(two, one, "update t set n = 1 where id in (1, 2)")
    one.execute("commit")
    assert waiting.end().status == "UPDATE 1"


def test_a_rolled_back_writer_lets_the_waiter_go_on_with_the_old_row(
    one: psycopg.Connection, two: psycopg.Connection
) -> None:
    one.execute("begin")
    one.execute("update t set n = 7 where id = 1")
    waiting = Waiting(two, one, "update t set n = n + 1 where id = 1 returning n")
    one.execute("rollback")
    assert waiting.end().rows == [(1,)]


def test_readers_never_wait(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("update t set n = 1")
    assert two.execute("select sum(n) from t").fetchone() == (0,)
    one.execute("commit")
    assert two.execute("select sum(n) from t").fetchone() == (10,)


def test_repeatable_read_keeps_its_snapshot_and_refuses_to_overwrite(
    one: psycopg.Connection, two: psycopg.Connection
) -> None:
    two.execute("begin isolation level repeatable read")
    assert two.execute("select n from t where id = 1").fetchone() == (0,)
    one.execute("update t set n = 5 where id = 1")
    assert two.execute("select n from t where id = 1").fetchone() == (0,)
    with pytest.raises(errors.SerializationFailure, match="could not serialize access due to concurrent update"):
        two.execute("update t set n = n + 1 where id = 1")
    two.execute("rollback")
    two.execute("begin isolation level repeatable read")
    two.execute("select 1 from t")
    one.execute("delete from t where id = 2")
    with pytest.raises(errors.SerializationFailure, match="could not serialize access due to concurrent delete"):
        two.execute("update t set n = n + 1 where id = 2")
    two.execute("rollback")


def test_repeatable_read_waits_and_then_fails(one: psycopg.Connection, two: psycopg.Connection) -> None:
    two.execute("begin isolation level repeatable read")
    two.execute("select 1 from t")
    one.execute("begin")
    one.execute("update t set n = 5 where id = 1")
    waiting = Waiting(two, one, "update t set n = n + 1 where id = 1")
    one.execute("commit")
    assert isinstance(waiting.end().error, errors.SerializationFailure)
    two.execute("rollback")


def test_a_deadlock_is_found_and_one_goes_on(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("update t set n = 1 where id = 1")
    two.execute("begin")
    two.execute("update t set n = 2 where id = 2")
    waiting = Waiting(two, one, "update t set n = 2 where id = 1")
    with pytest.raises(errors.DeadlockDetected, match="deadlock detected"):
        one.execute("update t set n = 1 where id = 2")
    one.execute("rollback")
    assert waiting.end().error is None
    two.execute("commit")
    assert one.execute("select id, n from t where id < 3 order by id").fetchall() == [(1, 2), (2, 2)]


def test_a_unique_key_waits_for_the_transaction_that_took_it(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("insert into t values (50, 0)")
    waiting = Waiting(two, one, "insert into t values (50, 1)")
    one.execute("commit")
    assert isinstance(waiting.end().error, errors.UniqueViolation)
    one.execute("begin")
    one.execute("insert into t values (51, 0)")
    waiting = Waiting(two, one, "insert into t values (51, 1)")
    one.execute("rollback")
    assert waiting.end().status == "INSERT 0 1"


def test_on_conflict_waits_and_then_updates(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("insert into t values (60, 1)")
    upsert = "insert into t values (60, 1) on conflict (id) do update set n = t.n + 1 returning n"
    waiting = Waiting(two, one, upsert)
    one.execute("commit")
    assert waiting.end().rows == [(2,)]


def test_a_foreign_key_keeps_its_parent(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("create table c (t_id int references t)")
    one.execute("begin")
    one.execute("insert into c values (1)")
    two.execute("update t set n = 9 where id = 1")  # not the key: no wait
    waiting = Waiting(two, one, "delete from t where id = 1")
    one.execute("commit")
    assert isinstance(waiting.end().error, errors.ForeignKeyViolation)


def test_select_for_update_blocks_writers_and_its_weaker_kin_less(
    one: psycopg.Connection, two: psycopg.Connection
) -> None:
    one.execute("begin")
    assert one.execute("select n from t where id = 1 for update").fetchone() == (0,)
    with pytest.raises(errors.LockNotAvailable):
        two.execute("select n from t where id = 1 for share nowait")
    skipped = two.execute("select id from t where id < 3 order by id for update skip locked").fetchall()
    assert skipped == [(2,)]
    waiting = Waiting(two, one, "update t set n = 1 where id = 1")
    one.execute("commit")
    assert waiting.end().status == "UPDATE 1"
    one.execute("begin")
    one.execute("select n from t where id = 1 for share")
    assert two.execute("select n from t where id = 1 for share").fetchone() == (1,)
    assert two.execute("select n from t where id = 1 for key share").fetchone() == (1,)
    with pytest.raises(errors.LockNotAvailable):
        two.execute("select n from t where id = 1 for no key update nowait")
    one.execute("commit")


def test_select_for_update_gives_the_row_as_it_is_after_the_wait(
    one: psycopg.Connection, two: psycopg.Connection
) -> None:
    one.execute("begin")
    one.execute("update t set n = 42 where id = 1")
    waiting = Waiting(two, one, "select n from t where id = 1 for update")
    one.execute("commit")
    assert waiting.end().rows == [(42,)]


def test_a_queue_gives_each_job_once(url: str, one: psycopg.Connection) -> None:
    one.execute("create table jobs (id int primary key, taken_by int)")
    one.execute("insert into jobs select generate_series(1, 60)")

    def work(number: int) -> None:
        take = (
            "update jobs set taken_by = %s where id = "
            "(select id from jobs where taken_by is null order by id limit 1 for update skip locked) returning id"
        )
        with psycopg.connect(url, autocommit=True) as connection:
            while connection.execute(take, (number,)).fetchone() is not None:
                pass

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(WAIT_SECONDS * 3)
    assert one.execute("select count(*) from jobs where taken_by is null").fetchone() == (0,)


def test_definitions_wait_for_those_who_use_the_table(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("select * from t")
    waiting = Waiting(two, one, "alter table t add extra int default 7")
    one.execute("commit")
    assert waiting.end().error is None
    assert one.execute("select extra from t where id = 1").fetchone() == (7,)


def test_readers_wait_for_a_definition_and_then_see_it(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("alter table t rename n to m")
    waiting = Waiting(two, one, "select n from t where id = 1")
    one.execute("commit")
    assert isinstance(waiting.end().error, errors.UndefinedColumn)
    one.execute("begin")
    one.execute("drop table t")
    waiting = Waiting(two, one, "select count(*) from t")
    one.execute("rollback")
    assert waiting.end().rows == [(10,)]


def test_a_definition_that_waits_makes_later_readers_wait(
    url: str, one: psycopg.Connection, two: psycopg.Connection
) -> None:
    one.execute("begin")
    one.execute("select * from t")
    dropping = Waiting(two, one, "drop table t")
    with psycopg.connect(url, autocommit=True) as three:
        reading = Waiting(three, one, "select count(*) from t")
        one.execute("commit")
        assert dropping.end().status == "DROP TABLE"
        assert isinstance(reading.end().error, errors.UndefinedTable)


def test_a_lock_timeout_gives_up(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("update t set n = 1 where id = 1")
    two.execute("set lock_timeout to '100ms'")
    with pytest.raises(errors.LockNotAvailable, match="canceling statement due to lock timeout"):
        two.execute("update t set n = 2 where id = 1")
    one.execute("commit")
    assert two.execute("update t set n = 2 where id = 1").statusmessage == "UPDATE 1"


def test_a_waiting_statement_is_cancelled(one: psycopg.Connection, two: psycopg.Connection) -> None:
    one.execute("begin")
    one.execute("update t set n = 1 where id = 1")
    waiting = Waiting(two, one, "update t set n = 2 where id = 1")
    two.cancel()
    assert isinstance(waiting.end().error, errors.QueryCanceled)
    one.execute("commit")


def test_a_lost_client_gives_its_locks_back(url: str, one: psycopg.Connection) -> None:
    import socket

    lost = psycopg.connect(url)
    lost.execute("update t set n = 1 where id = 1")
    with socket.socket(fileno=lost.fileno()) as wire:
        wire.shutdown(socket.SHUT_RDWR)
        wire.detach()
    one.execute("set lock_timeout to '5s'")
    assert one.execute("update t set n = 2 where id = 1 returning n").fetchone() == (2,)
    assert one.execute("select n from t where id = 1").fetchone() == (2,)


def test_another_session_is_terminated(one: psycopg.Connection, two: psycopg.Connection) -> None:
    two.execute("begin")
    two.execute("update t set n = 1 where id = 1")
    assert one.execute("select pg_terminate_backend(%s)", (two.info.backend_pid,)).fetchone() == (True,)
    with pytest.raises(errors.AdminShutdown, match="terminating connection due to administrator command"):
        two.execute("select 1")
    assert one.execute("update t set n = 2 where id = 1").statusmessage == "UPDATE 1"


def test_money_is_neither_made_nor_lost(url: str, one: psycopg.Connection) -> None:
    failures = []

    def work(number: int) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            for step in range(40):
                first, second = (number * 7 + step) % 10 + 1, (number * 3 + step * 2) % 10 + 1
                try:
                    with connection.transaction():
                        connection.execute("update t set n = n - 1 where id = %s", (first,))
                        connection.execute("update t set n = n + 1 where id = %s", (second,))
                except errors.DeadlockDetected:
                    pass
                except psycopg.Error as error:
                    failures.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(WAIT_SECONDS * 3)
    assert failures == []
    assert one.execute("select sum(n) from t").fetchone() == (0,)
