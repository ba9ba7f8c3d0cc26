"""Whatever arrives before, in or after a handshake, TLS never raises, loses nothing it has accepted, keeps little, and ends once.

The first byte of an input says where the rest goes: 0 to a new server, 1 to a new client, 2 to a server and 3 to a client behind
a handshake, 4 as changes of what a client sends in its handshake, 5 as changes of what it sends behind it. A change is 4 bytes:
what (flip, drop, double, cut), where (2 bytes), and a value.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Hashable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import fuzzing

from rustydb_proto.core.machine import PAUSED, Stop
from rustydb_proto.core.time import Now
from rustydb_proto.tls import (
    ClientContext,
    DataReceived,
    EndReceived,
    HandshakeCompleted,
    Limits,
    ServerContext,
    TlsEvent,
    TlsFailed,
    TlsMachine,
)
from tests.support.certificates import Authority, client_context

NOW = Now(0, 0)
AUTHORITY = Authority()
LIMITS = Limits(handshake_bytes_max=20_000)
SAID = b"the quick brown fox" * 40
SENT_BYTES_MAX = 64 << 10
MODES = 6
CHANGES_MAX = 64


def contexts() -> tuple[ServerContext, ClientContext]:
    """Return the two sides."""
    server = AUTHORITY.issue("db.example", names=["db.example"])
    verify = server.context(AUTHORITY, ssl.CERT_OPTIONAL, alpn=("postgresql", "http/1.1"))
    return verify, ClientContext(client_context(AUTHORITY, alpn=("postgresql",)), "db.example")


SERVER, CLIENT = contexts()


class End:
    """One side, and what it said."""

    def __init__(self, context: ServerContext | ClientContext) -> None:
        self.machine = TlsMachine(NOW, context, limits=LIMITS)
        self.events: list[TlsEvent] = []
        self.sent = 0
        self.pull()

    def take(self, data: bytes) -> None:
        """Receive bytes, and whatever follows."""
        self.machine.receive_data(NOW, data)
        self.pull()

    def pull(self) -> None:
        """Take every event."""
        while not isinstance(event := self.machine.next_event(), Stop):
            assert not self.over, f"{event} after the end"
            self.events.append(event)
        assert event is PAUSED or not self.over, "after the end there is a pause"
        assert not self.machine.backlogged, "what was received is taken"

    def give(self) -> bytes:
        """Return the bytes for the other side."""
        data = self.machine.data_to_send()
        self.sent += len(data)
        return data

    @property
    def over(self) -> bool:
        """Whether the last event was said."""
        return bool(self.events) and isinstance(self.events[-1], TlsFailed | EndReceived)

    def finish(self) -> Hashable:
        """End the connection; return what happened."""
        self.take(b"")
        assert self.over, "the end of the transport is the end"
        self.machine.close()
        self.give()
        assert self.machine.output_ended and self.machine.deadline() is None
        return tuple(
            (type(event).__name__, event.reason if isinstance(event, TlsFailed) else "") for event in self.events
        )

    @property
    def data(self) -> bytes:
        """What was decrypted."""
        return b"".join(event.data for event in self.events if isinstance(event, DataReceived))


def shake(server: End, client: End) -> None:
    """Let two ends come together."""
    while data := client.give():
        server.take(data)
        client.take(answer) if (answer := server.give()) else None
    assert isinstance(server.events[0], HandshakeCompleted) and isinstance(client.events[0], HandshakeCompleted)


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    mode, rest = (data[0] % MODES, data[1:]) if data else (0, b"")
    server, client = End(SERVER), End(CLIENT)
    if mode in (2, 3, 5):
        shake(server, client)
        client.machine.write(SAID)
        said = client.give()
        server.take(said if mode != 5 else changed(said, rest))
        assert SAID.startswith(server.data), "only what was said"
    if mode in (0, 2):
        feed(server, rest)
    elif mode in (1, 3):
        feed(client, rest)
    elif mode == 4:
        server.take(changed(client.give(), rest[: len(rest) // 2]))
        if answer := server.give():
            client.take(answer)
            if finished := client.give():
                server.take(changed(finished, rest[len(rest) // 2 :]))
    ends = server.finish(), client.finish()
    assert server.sent + client.sent < SENT_BYTES_MAX, "no flood of answers"
    return mode, ends


def feed(end: End, data: bytes) -> None:
    """Deliver bytes in pieces of growing sizes."""
    size = 1
    while data:
        end.take(data[:size])
        data = data[size:]
        size *= 2


def changed(data: bytes, script: bytes) -> bytes:
    """Return bytes with the changes of a script."""
    result = bytearray(data)
    for at in range(0, min(len(script) - 3, 4 * CHANGES_MAX), 4):
        what, where, number = script[at] % 4, int.from_bytes(script[at + 1 : at + 3], "big"), script[at + 3]
        where %= max(len(result), 1)
        if what == 0 and result:
            result[where] ^= number
        elif what == 1:
            del result[where : where + number]
        elif what == 2:
            result[where:where] = result[where : where + number]
        elif what == 3:
            del result[where:]
    return bytes(result)


def seeds() -> dict[str, bytes]:
    """Return the corpus as it is in fuzz/corpus/tls."""
    record = hello(b"")
    named = hello(b"\0\0\0\x0f\0\x0d\0\0\x0ad\xe2.example")  # Python complained of such a name on standard error
    alert = b"\x15\x03\x03\x00\x02\x02\x28"
    return {
        "hello": b"\0" + record,
        "hello_name_not_ascii": b"\0" + named,
        "hello_long": b"\0" + b"\x16\x03\x01\x40\x00\x01\xff\xff\xff\x03\x03" + bytes(300),
        "http": b"\0GET / HTTP/1.1\r\n\r\n",
        "alert_to_client": b"\1" + alert,
        "alert_behind": b"\2" + alert,
        "plaintext_behind": b"\2" + b"\x17\x03\x03\x00\x04abcd",
        "ccs_behind": b"\3" + b"\x14\x03\x03\x00\x01\x01",
        "client_behind": b"\3" + b"\x17\x03\x03\x00\x20" + bytes(32),
        "change_hello": b"\4" + b"\0\0\x30\x01" + b"\1\0\x80\x02",
        "change_finished": b"\4" + bytes(8) + b"\0\0\x10\x80\2\0\0\x10",
        "unchanged": b"\4",
        "change_data": b"\5" + b"\0\0\x20\x01",
        "cut_data": b"\5" + b"\3\0\x20\x00",
        "double_data": b"\5" + b"\2\0\0\xff",
    }


def hello(extensions: bytes) -> bytes:
    """Return a ClientHello in one record."""
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + len(extensions).to_bytes(2, "big") + extensions
    message = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(message).to_bytes(2, "big") + message


if __name__ == "__main__":
    fuzzing.main("tls", check)
