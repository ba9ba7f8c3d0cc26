"""What storage costs: `python -m tests.storage.bench`. Best of three; nothing here is a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import cast

from rustydb_engine.storage.commit import LogWriter
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.heap import NO_KEY_UPDATE, Heap
from rustydb_proto.core.io import Allocate, Append
from tests.storage.support import make_heap

ROWS = 100_000
GROUP = 20
"""How many transactions share a frame of the log."""


def pump(database: Database) -> None:
    """Answer the log's effects as a disk without delay."""
    while effects := database.take_effects():
        for effect in effects:
            if isinstance(effect, Append):
                database.appended(effect.ticket)
            else:
                assert database.log is not None and isinstance(effect, Allocate)
                database.log.allocated(effect.ticket)


def updates(database: Database, heap: Heap) -> int:
    """Change one row in a transaction, many times."""
    index = heap.indexes[0]
    for group in range(500):
        for number in range(GROUP):
            txn = database.begin()
            rid = cast(int, index.get((group * GROUP + number) * 7919 % ROWS))
            if heap.blocker(txn, rid, NO_KEY_UPDATE) is None:
                row = heap.pages[rid >> 8].rows[rid & 255]
                assert row is not None
                heap.update(txn, rid, (row[0], group, row[2]))
            database.commit(txn)
        pump(database)
    return 500 * GROUP


def reads(database: Database, heap: Heap) -> int:
    """Read rows by key."""
    index = heap.indexes[0]
    for number in range(20_000):
        heap.fetch(cast(int, index.get(number)), database.read_snapshot())
    return 20_000


def inserts(database: Database, heap: Heap) -> int:
    """Insert rows and roll back."""
    txn = database.begin()
    for number in range(50_000):
        heap.insert(txn, (-1 - number, 0, "x"))
    database.rollback(txn)
    return 50_000


def calls() -> int:
    """Call a function."""
    for _ in range(100_000):
        _nothing()
    return 100_000


def _nothing() -> None:
    return


def measure(name: str, run: Callable[[], int]) -> None:
    """Print the time of one operation; `run` returns how many it did."""
    best = 1e9
    for _ in range(3):
        start = time.perf_counter()
        done = run()
        best = min(best, (time.perf_counter() - start) / done * 1e6)
    print(f"{name:32} {best:8.2f} us")


def main() -> None:
    """Measure with a log and without."""
    measure("a function call", calls)
    for label, log in (("log", LogWriter(7, count(1).__next__)), ("memory", None)):
        database = Database(log=log)
        heap = make_heap(database, (23, 23, 25))
        txn = database.begin()
        heap.insert_many(txn, ((number, 0, "x" * 80) for number in range(ROWS)))
        database.commit(txn)
        pump(database)
        for run in (updates, reads, inserts):
            measure(f"{run.__name__}, {label}", partial(run, database, heap))


if __name__ == "__main__":
    main()
