"""Reading system tables, and sequences, whose one row is their counter: all rows, and look-ups by one column.

Rows that depend on the catalog only are kept with the catalog until it changes; `system_index` keeps a dict from the
values of one column to the rows that have them, which makes a join of catalog tables a matter of dict look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping

from rustydb_engine.catalog.information_schema import (
    constraints as standard_constraints,
)
from rustydb_engine.catalog.information_schema import privileges, routines, tables
from rustydb_engine.catalog.objects import INFORMATION_SCHEMA, Sequence, Table
from rustydb_engine.catalog.system_tables import access, constraints, functions, relations, server, types, views
from rustydb_engine.catalog.system_tables.rows import FIXED, KEPT, LIVE, PRODUCERS, Row, Source
from rustydb_engine.sql.functions.context import EvalContext

_MODULES = (
    access, constraints, functions, relations, server, types, views, privileges, routines, standard_constraints, tables,
)  # fmt: skip


_fixed_rows: dict[int, tuple[Row, ...]] = {}
_fixed_indexes: dict[tuple[int, int], dict[object, list[Row]]] = {}


def system_rows(table_oid: int, context: EvalContext) -> tuple[Row, ...]:
    """Return the rows of a system table as the statement's catalog and session have it."""
    catalog = context.catalog
    version = catalog.version
    kept = catalog.system_rows.get(table_oid)
    if kept is not None and kept[0] == version:
        return kept[1]
    table = catalog.table(table_oid)
    if table is None and isinstance(catalog.get(table_oid), Sequence):
        return (context.sequence_row(table_oid),)
    assert table is not None and table.kind == "virtual", f"{table_oid} is no system table"
    producer, lasting = PRODUCERS.get(producer_name(table), (_nothing, FIXED))
    fixed = _fixed_rows.get(table_oid) if lasting == FIXED else None
    rows = fixed if fixed is not None else tuple(producer(Source(context)))
    if lasting == FIXED:
        _fixed_rows[table_oid] = rows
    if lasting != LIVE:
        catalog.system_rows[table_oid] = (version, rows)
    return rows


def system_index(table_oid: int, column: int, context: EvalContext) -> Mapping[object, list[Row]]:
    """Return the rows of a system table by the value of column number `column` (1 is the first); NULLs are left out."""
    catalog = context.catalog
    version = catalog.version
    kept = catalog.system_indexes.get((table_oid, column))
    if kept is not None and kept[0] == version:
        return kept[1]
    table = catalog.table(table_oid)
    lasting = PRODUCERS.get(producer_name(table), (_nothing, FIXED))[1] if table is not None else LIVE
    if lasting == FIXED and (table_oid, column) in _fixed_indexes:
        return _fixed_indexes[(table_oid, column)]
    made: dict[object, list[Row]] = {}
    for row in system_rows(table_oid, context):
        if row[column - 1] is not None:
            made.setdefault(row[column - 1], []).append(row)
    if lasting == FIXED:
        _fixed_indexes[(table_oid, column)] = made
    elif lasting == KEPT:
        catalog.system_indexes[(table_oid, column)] = (version, made)
    return made


def producer_name(table: Table) -> str:
    """Return the name under which a system table's producer is declared."""
    return f"information_schema.{table.name}" if table.schema == INFORMATION_SCHEMA else table.name


def _nothing(_source: Source) -> tuple[Row, ...]:
    return ()
