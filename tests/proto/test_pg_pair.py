"""Both halves against each other in virtual time: whole conversations, at every cut of the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pg_support import CUTS, SEED, START, Pair, error, reject

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.time import NS_PER_S, Now
from rustydb_proto.pg import (
    Authenticate,
    Authenticated,
    Bind,
    BindComplete,
    BindCompleted,
    BindReceived,
    ClientMachine,
    Column,
    CommandComplete,
    CommandCompleted,
    ConnectionEnded,
    CopyData,
    CopyDataReceived,
    CopyDone,
    CopyDoneReceived,
    CopyFail,
    CopyFailReceived,
    CopyIn,
    CopyInStarted,
    CopyOut,
    CopyOutStarted,
    Describe,
    DescribeReceived,
    ErrorReceived,
    Execute,
    ExecuteReceived,
    MessageRejected,
    NoData,
    NoDataReceived,
    Parse,
    ParseComplete,
    ParseCompleted,
    ParseReceived,
    PortalSuspended,
    ProtocolFailed,
    Query,
    QueryReceived,
    ReadyReceived,
    RowDescription,
    RowDescriptionReceived,
    RowsReceived,
    SendEncoded,
    ServerCommand,
    ServerEvent,
    ServerMachine,
    SessionReady,
    SessionStarted,
    StartupReceived,
    SuspensionReceived,
    Sync,
    SyncReceived,
    Terminate,
    Terminated,
    framing,
    scram,
)

COLUMNS = (Column("n", 23, 4),)
VERIFIER = str(scram.make_verifier("pencil", b"0123456789abcdef"))


class Application:
    """Counts: `rows 3` returns three rows; `fail` fails; `in` and `out` copy. Knows one portal."""

    def __init__(self) -> None:
        self.copied: list[bytes] = []
        self.simple = False
        self.left = 0

    def __call__(self, machine: ServerMachine, event: ServerEvent) -> None:
        if isinstance(event, MessageRejected):
            reject(machine, event)
            return
        for command in self.answer(event):
            machine.send(START, command)
        if isinstance(event, SyncReceived) or (self.simple and machine.phase.name == "SIMPLE"):
            machine.ready("I")

    def answer(self, event: ServerEvent) -> list[ServerCommand]:
        match event:
            case StartupReceived():
                return [Authenticate("scram-sha-256", VERIFIER)]
            case Authenticated():
                return [SessionReady({}, 1, b"key!")]
            case QueryReceived(sql):
                self.simple = True
                return ([RowDescription(COLUMNS)] if sql.startswith("rows") else []) + self.run(sql, 0)
            case ParseReceived(_, sql):
                self.sql = sql
                return [error() if sql == "syntax" else ParseComplete()]
            case BindReceived():
                self.simple = False
                self.left = int(self.sql[5:]) if self.sql.startswith("rows") else 0
                return [BindComplete()]
            case DescribeReceived():
                return [RowDescription(COLUMNS) if self.sql.startswith("rows") else NoData()]
            case ExecuteReceived(_, max_rows):
                return self.run(f"rows {self.left}" if self.left else self.sql, max_rows)
            case CopyDataReceived(data):
                self.copied.append(data)
            case CopyDoneReceived():
                return [CommandComplete(f"COPY {sum(piece.count(10) for piece in self.copied)}")]
            case CopyFailReceived(message):
                return [error("57014", f"COPY from stdin failed: {message}")]
        return []

    def run(self, sql: str, max_rows: int) -> list[ServerCommand]:
        if sql.startswith("rows"):
            count = min(int(sql[5:]), max_rows) if max_rows else int(sql[5:])
            self.left -= count
            rows = SendEncoded(b"".join(framing.data_row([str(n).encode()]) for n in range(count)))
            return [rows, PortalSuspended() if count == max_rows else CommandComplete(f"SELECT {count}")]
        if sql == "in":
            return [CopyIn(0, [0])]
        if sql == "out":
            return [CopyOut(0, [0]), CopyData(b"1\n"), CopyData(b"2\n"), CopyDone(), CommandComplete("COPY 2")]
        if sql == "fail":
            return [error("22012", "division by zero")]
        return [CommandComplete("DO")]


@pytest.fixture(params=CUTS)
def pair(request: pytest.FixtureRequest) -> Pair:
    cut: Callable[[bytes], Iterator[bytes]] = request.param
    client = ClientMachine(START, Entropy(SEED).child("client"), "ann", password="pencil")
    joined = Pair(client, ServerMachine(START, Entropy(SEED)), Application(), cut)
    assert joined.run() == [SessionStarted({}, 1, b"key!")]
    return joined


def merged(events: list[object]) -> list[object]:
    """Return events with the rows of neighbouring batches as one batch."""
    result: list[object] = []
    for event in events:
        if isinstance(event, RowsReceived) and result and isinstance(result[-1], RowsReceived):
            result[-1] = RowsReceived(result[-1].rows + event.rows)
        else:
            result.append(event)
    return result


def rows(count: int) -> RowsReceived:
    return RowsReceived([(str(n).encode(),) for n in range(count)])


DESCRIBED = RowDescriptionReceived(COLUMNS)
READY = ReadyReceived("I")


def test_simple_queries(pair: Pair) -> None:
    assert merged(pair.run(Query("rows 3"))) == [DESCRIBED, rows(3), CommandCompleted("SELECT 3"), READY]
    events = pair.run(Query("fail"))
    assert isinstance(events[0], ErrorReceived) and events[1:] == [READY]
    assert pair.run(Query("do")) == [CommandCompleted("DO"), READY]


def test_pipelined_simple_queries_are_answered_in_order(pair: Pair) -> None:
    assert merged(pair.run(Query("rows 1"), Query("do"))) == [
        DESCRIBED,
        rows(1),
        CommandCompleted("SELECT 1"),
        READY,
        CommandCompleted("DO"),
        READY,
    ]


def test_two_pipelines_of_which_the_first_fails(pair: Pair) -> None:
    first = (Parse("", "fail"), Bind("", ""), Execute(), Parse("", "rows 9"), Bind("", ""), Execute(), Sync())
    second = (Parse("", "rows 2"), Bind("", ""), Describe("P", ""), Execute(), Sync())
    events = merged(pair.run(*first, *second))
    assert isinstance(events.pop(2), ErrorReceived)
    assert events == [
        ParseCompleted(),
        BindCompleted(),
        READY,
        ParseCompleted(),
        BindCompleted(),
        DESCRIBED,
        rows(2),
        CommandCompleted("SELECT 2"),
        READY,
    ]
    assert pair.client.outstanding == 0


def test_a_portal_is_fetched_in_pieces(pair: Pair) -> None:
    events = merged(pair.run(Parse("", "rows 3"), Bind("", ""), Execute("", 2), Execute("", 2), Sync()))
    assert events[2:] == [rows(2), SuspensionReceived(), rows(1), CommandCompleted("SELECT 1"), READY]


def test_copy_out(pair: Pair) -> None:
    events = pair.run(Query("out"))
    assert events == [
        CopyOutStarted(0, (0,)),
        CopyDataReceived(b"1\n"),
        CopyDataReceived(b"2\n"),
        CopyDoneReceived(),
        CommandCompleted("COPY 2"),
        READY,
    ]


def test_copy_in(pair: Pair) -> None:
    assert pair.run(Query("in")) == [CopyInStarted(0, (0,))]
    assert pair.run(CopyData(b"1\n"), CopyData(b"2\n")) == []
    assert pair.run(CopyDone()) == [CommandCompleted("COPY 2"), READY]


def test_a_copy_in_that_is_given_up(pair: Pair) -> None:
    pair.run(Query("in"))
    events = pair.run(CopyFail("no"))
    assert isinstance(events[0], ErrorReceived)
    assert events[0].message == "COPY from stdin failed: no"
    assert pair.run(Query("do")) == [CommandCompleted("DO"), READY]


def test_copy_in_by_the_extended_protocol_with_a_sync_sent_ahead(pair: Pair) -> None:
    events = pair.run(Parse("", "in"), Bind("", ""), Describe("P", ""), Execute(), Sync())
    assert events == [ParseCompleted(), BindCompleted(), NoDataReceived(), CopyInStarted(0, (0,))]
    assert pair.run(CopyData(b"1\n"), CopyDone(), Sync()) == [CommandCompleted("COPY 1"), READY]


def test_goodbye(pair: Pair) -> None:
    assert pair.run(Terminate()) == []
    assert pair.server_events[-1] == Terminated()
    assert pair.server.output_ended and pair.client.output_ended


def test_a_server_that_hangs_up(pair: Pair) -> None:
    pair.client.receive_data(START, b"")
    assert pair.client.next_event() == ConnectionEnded(True)


def test_both_sides_give_up_a_start_that_takes_too_long() -> None:
    client = ClientMachine(START, Entropy(SEED), "ann", password="pencil")
    machine = ServerMachine(START, Entropy(SEED))
    machine.receive_data(START, client.data_to_send()[:-1])
    assert client.deadline() == machine.deadline() == 60 * NS_PER_S
    for side in (client, machine):
        side.handle_timeout(Now(60 * NS_PER_S, 0))
        assert isinstance(side.next_event(), ProtocolFailed)
        assert side.output_ended and side.deadline() is None


def test_equal_seeds_write_equal_bytes() -> None:
    def exchange() -> list[bytes]:
        client = ClientMachine(START, Entropy(SEED).child("client"), "ann", password="pencil")
        machine = ServerMachine(START, Entropy(SEED))
        written = []
        application = Application()
        for _ in range(4):
            written.append(client.data_to_send())
            machine.receive_data(START, written[-1]) if written[-1] else None
            event = machine.next_event()
            application(machine, event) if isinstance(event, StartupReceived | Authenticated) else None
            written.append(machine.data_to_send())
            client.receive_data(START, written[-1]) if written[-1] else None
            client.next_event()
        return written

    assert exchange() == exchange()
