"""Frames to bodies and back, for either half: the buffer, the frame limit, and compression.

`FrameReader.next` gives one frame at a time and checks its length before it waits for it, so what a peer can make us hold is one
frame and whatever the embedder has fed beyond. `FrameWriter` collects the frames to send.
"""

from __future__ import annotations

from rustydb_proto.binary.compression import Compression
from rustydb_proto.binary.framing import (
    COMPRESSED,
    FLAGS,
    HEADER_BYTES,
    MORE,
    pack_header,
    unpack_header,
)
from rustydb_proto.binary.malformed import MalformedError
from rustydb_proto.core.buffer import ReceiveBuffer


class FrameReader:
    """Cuts the peer's bytes into frames. `limit` is the largest body, compressed or not."""

    __slots__ = ("buffer", "compression", "limit")

    def __init__(self, limit: int) -> None:
        self.buffer = ReceiveBuffer()
        self.limit = limit
        self.compression: Compression | None = None

    def next(self) -> tuple[int, int, bytes] | None:
        """Return request, flags and body of the next frame, or None until it is whole; MalformedError if there is none."""
        buffer = self.buffer
        while True:
            data = buffer.data
            position = buffer.position
            if len(data) - position < HEADER_BYTES:
                if buffer.want(HEADER_BYTES):
                    continue
                return None
            length, flags, request = unpack_header(data, position)
            if length > self.limit:
                raise MalformedError(f"a frame of {length} bytes is over the limit of {self.limit}")
            if flags & ~FLAGS:
                raise MalformedError(f"a frame has the unknown flags {flags:#04x}")
            start = position + HEADER_BYTES
            end = start + length
            if end <= len(data):
                break
            if not buffer.want(HEADER_BYTES + length):
                return None
        buffer.position = end
        body = data[start:end]
        if flags & COMPRESSED:
            if self.compression is None:
                raise MalformedError("a frame is compressed, which was not agreed")
            body = self.compression.expand(body, self.limit)
        return request, flags, body

    @property
    def pending(self) -> bool:
        """Whether a whole frame is buffered."""
        buffer = self.buffer
        if len(buffer) < HEADER_BYTES:
            return False
        if len(buffer.data) - buffer.position < HEADER_BYTES:
            buffer.want(HEADER_BYTES)
        return len(buffer) >= HEADER_BYTES + int(unpack_header(buffer.data, buffer.position)[0])


class FrameWriter:
    """Collects frames. Bodies of at least `compress_bytes_min` are compressed, once that is agreed and if it helps."""

    __slots__ = ("_compress_bytes_min", "compression", "out", "size")

    def __init__(self, compress_bytes_min: int) -> None:
        self.out: list[bytes] = []
        self.size = 0  # of the bodies in `out`
        self.compression: Compression | None = None
        self._compress_bytes_min = compress_bytes_min

    def frame(self, request: int, body: bytes, more: bool) -> None:
        """Append a frame."""
        flags = MORE if more else 0
        if self.compression is not None and len(body) >= self._compress_bytes_min:
            compressed = self.compression.compress(body)
            if compressed is not None:
                body = compressed
                flags |= COMPRESSED
        self.size += len(body)
        self.out.append(pack_header(len(body), flags, request) + body)

    def take(self) -> bytes:
        """Return and forget the bytes to write."""
        out = self.out
        if not out:
            return b""
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        self.size = 0
        return data
