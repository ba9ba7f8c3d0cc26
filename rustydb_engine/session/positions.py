"""WHERE CURRENT OF: which row of a table a cursor is on.

A cursor that can be used so is planned with one more column for each of these tables, the row's ctid, which is never sent:
`Portal.places` holds the tables' OIDs in the order of these columns. That are the tables that FOR UPDATE or FOR SHARE names; or the
one table of a cursor that reads a table without joining, grouping or making rows distinct. (PostgreSQL also refuses a cursor that
had to sort.)

Source: PostgreSQL 15, src/backend/executor/execCurrent.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rustydb_engine.catalog.objects import Table
from rustydb_engine.errors import SqlError
from rustydb_engine.session.entry import Entry
from rustydb_engine.session.prepared import Portal
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.values.types import Type

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Row = tuple[object, ...]


def plan_cursor(session: Session, query: ast.Query, types: tuple[Type, ...]) -> tuple[Entry, tuple[int, ...]]:
    """Plan the query of a cursor; return the entry, and the tables whose ctid its rows end with.

    The entry's columns are those of the query as it was written.
    """
    space = session.space()
    plain = space.plan(Entry(session.query, query, 0), types)
    tables = dict(_tables(session, query)) if isinstance(query, ast.Select) else {}
    if not tables:
        return plain, ()
    assert isinstance(query, ast.Select), "its tables were looked for"
    more = tuple(ast.Target(ast.Column((alias, "ctid"))) for alias in tables)
    wider = replace(query, targets=(*query.targets, *more))
    try:
        entry = space.plan(Entry(session.query, wider, 0), types)
    except SqlError:
        return plain, ()  # it aggregates, or has a column that is in the way
    entry.columns = plain.columns
    return entry, tuple(tables.values())


def _tables(session: Session, query: ast.Select) -> Iterator[tuple[str, int]]:
    """Yield the alias and the OID of each table whose current row can be told."""
    if query.group or query.having is not None or query.distinct is not None or query.windows:
        return
    found = [item for source in query.source for item in _leaves(source)]
    locking = query.tail.locking
    if not locking and (len(found) != 1 or not isinstance(query.source[0], ast.FromTable)):
        return
    wanted = {name[-1] for clause in locking for name in clause.tables}
    everything = not locking or any(not clause.tables for clause in locking)
    hidden = {cte.name for cte in query.with_.ctes} if query.with_ is not None else set()
    space = session.space()
    for item in found:
        alias = item.alias or item.name[-1]
        if (everything or alias in wanted) and not (len(item.name) == 1 and item.name[0] in hidden):
            table = space.catalog.find(item.name, space.path)
            if isinstance(table, Table) and table.kind == "table":
                yield alias, table.oid


def _leaves(item: ast.FromItem) -> Iterator[ast.FromTable]:
    if isinstance(item, ast.FromTable):
        yield item
    elif isinstance(item, ast.FromJoin) and not item.alias:
        yield from _leaves(item.left)
        yield from _leaves(item.right)


def shown(cursor: Portal, rows: list[Row]) -> list[Row]:
    """Return rows of a cursor without the columns that are not sent."""
    if not cursor.places:
        return rows
    width = len(cursor.entry.columns)
    return [row[:width] for row in rows]


def current_row(session: Session, name: str, table_oid: int) -> int | None:
    """Return the ctid of the row of a table that a cursor is on, None when an outer join gave it none.

    Errors: 34000 when there is no such cursor, 24000 when it is on no row, or not of this table.
    """
    cursor = session.portals.get(name)
    if cursor is None:
        raise SqlError("34000", f'cursor "{name}" does not exist')
    if cursor.entry.plan is None or cursor.entry.plan.tag != "SELECT":
        raise SqlError("24000", f'cursor "{name}" is not a SELECT query')
    if cursor.outlives:
        raise SqlError("24000", f'cursor "{name}" is held from a previous transaction')
    table = session.space().catalog.get(table_oid)
    assert isinstance(table, Table), "the statement changes a table"
    count = cursor.places.count(table_oid)
    if count != 1:
        raise SqlError("24000", f'cursor "{name}" {_why_not(cursor, table.name, count)}')
    row = _row(cursor)
    if row is None:
        raise SqlError("24000", f'cursor "{name}" is not positioned on a row')
    place = row[len(cursor.entry.columns) + cursor.places.index(table_oid)]
    assert place is None or isinstance(place, int), "a ctid is a number"
    return place


def _why_not(cursor: Portal, table: str, count: int) -> str:
    query = cursor.entry.statement
    if isinstance(query, ast.Select) and query.tail.locking:
        if count:
            return f'has multiple FOR UPDATE/SHARE references to table "{table}"'
        return f'does not have a FOR UPDATE/SHARE reference to table "{table}"'
    return f'is not a simply updatable scan of table "{table}"'


def _row(cursor: Portal) -> Row | None:
    if cursor.kept is None:
        return cursor.current
    return cursor.kept[cursor.position - 1] if 1 <= cursor.position <= len(cursor.kept) else None
