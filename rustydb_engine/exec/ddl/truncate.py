"""TRUNCATE: each table gets a new, empty heap, so that a rollback brings the rows back.

Tables that are referenced by foreign keys must be truncated together with those that refer to them, or with CASCADE.

Source: PostgreSQL 15, ExecuteTruncate in src/backend/commands/tablecmds.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.rewrite import attach_indexes
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.txn.locks import ACCESS_EXCLUSIVE


def truncate(work: Work, statement: ast.Truncate) -> Waits[str]:
    """TRUNCATE. 0A000 when a foreign key refers to a table and its own table is not truncated too."""
    tables: dict[int, Table] = {}
    for item in statement.tables:
        table = yield from work.lock_table(item.name, ACCESS_EXCLUSIVE)
        tables[table.oid] = table
    if statement.cascade:
        yield from _add_referencing(work, tables)
    else:
        _check_references(work, tables)
    for table in tables.values():
        yield from empty(work, table)
        if statement.restart:
            for sequence in work.catalog.sequences_of(table.oid):
                work.database.restart_sequence(work.txn, sequence, sequence.start)
    return "TRUNCATE TABLE"


def _add_referencing(work: Work, tables: dict[int, Table]) -> Waits[None]:
    todo = list(tables)
    while todo:
        for entry in work.catalog.referencing(todo.pop(0)):
            if entry.table not in tables:
                yield from work.lock(entry.table, ACCESS_EXCLUSIVE)
                found = work.catalog.table(entry.table)
                if found is not None:
                    work.notice(f'truncate cascades to table "{found.name}"')
                    tables[found.oid] = found
                    todo.append(found.oid)


def _check_references(work: Work, tables: dict[int, Table]) -> None:
    for table in tables.values():
        for entry in work.catalog.referencing(table.oid):
            if entry.table not in tables:
                other = work.catalog.table(entry.table)
                name = other.name if other is not None else ""
                raise SqlError(
                    "0A000",
                    "cannot truncate a table referenced in a foreign key constraint",
                    detail=f'Table "{name}" references "{table.name}".',
                    hint=f'Truncate table "{name}" at the same time, or use TRUNCATE ... CASCADE.',
                )


def empty(work: Work, table: Table) -> Waits[Table]:
    """Give a table a new empty heap with empty indexes."""
    heap = work.database.create_heap(
        work.txn, [column.type.oid for column in table.columns], table.persistence == "t"
    )  # fmt: skip
    work.database.drop_heap(work.txn, table.storage)
    made = replace(table, storage=heap.storage)
    work.put(made, truncated=True)
    yield from attach_indexes(work, made)
    return made
