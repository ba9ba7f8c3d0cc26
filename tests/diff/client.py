"""A blocking connection that keeps what a client can see: the client half of the protocol on a socket.

    connection = Connection.open(port, "admin", "rustydb", "admin")
    connection.simple("select 1")       # [Columns(...), Rows(...), Tag("SELECT 1"), Ready("I")]

Both servers are spoken to by the same code, so what differs is what the servers sent.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rustydb_proto.pg import ClientEvent, ClientMachine, Entropy, Now, client_messages, framing, messages

ANSWER_SECONDS = 8.0
# What two correct servers may say differently: the source file, line and routine, the context of functions.
IGNORED_FIELDS = frozenset("FLRWqp")
STARTED_EVENTS = (
    client_messages.ParseCompleted,
    client_messages.BindCompleted,
    client_messages.CloseCompleted,
    client_messages.ParameterChanged,
)


class ConnectionLost(Exception):
    """The server went away, or sent what the protocol does not allow."""


@dataclass(frozen=True)
class Columns:
    """A row description: (name, type OID, typmod, size, attribute number) of each column."""

    columns: tuple[tuple[str, int, int, int, int], ...]


@dataclass(frozen=True)
class Rows:
    """The rows of one result."""

    rows: tuple[tuple[bytes | None, ...], ...]


@dataclass(frozen=True)
class Tag:
    """A command tag; "" for an empty query."""

    tag: str


@dataclass(frozen=True)
class Report:
    """An error or notice without the fields that name the place in the server's source."""

    kind: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ready:
    """The transaction status after the answer."""

    status: str


@dataclass(frozen=True)
class Told:
    """A notification; those that came between two answers count to the second. Who sent it differs by nature."""

    channel: str
    payload: str


Item = Columns | Rows | Tag | Report | Ready | Told


def _now() -> Now:
    return Now(time.monotonic_ns(), time.time_ns())


class Connection:
    """One session; not safe for threads."""

    def __init__(self, stream: socket.socket, machine: ClientMachine) -> None:
        self._stream = stream
        self._machine = machine

    @classmethod
    def open(cls, port: int, user: str, database: str, password: str) -> Connection:
        """Connect and log in."""
        stream = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        parameters = {"application_name": "diff", "client_encoding": "UTF8"}
        machine = ClientMachine(
            _now(), Entropy(os.urandom(32)), user, database, password=password, parameters=parameters
        )
        connection = cls(stream, machine)
        for event in connection._events():
            if isinstance(event, client_messages.SessionStarted):
                return connection
            if isinstance(event, client_messages.ErrorReceived):
                raise ConnectionLost(event.message)
        raise ConnectionLost("no session")

    def close(self) -> None:
        """End the session."""
        try:
            self._stream.sendall(framing.TERMINATE)
        except OSError:
            pass
        self._stream.close()

    def _events(self) -> Iterator[ClientEvent]:
        machine, stream = self._machine, self._stream
        while True:
            try:
                event = machine.next_event()
                data = machine.data_to_send()  # reading an event may make an answer
                if data:
                    stream.sendall(data)
                if isinstance(event, messages.ConnectionEnded | messages.ProtocolFailed):
                    raise ConnectionLost(str(event))
                if isinstance(event, ClientEvent):
                    yield event
                else:
                    machine.receive_data(_now(), stream.recv(1 << 16))
            except OSError as error:
                raise ConnectionLost(repr(error)) from error

    def simple(self, sql: str, copy_data: bytes | None = None) -> list[Item]:
        """Run a simple query; `copy_data` answers a COPY FROM STDIN."""
        self._machine.send(_now(), client_messages.Query(sql))
        return self._collect(copy_data)

    def extended(self, sql: str, result_format: int, values: Sequence[bytes | None] = ()) -> list[Item]:
        """Run one statement by Parse, Bind, Describe, Execute, Sync."""
        for command in (
            client_messages.Parse("", sql),
            client_messages.Describe("S", ""),
            client_messages.Bind("", "", values, (), (result_format,)),
            client_messages.Describe("P", ""),
            client_messages.Execute("", 0),
            client_messages.Sync(),
        ):
            self._machine.send(_now(), command)
        return self._collect(None)

    def _collect(self, copy_data: bytes | None) -> list[Item]:
        found: list[Item] = []
        rows: list[tuple[bytes | None, ...]] = []
        told: list[Item] = []  # where between the messages they come is chance
        for event in self._events():
            if isinstance(event, client_messages.NotificationReceived):
                told.append(Told(event.channel, event.payload))
            elif isinstance(event, client_messages.RowsReceived):
                rows += event.rows
            elif isinstance(event, messages.CopyDataReceived):
                rows.append((event.data,))
            elif isinstance(event, client_messages.CommandCompleted):
                found += [Rows(tuple(rows)), Tag(event.tag)]
                rows = []
            elif isinstance(event, client_messages.SuspensionReceived):
                found.append(Rows(tuple(rows)))
            elif isinstance(event, client_messages.CopyInStarted):
                if copy_data:
                    self._machine.send(_now(), messages.CopyData(copy_data))
                self._machine.send(_now(), messages.CopyDone())
            elif isinstance(event, client_messages.ErrorReceived | client_messages.NoticeReceived):
                if event.fields.get("V") == "FATAL":
                    raise ConnectionLost(event.fields.get("M", ""))
                rows = []  # those before an error are not compared: how many there are is chance
                found.append(report_of(event))
            elif isinstance(event, client_messages.ReadyReceived):
                found += [*told, Ready(event.status)]
                return found
            else:
                found += items_of(event)
        raise ConnectionLost("no answer")


def items_of(event: ClientEvent) -> list[Item]:
    """Return what an event adds to an answer by itself."""
    if isinstance(event, client_messages.RowDescriptionReceived):
        described = ((c.name, c.type_oid, c.type_modifier, c.type_size, c.attribute_number) for c in event.columns)
        return [Columns(tuple(described))]
    if isinstance(event, client_messages.EmptyQueryReceived):
        return [Tag("")]
    if isinstance(event, client_messages.NoDataReceived):
        return [Columns(())]
    if isinstance(event, client_messages.ParameterDescriptionReceived):
        return [Tag(f"parameters {event.oids}")]
    if isinstance(event, client_messages.CopyOutStarted):
        return [Tag(f"copy out {event.format} {event.column_formats}")]
    return []


def report_of(event: client_messages.ErrorReceived | client_messages.NoticeReceived) -> Report:
    """Return an error or notice without the fields that may differ."""
    kind = "error" if isinstance(event, client_messages.ErrorReceived) else "notice"
    fields = sorted((key, value) for key, value in event.fields.items() if key not in IGNORED_FIELDS)
    return Report(kind, tuple(fields))
