"""Statements that are not queries: which generator runs each, and what Describe says of them.

`HANDLERS` maps the class of a syntax tree to a function (session, statement, portal) that returns the steps: a generator of rows
and waits whose value is the completion. DDL goes to the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl import DDL_STATEMENTS, run_ddl
from rustydb_engine.exec.ddl.temporary import drop_temporary_schema
from rustydb_engine.exec.explain import explain, explain_type
from rustydb_engine.exec.result import ResultColumn
from rustydb_engine.exec.waits import Completion
from rustydb_engine.session import announcing, cursors, maintenance, statements
from rustydb_engine.session import copying as copying_
from rustydb_engine.session.entry import Entry, Formats
from rustydb_engine.session.locking import table_locks
from rustydb_engine.session.prepared import Portal
from rustydb_engine.sql import ast

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Steps = Generator[Any, Any, Completion]
"""Steps also carry copy data, so their items are of several kinds; each handler says which."""

LEVELS = ("DEBUG5", "DEBUG4", "DEBUG3", "DEBUG2", "DEBUG1", "LOG", "NOTICE", "WARNING", "ERROR")


def describe(session: Session, entry: Entry) -> None:
    """Set the columns of an entry that has no plan."""
    if entry.plan is not None or entry.statement is None:
        return
    describer = DESCRIBERS.get(type(entry.statement))
    if describer is not None:
        columns = describer(session, entry.statement)
        if columns != entry.columns:
            entry.columns = columns
            entry.wire.clear()


def formats(session: Session, entry: Entry) -> Formats:
    """Return the formats of a simple query's rows: text, but for FETCH from a binary cursor."""
    statement = entry.statement
    if isinstance(statement, ast.Fetch):
        cursor = session.portals.get(statement.cursor)
        if cursor is not None and cursor.binary:
            return (1,)
    return ()


def steps(session: Session, portal: Portal, statement: ast.AnyStatement) -> Steps:
    """Return the steps of a statement that has no plan."""
    handler = HANDLERS.get(type(statement))
    if handler is not None:
        return handler(session, statement, portal)
    if isinstance(statement, ast.Statement) and isinstance(statement, DDL_STATEMENTS):
        return _ddl(session, statement)
    if isinstance(statement, ast.Unsupported):
        raise not_supported(statement.what, statement.pos if statement.pos >= 0 else None)
    raise not_supported(type(statement).__name__)


def _ddl(session: Session, statement: ast.Statement) -> Steps:
    txn = session.transaction()
    if txn.read_only:
        name = type(statement).__name__
        words = "".join(" " + char if char.isupper() else char.upper() for char in name).strip().upper()
        raise SqlError("25006", f"cannot execute {words} in a read-only transaction")
    if isinstance(statement, ast.CreateIndex) and statement.concurrently:
        require_outside_block(session, "CREATE INDEX CONCURRENTLY")
    context = session.context
    context.start(txn, session.block.statement_time)
    tag = yield from run_ddl(statement, context)
    return Completion(tag) if isinstance(tag, str) else tag


def _explain(session: Session, statement: ast.Explain, portal: Portal) -> Steps:
    inner = statement.statement
    if isinstance(inner, ast.Execute):
        prepared, params = statements.arguments(session, inner)
        entry = prepared.entry
    else:
        if not isinstance(inner, ast.Query):
            raise not_supported("EXPLAIN of this statement")
        entry = session.space().plan(Entry(session.query, inner, 0), tuple(portal.entry.parameters))
        params = portal.params
    plan = entry.plan
    if plan is None:
        raise not_supported("EXPLAIN of a statement that is not a query")
    context = session.context
    context.start(session.transaction(), session.block.statement_time)
    yield from table_locks(session, plan)
    return (yield from explain(plan, statement.options, context, params))


def require_outside_block(session: Session, what: str) -> None:
    """Refuse a statement inside a transaction block (25001)."""
    if session.block.state != "idle":
        raise SqlError("25001", f"{what} cannot run inside a transaction block")
    if session.block.implicit:
        raise SqlError("25001", f"{what} cannot be executed from a function or multi-command string")


def drop_temporary(session: Session) -> None:
    """Drop the temporary tables of a session that ends."""
    drop_temporary_schema(session.database, session.process_id)


def message_wanted(least: str, severity: str) -> bool:
    """Whether client_min_messages lets a notice through; INFO always passes."""
    if severity == "INFO":
        return True
    return LEVELS.index(severity) >= LEVELS.index({"DEBUG": "DEBUG2"}.get(least.upper(), least.upper()))


def split_identifiers(text: str) -> list[str]:
    """Split a list of identifiers as in search_path: folded to lower case unless quoted; 22023 when malformed."""
    names: list[str] = []
    position = 0
    while position < len(text):
        while position < len(text) and text[position] in " ,\t\n":
            position += 1
        if position >= len(text):
            break
        if text[position] == '"':
            end = text.find('"', position + 1)
            while end >= 0 and text.startswith('"', end + 1):
                end = text.find('"', end + 2)
            if end < 0:
                raise SqlError("22023", 'invalid value for parameter "search_path"', detail="List syntax is invalid.")
            names.append(text[position + 1 : end].replace('""', '"'))
            position = end + 1
        else:
            end = text.find(",", position)
            end = len(text) if end < 0 else end
            names.append(text[position:end].strip().lower())
            position = end
    return names


_UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "": 1}


def milliseconds(shown: str) -> int:
    """Return the milliseconds of a time parameter as SHOW prints it (`1min`, `250ms`, `0`)."""
    digits = shown.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits) * _UNITS[shown[len(digits) :]]


DESCRIBERS: dict[type, Callable[[Session, Any], tuple[ResultColumn, ...]]] = {
    ast.Show: statements.show_columns,
    ast.Explain: lambda session, statement: (ResultColumn("QUERY PLAN", explain_type(statement.options)),),
    ast.Execute: statements.execute_columns,
    ast.Fetch: cursors.fetch_columns,
}

HANDLERS: dict[type, Callable[[Session, Any, Portal], Steps]] = {
    **statements.HANDLERS,
    **cursors.HANDLERS,
    **maintenance.HANDLERS,
    **announcing.HANDLERS,
    ast.Explain: _explain,
    ast.Copy: lambda session, statement, portal: copying_.copy(session, statement),
}
