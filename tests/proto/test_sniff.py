"""What a peer speaks is decided from its first bytes: at once where that is possible, and never wrongly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pg_support import CUTS

from rustydb_proto.core.machine import NEED_DATA, PAUSED, Stop
from rustydb_proto.core.time import Now
from rustydb_proto.pg import framing
from rustydb_proto.sniff import (
    BY_ALPN,
    HTTP2_PREFACE,
    METHOD_BYTES_MAX,
    NATIVE_MAGIC,
    PREFIX_BYTES_MAX,
    Protocol,
    ProtocolDetected,
    Sniffer,
    SniffFailed,
    Undecided,
    detect,
)

START = Now(0, 0)
EVERYTHING = frozenset(Protocol)
GSSENC = b"\0\0\0\x08\x04\xd2\x16\x30"
CLIENT_HELLO = bytes.fromhex("16030100c4010000c00303") + bytes(40)

# What is sent, what it is, and after how many bytes that is certain.
FIRST_BYTES = [
    (framing.startup({"user": "ann"}), Protocol.POSTGRESQL, 1),
    (framing.ssl_request(), Protocol.POSTGRESQL, 1),
    (GSSENC, Protocol.POSTGRESQL, 1),
    (framing.cancel_request(7, bytes(4)), Protocol.POSTGRESQL, 1),
    (NATIVE_MAGIC + b"\1\2\3", Protocol.NATIVE, 4),
    (CLIENT_HELLO, Protocol.TLS, 6),
    (bytes.fromhex("160304004001") + bytes(60), Protocol.TLS, 6),
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Protocol.HTTP1, 4),
    (b"\r\nPOST /q HTTP/1.1\r\n", Protocol.HTTP1, 7),
    (b"get / HTTP/1.1\r\n", Protocol.HTTP1, 4),
    (b"VERSION-CONTROL /a HTTP/1.1\r\n", Protocol.HTTP1, 16),
    (b"PRI / HTTP/1.1\r\n\r\n", Protocol.HTTP1, 5),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", Protocol.HTTP1, 24),
    (b"PRIX / HTTP/1.1", Protocol.HTTP1, 5),
    (HTTP2_PREFACE + b"\0\0\0\4", Protocol.HTTP2, 24),
]
UNKNOWN = [
    (b"\x01", 1),
    (b"\xff\xff", 1),
    (b"\xabRDX", 4),
    (b"\xabX", 2),
    (b"\xac", 1),
    (b"\x16\x04", 2),
    (b"\x16\x03\x05", 3),
    (b"\x16\x03\x01\x00\x00", 5),
    (b"\x16\x03\x01\x40\x01", 5),
    (b"\x16\x03\x01\x00\x40\x02", 6),
    (b"\x80\x2e\x01\x03\x01", 1),  # a hello of SSL 2
    (b" GET", 1),
    (b"\r\r", 2),
    (b"\r\n\r\n", 3),
    (b"\nGET", 1),
    (b"SSH-2.0-OpenSSH_9.2\r\n", 20),
    (b"x" * 40, METHOD_BYTES_MAX + 1),
    (b"\r\n" + b"x" * 40, METHOD_BYTES_MAX + 3),
]


def sniffed(data: bytes, allowed: frozenset[Protocol] = EVERYTHING) -> Sniffer:
    machine = Sniffer(START, allowed)
    machine.receive_data(START, data)
    return machine


@pytest.mark.parametrize(("data", "protocol", "certain_after"), FIRST_BYTES)
def test_each_protocol_is_known_as_soon_as_it_is_certain(data: bytes, protocol: Protocol, certain_after: int) -> None:
    for size in range(certain_after):
        assert detect(data[:size]) is Undecided.NEED_MORE
    for size in range(certain_after, len(data) + 1):
        assert detect(data[:size]) is protocol


@pytest.mark.parametrize(("data", "certain_after"), UNKNOWN)
def test_what_begins_no_protocol_is_known_as_soon_as_it_is_certain(data: bytes, certain_after: int) -> None:
    for size in range(certain_after):
        assert detect(data[:size]) is Undecided.NEED_MORE, size
    for size in range(certain_after, len(data) + 1):
        assert detect(data[:size]) is Undecided.UNKNOWN


@given(st.one_of(st.binary(max_size=40), st.sampled_from([row[0] for row in FIRST_BYTES])), st.binary(max_size=8))
def test_a_decision_on_a_prefix_is_the_decision_on_all_that_begins_with_it(data: bytes, more: bytes) -> None:
    decided = [found for size in range(len(data) + 1) if (found := detect(data[:size])) is not Undecided.NEED_MORE]
    assert len(set(decided)) <= 1
    if decided:
        assert detect(data + more) is decided[0]
    if len(data) >= PREFIX_BYTES_MAX:
        assert decided


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(("data", "protocol", "certain_after"), FIRST_BYTES)
def test_the_bytes_are_handed_over_untouched(data: bytes, protocol: Protocol, certain_after: int, cut: object) -> None:
    machine = Sniffer(START, EVERYTHING)
    events = []
    for chunk in cut(data):  # type: ignore[operator]  # one of CUTS
        machine.receive_data(START, chunk)
        while not isinstance(event := machine.next_event(), Stop):
            events.append(event)
    assert events == [ProtocolDetected(protocol)]
    assert machine.next_event() is PAUSED and machine.output_ended
    machine.receive_data(START, b"")
    assert machine.take_unread() == (data, True)
    assert machine.take_unread() == (b"", True)
    assert machine.data_to_send() == b""


def test_a_protocol_that_is_not_allowed_is_refused_by_name() -> None:
    machine = sniffed(b"GET / HTTP/1.1\r\n\r\n", frozenset({Protocol.POSTGRESQL}))
    assert machine.next_event() == SniffFailed("refused", "http/1.1 is not spoken here", Protocol.HTTP1)
    assert machine.next_event() is PAUSED


def test_unknown_bytes_are_shown() -> None:
    assert sniffed(b"\xabRXD1234567").next_event() == SniffFailed("unknown", "no protocol begins with ab 52 58")


@pytest.mark.parametrize("data", [b"", b"GE", b"\x16\x03", HTTP2_PREFACE[:-1]])
def test_an_end_before_the_decision_is_an_event(data: bytes) -> None:
    machine = sniffed(data) if data else Sniffer(START, EVERYTHING)
    assert machine.next_event() is NEED_DATA
    machine.receive_data(START, b"")
    event = machine.next_event()
    assert isinstance(event, SniffFailed) and event.code == "ended"


def test_a_peer_that_says_nothing_has_until_the_deadline() -> None:
    machine = Sniffer(START, EVERYTHING, decide_ns=5)
    assert machine.deadline() == 5
    machine.handle_timeout(Now(4, 0))
    assert machine.next_event() is NEED_DATA
    machine.receive_data(START, b"G")
    machine.handle_timeout(Now(5, 0))
    assert machine.next_event() == SniffFailed("timeout", "nothing to decide by after 1 bytes")
    assert machine.deadline() is None


def test_a_decision_stops_the_clock() -> None:
    machine = sniffed(b"\0")
    assert machine.next_event() == ProtocolDetected(Protocol.POSTGRESQL)
    assert machine.deadline() is None


def test_names_of_alpn_lead_to_what_is_spoken_inside_tls() -> None:
    assert BY_ALPN["postgresql"] is Protocol.POSTGRESQL
    assert set(BY_ALPN.values()) == EVERYTHING - {Protocol.TLS}
