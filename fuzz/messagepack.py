"""Any bytes are a message in MessagePack or malformed; the library and our own reader agree; what is read can be written again.

The first byte of an input chooses requests or responses.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import fuzzing

from rustydb_proto.binary import messagepack, schema
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.schema import Encoding, MessageCodec


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what it is."""
    codec = schema.RESPONSE_CODEC if data[:1] > b"\x7f" else schema.REQUEST_CODEC
    body = data[1:]
    message = read(codec, messagepack.loads, body)
    ours = read(codec, messagepack.loads_pure, body)
    assert repr(message) == repr(ours), "the two readers disagree"
    if message is None:
        return body[:2]
    assert repr(codec.decode(Encoding.MESSAGEPACK, codec.encode(Encoding.MESSAGEPACK, message))) == repr(message)
    return type(message)


def read(codec: MessageCodec, load: Callable[[bytes], Any], body: bytes) -> object:
    """Return the message, read with `load`, or None if it is malformed."""
    before, schema.loads = schema.loads, load
    try:
        return codec.decode(Encoding.MESSAGEPACK, body)
    except MalformedError:
        return None
    finally:
        schema.loads = before


if __name__ == "__main__":
    fuzzing.main("messagepack", check)
