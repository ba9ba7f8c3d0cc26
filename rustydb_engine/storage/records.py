"""The records of the log: plain tuples, pickled, and read by an unpickler that knows no class.

    (COMMIT, csn, xid, changes)                              a transaction that only changed rows
    (COMMIT_ALL, csn, xid, changes, structure, catalog, next_oid)    one that changed more
    (PART, xid, changes)                                     part of a large transaction, before its commit
    (RUN, xid, storage, rid, rows)                           rows that were appended together (COPY), likewise
    (VOID, xid, places)                                      what its parts say of these rows is void (ROLLBACK TO)
    (ABORT, xid)                                             its parts are void
    (SEQUENCE, csn, oid, last value, is_called)              outside transactions, as in PostgreSQL

`changes` is flat: storage, rid, row (None: deleted), storage, rid, row, …; the last one for a rid counts. `places` is
flat too: storage, first rid, count, …. `structure` holds
("heap", storage, types), ("drop", storage) and ("sequence", oid, value, is_called). `catalog` is what
catalog/codec.py makes of the changes. A transaction's records take effect at its commit, in commit order, so
recovery only has to put the newest rows in their places.

Nothing read from a file is trusted: `decode` checks the shape of what it returns and raises `DamagedRecord`.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from pickle import dumps
from typing import TYPE_CHECKING, Final, final

from rustydb_engine.storage.pages import PAGE_BITS, SLOT_MASK

if TYPE_CHECKING:
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.storage.pages import Page, Undo
    from rustydb_engine.txn.transaction import Transaction

COMMIT: Final = 1
COMMIT_ALL: Final = 2
PART: Final = 3
RUN: Final = 4
ABORT: Final = 5
SEQUENCE: Final = 6
VOID: Final = 7

PART_CHANGES: Final = 2048
"""How many row changes one PART holds."""
PROTOCOL: Final = 5

Plain = tuple[object, ...]


class DamagedRecord(Exception):
    """Bytes that passed their checksum and are no record all the same."""


@final
class PlainUnpickler(pickle.Unpickler):
    """Reads tuples, lists, texts, numbers and bytes; whatever names a class or function is refused."""

    def find_class(self, module: str, name: str) -> object:
        """Refuse."""
        raise DamagedRecord(f"a record names {module[:80]}.{name[:80]}")


def load_plain(data: bytes) -> object:
    """Return the plain object that `data` is the pickle of; DamagedRecord for anything else."""
    try:
        return PlainUnpickler(io.BytesIO(data)).load()
    except DamagedRecord:
        raise
    except (Exception, MemoryError) as error:  # the unpickler raises nearly every exception there is
        raise DamagedRecord(f"{type(error).__name__}: {error}"[:200]) from None


def dump_plain(item: object) -> bytes:
    """Return the pickle of a plain object."""
    return dumps(item, PROTOCOL)


# ---- writing


def commit_record(txn: Transaction, csn: int) -> bytes:
    """Return the record of a transaction with few writes and nothing but row changes."""
    writes = txn.writes
    if len(writes) == 1:
        heap, rid, count, page, _ = writes[0]
        if count == 1 and heap.packing is None and not heap.temporary:
            return dumps((COMMIT, csn, txn.xid, (heap.storage, rid, page.rows[rid & SLOT_MASK])), PROTOCOL)
    changes: list[object] = []
    for heap, rid, count, page, _ in writes:
        if heap.temporary:
            continue
        if count == 1:
            row = page.rows[rid & SLOT_MASK]
            if row is not None and heap.packing is not None:
                row = heap.packing.pack(row)
            changes += (heap.storage, rid, row)
        else:
            _add_run(changes, heap, rid, count, page)
    return dumps((COMMIT, csn, txn.xid, tuple(changes)), PROTOCOL)


def commit_all_record(txn: Transaction, csn: int, structure: Sequence[Plain], catalog: Plain, next_oid: int) -> bytes:
    """Return the closing record of any other transaction; `log_parts` has written its rows."""
    return dumps((COMMIT_ALL, csn, txn.xid, (), tuple(structure), catalog, next_oid), PROTOCOL)


def part_records(xid: int, writes: Sequence[tuple[Heap, int, int, Page, Undo]]) -> list[bytes]:
    """Return the records of some of a transaction's writes, with the rows as they are now."""
    records: list[bytes] = []
    changes: list[object] = []
    for heap, rid, count, page, _ in writes:
        if heap.temporary:
            continue
        pack = heap.packing.pack if heap.packing is not None else None
        if count == 1:
            row = page.rows[rid & SLOT_MASK]
            changes += (heap.storage, rid, row if row is None or pack is None else pack(row))
            if len(changes) >= 3 * PART_CHANGES:
                records.append(dumps((PART, xid, tuple(changes)), PROTOCOL))
                changes.clear()
        else:
            rows = page.rows[rid & SLOT_MASK : (rid & SLOT_MASK) + count]
            if pack is not None:
                rows = [row if row is None else pack(row) for row in rows]
            if changes:
                records.append(dumps((PART, xid, tuple(changes)), PROTOCOL))
                changes.clear()
            records.append(dumps((RUN, xid, heap.storage, rid, rows), PROTOCOL))
    if changes:
        records.append(dumps((PART, xid, tuple(changes)), PROTOCOL))
    return records


def _add_run(changes: list[object], heap: Heap, rid: int, count: int, page: Page) -> None:
    pack = heap.packing.pack if heap.packing is not None else None
    for one in range(rid, rid + count):
        row = page.rows[one & SLOT_MASK]
        changes += (heap.storage, one, row if row is None or pack is None else pack(row))


def abort_record(xid: int) -> bytes:
    """Return the record that voids the parts of a transaction."""
    return dumps((ABORT, xid), PROTOCOL)


def void_record(txn: Transaction, reverted: Sequence[tuple[Heap, int, int, Page, Undo]]) -> bytes:
    """Return the record that voids logged changes which ROLLBACK TO has reverted."""
    places: list[int] = []
    for heap, rid, count, _, _ in reverted:
        if not heap.temporary:
            places += (heap.storage, rid, count)
    return dumps((VOID, txn.xid, tuple(places)), PROTOCOL)


def sequence_record(csn: int, oid: int, value: int, called: bool) -> bytes:
    """Return the record of a sequence's counter."""
    return dumps((SEQUENCE, csn, oid, value, called), PROTOCOL)


# ---- reading

_SHAPES: Final[dict[int, tuple[type, ...]]] = {
    COMMIT: (int, int, int, tuple),
    COMMIT_ALL: (int, int, int, tuple, tuple, tuple, int),
    PART: (int, int, tuple),
    VOID: (int, int, tuple),
    RUN: (int, int, int, int, list),
    ABORT: (int, int),
    SEQUENCE: (int, int, int, int, bool),
}
RID_MAX: Final = 1 << 40
"""Rids are below this: no table of ours has 2**32 pages."""


def decode(data: bytes) -> Plain:
    """Return the record in `data`, its shape checked; DamagedRecord otherwise."""
    record = load_plain(data)
    if not isinstance(record, tuple) or not record or not isinstance(record[0], int):
        raise DamagedRecord("not a log record")
    shape = _SHAPES.get(record[0])
    if shape is None or len(record) != len(shape):
        raise DamagedRecord(f"no such record: kind {record[0]}, {len(record)} fields")
    for item, wanted in zip(record, shape, strict=True):
        if not isinstance(item, wanted):
            raise DamagedRecord(f"record of kind {record[0]}: {type(item).__name__} where {wanted.__name__} belongs")
        if isinstance(item, int) and not -(1 << 63) <= item < 1 << 63:
            raise DamagedRecord(f"record of kind {record[0]}: a number is out of range")
    return record


def check_changes(changes: Plain) -> None:
    """Raise DamagedRecord unless `changes` is a flat list of storage, rid, row."""
    if len(changes) % 3:
        raise DamagedRecord("row changes come in threes")
    for place in range(0, len(changes), 3):
        storage, rid, row = changes[place : place + 3]
        if type(storage) is not int or type(rid) is not int or not 0 <= rid < RID_MAX:
            raise DamagedRecord("a row change has no address")
        if row is not None and type(row) is not tuple:
            raise DamagedRecord("a row is not a tuple")


def check_places(places: Plain) -> None:
    """Raise DamagedRecord unless `places` is a flat list of storage, rid, count."""
    if len(places) % 3 or any(type(item) is not int for item in places):
        raise DamagedRecord("voided places come in threes")
    for place in range(0, len(places), 3):
        _, rid, count = places[place : place + 3]
        if not 0 <= rid < RID_MAX or not 0 < count <= 1 << PAGE_BITS:  # type: ignore[operator]  # ints, as checked
            raise DamagedRecord("a voided place is out of range")


def check_run(rid: int, rows: list[object]) -> None:
    """Raise DamagedRecord unless `rows` fit in the page of `rid`."""
    if not 0 <= rid < RID_MAX or (rid & SLOT_MASK) + len(rows) > 1 << PAGE_BITS:
        raise DamagedRecord("a run of rows crosses its page")
    if any(row is not None and type(row) is not tuple for row in rows):
        raise DamagedRecord("a row is not a tuple")
