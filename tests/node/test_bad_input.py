"""Whatever a client sends, the node answers with an error or closes the connection, and serves the others."""

from __future__ import annotations

import random

import pytest

from rustydb_proto.core import io
from rustydb_proto.pg import framing
from rustydb_proto.pg.client_messages import Bind, Execute, Parse, Query, Sync
from tests.node.support import Client, Host

MIB = 1 << 20


@pytest.fixture(scope="module")
def host() -> Host:
    return Host()


def serves(host: Host) -> bool:
    """Whether a new client is answered."""
    return host.connect().ask("SELECT 1 + 1").rows == [(b"2",)]


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        b"\x00\x00\x00\x08",
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x08\x00\x09\x00\x00",
        b"\x00\x00\x27\x11" + bytes(20),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x00\x00\x00\x09\x00\x03\x00\x00\x00",
        b"\x00\x00\x00\x0e\x00\x03\x00\x00user\x00\x00",
        bytes(100),
    ],
)
def test_a_startup_packet_that_is_none_ends_the_connection_at_the_latest_with_its_end(host: Host, data: bytes) -> None:
    client = host.accept()
    client.send(data)
    client.send(b"")
    assert client.closed
    assert serves(host)


def test_random_bytes_before_the_login_do_no_harm(host: Host) -> None:
    dice = random.Random(1)
    for _ in range(300):
        client = host.accept()
        for _ in range(3):
            if not client.closed:
                client.send(dice.randbytes(dice.choice((1, 4, 8, 50, 3000))))
        if not client.closed:
            client.send(b"")
        assert client.closed
    assert serves(host)


def test_random_messages_after_the_login_do_no_harm(host: Host) -> None:
    dice = random.Random(2)
    kinds = b"QPBDECSHFdcfpX" + bytes(range(0, 256, 17))
    for _ in range(300):
        client = host.connect()
        for _ in range(8):
            if client.closed:
                break
            body = dice.choice((b"", b"\x00", b"S\x00", b"select 1\x00", dice.randbytes(dice.randint(0, 40))))
            client.send(bytes([dice.choice(kinds)]) + (len(body) + 4).to_bytes(4, "big") + body)
        if not client.closed:
            client.send(b"")
    assert serves(host)


def test_a_message_of_an_unknown_type_ends_the_connection(host: Host) -> None:
    client = host.connect()
    assert b"C08P01\x00" in client.send(b"z\x00\x00\x00\x04")
    assert client.closed


@pytest.mark.parametrize("length", [0, 3, 257 * MIB, 1 << 31, (1 << 32) - 1])
def test_a_length_out_of_bounds_ends_the_connection_before_anything_is_waited_for(host: Host, length: int) -> None:
    client = host.connect()
    assert b"C08P01\x00" in client.send(b"Q" + length.to_bytes(4, "big"))
    assert client.closed


def test_a_message_that_is_cut_by_the_end_of_the_connection_does_nothing(host: Host) -> None:
    host.connect().ask("CREATE TABLE IF NOT EXISTS cut (a int)")
    client = host.connect()
    client.send(framing.query("INSERT INTO cut VALUES (1)")[:-1])
    client.send(b"")
    assert client.closed
    assert host.connect().ask("SELECT count(*) FROM cut").rows == [(b"0",)]


def test_a_statement_text_longer_than_the_limit_is_refused_and_the_session_goes_on(host: Host) -> None:
    client = host.connect()
    assert client.ask("SELECT '" + "x" * MIB + "'").sqlstate == "54000"
    assert client.ask("SELECT '" + "ü" * (MIB // 2) + "'").sqlstate == "54000"
    client.begin(Parse("", "SELECT '" + "x" * MIB + "'"), Sync())
    assert client.replies.pop().sqlstate == "54000"
    assert client.ask("SELECT '" + "x" * (MIB - 9) + "'").sqlstate == ""
    assert client.ask("SELECT 1").rows == [(b"1",)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 10_000 + "1" + ")" * 10_000,
        "SELECT " + "(" * 10_000,
        "SELECT " + "NOT " * 10_000 + "true",
        "SELECT " + "- " * 10_000 + "1",
        "SELECT " + "abs(" * 10_000 + "1" + ")" * 10_000,
        "SELECT " + "1 + " * 10_000 + "1",
        "SELECT " + "ARRAY[" * 10_000 + "1" + "]" * 10_000,
        "SELECT " + "(SELECT " * 10_000 + "1" + ")" * 10_000,
        "SELECT " + "CASE WHEN true THEN " * 10_000 + "1" + " END" * 10_000,
        "SELECT 1" + " UNION ALL SELECT 1" * 10_000,
        "SELECT 1 WHERE " + "true AND " * 10_000 + "true",
        "SELECT * FROM " + "(SELECT * FROM " * 5_000 + "pg_class" + ") x" * 5_000,
        "SELECT '" + "{" * 10_000 + "'::int[]",
        "SELECT '" + "[" * 10_000 + "'::json",
        "SELECT '" + '{"a":' * 10_000 + "'::jsonb",
        "SELECT 'x' ~ '" + "(" * 10_000 + ")" * 10_000 + "'",
        "SELECT repeat('[', 100000)::jsonb",
        "SELECT * FROM generate_series(1, 1000000000000) LIMIT 1",
    ],
    ids=lambda sql: sql[:30],
)
def test_deep_nesting_is_answered_with_rows_or_a_clear_error(host: Host, sql: str) -> None:
    client = host.connect()
    reply = client.ask(sql)
    assert reply.sqlstate in ("", "54001", "54000", "42601", "22P02", "22021", "2201B", "54011", "53200"), reply.error
    assert client.ask("SELECT 1").rows == [(b"1",)]


def test_ten_thousand_parentheses_are_too_deep(host: Host) -> None:
    reply = host.connect().ask("SELECT " + "(" * 10_000 + "1" + ")" * 10_000)
    assert reply.sqlstate == "54001"
    assert reply.error is not None and "stack depth limit exceeded" in reply.error.message


def test_text_that_is_not_utf8_and_null_characters_are_refused(host: Host) -> None:
    client = host.connect()
    assert b"C22021\x00" in client.send(b"Q\x00\x00\x00\x0fSELECT '\xff'\x00")
    client.begin(Parse("", "SELECT $1::text"), Bind("", "", [b"a\x00b"]), Execute(), Sync())
    assert client.replies.pop().sqlstate == "22021"
    client.begin(Parse("", "SELECT $1::text"), Bind("", "", [b"\xc3"]), Execute(), Sync())
    assert client.replies.pop().sqlstate == "22021"
    assert client.ask("SELECT 1").rows == [(b"1",)]


def test_a_client_that_sends_ahead_of_a_running_statement_is_paused_and_resumed(host: Host) -> None:
    client = host.connect()
    client.begin(Query("SELECT pg_sleep(10)"))
    one = framing.query("SELECT '" + "x" * 100_000 + "'")
    for _ in range(12):
        client.send(one)
    assert client.conn in host.paused
    host.wait(10)
    assert client.conn not in host.paused
    assert client.take().count(b"SELECT 1\x00") >= 12


def test_nothing_more_is_made_for_a_client_that_does_not_read() -> None:
    host = Host(batch_rows=100)
    client = host.connect()
    host.step(
        io.WriteBlocked(client.conn),
        io.Received(client.conn, framing.query("SELECT n FROM generate_series(1, 100000) n")),
    )
    assert len(client.take()) < 50_000
    host.step(io.WriteReady(client.conn))
    assert client.take().endswith(b"SELECT 100000\x00Z\x00\x00\x00\x05I")


def test_bind_with_wrong_numbers_is_refused(host: Host) -> None:
    client = host.connect()
    for bind in (
        Bind("", "", []),
        Bind("", "", [b"1", b"2"]),
        Bind("", "", [b"1"], [0, 1, 1]),
        Bind("", "", [b"1"], [7]),
        Bind("", "", [b"1"], (), [0, 0]),
        Bind("", "", [b"abc"]),
        Bind("", "", [b"1"], [1]),
    ):
        client.begin(Parse("", "SELECT $1::int"), bind, Execute(), Sync())
        assert client.replies.pop().sqlstate in ("08P01", "22P02", "22P03", "22023"), bind
    assert client.ask("SELECT 1").rows == [(b"1",)]


def all_quiet(clients: list[Client]) -> bool:
    return not any(client.closed for client in clients)


def test_others_are_served_while_one_misbehaves(host: Host) -> None:
    good = [host.connect() for _ in range(3)]
    bad = host.connect()
    bad.send(b"Q\x00\x10\x00\x00" + b"x" * 1000)
    for client in good:
        assert client.ask("SELECT 1").rows == [(b"1",)]
    assert all_quiet(good)


def test_an_empty_piece_of_copy_data_is_not_its_end(host: Host) -> None:
    client = host.connect()
    client.ask("CREATE TEMP TABLE pieces (a int)")
    client.send(framing.query("COPY pieces FROM STDIN"))
    client.send(framing.copy_data(b""))
    client.send(framing.copy_data(b"1\n") + framing.copy_data(b"") + framing.copy_data(b"2\n"))
    assert b"COPY 2\0" in client.send(framing.COPY_DONE)
