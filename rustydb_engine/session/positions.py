"""WHERE CURRENT OF: which row of a table a cursor is on.

A cursor that can be used so has a wider form of its query, with one more column for each table concerned: the row's ctid, which is
never sent. `Portal.places` holds the tables' OIDs in the order of these columns. The tables are those that FOR UPDATE or FOR SHARE
names; or the one table of a cursor that reads a table without joining, grouping or making rows distinct. (PostgreSQL also refuses a
cursor that had to sort.)

Most cursors are only read, and reading addresses costs as much as reading rows. So a cursor that locks nothing, and computes
nothing that could change, begins in its narrow form: it is widened at the first CURRENT OF, by running the wide form on the same
snapshot up to where the cursor is.

Source: PostgreSQL 15, src/backend/executor/execCurrent.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rustydb_engine.catalog.objects import Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.context import ExecContext
from rustydb_engine.exec.result import CompiledPlan
from rustydb_engine.exec.waits import Completion, Steps
from rustydb_engine.session.entry import Entry
from rustydb_engine.session.prepared import Portal, Wider
from rustydb_engine.sql import ast
from rustydb_engine.sql import bound as b
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.tree import walk
from rustydb_engine.values.types import Type

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Row = tuple[object, ...]


def plan_cursor(session: Session, query: ast.Query, types: tuple[Type, ...]) -> Portal:
    """Return a cursor, without name and parameters, for a query."""
    plain = session.space().plan(Entry(session.query, query, 0), types)
    cursor = Portal("", plain, (), ())
    tables = dict(_tables(session, query)) if isinstance(query, ast.Select) else {}
    if tables:
        assert isinstance(query, ast.Select) and plain.plan is not None, "its tables were looked for"
        more = tuple(ast.Target(ast.Column((alias, "ctid"))) for alias in tables)
        cursor.wider = Wider(replace(query, targets=(*query.targets, *more)), tuple(tables.values()), types)
        if plain.plan.writes or any(
            isinstance(item, b.FuncExpr) and item.function.volatility == "v" for item in walk(plain.plan.node)
        ):
            _take_wider(session, cursor)
    return cursor


def _take_wider(session: Session, cursor: Portal) -> None:
    """Let the cursor have the wide form of its query, if there is one: it may aggregate, or name a column ctid."""
    wider, cursor.wider = cursor.wider, None
    assert wider is not None, "the caller looked"
    try:
        entry = session.space().plan(Entry(cursor.text, wider.query, 0), wider.types)
    except SqlError:
        return
    entry.columns = cursor.entry.columns
    cursor.entry, cursor.places = entry, wider.tables


def _widen(session: Session, cursor: Portal) -> None:
    """Give a cursor that was read in its narrow form the addresses of its rows; it keeps its place."""
    before = cursor.entry.plan
    _take_wider(session, cursor)
    plan = cursor.entry.plan
    if not cursor.places or before is None or plan is None:
        return
    if {heap.storage for heap in before.heaps} != {heap.storage for heap in plan.heaps}:
        cursor.places = ()  # its table was rewritten by this very transaction
        return
    width = len(cursor.entry.columns)
    steps = _steps(session, cursor, plan)
    everything = cursor.kept is not None
    count = len(cursor.kept or ()) if everything else cursor.position
    rows: list[Row] = []
    while len(rows) < count or everything:
        item = next(steps, None)
        if item is None:
            break
        if isinstance(item, list):
            rows += item
    old = (cursor.kept or []) if everything else ([cursor.current] if cursor.current is not None else [])
    new = rows if everything else rows[count - 1 : count] if old else []
    if [row[:width] for row in new] != [row[:width] for row in old if row is not None]:
        cursor.places = ()
        return
    if everything:
        cursor.kept = rows
        return
    cursor.current = new[0] if new else None
    if cursor.scroll:
        cursor.seen = rows[:count]
    if cursor.done:
        steps.close()
        return
    if cursor.steps is not None:
        cursor.steps.close()
    cursor.steps = steps
    cursor.buffer = rows[count:]


def _steps(session: Session, cursor: Portal, plan: CompiledPlan) -> Steps:
    """Return the steps of the wide form, on the snapshot of the cursor."""
    assert cursor.snapshot is not None, "an open cursor has its snapshot"
    context = ExecContext(session.context.hooks)
    context.start(session.transaction(), session.block.statement_time)
    context.snapshot = cursor.snapshot
    return _at_once(plan, context, cursor) if plan.instant else plan.steps(context, cursor.params)


def _at_once(plan: CompiledPlan, context: ExecContext, cursor: Portal) -> Steps:
    rows = plan.run(context, cursor.params)
    if rows:
        yield rows
    return Completion("SELECT", len(rows))


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
    if cursor.wider is not None:
        _widen(session, cursor)
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
