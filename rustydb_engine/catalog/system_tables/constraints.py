"""pg_constraint, pg_depend, pg_rewrite, pg_sequence and pg_description: what holds the relations together."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from rustydb_engine.catalog.dependencies import sequences_named
from rustydb_engine.catalog.objects import Comment, Constraint, Index, Sequence, Table
from rustydb_engine.catalog.system_tables.access_data import OPERATORS
from rustydb_engine.catalog.system_tables.relations import default_oid, key_constraint, system_indexes
from rustydb_engine.catalog.system_tables.rows import Row, Source, split_table, system_table
from rustydb_engine.catalog.system_tables.types import row_array_type, row_type
from rustydb_engine.values.types import Type

PG_TYPE, PG_CLASS, PG_ATTRDEF, PG_CONSTRAINT, PG_REWRITE, PG_NAMESPACE = 1247, 1259, 2604, 2606, 2618, 2615


@cache
def equality_pairs() -> dict[tuple[int, int], int]:
    """Return the btree equality operator of each pair of types."""
    return {
        (int(left), int(right)): int(operator)
        for _, _, left, right, strategy, operator in split_table(OPERATORS)
        if strategy == "3"
    }


def equality_operator(left: Type, right: Type, known: dict[tuple[int, int], int]) -> int:
    """Return the OID of `left = right`, by way of text for varchar, and of anyarray for arrays."""
    pair = tuple(25 if kind.oid == 1043 else 2277 if kind.is_array else kind.oid for kind in (left, right))
    return known.get((pair[0], pair[1]), known.get((pair[1], pair[1]), 0))


@system_table("pg_constraint")
def pg_constraint(source: Source) -> Iterator[Row]:
    """List the constraints, and those of the system tables' own keys."""
    make = source.maker("pg_constraint")
    equality = equality_pairs()
    for entry in source.catalog.objects("constraint"):
        assert isinstance(entry, Constraint)
        columns: dict[str, object] = {}
        if entry.type == "f":
            columns = _foreign_columns(source, entry, equality)
        yield make(
            oid=entry.oid, conname=entry.name, connamespace=entry.schema, contype=entry.type,
            condeferrable=entry.deferrable, condeferred=entry.deferred, convalidated=entry.validated,
            conrelid=entry.table, conindid=entry.index, confrelid=entry.references,
            confupdtype=entry.on_update if entry.type == "f" else " ",
            confdeltype=entry.on_delete if entry.type == "f" else " ",
            confmatchtype=entry.match if entry.type == "f" else " ", conislocal=True,
            connoinherit=entry.type != "c" or entry.no_inherit, conkey=entry.columns or None,
            confkey=entry.referenced_columns or None, conbin=entry.expression or None, **columns,
        )  # fmt: skip
    for index in system_indexes():
        if index.unique:
            # PostgreSQL makes a constraint of each unique index of a system table; its OID is not fixed.
            yield make(
                oid=key_constraint(index.oid), conname=index.name, connamespace=11, contype="p" if index.primary else
                "u", convalidated=True, conrelid=index.table, conindid=index.oid, confupdtype=" ", confdeltype=" ",
                confmatchtype=" ", conislocal=True, connoinherit=True, conkey=index.columns,
            )  # fmt: skip


def _foreign_columns(source: Source, entry: Constraint, equality: dict[tuple[int, int], int]) -> dict[str, object]:
    table, referenced = source.catalog.table(entry.table), source.catalog.table(entry.references)
    assert table is not None and referenced is not None, f"foreign key {entry.name} lost a table"
    pairs = [
        (table.columns[own - 1].type, referenced.columns[other - 1].type)
        for own, other in zip(entry.columns, entry.referenced_columns, strict=True)
    ]
    return {
        "conpfeqop": tuple(equality_operator(other, own, equality) for own, other in pairs),
        "conppeqop": tuple(equality_operator(other, other, equality) for _, other in pairs),
        "conffeqop": tuple(equality_operator(own, own, equality) for own, _ in pairs),
        "confdelsetcols": entry.set_columns or None,
    }


def rule_oid(view_oid: int) -> int:
    """Return the OID of a view's _RETURN rule, which has no object of its own."""
    return view_oid | 0x40000000


@system_table("pg_rewrite")
def pg_rewrite(source: Source) -> Iterator[Row]:
    """List the rule of each view."""
    make = source.maker("pg_rewrite")
    for view in source.tables("view"):
        yield make(
            oid=rule_oid(view.oid), rulename="_RETURN", ev_class=view.oid, ev_type="1", ev_enabled="O", is_instead=True,
            ev_qual="<>", ev_action=view.query,
        )  # fmt: skip


@system_table("pg_sequence")
def pg_sequence(source: Source) -> Iterator[Row]:
    """List the parameters of the sequences."""
    make = source.maker("pg_sequence")
    for entry in source.catalog.objects("sequence"):
        assert isinstance(entry, Sequence)
        yield make(
            seqrelid=entry.oid, seqtypid=entry.type_oid, seqstart=entry.start, seqincrement=entry.increment,
            seqmax=entry.maximum, seqmin=entry.minimum, seqcache=entry.cache, seqcycle=entry.cycle,
        )  # fmt: skip


@system_table("pg_description")
def pg_description(source: Source) -> Iterator[Row]:
    """List the comments on objects of this database."""
    make = source.maker("pg_description")
    for entry in source.catalog.objects("comment"):
        assert isinstance(entry, Comment)
        if entry.class_oid not in (1260, 1262, 1213):
            yield make(objoid=entry.object_oid, classoid=entry.class_oid, objsubid=entry.part, description=entry.text)
    for oid, text in ((2, "heap table access method"), (403, "b-tree index access method"),
                      (405, "hash index access method")):  # fmt: skip
        yield make(objoid=oid, classoid=2601, objsubid=0, description=text)
    for oid, text in ((12, "built-in functions"), (14, "SQL-language functions")):
        yield make(objoid=oid, classoid=2612, objsubid=0, description=text)
    for oid, text in ((100, "database's default collation"), (950, "standard C collation"),
                      (951, "standard POSIX collation")):  # fmt: skip
        yield make(objoid=oid, classoid=3456, objsubid=0, description=text)


@system_table("pg_shdescription")
def pg_shdescription(source: Source) -> Iterator[Row]:
    """List the comments on roles and databases."""
    make = source.maker("pg_shdescription")
    for entry in source.catalog.objects("comment"):
        assert isinstance(entry, Comment)
        if entry.class_oid in (1260, 1262, 1213):
            yield make(objoid=entry.object_oid, classoid=entry.class_oid, description=entry.text)


@system_table("pg_depend")
def pg_depend(source: Source) -> Iterator[Row]:
    """List what needs what, for the objects that users made."""
    make = source.maker("pg_depend")

    def needs(own: tuple[int, int, int], other: tuple[int, int, int], kind: str) -> Row:
        return make(
            classid=own[0], objid=own[1], objsubid=own[2], refclassid=other[0], refobjid=other[1], refobjsubid=other[2],
            deptype=kind,
        )  # fmt: skip

    for table in source.tables("table", "view"):
        for own, other, kind in _table_needs(source, table):
            yield needs(own, other, kind)
    for entry in source.catalog.objects("constraint"):
        assert isinstance(entry, Constraint)
        for column in entry.columns:
            yield needs((PG_CONSTRAINT, entry.oid, 0), (PG_CLASS, entry.table, column), "a")
        if entry.type == "f":
            yield needs((PG_CONSTRAINT, entry.oid, 0), (PG_CLASS, entry.index, 0), "n")
            for column in entry.referenced_columns:
                yield needs((PG_CONSTRAINT, entry.oid, 0), (PG_CLASS, entry.references, column), "n")
        elif entry.index:
            yield needs((PG_CLASS, entry.index, 0), (PG_CONSTRAINT, entry.oid, 0), "i")
    for index in source.catalog.objects("index"):
        assert isinstance(index, Index)
        if not _constraint_index(source, index.table, index.oid):
            for attnum in (*(key.attnum for key in index.columns), *index.include):
                yield needs((PG_CLASS, index.oid, 0), (PG_CLASS, index.table, attnum), "a")
    for entry in source.catalog.objects("sequence"):
        assert isinstance(entry, Sequence)
        own = (PG_CLASS, entry.oid, 0)
        yield needs(own, (PG_NAMESPACE, entry.schema, 0), "n")
        if entry.owner_table:
            yield needs(own, (PG_CLASS, entry.owner_table, entry.owner_column), "i" if entry.internal else "a")


def _constraint_index(source: Source, table: int, index: int) -> bool:
    return any(entry.index == index and entry.type in "pu" for entry in source.catalog.constraints_of(table))


Dependency = tuple[tuple[int, int, int], tuple[int, int, int], str]


def _table_needs(source: Source, table: Table) -> Iterator[Dependency]:
    own = (PG_CLASS, table.oid, 0)
    yield own, (PG_NAMESPACE, table.schema, 0), "n"
    yield (PG_TYPE, row_type(table.oid), 0), own, "i"
    yield (PG_TYPE, row_array_type(table.oid), 0), (PG_TYPE, row_type(table.oid), 0), "i"
    for column in table.live():
        if column.default is not None or column.generated is not None:
            default = (PG_ATTRDEF, default_oid(table.oid, column.attnum), 0)
            yield default, (PG_CLASS, table.oid, column.attnum), "a" if column.generated is None else "i"
            for sequence in sequences_named(source.catalog, column.default or ""):
                yield default, (PG_CLASS, sequence, 0), "n"
    if table.kind == "view":
        rule = (PG_REWRITE, rule_oid(table.oid), 0)
        yield rule, own, "i"
        yield rule, own, "n"
        for relation, attnum in table.depends:
            yield rule, (PG_CLASS, relation, attnum), "n"
