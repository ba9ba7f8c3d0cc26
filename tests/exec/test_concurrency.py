"""Transactions side by side: waiting for rows, newest versions, serialization failures. Outcomes are PostgreSQL 15's."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import WaitFor
from rustydb_engine.txn.transaction import REPEATABLE_READ, Transaction
from tests.support.local import Local


@pytest.fixture
def db() -> Local:
    local = Local()
    local.script(
        "CREATE TABLE t (a int PRIMARY KEY, b int, c text UNIQUE)",
        "INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y')",
    )
    return local


def finish(steps: Generator[Any, None, list[tuple[object, ...]]]) -> list[tuple[object, ...]]:
    """Run a statement whose wait is over to its end."""
    try:
        while True:
            next(steps)
    except StopIteration as stop:
        result: list[tuple[object, ...]] = stop.value
        return result


def waits_for(steps: Generator[Any, None, Any], txn: Transaction) -> None:
    item = next(steps)
    assert isinstance(item, WaitFor) and item.transactions == (txn,)


def test_a_writer_waits_and_then_updates_the_newest_version(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("UPDATE t SET b = b + 1 WHERE a = 1", txn=one)
    steps = db.steps("UPDATE t SET b = b + 100 WHERE a = 1 RETURNING b", txn=two)
    waits_for(steps, one)
    db.commit(one)
    assert finish(steps) == [(111,)]


def test_after_a_rollback_the_waiter_goes_on_with_the_old_version(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("UPDATE t SET b = b + 1 WHERE a = 1", txn=one)
    steps = db.steps("UPDATE t SET b = b + 100 WHERE a = 1 RETURNING b", txn=two)
    waits_for(steps, one)
    db.rollback(one)
    assert finish(steps) == [(110,)]


def test_conditions_are_evaluated_again_on_the_newest_version(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("UPDATE t SET b = 99 WHERE a = 1", txn=one)
    steps = db.steps("UPDATE t SET b = 0 WHERE b < 50 RETURNING a", txn=two)
    waits_for(steps, one)
    db.commit(one)
    assert finish(steps) == [(2,)]


def test_conditions_of_a_join_are_evaluated_again(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("UPDATE t SET b = 99 WHERE a = 1", txn=one)
    steps = db.steps("UPDATE t SET b = 0 FROM (VALUES (1, 10), (2, 20)) v(a, b) WHERE t.b = v.b RETURNING t.a", txn=two)
    waits_for(steps, one)
    db.commit(one)
    assert finish(steps) == [(2,)]


def test_a_row_deleted_meanwhile_is_left_out(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("DELETE FROM t WHERE a = 1", txn=one)
    steps = db.steps("UPDATE t SET b = 0 WHERE a = 1", txn=two)
    waits_for(steps, one)
    db.commit(one)
    assert finish(steps) == [] and db.tag == "UPDATE 0"


@pytest.mark.parametrize(("change", "words"), [("UPDATE t SET b = 1", "update"), ("DELETE FROM t", "delete")])
def test_repeatable_read_fails_on_a_concurrent_change(db: Local, change: str, words: str) -> None:
    one, two = db.begin(), db.begin(REPEATABLE_READ)
    db.run("SELECT * FROM t", txn=two)
    db.run(f"{change} WHERE a = 1", txn=one)
    db.commit(one)
    with pytest.raises(SqlError) as caught:
        db.run("UPDATE t SET b = 0 WHERE a = 1", txn=two)
    assert caught.value.sqlstate == "40001"
    assert caught.value.message == f"could not serialize access due to concurrent {words}"


def test_repeatable_read_reads_its_snapshot(db: Local) -> None:
    two = db.begin(REPEATABLE_READ)
    db.run("SELECT 1 FROM t", txn=two)
    db.run("UPDATE t SET b = 5, a = 7 WHERE a = 1")
    db.run("DELETE FROM t WHERE a = 2")
    db.run("INSERT INTO t VALUES (3, 30)")
    assert db.run("SELECT a, b FROM t ORDER BY a", txn=two) == [(1, 10), (2, 20)]
    assert db.run("SELECT b FROM t WHERE a = 1", txn=two) == [(10,)]
    assert db.run("SELECT b FROM t WHERE a = 7", txn=two) == []
    assert db.run("SELECT a FROM t WHERE a >= 1 AND a <= 9 ORDER BY a", txn=two) == [(1,), (2,)]
    assert db.run("SELECT count(*) FROM t", txn=two) == [(2,)]


def test_a_second_writer_of_a_key_waits_and_then_fails(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("INSERT INTO t VALUES (5, 0)", txn=one)
    steps = db.steps("INSERT INTO t VALUES (5, 1)", txn=two)
    waits_for(steps, one)
    db.commit(one)
    with pytest.raises(SqlError) as caught:
        finish(steps)
    assert caught.value.sqlstate == "23505" and caught.value.detail == "Key (a)=(5) already exists."


def test_a_second_writer_of_a_key_goes_on_after_a_rollback(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("INSERT INTO t VALUES (5, 0)", txn=one)
    steps = db.steps("INSERT INTO t VALUES (5, 1)", txn=two)
    waits_for(steps, one)
    db.rollback(one)
    finish(steps)
    db.commit(two)
    assert db.run("SELECT b FROM t WHERE a = 5") == [(1,)]


def test_on_conflict_waits_for_an_undecided_row_and_updates_it(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("INSERT INTO t VALUES (5, 50)", txn=one)
    steps = db.steps(
        "INSERT INTO t VALUES (5, 1) ON CONFLICT (a) DO UPDATE SET b = t.b + excluded.b RETURNING b", txn=two
    )
    waits_for(steps, one)
    db.commit(one)
    assert finish(steps) == [(51,)]


def test_on_conflict_do_nothing_waits_too(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("INSERT INTO t VALUES (5, 50)", txn=one)
    steps = db.steps("INSERT INTO t VALUES (5, 1) ON CONFLICT DO NOTHING", txn=two)
    waits_for(steps, one)
    db.rollback(one)
    finish(steps)
    assert db.tag == "INSERT 0 1"


def test_for_update_waits_and_gives_the_newest_version(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("UPDATE t SET b = 11 WHERE a = 1", txn=one)
    steps = db.steps("SELECT b FROM t WHERE a = 1 FOR UPDATE", txn=two)
    waits_for(steps, one)
    db.commit(one)
    assert finish(steps) == [(11,)]
    three = db.begin()
    waits_for(db.steps("DELETE FROM t WHERE a = 1", txn=three), two)


def test_nowait_fails_and_skip_locked_skips(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("SELECT * FROM t WHERE a = 1 FOR UPDATE", txn=one)
    with pytest.raises(SqlError) as caught:
        db.run("SELECT * FROM t FOR UPDATE NOWAIT", txn=two)
    assert caught.value.sqlstate == "55P03"
    assert caught.value.message == 'could not obtain lock on row in relation "t"'
    assert db.run("SELECT a FROM t FOR UPDATE SKIP LOCKED", txn=two) == [(2,)]


def test_share_locks_are_shared(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("SELECT * FROM t WHERE a = 1 FOR SHARE", txn=one)
    assert db.run("SELECT a FROM t WHERE a = 1 FOR SHARE", txn=two) == [(1,)]
    waits_for(db.steps("UPDATE t SET b = 0 WHERE a = 1", txn=one), two)


def test_a_reader_never_waits_and_sees_no_undecided_change(db: Local) -> None:
    one = db.begin()
    db.run("UPDATE t SET b = 0", txn=one)
    db.run("DELETE FROM t WHERE a = 2", txn=one)
    assert db.run("SELECT a, b FROM t ORDER BY a") == [(1, 10), (2, 20)]
    assert db.run("SELECT a, b FROM t ORDER BY a", txn=one) == [(1, 0)]
    assert db.run("SELECT b FROM t WHERE a = 2") == [(20,)]
    assert db.run("SELECT b FROM t WHERE a = 2", txn=one) == []


def test_a_child_waits_for_an_undecided_parent(db: Local) -> None:
    db.run("CREATE TABLE c (a int REFERENCES t)")
    one, two = db.begin(), db.begin()
    db.run("DELETE FROM t WHERE a = 1", txn=one)
    steps = db.steps("INSERT INTO c VALUES (1)", txn=two)
    waits_for(steps, one)
    db.commit(one)
    with pytest.raises(SqlError) as caught:
        finish(steps)
    assert caught.value.sqlstate == "23503"


def test_a_parent_waits_for_an_undecided_child(db: Local) -> None:
    db.run("CREATE TABLE c (a int REFERENCES t)")
    one, two = db.begin(), db.begin()
    db.run("INSERT INTO c VALUES (1)", txn=one)
    steps = db.steps("DELETE FROM t WHERE a = 1", txn=two)
    waits_for(steps, one)
    db.commit(one)
    with pytest.raises(SqlError) as caught:
        finish(steps)
    assert caught.value.sqlstate == "23503"


def test_a_child_does_not_hinder_an_update_that_keeps_the_parents_key(db: Local) -> None:
    db.run("CREATE TABLE c (a int REFERENCES t)")
    one, two = db.begin(), db.begin()
    db.run("INSERT INTO c VALUES (1)", txn=one)
    db.run("UPDATE t SET b = 77 WHERE a = 1", txn=two)
    assert db.tag == "UPDATE 1"


def test_a_statement_does_not_see_what_it_wrote_itself(db: Local) -> None:
    db.run("INSERT INTO t SELECT a + 2, b, NULL FROM t")
    assert db.run("SELECT a FROM t ORDER BY a") == [(1,), (2,), (3,), (4,)]
    db.run("UPDATE t SET a = a + 10 WHERE a > 0")
    assert db.run("SELECT a FROM t ORDER BY a") == [(11,), (12,), (13,), (14,)]
    rows = db.run("WITH d AS (DELETE FROM t RETURNING a) SELECT (SELECT count(*) FROM t), count(*) FROM d")
    assert rows == [(4, 4)]
    assert db.run("SELECT count(*) FROM t") == [(0,)]


def test_a_read_only_transaction_may_not_write(db: Local) -> None:
    txn = db.begin(read_only=True)
    with pytest.raises(SqlError) as caught:
        db.run("DELETE FROM t", txn=txn)
    assert (caught.value.sqlstate, caught.value.message) == (
        "25006",
        "cannot execute DELETE in a read-only transaction",
    )


def test_deferred_constraints_are_checked_at_commit(db: Local) -> None:
    db.run("CREATE TABLE c (a int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
    txn = db.begin()
    db.run("INSERT INTO c VALUES (9)", txn=txn)
    with pytest.raises(SqlError) as caught:
        db.commit(txn)
    assert caught.value.sqlstate == "23503"
    db.rollback(txn)
    txn = db.begin()
    db.run("INSERT INTO c VALUES (9)", txn=txn)
    db.run("INSERT INTO t VALUES (9, 9)", txn=txn)
    db.commit(txn)
    assert db.run("SELECT * FROM c") == [(9,)]


def test_a_deferrable_unique_constraint_is_checked_when_the_statement_ends(db: Local) -> None:
    db.script("CREATE TABLE u (a int UNIQUE DEFERRABLE)", "INSERT INTO u VALUES (1), (2), (3)")
    db.run("UPDATE u SET a = a + 1")
    assert db.run("SELECT a FROM u ORDER BY a") == [(2,), (3,), (4,)]
    with pytest.raises(SqlError) as caught:
        db.run("INSERT INTO u VALUES (2)")
    assert caught.value.sqlstate == "23505"
