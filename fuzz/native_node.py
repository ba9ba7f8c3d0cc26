"""Whatever a native client sends and whenever its connection breaks, the node never raises and never says XX000; the next client is served.

The first byte of an input chooses the encoding, the second seeds how the rest is cut into deliveries, and whether the socket is
blocked among them or the connection lost. The rest is what an authenticated client sends, wrapped as in native_server.py, so that
mutations keep frames. Sessions and transactions must be gone with the connection.
"""

from __future__ import annotations

import random
from collections.abc import Hashable

import fuzzing
import node as whole
from native_server import unwrap

from rustydb_proto import binary
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.framing import unpack_header
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.schema import RESPONSE_CODEC, Encoding
from rustydb_proto.core import io

NAMES = ("messagepack", "bincode")


class Client:
    """A native client of the node that `whole` keeps; everything that it is sent is collected."""

    def __init__(self, host: whole.Server, encoding: str) -> None:
        self.host = host
        self.conn = host.open()
        self.machine = binary.ClientMachine(
            host.now, binary.Entropy(bytes(32)), user="admin", password="admin", encodings=(encoding,)
        )
        self.events: list[e.ClientEvent] = []
        for _ in range(3):
            self.exchange()
        assert isinstance(self.events.pop(), e.SessionStarted), "the password is right"

    def exchange(self) -> None:
        """Send what the machine has, and read what comes."""
        self.host.last.pop(self.conn, None)
        data = self.machine.data_to_send()
        if data:
            self.host.step(io.Received(self.conn, data))
            self.machine.receive_data(self.host.now, self.host.last.pop(self.conn, b" "))
            while not isinstance(event := self.machine.next_event(), binary.Stop):
                self.events.append(event)


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    if len(data) < 2:
        return None
    host = whole.server()
    dice = random.Random(data[1])
    encoding = data[0] & 1
    client = Client(host, NAMES[encoding])
    conn = client.conn
    kinds = set()
    stream = unwrap(data[2:])
    position = 0
    while position < len(stream) and conn not in host.closed:
        end = position + dice.choice((1, 7, 40, 400, 4096))
        host.last.pop(conn, None)
        host.step(io.Received(conn, stream[position:end]))
        kinds.update(kinds_of(host.last.get(conn, b""), Encoding.BINCODE if encoding else Encoding.MESSAGEPACK))
        position = end
        if conn not in host.closed and dice.random() < 0.05:
            host.step(io.WriteBlocked(conn))
            host.step(io.WriteReady(conn))
    host.end(conn)
    assert host.node.sessions == {}, "sessions of a lost connection"
    assert host.node.shared.live.changes.count == 0, "subscriptions of a lost connection"
    probe = Client(host, NAMES[0])
    probe.machine.request(host.now, m.Query("SELECT 6 * 7"))
    probe.exchange()
    (answer,) = probe.events
    assert isinstance(answer, e.ResponseReceived) and isinstance(answer.response, m.QueryResult)
    assert answer.response.rows == ((42,),), answer
    host.end(probe.conn)
    return tuple(sorted(kinds))


def kinds_of(data: bytes, encoding: Encoding) -> set[str]:
    """Return the types of the responses in what was sent; an internal error is a failure."""
    kinds = set()
    position = 0
    while position + 9 <= len(data):
        length, _, _ = unpack_header(data, position)
        try:
            message = RESPONSE_CODEC.decode(encoding, data[position + 9 : position + 9 + length])
        except MalformedError:
            break
        if isinstance(message, m.Error):
            assert message.fields.sqlstate != "XX000", message
            kinds.add(message.fields.sqlstate)
        kinds.add(type(message).__name__)
        position += 9 + length
    return kinds


if __name__ == "__main__":
    fuzzing.main("native_node", check)
