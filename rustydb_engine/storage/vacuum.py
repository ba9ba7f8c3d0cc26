"""VACUUM and ANALYZE.

Old versions are forgotten as soon as nobody can see them, so VACUUM finds little to do: it orders the free slots,
lowest last, so that they are filled from the front of the heap, and turns pages without any row into empty ones that
are filled as a whole. Pages never move, and a heap never shrinks; TRUNCATE or a rewriting ALTER TABLE gives it a new
one.

ANALYZE gathers the planner's statistics (statistics.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rustydb_engine.storage.pages import PAGE_BITS
from rustydb_engine.storage.statistics import analyze_columns
from rustydb_engine.values.compare import compare_key
from rustydb_engine.values.types import BY_OID

if TYPE_CHECKING:
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.txn.snapshot import Snapshot

PAGES_A_SLICE = 64


def vacuum(heap: Heap) -> Iterator[None]:
    """Tidy the free space of a heap, yielding now and then; others may change the heap meanwhile."""
    hollow = []
    for number in range(len(heap.pages)):
        if _is_hollow(heap, number):
            hollow.append(number)
        if number % PAGES_A_SLICE == PAGES_A_SLICE - 1:
            yield
    emptied = {number for number in hollow if _is_hollow(heap, number)}
    if emptied:
        heap.free = [rid for rid in heap.free if rid >> PAGE_BITS not in emptied]
    for number in sorted(emptied):
        page = heap.pages[number]
        page.rows = []
        page.holes = 0
        page.undo = None
        heap.empty.append(number)
    heap.free.sort(reverse=True)
    heap.empty.sort(reverse=True)
    yield


def _is_hollow(heap: Heap, number: int) -> bool:
    """Whether a page has free slots only: no row, and no version that somebody may need."""
    page = heap.pages[number]
    return bool(page.rows) and page.holes == len(page.rows) and not page.undo and number != heap.filling


def analyze(heap: Heap, snapshot: Snapshot) -> Iterator[None]:
    """Gather statistics on every column into `heap.statistics`, in slices; the caller holds the snapshot."""
    keys: list[Callable[[object], object] | None] = []
    for type_oid in heap.types:
        kind = BY_OID.get(type_oid)
        keys.append(compare_key(kind) if kind is not None else None)
    yield from analyze_columns(heap, snapshot, keys)
