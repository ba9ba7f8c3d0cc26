"""Prefaces and frames: where a message begins and ends, and whose it is.

The client's first eight bytes are

    AB 52 44 42     magic
    low, high       the versions of the protocol that it speaks, one byte each
    encoding        of its Hello and of the server's Welcome: 0 MessagePack, 1 bincode
    00

and the server's first eight are the magic, the chosen version (0: none of them, and the connection ends), the same encoding, and
two zeros. Everything after that is frames, in both directions:

    length u32      bytes in the body
    flags u8        1: the body is compressed; 2: more responses to this request follow
    request u32     the number that the client chose; 0: the connection
    body

Integers are little-endian. A compressed body is its expanded size as u32 and the compressed message.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

MAGIC: Final = b"\xabRDB"
PREFACE_BYTES: Final = 8
VERSION: Final = 1
HEADER_BYTES: Final = 9
COMPRESSED: Final = 1
MORE: Final = 2
FLAGS: Final = COMPRESSED | MORE
REQUEST_MAX: Final = (1 << 32) - 1

header = Struct("<IBI")
pack_header = header.pack
unpack_header = header.unpack_from


def client_preface(encoding: int, low: int = VERSION, high: int = VERSION) -> bytes:
    """Return the first bytes of a client."""
    return MAGIC + bytes((low, high, encoding, 0))


def server_preface(version: int, encoding: int) -> bytes:
    """Return the first bytes of a server; version 0 refuses."""
    return MAGIC + bytes((version, encoding, 0, 0))


def frame(request: int, body: bytes, flags: int = 0) -> bytes:
    """Return a frame."""
    return pack_header(len(body), flags, request) + body
