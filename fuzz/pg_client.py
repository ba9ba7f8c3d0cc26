"""No server makes ClientMachine raise; pieces of its bytes give what the whole gives; rows keep their number and order.

The first byte of an input chooses how the rest, the server's bytes, is cut. The client sends a pipeline, a query and
copy data whenever it may.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable

import fuzzing

from rustydb_proto import pg

NOW = pg.Now(0, 0)
LIMITS = pg.Limits(message_bytes_max=2000)
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
    stream = data[1:]
    whole = converse([stream])
    dice = random.Random(data[:1])
    pieces = []
    position = 0
    while position < len(stream):
        end = position + dice.choice((1, 2, 3, 5, 8, 100))
        pieces.append(stream[position:end])
        position = end
    assert converse(pieces) == whole, "the borders of pieces change the conversation"
    return tuple(type(event) for event in whole[0])


def converse(pieces: Iterable[bytes]) -> tuple[list[object], bytes]:
    """Run a whole connection; return its events, every row as one of its own, and what was written."""
    machine = pg.ClientMachine(NOW, pg.Entropy(bytes(32)), "ann", password="pencil", limits=LIMITS)
    events: list[object] = []
    written: list[bytes] = []
    for piece in [*filter(None, pieces), b""]:
        machine.receive_data(NOW, piece)
        while not isinstance(event := machine.next_event(), pg.Stop):
            if isinstance(event, pg.RowsReceived):
                assert event.rows, "an event without rows says nothing"
                events += event.rows
                continue
            events.append(event)
            if isinstance(event, pg.SessionStarted):
                for command in SCRIPT:
                    machine.send(NOW, command)
            elif isinstance(event, pg.CopyInStarted):
                machine.send(NOW, pg.CopyData(b"x"))
                machine.send(NOW, pg.CopyDone() if event.format == 0 else pg.CopyFail("no"))
        written.append(machine.data_to_send())
    assert machine.output_ended, "the end of file ends every connection"
    return events, b"".join(written)


if __name__ == "__main__":
    fuzzing.main("pg_client", check)
