"""Cancel, timeouts, lost connections, shutdown: how what runs or waits comes to its end."""

from __future__ import annotations

import pytest
from rustydb_sim.disk import Disk

from rustydb_proto.core import io
from rustydb_proto.pg import framing
from rustydb_proto.pg.client_messages import Query
from tests.node.support import Client, Host


@pytest.fixture
def host() -> Host:
    host = Host()
    host.connect().ask("CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 1), (2, 2)", 2)
    return host


def cancel(client: Client) -> None:
    assert client.machine is not None
    other = client.host.accept()
    assert other.send(client.machine.cancel_request()) == b""
    assert other.closed


def test_a_cancel_request_ends_what_runs(host: Host) -> None:
    client = host.connect()
    client.begin(Query("SELECT pg_sleep(1000)"))
    cancel(client)
    client.listen()
    assert client.replies.pop().sqlstate == "57014"
    assert client.ask("SELECT 1").rows == [(b"1",)]


def test_a_cancel_request_ends_a_wait_for_a_lock(host: Host) -> None:
    one, two = host.connect(), host.connect()
    one.ask("BEGIN; UPDATE t SET b = 5 WHERE a = 1", 2)
    two.begin(Query("UPDATE t SET b = 6 WHERE a = 1"))
    cancel(two)
    two.listen()
    assert two.replies.pop().sqlstate == "57014"
    one.ask("COMMIT")
    assert two.ask("SELECT b FROM t WHERE a = 1").rows == [(b"5",)]


def test_a_cancel_request_that_comes_before_the_first_step_of_a_statement_is_answered(host: Host) -> None:
    # The error left the node, and with it the server ended: a full send buffer had held the statement back.
    client = host.connect()
    host.step(io.WriteBlocked(client.conn))
    client.begin(Query("SELECT pg_sleep(1000)"))
    cancel(client)
    host.step(io.WriteReady(client.conn))
    client.listen()
    assert client.replies.pop().sqlstate == "57014"
    assert client.ask("SELECT 1").rows == [(b"1",)]


def test_a_statement_that_a_full_buffer_holds_back_can_run_out_of_time(host: Host) -> None:
    client = host.connect()
    client.ask("SET statement_timeout = 50")
    host.step(io.WriteBlocked(client.conn))
    client.begin(Query("SELECT a FROM t; SELECT b FROM t"), statements=2)
    host.wait(1)
    host.step(io.WriteReady(client.conn))
    client.listen()
    assert client.replies.pop().sqlstate == "57014"
    assert client.ask("SELECT 1").rows == [(b"1",)]


def test_a_cancel_request_with_the_wrong_key_does_nothing(host: Host) -> None:
    client = host.connect()
    client.begin(Query("SELECT pg_sleep(10)"))
    for process_id in (0, 1, 1001, 1002, 1003, 2**31 - 1):
        other = host.accept()
        other.send(framing.cancel_request(process_id, b"no!!"))
        assert other.closed
    host.wait(10)
    client.listen()
    assert client.replies.pop().sqlstate == ""


def test_a_commit_that_is_on_its_way_to_disk_is_not_cancelled() -> None:
    host = Host(Disk())
    client = host.connect()
    client.ask("CREATE TABLE t (a int)")
    client.ask("INSERT INTO t VALUES (0)")
    host.disk_busy = True
    for sql in ("INSERT INTO t VALUES (1)", "INSERT INTO t SELECT 2", "CREATE TABLE u (a int)"):
        client.begin(Query(sql))
        cancel(client)
        client.listen()
        assert client.replies == [], sql
        host.finish_disk_work()
        client.listen()
        assert client.replies.pop().sqlstate == "", sql
        host.disk_busy = True
    host.finish_disk_work()
    assert client.ask("SELECT count(*) FROM t").rows == [(b"3",)]


def test_statement_timeout_ends_a_statement(host: Host) -> None:
    client = host.connect()
    client.ask("SET statement_timeout = 100")
    client.begin(Query("SELECT pg_sleep(1000)"))
    host.wait(0.2)
    client.listen()
    reply = client.replies.pop()
    assert reply.error is not None
    assert reply.error.message == "canceling statement due to statement timeout"


def test_lock_timeout_ends_a_wait(host: Host) -> None:
    one, two = host.connect(), host.connect()
    one.ask("BEGIN; UPDATE t SET b = 5 WHERE a = 1", 2)
    two.ask("SET lock_timeout = 100")
    two.begin(Query("UPDATE t SET b = 6 WHERE a = 1"))
    host.wait(0.2)
    two.listen()
    assert two.replies.pop().sqlstate == "55P03"


def test_a_lost_connection_gives_up_its_locks_and_those_who_wait_go_on(host: Host) -> None:
    one, two = host.connect(), host.connect()
    one.ask("BEGIN; UPDATE t SET b = 5 WHERE a = 1", 2)
    two.begin(Query("UPDATE t SET b = b + 10 WHERE a = 1"))
    assert two.replies == []
    host.step(io.Lost(one.conn))
    two.listen()
    assert two.replies.pop().tags == ["UPDATE 1"]
    assert two.ask("SELECT b FROM t WHERE a = 1").rows == [(b"11",)]


def test_a_connection_that_is_lost_in_the_step_that_brings_its_query_does_nothing(host: Host) -> None:
    client = host.connect()
    host.step(io.Received(client.conn, framing.query("INSERT INTO t VALUES (3, 3)")), io.Lost(client.conn))
    assert client.take() == b""
    assert host.connect().ask("SELECT count(*) FROM t").rows == [(b"2",)]


def test_a_client_that_only_ends_its_side_gets_its_answer(host: Host) -> None:
    client = host.connect()
    host.step(io.Received(client.conn, framing.query("SELECT pg_sleep(1)")), io.Received(client.conn, b""))
    assert not client.closed
    host.wait(1)
    assert client.take().endswith(b"SELECT 1\x00Z\x00\x00\x00\x05I")
    assert client.closed


def test_who_does_not_log_in_is_sent_away_after_a_minute(host: Host) -> None:
    silent, slow = host.accept(), host.accept()
    slow.send(framing.startup({"user": "admin", "database": "rustydb"}))
    host.wait(59)
    assert not silent.closed and not slow.closed
    host.wait(2)
    assert silent.closed and silent.take() == b""
    assert slow.closed and b"C57014\x00" in slow.take()


def test_a_wrong_password_and_a_user_who_does_not_exist_get_the_same_answer(host: Host) -> None:
    answers = []
    for user, password in (("admin", "wrong"), ("nobody", "admin")):
        client = host.accept()
        client.log_in(user, password)
        assert client.fatal is not None and client.closed
        answers.append((client.fatal.sqlstate, client.fatal.message.replace(user, "?")))
    assert answers[0] == answers[1] == ("28P01", 'password authentication failed for user "?"')


def test_too_many_connections_are_refused() -> None:
    host = Host(connections_max=3)
    clients = [host.connect() for _ in range(4)]
    assert [client.fatal.sqlstate if client.fatal else "" for client in clients] == ["", "", "", "53300"]
    clients[0].send(framing.TERMINATE)
    assert host.connect().fatal is None


def test_a_shutdown_lets_what_runs_finish_and_refuses_the_rest() -> None:
    host = Host(Disk())
    running, idle, inside, entering = host.connect(), host.connect(), host.connect(), host.accept()
    inside.ask("BEGIN")
    running.begin(Query("SELECT pg_sleep(5)"))
    host.step(io.ShutdownRequested(graceful=True))
    for client in (idle, inside):
        client.listen()
        assert client.closed and client.fatal is not None and client.fatal.sqlstate == "57P01"
    assert entering.closed
    assert host.accept().closed
    assert host.halted is None and not running.closed
    host.wait(5)
    running.listen()
    assert running.replies.pop().tags == ["SELECT 1"]
    assert running.fatal is not None and running.closed
    assert host.halted == io.Halt(0, "shutdown complete")


def test_a_shutdown_waits_for_commits_and_writes_a_checkpoint() -> None:
    disk = Disk()
    host = Host(disk)
    client = host.connect()
    client.ask("CREATE TABLE t (a int)")
    host.disk_busy = True
    client.begin(Query("INSERT INTO t VALUES (1)"))
    host.step(io.ShutdownRequested(graceful=True))
    assert not client.closed and host.halted is None
    host.finish_disk_work()
    client.listen()
    assert client.replies.pop().tags == ["INSERT 0 1"]
    assert client.closed and host.halted is not None and host.halted.code == 0
    assert any(name.startswith("checkpoint-") for name in disk.listing())


def test_a_shutdown_of_an_idle_server_ends_at_once() -> None:
    for host in (Host(), Host(Disk())):
        host.step(io.ShutdownRequested(graceful=True))
        assert host.halted is not None and host.halted.code == 0


def test_a_second_request_stops_at_once() -> None:
    host = Host(Disk())
    client = host.connect()
    client.begin(Query("SELECT pg_sleep(5)"))
    host.step(io.ShutdownRequested(graceful=True))
    assert host.halted is None
    host.step(io.ShutdownRequested(graceful=False))
    assert host.halted == io.Halt(0, "immediate shutdown")


def test_a_session_that_terminates_itself_gets_the_error_and_nothing_else(host: Host) -> None:
    client = host.connect()
    client.begin(Query("SELECT pg_terminate_backend(pg_backend_pid())"))
    client.listen()
    assert client.fatal is not None and client.fatal.sqlstate == "57P01"
    assert client.replies == []
    assert client.closed


def test_a_session_that_cancels_itself_goes_on(host: Host) -> None:
    client = host.connect()
    assert client.ask("SELECT pg_cancel_backend(pg_backend_pid())").sqlstate == "57014"
    assert client.ask("SELECT 1").rows == [(b"1",)]


def test_each_statement_of_a_query_has_the_timeout_that_is_set_when_it_begins(host: Host) -> None:
    client = host.connect()
    client.begin(
        Query("BEGIN; CREATE TABLE u (a int); SET statement_timeout = 100; SELECT pg_sleep(1000)"), statements=4
    )
    host.wait(0.2)
    client.listen()
    assert client.replies.pop().sqlstate == "57014"
    client.ask("ROLLBACK; SET statement_timeout = 150", 2)
    client.begin(Query("SELECT pg_sleep(0.1); SELECT pg_sleep(0.1); SET statement_timeout = 0"), statements=3)
    host.wait(0.3)
    client.listen()
    assert client.replies.pop().sqlstate == ""
