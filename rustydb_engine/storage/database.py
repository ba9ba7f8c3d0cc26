"""The database: heaps, catalog, sequences, transactions and the log, behind one object.

    txn = database.begin()
    heap = database.heap(table.storage); heap.insert(txn, row)
    csn = database.commit(txn)              # the record is in the log's buffer; locks are free
    for effect in database.take_effects():  # one Append for all who committed meanwhile
    database.appended(ticket)               # durable_csn grows: rows become visible, replies may go out

Nothing here waits. Without a log (`log=None`, the `:memory:` mode) every commit is durable at once.

Whoever waits for a transaction puts something into `txn.waiters`; when the transaction ends, or gives up locks at
ROLLBACK TO, those come back from `take_woken`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast, final

from rustydb_engine.catalog.bootstrap import fresh_catalog
from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.codec import encode_changes
from rustydb_engine.catalog.objects import Sequence
from rustydb_engine.storage.checkpoint import Checkpoints
from rustydb_engine.storage.commit import LogWriter
from rustydb_engine.storage.feed import Feed
from rustydb_engine.storage.heap import Heap
from rustydb_engine.storage.index import Index
from rustydb_engine.storage.pages import SLOT_MASK, Page, Undo
from rustydb_engine.storage.records import (
    Plain,
    abort_record,
    commit_all_record,
    commit_record,
    part_records,
    sequence_record,
    void_record,
)
from rustydb_engine.storage.sequences import Sequences
from rustydb_engine.storage.versions import revert, settle_keys
from rustydb_engine.txn.manager import Manager
from rustydb_engine.txn.snapshot import Snapshot
from rustydb_engine.txn.transaction import (
    ABORTED,
    ACTIVE,
    DURABLE,
    PRECOMMITTED,
    READ_COMMITTED,
    Savepoint,
    Structural,
    Transaction,
)
from rustydb_proto.core.io import Effect

STREAM_WRITES: Final = 4096
"""From this many writes on, a transaction's records are logged before its commit, in parts."""


@final
class Database:
    """One database. `log` and `checkpoints` are None in memory-only mode; whoever carries out effects drives both."""

    __slots__ = ("_reading", "catalog", "checkpoints", "feed", "heaps", "log", "manager", "sequences")

    def __init__(
        self, catalog: Catalog | None = None, log: LogWriter | None = None, checkpoints: Checkpoints | None = None
    ) -> None:
        self.catalog = catalog if catalog is not None else fresh_catalog()
        self.log = log
        self.checkpoints = checkpoints
        self.manager = Manager()
        self._reading = Snapshot(0, None, 0)  # the snapshot that those who only read have in common
        self.heaps: dict[int, Heap] = {}
        self.sequences = Sequences()
        self.feed = Feed()

    def heap(self, storage: int) -> Heap:
        """Return the heap of this number, which must exist."""
        return self.heaps[storage]

    @property
    def durable_csn(self) -> int:
        """How far commits are on disk."""
        return self.manager.durable_csn

    # -- transactions

    def begin(self, isolation: str = READ_COMMITTED, read_only: bool = False, process_id: int = 0) -> Transaction:
        """Start a transaction; `process_id` names its session in deadlock reports."""
        return self.manager.begin(isolation, read_only, process_id)

    def read_snapshot(self) -> Snapshot:
        """Return a snapshot for one statement that reads, outside any transaction and within one step.

        When its csn is above `durable_csn` (a change of the catalog is on its way to disk), the reply must wait for it.
        """
        manager = self.manager
        csn = manager.durable_csn
        if manager.catalog_csn > csn:
            csn = manager.catalog_csn
        if self._reading.csn != csn:
            self._reading = Snapshot(csn, None, 0)
        return self._reading

    def commit(self, txn: Transaction, reserve: bool = False) -> int | None:
        """Commit: return the csn whose durability the reply must wait for, or None when there is none to wait for.

        With `reserve` the log takes the record only when it has a place; otherwise, where that is not known, the record waits.
        The transaction is still active after an error: 53100 when the log has no space (roll back), with `reserve` LogWaits when
        that is not known yet (call again when the disk has answered).
        """
        assert txn.state == ACTIVE, "a transaction ends once"
        manager = self.manager
        plain = txn.catalog is None and txn.structural is None
        if plain and not txn.writes:
            txn.state = DURABLE
            if txn.notes is not None and txn.notes.messages:
                # It has no place in commit order of its own: what it says comes after all that was committed before.
                txn.depend(manager.csn)
                self.feed.committed(txn, manager.csn)
            self._end(txn)
            return txn.depends_csn if txn.depends_csn > manager.durable_csn else None
        log = self.log
        csn = manager.csn + 1
        record = b""
        if log is not None:
            if plain and len(txn.writes) + txn.run_rows <= STREAM_WRITES and not txn.logged:
                record = commit_record(txn, csn)
            else:
                record = self._closing_record(txn, csn)
            if reserve:
                log.reserve(len(record))
            else:
                log.check_space(len(record))
        if txn.notes is not None or self.feed.watched:
            self.feed.committed(txn, csn)
        if not plain:
            self._publish_structure(txn, csn)
        manager.csn = csn
        txn.csn = csn
        if log is None:
            txn.state = DURABLE
            manager.durable_csn = csn
            self._end(txn)
            manager.retire([txn])
            return None
        txn.state = PRECOMMITTED
        log.add_commit(record, txn)
        self._end(txn)
        return csn

    def _closing_record(self, txn: Transaction, csn: int) -> bytes:
        """Log what is left of a large or structural transaction's rows and return its last record."""
        self.log_ahead(txn, 0)
        structure = [
            change.record if change.record[0] != "sequence" else self._sequence_now(change.record)
            for change in txn.structural or ()
            if change.record is not None
        ]
        catalog = encode_changes(txn.catalog.changes) if txn.catalog is not None else ()
        return commit_all_record(txn, csn, structure, catalog, self.catalog.next_oid)

    def _sequence_now(self, record: Plain) -> Plain:
        """Return the record of a restarted sequence with its counter as it is: it may have moved on since."""
        counter = self.sequences.counters[cast(int, record[1])]
        counter.ahead = 0
        return ("sequence", record[1], counter.value, counter.called)

    def _publish_structure(self, txn: Transaction, csn: int) -> None:
        overlay = txn.catalog
        if overlay is not None:
            changes = overlay.changes
            if changes:
                self.catalog.apply(changes)
                self.manager.catalog_csn = csn
            txn.catalog = None
        if txn.structural is not None:
            for change in txn.structural:
                if change.settle is not None:
                    change.settle()
            txn.structural = None

    def log_ahead(self, txn: Transaction, threshold: int = STREAM_WRITES) -> None:
        """Log the writes of a large transaction that are not logged yet, so that its commit is quick.

        Call it between batches of a statement that writes much; 53100 when the log has no space.
        """
        writes = txn.writes
        if self.log is None or len(writes) - txn.logged + txn.run_rows <= threshold:
            return
        for start in range(txn.logged, len(writes), STREAM_WRITES):
            for record in part_records(txn.xid, writes[start : start + STREAM_WRITES]):
                self.log.check_space(len(record))
                if not txn.log_start:
                    txn.log_start = self.log.start_lsn
                self.log.add(record)
        txn.logged = len(writes)
        txn.run_rows = 0

    def rollback(self, txn: Transaction) -> None:
        """Undo everything and end the transaction."""
        assert txn.state == ACTIVE, "a transaction ends once"
        revert(txn)
        self._revert_structure(txn, 0)
        if txn.dead_keys is not None:
            settle_keys(txn.dead_keys)
            txn.dead_keys = None
        txn.catalog = None
        if txn.log_start and self.log is not None:
            self.log.add(abort_record(txn.xid))
        txn.state = ABORTED
        self._end(txn)

    def rollback_to(self, txn: Transaction, mark: Savepoint) -> None:
        """Undo what was done after `txn.savepoint()` gave this mark, and release the locks taken since."""
        assert txn.state == ACTIVE, "a transaction that ended has no savepoints"
        again = txn.writes[mark.writes : txn.logged]
        revert(txn, mark.writes)
        if again:
            # These rows are in the log with what was just undone. Rows that an earlier write of this transaction
            # changed are logged again as they are now; the others belong to everybody and must be left alone.
            txn.logged = mark.writes
            assert self.log is not None, "only a log is written ahead"
            self.log.add(void_record(txn, again))
            own = [write for write in again if _newest_writer(write) is txn]
            for record in part_records(txn.xid, own):
                self.log.add(record)
        self._revert_structure(txn, mark.structural)
        if txn.dead_keys is not None:
            settle_keys(txn.dead_keys[mark.dead_keys :])
            del txn.dead_keys[mark.dead_keys :]
        if txn.catalog is not None:
            txn.catalog.rollback_to(mark.catalog)
        # SET CONSTRAINTS puts new lists and modes in their place, so those of the mark are as they were but for additions.
        txn.deferred, count = mark.deferred
        if txn.deferred is not None:
            del txn.deferred[count:]
        txn.constraint_modes = mark.constraint_modes
        if txn.notes is not None:
            txn.notes.rollback_to(mark.notes)
        if txn.advisory is not None:
            self.manager.advisory.release_since(txn, mark.advisory)
        self._release_row_locks(txn, mark.row_locks)
        self.manager.locks.restore(txn, mark.table_locks)
        self._wake(txn)

    def _revert_structure(self, txn: Transaction, mark: int) -> None:
        structural = txn.structural
        if structural is None:
            return
        for change in reversed(structural[mark:]):
            change.undo()
        kept = structural[:mark]
        if txn.log_start:
            # Parts in the log may name heaps that are gone now: recovery must know them to leave them out.
            for change in structural[mark:]:
                if change.record is not None and change.record[0] == "heap":
                    kept += (
                        Structural(_nothing, None, change.record),
                        Structural(_nothing, None, ("drop", change.record[1])),
                    )
        txn.structural = kept

    def _end(self, txn: Transaction) -> None:
        manager = self.manager
        del manager.active[txn.xid]
        if manager.locks.crowded:
            manager.locks.release_all(txn)
        if txn.row_locks is not None:
            self._release_row_locks(txn, 0)
        if txn.advisory is not None:
            manager.advisory.release_since(txn, 0)
        if txn.waiters is not None:
            self._wake(txn)
        if txn.snapshot_csn >= 0:
            manager.end_snapshot(txn)

    def _release_row_locks(self, txn: Transaction, mark: int) -> None:
        locks = txn.row_locks
        if locks is not None:
            for heap, rid in reversed(locks[mark:]):
                heap.unlock(txn, rid)
            del locks[mark:]

    def _wake(self, txn: Transaction) -> None:
        if txn.waiters:
            self.manager.woken += txn.waiters
            txn.waiters = None

    def take_woken(self) -> list[object]:
        """Return, in the order in which they came, those who waited for transactions that have ended."""
        woken = self.manager.woken
        if not woken:
            return []
        taken = woken.copy()
        woken.clear()
        return taken

    # -- storage

    def create_heap(self, txn: Transaction, types: Iterable[int], temporary: bool = False) -> Heap:
        """Make an empty heap for rows of columns with these type OIDs; its number is `heap.storage`.

        A temporary heap is neither logged nor in checkpoints.
        """
        storage = self.catalog.take_oid()
        heap = Heap(storage, tuple(types), temporary)
        self.heaps[storage] = heap
        record = None if temporary else ("heap", storage, heap.types)
        self._note(txn, Structural(lambda: _forget_heap(self.heaps, storage), None, record))
        return heap

    def drop_heap(self, txn: Transaction, storage: int) -> None:
        """Drop a heap when `txn` commits."""
        record = None if self.heaps[storage].temporary else ("drop", storage)
        self._note(txn, Structural(_nothing, lambda: _forget_heap(self.heaps, storage), record))

    def attach_index(self, txn: Transaction, heap: Heap, index: Index) -> None:
        """Put an index that was built to work: at once, and for good when `txn` commits."""
        heap.attach(index)
        index.note_versions(txn)
        self._note(txn, Structural(lambda: heap.detach(index), None, None))

    def detach_index(self, txn: Transaction, heap: Heap, index: Index) -> None:
        """Take an index out of work when `txn` commits; until then it is kept up to date."""
        self._note(txn, Structural(_nothing, lambda: heap.detach(index), None))

    def _note(self, txn: Transaction, change: Structural) -> None:
        if txn.structural is None:
            txn.structural = []
        txn.structural.append(change)

    # -- sequences

    def nextval(self, txn: Transaction, sequence: Sequence) -> int:
        """Advance a sequence; 2200H at its end. The reply of `txn` waits until the log covers the value."""
        value, logged = self.sequences.advance(sequence)
        if logged is not None:
            self._log_sequence(txn, sequence.oid, logged, True)
        else:
            csn = self.sequences.counters[sequence.oid].csn
            if csn > self.manager.durable_csn:
                txn.depend(csn)
        return value

    def setval(self, txn: Transaction, sequence: Sequence, value: int, called: bool) -> None:
        """Set a sequence's counter at once, whatever becomes of `txn`; 22003 out of its bounds."""
        self.sequences.set(sequence, value, called)
        self._log_sequence(txn, sequence.oid, value, called)

    def restart_sequence(self, txn: Transaction, sequence: Sequence, value: int) -> None:
        """Let a sequence begin again from `value`; a rollback restores it (ALTER SEQUENCE, TRUNCATE)."""
        sequences = self.sequences
        oid = sequence.oid
        before = sequences.counter(sequence)
        sequences.restart(sequence, value)
        change = Structural(
            lambda: sequences.revert(oid, before), lambda: sequences.keep(oid), ("sequence", oid, value, False)
        )
        self._note(txn, change)

    def _log_sequence(self, txn: Transaction, oid: int, value: int, called: bool) -> None:
        log = self.log
        if log is None:
            return
        manager = self.manager
        record = sequence_record(manager.csn + 1, oid, value, called)
        log.check_space(len(record))
        manager.csn += 1
        log.add(record, manager.csn)
        txn.depend(manager.csn)
        self.sequences.counters[oid].csn = manager.csn

    # -- log

    def take_effects(self) -> list[Effect]:
        """Return the disk work that the log wants started now; call it once a step."""
        return self.log.take_effects() if self.log is not None else []

    def appended(self, ticket: int) -> int:
        """Take the news that an Append is durable; return the new durable csn."""
        assert self.log is not None, "there is no log in memory-only mode"
        csn, transactions = self.log.appended(ticket)
        manager = self.manager
        if csn > manager.durable_csn:
            manager.durable_csn = csn
        manager.retire(transactions)
        return manager.durable_csn

    def committed_heaps(self) -> list[Heap]:
        """Return the heaps that a checkpoint stores: no temporary ones, none of a transaction that is active."""
        pending = {
            change.record[1]
            for txn in self.manager.active.values()
            for change in txn.structural or ()
            if change.record is not None and change.record[0] == "heap"
        }
        return [heap for storage, heap in sorted(self.heaps.items()) if not heap.temporary and storage not in pending]


def _newest_writer(write: tuple[Heap, int, int, Page, Undo]) -> Transaction | None:
    _, rid, _, page, _ = write
    slot = rid & SLOT_MASK
    entry = page.undo.get(slot) if page.undo is not None and slot < len(page.rows) else None
    return entry.txn if entry is not None else None


def _nothing() -> None:
    return


def _forget_heap(heaps: dict[int, Heap], storage: int) -> None:
    heaps.pop(storage, None)
