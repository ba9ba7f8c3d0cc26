"""What a client does, once for both kinds: every operation is a generator that yields what it needs of the outside.

    result = yield from core.run("SELECT 1", None)        Wait, Wait, ... -> Result

`Client` (blocking.py) and `AsyncClient` (async_client.py) drive these generators and hold nothing else: no rule is written twice.
The needs are in conversation.py. `core.now` is set by the driver before it resumes a generator.

**Connections.** `ready` gives the conversation, connecting first when there is none or the last one broke. Connecting tries each host in
order, `retries` times over with growing pauses, through a circuit breaker. After a reconnect, LISTEN and subscriptions are made again.

**Transactions.** The client keeps a stack: statements of the client run in the innermost open `transaction()` block. A transaction
belongs to its connection; with it, it is lost.

**Lost connections** (retry.py has the rules): reads outside a transaction are run again, a write whose answer did not come raises
OutcomeUnknown, everything else ConnectionLost.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from rustydb.conversation import (
    Connect,
    Conversation,
    Disconnect,
    Flush,
    Need,
    Opened,
    Operation,
    Pending,
    Probe,
    Sleep,
    again,
)
from rustydb.errors import (
    CircuitOpen,
    ConnectionLost,
    DatabaseError,
    Error,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    OutcomeUnknown,
    RequestTimeout,
)
from rustydb.options import ConnectOptions
from rustydb.parameters import Parameters, prepare_sql
from rustydb.retry import Backoff, is_final, is_read
from rustydb.rows import Column, Result, Row
from rustydb.values import decode_rows, encode_all
from rustydb_proto.binary import messages as m
from rustydb_proto.binary.breaker import CircuitBreaker
from rustydb_proto.binary.values import Value
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.time import NS_PER_S, Now

CREDIT_BATCHES: Final = 8
"""How many batches of rows the server may send ahead of what was taken."""
PREPARE_AFTER: Final = 3
"""A text with parameters that is run so often is prepared."""
CLOSE_SECONDS: Final = 2.0
# Statements that change the session for whoever uses it next.
_LEAVES_TRACES: Final = re.compile(
    r"(\s|--[^\n]*\n|/\*.*?\*/)*(SET|RESET|PREPARE|DECLARE|LISTEN|DISCARD|LOAD|BEGIN|START|CREATE\s+(LOCAL\s+)?TEMP|"
    r"SELECT\b.*\b(set_config|pg_\w*advisory\w*)\b)",
    re.IGNORECASE | re.DOTALL,
)

__all__ = ["ClientCore", "Need", "Prepared"]


class Prepared:
    """A prepared statement of one conversation."""

    __slots__ = ("columns", "conversation", "number", "parameter_types")

    def __init__(self, conversation: Conversation, response: m.Prepared) -> None:
        self.renew(conversation, response)

    def renew(self, conversation: Conversation, response: m.Prepared) -> None:
        """Take the number that it has on this connection."""
        self.conversation = conversation
        self.number = response.statement
        self.parameter_types = response.parameter_types
        self.columns = columns_of(response.columns)


class ClientCore:
    """The state of one client. Its generators must not be interleaved by the driver, except as async_client.py does."""

    def __init__(self, options: ConnectOptions, now: Now, entropy: Entropy) -> None:
        self.options = options
        self.now = now
        self.entropy = entropy
        self.breaker = CircuitBreaker()
        self.conversation: Conversation | None = None
        self.transactions: list[OpenTransaction] = []
        self.beside: list[OpenTransaction] = []
        self.channels: dict[str, None] = {}
        self.subscriptions: set[int] = set()
        self.dirty = False
        self.closed = False
        self.address: tuple[str, int] | None = None
        self._backoff = Backoff()
        self._statements: OrderedDict[str, Prepared] = OrderedDict()
        self._uses: OrderedDict[str, int] = OrderedDict()
        self.statement_hits = 0
        self.statement_misses = 0
        self.reconnects = 0

    # ---- connecting

    def connect(self) -> Operation[Conversation]:
        """Connect, trying again as retry.py says; the last failure is raised when all tries failed."""
        last: Error = OperationalError("no host to connect to", "08001")
        for attempt in range(self.options.retries + 1):
            if attempt:
                yield Sleep(self._backoff.pause(attempt - 1, self.entropy.fraction()))
            if not self.breaker.allow(self.now):
                wait = self.breaker.retry_ns(self.now) / NS_PER_S
                raise CircuitOpen(
                    f"connecting failed too often; it is tried again in {wait:.1f} s (last: {last.message})",
                    retry_after=wait,
                )
            for host, port in self.options.addresses():
                try:
                    conversation = yield from self._connect_to(host, port)
                except Error as error:
                    last = error
                    if is_final(error):
                        self.breaker.succeeded()  # a server that refuses us is well
                        raise
                else:
                    self.breaker.succeeded()
                    self.address = host, port
                    return conversation
            self.breaker.failed(self.now)
        raise last

    def _connect_to(self, host: str, port: int) -> Operation[Conversation]:
        until = self.now.mono_ns + int(self.options.connect_timeout * NS_PER_S)
        where = host if host.startswith("/") else f"{host}:{port}"
        try:
            opened = yield Connect(host, port, self.options.ssl_mode_for(host), until)
        except OSError as error:
            raise OperationalError(f"cannot connect to {where}: {error.strerror or error}", "08001") from error
        assert isinstance(opened, Opened), "what a driver answers to Connect"
        self._forget_connection()
        conversation = Conversation(self.now, self.entropy, self.options, opened.channel_binding)
        self.conversation = conversation
        try:
            yield from conversation.wait_started(until)
        except BaseException:
            self.conversation = None
            yield Disconnect()
            raise
        for channel in self.channels:
            yield from conversation.answer(m.Listen(channel), until)
        return conversation

    def _forget_connection(self) -> None:
        self._statements.clear()
        for transaction in [*self.transactions, *self.beside]:
            transaction.over = transaction.over or "lost with its connection"
        self.transactions.clear()
        self.beside.clear()
        self.subscriptions.clear()
        self.dirty = False

    def ready(self) -> Operation[Conversation]:
        """Return an open conversation, connecting when there is none."""
        if self.closed:
            raise InterfaceError("the client is closed", "08003")
        conversation = self.conversation
        if conversation is not None and conversation.is_open and not conversation.open_requests:
            yield Probe()
        if conversation is not None and conversation.is_open:
            return conversation
        if self.transactions:
            failure = conversation.failure if conversation is not None else None
            raise ConnectionLost(
                "the transaction is lost with its connection" + (f": {failure.message}" if failure is not None else "")
            )
        if conversation is not None:
            self.reconnects += 1
            yield Disconnect()
        return (yield from self.connect())

    def until(self, timeout: float | None) -> int | None:
        """Return the moment at which an operation's time is up; None takes the option `timeout`, 0 is no limit."""
        seconds = self.options.request_timeout if timeout is None else (timeout or None)
        return None if seconds is None else self.now.mono_ns + int(seconds * NS_PER_S)

    # ---- statements

    def run(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        timeout: float | None = None,
        idempotent: bool | None = None,
        transaction: OpenTransaction | None = None,
    ) -> Operation[Result]:
        """Run a statement and return its whole result."""
        text, given = prepare_sql(sql, parameters)
        values = encode_all(given)
        self.dirty = self.dirty or _LEAVES_TRACES.match(text) is not None
        target = transaction if transaction is not None else self.current()
        read = is_read(text) if idempotent is None else idempotent
        attempt = 0
        while True:
            conversation = yield from self.conversation_for(target)
            until = self.until(timeout)
            message = yield from self._execution(conversation, text, values, target, until)
            pending = conversation.start(message)
            try:
                return (yield from self.collect(conversation, pending, until))
            except DatabaseError as error:
                if conversation.failure is None:
                    if error.sqlstate == "26000" and isinstance(message, m.ExecutePrepared) and target is None:
                        self._statements.pop(text, None)  # it was deallocated behind our back, and did not run
                        continue
                    raise
                if target is not None or pending.received or attempt >= self.options.retries or not read:
                    raise fate(error, target is not None, read) from error
            finally:
                conversation.abandon(pending)
            yield Sleep(self._backoff.pause(attempt, self.entropy.fraction()))
            attempt += 1

    def current(self) -> OpenTransaction | None:
        """Return the innermost open transaction block."""
        return self.transactions[-1] if self.transactions else None

    def conversation_for(self, target: OpenTransaction | None) -> Operation[Conversation]:
        """Return the conversation in which a statement runs: a transaction's own, or the client's."""
        if target is None:
            return (yield from self.ready())
        target.require_open()
        return target.conversation

    def _execution(
        self,
        conversation: Conversation,
        text: str,
        values: tuple[Value, ...],
        target: OpenTransaction | None,
        until: int | None,
    ) -> Operation[m.Execute | m.ExecutePrepared]:
        """Return the request that runs a text: by its prepared statement when it is used often."""
        options = m.Options(transaction=target.number if target is not None else 0, credit=CREDIT_BATCHES)
        prepared = self._statements.get(text)
        if prepared is not None:
            self._statements.move_to_end(text)
            self.statement_hits += 1
        elif values and self.options.statement_cache_size and self._is_used_often(text):
            self.statement_misses += 1
            prepared = yield from self._prepare(conversation, text, until)
            self._statements[text] = prepared
            if len(self._statements) > self.options.statement_cache_size:
                _, oldest = self._statements.popitem(last=False)
                conversation.forget(m.ClosePrepared(oldest.number))
        if prepared is not None:
            return m.ExecutePrepared(prepared.number, values, options)
        return m.Execute(text, values, options)

    def _is_used_often(self, text: str) -> bool:
        uses = self._uses.pop(text, 0) + 1
        if uses >= PREPARE_AFTER:
            return True
        self._uses[text] = uses
        if len(self._uses) > 4 * self.options.statement_cache_size:
            self._uses.popitem(last=False)
        return False

    def _prepare(self, conversation: Conversation, text: str, until: int | None) -> Operation[Prepared]:
        response = yield from conversation.answer(m.Prepare(text), until)
        return Prepared(conversation, expect(response, m.Prepared))

    def prepare(self, text: str, timeout: float | None = None) -> Operation[Prepared]:
        """Prepare a statement on the current connection."""
        conversation = yield from self.ready()
        return (yield from self._prepare(conversation, text, self.until(timeout)))

    def run_prepared(
        self, prepared: Prepared, sql: str, parameters: Parameters, timeout: float | None = None
    ) -> Operation[Result]:
        """Run a prepared statement; on a new connection it is prepared again first."""
        text, given = prepare_sql(sql, parameters)
        values = encode_all(given)
        target = self.current()
        conversation = yield from self.conversation_for(target)
        until = self.until(timeout)
        if prepared.conversation is not conversation:
            answer = yield from conversation.answer(m.Prepare(text), until)
            prepared.renew(conversation, expect(answer, m.Prepared))
        options = m.Options(transaction=target.number if target is not None else 0, credit=CREDIT_BATCHES)
        pending = conversation.start(m.ExecutePrepared(prepared.number, values, options))
        try:
            return (yield from self.collect(conversation, pending, until))
        except DatabaseError as error:
            if conversation.failure is None:
                raise
            raise fate(error, target is not None, is_read(text)) from error
        finally:
            conversation.abandon(pending)

    def close_prepared(self, prepared: Prepared) -> Operation[None]:
        """Forget a prepared statement; with its connection it is gone already."""
        conversation = prepared.conversation
        if conversation is self.conversation and conversation.is_open:
            yield from conversation.answer(m.ClosePrepared(prepared.number), self.until(None))

    def collect(self, conversation: Conversation, pending: Pending, until: int | None) -> Operation[Result]:
        """Take every response of a statement and return its result."""
        columns: tuple[Column, ...] = ()
        rows: list[Row] = []
        while True:
            response = yield from conversation.next_response(pending, until)
            if isinstance(response, m.Rows):
                conversation.grant(pending, 1)
                rows += decode_rows(columns, response.rows)
            elif isinstance(response, m.Columns):
                columns = columns_of(response.columns)
            elif isinstance(response, m.Completed):
                return Result(columns, rows, response.tag, pending.notices)
            else:
                return result_of(expect(response, m.QueryResult), pending.notices)

    # ---- small requests

    def ask(self, message: m.Request, timeout: float | None = None) -> Operation[m.Response]:
        """Send a request that has one response, on an open connection."""
        conversation = yield from self.ready()
        return (yield from conversation.answer(message, self.until(timeout)))

    def ping(self, timeout: float | None = None) -> Operation[float]:
        """Return the seconds that a round trip takes."""
        conversation = yield from self.ready()
        started = self.now.mono_ns
        expect((yield from conversation.answer(m.Ping(), self.until(timeout))), m.Pong)
        return (self.now.mono_ns - started) / NS_PER_S

    def close(self) -> Operation[None]:
        """Say goodbye and close the connection; closing twice is no error."""
        if self.closed:
            return
        self.closed = True
        conversation = self.conversation
        for transaction in self.transactions:
            transaction.over = "ended by closing its client"
        self.transactions.clear()
        if conversation is not None and conversation.is_open:
            conversation.say_goodbye()
            try:
                yield Flush(self.now.mono_ns + int(CLOSE_SECONDS * NS_PER_S))
            except (OSError, Error):
                pass  # it closes either way
        yield Disconnect()

    def validate(self, timeout: float) -> Operation[bool]:
        """Return whether the connection, as it is, answers within so many seconds."""
        conversation = self.conversation
        if self.closed or conversation is None:
            return False
        yield Probe()
        if not conversation.is_open:
            return False
        try:
            yield from conversation.answer(m.Ping(), self.until(timeout))
        except Error:
            return False
        return True

    def reset(self, timeout: float) -> Operation[bool]:
        """End what a user of a pool left behind; False when the connection is not fit for another one."""
        conversation = self.conversation
        if self.closed or conversation is None:
            return False
        yield Probe()
        if not conversation.is_open:
            return False
        try:
            yield from self._reset(conversation, timeout)
        except Error:
            return False
        return conversation.is_open

    def _reset(self, conversation: Conversation, timeout: float) -> Operation[None]:
        until = self.until(timeout)
        conversation.abandon_all()
        for transaction in [*self.transactions[:1], *self.beside]:
            if not transaction.over:
                yield from transaction.rollback(timeout)
        self.beside.clear()
        if self.channels:
            self.channels.clear()
            yield from conversation.answer(m.Unlisten(""), until)
        for feed in self.subscriptions:
            yield from conversation.answer(m.Unsubscribe(feed), until)
        self.subscriptions.clear()
        if self.dirty:
            self._statements.clear()
            pending = conversation.start(m.Execute("DISCARD ALL"))
            try:
                yield from self.collect(conversation, pending, until)
            finally:
                conversation.abandon(pending)
            self.dirty = False
        conversation.notifications.clear()
        conversation.notices.clear()


class OpenTransaction:
    """A transaction, or a savepoint within one, and how it ended (`over`, empty while it is open)."""

    __slots__ = ("conversation", "core", "number", "over", "parent", "savepoint")

    def __init__(
        self, core: ClientCore, conversation: Conversation, number: int, parent: OpenTransaction | None, savepoint: str
    ) -> None:
        self.core = core
        self.conversation = conversation
        self.number = number
        self.parent = parent
        self.savepoint = savepoint
        self.over = ""

    def require_open(self) -> None:
        """InterfaceError when it is over, ConnectionLost when its connection is."""
        if self.over:
            raise InterfaceError(f"the transaction is over: it was {self.over}", "25P01")
        failure = self.conversation.failure
        if failure is not None:
            self._end("lost with its connection")
            raise ConnectionLost(f"the transaction is lost with its connection: {failure.message}") from again(failure)

    def commit(self, timeout: float | None = None) -> Operation[None]:
        """Commit, or release the savepoint."""
        self.require_open()
        if self.savepoint:
            yield from self._control(f"RELEASE SAVEPOINT {self.savepoint}", timeout)
            self._end("committed")
            return
        try:
            yield from self.conversation.answer(m.CommitTransaction(self.number), self.core.until(timeout))
        except DatabaseError as error:
            # Whatever it was, the transaction is not open any more; a lost connection leaves its fate open.
            if self.conversation.failure is not None:
                self._end("lost with its connection")
                raise OutcomeUnknown(
                    f"the connection broke during COMMIT: whether it was carried out is unknown ({error.message})"
                ) from error
            if isinstance(error, RequestTimeout):
                self._end("ended with an unknown outcome")
                raise OutcomeUnknown(
                    "COMMIT was not answered in time: whether it was carried out is unknown"
                ) from error
            self._end("rolled back")
            raise
        except BaseException:  # a task was cancelled, Ctrl-C: nobody waits for the answer
            self._end("ended with an unknown outcome")
            raise
        self._end("committed")

    def rollback(self, timeout: float | None = None) -> Operation[None]:
        """Roll back, or back to the savepoint; a transaction that is lost is rolled back already."""
        if self.over:
            raise InterfaceError(f"the transaction is over: it was {self.over}", "25P01")
        if self.conversation.failure is not None:
            self._end("lost with its connection")
            return
        try:
            if self.savepoint:
                yield from self._control(f"ROLLBACK TO SAVEPOINT {self.savepoint}", timeout)
                yield from self._control(f"RELEASE SAVEPOINT {self.savepoint}", timeout)
            else:
                yield from self.conversation.answer(m.RollbackTransaction(self.number), self.core.until(timeout))
        except ConnectionLost:
            pass
        finally:
            self._end("rolled back")

    def _control(self, sql: str, timeout: float | None) -> Operation[None]:
        until = self.core.until(timeout)
        pending = self.conversation.start(m.Execute(sql, (), m.Options(transaction=self.number)))
        try:
            yield from self.core.collect(self.conversation, pending, until)
        finally:
            self.conversation.abandon(pending)

    def _end(self, how: str) -> None:
        """End it, and what is nested in it."""
        self.over = how
        stack = self.core.transactions
        if self in stack:
            for inner in stack[stack.index(self) + 1 :]:
                inner.over = how
            del stack[stack.index(self) :]
        elif self in self.core.beside:
            self.core.beside.remove(self)


ISOLATIONS: Final = ("READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


def begin(
    core: ClientCore,
    isolation: str | None = None,
    read_only: bool | None = None,
    deferrable: bool | None = None,
    *,
    stacked: bool = True,
    timeout: float | None = None,
) -> Operation[OpenTransaction]:
    """Begin a transaction; within one (`stacked`), a savepoint. Its isolation can be chosen for the outermost only."""
    level = isolation.upper().replace("_", " ") if isolation else ""
    if level and level not in ISOLATIONS:
        known = ", ".join(ISOLATIONS)
        raise InterfaceError(f'isolation_level: "{isolation}" is none of {known}', "22023")
    parent = core.current() if stacked else None
    if parent is not None:
        if level or read_only is not None or deferrable is not None:
            raise InterfaceError(
                "isolation_level, read_only and deferrable are set by the outermost transaction", "25001"
            )
        parent.require_open()
        made = OpenTransaction(core, parent.conversation, parent.number, parent, f"rustydb_{len(core.transactions)}")
        yield from made._control(f"SAVEPOINT {made.savepoint}", timeout)
    else:
        conversation = yield from core.ready()
        response = yield from conversation.answer(m.Begin(level, read_only, deferrable), core.until(timeout))
        made = OpenTransaction(core, conversation, expect(response, m.TransactionId).transaction, None, "")
    (core.transactions if stacked else core.beside).append(made)
    return made


# ---- small things

R = TypeVar("R")


def expect(response: m.Response, kind: type[R]) -> R:
    """Return a response of this kind; a server that answers otherwise does not speak our protocol."""
    if isinstance(response, kind):
        return response
    raise NotSupportedError(f"the server answered {type(response).__name__} where {kind.__name__} was expected")


def columns_of(columns: Sequence[m.Column]) -> tuple[Column, ...]:
    """Return the client's form of columns."""
    return tuple([Column(column.name, column.type_name, column.type_oid) for column in columns])


def result_of(response: m.QueryResult, notices: Sequence[Mapping[str, object]] = ()) -> Result:
    """Return the client's form of a whole result."""
    columns = columns_of(response.columns)
    return Result(columns, decode_rows(columns, response.rows), response.tag, notices)


def fate(error: DatabaseError, in_transaction: bool, read: bool) -> Error:
    """Return what to raise for a statement whose connection broke before its answer was complete."""
    if in_transaction:
        return ConnectionLost(
            f"the transaction is lost with its connection: {error.message}", error.sqlstate, error.fields
        )
    if read:
        return ConnectionLost(error.message, error.sqlstate, error.fields)
    return OutcomeUnknown(
        f"the connection broke before the answer came: whether the statement was carried out is unknown ({error.message})"
    )
