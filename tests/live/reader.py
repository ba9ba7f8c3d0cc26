"""A subscriber on a simulated node: a session of its own, and a runner that the node wakes."""

from __future__ import annotations

from typing import cast

from rustydb_engine.live.changes import (
    Event,
    RowsChanged,
    SchemaChanged,
    SubscriptionEnded,
    TableTruncated,
)
from rustydb_engine.node.connections import Connection
from rustydb_engine.session.session import Session
from tests.node.support import Client, Host


class Reader:
    """Subscribes through the session of a client, and counts how often the node ran it."""

    def __init__(self, host: Host, client: Client) -> None:
        session = host.node.connections[client.conn].front.session  # type: ignore[attr-defined]  # of PgConnection
        self.session = cast(Session, session)
        self.connection: Connection = host.node.connections[client.conn]
        self.wait = None
        self.queued = self.held = False
        self.secret_key = b""
        self.runs = 0

    def subscribe(self, table: str, *operations: str, where: str = "") -> Subscribed:
        """Subscribe to a table of the search path."""
        return Subscribed(self, table, operations, where)

    def run(self) -> int:
        """Count the call; the test takes the events."""
        self.runs += 1
        return 0


class Subscribed:
    """One subscription, whose events are shown as short texts."""

    def __init__(self, reader: Reader, table: str, operations: tuple[str, ...], where: str) -> None:
        self.subscription = reader.session.subscribe((table,), operations, where, owner=reader, key="k")

    def take(self, changes_max: int = 1000) -> list[object]:
        """Return the events: (operation, old, new) for each change, other events as they are, a commit as a list."""
        return [show(event) for event in self.subscription.take(changes_max)]


def show(event: Event) -> object:
    """Return an event as a test writes it."""
    if isinstance(event, RowsChanged):
        return [(change.operation, change.old, change.new) for change in event.changes]
    if isinstance(event, TableTruncated):
        return "truncated"
    if isinstance(event, SchemaChanged):
        return "schema: " + ", ".join(column.name for column in event.table.live())
    assert isinstance(event, SubscriptionEnded)
    return event.error.sqlstate
