"""pg_class, pg_attribute, pg_attrdef, pg_index and pg_namespace: the relations and their columns.

The system tables list themselves and their indexes, under PostgreSQL's OIDs. Expressions (`adbin`, `indexprs`,
`indpred`) hold the SQL text that pg_get_expr returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from rustydb_engine.catalog.bootstrap import SUPERUSER_NAME as OWNER
from rustydb_engine.catalog.bootstrap import relation_kinds
from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import PG_CATALOG, Index, Schema, Sequence, Table, TableColumn, sequence_table
from rustydb_engine.catalog.system_tables.access_data import CLASSES, INDEXES
from rustydb_engine.catalog.system_tables.rows import Row, Source, split_table, system_table
from rustydb_engine.catalog.system_tables.types import collation_of, row_type
from rustydb_engine.values.types import BY_NAME, BY_OID, Type
from rustydb_proto.core.value import value

HEAP, BTREE, HASH = 2, 403, 405
SHARED = frozenset((1213, 1214, 1260, 1261, 1262, 2396, 2964, 3592, 6000, 6100, 6243))
SYSTEM_COLUMNS = (("tableoid", -6, "oid"), ("cmax", -5, "cid"), ("xmax", -4, "xid"), ("cmin", -3, "cid"),
                  ("xmin", -2, "xid"), ("ctid", -1, "tid"))  # fmt: skip


SYSTEM_ACL = (f"{OWNER}=arwdDxt/{OWNER}", f"=r/{OWNER}")


@value
class SystemIndex:
    """An index of a system table, as pg_class and pg_index list it."""

    oid: int
    name: str
    table: int
    unique: bool
    primary: bool
    columns: tuple[int, ...]
    classes: tuple[int, ...]


@cache
def system_indexes() -> tuple[SystemIndex, ...]:
    """Return the indexes of the system tables, by OID."""
    return tuple(
        SystemIndex(int(oid), name, int(table), unique == "t", primary == "t", _numbers(columns), _numbers(classes))
        for oid, name, table, unique, primary, columns, classes in split_table(INDEXES)
    )


def system_index_definition(catalog: Catalog, oid: int, part: int = 0, qualified: bool = True) -> str | None:
    """Return the CREATE INDEX statement of a system table's index, or one of its keys; None when there is none."""
    index = next((index for index in system_indexes() if index.oid == oid), None)
    table = catalog.table(index.table) if index is not None else None
    if index is None or table is None:
        return None
    keys = [table.columns[attnum - 1].name for attnum in index.columns]
    if part:
        return keys[part - 1] if part <= len(keys) else ""
    schema = "pg_catalog." if qualified else ""
    unique = "UNIQUE " if index.unique else ""
    return f"CREATE {unique}INDEX {index.name} ON {schema}{table.name} USING btree ({', '.join(keys)})"


def system_constraint_definition(catalog: Catalog, oid: int) -> str | None:
    """Return the declaration of a system table's key; None when there is none of this OID."""
    index = next((i for i in system_indexes() if i.unique and key_constraint(i.oid) == oid), None)
    table = catalog.table(index.table) if index is not None else None
    if index is None or table is None:
        return None
    keys = ", ".join(table.columns[attnum - 1].name for attnum in index.columns)
    return f"{'PRIMARY KEY' if index.primary else 'UNIQUE'} ({keys})"


def key_constraint(index_oid: int) -> int:
    """Return the OID of the constraint behind a system table's unique index; it has no object of its own."""
    return index_oid | 0x40000000


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


@cache
def default_class(type_oid: int, method: str) -> int:
    """Return the OID of the default operator class of a type for btree or hash, or 0."""
    wanted = HASH if method == "hash" else BTREE
    kind = BY_OID.get(type_oid)
    if kind is not None and kind.is_array:
        type_oid = BY_NAME["anyarray"].oid
    # varchar is binary coercible to text and has no class of its own.
    type_oid = {1043: 25, 18: 18}.get(type_oid, type_oid)
    for oid, _, family, kind_oid, default, _ in split_table(CLASSES):
        if int(kind_oid) == type_oid and default == "t" and _family_method(int(family)) == wanted:
            return int(oid)
    return 0


def class_named(name: str, method: str) -> int:
    """Return the OID of the operator class of that name for btree or hash, or 0."""
    wanted = HASH if method == "hash" else BTREE
    for oid, other, family, _, _, _ in split_table(CLASSES):
        if other == name and _family_method(int(family)) == wanted:
            return int(oid)
    return 0


@cache
def _family_method(family: int) -> int:
    from rustydb_engine.catalog.system_tables.access_data import FAMILIES

    return next(int(method) for oid, _, method in split_table(FAMILIES) if int(oid) == family)


@system_table("pg_namespace")
def pg_namespace(source: Source) -> Iterator[Row]:
    """List the schemas."""
    make = source.maker("pg_namespace")
    for schema in source.catalog.objects("schema"):
        assert isinstance(schema, Schema)
        yield make(oid=schema.oid, nspname=schema.name, nspowner=schema.owner, nspacl=_schema_acl(schema))


def _schema_acl(schema: Schema) -> tuple[str, ...] | None:
    if schema.oid == 2200:
        return ("pg_database_owner=UC/pg_database_owner", "=U/pg_database_owner")
    if schema.oid < 16384 and schema.name != "pg_toast":
        return (f"{OWNER}=UC/{OWNER}", f"=U/{OWNER}")
    return None


@system_table("pg_init_privs")
def pg_init_privs(source: Source) -> Iterator[Row]:
    """List the privileges on system objects that initdb gave, so that pg_dump leaves them out."""
    make = source.maker("pg_init_privs")
    for schema in source.catalog.objects("schema"):
        assert isinstance(schema, Schema)
        acl = _schema_acl(schema)
        if acl is not None:
            yield make(objoid=schema.oid, classoid=2615, privtype="i", initprivs=acl)
    for table in source.tables("virtual"):
        yield make(objoid=table.oid, classoid=1259, privtype="i", initprivs=SYSTEM_ACL)


@system_table("pg_class")
def pg_class(source: Source) -> Iterator[Row]:
    """List tables, views, indexes and sequences."""
    make = source.maker("pg_class")
    common = {"relreplident": "n", "relpersistence": "p", "relispopulated": True, "reltuples": -1.0, "relowner": 10}
    indexed = {index.table for index in system_indexes()}
    for table in source.tables("virtual"):
        kind = relation_kinds()[table.oid]
        shared = table.oid in SHARED
        yield make(
            **common, oid=table.oid, relname=table.name, relnamespace=table.schema, reltype=row_type(table.oid),
            relam=HEAP if kind == "r" else 0, reltablespace=1664 if shared else 0, relhasindex=table.oid in indexed,
            relisshared=shared, relkind=kind, relnatts=len(table.columns), relhasrules=kind == "v",
            relacl=SYSTEM_ACL, relfrozenxid=3 if kind == "r" else 0,
            relminmxid=1 if kind == "r" else 0,
        )  # fmt: skip
    for index in system_indexes():
        shared = index.table in SHARED
        yield make(
            **common, oid=index.oid, relname=index.name, relnamespace=PG_CATALOG, relam=BTREE, relkind="i",
            reltablespace=1664 if shared else 0, relisshared=shared, relnatts=len(index.columns),
        )  # fmt: skip
    for table in source.tables("table", "view"):
        yield _table_row(source, table)
    for entry in source.catalog.objects("index"):
        assert isinstance(entry, Index)
        owner = source.catalog.table(entry.table)
        yield make(
            **common | {"relpersistence": owner.persistence if owner else "p", "reltuples": 0.0}, oid=entry.oid,
            relname=entry.name, relnamespace=entry.schema, relam=HASH if entry.method == "hash" else BTREE,
            relfilenode=entry.storage or entry.oid, relkind="i", relnatts=len(entry.columns) + len(entry.include),
            reloptions=tuple(f"{name}={setting}" for name, setting in entry.options) or None,
        )  # fmt: skip
    for entry in source.catalog.objects("sequence"):
        assert isinstance(entry, Sequence)
        yield make(
            **common | {"relpersistence": entry.persistence, "relowner": entry.owner, "reltuples": 1.0}, oid=entry.oid,
            relname=entry.name, relnamespace=entry.schema, relfilenode=entry.oid, relpages=1, relkind="S", relnatts=3,
        )  # fmt: skip


def _table_row(source: Source, table: Table) -> Row:
    catalog, plain = source.catalog, table.kind == "table"
    constraints = catalog.constraints_of(table.oid)
    return source.maker("pg_class")(
        oid=table.oid, relname=table.name, relnamespace=table.schema, reltype=row_type(table.oid), relowner=table.owner,
        relam=HEAP if plain else 0, relfilenode=table.storage if plain else 0, reltuples=-1.0,
        relhasindex=bool(catalog.indexes_of(table.oid)), relpersistence=table.persistence,
        relkind="r" if plain else "v", relnatts=len(table.columns), relhasrules=not plain,
        relchecks=sum(1 for entry in constraints if entry.type == "c"),
        relhastriggers=any(entry.type == "f" for entry in constraints) or bool(catalog.referencing(table.oid)),
        relispopulated=True, relreplident="d" if plain else "n", relfrozenxid=3 if plain else 0,
        relminmxid=1 if plain else 0,
        reloptions=tuple(f"{name}={setting}" for name, setting in table.options) or None,
    )  # fmt: skip


@system_table("pg_attribute")
def pg_attribute(source: Source) -> Iterator[Row]:
    """List the columns of every relation: system columns too, and dropped ones as PostgreSQL renames them."""
    if not _ground_columns:
        _ground_columns.extend(_columns_of_ground(source))
    yield from _ground_columns
    for entry in source.relations("table", "view", "index", "sequence"):
        if isinstance(entry, Table):
            for column in entry.columns:
                yield _column_row(source, entry.oid, column)
            if entry.kind == "table":
                yield from _system_columns(source, entry.oid)
        elif isinstance(entry, Sequence):
            for column in sequence_table(entry).columns:
                yield _column_row(source, entry.oid, column)
            yield from _system_columns(source, entry.oid)
        else:
            yield from _index_columns(source, entry)


_ground_columns: list[Row] = []


def _columns_of_ground(source: Source) -> Iterator[Row]:
    """Yield the columns of the system tables and their indexes, which are the same for ever."""
    for entry in source.tables("virtual"):
        for column in entry.columns:
            yield _column_row(source, entry.oid, column)
        if relation_kinds().get(entry.oid) == "r":
            yield from _system_columns(source, entry.oid)
    for index in system_indexes():
        table = source.catalog.table(index.table)
        if table is not None:
            for number, attnum in enumerate(index.columns, 1):
                column = table.columns[attnum - 1]
                yield _column_row(source, index.oid, TableColumn(column.name, number, _key_type(column.type)))


def _key_type(kind: Type) -> Type:
    """Return the type of an index key over a column: a name is kept as cstring, the rest as it is."""
    return BY_NAME["cstring"] if kind.name == "name" else kind


def _column_row(source: Source, relation: int, column: TableColumn, ordered: bool = True) -> Row:
    kind = column.type
    if column.dropped:
        return source.maker("pg_attribute")(
            attrelid=relation, attname=f"........pg.dropped.{column.attnum}........", attstattarget=0, attlen=kind.size,
            attnum=column.attnum, attcacheoff=-1, atttypmod=column.typmod, attbyval=kind.by_value, attalign=kind.align,
            attstorage=kind.storage, attisdropped=True, attislocal=True,
        )  # fmt: skip
    return source.maker("pg_attribute")(
        attrelid=relation, attname=column.name, atttypid=kind.oid, attstattarget=-1, attlen=kind.size,
        attnum=column.attnum, attndims=1 if kind.element and kind.category == "A" else 0, attcacheoff=-1,
        atttypmod=column.typmod,
        attbyval=kind.by_value, attalign=kind.align, attstorage=kind.storage, attnotnull=column.not_null,
        atthasdef=column.default is not None or column.generated is not None, attidentity=column.identity,
        attgenerated="s" if column.generated is not None else "", attislocal=True,
        attcollation=(column.collation or collation_of(kind)) if ordered else 0,
    )  # fmt: skip


def _system_columns(source: Source, relation: int) -> Iterator[Row]:
    make = source.maker("pg_attribute")
    for name, attnum, type_name in SYSTEM_COLUMNS:
        kind = BY_NAME[type_name]
        yield make(
            attrelid=relation, attname=name, atttypid=kind.oid, attlen=kind.size, attnum=attnum, attcacheoff=-1,
            atttypmod=-1, attbyval=kind.by_value, attalign=kind.align, attstorage=kind.storage, attnotnull=True,
            attislocal=True,
        )  # fmt: skip


def _index_columns(source: Source, index: Index) -> Iterator[Row]:
    table = source.catalog.table(index.table)
    assert table is not None, f"index {index.name} has no table"
    taken: set[str] = set()
    for number, key in enumerate(index.columns, 1):
        if key.attnum:
            column = table.columns[key.attnum - 1]
            made = TableColumn(_free_name(column.name, taken), number, column.type, column.typmod)
        else:
            made = TableColumn(_free_name(key.name or "expr", taken), number, BY_OID[key.type_oid])
        yield _column_row(source, index.oid, made)
    for number, attnum in enumerate(index.include, len(index.columns) + 1):
        column = table.columns[attnum - 1]
        made = TableColumn(_free_name(column.name, taken), number, column.type, column.typmod)
        yield _column_row(source, index.oid, made, ordered=False)


def _free_name(name: str, taken: set[str]) -> str:
    free, number = name, 0
    while free in taken:
        number += 1
        free = f"{name}{number}"
    taken.add(free)
    return free


def default_oid(table_oid: int, attnum: int) -> int:
    """Return the OID of a column's default in pg_attrdef; defaults have no objects of their own."""
    return 0x40000000 | (table_oid * 1601 + attnum) & 0x3FFFFFFF


@system_table("pg_attrdef")
def pg_attrdef(source: Source) -> Iterator[Row]:
    """List the defaults and generation expressions."""
    make = source.maker("pg_attrdef")
    for table in source.tables("table", "view"):
        for column in table.live():
            text = column.generated if column.generated is not None else column.default
            if text is not None:
                yield make(
                    oid=default_oid(table.oid, column.attnum), adrelid=table.oid, adnum=column.attnum, adbin=text
                )


@system_table("pg_index")
def pg_index(source: Source) -> Iterator[Row]:
    """List the indexes."""
    make = source.maker("pg_index")
    for system in system_indexes():
        table = source.catalog.table(system.table)
        columns = [table.columns[attnum - 1].type for attnum in system.columns] if table else []
        yield make(
            indexrelid=system.oid, indrelid=system.table, indnatts=len(system.columns), indnkeyatts=len(system.columns),
            indisunique=system.unique, indisprimary=system.primary, indimmediate=True, indisvalid=True, indisready=True,
            indislive=True, indkey=system.columns, indcollation=tuple(collation_of(kind) for kind in columns),
            indclass=system.classes, indoption=(0,) * len(system.columns),
        )  # fmt: skip
    for index in source.catalog.objects("index"):
        assert isinstance(index, Index)
        types = key_types(source, index)
        expressions = [key.expression for key in index.columns if not key.attnum]
        constraint = next(
            (c for c in source.catalog.constraints_of(index.table) if c.index == index.oid and c.type in "pu"), None
        )
        yield make(
            indexrelid=index.oid, indrelid=index.table, indnatts=len(index.columns) + len(index.include),
            indnkeyatts=len(index.columns), indisunique=index.unique, indnullsnotdistinct=not index.nulls_distinct,
            indisprimary=index.primary, indimmediate=not (constraint and constraint.deferrable),
            indisvalid=index.valid, indisready=True, indislive=True,
            indkey=(*(key.attnum for key in index.columns), *index.include),
            indcollation=tuple(collation_of(kind) for kind in types),
            indclass=tuple(
                class_named(key.opclass, index.method) if key.opclass else default_class(kind.oid, index.method)
                for key, kind in zip(index.columns, types, strict=True)
            ),
            indoption=tuple(key.descending + 2 * key.nulls_first for key in index.columns),
            indexprs=", ".join(expressions) or None, indpred=index.where or None,
        )  # fmt: skip


def key_types(source: Source, index: Index) -> list[Type]:
    """Return the types of an index's key columns."""
    table = source.catalog.table(index.table)
    assert table is not None, f"index {index.name} has no table"
    return [table.columns[key.attnum - 1].type if key.attnum else BY_OID[key.type_oid] for key in index.columns]
