"""Both halves of the native protocol on one wire, for the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pg_support import cut_whole

from rustydb_proto.binary import ClientMachine, Entropy, Limits, Now, ServerMachine, Stop
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.core import scram

START = Now(0, 0)
SEED = bytes(range(32))
VERIFIER = str(scram.make_verifier("pencil", b"0123456789abcdef", 16))
COLUMN = m.Column("n", "integer", 23)


def server(**options: Any) -> ServerMachine:
    return ServerMachine(START, Entropy(SEED), mock_secret=b"secret", **options)


def client(**options: Any) -> ClientMachine:
    return ClientMachine(START, Entropy(SEED[::-1]), **({"user": "ann", "password": "pencil"} | options))


def admit(machine: ServerMachine, event: e.ServerEvent) -> None:
    """Let a client in as most servers would."""
    match event:
        case e.HelloReceived(user):
            machine.send(START, e.Authenticate("scram-sha-256", VERIFIER if user == "ann" else None))
        case e.Authenticated():
            machine.send(START, e.SessionReady(7, "RustyDB", (("TimeZone", "UTC"),)))


Application = Callable[[ServerMachine, e.ServerEvent], None]


class Pair:
    """A client and a server machine joined by a wire; `application` answers what `admit` does not."""

    def __init__(
        self,
        client_machine: ClientMachine,
        server_machine: ServerMachine,
        application: Application = lambda machine, event: None,
        cut: Callable[[bytes], Iterator[bytes]] = cut_whole,
    ) -> None:
        self.client = client_machine
        self.server = server_machine
        self.application = application
        self.cut = cut
        self.server_events: list[e.ServerEvent] = []

    def run(self) -> list[e.ClientEvent]:
        """Move bytes until both sides are quiet, return the client's events."""
        events: list[e.ClientEvent] = []
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
            admit(self.server, event)
            self.application(self.server, event)

    def ask(self, *messages: m.Request) -> list[e.ClientEvent]:
        """Send requests in one piece and return what comes back."""
        for message in messages:
            self.client.request(START, message)
        return self.run()


def open_pair(
    application: Application = lambda machine, event: None,
    cut: Callable[[bytes], Iterator[bytes]] = cut_whole,
    limits: Limits | None = None,
    **options: Any,
) -> Pair:
    """Return a pair whose session is open."""
    pair = Pair(client(**options), server(limits=limits), application, cut)
    assert isinstance(pair.run()[-1], e.SessionStarted)
    return pair
