"""No client makes ServerMachine raise or hold more than its limits; pieces of its bytes give what the whole gives; all it writes is well framed.

The first byte of an input chooses the authentication method, whether answers lag behind their Sync, and how the rest, the
client's bytes, is cut. The application answers by what the SQL text or the name begins with, so that inputs reach
every phase. What of a copy was received before it failed is not compared: how much arrives at once is chance.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable

import fuzzing

from rustydb_proto import pg
from rustydb_proto.pg import framing

NOW = pg.Now(0, 0)
LIMITS = pg.Limits(
    startup_bytes_max=400,
    authentication_bytes_max=400,
    message_bytes_max=2000,
    small_message_bytes_max=200,
    backlog_bytes_max=500,
)
METHODS = ("trust", "scram-sha-256", "md5", "password", "external")
COLUMN = pg.Column("c", 25)
LAST = (pg.Terminated, pg.ConnectionEnded, pg.ProtocolFailed, pg.AuthenticationFailed, pg.CancelReceived)


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return the events' types."""
    choice = data[0] if data else 0
    stream = data[1:]
    events, written = serve(choice, [stream])
    dice = random.Random(choice)
    pieces = []
    position = 0
    while position < len(stream):
        end = position + dice.choice((1, 2, 3, 5, 8, 100))
        pieces.append(stream[position:end])
        position = end
    assert serve(choice, pieces) == (events, written), "the borders of pieces change the conversation"
    check_framing(written)
    for event in events[:-1]:
        assert not isinstance(event, LAST), f"{event} is not the last event"
    return choice // 5 % 2, tuple(map(type, events))


def serve(choice: int, pieces: Iterable[bytes]) -> tuple[list[object], bytes]:
    """Run a whole connection; return its events and what was written."""
    machine = pg.ServerMachine(
        NOW,
        pg.Entropy(bytes(32)),
        limits=LIMITS,
        mock_secret=b"secret",
        replication=choice >= 128,
        minor_max=2 if choice >= 128 else 0,
    )
    application = Application(machine, METHODS[choice % 5], bool(choice // 5 % 2))
    written: list[bytes] = []
    for piece in [*filter(None, pieces), b""]:
        machine.receive_data(NOW, piece)
        while not isinstance(event := machine.next_event(), pg.Stop):
            application.hear(event)
        unread = machine.unread_bytes
        if event is pg.NEED_DATA:
            # At most a message that is not whole: what it may hold is told by its header, which is checked at once.
            assert unread <= LIMITS.message_bytes_max, f"{unread} bytes are held"
            assert not machine.backlogged, "it waits for the rest of a message"
        elif unread > LIMITS.backlog_bytes_max:
            assert machine.backlogged, f"{unread} bytes are held, and more would be taken"
        written.append(machine.data_to_send())
    assert machine.output_ended, f"the connection hangs in {machine.phase}"
    assert machine.next_event() is pg.PAUSED and not machine.unread_bytes and machine.deadline() is None
    return application.events, b"".join(written)


class Application:
    """The embedder: what it hears it notes in `events`."""

    def __init__(self, machine: pg.ServerMachine, method: str, lags: bool) -> None:
        self.machine = machine
        self.method = method
        self.events: list[object] = []
        self.late: list[pg.ServerCommand] | None = [] if lags else None
        self.copied = b""

    def hear(self, event: pg.ServerEvent) -> None:
        """Note and answer an event."""
        if isinstance(event, pg.CopyDataReceived):
            self.copied += event.data
            if self.copied[:1] == b"e":
                self.end_copy(fail())
            return
        if isinstance(event, pg.CopyDoneReceived | pg.CopyFailReceived):
            self.events += [self.copied, event]
            failed = isinstance(event, pg.CopyFailReceived)
            if self.machine.phase is pg.Phase.COPY_OUT:  # copy data went both ways: ours is still open
                self.send([pg.CopyDone()])
            self.end_copy(fail() if failed else pg.CommandComplete("COPY 0"))
            return
        self.events.append(event)
        answers = self.answer(event)
        if self.late is not None and self.machine.phase in (pg.Phase.EXTENDED, pg.Phase.SYNCING):
            self.late += answers
            if isinstance(event, pg.SyncReceived | pg.FlushReceived | pg.MessageRejected):
                answers, self.late = until_error(self.late), []
            else:
                return
        self.send(answers)

    def send(self, commands: Iterable[pg.ServerCommand]) -> None:
        for command in commands:
            self.machine.send(NOW, command)

    def end_copy(self, command: pg.ServerCommand) -> None:
        """End a copy, with the ReadyForQuery that a simple query needs."""
        self.copied = b""
        self.send([command])
        if self.machine.phase is pg.Phase.SIMPLE:
            self.machine.ready("I")

    def answer(self, event: pg.ServerEvent) -> list[pg.ServerCommand]:
        """Return the answer to an event."""
        match event:
            case pg.StartupReceived():
                return [pg.Authenticate(self.method, "pencil")]
            case pg.PasswordReceived(password):
                return [pg.AcceptPassword() if password else pg.RejectPassword()]
            case pg.Authenticated():
                return [pg.SessionReady({"server_version": "15.0"}, 1, b"key!")]
            case pg.QueryReceived(sql):
                return respond(sql, True)
            case pg.ParseReceived(name):
                return [fail() if name.startswith("e") else pg.ParseComplete()]
            case pg.BindReceived(portal):
                return [fail() if portal.startswith("e") else pg.BindComplete()]
            case pg.DescribeReceived():
                return [pg.RowDescription([COLUMN])]
            case pg.ExecuteReceived(portal):
                # A copy that lags behind later requests of its pipeline is none that a server could be asked for.
                return respond(portal if self.late is None else portal.replace("c", "e"), False)
            case pg.CloseReceived():
                return [pg.CloseComplete()]
            case pg.SyncReceived():
                return [pg.ReadyForQuery("I")]
            case pg.FunctionCallReceived():
                return [pg.FunctionResult(None), pg.ReadyForQuery("I")]
            case pg.MessageRejected(_, sqlstate, message, _, needs_ready):
                error = pg.ErrorResponse(pg.error_fields("ERROR", sqlstate, message))
                return [error, pg.ReadyForQuery("E")] if needs_ready else [error]
        return []


def respond(text: str, simple: bool) -> list[pg.ServerCommand]:
    """Return the answer to a statement."""
    ready: list[pg.ServerCommand] = [pg.ReadyForQuery("I")] if simple else []
    row = framing.data_row([b"1"])
    match text[:1]:
        case "e":
            return [fail(), *ready]
        case "f":
            return [pg.ErrorResponse(pg.error_fields("FATAL", "57P01", "no more"))]
        case "c":
            return [pg.CopyIn(0, [0])]
        case "b" if simple:
            return [pg.CopyBoth(0)]
        case "B" if simple:
            return [pg.CopyBoth(0), pg.CopyData(b"x"), pg.CopyDone()]
        case "o":
            return [pg.CopyOut(0, [0]), pg.CopyData(b"x"), pg.CopyDone(), pg.CommandComplete("COPY 1"), *ready]
    return [pg.SendEncoded(row + framing.command_complete("SELECT 1")), *ready]


def until_error(commands: list[pg.ServerCommand]) -> list[pg.ServerCommand]:
    """Return the answers of a pipeline up to its first error, and its ReadyForQuery."""
    kept: list[pg.ServerCommand] = []
    failed = False
    for command in commands:
        if failed and not isinstance(command, pg.ReadyForQuery):
            continue
        kept.append(command)
        if isinstance(command, pg.ErrorResponse):
            failed = True
            if command.fields["V"] == "FATAL":
                break
    return kept


def fail() -> pg.ErrorResponse:
    return pg.ErrorResponse(pg.error_fields("ERROR", "22000", "it failed"))


def check_framing(written: bytes) -> None:
    """Raise unless `written` is a run of `N` bytes, then whole messages of known types."""
    if written.lstrip(b"N").startswith(b"EFATAL"):
        # A client of protocol 2 or older is told so in the form of its time: the text and a zero, without a length.
        assert written.count(b"\0") == 1 and written.endswith(b"\n\0"), "one error in the old form"
        return
    rest = written.lstrip(b"N") if written[:2] != b"N\0" else written
    if rest.startswith(b"EFATAL:  unsupported frontend protocol") and rest.endswith(b"\n\0"):
        return  # to a client of protocol 2, in its form
    position = 0
    while position < len(rest):
        assert rest[position] in b"RSKZTDCIE123ntsNAGHWdcVv", f"unknown message type {rest[position : position + 1]!r}"
        length = int.from_bytes(rest[position + 1 : position + 5], "big")
        assert length >= 4, "a length counts itself"
        position += 1 + length
    assert position == len(rest), "the last message is cut"


if __name__ == "__main__":
    fuzzing.main("pg_server", check)
