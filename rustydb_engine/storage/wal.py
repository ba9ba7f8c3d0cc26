"""The log's files: segments, frames, and how to tell a torn tail from corruption.

A segment `wal-0000000000000007.log` is preallocated. It begins with a header, then come frames without a gap:

    header   magic(8) format(4) seed(4) number(8) size(8) crc32(4)                                    36 bytes
    frame    magic(4) length(4) crc32(4) lsn(8) previous lsn(8) | length(4) record | length(4) record …

An lsn is `segment number << 32 | offset` of a frame. A frame's checksum starts from the database's `seed` and covers
its lsn and its predecessor's, so neither a leftover of an earlier use nor a frame of another database passes for one.

A frame is written only when the one before it is durable. Hence the rule of recovery: an invalid frame with nothing
valid behind it is the torn end of the last write and is cut off; an invalid frame with a valid one behind it is
corruption. Where a segment ends, the next one's first frame names the last frame before it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final
from zlib import crc32

from rustydb_proto.core.value import value

SEGMENT_MAGIC: Final = b"RustyWAL"
SEGMENT_FORMAT: Final = 1
FRAME_MAGIC: Final = b"\xf5RdF"
SEGMENT_BYTES: Final = 16 << 20
SEGMENT_BYTES_MAX: Final = (1 << 32) - 1

_HEADER: Final = struct.Struct("<8sIIQQ")
_FRAME: Final = struct.Struct("<4sIIQQ")
_CHECKED: Final = struct.Struct("<IQQ")
HEADER_BYTES: Final = _HEADER.size + 4
FRAME_BYTES: Final = _FRAME.size
RECORD_BYTES: Final = 4
"""What each record costs beside its own bytes."""


class DamagedLog(Exception):
    """A file of the log or a checkpoint that cannot be what was written; names the file and the offset."""

    def __init__(self, name: str, offset: int, reason: str) -> None:
        super().__init__(f"{name} at offset {offset}: {reason}")
        self.name = name
        self.offset = offset
        self.reason = reason


@value
class Frame:
    """A valid frame: where it is, where the next one would be, the frame before it, its records."""

    lsn: int
    end: int
    previous: int
    records: list[bytes]


@value
class Header:
    """A segment's header."""

    seed: int
    number: int
    size: int


def segment_name(number: int) -> str:
    """Return the file name of a segment."""
    return f"wal-{number:016d}.log"


def segment_number(name: str) -> int | None:
    """Return the number of a segment's file name, or None when it is no segment."""
    if len(name) == 24 and name.startswith("wal-") and name.endswith(".log") and name[4:20].isdigit():
        return int(name[4:20])
    return None


def lsn_text(lsn: int) -> str:
    """Return an lsn as PostgreSQL prints one."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def encode_header(seed: int, number: int, size: int) -> bytes:
    """Return the first bytes of a segment."""
    head = _HEADER.pack(SEGMENT_MAGIC, SEGMENT_FORMAT, seed, number, size)
    return head + crc32(head).to_bytes(4, "little")


def decode_header(data: bytes) -> Header | None:
    """Return the header that `data` begins with, or None when it is none."""
    if len(data) < HEADER_BYTES:
        return None
    magic, version, seed, number, size = _HEADER.unpack_from(data)
    if magic != SEGMENT_MAGIC or int.from_bytes(data[_HEADER.size : HEADER_BYTES], "little") != crc32(
        data[: _HEADER.size]
    ):
        return None
    if version != SEGMENT_FORMAT:
        raise DamagedLog(
            segment_name(number), 8, f"written in log format {version}; this server reads {SEGMENT_FORMAT}"
        )
    return Header(seed, number, size)


def encode_frame(seed: int, lsn: int, previous: int, records: Sequence[bytes]) -> bytes:
    """Return the bytes of a frame that is to stand at `lsn`."""
    pieces: list[bytes] = [b""]
    for record in records:
        pieces.append(len(record).to_bytes(4, "little"))
        pieces.append(record)
    payload = b"".join(pieces)
    length = len(payload)
    checksum = crc32(payload, crc32(_CHECKED.pack(length, lsn, previous), seed))
    return _FRAME.pack(FRAME_MAGIC, length, checksum, lsn, previous) + payload


def decode_frame(data: bytes, offset: int, lsn: int, seed: int) -> Frame | None:
    """Return the frame at `offset` of `data` if it is valid and belongs at `lsn`, else None."""
    if offset + FRAME_BYTES > len(data):
        return None
    magic, length, checksum, own, previous = _FRAME.unpack_from(data, offset)
    start = offset + FRAME_BYTES
    end = start + length
    if magic != FRAME_MAGIC or own != lsn or end > len(data):
        return None
    if crc32(memoryview(data)[start:end], crc32(_CHECKED.pack(length, own, previous), seed)) != checksum:
        return None
    records = _split(data, start, end)
    return Frame(lsn, lsn + FRAME_BYTES + length, previous, records) if records is not None else None


def _split(data: bytes, start: int, end: int) -> list[bytes] | None:
    records = []
    while start < end:
        length = int.from_bytes(data[start : start + 4], "little")
        start += 4
        if start + length > end:
            return None
        records.append(data[start : start + length])
        start += length
    return records


def frames(data: bytes, number: int, seed: int, offset: int = HEADER_BYTES) -> Iterator[Frame]:
    """Yield the valid frames of a segment from `offset` on, up to the first place where none is."""
    base = number << 32
    while True:
        frame = decode_frame(data, offset, base + offset, seed)
        if frame is None:
            return
        yield frame
        offset = frame.end - base


def stray_frame(data: bytes, number: int, seed: int, offset: int) -> int | None:
    """Return the offset of a valid frame somewhere after `offset`, or None."""
    base = number << 32
    place = data.find(FRAME_MAGIC, offset + 1)
    while place >= 0:
        if decode_frame(data, place, base + place, seed) is not None:
            return place
        place = data.find(FRAME_MAGIC, place + 1)
    return None
