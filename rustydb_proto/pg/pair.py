"""A client half and a server half joined by a wire, in virtual time: how to test a server without sockets, threads or sleeps.

    pair = Pair(answer)                                     # answer(event) -> commands: your server
    assert pair.run(pg.Query("select 1"))[-1] == pg.ReadyReceived("I")
    pair.wait(61 * NS_PER_S)                                # a minute passes at once: startup timers fire

`run` sends commands and moves bytes to and fro until both sides are quiet; it returns what the client heard. `heard` is all
that the server heard. `piece_bytes` cuts what travels into pieces of that size: a server that answers differently when it
gets its bytes one at a time is wrong. A session is begun by the first `run`, of no command if you like; log in with another user by giving
a client of your own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import Now
from rustydb_proto.pg.client import ClientMachine, ClientPhase
from rustydb_proto.pg.client_messages import ClientCommand, ClientEvent
from rustydb_proto.pg.messages import ServerCommand, ServerEvent
from rustydb_proto.pg.server import ServerMachine

Answer = Callable[[ServerEvent], Iterable[ServerCommand] | None]

_SEED = bytes(32)


class Pair:
    """Both halves, a wire between them, and the server's program. The module docstring says how to use it."""

    def __init__(
        self,
        answer: Answer,
        *,
        server: ServerMachine | None = None,
        client: ClientMachine | None = None,
        piece_bytes: int | None = None,
    ) -> None:
        assert piece_bytes is None or piece_bytes > 0, "a piece has a byte at least"
        self.now = Now(0, 0)
        self.answer = answer
        self.server = server or ServerMachine(self.now, Entropy(_SEED))
        self.client = client or ClientMachine(self.now, Entropy(_SEED), "ann", password="pencil")
        self.piece_bytes = piece_bytes
        self.heard: list[ServerEvent] = []

    def run(self, *commands: ClientCommand) -> list[ClientEvent]:
        """Send commands, move bytes until both sides are quiet, return the client's events."""
        events: list[ClientEvent] = []
        if commands and self.client.phase is ClientPhase.STARTING:
            events = self._settle()
        for command in commands:
            self.client.send(self.now, command)
        return events + self._settle()

    def wait(self, ns: int) -> list[ClientEvent]:
        """Let time pass on both sides; return what the client heard of it."""
        assert ns >= 0, "time does not go backwards"
        self.now = Now(self.now.mono_ns + ns, self.now.wall_us + ns // 1000)
        self.server.handle_timeout(self.now)
        self.client.handle_timeout(self.now)
        return self._settle()

    def hang_up(self) -> None:
        """End the client's connection without a goodbye."""
        self._settle()
        self.server.receive_data(self.now, b"")
        self._serve()

    def _settle(self) -> list[ClientEvent]:
        events: list[ClientEvent] = []
        while True:
            self._serve()
            upstream = self.client.data_to_send()
            for piece in self._pieces(upstream):
                self.server.receive_data(self.now, piece)
                self._serve()
            downstream = self.server.data_to_send()
            for piece in self._pieces(downstream):
                self.client.receive_data(self.now, piece)
                events += self._listen()
            events += self._listen()
            if not upstream and not downstream:
                return events

    def _listen(self) -> list[ClientEvent]:
        events: list[ClientEvent] = []
        while not isinstance(event := self.client.next_event(), Stop):
            events.append(event)
        return events

    def _serve(self) -> None:
        while not isinstance(event := self.server.next_event(), Stop):
            self.heard.append(event)
            for command in self.answer(event) or ():
                self.server.send(self.now, command)

    def _pieces(self, data: bytes) -> Iterable[bytes]:
        size = self.piece_bytes or len(data) or 1
        return (data[start : start + size] for start in range(0, len(data), size))
