"""The ground on which every catalog stands: what PostgreSQL's initdb makes.

The schemas pg_catalog, pg_toast, public and information_schema, the superuser, and the system tables (`Table`
records of kind `virtual`, whose rows are computed). They have PostgreSQL's OIDs, are the same in every database and
are never logged.
"""

from __future__ import annotations

from functools import cache

from rustydb_engine.catalog import information_columns, system_columns
from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import (
    INFORMATION_SCHEMA,
    PG_CATALOG,
    PUBLIC,
    SUPERUSER,
    CatalogObject,
    Comment,
    Role,
    Schema,
    Table,
    TableColumn,
)
from rustydb_engine.values.types import BY_NAME

PG_TOAST = 99
C_COLLATION = 950
PG_NAMESPACE_CLASS = 2615
SUPERUSER_NAME = "admin"
PREDEFINED_ROLES = (
    (6171, "pg_database_owner"),
    (3373, "pg_monitor"),
    (3374, "pg_read_all_settings"),
    (3375, "pg_read_all_stats"),
    (3377, "pg_stat_scan_tables"),
    (4200, "pg_signal_backend"),
    (4544, "pg_checkpoint"),
    (4569, "pg_read_server_files"),
    (4570, "pg_write_server_files"),
    (4571, "pg_execute_server_program"),
    (6181, "pg_read_all_data"),
    (6182, "pg_write_all_data"),
)


@cache
def relation_kinds() -> dict[int, str]:
    """Return the relkind ('r' or 'v') of each system table, by OID."""
    return {
        int(words[1]): words[2]
        for definitions in (system_columns.DEFINITIONS, information_columns.DEFINITIONS)
        for words in _entries(definitions)
    }


def _entries(definitions: str) -> list[list[str]]:
    return [line.split() for line in definitions.strip().replace("\n ", " ").split("\n")]


def _virtual_tables(definitions: str, schema: int) -> list[Table]:
    tables = []
    for name, oid, relkind, *columns in _entries(definitions):
        made = []
        for attnum, column in enumerate(columns, 1):
            label, _, type_name = column.rstrip("!").partition(":")
            collation = C_COLLATION if relkind == "r" and type_name in ("text", "_text", "pg_node_tree") else 0
            kind = BY_NAME[type_name]
            made.append(TableColumn(label, attnum, kind, not_null=column.endswith("!"), collation=collation))
        tables.append(Table(int(oid), name, schema, tuple(made), kind="virtual"))
    return tables


@cache
def ground_objects() -> tuple[CatalogObject, ...]:
    """Return the objects of a fresh catalog."""
    return (
        Role(SUPERUSER, SUPERUSER_NAME),
        *(Role(oid, name, superuser=False, login=False) for oid, name in PREDEFINED_ROLES),
        Schema(PG_CATALOG, "pg_catalog"),
        Schema(PG_TOAST, "pg_toast"),
        Schema(PUBLIC, "public", PREDEFINED_ROLES[0][0]),
        Schema(INFORMATION_SCHEMA, "information_schema"),
        Comment(1, PG_NAMESPACE_CLASS, PUBLIC, 0, "standard public schema"),
        Comment(2, PG_NAMESPACE_CLASS, PG_CATALOG, 0, "system catalog schema"),
        Comment(3, PG_NAMESPACE_CLASS, PG_TOAST, 0, "reserved schema for TOAST tables"),
        *_virtual_tables(system_columns.DEFINITIONS, PG_CATALOG),
        *_virtual_tables(information_columns.DEFINITIONS, INFORMATION_SCHEMA),
    )


def fresh_catalog(database_name: str = "rustydb") -> Catalog:
    """Return the catalog of a new database."""
    return Catalog(ground_objects(), database_name)
