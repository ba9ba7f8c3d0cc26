"""Checkpoints: everything as of one commit, written beside the log, so that older log segments can go.

A checkpoint takes `csn` = the newest commit and the log position before every record that is not part of it, holds a
snapshot of that csn, and writes catalog, counters and heaps a slice at a time while transactions go on. It is
published, by rename, only when the log is durable past its csn. Then older checkpoints and segments are deleted.

    checkpoint-0000000000000003.ckpt     header, then frames like the log's, whose lsn is the offset in the file

    ("begin", csn, next xid, next oid, redo lsn, catalog, sequences, ((storage, types, pages), …))
    (storage, page number, rows) …                one record a page that has rows; None in free slots
    ("end", rows, lsn of the last durable frame)

A checkpoint that fails (a full disk) is given up: the log still has everything.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Final, final
from zlib import crc32

from rustydb_engine.catalog.codec import encode
from rustydb_engine.storage.heap import Heap
from rustydb_engine.storage.pages import Page
from rustydb_engine.storage.records import dump_plain
from rustydb_engine.storage.wal import encode_frame, segment_name
from rustydb_engine.txn.snapshot import Snapshot
from rustydb_proto.core.io import DeleteFile, Effect, Publish, Store

if TYPE_CHECKING:
    from rustydb_engine.storage.database import Database

CHECKPOINT_MAGIC: Final = b"RustyCKP"
CHECKPOINT_FORMAT: Final = 1
CHECKPOINT_HEADER_BYTES: Final = 8 + 4 + 4 + 4
SLICE_BYTES: Final = 1 << 19
"""About how much one step of a checkpoint encodes and stores."""


def checkpoint_name(number: int) -> str:
    """Return the file name of a published checkpoint."""
    return f"checkpoint-{number:016d}.ckpt"


def checkpoint_number(name: str) -> int | None:
    """Return the number of a checkpoint's file name, or None when it is none."""
    if len(name) == 32 and name.startswith("checkpoint-") and name.endswith(".ckpt") and name[11:27].isdigit():
        return int(name[11:27])
    return None


def temporary_name(number: int) -> str:
    """Return the file name of a checkpoint that is being written."""
    return f"checkpoint-{number:016d}.tmp"


def encode_checkpoint_header(seed: int) -> bytes:
    """Return the first bytes of a checkpoint."""
    head = CHECKPOINT_MAGIC + CHECKPOINT_FORMAT.to_bytes(4, "little") + seed.to_bytes(4, "little")
    return head + crc32(head).to_bytes(4, "little")


class CheckpointFailed(Exception):
    """A disk effect of a checkpoint failed."""


@final
class Checkpoints:
    """Writes checkpoints, one at a time. `files` are the published ones, `oldest_segment` the first log file kept."""

    __slots__ = (
        "_new_ticket", "_outstanding", "_ready", "_steps", "done", "error", "files", "log_bytes_at_last", "number",
        "oldest_segment",
    )  # fmt: skip

    def __init__(
        self,
        new_ticket: Callable[[], int],
        number: int = 0,
        files: tuple[str, ...] = (),
        oldest_segment: int = 1,
    ) -> None:
        self.number = number  # of the newest one
        self.files = list(files)
        self.oldest_segment = oldest_segment
        self.log_bytes_at_last = 0
        self.done = 0  # how many were completed
        self.error = ""  # why the last one failed, "" when it did not
        self._new_ticket = new_ticket
        self._steps: Generator[list[Effect], None, None] | None = None
        self._outstanding: set[int] = set()
        self._ready: list[Effect] = []

    @property
    def running(self) -> bool:
        """Whether a checkpoint is being written."""
        return self._steps is not None

    def start(self, database: Database) -> None:
        """Begin a checkpoint of `database` as it is now; one that is running goes on instead."""
        if self._steps is None:
            self.error = ""
            self._steps = self._write(database)
            self._advance()  # to its first effects: the moment is fixed now

    def take_effects(self) -> list[Effect]:
        """Return the next slice's disk work if the one before is done."""
        if self._steps is not None and not self._outstanding and not self._ready:
            self._advance()
        effects = self._ready
        self._ready = []
        return effects

    def disk_done(self, ticket: int) -> bool:
        """Take the news that a disk effect is done; return whether it was a checkpoint's."""
        if ticket not in self._outstanding:
            return False
        self._outstanding.discard(ticket)
        return True

    def disk_failed(self, ticket: int, reason: str) -> bool:
        """Take the news that a disk effect failed; return whether it was a checkpoint's, which is then given up."""
        if ticket not in self._outstanding:
            return False
        self._outstanding.discard(ticket)
        steps = self._steps
        if steps is not None:
            try:
                self._hand_out(steps.throw(CheckpointFailed(reason)))
            except StopIteration:
                self._steps = None
        return True

    def _advance(self) -> None:
        assert self._steps is not None, "there is something to advance"
        try:
            self._hand_out(next(self._steps))
        except StopIteration:
            self._steps = None

    def _hand_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            assert isinstance(effect, Store | Publish | DeleteFile), "a checkpoint's effects"
            self._outstanding.add(effect.ticket)
        self._ready = effects

    def _write(self, database: Database) -> Generator[list[Effect], None, None]:
        number = self.number + 1
        try:
            redo = yield from self._write_file(database, number)
        except CheckpointFailed as failure:
            self.error = str(failure)
            try:
                yield [DeleteFile(self._new_ticket(), temporary_name(number))]
            except CheckpointFailed:
                return
            return
        self.number = number
        self.done += 1
        obsolete = [*self.files, *(segment_name(old) for old in range(self.oldest_segment, redo >> 32))]
        self.files = [checkpoint_name(number)]
        self.oldest_segment = max(self.oldest_segment, redo >> 32)
        for name in obsolete:
            try:
                yield [DeleteFile(self._new_ticket(), name)]
            except CheckpointFailed:
                continue  # it is deleted after the next recovery

    def _write_file(self, database: Database, number: int) -> Generator[list[Effect], None, int]:
        """Write and publish one checkpoint; return its redo lsn."""
        log = database.log
        assert log is not None, "memory-only databases have no checkpoints"
        manager = database.manager
        snapshot = Snapshot(manager.csn, None, 0)
        starts = [txn.log_start for txn in manager.active.values() if txn.log_start]
        redo = min([log.start_lsn, *starts])
        floor = log.previous  # the frame in flight, if any: the position above must be readable
        self.log_bytes_at_last = log.written_bytes
        heaps = [(heap, len(heap.pages)) for heap in database.committed_heaps()]
        begin = (
            "begin",
            snapshot.csn,
            manager.next_xid,
            database.catalog.next_oid,
            redo,
            tuple(encode(entry) for entry in database.catalog.user_objects()),
            database.sequences.checkpoint(),
            tuple((heap.storage, heap.types, pages) for heap, pages in heaps),
        )
        manager.hold(snapshot)
        try:
            name = temporary_name(number)
            offset = previous = 0
            rows = 0
            header = encode_checkpoint_header(log.seed)
            for records, count in _slices(begin, heaps, snapshot):
                rows += count
                data, previous, offset = self._frame(log.seed, header, previous, offset, records)
                header = b""
                yield [Store(self._new_ticket(), name, offset - len(data), data)]
            while manager.durable_csn < snapshot.csn or log.durable_lsn < floor:
                yield []
            end = dump_plain(("end", rows, log.durable_lsn))
            data, previous, offset = self._frame(log.seed, header, previous, offset, [end])
            yield [Store(self._new_ticket(), name, offset - len(data), data)]
            yield [Publish(self._new_ticket(), name, checkpoint_name(number))]
        finally:
            manager.release(snapshot)
        return redo

    @staticmethod
    def _frame(seed: int, header: bytes, previous: int, offset: int, records: list[bytes]) -> tuple[bytes, int, int]:
        """Return the bytes to store, this frame's lsn and the offset after it."""
        lsn = offset + len(header)
        data = header + encode_frame(seed, lsn, previous, records)
        return data, lsn, offset + len(data)


def _slices(
    begin: tuple[object, ...], heaps: list[tuple[Heap, int]], snapshot: Snapshot
) -> Generator[tuple[list[bytes], int], None, None]:
    """Yield batches of records of about SLICE_BYTES, with the number of rows in each."""
    records = [dump_plain(begin)]
    size = len(records[0])
    rows = 0
    for heap, pages in heaps:
        for number in range(pages):
            stored, count = _page_rows(heap, heap.pages[number], snapshot)
            if not count:
                continue
            record = dump_plain((heap.storage, number, stored))
            records.append(record)
            size += len(record)
            rows += count
            if size >= SLICE_BYTES:
                yield records, rows
                records, size, rows = [], 0, 0
    if records:
        yield records, rows


def _page_rows(heap: Heap, page: Page, snapshot: Snapshot) -> tuple[list[tuple[object, ...] | None], int]:
    """Return the stored rows of a page, slot by slot, as the snapshot sees them, and how many there are."""
    if page.undo is None:
        rows = page.rows
    else:
        rows = [page.visible(slot, snapshot) for slot in range(len(page.rows))]
    count = len(rows) - rows.count(None)
    if heap.packing is not None:
        pack = heap.packing.pack
        rows = [row if row is None else pack(row) for row in rows]
    return rows, count
