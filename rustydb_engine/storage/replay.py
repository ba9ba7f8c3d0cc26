"""Replay: a database rebuilt from a checkpoint's records and the log's.

The rebuilder takes records in order and keeps what a transaction wrote aside until its commit; a transaction whose
commit never comes leaves nothing. Rows are put in their places without undo or indexes; `finish` counts holes and rows
afterwards, and the indexes are built over the finished heaps.

Every number and name in a record is checked here or in records.py: whatever the files hold, the outcome is a database
or `DamagedRecord`.
"""

from __future__ import annotations

from typing import Final, cast, final

from rustydb_engine.catalog.bootstrap import fresh_catalog
from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.codec import decode, decode_changes
from rustydb_engine.catalog.objects import FIRST_USER_OID, Sequence, Table
from rustydb_engine.storage.heap import Heap
from rustydb_engine.storage.pages import PAGE_BITS, PAGE_ROWS, SLOT_MASK, Page, Row
from rustydb_engine.storage.records import (
    ABORT,
    COMMIT,
    COMMIT_ALL,
    PART,
    RUN,
    SEQUENCE,
    VOID,
    DamagedRecord,
    Plain,
    check_changes,
    check_places,
    check_run,
)
from rustydb_engine.storage.sequences import Sequences

PAGES_AHEAD_MAX: Final = 1 << 20
"""A row's page may be this far behind the end of its heap: others may have filled the pages between and rolled back."""
NUMBER_MAX: Final = 1 << 62
OID_MAX: Final = 1 << 32


@final
class Rebuild:
    """The state of a recovery."""

    __slots__ = ("_parts", "catalog", "checkpoint_csn", "csn", "heaps", "next_xid", "rows", "sequences")

    def __init__(self) -> None:
        self.catalog: Catalog = fresh_catalog()
        self.heaps: dict[int, Heap] = {}
        self.sequences = Sequences()
        self.csn = 1
        self.checkpoint_csn = 0  # commits up to here are in the checkpoint
        self.next_xid = 3
        self.rows = 0  # how many row versions were put in place
        self._parts: dict[int, list[Plain]] = {}  # xid -> records of a transaction that has not committed

    # -- the checkpoint

    def begin(self, record: object) -> int:
        """Take a checkpoint's first record; return the lsn from which the log is to be replayed."""
        if not isinstance(record, tuple) or len(record) != 8 or record[0] != "begin":
            raise DamagedRecord("a checkpoint does not begin so")
        _, csn, next_xid, next_oid, redo, catalog, sequences, heaps = record
        self.csn = self.checkpoint_csn = _number(csn)
        self.next_xid = max(3, _number(next_xid))
        for item in _sequence(catalog):
            try:
                entry = decode(item)
            except (ValueError, TypeError) as error:
                raise DamagedRecord(str(error)) from None
            self._apply_catalog(((entry.oid, entry),))
        self.catalog.next_oid = max(self.catalog.next_oid, _oid(next_oid))
        for item in _sequence(sequences):
            self._set_sequence(item)
        for item in _sequence(heaps):
            if not isinstance(item, tuple) or len(item) != 3:
                raise DamagedRecord("a checkpoint's heap is not a triple")
            heap = self._create(item[0], item[1])
            pages = _number(item[2])
            if not 0 < pages <= PAGES_AHEAD_MAX << 4:
                raise DamagedRecord(f"heap {heap.storage} has {pages} pages")
            heap.pages = [Page() for _ in range(pages)]
        return _number(redo)

    def page(self, record: object) -> None:
        """Take a checkpoint's record of one page."""
        if not isinstance(record, tuple) or len(record) != 3:
            raise DamagedRecord("a checkpoint's page is not a triple")
        heap = self._heap(record[0])
        number, rows = record[1], record[2]
        if type(number) is not int or not 0 <= number < len(heap.pages) or type(rows) is not list:
            raise DamagedRecord(f"heap {heap.storage} has no such page")
        check_run(0, rows)
        heap.pages[number].rows = _unpack(heap, rows)
        self.rows += len(rows)

    # -- the log

    def apply(self, record: Plain) -> None:
        """Take one record of the log, as `records.decode` returned it."""
        kind = record[0]
        if kind in (COMMIT, COMMIT_ALL):
            self._commit(record)
        elif kind in (PART, RUN, VOID):
            self._see_xid(record[1])
            self._parts.setdefault(cast(int, record[1]), []).append(record)
        elif kind == ABORT:
            self._see_xid(record[1])
            self._parts.pop(cast(int, record[1]), None)
        else:
            assert kind == SEQUENCE, "decode knows the kinds"
            csn = _number(record[1])
            if csn > self.checkpoint_csn:
                self._advance(csn)
                self._set_sequence(record[2:])

    def _commit(self, record: Plain) -> None:
        csn = _number(record[1])
        self._see_xid(record[2])
        parts = self._parts.pop(cast(int, record[2]), [])
        if csn <= self.checkpoint_csn:
            return
        self._advance(csn)
        structure = _sequence(record[4]) if record[0] == COMMIT_ALL else ()
        for change in structure:
            self._structure(change, ("heap",))
        if any(part[0] == VOID for part in parts):
            self._put_surviving(parts)
        else:
            for part in parts:
                self._put_part(part)
        self._put_changes(cast(Plain, record[3]))
        for change in structure:
            self._structure(change, ("drop", "sequence"))
        if record[0] == COMMIT_ALL:
            try:
                changes = decode_changes(record[5])
            except (ValueError, TypeError) as error:
                raise DamagedRecord(str(error)) from None
            if changes:
                self._apply_catalog(changes)
            self.catalog.next_oid = max(self.catalog.next_oid, _oid(record[6]))

    def _advance(self, csn: int) -> None:
        if csn <= self.csn:
            raise DamagedRecord(f"commit {csn} follows commit {self.csn}")
        self.csn = csn

    def _see_xid(self, xid: object) -> None:
        self.next_xid = max(self.next_xid, _number(xid) + 1)

    def _put_part(self, part: Plain) -> None:
        if part[0] == PART:
            self._put_changes(cast(Plain, part[2]))
        else:
            storage, rid, rows = part[2], cast(int, part[3]), cast("list[Row | None]", part[4])
            check_run(rid, cast("list[object]", rows))
            heap = self._heap(storage)
            self._put(heap, rid, _unpack(heap, rows))

    def _put_surviving(self, parts: list[Plain]) -> None:
        """Put the rows of a transaction that rolled back to savepoints: what was voided does not count."""
        left: dict[tuple[int, int], object] = {}
        for part in parts:
            if part[0] == PART:
                changes = cast("tuple[int, ...]", part[2])
                check_changes(changes)
                for place in range(0, len(changes), 3):
                    left[changes[place], changes[place + 1]] = changes[place + 2]
            elif part[0] == RUN:
                storage, rid, rows = cast(int, part[2]), cast(int, part[3]), cast("list[object]", part[4])
                check_run(rid, rows)
                for number, row in enumerate(rows, rid):
                    left[storage, number] = row
            else:
                places = cast("tuple[int, ...]", part[2])
                check_places(places)
                for place in range(0, len(places), 3):
                    for number in range(places[place + 1], places[place + 1] + places[place + 2]):
                        left.pop((places[place], number), None)
        for (storage, rid), row in left.items():
            self._put_changes((storage, rid, row))

    def _put_changes(self, changes: Plain) -> None:
        check_changes(changes)
        for place in range(0, len(changes), 3):
            heap = self._heap(changes[place])
            self._put(heap, cast(int, changes[place + 1]), _unpack(heap, [cast("Row | None", changes[place + 2])]))

    def _put(self, heap: Heap, rid: int, rows: list[Row | None]) -> None:
        number = rid >> PAGE_BITS
        pages = heap.pages
        if number >= len(pages):
            if number > len(pages) + PAGES_AHEAD_MAX:
                raise DamagedRecord(f"row {rid} is far beyond the end of heap {heap.storage}")
            pages.extend([Page() for _ in range(number + 1 - len(pages))])
        slots = pages[number].rows
        first = rid & SLOT_MASK
        if first > len(slots):
            slots.extend([None] * (first - len(slots)))
        slots[first : first + len(rows)] = rows
        self.rows += len(rows)

    # -- pieces

    def _structure(self, change: object, kinds: tuple[str, ...]) -> None:
        if not isinstance(change, tuple) or not change or change[0] not in ("heap", "drop", "sequence"):
            raise DamagedRecord("no such change of structure")
        if change[0] not in kinds:
            return
        if change[0] == "heap" and len(change) == 3:
            self._create(change[1], change[2])
        elif change[0] == "drop" and len(change) == 2:
            del self.heaps[self._heap(change[1]).storage]
        elif change[0] == "sequence":
            self._set_sequence(change[1:])
        else:
            raise DamagedRecord("a change of structure has the wrong length")

    def _create(self, storage: object, types: object) -> Heap:
        number = _oid(storage)
        if number in self.heaps:
            raise DamagedRecord(f"heap {number} is made twice")
        if not isinstance(types, tuple) or not all(type(item) is int for item in types):
            raise DamagedRecord(f"heap {number} has no column types")
        heap = self.heaps[number] = Heap(number, types)
        self.catalog.next_oid = max(self.catalog.next_oid, number + 1)
        return heap

    def _heap(self, storage: object) -> Heap:
        heap = self.heaps.get(storage) if type(storage) is int else None
        if heap is None:
            raise DamagedRecord(f"there is no heap {storage!r:.40}")
        return heap

    def _set_sequence(self, item: object) -> None:
        if not isinstance(item, tuple) or len(item) != 3 or type(item[1]) is not int or type(item[2]) is not bool:
            raise DamagedRecord("not a sequence's counter")
        self.sequences.restore(_oid(item[0]), item[1], item[2])

    def _apply_catalog(self, changes: tuple[tuple[int, object], ...]) -> None:
        try:
            self.catalog.apply(changes)  # type: ignore[arg-type]  # decoded objects
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise DamagedRecord(f"a catalog change does not fit: {error}"[:200]) from None

    # -- the end

    def finish(self) -> None:
        """Count rows and holes, drop temporary tables and forgotten counters, and check what must belong together."""
        self._drop_temporary()
        for heap in self.heaps.values():
            _finish_heap(heap)
        for kind in ("table",):
            for table in self.catalog.objects(kind):
                if isinstance(table, Table) and table.storage and table.storage not in self.heaps:
                    raise DamagedRecord(f'the rows of table "{table.name}" (heap {table.storage}) are missing')
        for oid in list(self.sequences.counters):
            if oid >= FIRST_USER_OID and not isinstance(self.catalog.get(oid), Sequence):
                del self.sequences.counters[oid]

    def _drop_temporary(self) -> None:
        """Temporary tables end with their session, and no session outlives the server."""
        for kind in ("table", "view", "sequence"):
            for entry in self.catalog.objects(kind):
                if isinstance(entry, Table | Sequence) and entry.persistence == "t":
                    doomed = [*(other.oid for other in self.catalog.belonging(entry.oid)), entry.oid]
                    self.catalog.apply(tuple((oid, None) for oid in doomed))


def _finish_heap(heap: Heap) -> None:
    if not heap.pages:
        heap.pages.append(Page())
    heap.filling = len(heap.pages) - 1
    live = 0
    for number, page in enumerate(heap.pages):
        rows = page.rows
        if not rows:
            if number != heap.filling:
                heap.empty.append(number)
            continue
        if None in rows:
            page.holes = rows.count(None)
            page.undo = {}
            heap.free.extend(number << PAGE_BITS | slot for slot, row in enumerate(rows) if row is None)
        if len(rows) < PAGE_ROWS and number != heap.filling:
            # The rest of a page that others had begun to fill: free slots like any other.
            heap.free.extend(range(number << PAGE_BITS | len(rows), (number + 1) << PAGE_BITS))
            page.holes += PAGE_ROWS - len(rows)
            page.undo = {}
            rows.extend([None] * (PAGE_ROWS - len(rows)))
        live += len(rows) - page.holes
    heap.live_rows = live
    heap.free.reverse()
    heap.empty.reverse()


def _unpack(heap: Heap, rows: list[Row | None]) -> list[Row | None]:
    if heap.packing is not None:
        unpack = heap.packing.unpack
        try:
            rows = [row if row is None else unpack(row) for row in rows]
        except (TypeError, ValueError, IndexError, ArithmeticError, AttributeError) as error:
            raise DamagedRecord(f"a row of heap {heap.storage} does not fit its columns: {error}"[:200]) from None
    width = len(heap.types)
    if width:
        for row in rows:
            if row is not None and len(row) != width:
                raise DamagedRecord(f"a row of heap {heap.storage} has {len(row)} columns instead of {width}")
    return rows


def _number(item: object) -> int:
    if type(item) is not int or not 0 <= item < NUMBER_MAX:
        raise DamagedRecord(f"{item!r:.40} where a number belongs")
    return item


def _oid(item: object) -> int:
    if type(item) is not int or not 0 < item < OID_MAX:
        raise DamagedRecord(f"{item!r:.40} where an OID belongs")
    return item


def _sequence(item: object) -> tuple[object, ...]:
    if not isinstance(item, tuple):
        raise DamagedRecord("a list is missing")
    return item
