"""The shape that every protocol machine has, and the parts they share.

A machine is a protocol without input and output. Its embedder moves bytes and time in, pulls events one at a
time, answers with commands, and writes what the machine wants written:

    machine.receive_data(now, data)                # b"" is the peer's end of file
    while not isinstance(event := machine.next_event(), Stop):
        for command in application(event):
            machine.send(now, command)
    transport.write(machine.data_to_send())

Two answers mean "no event now": `NEED_DATA` (feed more bytes) and `PAUSED` (the machine waits for *you*: a
request is being answered, or the connection is over). Nothing is parsed ahead of the event you hold, so an
embedder that is busy just does not call `next_event`.

Timeouts belong to the machine: `deadline()` is the earliest moment (monotonic nanoseconds) at which
`handle_timeout(now)` has something to do.
"""

from __future__ import annotations

from typing import Final, Protocol, TypeVar, final

from rustydb_proto.core.time import Now


class Stop:
    """What `next_event` returns when it has no event: `NEED_DATA` or `PAUSED`."""

    __slots__ = ()


@final
class NeedData(Stop):
    """The machine waits for the peer."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NEED_DATA"


@final
class Paused(Stop):
    """The machine waits for the embedder, or is finished."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "PAUSED"


NEED_DATA: Final = NeedData()
PAUSED: Final = Paused()

Event = TypeVar("Event", covariant=True)
Command = TypeVar("Command", contravariant=True)


class Machine(Protocol[Event, Command]):
    """The methods of every protocol machine, server and client half alike."""

    def receive_data(self, now: Now, data: bytes) -> None:
        """Take bytes from the peer; b"" is its end of file. Never raises for what the peer sent."""

    def next_event(self) -> Event | NeedData | Paused:
        """Return the next event; a protocol error or the end of the connection is the last one."""

    def send(self, now: Now, command: Command) -> None:
        """Carry out a command; LocalProtocolError when the protocol does not allow it now."""

    def data_to_send(self) -> bytes:
        """Return and forget the bytes to write."""

    @property
    def output_ended(self) -> bool:
        """True once nothing more will be written: close after the bytes of `data_to_send`."""

    def deadline(self) -> int | None:
        """Return when `handle_timeout` is due (`mono_ns`), or None."""

    def handle_timeout(self, now: Now) -> None:
        """Fire the timers that are due; calling it early does nothing."""

    def take_unread(self) -> tuple[bytes, bool]:
        """Return the unread bytes and whether the peer's end of file came; the machine forgets the bytes."""


class Timers:
    """A small table of named deadlines in monotonic nanoseconds."""

    __slots__ = ("_table",)

    def __init__(self) -> None:
        self._table: dict[str, int] = {}

    def set(self, name: str, at_ns: int) -> None:
        """Start or move the timer `name`."""
        self._table[name] = at_ns

    def cancel(self, name: str) -> None:
        """Stop the timer `name`; one that is not running is no error."""
        self._table.pop(name, None)

    def clear(self) -> None:
        """Stop every timer."""
        self._table.clear()

    def deadline(self) -> int | None:
        """Return the least deadline, or None."""
        return min(self._table.values()) if self._table else None

    def due(self, now: Now) -> list[str]:
        """Remove and return the names that are due, earliest first."""
        names = [name for name, at_ns in self._table.items() if at_ns <= now.mono_ns]
        names.sort(key=self._table.__getitem__)
        for name in names:
            del self._table[name]
        return names
