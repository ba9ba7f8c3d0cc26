"""Pages and undo: where rows live and what they were before.

A page has `rows` (at most 256 tuples, None in a free slot) and `undo`:

    None            every slot holds a row, and every reader sees it: scan without any check
    {}              no version is in doubt, but some slots are None
    {slot: Undo}    the newest undo entry of slots that were changed lately
    BulkUndo        one entry for every slot: the page was filled by one command of one transaction (COPY)

`Undo(txn, cid, row, next)` says: `txn`, in its command `cid`, wrote what follows, and before that there was `row`
(None: nothing). The chain runs from the newest change to older ones.

`rows` is live: whoever may write or be suspended between two rows iterates over a copy (`Page.visible_rows`).

    rows[3] = C ── undo[3] = Undo(T2, 0, B) ──next──> Undo(T1, 4, A)
    T1 wrote B over A; T2 wrote C over B; who sees neither reads A.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from rustydb_engine.txn.snapshot import Snapshot
    from rustydb_engine.txn.transaction import Transaction

PAGE_BITS: Final = 8
PAGE_ROWS: Final = 1 << PAGE_BITS
SLOT_MASK: Final = PAGE_ROWS - 1

Row = tuple[object, ...]


@final
class Undo:
    """One change of one row: its writer, the command, what was there before, and the change before this one."""

    __slots__ = ("cid", "next", "row", "txn")

    def __init__(self, txn: Transaction, cid: int, row: Row | None, next: Undo | None) -> None:
        self.txn = txn
        self.cid = cid
        self.row = row
        self.next = next


@final
class BulkUndo(dict[int, Undo]):
    """The undo of a page that one command filled: the same entry for every slot.

    Readers use `get` and subscription as with the plain dict; a writer that changes one slot calls `Page.expand` first.
    """

    __slots__ = ("entry",)

    def __init__(self, entry: Undo) -> None:
        super().__init__()
        self.entry = entry

    def get(self, slot: int, default: object = None) -> Undo:
        """Return the entry of any slot."""
        return self.entry

    def __missing__(self, slot: int) -> Undo:
        return self.entry

    def __bool__(self) -> bool:
        return True

    def __contains__(self, slot: object) -> bool:
        return True


@final
class Page:
    """Up to 256 rows. `holes` counts the slots that are None."""

    __slots__ = ("holes", "rows", "undo")

    def __init__(self) -> None:
        self.rows: list[Row | None] = []
        self.undo: dict[int, Undo] | None = None
        self.holes = 0

    def expand(self) -> dict[int, Undo]:
        """Return `undo` as a plain dict that single entries can be put into."""
        undo = self.undo
        if undo is None:
            undo = {}
        elif undo.__class__ is BulkUndo:
            undo = dict.fromkeys(range(len(self.rows)), undo.entry)
        self.undo = undo
        return undo

    def visible(self, slot: int, snapshot: Snapshot) -> Row | None:
        """Return what the snapshot sees in a slot, or None."""
        row = self.rows[slot]
        undo = self.undo
        if undo is None:
            return row
        entry = undo.get(slot)
        while entry is not None and not snapshot.sees(entry.txn, entry.cid):
            row = entry.row
            entry = entry.next
        return row

    def visible_rows(self, snapshot: Snapshot) -> list[Row]:
        """Return the rows that the snapshot sees, in slot order: a list of the caller's own."""
        undo = self.undo
        if undo is None:
            return self.rows.copy()  # type: ignore[return-value]  # without undo no slot is None
        if not undo:
            return [row for row in self.rows if row is not None]
        if undo.__class__ is BulkUndo:
            if snapshot.sees(undo.entry.txn, undo.entry.cid):
                return [row for row in self.rows if row is not None]
            return []
        rows = self.rows.copy()
        sees = snapshot.sees
        for slot, newest in undo.items():
            entry: Undo | None = newest
            while entry is not None and not sees(entry.txn, entry.cid):
                rows[slot] = entry.row
                entry = entry.next
        return [row for row in rows if row is not None]

    def visible_items(self, base: int, snapshot: Snapshot) -> list[tuple[int, Row]]:
        """Return (rid, row) of what the snapshot sees; `base` is the rid of slot 0."""
        if self.undo is None:
            return list(enumerate(self.rows, base))  # type: ignore[arg-type]  # without undo no slot is None
        visible = self.visible
        found = [(base + slot, visible(slot, snapshot)) for slot in range(len(self.rows))]
        return [pair for pair in found if pair[1] is not None]  # type: ignore[misc]  # None was filtered
