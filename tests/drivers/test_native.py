"""The native protocol against a real server: one port with psql's protocol, many clients, a large result in bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from rustydb_proto.binary import COMPRESSION_NAMES
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from tests.bench.processes import memory_bytes
from tests.support.native_link import NativeLink, now
from tests.support.server import Server, running

MIB = 1 << 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(":memory:") as started:
        yield started


def test_both_protocols_share_the_port(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as other, NativeLink(server.port) as link:
        other.execute("create table shared (id int primary key, name text)")
        result = link.ask(m.Execute("insert into shared values ($1, $2)", (1, "native")))
        assert result == m.QueryResult((), (), 1, "INSERT 0 1")
        assert other.execute("select name from shared").fetchall() == [("native",)]


@pytest.mark.parametrize("compression", COMPRESSION_NAMES)
def test_compression(server: Server, compression: str) -> None:
    with NativeLink(server.port, compressions=(compression,)) as link:
        text = "all work and no play " * 1000
        result = link.ask(m.Execute("select $1, repeat('x', 100000)", (text,)))
        assert isinstance(result, m.QueryResult) and result.rows == ((text, "x" * 100_000),)


def test_a_hundred_clients_with_a_hundred_requests_each(server: Server) -> None:
    links = [NativeLink(server.port) for _ in range(100)]
    expected: list[dict[int, int]] = []
    for index, link in enumerate(links):
        numbers = link.send(*[m.Execute("select $1::int * $2::int", (index, n)) for n in range(100)])
        expected.append({number: index * n for n, number in enumerate(numbers)})
    for link, answers in zip(links, expected, strict=True):
        while answers:
            event = link.response()
            assert isinstance(event.response, m.QueryResult)
            assert event.response.rows == ((answers.pop(event.request),),)
        link.socket.close()


def test_a_slow_request_is_overtaken(server: Server) -> None:
    with NativeLink(server.port) as link:
        slow, fast = link.send(m.Execute("select pg_sleep(0.3)"), m.Execute("select 1"))
        assert [link.response().request, link.response().request] == [fast, slow]


def test_two_million_rows_stream_in_bounded_memory_on_both_sides(server: Server) -> None:
    with NativeLink(server.port) as link:
        link.ask(m.Query("create table big as select i, 'name ' || i as name from generate_series(1, 2000000) i"))
        ours, theirs = memory_bytes(os.getpid()), memory_bytes(server.pid)
        (number,) = link.send(m.Execute("select i, name from big", (), m.Options(credit=4)))
        count = total = batches = 0
        while (event := link.response()).more:
            if isinstance(event.response, m.Rows):
                count += len(event.response.rows)
                total += sum([row[0] for row in event.response.rows])  # type: ignore[misc]  # integers
                link.machine.credit(now(), number, 1)
                batches += 1
                if batches % 500 == 0:
                    assert memory_bytes(os.getpid()) - ours < 32 * MIB
                    assert memory_bytes(server.pid) - theirs < 32 * MIB
        assert event.response == m.Completed(2_000_000, "SELECT 2000000")
        assert (count, total) == (2_000_000, 2_000_000 * 2_000_001 // 2)
        link.ask(m.Query("drop table big"))


def test_a_large_upload(server: Server) -> None:
    with NativeLink(server.port) as link:
        link.ask(m.Query("create table loaded (id int primary key, name text)"))
        (number,) = link.send(m.BulkInsert("loaded", ("id", "name"), (), True))
        for first in range(0, 100_000, 5_000):
            rows = tuple((n, f"name {n}") for n in range(first, first + 5_000))
            while not link.machine.upload_capacity(number):
                assert isinstance(link.response().response, m.Granted)
            link.machine.upload(now(), number, m.BulkRows(rows, True))
            link.flush()
        while not link.machine.upload_capacity(number):
            assert isinstance(link.response().response, m.Granted)
        link.machine.upload(now(), number, m.BulkRows((), False))
        while (event := link.response()).more:
            assert isinstance(event.response, m.Granted)
        assert event.response == m.QueryResult((), (), 100_000, "INSERT 0 100000")


def test_the_wrong_password(server: Server) -> None:
    with pytest.raises(AssertionError, match="28P01"):
        NativeLink(server.port, password="wrong")
    assert isinstance(NativeLink(server.port).started, e.SessionStarted)
