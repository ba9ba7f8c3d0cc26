"""Long statements give way: between two yields there is a bounded amount of work, whatever the plan's shape."""

from __future__ import annotations

import pytest

from rustydb_engine.exec.waits import TICK, Completion
from tests.support.local import Local

ROWS = 40_000


@pytest.fixture(scope="module")
def db() -> Local:
    local = Local()
    local.script(
        "CREATE TABLE t (a int PRIMARY KEY, b int, c text)",
        "CREATE INDEX ON t (b)",
        f"INSERT INTO t SELECT g, g % 100, 'x' || g FROM generate_series(1, {ROWS}) g",
        "CREATE TABLE u (a int, b int, c text)",
    )
    return local


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t",
        "SELECT count(*) FROM t WHERE c = 'nothing'",
        "SELECT b, count(*) FROM t GROUP BY b",
        "SELECT a, count(*) FROM t GROUP BY a",
        "SELECT c FROM t ORDER BY c",
        "SELECT c FROM t ORDER BY b DESC, c",
        "SELECT c FROM t ORDER BY c LIMIT 3",
        "SELECT DISTINCT c FROM t",
        "SELECT count(*) FROM t x JOIN t y USING (a)",
        "SELECT count(*) FROM t x JOIN t y USING (b) WHERE x.a < 500",
        "SELECT count(*) FROM t x, t y WHERE x.a < 10 AND x.a + y.a = 7",
        "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM t y WHERE y.b = t.b + 99)",
        "SELECT a, (SELECT count(*) FROM t y WHERE y.b = x.a) FROM t x WHERE a < 90",
        "SELECT sum(a) OVER (PARTITION BY b ORDER BY a) FROM t",
        "SELECT sum(a) OVER (ORDER BY a ROWS 5 PRECEDING) FROM t",
        "SELECT a FROM t EXCEPT SELECT b FROM t",
        "SELECT a FROM t UNION ALL SELECT b FROM t",
        "SELECT count(*) FROM generate_series(1, 200000)",
        "SELECT generate_series(1, 100000)",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 30000) SELECT count(*) FROM r",
        "INSERT INTO u SELECT * FROM t",
        "UPDATE t SET c = c || 'y'",
        "DELETE FROM t WHERE c = 'nothing'",
        "SELECT * FROM t FOR UPDATE",
    ],
)
def test_a_long_statement_gives_way_again_and_again(db: Local, sql: str) -> None:
    txn = db.begin()
    steps = db.plan(sql).steps(db.context(txn), ())
    yields = 0
    try:
        while True:
            item = next(steps)
            assert item is TICK or (isinstance(item, list) and 0 < len(item) <= 20_000)
            yields += 1
    except StopIteration as stop:
        assert isinstance(stop.value, Completion)
    db.rollback(txn)
    assert yields >= 3, f"{yields} yields"


def test_a_statement_can_be_closed_between_slices(db: Local) -> None:
    txn = db.begin()
    steps = db.plan("SELECT * FROM t x, t y").steps(db.context(txn), ())
    next(steps)
    steps.close()
    db.rollback(txn)


def test_a_row_changed_between_two_slices_is_read_as_the_snapshot_has_it(db: Local) -> None:
    reader = db.begin()
    context = db.context(reader)
    db.database.manager.hold(context.snapshot)
    steps = db.plan("SELECT x.a FROM t x, (SELECT 1 FROM t LIMIT 300) y WHERE x.c = 'later' OR x.a = 1").steps(
        context, ()
    )
    seen = []
    first = next(steps)
    db.run("UPDATE t SET c = 'later'")
    for item in [first, *steps]:
        if isinstance(item, list):
            seen += item
    db.database.manager.release(context.snapshot)
    db.rollback(reader)
    assert seen == [(1,)] * 300
