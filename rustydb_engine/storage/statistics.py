"""What ANALYZE knows of a table: row count, and for each column NULLs, distinct values, common ones, a histogram.

`analyze_columns` reads a sample of whole pages, evenly spread over the heap, so it is deterministic and its cost has a
bound. The number of distinct values is estimated from the sample by Haas and Stokes' Duj1, as PostgreSQL does.

Statistics are hints for the planner: they are neither logged nor transactional. After a restart, and before the first
ANALYZE, a table has none and the planner uses `heap.live_rows` and its defaults.

Source: PostgreSQL 15, src/backend/commands/analyze.c (compute_scalar_stats); 14.2 "Statistics Used by the Planner".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rustydb_engine.storage.pages import PAGE_ROWS, Row
from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.txn.snapshot import Snapshot

SAMPLE_PAGES: Final = 120
"""About 30 000 rows, PostgreSQL's sample for the default statistics target."""
COMMON_MAX: Final = 100
BUCKETS: Final = 100

KeyOf = Callable[[object], object]


@value
class ColumnStatistics:
    """One column. Fractions are of all rows; `distinct` is an estimate for the whole table.

    `common` holds (key, fraction) of values that are clearly more frequent than the average, most frequent first, and
    `bounds` the ends of buckets with about equally many of the other rows. Keys are in comparable form.
    """

    null_fraction: float
    distinct: float
    width: float
    common: tuple[tuple[object, float], ...]
    bounds: tuple[object, ...]


@value
class TableStatistics:
    """A table's statistics; `columns` has an item for each position of the row."""

    rows: int
    pages: int
    columns: tuple[ColumnStatistics, ...]


def analyze_columns(heap: Heap, snapshot: Snapshot, keys: Sequence[KeyOf | None]) -> Iterator[None]:
    """Gather statistics into `heap.statistics`, yielding after each sampled page and each column.

    `keys` gives for each column the function to its comparable form, None where the value itself is comparable.
    """
    total = len(heap.pages)
    wanted = min(total, SAMPLE_PAGES)
    sample: list[Row] = []
    for place in range(wanted):
        sample += heap.pages[place * total // wanted].visible_rows(snapshot)
        yield
    # Every page was sampled in a small table, so the count is exact.
    rows = len(sample) if wanted == total else round(len(sample) / wanted * total)
    columns = []
    for position, key_of in enumerate(keys):
        items = [row[position] for row in sample]
        columns.append(_column(items, key_of, rows))
        yield
    heap.statistics = TableStatistics(rows, total, tuple(columns))


def _column(items: list[object], key_of: KeyOf | None, rows: int) -> ColumnStatistics:
    present = [item for item in items if item is not None]
    if not present:
        return ColumnStatistics(1.0 if items else 0.0, 0.0, 0.0, (), ())
    width = sum(_width(item) for item in present) / len(present)
    keys = present if key_of is None else [key_of(item) for item in present]
    counts = Counter(keys)
    null_fraction = 1 - len(present) / len(items)
    distinct = _distinct(counts, len(present), rows * (1 - null_fraction))
    common = _common(counts, len(items))
    frequent = {key for key, _ in common}
    rest = sorted(key for key in keys if key not in frequent)  # type: ignore[type-var]  # keys are comparable
    bounds: tuple[object, ...] = ()
    if len(rest) > 1:
        buckets = min(BUCKETS, len(rest) - 1)
        bounds = tuple(rest[place * (len(rest) - 1) // buckets] for place in range(buckets + 1))
    return ColumnStatistics(null_fraction, distinct, width, common, bounds)


def _distinct(counts: Counter[object], sampled: int, total: float) -> float:
    """Estimate the number of distinct values: n*d / (n - f1 + f1*n/N)."""
    once = sum(1 for count in counts.values() if count == 1)
    found = len(counts)
    if sampled >= total:
        return float(found)
    estimate = sampled * found / (sampled - once + once * sampled / total)
    return min(max(estimate, found), total)


def _common(counts: Counter[object], sampled: int) -> tuple[tuple[object, float], ...]:
    average = sampled / len(counts)
    return tuple(
        (key, count / sampled) for key, count in counts.most_common(COMMON_MAX) if count > 1 and count > average * 1.25
    )


def _width(item: object) -> int:
    if isinstance(item, str | bytes):
        return len(item)
    return 8 * len(item) if isinstance(item, tuple) else 8


def pages_of(rows: int) -> int:
    """Return how many pages hold this many rows."""
    return -(-rows // PAGE_ROWS)
