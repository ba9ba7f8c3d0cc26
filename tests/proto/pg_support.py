"""Helpers of the protocol tests: deliveries, a tiny server, and a pair of machines in virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from rustydb_proto.pg import (
    Authenticate,
    Authenticated,
    ClientCommand,
    ClientEvent,
    ClientMachine,
    Entropy,
    ErrorResponse,
    Limits,
    MessageRejected,
    Now,
    ServerEvent,
    ServerMachine,
    SessionReady,
    StartupReceived,
    Stop,
    error_fields,
    framing,
)

START = Now(0, 0)
SEED = bytes(range(32))
STARTUP = framing.startup({"user": "ann", "database": "shop"})


def cut_whole(data: bytes) -> Iterator[bytes]:
    if data:
        yield data


def cut_bytes(data: bytes) -> Iterator[bytes]:
    for index in range(len(data)):
        yield data[index : index + 1]


def cut_randomly(data: bytes) -> Iterator[bytes]:
    dice = random.Random(len(data))
    position = 0
    while position < len(data):
        end = position + dice.randint(1, 9)
        yield data[position:end]
        position = end


CUTS: list[Callable[[bytes], Iterator[bytes]]] = [cut_whole, cut_bytes, cut_randomly]


def server(**options: object) -> ServerMachine:
    return ServerMachine(START, Entropy(SEED), **options)  # type: ignore[arg-type]  # test options pass through


def open_session(limits: Limits | None = None) -> ServerMachine:
    """Return a server machine whose client is in, with nothing left to send."""
    machine = server(limits=limits)
    machine.receive_data(START, STARTUP)
    assert isinstance(machine.next_event(), StartupReceived)
    machine.send(START, Authenticate("trust"))
    assert isinstance(machine.next_event(), Authenticated)
    machine.send(START, SessionReady({"server_version": "15.0"}, 42, b"key!"))
    machine.data_to_send()
    return machine


def error(sqlstate: str = "42601", message: str = "syntax error", severity: str = "ERROR") -> ErrorResponse:
    return ErrorResponse(error_fields(severity, sqlstate, message))


def pull(machine: ServerMachine) -> list[ServerEvent]:
    """Return the events until NEED_DATA or PAUSED."""
    events: list[ServerEvent] = []
    while not isinstance(event := machine.next_event(), Stop):
        events.append(event)
    return events


def message_types(data: bytes) -> str:
    """Return the type bytes of encoded messages, for tests of order."""
    kinds = []
    position = 0
    while position < len(data):
        kinds.append(chr(data[position]))
        position += 1 + int.from_bytes(data[position + 1 : position + 5], "big")
    assert position == len(data), "the output ends with a whole message"
    return "".join(kinds)


class Pair:
    """A client and a server machine joined by a wire; `answer` is the server's application."""

    def __init__(
        self,
        client: ClientMachine,
        machine: ServerMachine,
        answer: Callable[[ServerMachine, ServerEvent], None],
        cut: Callable[[bytes], Iterator[bytes]] = cut_whole,
    ) -> None:
        self.client = client
        self.server = machine
        self.answer = answer
        self.cut = cut
        self.server_events: list[ServerEvent] = []

    def run(self, *commands: ClientCommand) -> list[ClientEvent]:
        """Send commands, move bytes until both sides are quiet, return the client's events."""
        for command in commands:
            self.client.send(START, command)
        events: list[ClientEvent] = []
        while True:
            upstream = self.client.data_to_send()
            for piece in self.cut(upstream):
                self.server.receive_data(START, piece)
                self._serve()
            downstream = self.server.data_to_send()
            for piece in self.cut(downstream):
                self.client.receive_data(START, piece)
                while not isinstance(event := self.client.next_event(), Stop):
                    events.append(event)
            if not upstream and not downstream:
                return events

    def _serve(self) -> None:
        while not isinstance(event := self.server.next_event(), Stop):
            self.server_events.append(event)
            self.answer(self.server, event)


def reject(machine: ServerMachine, event: MessageRejected) -> None:
    """Answer a malformed message as a server should."""
    machine.send(START, error(event.sqlstate, event.message))
    if event.needs_ready:
        machine.ready("I")
