"""No server makes the native ClientMachine raise; pieces of its bytes give what the whole gives; Rows never exceed their credit.

The first byte of an input chooses the way in and how the rest is cut; the rest is what the server sends, wrapped as in native_server.py.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable

import fuzzing
from native_server import unwrap

from rustydb_proto import binary
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.framing import frame, server_preface
from rustydb_proto.binary.schema import RESPONSE_CODEC, Encoding

NOW = binary.Now(0, 0)
LIMITS = binary.Limits(frame_bytes_max=4096, handshake_bytes_max=2048, backlog_bytes_max=500, compress_bytes_min=50)
READY = m.Ready(1, b"", "RustyDB", ())
LAST = (e.ConnectionFailed, e.ConnectionEnded, e.ProtocolFailed, e.AuthenticationFailed)
CREDIT = 3


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return the events' types."""
    mode = data[0] if data else 0
    stream = unwrap(data[1:])
    encoding = Encoding(mode >> 1 & 1)
    if mode & 1:
        name = "bincode" if encoding is Encoding.BINCODE else "messagepack"
        welcome = m.Welcome(name, "none", 4096, 200, 5, 1000, 2, 10, 0, (), "NONE", b"")
        bodies = [RESPONSE_CODEC.encode(encoding, message) for message in (welcome, READY)]
        stream = server_preface(1, encoding.value) + frame(0, bodies[0]) + frame(0, bodies[1]) + stream
    events = converse(encoding, [stream])
    dice = random.Random(data[:1])
    pieces = []
    position = 0
    while position < len(stream):
        end = position + dice.choice((1, 2, 3, 5, 8, 100))
        pieces.append(stream[position:end])
        position = end
    assert repr(converse(encoding, pieces)) == repr(events), "the borders of pieces change the conversation"
    for event in events[:-1]:
        assert not isinstance(event, LAST), f"{event} is not the last event"
    return tuple(type(event) if not isinstance(event, e.ResponseReceived) else type(event.response) for event in events)


def converse(encoding: Encoding, pieces: Iterable[bytes]) -> list[e.ClientEvent]:
    """Run a whole connection whose client asks three things; return its events."""
    name = "bincode" if encoding is Encoding.BINCODE else "messagepack"
    machine = binary.ClientMachine(
        NOW, binary.Entropy(bytes(32)), user="ann", password="pencil", encodings=(name,), limits=LIMITS
    )
    events: list[e.ClientEvent] = []
    batches = 0
    for piece in [*filter(None, pieces), b""]:
        machine.receive_data(NOW, piece)
        while not isinstance(event := machine.next_event(), binary.Stop):
            events.append(event)
            if isinstance(event, e.SessionStarted) and machine.capacity >= 3:
                ask(machine)
            batches += isinstance(event, e.ResponseReceived) and isinstance(event.response, m.Rows)
        machine.data_to_send()
    assert machine.output_ended, f"the connection hangs in {machine.phase}"
    assert batches <= CREDIT, "more Rows than credit"
    return events


def ask(machine: binary.ClientMachine) -> None:
    """Send what the server's limits allow."""
    for message in (m.Execute("s", (), m.Options(credit=CREDIT)), m.BulkInsert("t", (), (), True), m.Ping()):
        try:
            machine.request(NOW, message)
        except binary.LocalProtocolError:
            return  # a server may say that it takes next to nothing


if __name__ == "__main__":
    fuzzing.main("native_client", check)
