"""What the server machine says to malformed messages is what PostgreSQL 15 says, code, words and severity."""

from __future__ import annotations

import socket

import pytest
from pg_oracle import Oracle
from pg_support import START, open_session

from rustydb_proto.pg import MessageRejected, ProtocolFailed, framing

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
