"""How a system table's rows are made: the registry of producers, and rows written by column name.

A producer is a function from a `Source` (the catalog, and the context of the statement) to rows. One that is declared
`@system_table("pg_class")` depends on the catalog only, so its rows are kept until the catalog changes; with
`live=True` it reads the session and is asked each time.

    @system_table("pg_namespace")
    def pg_namespace(source: Source) -> Iterator[Row]:
        make = source.maker("pg_namespace")
        for schema in source.catalog.objects("schema"):
            yield make(oid=schema.oid, nspname=schema.name, nspowner=schema.owner)

Columns that are not named are 0, "" or false where they are NOT NULL, and NULL elsewhere. A system table without a
producer is empty: this server has no objects of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Index, Role, Sequence, Table
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.values.types import Type

Row = tuple[object, ...]
Producer = Callable[["Source"], Iterable[Row]]

KEPT, LIVE, FIXED = "kept", "live", "fixed"
PRODUCERS: dict[str, tuple[Producer, str]] = {}
"""The producer of each system table, and how long its rows last: until the catalog changes, not at all, for ever."""


class Maker(Protocol):
    """What makes one row of a system table from its named columns."""

    def __call__(self, **columns: object) -> Row:
        """Return the row."""


class Source:
    """Where producers read from."""

    __slots__ = ("catalog", "context")

    def __init__(self, context: EvalContext) -> None:
        self.context = context
        self.catalog: Catalog = context.catalog

    def maker(self, name: str, schema: str = "pg_catalog") -> Maker:
        """Return the row maker of a system table."""
        table = self.catalog.relation(schema, name)
        assert isinstance(table, Table), f"{name} is no system table"
        return maker_for(table)

    def relations(self, *kinds: str) -> Iterator[Table | Index | Sequence]:
        """Yield the relations of these kinds: table, view, virtual, index, sequence."""
        for kind in kinds:
            for entry in self.catalog.objects(kind):
                assert isinstance(entry, Table | Index | Sequence)
                yield entry

    def tables(self, *kinds: str) -> Iterator[Table]:
        """Yield the tables of these kinds (table, view, virtual)."""
        for kind in kinds:
            for entry in self.catalog.objects(kind):
                assert isinstance(entry, Table)
                yield entry

    def role_name(self, oid: int) -> str:
        """Return the name of a role, or as PostgreSQL prints one that is gone."""
        found = self.catalog.get(oid)
        return found.name if isinstance(found, Role) else f"unknown (OID={oid})"


def system_table(*names: str, live: bool = False, fixed: bool = False) -> Callable[[Producer], Producer]:
    """Declare the producer of one system table (`pg_class`) or view (`information_schema.tables`).

    `live`: it reads the session. `fixed`: it reads nothing but the registries, so it is asked once.
    """

    def enter(producer: Producer) -> Producer:
        for name in names:
            assert name not in PRODUCERS, f"{name} has a producer already"
            PRODUCERS[name] = (producer, LIVE if live else FIXED if fixed else KEPT)
        return producer

    return enter


def _empty(kind: Type, not_null: bool) -> object:
    if not not_null:
        return None
    if kind.name == "bool":
        return False
    if kind.category == "A":
        return ()
    if kind.name in ("float4", "float8"):
        return 0.0
    return "" if kind.category in "SZ" or kind.name == "bytea" else 0


_makers: dict[int, Maker] = {}


def maker_for(table: Table) -> Maker:
    """Return a function that makes a row of the system table `table` from its named columns."""
    found = _makers.get(table.oid)
    if found is None:
        found = _makers[table.oid] = _maker(table)
    return found


def _maker(table: Table) -> Maker:
    places = {column.name: column.attnum - 1 for column in table.columns}
    template = [_empty(column.type, column.not_null) for column in table.columns]

    def make(**columns: object) -> Row:
        row = list(template)
        for name, item in columns.items():
            row[places[name]] = item
        return tuple(row)

    return make


def split_table(text: str) -> Iterator[list[str]]:
    """Yield the fields of each entry of a data table: entries are separated by blanks, fields by colons."""
    for entry in text.split():
        yield entry.split(":")
