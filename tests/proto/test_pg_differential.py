"""What the server machine says to malformed messages is what PostgreSQL 15 says, code, words and severity."""

from __future__ import annotations

import socket

import pytest
from pg_oracle import Oracle
from pg_support import START, open_session, server

from rustydb_proto.pg import MessageRejected, ProtocolFailed, StartupReceived, framing

CASES = [
    framing.message(b"Q", b"select 1"),
    framing.message(b"Q", b""),
    framing.message(b"Q", b"select 1\0x"),
    framing.message(b"Q", b"select '\xff'\0"),
    framing.message(b"Q", b"select '\xe2\x82\0"),
    framing.message(b"Q", b"select '\xc3('\0"),
    framing.message(b"Q", b"select '\xed\xa0\x80'\0"),
    framing.message(b"Q", b"select '\xf8\x80\x80\x80\x80'\0"),
    framing.message(b"Q", b"select '\xf4\x90\x80\x80'\0"),
    framing.message(b"P", b""),
    framing.message(b"P", b"s\0select"),
    framing.message(b"P", b"s\0select 1\0"),
    framing.message(b"P", b"s\0select 1\0\0\2\0\0\0\0"),
    framing.message(b"P", b"s\0select 1\0\0\0x"),
    framing.message(b"B", b""),
    framing.message(b"B", b"p\0s"),
    framing.message(b"D", b""),
    framing.message(b"D", b"S"),
    framing.message(b"D", b"Xs\0"),
    framing.message(b"C", b"Xs\0"),
    framing.message(b"C", b"Ss\0\0"),
    framing.message(b"E", b""),
    framing.message(b"E", b"p\0\0"),
    framing.message(b"E", b"\0\0\0\0\0\0"),
    framing.message(b"H", b"x"),
    framing.message(b"S", b"x"),
    framing.message(b"F", b"\0"),
    b"q\0\0\0\4",
    b"R\0\0\0\4",
    b"\0\0\0\0\4",
]


def read_until(connection: socket.socket, suffix: bytes) -> bytes:
    data = b""
    while not data.endswith(suffix):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


@pytest.mark.parametrize("data", CASES)
def test_a_malformed_message_is_refused_in_postgresqls_words(oracle: Oracle, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", oracle.port), timeout=10) as connection:
        connection.sendall(framing.startup({"user": "trusted", "database": "postgres"}))
        read_until(connection, framing.READY_IDLE)
        connection.sendall(data + framing.SYNC)
        answer = read_until(connection, framing.READY_IDLE)
    assert answer[:1] == b"E"
    length = int.from_bytes(answer[1:5], "big")
    theirs = {field[:1]: field[1:].decode() for field in answer[5 : 1 + length].split(b"\0") if field}

    machine = open_session()
    machine.receive_data(START, data + framing.SYNC)
    event = machine.next_event()
    assert isinstance(event, MessageRejected | ProtocolFailed)
    assert (event.sqlstate, event.message) == (theirs[b"C"], theirs[b"M"])
    assert isinstance(event, ProtocolFailed) == (theirs[b"V"] == "FATAL")


def packet(code: int, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + code.to_bytes(4, "big") + body


USER = b"user\0trusted\0database\0postgres\0"
V3 = framing.PROTOCOL_3_0
# Packets that both end with an answer, or with silence.
STARTUPS = {
    "no length": b"\0\0\0\0",
    "a short length": b"\0\0\0\7abc",
    "a long length": (10_001).to_bytes(4, "big"),
    "half a length": b"\0\0",
    "nothing": b"",
    "a short cancel request": packet(framing.CANCEL_CODE, bytes(4)),
    "a long cancel request": packet(framing.CANCEL_CODE, bytes(12)),
    "a cancel request for nobody": packet(framing.CANCEL_CODE, bytes(8)),
    "version 2": packet(2 << 16, USER + b"\0"),
    "version 4": packet(4 << 16, USER + b"\0"),
    "no user": packet(V3, b"database\0x\0\0"),
    "an empty user": packet(V3, b"user\0\0\0"),
    "no terminator": packet(V3, b"user\0trusted"),
    "no body": packet(V3, b""),
    "bytes behind the terminator": packet(V3, USER + b"\0x\0"),
    "a name without a value": packet(V3, b"user\0trusted\0database\0\0"),
    "replication that is neither": packet(V3, USER + b"replication\0maybe\0\0"),
}


def error_of(answer: bytes) -> dict[bytes, bytes]:
    """Return the fields of the ErrorResponse in an answer, without the place in the server's source."""
    assert answer[:1] == b"E"
    length = int.from_bytes(answer[1:5], "big")
    fields = {field[:1]: field[1:] for field in answer[5 : 1 + length].split(b"\0") if field}
    return {code: text for code, text in fields.items() if code not in b"FLR"}


@pytest.mark.parametrize("name", STARTUPS)
def test_a_startup_that_leads_nowhere_is_answered_as_by_postgresql(oracle: Oracle, name: str) -> None:
    data = STARTUPS[name]
    with socket.create_connection(("127.0.0.1", oracle.port), timeout=10) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        theirs = read_until(connection, b"never")
    machine = server(replication=True)
    machine.receive_data(START, data)
    machine.next_event()
    machine.receive_data(START, b"")
    machine.next_event()
    ours = machine.data_to_send()
    if theirs[:1] == b"E" and theirs[1:2] == b"\0":
        assert error_of(ours) == error_of(theirs)
    else:
        assert ours == theirs
    assert machine.output_ended


@pytest.mark.parametrize(
    ("version", "more"), [(V3 + 1, b""), (V3 + 2, b""), (V3 + 99, b"_pq_.a\0b\0"), (V3, b"_pq_.a\0b\0")]
)
def test_a_newer_version_is_negotiated_as_by_postgresql(oracle: Oracle, version: int, more: bytes) -> None:
    data = packet(version, USER + more + b"\0")
    with socket.create_connection(("127.0.0.1", oracle.port), timeout=10) as connection:
        connection.sendall(data)
        theirs = read_until(connection, framing.READY_IDLE)
    machine = server()
    machine.receive_data(START, data)
    assert isinstance(machine.next_event(), StartupReceived)
    ours = machine.data_to_send()
    assert ours and theirs.startswith(ours + framing.AUTHENTICATION_OK)
