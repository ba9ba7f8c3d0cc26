"""pg_type, pg_collation, pg_cast and pg_range: the types, and the row types that tables bring with them.

A table's row type has no object of its own in the catalog: its OID is the table's with the highest bit set, and that
of the array over it with the two highest. System tables likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from rustydb_engine.catalog.objects import PG_CATALOG, Table
from rustydb_engine.catalog.system_tables.rows import Row, Source, split_table, system_table
from rustydb_engine.catalog.system_tables.type_data import CASTS, TYPES
from rustydb_engine.sql.functions import registry
from rustydb_engine.values.types import BY_OID, Type

DEFAULT_COLLATION = 100
C_COLLATION = 950
ARRAY_FUNCTIONS = (750, 751, 2400, 2401, 3816, 6179)
RECORD_FUNCTIONS = (2290, 2291, 2402, 2403)


@cache
def type_data() -> dict[str, tuple[int, ...]]:
    """Return each type's (input, output, receive, send, modin, modout, analyze, subscript, collation)."""
    return {name: tuple(map(int, numbers)) for name, *numbers in split_table(TYPES)}


def collation_of(kind: Type) -> int:
    """Return the OID of a type's collation: 0 where it has none."""
    base = BY_OID.get(kind.element, kind) if kind.is_array else kind
    data = type_data().get(base.name)
    return data[8] if data else 0


def row_type(table_oid: int) -> int:
    """Return the OID of a table's row type."""
    return table_oid | 0x80000000


def row_array_type(table_oid: int) -> int:
    """Return the OID of the array type over a table's row type."""
    return table_oid | 0xC0000000


@system_table("pg_type")
def pg_type(source: Source) -> Iterator[Row]:
    """List the built-in types, then a row type and its array for each table."""
    make = source.maker("pg_type")
    for kind in sorted(BY_OID.values(), key=lambda kind: kind.oid):
        receive = type_data().get(kind.name) or _array_data(kind)
        yield make(
            oid=kind.oid, typname=kind.name, typnamespace=PG_CATALOG, typowner=10, typlen=kind.size,
            typbyval=kind.by_value, typtype=kind.kind, typcategory=kind.category, typispreferred=kind.preferred,
            typisdefined=True, typdelim=",", typsubscript=receive[7], typelem=kind.element, typarray=kind.array,
            typinput=receive[0], typoutput=receive[1], typreceive=receive[2], typsend=receive[3], typmodin=receive[4],
            typmodout=receive[5], typanalyze=receive[6], typalign=kind.align, typstorage=kind.storage, typtypmod=-1,
            typcollation=receive[8],
        )  # fmt: skip
    for table in source.tables("virtual", "table", "view"):
        yield from _row_types(source, table)


def _array_data(kind: Type) -> tuple[int, ...]:
    """Return the functions of a true array type: the modifier functions and collation are its element's."""
    element = type_data()[BY_OID[kind.element].name]
    return (*ARRAY_FUNCTIONS[:4], *element[4:6], *ARRAY_FUNCTIONS[4:], element[8])


def _row_types(source: Source, table: Table) -> Iterator[Row]:
    make = source.maker("pg_type")
    own, array = row_type(table.oid), row_array_type(table.oid)
    receive, send = RECORD_FUNCTIONS[2:]
    yield make(
        oid=own, typname=table.name, typnamespace=table.schema, typowner=table.owner, typlen=-1, typtype="c",
        typcategory="C", typisdefined=True, typdelim=",", typrelid=table.oid, typarray=array,
        typinput=RECORD_FUNCTIONS[0], typoutput=RECORD_FUNCTIONS[1], typreceive=receive, typsend=send,
        typalign="d", typstorage="x", typtypmod=-1,
    )  # fmt: skip
    yield make(
        oid=array, typname=_array_name(table.name), typnamespace=table.schema, typowner=table.owner, typlen=-1,
        typtype="b", typcategory="A", typisdefined=True, typdelim=",", typelem=own, typinput=ARRAY_FUNCTIONS[0],
        typoutput=ARRAY_FUNCTIONS[1], typreceive=ARRAY_FUNCTIONS[2], typsend=ARRAY_FUNCTIONS[3],
        typanalyze=ARRAY_FUNCTIONS[4], typsubscript=ARRAY_FUNCTIONS[5], typalign="d", typstorage="x", typtypmod=-1,
    )  # fmt: skip


def _array_name(name: str) -> str:
    return ("_" + name).encode()[:63].decode(errors="ignore")


@system_table("pg_collation", fixed=True)
def pg_collation(source: Source) -> Iterator[Row]:
    """List the collations; text is ordered by code point in all of them."""
    make = source.maker("pg_collation")
    for oid, name, provider, encoding, locale in (
        (DEFAULT_COLLATION, "default", "d", -1, None),
        (C_COLLATION, "C", "c", -1, "C"),
        (951, "POSIX", "c", -1, "POSIX"),
        (12340, "ucs_basic", "c", 6, "C"),
        (12341, "C.utf8", "c", 6, "C.utf8"),
    ):
        yield make(
            oid=oid, collname=name, collnamespace=PG_CATALOG, collowner=10, collprovider=provider,
            collisdeterministic=True, collencoding=encoding, collcollate=locale, collctype=locale,
        )  # fmt: skip


@system_table("pg_cast", fixed=True)
def pg_cast(source: Source) -> Iterator[Row]:
    """List the casts that the server has, with PostgreSQL's OIDs."""
    make = source.maker("pg_cast")
    known = {(int(s), int(t)): (int(oid), int(function)) for s, t, oid, function, _, _ in split_table(CASTS)}
    for number, (pair, rule) in enumerate(sorted(registry.CASTS.items())):
        oid, function = known.get(pair, (15000 + number, 0))
        yield make(
            oid=oid, castsource=pair[0], casttarget=pair[1], castfunc=function if rule.method == "f" else 0,
            castcontext=rule.context, castmethod={"o": "i"}.get(rule.method, rule.method),
        )  # fmt: skip
