"""What a signal asks of a server: SIGTERM and the first SIGINT drain, a second SIGINT stops at once, SIGHUP reads the
configuration again. How a signal reaches the loop is each host's own matter; it then calls `Signals.received`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rustydb_host.contract import Put
from rustydb_proto.core import io

STOPPING = (signal.SIGTERM, signal.SIGINT)
HANDLED: tuple[signal.Signals, ...] = (*STOPPING, signal.SIGHUP) if hasattr(signal, "SIGHUP") else STOPPING


class Signals:
    """Remembers whether a stop was asked for already."""

    def __init__(self, put: Put, reload: Callable[[], None]) -> None:
        self._put = put
        self._reload = reload
        self._asked = False

    def received(self, number: int) -> None:
        """Act on a signal."""
        if number not in STOPPING:
            self._reload()
            return
        graceful = not (self._asked and number == signal.SIGINT)
        self._asked = True
        self._put(io.ShutdownRequested(graceful))


@contextmanager
def taken(handler: Callable[[int], None]) -> Iterator[None]:
    """Take the signals for the length of a `with` block, in the main thread; `handler` runs between any two instructions."""
    before = {number: signal.signal(number, lambda number, frame: handler(number)) for number in HANDLED}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
