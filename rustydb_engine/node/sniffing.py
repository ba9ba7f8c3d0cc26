"""The first front of every connection: it looks at the first bytes and hands over to the protocol's own front.

`LISTENERS` says what may be spoken on a listener: the PostgreSQL port takes the native protocol too, and on the one
port (`any`) everything is welcome. What is spoken by which front is the table in fronts.py.

TLS is allowed everywhere once there is a certificate. What is spoken inside is decided by ALPN, or else by the first bytes
again, among the same protocols.

Bytes that begin no protocol, or one that is not allowed, end the connection with a line in the log, as PostgreSQL does it; a
client that wants TLS where there is none gets an alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rustydb_engine.node.connections import Connection
from rustydb_engine.node.fronts import FRONTS
from rustydb_proto.core.time import Now
from rustydb_proto.sniff import BY_ALPN, Protocol, ProtocolDetected, Sniffer, SniffFailed
from rustydb_proto.tls import HandshakeCompleted

LISTENERS: Final[Mapping[str, frozenset[Protocol]]] = {
    "postgresql": frozenset({Protocol.POSTGRESQL, Protocol.NATIVE}),
    "any": frozenset({Protocol.POSTGRESQL, Protocol.NATIVE, Protocol.HTTP1, Protocol.HTTP2}),
}

NO_TLS_ALERT: Final = b"\x15\x03\x01\x00\x02\x02\x28"
"""A record with a fatal alert: handshake_failure (RFC 8446 6)."""


class Sniffing:
    """Waits until it is clear what the peer speaks."""

    __slots__ = ("_allowed", "_connection", "_machine", "_out")

    held = backlogged = busy = False

    def __init__(self, connection: Connection, allowed: frozenset[Protocol]) -> None:
        self._connection = connection
        self._allowed = allowed
        self._out = b""
        self._machine = self._sniffer(allowed if connection.node.tls is None else allowed | {Protocol.TLS})

    def _sniffer(self, allowed: frozenset[Protocol]) -> Sniffer:
        return Sniffer(self._connection.accepted, allowed, decide_ns=self._connection.node.config.startup_ns)

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
        if isinstance(event, ProtocolDetected):
            if event.protocol is Protocol.TLS:
                self._connection.start_tls(self, *self._machine.take_unread())
            else:
                self._hand_over(event.protocol)
        elif isinstance(event, SniffFailed):
            if event.protocol is Protocol.TLS and self._connection.tls is None:
                self._out = NO_TLS_ALERT
            self._refuse("info" if event.code in ("unknown", "refused") else "debug", event.reason)

    def secured(self, peer: HandshakeCompleted) -> None:
        """Go on inside TLS."""
        if peer.alpn is None:
            self._machine = self._sniffer(self._allowed)
            return
        protocol = BY_ALPN.get(peer.alpn)
        if protocol in self._allowed and protocol is not None:
            self._hand_over(protocol)
        else:
            self._refuse("info", f"{peer.alpn} is not spoken here")

    def _hand_over(self, protocol: Protocol) -> None:
        self._connection.switch(FRONTS[protocol](self._connection))

    def _refuse(self, level: str, why: str) -> None:
        connection = self._connection
        fields = {"peer": connection.peer, "listener": connection.listener, "why": why}
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
