"""What is tried again, how long is waited before, and the breaker; in virtual time."""

from __future__ import annotations

import pytest
from rustydb.errors import AuthenticationFailed, CircuitOpen, ConnectionLost, ConnectTimeout, ProgrammingError
from rustydb.retry import Backoff, Breaker, is_final, is_read


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


def test_the_breaker_opens_rests_tries_once_and_closes() -> None:
    breaker = Breaker(failures=3, rest=10)
    for _ in range(3):
        breaker.permit(0.0)
        breaker.failed(0.0)
    assert breaker.state(1.0) == "open"
    with pytest.raises(CircuitOpen, match="failed 3 times in a row") as caught:
        breaker.permit(1.0)
    assert caught.value.retry_after == 9.0
    assert breaker.state(10.0) == "half-open"
    breaker.permit(10.0)
    with pytest.raises(CircuitOpen):
        breaker.permit(10.0)  # one try at a time
    breaker.failed(10.0)
    assert breaker.state(11.0) == "open"
    breaker.permit(20.0)
    breaker.succeeded()
    assert breaker.state(20.0) == "closed"
    breaker.permit(20.0)


def test_a_try_that_was_given_up_says_nothing() -> None:
    breaker = Breaker(failures=1, rest=10)
    breaker.failed(0.0)
    breaker.permit(10.0)
    breaker.abandoned()
    breaker.permit(10.0)


def test_a_success_forgets_the_failures_before_it() -> None:
    breaker = Breaker(failures=2)
    breaker.failed(0.0)
    breaker.succeeded()
    breaker.failed(0.0)
    assert breaker.state(0.0) == "closed"
