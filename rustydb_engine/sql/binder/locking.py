"""FOR UPDATE and kin: which rows of which tables a query locks.

Without OF every table of FROM is meant, and the tables inside its subqueries and views as well.

Source: PostgreSQL 15, analyze.c (transformLockingClause, CheckSelectLocking).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.bound import (
    Query,
    RangeCte,
    RangeEntry,
    RangeFunction,
    RangeQuery,
    RangeSetOperation,
    RangeTable,
    RowLock,
)

_NOT_LOCKABLE: tuple[tuple[type, str], ...] = (
    (RangeCte, "a WITH query"),
    (RangeFunction, "a function"),
)


def bind_locks(scope: Scope, query: Query, clauses: Sequence[ast.Locking]) -> Query:
    """Return the query with its locking clauses bound."""
    entries = list(query.range)
    locks: list[RowLock] = []
    for clause in clauses:
        words = f"FOR {clause.strength.upper()}"
        _check_lockable(query, words)
        sources: list[int] = []
        if clause.tables:
            for name in clause.tables:
                index = _named(scope, name, words)
                _refuse_entry(entries[index], words)
                _lock_entry(entries, index, clause, sources)
        else:
            for index in range(len(entries)):
                _lock_entry(entries, index, clause, sources)
        locks.append(RowLock(clause.strength, tuple(sources), clause.wait))
    return replace(query, range=tuple(entries), locks=(*query.locks, *locks))


def _check_lockable(query: Query, words: str) -> None:
    if query.range and isinstance(query.range[0], RangeSetOperation):
        raise failure("0A000", f"{words} is not allowed with UNION/INTERSECT/EXCEPT")
    for present, what in (
        (query.distinct is not None, "with DISTINCT clause"),
        (bool(query.group) or query.grouping_sets is not None, "with GROUP BY clause"),
        (query.having is not None, "with HAVING clause"),
        (query.grouped, "with aggregate functions"),
        (bool(query.windows), "with window functions"),
        (query.set_returning, "with set-returning functions in the target list"),
    ):
        if present:
            raise failure("0A000", f"{words} is not allowed {what}")


def _named(scope: Scope, name: ast.Name, words: str) -> int:
    if len(name) > 1:
        raise failure("42601", f"{words} must specify unqualified relation names")
    for item in scope.items:
        if item.source >= 0 and item.name == name[0]:
            return item.source
    raise failure("42P01", f'relation "{name[0]}" in {words} clause not found in FROM clause')


def _refuse_entry(entry: RangeEntry, words: str) -> None:
    for kind, what in _NOT_LOCKABLE:
        if isinstance(entry, kind):
            raise failure("0A000", f"{words} cannot be applied to {what}")


def _lock_entry(entries: list[RangeEntry], index: int, clause: ast.Locking, sources: list[int]) -> None:
    entry = entries[index]
    if isinstance(entry, RangeTable):
        if entry.table.kind == "table":
            sources.append(index)
    elif isinstance(entry, RangeQuery):
        entries[index] = replace(entry, query=_lock_inside(entry.query, clause))


def _lock_inside(query: Query, clause: ast.Locking) -> Query:
    _check_lockable(query, f"FOR {clause.strength.upper()}")
    entries = list(query.range)
    sources: list[int] = []
    for index in range(len(entries)):
        _lock_entry(entries, index, clause, sources)
    lock = RowLock(clause.strength, tuple(sources), clause.wait)
    return replace(query, range=tuple(entries), locks=(*query.locks, lock))
