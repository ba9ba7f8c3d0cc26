"""A client of a real PostgreSQL on a blocking socket: queries, parameters, COPY both ways, cancel, errors, SCRAM.

    python adapters/examples/postgres_client.py --port 5432 --user ann --password pencil --database shop

`Link` is all that a client needs besides the machine: a socket, and a loop that reads until an event comes. What the server asks for in the way of
passwords (SCRAM-SHA-256, MD5, clear text, nothing) is the machine's business.
"""

from __future__ import annotations

import argparse
import secrets
import socket
import time
from collections.abc import Iterator

from rustydb_proto import pg
from rustydb_proto.pg import binary, oids


class ServerError(Exception):
    """The server refused something."""


def now() -> pg.Now:
    """Read both clocks."""
    return pg.Now(time.monotonic_ns(), time.time_ns() // 1000)


class Link:
    """A connection: the client half of the protocol on a socket."""

    def __init__(self, host: str, port: int, user: str, password: str | None, database: str) -> None:
        self.address = (host, port)
        self.socket = socket.create_connection(self.address, timeout=30)
        entropy = pg.Entropy(secrets.token_bytes(32))
        self.machine = pg.ClientMachine(now(), entropy, user, database, password=password)
        list(self.events(pg.SessionStarted))

    def events(self, last: type) -> Iterator[pg.ClientEvent]:
        """Yield events up to one of class `last`; raise ServerError when there is an error among them."""
        failure: pg.ErrorReceived | None = None
        while True:
            event = self.machine.next_event()
            self.socket.sendall(self.machine.data_to_send())
            if isinstance(event, pg.Stop):
                self.machine.receive_data(now(), self.socket.recv(65536))
                continue
            if isinstance(event, pg.ErrorReceived):
                failure = event
            elif isinstance(event, pg.ConnectionEnded | pg.ProtocolFailed):
                raise ConnectionError(str(event))
            else:
                yield event
            if isinstance(event, last) or self.machine.output_ended:
                break
        if failure is not None:
            raise ServerError(f"{failure.severity} {failure.sqlstate}: {failure.message}")

    def send(self, *commands: pg.ClientCommand) -> None:
        """Hand commands to the machine; they are written with the next read."""
        for command in commands:
            self.machine.send(now(), command)

    def query(self, sql: str) -> list[pg.Row]:
        """Run statements; return all their rows, as text."""
        self.send(pg.Query(sql))
        return [
            row for event in self.events(pg.ReadyReceived) if isinstance(event, pg.RowsReceived) for row in event.rows
        ]

    def query_with(self, sql: str, *numbers: int) -> list[list[object]]:
        """Run one statement with parameters, all binary, in one round trip; return the rows as Python's values."""
        values = [binary.encode(oids.INT8, number) for number in numbers]
        types = [oids.INT8] * len(numbers)
        self.send(
            pg.Parse("", sql, types), pg.Bind("", "", values, [1], [1]), pg.Describe("P", ""), pg.Execute(), pg.Sync()
        )
        columns: tuple[pg.Column, ...] = ()
        found: list[list[object]] = []
        for event in self.events(pg.ReadyReceived):
            if isinstance(event, pg.RowDescriptionReceived):
                columns = event.columns
            elif isinstance(event, pg.RowsReceived):
                for row in event.rows:
                    pairs = zip(columns, row, strict=True)
                    found.append(
                        [None if data is None else binary.decode(column.type_oid, data) for column, data in pairs]
                    )
        return found

    def copy_in(self, sql: str, lines: bytes) -> str:
        """Run COPY ... FROM STDIN; return its tag."""
        self.send(pg.Query(sql))
        list(self.events(pg.CopyInStarted))
        if self.machine.phase is pg.ClientPhase.COPY_IN:
            self.send(pg.CopyData(lines), pg.CopyDone())
        (tag,) = [event.tag for event in self.events(pg.ReadyReceived) if isinstance(event, pg.CommandCompleted)]
        return tag

    def copy_out(self, sql: str) -> bytes:
        """Run COPY ... TO STDOUT; return the data."""
        self.send(pg.Query(sql))
        return b"".join(event.data for event in self.events(pg.ReadyReceived) if isinstance(event, pg.CopyDataReceived))

    def cancel(self) -> None:
        """Ask the server to cancel what runs on this connection, by another one."""
        with socket.create_connection(self.address, timeout=30) as other:
            other.sendall(self.machine.cancel_request())
            other.recv(1)  # the server closes when it has read the request


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--user", default="postgres")
    parser.add_argument("--password")
    parser.add_argument("--database", default="postgres")
    options = parser.parse_args()
    print("try: python postgres_client.py --help", flush=True)
    link = Link(options.host, options.port, options.user, options.password, options.database)
    print("server:", link.machine.parameters["server_version"])
    print("query:", link.query("select 6 * 7, 'text', null"))
    print("with parameters:", link.query_with("select $1 * $2, array[$1, $2], now() > '2000-01-01'", 6, 7))
    link.query("create temp table numbers (n int, word text)")
    print("copy in:", link.copy_in("copy numbers from stdin", b"1\tone\n2\ttwo\n"))
    print("copy out:", link.copy_out("copy numbers to stdout (format csv)"))
    try:
        link.query("select 1 / 0")
    except ServerError as error:
        print("error:", error)
    # The notice says that the statement is running; a cancel request that comes earlier would be lost.
    link.send(pg.Query("do $$ begin raise notice 'running'; perform pg_sleep(30); end $$"))
    for _ in link.events(pg.NoticeReceived):
        link.cancel()
    try:
        list(link.events(pg.ReadyReceived))
    except ServerError as error:
        print("canceled:", error)
    link.send(pg.Terminate())
    link.socket.sendall(link.machine.data_to_send())


if __name__ == "__main__":
    main()
