"""The client half against a real PostgreSQL 15, over a blocking socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator

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
    CopyData,
    CopyDataReceived,
    CopyDone,
    CopyInStarted,
    Describe,
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
)


class Link:
    """A client machine on a socket."""

    def __init__(self, oracle: Oracle, user: str, password: str | None = None) -> None:
        self.address = ("127.0.0.1", oracle.port)
        self.socket = socket.create_connection(self.address, timeout=10)
        self.machine = ClientMachine(START, Entropy(SEED), user, "postgres", password=password)

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
