"""Fronts: what speaks on a connection, and that another can take its place."""

from __future__ import annotations

from rustydb_engine.node.connections import Connection, Front
from rustydb_engine.node.postgres import PgConnection
from rustydb_proto.core import io
from rustydb_proto.core.time import Now
from tests.node.support import Client, Host


class EchoFront:
    """Sends back what it gets in lines; a line `postgresql` hands the connection over."""

    held = busy = backlogged = False

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.closed = False
        self.timed: list[Now] = []
        self._unread = b""
        self._out: list[bytes] = []

    def receive(self, now: Now, data: bytes) -> None:
        node = self.connection.node
        if not data:
            node.close_soon(self.connection)
            return
        self._unread += data
        while b"\n" in self._unread:
            line, _, self._unread = self._unread.partition(b"\n")
            if line == b"postgresql":
                self.connection.switch(PgConnection(self.connection))
                return
            self._out.append(line + b"\n")
            node.touch(self.connection)

    def data_to_send(self) -> bytes:
        data = b"".join(self._out)
        self._out.clear()
        return data

    def resume(self) -> None:
        self._out.append(b"resumed\n")
        self.connection.node.touch(self.connection)

    def timeout(self, now: Now) -> None:
        self.timed.append(now)

    def shut_down(self) -> None:
        self._out.append(b"bye\n")

    def close(self) -> None:
        self.closed = True

    def take_unread(self) -> tuple[bytes, bool]:
        data, self._unread = self._unread, b""
        return data, False


def echo(host: Host) -> tuple[Client, EchoFront]:
    client = host.accept()
    connection = host.node.connections[client.conn]
    front = EchoFront(connection)
    checked: Front = front
    connection.switch(checked)
    return client, front


def test_a_front_gets_bytes_and_its_bytes_are_sent_once() -> None:
    host = Host()
    client, _ = echo(host)
    assert client.send(b"one\ntwo\nthr") == b"one\ntwo\n"
    assert client.send(b"ee\n") == b"three\n"
    host.step(io.WriteBlocked(client.conn))
    host.step(io.WriteReady(client.conn))
    assert client.take() == b"resumed\n"


def test_another_front_takes_over_with_the_unread_bytes() -> None:
    host = Host()
    client, front = echo(host)
    assert client.send(b"one\npostgresql\n\0\0\0\x08") == b"one\n"
    assert front.closed
    assert client.send(b"\x04\xd2\x16\x2f") == b"N"  # the rest of an SSLRequest whose first half was handed over
    client.log_in()
    assert client.ask("SELECT 1").rows == [(b"1",)]


def test_the_timers_of_a_connection_reach_the_front_until_it_is_gone() -> None:
    host = Host()
    client, front = echo(host)
    connection = host.node.connections[client.conn]
    host.node.schedule(host.now.mono_ns + 1_000_000_000, connection)
    host.node.schedule(host.now.mono_ns + 3_000_000_000, connection)
    host.wait(2.0)
    assert len(front.timed) == 1
    client.send(b"")
    assert client.closed and front.closed
    host.wait(2.0)
    assert len(front.timed) == 1


def test_a_front_says_goodbye_at_shutdown() -> None:
    host = Host()
    client, front = echo(host)
    host.step(io.ShutdownRequested(graceful=True))
    assert client.take() == b"bye\n" and client.closed and front.closed
    assert host.halted is not None and host.halted.code == 0
