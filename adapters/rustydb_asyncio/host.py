"""The asyncio host: sockets, disk workers and the clock around a node. It holds no decision.

Inputs are gathered in a list; the first of a batch schedules one `tick` at the end of the event loop's turn, so that
everything that arrived in a turn is one `step`. Log appends run in one worker thread in order, other file work in another.

    protocol.data_received -> inputs -> tick -> node.step -> effects -> transport.write, workers, timers
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from rustydb_host.files import Files
from rustydb_host.logs import Logger

from rustydb_engine.node.node import Node
from rustydb_proto.core import io
from rustydb_proto.core.time import Now

WRITE_HIGH_BYTES = 256 << 10


class Connection(asyncio.Protocol):
    """One socket: what arrives becomes inputs, what the transport says about its buffer too."""

    __slots__ = ("conn", "host", "listener", "transport")

    def __init__(self, host: Host, listener: str) -> None:
        self.host = host
        self.listener = listener
        self.conn = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Report a client."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        self.conn = self.host.add(self)
        peer = transport.get_extra_info("peername")
        local = transport.get_extra_info("sockname")
        self.host.put(io.Accepted(self.conn, self.listener, _address(peer), _address(local)))

    def data_received(self, data: bytes) -> None:
        """Report bytes."""
        self.host.put(io.Received(self.conn, data))

    def eof_received(self) -> bool:
        """Report the peer's end of file; the node decides when to close."""
        self.host.put(io.Received(self.conn, b""))
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end."""
        self.host.remove(self, str(exc) if exc is not None else "")

    def pause_writing(self) -> None:
        """Report a full send buffer."""
        self.host.put(io.WriteBlocked(self.conn))

    def resume_writing(self) -> None:
        """Report a drained send buffer."""
        self.host.put(io.WriteReady(self.conn))


class Host:
    """Runs one node. `files` is None for a database in memory."""

    def __init__(self, node: Node, files: Files | None, logger: Logger) -> None:
        self._node = node
        self._files = files
        self._logger = logger
        self._loop = asyncio.get_running_loop()
        self._connections: dict[int, Connection] = {}
        self._next = 0
        self._inputs: list[io.Input] = []
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._log_worker = ThreadPoolExecutor(1, "log")
        self._file_worker = ThreadPoolExecutor(1, "files")
        self._servers: list[asyncio.Server] = []
        self.stopped: asyncio.Future[int] = self._loop.create_future()
        self._handlers: dict[type, Callable[..., None]] = {
            io.Send: self._send,
            io.Close: self._close,
            io.Abort: self._abort,
            io.PauseReading: self._pause,
            io.ResumeReading: self._resume,
            io.Append: self._append,
            io.Allocate: self._file,
            io.Store: self._file,
            io.Publish: self._file,
            io.DeleteFile: self._file,
            io.Log: self._log,
            io.Halt: self._halt,
        }

    async def listen(self, addresses: tuple[str, ...], port: int, listener: str) -> list[str]:
        """Listen; return `host:port` of each socket. Port 0 takes a free one, the same for every address."""
        bound = []
        for address in addresses:
            server = await self._loop.create_server(lambda: Connection(self, listener), address, port, backlog=1024)
            self._servers.append(server)
            for sock in server.sockets:
                name = sock.getsockname()
                port = name[1]
                bound.append(_address(name))
        return bound

    def close_listeners(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()
        self._servers.clear()

    def stop_workers(self) -> None:
        """Wait for the disk work under way and end the workers."""
        self._log_worker.shutdown()
        self._file_worker.shutdown()

    def put(self, item: io.Input) -> None:
        """Take an input; it is stepped at the end of this turn of the event loop."""
        self._inputs.append(item)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._tick)

    def add(self, connection: Connection) -> int:
        """Number a connection."""
        self._next += 1
        self._connections[self._next] = connection
        return self._next

    def remove(self, connection: Connection, reason: str) -> None:
        """Forget a connection whose socket is gone."""
        if self._connections.pop(connection.conn, None) is not None:
            self.put(io.Lost(connection.conn, reason))

    # ---- the loop

    def _tick(self) -> None:
        self._scheduled = False
        node, handlers = self._node, self._handlers
        inputs, self._inputs = self._inputs, []
        now = _now()
        for effect in node.step(now, inputs):
            handlers[type(effect)](effect)
        deadline = node.deadline(now)
        if deadline is None or deadline > now.mono_ns:
            self._sleep_until(deadline)
        elif not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._tick)

    def _sleep_until(self, deadline: int | None) -> None:
        if self._timer is not None:
            if deadline is not None and self._timer_ns == deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer_ns = deadline
            delay = max(deadline - time.monotonic_ns(), 0) / 1e9
            self._timer = self._loop.call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if not self._scheduled:
            self._scheduled = True
            self._tick()

    # ---- effects

    def _send(self, effect: io.Send) -> None:
        connection = self._connections.get(effect.conn)
        if connection is not None and connection.transport is not None:
            connection.transport.write(effect.data)

    def _close(self, effect: io.Close) -> None:
        connection = self._connections.pop(effect.conn, None)
        if connection is not None and connection.transport is not None:
            connection.transport.close()

    def _abort(self, effect: io.Abort) -> None:
        connection = self._connections.pop(effect.conn, None)
        if connection is not None and connection.transport is not None:
            connection.transport.abort()

    def _pause(self, effect: io.PauseReading) -> None:
        connection = self._connections.get(effect.conn)
        if connection is not None and connection.transport is not None:
            connection.transport.pause_reading()

    def _resume(self, effect: io.ResumeReading) -> None:
        connection = self._connections.get(effect.conn)
        if connection is not None and connection.transport is not None:
            connection.transport.resume_reading()

    def _append(self, effect: io.Append) -> None:
        self._work(self._log_worker, effect)

    def _file(self, effect: io.Allocate | io.Store | io.Publish | io.DeleteFile) -> None:
        self._work(self._file_worker, effect)

    def _work(self, worker: ThreadPoolExecutor, effect: io.Effect) -> None:
        assert self._files is not None, "a database in memory has no disk work"
        files, loop = self._files, self._loop

        def run() -> None:
            answer = files.carry_out(effect)
            loop.call_soon_threadsafe(self.put, answer)

        worker.submit(run)

    def _log(self, effect: io.Log) -> None:
        self._logger.write(effect.level, effect.event, effect.fields)

    def _halt(self, effect: io.Halt) -> None:
        if not self.stopped.done():
            self._logger.write("info" if effect.code == 0 else "error", "stopped", {"reason": effect.reason})
            self.stopped.set_result(effect.code)


def _now() -> Now:
    return Now(time.monotonic_ns(), time.time_ns() // 1000)


def _address(name: object) -> str:
    if isinstance(name, tuple) and len(name) >= 2:
        host = f"[{name[0]}]" if ":" in str(name[0]) else str(name[0])
        return f"{host}:{name[1]}"
    return str(name or "")
