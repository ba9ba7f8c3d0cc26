"""information_schema.routines and parameters: the functions, as the standard describes them.

Source: PostgreSQL 15, src/backend/catalog/information_schema.sql.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.information_schema.tables import data_type, yes
from rustydb_engine.catalog.system_tables.functions import all_functions
from rustydb_engine.catalog.system_tables.rows import Row, Source, system_table

SCHEMA = "information_schema"


@system_table("information_schema.routines")
def routines(source: Source) -> Iterator[Row]:
    """List the functions."""
    make = source.maker("routines", SCHEMA)
    database = source.catalog.database_name
    for entry in all_functions():
        yield make(
            specific_catalog=database, specific_schema=entry.schema, specific_name=f"{entry.name}_{entry.oid}",
            routine_catalog=database, routine_schema=entry.schema, routine_name=entry.name,
            routine_type="FUNCTION" if entry.kind == "f" else None, data_type=data_type(entry.result),
            type_udt_catalog=database, type_udt_schema="pg_catalog", type_udt_name=entry.result.name,
            dtd_identifier="0", routine_body="EXTERNAL", external_language="INTERNAL", parameter_style="GENERAL",
            is_deterministic=yes(entry.volatility == "i"), sql_data_access="MODIFIES",
            is_null_call=yes(entry.strict) if entry.kind == "f" else None, schema_level_routine="YES",
            max_dynamic_result_sets=0, security_type="INVOKER", as_locator="NO", is_udt_dependent="NO",
        )  # fmt: skip


@system_table("information_schema.parameters")
def parameters(source: Source) -> Iterator[Row]:
    """List the parameters of the functions."""
    make = source.maker("parameters", SCHEMA)
    database = source.catalog.database_name
    for entry in all_functions():
        for number, kind in enumerate(entry.args, 1):
            name = entry.arg_names[number - 1] if entry.arg_names else ""
            yield make(
                specific_catalog=database, specific_schema=entry.schema, specific_name=f"{entry.name}_{entry.oid}",
                ordinal_position=number, parameter_mode="IN", is_result="NO", as_locator="NO",
                parameter_name=name or None, data_type=data_type(kind), udt_catalog=database,
                udt_schema="pg_catalog", udt_name=kind.name, dtd_identifier=str(number),
            )  # fmt: skip
