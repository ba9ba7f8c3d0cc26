"""What commits tell: the notifications they send and the rows that they changed in tables that somebody watches.

A commit's news is taken from the transaction when it enters the log, for then its rows are the newest and its undo entries say
what was there before. It waits in `pending` until the log is durable up to it; whoever reads the feed takes it from there,
in commit order. Tables that nobody watches cost nothing but a look at an empty dict in each commit.

    feed.watch(table)
    database.commit(txn)                       the news of it is in feed.pending
    database.appended(ticket)
    feed.take(database.durable_csn)            [CommitNews(csn, xid, process_id, messages, tables)]

**Rows.** A transaction's writes are walked backwards: the version that a write made is what the next write of the same row found
there, and for the last one what the page holds. Rows are given with the live columns of their table only.

**Tables that change.** TRUNCATE and rewriting ALTERs give a table a new heap; the transaction's notes say after which write. What
a rewrite put into the new heap before that is not news.
"""

from __future__ import annotations

from collections import deque
from operator import itemgetter
from typing import TYPE_CHECKING, Final, final

from rustydb_engine.catalog.objects import Table
from rustydb_engine.storage.pages import SLOT_MASK, Row
from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from collections.abc import Callable

    from rustydb_engine.txn.notes import TableNote
    from rustydb_engine.txn.transaction import Transaction

INSERT: Final = "insert"
UPDATE: Final = "update"
DELETE: Final = "delete"


@value
class Change:
    """One row that was inserted (`old` None), updated or deleted (`new` None)."""

    operation: str
    old: Row | None
    new: Row | None


@value
class Truncated:
    """All rows of the table went."""


@value
class Altered:
    """The table has other columns or another name from here on."""

    table: Table


@value
class Dropped:
    """The table is no more."""


@value
class Overflowed:
    """More rows than the feed takes from one transaction; none of them is told."""

    rows: int
    limit: int


News = Change | Truncated | Altered | Dropped | Overflowed


@value
class CommitNews:
    """What one commit tells: notifications (channel, payload), and for each watched table what happened, in order."""

    csn: int
    xid: int
    process_id: int
    messages: tuple[tuple[str, str], ...]
    tables: dict[int, list[News]]


@final
class Feed:
    """The news of a database's commits. `watched` maps the heap of each watched table to the table."""

    __slots__ = ("changes_max", "pending", "watched")

    def __init__(self) -> None:
        self.watched: dict[int, Table] = {}
        self.pending: deque[CommitNews] = deque()
        self.changes_max = 100_000

    def watch(self, table: Table) -> None:
        """Tell from the next commit on what happens to a table."""
        self.watched[table.storage] = table

    def unwatch(self, table_oid: int) -> None:
        """Tell no more of a table; one that is not watched is no error."""
        self.watched = {storage: table for storage, table in self.watched.items() if table.oid != table_oid}

    def committed(self, txn: Transaction, csn: int) -> None:
        """Take the news of a transaction that enters the log now: its writes are still the newest."""
        notes = txn.notes
        tables: dict[int, list[News]] = {}
        if self.watched and (txn.writes or txn.catalog is not None):
            table_notes = [note for note in notes.tables if self._watches(note.table.oid)] if notes is not None else []
            if table_notes or self._touches(txn):
                self._collect(txn, table_notes, tables)
            if txn.catalog is not None:
                self._follow(txn, table_notes, tables)
        messages = tuple(notes.messages) if notes is not None else ()
        if messages or tables:
            self.pending.append(CommitNews(csn, txn.xid, txn.process_id, messages, tables))

    def take(self, durable_csn: int) -> list[CommitNews]:
        """Return the news of the commits that are durable, in commit order, and forget them."""
        pending = self.pending
        taken = []
        while pending and pending[0].csn <= durable_csn:
            taken.append(pending.popleft())
        return taken

    def _touches(self, txn: Transaction) -> bool:
        watched = self.watched
        return any(write[0].storage in watched for write in txn.writes)

    def _watches(self, oid: int) -> bool:
        return any(table.oid == oid for table in self.watched.values())

    def _collect(self, txn: Transaction, notes: list[TableNote], tables: dict[int, list[News]]) -> None:
        """Add what the writes and the notes of a transaction say of watched tables, in order."""
        since = dict.fromkeys(self.watched, 0)  # heap -> the first write that counts
        owners = dict(self.watched)
        shapes: dict[int, list[tuple[int, Table]]] = {}  # heap -> what its table is from which write on
        for note in notes:
            if note.table.storage not in owners:
                since[note.table.storage] = note.writes
                owners[note.table.storage] = note.table
            shapes.setdefault(note.table.storage, []).append((note.writes, note.table))
        rows = _rows_of(txn, since)
        counts: dict[int, int] = {}
        for storage, count in rows.items():
            oid = owners[storage].oid
            counts[oid] = counts.get(oid, 0) + count
        found: list[tuple[int, int, News]] = []
        latest = {table.oid: table for table in self.watched.values()}
        for note in notes:
            oid = note.table.oid
            if note.truncated:
                found.append((note.writes, oid, Truncated()))
            elif _looks(note.table) != _looks(latest[oid]):  # else the same rows are in another heap
                found.append((note.writes, oid, Altered(note.table)))
            latest[oid] = note.table
        told = {storage for storage in rows if counts[owners[storage].oid] <= self.changes_max}
        found += _changes(txn, since, told, owners, shapes)
        found.sort(key=itemgetter(0))  # stable: a note comes before the write whose number it has
        for oid, count in counts.items():
            if count > self.changes_max:
                tables[oid] = [Overflowed(count, self.changes_max)]
        for _, oid, item in found:
            tables.setdefault(oid, []).append(item)

    def _follow(self, txn: Transaction, notes: list[TableNote], tables: dict[int, list[News]]) -> None:
        """Watch the heaps that watched tables have from now on."""
        assert txn.catalog is not None, "a transaction that changed tables has a catalog"
        for note in notes:
            self.unwatch(note.table.oid)
            self.watched[note.table.storage] = note.table
        for oid, entry in txn.catalog.changes:
            if entry is None and self._watches(oid):
                tables.setdefault(oid, []).append(Dropped())
                self.unwatch(oid)


def _rows_of(txn: Transaction, since: dict[int, int]) -> dict[int, int]:
    """Return how many rows of each watched heap a transaction wrote."""
    found: dict[int, int] = {}
    for number, (heap, _, count, _, _) in enumerate(txn.writes):
        storage = heap.storage
        if storage in since and number >= since[storage]:
            found[storage] = found.get(storage, 0) + count
    return found


def _changes(
    txn: Transaction,
    since: dict[int, int],
    told: set[int],
    owners: dict[int, Table],
    shapes: dict[int, list[tuple[int, Table]]],
) -> list[tuple[int, int, News]]:
    """Return (number of the write, table, change) of every row that was written, oldest first."""
    found: list[tuple[int, int, News]] = []
    if not told:
        return found
    newer: dict[int, dict[int, Row | None]] = {storage: {} for storage in told}
    plain = {storage: _projection(owners[storage]) for storage in told if storage not in shapes}
    writes = txn.writes
    for number in range(len(writes) - 1, -1, -1):
        heap, rid, count, page, entry = writes[number]
        storage = heap.storage
        if storage not in told or number < since[storage]:
            continue
        table = owners[storage]
        known = newer[storage]
        old = entry.row
        shown = plain.get(storage) or _projection(_shape(table, shapes[storage], number))
        for place in range(rid + count - 1, rid - 1, -1):
            new = known[place] if place in known else page.rows[place & SLOT_MASK]
            known[place] = old
            kind = INSERT if old is None else DELETE if new is None else UPDATE
            found.append((number, table.oid, Change(kind, shown(old), shown(new))))
    found.reverse()
    return found


def _looks(table: Table) -> tuple[object, ...]:
    """Return what subscribers know of a table; a change of anything else is no news."""
    return (table.name, table.schema, [(c.name, c.type.oid, c.typmod) for c in table.columns if not c.dropped])


def _shape(table: Table, shapes: list[tuple[int, Table]], number: int) -> Table:
    """Return what a table was when write `number` was made."""
    for since, later in shapes:
        if since > number:
            break
        table = later
    return table


def _projection(table: Table) -> Callable[[Row | None], Row | None]:
    """Return the function that leaves the dropped columns out of a row."""
    columns = table.columns
    if not any(column.dropped for column in columns):
        return _same
    places = [place for place, column in enumerate(columns) if not column.dropped]
    return lambda row: None if row is None else tuple([row[place] for place in places])


def _same(row: Row | None) -> Row | None:
    return row
