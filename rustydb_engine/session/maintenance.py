"""DISCARD, LOCK TABLE, VACUUM, ANALYZE and CHECKPOINT.

Each handler is a generator (session, statement, portal) that returns its `Completion`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from rustydb_engine.catalog.objects import Table
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.waits import TICK, Completion, WaitFor, WaitUntil
from rustydb_engine.session import announcing
from rustydb_engine.session.prepared import Portal
from rustydb_engine.sql import ast
from rustydb_engine.storage.vacuum import analyze, vacuum
from rustydb_engine.txn.locks import MODE_NAMES, SHARE_UPDATE_EXCLUSIVE

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Steps = Generator[Any, Any, Completion]
CHECKPOINT_POLL_NS = 5_000_000

LOCK_MODES = {
    "access share": 0, "row share": 1, "row exclusive": 2, "share update exclusive": 3,
    "share": 4, "share row exclusive": 5, "exclusive": 6, "access exclusive": 7,
}  # fmt: skip
assert len(LOCK_MODES) == len(MODE_NAMES), "every mode has a name"


def _discard(session: Session, statement: ast.Discard, _portal: Portal) -> Steps:
    from rustydb_engine.session import utility

    yield from ()
    what = statement.what.upper()
    if what == "ALL":
        utility.require_outside_block(session, "DISCARD ALL")
        session.drop_portals(everything=True)
        session.settings.reset_all()
        session.statements.clear()
        session.last_values.clear()
        announcing.unlisten_all(session)
        session.release_advisory()
        utility.drop_temporary(session)
    elif what in ("SEQUENCES", "TEMP", "TEMPORARY"):
        if what == "SEQUENCES":
            session.last_values.clear()
        else:
            utility.drop_temporary(session)
            what = "TEMP"
    elif what != "PLANS":
        raise not_supported(f"DISCARD {what}")
    return Completion(f"DISCARD {what}")


def _lock(session: Session, statement: ast.LockTable, _portal: Portal) -> Steps:
    if session.block.state == "idle" and not session.block.implicit:
        raise SqlError("25P01", "LOCK TABLE can only be used in transaction blocks")
    mode = LOCK_MODES[statement.mode]
    txn = session.transaction()
    locks = session.database.manager.locks
    for name in statement.tables:
        table = _table(session, name.name)
        if table.kind == "virtual":
            raise SqlError("42501", f'permission denied: "{table.name}" is a system catalog')
        if statement.nowait:
            if not locks.try_acquire(txn, table.oid, mode):
                raise SqlError("55P03", f'could not obtain lock on relation "{table.name}"')
        else:
            while blockers := locks.acquire(txn, table.oid, mode):
                yield WaitFor(blockers)
    return Completion("LOCK TABLE")


def _table(session: Session, name: tuple[str, ...]) -> Table:
    space = session.space()
    found = space.catalog.resolve(name, space.path)
    if not isinstance(found, Table):
        raise SqlError("42809", f'"{found.name}" is not a table')
    return found


def _vacuum(session: Session, statement: ast.Vacuum, _portal: Portal) -> Steps:
    from rustydb_engine.session import utility

    options = {option.name: option.value for option in statement.options}
    analyzing = statement.analyze_only or "analyze" in options
    if not statement.analyze_only:
        utility.require_outside_block(session, "VACUUM")
    txn = session.transaction()
    if statement.tables:
        tables = [_table(session, name) for name, _ in statement.tables]
        for table, (_, columns) in zip(tables, statement.tables, strict=True):
            for column in columns:
                if table.column(column) is None:
                    raise SqlError("42703", f'column "{column}" of relation "{table.name}" does not exist')
    else:
        tables = [entry for entry in session.space().catalog.objects("table") if isinstance(entry, Table)]
    locks = session.database.manager.locks
    for table in tables:
        if table.kind != "table":
            continue
        while blockers := locks.acquire(txn, table.oid, SHARE_UPDATE_EXCLUSIVE):
            yield WaitFor(blockers)
        now = session.space().catalog.get(table.oid)
        if not isinstance(now, Table):
            continue  # dropped meanwhile; or, below, with another heap
        heap = session.database.heap(now.storage)
        if not statement.analyze_only:
            for _ in vacuum(heap):
                yield TICK
        if analyzing:
            for _ in analyze(heap, txn.snapshot()):
                yield TICK
    return Completion("ANALYZE" if statement.analyze_only else "VACUUM")


def _checkpoint(session: Session, _statement: ast.Checkpoint, _portal: Portal) -> Steps:
    shared = session.shared
    target = shared.surroundings.request_checkpoint()
    while shared.checkpoints_done < target:
        yield WaitUntil(shared.surroundings.now.mono_ns + CHECKPOINT_POLL_NS)
    return Completion("CHECKPOINT")


HANDLERS: dict[type, Callable[[Session, Any, Portal], Steps]] = {
    ast.Discard: _discard,
    ast.LockTable: _lock,
    ast.Vacuum: _vacuum,
    ast.Checkpoint: _checkpoint,
}
