"""COPY in a session: the wait for the client's data, and the two directions.

COPY FROM reads pieces of data as replies to `NEED_COPY_DATA`, decodes them into raw fields (copy/decode.py), turns those
into rows by the column types, and inserts batches. COPY TO runs a query and encodes its rows (copy/encode.py).

Source: PostgreSQL 15, COPY, and section 55.2.6.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, final

from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.copy.columns import ColumnReader
from rustydb_engine.copy.convert import converter_for
from rustydb_engine.copy.decode import BinaryDecoder, RawRow, decoder_for
from rustydb_engine.copy.encode import encoder_for
from rustydb_engine.copy.options import CopyOptions, copy_options
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.result import CompiledPlan
from rustydb_engine.exec.waits import TICK, Completion, Wait
from rustydb_engine.session.copy_insert import Inserter, copy_inserter
from rustydb_engine.session.locking import table_locks
from rustydb_engine.sql import ast

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Row = tuple[object, ...]


@final
class NeedCopyData:
    """Wait for copy data: the reply is a piece of it, b"" at its end, or `CopyAbandoned`."""

    __slots__ = ()


NEED_COPY_DATA = NeedCopyData()


@final
class CopyAbandoned:
    """The reply of a client that gave up its copy; `gone` when it broke off the connection."""

    __slots__ = ("error", "gone")

    def __init__(self, error: SqlError, gone: bool = False) -> None:
        self.error = error
        self.gone = gone


Work = Generator[Wait | NeedCopyData, object, Completion]


def copy(session: Session, statement: ast.Copy) -> Work:
    """Run COPY."""
    options = copy_options(statement)
    if statement.program or statement.target not in ("stdin", "stdout"):
        raise not_supported(
            "COPY to or from a file or program of the server", hint="Use STDIN or STDOUT, or psql's \\copy."
        )
    if statement.to:
        return (yield from _copy_to(session, statement, options))
    return (yield from _copy_from(session, statement, options))


def _copy_to(session: Session, statement: ast.Copy, options: CopyOptions) -> Work:
    plan = yield from _locked_query(session, statement)
    sink = session.sink
    assert sink is not None, "copies run inside _working"
    names = [column.name for column in plan.columns]
    for name in options.force_quote:
        if name != "*" and name not in names:
            raise SqlError("42703", f'column "{name}" does not exist')
    encoder = encoder_for(options, [column.type for column in plan.columns], names, session.settings.forms)
    sink.copy_out(options.form == "binary", len(names))
    head = encoder.start()
    if head and options.form != "binary":
        sink.copy_data([head])
        head = b""
    count = 0
    context = session.context
    context.start(session.transaction(), session.block.statement_time)
    steps = [plan.run(context, ())] if plan.instant else plan.steps(context, ())
    manager, snapshot = session.database.manager, context.snapshot
    manager.hold(snapshot)
    try:
        for item in steps:
            if not isinstance(item, list):
                yield item
            elif item:
                count += len(item)
                data = encoder.rows(item)
                data[0] = head + data[0]  # clients expect the header of the binary form together with the first row
                head = b""
                sink.copy_data(data)
                yield TICK
    finally:
        manager.release(snapshot)
    tail = head + encoder.end()
    if tail:
        sink.copy_data([tail])
    sink.copy_done()
    return Completion("COPY", count)


def _locked_query(session: Session, statement: ast.Copy) -> Generator[Wait | NeedCopyData, object, CompiledPlan]:
    """Plan the query of COPY TO and lock what it reads; plan again after a wait, whose holder may have changed it."""
    while True:
        plan = _query_plan(session, statement)
        waited = False
        for item in table_locks(session, plan):
            waited = True
            yield item
        if not waited:
            return plan


def _query_plan(session: Session, statement: ast.Copy) -> CompiledPlan:
    from rustydb_engine.session.entry import Entry

    query = statement.query
    if query is None:
        table, columns = _target(session, statement)
        if table.kind == "view":
            raise SqlError(
                "42809", f'cannot copy from view "{table.name}"', hint="Try the COPY (SELECT ...) TO variant."
            )
        targets = tuple(ast.Target(ast.Column((column.name,))) for column in columns)
        query = ast.Select(targets, (ast.FromTable(statement.table),))
    if not isinstance(query, ast.Query):
        raise SqlError("0A000", "COPY query must be a SELECT or have a RETURNING clause")
    plan = session.space().plan(Entry(session.query, query, 0), ()).plan
    assert plan is not None, "queries are planned"
    if not plan.columns:
        raise SqlError("0A000", "COPY query must have a RETURNING clause")
    return plan


def _target(session: Session, statement: ast.Copy) -> tuple[Table, tuple[TableColumn, ...]]:
    """Return the table of a COPY and the columns it names, in that order."""
    space = session.space()
    table = space.catalog.resolve(statement.table, space.path)
    if not isinstance(table, Table):
        raise SqlError("42809", f'cannot copy relation "{table.name}": it is no table')
    if not statement.columns:
        return table, tuple(column for column in table.live() if not column.generated)
    found: list[TableColumn] = []
    for name in statement.columns:
        column = table.column(name)
        if column is None:
            raise SqlError("42703", f'column "{name}" of relation "{table.name}" does not exist')
        if column.generated:
            raise SqlError(
                "42P10", f'column "{name}" is a generated column', detail="Generated columns cannot be used in COPY."
            )
        if column in found:
            raise SqlError("42701", f'column "{name}" specified more than once')
        found.append(column)
    return table, tuple(found)


def locked_target(
    session: Session, statement: ast.Copy
) -> Generator[Wait | NeedCopyData, object, tuple[Table, tuple[TableColumn, ...], Inserter]]:
    """Find the table of COPY FROM and lock it; find it again after a wait, whose holder may have changed it."""
    while True:
        table, columns = _target(session, statement)
        if table.kind != "table":
            kind = "view" if table.kind == "view" else "system table"
            raise SqlError("42809", f'cannot copy to {kind} "{table.name}"')
        plan, inserter = copy_inserter(session, table, columns, statement.where)
        waited = False
        for item in table_locks(session, plan):
            waited = True
            yield item
        if not waited:
            if table.persistence != "t":
                session.context.start(session.transaction(), session.block.statement_time)
                session.context.writable("COPY FROM")
            return table, columns, inserter


def _copy_from(session: Session, statement: ast.Copy, options: CopyOptions) -> Work:
    table, columns, inserter = yield from locked_target(session, statement)
    sink = session.sink
    assert sink is not None, "copies run inside _working"
    for name in (*options.force_null, *options.force_not_null):
        if name != "*" and name not in [column.name for column in columns]:
            raise SqlError("42703", f'column "{name}" does not exist')
    convert = converter_for(table, columns, options, session.settings.forms)
    decoder = decoder_for(options, len(columns))
    plain = ColumnReader(columns, options, session.settings.forms)
    sink.copy_in(options.form == "binary", len(columns))
    count = 0
    checked = options.header != "match"
    while True:
        reply = yield NEED_COPY_DATA
        raw: list[RawRow] = []
        if isinstance(reply, CopyAbandoned):
            raise reply.error
        assert isinstance(reply, bytes), "copy replies are data"
        rows: list[Row] | None = None
        if reply and not isinstance(decoder, BinaryDecoder):
            text = decoder.lines(reply)
            if decoder.in_rows and (rows := plain.rows(text)) is not None:
                decoder.taken(len(rows))
            else:
                raw = decoder.rows(text) if text else []
        else:
            raw = decoder.feed(reply) if reply else decoder.finish()
        if not checked and decoder.header is not None:
            checked = True
            _match_header(decoder.header, columns)
        if rows or raw:
            first = decoder.first
            try:
                if rows is None:
                    rows = convert(raw, first)
                count += yield from inserter(rows)
            except SqlError as error:
                error.where = error.where or _place(table, decoder, len(rows or raw), first)
                raise
            yield TICK
        if not reply:
            return Completion("COPY", count)


def _place(table: Table, decoder: object, count: int, first: int) -> str:
    if isinstance(decoder, BinaryDecoder) or count > 1:
        return f"COPY {table.name}, lines {first + 1} to {first + count}"
    return f"COPY {table.name}, line {first + 1}"


def _match_header(header: RawRow, columns: tuple[TableColumn, ...]) -> None:
    if len(header) != len(columns):
        raise SqlError("22P04", f"wrong number of fields in header line: got {len(header)}, expected {len(columns)}")
    for number, (field, column) in enumerate(zip(header, columns, strict=True), 1):
        if field != column.name:
            shown = "null value" if field is None else f'"{field!s}"'
            raise SqlError(
                "22P04", f'column name mismatch in header line field {number}: got {shown}, expected "{column.name}"'
            )
