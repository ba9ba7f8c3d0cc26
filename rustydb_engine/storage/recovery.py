"""Recovery: the database as the files say it was, or a refusal that names what is wrong.

A generator that asks for pieces of files and reports progress, so that a directory, a simulated disk or a test can
feed it:

    steps = recover(listing, entropy)                listing: file name -> size in bytes
    answer = None
    while True:
        request = steps.send(answer)                 StopIteration.value is the Recovered
        answer = read(request) if isinstance(request, ReadFile) else None

It loads the newest checkpoint that reads well, replays the log from the position the checkpoint names, and builds the
indexes. The log ends at its first invalid frame; when a valid frame follows that one, in the same segment or a later
one, the log is damaged in the middle and recovery refuses (`DamagedLog`), because cutting it there would lose
commits that were acknowledged.

Files that are not needed any more are in `Recovered.obsolete`, for the host to delete.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import field
from itertools import count
from typing import Final, TypeAlias

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Table
from rustydb_engine.catalog.temporary import forget_temporary
from rustydb_engine.storage.checkpoint import (
    CHECKPOINT_FORMAT,
    CHECKPOINT_HEADER_BYTES,
    CHECKPOINT_MAGIC,
    Checkpoints,
    checkpoint_name,
    checkpoint_number,
    encode_checkpoint_header,
)
from rustydb_engine.storage.commit import LogWriter
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.index import SKIP, Index
from rustydb_engine.storage.records import DamagedRecord, decode, load_plain
from rustydb_engine.storage.replay import Rebuild
from rustydb_engine.storage.wal import (
    FRAME_BYTES,
    FRAME_MAGIC,
    HEADER_BYTES,
    SEGMENT_BYTES,
    DamagedLog,
    Frame,
    decode_frame,
    decode_header,
    frames,
    segment_name,
    segment_number,
    stray_frame,
)
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.value import value

READ_BYTES: Final = 4 << 20
PROGRESS_PAGES: Final = 256
ADVICE: Final = "restore the data directory from a backup, or move the damaged file away to start without it"

IndexFactory: TypeAlias = Callable[[Catalog, Table], Sequence[Index]]
"""Makes the (empty) index objects of a table from the catalog; the executor provides it."""


@value
class ReadFile:
    """Answer with the bytes of the file `name` from `offset`, at most `size` of them (fewer at its end)."""

    name: str
    offset: int
    size: int


@value
class Progress:
    """How far recovery is: `phase` is checkpoint, log or indexes; `done` of `total` are bytes, or pages for indexes."""

    phase: str
    done: int
    total: int
    rows: int

    @property
    def percent(self) -> int:
        """How much of the phase is done."""
        return 100 * self.done // self.total if self.total else 100


@value
class Recovered:
    """A database that is ready to go on. `fresh`: there was nothing before.

    `obsolete` names files to delete, `notes` are remarks for the operator.
    """

    database: Database
    fresh: bool
    rows: int
    log_bytes: int
    obsolete: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())


Steps: TypeAlias = Generator[ReadFile | Progress, bytes | None, Recovered]
Reads: TypeAlias = Generator[ReadFile | Progress, bytes | None, bytes]
Nothing: TypeAlias = Generator[ReadFile | Progress, bytes | None, None]


class _Log:
    """Where reading the log has come to."""

    def __init__(self, seed: int, redo: int) -> None:
        self.seed = seed
        self.number = redo >> 32
        self.offset = redo & 0xFFFFFFFF
        self.size = 0
        self.previous = 0  # lsn of the last valid frame
        self.bytes = 0


def recover(
    listing: Mapping[str, int],
    entropy: Entropy,
    index_factory: IndexFactory | None = None,
    new_ticket: Callable[[], int] | None = None,
    segment_bytes: int = SEGMENT_BYTES,
) -> Steps:
    """Rebuild a database from the files of a data directory; DamagedLog when they contradict one another.

    `entropy` gives a new database its checksum seed. `new_ticket` numbers the disk effects of the database.
    """
    new_ticket = new_ticket if new_ticket is not None else count(1).__next__
    segments = {number for name in listing if (number := segment_number(name)) is not None}
    checkpoints = sorted((number for name in listing if (number := checkpoint_number(name)) is not None), reverse=True)
    notes: list[str] = []
    rebuild, seed, redo, durable = yield from _newest_checkpoint(listing, checkpoints, segments, notes)
    log = _Log(seed, redo)
    if durable < redo:
        log.previous = durable  # the checkpoint's last look at the log found nothing behind its position
    fresh = not checkpoints and not (yield from _find_seed(listing, segments, log, entropy))
    try:
        yield from _replay(listing, segments, log, rebuild)
        if redo <= durable and log.previous < durable:
            raise DamagedLog(
                segment_name(log.number), log.offset, f"the log ends before its last known frame; {ADVICE}"
            )
        rebuild.finish()
    except DamagedRecord as damage:
        raise DamagedLog(segment_name(log.number), log.offset, f"{damage}; {ADVICE}") from None
    writer = LogWriter(
        log.seed, new_ticket, log.number, log.offset, log.size, log.previous, segment_bytes=segment_bytes
    )
    writer.written_bytes = log.bytes
    used = [number for number in checkpoints if checkpoint_name(number) in listing]
    first = min((number for number in segments if number <= log.number), default=1)
    database = Database(
        rebuild.catalog,
        writer,
        Checkpoints(
            new_ticket,
            max(used, default=0),
            tuple(checkpoint_name(number) for number in reversed(used)),
            first,
        ),
    )
    _fill(database, rebuild)
    forget_temporary(database.catalog)
    if index_factory is not None:
        yield from _build_indexes(database, index_factory, notes)
    obsolete = [name for name in sorted(listing) if name.startswith("checkpoint-") and name.endswith(".tmp")]
    return Recovered(database, fresh, rebuild.rows, log.bytes, tuple(obsolete), tuple(notes))


def _fill(database: Database, rebuild: Rebuild) -> None:
    manager = database.manager
    database.heaps = rebuild.heaps
    database.sequences = rebuild.sequences
    manager.csn = manager.durable_csn = rebuild.csn
    manager.next_xid = rebuild.next_xid


# ---- checkpoints


def _newest_checkpoint(
    listing: Mapping[str, int], numbers: list[int], segments: set[int], notes: list[str]
) -> Generator[ReadFile | Progress, bytes | None, tuple[Rebuild, int, int, int]]:
    """Load the newest checkpoint that is whole and whose log is there: (state, seed, redo lsn, durable lsn)."""
    damage: DamagedLog | None = None
    for number in numbers:
        name = checkpoint_name(number)
        try:
            rebuild, seed, redo, durable = yield from _load_checkpoint(name, listing[name])
        except DamagedLog as error:
            damage = damage or error
            notes.append(f"checkpoint skipped: {error}")
            continue
        if redo >> 32 and redo >> 32 not in segments:
            damage = damage or DamagedLog(segment_name(redo >> 32), 0, f"missing, and {name} needs it; {ADVICE}")
            continue
        return rebuild, seed, redo, durable
    if damage is not None:
        raise damage
    return Rebuild(), 0, 0, 0


def _load_checkpoint(
    name: str, size: int
) -> Generator[ReadFile | Progress, bytes | None, tuple[Rebuild, int, int, int]]:
    reader = _CheckpointReader(name, size)
    seed = yield from reader.header()
    rebuild = Rebuild()
    redo = durable = -1
    expected = 0
    while durable < 0:
        frame = yield from reader.frame(seed)
        yield Progress("checkpoint", reader.offset, size, rebuild.rows)
        try:
            for data in frame.records:
                record = load_plain(data)
                if redo < 0:
                    redo = rebuild.begin(record)
                elif isinstance(record, tuple) and len(record) == 3 and record[0] == "end":
                    durable, expected = _lsn(record[2]), _lsn(record[1])
                else:
                    rebuild.page(record)
        except DamagedRecord as damage:
            raise DamagedLog(name, frame.lsn, f"{damage}; {ADVICE}") from None
    found = sum(len(page.rows) - page.rows.count(None) for heap in rebuild.heaps.values() for page in heap.pages)
    if found != expected:
        raise DamagedLog(name, reader.offset, f"{found} rows instead of {expected}; {ADVICE}")
    return rebuild, seed, redo, durable


def _lsn(item: object) -> int:
    if type(item) is not int or not 0 <= item < 1 << 63:
        raise DamagedRecord("not a position")
    return item


class _CheckpointReader:
    """Reads a checkpoint's frames through a window, so that a large one is never whole in memory."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.offset = 0  # of the next frame
        self._window = b""
        self._window_start = 0

    def _have(self, size: int) -> Nothing:
        """Make the window hold `size` bytes from `offset`, or all that there is."""
        end = self._window_start + len(self._window)
        if self.offset + size > end and end < self.size:
            answer = yield ReadFile(self.name, self.offset, max(size, READ_BYTES))
            assert answer is not None, "a ReadFile is answered with bytes"
            self._window = answer
            self._window_start = self.offset

    def header(self) -> Generator[ReadFile | Progress, bytes | None, int]:
        """Return the seed."""
        yield from self._have(CHECKPOINT_HEADER_BYTES)
        head = self._window[:CHECKPOINT_HEADER_BYTES]
        seed = int.from_bytes(head[12:16], "little")
        if head != encode_checkpoint_header(seed):
            version = int.from_bytes(head[8:12], "little")
            if head[:8] == CHECKPOINT_MAGIC and version != CHECKPOINT_FORMAT:
                raise DamagedLog(self.name, 8, f"format {version}; this server reads {CHECKPOINT_FORMAT}")
            raise DamagedLog(self.name, 0, f"not a checkpoint's header; {ADVICE}")
        self.offset = CHECKPOINT_HEADER_BYTES
        return seed

    def frame(self, seed: int) -> Generator[ReadFile | Progress, bytes | None, Frame]:
        """Return the next frame."""
        yield from self._have(FRAME_BYTES)
        place = self.offset - self._window_start
        length = int.from_bytes(self._window[place + 4 : place + 8], "little")
        yield from self._have(min(FRAME_BYTES + length, self.size - self.offset))
        frame = decode_frame(self._window, self.offset - self._window_start, self.offset, seed)
        if frame is None:
            raise DamagedLog(self.name, self.offset, f"its checksum does not match; {ADVICE}")
        self.offset = frame.end
        return frame


# ---- the log


def _find_seed(
    listing: Mapping[str, int], segments: set[int], log: _Log, entropy: Entropy
) -> Generator[ReadFile | Progress, bytes | None, bool]:
    """Take the seed from the first segment, or a new one for a new database; return whether there was a log."""
    log.seed = entropy.integer(32)
    log.number = 1 if segments else 0
    log.offset = HEADER_BYTES if segments else 0
    if not segments:
        return False
    if min(segments) != 1:
        raise DamagedLog(segment_name(1), 0, f"missing, and there is no checkpoint; {ADVICE}")
    data = yield from _read(segment_name(1), listing)
    header = decode_header(data)
    if header is not None:
        log.seed = header.seed
        return True
    # A segment that was allocated and whose first write never came, or came in part. A frame that says it belongs
    # where it stands, behind the place of the first one, shows that there was more.
    place = data.find(FRAME_MAGIC, HEADER_BYTES + 1)
    while place >= 0:
        if int.from_bytes(data[place + 12 : place + 20], "little") == 1 << 32 | place:
            raise DamagedLog(segment_name(1), 0, f"its header is damaged; {ADVICE}")
        place = data.find(FRAME_MAGIC, place + 1)
    if len(segments) > 1:
        raise DamagedLog(segment_name(1), 0, f"its header is damaged; {ADVICE}")
    log.number = log.offset = 0
    return False


def _read(name: str, listing: Mapping[str, int]) -> Reads:
    answer = yield ReadFile(name, 0, listing[name])
    assert answer is not None, "a ReadFile is answered with bytes"
    return answer


def _replay(listing: Mapping[str, int], segments: set[int], log: _Log, rebuild: Rebuild) -> Nothing:
    """Apply the frames from the redo position to the end of the log; leave `log` where the next frame goes."""
    total = sum(listing[segment_name(number)] for number in segments if number >= log.number)
    done = 0
    number = max(log.number, 1)
    if log.number == 0:
        log.offset = HEADER_BYTES
    torn: tuple[str, int] | None = None  # where the log ended, in a segment that others follow
    while number in segments:
        name = segment_name(number)
        data = yield from _read(name, listing)
        start = log.offset if number == log.number else HEADER_BYTES
        if torn is None:
            torn = _replay_segment(data, number, start, log, rebuild)
        else:
            stray = stray_frame(data, number, log.seed, HEADER_BYTES - 1)
            if stray is not None:
                raise DamagedLog(torn[0], torn[1], f"damaged, and {name} continues the log; {ADVICE}")
        done += len(data)
        yield Progress("log", done, total, rebuild.rows)
        number += 1
    for later in sorted(segments):
        if later > number:
            data = yield from _read(segment_name(later), listing)
            if stray_frame(data, later, log.seed, HEADER_BYTES - 1) is not None:
                raise DamagedLog(segment_name(number), 0, f"missing, and {segment_name(later)} follows; {ADVICE}")
    if log.size == 0:
        log.number = log.offset = 0  # nothing was ever written: the first segment is still to be made


def _replay_segment(data: bytes, number: int, start: int, log: _Log, rebuild: Rebuild) -> tuple[str, int] | None:
    """Apply a segment's frames; return the place of a tear that ends the log, None when the next may continue it."""
    name = segment_name(number)
    header = decode_header(data)
    if header is None or header.number != number or header.seed != log.seed:
        if number == log.number or stray_frame(data, number, log.seed, HEADER_BYTES - 1) is not None:
            raise DamagedLog(name, 0, f"its header is damaged; {ADVICE}")
        return name, 0  # allocated ahead and never used
    first = True
    offset = start
    for frame in frames(data, number, log.seed, start):
        if log.previous and frame.previous != log.previous:
            at = segment_name(log.number), log.offset
            raise DamagedLog(*at, f"{name} continues the log from elsewhere: frames are missing here; {ADVICE}")
        log.number = number
        log.offset = frame.lsn & 0xFFFFFFFF
        for record in frame.records:
            rebuild.apply(decode(record))
        log.previous = frame.lsn
        offset = log.offset = frame.end & 0xFFFFFFFF
        log.size = header.size
        log.bytes += frame.end - frame.lsn
        first = False
    if first and number == log.number:
        log.size = header.size  # the checkpoint's position is the end of the log, or of this segment
    stray = stray_frame(data, number, log.seed, offset)
    if stray is not None:
        raise DamagedLog(name, offset, f"damaged, and the log goes on at offset {stray}; {ADVICE}")
    return None


# ---- indexes


def _build_indexes(database: Database, index_factory: IndexFactory, notes: list[str]) -> Nothing:
    work = [
        (table, heap)
        for table in database.catalog.objects("table")
        if isinstance(table, Table) and (heap := database.heaps.get(table.storage)) is not None
    ]
    total = sum(len(heap.pages) for _, heap in work)
    done = rows = 0
    for table, heap in work:
        for index in index_factory(database.catalog, table):
            for number, duplicate in enumerate(index.build_steps(heap)):
                if duplicate is not SKIP:
                    notes.append(f'index {index.oid} of table "{table.name}": key {duplicate!r:.80} is not unique')
                if number % PROGRESS_PAGES == PROGRESS_PAGES - 1:
                    yield Progress("indexes", done, total, rows)
            heap.attach(index)
        done += len(heap.pages)
        rows += heap.live_rows
        yield Progress("indexes", done, total, rows)
