"""The short way: statements that are answered within one call, without a generator for the session's work.

Most statements of an application are in the plan cache and wait for nothing but the disk at their end. The functions here run
them directly and return how it went:

    SLOW (None)    not for the short way: the caller takes the long one (session.simple, execute, sync)
    0              answered
    csn > 0        answered, but the answer must be held until the log is durable up to csn

`run` gives the work of the long way itself instead of SLOW.

A statement that turns out to give rows in batches or to wait for a lock has begun: its generator and first item are left
in `session.started`, and the long way goes on with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rustydb_engine.session.block import BLOCK, FAILED, IDLE, Block
from rustydb_engine.session.entry import Entry, Formats
from rustydb_engine.session.sink import Sink
from rustydb_engine.sql import ast
from rustydb_engine.storage.commit import LogWaits

if TYPE_CHECKING:
    from rustydb_engine.exec.context import ExecContext
    from rustydb_engine.exec.result import CompiledPlan
    from rustydb_engine.session.prepared import Prepared
    from rustydb_engine.session.session import Bound, Session, Work

Outcome = int | None
SLOW = None


def query(session: Session, sql: str, sink: Sink) -> Outcome:
    """Answer a simple query of one cached statement; what was found in the cache stays in `session.found`."""
    block = session.block
    session.found = None
    if block.state is FAILED or session.locks.queues:
        return SLOW
    found = session.space().find(sql)
    if found is None:
        return SLOW
    session.found = found
    entry, params = found
    plan = entry.plan
    session.query = sql
    if plan is None:
        return _control(session, entry, sink)
    if session.statements or session.portals:
        session.drop_unnamed()
    block.statement_time = session.shared.timestamp()
    if plan.writes:
        if plan.instant or plan.columns:
            return SLOW
        tag = _change(session, plan, params, sink)
        return _close(session, tag, sink) if tag else _failed(session, tag)
    if not plan.instant:
        return SLOW
    try:
        context = _start_reading(session, plan)
        sink.result(entry, plan.run(context, params))
    except Exception as error:
        return _error(session, error, sink)
    return _read(session, context)


def execute(session: Session, name: str, max_rows: int, sink: Sink) -> Outcome:
    """Run a portal to its end; its transaction is ended by the Sync that follows."""
    portal = session.portals.get(name)
    block = session.block
    if portal is None or max_rows or portal.started or block.state is FAILED or session.locks.queues:
        return SLOW
    entry = portal.entry
    plan = entry.plan
    if plan is None:
        return _control(session, entry, sink)
    if plan.writes and (plan.instant or plan.columns):
        return SLOW
    if not plan.writes and not plan.instant:
        return SLOW
    session.query = portal.text
    block.statement_time = session.shared.timestamp()
    portal.started = True
    if plan.writes:
        tag = _change(session, plan, portal.params, sink)
        if not tag:
            return _failed(session, tag)
        portal.done = True
        sink.complete(tag)
        return 0
    portal.done = True
    try:
        context = _start_reading(session, plan)
        sink.answer(entry, portal.formats, plan.run(context, portal.params))
    except Exception as error:
        return _error(session, error, sink)
    return _read(session, context)


def runnable(session: Session, bound: Bound) -> Prepared | None:
    """Return the prepared statement of a Bind if `run` can take it and what follows it; else bind as usual."""
    prepared = session.statements.get(bound.statement)
    if prepared is None or bound.portal or not runnable_entry(session, prepared.entry):
        return None
    return prepared


def runnable_entry(session: Session, entry: Entry) -> bool:
    """Say whether `run_entry` can take a statement."""
    if session.block.state is FAILED or session.locks.queues:
        return False
    plan = entry.plan
    if plan is None or entry.version != session.database.catalog.version:
        return False
    if (plan.instant or plan.columns) if plan.writes else not plan.instant:
        return False
    txn = session.txn
    return txn is None or txn.catalog is None


def run(session: Session, prepared: Prepared, bound: Bound, sink: Sink, described: bool) -> int | Work:
    """Answer Bind, [Describe,] Execute and Sync at once; return the csn to hold the answer for, or what is left to do."""
    try:
        params = session.parameters_of(prepared, bound)
    except Exception as error:
        session.answer_error(error, sink)
        return session.block.dependency()
    return run_entry(session, prepared.entry, params, bound.result_formats, sink, described)


def run_entry(
    session: Session, entry: Entry, params: tuple[object, ...], formats: Formats, sink: Sink, described: bool
) -> int | Work:
    """Run a statement with its parameters and end its transaction at once; the result is as that of `run`."""
    plan, block = entry.plan, session.block
    assert plan is not None, "runnable_entry looked"
    session.query = entry.text
    block.statement_time = session.shared.timestamp()
    sink.bound(entry, formats, described)
    if block.state is BLOCK:  # elsewhere the portal would end with the Sync
        portal = session.keep_portal("", entry, params, formats)
        portal.started = portal.done = True
    csn = 0
    if plan.writes:
        tag = _change(session, plan, params, sink)
        if not tag:
            if tag is not None:
                return block.dependency()
            portal = session.keep_portal("", entry, params, formats)
            portal.started = True
            return session.run_out(sink)
        sink.complete(tag)
    else:
        try:
            context = _start_reading(session, plan)
            sink.answer(entry, formats, plan.run(context, params))
        except Exception as error:
            session.answer_error(error, sink)
            return block.dependency()
        csn = _read(session, context)
    if block.state is IDLE and (session.txn is not None or session.portals):
        outcome = sync(session)
        if outcome is None:
            return session.sync(sink)
        csn = max(csn, outcome)
    return csn


def sync(session: Session) -> Outcome:
    """End a pipeline: commit its implicit transaction."""
    if session.block.state is not IDLE:
        return 0
    if session.txn is None:
        portals = session.portals
        if portals:
            unnamed = portals.get("")
            if unnamed is not None and len(portals) == 1 and unnamed.steps is None and not unnamed.held:
                portals.clear()
            else:
                session.drop_portals()
        return 0
    if not session.block.can_finish_now():
        return SLOW
    return _finish(session)


def _start_reading(session: Session, plan: CompiledPlan) -> ExecContext:
    """Take the snapshot of a statement that reads; inside a transaction its locks too, which last to the end."""
    context = session.context
    txn = session.txn
    if txn is not None:
        acquire = session.locks.acquire
        for table, mode in plan.locks:
            acquire(txn, table, mode)  # nobody contends, so it is granted
        context.start(txn, session.block.statement_time)
    else:  # what `start` does, without the call
        context.snapshot = session.database.read_snapshot()
        context.statement_time = session.block.statement_time
    return context


def _read(session: Session, context: ExecContext) -> int:
    """Return what the answer of a statement that has read must wait for: a change of the catalog may be in its snapshot."""
    txn = session.txn
    if txn is not None:
        txn.next_command()
        return 0
    csn = context.snapshot.csn
    return csn if csn > session.database.manager.durable_csn else 0


def _change(session: Session, plan: CompiledPlan, params: tuple[object, ...], sink: Sink) -> str | None:
    """Run a statement that changes rows; return its tag, "" after an error, None when it has to go on slowly."""
    try:
        txn = session.txn or session.transaction()
        acquire = session.locks.acquire
        for table, mode in plan.locks:
            acquire(txn, table, mode)  # nobody contends, so it is granted
        context = session.context
        context.start(txn, session.block.statement_time)
        steps = plan.steps(context, params)
        try:
            item = steps.send(None)
        except StopIteration as stop:
            txn.next_command()
            tag: str = stop.value.text()
            return tag
    except Exception as error:
        session.answer_error(error, sink)
        return ""
    session.started = (steps, item)
    return None


def _close(session: Session, tag: str, sink: Sink) -> Outcome:
    """End the statement's own transaction, if it has one, and send its tag."""
    if session.block.state is not IDLE:
        sink.complete(tag)
        return 0
    if not session.block.can_finish_now():
        session.finished_tag = tag
        return SLOW
    try:
        csn = session.block.finish_now()
    except LogWaits:
        session.finished_tag = tag
        return SLOW
    except Exception as error:
        return _error(session, error, sink)
    sink.complete(tag)
    return csn


def _finish(session: Session) -> Outcome:
    try:
        return session.block.finish_now()
    except LogWaits:
        return SLOW
    except Exception as error:
        sink = session.front
        assert sink is not None, "a session has its front door"
        return _error(session, error, sink)


def _failed(session: Session, tag: str | None) -> Outcome:
    return SLOW if tag is None else session.block.dependency()


def _error(session: Session, error: Exception, sink: Sink) -> Outcome:
    session.answer_error(error, sink)
    return session.block.dependency()


# ---- transaction control


def _control(session: Session, entry: Entry, sink: Sink) -> Outcome:
    control = _CONTROLS.get(type(entry.statement))
    return control(session, entry.statement, sink) if control is not None else SLOW


def _begin(session: Session, statement: ast.Begin, sink: Sink) -> Outcome:
    block = session.block
    if block.state is not IDLE or session.txn is not None or statement.modes:
        return SLOW
    block.statement_time = session.shared.timestamp()
    sink.complete(block.begin(statement))
    return 0


def _commit(session: Session, statement: ast.Commit, sink: Sink) -> Outcome:
    block: Block = session.block
    if block.state is not BLOCK or statement.chain or not block.can_finish_now():
        return SLOW
    block.state = IDLE
    try:
        csn = block.finish_now()
    except LogWaits:
        block.state = BLOCK
        return SLOW
    except Exception as error:
        return _error(session, error, sink)
    sink.complete("COMMIT")
    return csn


_CONTROLS: dict[type, Callable[[Session, Any, Sink], Outcome]] = {ast.Begin: _begin, ast.Commit: _commit}

__all__ = ["SLOW", "Formats", "Outcome", "execute", "query", "run", "runnable", "sync"]
