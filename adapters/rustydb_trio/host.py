"""The trio host: one task that waits for the sockets of the server, beside whatever else runs in the same trio program.

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, service)           until the core halts, or the nursery is cancelled

All sockets are in one epoll (or kqueue) object, and trio waits for that: see rustydb_host/reactor.py, which has everything
but the waiting. What a host must do is told in rustydb_host/contract.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import trio
from rustydb_host.contract import Service
from rustydb_host.reactor import Reactor, Selecting


def run(service: Service) -> int:
    """Serve until the core halts; return its code."""
    code: int = trio.run(serve, service)
    return code


async def serve(service: Service) -> int:
    """Serve as a task of a trio program; return the code with which the core halted. Being cancelled ends it at once."""
    with closing(Selecting()) as selecting, closing(Alarm(selecting.wake)) as alarm:
        trio.lowlevel.spawn_system_task(alarm.ring)
        with closing(Reactor(service, selecting.selector, selecting.wake)) as reactor:
            reactor.start()
            while not reactor.finished:
                seconds = reactor.turn(selecting.events(0))
                if seconds == 0:
                    await trio.lowlevel.checkpoint()
                    continue
                if seconds is not None:
                    alarm.set(seconds)
                await trio.lowlevel.wait_readable(selecting.fileno())
            return reactor.code


class Alarm:
    """Ends the waiting at the least of the moments that it was told.

    A moment that is no longer wanted costs one turn in vain; a cancel scope around each waiting would cost every turn more
    than the rest of the waiting does.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._scope = trio.CancelScope()
        self._closed = False

    def set(self, seconds: float) -> None:
        """Ring after `seconds`, or earlier."""
        at = trio.current_time() + seconds
        if at < self._scope.deadline:
            self._scope.deadline = at

    async def ring(self) -> None:
        """Ring again and again."""
        while not self._closed:
            with self._scope:
                await trio.sleep_forever()
            self._scope = trio.CancelScope()
            self._wake()

    def close(self) -> None:
        """Ring no more."""
        self._closed = True
        self._scope.cancel()
