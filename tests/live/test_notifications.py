"""LISTEN and NOTIFY at the whole node: when notifications come, to whom, in which order, and what a slow listener meets."""

from __future__ import annotations

from rustydb_sim.disk import Disk

from rustydb_proto.core import io
from rustydb_proto.pg import client_messages as pg
from rustydb_proto.pg import framing
from tests.node.support import Client, Host


def two(host: Host) -> tuple[Client, Client]:
    listener, other = host.connect(), host.connect()
    listener.ask("LISTEN a")
    return listener, other


def test_an_idle_session_is_told_at_once_with_the_process_id_of_the_sender() -> None:
    listener, other = two(Host())
    sender = int(other.ask("SELECT pg_backend_pid()").rows[0][0] or 0)
    other.ask("NOTIFY a, 'hello'")
    listener.listen()
    assert listener.notified == [("a", "hello", sender)]


def test_a_session_gets_its_own_notifications_before_it_is_ready_again() -> None:
    client = Host(Disk()).connect()
    client.ask("LISTEN a")
    answer = client.send(framing.query("NOTIFY a, 'me'"))
    assert answer.index(b"NOTIFY\0") < answer.index(b"a\0me\0") < answer.index(b"Z\0\0\0\5I")


def test_nothing_is_told_before_the_commit_and_nothing_after_a_rollback() -> None:
    listener, other = two(Host())
    other.ask("BEGIN; NOTIFY a, '1'", 2)
    assert listener.heard() == []
    other.ask("COMMIT")
    assert listener.heard() == [("a", "1")]
    other.ask("BEGIN; NOTIFY a, '2'; ROLLBACK", 3)
    other.ask("NOTIFY a, '3'; SELECT 1/0", 2)
    assert listener.heard() == []


def test_savepoints_that_are_rolled_back_take_their_notifications_with_them() -> None:
    listener, other = two(Host())
    other.ask("BEGIN; NOTIFY a, '1'; SAVEPOINT s; NOTIFY a, '2'; NOTIFY a, '1'; ROLLBACK TO s; NOTIFY a, '3'", 7)
    other.ask("SAVEPOINT t; NOTIFY a, '4'; RELEASE t; COMMIT", 4)
    assert listener.heard() == [("a", "1"), ("a", "3"), ("a", "4")]


def test_equal_notifications_of_a_transaction_are_one() -> None:
    listener, other = two(Host())
    other.ask(
        "BEGIN; NOTIFY a, 'x'; NOTIFY a; NOTIFY a, 'x'; SELECT pg_notify('a', ''), pg_notify('a', 'y'); COMMIT", 6
    )
    assert listener.heard() == [("a", "x"), ("a", ""), ("a", "y")]


def test_a_session_in_a_transaction_is_told_when_it_ends() -> None:
    listener, other = two(Host())
    listener.ask("BEGIN")
    other.ask("NOTIFY a, '1'")
    assert listener.ask("SELECT 1").rows == [(b"1",)]
    assert listener.heard() == []
    listener.ask("SELECT 1/0")
    assert listener.heard() == []
    listener.ask("ROLLBACK")
    assert listener.heard() == [("a", "1")]


def test_a_session_that_runs_a_statement_is_told_when_that_is_over() -> None:
    host = Host()
    listener, other = two(host)
    listener.begin(pg.Query("SELECT pg_sleep(10)"))
    other.ask("NOTIFY a, '1'")
    assert listener.heard() == []
    host.wait(10)
    assert listener.heard() == [("a", "1")]
    assert listener.replies.pop().tags == ["SELECT 1"]


def test_listen_counts_from_its_commit() -> None:
    host = Host()
    one, two_ = host.connect(), host.connect()
    one.ask("BEGIN; LISTEN a", 2)
    two_.ask("NOTIFY a, 'early'")
    one.ask("COMMIT")
    assert one.heard() == []
    one.ask("BEGIN; LISTEN b; ROLLBACK", 3)
    two_.ask("NOTIFY b")
    assert one.heard() == []
    assert one.ask("SELECT pg_listening_channels()").rows == [(b"a",)]
    one.ask("BEGIN; LISTEN c; NOTIFY c, 'own'; COMMIT", 4)
    assert one.heard() == [("c", "own")]


def test_unlisten_counts_from_its_commit_and_drops_what_waits() -> None:
    listener, other = two(Host())
    listener.ask("LISTEN b; LISTEN c", 2)
    listener.ask("BEGIN; UNLISTEN a", 2)
    assert len(listener.ask("SELECT pg_listening_channels()").rows) == 3
    other.ask("NOTIFY a; NOTIFY b", 2)
    listener.ask("COMMIT")
    assert listener.heard() == [("b", "")]
    listener.ask('LISTEN "*"; UNLISTEN "*"', 2)
    assert len(listener.ask("SELECT pg_listening_channels()").rows) == 2
    listener.ask("UNLISTEN *")
    other.ask("NOTIFY a; NOTIFY b; NOTIFY c", 3)
    assert listener.heard() == []
    assert listener.ask("SELECT pg_listening_channels()").rows == []


def test_discard_all_and_the_reset_of_asyncpg_end_it() -> None:
    host = Host()
    listener, other = two(host)
    reset = "SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;"
    assert listener.ask(reset, 4).tags == ["SELECT 1", "CLOSE CURSOR ALL", "UNLISTEN", "RESET"]
    other.ask("NOTIFY a")
    assert listener.heard() == []
    listener.ask("LISTEN a")
    listener.ask("DISCARD ALL")
    other.ask("NOTIFY a")
    assert listener.heard() == []


def test_a_session_that_is_over_hears_nothing() -> None:
    host = Host()
    listener, other = two(host)
    host.step(io.Lost(listener.conn))
    assert other.ask("NOTIFY a").tags == ["NOTIFY"]
    assert other.ask("SELECT pg_notification_queue_usage()").rows == [(b"0",)]


def test_notifications_of_a_commit_come_when_it_is_durable_in_commit_order() -> None:
    host = Host(Disk())
    listener, one = two(host)
    other = host.connect()
    one.ask("CREATE TABLE t (a int)")
    host.disk_busy = True
    one.begin(pg.Query("BEGIN; INSERT INTO t VALUES (1); NOTIFY a, '1'; COMMIT"), statements=4)
    other.begin(pg.Query("NOTIFY a, '2'"))
    assert listener.heard() == []
    assert one.replies == other.replies == []
    host.finish_disk_work()
    assert listener.heard() == [("a", "1"), ("a", "2")]
    other.listen()
    assert other.replies.pop().tags == ["NOTIFY"]


def test_a_listen_that_comes_while_a_commit_is_on_its_way_to_disk_hears_it() -> None:
    """Nobody has seen that commit yet: who listens and then reads would miss it."""
    host = Host(Disk())
    one, late = host.connect(), host.connect()
    one.ask("CREATE TABLE t (a int)")
    host.disk_busy = True
    one.begin(pg.Query("BEGIN; INSERT INTO t VALUES (1); NOTIFY a, '1'; COMMIT"), statements=4)
    late.ask("LISTEN a")
    assert late.ask("SELECT count(*) FROM t").rows == [(b"0",)]
    host.finish_disk_work()
    assert late.heard() == [("a", "1")]


def test_limits_of_channel_and_payload() -> None:
    listener, other = two(Host())
    for sql, message in (
        (f"SELECT pg_notify('a', '{'x' * 8000}')", "payload string too long"),
        (f"NOTIFY a, '{'é' * 4000}'", "payload string too long"),
        ("SELECT pg_notify('', 'x')", "channel name cannot be empty"),
        ("SELECT pg_notify(NULL, 'x')", "channel name cannot be empty"),
        (f"SELECT pg_notify('{'c' * 64}', 'x')", "channel name too long"),
    ):
        reply = other.ask(sql)
        assert reply.error is not None and (reply.error.sqlstate, reply.error.message) == ("22023", message)
    other.ask(f"SELECT pg_notify('a', '{'x' * 7999}'), pg_notify('a', NULL)")
    assert [len(payload) for _, payload in listener.heard()] == [7999, 0]
    other.ask("BEGIN; SELECT 1/0", 2)
    reply = other.ask("NOTIFY a")
    assert reply.sqlstate == "25P02"


def test_a_transaction_cannot_gather_more_than_the_queue_takes() -> None:
    listener, other = two(Host(notify_queue_bytes_max=10_000))
    reply = other.ask("SELECT pg_notify('a', repeat('x', 500) || g) FROM generate_series(1, 100) g")
    assert reply.error is not None
    assert (reply.error.sqlstate, reply.error.message) == ("54000", "too many notifications in the NOTIFY queue")
    assert listener.heard() == []
    other.ask("SELECT pg_notify('a', repeat('x', 500)) FROM generate_series(1, 100) g")
    assert len(listener.heard()) == 1


def test_a_listener_that_does_not_take_its_notifications_is_sent_away_and_nobody_else_suffers() -> None:
    host = Host(notify_queue_bytes_max=10_000)
    listener, other = two(host)
    reader = host.connect()
    reader.ask("LISTEN a")
    listener.ask("BEGIN")
    for number in range(9):
        other.ask(f"NOTIFY a, '{number:1000}'")
    assert 0.9 < float(other.ask("SELECT pg_notification_queue_usage()").rows[0][0] or 0) <= 1
    assert not listener.closed
    assert other.ask(f"NOTIFY a, '{9:1000}'").tags == ["NOTIFY"]
    listener.listen()
    assert listener.closed and listener.notified == []
    assert len(reader.heard()) == 10


def test_a_client_that_does_not_read_is_told_when_it_does() -> None:
    host = Host()
    listener, other = two(host)
    host.step(io.WriteBlocked(listener.conn))
    other.ask("NOTIFY a, '1'")
    assert listener.heard() == []
    host.step(io.WriteReady(listener.conn))
    assert listener.heard() == [("a", "1")]


def test_a_pipeline_is_not_interrupted() -> None:
    host = Host()
    listener, other = two(host)
    assert listener.send(framing.parse("", "SELECT 1", ()) + framing.FLUSH) == framing.PARSE_COMPLETE
    other.ask("NOTIFY a, '1'")
    assert listener.take() == b""
    answer = listener.send(framing.SYNC)
    assert answer.startswith(b"A") and b"a\x001\x00" in answer and answer.endswith(b"Z\0\0\0\5I")


def test_a_session_listens_to_a_limited_number_of_channels() -> None:
    client = Host(listen_channels_max=3).connect()
    client.ask("LISTEN a; LISTEN b", 2)
    client.ask("BEGIN; LISTEN c", 2)
    assert client.ask("LISTEN d").sqlstate == "53400"
    client.ask("ROLLBACK")
    client.ask("LISTEN c")
    assert client.ask("LISTEN d").sqlstate == "53400"
    client.ask("UNLISTEN a")
    assert client.ask("LISTEN d").tags == ["LISTEN"]
