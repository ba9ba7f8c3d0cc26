"""Temporary tables: what ON COMMIT does, and the end of a session's temporary schema.

Their rows are in heaps that are never logged. The schema goes when the session ends; one that a crash left behind goes at
recovery (catalog/temporary.py).
"""

from __future__ import annotations

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.dependencies import Address
from rustydb_engine.catalog.objects import Table
from rustydb_engine.catalog.temporary import objects_in, temporary_schema
from rustydb_engine.exec.ddl.drop import remove
from rustydb_engine.exec.ddl.truncate import empty
from rustydb_engine.exec.ddl.work import DdlContext, Waits, Work
from rustydb_engine.storage.database import Database


def drop_temporary_schema(database: Database, process_id: int) -> None:
    """Drop everything temporary of a session that ends; its transactions are over."""
    schema = temporary_schema(database.catalog, process_id)
    if schema is None:
        return
    txn = database.begin(process_id=process_id)
    txn.catalog = overlay = database.catalog.overlay()
    for entry in list(objects_in(overlay, schema)):
        if isinstance(entry, Table) and entry.kind == "table":
            database.drop_heap(txn, entry.storage)
        overlay.drop(entry.oid)
    overlay.drop(schema.oid)
    database.commit(txn)


def needs_commit_actions(catalog: Catalog, process_id: int) -> bool:
    """Return whether a session has a temporary table with ON COMMIT DELETE ROWS or DROP."""
    schema = temporary_schema(catalog, process_id)
    return schema is not None and any(
        isinstance(entry, Table) and entry.on_commit for entry in objects_in(catalog, schema)
    )


def before_commit(context: DdlContext) -> Waits[None]:
    """Carry out ON COMMIT for the session's temporary tables, in the transaction that is about to commit."""
    work = Work(context)
    schema = temporary_schema(work.catalog, context.process_id)
    if schema is None:
        return
    for entry in list(objects_in(work.catalog, schema)):
        if isinstance(entry, Table) and entry.on_commit == "delete":
            if work.database.heap(entry.storage).live_rows:
                yield from empty(work, entry)
        elif isinstance(entry, Table) and entry.on_commit == "drop":
            yield from remove(work, [Address("relation", entry.oid)], cascade=True)
