"""The contract of a host: what every event loop's host is given, and what it promises to the core and to the peers.

A host is a module with one function, `run(service) -> int`: it serves until the core says `Halt` and returns its code.
`rustydb_asyncio.host`, `rustydb_trio.host`, `rustydb_gevent.host` and `rustydb_curio.host` are hosts; `check_host` tests any.

    core = service.core                      one turn of the loop:
    effects = core.step(clock(), inputs)         everything that arrived in a turn is one step
    carry out the effects, in order
    sleep until core.deadline(clock())           now or earlier: step again after looking at the sockets; None: until an input

What a host promises, in the order in which a connection meets it:

- It accepts from `listeners` (bound and listening; it never opens one), numbers connections from 1, never reuses a number, and
  reports `Accepted(conn, listener.name, peer, local)`. When accepting fails (no more files), it logs and tries again later.
- Bytes are `Received`; the peer's end of file is `Received(conn, b"")`, once, and the connection stays open for writing.
- `Lost` is the last input of a connection. After the core has asked for `Close` or `Abort`, no input names it any more.
- Send buffers: `WriteBlocked` when more than WRITE_HIGH_BYTES wait for the peer, then `WriteReady` when not more than
  WRITE_LOW_BYTES do; the two alternate. `PauseReading` takes effect at once for what was not read yet.
- `EndSend` half-closes after what was sent. `Close` stops reading, flushes for at most `flush_seconds`, then closes. `Abort`
  closes at once: what waits in the host is dropped. An effect that names a connection which is gone is ignored.
- Disk effects go to `carry_out` in threads: one for `Append`, in order, one for all others, in order. `Compute` jobs run on
  `compute_threads` threads. None of them delays the loop. `Log` goes to `log`.
- `Connect` resolves names, connects, and answers with its ticket once. Datagrams carry the name of their socket.
- Sleeping is by the loop's own clock and never longer than SLEEP_SECONDS_MAX, so a clock that jumps is noticed that soon.
- `started(put)` is called once, when a client would be served. `put` takes an input from any thread until `run` returns.
- When it gets `ShutdownRequested` (from a signal or from `put`) it closes the listeners before the step. With `signals`, SIGTERM
  and the first SIGINT are graceful requests, a second SIGINT an immediate one, SIGHUP calls `reload` in a thread.
- On `Halt` it closes the listeners, gives connections that are closing `halt_seconds` to flush, drops the others, waits for
  the disk work under way, and returns. An exception out of the core ends `run` in the same way and is raised by it.

A host holds no decision: what a byte means, when to give up and what to refuse is the core's business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import socket
from typing import Final, Protocol

from rustydb_proto.core import io
from rustydb_proto.core.time import Now

WRITE_HIGH_BYTES: Final = 256 << 10
WRITE_LOW_BYTES: Final = 64 << 10
READ_BYTES: Final = 64 << 10
"""How much a host reads from a socket at once; four times as much costs five times as much for a small message, in memory mapped anew."""
SLEEP_SECONDS_MAX: Final = 1.0
"""The longest sleep while there is a deadline."""
ACCEPT_RETRY_SECONDS: Final = 0.5

Put = Callable[[io.Input], None]
Fields = dict[str, str | int | float | None]


class Core(Protocol):
    """A state machine that a host can run; `rustydb_engine.node.node.Node` is one."""

    def step(self, now: Now, inputs: Sequence[io.Input]) -> list[io.Effect]:
        """Apply inputs and return effects, to be carried out in order."""

    def deadline(self, now: Now) -> int | None:
        """Return the monotonic time in ns at which to call `step` again; None to wait for an input."""


@dataclass(frozen=True)
class Endpoint:
    """A bound socket and its name: for listeners the protocol that is spoken there, `postgresql`."""

    name: str
    sock: socket


def read_clock() -> Now:
    """Return the system's time."""
    return Now(time.monotonic_ns(), time.time_ns() // 1000)


def run_job(effect: io.Compute) -> io.Computed | io.ComputeFailed:
    """Call a job and return the input that answers it, whatever the job does."""
    try:
        return io.Computed(effect.ticket, effect.job())
    except Exception as error:
        return io.ComputeFailed(effect.ticket, f"{type(error).__name__}: {error}")


def no_reload() -> io.Input | None:
    """Read no configuration again."""
    return None


def print_nothing(level: str, event: str, fields: Fields) -> None:
    """Drop a log record."""


def tell_nobody(put: Put) -> None:
    """Take the news that the host serves."""


@dataclass(frozen=True)
class Service:
    """Everything that a host is given. Only `core` must be named; a test changes what it is about."""

    core: Core
    listeners: tuple[Endpoint, ...] = ()
    datagrams: tuple[Endpoint, ...] = ()
    carry_out: Callable[[io.Effect], io.Input] | None = None
    """Blocking: does a disk effect and returns the input that answers it. None for a database in memory."""
    compute: Callable[[io.Compute], io.Computed | io.ComputeFailed] = run_job
    """Blocking: does a job and returns the input that answers it."""
    clock: Callable[[], Now] = read_clock
    log: Callable[[str, str, Fields], None] = print_nothing
    """`log(level, event, fields)`, from the thread of the host only."""
    started: Callable[[Put], None] = tell_nobody
    reload: Callable[[], io.Input | None] = no_reload
    """Blocking, at SIGHUP: reads the configuration again and returns the news for the core."""
    signals: bool = False
    """Whether to take SIGTERM, SIGINT and SIGHUP; `run` must then be in the main thread."""
    flush_seconds: float = 30.0
    halt_seconds: float = 2.0
    compute_threads: int = 4


Run = Callable[[Service], int]
