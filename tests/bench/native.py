"""Pipelined point queries over the native protocol, against PostgreSQL's pipeline mode and one SELECT a round trip.

    python -m tests.bench.native                    about a minute
    python -m tests.bench.native --seconds 1 --rounds 1

All cases run on the same server, over one connection each, in turn; the client sends bytes that were made before and looks at no more
of an answer than its frames, so that it costs little beside the server. Rates are the median of the rounds, and ratios to the unpipelined
rate over PostgreSQL's protocol in the same round. CPU is the server's, in microseconds a query.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct

from rustydb_proto.binary import messages as m
from rustydb_proto.binary.framing import frame
from rustydb_proto.binary.schema import REQUEST_CODEC
from rustydb_proto.pg import framing
from tests.bench.processes import cpu_seconds
from tests.support.native_link import NativeLink
from tests.support.server import running

ROWS = 10_000
SQL = "SELECT id, name FROM points WHERE id = $1"
PIPELINE = 100
_length = Struct("<I").unpack_from
_pg_length = Struct("!I").unpack_from


@dataclass(frozen=True)
class Case:
    """Bytes to send, how many queries they are, and what waits for their answers."""

    name: str
    connection: socket.socket
    data: bytes
    queries: int
    await_answers: Callable[[socket.socket, int], None]


def await_frames(connection: socket.socket, count: int) -> None:
    """Read this many native frames."""
    data = b""
    position = 0
    while count:
        while len(data) - position < 4 or len(data) - position < 9 + _length(data, position)[0]:
            data = data[position:] + connection.recv(1 << 18)
            position = 0
        position += 9 + _length(data, position)[0]
        count -= 1
    assert position == len(data), "nothing follows"


def await_ready(connection: socket.socket, count: int) -> None:
    """Read messages of PostgreSQL's protocol up to the ReadyForQuery at the end; `count` DataRows are among them."""
    data = b""
    position = rows = 0
    while True:
        while len(data) - position < 5 or len(data) - position < 1 + _pg_length(data, position + 1)[0]:
            data = data[position:] + connection.recv(1 << 18)
            position = 0
        kind = data[position]
        position += 1 + _pg_length(data, position + 1)[0]
        rows += kind == 0x44
        assert kind != 0x45, data
        if kind == 0x5A:
            assert rows == count, f"{rows} rows for {count} queries"
            return


def native_case(port: int, encoding: str, pipeline: int) -> Case:
    """Prepare the query on a native connection."""
    link = NativeLink(port, encodings=(encoding,))
    prepared = link.ask(m.Prepare(SQL, (23,)))
    assert isinstance(prepared, m.Prepared), prepared
    result = link.ask(m.ExecutePrepared(prepared.statement, (7,)))
    assert isinstance(result, m.QueryResult) and result.rows == ((7, "point 7"),), result
    bodies = [
        REQUEST_CODEC.encode(link.machine.encoding, m.ExecutePrepared(prepared.statement, (number * 7919 % ROWS,)))
        for number in range(pipeline)
    ]
    data = b"".join(frame(1000 + number, body) for number, body in enumerate(bodies))
    name = f"native, {encoding}, {pipeline} at once" if pipeline > 1 else f"native, {encoding}, one a round trip"
    return Case(name, link.socket, data, pipeline, await_frames)


def postgres_case(url: str, pipeline: int) -> Case:
    """Prepare the query on a connection of PostgreSQL's protocol, opened by psycopg."""
    import psycopg

    opened = psycopg.connect(url, autocommit=True)
    connection = socket.socket(fileno=os.dup(opened.fileno()))
    connection.setblocking(True)
    KEPT.append(opened)
    connection.sendall(framing.parse("p", SQL, (23,)) + framing.SYNC)
    await_ready(connection, 0)
    parts = [
        framing.bind("", "p", [b"%d" % (number * 7919 % ROWS)]) + framing.describe("P", "") + framing.execute("")
        for number in range(pipeline)
    ]
    name = f"PostgreSQL's, {pipeline} at once" if pipeline > 1 else "PostgreSQL's, one a round trip"
    return Case(name, connection, b"".join(parts) + framing.SYNC, pipeline, await_ready)


KEPT: list[object] = []


def measure(case: Case, pid: int, seconds: float) -> tuple[float, float]:
    """Return queries a second, and the server's CPU microseconds a query."""
    count = 0
    cpu = cpu_seconds(pid)
    began = time.monotonic()
    while (took := time.monotonic() - began) < seconds:
        case.connection.sendall(case.data)
        case.await_answers(case.connection, case.queries)
        count += case.queries
    return count / took, (cpu_seconds(pid) - cpu) * 1e6 / count


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with running(":memory:") as server:
        with NativeLink(server.port) as link:
            link.ask(m.Query("CREATE TABLE points (id int PRIMARY KEY, name text)"))
            link.ask(m.BulkInsert("points", (), tuple((number, f"point {number}") for number in range(ROWS))))
        cases = [
            postgres_case(server.url, 1),
            postgres_case(server.url, PIPELINE),
            native_case(server.port, "messagepack", 1),
            native_case(server.port, "messagepack", PIPELINE),
            native_case(server.port, "bincode", PIPELINE),
        ]
        rounds = [[measure(case, server.pid, options.seconds) for case in cases] for _ in range(options.rounds)]
        print(f"{'point queries on one connection':<36}{'a second':>12}{'ratio':>8}{'CPU us':>9}")
        for place, case in enumerate(cases):
            rate = statistics.median(one[place][0] for one in rounds)
            ratio = statistics.median(one[place][0] / one[0][0] for one in rounds)
            cpu_us = statistics.median(one[place][1] for one in rounds)
            print(f"{case.name:<36}{rate:>12,.0f}{ratio:>8.2f}{cpu_us:>9.1f}")


if __name__ == "__main__":
    main()
