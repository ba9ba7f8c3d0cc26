"""Every request is answered exactly once and in order: a checker of the events between two ReadyReceived.

A request is the commands up to and with a Query or a Sync. The checker walks along them as the events come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from rustydb_proto.pg import client_messages as pg
from rustydb_proto.pg.messages import CopyDataReceived, CopyDoneReceived
from rustydb_sim.history import Violation


@dataclass
class Reply:
    """The answer to one request."""

    tags: list[str] = field(default_factory=list)
    rows: list[pg.Row] = field(default_factory=list)
    copied: list[bytes] = field(default_factory=list)
    error: pg.ErrorReceived | None = None
    status: str = ""

    @property
    def sqlstate(self) -> str:
        """The error code, "" when nothing failed."""
        return self.error.sqlstate if self.error is not None else ""

    def numbers(self) -> list[tuple[int, ...]]:
        """Return the rows, all of whose values are integers."""
        return [tuple(int(item or b"0") for item in row) for row in self.rows]


class Requests:
    """The requests that are under way on one connection."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[deque[pg.ClientCommand], int]] = deque()
        self._current: Reply | None = None
        self._left: deque[pg.ClientCommand] = deque()
        self._statements = 0
        self._described = False

    def send(self, commands: Sequence[pg.ClientCommand], statements: int) -> int:
        """Note commands that are sent; each Query has `statements` statements. Return how many replies will come."""
        group: deque[pg.ClientCommand] = deque()
        count = 0
        for command in commands:
            if not isinstance(command, pg.Flush):  # it has no answer
                group.append(command)
            if isinstance(command, pg.Query | pg.Sync):
                self._waiting.append((group, statements))
                group = deque()
                count += 1
        assert not group, "commands end with a Query or a Sync"
        return count

    def take(self, event: pg.ClientEvent) -> Reply | None:
        """Take an event; return the reply that it completes, if any."""
        if isinstance(event, pg.NoticeReceived | pg.ParameterChanged | pg.NotificationReceived):
            return None
        if self._current is None:
            if not self._waiting:
                raise Violation(f"an answer that nobody asked for: {event!r}")
            self._left, self._statements = self._waiting.popleft()
            self._current = Reply()
            self._described = False
        reply = self._current
        if reply.error is not None and not isinstance(event, pg.ReadyReceived):
            raise Violation(f"after an error came {event!r}")
        if isinstance(event, pg.ErrorReceived):
            reply.error = event
            return None
        if isinstance(self._left[0], pg.Query):
            self._take_simple(reply, event)
        else:
            self._take_extended(reply, event)
        if not isinstance(event, pg.ReadyReceived):
            return None
        reply.status = event.status
        self._current = None
        return reply

    def _take_simple(self, reply: Reply, event: pg.ClientEvent) -> None:
        match event:
            case pg.RowDescriptionReceived() if not self._described:
                self._described = True
            case pg.RowsReceived(rows) if self._described:
                reply.rows += rows
            case pg.CommandCompleted(tag):
                reply.tags.append(tag)
                self._described = False
            case pg.CopyInStarted() | pg.CopyOutStarted() | CopyDoneReceived():
                pass
            case CopyDataReceived(data):
                reply.copied.append(data)
            case pg.ReadyReceived():
                done = len(reply.tags) + (reply.error is not None)
                if done > self._statements or (done < self._statements and reply.error is None):
                    raise Violation(f"{done} of {self._statements} statements were answered: {self._left[0]!r}")
            case _:
                raise Violation(f"{self._left[0]!r} was answered with {event!r}")

    def _take_extended(self, reply: Reply, event: pg.ClientEvent) -> None:
        command = self._left[0]
        match command, event:
            case pg.Execute(), pg.RowsReceived(rows):
                reply.rows += rows
                return
            case pg.Describe("S"), pg.ParameterDescriptionReceived() if not self._described:
                self._described = True
                return
            case pg.Execute(), pg.CommandCompleted(tag):
                reply.tags.append(tag)
            case pg.Execute(), pg.SuspensionReceived():
                reply.tags.append("")
            case (
                (pg.Parse(), pg.ParseCompleted())
                | (pg.Bind(), pg.BindCompleted())
                | (pg.Close(), pg.CloseCompleted())
                | (pg.Describe(), pg.RowDescriptionReceived() | pg.NoDataReceived())
                | (pg.Sync(), pg.ReadyReceived())
            ):
                self._described = False
            case _, pg.ReadyReceived() if reply.error is not None:
                return
            case _:
                raise Violation(f"{command!r} was answered with {event!r}")
        self._left.popleft()
