"""How each request is begun on a lane: SQL texts, prepared statements, batches, transactions.

The functions of `STARTERS` are given a lane and a task that is the lane's now. They answer it at once (the short way), or give the
lane the work that will.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Final

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.waits import Wait, WaitDurable
from rustydb_engine.node.native.bulk import start_bulk_insert
from rustydb_engine.node.native.lane import Lane, Task, session_of
from rustydb_engine.node.native.result import Result, error_fields
from rustydb_engine.node.native.values import Convert, engine_converter, natural_type, wire_column
from rustydb_engine.session import fast, utility
from rustydb_engine.session.copying import NeedCopyData
from rustydb_engine.session.entry import Entry
from rustydb_engine.session.plans import Space
from rustydb_engine.session.session import Session
from rustydb_engine.values.types import BY_OID, TEXT, Type
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.values import Value

if TYPE_CHECKING:
    from rustydb_engine.node.native.front import NativeFront

Work = Generator[Wait | NeedCopyData, object, None]
Types = tuple[Type | None, ...]
KNOWN_MAX: Final = 500


class Prepared:
    """A statement with parameters, known to the connection: it runs on any of its sessions.

    `entry` is what it was on the session whose plan space is `space`, with the converters of its parameters; it is found
    again when the space, the catalog or the sizes of tables have changed.
    """

    __slots__ = ("converters", "entry", "space", "sql", "types", "untyped", "uses")

    def __init__(self, sql: str, types: Types) -> None:
        self.sql = sql
        self.types = types
        self.space: Space | None = None
        self.entry: Entry | None = None
        self.converters: tuple[Convert, ...] = ()
        self.untyped = False
        self.uses = 0

    def find(self, session: Session) -> Entry:
        """Return the entry for a session; SqlError when the statement is wrong."""
        space = session.space()
        entry = self.entry
        self.uses += 1
        if entry is not None and self.space is space and entry.version == space.catalog.version and self.uses % 256:
            return entry
        entry = space.prepare_typed(self.sql, self.types)
        if entry.plan is None and entry.statement is not None:
            utility.describe(session, entry)
        self.converters = _converters(session, entry)
        self.untyped = TEXT in entry.parameters
        self.space, self.entry = space, entry
        return entry


def _converters(session: Session, entry: Entry) -> tuple[Convert, ...]:
    forms = session.settings.forms
    return tuple([engine_converter(kind, -1, forms, session.object_named) for kind in entry.parameters])


def bind_values(
    session: Session, prepared: Prepared, parameters: tuple[Value, ...]
) -> tuple[Entry, tuple[object, ...]]:
    """Return the entry of a statement and its parameters in the forms of the types that it wants.

    A parameter whose type nothing in the statement tells is a text to PostgreSQL; here it has the type of its value.
    """
    entry = prepared.find(session)
    converters = prepared.converters
    if prepared.untyped:
        entry, converters = _typed_by_values(session, prepared, entry, parameters)
    if len(converters) != len(parameters):
        count = len(converters)
        raise SqlError("08P01", f"{len(parameters)} parameters are given, but the statement has {count}")
    if len(parameters) == 1:
        only = parameters[0]
        return entry, (None if only is None else converters[0](only),)
    return entry, tuple(
        [
            None if parameter is None else convert(parameter)
            for convert, parameter in zip(converters, parameters, strict=True)
        ]
    )


def _typed_by_values(
    session: Session, prepared: Prepared, entry: Entry, parameters: tuple[Value, ...]
) -> tuple[Entry, tuple[Convert, ...]]:
    hints: list[Type | None] = []
    for number, kind in enumerate(entry.parameters):
        declared = prepared.types[number] if number < len(prepared.types) else None
        value = parameters[number] if number < len(parameters) else None
        hints.append(declared or (natural_type(value) if kind is TEXT else None))
    if any(hint is not None and kind is TEXT for hint, kind in zip(hints, entry.parameters, strict=True)):
        try:
            typed = session.space().prepare_typed(prepared.sql, tuple(hints))
        except SqlError:
            return entry, prepared.converters  # the statement wants a text after all
        return typed, _converters(session, typed)
    return entry, prepared.converters


# ---- statements


def start_query(lane: Lane, task: Task) -> None:
    """Run SQL text, which may have several statements."""
    message = task.message
    assert isinstance(message, m.Query), "the table says so"
    _run_text(lane, task, message.sql, None)


def start_execute(lane: Lane, task: Task) -> None:
    """Run one statement."""
    message = task.message
    assert isinstance(message, m.Execute), "the table says so"
    options = message.options
    if not message.parameters and (options is None or not options.row_limit):
        _run_text(lane, task, message.sql, options)
    else:
        _run_typed(lane, task, _known(lane.front, message.sql), message.parameters, options)


def _known(front: NativeFront, sql: str) -> Prepared:
    """Return a text with parameters as a statement that is prepared, the same as the last time."""
    known = front.known
    found = known.get(sql)
    if found is None:
        if len(known) >= KNOWN_MAX:
            known.clear()
        found = known[sql] = Prepared(sql, ())
    return found


def start_execute_prepared(lane: Lane, task: Task) -> None:
    """Run a prepared statement."""
    message = task.message
    assert isinstance(message, m.ExecutePrepared), "the table says so"
    prepared = lane.front.prepared.get(message.statement)
    if prepared is None:
        session_of(lane).fail()
        error = SqlError("26000", f"prepared statement {message.statement} does not exist")
        lane.reply(m.Error(error_fields(error)))
        return
    _run_typed(lane, task, prepared, message.parameters, message.options)


def _run_text(lane: Lane, task: Task, sql: str, options: m.Options | None) -> None:
    session = session_of(lane)
    result = Result(lane.front, task.request, session.settings.forms, options)
    try:
        outcome = fast.query(session, sql, result)
    except Exception as error:
        session.answer_error(error, result)
        outcome = 0
    if outcome is None:
        lane.begin(result, session.simple(sql, result), options.timeout_ms if options is not None else 0)
    else:
        lane.done(result, outcome)


def _run_typed(
    lane: Lane, task: Task, prepared: Prepared, parameters: tuple[Value, ...], options: m.Options | None
) -> None:
    session = session_of(lane)
    result = Result(lane.front, task.request, session.settings.forms, options)
    outcome = _typed(session, prepared, parameters, result, options.row_limit if options is not None else 0)
    if isinstance(outcome, int):
        lane.done(result, outcome)
    else:
        lane.begin(result, outcome, options.timeout_ms if options is not None else 0)


def _typed(
    session: Session, prepared: Prepared, parameters: tuple[Value, ...], result: Result, row_limit: int
) -> int | Work:
    """Run a statement with parameters; return what its answer must wait for, or the work that is left."""
    try:
        entry, values = bind_values(session, prepared, parameters)
    except Exception as error:
        session.answer_error(error, result)
        return session.block.dependency()
    if not row_limit and fast.runnable_entry(session, entry):
        return fast.run_entry(session, entry, values, (), result, False)
    session.keep_portal("", entry, values, utility.formats(session, entry) if entry.plan is None else ())
    if row_limit:
        return _run_limited(session, row_limit, result)
    return session.run_out(result)


def _run_limited(session: Session, row_limit: int, result: Result) -> Work:
    yield from session.execute("", row_limit, result)
    session.close("P", "")
    yield from session.sync(result)


def start_prepare(lane: Lane, task: Task) -> None:
    """Prepare a statement for all sessions of the connection."""
    message = task.message
    assert isinstance(message, m.Prepare), "the table says so"
    session = session_of(lane)
    front = lane.front
    try:
        types = tuple([_declared(oid) for oid in message.parameter_types])
        if len(front.prepared) >= session.shared.config.prepared_max:
            raise SqlError("53400", f"too many prepared statements: the limit is {session.shared.config.prepared_max}")
        session.check_size(message.sql)
        prepared = Prepared(message.sql, types)
        entry = prepared.find(session)
    except Exception as error:
        session.fail()
        lane.reply(m.Error(error_fields(session.shared.internal_error(error))), session.block.dependency())
        return
    number = front.keep_prepared(prepared)
    columns = tuple([wire_column(column) for column in entry.columns])
    lane.reply(m.Prepared(number, tuple([kind.oid for kind in entry.parameters]), columns))


def _declared(oid: int) -> Type | None:
    if not oid:
        return None
    kind = BY_OID.get(oid)
    if kind is None:
        raise SqlError("42704", f"type with OID {oid} does not exist")
    return kind


# ---- batches


def start_batch(lane: Lane, task: Task) -> None:
    """Run statements in order, each with a response of its own."""
    message = task.message
    assert isinstance(message, m.Batch), "the table says so"
    timeout_ms = message.options.timeout_ms if message.options is not None else 0
    session = session_of(lane)
    final = Result(lane.front, task.request, session.settings.forms, None)
    lane.begin(final, _batch(lane.front, session, task.request, message, final), timeout_ms)
    lane.node.enqueue(lane)


def _batch(front: NativeFront, session: Session, request: int, batch: m.Batch, final: Result) -> Work:
    own = batch.transactional and session.status == "I"
    if own:
        yield from _text(session, "BEGIN", final)
    for statement in batch.statements:
        result = Result(front, request, session.settings.forms, None, more=True)
        if statement.parameters:
            outcome = _typed(session, _known(front, statement.sql), statement.parameters, result, 0)
            if isinstance(outcome, int):
                yield from _durable(session, outcome)
            else:
                yield from outcome
        else:
            yield from _text(session, statement.sql, result)
        result.finish()
        if result.error_seen is not None and batch.transactional:
            if own:
                yield from session.simple("ROLLBACK", final)
            final.error_seen = result.error_seen
            return
        assert result.body is not None, "a finished result has its response"
        front.answer_body(request, result.body, more=True)
    if own:
        if session.status == "I":  # a statement of the batch has ended the transaction
            final.error_seen = SqlError("25P01", "a statement of the batch has ended its transaction")
            return
        yield from _text(session, "COMMIT", final)
    if final.error_seen is None:
        final.body = front.machine.encode(m.Ok())


def _text(session: Session, sql: str, result: Result) -> Work:
    """Run a text as part of other work."""
    try:
        outcome = fast.query(session, sql, result)
    except Exception as error:
        session.answer_error(error, result)
        return
    if outcome is None:
        yield from session.simple(sql, result)
    else:
        yield from _durable(session, outcome)


def _durable(session: Session, csn: int) -> Work:
    if csn > session.database.durable_csn:
        yield WaitDurable(csn)


# ---- transactions

_ISOLATIONS: Final = ("read uncommitted", "read committed", "repeatable read", "serializable")


def start_begin_current(lane: Lane, task: Task) -> None:
    """Begin the connection's current transaction."""
    if session_of(lane).status != "I":
        error = SqlError("25001", "there is already a transaction in progress")
        lane.reply(m.Error(error_fields(error)))
        return
    lane.front.forget_transaction(lane)  # a COMMIT in SQL has ended it
    _begin(lane, task, "BEGIN")


def start_begin(lane: Lane, task: Task) -> None:
    """Begin a transaction of its own, on a lane that was opened for it."""
    message = task.message
    assert isinstance(message, m.Begin), "the table says so"
    parts = ["BEGIN"]
    if message.isolation:
        level = message.isolation.lower().replace("_", " ")
        if level not in _ISOLATIONS:
            lane.front.forget_transaction(lane)
            error = SqlError("22023", f'isolation level "{message.isolation[:64]}" does not exist')
            lane.reply(m.Error(error_fields(error)))
            return
        parts.append(f"ISOLATION LEVEL {level.upper()}")
    if message.read_only is not None:
        parts.append("READ ONLY" if message.read_only else "READ WRITE")
    if message.deferrable is not None:
        parts.append("DEFERRABLE" if message.deferrable else "NOT DEFERRABLE")
    _begin(lane, task, " ".join(parts))


def _begin(lane: Lane, task: Task, sql: str) -> None:
    session = session_of(lane)
    result = Result(lane.front, task.request, session.settings.forms, None)

    def begin() -> Work:
        yield from _text(session, sql, result)
        if result.error_seen is None:
            lane.front.number_transaction(lane)
            result.body = lane.front.machine.encode(m.TransactionId(lane.transaction))
        else:
            lane.front.forget_transaction(lane)

    _run_now(lane, result, begin())


def start_end(lane: Lane, task: Task) -> None:
    """Commit or roll back the transaction of the lane."""
    commit = isinstance(task.message, m.Commit | m.CommitTransaction)
    session = session_of(lane)
    if session.status == "I":
        lane.front.forget_transaction(lane)
        lane.reply(m.Error(error_fields(SqlError("25P01", "there is no transaction in progress"))))
        return
    result = Result(lane.front, task.request, session.settings.forms, None)

    def end() -> Work:
        failed = session.status == "E"
        yield from _text(session, "COMMIT" if commit else "ROLLBACK", result)
        lane.front.forget_transaction(lane)
        if result.error_seen is None and commit and failed:
            result.error_seen = SqlError("25P02", "the transaction was aborted by an error, and is rolled back")
        if result.error_seen is None:
            result.body = lane.front.machine.encode(m.Ok())

    _run_now(lane, result, end())


def _run_now(lane: Lane, result: Result, work: Work) -> None:
    """Begin work that most often has nothing to wait for."""
    lane.begin(result, work)
    lane.proceed()


Starter = Callable[[Lane, Task], None]
STARTERS: Final[Mapping[type, Starter]] = {
    m.Query: start_query,
    m.Execute: start_execute,
    m.ExecutePrepared: start_execute_prepared,
    m.Prepare: start_prepare,
    m.Batch: start_batch,
    m.BulkInsert: start_bulk_insert,
    m.BeginTransaction: start_begin_current,
    m.Begin: start_begin,
    m.Commit: start_end,
    m.Rollback: start_end,
    m.CommitTransaction: start_end,
    m.RollbackTransaction: start_end,
}
