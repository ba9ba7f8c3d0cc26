"""Compressed bodies: lz4, zstd and snappy, by the optional library `cramjam` (the extra `compression`).

A compressed body names its expanded size first. The size is checked against the frame limit before anything is allocated, and the
bytes are expanded into a buffer of exactly that size: one that holds more than it says is malformed, and never grows anything.
The forms are lz4's block without a size, zstd's frame, and snappy's raw form. A zstd frame may ask its reader to keep a window; one that asks
for more than the body's size plus a small allowance is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from rustydb_proto.binary.malformed import MalformedError

try:
    import cramjam
except ImportError:
    cramjam = None  # type: ignore[assignment]  # tested below

_size = Struct("<I")
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_WINDOW_BYTES_MIN: Final = 8 << 20


class Compression:
    """One way to compress. `name` is what the handshake calls it."""

    __slots__ = ("_compress", "_expand", "name")

    def __init__(self, name: str, compress: Callable[[bytes], Any], expand: Callable[[bytes, int], bytes]) -> None:
        self.name = name
        self._compress = compress
        self._expand = expand

    def compress(self, body: bytes) -> bytes | None:
        """Return the compressed body with its size in front, or None if that is not shorter."""
        data = bytes(self._compress(body))
        return _size.pack(len(body)) + data if len(data) + 4 < len(body) else None

    def expand(self, body: bytes, limit: int) -> bytes:
        """Return the message in a compressed body; MalformedError if it is not one of at most `limit` bytes."""
        if len(body) < 4:
            raise MalformedError(f"a compressed body of {len(body)} bytes has no size")
        (size,) = _size.unpack_from(body)
        if size > limit:
            raise MalformedError(f"a body expands to {size} bytes, the limit is {limit}")
        data = body[4:]
        if self.name == "zstd":
            _check_window(data, size)
        try:
            message = self._expand(data, size)
        except (cramjam.DecompressionError, ValueError, RuntimeError, OSError) as error:
            raise MalformedError(f"a body is not valid {self.name}: {error}") from None
        if len(message) != size:
            raise MalformedError(f"a body expands to {len(message)} bytes instead of {size}")
        return message


def _check_window(data: bytes, size: int) -> None:
    """Refuse a zstd frame whose reader would have to keep much more than the message."""
    # RFC 8878 3.1.1.1: magic, then the frame header descriptor; without its single segment flag the window
    # descriptor follows, 5 bits of exponent and 3 of mantissa.
    if data[:4] != _ZSTD_MAGIC or len(data) < 6:
        raise MalformedError("a body is not a zstd frame")
    if data[4] & 0x20:
        width = (1, 2, 4, 8)[data[4] >> 6]
        start = 5 + (0, 1, 2, 4)[data[4] & 3]
        window = int.from_bytes(data[start : start + width], "little") + (256 if width == 2 else 0)
    else:
        base = 1 << (10 + (data[5] >> 3))
        window = base + base // 8 * (data[5] & 7)
    if window > max(size, _WINDOW_BYTES_MIN):
        raise MalformedError(f"a zstd frame asks for a window of {window} bytes to hold {size}")


def _into(expand_into: Callable[[bytes, bytearray], int]) -> Callable[[bytes, int], bytes]:
    def expand(data: bytes, size: int) -> bytes:
        room = bytearray(size)
        return bytes(room[: expand_into(data, room)])

    return expand


def _table() -> dict[str, Compression]:
    if cramjam is None:
        return {}
    lz4, zstd, snappy = cramjam.lz4, cramjam.zstd, cramjam.snappy
    return {
        # `decompress_block_into` would take a block with its size in front as well. A block that is shorter than it says comes
        # with zeros after it, and is no message.
        "lz4": Compression(
            "lz4",
            lambda body: lz4.compress_block(body, store_size=False),
            lambda data, size: bytes(lz4.decompress_block(data, output_len=size)),
        ),
        "zstd": Compression("zstd", lambda body: zstd.compress(body, 1), _into(zstd.decompress_into)),
        "snappy": Compression("snappy", snappy.compress_raw, _into(snappy.decompress_raw_into)),
    }


COMPRESSIONS: Final = _table()
# In the order in which we prefer them; empty without the library.
COMPRESSION_NAMES: Final = tuple(COMPRESSIONS)
