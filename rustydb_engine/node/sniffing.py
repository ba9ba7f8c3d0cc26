"""The first front of every connection: it looks at the first bytes and hands over to the protocol's own front.

`LISTENERS` says what may be spoken on a listener: the PostgreSQL port takes the native protocol too, and on the one
port (`any`) everything is welcome. What is spoken by which front is the table in fronts.py.

Bytes that begin no protocol, or one that is not allowed, end the connection with a line in the log, as PostgreSQL does it; a
client that wants TLS where there is none gets an alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rustydb_engine.node.connections import Connection
from rustydb_engine.node.fronts import FRONTS
from rustydb_proto.core.time import Now
from rustydb_proto.sniff import Protocol, ProtocolDetected, Sniffer, SniffFailed

LISTENERS: Final[Mapping[str, frozenset[Protocol]]] = {
    "postgresql": frozenset({Protocol.POSTGRESQL, Protocol.NATIVE}),
    "any": frozenset({Protocol.POSTGRESQL, Protocol.NATIVE, Protocol.HTTP1, Protocol.HTTP2}),
}

NO_TLS_ALERT: Final = b"\x15\x03\x01\x00\x02\x02\x28"
"""A record with a fatal alert: handshake_failure (RFC 8446 6)."""


class Sniffing:
    """Waits until it is clear what the peer speaks."""

    __slots__ = ("_connection", "_machine", "_out")

    held = backlogged = busy = False

    def __init__(self, connection: Connection, allowed: frozenset[Protocol]) -> None:
        self._connection = connection
        self._out = b""
        self._machine = Sniffer(connection.accepted, allowed, decide_ns=connection.node.config.startup_ns)

    def receive(self, now: Now, data: bytes) -> None:
        """Take bytes; decide as soon as they suffice."""
        self._machine.receive_data(now, data)
        self._look()

    def timeout(self, now: Now) -> None:
        """Give up."""
        self._machine.handle_timeout(now)
        self._look()

    def _look(self) -> None:
        event = self._machine.next_event()
        connection = self._connection
        if isinstance(event, ProtocolDetected):
            connection.switch(FRONTS[event.protocol](connection))
        elif isinstance(event, SniffFailed):
            if event.protocol is Protocol.TLS:
                self._out = NO_TLS_ALERT
            level = "info" if event.code in ("unknown", "refused") else "debug"
            fields = {"peer": connection.peer, "listener": connection.listener, "why": event.reason}
            connection.node.log(level, "connection refused", dict(fields))
            connection.node.close_soon(connection)

    def data_to_send(self) -> bytes:
        """Return the alert for a client that wants TLS in vain."""
        out, self._out = self._out, b""
        return out

    def resume(self) -> None:
        """Nothing was stopped."""

    def shut_down(self) -> None:
        """Nobody knows yet in which words to say it."""

    def close(self) -> None:
        """There is no session."""

    def take_unread(self) -> tuple[bytes, bool]:
        """Return every byte, and whether the end of file came."""
        return self._machine.take_unread()
