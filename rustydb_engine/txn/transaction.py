"""A transaction: its state, what it wrote, and what it holds.

    ACTIVE ──commit──> PRECOMMITTED ──log durable──> DURABLE
       └───rollback──> ABORTED

A precommitted transaction has its place in commit order (`csn`) and has given up its locks, but only snapshots of
transactions that depend on it see its rows before they are durable. `writes` lists every change in order: rollback
undoes it backwards, commit logs it, and pruning forgets the old versions through it.

Subtransactions are marks in these lists: ROLLBACK TO undoes the changes after the mark and releases the locks taken
since. Nothing is copied at SAVEPOINT.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from rustydb_engine.txn.snapshot import Snapshot
from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.catalog.catalog import Overlay
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.storage.index import Index
    from rustydb_engine.storage.pages import Page, Undo
    from rustydb_engine.txn.advisory import Hold, Holder
    from rustydb_engine.txn.manager import Manager
    from rustydb_engine.txn.notes import Mark, Notes

UNDECIDED: Final = 1 << 62
"""The `csn` of a transaction that has none yet: later than every snapshot."""

ACTIVE: Final = 0
PRECOMMITTED: Final = 1
DURABLE: Final = 2
ABORTED: Final = 3

READ_COMMITTED: Final = "read committed"
REPEATABLE_READ: Final = "repeatable read"
SERIALIZABLE: Final = "serializable"


@value
class Savepoint:
    """A mark that `database.rollback_to` returns to; it stays valid after a rollback to it."""

    writes: int
    dead_keys: int
    row_locks: int
    table_locks: tuple[tuple[int, int], ...]
    catalog: int
    structural: int
    deferred: tuple[list[tuple[Any, ...]] | None, int]
    constraint_modes: dict[int, bool] | None
    notes: Mark
    advisory: int


@final
class Structural:
    """A change of storage that is no row change: heaps and indexes made or dropped, a sequence restarted.

    `undo` reverts it at rollback; `settle`, when given, runs at commit. `record` is what the log stores, or None.
    """

    __slots__ = ("record", "settle", "undo")

    def __init__(
        self, undo: Callable[[], None], settle: Callable[[], None] | None, record: tuple[object, ...] | None
    ) -> None:
        self.undo = undo
        self.settle = settle
        self.record = record


@final
class Transaction:
    """One transaction. Made by `Database.begin`; fields are the engine's, not for changing by callers, but `catalog`.

    `writes` holds (heap, rid, count, page, undo entry); a count above 1 is a run of rows that share an entry.
    `dead_keys` holds (index, key, page, rid): keys that index entries may lose once a version goes.
    """

    __slots__ = (
        "advisory", "catalog", "cid", "constraint_modes", "csn", "dead_keys", "deferred", "depends_csn", "inserted", "isolation",
        "log_start", "logged", "manager", "notes", "process_id", "read_only", "row_locks", "run_rows", "snapshot_csn", "state", "structural",
        "table_locks", "waiters", "waiting", "waits_for", "writes", "xid",
    )  # fmt: skip

    def __init__(self, manager: Manager, xid: int, isolation: str, read_only: bool, process_id: int) -> None:
        self.manager = manager
        self.xid = xid
        self.isolation = isolation
        self.read_only = read_only
        self.process_id = process_id
        self.state = ACTIVE
        self.csn = UNDECIDED
        self.depends_csn = 0
        self.cid = 0
        self.snapshot_csn = -1  # of a repeatable read transaction that has taken its snapshot
        self.writes: list[tuple[Heap, int, int, Page, Undo]] = []
        self.inserted: Undo | None = None  # the undo entry that all rows inserted by one command share
        self.table_locks: dict[int, int] = {}  # table OID -> bits of the held modes
        self.catalog: Overlay | None = None
        self.dead_keys: list[tuple[Index, object, Page, int]] | None = None
        self.row_locks: list[tuple[Heap, int]] | None = None
        self.structural: list[Structural] | None = None
        self.deferred: list[tuple[Any, ...]] | None = None  # checks that wait for the commit; it only grows
        self.constraint_modes: dict[int, bool] | None = None  # SET CONSTRAINTS: OID (0: all) -> deferred; replaced
        self.notes: Notes | None = None  # what it will tell others if it commits
        self.advisory: list[Hold] | None = None  # advisory locks that end with it
        self.waiters: list[object] | None = None  # the node's continuations, handed back when this ends
        self.waits_for: tuple[Transaction | Holder, ...] = ()
        self.waiting: str = ""  # what the wait is for, as the deadlock report says it
        self.run_rows = 0  # how many rows in runs were written since the log was last brought up to date
        self.logged = 0  # how many of `writes` are in the log already (a large transaction streams)
        self.log_start = 0  # lsn before the first streamed record, 0 when there is none

    def snapshot(self) -> Snapshot:
        """Return the snapshot for the next statement: a fresh one in read committed, else the transaction's own."""
        csn = self.snapshot_csn
        if csn < 0:
            csn = self.manager.snapshot_csn(self)
        return Snapshot(csn, self, self.cid)

    def next_command(self) -> None:
        """End a command: what it wrote is visible to the statements that follow."""
        self.cid += 1

    def depend(self, csn: int) -> None:
        """Note that this transaction saw the effect of the commit `csn`, which may not be durable."""
        if csn > self.depends_csn:
            self.depends_csn = csn

    def savepoint(self) -> Savepoint:
        """Return a mark for `database.rollback_to`."""
        return Savepoint(
            len(self.writes),
            len(self.dead_keys) if self.dead_keys else 0,
            len(self.row_locks) if self.row_locks else 0,
            tuple(self.table_locks.items()),
            self.catalog.savepoint() if self.catalog is not None else 0,
            len(self.structural) if self.structural else 0,
            (self.deferred, len(self.deferred) if self.deferred else 0),
            self.constraint_modes,
            self.notes.mark() if self.notes is not None else (0, 0, 0),
            len(self.advisory) if self.advisory else 0,
        )
