"""Advisory locks at the whole node: who waits for whom, how long locks last, deadlocks and timeouts."""

from __future__ import annotations

import pytest

from rustydb_proto.core import io
from rustydb_proto.pg import framing
from rustydb_proto.pg.client_messages import Query
from tests.node.support import Client, Host


@pytest.fixture
def host() -> Host:
    return Host()


def free(client: Client, key: str) -> bool:
    """Whether a key could be locked by this session, which it is then not."""
    row = client.ask(f"SELECT pg_try_advisory_lock({key})").rows[0]
    if row == (b"t",):
        client.ask(f"SELECT pg_advisory_unlock({key})")
    return row == (b"t",)


def waits(client: Client, sql: str) -> bool:
    """Ask, and return whether there is no answer yet."""
    client.begin(Query(sql))
    client.listen()
    return not client.replies


def test_a_lock_of_the_session_outlives_the_transaction_and_even_its_rollback(host: Host) -> None:
    one, other = host.connect(), host.connect()
    one.ask("BEGIN; SELECT pg_advisory_lock(1); ROLLBACK", 3)
    assert not free(other, "1")
    assert one.ask("SELECT pg_advisory_unlock(1)").rows == [(b"t",)]
    assert free(other, "1")


def test_a_lock_is_released_as_often_as_it_was_taken(host: Host) -> None:
    one, other = host.connect(), host.connect()
    one.ask("SELECT pg_advisory_lock(1), pg_advisory_lock(1), pg_try_advisory_lock(1)")
    for left in (2, 1, 0):
        assert not free(other, "1"), left
        assert one.ask("SELECT pg_advisory_unlock(1)").rows == [(b"t",)]
    assert free(other, "1")
    assert one.ask("SELECT pg_advisory_unlock(1)").rows == [(b"f",)]


def test_unlocking_what_is_not_held_warns(host: Host) -> None:
    client = host.connect()
    answer = client.send(framing.query("SELECT pg_advisory_unlock_shared(5)"))
    assert b"SWARNING\0" in answer and b"Myou don't own a lock of type ShareLock\0" in answer


def test_a_lock_of_the_transaction_ends_with_it_and_cannot_be_unlocked(host: Host) -> None:
    one, other = host.connect(), host.connect()
    one.ask("BEGIN; SELECT pg_advisory_xact_lock(1)", 2)
    assert one.ask("SELECT pg_advisory_unlock(1)").rows == [(b"f",)]
    assert not free(other, "1")
    one.ask("COMMIT")
    assert free(other, "1")
    one.ask("SELECT pg_advisory_xact_lock(1)")
    assert free(other, "1")


def test_rollback_to_a_savepoint_releases_what_the_transaction_took_since(host: Host) -> None:
    one, other = host.connect(), host.connect()
    one.ask("BEGIN; SELECT pg_advisory_xact_lock(1); SAVEPOINT s; SELECT pg_advisory_xact_lock(2)", 4)
    one.ask("SELECT pg_advisory_lock(3); ROLLBACK TO s", 2)
    assert [free(other, key) for key in "123"] == [False, True, False]


def test_one_bigint_and_two_integers_are_different_keys(host: Host) -> None:
    one, other = host.connect(), host.connect()
    one.ask("SELECT pg_advisory_lock(1, 2), pg_advisory_lock(-1), pg_advisory_lock(-1, -2)")
    assert free(other, "(1::bigint << 32) + 2")
    assert not free(other, "1, 2") and not free(other, "-1")
    rows = one.ask("SELECT classid, objid, objsubid FROM pg_locks WHERE locktype = 'advisory' ORDER BY 3, 1").rows
    assert rows == [
        (b"4294967295", b"4294967295", b"1"), (b"1", b"2", b"2"), (b"4294967295", b"4294967294", b"2"),
    ]  # fmt: skip


def test_shared_locks_share_and_exclusive_ones_do_not(host: Host) -> None:
    one, two, three = host.connect(), host.connect(), host.connect()
    one.ask("SELECT pg_advisory_lock_shared(1)")
    assert two.ask("SELECT pg_try_advisory_lock_shared(1)").rows == [(b"t",)]
    assert not free(three, "1")
    two.ask("SELECT pg_advisory_unlock_shared(1)")
    one.ask("SELECT pg_advisory_lock(1)")
    assert two.ask("SELECT pg_try_advisory_lock_shared(1)").rows == [(b"f",)]
    one.ask("SELECT pg_advisory_unlock(1)")
    assert two.ask("SELECT pg_try_advisory_lock_shared(1)").rows == [(b"t",)]


def test_who_waits_goes_on_in_the_order_of_coming(host: Host) -> None:
    one, two, three, four = (host.connect() for _ in range(4))
    one.ask("SELECT pg_advisory_lock_shared(1)")
    assert waits(two, "SELECT pg_advisory_lock(1)")
    assert waits(three, "SELECT pg_advisory_lock_shared(1)"), "behind the exclusive request"
    assert waits(four, "SELECT pg_advisory_lock_shared(1)")
    assert one.ask("SELECT pg_try_advisory_lock_shared(1)").rows == [(b"t",)], "who holds it may pass"
    one.ask("SELECT pg_advisory_unlock_all()")
    two.listen()
    assert two.replies and not three.replies
    two.replies.clear()
    two.ask("SELECT pg_advisory_unlock(1)")
    three.listen()
    four.listen()
    assert three.replies and four.replies


def test_the_end_of_a_session_releases_its_locks(host: Host) -> None:
    one, other = host.connect(), host.connect()
    one.ask("SELECT pg_advisory_lock(1)")
    assert waits(other, "SELECT pg_advisory_lock(1)")
    host.step(io.Lost(one.conn))
    other.listen()
    assert other.replies.pop().tags == ["SELECT 1"]


def test_a_cycle_of_advisory_locks_is_a_deadlock(host: Host) -> None:
    one, two = host.connect(), host.connect()
    one.ask("SELECT pg_advisory_lock(1)")
    two.ask("SELECT pg_advisory_lock(2)")
    assert waits(one, "SELECT pg_advisory_lock(2)")
    reply = two.ask("SELECT pg_advisory_xact_lock(1)")
    assert reply.error is not None and reply.error.sqlstate == "40P01"
    detail = reply.error.fields["D"].splitlines()
    assert "waits for ExclusiveLock on advisory lock [5,0,1,1]; blocked by process" in detail[0]
    assert len(detail) == 2 and "advisory lock [5,0,2,1]" in detail[1]
    two.ask("SELECT pg_advisory_unlock(2)")
    one.listen()
    assert one.replies.pop().tags == ["SELECT 1"]


@pytest.mark.parametrize("first", ["row", "advisory"])
def test_a_cycle_of_a_row_and_an_advisory_lock_is_a_deadlock(host: Host, first: str) -> None:
    one, two = host.connect(), host.connect()
    one.ask("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", 2)
    one.ask("SELECT pg_advisory_lock(1)")
    one.ask("BEGIN")
    two.ask("BEGIN; UPDATE t SET a = 2", 2)
    row, advisory = (one, "UPDATE t SET a = 3"), (two, "SELECT pg_advisory_lock(1)")
    begun, last = (row, advisory) if first == "row" else (advisory, row)
    assert waits(*begun)
    assert last[0].ask(last[1]).sqlstate == "40P01"
    last[0].ask("ROLLBACK")
    last[0].ask("SELECT pg_advisory_unlock_all()")
    begun[0].listen()
    assert begun[0].replies.pop().sqlstate == ""


def test_lock_timeout_and_cancel_leave_the_queue(host: Host) -> None:
    one, two, three = host.connect(), host.connect(), host.connect()
    one.ask("SELECT pg_advisory_lock_shared(1)")
    two.ask("SET lock_timeout = 100")
    assert waits(two, "SELECT pg_advisory_lock(1)")
    assert waits(three, "SELECT pg_advisory_lock_shared(1)")
    host.wait(0.2)
    two.listen()
    assert two.replies.pop().sqlstate == "55P03"
    three.listen()
    assert three.replies.pop().tags == ["SELECT 1"], "nobody is before it any more"
    assert one.ask("SELECT count(*) FROM pg_locks WHERE NOT granted").rows == [(b"0",)]


def test_waiting_for_many_locks_of_one_statement(host: Host) -> None:
    one, two = host.connect(), host.connect()
    one.ask("SELECT pg_advisory_lock(g) FROM generate_series(1, 50) g")
    assert waits(two, "SELECT g, pg_advisory_xact_lock_shared(g) FROM generate_series(0, 50) g")
    one.ask("SELECT pg_advisory_unlock(g) FROM generate_series(1, 50) g")
    two.listen()
    assert len(two.replies.pop().rows) == 51
    assert one.ask("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").rows == [(b"0",)]


def test_a_null_key_locks_nothing(host: Host) -> None:
    client = host.connect()
    sql = "SELECT pg_advisory_lock(NULL), pg_try_advisory_lock(NULL, 1), pg_advisory_unlock(NULL::bigint)"
    assert client.ask(sql).rows == [(None, None, None)]


def test_who_waits_is_seen(host: Host) -> None:
    one, two, three = host.connect(), host.connect(), host.connect()
    one.ask("CREATE TABLE t (a int); INSERT INTO t VALUES (1)", 2)
    one.ask("SELECT pg_advisory_lock(7)")
    assert waits(two, "SELECT pg_advisory_lock(7)")
    one.ask("BEGIN; UPDATE t SET a = 2", 2)
    assert waits(three, "UPDATE t SET a = 3")
    rows = one.ask(
        "SELECT pid, wait_event_type, wait_event, pg_blocking_pids(pid) FROM pg_stat_activity ORDER BY 1"
    ).rows
    pids = [row[0] for row in rows]
    assert [row[1:3] for row in rows] == [(None, None), (b"Lock", b"advisory"), (b"Lock", b"transactionid")]
    assert [row[3] for row in rows] == [b"{}", b"{%b}" % (pids[0] or b""), b"{%b}" % (pids[0] or b"")]
    sql = "SELECT locktype, mode, now() - waitstart FROM pg_locks WHERE NOT granted ORDER BY 1"
    host.wait(5)
    assert one.ask("SELECT count(*) FROM pg_locks WHERE granted AND waitstart IS NOT NULL").rows == [(b"0",)]
    other = host.connect()
    assert other.ask(sql).rows == [
        (b"advisory", b"ExclusiveLock", b"00:00:05"), (b"transactionid", b"ShareLock", b"00:00:05"),
    ]  # fmt: skip
    other.send(framing.TERMINATE)
    one.ask("COMMIT")
    sql = "SELECT wait_event_type, wait_event FROM pg_stat_activity WHERE state = 'idle'"
    assert one.ask(sql).rows == [(b"Client", b"ClientRead")]
