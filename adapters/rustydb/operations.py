"""Operations on many rows or statements, and what the server tells unasked: generators as in core.py.

execute_many     one statement with many parameters, pipelined: a window of requests is open at any moment
batch            several statements in one message
Upload           BulkInsert in pieces, as many on their way as the server grants
Stream           a result in batches, with credit: what is held here is bounded by `fetch_rows`
next_notification, listen, Feed (subscriptions)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rustydb.conversation import Conversation, Operation, Pending, again, error_of
from rustydb.core import ClientCore, OpenTransaction, begin, columns_of, expect, fate, result_of
from rustydb.errors import DatabaseError, DataError, Error, InterfaceError, ProgrammingError
from rustydb.parameters import Parameters, prepare_sql
from rustydb.rows import Column, Result, Row, rows_of_tag
from rustydb.values import decode_rows, encode_all
from rustydb_proto.binary import messages as m

WINDOW: Final = 256
"""Requests of execute_many that are on their way at one moment."""
UPLOAD_ROWS: Final = 1000
UPLOAD_BYTES: Final = 1 << 20
OPERATIONS: Final = {1: "INSERT", 2: "UPDATE", 4: "DELETE", 8: "TRUNCATE"}
Statement = str | Sequence[object] | Mapping[str, object]


# ---- many parameters, many statements


def execute_many(
    core: ClientCore,
    sql: str,
    parameters: Iterable[Parameters],
    transaction: OpenTransaction | None = None,
    timeout: float | None = None,
) -> Operation[list[Result]]:
    """Run a statement once for each set of parameters, all or none; return the result of each.

    Outside a transaction it is one of its own. The timeout holds for the whole. The error of a set names it in `fields["index"]`.
    """
    target = transaction if transaction is not None else core.current()
    if target is not None:
        return (yield from _pipeline(core, sql, parameters, target, timeout))
    own = yield from begin(core, stacked=False, timeout=timeout)
    try:
        results = yield from _pipeline(core, sql, parameters, own, timeout)
    except Error:
        yield from own.rollback(timeout)
        raise
    yield from own.commit(timeout)
    return results


def _pipeline(
    core: ClientCore, sql: str, parameters: Iterable[Parameters], target: OpenTransaction, timeout: float | None
) -> Operation[list[Result]]:
    target.require_open()
    conversation, until = target.conversation, core.until(timeout)
    options = m.Options(transaction=target.number)
    results: list[Result] = []
    waiting: deque[Pending] = deque()
    prepared = None
    try:
        for one in parameters:
            text, given = prepare_sql(sql, one)
            if prepared is None:
                answer = yield from conversation.answer(m.Prepare(text), until)
                prepared = expect(answer, m.Prepared)
            message = m.ExecutePrepared(prepared.statement, encode_all(given), options)
            while waiting and (len(waiting) >= WINDOW or not conversation.takes(message)):
                results.append((yield from _collected(core, conversation, waiting, len(results), until)))
            waiting.append(conversation.start(message))
        while waiting:
            results.append((yield from _collected(core, conversation, waiting, len(results), until)))
    except DatabaseError as error:
        if conversation.failure is None:
            raise
        raise fate(error, True, False) from error
    finally:
        for pending in waiting:
            conversation.abandon(pending)
        if prepared is not None:
            conversation.forget(m.ClosePrepared(prepared.statement))
    return results


def _collected(
    core: ClientCore, conversation: Conversation, waiting: deque[Pending], index: int, until: int | None
) -> Operation[Result]:
    try:
        result = yield from core.collect(conversation, waiting[0], until)
    except Error as error:
        error.fields["index"] = index
        raise
    waiting.popleft()
    return result


def batch(
    core: ClientCore,
    statements: Sequence[Statement] | Mapping[str, object],
    transaction: bool,
    inside: OpenTransaction | None = None,
    timeout: float | None = None,
) -> Operation[list[Result | Error]]:
    """Run statements in one message and return the result of each.

    With `transaction`, all or none: the first error is raised. Without, each stands for itself and an error is in the place of its result.
    A statement is a text, a pair of text and parameters, or a mapping with `sql` and `params`.
    """
    if isinstance(statements, Mapping):
        transaction = bool(statements.get("transaction", transaction))
        listed = statements.get("statements")
        if not isinstance(listed, Sequence) or isinstance(listed, str):
            raise InterfaceError('batch: a mapping has its statements as a list under "statements"', "07001")
        statements = listed
    made = tuple(_statement(number, one) for number, one in enumerate(statements, 1))
    if not made:
        return []
    target = inside if inside is not None else core.current()
    conversation = yield from core.conversation_for(target)
    until = core.until(timeout)
    options = m.Options(transaction=target.number if target is not None else 0)
    pending = conversation.start(m.Batch(made, transaction, options))
    results: list[Result | Error] = []
    try:
        while True:
            response = yield from conversation.next_raw(pending, until)
            if isinstance(response, m.Error):
                if transaction or (pending.done and not pending.responses):
                    error = error_of(response.fields)
                    error.fields["index"] = len(results)
                    raise error
                results.append(error_of(response.fields))
            elif isinstance(response, m.QueryResult):
                results.append(result_of(response))
            else:
                expect(response, m.Ok)
                return results
    except DatabaseError as error:
        if conversation.failure is None:
            raise
        raise fate(error, target is not None, False) from error
    finally:
        conversation.abandon(pending)


def _statement(number: int, one: Statement) -> m.Statement:
    parameters: object = None
    if isinstance(one, str):
        sql: object = one
    elif isinstance(one, Mapping):
        unknown = set(one) - {"sql", "params", "parameters"}
        if unknown:
            raise InterfaceError(
                f"batch: statement {number} has {sorted(unknown)[0]!r}; known are sql and params", "07001"
            )
        sql, parameters = one.get("sql"), one.get("params", one.get("parameters"))
    elif isinstance(one, Sequence) and len(one) == 2:
        sql, parameters = one
    else:
        sql = None
    if not isinstance(sql, str):
        raise InterfaceError(
            f"batch: statement {number} is a text, a pair (sql, params), or a mapping with sql", "07001"
        )
    text, given = prepare_sql(sql, parameters)  # type: ignore[arg-type]  # checked there
    return m.Statement(text, encode_all(given))


# ---- bulk insert


class Upload:
    """A BulkInsert in pieces: `send` as often as there are rows, then `finish`; `abort` when there will be none."""

    def __init__(
        self,
        core: ClientCore,
        table: str,
        columns: Sequence[str] | None,
        inside: OpenTransaction | None = None,
        timeout: float | None = None,
    ) -> None:
        if isinstance(columns, str):
            raise InterfaceError(f"columns: a list of names, not the text {columns!r}", "07001")
        self._core = core
        self._table = table
        self._columns = tuple(columns or ())
        self._target = inside if inside is not None else core.current()
        self._timeout = timeout
        self._pending: Pending | None = None
        self._conversation: Conversation | None = None
        self._rows: list[m.Row] = []
        self._bytes = 0
        self._sent = 0

    def send(self, rows: Iterable[Sequence[object]]) -> Operation[None]:
        """Take rows, and send what makes a batch."""
        for row in rows:
            if isinstance(row, str | bytes | Mapping):
                raise DataError(
                    f"row {self._sent + len(self._rows) + 1} is a sequence of values, not {type(row).__name__}"
                )
            values = encode_all(row)
            self._rows.append(values)
            self._bytes += 16 * len(values) + sum(len(value) for value in values if isinstance(value, str | bytes))
            if len(self._rows) >= UPLOAD_ROWS or self._bytes >= UPLOAD_BYTES:
                yield from self._push(more=True)

    def finish(self) -> Operation[int]:
        """Send the rest, and return how many rows were inserted."""
        yield from self._push(more=False)
        assert self._conversation is not None and self._pending is not None, "the push began it"
        conversation, pending, until = self._conversation, self._pending, self._core.until(self._timeout)
        try:
            while True:
                response = yield from conversation.next_response(pending, until)
                if isinstance(response, m.QueryResult):
                    return response.affected_rows
                if not isinstance(response, m.Granted):
                    return expect(response, m.Completed).affected_rows
        except DatabaseError as error:
            if conversation.failure is None:
                raise
            raise fate(error, self._target is not None, False) from error
        finally:
            conversation.abandon(pending)

    def abort(self) -> None:
        """Insert nothing."""
        if self._conversation is not None and self._pending is not None:
            self._conversation.abandon(self._pending)

    def _push(self, more: bool) -> Operation[None]:
        rows, self._rows, self._bytes = tuple(self._rows), [], 0
        self._sent += len(rows)
        if self._conversation is None or self._pending is None:
            self._conversation = conversation = yield from self._core.conversation_for(self._target)
            options = m.Options(transaction=self._target.number if self._target is not None else 0)
            self._pending = conversation.start(m.BulkInsert(self._table, self._columns, rows, more, options))
            return
        conversation, pending, until = self._conversation, self._pending, self._core.until(self._timeout)
        try:
            while more and not conversation.upload_capacity(pending) and not pending.done:
                expect((yield from conversation.next_response(pending, until)), m.Granted)
            if pending.done:  # an error came while rows were on their way
                while True:
                    yield from conversation.next_response(pending, until)
            conversation.upload(pending, m.BulkRows(rows, more))
        except BaseException:
            conversation.abandon(pending)
            raise


# ---- a result in batches


class Stream:
    """The rows of a statement in batches; the server sends no more than two batches ahead of what was taken."""

    def __init__(
        self,
        core: ClientCore,
        sql: str,
        parameters: Parameters | None,
        batch_rows: int | None = None,
        inside: OpenTransaction | None = None,
        timeout: float | None = None,
    ) -> None:
        text, given = prepare_sql(sql, parameters)
        self._core = core
        self._text, self._values = text, encode_all(given)
        self._batch_rows = batch_rows or core.options.fetch_rows
        self._target = inside if inside is not None else core.current()
        self._timeout = timeout
        self._conversation: Conversation | None = None
        self._pending: Pending | None = None
        self.columns: tuple[Column, ...] = ()
        self.rows: deque[Row] = deque()
        self.tag = ""
        self.finished = False
        self.position = 0

    def open(self) -> Operation[None]:
        """Run the statement, and wait for its columns."""
        if self._pending is not None:
            return
        self._conversation = conversation = yield from self._core.conversation_for(self._target)
        number = self._target.number if self._target is not None else 0
        options = m.Options(transaction=number, credit=2, batch_rows=self._batch_rows)
        self._pending = conversation.start(m.Execute(self._text, self._values, options))
        yield from self._take()

    def fill(self, count: int) -> Operation[None]:
        """Take batches until `count` rows are here, or all."""
        yield from self.open()
        while len(self.rows) < count and not self.finished:
            yield from self._take()

    def take(self, count: int) -> list[Row]:
        """Return up to `count` of the rows that are here."""
        count = min(count, len(self.rows))
        self.position += count
        return [self.rows.popleft() for _ in range(count)]

    def close(self) -> None:
        """Give up what has not been taken."""
        self.finished = True
        self.rows.clear()
        if self._conversation is not None and self._pending is not None:
            self._conversation.abandon(self._pending)

    def _take(self) -> Operation[None]:
        assert self._conversation is not None and self._pending is not None, "it is open"
        conversation, pending = self._conversation, self._pending
        try:
            response = yield from conversation.next_response(pending, self._core.until(self._timeout))
        except BaseException:
            self.close()
            raise
        if isinstance(response, m.Rows):
            conversation.grant(pending, 1)
            self.rows.extend(decode_rows(self.columns, response.rows))
        elif isinstance(response, m.Columns):
            self.columns = columns_of(response.columns)
        elif isinstance(response, m.Completed):
            self.tag, self.finished = response.tag, True
        else:
            whole = result_of(expect(response, m.QueryResult))
            self.columns, self.tag, self.finished = whole.columns, whole.tag, True
            self.rows.extend(whole.rows)

    @property
    def rowcount(self) -> int:
        """How many rows the statement returned or changed; -1 while that is not known."""
        return rows_of_tag(self.tag) if self.tag else -1


# ---- what comes unasked


@dataclass(frozen=True, slots=True)
class Notification:
    """A NOTIFY on a channel that the client listens to; `session` is the sender's number."""

    channel: str
    payload: str
    session: int


@dataclass(frozen=True, slots=True)
class Change:
    """A row of a subscribed table changed. `operation` is INSERT, UPDATE, DELETE or TRUNCATE; `old` and `new` are rows or None."""

    table: str
    operation: str
    old: Row | None
    new: Row | None
    position: int


class Feed:
    """A subscription: the changes of a table.

    After a reconnect it asks to go on behind the last change that was taken. A server that does not keep changes for that long
    refuses (0A000): then there is a gap, which only the program can close, by `restart` and reading the table again.
    """

    def __init__(
        self,
        core: ClientCore,
        table: str,
        operations: Sequence[str] = (),
        columns: Sequence[str] = (),
        condition: str = "",
    ) -> None:
        numbers = {name: number for number, name in OPERATIONS.items()}
        for name in operations:
            if name.upper() not in numbers:
                raise InterfaceError(f"operations: {name!r} is none of {', '.join(numbers)}", "22023")
        self._core = core
        self.table = table
        self._operations = sum({numbers[name.upper()] for name in operations})
        self._wanted = tuple(columns)
        self._condition = condition
        self.columns: tuple[Column, ...] = ()
        self.position = 0
        self.ended: Error | None = None
        self._number = 0
        self._conversation: Conversation | None = None

    def open(self, timeout: float | None = None) -> Operation[None]:
        """Subscribe, or subscribe again on a new connection."""
        conversation = yield from self._core.ready()
        if conversation is self._conversation:
            return
        message = m.Subscribe(self.table, self._operations, self._wanted, self._condition, self.position)
        answer = expect((yield from conversation.answer(message, self._core.until(timeout))), m.Subscribed)
        self._conversation, self._number = conversation, answer.subscription
        self._core.subscriptions.add(self._number)
        self.columns = columns_of(answer.columns)
        self.position = max(self.position, answer.position)

    def restart(self, timeout: float | None = None) -> Operation[None]:
        """Subscribe anew, from now on: what changed in between is not told."""
        yield from self.close()
        self.position, self.ended = 0, None
        yield from self.open(timeout)

    def next(self, timeout: float | None) -> Operation[Change | None]:
        """Return the next change, or None when none came within so many seconds (None waits for ever)."""
        until = None if timeout is None else self._core.now.mono_ns + int(timeout * 1e9)
        while True:
            yield from self.open()
            conversation = self._conversation
            assert conversation is not None, "it is open"
            found = self._found(conversation)
            if isinstance(found, m.Changed):
                self.position = found.position
                return self._change(found)
            if isinstance(found, m.Ended):
                self.ended = error_of(found.fields)
            elif found is not None:  # the table was altered: its rows have other columns from here on
                self.columns = columns_of(found.columns)
                continue
            if self.ended is not None:
                raise again(self.ended)
            if until is not None and self._core.now.mono_ns >= until:
                return None
            yield from conversation.wait_unasked(until)

    def _found(self, conversation: Conversation) -> m.Changed | m.Subscribed | m.Ended | None:
        """Take the next message about this subscription that has come."""
        for message in conversation.notifications:
            if not isinstance(message, m.Notified) and message.subscription == self._number:
                conversation.notifications.remove(message)
                return message
        return None

    def close(self) -> Operation[None]:
        """End the subscription."""
        conversation, self._conversation = self._conversation, None
        if self.ended is not None:
            return
        self._core.subscriptions.discard(self._number)
        if conversation is not None and conversation.is_open:
            yield from conversation.answer(m.Unsubscribe(self._number), self._core.until(None))

    def _change(self, change: m.Changed) -> Change:
        rows = [None if row is None else decode_rows(self.columns, [row])[0] for row in (change.old, change.new)]
        return Change(self.table, OPERATIONS.get(change.operation, "?"), rows[0], rows[1], change.position)


def listen(core: ClientCore, channel: str, timeout: float | None = None) -> Operation[None]:
    """Ask for the notifications of a channel; it is asked for again after a reconnect."""
    if not channel:
        raise ProgrammingError("a channel has a name", "22023")
    expect((yield from core.ask(m.Listen(channel), timeout)), m.Ok)
    core.channels[channel] = None


def unlisten(core: ClientCore, channel: str | None, timeout: float | None = None) -> Operation[None]:
    """Listen to a channel no more, or to none."""
    expect((yield from core.ask(m.Unlisten(channel or ""), timeout)), m.Ok)
    if channel:
        core.channels.pop(channel, None)
    else:
        core.channels.clear()


def next_notification(core: ClientCore, timeout: float | None) -> Operation[Notification | None]:
    """Return the next notification, or None when none came within so many seconds (None waits for ever)."""
    until = None if timeout is None else core.now.mono_ns + int(timeout * 1e9)
    while True:
        conversation = yield from core.ready()
        for found in conversation.notifications:
            if isinstance(found, m.Notified):
                conversation.notifications.remove(found)
                return Notification(found.channel, found.payload, found.session)
        if until is not None and core.now.mono_ns >= until:
            return None
        yield from conversation.wait_unasked(until)


__all__ = [
    "Change", "Feed", "Notification", "Stream", "Upload", "batch", "execute_many", "listen", "next_notification",
    "unlisten",
]  # fmt: skip
