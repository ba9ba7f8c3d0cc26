"""Advisory locks: locks on numbers that mean something to the application only.

A lock belongs to a session, which never stands in its own way, and is held for the session (until it is unlocked as often as it
was taken, or the session ends) or for the transaction (until that ends or rolls back to a savepoint before). Exclusive conflicts
with everything, shared with exclusive.

    holder = locks.holder(process_id)
    while blockers := locks.acquire(holder, txn, key, EXCLUSIVE, transaction=True):
        yield WaitFor(blockers)

**Waiting.** A session-level lock outlives transactions, so what one waits for is the `Holder` of a session. In the graph of waits a
holder stands for its session: it points to the transaction in which the session waits, if it does. Requests that wait form a
queue; a later one that conflicts with an earlier one waits too, unless the earlier one waits for its own session.

Source: PostgreSQL 15, 13.3.5 "Advisory Locks"; src/backend/storage/lmgr/lock.c and proc.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from rustydb_engine.errors import SqlError

if TYPE_CHECKING:
    from rustydb_engine.txn.transaction import Transaction

EXCLUSIVE: Final = 0
SHARE: Final = 1
MODE_NAMES: Final = ("ExclusiveLock", "ShareLock")
LOCKS_MAX: Final = 100_000
"""How many different locks may be held at a time by all sessions together."""

Key = tuple[int, int, int]
"""classid, objid and objsubid as pg_locks shows them; objsubid is 1 for one bigint, 2 for two integers."""
Hold = tuple["Holder", Key, int]


@final
class Holder:
    """One session's advisory locks. `txn` is the transaction in which the session waits, None while it does not."""

    __slots__ = ("held", "process_id", "txn", "waiters", "waiting", "xid")

    def __init__(self, process_id: int, number: int) -> None:
        self.process_id = process_id
        self.xid = -number  # tells it from transactions and other holders in the graph of waits
        self.txn: Transaction | None = None
        self.waiters: list[object] | None = None
        self.held: dict[tuple[Key, int], int] = {}  # how often for the session
        self.waiting: tuple[Key, int] | None = None

    @property
    def waits_for(self) -> tuple[Transaction, ...]:
        """Return the transaction in which the session waits."""
        return (self.txn,) if self.txn is not None else ()


@final
class _Lock:
    """One number: for each session how often it is held in each mode, and who waits, in order."""

    __slots__ = ("holders", "queue")

    def __init__(self) -> None:
        self.holders: dict[Holder, list[int]] = {}
        self.queue: list[tuple[Holder, int]] = []


@final
class AdvisoryLocks:
    """The advisory locks of all sessions. `woken` takes those whose wait may be over."""

    __slots__ = ("_count", "_locks", "_woken")

    def __init__(self, woken: list[object]) -> None:
        self._woken = woken
        self._locks: dict[Key, _Lock] = {}
        self._count = 0

    def holder(self, process_id: int) -> Holder:
        """Return the holder of a session that has none yet."""
        self._count += 1
        return Holder(process_id, self._count)

    def acquire(self, holder: Holder, txn: Transaction, key: Key, mode: int, transaction: bool) -> tuple[Holder, ...]:
        """Take a lock and return (), or enter the queue and return whom to wait for; 53200 when there are too many."""
        lock = self._lock(key)
        blockers = _blockers(lock, holder, mode)
        if blockers:
            if holder.waiting is None:
                lock.queue.append((holder, mode))
                holder.waiting = (key, mode)
                txn.waiting = f"{MODE_NAMES[mode]} on advisory lock [5,{key[0]},{key[1]},{key[2]}]"
            return blockers
        self._grant(lock, holder, txn, key, mode, transaction)
        if holder.waiting is not None:
            self._leave(holder)
            txn.waiting = ""
        return ()

    def try_acquire(self, holder: Holder, txn: Transaction, key: Key, mode: int, transaction: bool) -> bool:
        """Take a lock if that needs no wait; return whether it was taken."""
        lock = self._lock(key)
        if _blockers(lock, holder, mode):
            return False
        self._grant(lock, holder, txn, key, mode, transaction)
        return True

    def _lock(self, key: Key) -> _Lock:
        lock = self._locks.get(key)
        if lock is None:
            if len(self._locks) >= LOCKS_MAX:
                raise SqlError(
                    "53200",
                    "out of shared memory",
                    detail=f"There are {LOCKS_MAX} advisory locks already.",
                    hint="You might need to increase max_locks_per_transaction.",
                )
            lock = self._locks[key] = _Lock()
        return lock

    def _grant(self, lock: _Lock, holder: Holder, txn: Transaction, key: Key, mode: int, transaction: bool) -> None:
        lock.holders.setdefault(holder, [0, 0])[mode] += 1
        if transaction:
            if txn.advisory is None:
                txn.advisory = []
            txn.advisory.append((holder, key, mode))
        else:
            held = holder.held
            held[key, mode] = held.get((key, mode), 0) + 1

    def withdraw(self, holder: Holder) -> None:
        """Forget what a session waits for; its wait was cancelled or failed."""
        if holder.waiting is not None:
            self._leave(holder)
            self._wake(holder)  # some may have queued up behind the request that is given up

    def _leave(self, holder: Holder) -> None:
        assert holder.waiting is not None, "whoever leaves a queue is in it"
        key, _ = holder.waiting
        lock = self._locks[key]
        lock.queue = [entry for entry in lock.queue if entry[0] is not holder]
        holder.waiting = None
        self._drop_idle(key, lock)

    # -- releasing

    def unlock(self, holder: Holder, key: Key, mode: int) -> bool:
        """Release a lock that was taken for the session once; False when it is not held so."""
        count = holder.held.get((key, mode), 0)
        if not count:
            return False
        if count == 1:
            del holder.held[key, mode]
        else:
            holder.held[key, mode] = count - 1
        self._release(holder, key, mode, 1)
        return True

    def unlock_all(self, holder: Holder) -> None:
        """Release everything that was taken for the session."""
        held = holder.held
        holder.held = {}
        for (key, mode), count in held.items():
            self._release(holder, key, mode, count)

    def release_since(self, txn: Transaction, mark: int) -> None:
        """Release what a transaction took after it had `mark` locks: at its end, or at ROLLBACK TO."""
        holds = txn.advisory
        if holds is not None:
            for holder, key, mode in holds[mark:]:
                self._release(holder, key, mode, 1)
            del holds[mark:]

    def _release(self, holder: Holder, key: Key, mode: int, count: int) -> None:
        lock = self._locks[key]
        counts = lock.holders[holder]
        counts[mode] -= count
        assert counts[mode] >= 0, "what is released was held"
        if counts[mode] == 0:
            if not counts[EXCLUSIVE] and not counts[SHARE]:
                del lock.holders[holder]
                self._drop_idle(key, lock)
            self._wake(holder)

    def _wake(self, holder: Holder) -> None:
        if holder.waiters:
            self._woken += holder.waiters
            holder.waiters = None

    def _drop_idle(self, key: Key, lock: _Lock) -> None:
        if not lock.holders and not lock.queue:
            del self._locks[key]

    def held(self) -> list[tuple[Holder, Key, int, bool]]:
        """Return (holder, key, mode, granted) of every lock and wait, for pg_locks."""
        found = []
        for key, lock in self._locks.items():
            found += [
                (holder, key, mode, True)
                for holder, counts in lock.holders.items()
                for mode in (EXCLUSIVE, SHARE)
                if counts[mode]
            ]
            found += [(holder, key, mode, False) for holder, mode in lock.queue]
        return found


def _blockers(lock: _Lock, holder: Holder, mode: int) -> tuple[Holder, ...]:
    """Return the sessions that a request has to wait for."""
    holders = lock.holders
    found = [
        other for other, counts in holders.items() if other is not holder and (mode == EXCLUSIVE or counts[EXCLUSIVE])
    ]
    own = holders.get(holder)
    if not found and lock.queue and (own is None or not own[mode]):
        for other, wanted in lock.queue:
            if other is holder:
                break
            if mode == SHARE == wanted:
                continue
            # Who holds a lock passes those who wait for just that: they could never go first.
            if own is not None and (own[EXCLUSIVE] or (own[SHARE] and wanted == EXCLUSIVE)):
                continue
            found.append(other)
    return tuple(found)
