"""A target of a subquery in FROM that has a subquery in it is computed where it is used, once.

asyncpg reads the types of a database in this way: computed for every type, that took seconds.
"""

from __future__ import annotations

import pytest

from tests.support.local import Local

TARGET = "(SELECT 10 / u.y FROM u WHERE u.x = t.a)"


@pytest.fixture
def db() -> Local:
    local = Local()
    local.run("CREATE TABLE t (a int)")
    local.run("CREATE TABLE u (x int, y int)")
    local.run("INSERT INTO t VALUES (1), (2), (3)")
    local.run("INSERT INTO u VALUES (1, 0), (2, 5)")
    return local


def test_a_target_is_not_computed_for_rows_that_a_condition_outside_rejects(db: Local) -> None:
    assert db.rows(f"SELECT * FROM (SELECT a, {TARGET} AS v FROM t) s WHERE a = 2") == [(2, 2)]


def test_a_target_used_twice_is_computed_before_its_uses(db: Local) -> None:
    sql = f"SELECT v, v + 1 FROM (SELECT a, {TARGET} AS v FROM t WHERE a > 1) s ORDER BY v"
    assert db.rows(sql) == [(2, 3), (None, None)]


def test_a_target_that_a_second_subquery_uses_twice_is_computed_before_its_uses(db: Local) -> None:
    inner = f"SELECT w AS v FROM (SELECT {TARGET} AS w FROM t WHERE a > 1) s"
    assert db.rows(f"SELECT v, v * 2 FROM ({inner}) s2 ORDER BY v") == [(2, 4), (None, None)]


def test_a_target_on_the_inner_side_of_an_outer_join_is_null_where_its_row_is_missing(db: Local) -> None:
    inner = "SELECT a, (SELECT count(*) FROM u WHERE u.x = t.a) AS n FROM t"
    sql = f"SELECT o.a, s.n FROM t o LEFT JOIN ({inner}) s ON s.a = o.a + 1 ORDER BY 1"
    assert db.rows(sql) == [(1, 1), (2, 0), (3, None)]


def test_a_target_may_be_grouped_and_sorted_by(db: Local) -> None:
    inner = "SELECT (SELECT count(*) FROM u WHERE u.x = t.a) AS n FROM t"
    assert db.rows(f"SELECT n, count(*) FROM ({inner}) s GROUP BY n ORDER BY n") == [(0, 1), (1, 2)]
    assert db.rows(f"SELECT n FROM ({inner}) s ORDER BY n DESC LIMIT 1") == [(1,)]
