"""The native protocol at the whole node: statements, transactions, streams, uploads, batches, cancelling, durability."""

from __future__ import annotations

from typing import Any

import pytest
from rustydb_sim.disk import Disk

from rustydb_proto.binary import Limits
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary import values as v
from rustydb_proto.core import io
from tests.node.native_client import NativeClient, connect
from tests.node.support import Host


@pytest.fixture(params=["messagepack", "bincode"])
def client(request: pytest.FixtureRequest) -> NativeClient:
    made = connect(Host(), encodings=(request.param,))
    made.ask(m.Query("create table t (id int primary key, name text)"))
    return made


def kinds(responses: list[m.Response]) -> list[str]:
    return [type(response).__name__ for response in responses]


def test_a_session(client: NativeClient) -> None:
    started = client.started
    assert started is not None and ("TimeZone", "UTC") in started.settings
    assert client.ask(m.Query("select 1 as one, 'x'")) == m.QueryResult(
        (m.Column("one", "integer", 23), m.Column("?column?", "text", 25)), ((1, "x"),), 1, "SELECT 1"
    )
    assert client.ask(m.Query("insert into t values (1, 'a'), (2, 'b')")) == m.QueryResult((), (), 2, "INSERT 0 2")
    assert client.rows("select name from t where id = $1", 2) == [("b",)]
    assert client.ask(m.Ping()) == m.Pong()
    assert client.ask(m.Query("")) == m.QueryResult((), (), 0, "")


def test_of_several_statements_the_last_one_is_the_result(client: NativeClient) -> None:
    result = client.ask(m.Query("select 1, 2; insert into t values (1, 'a')"))
    assert result == m.QueryResult((), (), 1, "INSERT 0 1")
    assert client.ask(m.Query("insert into t values (2, 'b'); select 5")).rows == ((5,),)


def test_errors_carry_their_fields(client: NativeClient) -> None:
    error = client.error(m.Query("select nix from t"))
    assert (error.sqlstate, error.message, error.position) == ("42703", 'column "nix" does not exist', 8)
    client.ask(m.Query("insert into t values (1, 'a')"))
    error = client.error(m.Execute("insert into t values ($1, 'b')", (1,)))
    assert (error.sqlstate, error.table, error.constraint, error.schema) == ("23505", "t", "t_pkey", "public")
    assert client.error(m.Execute("select $1::int", ("x",))).sqlstate == "22P02"
    assert client.error(m.Execute("select $1::int")).sqlstate == "42P02"
    assert client.error(m.Execute("select $1::int", (1, 2))).sqlstate == "08P01"
    assert client.error(m.Query("copy t from stdin")).sqlstate == "0A000"
    assert client.error(m.Query("copy t to stdout")).sqlstate == "0A000"
    assert client.rows("select count(*) from t") == [(1,)]


EDGES: list[tuple[str, v.Value]] = [
    ("bool", True),
    ("int2", -32768),
    ("int8", 2**63 - 1),
    ("float8", float("-inf")),
    ("float4", 0.5),
    ("text", "grün\n"),
    ("varchar(5)", "abc"),
    ("bytea", bytes(range(256))),
    ("numeric", v.Numeric("123456789012345678901234567890.000000000000000000001")),
    ("numeric", v.Numeric("NaN")),
    ("date", v.Date(v.DATE_INFINITY)),
    ("date", v.Date(v.DATE_NEGATIVE_INFINITY)),
    ("date", v.Date(-746142)),
    ("time", v.Time(86_400_000_000)),
    ("timetz", v.TimeTz(1, -3600)),
    ("timestamp", v.Timestamp(v.TIMESTAMP_NEGATIVE_INFINITY)),
    ("timestamp", v.Timestamp(-100_000_000_000_000_000)),
    ("timestamptz", v.TimestampTz(9_000_000_000_000_000_000)),
    ("interval", v.Interval(-14, 3, -1)),
    ("uuid", v.Uuid(bytes(range(16)))),
    ("json", v.Json('{"b": 1,"a":2}')),
    ("jsonb", v.Json('{"a": 2, "b": 1}')),
    ("int4[]", v.Array(23, ((2, 1), (2, 1)), (1, 2, None, 4))),
    ("text[]", v.Array(25, (), ())),
    ("interval[]", v.Array(1186, ((2, 1),), (v.Interval(1, 2, 3), None))),
    ("timetz[]", v.Array(1266, ((1, 1),), (v.TimeTz(5, 60),))),
    ("numeric[]", v.Array(1700, ((1, 1),), (v.Numeric("1.0"),))),
    ("xid8", v.Other(5069, "18446744073709551615")),
    ("regclass", v.Other(2205, "t")),
]


@pytest.mark.parametrize(("kind", "value"), EDGES)
def test_values_come_back_as_they_went(client: NativeClient, kind: str, value: v.Value) -> None:
    assert client.rows(f"select $1::{kind}", value) == [(value,)]
    assert client.rows(f"select null::{kind}") == [(None,)]


def test_nan(client: NativeClient) -> None:
    assert repr(client.rows("select $1::float8", float("nan"))) == "[(nan,)]"


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("int", "42", "42"),
        ("numeric", 7, "7"),
        ("numeric", 1.5, "1.5"),
        ("text", 5, "5"),
        ("float8", 3, "3"),
        ("timestamp", v.Date(0), "2000-01-01 00:00:00"),
        ("date", "2024-02-29", "2024-02-29"),
        ("text", v.Numeric("1.50"), "1.50"),
        ("jsonb", v.Json('{"b":1}'), '{"b": 1}'),
        ("point", v.Other(600, "(1,2)"), None),
    ],
)
def test_a_parameter_becomes_what_the_statement_needs(
    client: NativeClient, kind: str, value: Any, text: str | None
) -> None:
    response = client.ask(m.Execute(f"select ($1::{kind})::text", (value,)))
    if text is None:
        assert isinstance(response, m.Error)
    else:
        assert response.rows == ((text,),)


def test_a_parameter_that_nothing_types_has_the_type_of_its_value(client: NativeClient) -> None:
    assert client.rows("select $1, $2, $3, $4", 7, "x", None, v.Date(1)) == [(7, "x", None, v.Date(1))]
    client.ask(m.Query("insert into t values (1, '5')"))
    assert client.rows("select id from t where name = $1", 5) == [(1,)]


@pytest.mark.parametrize("value", [1 << 40, v.Array(23, (), ()), b"x", v.Uuid(bytes(16))])
def test_a_value_that_does_not_fit_is_an_error(client: NativeClient, value: v.Value) -> None:
    assert client.error(m.Execute("select $1::int", (value,))).sqlstate in ("22003", "42804", "22P02")


def test_prepared_statements(client: NativeClient) -> None:
    prepared = client.ask(m.Prepare("insert into t values ($1, $2) returning id"))
    assert prepared == m.Prepared(1, (23, 25), (m.Column("id", "integer", 23),))
    for number in range(3):
        assert client.ask(m.ExecutePrepared(1, (number, "x"))).rows == ((number,),)
    client.ask(m.Query("alter table t add column extra int default 5"))
    assert client.ask(
        m.ExecutePrepared(client.ask(m.Prepare("select * from t where id = $1")).statement, (1,))
    ).rows == ((1, "x", 5),)
    assert client.ask(m.ClosePrepared(1)) == m.Ok()
    assert client.error(m.ExecutePrepared(1, (9, "x"))).sqlstate == "26000"
    assert client.error(m.Prepare("select 1; select 2")).sqlstate == "42601"
    assert client.error(m.Prepare("select $1", (999999,))).sqlstate == "42704"


# ---- transactions


def test_the_current_transaction(client: NativeClient) -> None:
    assert client.ask(m.BeginTransaction()) == m.TransactionId(1)
    client.ask(m.Query("insert into t values (1, 'a')"))
    assert client.error(m.BeginTransaction()).sqlstate == "25001"
    other = connect(client.host)
    assert other.rows("select count(*) from t") == [(0,)]
    assert client.ask(m.Commit()) == m.Ok()
    assert other.rows("select count(*) from t") == [(1,)]
    assert client.error(m.Commit()).sqlstate == "25P01"
    client.ask(m.BeginTransaction())
    client.ask(m.Query("delete from t"))
    assert client.ask(m.Rollback()) == m.Ok()
    assert client.rows("select count(*) from t") == [(1,)]


def test_transactions_by_number_are_apart_from_each_other(client: NativeClient) -> None:
    one, two = client.ask(m.Begin()).transaction, client.ask(m.Begin("repeatable read")).transaction
    client.ask(m.Execute("insert into t values (1, 'one')", (), m.Options(transaction=one)))
    client.ask(m.Execute("insert into t values (2, 'two')", (), m.Options(transaction=two)))
    counts = [client.ask(m.Execute("select count(*) from t", (), m.Options(transaction=t))).rows for t in (one, two, 0)]
    assert counts == [((1,),), ((1,),), ((0,),)]
    assert client.ask(m.CommitTransaction(two)) == m.Ok()
    assert client.ask(m.RollbackTransaction(one)) == m.Ok()
    assert client.rows("select id from t") == [(2,)]
    assert client.error(m.CommitTransaction(one)).sqlstate == "25P01"
    assert client.error(m.Execute("select 1", (), m.Options(transaction=one))).sqlstate == "25P01"
    assert len(client.host.node.sessions) == 1


def test_a_failed_transaction_must_be_rolled_back(client: NativeClient) -> None:
    options = m.Options(transaction=client.ask(m.Begin()).transaction)
    client.ask(m.Execute("insert into t values (1, 'a')", (), options))
    client.error(m.Execute("select 1 / 0", (), options))
    assert client.error(m.Execute("select $1::int", (1,), options)).sqlstate == "25P02"
    assert client.error(m.CommitTransaction(options.transaction)).sqlstate == "25P02"
    assert client.rows("select count(*) from t") == [(0,)]


def test_a_transaction_may_end_in_sql_too(client: NativeClient) -> None:
    options = m.Options(transaction=client.ask(m.Begin()).transaction)
    client.ask(m.Execute("insert into t values (1, 'a')", (), options))
    client.ask(m.Execute("commit", (), options))
    assert client.error(m.Execute("select 1", (), options)).sqlstate == "25P01"
    client.ask(m.Query("begin"))
    client.ask(m.Query("insert into t values (2, 'b')"))
    client.ask(m.Query("rollback"))
    assert client.rows("select id from t") == [(1,)]


def test_begin_takes_modes(client: NativeClient) -> None:
    options = m.Options(transaction=client.ask(m.Begin("REPEATABLE_READ", True, True)).transaction)
    show = client.ask(m.Execute("show transaction_isolation", (), options))
    assert show.rows == (("repeatable read",),)
    assert client.error(m.Execute("insert into t values (1, 'a')", (), options)).sqlstate == "25006"
    assert client.error(m.Begin("chaos")).sqlstate == "22023"
    assert client.error(m.Begin("serializable")).sqlstate == "0A000"
    client.host.step()
    assert len(client.host.node.sessions) == 2


def test_a_session_keeps_its_state_between_requests(client: NativeClient) -> None:
    client.ask(m.Query("set timezone = 'Europe/Berlin'"))
    assert client.unasked == [m.SettingChanged("TimeZone", "Europe/Berlin")]
    client.ask(m.Query("create temp table mine (a int)"))
    client.send(*[m.Execute(f"select current_setting('timezone'), count(*) + {n} from mine") for n in range(50)])
    assert {response.rows[0][0] for response in client.take() if isinstance(response, m.QueryResult)} == {
        "Europe/Berlin"
    }


def test_spare_sessions_have_the_settings_of_the_first(client: NativeClient) -> None:
    client.ask(m.Query("set timezone = 'Europe/Berlin'"))
    client.send(m.Execute("select pg_sleep(1)"), m.Execute("select current_setting('timezone')"))
    (zone,) = client.take()
    assert isinstance(zone, m.QueryResult) and zone.rows == (("Europe/Berlin",),)
    client.host.wait(2)
    client.listen()
    client.take()
    client.ask(m.Query("set timezone = 'Asia/Tokyo'"))
    client.send(m.Execute("select pg_sleep(1)"), m.Execute("select current_setting('timezone')"))
    assert client.take()[0].rows == (("Asia/Tokyo",),)  # type: ignore[union-attr]


# ---- pipelines


def test_a_slow_request_does_not_hold_up_the_others(client: NativeClient) -> None:
    slow, *fast = client.send(m.Execute("select pg_sleep(5)"), *[m.Execute(f"select {n}") for n in range(100)])
    assert [event.request for event in client.responses] == fast
    client.take()
    client.host.wait(6)
    client.listen()
    assert [event.request for event in client.responses] == [slow]


def test_requests_of_a_transaction_run_in_order(client: NativeClient) -> None:
    options = m.Options(transaction=client.ask(m.Begin()).transaction)
    requests: list[m.Request] = [m.Execute("insert into t values ($1, 'x')", (n,), options) for n in range(20)]
    requests += [m.Execute("select pg_sleep(1)", (), options), m.Execute("select count(*) from t", (), options)]
    numbers = client.send(*requests)
    client.host.wait(2)
    client.listen()
    assert [event.request for event in client.responses] == numbers
    assert client.take()[-1].rows == ((20,),)  # type: ignore[union-attr]


def test_more_slow_requests_than_lanes_wait_their_turn(client: NativeClient) -> None:
    numbers = client.send(*[m.Execute("select pg_sleep(1)") for _ in range(30)])
    client.host.wait(10)
    client.listen()
    assert sorted(event.request for event in client.responses) == numbers
    assert len(client.host.node.sessions) <= 9


def test_statements_of_the_session_wait_for_each_other(client: NativeClient) -> None:
    client.send(
        m.Query("select pg_sleep(1); set application_name = 'a'"),
        m.Query("create table u (a int)"),
        m.Execute("insert into u values ($1)", (5,)),
        m.Execute("select a from u"),
    )
    assert client.take() == []
    client.host.wait(2)
    client.listen()
    assert kinds(client.take()) == ["QueryResult"] * 4


def test_a_hundred_clients_with_a_hundred_requests_each() -> None:
    host = Host()
    clients = [connect(host) for _ in range(100)]
    numbers = {
        index: client.send(*[m.Execute("select $1::int * $2::int", (index, n)) for n in range(100)])
        for index, client in enumerate(clients)
    }
    for index, client in enumerate(clients):
        got = {event.request: event.response for event in client.responses}
        for n, number in enumerate(numbers[index]):
            response = got[number]
            assert isinstance(response, m.QueryResult) and response.rows == ((index * n,),)


# ---- streams


def test_a_result_streams_with_credit(client: NativeClient) -> None:
    sql = "select i, repeat('x', 10) from generate_series(1, 5000) i"
    (number,) = client.send(m.Execute(sql, (), m.Options(credit=3, batch_rows=100)))
    first = client.take()
    assert kinds(first) == ["Columns", "Rows", "Rows", "Rows"]
    rows = [row for response in first if isinstance(response, m.Rows) for row in response.rows]
    while client.machine.open_requests:
        client.machine.credit(client.host.now, number, 2)
        client.move()
        batch = client.take()
        assert len(batch) <= 3
        rows += [row for response in batch if isinstance(response, m.Rows) for row in response.rows]
    assert batch[-1] == m.Completed(5000, "SELECT 5000")
    assert rows == [(i, "x" * 10) for i in range(1, 5001)]


def test_a_stream_that_is_complete_in_one_batch_is_one_response(client: NativeClient) -> None:
    assert kinds([client.ask(m.Execute("select 1", (), m.Options(credit=3)))]) == ["QueryResult"]
    assert client.ask(m.Execute("select 1 where false", (), m.Options(credit=3))).tag == "SELECT 0"
    assert client.ask(m.Execute("insert into t values (1, 'a')", (), m.Options(credit=3))).tag == "INSERT 0 1"


def test_a_stream_waits_without_holding_others_and_can_be_cancelled(client: NativeClient) -> None:
    sql = "select i from generate_series(1, 100000) i"
    (number,) = client.send(m.Execute(sql, (), m.Options(credit=1, batch_rows=10)))
    assert kinds(client.take()) == ["Columns", "Rows"]
    assert client.rows("select 1") == [(1,)]
    client.send(m.Cancel(number))
    responses = client.take_for(number)
    assert isinstance(responses[0], m.Error) and responses[0].fields.sqlstate == "57014"


def test_an_error_may_end_a_stream(client: NativeClient) -> None:
    sql = "select 1 / (50000 - i) from generate_series(1, 100000) i"
    client.send(m.Execute(sql, (), m.Options(credit=1000, batch_rows=100)))
    responses = client.take()
    assert kinds(responses)[0] == "Columns" and isinstance(responses[-1], m.Error)
    assert responses[-1].fields.sqlstate == "22012"


def test_a_row_limit(client: NativeClient) -> None:
    sql = "select i from generate_series(1, 1000) i"
    client.send(m.Execute(sql, (), m.Options(row_limit=7, credit=5)))
    responses = client.take()
    assert kinds(responses) == ["Columns", "Rows", "Completed"]
    assert responses[-1] == m.Completed(7, "SELECT 7", True)
    assert len(client.ask(m.Execute(sql, (), m.Options(row_limit=7))).rows) == 7
    assert len(client.ask(m.Execute("select $1::int", (5,), m.Options(row_limit=7))).rows) == 1


def test_a_result_that_is_too_large_for_one_response_is_refused(client: NativeClient) -> None:
    error = client.error(m.Execute("select i from generate_series(1, 100000) i"))
    assert error.sqlstate == "54000" and error.hint is not None
    small = connect(client.host, limits=Limits(frame_bytes_max=20_000))
    assert small.error(m.Execute("select repeat('x', 30000)")).sqlstate == "54000"
    assert small.error(m.Execute("select repeat('x', 30000)", (), m.Options(credit=5))).sqlstate == "54000"
    small.send(m.Execute("select repeat('x', 3000) from generate_series(1, 40)", (), m.Options(credit=50)))
    assert sum(len(response.rows) for response in small.take() if isinstance(response, m.Rows)) == 40


# ---- uploads and batches


def test_a_bulk_insert(client: NativeClient) -> None:
    rows = tuple((n, f"n{n}") for n in range(5000))
    assert client.ask(m.BulkInsert("t", (), rows)) == m.QueryResult((), (), 5000, "INSERT 0 5000")
    assert client.rows("select count(*), min(name), max(id) from t") == [(5000, "n0", 4999)]
    assert client.error(m.BulkInsert("t", ("id",), ((1,),))).sqlstate == "23505"
    assert client.error(m.BulkInsert("t", ("nix",), ((1,),))).sqlstate == "42703"
    assert client.error(m.BulkInsert("nix", (), ())).sqlstate == "42P01"
    assert client.error(m.BulkInsert("t; drop table t", (), ())).sqlstate == "42602"
    wrong = client.error(m.BulkInsert("t", ("id", "name"), ((6000, "a"), (6001,))))
    assert (wrong.sqlstate, wrong.message) == ("22P04", "row 2 has 1 values, but there are 2 columns")


def test_a_bulk_insert_in_parts(client: NativeClient) -> None:
    now = client.host.now
    (number,) = client.send(m.BulkInsert('public."t"', ("name", "id"), (("a", 0),), True))
    sent = 1
    while sent < 30:
        while client.machine.upload_capacity(number) and sent < 30:
            client.machine.upload(now, number, m.BulkRows((("b", sent),), True))
            sent += 1
        client.move()
    client.machine.upload(now, number, m.BulkRows((("c", sent),), False))
    client.move()
    assert client.take()[-1] == m.QueryResult((), (), 31, "INSERT 0 31")
    assert client.rows("select count(*) from t") == [(31,)]


def test_a_bulk_insert_that_fails_leaves_nothing(client: NativeClient) -> None:
    (number,) = client.send(m.BulkInsert("t", (), ((1, "a"),), True))
    client.machine.upload(client.host.now, number, m.BulkRows(((1, "b"),), True))
    client.move()
    responses = client.take()
    assert isinstance(responses[-1], m.Error) and responses[-1].fields.sqlstate == "23505"
    assert client.rows("select count(*) from t") == [(0,)]
    options = m.Options(transaction=client.ask(m.Begin()).transaction)
    client.ask(m.BulkInsert("t", (), ((1, "a"),), False, options))
    client.ask(m.RollbackTransaction(options.transaction))
    assert client.rows("select count(*) from t") == [(0,)]


def test_batches(client: NativeClient) -> None:
    insert = m.Statement("insert into t values ($1, $2)", (1, "a"))
    client.send(m.Batch((insert, m.Statement("select count(*) from t"))))
    responses = client.take()
    assert kinds(responses) == ["QueryResult", "QueryResult", "Ok"] and responses[1].rows == ((1,),)  # type: ignore[union-attr]
    client.send(m.Batch((m.Statement("delete from t"), insert, insert)))
    assert kinds(client.take()) == ["QueryResult", "QueryResult", "Error"]
    assert client.rows("select count(*) from t") == [(1,)]
    client.send(m.Batch((m.Statement("delete from t"), insert, insert, m.Statement("select 5")), False))
    assert kinds(client.take()) == ["QueryResult", "QueryResult", "Error", "QueryResult", "Ok"]
    client.send(m.Batch((m.Statement("commit"),)))
    assert kinds(client.take()) == ["QueryResult", "Error"]


# ---- cancelling, time, the end


def test_cancelling_a_request(client: NativeClient) -> None:
    numbers = client.send(m.Execute("select pg_sleep(100)"), m.Execute("select pg_sleep(50)"))
    client.send(m.Cancel(numbers[1]))
    (response,) = client.take_for(numbers[1])
    assert isinstance(response, m.Error) and response.fields.sqlstate == "57014"
    assert client.machine.open_requests == (numbers[0],)


def test_cancelling_a_request_that_waits(client: NativeClient) -> None:
    client.ask(m.BeginTransaction())
    first, second = client.send(m.Query("select pg_sleep(5)"), m.Query("select 2"))
    client.send(m.Cancel(second))
    (response,) = client.take_for(second)
    assert isinstance(response, m.Error) and response.fields.sqlstate == "57014"
    client.host.wait(6)
    client.listen()
    assert kinds(client.take_for(first)) == ["QueryResult"]


def test_timeouts(client: NativeClient) -> None:
    client.send(m.Execute("select pg_sleep(100)", (), m.Options(timeout_ms=500)))
    client.host.wait(1)
    client.listen()
    (response,) = client.take()
    assert isinstance(response, m.Error) and response.fields.sqlstate == "57014"
    client.ask(m.Query("set statement_timeout = 200"))
    client.send(m.Execute("select pg_sleep(100)"))
    client.host.wait(1)
    client.listen()
    (response,) = client.take()
    assert isinstance(response, m.Error) and response.fields.sqlstate == "57014"


def test_a_lock_is_waited_for_and_a_lost_connection_lets_go(client: NativeClient) -> None:
    client.ask(m.Query("insert into t values (1, 'a')"))
    holder = connect(client.host)
    holder.ask(m.BeginTransaction())
    holder.ask(m.Query("update t set name = 'held' where id = 1"))
    client.send(m.Execute("update t set name = 'mine' where id = 1"))
    assert client.take() == []
    client.host.step(io.Lost(holder.transport.conn, "reset"))
    client.listen()
    assert kinds(client.take()) == ["QueryResult"]
    assert client.rows("select name from t") == [("mine",)]
    assert len(client.host.node.sessions) == 1


def test_a_lost_connection_ends_everything(client: NativeClient) -> None:
    client.ask(m.Begin())
    client.send(*[m.Execute("select pg_sleep(100)") for _ in range(20)])
    client.send(m.BulkInsert("t", (), ((1, "a"),), True))
    client.host.step(io.Lost(client.transport.conn, "reset"))
    assert client.host.node.sessions == {}
    assert connect(client.host).rows("select count(*) from t") == [(0,)]


def test_answers_of_commits_wait_for_the_disk() -> None:
    host = Host(Disk())
    client = connect(host)
    client.ask(m.Query("create table t (id int primary key)"))
    host.disk_busy = True
    client.send(*[m.Execute("insert into t values ($1)", (n,)) for n in range(50)], m.Execute("select 1"))
    assert [response.rows for response in client.take() if isinstance(response, m.QueryResult)] == [((1,),)]
    host.finish_disk_work()
    client.listen()
    assert len(client.take()) == 50
    assert client.rows("select count(*) from t") == [(50,)]


def test_an_idle_connection_is_closed_after_a_while(client: NativeClient) -> None:
    client.host.wait(599)
    client.listen()
    assert client.end is None
    client.host.wait(2)
    client.listen()
    assert isinstance(client.end, e.ConnectionFailed) and client.end.fields.sqlstate == "57P05"
    assert client.host.node.sessions == {}


def test_a_shutdown_says_goodbye(client: NativeClient) -> None:
    client.send(m.Execute("select pg_sleep(5)"))
    client.host.step(io.ShutdownRequested(True))
    client.listen()
    assert client.end is None, "a statement is running"
    client.host.wait(6)
    client.listen()
    assert kinds(client.take()) == ["QueryResult"]
    assert isinstance(client.end, e.ConnectionFailed) and client.end.fields.sqlstate == "57P01"


def test_terminating_and_cancelling_from_another_session(client: NativeClient) -> None:
    other = connect(client.host)
    assert client.started is not None
    (number,) = client.send(m.Execute("select pg_sleep(100)"))
    other.rows("select pg_cancel_backend($1)", client.started.session)
    client.listen()
    (response,) = client.take_for(number)
    assert isinstance(response, m.Error) and response.fields.sqlstate == "57014"
    other.rows("select pg_terminate_backend($1)", client.started.session)
    client.listen()
    assert isinstance(client.end, e.ConnectionFailed) and client.end.fields.sqlstate == "57P01"
    assert len(client.host.node.sessions) == 1


@pytest.mark.parametrize(
    ("options", "sqlstate"),
    [
        ({"password": "wrong"}, "28P01"),
        ({"user": "nobody"}, "28P01"),
        ({"database": "other"}, "3D000"),
        ({"settings": (("nix", "1"),)}, "42704"),
    ],
)
def test_who_may_not_come_in(options: dict[str, Any], sqlstate: str) -> None:
    host = Host()
    client = NativeClient(host, host.accept(), **options)
    assert isinstance(client.end, e.AuthenticationFailed) and client.end.sqlstate == sqlstate
    assert client.transport.closed and host.node.sessions == {}


def test_settings_of_the_handshake() -> None:
    client = connect(Host(), application_name="app", settings=(("timezone", "Asia/Tokyo"),), database="")
    assert client.rows("select current_setting('application_name'), current_setting('timezone')") == [
        ("app", "Asia/Tokyo")
    ]


def test_a_blocked_socket_stops_the_work(client: NativeClient) -> None:
    host = client.host
    host.step(io.WriteBlocked(client.transport.conn))
    client.send(*[m.Execute(f"select {n}") for n in range(100)])
    assert client.take() == []
    host.step(io.WriteReady(client.transport.conn))
    client.listen()
    assert len(client.take()) == 100


def test_a_step_sends_about_a_megabyte_at_most(client: NativeClient) -> None:
    host = client.host
    for _ in range(20):
        client.machine.request(host.now, m.Execute("select repeat('x', 400000)"))
    effects = host.node.step(host.now, [io.Received(client.transport.conn, client.machine.data_to_send())])
    (sent,) = [effect for effect in effects if isinstance(effect, io.Send)]
    assert 1 << 20 < len(sent.data) < 2 << 20
    assert host.node.deadline(host.now) == host.now.mono_ns, "there is more to do"


def test_requests_a_second_can_be_limited() -> None:
    client = connect(Host(native_requests_per_s=5))
    client.send(*[m.Execute(f"select {n}") for n in range(7)])
    assert kinds(client.take()).count("Error") == 2
    client.host.wait(0.2)
    assert client.rows("select 1") == [(1,)]


def test_notices_come_before_their_result(client: NativeClient) -> None:
    client.send(m.Query("drop table if exists nix"))
    notice, result = client.take()
    assert isinstance(notice, m.Notice) and notice.fields.severity == "NOTICE" and isinstance(result, m.QueryResult)
