"""A host without its loop: everything that the contract asks for but the waiting.

    reactor = Reactor(service, selector, wake)
    reactor.start()
    while not reactor.finished:
        seconds = reactor.turn(events)           `events`: (what is watched, mask) pairs that the poller has found
        wait until a socket is ready, `wake` was called, or `seconds` are over (None: no limit)
    reactor.close()

So a host for an event loop is this loop, and a way to wait in it. Under load a turn handles all sockets that are ready with one
`step` of the core, whatever the loop: a task for each connection would cost a switch for each of them.

`Selecting` (polling.py) is the poller for loops that can wait for a descriptor. A loop with callbacks of its own for descriptors
brings its own poller, as gevent does.
"""

from __future__ import annotations

import heapq
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial

from rustydb_host.addresses import numeric, peer_of, shown, split
from rustydb_host.contract import ACCEPT_RETRY_SECONDS, SLEEP_SECONDS_MAX, Fields, Service
from rustydb_host.polling import Poller, Selecting, Watched
from rustydb_host.signals import Signals, taken
from rustydb_host.streams import Acceptor, Datagrams, Stream
from rustydb_host.workers import Pool, Threads, Workers
from rustydb_proto.core import io

__all__ = ["Events", "Reactor", "Selecting"]

CONNECT_THREADS = 8
Events = Iterable[tuple[Watched, int]]


class Reactor:
    """Runs one core over non-blocking sockets. `wake` makes the waiting end; it is called from any thread."""

    def __init__(
        self, service: Service, poller: Poller, wake: Callable[[], None], pool: Callable[[str, int], Pool] = Threads
    ) -> None:
        self._service = service
        self._core = service.core
        self._poller = poller
        self._wake = wake
        self._inputs: list[io.Input] = []
        self._put = self._inputs.append
        self._calls: deque[Callable[[], None]] = deque()  # from other threads, and from signal handlers
        self._woken = False
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_count = 0
        self._streams: dict[int, Stream] = {}
        self._closing: dict[int, Stream] = {}
        self._next = 0
        self._acceptors: list[Acceptor] = []
        self._datagrams: dict[str, Datagrams] = {}
        self._connecting: set[int] = set()
        self._dialers = pool("connect", CONNECT_THREADS)
        self._workers = Workers(service, lambda item: self._call(partial(self._inputs.append, item)), pool)
        self._stack = ExitStack()
        self._give_up_at: float | None = None
        self.code = 0
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

    # ---- what a host calls

    def start(self) -> None:
        """Serve from now on."""
        service = self._service
        if service.signals:
            signals = Signals(self._take, self._workers.reload)
            self._stack.enter_context(taken(lambda number: self._call(partial(signals.received, number))))
        for one in service.datagrams:
            self._datagrams[one.name] = Datagrams(one, self._poller, self._put)
        for one in service.listeners:
            self._acceptors.append(Acceptor(one, self._poller, self._accepted, self._tired))
        service.started(lambda item: self._call(partial(self._take, item)))

    @property
    def finished(self) -> bool:
        """Whether the core has halted and what could be flushed is flushed."""
        return self._give_up_at is not None and (not self._closing or time.monotonic() >= self._give_up_at)

    def turn(self, events: Events) -> float | None:
        """Handle what is ready, step the core, carry out its effects; return how long to wait at most (0: not at all)."""
        for watched, mask in events:
            watched.ready(mask)
        self._woken = False  # before the calls are taken: one that comes later wakes again
        calls = self._calls
        for _ in range(len(calls)):
            calls.popleft()()
        timers = self._timers
        if timers and timers[0][0] <= time.monotonic():
            heapq.heappop(timers)[2]()
        if self._give_up_at is not None:
            return 0.01
        inputs = self._inputs
        now = self._service.clock()
        taken, inputs[:] = tuple(inputs), ()
        handlers = self._handlers
        for effect in self._core.step(now, taken):
            handlers[effect.__class__](effect)
        if inputs or calls or self._give_up_at is not None:
            return 0.0
        deadline = self._core.deadline(now)
        seconds = None
        if deadline is not None:
            if deadline <= now.mono_ns:
                return 0.0
            seconds = min((deadline - now.mono_ns) / 1e9, SLEEP_SECONDS_MAX)
        if timers:
            own = max(timers[0][0] - time.monotonic(), 0.0)
            return own if seconds is None else min(own, seconds)
        return seconds

    def close(self) -> None:
        """Close every socket, finish the disk work under way, give the signals back."""
        self._stack.close()
        self._stop_listening()
        for datagrams in self._datagrams.values():
            datagrams.close()
        for stream in (*self._streams.values(), *self._closing.values()):
            stream.drop()
        self._streams.clear()
        self._closing.clear()
        self._dialers.stop(wait=False)
        self._workers.stop()

    # ---- what comes in

    def _call(self, call: Callable[[], None]) -> None:
        self._calls.append(call)
        if not self._woken:
            self._woken = True
            self._wake()

    def _take(self, item: io.Input) -> None:
        if type(item) is io.ShutdownRequested:
            self._stop_listening()
        self._inputs.append(item)

    def _after(self, seconds: float, call: Callable[[], None]) -> None:
        self._timer_count += 1
        heapq.heappush(self._timers, (time.monotonic() + seconds, self._timer_count, call))

    def _add(self, sock: socket.socket) -> Stream:
        self._next += 1
        stream = self._streams[self._next] = Stream(self._next, sock, self._poller, self._put, self._gone)
        return stream

    def _accepted(self, name: str, sock: socket.socket) -> None:
        try:
            stream = self._add(sock)
        except OSError as error:  # no memory for one more, or none to watch it
            sock.close()
            fields: Fields = {"listener": name, "reason": error.strerror or str(error)}
            self._service.log("error", "could not accept a connection", fields)
        else:
            self._put(io.Accepted(stream.conn, name, peer_of(sock), shown(sock.getsockname())))

    def _tired(self, acceptor: Acceptor, reason: str) -> None:
        self._service.log("error", "could not accept a connection", {"listener": acceptor.name, "reason": reason})
        self._after(ACCEPT_RETRY_SECONDS, acceptor.watch)

    def _gone(self, stream: Stream, reason: str) -> None:
        if self._streams.pop(stream.conn, None) is not None:
            self._put(io.Lost(stream.conn, reason))
        else:
            self._closing.pop(stream.conn, None)

    def _stop_listening(self) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        self._acceptors.clear()

    # ---- effects

    def _send(self, effect: io.Send) -> None:
        stream = self._streams.get(effect.conn)
        if stream is not None:
            stream.send(effect.data)

    def _end_send(self, effect: io.EndSend) -> None:
        if stream := self._streams.get(effect.conn):
            stream.end_send()

    def _take_out(self, conn: int) -> Stream | None:
        """Forget a stream that the core closes, and what sending has just now found about it: nothing more is told of it."""
        inputs = self._inputs
        if inputs:
            inputs[:] = [item for item in inputs if getattr(item, "conn", 0) != conn]
        return self._streams.pop(conn, None)

    def _close(self, effect: io.Close) -> None:
        stream = self._take_out(effect.conn)
        if stream is not None and not stream.close():
            self._closing[effect.conn] = stream
            self._after(self._service.flush_seconds, partial(self._drop, effect.conn))

    def _drop(self, conn: int) -> None:
        if stream := self._closing.pop(conn, None):
            stream.drop()

    def _abort(self, effect: io.Abort) -> None:
        if stream := self._take_out(effect.conn):
            stream.drop()

    def _pause(self, effect: io.PauseReading) -> None:
        if stream := self._streams.get(effect.conn):
            stream.read(False)

    def _resume(self, effect: io.ResumeReading) -> None:
        if stream := self._streams.get(effect.conn):
            stream.read(True)

    def _send_datagram(self, effect: io.SendDatagram) -> None:
        if datagrams := self._datagrams.get(effect.listener):
            try:
                datagrams.send(effect.data, numeric(effect.peer))
            except ValueError:
                return

    def _halt(self, effect: io.Halt) -> None:
        if self._give_up_at is None:
            self._service.log("info" if effect.code == 0 else "error", "stopped", {"reason": effect.reason})
            self.code = effect.code
            self._give_up_at = time.monotonic() + self._service.halt_seconds
            for stream in self._streams.values():
                stream.drop()
            self._streams.clear()

    # ---- connecting: a thread resolves and connects, as both can block

    def _connect(self, effect: io.Connect) -> None:
        self._connecting.add(effect.ticket)
        seconds = effect.timeout_ns / 1e9
        self._after(seconds, partial(self._not_connected, effect.ticket, "connection timed out"))
        self._dialers.submit(partial(self._dial, effect, seconds))

    def _dial(self, effect: io.Connect, seconds: float) -> None:
        try:
            host, port = split(effect.address)
            sock = _dialled(host, port, seconds)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._call(partial(self._not_connected, effect.ticket, reason))
        else:
            self._call(partial(self._connected, effect.ticket, sock))

    def _not_connected(self, ticket: int, reason: str) -> None:
        if ticket in self._connecting:
            self._connecting.remove(ticket)
            self._put(io.ConnectFailed(ticket, reason))

    def _connected(self, ticket: int, sock: socket.socket) -> None:
        if ticket not in self._connecting:
            sock.close()
            return
        self._connecting.remove(ticket)
        try:
            stream = self._add(sock)
        except OSError as error:
            sock.close()
            self._put(io.ConnectFailed(ticket, error.strerror or str(error)))
            return
        self._put(io.Connected(ticket, stream.conn, peer_of(sock), shown(sock.getsockname())))


def _dialled(host: str, port: int, seconds: float) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), seconds)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(host)
    except OSError:
        sock.close()
        raise
    return sock
