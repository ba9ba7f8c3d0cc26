"""TLS on a connection: what arrives is decrypted for the front, what the front says is encrypted.

    socket -> Connection -> TlsLayer -> front

`connection.start_tls(asker)` puts the layer in. Until the handshake is complete the layer is a runner: public-key
cryptography costs as much as many statements, so handshakes take their turns with the other runners, a slice each, and a
thousand new clients do not hold up those who are in. Afterwards the bytes go straight through.

The front that asked for TLS is told by `secured`; the connection's later fronts find the layer in `connection.tls`, with what the
handshake has settled in `peer`. Source: DESIGN, "TLS is a MemoryBIO layer".
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Wait
from rustydb_engine.session.session import Session
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import Now
from rustydb_proto.tls import (
    DataReceived,
    EndReceived,
    HandshakeCompleted,
    Limits,
    ServerContext,
    TlsFailed,
    TlsMachine,
)

if TYPE_CHECKING:
    from rustydb_engine.node.connections import Connection


def fields_of_tls(peer: HandshakeCompleted | None) -> dict[str, object]:
    """Return what a session's TLS is, by the columns of pg_stat_ssl."""
    if peer is None:
        return {"ssl": False}
    fields: dict[str, object] = {
        "ssl": True, "version": peer.version, "cipher": peer.cipher, "bits": peer.cipher_bits,
    }  # fmt: skip
    certificate = peer.certificate
    if certificate is not None:
        fields |= {"client_dn": certificate.subject, "issuer_dn": certificate.issuer}
        fields["client_serial"] = Decimal(certificate.serial)
    return fields


class AsksForTls(Protocol):
    """A front that starts TLS."""

    def secured(self, peer: HandshakeCompleted) -> None:
        """Go on: the handshake is complete, and the bytes from here on are decrypted."""


class TlsLayer:
    """The TLS of one connection; a runner during the handshake. `peer` is what the handshake settled, once it did."""

    __slots__ = (
        "_asker",
        "_ended",
        "_machine",
        "connection",
        "held",
        "peer",
        "queued",
        "secret_key",
        "session",
        "wait",
    )

    def __init__(self, connection: Connection, context: ServerContext, asker: AsksForTls) -> None:
        limits = Limits(handshake_ns=connection.node.config.startup_ns)
        self._machine = TlsMachine(connection.accepted, context, limits=limits)
        self._asker: AsksForTls | None = asker
        self._ended = False
        self.connection = connection
        self.peer: HandshakeCompleted | None = None
        self.session: Session | None = None
        self.secret_key = b""
        self.wait: Wait | None = None
        self.queued = self.held = False

    # ---- between the socket and the front

    def receive(self, now: Now, data: bytes) -> None:
        """Take ciphertext; b"" is the end of file."""
        self._machine.receive_data(now, data)
        if self.peer is None:
            self.connection.node.enqueue(self)
        else:
            self._deliver(now)
            self.connection.node.touch(self.connection)  # TLS may have something to say of its own: an alert, a new key

    def output(self) -> bytes:
        """Return and forget the ciphertext to send, with what the front says in it."""
        data = self.connection.front.data_to_send()
        machine = self._machine
        if data and machine.open:
            machine.write(data)
        return b"" if self._ended else machine.data_to_send()

    def end(self) -> bytes:
        """Say close_notify; return the last ciphertext. Nothing is sent after it."""
        last = self.output()
        self._machine.close()
        last += self.output()
        self._ended = True
        return last

    def _deliver(self, now: Now) -> None:
        connection, machine = self.connection, self._machine
        while connection.tls is self and not isinstance(event := machine.next_event(), Stop):
            if isinstance(event, DataReceived):
                connection.front.receive(now, event.data)
            elif isinstance(event, EndReceived):
                connection.front.receive(now, b"")
            elif isinstance(event, HandshakeCompleted):
                self.peer = event
                asker, self._asker = self._asker, None
                assert asker is not None, "a handshake completes once"
                asker.secured(event)
            else:
                self._failed(event)

    def _failed(self, event: TlsFailed) -> None:
        connection = self.connection
        level = "debug" if event.code == "ended" else "info"
        connection.node.log(level, "TLS failed", {"peer": connection.peer, "why": event.reason})
        connection.node.close_soon(connection)

    # ---- the runner

    def run(self) -> int:
        """Go on with the handshake."""
        self._deliver(self.connection.node.now)
        return 1

    def timeout(self, now: Now) -> None:
        """Give up a handshake that takes too long."""
        self._machine.handle_timeout(now)
        self._deliver(now)

    def cancel(self, error: SqlError) -> None:
        """No statement runs here."""

    def terminate(self, error: SqlError) -> None:
        """No session is here."""
