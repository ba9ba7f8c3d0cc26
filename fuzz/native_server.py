"""No client makes the native ServerMachine raise; pieces of its bytes give what the whole gives; all it writes is well framed.

The first byte of an input chooses the way in and how the rest is cut. Byte strings of an input are wrapped: a run that begins with
an `F` and a length is a frame (the header is made for it), so that mutations of bodies keep their framing; everything else is sent
as it is.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable

import fuzzing

from rustydb_proto import binary
from rustydb_proto.binary import events as e
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.framing import COMPRESSED, PREFACE_BYTES, client_preface, frame, unpack_header
from rustydb_proto.binary.schema import REQUEST_CODEC, RESPONSE_CODEC, Encoding

NOW = binary.Now(0, 0)
LIMITS = binary.Limits(
    frame_bytes_max=4096,
    handshake_bytes_max=2048,
    sql_bytes_max=200,
    requests_max=5,
    requests_bytes_max=1000,
    upload_batches=2,
    batch_rows_max=10,
    backlog_bytes_max=500,
    compress_bytes_min=50,
)
COMPRESSIONS = ("", *binary.COMPRESSION_NAMES)
LAST = (e.Terminated, e.ConnectionEnded, e.ProtocolFailed, e.AuthenticationFailed)


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return the events' types."""
    mode = data[0] if data else 0
    stream = unwrap(data[1:])
    if mode & 1:
        encoding = Encoding(mode >> 1 & 1)
        wanted = COMPRESSIONS[(mode >> 2) % len(COMPRESSIONS)]
        hello = m.Hello("ann", "shop", "TOKEN", b"t", (), (wanted,), 4096, 0, "", (), ())
        stream = client_preface(encoding.value) + frame(0, REQUEST_CODEC.encode(encoding, hello)) + stream
    events, written = serve([stream])
    dice = random.Random(data[:1])
    pieces = []
    position = 0
    while position < len(stream):
        end = position + dice.choice((1, 2, 3, 5, 8, 100))
        pieces.append(stream[position:end])
        position = end
    assert serve(pieces) == (events, written), "the borders of pieces change the conversation"
    check_framing(written)
    for event in events[:-1]:
        assert not isinstance(event, LAST), f"{event} is not the last event"
    return tuple(type(event) if not isinstance(event, e.RequestReceived) else type(event.message) for event in events)


def unwrap(data: bytes) -> bytes:
    """Turn `F length request body` into frames, and `C length request body` into frames that are compressed, while it goes on so."""
    parts = []
    position = 0
    while data[position : position + 1] in (b"F", b"C") and position + 3 <= len(data):
        size, request = data[position + 1], data[position + 2]
        flags = COMPRESSED if data[position] == 0x43 else 0
        parts.append(frame(request, data[position + 3 : position + 3 + size], flags))
        position += 3 + size
    return b"".join(parts) + data[position:]


def serve(pieces: Iterable[bytes]) -> tuple[list[e.ServerEvent], bytes]:
    """Run a whole connection; return its events and what was written."""
    machine = binary.ServerMachine(NOW, binary.Entropy(bytes(32)), limits=LIMITS, mock_secret=b"secret")
    events: list[e.ServerEvent] = []
    written: list[bytes] = []
    for piece in [*filter(None, pieces), b""]:
        machine.receive_data(NOW, piece)
        while not isinstance(event := machine.next_event(), binary.Stop):
            events.append(event)
            answer(machine, event)
            assert machine.pending in (True, False) and machine.backlogged in (True, False)
            assert len(machine.open_requests) <= LIMITS.requests_max
        written.append(machine.data_to_send())
    assert machine.output_ended, f"the connection hangs in {machine.phase}"
    return events, b"".join(written)


def answer(machine: binary.ServerMachine, event: e.ServerEvent) -> None:
    """Be the application."""
    match event:
        case e.HelloReceived(mechanism="TOKEN"):
            machine.send(NOW, e.Authenticate("token"))
        case e.HelloReceived(mechanism="NONE"):
            machine.send(NOW, e.Authenticate("trust"))
        case e.HelloReceived():
            machine.send(NOW, e.Authenticate("scram-sha-256", "pencil"))
        case e.TokenReceived(token):
            machine.send(NOW, e.AcceptUser(token) if token else e.RejectUser())
        case e.Authenticated():
            machine.send(NOW, e.SessionReady(1, "RustyDB"))
        case e.RequestReceived(request, message):
            respond(machine, request, message)
        case e.CreditGranted(request):
            stream(machine, request)
        case e.CancelReceived(request):
            machine.answer(request, m.Error(m.ErrorFields("canceled", "57014")))


def respond(machine: binary.ServerMachine, request: int, message: m.Request) -> None:
    """Answer some requests at once, some in parts, some never."""
    match message:
        case m.Execute(parameters=parameters, options=options):
            if options is not None and options.credit:
                machine.answer(request, m.Columns(()), more=True)
                stream(machine, request)
            else:
                machine.answer(request, m.QueryResult((), (parameters,), 1, "SELECT 1"))
        case m.BulkInsert(more=True) | m.BulkRows(more=True):
            machine.answer(request, m.Granted(1), more=True)
        case m.Listen() | m.Query("w"):
            pass
        case _:
            machine.answer(request, m.Ok())


def stream(machine: binary.ServerMachine, request: int) -> None:
    """Send what the credit allows, at most two batches at a time."""
    for _ in range(min(2, machine.credit(request))):
        if machine.credit(request):
            machine.answer(request, m.Rows(((1, "x" * 60),)), more=True)


def check_framing(written: bytes) -> None:
    """Raise unless `written` is a preface and whole frames of responses."""
    position = PREFACE_BYTES if written else 0
    encoding = Encoding(written[5]) if written else Encoding.MESSAGEPACK
    while position < len(written):
        length, flags, _ = unpack_header(written, position)
        body = written[position + 9 : position + 9 + length]
        assert len(body) == length and flags & ~3 == 0, "the last frame is cut"
        if not flags & 1:
            message = RESPONSE_CODEC.decode(encoding, body)
            if isinstance(message, m.Welcome):
                encoding = binary.ENCODING_NAMES[message.encoding]
        position += 9 + length


if __name__ == "__main__":
    fuzzing.main("native_server", check)
