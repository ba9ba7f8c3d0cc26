"""A proxy of both halves in virtual time: what the client and the server say to each other passes unchanged."""

from __future__ import annotations

from typing import get_args

import pytest
from pg_support import CUTS, SEED, START, Pair, error

from rustydb_proto.pg import (
    Authenticate,
    Authenticated,
    Bind,
    BindComplete,
    ClientEvent,
    ClientMachine,
    Column,
    CommandComplete,
    CopyBoth,
    CopyData,
    CopyDone,
    CopyDoneReceived,
    CopyFailReceived,
    CopyIn,
    CopyOut,
    Describe,
    EmptyQuery,
    Entropy,
    Execute,
    ExecuteReceived,
    Flush,
    FunctionCall,
    FunctionResult,
    NoData,
    Notice,
    Notification,
    ParameterDescription,
    ParameterStatus,
    Parse,
    ParseComplete,
    PortalSuspended,
    Query,
    QueryReceived,
    ReadyForQuery,
    RowDescription,
    SendEncoded,
    ServerCommand,
    ServerEvent,
    ServerMachine,
    SessionReady,
    SessionStarted,
    StartupReceived,
    Stop,
    Sync,
    SyncReceived,
    answer_of,
    client_messages,
    framing,
    messages,
    request_of,
)
from rustydb_proto.pg import Close as CloseCommand
from rustydb_proto.pg import CloseComplete as Closed

COLUMN = Column("n", 23, 4)
# Events of beginnings and ends: a proxy decides about them itself.
OWN = {
    "StartupReceived",
    "CancelReceived",
    "SwitchProtocol",
    "PasswordReceived",
    "Authenticated",
    "AuthenticationFailed",
}
OWN |= {"MessageRejected", "ConnectionEnded", "ProtocolFailed", "SessionStarted", "VersionNegotiated"}


class Backend:
    """The real server. Answers a Parse, Bind, ... at once, or all of a pipeline at its Sync (`late`)."""

    def __init__(self, late: bool) -> None:
        self.late: list[ServerCommand] | None = [] if late else None

    def __call__(self, machine: ServerMachine, event: ServerEvent) -> None:
        answers = self.answer(event)
        if self.late is not None and machine.phase.name in ("EXTENDED", "SYNCING"):
            if not isinstance(event, SyncReceived):
                self.late += answers
                return
            answers = self.late + answers
            self.late = []
        for command in answers:
            machine.send(START, command)

    def answer(self, event: ServerEvent) -> list[ServerCommand]:
        done: list[ServerCommand] = [CommandComplete("SELECT 1"), ReadyForQuery("I")]
        row = SendEncoded(framing.data_row([b"1"]) + framing.data_row([None]))
        match event:
            case StartupReceived():
                return [Authenticate("trust")]
            case Authenticated():
                return [SessionReady({"a": "b"}, 5, b"key!")]
            case QueryReceived("rows"):
                return [RowDescription([COLUMN]), row, Notice({"S": "NOTICE", "M": "hi"}), *done]
            case QueryReceived("in"):
                return [CopyIn(0, [0])]
            case QueryReceived("out"):
                return [CopyOut(0, [0]), CopyData(b"x"), CopyDone(), *done]
            case QueryReceived("both"):
                return [CopyBoth(0), CopyData(b"x")]
            case QueryReceived("fail"):
                return [error(), ReadyForQuery("E")]
            case QueryReceived():
                return [ParameterStatus("z", "1"), Notification(1, "c", "p"), EmptyQuery(), ReadyForQuery("T")]
            case messages.ParseReceived():
                return [ParseComplete()]
            case messages.BindReceived():
                return [BindComplete()]
            case messages.DescribeReceived(kind):
                return [ParameterDescription([23]), NoData()] if kind == "S" else [RowDescription([COLUMN])]
            case ExecuteReceived("fail"):
                return [error()]
            case ExecuteReceived(_, max_rows):
                return [row, PortalSuspended() if max_rows else done[0]]
            case messages.CloseReceived():
                return [Closed()]
            case messages.FunctionCallReceived():
                return [FunctionResult(b"5"), ReadyForQuery("I")]
            case SyncReceived():
                return [ReadyForQuery("I")]
            case CopyDoneReceived():
                return [CommandComplete("COPY 1"), ReadyForQuery("I")]
            case CopyFailReceived(message):
                return [error("57014", message), ReadyForQuery("I")]
        return []


class Proxy:
    """The application of the machine in the middle: forwards to another pair and answers with what comes back."""

    def __init__(self, late: bool, encoded_rows: bool, cut) -> None:
        upstream = ClientMachine(START, Entropy(SEED), "ann", encoded_rows=encoded_rows)
        backend = ServerMachine(START, Entropy(SEED))
        self.beyond = Pair(upstream, backend, Backend(late), cut)

    def __call__(self, machine: ServerMachine, event: ServerEvent) -> None:
        if isinstance(event, StartupReceived):
            (started,) = self.beyond.run()
            assert isinstance(started, SessionStarted)
            self.started = started
            machine.send(START, Authenticate("trust"))
        elif isinstance(event, Authenticated):
            session = self.started
            machine.send(START, SessionReady(session.parameters, session.process_id, session.secret_key))
        elif (command := request_of(event)) is not None:
            for told in self.beyond.run(command):
                answer = answer_of(told)
                assert answer is not None
                machine.send(START, answer)


REQUESTS = [
    (Query("rows"),),
    (Query(""),),
    (Query("fail"),),
    (Query("out"),),
    (Parse("s", "x", [23]), Describe("S", "s"), Bind("", "s", [b"1"]), Describe("P", ""), Execute(), Sync()),
    (Parse("", "x"), Flush(), Bind("", ""), Execute("", 2), Execute("", 2), CloseCommand("S", "s"), Sync()),
    (Bind("fail", ""), Execute("fail"), Sync(), Query("rows")),
    (FunctionCall(1, [b"2"]),),
]


def converse(joined: Pair) -> list[ClientEvent]:
    events = joined.run()
    for commands in REQUESTS:
        events += joined.run(*commands)
    events += joined.run(Query("in"))
    events += joined.run(CopyData(b"1\n"), CopyDone())
    events += joined.run(Query("in"))
    events += joined.run(client_messages.CopyFail("no"))
    events += joined.run(Query("both"))
    return events


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("encoded_rows", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_a_client_sees_through_the_proxy_what_it_sees_without(cut, encoded_rows: bool, late: bool) -> None:
    direct = converse(
        Pair(ClientMachine(START, Entropy(SEED), "ann"), ServerMachine(START, Entropy(SEED)), Backend(late), cut)
    )
    proxied = converse(
        Pair(
            ClientMachine(START, Entropy(SEED), "ann"),
            ServerMachine(START, Entropy(SEED)),
            Proxy(late, encoded_rows, cut),
            cut,
        )
    )
    assert flat(proxied) == flat(direct)


def flat(events: list[ClientEvent]) -> list[object]:
    """Return events with each row by itself: how many come at once is chance."""
    return [
        row for event in events for row in (event.rows if isinstance(event, client_messages.RowsReceived) else [event])
    ]


def test_every_event_of_a_session_has_a_counterpart() -> None:
    for union, counterpart in ((ServerEvent, "_REQUESTS"), (ClientEvent, "_ANSWERS")):
        from rustydb_proto.pg import relay

        known = {one.__name__ for one in getattr(relay, counterpart)}
        names = {one.__name__ for one in get_args(union)} - OWN
        assert names == known
    assert request_of(Authenticated("ann")) is None
    assert answer_of(SessionStarted({}, 1, b"key!")) is None


def test_a_copy_that_lags_behind_its_sync_takes_the_sync_back() -> None:
    """libpq sends Sync with the Execute of a COPY; a proxy has pulled it before the real server says CopyInResponse."""
    machine = ServerMachine(START, Entropy(SEED))
    machine.receive_data(START, framing.startup({"user": "ann"}))
    machine.next_event()
    machine.send(START, Authenticate("trust"))
    machine.next_event()
    machine.send(START, SessionReady({}, 1, b"key!"))
    machine.receive_data(START, framing.parse("", "copy") + framing.bind("", "", []) + framing.execute() + framing.SYNC)
    events: list[ServerEvent] = []
    while not isinstance(event := machine.next_event(), Stop):
        events.append(event)
    assert isinstance(events[-1], SyncReceived)
    for command in (ParseComplete(), BindComplete(), CopyIn(0, [0])):
        machine.send(START, command)
    machine.receive_data(START, framing.copy_data(b"x") + framing.COPY_DONE + framing.SYNC)
    assert [type(machine.next_event()) for _ in range(2)] == [messages.CopyDataReceived, CopyDoneReceived]
    machine.send(START, CommandComplete("COPY 1"))
    assert machine.next_event() == SyncReceived()
    machine.ready("I")
