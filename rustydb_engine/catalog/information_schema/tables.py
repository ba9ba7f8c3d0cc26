"""information_schema.tables, columns, views, schemata, sequences and what views use.

Source: PostgreSQL 15, src/backend/catalog/information_schema.sql.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.bootstrap import relation_kinds
from rustydb_engine.catalog.objects import Schema, Sequence, Table, TableColumn
from rustydb_engine.catalog.system_tables.rows import Row, Source, system_table
from rustydb_engine.values.types import BY_OID, Type

SCHEMA = "information_schema"
PRECISIONS = {21: 16, 23: 32, 20: 64, 700: 24, 701: 53}
DEFAULT_COLLATION = 100
COLLATION_NAMES = {950: "C", 951: "POSIX", 12340: "ucs_basic", 12341: "C.utf8"}


def yes(flag: object) -> str:
    """Return the standard's YES or NO."""
    return "YES" if flag else "NO"


def is_view(table: Table) -> bool:
    """Return whether a table is a view, or a system table that PostgreSQL defines as one."""
    return table.kind == "view" or relation_kinds().get(table.oid) == "v"


def data_type(kind: Type) -> str:
    """Return the name of a type as the standard's views show it."""
    return "ARRAY" if kind.is_array else kind.display


def type_columns(kind: Type, typmod: int = -1) -> dict[str, object]:
    """Return the columns that describe a type: lengths, precisions and scales."""
    made: dict[str, object] = {}
    oid = kind.oid
    if oid in (1042, 1043) and typmod >= 4:
        made["character_maximum_length"] = typmod - 4
        made["character_octet_length"] = (typmod - 4) * 4
    elif oid in (25, 1042, 1043):
        made["character_octet_length"] = 1 << 30
    if oid in PRECISIONS:
        made["numeric_precision"] = PRECISIONS[oid]
        made["numeric_precision_radix"] = 2
        made["numeric_scale"] = 0 if oid in (20, 21, 23) else None
    elif oid == 1700:
        made["numeric_precision_radix"] = 10
        if typmod >= 4:
            made["numeric_precision"] = (typmod - 4) >> 16 & 0xFFFF
            made["numeric_scale"] = (typmod - 4) & 0xFFFF
    if oid == 1082:
        made["datetime_precision"] = 0
    elif oid in (1083, 1114, 1184, 1266):
        made["datetime_precision"] = 6 if typmod < 0 else typmod
    elif oid == 1186:
        made["datetime_precision"] = 6 if typmod < 0 or typmod & 0xFFFF == 0xFFFF else typmod & 0xFFFF
    return made


@system_table("information_schema.information_schema_catalog_name")
def catalog_name(source: Source) -> Iterator[Row]:
    """Name the database."""
    yield source.maker("information_schema_catalog_name", SCHEMA)(catalog_name=source.catalog.database_name)


@system_table("information_schema.schemata")
def schemata(source: Source) -> Iterator[Row]:
    """List the schemas."""
    make = source.maker("schemata", SCHEMA)
    for schema in source.catalog.objects("schema"):
        assert isinstance(schema, Schema)
        yield make(
            catalog_name=source.catalog.database_name, schema_name=schema.name,
            schema_owner=source.role_name(schema.owner),
        )  # fmt: skip


@system_table("information_schema.tables", live=True)
def tables(source: Source) -> Iterator[Row]:
    """List the tables and views, but for other sessions' temporary ones."""
    make = source.maker("tables", SCHEMA)
    own = f"pg_temp_{source.context.process_id}"
    for table in source.tables("virtual", "table", "view"):
        schema = source.catalog.schema_name(table.schema)
        temporary = schema.startswith("pg_temp_")
        if temporary and schema != own:
            continue
        view = is_view(table)
        yield make(
            table_catalog=source.catalog.database_name, table_schema=schema, table_name=table.name,
            table_type="LOCAL TEMPORARY" if temporary else "VIEW" if view else "BASE TABLE",
            is_insertable_into=yes(not view), is_typed="NO",
        )  # fmt: skip


@system_table("information_schema.columns", live=True)
def columns(source: Source) -> Iterator[Row]:
    """List the columns of tables and views."""
    make = source.maker("columns", SCHEMA)
    database = source.catalog.database_name
    for table in source.tables("virtual", "table", "view"):
        schema = source.catalog.schema_name(table.schema)
        view = is_view(table)
        for column in table.live():
            kind = column.type
            yield make(
                table_catalog=database, table_schema=schema, table_name=table.name, column_name=column.name,
                ordinal_position=column.attnum,
                column_default=printed(source, table, column.default) if column.generated is None else None,
                is_nullable=yes(not column.not_null), data_type=data_type(kind), udt_catalog=database,
                udt_schema="pg_catalog", udt_name=kind.name, dtd_identifier=str(column.attnum),
                is_self_referencing="NO", is_generated="NEVER" if column.generated is None else "ALWAYS",
                generation_expression=printed(source, table, column.generated), is_updatable=yes(not view),
                **type_columns(kind, column.typmod), **_collation(source, column), **_identity(source, column),
            )  # fmt: skip


def printed(source: Source, table: Table, text: str | None) -> str | None:
    """Return an expression of the catalog as the session sees it."""
    return None if text is None else source.context.expression_text(text, table.oid, False)


def _collation(source: Source, column: TableColumn) -> dict[str, object]:
    """Return the columns that name a collation; the default one, and that of `name`, are not shown."""
    oid = column.collation
    if oid in (0, DEFAULT_COLLATION):
        if column.type.name != "name":
            return {}
        oid = 950
    return {
        "collation_catalog": source.catalog.database_name, "collation_schema": "pg_catalog",
        "collation_name": COLLATION_NAMES.get(oid, ""),
    }  # fmt: skip


def _identity(source: Source, column: TableColumn) -> dict[str, object]:
    sequence = source.catalog.get(column.sequence) if column.identity else None
    made: dict[str, object] = {"is_identity": yes(column.identity), "identity_cycle": "NO"}
    if isinstance(sequence, Sequence):
        made |= {
            "identity_generation": "ALWAYS" if column.identity == "a" else "BY DEFAULT",
            "identity_start": str(sequence.start), "identity_increment": str(sequence.increment),
            "identity_maximum": str(sequence.maximum), "identity_minimum": str(sequence.minimum),
            "identity_cycle": yes(sequence.cycle),
        }  # fmt: skip
    return made


@system_table("information_schema.views", live=True)
def views(source: Source) -> Iterator[Row]:
    """List the views; rows cannot be changed through them."""
    make = source.maker("views", SCHEMA)
    for table in source.tables("virtual", "view"):
        if is_view(table):
            yield make(
                table_catalog=source.catalog.database_name,
                table_schema=source.catalog.schema_name(table.schema), table_name=table.name,
                view_definition=source.context.deparse("viewdef", table.oid) if table.kind == "view" else None,
                check_option="NONE", is_updatable="NO", is_insertable_into="NO", is_trigger_updatable="NO",
                is_trigger_deletable="NO", is_trigger_insertable_into="NO",
            )  # fmt: skip


@system_table("information_schema.sequences")
def sequences(source: Source) -> Iterator[Row]:
    """List the sequences, but for those of identity columns."""
    make = source.maker("sequences", SCHEMA)
    for entry in source.catalog.objects("sequence"):
        assert isinstance(entry, Sequence)
        if not entry.internal:
            yield make(
                sequence_catalog=source.catalog.database_name, sequence_name=entry.name,
                sequence_schema=source.catalog.schema_name(entry.schema), data_type=BY_OID[entry.type_oid].display,
                numeric_precision=PRECISIONS[entry.type_oid], numeric_precision_radix=2, numeric_scale=0,
                start_value=str(entry.start), minimum_value=str(entry.minimum), maximum_value=str(entry.maximum),
                increment=str(entry.increment), cycle_option=yes(entry.cycle),
            )  # fmt: skip


def _view_uses(source: Source) -> Iterator[tuple[Table, Table, int]]:
    for view in source.tables("view"):
        for relation, attnum in view.depends:
            table = source.catalog.table(relation)
            if table is not None:
                yield view, table, attnum


@system_table("information_schema.view_column_usage")
def view_column_usage(source: Source) -> Iterator[Row]:
    """List the columns that views use."""
    make = source.maker("view_column_usage", SCHEMA)
    catalog = source.catalog
    for view, table, attnum in _view_uses(source):
        if attnum:
            yield make(
                view_catalog=catalog.database_name, view_schema=catalog.schema_name(view.schema), view_name=view.name,
                table_catalog=catalog.database_name, table_schema=catalog.schema_name(table.schema),
                table_name=table.name, column_name=table.columns[attnum - 1].name,
            )  # fmt: skip


@system_table("information_schema.view_table_usage")
def view_table_usage(source: Source) -> Iterator[Row]:
    """List the tables that views use."""
    make = source.maker("view_table_usage", SCHEMA)
    catalog = source.catalog
    seen: set[tuple[int, int]] = set()
    for view, table, _ in _view_uses(source):
        if (view.oid, table.oid) not in seen:
            seen.add((view.oid, table.oid))
            yield make(
                view_catalog=catalog.database_name, view_schema=catalog.schema_name(view.schema), view_name=view.name,
                table_catalog=catalog.database_name, table_schema=catalog.schema_name(table.schema),
                table_name=table.name,
            )  # fmt: skip


@system_table("information_schema.element_types")
def element_types(source: Source) -> Iterator[Row]:
    """List the element types of array columns."""
    make = source.maker("element_types", SCHEMA)
    catalog = source.catalog
    for table in source.tables("virtual", "table", "view"):
        for column in table.live():
            if column.type.is_array:
                element = BY_OID[column.type.element]
                yield make(
                    object_catalog=catalog.database_name, object_schema=catalog.schema_name(table.schema),
                    object_name=table.name, object_type="VIEW" if is_view(table) else "TABLE",
                    collection_type_identifier=str(column.attnum), data_type=data_type(element),
                    udt_catalog=catalog.database_name, udt_schema="pg_catalog", udt_name=element.name,
                    dtd_identifier=f"a{column.attnum}",
                )  # fmt: skip


@system_table("information_schema.collations")
def collations(source: Source) -> Iterator[Row]:
    """List the collations."""
    make = source.maker("collations", SCHEMA)
    for name in COLLATION_NAMES.values():
        yield make(
            collation_catalog=source.catalog.database_name, collation_schema="pg_catalog", collation_name=name,
            pad_attribute="NO PAD",
        )  # fmt: skip


@system_table("information_schema.character_sets")
def character_sets(source: Source) -> Iterator[Row]:
    """Name the one character set."""
    yield source.maker("character_sets", SCHEMA)(
        character_set_name="UTF8", character_repertoire="UCS", form_of_use="UTF8",
        default_collate_catalog=source.catalog.database_name, default_collate_schema="pg_catalog",
        default_collate_name="C.utf8",
    )  # fmt: skip
