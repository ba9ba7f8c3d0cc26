"""Answers that wait for the disk: a commit is answered when its log record is durable, and the session goes on meanwhile."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Wait, WaitDurable
from rustydb_engine.session.session import Session
from rustydb_proto.core.time import Now

if TYPE_CHECKING:
    from rustydb_engine.node.native.front import NativeFront


class Gate:
    """The answers of one connection, in the order of their commits. A runner of its own, without a session."""

    __slots__ = ("_front", "_waiting", "connection", "held", "queued", "secret_key", "session", "wait")

    def __init__(self, front: NativeFront) -> None:
        self._front = front
        self.connection = front.connection
        self.session: Session | None = None
        self.secret_key = b""
        self.wait: Wait | None = None
        self.queued = self.held = False
        self._waiting: deque[tuple[int, int, bytes]] = deque()

    def hold(self, csn: int, request: int, body: bytes) -> None:
        """Send a request's last response once the log is durable up to `csn`."""
        waiting = self._waiting
        if waiting:
            csn = max(csn, waiting[-1][0])
        waiting.append((csn, request, body))
        if self.wait is None:
            self._suspend()

    def _suspend(self) -> None:
        wait = WaitDurable(self._waiting[0][0])
        self.wait = wait
        self._front.node.suspend(self, wait)

    def run(self) -> int:
        """Send what is durable."""
        durable_csn = self._front.node.database.durable_csn
        waiting = self._waiting
        while waiting and waiting[0][0] <= durable_csn:
            _, request, body = waiting.popleft()
            self._front.answer_body(request, body)
        if waiting and self.wait is None:
            self._suspend()
        self._front.told.wake()
        return 0

    @property
    def busy(self) -> bool:
        """Whether answers wait."""
        return bool(self._waiting)

    def timeout(self, now: Now) -> None:
        """Nothing is timed."""

    def cancel(self, error: SqlError) -> None:
        """What is on its way to disk cannot be cancelled."""

    def terminate(self, error: SqlError) -> None:
        """There is no session."""
