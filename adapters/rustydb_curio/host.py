"""The curio host: one task that waits for the sockets of the server, beside whatever else runs in the same curio kernel.

    async with curio.TaskGroup() as group:
        await group.spawn(serve, service)            until the core halts, or the task is cancelled

All sockets are in one epoll (or kqueue) object, and curio waits for that: see rustydb_host/reactor.py, which has everything
but the waiting. What a host must do is told in rustydb_host/contract.py. The package is curio-compat, the maintained curio.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from math import inf

import curio
from curio.traps import _read_wait
from rustydb_host.contract import Service
from rustydb_host.reactor import Reactor, Selecting


def run(service: Service) -> int:
    """Serve until the core halts; return its code."""
    code: int = curio.run(serve, service)
    return code


async def serve(service: Service) -> int:
    """Serve as a task of a curio program; return the code with which the core halted. Being cancelled ends it at once."""
    with closing(Selecting()) as selecting:
        alarm = Alarm(selecting.wake)
        ringing = await curio.spawn(alarm.ring, daemon=True)
        try:
            with closing(Reactor(service, selecting.selector, selecting.wake)) as reactor:
                reactor.start()
                while not reactor.finished:
                    seconds = reactor.turn(selecting.events(0))
                    if seconds == 0:
                        await curio.sleep(0)
                        continue
                    if seconds is not None:
                        await alarm.set(seconds)
                    await _read_wait(selecting)
                return reactor.code
        finally:
            await ringing.cancel()


class Alarm:
    """Ends the waiting at the least of the moments that it was told.

    A moment that is no longer wanted costs one turn in vain; a timeout around each waiting would cost every turn more than
    the rest of the waiting does.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._at = inf
        self._changed = curio.Event()

    async def set(self, seconds: float) -> None:
        """Ring after `seconds`, or earlier."""
        at = time.monotonic() + seconds
        if at < self._at:
            self._at = at
            await self._changed.set()

    async def ring(self) -> None:
        """Ring again and again."""
        while True:
            self._changed.clear()
            if self._at == inf:
                await self._changed.wait()
                continue
            await curio.ignore_after(max(self._at - time.monotonic(), 0.0), self._changed.wait)
            if self._at <= time.monotonic():
                self._at = inf
                self._wake()
