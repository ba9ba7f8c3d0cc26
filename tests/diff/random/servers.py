"""Sessions on both servers that can be left waiting: a statement is sent, and its answer is there or not.

    session = ours.session()
    session.send_simple("update t set a = 1")
    session.poll()                     # the answer, or None: the statement waits for a lock

RustyDB runs in this process, as a node on virtual time without socket or thread: when a step leaves nothing to do at
once and there is no answer, then the statement waits. PostgreSQL is asked in pg_stat_activity whether it waits.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import psycopg

from rustydb_engine.config import Config
from rustydb_engine.node.node import Node
from rustydb_engine.storage.database import Database
from rustydb_proto.core import io
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.scram import make_verifier
from rustydb_proto.core.time import Now
from rustydb_proto.pg import ClientEvent, ClientMachine, client_messages, messages
from tests.diff.client import ConnectionLost, Item, Ready, Rows, Tag, items_of, report_of
from tests.support import oracle

ANSWER_SECONDS = 20.0
GRACE_SECONDS = 0.004
PASSWORD = "admin"
NOW = Now(1_000_000_000, 1_700_000_000_000_000)


class Stream(Protocol):
    """Bytes to and from a server."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def read(self) -> bytes:
        """Return what has come; b"" when the server has nothing to say until something else happens."""

    def close(self) -> None:
        """End the connection."""


class Session:
    """One client. After `send_...` comes `poll` until it gives an answer; `run_...` are both, for what must not wait."""

    def __init__(self, stream: Stream, user: str, database: str) -> None:
        self.stream = stream
        self.busy = False
        self._machine = ClientMachine(NOW, Entropy(os.urandom(32)), user, database, password=PASSWORD)
        self._found: list[Item] = []
        self._rows: list[tuple[bytes | None, ...]] = []
        end = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < end:
            for event in self._events():
                if isinstance(event, client_messages.SessionStarted):
                    return
                if isinstance(event, client_messages.ErrorReceived):
                    raise ConnectionLost(event.message)
        raise ConnectionLost("no session")

    def send_simple(self, sql: str) -> None:
        """Send a simple query."""
        self._start([client_messages.Query(sql)])

    def send_extended(
        self,
        sql: str,
        result_format: int,
        oids: Sequence[int] = (),
        values: Sequence[bytes | None] = (),
        formats: Sequence[int] = (),
    ) -> None:
        """Send Parse, Describe, Bind, Describe, Execute and Sync."""
        parse = client_messages.Parse("", sql, oids)
        bind = client_messages.Bind("", "", values, formats, (result_format,))
        describe = [client_messages.Describe("S", ""), client_messages.Describe("P", "")]
        end = [client_messages.Execute("", 0), client_messages.Sync()]
        self._start([parse, describe[0], bind, describe[1], *end])

    def run(self, sql: str) -> list[Item]:
        """Run a simple query that does not wait."""
        self.send_simple(sql)
        return self.wait()

    def wait(self) -> list[Item]:
        """Return the answer, which must come without the help of another session."""
        end = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < end:
            found = self.poll()
            if found is not None:
                return found
        raise ConnectionLost("no answer")

    def poll(self) -> list[Item] | None:
        """Return the answer if it has come."""
        assert self.busy, "nothing was sent"
        for event in self._events():
            if self._take(event):
                found, self._found, self._rows, self.busy = self._found, [], [], False
                return found
        return None

    def close(self) -> None:
        """End the connection."""
        self.stream.close()

    def _start(self, commands: Sequence[client_messages.ClientCommand]) -> None:
        assert not self.busy, "the last answer is still awaited"
        self.busy = True
        for command in commands:
            self._machine.send(NOW, command)
        data = self._machine.data_to_send()
        self.stream.write(data)

    def _events(self) -> Iterator[ClientEvent]:
        machine, stream = self._machine, self.stream
        while True:
            event = machine.next_event()
            data = machine.data_to_send()
            if data:
                stream.write(data)
            if isinstance(event, messages.ConnectionEnded | messages.ProtocolFailed):
                raise ConnectionLost(str(event))
            if isinstance(event, ClientEvent):
                yield event
                continue
            read = stream.read()
            if not read:
                return
            machine.receive_data(NOW, read)

    def _take(self, event: ClientEvent) -> bool:
        """Keep what an event says; True after the last of an answer."""
        if isinstance(event, client_messages.RowsReceived):
            self._rows += event.rows
        elif isinstance(event, client_messages.CommandCompleted):
            self._found += [Rows(tuple(self._rows)), Tag(event.tag)]
            self._rows = []
        elif isinstance(event, client_messages.ErrorReceived | client_messages.NoticeReceived):
            if event.fields.get("V") in ("FATAL", "PANIC"):
                raise ConnectionLost(event.fields.get("M", ""))
            self._rows = []
            self._found.append(report_of(event))
        elif isinstance(event, client_messages.ReadyReceived):
            self._found.append(Ready(event.status))
            return True
        else:
            self._found += items_of(event)
        return False


class Server(Protocol):
    """A database to open sessions on."""

    def session(self) -> Session:
        """Open a session."""

    def waits(self, session: Session) -> bool:
        """Whether a session that does not answer waits for another one."""


# ---- RustyDB


class NodeStream:
    """A connection of a node in this process."""

    def __init__(self, server: OurServer, conn: int) -> None:
        self._server = server
        self._conn = conn
        self.inbox: list[bytes] = []
        self.ended = False

    def write(self, data: bytes) -> None:
        """Give the node the bytes and let it work until it has nothing to do at once."""
        self._server.step([io.Received(self._conn, data)])

    def read(self) -> bytes:
        """Return what the node has sent."""
        if self.ended and not self.inbox:
            raise ConnectionLost("closed")
        data = b"".join(self.inbox)
        self.inbox.clear()
        return data

    def close(self) -> None:
        """Lose the connection."""
        self._server.step([io.Lost(self._conn, "closed")])


class OurServer:
    """A node on a database in memory."""

    def __init__(self) -> None:
        verifier = str(make_verifier(PASSWORD, bytes(16), 1))
        self.database = Database()
        self.node = Node(Config(verifier=verifier, durable=False), self.database, Entropy(bytes(32)))
        self.log: list[str] = []
        self._streams: dict[int, NodeStream] = {}

    def session(self) -> Session:
        """Log in as admin."""
        conn = len(self._streams) + 1
        stream = self._streams[conn] = NodeStream(self, conn)
        self.step([io.Accepted(conn, "postgresql", "test", "test")])
        return Session(stream, "admin", "rustydb")

    def step(self, inputs: list[io.Input]) -> None:
        """Step until nothing is left to do at once, and deliver what was sent."""
        effects = self.node.step(NOW, inputs)
        while (deadline := self.node.deadline(NOW)) is not None and deadline <= NOW.mono_ns:
            effects += self.node.step(NOW, [])
        for effect in effects:
            if isinstance(effect, io.Send):
                self._streams[effect.conn].inbox.append(effect.data)
            elif isinstance(effect, io.Close | io.Abort):
                self._streams[effect.conn].ended = True
            elif isinstance(effect, io.Log) and effect.level in ("error", "warning"):
                self.log.append(f"{effect.event} {effect.fields}")

    def waits(self, session: Session) -> bool:
        """A node that has nothing to do at once and does not answer makes the session wait."""
        return True


# ---- PostgreSQL


class SocketStream:
    """A connection of a server on a port."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=ANSWER_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def read(self) -> bytes:
        """Wait a moment for bytes."""
        readable, _, _ = select.select([self._socket], [], [], GRACE_SECONDS)
        if not readable:
            return b""
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionLost("closed")
        return data

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Postgres:
    """A database of a PostgreSQL server."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]], database: str) -> None:
        info = connection.info
        self._address = (info.hostaddr or info.host, info.port)
        self._user = info.user
        self._database = database
        self._connection = connection

    def session(self) -> Session:
        """Log in as the superuser."""
        return Session(SocketStream(*self._address), self._user, self._database)

    def waits(self, session: Session) -> bool:
        """Whether some session waits for a lock; who calls has given it a moment to answer."""
        query = "select pid from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
        return self._connection.execute(query, (self._database,)).fetchone() is not None

    def waiting(self) -> int:
        """Return the number of sessions that wait for a lock."""
        query = "select count(*) from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
        row = self._connection.execute(query, (self._database,)).fetchone()
        return int(str(row[0])) if row else 0


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Give an empty database of a PostgreSQL 15; oracle.Unavailable when there is none."""
    name = f"rustydb_random_{os.getpid()}"
    with oracle.running() as given, psycopg.connect(given.url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(
            f"create database {name} template template0 encoding 'UTF8' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'"
        )
        for setting in ("deadlock_timeout = '5ms'", "synchronous_commit = off", "timezone = 'UTC'"):
            connection.execute(f"alter database {name} set {setting}")
        try:
            yield Postgres(connection, name)
        finally:
            connection.execute(f"drop database if exists {name} with (force)")
