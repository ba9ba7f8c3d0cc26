"""The trio host: one task that waits for the sockets of the server, beside whatever else runs in the same trio program.

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, service)           until the core halts, or the nursery is cancelled

All sockets are in one epoll (or kqueue) object, and trio waits for that: see rustydb_host/reactor.py, which has everything
but the waiting. What a host must do is told in rustydb_host/contract.py.
"""

from __future__ import annotations

from contextlib import closing

import trio
from rustydb_host.contract import Service
from rustydb_host.reactor import Reactor, Selecting


def run(service: Service) -> int:
    """Serve until the core halts; return its code."""
    return trio.run(serve, service)


async def serve(service: Service) -> int:
    """Serve as a task of a trio program; return the code with which the core halted. Being cancelled ends it at once."""
    with closing(Selecting()) as selecting:
        reactor = Reactor(service, selecting.selector, selecting.wake)
        with closing(reactor):
            reactor.start()
            while not reactor.finished:
                seconds = reactor.turn(selecting.events())
                if seconds == 0:
                    await trio.lowlevel.checkpoint()
                    continue
                with trio.move_on_after(seconds if seconds is not None else float("inf")):
                    await trio.lowlevel.wait_readable(selecting.fileno())
            return reactor.code
