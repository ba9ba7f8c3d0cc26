"""A receive buffer for length-prefixed protocols that copies as little as possible.

The parser reads `buffer.data` from `buffer.position` and moves `position`; no slice of the buffer is taken but
the fields themselves. While the parser keeps up, each chunk that the socket delivered *is* `data`: nothing is
copied. What arrives while `data` has unread bytes collects in a bytearray, which is joined to them in one copy
when the parser has run out and its next wish, told by `want(size)`, can be met: a 1 GB message in 64 KB
chunks costs one copy, not sixteen thousand.

    buffer.feed(chunk)
    while True:
        data, position = buffer.data, buffer.position
        if len(data) - position < 5:
            if buffer.want(5): continue         # `data` has grown: look again
            break                               # wait for the next chunk
        ...
        buffer.position = end_of_message

`discard(size)` drops bytes that are here and bytes yet to come, for messages whose content nobody wants.
The buffer itself has no limit: the parser checks a message's length against its limits before it waits for it,
and a machine tells its embedder when to pause reading.
"""

from __future__ import annotations


class ReceiveBuffer:
    """Bytes received and not yet consumed: `data[position:]`, then `tail`, what arrived while a message was cut."""

    __slots__ = ("_discarding", "data", "position", "tail")

    def __init__(self) -> None:
        self.data = b""
        self.position = 0
        self.tail = bytearray()
        self._discarding = 0

    def feed(self, chunk: bytes) -> None:
        """Append what the peer sent."""
        if self._discarding:
            dropped = min(self._discarding, len(chunk))
            self._discarding -= dropped
            chunk = chunk[dropped:]
            if not chunk:
                return
        if self.position == len(self.data) and not self.tail:
            self.data = chunk
            self.position = 0
            return
        self.tail += chunk

    def want(self, size: int) -> bool:
        """Say how many unread bytes are needed next; True when `data` has grown to hold them."""
        if self.tail and len(self) >= size:
            self._merge()
            return True
        return False

    def discard(self, size: int) -> None:
        """Drop the next `size` bytes, received or still to come."""
        assert size >= 0, "only a forward skip exists"
        if self.tail:
            self._merge()
        here = min(size, len(self.data) - self.position)
        self.position += here
        self._discarding += size - here

    @property
    def at_rest(self) -> bool:
        """Whether nothing is unread and nothing is awaited to be dropped: the stream is between messages."""
        return len(self) == 0 and not self._discarding

    def take(self) -> bytes:
        """Return every unread byte and forget them."""
        if self.tail:
            self._merge()
        rest = self.data[self.position :]
        self.data = b""
        self.position = 0
        return rest

    def __len__(self) -> int:
        """Return the number of unread bytes."""
        return len(self.data) - self.position + len(self.tail)

    def _merge(self) -> None:
        # Called only when the parser has run out of `data`, so a backlog that grows by small chunks while
        # the embedder is busy is joined once, not once a chunk.
        self.data = self.data[self.position :] + bytes(self.tail)
        self.position = 0
        self.tail.clear()
