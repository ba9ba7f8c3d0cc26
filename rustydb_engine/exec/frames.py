"""Window frames: which rows of a partition a window function looks at, for each row.

A frame is a list of ranges [low, high) of positions in the sorted partition: one range, or up to three with EXCLUDE. Peers are rows that are
equal in ORDER BY; without ORDER BY all rows are peers. The modes differ in what an offset counts: ROWS rows, GROUPS groups of
peers, RANGE the distance of the value of the one ORDER BY column.

Source: PostgreSQL 15, section 4.2.8.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from collections.abc import Generator as Steps
from typing import Any

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.waits import TICK
from rustydb_engine.sql.bound import WindowDef
from rustydb_engine.sql.functions.registry import OPERATORS
from rustydb_engine.values.compare import compare_key
from rustydb_engine.values.types import DATE, Type

Ranges = list[tuple[int, int]]
KEYS = 2
STEP = 4096
MICROS_PER_DAY = 86_400_000_000


class WindowSpec:
    """A window, ready to run: sort keys, number of PARTITION BY keys, frame, and the calls."""

    def __init__(self, definition: WindowDef, specs: tuple[Any, ...], partitions: int, calls: tuple[Any, ...]) -> None:
        self.specs = specs
        self.partitions = partitions
        self.calls = calls
        self.mode = definition.mode
        self.start = definition.start[0]
        self.end = definition.end[0]
        self.exclude = definition.exclude
        self.ordered = len(definition.order)
        self.descending = bool(definition.order) and definition.order[0].descending
        self.plus: Callable[[Any, Any], Any] | None = None
        self.minus: Callable[[Any, Any], Any] | None = None
        offset = definition.start[1] or definition.end[1]
        if self.mode == "range" and offset is not None:
            kind = definition.order[0].expr.type
            self.plus, self.minus = _shift(kind, offset.type, "+"), _shift(kind, offset.type, "-")


def offset_bound(offset: Any, which: str) -> Any:
    """Return a frame's offset; 22004 when it is NULL, 22013 when it is negative."""
    if offset is None:
        raise SqlError("22004", f"frame {which} offset must not be null")
    months = getattr(offset, "months", None)
    if offset.span() < 0 if months is not None else offset < 0:
        raise SqlError("22013", f"frame {which} offset must not be negative")
    return offset


def _shift(kind: Type, offset: Type, sign: str) -> Callable[[Any, Any], Any]:
    """Return the function that moves a value by an offset, giving a comparable value."""
    for operator in OPERATORS.get(sign, ()):
        if operator.left is kind and operator.right is offset and operator.function.implementation is not None:
            if operator.function.context:
                continue
            return _keyed(operator.function.implementation, compare_key(operator.result))
    if kind.category == "N" and offset.category == "N":
        return (lambda item, by: item + by) if sign == "+" else (lambda item, by: item - by)
    raise not_supported(f"RANGE with offset PRECEDING/FOLLOWING for column type {kind.display} and {offset.display}")


def _keyed(move: Callable[[Any, Any], Any], key: Callable[[Any], Any] | None) -> Callable[[Any, Any], Any]:
    return move if key is None else lambda item, by: key(move(item, by))


class Partition:
    """The rows of one partition and their groups of peers."""

    def __init__(self, rows: list[Any], spec: WindowSpec) -> None:
        self.rows = rows
        self.place = KEYS + spec.partitions
        self.value = self.place + spec.ordered
        self.starts: list[int] = []
        self._groups: list[int] = []

    def find_peers(self) -> Steps[object, None, None]:
        """Find the groups of peers, with ticks."""
        first, last = self.place, self.value
        starts, groups = self.starts, self._groups
        before: object = None
        for place, row in enumerate(self.rows):
            key = row[first:last]
            if key != before or not place:
                starts.append(place)
                before = key
            if place % STEP == STEP - 1:
                yield TICK
            groups.append(len(starts) - 1)

    def group_of(self, row: int) -> int:
        """Return the number of a row's group of peers."""
        return self._groups[row]

    def first_peer(self, row: int) -> int:
        """Return the position of a row's first peer."""
        return self.starts[self._groups[row]]

    def after_peers(self, row: int) -> int:
        """Return the position after a row's last peer."""
        return self.group_start(self._groups[row] + 1)

    def group_start(self, group: int) -> int:
        """Return where a group begins; the ends of the partition beyond its groups."""
        if group < 0:
            return 0
        return self.starts[group] if group < len(self.starts) else len(self.rows)


class Frames:
    """The frames of one partition's rows. `running`: they all begin at the partition's start and exclude nothing."""

    def __init__(self, partition: Partition, spec: WindowSpec, start: Any, end: Any) -> None:
        self.partition = partition
        self.spec = spec
        self.start = start
        self.end = end
        self.size = len(partition.rows)
        self.running = spec.start == "unbounded preceding" and not spec.exclude
        self._keys: list[Any] | None = None

    def of(self, row: int) -> Ranges:
        """Return the frame of a row."""
        low = max(self._low(row), 0)
        high = min(self._high(row), self.size)
        if low >= high:
            return []
        if not self.spec.exclude:
            return [(low, high)]
        return self._without(low, high, row)

    def _without(self, low: int, high: int, row: int) -> Ranges:
        first, last = self.partition.first_peer(row), self.partition.after_peers(row)
        if self.spec.exclude == "current row":
            holes = [(row, row + 1)]
        elif self.spec.exclude == "group":
            holes = [(first, last)]
        else:
            holes = [(first, row), (row + 1, last)]
        ranges: Ranges = []
        for hole_low, hole_high in holes:
            if hole_low >= hole_high:
                continue
            if low < hole_low:
                ranges.append((low, min(hole_low, high)))
            low = max(low, hole_high)
        if low < high:
            ranges.append((low, high))
        return ranges

    def _low(self, row: int) -> int:
        spec, partition = self.spec, self.partition
        kind = spec.start
        if kind == "unbounded preceding":
            return 0
        if kind == "current row":
            return row if spec.mode == "rows" else partition.first_peer(row)
        sign = -1 if kind == "preceding" else 1
        if spec.mode == "rows":
            return row + sign * int(self.start)
        if spec.mode == "groups":
            return partition.group_start(partition.group_of(row) + sign * int(self.start))
        return self._by_value(row, self.start, sign, False)

    def _high(self, row: int) -> int:
        spec, partition = self.spec, self.partition
        kind = spec.end
        if kind == "unbounded following":
            return self.size
        if kind == "current row":
            return row + 1 if spec.mode == "rows" else partition.after_peers(row)
        sign = -1 if kind == "preceding" else 1
        if spec.mode == "rows":
            return row + 1 + sign * int(self.end)
        if spec.mode == "groups":
            group = partition.group_of(row) + sign * int(self.end)
            return 0 if group < 0 else partition.group_start(group + 1)
        return self._by_value(row, self.end, sign, True)

    def _by_value(self, row: int, offset: Any, sign: int, after: bool) -> int:
        """Return the first position whose value is not before (or, with `after`, is after) the row's value ± offset."""
        partition = self.partition
        item = partition.rows[row][partition.value]
        if item is None:
            return partition.after_peers(row) if after else partition.first_peer(row)
        descending = self.spec.descending
        shift = self.spec.plus if (sign > 0) != descending else self.spec.minus
        assert shift is not None, "RANGE with an offset knows how to move a value"
        bound = shift(item, offset)
        first, keys = self._present()
        if keys and isinstance(keys[0], int) and isinstance(item, int) and self._is_day(item, bound):
            bound = bound / MICROS_PER_DAY
        if descending:
            count = bisect_left(keys, bound) if after else bisect_right(keys, bound)
            return first + len(keys) - count
        return first + (bisect_right(keys, bound) if after else bisect_left(keys, bound))

    def _is_day(self, item: int, bound: Any) -> bool:
        return isinstance(bound, int) and self.spec.plus is not None and abs(bound) > 2**31 > abs(item)

    def _present(self) -> tuple[int, list[Any]]:
        """Return where the rows with a value begin, and their comparable values in ascending order."""
        partition = self.partition
        if self._keys is None:
            self._keys = [row[partition.place] for row in partition.rows if row[partition.place] is not None]
            if self.spec.descending:
                self._keys.reverse()
        first = 0
        while first < self.size and partition.rows[first][partition.place] is None:
            first += 1
        return first, self._keys


assert DATE.name == "date"
