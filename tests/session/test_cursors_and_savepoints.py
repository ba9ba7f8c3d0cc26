"""What an error leaves of cursors and portals, in a block and behind a savepoint; isolation levels as they are shown."""

from __future__ import annotations

import pytest

from rustydb_proto.pg import framing
from tests.support.local_node import LocalClient, LocalNode


@pytest.fixture
def client() -> LocalClient:
    return LocalNode().connect()


def run(client: LocalClient, *statements: str) -> bytes:
    """Run statements one by one; return the answer to the last."""
    answer = b""
    for statement in statements:
        answer = client.send(framing.query(statement))
    return answer


CURSOR = "DECLARE c CURSOR FOR SELECT generate_series(101, 105)"


def test_a_cursor_made_before_a_savepoint_survives_an_error_after_it(client: LocalClient) -> None:
    answer = run(client, "BEGIN", CURSOR, "FETCH c", "SAVEPOINT s", "SELECT 1/0", "ROLLBACK TO s", "FETCH c")
    assert b"102" in answer


def test_a_cursor_made_after_a_savepoint_ends_with_it(client: LocalClient) -> None:
    assert b"34000" in run(client, "BEGIN", "SAVEPOINT s", CURSOR, "SELECT 1/0", "ROLLBACK TO s", "FETCH c")


def test_a_cursor_of_a_released_savepoint_belongs_to_what_is_around_it(client: LocalClient) -> None:
    answer = run(client, "BEGIN", "SAVEPOINT a", CURSOR, "RELEASE a", "SAVEPOINT b", "ROLLBACK TO b", "FETCH c")
    assert b"101" in answer


def test_a_cursor_that_failed_cannot_be_run_again(client: LocalClient) -> None:
    failing = "DECLARE c CURSOR FOR SELECT 10 / (3 - g) FROM generate_series(1, 5) g"
    answer = run(client, "BEGIN", failing, "SAVEPOINT s", "FETCH ALL c", "ROLLBACK TO s", "FETCH c")
    assert b"55000" in answer and b'portal "c" cannot be run' in answer


def test_a_cursor_with_hold_ends_when_its_own_transaction_is_rolled_back(client: LocalClient) -> None:
    hold = CURSOR.replace("CURSOR", "CURSOR WITH HOLD")
    assert b"34000" in run(client, "BEGIN", hold, "ROLLBACK", "FETCH c")


def test_a_cursor_with_hold_is_not_touched_by_later_transactions(client: LocalClient) -> None:
    hold = CURSOR.replace("CURSOR", "CURSOR WITH HOLD")
    run(client, "BEGIN", "SAVEPOINT s", hold, "COMMIT")
    assert b"101" in run(client, "BEGIN", "SAVEPOINT s", "FETCH c")
    assert b"102" in run(client, "SELECT 1/0", "ROLLBACK TO s", "FETCH c")
    assert b"103" in run(client, "ROLLBACK", "FETCH c")


def test_a_portal_of_a_failed_block_answers_that_the_block_failed(client: LocalClient) -> None:
    run(client, "BEGIN")
    client.send(framing.parse("", "SELECT generate_series(1, 9)") + framing.bind("p", "", []) + framing.SYNC)
    run(client, "SELECT 1/0")
    assert b"25P02" in client.send(framing.execute("p", 1) + framing.SYNC)
    run(client, "ROLLBACK")
    assert b"34000" in client.send(framing.execute("p", 1) + framing.SYNC)


def test_read_uncommitted_is_shown_as_it_was_asked_for(client: LocalClient) -> None:
    assert b"read uncommitted" in run(client, "BEGIN ISOLATION LEVEL READ UNCOMMITTED", "SHOW transaction_isolation")
    assert b"read uncommitted" in run(client, "COMMIT AND CHAIN", "SHOW transaction_isolation")
    assert b"read committed" in run(
        client, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "SHOW transaction_isolation"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "SET default_transaction_isolation = 'serializable'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        "SELECT set_config('default_transaction_isolation', 'serializable', false)",
    ],
)
def test_serializable_is_refused_wherever_it_is_asked_for(client: LocalClient, statement: str) -> None:
    assert b"0A000" in run(client, statement)
