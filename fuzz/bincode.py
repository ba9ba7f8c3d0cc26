"""Any bytes are a message in bincode or malformed, never an exception; what is read is written and read again the same.

The first byte of an input chooses requests or responses. Reading holds no more than a small multiple of the input: a length is
compared with what is left before anything is allocated, so the invariant is checked by what is read, which is written in as many bytes.
"""

from __future__ import annotations

from collections.abc import Hashable

import fuzzing

from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.binary.schema import REQUEST_CODEC, RESPONSE_CODEC, Encoding


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what it is."""
    codec = RESPONSE_CODEC if data[:1] > b"\x7f" else REQUEST_CODEC
    body = data[1:]
    try:
        message = codec.decode(Encoding.BINCODE, body)
    except MalformedError as error:
        return str(error)[:12], body[:1]
    assert codec.encode(Encoding.BINCODE, message) == body, "bincode has one way to write a message"
    again = codec.decode(Encoding.MESSAGEPACK, codec.encode(Encoding.MESSAGEPACK, message))
    assert repr(again) == repr(message), "both encodings hold the same"
    return type(message)


if __name__ == "__main__":
    fuzzing.main("bincode", check)
