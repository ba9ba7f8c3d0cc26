"""Temporary schemas: what belongs to one, and forgetting those that a crash left behind.

A session's temporary objects are in the schema pg_temp_N, N being the session's number. Their definitions are logged like
any other, their rows are not; so after recovery the definitions must go.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import CatalogObject, Comment, Constraint, Index, Schema, Sequence, Table

PREFIX = "pg_temp_"


def temporary_schema(catalog: Catalog, process_id: int) -> Schema | None:
    """Return the temporary schema of a session, or None when it never made one."""
    return catalog.schema(f"{PREFIX}{process_id}")


def objects_in(catalog: Catalog, schema: Schema) -> Iterator[CatalogObject]:
    """Yield everything in a schema: relations, constraints, and the comments on them."""
    inside: set[int] = set()
    for kind in ("constraint", "index", "view", "table", "sequence"):
        for entry in catalog.objects(kind):
            if isinstance(entry, Table | Index | Sequence | Constraint) and entry.schema == schema.oid:
                inside.add(entry.oid)
                yield entry
    for entry in catalog.objects("comment"):
        if isinstance(entry, Comment) and entry.object_oid in inside:
            yield entry


def forget_temporary(catalog: Catalog) -> None:
    """Remove the temporary schemas that a crash left in the catalog; nobody is connected yet."""
    changes: list[tuple[int, CatalogObject | None]] = []
    for schema in catalog.objects("schema"):
        if isinstance(schema, Schema) and schema.name.startswith(PREFIX):
            changes += [(entry.oid, None) for entry in objects_in(catalog, schema)]
            changes.append((schema.oid, None))
    if changes:
        catalog.apply(tuple(changes))
