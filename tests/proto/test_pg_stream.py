"""Messages framed and not looked into: borders, kinds, limits, and what they decode to."""

from __future__ import annotations

import pytest
from pg_support import CUTS, STARTUP

from rustydb_proto.pg import (
    BindReceived,
    CommandCompleted,
    Limits,
    MessageStream,
    QueryReceived,
    RowsReceived,
    WireMessage,
    decode_message,
    framing,
)

FROM_CLIENT = [
    ("gssenc", framing.gssenc_request()),
    ("ssl", framing.ssl_request()),
    ("startup", STARTUP),
    ("p", framing.password_message(b"secret")),
    ("Q", framing.query("select 'ü'")),
    ("B", framing.bind("", "s", [b"1", None])),
    ("d", framing.copy_data(b"")),
    ("\xff", framing.message(b"\xff", b"who knows")),
    ("X", framing.TERMINATE),
]
FROM_SERVER = [
    ("answer", b"N"),
    ("R", framing.AUTHENTICATION_OK),
    ("D", framing.data_row([b"1", None])),
    ("C", framing.command_complete("SELECT 1")),
    ("Z", framing.READY_IDLE),
]


def messages_of(stream: MessageStream) -> list[WireMessage]:
    found = []
    while (message := stream.next_message()) is not None:
        found.append(message)
    return found


@pytest.mark.parametrize("cut", CUTS)
def test_a_clients_messages_come_whole_and_unchanged(cut) -> None:
    stream = MessageStream("client")
    found: list[WireMessage] = []
    for piece in cut(b"".join(data for _, data in FROM_CLIENT)):
        stream.feed(piece)
        found += messages_of(stream)
    assert [(message.kind, message.data) for message in found] == FROM_CLIENT
    assert stream.failed is None and stream.unread_bytes == 0


@pytest.mark.parametrize("cut", CUTS)
def test_a_servers_messages_follow_the_answer_to_an_ssl_request(cut) -> None:
    stream = MessageStream("server")
    stream.expect_byte()
    found: list[WireMessage] = []
    for piece in cut(b"".join(data for _, data in FROM_SERVER)):
        stream.feed(piece)
        found += messages_of(stream)
    assert [(message.kind, message.data) for message in found] == FROM_SERVER


def test_a_cancel_request_is_a_kind_of_its_own() -> None:
    stream = MessageStream("client")
    stream.feed(framing.cancel_request(1, b"key!"))
    (message,) = messages_of(stream)
    assert message.kind == "cancel" and message.body == framing.cancel_request(1, b"key!")[4:]


def test_messages_decode_to_the_events_of_the_machines() -> None:
    events = [decode_message(WireMessage("client", kind, data)) for kind, data in FROM_CLIENT]
    assert events[4] == QueryReceived("select 'ü'")
    assert events[5] == BindReceived("", "s", (), [b"1", None], ())
    assert events[:4] == [None] * 4 and events[7] is None
    events = [decode_message(WireMessage("server", kind, data)) for kind, data in FROM_SERVER]
    assert events[2:4] == [RowsReceived([(b"1", None)]), CommandCompleted("SELECT 1")]
    assert decode_message(WireMessage("client", "Q", framing.message(b"Q", b"\xff\0"))) is None
    assert decode_message(WireMessage("server", "D", framing.message(b"D", b"\0"))) is None
    assert decode_message(WireMessage("server", "T", framing.message(b"T", b"\0\1"))) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\0\0\0\7\0\3\0\0", "invalid length of startup packet: 7"),
        (b"GET / HTTP/1.1", "invalid length of startup packet: 1195725856"),
        (STARTUP + b"Q\0\0\0\3", "invalid message length 3 in a message of type 'Q'"),
        (STARTUP + b"Q\xff\xff\xff\xff", "invalid message length 4294967295 in a message of type 'Q'"),
    ],
)
def test_an_impossible_length_ends_the_stream(data: bytes, reason: str) -> None:
    stream = MessageStream("client")
    stream.feed(data)
    messages_of(stream)
    assert stream.failed == reason
    stream.feed(framing.SYNC)
    assert stream.next_message() is None and stream.unread_bytes == 0


def test_a_message_over_the_limit_is_refused_before_it_comes() -> None:
    stream = MessageStream("server", Limits(message_bytes_max=100))
    stream.feed(framing.copy_data(bytes(96)) + framing.copy_data(bytes(97))[:5])
    assert len(messages_of(stream)) == 1
    assert stream.failed == "invalid message length 101 in a message of type 'd'"
