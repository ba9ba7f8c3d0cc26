"""Inputs and effects: everything that crosses the border between the pure node and a host.

A host gathers inputs, calls `Node.step(now, inputs)`, and carries out the effects it returns, in order.
Connections and requests are named by integers: `conn` is chosen by the host, `ticket` by the node.
Effects on one connection are carried out in order; disk effects, connects and computations may finish in any order
and each answers with exactly one input that carries its ticket. The classes here are the plain kind with `__slots__`
where they are made for every request, and `@value` elsewhere.

Addresses are texts: `127.0.0.1:5432`, `[::1]:5432`, `db.example:5432` (a name, only in `Connect`), or the path of a
Unix socket (empty for its client, which has none).
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_proto.core.value import value

# ---- inputs


@value
class Accepted:
    """A client connected; `listener` names the listening address that took it (`postgresql`, ...)."""

    conn: int
    listener: str
    peer: str
    local: str


@value
class Connected:
    """The `Connect` with this ticket succeeded: the connection is `conn` from now on."""

    ticket: int
    conn: int
    peer: str
    local: str


@value
class ConnectFailed:
    """The `Connect` with this ticket failed; `reason` is the operating system's message, or says that time was up."""

    ticket: int
    reason: str


class Received:
    """Bytes arrived. `data == b""` is the peer's end of file (half-close)."""

    __slots__ = ("conn", "data")

    def __init__(self, conn: int, data: bytes) -> None:
        self.conn = conn
        self.data = data


@value
class Lost:
    """The connection is gone (reset, or a write failed); no further input names it. Not sent after Close or Abort."""

    conn: int
    reason: str = ""


@value
class WriteBlocked:
    """The host's send buffer passed its high mark: produce no more for this connection."""

    conn: int


@value
class WriteReady:
    """The host's send buffer drained below its low mark."""

    conn: int


@value
class DatagramReceived:
    """A datagram arrived from `peer` at the datagram socket that is named `listener`."""

    listener: str
    peer: str
    data: bytes


@value
class Appended:
    """The `Append` with this ticket is durable."""

    ticket: int


@value
class DiskDone:
    """A disk effect other than `Append` and `ReadFile` finished."""

    ticket: int


@value
class FileRead:
    """The bytes that a `ReadFile` asked for (shorter than asked at the end of the file)."""

    ticket: int
    data: bytes


@value
class DiskFailed:
    """A disk effect failed; `reason` is the operating system's message, `code` its errno name (ENOSPC)."""

    ticket: int
    reason: str
    code: str = ""


@value
class Computed:
    """The job of the `Compute` with this ticket returned `result`."""

    ticket: int
    result: object


@value
class ComputeFailed:
    """The job of the `Compute` with this ticket raised; `reason` names the exception and its message."""

    ticket: int
    reason: str


@value
class Reloaded:
    """The configuration was read again: these limits (fields of the engine's `Config`) have new values.

    `tls`, unless None, is what encrypts new connections from now on (a `rustydb_proto.tls.ServerContext`).
    """

    limits: dict[str, int]
    tls: object = None


@value
class ShutdownRequested:
    """Stop: gracefully (finish running statements, refuse new connections) or at once."""

    graceful: bool


Input = (
    Accepted
    | Connected
    | ConnectFailed
    | Received
    | Lost
    | WriteBlocked
    | WriteReady
    | DatagramReceived
    | Appended
    | DiskDone
    | FileRead
    | DiskFailed
    | Computed
    | ComputeFailed
    | Reloaded
    | ShutdownRequested
)

# ---- effects


@value
class Connect:
    """Open a connection to `address`; answered by Connected, or by ConnectFailed after `timeout_ns` at the latest."""

    ticket: int
    address: str
    timeout_ns: int


class Send:
    """Write these bytes to the connection."""

    __slots__ = ("conn", "data")

    def __init__(self, conn: int, data: bytes) -> None:
        self.conn = conn
        self.data = data


@value
class EndSend:
    """Flush what was sent, then end our direction (half-close); reading goes on. No Send may follow."""

    conn: int


@value
class Close:
    """Flush what was sent, for a bounded time, then close the connection. Nothing more is read from it."""

    conn: int


@value
class Abort:
    """Close the connection at once, dropping unsent bytes."""

    conn: int


@value
class PauseReading:
    """Stop reading from the connection until `ResumeReading`."""

    conn: int


@value
class ResumeReading:
    """Read from the connection again."""

    conn: int


@value
class SendDatagram:
    """Send a datagram to `peer` from the datagram socket that is named `listener`; it may be lost without a word."""

    listener: str
    peer: str
    data: bytes


@value
class Append:
    """Write `data` at `offset` of the log segment `name`, then make it durable (fdatasync)."""

    ticket: int
    name: str
    offset: int
    data: bytes


@value
class Allocate:
    """Create the file `name` with `size` zero bytes, durable with its directory entry (a log segment)."""

    ticket: int
    name: str
    size: int


@value
class Store:
    """Write `data` at `offset` of the file `name`, creating it; not yet durable (a checkpoint being made)."""

    ticket: int
    name: str
    offset: int
    data: bytes


@value
class Publish:
    """Make `temporary` durable (fsync), rename it to `name`, make the directory durable."""

    ticket: int
    temporary: str
    name: str


@value
class DeleteFile:
    """Delete the file `name`; a missing file is no error."""

    ticket: int
    name: str


@value
class Compute:
    """Call `job` in a worker: pure computation that would hold up everybody, or a library that blocks."""

    ticket: int
    job: Callable[[], object]


@value
class Log:
    """One structured log record; `level` is debug, info, warning or error."""

    level: str
    event: str
    fields: dict[str, str | int | float | None]


@value
class Halt:
    """End the process: every Send before it has been handed over; `code` is the exit status."""

    code: int
    reason: str


Effect = (
    Connect
    | Send
    | EndSend
    | Close
    | Abort
    | PauseReading
    | ResumeReading
    | SendDatagram
    | Append
    | Allocate
    | Store
    | Publish
    | DeleteFile
    | Compute
    | Log
    | Halt
)
