"""No server makes ClientMachine raise or hold more than its limits; pieces of its bytes give what the whole gives; rows keep their number and order.

The first byte of an input chooses how the rest, the server's bytes, is cut, whether rows are decoded, whether TLS is asked for and which
version. The client sends a pipeline, queries and copy data whenever it may.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable

import fuzzing

from rustydb_proto import pg

NOW = pg.Now(0, 0)
LIMITS = pg.Limits(message_bytes_max=2000, backlog_bytes_max=500)
SHORT_MESSAGE_BYTES_MAX = 30_000
SCRIPT: tuple[pg.ClientCommand, ...] = (
    pg.Parse("s", "select $1", [23]),
    pg.Bind("", "s", [b"1", None], [0, 1], [1]),
    pg.Describe("P", ""),
    pg.Execute("", 5),
    pg.Close("S", "s"),
    pg.Sync(),
    pg.Query("copy t from stdin"),
    pg.FunctionCall(1, [b"x"]),
)


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return the events' types."""
    choice = data[0] if data else 0
    stream = data[1:]
    # An S that grants TLS has to come alone: what stands behind it would be clear text.
    first = 1 if choice & 4 and stream[:1] == b"S" else 0
    if first and len(stream) > 1:
        refused, _ = converse(choice, [stream])
        assert [type(event) for event in refused] == [pg.ProtocolFailed]
    whole = converse(choice, [stream[:first], stream[first:]])
    dice = random.Random(choice)
    pieces = [stream[:first]]
    position = first
    while position < len(stream):
        end = position + dice.choice((1, 2, 3, 5, 8, 100))
        pieces.append(stream[position:end])
        position = end
    cut = converse(choice, pieces)
    if not (choice & 4 and stream[:1] == b"S"):
        # Of what follows the S that accepts TLS, only what came along with it can be told to be no TLS.
        assert cut == whole, "the borders of pieces change the conversation"
    return choice & 7, tuple(type(event) for event in whole[0])


def converse(choice: int, pieces: Iterable[bytes]) -> tuple[list[object], bytes]:
    """Run a whole connection; return its events, every row as one of its own, and what was written."""
    machine = pg.ClientMachine(
        NOW,
        pg.Entropy(bytes(32)),
        "ann",
        password="pencil",
        limits=LIMITS,
        encoded_rows=bool(choice & 1),
        minor=choice & 2,
        tls=bool(choice & 4),
        tls_required=bool(choice & 8),
    )
    events: list[object] = []
    written: list[bytes] = []
    for piece in [*filter(None, pieces), b""]:
        machine.receive_data(NOW, piece)
        while not isinstance(event := machine.next_event(), pg.Stop):
            hear(machine, event, events)
        unread = machine.unread_bytes
        if event is pg.NEED_DATA:
            assert unread <= SHORT_MESSAGE_BYTES_MAX, f"{unread} bytes are held"
            assert not machine.backlogged, "it waits for the rest of a message"
        written.append(machine.data_to_send())
    assert machine.output_ended, "the end of file ends every connection"
    assert machine.next_event() is pg.PAUSED and not machine.unread_bytes and machine.deadline() is None
    return events, b"".join(written)


def hear(machine: pg.ClientMachine, event: pg.ClientEvent, events: list[object]) -> None:
    """Note an event and do what the client would."""
    match event:
        case pg.RowsReceived(rows):
            assert rows, "an event without rows says nothing"
            events += rows
            return
        case pg.EncodedRowsReceived(data, count):
            before, total = events.pop() if events and isinstance(events[-1], tuple) else (b"", 0)
            events.append((before + data, total + count))
            return
        case pg.SwitchProtocol():
            machine.tls_started()  # what follows counts as decrypted
    events.append(event)
    match event:
        case pg.SessionStarted():
            for command in SCRIPT:
                machine.send(NOW, command)
        case pg.CopyInStarted(form):
            machine.send(NOW, pg.CopyData(b"x"))
            machine.send(NOW, pg.CopyDone() if form == 0 else pg.CopyFail("no"))
        case pg.CopyBothStarted(form):
            machine.send(NOW, pg.CopyData(b"x"))
            if form:
                machine.send(NOW, pg.CopyDone())
        case pg.CopyDoneReceived() if machine.phase is pg.ClientPhase.COPY_IN:
            machine.send(NOW, pg.CopyDone())


if __name__ == "__main__":
    fuzzing.main("pg_client", check)
