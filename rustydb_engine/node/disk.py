"""The node's disk work: the log's appends, checkpoints, and what a failing disk means.

A failed Append halts the node: what the disk holds is unknown, and a retry could make a lost commit look durable. A failed
Allocate (a full disk) only refuses commits until there is space. A failed checkpoint is given up and tried again later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rustydb_engine.storage.checkpoint import Checkpoints
from rustydb_proto.core import io
from rustydb_proto.core.time import Now

if TYPE_CHECKING:
    from rustydb_engine.node.node import Node

RETRY_NS = 1_000_000_000
"""How often a log that ran out of space, or a checkpoint that failed, tries again."""


class Disk:
    """Drives the log and the checkpoints of one database; without a log it has nothing to do."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._database = node.database
        self._log = node.database.log
        self._checkpoints = node.database.checkpoints
        self._last_checkpoint_ns = -1
        self._retry_ns: int | None = None
        self._stopping = False

    def step(self, now: Now) -> None:
        """Start the disk work that is due."""
        log = self._log
        if log is None:
            if self._stopping:
                self._node.halt(0, "shutdown complete")
            return
        if log.stalled and (self._retry_ns is None or self._retry_ns <= now.mono_ns):
            self._retry_ns = now.mono_ns + RETRY_NS
            log.retry()
        emit = self._node.emit
        for effect in self._database.take_effects():
            emit(effect)
        checkpoints = self._checkpoints
        if checkpoints is None:
            return
        self._maybe_start(now, checkpoints)
        if checkpoints.running:
            for effect in checkpoints.take_effects():
                emit(effect)
            if not checkpoints.running:
                self._checkpoint_ended(checkpoints)
        if self._stopping and not checkpoints.running and log.idle:
            self._node.halt(0, "shutdown complete")

    def deadline(self, now: Now) -> int | None:
        """Return when `step` has something to do although nothing happens (monotonic ns)."""
        log = self._log
        if log is None:
            return None
        if log.stalled:
            return self._retry_ns if self._retry_ns is not None else now.mono_ns
        checkpoints = self._checkpoints
        if checkpoints is None or checkpoints.running or not self._changed(checkpoints):
            return None
        return max(self._last_checkpoint_ns, 0) + self._node.config.checkpoint_ns

    def appended(self, ticket: int) -> None:
        """Take the news that an Append is durable."""
        self._node.durable_to(self._database.appended(ticket))

    def done(self, ticket: int) -> None:
        """Take the news that an Allocate or a checkpoint's effect is done."""
        assert self._log is not None, "disk work has a log"
        if not self._log.allocated(ticket) and self._checkpoints is not None:
            self._checkpoints.disk_done(ticket)

    def failed(self, event: io.DiskFailed) -> None:
        """Take the news that a disk effect failed."""
        assert self._log is not None, "disk work has a log"
        node = self._node
        fields: dict[str, str | int | float | None] = {"reason": event.reason, "code": event.code}
        if self._log.failed(event.ticket):
            node.log("error", "could not extend the log", fields)
            self._retry_ns = node.now.mono_ns + RETRY_NS
            return
        if self._checkpoints is not None and self._checkpoints.disk_failed(event.ticket, event.reason):
            node.log("error", "checkpoint failed", fields)
            self._last_checkpoint_ns = node.now.mono_ns
            if not self._checkpoints.running:
                self._checkpoint_ended(self._checkpoints)
            return
        node.log("error", "could not write the log: halting, as what is on disk is unknown", fields)
        node.halt(1, f"could not write the log: {event.reason}")

    def request_checkpoint(self) -> int:
        """Start a checkpoint, or join one that has not begun; return the number of completions to wait for."""
        shared = self._node.shared
        checkpoints = self._checkpoints
        if checkpoints is None or self._log is None:
            return shared.checkpoints_done
        if checkpoints.running:
            return shared.checkpoints_done + 1
        self._start(self._node.now, checkpoints)
        return shared.checkpoints_done + 1

    def shut_down(self) -> None:
        """Halt once everything is durable and a last checkpoint is written."""
        if self._stopping:
            return
        self._stopping = True
        checkpoints = self._checkpoints
        if checkpoints is not None and not checkpoints.running and self._changed(checkpoints):
            self._start(self._node.now, checkpoints)
        self.step(self._node.now)  # nothing else may happen any more

    def _changed(self, checkpoints: Checkpoints) -> bool:
        assert self._log is not None, "checkpoints have a log"
        return self._log.written_bytes > checkpoints.log_bytes_at_last

    def _maybe_start(self, now: Now, checkpoints: Checkpoints) -> None:
        assert self._log is not None, "checkpoints have a log"
        if self._last_checkpoint_ns < 0:
            self._last_checkpoint_ns = now.mono_ns
        if checkpoints.running or not self._changed(checkpoints):
            return
        volume = self._log.written_bytes - checkpoints.log_bytes_at_last
        config = self._node.config
        waited = now.mono_ns - self._last_checkpoint_ns
        if waited >= config.checkpoint_ns or (volume >= config.checkpoint_wal_bytes and waited >= RETRY_NS):
            self._start(now, checkpoints)

    def _start(self, now: Now, checkpoints: Checkpoints) -> None:
        self._last_checkpoint_ns = now.mono_ns
        checkpoints.start(self._database)

    def _checkpoint_ended(self, checkpoints: Checkpoints) -> None:
        self._node.shared.checkpoints_done += 1
        if checkpoints.error:
            self._node.log("error", "checkpoint given up", {"reason": checkpoints.error})
        else:
            self._node.log("info", "checkpoint complete", {"number": checkpoints.number})
