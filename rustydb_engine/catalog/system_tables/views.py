"""pg_tables, pg_views, pg_indexes, pg_sequences, pg_rules and the statistics views: the catalog in readable form.

Counters of the statistics views are 0: this server keeps none yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.bootstrap import relation_kinds
from rustydb_engine.catalog.objects import Index, Sequence, Table, TableColumn
from rustydb_engine.catalog.printing import index_definition
from rustydb_engine.catalog.system_tables.relations import (
    SHARED,
    system_index_definition,
    system_indexes,
)
from rustydb_engine.catalog.system_tables.rows import Row, Source, system_table


@system_table("pg_tables")
def pg_tables(source: Source) -> Iterator[Row]:
    """List the tables."""
    make = source.maker("pg_tables")
    indexed = {index.table for index in system_indexes()}
    for table in source.tables("virtual", "table"):
        if table.kind == "table" or relation_kinds()[table.oid] == "r":
            constraints = source.catalog.constraints_of(table.oid)
            yield make(
                schemaname=source.catalog.schema_name(table.schema), tablename=table.name,
                tableowner=source.role_name(table.owner), tablespace="pg_global" if table.oid in SHARED else None,
                hasindexes=table.oid in indexed or bool(source.catalog.indexes_of(table.oid)), hasrules=False,
                hastriggers=any(c.type == "f" for c in constraints) or bool(source.catalog.referencing(table.oid)),
                rowsecurity=False,
            )  # fmt: skip


@system_table("pg_views", live=True)
def pg_views(source: Source) -> Iterator[Row]:
    """List the views; the text of a system view is not kept."""
    make = source.maker("pg_views")
    for table in source.tables("virtual", "view"):
        if table.kind == "view" or relation_kinds()[table.oid] == "v":
            yield make(
                schemaname=source.catalog.schema_name(table.schema), viewname=table.name,
                viewowner=source.role_name(table.owner),
                definition=source.context.deparse("viewdef", table.oid) if table.kind == "view" else None,
            )  # fmt: skip


@system_table("pg_rules", live=True)
def pg_rules(source: Source) -> Iterator[Row]:
    """List the rules other than those of views: there are none."""
    return iter(())


@system_table("pg_indexes")
def pg_indexes(source: Source) -> Iterator[Row]:
    """List the indexes with the statements that would make them."""
    make = source.maker("pg_indexes")
    for system in system_indexes():
        table = source.catalog.table(system.table)
        if table is not None:
            yield make(
                schemaname="pg_catalog", tablename=table.name, indexname=system.name,
                tablespace="pg_global" if system.table in SHARED else None,
                indexdef=system_index_definition(source.catalog, system.oid),
            )  # fmt: skip
    for index in source.catalog.objects("index"):
        assert isinstance(index, Index)
        table = source.catalog.table(index.table)
        yield make(
            schemaname=source.catalog.schema_name(index.schema), tablename=table.name if table else None,
            indexname=index.name, indexdef=index_definition(source.catalog, index),
        )  # fmt: skip


@system_table("pg_sequences", live=True)
def pg_sequences(source: Source) -> Iterator[Row]:
    """List the sequences with their last values."""
    make = source.maker("pg_sequences")
    for entry in source.catalog.objects("sequence"):
        assert isinstance(entry, Sequence)
        yield make(
            schemaname=source.catalog.schema_name(entry.schema), sequencename=entry.name,
            sequenceowner=source.role_name(entry.owner), data_type=entry.type_oid, start_value=entry.start,
            min_value=entry.minimum, max_value=entry.maximum, increment_by=entry.increment, cycle=entry.cycle,
            cache_size=entry.cache, last_value=source.context.sequence_last(entry.oid),
        )  # fmt: skip


def _counted_tables(name: str, *, user: bool, system: bool) -> None:
    @system_table(name)
    def rows(source: Source) -> Iterator[Row]:
        make = source.maker(name)
        columns = [c for c in _columns(source, name) if c.type.name == "int8"]
        zeros = {column.name: 0 for column in columns}
        for table in source.tables(*(("table",) if user else ()), *(("virtual",) if system else ())):
            if table.kind == "table" or relation_kinds()[table.oid] == "r":
                yield make(
                    **zeros, relid=table.oid, schemaname=source.catalog.schema_name(table.schema), relname=table.name
                )


def _counted_indexes(name: str) -> None:
    @system_table(name)
    def rows(source: Source) -> Iterator[Row]:
        make = source.maker(name)
        zeros = {column.name: 0 for column in _columns(source, name) if column.type.name == "int8"}
        for index in source.catalog.objects("index"):
            assert isinstance(index, Index)
            table = source.catalog.table(index.table)
            yield make(
                **zeros, relid=index.table, indexrelid=index.oid, relname=table.name if table else None,
                schemaname=source.catalog.schema_name(index.schema), indexrelname=index.name,
            )  # fmt: skip


def _columns(source: Source, name: str) -> tuple[TableColumn, ...]:
    table = source.catalog.relation("pg_catalog", name)
    assert isinstance(table, Table), f"{name} is no system table"
    return table.columns


for _prefix in ("pg_stat", "pg_statio"):
    _counted_tables(f"{_prefix}_user_tables", user=True, system=False)
    _counted_tables(f"{_prefix}_sys_tables", user=False, system=True)
    _counted_tables(f"{_prefix}_all_tables", user=True, system=True)
    _counted_indexes(f"{_prefix}_user_indexes")
    _counted_indexes(f"{_prefix}_all_indexes")


@system_table("pg_stat_database")
def pg_stat_database(source: Source) -> Iterator[Row]:
    """Give the one database a row of zeros."""
    zeros = {column.name: 0 for column in _columns(source, "pg_stat_database") if column.type.name == "int8"}
    yield source.maker("pg_stat_database")(**zeros, datid=5, datname=source.catalog.database_name)
