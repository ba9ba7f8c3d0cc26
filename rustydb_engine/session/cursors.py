"""SQL cursors: DECLARE, FETCH, MOVE and CLOSE, on the same portals as the extended protocol's.

A cursor reads forward from its query and remembers what it gave. Once it has to go back, its rows are fetched to the
end and kept in full, as those of a WITH HOLD cursor are when its transaction commits.
Source: PostgreSQL 15, DECLARE and FETCH.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.result import ResultColumn
from rustydb_engine.exec.waits import Completion
from rustydb_engine.session import portals, positions
from rustydb_engine.session.prepared import Portal
from rustydb_engine.sql import ast

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Steps = Generator[Any, Any, Completion]
Rows = list[tuple[object, ...]]
SEEN_ROWS_MAX = 100_000
"""A cursor that was not declared SCROLL can go back over this many rows; after more of them it reads forward only."""


def _declare(session: Session, statement: ast.DeclareCursor, portal: Portal) -> Steps:
    if session.block.state == "idle" and not session.block.implicit and not statement.hold:
        raise SqlError("25P01", "DECLARE CURSOR can only be used in transaction blocks")
    if statement.name in session.portals:
        raise SqlError("42P03", f'cursor "{statement.name}" already exists')
    if not isinstance(statement.query, ast.Select | ast.Values | ast.SetOperation):
        raise SqlError("42P11", "DECLARE CURSOR must not contain data-modifying statements in WITH")
    session.transaction()
    cursor = positions.plan_cursor(session, statement.query, tuple(portal.entry.parameters))
    cursor.name, cursor.params, cursor.formats = statement.name, portal.params, (1,) if statement.binary else ()
    cursor.hold = statement.hold
    cursor.scroll = statement.scroll is not False
    cursor.scroll_declared = statement.scroll is True
    cursor.seen = []
    cursor.binary = statement.binary
    cursor.depth = session.block.depth
    cursor.made_at = session.block.statement_time
    session.portals[statement.name] = cursor
    # The cursor sees what was there when it was declared: take its snapshot now, not at the first FETCH.
    yield from portals.open_now(session, cursor)
    return Completion("DECLARE CURSOR")


def _cursor(session: Session, name: str) -> Portal:
    cursor = session.portals.get(name)
    if cursor is None:
        raise SqlError("34000", f'cursor "{name}" does not exist')
    return cursor


def fetch_columns(session: Session, statement: ast.Fetch) -> tuple[ResultColumn, ...]:
    """Return the columns of FETCH: the cursor's, none when there is no such one (yet); MOVE has none."""
    cursor = session.portals.get(statement.cursor)
    return () if statement.move or cursor is None else cursor.entry.columns


def _fetch(session: Session, statement: ast.Fetch, portal: Portal) -> Steps:
    cursor = _cursor(session, statement.cursor)
    count = statement.count
    forward = statement.direction in ("next", "forward") and (count is None or count > 0)
    if cursor.kept is not None or not forward:
        rows = yield from _scroll(session, cursor, statement)
    else:
        rows, _ = yield from portals.take(session, cursor, count)
        cursor.after = count is None or len(rows) < count
        cursor.current = None if cursor.after else rows[-1]
        if cursor.scroll:
            _remember(cursor, rows)
    if rows and not statement.move:
        yield positions.shown(cursor, rows)
    return Completion("MOVE" if statement.move else "FETCH", len(rows))


def _remember(cursor: Portal, rows: Rows) -> None:
    """Keep what was fetched, should the cursor have to go back; without SCROLL only while it is little."""
    if not cursor.scroll_declared and len(cursor.seen) + len(rows) > SEEN_ROWS_MAX:
        cursor.scroll = False
        cursor.seen = []
    else:
        assert isinstance(cursor.seen, list), "cursors have a list of their own"
        cursor.seen += rows


def _scroll(session: Session, cursor: Portal, statement: ast.Fetch) -> Generator[Any, Any, Rows]:
    """Fetch by position, over rows that are kept in full."""
    if cursor.kept is None and cursor.scroll:
        yield from portals.keep(session, cursor)
    kept = cursor.kept if cursor.kept is not None else []
    # `position` is 1-based: the row the cursor is on; 0 is before the first, size + 1 after the last.
    size, here = len(kept), cursor.position
    direction, count = statement.direction, statement.count
    if direction == "prior":
        direction, count = "backward", 1
    if direction in ("first", "last", "absolute", "relative"):
        target = {"first": 1, "last": size, "relative": here + (count or 0)}.get(direction, count or 0)
        if direction == "absolute" and target < 0:
            target = size + 1 + target
        target = min(max(target, 0), size + 1)
        _require_scroll(cursor, target > here)
        cursor.position = target
        return [kept[target - 1]] if 1 <= target <= size else []
    steps = size + 1 if count is None else count
    if direction == "backward":
        steps = -steps
    _require_scroll(cursor, steps > 0)
    if steps == 0:
        return [kept[here - 1]] if 1 <= here <= size else []
    if steps > 0:
        rows = kept[here : here + steps]
        cursor.position = min(here + steps, size + 1)
        return rows
    low = max(here - 1 + steps, 0)
    rows = kept[low : max(here - 1, 0)][::-1]
    cursor.position = max(here + steps, 0)
    return rows


def _require_scroll(cursor: Portal, forward: bool) -> None:
    if not cursor.scroll and not (forward and cursor.kept is not None):
        raise SqlError(
            "55000", "cursor can only scan forward", hint="Declare it with SCROLL option to enable backward scan."
        )


def _close(session: Session, statement: ast.CloseCursor, _portal: Portal) -> Steps:
    yield from ()
    if not statement.name:
        session.drop_portals(everything=True)
        return Completion("CLOSE CURSOR ALL")
    _cursor(session, statement.name)
    portals.release(session, session.portals.pop(statement.name))
    return Completion("CLOSE CURSOR")


HANDLERS: dict[type, Callable[[Session, Any, Portal], Steps]] = {
    ast.DeclareCursor: _declare,
    ast.Fetch: _fetch,
    ast.CloseCursor: _close,
}
