"""One direction of a connection as whole messages, framed and not looked into: for taps, recorders and blind proxies.

    stream = MessageStream("client")                  # what a client sends; "server" for the other direction
    stream.feed(data)
    while (message := stream.next_message()) is not None:
        forward(message.data)                         # the bytes as they came; message.kind says what they are
    if stream.failed: hang_up(stream.failed)

A proxy that only looks needs no state of the protocol, no password and no care for character sets: it forwards
`data` and reads what it likes, `decode_message(message)` gives the event that a machine would have reported (of a
client's messages the server half's, of a server's the client half's).

What it must know is where messages begin without a type: a client's first packets have the kinds "startup", "ssl",
"gssenc" and "cancel", and the server answers an "ssl" or "gssenc" with a single byte. Tell the server's stream of
each with `expect_byte()`: that answer comes as kind "answer". If it grants encryption, what follows is not
PostgreSQL's protocol any more; a proxy that wants to look must not let it be granted.

`adapters/examples/postgres_tap.py` is such a proxy. The peer cannot make it raise: an impossible length ends the stream, `failed` says why.
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError
from typing import Final, Literal

from rustydb_proto.core.buffer import ReceiveBuffer
from rustydb_proto.core.value import value
from rustydb_proto.pg import framing
from rustydb_proto.pg.client_decode import SERVER_MESSAGES, data_row
from rustydb_proto.pg.client_messages import ClientEvent, RowsReceived
from rustydb_proto.pg.decode import CLIENT_MESSAGES, Malformed
from rustydb_proto.pg.limits import Limits
from rustydb_proto.pg.messages import ServerEvent

Sender = Literal["client", "server"]

_header = Struct("!BI").unpack_from
_startup_header = Struct("!II").unpack_from
_CODES: Final = {framing.SSL_CODE: "ssl", framing.GSSENC_CODE: "gssenc", framing.CANCEL_CODE: "cancel"}


@value
class WireMessage:
    """A whole message: `kind` is its type letter or a word of the module's docstring, `data` all its bytes."""

    sender: Sender
    kind: str
    data: bytes

    @property
    def body(self) -> bytes:
        """The message without its type and length."""
        return self.data[5 if len(self.kind) == 1 else 4 :]


class MessageStream:
    """The messages of one side of a connection. The module docstring says how to use it."""

    __slots__ = ("_answers", "_buffer", "_limits", "_sender", "_started", "failed")

    def __init__(self, sender: Sender, limits: Limits | None = None) -> None:
        self._sender: Sender = sender
        self._limits = limits or Limits()
        self._buffer = ReceiveBuffer()
        self._started = sender == "server"
        self._answers = 0
        self.failed: str | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes; after a failure they are dropped."""
        if self.failed is None:
            self._buffer.feed(data)

    def expect_byte(self) -> None:
        """Say that the client asked for encryption: the server's next byte is the answer to that."""
        assert self._sender == "server", "only a server answers with a byte"
        self._answers += 1

    @property
    def unread_bytes(self) -> int:
        """How many bytes of a message that is not whole are held."""
        return len(self._buffer)

    def next_message(self) -> WireMessage | None:
        """Return the next whole message, or None."""
        if self.failed is not None:
            return None
        if self._answers:
            return self._take("answer", 1)
        buffer = self._buffer
        size = 5 if self._started else 8
        if len(buffer.data) - buffer.position < size and not buffer.want(size):
            return None
        if not self._started:
            length, code = _startup_header(buffer.data, buffer.position)
            if not 8 <= length <= self._limits.startup_bytes_max:
                self._fail(f"invalid length of startup packet: {length}")
                return None
            message = self._take(_CODES.get(code, "startup"), length)
            self._started = message is not None and message.kind == "startup"
            return message
        kind, length = _header(buffer.data, buffer.position)
        if not 4 <= length <= self._limits.message_bytes_max:
            self._fail(f"invalid message length {length} in a message of type {chr(kind)!r}")
            return None
        return self._take(chr(kind), length + 1)

    def _take(self, kind: str, size: int) -> WireMessage | None:
        buffer = self._buffer
        if len(buffer.data) - buffer.position < size and not buffer.want(size):
            return None
        start = buffer.position
        buffer.position += size
        if kind == "answer":
            self._answers -= 1
        return WireMessage(self._sender, kind, buffer.data[start : buffer.position])

    def _fail(self, reason: str) -> None:
        self.failed = reason
        self._buffer.take()


def decode_message(message: WireMessage) -> ServerEvent | ClientEvent | None:
    """Return the event that a message means, or None if it is unknown, malformed, or none of a session's.

    Startup packets, passwords and authentication requests are not decoded.
    """
    kind = ord(message.kind) if len(message.kind) == 1 else -1
    data = message.data
    try:
        if message.sender == "client":
            asked = CLIENT_MESSAGES.get(kind)
            return None if asked is None else asked.decode(data, 5, len(data))
        if kind == 0x44:  # D
            return RowsReceived([data_row(data, 5, len(data))])
        told = SERVER_MESSAGES.get(kind)
        return None if told is None else told.decode(data[5:])
    except (Malformed, UnicodeDecodeError, StructError):
        return None
