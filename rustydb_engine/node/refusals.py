"""Fronts for protocols that are recognized and not served yet: each says so in its protocol's own words, and closes.

    HTTP/1.1   501 Not Implemented, with a sentence as the body, once the request's head is complete
    HTTP/2     SETTINGS and GOAWAY with HTTP_1_1_REQUIRED (RFC 9113 7), for a client to ask again and read the sentence

The head of a request is awaited and what follows is read until the client closes, so that a client that is still sending its
body gets the answer and not a reset.
"""

from __future__ import annotations

from typing import Final

from rustydb_engine.node.connections import Connection, Front
from rustydb_proto.core.time import Now

HEAD_BYTES_MAX: Final = 16 << 10
LINGER_NS: Final = 5_000_000_000
"""How long a client may take to close after it got its answer."""

SENTENCE: Final = b"HTTP is not served by this version of RustyDB yet. This port answers PostgreSQL clients.\n"
ANSWER_HEAD: Final = (
    b"HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n"
) % len(SENTENCE)
# A frame each: length, type, flags, stream 0. GOAWAY: last stream 0, error code, debug data.
SETTINGS: Final = b"\0\0\0\x04\0\0\0\0\0"
HTTP_1_1_REQUIRED: Final = 13
GOAWAY_BODY: Final = b"\0\0\0\0" + HTTP_1_1_REQUIRED.to_bytes(4, "big") + SENTENCE.strip()
GOAWAY: Final = len(GOAWAY_BODY).to_bytes(3, "big") + b"\x07\0\0\0\0\0" + GOAWAY_BODY


def refuse_http1(connection: Connection) -> Front:
    """Return the front that answers one HTTP/1.1 request."""
    return Refusal(connection, ANSWER_HEAD + SENTENCE, "HTTP is not served yet", awaits_head=True)


def refuse_http2(connection: Connection) -> Front:
    """Return the front that sends a client with HTTP/2 to HTTP/1.1."""
    return Refusal(connection, SETTINGS + GOAWAY, "HTTP/2 is not served yet")


class Refusal:
    """Says one thing, ends our direction, and closes when the peer does, or after LINGER_NS.

    With `awaits_head` it says it when the head of an HTTP request is complete, and no body to a HEAD request.
    """

    __slots__ = ("_awaits_head", "_connection", "_head", "_out", "_said", "_why", "_word")

    held = backlogged = busy = False

    def __init__(self, connection: Connection, word: bytes, why: str, awaits_head: bool = False) -> None:
        self._connection = connection
        self._word = word
        self._why = why
        self._awaits_head = awaits_head
        self._head = bytearray()
        self._out = b""
        self._said = False

    def receive(self, now: Now, data: bytes) -> None:
        """Answer once enough has come, then drop what comes until it ends."""
        if not self._said and (not data or self._complete(data)):
            self._answer(now)
        if not data:
            self._connection.node.close_soon(self._connection)

    def _complete(self, data: bytes) -> bool:
        if not self._awaits_head:
            return True
        head = self._head
        start = max(len(head) - 3, 0)
        head += data
        return head.find(b"\r\n\r\n", start) > 0 or head.find(b"\n\n", start) > 0 or len(head) > HEAD_BYTES_MAX

    def _answer(self, now: Now) -> None:
        connection = self._connection
        node = connection.node
        self._said = True
        self._out = ANSWER_HEAD if self._head.lstrip(b"\r\n").startswith(b"HEAD ") else self._word
        self._head.clear()
        node.log("info", "connection refused", {"peer": connection.peer, "why": self._why})
        connection.end_send()
        node.schedule(now.mono_ns + LINGER_NS, connection)

    def data_to_send(self) -> bytes:
        """Return what is to be said."""
        out, self._out = self._out, b""
        return out

    def timeout(self, now: Now) -> None:
        """Wait no longer, for the head or for the end."""
        self._connection.node.close_soon(self._connection)

    def resume(self) -> None:
        """Nothing was stopped."""

    def shut_down(self) -> None:
        """There is nothing to add."""

    def close(self) -> None:
        """There is no session."""

    def take_unread(self) -> tuple[bytes, bool]:
        """Nothing follows."""
        return b"", False
