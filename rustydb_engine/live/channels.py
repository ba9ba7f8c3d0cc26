"""Channels: who listens to what, and the notifications that wait for each listener.

    listener = channels.listener(process_id, owner)
    channels.listen(listener, "orders")
    channels.publish(process_id, (("orders", "42"),))     a commit that is durable said NOTIFY orders, '42'
    listener.take()                                       [Notification("orders", "42", process_id)]

Notifications reach a listener's queue when their commit is durable, in commit order, and stay there until its session is between
transactions. A listener whose queue grows beyond the limit is *overflowed*: it gets nothing more, and the node ends its session,
so that neither memory nor those who notify suffer from a client that does not read. (PostgreSQL has one queue of 8 GB for all,
and refuses NOTIFY when it is full.)

Source: PostgreSQL 15, src/backend/commands/async.c.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import final

from rustydb_engine.errors import SqlError
from rustydb_engine.txn.notes import size_of
from rustydb_proto.core.value import value


@value
class Notification:
    """A NOTIFY that was committed: its channel and payload, and the process id of the session that sent it."""

    channel: str
    payload: str
    process_id: int


@final
class Listener:
    """One session's ear. `owner` is what the node wakes when there is something to take."""

    __slots__ = ("bytes", "channels", "overflowed", "owner", "process_id", "queue", "waking")

    def __init__(self, process_id: int, owner: object) -> None:
        self.process_id = process_id
        self.owner = owner
        self.channels: dict[str, None] = {}
        self.queue: deque[Notification] = deque()
        self.bytes = 0
        self.overflowed = False
        self.waking = False  # it is in the list of those to wake

    def take(self) -> list[Notification]:
        """Return and forget what waits, but for channels that are not listened to any more."""
        taken = [item for item in self.queue if item.channel in self.channels]
        self.queue.clear()
        self.bytes = 0
        return taken


@final
class Channels:
    """The listeners of every channel. `awake` collects those who got something, for the node to wake."""

    __slots__ = ("_listeners", "awake", "queue_bytes_max")

    def __init__(self, queue_bytes_max: int, awake: list[object]) -> None:
        self.queue_bytes_max = queue_bytes_max
        self.awake = awake
        self._listeners: dict[str, dict[int, Listener]] = {}

    def listener(self, process_id: int, owner: object) -> Listener:
        """Return a listener that listens to nothing yet."""
        return Listener(process_id, owner)

    def listen(self, listener: Listener, channel: str) -> None:
        """Listen to a channel; once more changes nothing."""
        listener.channels[channel] = None
        self._listeners.setdefault(channel, {})[listener.process_id] = listener

    def unlisten(self, listener: Listener, channel: str) -> None:
        """Stop listening to a channel; what of it still waits is dropped."""
        if channel in listener.channels:
            del listener.channels[channel]
            heard = self._listeners[channel]
            del heard[listener.process_id]
            if not heard:
                del self._listeners[channel]

    def unlisten_all(self, listener: Listener) -> None:
        """Stop listening to anything."""
        for channel in list(listener.channels):
            self.unlisten(listener, channel)
        listener.queue.clear()
        listener.bytes = 0

    def publish(self, process_id: int, messages: Iterable[tuple[str, str]]) -> None:
        """Put the notifications of a durable commit into the queues of those who listen."""
        for message in messages:
            heard = self._listeners.get(message[0])
            if heard:
                item = Notification(message[0], message[1], process_id)
                size = size_of(message)
                for listener in heard.values():
                    self._put(listener, item, size)

    def _put(self, listener: Listener, item: Notification, size: int) -> None:
        if listener.overflowed:
            return
        listener.bytes += size
        if listener.bytes > self.queue_bytes_max:
            listener.overflowed = True
            listener.queue.clear()
        else:
            listener.queue.append(item)
        if not listener.waking:
            listener.waking = True
            self.awake.append(listener)

    def usage(self) -> float:
        """Return how full the fullest queue is, from 0 to 1 (pg_notification_queue_usage)."""
        listeners = {pid: one for heard in self._listeners.values() for pid, one in heard.items()}
        fullest = max((listener.bytes for listener in listeners.values()), default=0)
        return min(fullest / self.queue_bytes_max, 1.0)


def too_slow(limit: int) -> SqlError:
    """Return the error that ends the session of a listener that overflowed."""
    return SqlError(
        "53400",
        "terminating connection because too many notifications wait for it",
        detail=f"The limit is {limit} bytes (notify_queue_bytes_max).",
        hint="Read what the server sends, and do not listen inside long transactions.",
        severity="FATAL",
    )
