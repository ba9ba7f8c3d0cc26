"""The gevent host: the greenlet that calls `run` waits for the sockets of the server, beside whatever other greenlets do.

    gevent.spawn(run, service)                   until the core halts, or the greenlet is killed

Each socket has a watcher of gevent's loop. Its callback runs in the hub, where nothing may wait, so it only notes that the
socket is ready and wakes the greenlet. Everything else is rustydb_host/reactor.py; what a host must do is told in
rustydb_host/contract.py. Disk work runs on gevent's own native threads, so this also serves in a program that is
monkey-patched, where the standard library's threads are greenlets.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from queue import SimpleQueue
from socket import socket
from typing import Any, Final

import gevent
from gevent.hub import Waiter
from gevent.monkey import get_original
from rustydb_host.contract import Service
from rustydb_host.polling import Watched
from rustydb_host.reactor import Reactor
from rustydb_host.workers import Task

STOP_POLL_SECONDS: Final = 0.005


def run(service: Service) -> int:
    """Serve until the core halts; return its code."""
    with closing(Watchers()) as watchers:
        reactor = Reactor(service, watchers, watchers.wake, NativeThreads)
        with closing(reactor):
            reactor.start()
            while not reactor.finished:
                watchers.wait(reactor.turn(watchers.events()))
            return reactor.code


class Watchers:
    """A poller of the watchers of gevent's loop, and the one greenlet that waits for them."""

    def __init__(self) -> None:
        self._loop = gevent.get_hub().loop
        self._watchers: dict[socket, Any] = {}
        self._ready: dict[Watched, int] = {}
        self._troubled: list[tuple[socket, int, Watched]] = []
        self._waiter: Any = None
        self._stirred = False
        self._async = self._loop.async_()
        self._async.start(self._stir)
        self.wake: Callable[[], None] = self._async.send
        """End the waiting, from any thread."""

    def register(self, fileobj: socket, events: int, data: Watched) -> None:
        """Watch a socket. READ and WRITE are the same numbers in libev and in the standard library."""
        watcher = self._watchers[fileobj] = self._loop.io(fileobj.fileno(), events)
        watcher.start(self._note, fileobj, events, data, pass_events=True)

    def modify(self, fileobj: socket, events: int, data: Watched) -> None:
        """Watch it for something else."""
        self.unregister(fileobj)
        self.register(fileobj, events, data)

    def unregister(self, fileobj: socket) -> None:
        """Watch it no longer."""
        watcher = self._watchers.pop(fileobj)
        watcher.stop()
        watcher.close()

    def events(self) -> list[tuple[Watched, int]]:
        """Return what has become ready."""
        ready, self._ready = self._ready, {}
        return list(ready.items())

    def wait(self, seconds: float | None) -> None:
        """Let other greenlets run, and return when a socket is ready, `wake` was called or the time is over."""
        if self._troubled:
            self._watch_again()
        if self._ready:
            gevent.sleep(0)
            return
        # No time to wait is a timer of no time: it fires after the loop has looked at the sockets, which sleep(0) need not do.
        self._waiter = Waiter()
        if seconds is None:
            self._waiter.get()
            return
        with self._loop.timer(seconds) as timer:
            timer.start(self._stir, update=True)
            self._waiter.get()

    def close(self) -> None:
        """Release the watchers."""
        for watcher in (*self._watchers.values(), self._async):
            watcher.stop()
            watcher.close()

    def _note(self, found: int, fileobj: socket, events: int, data: Watched) -> None:
        if found < 0:
            self._troubled.append((fileobj, events, data))
        self._ready[data] = self._ready.get(data, 0) | events
        self._stir()

    def _watch_again(self) -> None:
        # libuv stops watching a socket that was reset, but what came before the reset may not have been all that can be read.
        troubled, self._troubled = self._troubled, []
        for fileobj, events, data in troubled:
            watcher = self._watchers.get(fileobj)
            if watcher is not None and watcher.events == events:
                self.modify(fileobj, events, data)

    def _stir(self) -> None:
        # Callbacks run once all sockets that are ready have been noted: they are one turn.
        if not self._stirred:
            self._stirred = True
            self._loop.run_callback(self._end_waiting)

    def _end_waiting(self) -> None:
        self._stirred = False
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.switch(None)


class NativeThreads:
    """Threads of the system, also where the program is monkey-patched; ending them lets other greenlets run."""

    def __init__(self, name: str, count: int) -> None:
        self._left = count
        self._alive = 0
        self._queue: SimpleQueue[Task | None] = get_original("queue", "SimpleQueue")()

    def submit(self, task: Task) -> None:
        """Run a task soon."""
        if self._left:
            self._left -= 1
            self._alive += 1
            get_original("_thread", "start_new_thread")(self._work, ())
        self._queue.put(task)

    def stop(self, wait: bool) -> None:
        """End after what was submitted; return at once, or when that is done."""
        for _ in range(self._alive):
            self._queue.put(None)
        while wait and self._alive:
            gevent.sleep(STOP_POLL_SECONDS)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            task()
        self._alive -= 1  # only pools of one thread are waited for
