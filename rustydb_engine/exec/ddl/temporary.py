"""Temporary tables: what ON COMMIT does, and the end of a session's temporary schema.

They live in the schema pg_temp_N, N being the session's number, and their rows in heaps that are never logged. The
schema goes when the session ends; one that a crash left behind goes at recovery.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.catalog import Catalog, Overlay
from rustydb_engine.catalog.dependencies import Address
from rustydb_engine.catalog.objects import CatalogObject, Constraint, Index, Schema, Sequence, Table
from rustydb_engine.exec.ddl.drop import remove
from rustydb_engine.exec.ddl.truncate import empty
from rustydb_engine.exec.ddl.work import DdlContext, Waits, Work
from rustydb_engine.storage.database import Database


def schema_of(catalog: Catalog, process_id: int) -> Schema | None:
    """Return the temporary schema of a session, or None when it never made one."""
    return catalog.schema(f"pg_temp_{process_id}")


def objects_in(catalog: Catalog, schema: Schema) -> Iterator[CatalogObject]:
    """Yield the relations and constraints of a schema."""
    for kind in ("constraint", "index", "view", "table", "sequence"):
        for entry in catalog.objects(kind):
            if isinstance(entry, Table | Index | Sequence | Constraint) and entry.schema == schema.oid:
                yield entry


def drop_temporary_schema(database: Database, process_id: int) -> None:
    """Drop everything temporary of a session that ends; its transactions are over."""
    schema = schema_of(database.catalog, process_id)
    if schema is None:
        return
    txn = database.begin(process_id=process_id)
    txn.catalog = overlay = database.catalog.overlay()
    for entry in list(objects_in(overlay, schema)):
        if isinstance(entry, Table) and entry.kind == "table":
            database.drop_heap(txn, entry.storage)
        _drop(overlay, entry)
    overlay.drop(schema.oid)
    database.commit(txn)


def _drop(overlay: Overlay, entry: CatalogObject) -> None:
    if isinstance(entry, Table):
        for number in range(len(entry.columns) + 1):
            comment = overlay.comment(1259, entry.oid, number)
            if comment is not None:
                overlay.drop(comment.oid)
    overlay.drop(entry.oid)


def forget_temporary(catalog: Catalog) -> None:
    """Remove the temporary schemas that a crash left in the catalog; nobody is connected yet."""
    changes: list[tuple[int, CatalogObject | None]] = []
    for schema in catalog.objects("schema"):
        if isinstance(schema, Schema) and schema.name.startswith("pg_temp_"):
            changes += [(entry.oid, None) for entry in objects_in(catalog, schema)]
            changes.append((schema.oid, None))
    if changes:
        catalog.apply(tuple(changes))


def needs_commit_actions(catalog: Catalog, process_id: int) -> bool:
    """Return whether a session has a temporary table with ON COMMIT DELETE ROWS or DROP."""
    schema = schema_of(catalog, process_id)
    return schema is not None and any(
        isinstance(entry, Table) and entry.on_commit for entry in objects_in(catalog, schema)
    )


def before_commit(context: DdlContext) -> Waits[None]:
    """Carry out ON COMMIT for the session's temporary tables, in the transaction that is about to commit."""
    work = Work(context)
    schema = schema_of(work.catalog, context.process_id)
    if schema is None:
        return
    for entry in list(objects_in(work.catalog, schema)):
        if isinstance(entry, Table) and entry.on_commit == "delete":
            if work.database.heap(entry.storage).live_rows:
                yield from empty(work, entry)
        elif isinstance(entry, Table) and entry.on_commit == "drop":
            yield from remove(work, [Address("relation", entry.oid)], cascade=True)
