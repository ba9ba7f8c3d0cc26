"""What a transaction will tell others if it commits: notifications, LISTEN and UNLISTEN, and what DDL did to tables.

Most transactions have none (`txn.notes` is None). Notes are marks in lists like everything else in a transaction, so ROLLBACK
TO forgets what came after the savepoint. Equal notifications of one transaction are one: the first keeps its place.

Source: PostgreSQL 15, src/backend/commands/async.c (pendingActions, pendingNotifies).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.catalog.objects import Table

Mark = tuple[int, int, int]


@value
class TableNote:
    """DDL changed what a table is, after the transaction's first `writes` writes.

    `truncated`: its rows went; otherwise `table` has other columns, another name, or another heap with the same rows.
    """

    writes: int
    table: Table
    truncated: bool


@final
class Notes:
    """The notes of one transaction. `actions` holds ("listen" | "unlisten" | "unlisten all", channel)."""

    __slots__ = ("actions", "bytes", "messages", "tables")

    def __init__(self) -> None:
        self.actions: list[tuple[str, str]] = []
        self.messages: dict[tuple[str, str], None] = {}  # (channel, payload), in order
        self.tables: list[TableNote] = []
        self.bytes = 0  # of the messages

    def notify(self, channel: str, payload: str) -> None:
        """Add a notification unless there is an equal one."""
        message = (channel, payload)
        if message not in self.messages:
            self.messages[message] = None
            self.bytes += size_of(message)

    def mark(self) -> Mark:
        """Return a mark for `rollback_to`."""
        return len(self.actions), len(self.messages), len(self.tables)

    def rollback_to(self, mark: Mark) -> None:
        """Forget what came after a mark."""
        actions, messages, tables = mark
        del self.actions[actions:]
        del self.tables[tables:]
        while len(self.messages) > messages:
            message, _ = self.messages.popitem()
            self.bytes -= size_of(message)


MESSAGE_BYTES: Final = 64
"""What a notification takes beside its texts."""


def size_of(message: tuple[str, str]) -> int:
    """Return about how many bytes a notification takes while it waits."""
    return len(message[0]) + len(message[1]) + MESSAGE_BYTES
