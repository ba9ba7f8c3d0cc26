"""What a signal asks of a server: SIGTERM and the first SIGINT drain, a second SIGINT stops at once, SIGHUP reads the
configuration again. How a signal reaches the loop is each host's own matter; it then calls `Signals.received`.
"""

from __future__ import annotations

import signal
from collections.abc import Callable

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
