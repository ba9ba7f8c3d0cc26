"""Which protocol a peer speaks, decided from the first bytes it sends: many protocols on one port.

    sniffer = Sniffer(now, {Protocol.POSTGRESQL, Protocol.TLS, Protocol.HTTP1})
    sniffer.receive_data(now, data)
    match sniffer.next_event():
        case ProtocolDetected(protocol): start its machine; feed it sniffer.take_unread()
        case SniffFailed(code, reason):  close; there is nobody to answer to
        case NEED_DATA:                  wait, until sniffer.deadline()

What each protocol begins with, and when it is certain:

    PostgreSQL   00                    the length of a startup, SSLRequest, GSSENCRequest or cancel packet, below 2^24
    native       AB 52 44 42           AB "RDB"
    TLS          16 03 vv ll ll 01     a handshake record with a ClientHello in it (RFC 8446 5.1; SSL 2 is not TLS)
    HTTP/1.1     token SP              a method (RFC 9112 3), perhaps after one empty line
    HTTP/2       PRI * HTTP/2.0 ...    the whole connection preface (RFC 9113 3.4), 24 bytes

The first bytes differ, so no decision can be wrong: what `detect` says of a prefix it says of everything that begins with
it. Whether the rest of the packet is right is the business of the protocol's own machine, whose words for what is wrong its
clients know. At most PREFIX_BYTES_MAX bytes decide.

After TLS the same machine looks at the decrypted bytes, unless ALPN has decided: `BY_ALPN` has the names.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import Enum
from typing import Final

from rustydb_proto.core.machine import NEED_DATA, PAUSED, NeedData, Paused, Timers
from rustydb_proto.core.time import Now
from rustydb_proto.core.value import value


class Protocol(Enum):
    """What may be spoken."""

    POSTGRESQL = "postgresql"
    NATIVE = "native"
    TLS = "tls"
    HTTP1 = "http/1.1"
    HTTP2 = "http/2"


BY_ALPN: Final[Mapping[str, Protocol]] = {
    "postgresql": Protocol.POSTGRESQL,
    "rustydb": Protocol.NATIVE,
    "http/1.1": Protocol.HTTP1,
    "h2": Protocol.HTTP2,
}
"""The protocol for each name in TLS's application layer protocol negotiation (RFC 7301)."""

DECIDE_NS: Final = 60_000_000_000
NATIVE_MAGIC: Final = b"\xabRDB"
HTTP2_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
METHOD_BYTES_MAX: Final = 24
PREFIX_BYTES_MAX: Final = len(b"\r\n") + METHOD_BYTES_MAX + 1
RECORD_BYTES_MAX: Final = 1 << 14
# RFC 9110 5.6.2: what a method is made of.
_TOKEN: Final = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@value
class ProtocolDetected:
    """The peer speaks this protocol, which is one of those allowed; its bytes are in `take_unread`."""

    protocol: Protocol


@value
class SniffFailed:
    """The end: `unknown` (no protocol begins so), `refused` (one that is not allowed), `ended`, or `timeout`."""

    code: str
    reason: str
    protocol: Protocol | None = None
    """The one that is refused, for a word in its own language."""


class Undecided(Enum):
    """What `detect` says when it is not sure, and when it is sure that nothing begins so."""

    NEED_MORE = "need more"
    UNKNOWN = "unknown"


def detect(prefix: bytes) -> Protocol | Undecided:
    """Return the protocol that begins with `prefix`; NEED_MORE only for less than PREFIX_BYTES_MAX bytes."""
    if not prefix:
        return Undecided.NEED_MORE
    first = prefix[0]
    if first == 0x00:
        return Protocol.POSTGRESQL
    if first == 0x16:
        return _detect_tls(prefix)
    if first == 0xAB:
        return _detect_magic(prefix)
    return _detect_http(prefix)


def _detect_magic(prefix: bytes) -> Protocol | Undecided:
    if prefix.startswith(NATIVE_MAGIC):
        return Protocol.NATIVE
    return Undecided.NEED_MORE if NATIVE_MAGIC.startswith(prefix) else Undecided.UNKNOWN


def _detect_tls(prefix: bytes) -> Protocol | Undecided:
    """ContentType handshake, legacy_record_version 3.x, length, msg_type client_hello."""
    size = len(prefix)
    if size > 1 and prefix[1] != 3:
        return Undecided.UNKNOWN
    if size > 2 and prefix[2] > 4:
        return Undecided.UNKNOWN
    if size > 4 and not 4 <= int.from_bytes(prefix[3:5], "big") <= RECORD_BYTES_MAX:
        return Undecided.UNKNOWN
    if size > 5:
        return Protocol.TLS if prefix[5] == 1 else Undecided.UNKNOWN
    return Undecided.NEED_MORE


def _detect_http(prefix: bytes) -> Protocol | Undecided:
    start = 0
    if prefix[0] == 0x0D:
        # RFC 9112 2.2: a server SHOULD ignore at least one empty line (CRLF) received prior to the request-line.
        if prefix[1:2] not in (b"\n", b""):
            return Undecided.UNKNOWN
        start = 2
    elif prefix.startswith(b"PRI "):
        if prefix.startswith(HTTP2_PREFACE):
            return Protocol.HTTP2
        return Undecided.NEED_MORE if HTTP2_PREFACE.startswith(prefix) else Protocol.HTTP1
    for position in range(start, min(len(prefix), start + METHOD_BYTES_MAX + 1)):
        byte = prefix[position]
        if byte == 0x20 and position > start:
            return Protocol.HTTP1
        if byte not in _TOKEN:
            return Undecided.UNKNOWN
    return Undecided.NEED_MORE if len(prefix) - start <= METHOD_BYTES_MAX else Undecided.UNKNOWN


class Sniffer:
    """The first moments of a connection. Writes nothing; one event is its first and its last."""

    __slots__ = ("_allowed", "_data", "_done", "_eof", "_failure", "_timers")

    def __init__(self, now: Now, allowed: Set[Protocol], *, decide_ns: int = DECIDE_NS) -> None:
        self._allowed = allowed
        self._data = bytearray()
        self._eof = False
        self._done = False
        self._failure: SniffFailed | None = None
        self._timers = Timers()
        self._timers.set("decide", now.mono_ns + decide_ns)

    def receive_data(self, now: Now, data: bytes) -> None:
        """Take bytes from the peer; b"" is its end of file."""
        if data:
            self._data += data
        else:
            self._eof = True

    def next_event(self) -> ProtocolDetected | SniffFailed | NeedData | Paused:
        """Return the decision once; PAUSED after it."""
        if self._done:
            return PAUSED
        event = self._failure or self._decide()
        if event is not None:
            self._done = True
            self._timers.clear()
            return event
        return NEED_DATA

    def _decide(self) -> ProtocolDetected | SniffFailed | None:
        prefix = bytes(self._data[:PREFIX_BYTES_MAX])
        found = detect(prefix)
        if found is Undecided.NEED_MORE:
            if not self._eof:
                return None
            return SniffFailed("ended", f"the connection ended after {len(prefix)} bytes that begin no protocol")
        if found is Undecided.UNKNOWN:
            # As many bytes as decide, so that the words do not depend on how the bytes were cut.
            size = next(n for n in range(1, len(prefix) + 1) if detect(prefix[:n]) is Undecided.UNKNOWN)
            return SniffFailed("unknown", f"no protocol begins with {prefix[:size].hex(' ')}")
        assert isinstance(found, Protocol), "the two others were looked at"
        if found not in self._allowed:
            return SniffFailed("refused", f"{found.value} is not spoken here", found)
        return ProtocolDetected(found)

    def data_to_send(self) -> bytes:
        """Return b"": this machine only listens."""
        return b""

    @property
    def output_ended(self) -> bool:
        """Whether the decision was made."""
        return self._done

    def deadline(self) -> int | None:
        """Return when `handle_timeout` is due (`mono_ns`), or None."""
        return self._timers.deadline()

    def handle_timeout(self, now: Now) -> None:
        """Give up when time is over."""
        if self._timers.due(now):
            self._failure = SniffFailed("timeout", f"nothing to decide by after {len(self._data)} bytes")

    def take_unread(self) -> tuple[bytes, bool]:
        """Return every byte that came, and whether the end of file did; the machine forgets the bytes."""
        data, self._data = bytes(self._data), bytearray()
        return data, self._eof
