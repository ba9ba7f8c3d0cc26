"""Who watches the table of markers from inside the node: an oracle for the changes that are told to subscribers.

What it is told must be durable, so it counts as seen by a reader at once; and when a client is told that its commit succeeded, the
watcher must have been told of it before.
"""

from __future__ import annotations

from rustydb_engine.exec.waits import Wait
from rustydb_engine.live.changes import RowsChanged, Subscription
from rustydb_engine.node.node import Node
from rustydb_sim.history import History, Violation


class _Nowhere:
    """The connection of a runner that has none: it is never asked for bytes."""

    touched = True


class Watcher:
    """A runner of one life of the node, with a subscription to `units`."""

    def __init__(self, node: Node, history: History) -> None:
        self.connection = _Nowhere()
        self.session = None
        self.secret_key = b""
        self.wait: Wait | None = None
        self.queued = self.held = False
        self._history = history
        self._csn = 0
        database = node.database
        table = database.catalog.resolve(("units",), ("public",))
        self._subscription: Subscription = node.shared.live.changes.subscribe(table, self, operations=("insert",))  # type: ignore[arg-type]  # units is a table

    def run(self) -> int:
        """Take what was told."""
        for event in self._subscription.take():
            if not isinstance(event, RowsChanged):
                raise Violation(f"the watcher was told {event!r}")
            if event.csn <= self._csn:
                raise Violation(f"commit {event.csn} was told after {self._csn}")
            self._csn = event.csn
            for change in event.changes:
                assert change.new is not None, "it is an insert"
                self._history.tell((int(str(change.new[0])), int(str(change.new[1]))))
        return 0

    def timeout(self, now: object) -> None:
        """Nothing is due."""
