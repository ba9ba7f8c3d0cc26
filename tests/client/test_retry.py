"""What is tried again, and how long is waited before."""

from __future__ import annotations

import pytest
from rustydb.errors import AuthenticationFailed, ConnectionLost, ConnectTimeout, ProgrammingError
from rustydb.retry import Backoff, is_final, is_read


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", True), ("  -- why\n select a from t", True), ("/* x */ VALUES (1)", True), ("(SELECT 1)", True),
        ("TABLE t", True), ("SHOW all", True), ("EXPLAIN SELECT 1", True),
        ("EXPLAIN ANALYZE SELECT 1", False), ("SELECT nextval('s')", False), ("SELECT * INTO t FROM u", False),
        ("SELECT pg_advisory_lock(1)", False), ("SELECT 1; DELETE FROM t", False), ("WITH a AS (SELECT 1) SELECT 1", False),
        ("INSERT INTO t VALUES (1)", False), ("UPDATE t SET a = 1", False), ("SELECTED", False), ("", False),
        ("SELECT * FROM t FOR UPDATE", False),
    ],
)  # fmt: skip
def test_a_read_is_what_only_reads(sql: str, expected: bool) -> None:
    assert is_read(sql) is expected


def test_pauses_grow_to_the_cap_and_have_jitter() -> None:
    backoff = Backoff(base=0.1, cap=1.0)
    assert [round(backoff.pause(n, 0.999), 1) for n in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert backoff.pause(3, 0.5) == pytest.approx(0.4)
    assert backoff.pause(0, 0.0) > 0 and backoff.pause(10_000, 0.5) == 0.5


def test_what_cannot_change_is_final() -> None:
    assert is_final(AuthenticationFailed("wrong password")) and is_final(ProgrammingError("no database", "3D000"))
    assert not is_final(ConnectionLost("reset")) and not is_final(ConnectTimeout("slow"))
