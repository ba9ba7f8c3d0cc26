"""Recovery of any bytes gives a database or `DamagedLog`, never another exception, and no pickle ever loads a global.

The first byte of an input says what the rest is: 0 a segment's bytes, 1 records (each with a 4-byte length) for valid
frames of a segment, 2 records for valid frames of a checkpoint, 3 a checkpoint's bytes. So mutations get past the checksums.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Hashable
from types import TracebackType

import fuzzing

from rustydb_engine.storage.checkpoint import checkpoint_name, encode_checkpoint_header
from rustydb_engine.storage.recovery import Progress, Recovered, recover
from rustydb_engine.storage.wal import (
    HEADER_BYTES,
    DamagedLog,
    encode_frame,
    encode_header,
    segment_name,
)
from rustydb_proto.core.entropy import Entropy

SEED = 7


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    kind, rest = (data[0] % 4, data[1:]) if data else (0, b"")
    if kind == 0:
        files = {segment_name(1): rest}
    elif kind == 1:
        frame = encode_frame(SEED, 1 << 32 | HEADER_BYTES, 0, split(rest))
        files = {segment_name(1): encode_header(SEED, 1, HEADER_BYTES + len(frame) + 100) + frame + bytes(100)}
    elif kind == 2:
        head = encode_checkpoint_header(SEED)
        files = {checkpoint_name(1): head + encode_frame(SEED, len(head), 0, split(rest))}
    else:
        files = {checkpoint_name(1): rest}
    try:
        recovered = run(files)
    except DamagedLog as damage:
        assert damage.name, "a refusal names the file"
        return kind, damage.reason[:12]
    return kind, recovered.fresh, len(recovered.database.heaps), min(recovered.rows, 5)


def split(data: bytes) -> list[bytes]:
    """Return the records of an input."""
    records = []
    while data:
        size = int.from_bytes(data[:4], "little")
        records.append(data[4 : 4 + size])
        data = data[4 + size :]
    return records


def run(files: dict[str, bytes]) -> Recovered:
    """Recover from files in memory."""
    steps = recover({name: len(content) for name, content in files.items()}, Entropy(bytes(32)))
    answer: bytes | None = None
    while True:
        try:
            request = steps.send(answer)
        except StopIteration as stop:
            recovered = stop.value
            assert isinstance(recovered, Recovered), "what recovery returns"
            return recovered
        if isinstance(request, Progress):
            answer = None
        else:
            answer = files[request.name][request.offset : request.offset + request.size]


def seeds() -> dict[str, bytes]:
    """Return the corpus as it is in fuzz/corpus/wal_records; tests/storage/test_wal_fuzz.py says when it is stale."""
    table = ("table", 1, 16384, "t", 2200, (("a", 1, 23),), 16385)
    begin = ("begin", 9, 9, 16400, 0, (table,), ((16386, 5, True),), ((16385, (23,), 2),))
    logs: dict[str, list[object]] = {
        "rows": [
            (2, 2, 3, (), (("heap", 16385, (23, 1700)),), (), 16390),
            (1, 3, 4, (16385, 0, (1, "1.5"), 16385, 1, (2, None))),
            (1, 4, 5, (16385, 0, None)),
        ],
        "parts": [
            (2, 2, 3, (), (("heap", 16385, ()),), (), 16390),
            (3, 4, (16385, 0, (1,))),
            (4, 4, 16385, 1, [(2,), (3,), None]),
            (7, 4, (16385, 1, 1)),
            (1, 3, 4, ()),
            (5, 9),
        ],
        "catalog": [
            (2, 2, 3, (), (("heap", 16385, (23,)),), ((16384, table),), 16390),
            (6, 3, 16386, 33, True),
            (2, 4, 4, (), (("drop", 16385), ("sequence", 16386, 1, False)), ((16384, None),), 16390),
        ],
    }
    found = {name: b"\1" + join(records) for name, records in logs.items()}
    found["checkpoint"] = b"\2" + join([begin, (16385, 0, [(1,), None]), (16385, 1, [(2,)]), ("end", 2, 0)])
    found["global"] = b"\1" + join([]) + len(GLOBAL).to_bytes(4, "little") + GLOBAL
    frame = encode_frame(SEED, 1 << 32 | HEADER_BYTES, 0, split(found["rows"][1:]))
    found["segment"] = b"\0" + encode_header(SEED, 1, 4096) + frame + bytes(64)
    head = encode_checkpoint_header(SEED)
    found["checkpoint_file"] = b"\3" + head + encode_frame(SEED, len(head), 0, split(found["checkpoint"][1:]))
    return found


GLOBAL = b"cbuiltins\neval\n(S'1'\ntR."


def join(records: list[object]) -> bytes:
    """Return records with their lengths."""
    pieces = [pickle.dumps(record, 5) for record in records]
    return b"".join(len(piece).to_bytes(4, "little") + piece for piece in pieces)


def quiet_about_byte_arrays() -> None:
    """Leave out what CPython prints when a pickle asks for a byte array that memory does not hold.

    PyByteArray_FromStringAndSize (3.11) frees the object before it has set its count of exports; if that memory holds something else
    than 0, the destructor prints "SystemError: deallocated bytearray object has exported buffers" through sys.excepthook,
    though nobody gets such an exception: what the unpickler raises is the MemoryError that it should.
    """
    shown = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not (kind is SystemError and str(error) == "deallocated bytearray object has exported buffers"):
            shown(kind, error, trace)

    sys.excepthook = hook


if __name__ == "__main__":
    import resource

    quiet_about_byte_arrays()
    # A pickle may ask for a huge memo: that must be a MemoryError and not the end of the machine.
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    fuzzing.main("wal_records", check)
