"""pg_am, pg_opclass, pg_opfamily, pg_amop and pg_amproc: the index methods and what they order."""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.objects import PG_CATALOG
from rustydb_engine.catalog.system_tables.access_data import CLASSES, FAMILIES, FUNCTIONS, OPERATORS
from rustydb_engine.catalog.system_tables.rows import Row, Source, split_table, system_table


@system_table("pg_am", fixed=True)
def pg_am(source: Source) -> Iterator[Row]:
    """List the access methods that the server has."""
    make = source.maker("pg_am")
    for oid, name, handler, kind in ((2, "heap", 3, "t"), (403, "btree", 330, "i"), (405, "hash", 331, "i")):
        yield make(oid=oid, amname=name, amhandler=handler, amtype=kind)


@system_table("pg_opfamily", fixed=True)
def pg_opfamily(source: Source) -> Iterator[Row]:
    """List the operator families."""
    make = source.maker("pg_opfamily")
    for oid, name, method in split_table(FAMILIES):
        yield make(oid=int(oid), opfmethod=int(method), opfname=name, opfnamespace=PG_CATALOG, opfowner=10)


def _methods() -> dict[str, int]:
    return {oid: int(method) for oid, _, method in split_table(FAMILIES)}


@system_table("pg_opclass", fixed=True)
def pg_opclass(source: Source) -> Iterator[Row]:
    """List the operator classes."""
    make, methods = source.maker("pg_opclass"), _methods()
    for oid, name, family, kind, default, key in split_table(CLASSES):
        yield make(
            oid=int(oid), opcmethod=methods[family], opcname=name, opcnamespace=PG_CATALOG, opcowner=10,
            opcfamily=int(family), opcintype=int(kind), opcdefault=default == "t", opckeytype=int(key),
        )  # fmt: skip


@system_table("pg_amop", fixed=True)
def pg_amop(source: Source) -> Iterator[Row]:
    """List the operators of the families."""
    make, methods = source.maker("pg_amop"), _methods()
    for oid, family, left, right, strategy, operator in split_table(OPERATORS):
        yield make(
            oid=int(oid), amopfamily=int(family), amoplefttype=int(left), amoprighttype=int(right),
            amopstrategy=int(strategy), amoppurpose="s", amopopr=int(operator), amopmethod=methods[family],
        )  # fmt: skip


@system_table("pg_amproc", fixed=True)
def pg_amproc(source: Source) -> Iterator[Row]:
    """List the support functions of the families."""
    make = source.maker("pg_amproc")
    for oid, family, left, right, number, function in split_table(FUNCTIONS):
        yield make(
            oid=int(oid), amprocfamily=int(family), amproclefttype=int(left), amprocrighttype=int(right),
            amprocnum=int(number), amproc=int(function),
        )  # fmt: skip
