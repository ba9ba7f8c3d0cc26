"""Which plan is chosen, as EXPLAIN shows it."""

from __future__ import annotations

import json

import pytest

from rustydb_engine.errors import SqlError
from tests.support.local import Local


@pytest.fixture(scope="module")
def db() -> Local:
    local = Local()
    local.script(
        "CREATE TABLE t (a int PRIMARY KEY, b int, c text, d int)",
        "CREATE INDEX t_b_d ON t (b, d DESC)",
        "CREATE INDEX t_lower ON t (lower(c))",
        "CREATE INDEX t_part ON t (d) WHERE b = 1",
        "INSERT INTO t SELECT g, g % 50, 'x' || g, g FROM generate_series(1, 2000) g",
        "CREATE TABLE u (a int PRIMARY KEY, t int REFERENCES t, x int)",
        "INSERT INTO u SELECT g, g, g FROM generate_series(1, 1500) g",
        "CREATE VIEW v AS SELECT a, b + 1 AS b1 FROM t WHERE d > 10",
    )
    return local


def plan(db: Local, sql: str) -> list[str]:
    return [str(row[0]) for row in db.run(f"EXPLAIN (COSTS OFF) {sql}")]


def test_a_row_is_found_by_its_primary_key_at_once(db: Local) -> None:
    assert plan(db, "SELECT c FROM t WHERE a = 5") == ["Index Scan using t_pkey on t", "  Index Cond: (a = 5)"]
    assert db.plan("SELECT c FROM t WHERE a = $1").instant
    assert db.plan("SELECT u.x FROM t JOIN u ON u.a = t.a WHERE t.a = 7").instant
    assert not db.plan("SELECT c FROM t WHERE b = 5").instant


@pytest.mark.parametrize(
    ("condition", "line"),
    [
        ("a IN (1, 2, 3)", "Index Scan using t_pkey on t"),
        ("a = ANY ($1)", "Index Scan using t_pkey on t"),
        ("b = 5", "Index Scan using t_b_d on t"),
        ("b = 5 AND d > 7", "Index Scan using t_b_d on t"),
        ("lower(c) = 'x7'", "Index Scan using t_lower on t"),
        ("b = 1 AND d = 7", "Index Scan using t_b_d on t"),
        ("a BETWEEN 5 AND 10", "Index Scan using t_pkey on t"),
        ("c = 'x7'", "Seq Scan on t"),
        ("a + 0 = 7", "Seq Scan on t"),
    ],
)
def test_an_index_is_used_where_it_answers_the_condition(db: Local, condition: str, line: str) -> None:
    assert plan(db, f"SELECT * FROM t WHERE {condition}")[0] == line


def test_the_first_rows_in_index_order_need_no_sort(db: Local) -> None:
    assert plan(db, "SELECT a FROM t ORDER BY a DESC LIMIT 3") == [
        "Limit",
        "  ->  Index Scan Backward using t_pkey on t",
    ]
    assert plan(db, "SELECT a FROM t WHERE b = 3 ORDER BY d DESC LIMIT 3")[1].strip() != "->  Sort"
    assert db.run("SELECT a FROM t ORDER BY a DESC LIMIT 3") == [(2000,), (1999,), (1998,)]


def test_min_and_max_read_one_row(db: Local) -> None:
    shown = plan(db, "SELECT max(a) FROM t")
    assert shown[0] == "Aggregate" and "Index Scan Backward using t_pkey on t" in shown[2]
    assert db.run("SELECT max(a), 1 FROM t") == [(2000, 1)]
    assert db.run("SELECT min(a) FROM t WHERE a > 17") == [(18,)]


def test_conditions_reach_the_table_below_a_view(db: Local) -> None:
    assert plan(db, "SELECT b1 FROM v WHERE a = 3") == [
        "Index Scan using t_pkey on t", "  Index Cond: (a = 3)", "  Filter: (d > 10)",
    ]  # fmt: skip


def test_conditions_on_group_columns_go_below_the_grouping(db: Local) -> None:
    shown = plan(db, "SELECT * FROM (SELECT b, count(*) FROM t GROUP BY b) s WHERE b = 3")
    assert any("Index Scan using t_b_d" in line for line in shown)


def test_joins_by_hash_or_by_index(db: Local) -> None:
    assert "Hash Join" in plan(db, "SELECT * FROM t JOIN u ON u.x = t.d")[0]
    few = plan(db, "SELECT * FROM t JOIN u ON u.t = t.a WHERE u.a = 5")
    assert few[0] == "Nested Loop" and any("Index Scan using t_pkey" in line for line in few)


def test_exists_and_in_are_semi_joins(db: Local) -> None:
    assert "Hash Semi Join" in plan(db, "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t = t.a)")[0]
    assert "Hash Anti Join" in plan(db, "SELECT * FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.t = t.a)")[0]
    assert "Hash Semi Join" in plan(db, "SELECT * FROM t WHERE a IN (SELECT t FROM u)")[0]


def test_an_outer_join_that_a_condition_rejects_is_an_inner_one(db: Local) -> None:
    assert "Left" not in plan(db, "SELECT * FROM t LEFT JOIN u ON u.t = t.a WHERE u.x > 1")[0]
    assert "Left" in plan(db, "SELECT * FROM t LEFT JOIN u ON u.t = t.a WHERE t.d > 1")[0]


def test_analyze_runs_the_statement_and_counts_rows(db: Local) -> None:
    shown = [str(row[0]) for row in db.run("EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM t WHERE b = 7 ORDER BY c")]
    assert shown[0] == "Sort (actual rows=40 loops=1)"
    assert shown[-1].startswith("Execution Time: ")
    txn = db.begin()
    db.run("EXPLAIN ANALYZE DELETE FROM u WHERE a = 3", txn=txn)
    assert db.run("SELECT count(*) FROM u", txn=txn) == [(1499,)]
    db.rollback(txn)


def test_json_is_an_array_with_one_plan(db: Local) -> None:
    ((text,),) = db.run("EXPLAIN (FORMAT JSON) SELECT * FROM t WHERE a = 1")
    (document,) = json.loads(str(text))
    assert document["Plan"]["Node Type"] == "Index Scan"
    assert document["Plan"]["Index Cond"] == "(a = 1)"


def test_unknown_options_are_refused(db: Local) -> None:
    with pytest.raises(SqlError) as caught:
        db.run("EXPLAIN (SPEED) SELECT 1")
    assert caught.value.sqlstate == "42601"
