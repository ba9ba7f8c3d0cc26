"""No client makes ServerMachine raise; pieces of its bytes give what the whole gives; all it writes is well framed.

The first byte of an input chooses the authentication method and how the rest, the client's bytes, is cut.
The application answers by what the SQL text or the name begins with, so that inputs reach every phase.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable

import fuzzing

from rustydb_proto import pg
from rustydb_proto.pg import framing

NOW = pg.Now(0, 0)
LIMITS = pg.Limits(message_bytes_max=2000, small_message_bytes_max=200, backlog_bytes_max=500)
METHODS = ("trust", "scram-sha-256", "md5", "password", "external")
COLUMN = pg.Column("c", 25)


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return the events' types."""
    method = METHODS[data[0] % 5] if data else "trust"
    stream = data[1:]
    events, written = serve(method, [stream])
    dice = random.Random(data[:1])
    pieces = []
    position = 0
    while position < len(stream):
        end = position + dice.choice((1, 2, 3, 5, 8, 100))
        pieces.append(stream[position:end])
        position = end
    assert serve(method, pieces) == (events, written), "the borders of pieces change the conversation"
    check_framing(written)
    last = (pg.Terminated, pg.ConnectionEnded, pg.ProtocolFailed, pg.AuthenticationFailed, pg.CancelReceived)
    for event in events[:-1]:
        assert not isinstance(event, last), f"{event} is not the last event"
    return tuple(map(type, events))


def serve(method: str, pieces: Iterable[bytes]) -> tuple[list[pg.ServerEvent], bytes]:
    """Run a whole connection; return its events and what was written."""
    machine = pg.ServerMachine(NOW, pg.Entropy(bytes(32)), limits=LIMITS, mock_secret=b"secret", replication=True)
    events: list[pg.ServerEvent] = []
    written: list[bytes] = []
    for piece in [*filter(None, pieces), b""]:
        machine.receive_data(NOW, piece)
        while not isinstance(event := machine.next_event(), pg.Stop):
            events.append(event)
            answer(machine, event, method)
            assert machine.pending in (True, False) and machine.backlogged in (True, False)
        written.append(machine.data_to_send())
    assert machine.output_ended, f"the connection hangs in {machine.phase}"
    return events, b"".join(written)


def answer(machine: pg.ServerMachine, event: pg.ServerEvent, method: str) -> None:
    """Be the application."""
    match event:
        case pg.StartupReceived():
            machine.send(NOW, pg.Authenticate(method, "pencil"))
        case pg.PasswordReceived(password):
            machine.send(NOW, pg.AcceptPassword() if password else pg.RejectPassword())
        case pg.Authenticated():
            machine.send(NOW, pg.SessionReady({"server_version": "15.0"}, 1, b"key!"))
        case pg.QueryReceived(sql):
            if respond(machine, sql):
                machine.ready("I")
        case pg.ParseReceived(name):
            machine.send(NOW, fail() if name.startswith("e") else pg.ParseComplete())
        case pg.BindReceived(portal):
            machine.send(NOW, fail() if portal.startswith("e") else pg.BindComplete())
        case pg.DescribeReceived():
            machine.send(NOW, pg.RowDescription([COLUMN]))
        case pg.ExecuteReceived(portal):
            respond(machine, portal)
        case pg.CloseReceived():
            machine.send(NOW, pg.CloseComplete())
        case pg.SyncReceived():
            machine.ready("I")
        case pg.FunctionCallReceived():
            machine.send(NOW, pg.FunctionResult(None))
            machine.ready("I")
        case pg.CopyDataReceived(data) if data.startswith(b"e"):
            finish(machine, fail())
        case pg.CopyDoneReceived():
            finish(machine, pg.CommandComplete("COPY 0"))
        case pg.CopyFailReceived():
            finish(machine, fail())
        case pg.MessageRejected(_, sqlstate, message, _, needs_ready):
            machine.send(NOW, pg.ErrorResponse(pg.error_fields("ERROR", sqlstate, message)))
            if needs_ready:
                machine.ready("E")


def respond(machine: pg.ServerMachine, text: str) -> bool:
    """Answer a statement; False when that is not the end of it."""
    match text[:1]:
        case "e":
            machine.send(NOW, fail())
        case "f":
            machine.send(NOW, pg.ErrorResponse(pg.error_fields("FATAL", "57P01", "no more")))
            return False
        case "c":
            machine.send(NOW, pg.CopyIn(0, [0]))
            return False
        case "o":
            for command in (pg.CopyOut(0, [0]), pg.CopyData(b"x"), pg.CopyDone(), pg.CommandComplete("COPY 1")):
                machine.send(NOW, command)
        case _:
            machine.send_result(framing.data_row([b"1"]) + framing.command_complete("SELECT 1"))
    return True


def finish(machine: pg.ServerMachine, command: pg.ServerCommand) -> None:
    """End a copy, with the ReadyForQuery that a simple query needs."""
    machine.send(NOW, command)
    if machine.phase is pg.Phase.SIMPLE:
        machine.ready("I")


def fail() -> pg.ErrorResponse:
    return pg.ErrorResponse(pg.error_fields("ERROR", "22000", "it failed"))


def check_framing(written: bytes) -> None:
    """Raise unless `written` is a run of `N` bytes, then whole messages of known types."""
    rest = written.lstrip(b"N") if written[:2] != b"N\0" else written
    position = 0
    while position < len(rest):
        assert rest[position] in b"RSKZTDCIE123ntsNAGHdcVv", f"unknown message type {rest[position : position + 1]!r}"
        length = int.from_bytes(rest[position + 1 : position + 5], "big")
        assert length >= 4, "a length counts itself"
        position += 1 + length
    assert position == len(rest), "the last message is cut"


if __name__ == "__main__":
    fuzzing.main("pg_server", check)
