"""The transactions that are going on: their numbers, snapshots, waits, and the horizon below which versions are needed.

`durable_csn` is how far the log is on disk: the csn of an ordinary snapshot. Snapshots that outlive a step are held;
the smallest held csn is the horizon, and durable transactions above it wait in `retired` for their undo entries to go.

**Waits.** A transaction that waits names those it waits for; all of them must end (or give way), so a cycle in this
graph is a deadlock. It is looked for when a wait begins, which is the only moment a cycle can close.

    T1 waits for T2 (row)      T2 asks for T1's table lock      T2: 40P01 deadlock detected
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, final

from rustydb_engine.errors import SqlError
from rustydb_engine.storage.versions import forget
from rustydb_engine.txn.advisory import AdvisoryLocks, Holder
from rustydb_engine.txn.locks import TableLocks
from rustydb_engine.txn.snapshot import Snapshot
from rustydb_engine.txn.transaction import READ_COMMITTED, Transaction

Blocker = Transaction | Holder
"""What one waits for: the end of a transaction, or that a session gives up an advisory lock."""

FORGET_BATCH: Final = 4096
"""How many backlogged writes one call of `tidy` forgets, at least one transaction's."""


@final
class Manager:
    """Active transactions, held snapshots, table locks and the wait graph."""

    __slots__ = (
        "_held", "_horizon", "active", "advisory", "catalog_csn", "csn", "durable_csn", "locks", "next_xid", "retired", "wait_starts", "woken",
    )  # fmt: skip

    def __init__(self) -> None:
        self.next_xid = 3  # PostgreSQL's first normal transaction id
        self.csn = 1  # the newest commit
        self.durable_csn = 1  # the newest durable commit
        self.catalog_csn = 0  # the newest commit that changed the catalog
        self.active: dict[int, Transaction] = {}
        self.wait_starts: dict[int, int] = {}  # xid of who waits -> when that began (timestamptz)
        self.woken: list[object] = []  # waiters of transactions that have ended
        self.locks = TableLocks(self.active, self.woken)
        self.advisory = AdvisoryLocks(self.woken)
        self.retired: deque[Transaction] = deque()  # durable, in commit order, with entries that someone may need
        self._held: dict[int, int] = {}  # csn -> how many snapshots with it are held
        self._horizon = 0  # the smallest held csn, 0 when none is held

    def begin(self, isolation: str, read_only: bool, process_id: int) -> Transaction:
        """Start a transaction."""
        xid = self.next_xid
        self.next_xid = xid + 1
        txn = Transaction(self, xid, isolation, read_only, process_id)
        self.active[xid] = txn
        return txn

    # -- snapshots

    def snapshot_csn(self, txn: Transaction) -> int:
        """Return the csn of a new snapshot of `txn`; in repeatable read it is kept, and held until the end."""
        csn = self.durable_csn
        if self.catalog_csn > csn and self.catalog_csn > txn.depends_csn:
            # The statement was planned with the newest catalog; heaps must be seen as of that.
            txn.depends_csn = self.catalog_csn
        if txn.depends_csn > csn:
            csn = txn.depends_csn
        if txn.isolation != READ_COMMITTED:
            txn.snapshot_csn = csn
            self._hold(csn)
        return csn

    def hold(self, snapshot: Snapshot) -> None:
        """Keep every version that `snapshot` sees until it is released; holds of the same snapshot add up."""
        self._hold(snapshot.csn)

    @property
    def holds_snapshots(self) -> bool:
        """Whether some snapshot may be older than what is committed from now on."""
        return bool(self._held)

    def release(self, snapshot: Snapshot) -> None:
        """End one hold of a snapshot."""
        self._release(snapshot.csn)

    def _hold(self, csn: int) -> None:
        self._held[csn] = self._held.get(csn, 0) + 1
        if not self._horizon or csn < self._horizon:
            self._horizon = csn

    def _release(self, csn: int) -> None:
        held = self._held[csn] - 1
        if held:
            self._held[csn] = held
            return
        del self._held[csn]
        if csn == self._horizon:
            self._horizon = min(self._held) if self._held else 0
            self.tidy()

    def end_snapshot(self, txn: Transaction) -> None:
        """Release the snapshot of a repeatable read transaction that ends."""
        if txn.snapshot_csn >= 0:
            self._release(txn.snapshot_csn)

    # -- pruning

    def retire(self, durable: list[Transaction]) -> None:
        """Take transactions that became durable, in commit order, and forget the entries that nobody needs."""
        if self.retired or (self._horizon and durable and durable[-1].csn > self._horizon):
            self.retired.extend(durable)
            self.tidy()
        else:
            forget(durable)

    def tidy(self) -> bool:
        """Forget part of the backlog; return whether more could be forgotten at once."""
        limit = self._horizon or self.durable_csn
        batch: list[Transaction] = []
        writes = 0
        retired = self.retired
        while retired and retired[0].csn <= limit and writes < FORGET_BATCH:
            txn = retired.popleft()
            writes += len(txn.writes)
            batch.append(txn)
        forget(batch)
        return bool(retired) and retired[0].csn <= limit

    @property
    def horizon(self) -> int:
        """The csn of the oldest snapshot that may still be used."""
        return self._horizon or self.durable_csn

    # -- waits

    def enter_wait(self, txn: Transaction, blockers: tuple[Blocker, ...], now: int = 0) -> None:
        """Note that `txn` waits from `now` on until `blockers` end or give way; 40P01 when they wait for it."""
        assert blockers and txn not in blockers, "one waits for others"
        txn.waits_for = blockers
        cycle = _cycle(txn)
        if cycle:
            txn.waits_for = ()
            error = _deadlock(cycle)
            self.locks.withdraw(txn)  # which forgets what the wait is for
            raise error
        self.wait_starts[txn.xid] = now

    def leave_wait(self, txn: Transaction) -> None:
        """Note that `txn` goes on; it may ask for the same again."""
        txn.waits_for = ()
        self.wait_starts.pop(txn.xid, None)


def _cycle(start: Transaction) -> list[Blocker]:
    """Return the transactions and sessions of a cycle through `start`, each waiting for the next, or []."""
    path: list[Blocker] = [start]
    todo: list[Iterator[Blocker]] = [iter(start.waits_for)]
    seen = {start.xid}
    while todo:
        for other in todo[-1]:
            if other is start:
                return path
            if other.xid not in seen:
                seen.add(other.xid)
                path.append(other)
                todo.append(iter(other.waits_for))
                break
        else:
            todo.pop()
            path.pop()
    return []


def _deadlock(cycle: list[Blocker]) -> SqlError:
    lines = []
    for waiter, blocker in zip(cycle, cycle[1:] + cycle[:1], strict=True):
        if isinstance(waiter, Holder):
            continue  # it stands between a wait and the transaction in which its session waits
        target = waiter.waiting or f"ShareLock on transaction {blocker.xid}"
        lines.append(f"Process {waiter.process_id} waits for {target}; blocked by process {blocker.process_id}.")
    return SqlError("40P01", "deadlock detected", detail="\n".join(lines), hint="See server log for query details.")
