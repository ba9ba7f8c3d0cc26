"""The asyncio host: sockets, disk workers and the clock around a core, on uvloop where it is installed. It holds no decision.

Inputs are gathered in a list; the first of a batch schedules one `tick` at the end of the event loop's turn, so that
everything that arrived in a turn is one `step`. Connections are asyncio protocols, the fastest way in and out there is.

    protocol.data_received -> inputs -> tick -> core.step -> effects -> transport.write, workers, timers

What a host must do is told in rustydb_host/contract.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from rustydb_host.addresses import numeric, split
from rustydb_host.contract import SLEEP_SECONDS_MAX, Fields, Service
from rustydb_host.signals import HANDLED, Signals
from rustydb_host.workers import Workers

from rustydb_asyncio.protocols import Connection, Datagrams
from rustydb_proto.core import io

BACKLOG = 1024


def run(service: Service) -> int:
    """Serve until the core halts; return its code."""
    try:
        import uvloop
    except ImportError:
        return run_on(service, asyncio.new_event_loop)
    return run_on(service, uvloop.new_event_loop)


def run_on(service: Service, loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> int:
    """Serve on a loop of one's choice."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.get_loop().set_exception_handler(partial(_log_trouble, service))
        return runner.run(serve(service))


async def serve(service: Service) -> int:
    """Serve as a task of an asyncio program; return the code with which the core halted. Being cancelled ends it at once."""
    host = Host(service)
    try:
        await host.start()
        return await host.stopped
    finally:
        await host.finish()


def _log_trouble(service: Service, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    fields: Fields = {"reason": str(context.get("exception") or context.get("message"))}
    service.log("error", "event loop", fields)  # accept() without free files comes here; asyncio tries again


class Host:
    """Runs one core."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._core = service.core
        self._loop = asyncio.get_running_loop()
        self._connections: dict[int, Connection] = {}
        self._closing: dict[int, Connection] = {}
        self._next = 0
        self._inputs: list[io.Input] = []
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._servers: list[asyncio.Server] = []
        self._datagrams: dict[str, asyncio.DatagramTransport] = {}
        self._connects: set[asyncio.Task[None]] = set()
        self._workers = Workers(service, self._put_from_thread)
        self.stopped: asyncio.Future[int] = self._loop.create_future()
        self._handlers: dict[type, Callable[..., None]] = {
            io.Connect: self._connect,
            io.Send: self._send,
            io.EndSend: self._end_send,
            io.Close: self._close,
            io.Abort: self._abort,
            io.PauseReading: self._pause,
            io.ResumeReading: self._resume,
            io.SendDatagram: self._send_datagram,
            io.Halt: self._halt,
            **self._workers.handlers,
        }

    async def start(self) -> None:
        """Serve from now on."""
        service, loop = self._service, self._loop
        if service.signals:
            signals = Signals(self._take, self._workers.reload)
            for number in HANDLED:
                loop.add_signal_handler(number, signals.received, number)
        for one in service.datagrams:
            one.sock.setblocking(False)
            transport, _ = await loop.create_datagram_endpoint(partial(Datagrams, self, one.name), sock=one.sock)
            self._datagrams[one.name] = transport
        for one in service.listeners:
            one.sock.setblocking(False)
            factory = partial(Connection, self, partial(io.Accepted, listener=one.name))
            self._servers.append(await loop.create_server(factory, sock=one.sock, backlog=BACKLOG))
        service.started(self._put_from_thread)
        self._tick()

    async def finish(self) -> None:
        """Stop listening, flush what is closing, reset the rest, wait for the disk."""
        self._close_listeners()
        if self._timer is not None:
            self._timer.cancel()
        for task in self._connects:
            task.cancel()
        for connection in self._connections.values():
            connection.transport.abort()
        self._connections.clear()
        give_up = self._loop.time() + self._service.halt_seconds
        while self._closing and self._loop.time() < give_up:
            await asyncio.sleep(0.01)
        for connection in self._closing.values():
            connection.transport.abort()
        for transport in self._datagrams.values():
            transport.close()
        for number in HANDLED if self._service.signals else ():
            self._loop.remove_signal_handler(number)
        await asyncio.sleep(0)  # transports end their sockets in the next turn
        self._workers.stop()

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

    def has(self, connection: Connection) -> bool:
        """Return whether the core still knows a connection."""
        return connection.conn in self._connections

    def remove(self, connection: Connection, reason: str) -> None:
        """Forget a connection whose socket is gone."""
        if self._connections.pop(connection.conn, None) is not None:
            self.put(io.Lost(connection.conn, reason))
        else:
            self._closing.pop(connection.conn, None)

    # ---- the loop

    def _put_from_thread(self, item: io.Input) -> None:
        with suppress(RuntimeError):  # the loop is closed: run has returned
            self._loop.call_soon_threadsafe(self._take, item)

    def _take(self, item: io.Input) -> None:
        if type(item) is io.ShutdownRequested:
            self._close_listeners()
        self.put(item)

    def _tick(self) -> None:
        self._scheduled = False
        if self.stopped.done():
            return
        core, handlers = self._core, self._handlers
        inputs, self._inputs = self._inputs, []
        now = self._service.clock()
        try:
            for effect in core.step(now, inputs):
                handlers[type(effect)](effect)
            deadline = core.deadline(now)
        except BaseException as error:
            if not self.stopped.done():
                self.stopped.set_exception(error)
            return
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
            delay = (deadline - self._service.clock().mono_ns) / 1e9
            self._timer = self._loop.call_later(min(max(delay, 0.0), SLEEP_SECONDS_MAX), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if not self._scheduled:
            self._scheduled = True
            self._tick()

    def _close_listeners(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    # ---- effects

    def _send(self, effect: io.Send) -> None:
        connection = self._connections.get(effect.conn)
        if connection is not None:
            connection.transport.write(effect.data)

    def _alive(self, conn: int) -> asyncio.Transport | None:
        connection = self._connections.get(conn)
        return None if connection is None or connection.transport.is_closing() else connection.transport

    def _end_send(self, effect: io.EndSend) -> None:
        if transport := self._alive(effect.conn):
            transport.write_eof()

    def _pause(self, effect: io.PauseReading) -> None:
        if (transport := self._alive(effect.conn)) and not self._connections[effect.conn].ended:
            transport.pause_reading()

    def _resume(self, effect: io.ResumeReading) -> None:
        if (transport := self._alive(effect.conn)) and not self._connections[effect.conn].ended:
            transport.resume_reading()  # behind the peer's end it would find that end again

    def _take_out(self, conn: int) -> Connection | None:
        """Forget a connection that the core closes, and what was to be told of it: a buffer that became full just now."""
        if self._inputs:
            self._inputs = [item for item in self._inputs if getattr(item, "conn", 0) != conn]
        return self._connections.pop(conn, None)

    def _close(self, effect: io.Close) -> None:
        connection = self._take_out(effect.conn)
        if connection is not None:
            transport = connection.transport
            transport.close()
            if transport.get_write_buffer_size():
                self._closing[effect.conn] = connection
                self._loop.call_later(self._service.flush_seconds, self._give_up, effect.conn)

    def _give_up(self, conn: int) -> None:
        connection = self._closing.pop(conn, None)
        if connection is not None:
            connection.transport.abort()

    def _abort(self, effect: io.Abort) -> None:
        connection = self._take_out(effect.conn)
        if connection is not None:
            connection.transport.abort()

    def _connect(self, effect: io.Connect) -> None:
        task = self._loop.create_task(self._open(effect))
        self._connects.add(task)
        task.add_done_callback(self._connects.discard)

    async def _open(self, effect: io.Connect) -> None:
        factory = partial(Connection, self, partial(io.Connected, ticket=effect.ticket))
        try:
            host, port = split(effect.address)
            async with asyncio.timeout(effect.timeout_ns / 1e9):
                if host.startswith("/"):
                    await self._loop.create_unix_connection(factory, host)
                else:
                    await self._loop.create_connection(factory, host, port)
        except TimeoutError:
            self.put(io.ConnectFailed(effect.ticket, "connection timed out"))
        except (OSError, ValueError) as error:
            self.put(io.ConnectFailed(effect.ticket, getattr(error, "strerror", None) or str(error)))

    def _send_datagram(self, effect: io.SendDatagram) -> None:
        transport = self._datagrams.get(effect.listener)
        if transport is not None:
            with suppress(OSError, ValueError):
                transport.sendto(effect.data, numeric(effect.peer))

    def _halt(self, effect: io.Halt) -> None:
        if not self.stopped.done():
            self._service.log("info" if effect.code == 0 else "error", "stopped", {"reason": effect.reason})
            self.stopped.set_result(effect.code)
