"""What a client is told without asking: notifications of channels, and the changes of tables that it subscribed to.

Both belong to the session of the first lane, which the node wakes when there is something (live/README.md). They are sent between
its statements and only while the socket takes bytes: what is not taken counts towards the limits of `live`.

A subscription begins when the log is durable up to the moment at which it was made; nothing of it is sent before its Subscribed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rustydb_engine.catalog.objects import Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.result import ResultColumn
from rustydb_engine.live.changes import (
    Event,
    RowsChanged,
    SchemaChanged,
    Subscription,
    SubscriptionEnded,
    TableTruncated,
)
from rustydb_engine.node.native.bulk import table_name
from rustydb_engine.node.native.lane import Lane, Task, session_of
from rustydb_engine.node.native.result import Result, error_fields
from rustydb_engine.node.native.values import wire_column, wire_converter
from rustydb_engine.session.session import Session
from rustydb_proto.binary import messages as m

if TYPE_CHECKING:
    from rustydb_engine.node.native.front import NativeFront

CHANGES_OF_A_RUN: Final = 500
OPERATIONS: Final = {"insert": 1, "update": 2, "delete": 4}
TRUNCATE: Final = 8
ALL: Final = 15


class Watch:
    """One subscription of the client: which columns it wants, and how their values become the protocol's."""

    __slots__ = ("_converters", "_places", "columns", "number", "operations", "request", "subscription", "wanted")

    def __init__(self, number: int, request: int, message: m.Subscribe) -> None:
        self.number = number
        self.request = request
        self.operations = message.operations & ALL or ALL
        self.wanted = message.columns
        self.subscription: Subscription | None = None
        self.columns: tuple[m.Column, ...] = ()
        self._places: tuple[int, ...] = ()
        self._converters: tuple[Any, ...] = ()

    def fit(self, table: Table, session: Session) -> None:
        """Look the columns up in the table as it is now; 42703 for one that it does not have."""
        live = table.live()
        names = [column.name for column in live]
        places = []
        for name in self.wanted or names:
            if name not in names:
                raise SqlError("42703", f'column "{name}" of relation "{table.name}" does not exist')
            places.append(names.index(name))
        shown = [ResultColumn(live[place].name, live[place].type, live[place].typmod) for place in places]
        self._places = tuple(places)
        self.columns = tuple([wire_column(column) for column in shown])
        self._converters = tuple([wire_converter(column, session.settings.forms) for column in shown])

    def row(self, row: tuple[Any, ...] | None) -> m.Row | None:
        """Return the wanted columns of a row."""
        if row is None:
            return None
        values = [row[place] for place in self._places]
        return tuple(
            [
                item if item is None or convert is None else convert(item)
                for item, convert in zip(values, self._converters, strict=True)
            ]
        )


class Told:
    """The subscriptions and notifications of one connection."""

    __slots__ = ("_front", "_last_number", "_watches")

    def __init__(self, front: NativeFront) -> None:
        self._front = front
        self._watches: dict[int, Watch] = {}
        self._last_number = 0

    def wake(self) -> None:
        """Look again whether there is something to tell: an answer has been sent."""
        first = self._front.first
        if self._watches and first is not None:
            self._front.node.enqueue(first)

    def subscribe(self, lane: Lane, task: Task) -> None:
        """Begin a subscription."""
        message = task.message
        assert isinstance(message, m.Subscribe), "the table says so"
        session = session_of(lane)
        watch = Watch(self._last_number + 1, task.request, message)
        try:
            if message.position and message.position < session.database.manager.csn:
                raise SqlError(
                    "0A000",
                    f"resuming a subscription at position {message.position} is not supported",
                    hint="Subscribe anew, and read the table again.",
                )
            chosen = [name for name, bit in OPERATIONS.items() if watch.operations & bit]
            subscription = session.subscribe(table_name(message.table), chosen, message.condition, key=watch.number)
            watch.subscription = subscription
            try:
                watch.fit(subscription.table, session)
            except SqlError:
                session.unsubscribe(subscription)
                raise
        except Exception as error:
            lane.reply(m.Error(error_fields(session.shared.internal_error(error))))
            return
        self._last_number += 1
        self._watches[watch.number] = watch
        lane.reply(m.Subscribed(watch.number, watch.columns, subscription.after_csn), subscription.after_csn)

    def unsubscribe(self, lane: Lane, task: Task) -> None:
        """End a subscription; an unknown one is no error."""
        message = task.message
        assert isinstance(message, m.Unsubscribe), "the table says so"
        watch = self._watches.pop(message.subscription, None)
        if watch is not None and watch.subscription is not None:
            session_of(lane).unsubscribe(watch.subscription)
        lane.reply(m.Ok())

    def tell(self, lane: Lane) -> None:
        """Send what has come for the session of the first lane."""
        front = self._front
        session = lane.session
        if lane is not front.first or session is None or lane.connection.blocked:
            return
        listener = session.listener
        if listener is not None and listener.queue and session.status == "I":
            for item in listener.take():
                front.notify(m.Notified(item.channel, item.payload, item.process_id))
        if self._watches:
            for watch in list(self._watches.values()):
                self._tell_changes(lane, session, watch)

    def _tell_changes(self, lane: Lane, session: Session, watch: Watch) -> None:
        subscription = watch.subscription
        assert subscription is not None, "it was kept after it began"
        if not subscription.queue or self._front.machine.is_open(watch.request):
            return
        for event in subscription.take(CHANGES_OF_A_RUN):
            try:
                self._tell_event(session, watch, event)
            except SqlError as error:
                session.unsubscribe(subscription)
                self._end(watch, error)
                return
        if subscription.queue:
            lane.node.enqueue(lane)

    def _tell_event(self, session: Session, watch: Watch, event: Event) -> None:
        notify = self._front.notify
        if isinstance(event, RowsChanged):
            for change in event.changes:
                bit = OPERATIONS[change.operation]
                if not watch.operations & bit:
                    continue  # the client wants to know of TRUNCATE alone
                fits = notify(m.Changed(watch.number, bit, event.csn, watch.row(change.old), watch.row(change.new)))
                if not fits:
                    raise SqlError("54000", "a changed row is over the frame limit")
        elif isinstance(event, TableTruncated):
            if watch.operations & TRUNCATE:
                notify(m.Changed(watch.number, TRUNCATE, event.csn, None, None))
        elif isinstance(event, SchemaChanged):
            before = watch.columns
            watch.fit(event.table, session)
            if watch.columns != before:
                notify(m.Subscribed(watch.number, watch.columns, event.csn))
        else:
            assert isinstance(event, SubscriptionEnded), f"unknown event {event!r}"
            self._end(watch, event.error)

    def _end(self, watch: Watch, error: SqlError) -> None:
        self._watches.pop(watch.number, None)
        self._front.notify(m.Ended(watch.number, error_fields(error)))


# ---- channels


def start_listen(lane: Lane, task: Task) -> None:
    """LISTEN and UNLISTEN; in a transaction they take effect when it commits."""
    message = task.message
    if isinstance(message, m.Listen):
        verb, channel = "LISTEN", message.channel
    else:
        assert isinstance(message, m.Unlisten), "the table says so"
        verb, channel = "UNLISTEN", message.channel
    named = '"' + channel.replace('"', '""') + '"' if channel or verb == "LISTEN" else "*"
    session = session_of(lane)
    result = Result(lane.front, task.request, session.settings.forms, None)

    def listen() -> Any:
        yield from session.simple(f"{verb} {named}", result)
        if result.error_seen is None:
            result.body = lane.front.machine.encode(m.Ok())

    lane.begin(result, listen())
    lane.proceed()
