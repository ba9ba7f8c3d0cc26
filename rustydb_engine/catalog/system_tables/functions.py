"""pg_proc, pg_operator, pg_aggregate and pg_language: the functions and operators of the registry.

The input and output functions of the types are listed too (clients look for `array_in`), though SQL cannot call them.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.objects import INFORMATION_SCHEMA, PG_CATALOG
from rustydb_engine.catalog.system_tables.rows import Row, Source, split_table, system_table
from rustydb_engine.catalog.system_tables.type_data import IO_FUNCTIONS
from rustydb_engine.sql.functions.registry import FUNCTIONS, OPERATORS, Function, Operator
from rustydb_engine.values.types import ANY, BY_NAME

INTERNAL_LANGUAGE = 12


def all_functions() -> Iterator[Function]:
    """Yield every function of the registry and every function behind an operator, by name; each once."""
    seen: set[int] = set()
    for name in sorted(FUNCTIONS):
        for entry in FUNCTIONS[name]:
            if entry.oid not in seen:
                seen.add(entry.oid)
                yield entry


@system_table("pg_proc", fixed=True)
def pg_proc(source: Source) -> Iterator[Row]:
    """List the functions, aggregates and window functions."""
    make = source.maker("pg_proc")
    listed = set()
    for entry in all_functions():
        listed.add(entry.oid)
        yield _function_row(source, entry)
    for oid, name, result, arguments, volatility in split_table(IO_FUNCTIONS):
        if int(oid) not in listed:
            types = tuple(int(part) for part in arguments.split(".") if part)
            yield make(
                oid=int(oid), proname=name, pronamespace=PG_CATALOG, proowner=10, prolang=INTERNAL_LANGUAGE,
                procost=1.0, prokind="f", proisstrict=True, provolatile=volatility, proparallel="s",
                pronargs=len(types), prorettype=int(result), proargtypes=types, prosrc=name,
            )  # fmt: skip


def _function_row(source: Source, entry: Function) -> Row:
    types = tuple(kind.oid for kind in entry.args)
    columns: dict[str, object] = {}
    if entry.columns or entry.variadic:
        modes = ["i"] * len(types)
        if entry.variadic:
            modes[-1] = "v"
        columns = {
            "proallargtypes": (*types, *(kind.oid for _, kind in entry.columns)),
            "proargmodes": (*modes, *("o" * len(entry.columns))),
        }
    if entry.columns or entry.arg_names:
        names = entry.arg_names or ("",) * len(types)
        columns["proargnames"] = (*names, *(name for name, _ in entry.columns))
    if entry.variadic:
        last = entry.args[-1]
        columns["provariadic"] = ANY.oid if last.oid == ANY.oid else last.element or BY_NAME["anyelement"].oid
    return source.maker("pg_proc")(
        oid=entry.oid, proname=entry.name, proowner=10, prolang=INTERNAL_LANGUAGE, procost=1.0,
        pronamespace=INFORMATION_SCHEMA if entry.schema == "information_schema" else PG_CATALOG,
        prorows=1000.0 if entry.returns_set else 0.0, prokind=entry.kind, proisstrict=entry.strict,
        proretset=entry.returns_set, provolatile=entry.volatility, proparallel="s", pronargs=len(types),
        pronargdefaults=len(entry.defaults), prorettype=entry.result.oid, proargtypes=types,
        prosrc="aggregate_dummy" if entry.kind == "a" else entry.name,
        proargdefaults=", ".join(_literal(default) for default in entry.defaults) or None, **columns,
    )  # fmt: skip


def _literal(default: object) -> str:
    """Return a default argument as SQL text, as far as pg_get_function_arguments shows it."""
    if default is None:
        return "NULL"
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, str):
        return "'" + default.replace("'", "''") + "'"
    return str(default)


@system_table("pg_operator", fixed=True)
def pg_operator(source: Source) -> Iterator[Row]:
    """List the operators."""
    make = source.maker("pg_operator")
    for name in sorted(OPERATORS):
        for entry in OPERATORS[name]:
            left = entry.left.oid if entry.left is not None else 0
            yield make(
                oid=entry.oid, oprname=name, oprnamespace=PG_CATALOG, oprowner=10, oprkind="b" if left else "l",
                oprcanmerge=entry.hashes, oprcanhash=entry.hashes, oprleft=left, oprright=entry.right.oid,
                oprresult=entry.result.oid, oprcom=_find(entry.commutator, entry.right.oid, left),
                oprnegate=_find(entry.negator, left, entry.right.oid), oprcode=entry.function.oid,
            )  # fmt: skip


def _find(name: str, left: int, right: int) -> int:
    def matches(entry: Operator) -> bool:
        return (entry.left.oid if entry.left else 0) == left and entry.right.oid == right

    return next((entry.oid for entry in OPERATORS.get(name, ()) if matches(entry)), 0)


@system_table("pg_aggregate", fixed=True)
def pg_aggregate(source: Source) -> Iterator[Row]:
    """List the aggregates; how they compute is this server's own."""
    make = source.maker("pg_aggregate")
    for entry in all_functions():
        if entry.kind == "a":
            how = entry.aggregate
            kind = "n" if how is None or not how.ordered_set else "h" if how.hypothetical else "o"
            yield make(
                aggfnoid=entry.oid, aggkind=kind, aggnumdirectargs=0, aggfinalmodify="r",
                aggmfinalmodify="r", aggtranstype=entry.result.oid,
            )  # fmt: skip


@system_table("pg_language", fixed=True)
def pg_language(source: Source) -> Iterator[Row]:
    """List the languages."""
    make = source.maker("pg_language")
    yield make(oid=INTERNAL_LANGUAGE, lanname="internal", lanowner=10, lanvalidator=2246)
    yield make(oid=14, lanname="sql", lanowner=10, lanpltrusted=True, lanvalidator=2248)
