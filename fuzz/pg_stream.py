"""No peer makes MessageStream raise or hold more than its limits; messages are the bytes as they came; pieces give what the whole gives.

The first byte of an input says whose bytes the rest is, and how it is cut. Every message is decoded; that never raises either.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable

import fuzzing

from rustydb_proto import pg

LIMITS = pg.Limits(startup_bytes_max=400, message_bytes_max=2000)


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return the messages' kinds."""
    choice = data[0] if data else 0
    stream = data[1:]
    whole = read(choice, [stream])
    dice = random.Random(choice)
    pieces = []
    position = 0
    while position < len(stream):
        end = position + dice.choice((1, 2, 3, 5, 8, 100))
        pieces.append(stream[position:end])
        position = end
    assert read(choice, pieces) == whole, "the borders of pieces change the messages"
    messages, failed = whole
    joined = b"".join(message.data for message in messages)
    assert stream.startswith(joined), "no byte is changed or lost"
    decoded = [pg.decode_message(message) for message in messages]
    return failed is None, tuple((message.kind, type(event)) for message, event in zip(messages, decoded, strict=True))


def read(choice: int, pieces: Iterable[bytes]) -> tuple[list[pg.WireMessage], str | None]:
    """Return the messages of a stream, and why it failed if it did."""
    stream = pg.MessageStream("server" if choice & 1 else "client", LIMITS)
    if choice & 3 == 3:
        stream.expect_byte()
    messages: list[pg.WireMessage] = []
    for piece in pieces:
        stream.feed(piece)
        while (message := stream.next_message()) is not None:
            messages.append(message)
        assert stream.unread_bytes <= LIMITS.message_bytes_max, f"{stream.unread_bytes} bytes are held"
    return messages, stream.failed


if __name__ == "__main__":
    fuzzing.main("pg_stream", check)
