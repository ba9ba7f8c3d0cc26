"""Statements that are large or deep in some direction: Python's limits on nesting are not the user's."""

from __future__ import annotations

import pytest

from rustydb_engine.errors import SqlError
from tests.support.local import Local


@pytest.fixture(scope="module")
def db() -> Local:
    local = Local()
    local.script("CREATE TABLE t (a int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z')")
    return local


def several(pattern: str, count: int, between: str) -> str:
    return between.join([pattern.replace("#", str(number)) for number in range(count)])


EVERYTHING = [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"SELECT a FROM t WHERE {several('a <> 1#', 1000, ' AND ')} ORDER BY a", EVERYTHING),
        (f"SELECT a FROM t WHERE {several('a = #', 1000, ' OR ')} ORDER BY a", EVERYTHING),
        (f"SELECT a FROM t WHERE a IN ({several('#', 10_000, ', ')}) ORDER BY a", EVERYTHING),
        (f"SELECT a FROM t WHERE a NOT IN ({several('1#', 10_000, ', ')}) ORDER BY a", EVERYTHING),
        (f"SELECT a FROM t WHERE a IN ({several('a + #', 200, ', ')}) ORDER BY a", EVERYTHING),
        (f"SELECT length({several('b', 500, ' || ')}) FROM t WHERE a = 1", [(500,)]),
        (f"SELECT {several('a', 500, ' + ')} FROM t WHERE a = 1", [(500,)]),
        (f"SELECT CASE {several('WHEN a = 1# THEN #', 300, ' ')} ELSE -1 END FROM t WHERE a = 1", [(-1,)]),
        (f"SELECT CASE a + 0 {several('WHEN 1# THEN #', 300, ' ')} ELSE -1 END FROM t WHERE a = 1", [(-1,)]),
        (f"SELECT coalesce({several('NULLIF(a, 1)', 300, ', ')}, -1) FROM t WHERE a = 1", [(-1,)]),
        (f"SELECT {'(' * 400}a{' + 1)' * 400} FROM t WHERE a = 1", [(401,)]),
        (f"SELECT a FROM t WHERE {'NOT ' * 300} a = 1", [(1,)]),
        (f"SELECT {'lower(upper(' * 100}b{'))' * 100} FROM t WHERE a = 1", [("x",)]),
        (f"SELECT count(*) FROM (VALUES {several('(#)', 5000, ', ')}) v", [(5000,)]),
        (f"SELECT {'(SELECT ' * 30}a{')' * 30} FROM t WHERE a = 1", [(1,)]),
        (
            f"SELECT count(*) FROM {several('t t#', 20, ', ')} WHERE {several('t#.a = t0.a', 20, ' AND ')}",
            [(3,)],
        ),
        (
            "SELECT count(*) FROM t t0 " + " ".join([f"LEFT JOIN t t{i} ON t{i}.a = t{i - 1}.a" for i in range(1, 40)]),
            [(3,)],
        ),
        (
            "SELECT count(*) FROM t t0 " + " ".join([f"LEFT JOIN t t{i} ON t{i}.a > t{i - 1}.a" for i in range(1, 30)]),
            [(4,)],
        ),
        (" UNION ".join([f"SELECT {number % 3}" for number in range(200)]) + " ORDER BY 1", [(0,), (1,), (2,)]),
        (f"SELECT * FROM {'(SELECT a + 1 AS a FROM ' * 50}t{''.join([f') s{i}' for i in range(50)])} WHERE a = 51", [(51,)]),
    ],
)  # fmt: skip
def test_long_and_deep_statements_run(db: Local, sql: str, expected: list[tuple[object, ...]]) -> None:
    assert db.run(sql) == expected


def test_a_row_may_have_1600_columns(db: Local) -> None:
    rows = db.run(f"SELECT {several('a + #', 1600, ', ')} FROM t WHERE a = 1")
    assert rows == [tuple(range(1, 1601))]


def test_what_is_still_too_deep_is_an_error(db: Local) -> None:
    with pytest.raises(SqlError) as caught:
        db.run(f"SELECT {'(' * 5000}a{' + 1)' * 5000} FROM t")
    assert caught.value.sqlstate == "54001"


def test_a_long_insert_runs(db: Local) -> None:
    db.run("CREATE TABLE long (a int, b int)")
    db.run(f"INSERT INTO long VALUES {several('(#, #)', 3000, ', ')}")
    assert db.run("SELECT count(*), sum(b) FROM long") == [(3000, 4498500)]
