"""The server name that a TLS client asks for, read from its first message: SNI, before a certificate is chosen.

    name_asked(data) -> "db.example" | None, or NEED_MORE when the ClientHello is not complete

Python's `ssl` can call back in the middle of a handshake instead, but complains on standard error of names that are not ASCII,
which any peer can send. Here such a name is none, and so is every hello that is malformed: OpenSSL gets the same bytes
afterwards and has the last word on them.

    record     16 vv vv llll fragment...                                             RFC 8446 5.1
    message    01 llllll version:2 random:32 session_id<1> suites<2> compressions<1> extensions<2>     RFC 8446 4.1.2
    extension  0000 llll list<2> of 00 name<2>                                       RFC 6066 3
"""

from __future__ import annotations

from typing import Final

from rustydb_proto.core.machine import NEED_DATA, NeedData

NEED_MORE: Final = NEED_DATA
HELLO_BYTES_MAX: Final = 64 << 10
"""A hello that claims to be longer is not waited for."""


def name_asked(data: bytes) -> str | NeedData | None:
    """Return the name in a ClientHello, in small letters; None when there is none that can be used."""
    try:
        hello = _message(data)
        return hello if isinstance(hello, NeedData) else _name(hello)
    except (IndexError, ValueError):
        return None


def _message(data: bytes) -> bytes | NeedData:
    """Join the fragments of the first handshake message; ValueError when it is no ClientHello."""
    parts: list[bytes] = []
    have, need, position = 0, 4, 0
    while have < need:
        if position >= len(data):
            return NEED_MORE
        if data[position] != 0x16:
            raise ValueError("not a handshake record")
        if position + 5 > len(data):
            return NEED_MORE
        end = position + 5 + int.from_bytes(data[position + 3 : position + 5], "big")
        fragment = data[position + 5 : end]
        if end == position + 5:
            raise ValueError("an empty fragment")
        parts.append(fragment)
        have += len(fragment)
        if have >= 4 and need == 4:
            head = b"".join(parts)[:4]
            need = 4 + int.from_bytes(head[1:4], "big")
            if head[0] != 1 or need > HELLO_BYTES_MAX:
                raise ValueError("not a client's hello")
        position = end
    return b"".join(parts)[4:need]


def _name(hello: bytes) -> str | None:
    _, position = _vector(hello, 34, 1)  # session_id
    _, position = _vector(hello, position, 2)  # cipher_suites
    _, position = _vector(hello, position, 1)  # compression methods
    if position == len(hello):
        return None
    extensions, _ = _vector(hello, position, 2)
    position = 0
    while position < len(extensions):
        kind = extensions[position : position + 2]
        body, position = _vector(extensions, position + 2, 2)
        if kind == b"\0\0":
            names, _ = _vector(body, 0, 2)
            if names[0] != 0:
                return None
            return _vector(names, 1, 2)[0].decode("ascii").lower()
    return None


def _vector(data: bytes, position: int, size: int) -> tuple[bytes, int]:
    """Return a field with a length of `size` bytes before it, and where it ends; ValueError when it is cut off."""
    start = position + size
    end = start + int.from_bytes(data[position:start], "big")
    if end > len(data) or start > len(data):
        raise ValueError("a field is cut off")
    return data[start:end], end
