"""New heaps for old tables: what ADD COLUMN and ALTER TYPE do to rows, and the indexes over the result.

The caller holds ACCESS EXCLUSIVE. Rows are read as this transaction sees them last, changed, checked and put into a
new heap; the old heap goes at commit, the new one at rollback.

Source: PostgreSQL 15, ATRewriteTable in src/backend/commands/tablecmds.c.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.catalog.objects import Table
from rustydb_engine.exec.ddl.stored_indexes import Row, build, latest_rows
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.exec.waits import TICK
from rustydb_engine.sql.binder.trees import replace

BATCH = 1024


def rewrite(work: Work, table: Table, change: Callable[[Row], Row]) -> Waits[Table]:
    """Give a table (as it will be) a new heap with every row changed, and build its indexes; return the table."""
    old = work.database.heap(table.storage)
    heap = work.database.create_heap(
        work.txn, [column.type.oid for column in table.columns], table.persistence == "t"
    )  # fmt: skip
    batch: list[Row] = []
    for row in latest_rows(old):
        batch.append(change(row))
        if len(batch) >= BATCH:
            heap.insert_many(work.txn, batch)
            work.database.log_ahead(work.txn)
            batch = []
            yield TICK
    if batch:
        heap.insert_many(work.txn, batch)
    work.database.drop_heap(work.txn, table.storage)
    made = replace(table, storage=heap.storage)
    work.put(made)
    yield from attach_indexes(work, made)
    return made


def attach_indexes(work: Work, table: Table) -> Waits[None]:
    """Build every index of a table over its heap; 23505 when one is not unique."""
    for index in work.catalog.indexes_of(table.oid):
        yield from build(work, table, index)
