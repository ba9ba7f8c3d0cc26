"""Every system table: its rows have the columns, the types and the NOT NULLs that its definition says; look-ups agree."""

from __future__ import annotations

import pytest

from rustydb_engine.catalog.bootstrap import fresh_catalog, relation_kinds
from rustydb_engine.catalog.objects import INFORMATION_SCHEMA, Table, TableColumn
from rustydb_engine.catalog.system_tables.rows import PRODUCERS
from rustydb_engine.catalog.virtual import producer_name, system_index, system_rows
from rustydb_engine.values.types import Type
from tests.support.local import Local

FORMS: dict[str, type | tuple[type, ...]] = {"bool": bool, "float4": float, "float8": float, "bytea": (bytes, str)}
SCRIPT = (
    "create schema app", "create table app.a (id serial primary key, v varchar(10) default 'x' check (v <> ''), n int[])",
    "create table b (id bigint generated always as identity, a int references app.a, c text generated always as"
    " ('x' || a) stored, unique (a, id))", "create index on b (lower(c)) where a > 1", "alter table b drop column c",
    "create view v as select id, a from b", "create sequence s", "comment on table b is 'note'",
    "comment on column b.a is 'part'",
)  # fmt: skip


@pytest.fixture(scope="module")
def local() -> Local:
    made = Local()
    made.script(*SCRIPT)
    return made


TABLES = [entry for entry in fresh_catalog().objects("virtual") if isinstance(entry, Table)]


def form_of(kind: Type) -> type | tuple[type, ...]:
    if kind.category == "A":
        return tuple
    if kind.name in FORMS:
        return FORMS[kind.name]
    if kind.name == "interval":
        return tuple
    return str if kind.category in "SZ" or kind.name == "aclitem" else int


def wrong_item(column: TableColumn, item: object) -> bool:
    if item is None:
        return column.not_null
    form = form_of(column.type)
    return not isinstance(item, form) or (form is int and isinstance(item, bool))


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_rows_have_the_columns_types_and_nulls_of_their_table(local: Local, table: Table) -> None:
    for row in system_rows(table.oid, local.context(None)):
        assert len(row) == len(table.columns)
        wrong = [(c.name, item) for c, item in zip(table.columns, row, strict=True) if wrong_item(c, item)]
        assert not wrong, f"{table.name}: {wrong} in {row}"


def test_every_producer_belongs_to_a_system_table() -> None:
    assert set(PRODUCERS) <= {producer_name(table) for table in TABLES}


@pytest.mark.parametrize("name", ["pg_class", "pg_type", "pg_proc", "pg_constraint", "pg_attrdef", "pg_operator"])
def test_oids_are_unique_within_a_table(local: Local, name: str) -> None:
    table = local.database.catalog.resolve(("pg_catalog", name), ())
    oids = [row[0] for row in system_rows(table.oid, local.context(None))]
    assert len(oids) == len(set(oids))


def test_rows_are_kept_until_the_catalog_changes(local: Local) -> None:
    context = local.context(None)
    first = system_rows(1259, context)
    assert system_rows(1259, context) is first
    local.run("create table another (a int)")
    assert len(system_rows(1259, context)) == len(first) + 1


def test_a_look_up_by_one_column_finds_the_rows_that_a_scan_finds(local: Local) -> None:
    context = local.context(None)
    for number in (1, 2, 6):
        found = system_index(1249, number, context)
        rows = system_rows(1249, context)
        assert sum(len(part) for part in found.values()) == sum(1 for row in rows if row[number - 1] is not None)
        key = rows[0][number - 1]
        assert list(found[key]) == [row for row in rows if row[number - 1] == key]


def test_a_sequence_is_read_as_a_table_of_one_row(local: Local) -> None:
    assert local.run("select last_value, is_called from s") == [(1, False)]


def test_system_views_and_tables_are_told_apart() -> None:
    kinds = relation_kinds()
    assert (kinds[1259], kinds[12000]) == ("r", "v")
    assert all(kinds[table.oid] in "rv" for table in TABLES)
    assert sum(1 for table in TABLES if table.schema == INFORMATION_SCHEMA) == 69
