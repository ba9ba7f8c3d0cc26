"""The curio host: one task that waits for the sockets of the server, beside whatever else runs in the same curio kernel.

    async with curio.TaskGroup() as group:
        await group.spawn(serve, service)            until the core halts, or the task is cancelled

All sockets are in one epoll (or kqueue) object, and curio waits for that: see rustydb_host/reactor.py, which has everything
but the waiting. What a host must do is told in rustydb_host/contract.py. The package is curio-compat, the maintained curio.
"""

from __future__ import annotations

from contextlib import closing

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
        reactor = Reactor(service, selecting.selector, selecting.wake)
        with closing(reactor):
            reactor.start()
            while not reactor.finished:
                seconds = reactor.turn(selecting.events())
                if seconds == 0:
                    await curio.sleep(0)
                elif seconds is None:
                    await _read_wait(selecting)
                else:
                    await curio.ignore_after(seconds, _read_wait, selecting)
            return reactor.code
