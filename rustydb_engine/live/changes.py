"""Subscriptions: the changes of a table, told after they are durable, in commit order.

    subscription = changes.subscribe(table, owner, operations=("insert", "update"), matches=None)
    subscription.take(500)        [RowsChanged(csn, transaction_id, committed_at, (Change("insert", None, (1, "a")), …))]

Whoever subscribes is woken (through its `owner`) when there are events, and takes them when it likes. A transaction gives one
`RowsChanged` for each table, with its changes in the order in which they were made; TRUNCATE and DDL that changes columns stand
between them. What was rolled back, also to a savepoint, is never told. Rows hold the live columns of the table, in the
engine's forms; `subscription.table` is the table as of the newest event.

**Reading and subscribing.** Subscribe first, wait until the log is durable up to `after_csn`, then read the table: what the snapshot
does not show comes as a change (some changes may come that it does show, as with any such pair).

**Conditions.** With `matches` (a predicate on rows) an update that brings a row into the condition is told as an insert, and one that
takes it out as a delete, as PostgreSQL's row filters do: who applies the events has just the rows that match.

**Bounds.** A subscription that holds more than `changes_max` changes, or `bytes_max` bytes of rows (about), is cut off: what waits is
dropped, its last event is a `SubscriptionEnded` with 53400, and whoever wants to go on reads the table again. The same becomes of
it when one transaction has more changes than that (a bulk load).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final, final

from rustydb_engine.catalog.objects import Table
from rustydb_engine.errors import SqlError
from rustydb_engine.storage.feed import (
    DELETE,
    INSERT,
    UPDATE,
    Altered,
    Change,
    CommitNews,
    Dropped,
    Overflowed,
    Truncated,
)
from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.storage.feed import Feed, News
    from rustydb_engine.storage.pages import Row

OPERATIONS: Final = (INSERT, UPDATE, DELETE)
ROW_BYTES: Final = 56
VALUE_BYTES: Final = 40


@value
class RowsChanged:
    """Rows that one transaction changed. `committed_at` is when that became durable (timestamptz).

    `bytes` is about what the rows take.
    """

    csn: int
    transaction_id: int
    committed_at: int
    changes: tuple[Change, ...]
    bytes: int


@value
class TableTruncated:
    """All rows of the table went."""

    csn: int
    transaction_id: int
    committed_at: int


@value
class SchemaChanged:
    """The table has other columns, or another name; rows from here on are of `table`."""

    csn: int
    transaction_id: int
    committed_at: int
    table: Table


@value
class SubscriptionEnded:
    """The last event: nothing more will come. 42P01: the table was dropped; 53400: too many changes waited."""

    error: SqlError


Event = RowsChanged | TableTruncated | SchemaChanged | SubscriptionEnded


@final
class Subscription:
    """One reader of a table's changes. `owner` is what the node wakes; `key` is the reader's own name for it."""

    __slots__ = (
        "_rebind", "after_csn", "bytes", "count", "ended", "key", "matches", "operations", "owner", "queue", "table", "waking",
    )  # fmt: skip

    def __init__(
        self,
        table: Table,
        owner: object,
        key: object,
        operations: frozenset[str],
        matches: Callable[[Row], bool] | None,
        rebind: Callable[[Table], Callable[[Row], bool]] | None,
        after_csn: int,
    ) -> None:
        self.table = table
        self.owner = owner
        self.key = key
        self.operations = operations
        self.matches = matches
        self.queue: deque[Event] = deque()
        self.count = 0  # changes in the queue; an event without any counts as one
        self.bytes = 0
        self.ended = False  # it gets nothing more
        self.waking = False
        self.after_csn = after_csn  # every commit after this one is told
        self._rebind = rebind

    def take(self, changes_max: int = 1000) -> list[Event]:
        """Return and forget events, oldest first, until they hold about `changes_max` changes."""
        taken: list[Event] = []
        count = 0
        while self.queue and count < changes_max:
            event = self.queue.popleft()
            count += _weight(event)
            self.bytes -= _bytes(event)
            taken.append(event)
        self.count -= count
        return taken

    def put(self, event: Event) -> None:
        """Add an event to the queue."""
        self.queue.append(event)
        self.count += _weight(event)
        self.bytes += _bytes(event)

    def clear(self) -> None:
        """Drop what waits."""
        self.queue.clear()
        self.count = self.bytes = 0

    @property
    def over(self) -> bool:
        """Whether nothing waits and nothing will come."""
        return self.ended and not self.queue

    def wanted(self, change: Change) -> Change | None:
        """Return a change as this subscription is told it, or None."""
        matches = self.matches
        if matches is not None:
            before = change.old is not None and matches(change.old)
            after = change.new is not None and matches(change.new)
            if not before and not after:
                return None
            if change.operation == UPDATE and before is not after:
                change = Change(INSERT, None, change.new) if after else Change(DELETE, change.old, None)
        return change if change.operation in self.operations else None

    def rebind(self, table: Table) -> None:
        """Make the condition anew for a table that has changed; SqlError when it does not fit any more."""
        if self._rebind is not None:
            self.matches = self._rebind(table)


def _weight(event: Event) -> int:
    return len(event.changes) if isinstance(event, RowsChanged) else 1


def _bytes(event: Event) -> int:
    return event.bytes if isinstance(event, RowsChanged) else 0


def _row_bytes(row: Row | None) -> int:
    """Return about what a row takes; what is inside arrays and records is counted by its number."""
    if row is None:
        return 0
    size = ROW_BYTES + VALUE_BYTES * len(row)
    for item in row:
        kind = item.__class__
        if kind is str or kind is bytes or kind is tuple:
            size += len(item)  # type: ignore[arg-type]  # all of them have a length
    return size


@final
class Changes:
    """The subscriptions of every table. `awake` collects those who got something, for the node to wake."""

    __slots__ = ("_feed", "_subscriptions", "awake", "bytes_max", "changes_max")

    def __init__(self, feed: Feed, changes_max: int, bytes_max: int, awake: list[object]) -> None:
        self._feed = feed
        self.bytes_max = bytes_max
        self._subscriptions: dict[int, dict[Subscription, None]] = {}
        self.changes_max = changes_max
        self.awake = awake
        feed.changes_max = changes_max

    def subscribe(
        self,
        table: Table,
        owner: object,
        key: object = None,
        operations: Collection[str] = OPERATIONS,
        condition: Callable[[Table], Callable[[Row], bool]] | None = None,
        after_csn: int = 0,
    ) -> Subscription:
        """Return a subscription to what commits from now on, after `after_csn`.

        `condition` makes the predicate for the table, and again for what DDL makes of it. Privileges are the caller's to
        check (`Session.subscribe` does). Errors: 22023 for an unknown operation.
        """
        for operation in operations:
            if operation not in OPERATIONS:
                raise SqlError("22023", f'unrecognized operation "{operation}"', hint="Use insert, update and delete.")
        matches = condition(table) if condition is not None else None
        made = Subscription(table, owner, key, frozenset(operations), matches, condition, after_csn)
        readers = self._subscriptions.setdefault(table.oid, {})
        if not readers:
            self._feed.watch(table)
        readers[made] = None
        return made

    def close(self, subscription: Subscription) -> None:
        """End a subscription; its queue is dropped. A second time does nothing."""
        subscription.ended = True
        subscription.clear()
        self._remove(subscription)

    def _remove(self, subscription: Subscription) -> None:
        readers = self._subscriptions.get(subscription.table.oid)
        if readers is not None and readers.pop(subscription, 0) is None and not readers:
            del self._subscriptions[subscription.table.oid]
            self._feed.unwatch(subscription.table.oid)

    @property
    def count(self) -> int:
        """How many subscriptions there are."""
        return sum(map(len, self._subscriptions.values()))

    def publish(self, news: CommitNews, committed_at: int) -> None:
        """Put what a durable commit says of tables into the queues of those who subscribed to them."""
        for oid, items in news.tables.items():
            shared: dict[frozenset[str], list[Event]] = {}
            for subscription in list(self._subscriptions.get(oid, ())):
                if subscription.matches is not None:
                    self._tell(subscription, _events(news, items, committed_at, subscription))
                    continue
                events = shared.get(subscription.operations)
                if events is None:
                    events = shared[subscription.operations] = _events(news, items, committed_at, subscription)
                self._tell(subscription, events)

    def _tell(self, subscription: Subscription, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, SchemaChanged):
                subscription.table = event.table
            elif isinstance(event, SubscriptionEnded):
                if event.error.sqlstate == "53400":
                    subscription.clear()
                self._end(subscription, event.error)
                return
            subscription.put(event)
        if not events:
            return
        table, why = subscription.table, "wait to be taken"
        if subscription.count > self.changes_max:
            self._cut_off(subscription, _too_many(table, f"{self.changes_max} changes (subscription_changes_max)", why))
        elif subscription.bytes > self.bytes_max:
            self._cut_off(subscription, _too_many(table, f"{self.bytes_max} bytes (subscription_bytes_max)", why))
        self._wake(subscription)

    def _cut_off(self, subscription: Subscription, error: SqlError) -> None:
        subscription.clear()
        self._end(subscription, error)

    def _end(self, subscription: Subscription, error: SqlError) -> None:
        subscription.put(SubscriptionEnded(error))
        subscription.ended = True
        self._remove(subscription)
        self._wake(subscription)

    def _wake(self, subscription: Subscription) -> None:
        if not subscription.waking:
            subscription.waking = True
            self.awake.append(subscription)


def _events(news: CommitNews, items: list[News], committed_at: int, subscription: Subscription) -> list[Event]:
    """Return the events that a commit makes for a subscription."""
    events: list[Event] = []
    changes: list[Change] = []
    head = (news.csn, news.xid, committed_at)

    def close() -> None:
        if changes:
            size = sum(_row_bytes(change.old) + _row_bytes(change.new) for change in changes)
            events.append(RowsChanged(*head, tuple(changes), size))
            changes.clear()

    for item in items:
        if isinstance(item, Change):
            wanted = subscription.wanted(item)
            if wanted is not None:
                changes.append(wanted)
            continue
        close()
        if isinstance(item, Truncated):
            events.append(TableTruncated(*head))
        elif isinstance(item, Altered):
            events.append(SchemaChanged(*head, item.table))
            try:
                subscription.rebind(item.table)
            except SqlError as error:
                events.append(SubscriptionEnded(error))
                break
        elif isinstance(item, Dropped):
            name = subscription.table.name
            events.append(SubscriptionEnded(SqlError("42P01", f'table "{name}" of the subscription was dropped')))
        else:
            assert isinstance(item, Overflowed), f"unknown news {item!r}"
            limit = f"{item.limit} changes (subscription_changes_max)"
            why = f"came from one transaction ({item.rows} rows)"
            events.append(SubscriptionEnded(_too_many(subscription.table, limit, why)))
    close()
    return events


def _too_many(table: Table, limit: str, why: str) -> SqlError:
    return SqlError(
        "53400",
        f'subscription to table "{table.name}" was cut off: too many changes {why}',
        detail=f"The limit is {limit}.",
        hint="Read the table again and subscribe anew.",
    )
