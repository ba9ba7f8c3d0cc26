"""DDL in transactions: what others see, who waits for whom, and what a rollback takes back."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import WaitFor
from rustydb_engine.txn.transaction import REPEATABLE_READ, Transaction
from tests.support.local import Local


def fails(local: Local, sql: str, sqlstate: str, txn: object = None) -> str:
    with pytest.raises(SqlError) as caught:
        local.run(sql, txn=txn)  # type: ignore[arg-type]  # a transaction or None
    assert caught.value.sqlstate == sqlstate
    return caught.value.message


def test_a_table_is_seen_by_others_when_its_transaction_commits() -> None:
    local = Local()
    txn = local.begin()
    local.run("create table t (a int)", txn=txn)
    local.run("insert into t values (1)", txn=txn)
    assert local.run("select * from t", txn=txn) == [(1,)]
    assert fails(local, "select * from t", "42P01") == 'relation "t" does not exist'
    local.commit(txn)
    assert local.run("select * from t") == [(1,)]


def test_rollback_takes_back_every_kind_of_change() -> None:
    local = Local()
    local.script("create table t (id int primary key, a text)", "insert into t values (1, 'x'), (2, 'y')")
    before = list(local.database.catalog.user_objects())
    txn = local.begin()
    for sql in (
        "alter table t add b int default 7 not null", "create index on t (a)", "alter table t alter id type bigint",
        "alter table t rename a to c", "truncate t", "insert into t values (9, 'z', 9)", "create view v as select * from t",
        "create sequence s", "comment on table t is 'note'", "alter table t rename to u", "drop table u cascade",
    ):  # fmt: skip
        local.run(sql, txn=txn)
    local.rollback(txn)
    assert list(local.database.catalog.user_objects()) == before
    assert local.run("select * from t order by id") == [(1, "x"), (2, "y")]
    fails(local, "insert into t values (1, 'again')", "23505")


def test_rollback_to_a_savepoint_takes_back_what_came_after_it() -> None:
    local = Local()
    txn = local.begin()
    local.run("create table kept (a int)", txn=txn)
    mark = txn.savepoint()
    local.run("create table gone (a int)", txn=txn)
    local.run("alter table kept add b int default 1", txn=txn)
    local.database.rollback_to(txn, mark)
    local.run("insert into kept values (5)", txn=txn)
    local.commit(txn)
    assert local.run("select * from kept") == [(5,)]
    fails(local, "select * from gone", "42P01")


def test_of_two_that_create_the_same_table_the_second_waits_and_then_fails() -> None:
    local = Local()
    one, two = local.begin(), local.begin()
    local.run("create table t (a int)", txn=one)
    steps = local.steps("create table t (a int)", txn=two)
    wait = next(steps)
    assert isinstance(wait, WaitFor) and wait.transactions == (one,)
    local.commit(one)
    with pytest.raises(SqlError) as caught:
        next(steps)
    assert (caught.value.sqlstate, caught.value.message) == ("42P07", 'relation "t" already exists')
    local.rollback(two)


def test_the_second_gets_the_name_when_the_first_rolls_back() -> None:
    local = Local()
    one, two = local.begin(), local.begin()
    local.run("create table t (a int)", txn=one)
    steps = local.steps("create table t (b text)", txn=two)
    next(steps)
    local.rollback(one)
    with pytest.raises(StopIteration):
        next(steps)
    local.commit(two)
    assert local.run("select b from t") == []


def test_drop_waits_for_writers_and_finds_the_table_gone_when_another_dropped_it() -> None:
    local = Local()
    local.run("create table t (a int)")
    one, two = local.begin(), local.begin()
    local.run("drop table t", txn=one)
    steps = local.steps("drop table t", txn=two)
    assert isinstance(next(steps), WaitFor)
    local.commit(one)
    with pytest.raises(SqlError) as caught:
        next(steps)
    assert (caught.value.sqlstate, caught.value.message) == ("42P01", 'table "t" does not exist')
    local.rollback(two)


def test_alter_follows_a_table_that_was_renamed_while_it_waited() -> None:
    local = Local()
    local.script("create table t (a int)")
    one, two = local.begin(), local.begin()
    local.run("alter table t rename to old", txn=one)
    local.run("create table t (b int)", txn=one)
    steps = local.steps("alter table t add c int", txn=two)
    next(steps)
    local.commit(one)
    with pytest.raises(StopIteration):
        next(steps)
    local.commit(two)
    assert local.run("select b, c from t") == []


def test_an_abandoned_wait_leaves_no_trace() -> None:
    local = Local()
    local.run("create table t (a int)")
    one, two = local.begin(), local.begin()
    local.run("alter table t add b int", txn=one)
    steps = local.steps("drop table t", txn=two)
    next(steps)
    steps.close()
    local.rollback(two)
    local.commit(one)
    local.run("drop table t")


def test_a_check_of_existing_rows_sees_the_rows_of_its_own_transaction() -> None:
    local = Local()
    txn = local.begin()
    local.run("create table t (a int)", txn=txn)
    local.run("insert into t values (1), (1)", txn=txn)
    mark = txn.savepoint()
    message = fails(local, "alter table t add unique (a)", "23505", txn)
    assert message == 'could not create unique index "t_a_key"'
    local.database.rollback_to(txn, mark)
    local.run("update t set a = 2 where a = 1", txn=txn)
    fails(local, "alter table t add check (a < 2)", "23514", txn)
    local.rollback(txn)


def test_an_index_made_in_a_transaction_is_used_and_kept_up_to_date() -> None:
    local = Local()
    local.script("create table t (a int, b text)", "insert into t select g, 'v' || g from generate_series(1, 1000) g")
    txn = local.begin()
    local.run("create unique index on t (a)", txn=txn)
    local.run("insert into t values (1001, 'new')", txn=txn)
    fails(local, "insert into t values (5, 'twice')", "23505", txn)
    local.commit(txn)
    assert local.run("select b from t where a = 1001") == [("new",)]
    fails(local, "insert into t values (1001, 'twice')", "23505")


def test_rows_that_were_deleted_are_no_obstacle_to_a_new_index() -> None:
    local = Local()
    local.script(
        "create table t (a int)", "insert into t values (1), (1), (2), (3)", "delete from t where a = 1",
        "alter table t add primary key (a)", "insert into t values (1)",
    )  # fmt: skip
    assert local.run("select a from t order by a") == [(1,), (2,), (3,)]
    fails(local, "insert into t values (1)", "23505")


def test_a_volatile_default_is_computed_for_each_row_and_a_stable_one_once() -> None:
    local = Local()
    local.script(
        "create table t (a int)", "insert into t select generate_series(1, 50)",
        "alter table t add r float default random(), add s serial, add n timestamptz default now()",
    )  # fmt: skip
    assert local.run("select count(distinct r), count(distinct s), count(distinct n) from t") == [(50, 50, 1)]
    local.run("insert into t (a) values (99)")
    assert local.run("select s from t where a = 99") == [(51,)]


def _changed_table() -> tuple[Local, Transaction]:
    """Return a table and a transaction whose snapshot is older than the table's latest changes."""
    local = Local()
    local.script(
        "create table t (id int primary key, a text)",
        "insert into t select g, 'x' || g from generate_series(1, 600) g",
    )
    old = local.begin(REPEATABLE_READ)
    assert local.run("select 1", txn=old) == [(1,)]
    local.script(
        "update t set a = 'new' where id = 2",
        "update t set id = 1000 where id = 3",
        "delete from t where id = 4",
        "insert into t values (5000, 'late')",
    )
    return local, old


def test_add_column_with_a_steady_default_keeps_what_older_snapshots_see() -> None:
    local, old = _changed_table()
    local.run("alter table t add b int default 7 not null")
    assert local.run("select id, a, b from t where id in (1, 2, 3, 4, 5000) order by id", txn=old) == [
        (1, "x1", 7), (2, "x2", 7), (3, "x3", 7), (4, "x4", 7),
    ]  # fmt: skip
    assert local.run("select count(*), sum(id), sum(b) from t", txn=old) == [(600, 180300, 4200)]
    assert local.run("select count(*), sum(id), sum(b) from t") == [(600, 180300 - 4 - 3 + 1000 + 5000, 4200)]
    assert local.run("select a, b from t where id = 1000") == [("x3", 7)]
    local.run("update t set b = 8, a = 'newer' where id in (2, 1000)")
    assert local.run("select a, b from t where id in (2, 3) order by id", txn=old) == [("x2", 7), ("x3", 7)]
    local.commit(old)
    for wanted, expected in ((2, [(8,)]), (3, []), (4, []), (1000, [(8,)])):
        assert local.run(f"select b from t where id = {wanted}") == expected
    local.run("insert into t values (3, 'again', 1), (4, 'again', 1)")
    assert local.run("select count(*) from t") == [(602,)]


def test_a_rolled_back_add_column_leaves_the_versions_as_they_were() -> None:
    local, old = _changed_table()
    txn = local.begin()
    local.run("alter table t add b int default 7", txn=txn)
    assert local.run("select count(*), count(b) from t", txn=txn) == [(600, 600)]
    local.rollback(txn)
    assert local.run("select sum(id) from t", txn=old) == [(180300,)]
    local.commit(old)
    assert local.run("select a from t where id in (2, 3, 4, 1000) order by id") == [("new",), ("x3",)]
