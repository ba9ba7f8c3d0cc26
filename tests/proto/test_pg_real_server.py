"""The client half against a real PostgreSQL 15, over a blocking socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pg_oracle import Oracle
from pg_support import SEED, START

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.pg import (
    Bind,
    ClientCommand,
    ClientEvent,
    ClientMachine,
    Close,
    CommandCompleted,
    CopyBothStarted,
    CopyData,
    CopyDataReceived,
    CopyDone,
    CopyDoneReceived,
    CopyFail,
    CopyInStarted,
    CopyOutStarted,
    Describe,
    EncodedRowsReceived,
    ErrorReceived,
    Execute,
    Flush,
    FunctionCall,
    FunctionResultReceived,
    NoDataReceived,
    NoticeReceived,
    NotificationReceived,
    ParameterChanged,
    Parse,
    ParseCompleted,
    Query,
    ReadyReceived,
    RowDescriptionReceived,
    RowsReceived,
    SessionStarted,
    Stop,
    SuspensionReceived,
    Sync,
    Terminate,
    VersionNegotiated,
    framing,
)


class Link:
    """A client machine on a socket."""

    def __init__(self, oracle: Oracle, user: str, password: str | None = None, **options: Any) -> None:
        self.address = ("127.0.0.1", oracle.port)
        self.socket = socket.create_connection(self.address, timeout=10)
        self.machine = ClientMachine(START, Entropy(SEED), user, "postgres", password=password, **options)

    def until(self, *last: type) -> list[ClientEvent]:
        """Read until an event of one of these classes."""
        events: list[ClientEvent] = []
        while True:
            while not isinstance(event := self.machine.next_event(), Stop):
                events.append(event)
                if isinstance(event, last):
                    return events
            # Pulling an event may have made output: an answer of the authentication.
            self.socket.sendall(self.machine.data_to_send())
            self.machine.receive_data(START, self.socket.recv(65536))

    def ask(self, *commands: ClientCommand) -> list[ClientEvent]:
        """Send commands and read to the next ReadyForQuery."""
        for command in commands:
            self.machine.send(START, command)
        return self.until(ReadyReceived)


@pytest.fixture
def link(oracle: Oracle) -> Iterator[Link]:
    opened = Link(oracle, "trusted")
    opened.until(SessionStarted)
    yield opened
    opened.socket.close()


def rows(events: list[ClientEvent]) -> list[tuple[bytes | None, ...]]:
    return [row for event in events if isinstance(event, RowsReceived) for row in event.rows]


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("trusted", None),
        ("ann", "pencil"),
        ("md5_user", "pencil"),
        ("clear_user", "pencil"),
        ("pass\u00e9", "i\u00adx\u00a0y"),
        ("pass\u00e9", "ix y"),
    ],
)
def test_every_authentication_method_lets_us_in(oracle: Oracle, user: str, password: str | None) -> None:
    opened = Link(oracle, user, password)
    (event,) = opened.until(SessionStarted)
    assert isinstance(event, SessionStarted)
    assert event.parameters["server_version"].startswith("15.")
    assert event.parameters["session_authorization"] == user
    opened.socket.close()


@pytest.mark.parametrize("user", ["ann", "md5_user", "clear_user", "nobody_knows"])
def test_a_wrong_password_is_told_as_an_error(oracle: Oracle, user: str) -> None:
    opened = Link(oracle, user, "pen")
    (event,) = opened.until(ErrorReceived)
    assert isinstance(event, ErrorReceived)
    assert (event.sqlstate, event.message) == ("28P01", f'password authentication failed for user "{user}"')
    assert opened.machine.output_ended
    opened.socket.close()


def test_a_simple_query_of_several_statements(link: Link) -> None:
    events = link.ask(Query("select 1 as a, null; set timezone to 'Asia/Tokyo'; do $$ begin raise notice 'hi'; end $$"))
    assert [type(event) for event in events] == [
        RowDescriptionReceived,
        RowsReceived,
        CommandCompleted,
        CommandCompleted,
        NoticeReceived,
        CommandCompleted,
        ParameterChanged,
        ReadyReceived,
    ]
    assert rows(events) == [(b"1", None)]
    assert events[-2] == ParameterChanged("TimeZone", "Asia/Tokyo")


def test_a_pipeline_with_parameters_and_suspension(link: Link) -> None:
    events = link.ask(
        Parse("s", "select generate_series(1, $1::int)"),
        Bind("p", "s", [b"\0\0\0\3"], [1], [1]),
        Describe("P", "p"),
        Execute("p", 2),
        Execute("p", 2),
        Close("S", "s"),
        Sync(),
    )
    assert rows(events) == [(b"\0\0\0\1",), (b"\0\0\0\2",), (b"\0\0\0\3",)]
    assert SuspensionReceived() in events
    assert CommandCompleted("SELECT 1") in events
    assert link.machine.outstanding == 0


def test_an_error_skips_to_the_next_sync(link: Link) -> None:
    events = link.ask(Parse("", "selec"), Bind("", ""), Execute(), Sync())
    assert [type(event) for event in events] == [ErrorReceived, ReadyReceived]
    assert rows(link.ask(Query("select 2"))) == [(b"2",)]


def test_flush_brings_answers_before_the_sync(link: Link) -> None:
    link.machine.send(START, Parse("", "select 1"))
    link.machine.send(START, Flush())
    assert link.until(ParseCompleted) == [ParseCompleted()]
    assert link.ask(Describe("S", ""), Sync())[-1] == ReadyReceived("I")


def test_copy_in_and_out(link: Link) -> None:
    link.ask(Query("create temp table t (a int, b text)"))
    link.machine.send(START, Query("copy t from stdin"))
    assert link.until(CopyInStarted)[-1] == CopyInStarted(0, (0, 0))
    events = link.ask(CopyData(b"1\tone\n2\t"), CopyData(b"two\n"), CopyDone())
    assert CommandCompleted("COPY 2") in events
    events = link.ask(Query("copy t to stdout"))
    data = b"".join(event.data for event in events if isinstance(event, CopyDataReceived))
    assert data == b"1\tone\n2\ttwo\n"


def test_copy_in_by_the_extended_protocol(link: Link) -> None:
    link.ask(Query("create temp table t (a int)"))
    for command in (Parse("", "copy t from stdin"), Bind("", ""), Describe("P", ""), Execute(), Sync()):
        link.machine.send(START, command)
    assert NoDataReceived() in link.until(CopyInStarted)
    events = link.ask(CopyData(b"1\n"), CopyDone(), Sync())
    assert CommandCompleted("COPY 1") in events
    assert link.machine.outstanding == 0
    assert rows(link.ask(Query("select * from t"))) == [(b"1",)]


def test_a_cancel_request_stops_a_query(link: Link) -> None:
    # The notice says that the statement is running: a cancel request that comes earlier would be lost.
    link.machine.send(START, Query("do $$ begin raise notice 'running'; perform pg_sleep(30); end $$"))
    link.socket.sendall(link.machine.data_to_send())
    link.until(NoticeReceived)
    with socket.create_connection(link.address, timeout=10) as other:
        other.sendall(link.machine.cancel_request())
        assert other.recv(1) == b""
    events = link.until(ReadyReceived)
    assert [event.sqlstate for event in events if isinstance(event, ErrorReceived)] == ["57014"]


def test_notifications_arrive(link: Link) -> None:
    events = link.ask(Query("listen c; notify c, 'payload'"))
    process_id = [event.process_id for event in events if isinstance(event, NotificationReceived)]
    assert len(process_id) == 1
    assert NotificationReceived(process_id[0], "c", "payload") in events


def test_a_function_call(link: Link) -> None:
    events = link.ask(FunctionCall(177, [b"\0\0\0\2", b"\0\0\0\3"], [1], 1))  # int4pl
    assert events[0] == FunctionResultReceived(b"\0\0\0\5")


def test_a_large_result_comes_in_batches(link: Link) -> None:
    events = link.ask(Query("select i, repeat('x', 100) from generate_series(1, 20000) i"))
    assert len(rows(events)) == 20_000
    assert len(events) < 2_000


def test_goodbye_is_understood(link: Link) -> None:
    link.machine.send(START, Terminate())
    link.socket.sendall(link.machine.data_to_send())
    assert link.socket.recv(1) == b""


def test_a_server_of_3_0_tells_a_client_of_3_2(oracle: Oracle) -> None:
    opened = Link(oracle, "trusted", minor=2, parameters={"_pq_.nosuch": "1"})
    events = opened.until(SessionStarted)
    assert events[0] == VersionNegotiated(0, ("_pq_.nosuch",))
    assert rows(opened.ask(Query("select 1"))) == [(b"1",)]
    opened.socket.close()


def test_pipelines_sent_ahead_are_answered_in_order(link: Link) -> None:
    for number in range(100):
        value = b"%d" % number if number % 10 else b"zero"
        for command in (Parse("", "select $1::int"), Bind("", "", [value]), Execute(), Sync()):
            link.machine.send(START, command)
    assert link.machine.outstanding == 100
    events: list[ClientEvent] = []
    while link.machine.outstanding:
        events += link.until(ReadyReceived)
    assert rows(events) == [(b"%d" % number,) for number in range(100) if number % 10]
    assert [event.sqlstate for event in events if isinstance(event, ErrorReceived)] == ["22P02"] * 10


def test_copy_in_binary_both_ways(link: Link) -> None:
    link.ask(Query("create temp table t (a int, b bytea)"))
    link.ask(Query("insert into t select i, decode('00ff', 'hex') from generate_series(1, 1000) i"))
    events = link.ask(Query("copy t to stdout (format binary)"))
    assert CopyOutStarted(1, (1, 1)) in events
    pieces = [event.data for event in events if isinstance(event, CopyDataReceived)]
    link.ask(Query("create temp table u (like t)"))
    link.machine.send(START, Query("copy u from stdin (format binary)"))
    assert link.until(CopyInStarted)[-1] == CopyInStarted(1, (1, 1))
    events = link.ask(*[CopyData(piece) for piece in pieces], CopyDone())
    assert CommandCompleted("COPY 1000") in events
    assert rows(link.ask(Query("select count(*) from (table t except table u) d"))) == [(b"0",)]


@pytest.mark.parametrize("simple", [True, False])
def test_a_copy_that_is_given_up_or_fails(link: Link, simple: bool) -> None:
    link.ask(Query("create temp table t (a int)"))
    begin = (
        [Query("copy t from stdin")] if simple else [Parse("", "copy t from stdin"), Bind("", ""), Execute(), Sync()]
    )
    for data, last, sqlstate in ((b"1\n", CopyFail("enough"), "57014"), (b"1\nno number\n", CopyDone(), "22P02")):
        for command in begin:
            link.machine.send(START, command)
        link.until(CopyInStarted)
        events = link.ask(CopyData(data), last, *([] if simple else [Sync()]))
        assert [event.sqlstate for event in events if isinstance(event, ErrorReceived)] == [sqlstate]
        assert link.machine.outstanding == 0
    assert rows(link.ask(Query("select count(*) from t"))) == [(b"0",)]


def test_encoded_rows_are_the_messages_as_they_came(oracle: Oracle) -> None:
    opened = Link(oracle, "trusted", encoded_rows=True)
    opened.until(SessionStarted)
    events = opened.ask(Query("select i, null from generate_series(1, 5000) i"))
    encoded = [event for event in events if isinstance(event, EncodedRowsReceived)]
    assert sum(event.count for event in encoded) == 5000
    expected = b"".join(framing.data_row([b"%d" % number, None]) for number in range(1, 5001))
    assert b"".join(event.data for event in encoded) == expected
    opened.socket.close()


def test_the_log_streams_while_the_client_reports(oracle: Oracle) -> None:
    """Replication: copy data in both directions, ended by the client."""
    opened = Link(oracle, "trusted", parameters={"replication": "true"})
    opened.until(SessionStarted)
    (position,) = [row[2] for row in rows(opened.ask(Query("IDENTIFY_SYSTEM")))]
    assert position is not None
    opened.machine.send(START, Query(f"START_REPLICATION PHYSICAL {position.decode()}"))
    assert opened.until(CopyBothStarted) == [CopyBothStarted(0, ())]
    status = b"r" + bytes(32) + b"\1"  # nothing written yet; the 1 asks for an answer
    opened.machine.send(START, CopyData(status))
    told = opened.until(CopyDataReceived)[-1]
    assert isinstance(told, CopyDataReceived) and told.data[:1] in (b"k", b"w")
    events = opened.ask(CopyDone())
    assert CopyDoneReceived() in events
    assert rows(opened.ask(Query("IDENTIFY_SYSTEM")))
    opened.socket.close()
