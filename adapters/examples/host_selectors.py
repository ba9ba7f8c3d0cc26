"""A host of one's own: the server's core on a plain selector, without any event loop.

    python -m rustydb_host.check_host host_selectors:run     in this folder

This is all that a host has to bring: a way to wait. What it must do is told in rustydb_host/contract.py.
"""

from __future__ import annotations

from contextlib import closing

from rustydb_host.contract import Service
from rustydb_host.reactor import Reactor, Selecting


def run(service: Service) -> int:
    """Serve until the core halts; return its code."""
    with closing(Selecting()) as selecting:
        reactor = Reactor(service, selecting.selector, selecting.wake)
        with closing(reactor):
            reactor.start()
            seconds: float | None = 0
            while not reactor.finished:
                seconds = reactor.turn(selecting.events(seconds))
            return reactor.code
