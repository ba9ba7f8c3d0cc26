"""The functions of the library are declared as PostgreSQL 15 declares them: `pg_proc.txt` is its pg_proc."""

from __future__ import annotations

from pathlib import Path

from rustydb_engine.sql.functions import library, registry
from rustydb_engine.sql.functions.registry import Function
from rustydb_engine.values.types import RECORD

MODULES = {module.__name__ for module in library.MODULES}


def postgresql() -> dict[str, tuple[int, str, str]]:
    """Return signature -> (OID, flags, `result | columns`)."""
    found = {}
    for line in (Path(__file__).parent / "pg_proc.txt").read_text().splitlines()[1:]:
        oid, flags, rest = line.split(" ", 2)
        signature, _, result = rest.partition(" -> ")
        found[signature] = (int(oid), flags, result)
    return found


def library_functions() -> list[Function]:
    """Return what the modules of the library declare (operators' and casts' functions are declared elsewhere)."""
    return [
        entry
        for rows in registry.FUNCTIONS.values()
        for entry in rows
        if entry.implementation is None or entry.implementation.__module__ in MODULES
    ]


def described(entry: Function) -> tuple[int, str, str]:
    """Return an entry in the form of `postgresql`."""
    # Aggregates are entered as not strict and immutable: whether a row counts is their `skip_null`.
    flags = (
        entry.volatility
        + ("t" if entry.strict else "f")
        + ("s" if entry.returns_set else "-")
        + ("v" if entry.variadic else "-")
        + entry.kind
        + str(len(entry.defaults))
    )
    columns = ",".join(f"{name} {kind.name}" for name, kind in entry.columns)
    return entry.oid, flags, entry.result.name + (f" | {columns}" if columns else "")


def test_every_function_has_the_oid_types_volatility_and_strictness_of_postgresql() -> None:
    known = postgresql()
    oids = {oid for oid, _, _ in known.values()}
    wrong = []
    for entry in library_functions():
        signature = f"{entry.name}({', '.join(kind.name for kind in entry.args)})"
        want = known.get(signature)
        have = described(entry)
        if want is None:
            if entry.oid in oids or entry.oid < 14000:
                wrong.append(f"{signature} is not PostgreSQL's, but has OID {entry.oid}")
        elif entry.kind in "aw":
            if (want[0], want[2]) != (have[0], have[2]):
                wrong.append(f"{signature}: {want} in PostgreSQL, {have} here")
        elif want != have and not (entry.result is RECORD and want[:2] == have[:2]):
            wrong.append(f"{signature}: {want} in PostgreSQL, {have} here")
    assert not wrong, "\n".join(wrong)
