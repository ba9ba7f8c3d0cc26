"""Table locks: PostgreSQL's eight modes, with a fast path for the three that ordinary statements take.

ACCESS SHARE, ROW SHARE and ROW EXCLUSIVE do not conflict with one another. While nobody holds or awaits a stronger
mode on a table, taking one is an entry in the transaction's own dict and no shared structure is touched. A stronger
request looks through the active transactions for holders. Requests that must wait form a queue for the table: a later
request that conflicts with an earlier waiter waits too, so a stream of readers cannot starve ALTER TABLE.

    while blockers := locks.acquire(txn, table_oid, ACCESS_EXCLUSIVE):
        yield WaitFor(blockers)

An abandoned wait (cancel, timeout, error) must be told: `withdraw(txn)`. Locks are kept until the transaction ends or
rolls back to a savepoint before them. All of this is per transaction, never per session.

Source: PostgreSQL 15, 13.3.1 "Table-Level Locks".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

from rustydb_engine.txn.transaction import Transaction

ACCESS_SHARE: Final = 0
ROW_SHARE: Final = 1
ROW_EXCLUSIVE: Final = 2
SHARE_UPDATE_EXCLUSIVE: Final = 3
SHARE: Final = 4
SHARE_ROW_EXCLUSIVE: Final = 5
EXCLUSIVE: Final = 6
ACCESS_EXCLUSIVE: Final = 7

MODE_NAMES: Final = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""The modes as pg_locks and the deadlock report name them."""


def _bits(*modes: int) -> int:
    return sum(1 << mode for mode in modes)


CONFLICTS: Final = (
    _bits(7),
    _bits(6, 7),
    _bits(4, 5, 6, 7),
    _bits(3, 4, 5, 6, 7),
    _bits(2, 3, 5, 6, 7),
    _bits(2, 3, 4, 5, 6, 7),
    _bits(1, 2, 3, 4, 5, 6, 7),
    _bits(0, 1, 2, 3, 4, 5, 6, 7),
)
"""CONFLICTS[mode] has a bit for each mode that it conflicts with (table 13.2)."""

WEAK: Final = _bits(ACCESS_SHARE, ROW_SHARE, ROW_EXCLUSIVE)


@final
class _Queue:
    """The strong side of one table: how many strong locks are held, and who waits for what, in order."""

    __slots__ = ("strong_held", "waiting")

    def __init__(self) -> None:
        self.strong_held = 0
        self.waiting: list[tuple[Transaction, int]] = []


@final
class TableLocks:
    """The table locks of all active transactions. `active` is the manager's table of them.

    `queues` is empty while no strong lock is held and no lock awaited: then weak locks are granted without asking.
    """

    __slots__ = ("_active", "_woken", "queues")

    def __init__(self, active: dict[int, Transaction], woken: list[object]) -> None:
        self._active = active
        self._woken = woken  # where waiters go whose wait may be over
        self.queues: dict[int, _Queue] = {}  # only tables with a strong lock held or any lock awaited

    def acquire(self, txn: Transaction, table: int, mode: int) -> tuple[Transaction, ...]:
        """Take a lock and return (), or return whom to wait for; the wait is then in the table's queue."""
        held = txn.table_locks.get(table, 0)
        bit = 1 << mode
        if held & bit:
            return ()
        queue = self.queues.get(table)
        if queue is None and bit & WEAK:
            txn.table_locks[table] = held | bit
            return ()
        return self._acquire_slowly(txn, table, mode, queue)

    def _acquire_slowly(self, txn: Transaction, table: int, mode: int, queue: _Queue | None) -> tuple[Transaction, ...]:
        blockers = self._blockers(txn, table, mode, queue)
        if blockers:
            if queue is None:
                queue = self.queues[table] = _Queue()
            if (txn, mode) not in queue.waiting:
                queue.waiting.append((txn, mode))
            txn.waiting = f"{MODE_NAMES[mode]} on relation {table} of database 5"
            return blockers
        self._remove_waiter(txn, table)
        txn.waiting = ""
        self._grant(txn, table, mode)
        return ()

    def try_acquire(self, txn: Transaction, table: int, mode: int) -> bool:
        """Take a lock if that needs no wait (NOWAIT); return whether it was taken."""
        if txn.table_locks.get(table, 0) >> mode & 1:
            return True
        if self._blockers(txn, table, mode, self.queues.get(table)):
            return False
        self._grant(txn, table, mode)
        return True

    def _grant(self, txn: Transaction, table: int, mode: int) -> None:
        before = txn.table_locks.get(table, 0)
        txn.table_locks[table] = before | 1 << mode
        if not 1 << mode & WEAK and not before & ~WEAK:
            self.queues.setdefault(table, _Queue()).strong_held += 1

    def _blockers(self, txn: Transaction, table: int, mode: int, queue: _Queue | None) -> tuple[Transaction, ...]:
        conflicts = CONFLICTS[mode]
        found = [
            other for other in self._active.values() if other is not txn and other.table_locks.get(table, 0) & conflicts
        ]
        if queue is not None and not found:
            # PostgreSQL lets a transaction that already holds a lock pass waiters that this very lock blocks.
            own = txn.table_locks.get(table, 0)
            for waiter, wanted in queue.waiting:
                if waiter is txn:
                    break
                if conflicts >> wanted & 1 and not CONFLICTS[wanted] & own:
                    found.append(waiter)
        return tuple(found)

    def withdraw(self, txn: Transaction) -> None:
        """Forget what `txn` waits for; its wait was cancelled or failed."""
        if txn.waiting:
            for table in [table for table, queue in self.queues.items() if any(w is txn for w, _ in queue.waiting)]:
                self._remove_waiter(txn, table)
            txn.waiting = ""
            if txn.waiters:
                # Some may have queued up behind the request that is given up: let them look again.
                self._woken += txn.waiters
                txn.waiters = None

    def _remove_waiter(self, txn: Transaction, table: int) -> None:
        queue = self.queues.get(table)
        if queue is not None:
            queue.waiting = [(waiter, mode) for waiter, mode in queue.waiting if waiter is not txn]
            self._drop_idle(table, queue)

    @property
    def crowded(self) -> bool:
        """Whether any table has a strong lock or a queue; if not, a transaction that ends has nothing to release."""
        return bool(self.queues)

    def release_all(self, txn: Transaction) -> None:
        """Release the locks of a transaction that ends."""
        if txn.waiting:
            self.withdraw(txn)
        for table, held in txn.table_locks.items():
            if held & ~WEAK:
                self._release_strong(table)
        txn.table_locks.clear()

    def restore(self, txn: Transaction, kept: Iterable[tuple[int, int]]) -> None:
        """Release what was taken since a savepoint at which `kept` was held."""
        before = txn.table_locks
        txn.table_locks = dict(kept)
        for table, held in before.items():
            if held & ~WEAK and not txn.table_locks.get(table, 0) & ~WEAK:
                self._release_strong(table)

    def _release_strong(self, table: int) -> None:
        queue = self.queues[table]
        assert queue.strong_held > 0, "a held strong lock is counted"
        queue.strong_held -= 1
        self._drop_idle(table, queue)

    def _drop_idle(self, table: int, queue: _Queue) -> None:
        if not queue.strong_held and not queue.waiting:
            del self.queues[table]

    def held(self) -> list[tuple[Transaction, int, int, bool]]:
        """Return (transaction, table, mode, granted) of every lock and wait, for pg_locks."""
        found = [
            (txn, table, mode, True)
            for txn in self._active.values()
            for table, bits in txn.table_locks.items()
            for mode in range(8)
            if bits >> mode & 1
        ]
        found.extend((txn, table, mode, False) for table, queue in self.queues.items() for txn, mode in queue.waiting)
        return found
