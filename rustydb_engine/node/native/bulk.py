"""BulkInsert: rows of values into a table, by the way that COPY takes (session/copy_insert.py).

The rows of each message become one batch of the INSERT; each message that is done lets the client send another. All of it is one
statement: an error undoes it, and what is still on its way is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from rustydb_engine.catalog.objects import TableColumn
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import TICK, Wait
from rustydb_engine.node.native.lane import Lane, Task, session_of
from rustydb_engine.node.native.result import Result
from rustydb_engine.node.native.values import engine_converter
from rustydb_engine.session.copying import NEED_COPY_DATA, NeedCopyData, locked_target
from rustydb_engine.session.session import Session
from rustydb_engine.sql import ast
from rustydb_engine.sql.parser import parse
from rustydb_proto.binary import messages as m

if TYPE_CHECKING:
    from rustydb_engine.node.native.front import NativeFront

Work = Generator[Wait | NeedCopyData, object, str]
CHUNK_ROWS = 2_000


def start_bulk_insert(lane: Lane, task: Task) -> None:
    """Begin an insert; its further rows come into `task.uploads`."""
    message = task.message
    assert isinstance(message, m.BulkInsert), "the table says so"
    session = session_of(lane)
    result = Result(lane.front, task.request, session.settings.forms, None)
    session.query = f"BULK INSERT {message.table}"
    work = session.perform(_insert(lane.front, session, task.request, message), result)
    lane.begin(result, work, message.options.timeout_ms if message.options is not None else 0)
    lane.proceed()


def _insert(front: NativeFront, session: Session, request: int, message: m.BulkInsert) -> Work:
    statement = ast.Copy(table=table_name(message.table), columns=message.columns)
    _table, columns, inserter = yield from _waiting(session, locked_target(session, statement))
    convert = _row_converter(session, columns)
    count = 0
    rows, more = message.rows, message.more
    while True:
        for first in range(0, len(rows), CHUNK_ROWS):
            chunk = [convert(row, count + number) for number, row in enumerate(rows[first : first + CHUNK_ROWS], 1)]
            count += yield from _waiting(session, inserter(chunk))
            yield TICK
        if not more:
            return f"INSERT 0 {count}"
        upload = yield NEED_COPY_DATA
        assert isinstance(upload, m.BulkRows), "the lane gives what the client sent"
        rows, more = upload.rows, upload.more
        if more:
            front.grant(request)


def _waiting(session: Session, steps: Generator[Any, Any, Any]) -> Generator[Wait | NeedCopyData, object, Any]:
    """Run steps whose waits must be known to the graph of waiting transactions."""
    while True:
        try:
            item = steps.send(None)
        except StopIteration as stop:
            return stop.value
        yield from session.run_waits(item)


def table_name(text: str) -> tuple[str, ...]:
    """Return the name of a table that is written as in SQL; 42602 when it is not one."""
    try:
        parsed = parse(f"COPY {text} FROM STDIN")
    except SqlError:
        parsed = []
    statement = parsed[0][0] if len(parsed) == 1 else None
    if not isinstance(statement, ast.Copy) or statement != ast.Copy(table=statement.table):
        raise SqlError("42602", f'"{text[:128]}" is not the name of a table')
    return statement.table


def _row_converter(session: Session, columns: tuple[TableColumn, ...]) -> Callable[[m.Row, int], tuple[object, ...]]:
    forms = session.settings.forms
    converters = [engine_converter(column.type, column.typmod, forms, session.object_named) for column in columns]
    width = len(converters)

    def convert(row: m.Row, number: int) -> tuple[object, ...]:
        if len(row) != width:
            raise SqlError("22P04", f"row {number} has {len(row)} values, but there are {width} columns")
        try:
            return tuple(
                [None if part is None else to_engine(part) for to_engine, part in zip(converters, row, strict=True)]
            )
        except SqlError as error:
            error.where = error.where or f"row {number} of a bulk insert"
            raise

    return convert
