"""information_schema's views of constraints: table_constraints, key_column_usage, referential_constraints and kin.

NOT NULL columns count as CHECK constraints here, under names that are made of OIDs.
Source: PostgreSQL 15, src/backend/catalog/information_schema.sql.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.information_schema.tables import is_view, yes
from rustydb_engine.catalog.objects import Constraint, Index, Table, TableColumn
from rustydb_engine.catalog.printing import constraint_definition
from rustydb_engine.catalog.system_tables.relations import system_indexes
from rustydb_engine.catalog.system_tables.rows import Row, Source, system_table

SCHEMA = "information_schema"
KINDS = {"c": "CHECK", "f": "FOREIGN KEY", "p": "PRIMARY KEY", "u": "UNIQUE"}
RULES = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def _constraints(source: Source) -> Iterator[tuple[Constraint, Table]]:
    """Yield every constraint with its table; the system tables' keys too."""
    for entry in source.catalog.objects("constraint"):
        assert isinstance(entry, Constraint)
        table = source.catalog.table(entry.table)
        assert table is not None, f"constraint {entry.name} has no table"
        yield entry, table
    for index in system_indexes():
        table = source.catalog.table(index.table)
        if index.unique and table is not None:
            kind = "p" if index.primary else "u"
            yield (
                Constraint(index.oid, index.name, table.schema, table.oid, kind, index.columns, index=index.oid),
                table,
            )


def _not_null(source: Source) -> Iterator[tuple[str, Table, TableColumn]]:
    for table in source.tables("virtual", "table"):
        if not is_view(table):
            for column in table.live():
                if column.not_null:
                    yield f"{table.schema}_{table.oid}_{column.attnum}_not_null", table, column


@system_table("information_schema.table_constraints")
def table_constraints(source: Source) -> Iterator[Row]:
    """List the constraints of tables."""
    make = source.maker("table_constraints", SCHEMA)
    catalog = source.catalog
    for entry, table in _constraints(source):
        index = catalog.get(entry.index) if entry.type == "u" else None
        distinct = index.nulls_distinct if isinstance(index, Index) else True
        yield make(
            constraint_catalog=catalog.database_name, constraint_schema=catalog.schema_name(entry.schema),
            constraint_name=entry.name, table_catalog=catalog.database_name,
            table_schema=catalog.schema_name(table.schema), table_name=table.name, constraint_type=KINDS[entry.type],
            is_deferrable=yes(entry.deferrable), initially_deferred=yes(entry.deferred), enforced="YES",
            nulls_distinct=yes(distinct) if entry.type == "u" else None,
        )  # fmt: skip
    for name, table, _ in _not_null(source):
        schema = catalog.schema_name(table.schema)
        yield make(
            constraint_catalog=catalog.database_name, constraint_schema=schema, constraint_name=name,
            table_catalog=catalog.database_name, table_schema=schema, table_name=table.name, constraint_type="CHECK",
            is_deferrable="NO", initially_deferred="NO", enforced="YES",
        )  # fmt: skip


@system_table("information_schema.check_constraints")
def check_constraints(source: Source) -> Iterator[Row]:
    """List the CHECK constraints with their conditions."""
    make = source.maker("check_constraints", SCHEMA)
    catalog = source.catalog
    for entry, _ in _constraints(source):
        if entry.type == "c":
            yield make(
                constraint_catalog=catalog.database_name, constraint_schema=catalog.schema_name(entry.schema),
                constraint_name=entry.name, check_clause=constraint_definition(catalog, entry)[6:],
            )  # fmt: skip
    for name, table, column in _not_null(source):
        yield make(
            constraint_catalog=catalog.database_name, constraint_schema=catalog.schema_name(table.schema),
            constraint_name=name, check_clause=f"{column.name} IS NOT NULL",
        )  # fmt: skip


@system_table("information_schema.key_column_usage")
def key_column_usage(source: Source) -> Iterator[Row]:
    """List the columns of primary keys, unique constraints and foreign keys."""
    make = source.maker("key_column_usage", SCHEMA)
    catalog = source.catalog
    for entry, table in _constraints(source):
        if entry.type == "c":
            continue
        index = catalog.get(entry.index)
        keys = [key.attnum for key in index.columns] if isinstance(index, Index) else []
        for number, attnum in enumerate(entry.columns, 1):
            position = keys.index(entry.referenced_columns[number - 1]) + 1 if entry.type == "f" else None
            yield make(
                constraint_catalog=catalog.database_name, constraint_schema=catalog.schema_name(entry.schema),
                constraint_name=entry.name, table_catalog=catalog.database_name,
                table_schema=catalog.schema_name(table.schema), table_name=table.name,
                column_name=table.columns[attnum - 1].name, ordinal_position=number,
                position_in_unique_constraint=position,
            )  # fmt: skip


@system_table("information_schema.constraint_column_usage")
def constraint_column_usage(source: Source) -> Iterator[Row]:
    """List the columns that constraints use; for a foreign key those it refers to."""
    make = source.maker("constraint_column_usage", SCHEMA)
    catalog = source.catalog
    for entry, owner in _constraints(source):
        table = catalog.table(entry.references) if entry.type == "f" else owner
        assert table is not None, f"foreign key {entry.name} has a referenced table"
        for attnum in entry.referenced_columns if entry.type == "f" else entry.columns:
            yield make(
                table_catalog=catalog.database_name, table_schema=catalog.schema_name(table.schema),
                table_name=table.name, column_name=table.columns[attnum - 1].name,
                constraint_catalog=catalog.database_name, constraint_schema=catalog.schema_name(entry.schema),
                constraint_name=entry.name,
            )  # fmt: skip


@system_table("information_schema.constraint_table_usage")
def constraint_table_usage(source: Source) -> Iterator[Row]:
    """List the tables that keys and foreign keys use."""
    make = source.maker("constraint_table_usage", SCHEMA)
    catalog = source.catalog
    for entry, owner in _constraints(source):
        if entry.type == "c":
            continue
        table = catalog.table(entry.references) if entry.type == "f" else owner
        assert table is not None, f"foreign key {entry.name} has a referenced table"
        yield make(
            table_catalog=catalog.database_name, table_schema=catalog.schema_name(table.schema), table_name=table.name,
            constraint_catalog=catalog.database_name, constraint_schema=catalog.schema_name(entry.schema),
            constraint_name=entry.name,
        )  # fmt: skip


@system_table("information_schema.referential_constraints")
def referential_constraints(source: Source) -> Iterator[Row]:
    """List the foreign keys with the key that each refers to."""
    make = source.maker("referential_constraints", SCHEMA)
    catalog = source.catalog
    for entry, _ in _constraints(source):
        if entry.type != "f":
            continue
        key = next(
            (c for c in catalog.constraints_of(entry.references) if c.type in "pu" and c.index == entry.index), None
        )
        yield make(
            constraint_catalog=catalog.database_name, constraint_schema=catalog.schema_name(entry.schema),
            constraint_name=entry.name, unique_constraint_catalog=catalog.database_name if key else None,
            unique_constraint_schema=catalog.schema_name(key.schema) if key else None,
            unique_constraint_name=key.name if key else None, match_option="FULL" if entry.match == "f" else "NONE",
            update_rule=RULES[entry.on_update], delete_rule=RULES[entry.on_delete],
        )  # fmt: skip
