"""One socket, what speaks on it, and what the node runs for it.

    socket -> Connection -> [TlsLayer] -> front (PgConnection, ...) -> runners (one for each session)

A `Connection` is the transport: its number, its addresses, whether the socket is blocked or paused. A `Front` is the
protocol that is spoken on it at the moment; `switch` puts another in its place and hands it the unread bytes. A `Runner` is
what the node schedules: the work of one session. PostgreSQL has one session on a connection, so there the front is its only
runner; a protocol that pipelines requests has a front with several.

The hot path has no layer that a plain connection would pay for: `receive` and `output` are the front's own methods, put
into slots when the front takes over.

Source: DESIGN, "Protocol machines"; README.md beside this file is the guide to writing another front.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Wait, WaitUntil
from rustydb_engine.node.secure import AsksForTls, TlsLayer
from rustydb_engine.session.session import Session
from rustydb_proto.core import io
from rustydb_proto.core.time import Now
from rustydb_proto.tls import HandshakeCompleted

if TYPE_CHECKING:
    from rustydb_engine.node.node import Node

GONE: Final = WaitUntil(1 << 62)
"""What a runner waits for that is no more: it is not run again if it was queued, and its timers are forgotten."""


class Timed(Protocol):
    """What the node's timers call: a runner, or a connection on behalf of its front."""

    @property
    def wait(self) -> Wait | None:
        """What is waited for; `GONE` once it is over for good."""

    def timeout(self, now: Now) -> None:
        """Fire what is due. It may be called early, or for something that is not running any more."""


class Runner(Protocol):
    """The work of one session: the node runs it in turn with the others, a slice at a time.

    `wait` is what it waits for (None: it can run), `queued` whether the node will call `run`. The node writes both; the
    runner sets `wait` just before it calls `node.suspend`, and `GONE` when it ends.
    """

    connection: Connection
    session: Session | None
    secret_key: bytes
    wait: Wait | None
    queued: bool
    held: bool

    def run(self) -> int:
        """Work until there is nothing to do or `wait` is set, for a bounded time; return how many slices it took (0 or 1).

        One that could go on calls `node.enqueue(self)` before it returns.
        """

    def timeout(self, now: Now) -> None:
        """Fire what is due of the moments that were given to `node.schedule`."""

    def cancel(self, error: SqlError) -> None:
        """Make the running statement fail with `error`; nothing happens when none runs."""

    def terminate(self, error: SqlError) -> None:
        """End the session with `error`, whose severity is FATAL."""


class Front(Protocol):
    """A protocol on a connection: bytes in, bytes out, and the sessions behind it."""

    @property
    def held(self) -> bool:
        """Whether nothing may be sent now (a commit of the only session is on its way to disk)."""

    @property
    def receive(self) -> Callable[[Now, bytes], None]:
        """Take bytes from the peer; b"" is its end of file. Enqueues runners; does no work of its own."""

    @property
    def data_to_send(self) -> Callable[[], bytes]:
        """Return and forget the bytes to send."""

    @property
    def backlogged(self) -> bool:
        """Whether so much is unread that the socket shall not be read for a while."""

    @property
    def busy(self) -> bool:
        """Whether statements run that a graceful shutdown waits for."""

    def resume(self) -> None:
        """Go on: the socket takes bytes again (`connection.blocked` was true, and what produces rows had stopped)."""

    def timeout(self, now: Now) -> None:
        """Fire what is due of the moments that were given to `node.schedule(at_ns, connection)`."""

    def shut_down(self) -> None:
        """Tell the peer that the server stops; the node then closes the connection."""

    def close(self) -> None:
        """End every session: the connection is gone, or another front takes over."""

    def take_unread(self) -> tuple[bytes, bool]:
        """Return and forget the unread bytes, and whether the peer's end of file came."""


class Connection:
    """One socket. `touched`: the node will look for bytes to send at the end of the step."""

    __slots__ = (
        "accepted", "blocked", "conn", "front", "listener", "local", "node", "output", "paused", "peer", "receive",
        "tls", "touched", "wait",
    )  # fmt: skip

    def __init__(self, node: Node, event: io.Accepted, now: Now) -> None:
        self.node = node
        self.conn = event.conn
        self.listener = event.listener
        self.peer = event.peer
        self.local = event.local
        self.accepted = now
        self.wait: Wait | None = None
        self.blocked = self.paused = self.touched = False
        self.tls: TlsLayer | None = None
        self.front: Front = NOBODY
        self.receive: Callable[[Now, bytes], None] = NOBODY.receive
        self.output: Callable[[], bytes] = NOBODY.data_to_send

    def switch(self, front: Front) -> None:
        """Let `front` speak from here on; it gets what the one before has not read, after what that has said is sent."""
        before = self.front
        self._send(self.output())
        data, ended = before.take_unread()
        self._use(front)
        before.close()
        if data:
            front.receive(self.node.now, data)
        if ended and self.front is front:
            front.receive(self.node.now, b"")

    def start_tls(self, asker: AsksForTls, unread: bytes = b"", ended: bool = False) -> None:
        """Put TLS between the socket and the front; `asker` is told when the handshake is complete.

        `unread` is ciphertext that the front has already taken, with the end of file. A front that has spoken before must have
        no plaintext unread: what came before the handshake may be another's.
        """
        context = self.node.tls
        assert context is not None and self.tls is None, "fronts ask once, and where there is a certificate"
        self._send(self.output())
        self.tls = tls = TlsLayer(self, context, asker)
        self.receive = tls.receive
        self.output = tls.output
        if unread:
            tls.receive(self.node.now, unread)
        if ended:
            tls.receive(self.node.now, b"")

    @property
    def secured(self) -> HandshakeCompleted | None:
        """What TLS knows of the peer; None: there is no TLS, or no handshake yet."""
        return self.tls.peer if self.tls is not None else None

    def _use(self, front: Front) -> None:
        self.front = front
        if self.tls is None:
            self.receive = front.receive
            self.output = front.data_to_send

    def _send(self, data: bytes) -> None:
        if data:
            self.node.emit(io.Send(self.conn, data))

    def pause(self) -> None:
        """Stop reading the socket until the front is not `backlogged` any more."""
        if not self.paused:
            self.paused = True
            self.node.emit(io.PauseReading(self.conn))

    def end_send(self) -> None:
        """Send what there is and end our direction; the peer may still say something. Nothing may be sent after it."""
        self._send(self.output() if self.tls is None else self.tls.end())
        self.node.emit(io.EndSend(self.conn))

    def end(self) -> None:
        """Say what TLS has to say at the end, before the socket is closed."""
        if self.tls is not None:
            self._send(self.tls.end())

    def timeout(self, now: Now) -> None:
        """Fire what is due. The first moment is when the time for startup is over, counted from `accepted`."""
        if self.tls is not None:
            self.tls.timeout(now)
        self.front.timeout(now)

    def close(self) -> None:
        """End what speaks here: the socket is gone."""
        front = self.front
        self.wait = GONE
        if self.tls is not None:
            self.tls.wait = GONE
            self.tls = None
        self._use(NOBODY)  # the front knows its connection: a cycle ends here
        front.close()


class _Nobody:
    """The front of a connection that has none yet, or none any more."""

    __slots__ = ()

    held = False
    backlogged = False
    busy = False

    def receive(self, now: Now, data: bytes) -> None:
        """Drop what comes."""

    def data_to_send(self) -> bytes:
        """Return nothing."""
        return b""

    def resume(self) -> None:
        """Nobody stopped."""

    def timeout(self, now: Now) -> None:
        """Nobody waits."""

    def shut_down(self) -> None:
        """Nobody is told."""

    def close(self) -> None:
        """Nothing ends."""

    def take_unread(self) -> tuple[bytes, bool]:
        """Return nothing."""
        return b"", False


NOBODY: Final = _Nobody()
