"""INSERT of many rows at a time: what it stores, and that its errors come as if the rows came one by one."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import WaitFor
from tests.support.local import Local

MANY = 20_000


@pytest.fixture
def db() -> Local:
    local = Local()
    local.script(
        "CREATE TABLE t (a int NOT NULL, b int CHECK (b <> 13), c int GENERATED ALWAYS AS (b * 2) STORED)",
        "CREATE TABLE u (a int PRIMARY KEY, b int CHECK (b <> 13))",
        "CREATE TABLE s (a int, b int)",
    )
    return local


def error_of(db: Local, sql: str) -> str:
    """Run a statement that fails; its message and detail."""
    with pytest.raises(SqlError) as caught:
        db.run(sql)
    return f"{caught.value.message}: {caught.value.detail}"


def test_rows_of_a_long_statement_are_all_there(db: Local) -> None:
    db.run(f"INSERT INTO t (a, b) SELECT i, i + 20 FROM generate_series(1, {MANY}) i")
    assert db.rows("SELECT count(*), sum(a), min(c), max(c) FROM t") == [
        (MANY, MANY * (MANY + 1) // 2, 42, 2 * (MANY + 20))
    ]


def test_a_statement_does_not_read_what_it_inserts(db: Local) -> None:
    db.run(f"INSERT INTO s SELECT i, i FROM generate_series(1, {MANY}) i")
    for _ in range(2):
        db.run("INSERT INTO s SELECT * FROM s")
    assert db.rows("SELECT count(*), count(DISTINCT a) FROM s") == [(4 * MANY, MANY)]


def test_a_failed_statement_leaves_nothing(db: Local) -> None:
    db.run("INSERT INTO u SELECT i, i FROM generate_series(100, 120) i")
    assert "duplicate key" in error_of(db, f"INSERT INTO u SELECT {MANY} - i, 1 FROM generate_series(1, {MANY}) i")
    assert db.rows("SELECT count(*), min(a) FROM u") == [(21, 100)]
    db.run("INSERT INTO u SELECT i, i FROM generate_series(20, 90) i")
    assert db.rows("SELECT count(*) FROM u WHERE a BETWEEN 25 AND 105") == [(72,)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("SELECT i, CASE i WHEN 7 THEN 13 END, i FROM generate_series(1, 50) i", "(7, 13)"),
        ("SELECT CASE i WHEN 7 THEN NULL ELSE i END, i + 20, i FROM generate_series(1, 50) i", "(null, 27)"),
        ("SELECT i % 30, i + 20, i FROM generate_series(1, 50) i", "(a)=(1) already exists"),
        ("SELECT i % 30, 1 / (45 - i), i FROM generate_series(1, 50) i", "(a)=(1) already exists"),
        ("SELECT i % 30, 1 / (10 - i), i FROM generate_series(1, 50) i", "division by zero"),
        ("SELECT i % 30, CASE i WHEN 40 THEN 13 END, i FROM generate_series(1, 50) i", "(a)=(1) already exists"),
        ("SELECT i % 30, CASE i WHEN 20 THEN 13 END, i FROM generate_series(1, 50) i", "(20, 13)"),
    ],
)
def test_the_first_row_that_fails_gives_the_error(db: Local, rows: str, message: str) -> None:
    assert message in error_of(db, f"INSERT INTO u SELECT a, b FROM ({rows}) AS r (a, b, c)")
    db.run("CREATE TABLE plain (a int, b int)")
    assert db.rows("SELECT count(*) FROM u") == [(0,)]


def test_columns_taken_as_they_are_are_checked_too(db: Local) -> None:
    db.run(
        "INSERT INTO s SELECT CASE WHEN i <> 600 THEN i END, CASE i WHEN 700 THEN 13 END FROM generate_series(1, 900) i"
    )
    assert "(null, null)" in error_of(db, "INSERT INTO u SELECT * FROM s")
    assert "(700, 13)" in error_of(db, "INSERT INTO u SELECT * FROM s WHERE a IS NOT NULL")
    db.run("INSERT INTO u SELECT * FROM s WHERE a < 600")
    assert db.rows("SELECT count(*) FROM u") == [(599,)]


def test_free_slots_are_used_again(db: Local) -> None:
    db.run("INSERT INTO s SELECT i, i FROM generate_series(1, 2000) i")
    db.run("DELETE FROM s")
    db.run("INSERT INTO s SELECT i, i FROM generate_series(1, 2100) i")
    table = db.database.catalog.resolve(("s",), ("public",))
    assert len(db.database.heap(table.storage).pages) <= 9  # type: ignore[union-attr]  # s is a table
    assert db.rows("SELECT count(*), max(a) FROM s") == [(2100, 2100)]


def test_a_key_that_another_has_not_decided_about_is_waited_for(db: Local) -> None:
    one, two = db.begin(), db.begin()
    db.run("INSERT INTO u VALUES (30, 0)", txn=one)
    steps = db.steps("INSERT INTO u SELECT i, i + 20 FROM generate_series(1, 50) i", txn=two)
    item = next(steps)
    assert isinstance(item, WaitFor) and item.transactions == (one,)
    db.rollback(one)
    for _ in steps:
        pass
    db.commit(two)
    assert db.rows("SELECT count(*), sum(b) FROM u") == [(50, sum(range(21, 71)))]


def test_a_rollback_takes_back_rows_of_many_pages(db: Local) -> None:
    db.run("INSERT INTO u SELECT i, 0 FROM generate_series(1, 10) i")
    txn = db.begin()
    db.run("INSERT INTO u SELECT i, 0 FROM generate_series(11, 3000) i", txn=txn)
    db.run("UPDATE u SET b = 1 WHERE a % 2 = 0", txn=txn)
    db.rollback(txn)
    assert db.rows("SELECT count(*), sum(b) FROM u") == [(10, 0)]
    db.run("INSERT INTO u SELECT i, 0 FROM generate_series(11, 3000) i")
    assert db.rows("SELECT count(*) FROM u") == [(3000,)]
