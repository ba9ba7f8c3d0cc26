"""Running portals: to the end, in pieces, as cursors; what they hold and how they end.

Every statement runs as a portal. `start` gives its steps: a generator of batches of rows and of waits, whose value is the
`Completion`. A query that outlives a slice holds its snapshot, so that the versions it reads stay.

Source: PostgreSQL 15, src/backend/tcop/pquery.c and src/backend/utils/mmgr/portalmem.c.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.context import ExecContext
from rustydb_engine.exec.result import CompiledPlan
from rustydb_engine.exec.waits import TICK, Completion, Wait, Yielded
from rustydb_engine.session import positions
from rustydb_engine.session.copying import NeedCopyData
from rustydb_engine.session.entry import Entry
from rustydb_engine.session.hooks import Hooks
from rustydb_engine.session.locking import table_locks
from rustydb_engine.session.prepared import Portal
from rustydb_engine.sql import ast

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Work = Generator[Wait | NeedCopyData, object, None]
Rows = list[tuple[object, ...]]
Steps = Generator[Yielded, None, Completion]


# After these a transaction may still choose its isolation level.
TAKES_NO_SNAPSHOT = (ast.Begin, ast.Commit, ast.Rollback, ast.SetTransaction, ast.SetParameter, ast.Show, ast.Reset)


def complete(session: Session, portal: Portal) -> Generator[Wait | NeedCopyData, object, str | None]:
    """Run a portal to its end, sending its rows; return the command tag (None: the front door was told already)."""
    sink = session.sink
    assert sink is not None, "portals run inside _working"
    # Not kept in the portal: COMMIT runs as a portal and closes all portals.
    begun, session.started = session.started, None
    steps = begun[0] if begun is not None else start(session, portal)
    entry, formats, batch_rows = portal.entry, portal.formats, session.shared.config.batch_rows
    reply: object = None
    try:
        while True:
            if begun is not None:
                item, begun = begun[1], None
                portal.snapshot = session.context.snapshot
            else:
                item = steps.send(reply)  # type: ignore[arg-type]  # only COPY is sent anything, and it knows
            reply = None
            if item.__class__ is list:
                sink.rows(entry, formats, item)
                if len(item) >= batch_rows:
                    yield TICK
            else:
                reply = yield from wait(session, portal, item)
    except StopIteration as stop:
        done: Completion = stop.value
    finally:
        steps.close()
    portal.done = True
    if session.txn is not None and not isinstance(entry.statement, TAKES_NO_SNAPSHOT):
        session.txn.next_command()
    return done.text() if done.tag else None


def run(session: Session, portal: Portal, max_rows: int) -> Work:
    """Run a portal for Execute: at most `max_rows` rows (0: all), then CommandComplete or PortalSuspended."""
    sink = session.sink
    assert sink is not None, "portals run inside _working"
    entry = portal.entry
    if entry.statement is None:
        portal.done = True
        sink.empty()
        return
    if session.block.state == "failed" and not isinstance(entry.statement, ast.Commit | ast.Rollback):
        raise session.block.failed_error()
    if portal.done:
        if not entry.gives_rows:
            raise SqlError("55000", f'portal "{portal.name}" cannot be run')
        sink.complete("SELECT 0")
        return
    portal.started = True
    # What gives no rows has no limit; COMMIT must not be kept in the portal, since it closes that.
    if (max_rows <= 0 or not entry.gives_rows) and portal.steps is None and not portal.buffer:
        tag = yield from complete(session, portal)
        if tag is not None:
            sink.complete(tag)
        return
    rows, completion = yield from take(session, portal, max_rows if max_rows > 0 else None)
    if rows:
        sink.rows(entry, portal.formats, positions.shown(portal, rows))
    if max_rows > 0 and len(rows) == max_rows:
        sink.suspended()
        return
    if completion is None or entry.gives_rows:
        tag = completion.tag if completion is not None else "SELECT"
        sink.complete(Completion(tag, len(rows) if tag == "SELECT" else _count(completion, rows)).text())
    else:
        sink.complete(completion.text())


def _count(completion: Completion | None, rows: Rows) -> int:
    return completion.rows if completion is not None else len(rows)


def take(
    session: Session, portal: Portal, count: int | None
) -> Generator[Wait | NeedCopyData, object, tuple[Rows, Completion | None]]:
    """Take up to `count` rows (None: all) from a portal; the completion is None while it has more."""
    require_runnable(portal)
    if portal.steps is None and not portal.done:
        portal.steps = start(session, portal, own_context=True)
    buffer = list(portal.buffer)
    completion: Completion | None = None
    try:
        while portal.steps is not None and (count is None or len(buffer) < count):
            try:
                item = portal.steps.send(None)
            except StopIteration as stop:
                completion = stop.value
                portal.steps = None
                portal.done = True
                if portal.wider is None:  # else it may be needed to find the addresses of the rows
                    drop_snapshot(session, portal)
                break
            if item.__class__ is list:
                buffer.extend(item)
            else:
                yield from wait(session, portal, item)
    except Exception:
        release(session, portal)
        portal.failed = True
        raise
    if portal.steps is not None:
        hold_snapshot(session, portal)
    rows = buffer if count is None else buffer[:count]
    portal.buffer = () if count is None else buffer[count:]
    portal.position += len(rows)
    if portal.buffer:
        portal.done = False
    elif portal.steps is None:
        portal.done = True
    if session.txn is not None:
        session.txn.next_command()
    return rows, completion


def start(session: Session, portal: Portal, own_context: bool = False) -> Steps:
    """Return the steps of a portal's statement, beginning a transaction if it needs one."""
    entry = portal.entry
    plan = entry.plan
    if plan is None:
        from rustydb_engine.session import utility  # which imports the cursors, and they import this module

        assert entry.statement is not None, "empty statements do not start"
        return utility.steps(session, portal, entry.statement)
    session.transaction()
    context = ExecContext(Hooks(session)) if own_context else session.context
    return _planned(session, portal, context)


def open_now(session: Session, portal: Portal) -> Work:
    """Lock what a cursor reads and take its snapshot, so that it sees what is there now."""
    plan = portal.entry.plan
    assert plan is not None, "cursors are for queries"
    for item in table_locks(session, plan):
        yield from session.run_waits(item)
        plan = None
    if plan is None:
        plan = _plan_again(session, portal)
    context = ExecContext(Hooks(session))
    context.start(session.transaction(), session.block.statement_time)
    portal.snapshot = context.snapshot
    hold_snapshot(session, portal)
    portal.steps = (
        _all_rows(session, plan.run(context, portal.params)) if plan.instant else plan.steps(context, portal.params)
    )


def _all_rows(session: Session, rows: Rows) -> Steps:
    if rows:
        yield rows
    return Completion("SELECT", len(rows))


def _planned(session: Session, portal: Portal, context: ExecContext) -> Steps:
    """Take the plan's locks, then give what the plan gives."""
    plan = portal.entry.plan
    assert plan is not None, "planned statements have plans"
    for item in table_locks(session, plan):
        yield item
        plan = None
    if plan is None:
        plan = _plan_again(session, portal)
    context.start(session.transaction(), session.block.statement_time)
    portal.snapshot = context.snapshot
    if not plan.instant:
        return (yield from plan.steps(context, portal.params))
    rows = plan.run(context, portal.params)
    step = session.shared.config.batch_rows
    for first in range(0, len(rows), step):
        yield rows[first : first + step]
    return Completion(plan.tag, len(rows))


def _plan_again(session: Session, portal: Portal) -> CompiledPlan:
    """Plan again after a wait for a lock: its holder may have changed the table."""
    before = portal.entry
    assert before.plan is not None, "planned statements have plans"
    if before.version == session.space().catalog.version:
        return before.plan
    entry = Entry(before.text, before.statement, 0)
    literals = before.normalised
    session.space().plan(entry, () if literals else before.parameters)
    if portal.places:
        entry.columns = entry.columns[: -len(portal.places)]
    if [(c.type, c.typmod) for c in before.columns] != [(c.type, c.typmod) for c in entry.columns]:
        raise changed_result()
    portal.entry = entry
    if literals:
        portal.params = ()
    assert entry.plan is not None, "it was just planned"
    return entry.plan


def changed_result() -> SqlError:
    """Return the error for a statement whose result has other types than when it was described.

    asyncpg and pgjdbc know it by the routine, and prepare the statement anew.
    """
    return SqlError("0A000", "cached plan must not change result type", routine="RevalidateCachedQuery")


def wait(
    session: Session, portal: Portal, item: Yielded | NeedCopyData
) -> Generator[Wait | NeedCopyData, object, object]:
    """Hand a wait to the node, keeping the portal's snapshot meanwhile."""
    if isinstance(item, NeedCopyData):
        return (yield item)
    assert not isinstance(item, list), "rows are no waits"
    if item is TICK and session.txn is not None:
        session.database.log_ahead(session.txn)  # the commit of a large change must not be one long stall
    hold_snapshot(session, portal)
    yield from session.run_waits(item)
    return None


def hold_snapshot(session: Session, portal: Portal) -> None:
    """Keep what a portal's snapshot sees until the portal ends."""
    if portal.snapshot is not None and not portal.held:
        portal.held = True
        session.database.manager.hold(portal.snapshot)


def drop_snapshot(session: Session, portal: Portal) -> None:
    """Let go of a portal's snapshot."""
    if portal.held and portal.snapshot is not None:
        portal.held = False
        session.database.manager.release(portal.snapshot)


def release(session: Session, portal: Portal) -> None:
    """End a portal: its steps, its rows and its snapshot."""
    if portal.steps is not None:
        portal.steps.close()
        portal.steps = None
    portal.buffer = ()
    portal.kept = None
    portal.done = True
    drop_snapshot(session, portal)


def hold_cursors(session: Session) -> Work:
    """Before COMMIT: fetch what WITH HOLD cursors have not given yet, so that they outlive the transaction."""
    for portal in list(session.portals.values()):
        if portal.hold and not portal.outlives and not portal.failed:
            if portal.kept is None:
                yield from keep(session, portal)
            portal.outlives = True
            portal.depth = 0
            portal.wider = None
            drop_snapshot(session, portal)


def keep(session: Session, portal: Portal) -> Work:
    """Fetch what a cursor has not given yet, and keep all its rows; those that it no longer has are empty."""
    before = portal.position
    rest, _ = yield from take(session, portal, None)
    portal.kept = [*(portal.seen if portal.scroll else [()] * before), *rest]
    portal.position = before + 1 if portal.after else before
    portal.seen = []


def require_runnable(portal: Portal) -> None:
    """Refuse a portal that ran into an error before (which a ROLLBACK TO a later savepoint leaves)."""
    if portal.failed:
        raise SqlError("55000", f'portal "{portal.name}" cannot be run')


def fail_above(session: Session, depth: int) -> None:
    """End the portals that were made after savepoint number `depth` (-1: in the transaction), whose work is undone.

    They keep their names until the transaction or savepoint is rolled back: until then 25P02 is the answer.
    """
    for portal in session.portals.values():
        if portal.depth > depth and not portal.outlives:
            release(session, portal)
            portal.failed = True


def drop_above(session: Session, depth: int) -> None:
    """Close the portals that were made after savepoint number `depth`."""
    for name in [name for name, portal in session.portals.items() if portal.depth > depth]:
        release(session, session.portals.pop(name))
