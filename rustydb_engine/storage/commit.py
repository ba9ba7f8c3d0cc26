"""The log's writer: group commit with one Append in flight.

Records collect in a buffer. When no Append is in flight, everything in the buffer becomes the next frame, so all who
committed during one disk write share the next. Segments are allocated ahead: the next one is asked for when half of
the current one is used, and its first Append carries the segment's header too.

    writer.add_commit(record, txn)
    writer.take_effects()        [Append(7, "wal-…01.log", 36, frame)]
    writer.appended(7)           (csn, [txn]): durable

**No space.** A commit enters the log only when `reserve` has found a place for its record that exists already: in the
current segment, or in the next one if that is allocated. While that is not known (a segment is being allocated) `reserve` says
`LogWaits`, and the commit tries again when the disk has answered; when there is no space it says 53100, and the segment is
asked for again, so service resumes by itself. Hence no commit that the log has taken waits for space. What is logged
ahead of a commit (`check_space`) may, which only means that later commits are refused.

**A failed Append** is the node's to handle: it must halt, because what the disk holds is then unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast, final

from rustydb_engine.errors import SqlError
from rustydb_engine.storage.wal import (
    FRAME_BYTES,
    HEADER_BYTES,
    RECORD_BYTES,
    SEGMENT_BYTES,
    SEGMENT_BYTES_MAX,
    encode_frame,
    encode_header,
    segment_name,
)
from rustydb_engine.txn.transaction import DURABLE, Transaction
from rustydb_proto.core.io import Allocate, Append, Effect

FIRST_BYTES: Final = 256 << 10
"""The size of a database's first segment."""
FRAME_BYTES_MAX: Final = 4 << 20
"""A frame takes no further record once it is this long."""
SPARE_BYTES: Final = 64 << 10
"""What commits leave free for the short records that cannot wait (sequences), at most a 16th of a segment."""
RECORD_BYTES_MAX: Final = SEGMENT_BYTES_MAX - HEADER_BYTES - FRAME_BYTES - RECORD_BYTES

NO_SEGMENT: Final = 0
ALLOCATING: Final = 1
READY: Final = 2
NO_SPACE: Final = 3


class LogWaits(Exception):
    """Whether there is a place for a commit is not known yet: try again when the disk has answered."""


@final
class LogWriter:
    """Writes the log from a position on. `new_ticket` numbers the effects; the node's other disk work shares it.

    `seed` is the database's checksum seed. A fresh log has `number` 0 and no current segment.
    """

    __slots__ = (
        "_again", "_flight", "_flight_ticket", "_new_ticket", "_next_size", "_next_state", "_next_ticket", "_owners", "_records", "_spare", "_wanted",
        "durable_lsn", "number", "offset", "pending_bytes", "previous",
        "seed", "segment_bytes", "size", "written_bytes",
    )  # fmt: skip

    def __init__(
        self,
        seed: int,
        new_ticket: Callable[[], int],
        number: int = 0,
        offset: int = 0,
        size: int = 0,
        previous: int = 0,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        assert HEADER_BYTES + FRAME_BYTES < segment_bytes <= SEGMENT_BYTES_MAX, "a segment holds a frame"
        self.seed = seed
        self.segment_bytes = segment_bytes
        self.number = number
        self.offset = offset
        self.size = size
        self.previous = previous  # lsn of the last frame
        self.durable_lsn = previous  # of the last frame known to be on disk
        self.pending_bytes = 0  # of records that are in no frame yet
        self.written_bytes = 0  # since this writer began: the log's volume
        self._new_ticket = new_ticket
        self._records: list[bytes] = []
        self._owners: list[Transaction | int] = []  # of each record: whose commit it is, else its csn, else 0
        self._flight_ticket = -1
        self._flight: list[Transaction | int] = []
        self._next_state = NO_SEGMENT
        self._next_ticket = -1
        self._next_size = 0
        self._spare = min(SPARE_BYTES, segment_bytes // 16)
        self._again = False  # whether to ask once more for the segment that there was no space for
        self._wanted = 0  # bytes that a commit needs which waits for a segment that can hold it

    @property
    def start_lsn(self) -> int:
        """An lsn at or before that of every record that is not durable yet and of every one to come."""
        if self._flight_ticket >= 0:
            return self.previous
        return self.number << 32 | self.offset

    @property
    def idle(self) -> bool:
        """Whether everything is durable."""
        return self._flight_ticket < 0 and not self._records

    def add(self, record: bytes, csn: int = 0) -> None:
        """Take a record into the next frame; `csn` is the place in commit order that it ends, if any."""
        self._records.append(record)
        self._owners.append(csn)
        self.pending_bytes += len(record) + RECORD_BYTES

    def add_commit(self, record: bytes, txn: Transaction) -> None:
        """Take the last record of a transaction, which has its csn."""
        self._records.append(record)
        self._owners.append(txn)
        self.pending_bytes += len(record) + RECORD_BYTES

    def check_space(self, size: int) -> None:
        """Raise 53100 when a record of `size` bytes could not be written for lack of disk space, 54000 if too long."""
        if size > RECORD_BYTES_MAX:
            raise SqlError("54000", f"a log record of {size} bytes exceeds the limit of {RECORD_BYTES_MAX}")
        if self._next_state == NO_SPACE and self.pending_bytes + size + RECORD_BYTES + 4 * FRAME_BYTES > self._room:
            raise self._full()

    def reserve(self, size: int) -> None:
        """Find a place for a commit record of `size` bytes that is there whatever the disk says later.

        Raises LogWaits while there may be one soon, 53100 when there is none, 54000 for a record that is too long.
        """
        needed = self.pending_bytes + size + self._spare + RECORD_BYTES + 4 * FRAME_BYTES
        if needed <= self.size - self.offset:
            return
        if size > RECORD_BYTES_MAX:
            raise SqlError("54000", f"a log record of {size} bytes exceeds the limit of {RECORD_BYTES_MAX}")
        if self._next_state == READY and needed <= self._next_size - HEADER_BYTES:
            return
        if self._next_state == NO_SPACE:
            raise self._full()
        self._wanted = max(self._wanted, needed - self.pending_bytes)
        raise LogWaits

    def _full(self) -> SqlError:
        self._again = True
        return SqlError("53100", "could not extend log: No space left on device", hint="Free some disk space.")

    @property
    def _room(self) -> int:
        return self.size - self.offset

    @property
    def stalled(self) -> bool:
        """Whether commits that were taken wait for disk space: call `retry` now and then."""
        return self._next_state == NO_SPACE and bool(self._records) and self._flight_ticket < 0

    def retry(self) -> None:
        """Let the next `take_effects` ask again for the segment that there was no space for."""
        if self._next_state == NO_SPACE:
            self._next_state = NO_SEGMENT

    # -- effects

    def take_effects(self) -> list[Effect]:
        """Return the Append and the Allocate that can start now."""
        effects: list[Effect] = []
        if self._records and self._flight_ticket < 0:
            self._append(effects)
        if self._again:
            self._again = False
            self.retry()
        if self._next_state == NO_SEGMENT and (self._wanted or self.offset * 2 >= self.size):
            self._allocate(effects, self._usual)
        elif self._next_state == READY and self._wanted > self._next_size - HEADER_BYTES:
            if not self._records or self.pending_bytes + 4 * FRAME_BYTES <= self._room:  # else this one is needed
                self._allocate(effects, self._usual)
        return effects

    @property
    def _usual(self) -> int:
        # The first one is small: a new database's first commit waits for its zeros to be written.
        return self.segment_bytes if self.number else min(self.segment_bytes, FIRST_BYTES)

    def _append(self, effects: list[Effect]) -> None:
        first = FRAME_BYTES + RECORD_BYTES + len(self._records[0])
        if first > self._room:
            if not self._switch(effects, first):
                return
        count, size = self._fitting(min(self._room, max(FRAME_BYTES_MAX, first)))
        lsn = self.number << 32 | self.offset
        data = encode_frame(self.seed, lsn, self.previous, self._records[:count])
        assert len(data) == size, "the frame was measured"
        start = self.offset
        if start == HEADER_BYTES:
            data = encode_header(self.seed, self.number, self.size) + data
            start = 0
        self._flight_ticket = self._new_ticket()
        effects.append(Append(self._flight_ticket, segment_name(self.number), start, data))
        self.previous = lsn
        self.offset += size
        self.written_bytes += size
        self.pending_bytes -= size - FRAME_BYTES
        if count == len(self._records):
            self._flight = self._owners
            self._records = []
            self._owners = []
        else:
            self._flight = self._owners[:count]
            del self._records[:count]
            del self._owners[:count]

    def _fitting(self, limit: int) -> tuple[int, int]:
        """Return how many records a frame of at most `limit` bytes takes, and the frame's size."""
        if FRAME_BYTES + self.pending_bytes <= limit:
            return len(self._records), FRAME_BYTES + self.pending_bytes
        size = FRAME_BYTES
        for count, record in enumerate(self._records):
            if size + RECORD_BYTES + len(record) > limit:
                return count, size
            size += RECORD_BYTES + len(record)
        return len(self._records), size

    def _switch(self, effects: list[Effect], frame_size: int) -> bool:
        """Go on to the next segment if it is there and large enough; otherwise ask for it."""
        needed = HEADER_BYTES + frame_size
        if self._next_state == READY and self._next_size >= needed:
            self.number += 1
            self.offset = HEADER_BYTES
            self.size = self._next_size
            self._next_state = NO_SEGMENT
            return True
        if self._next_state in (READY, NO_SEGMENT):
            self._allocate(effects, max(self._usual, needed))
        return False

    def _allocate(self, effects: list[Effect], size: int) -> None:
        size = max(size, HEADER_BYTES + self._wanted)
        self._next_state = ALLOCATING
        self._next_size = size
        self._next_ticket = self._new_ticket()
        effects.append(Allocate(self._next_ticket, segment_name(self.number + 1), size))

    # -- what the disk answers

    def appended(self, ticket: int) -> tuple[int, list[Transaction]]:
        """Return the csn that is durable now (0: none with this frame) and the transactions that became so."""
        assert ticket == self._flight_ticket, "one Append is in flight"
        self._flight_ticket = -1
        csn = 0
        transactions = []
        for owner in self._flight:
            if owner.__class__ is Transaction:
                owner.state = DURABLE
                transactions.append(owner)
                csn = owner.csn
            elif owner:
                csn = cast(int, owner)
        self._flight = []
        self.durable_lsn = self.previous
        return csn, transactions

    def allocated(self, ticket: int) -> bool:
        """Take the news that an Allocate is done; return whether it was this writer's."""
        if ticket != self._next_ticket:
            return False
        self._next_ticket = -1
        self._wanted = 0
        self._next_state = READY
        return True

    def failed(self, ticket: int) -> bool:
        """Take the news that an Allocate failed; return whether it was this writer's (False: halt on an Append)."""
        if ticket != self._next_ticket:
            return False
        self._next_ticket = -1
        self._wanted = 0
        self._next_state = NO_SPACE
        return True
