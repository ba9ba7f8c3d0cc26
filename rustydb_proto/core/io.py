"""Inputs and effects: everything that crosses the border between the pure node and a host.

A host gathers inputs, calls `Node.step(now, inputs)`, and carries out the effects it returns, in order.
Connections and disk requests are named by integers: `conn` is chosen by the host, `ticket` by the node.
Effects on one connection are carried out in order; disk effects may finish in any order and each answers
with exactly one input that carries its ticket. The classes here are the plain kind with `__slots__`
where they are made for every request, and `@value` elsewhere.
"""

from __future__ import annotations

from rustydb_proto.core.value import value

# ---- inputs


@value
class Accepted:
    """A client connected; `listener` names the listening address that took it (`postgresql`, ...)."""

    conn: int
    listener: str
    peer: str
    local: str


class Received:
    """Bytes arrived. `data == b""` is the peer's end of file (half-close)."""

    __slots__ = ("conn", "data")

    def __init__(self, conn: int, data: bytes) -> None:
        self.conn = conn
        self.data = data


@value
class Lost:
    """The connection is gone (reset, or closed by us); no further input names it."""

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
class ShutdownRequested:
    """Stop: gracefully (finish running statements, refuse new connections) or at once."""

    graceful: bool


Input = (
    Accepted
    | Received
    | Lost
    | WriteBlocked
    | WriteReady
    | Appended
    | DiskDone
    | FileRead
    | DiskFailed
    | ShutdownRequested
)

# ---- effects


class Send:
    """Write these bytes to the connection."""

    __slots__ = ("conn", "data")

    def __init__(self, conn: int, data: bytes) -> None:
        self.conn = conn
        self.data = data


@value
class Close:
    """Flush what was sent, then close the connection."""

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
    Send | Close | Abort | PauseReading | ResumeReading | Append | Allocate | Store | Publish | DeleteFile | Log | Halt
)
