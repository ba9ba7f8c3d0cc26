"""Sequence functions: nextval, currval, setval, lastval.

The counters belong to the session's hooks (`EvalContext`); here the argument is checked to be a sequence and the bounds
to hold.

Source: PostgreSQL 15, section 9.17; src/backend/commands/sequence.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Sequence, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.catalog_names import find_relation
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.sql.keywords import quote_identifier


def _sequence(context: EvalContext, oid: int) -> Sequence:
    entry = context.catalog.get(oid)
    if isinstance(entry, Sequence):
        return entry
    if entry is None:
        raise SqlError("XX000", f"could not open relation with OID {oid}")
    raise SqlError("42809", f'"{getattr(entry, "name", oid)}" is not a sequence')


@function("nextval(regclass) -> int8", oid=1574, volatility="v", context=True)
def nextval(context: EvalContext, oid: int) -> int:
    _sequence(context, oid)
    return context.nextval(oid)


@function("currval(regclass) -> int8", oid=1575, volatility="v", context=True)
def currval(context: EvalContext, oid: int) -> int:
    _sequence(context, oid)
    return context.currval(oid)


@function("setval(regclass, int8) -> int8", oid=1576, volatility="v", context=True)
def setval(context: EvalContext, oid: int, number: int) -> int:
    return setval_called(context, oid, number, True)


@function("setval(regclass, int8, bool) -> int8", oid=1765, volatility="v", context=True)
def setval_called(context: EvalContext, oid: int, number: int, called: bool) -> int:
    sequence = _sequence(context, oid)
    if not sequence.minimum <= number <= sequence.maximum:
        raise SqlError(
            "22003",
            f'setval: value {number} is out of bounds for sequence "{sequence.name}" '
            f"({sequence.minimum}..{sequence.maximum})",
        )
    return context.setval(oid, number, called)


@function("lastval() -> int8", oid=2559, volatility="v", context=True)
def lastval(context: EvalContext) -> int:
    return context.lastval()


@function("pg_sequence_last_value(regclass) -> int8", oid=4032, volatility="v", context=True)
def pg_sequence_last_value(context: EvalContext, oid: int) -> int | None:
    _sequence(context, oid)
    return context.sequence_last(oid)


@function(
    "pg_sequence_parameters(sequence_oid oid) -> record",
    oid=3078,
    volatility="s",
    context=True,
    columns=[
        ("start_value", "int8"),
        ("minimum_value", "int8"),
        ("maximum_value", "int8"),
        ("increment", "int8"),
        ("cycle_option", "bool"),
        ("cache_size", "int8"),
        ("data_type", "oid"),
    ],
)
def pg_sequence_parameters(context: EvalContext, oid: int) -> tuple[object, ...]:
    sequence = _sequence(context, oid)
    return (
        sequence.start,
        sequence.minimum,
        sequence.maximum,
        sequence.increment,
        sequence.cycle,
        sequence.cache,
        sequence.type_oid,
    )


@function("pg_get_serial_sequence(text, text) -> text", oid=1665, volatility="s", context=True)
def pg_get_serial_sequence(context: EvalContext, table_name: str, column_name: str) -> str | None:
    table = find_relation(context, table_name)
    column = table.column(column_name) if isinstance(table, Table) else None
    if column is None:
        raise SqlError("42703", f'column "{column_name}" of relation "{table.name}" does not exist')
    for sequence in context.catalog.sequences_of(table.oid):
        if sequence.owner_column == column.attnum:
            schema = context.catalog.schema_name(sequence.schema)
            return f"{quote_identifier(schema)}.{quote_identifier(sequence.name)}"
    return None
