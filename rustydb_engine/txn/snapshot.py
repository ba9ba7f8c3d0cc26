"""A snapshot: which transactions' changes a reader sees.

`csn` is a place in the log's commit order. A snapshot sees what was committed up to there, and of its own
transaction what earlier commands wrote. Generated code inlines `sees`; this is its definition.

    while entry is not None and not snapshot.sees(entry.txn, entry.cid):
        row, entry = entry.row, entry.next

A snapshot that outlives a step of the node (a query in slices, a cursor, a repeatable read transaction) must be held
(`manager.hold`), or the versions it needs are pruned under it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from rustydb_engine.txn.transaction import Transaction


@final
class Snapshot:
    """What is visible: transactions with `csn` up to this one, and commands of `txn` before `cid`."""

    __slots__ = ("cid", "csn", "txn")

    def __init__(self, csn: int, txn: Transaction | None, cid: int) -> None:
        self.csn = csn
        self.txn = txn
        self.cid = cid

    def sees(self, writer: Transaction, cid: int) -> bool:
        """Return whether a change that `writer` made in its command `cid` is visible."""
        if writer is self.txn:
            return cid < self.cid
        return writer.csn <= self.csn
