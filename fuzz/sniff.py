"""Sniffing decides the same however bytes are cut, after few of them, never on a prefix against the whole, and never raises.

The first byte of an input says which protocols are allowed and seeds how the rest is cut.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import fuzzing

from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import Now
from rustydb_proto.sniff import PREFIX_BYTES_MAX, Protocol, ProtocolDetected, Sniffer, SniffFailed, Undecided, detect

NOW = Now(0, 0)


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    choice, rest = (data[0], data[1:]) if data else (255, b"")
    allowed = frozenset(protocol for bit, protocol in enumerate(Protocol) if choice >> bit & 1)
    whole = decide(allowed, [rest])
    assert decide(allowed, [rest[at : at + 1] for at in range(len(rest))]) == whole, "byte by byte"
    assert decide(allowed, fuzzing.pieces(rest, choice)) == whole, "in pieces"
    found = detect(rest)
    for size in range(min(len(rest), PREFIX_BYTES_MAX) + 1):
        assert detect(rest[:size]) in (found, Undecided.NEED_MORE), f"{size} bytes say something else"
    assert found is not Undecided.NEED_MORE or len(rest) < PREFIX_BYTES_MAX, "few bytes decide"
    return choice & 31, found, type(whole)


def decide(allowed: frozenset[Protocol], chunks: list[bytes]) -> ProtocolDetected | SniffFailed:
    """Return the one event of a connection that sends these chunks, and ends."""
    machine = Sniffer(NOW, allowed)
    events = []
    for chunk in [*filter(None, chunks), b""]:
        machine.receive_data(NOW, chunk)
        while not isinstance(event := machine.next_event(), Stop):
            events.append(event)
    assert len(events) == 1, "one decision"
    assert machine.take_unread() == (b"".join(chunks), True), "no byte is lost"
    assert machine.deadline() is None, "the clock stops"
    if isinstance(events[0], ProtocolDetected):
        assert events[0].protocol in allowed, "only what is allowed"
    return events[0]


def seeds() -> dict[str, bytes]:
    """Return the corpus as it is in fuzz/corpus/sniff."""
    return {
        "startup": b"\xff\0\0\0\x0d\0\3\0\0user\0",
        "ssl_request": b"\xff\0\0\0\x08\x04\xd2\x16\x2f",
        "native": b"\xff\xabRDB\1",
        "tls": b"\xff\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03\x03",
        "http1": b"\xffGET / HTTP/1.1\r\n\r\n",
        "http1_empty_line": b"\xff\r\nDELETE /x HTTP/1.1\r\n",
        "http2": b"\xffPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4",
        "refused": b"\1GET / HTTP/1.1\r\n\r\n",
        "ssh": b"\xffSSH-2.0-OpenSSH_9.2\r\n",
    }


if __name__ == "__main__":
    fuzzing.main("sniff", check)
