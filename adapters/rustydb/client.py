"""The client for programs that block: `connect`, `Client`, and what it hands out.

    client = rustydb.connect("rustydb://admin:secret@localhost:5432/mydb")
    for row in client.query("SELECT * FROM users WHERE age > %s", [18]):
        print(row["name"])
    with client.transaction() as txn:
        txn.execute("INSERT INTO users (name) VALUES ($1)", ["Alice"])
    client.close()

Every method takes `timeout` in seconds: None is the option `timeout`, 0 no limit. A request whose time is up is cancelled and raises
RequestTimeout; the connection can still be used.

Threads may share a client: one operation runs at a time, the others wait their turn. A transaction block belongs to the client, not to a thread,
so threads that use transactions take a client each, from a `Pool`. `cancel` may be called from any thread at any time.

All logic is in core.py and operations.py; here is one line for each operation.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Literal, TypeVar, overload

from rustydb import operations
from rustydb.conversation import Operation
from rustydb.core import ClientCore, OpenTransaction, Prepared, begin
from rustydb.errors import Error, InterfaceError
from rustydb.operations import Change, Feed, Notification, Statement, Stream, Upload
from rustydb.options import ConnectOptions, connect_options
from rustydb.parameters import Parameters, compile_sql
from rustydb.rows import Column, Result, Row
from rustydb.sockets import SocketDriver, now
from rustydb_proto.core.entropy import Entropy

T = TypeVar("T")


def connect(url: str | None = None, /, **options: object) -> Client:
    """Connect and return a Client. The options, and what they may be, are in options.py; OptionError, OperationalError.

    `connect("rustydb://user:password@host:port/database?timeout=30")`, `connect(host="…", user="…", password="…")`, or both.
    """
    return Client(connect_options(url, options, os.environ))


class Client:
    """One connection to a server. Made by `connect`; a context manager that closes it."""

    def __init__(self, options: ConnectOptions) -> None:
        self._core = ClientCore(options, now(), Entropy(secrets.token_bytes(32)))
        self._lock = threading.RLock()
        self._driver = SocketDriver(self._core)
        self._owns_sockets = True
        try:
            self._run(self._core.connect())
        except BaseException:
            self._driver.shut()
            raise

    def _run(self, operation: Operation[T]) -> T:
        with self._lock:
            return self._driver.drive(operation)

    # ---- statements

    def query(
        self,
        sql: str,
        params: Parameters | None = None,
        *,
        timeout: float | None = None,
        idempotent: bool | None = None,
    ) -> Result:
        """Run a statement and return its rows; `params` fill `$1`, `%s` or `%(name)s`.

        `idempotent` says whether it may be run again when the connection breaks before its answer; by default, reads may.
        """
        return self._run(self._core.run(sql, params, timeout=timeout, idempotent=idempotent))

    def execute(self, sql: str, params: Parameters | None = None, *, timeout: float | None = None) -> Result:
        """Run a statement for its effect; the result has `rowcount`, `tag`, and rows if there are any."""
        return self._run(self._core.run(sql, params, timeout=timeout))

    def executemany(self, sql: str, params: Iterable[Parameters], *, timeout: float | None = None) -> list[Result]:
        """Run a statement for each set of parameters, pipelined, all or none; return the result of each."""
        return self._run(operations.execute_many(self._core, sql, params, timeout=timeout))

    @overload
    def batch(
        self,
        statements: Sequence[Statement] | Mapping[str, object],
        *,
        transaction: Literal[True] = True,
        timeout: float | None = None,
    ) -> list[Result]: ...
    @overload
    def batch(
        self, statements: Sequence[Statement] | Mapping[str, object], *, transaction: bool, timeout: float | None = None
    ) -> list[Result | Error]: ...
    def batch(
        self,
        statements: Sequence[Statement] | Mapping[str, object],
        *,
        transaction: bool = True,
        timeout: float | None = None,
    ) -> list[Result] | list[Result | Error]:
        """Run statements (`"sql"`, `("sql", params)` or `{"sql": …, "params": …}`) in one round trip.

        With `transaction`, all or none: the first error is raised, with `fields["index"]`. Without, an error stands in the
        place of its statement's result.
        """
        return self._run(operations.batch(self._core, statements, transaction, timeout=timeout))

    def prepare(self, sql: str, *, timeout: float | None = None) -> PreparedStatement:
        """Prepare a statement, to run it often: `statement.query([1])`."""
        text = compile_sql(sql)
        prepared = self._run(self._core.prepare(text.sql, timeout))
        return PreparedStatement(self, sql, prepared)

    def cursor(
        self,
        sql: str,
        params: Parameters | None = None,
        *,
        batch_rows: int | None = None,
        timeout: float | None = None,
    ) -> Cursor:
        """Run a statement and take its rows in batches as they are wanted: for results of any size."""
        cursor = Cursor(self, Stream(self._core, sql, params, batch_rows, timeout=timeout))
        cursor._open()
        return cursor

    def copy_in(
        self,
        table: str,
        rows: Iterable[Sequence[object]],
        columns: Sequence[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> int:
        """Insert many rows, all or none, and return how many; `columns` None means all in the table's order."""
        upload = Upload(self._core, table, columns, timeout=timeout)
        with self._lock:
            try:
                self._run(upload.send(rows))
                return self._run(upload.finish())
            except BaseException:
                upload.abort()
                raise

    # ---- transactions

    def transaction(
        self,
        isolation_level: str | None = None,
        *,
        read_only: bool | None = None,
        deferrable: bool | None = None,
        timeout: float | None = None,
    ) -> Transaction:
        """Return a context manager for a transaction; within one, for a savepoint.

        Leaving the block commits, an exception rolls back. Statements of the client run in the innermost open block.
        """
        return Transaction(self, isolation_level, read_only, deferrable, timeout, stacked=True)

    def begin_transaction(
        self,
        isolation_level: str | None = None,
        *,
        read_only: bool | None = None,
        deferrable: bool | None = None,
        timeout: float | None = None,
    ) -> Transaction:
        """Begin a transaction that stands beside the client: only its own methods run in it, and it must be ended."""
        transaction = Transaction(self, isolation_level, read_only, deferrable, timeout, stacked=False)
        return transaction.__enter__()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open."""
        return bool(self._core.transactions)

    # ---- notifications

    def listen(self, channel: str, *, timeout: float | None = None) -> None:
        """Listen to a channel, also after a reconnect (what is sent between two connections is not heard)."""
        self._run(operations.listen(self._core, channel, timeout))

    def unlisten(self, channel: str | None = None, *, timeout: float | None = None) -> None:
        """Listen to a channel no more; None: to none."""
        self._run(operations.unlisten(self._core, channel, timeout))

    def notify(self, channel: str, payload: str = "", *, timeout: float | None = None) -> None:
        """Send a notification."""
        self._run(self._core.run("SELECT pg_notify($1, $2)", [channel, payload], timeout=timeout))

    def notifications(self, timeout: float | None = None) -> Iterator[Notification]:
        """Iterate over notifications as they come; ends when none came for `timeout` seconds (None: never)."""
        while (found := self._run(operations.next_notification(self._core, timeout))) is not None:
            yield found

    def subscribe(
        self,
        table: str,
        *,
        events: Sequence[str] = (),
        columns: Sequence[str] = (),
        where: str = "",
        timeout: float | None = None,
    ) -> Subscription:
        """Subscribe to the changes of a table: `events` some of INSERT, UPDATE, DELETE, TRUNCATE; `where` a SQL condition."""
        feed = Feed(self._core, table, events, columns, where)
        self._run(feed.open(timeout))
        return Subscription(self, feed)

    # ---- the connection

    def cancel(self) -> None:
        """Cancel what runs now; may be called from another thread. Its caller gets QueryCanceled (57014)."""
        self._driver.wake()

    def ping(self, *, timeout: float | None = None) -> float:
        """Ask the server for a sign of life, connecting if need be; return the seconds that it took."""
        return self._run(self._core.ping(timeout))

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back by the server. Closing twice is no error."""
        with self._lock:
            if not self._core.closed:
                self._run(self._core.close())
                self._driver.shut()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called. A broken connection is made again by the next operation."""
        return self._core.closed

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, as far as is known without asking the server."""
        conversation = self._core.conversation
        return not self._core.closed and conversation is not None and conversation.is_open

    @property
    def options(self) -> ConnectOptions:
        """The options it was made with."""
        return self._core.options

    @property
    def server_version(self) -> str:
        """What the server calls its version."""
        started = self._core.conversation.started if self._core.conversation is not None else None
        return started.server_version if started is not None else ""

    @property
    def settings(self) -> dict[str, str]:
        """The settings that the server reports (TimeZone, …)."""
        return dict(self._core.conversation.settings) if self._core.conversation is not None else {}

    def take_notices(self) -> list[Mapping[str, object]]:
        """Return and forget the notices of the server that belonged to no statement."""
        conversation = self._core.conversation
        if conversation is None:
            return []
        found = list(conversation.notices)
        conversation.notices.clear()
        return found

    def __enter__(self) -> Client:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def __repr__(self) -> str:
        """Show where it is connected to, never the password."""
        state = "closed" if self.is_closed else "connected" if self.is_connected else "disconnected"
        return f"<rustydb.Client {self.options.url()} {state}>"

    def __del__(self) -> None:
        """Close the sockets of a client that was forgotten."""
        if getattr(self, "_owns_sockets", False):
            self._driver.shut()


class Transaction:
    """A transaction, or a savepoint in one: a context manager with the client's methods for statements."""

    def __init__(
        self,
        client: Client,
        isolation_level: str | None,
        read_only: bool | None,
        deferrable: bool | None,
        timeout: float | None,
        stacked: bool,
    ) -> None:
        self._client = client
        self._begin = begin(client._core, isolation_level, read_only, deferrable, stacked=stacked, timeout=timeout)
        self._open: OpenTransaction | None = None
        self._timeout = timeout

    @property
    def _state(self) -> OpenTransaction:
        if self._open is None:
            raise InterfaceError("the transaction has not begun: use it in a with block", "25P01")
        return self._open

    @property
    def id(self) -> int:
        """The transaction's number in the native protocol."""
        return self._state.number

    @property
    def is_open(self) -> bool:
        """Whether statements can run in it."""
        return self._open is not None and not self._open.over

    def query(self, sql: str, params: Parameters | None = None, *, timeout: float | None = None) -> Result:
        """Run a statement in the transaction and return its rows."""
        return self._client._run(self._client._core.run(sql, params, timeout=timeout, transaction=self._state))

    def execute(self, sql: str, params: Parameters | None = None, *, timeout: float | None = None) -> Result:
        """Run a statement in the transaction for its effect."""
        return self.query(sql, params, timeout=timeout)

    def executemany(self, sql: str, params: Iterable[Parameters], *, timeout: float | None = None) -> list[Result]:
        """Run a statement for each set of parameters."""
        return self._client._run(operations.execute_many(self._client._core, sql, params, self._state, timeout))

    def cursor(
        self, sql: str, params: Parameters | None = None, *, batch_rows: int | None = None, timeout: float | None = None
    ) -> Cursor:
        """Run a statement in the transaction and take its rows in batches."""
        cursor = Cursor(self._client, Stream(self._client._core, sql, params, batch_rows, self._state, timeout))
        cursor._open()
        return cursor

    def commit(self, *, timeout: float | None = None) -> None:
        """Commit; the block may go on, but nothing more runs in it."""
        self._client._run(self._state.commit(timeout))

    def rollback(self, *, timeout: float | None = None) -> None:
        """Roll back; the block may go on, but nothing more runs in it."""
        self._client._run(self._state.rollback(timeout))

    def __enter__(self) -> Transaction:
        """Begin."""
        if self._open is not None:
            raise InterfaceError("a transaction is used in one with block", "25001")
        self._open = self._client._run(self._begin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or roll back after an exception; nothing when the block did so itself."""
        state = self._state
        if state.over:
            return
        if kind is None:
            self._client._run(state.commit(self._timeout))
            return
        try:
            self._client._run(state.rollback(self._timeout))
        except Error as failure:
            # The exception that ended the block says more than the rollback that failed after it.
            if error is not None:
                error.add_note(f"the rollback failed, too: {failure.message}")


class PreparedStatement:
    """A prepared statement; made again by itself after a reconnect."""

    def __init__(self, client: Client, sql: str, prepared: Prepared) -> None:
        self._client = client
        self._sql = sql
        self._prepared = prepared

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of its rows; none if it returns no rows."""
        return self._prepared.columns

    @property
    def parameter_types(self) -> tuple[int, ...]:
        """The OIDs of its parameters' types."""
        return self._prepared.parameter_types

    def query(self, params: Parameters = (), *, timeout: float | None = None) -> Result:
        """Run it and return its rows."""
        core = self._client._core
        return self._client._run(core.run_prepared(self._prepared, self._sql, params, timeout))

    def execute(self, params: Parameters = (), *, timeout: float | None = None) -> Result:
        """Run it for its effect."""
        return self.query(params, timeout=timeout)

    def close(self) -> None:
        """Forget it."""
        self._client._run(self._client._core.close_prepared(self._prepared))

    def __enter__(self) -> PreparedStatement:
        """Return the statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget it."""
        self.close()


class Cursor:
    """The rows of one statement, taken in batches: `for row in cursor`, `fetchmany(1000)`. Closing gives up the rest."""

    def __init__(self, client: Client, stream: Stream) -> None:
        self._client = client
        self._stream = stream

    def _open(self) -> None:
        self._client._run(self._stream.open())

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the rows."""
        return self._stream.columns

    @property
    def rowcount(self) -> int:
        """How many rows there are; -1 until all were taken from the server."""
        return self._stream.rowcount

    def has_next(self) -> bool:
        """Say whether there is another row, waiting for it if need be."""
        self._client._run(self._stream.fill(1))
        return bool(self._stream.rows)

    def fetchone(self) -> Row | None:
        """Return the next row, or None after the last."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int = 1000) -> list[Row]:
        """Return the next rows, as many as `size` if there are so many."""
        if len(self._stream.rows) < size:
            self._client._run(self._stream.fill(size))
        return self._stream.take(size)

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        rows: list[Row] = []
        while part := self.fetchmany(self._client.options.fetch_rows):
            rows += part
        return rows

    def close(self) -> None:
        """Give up the rows that are left; the server stops producing them."""
        with self._client._lock:
            self._stream.close()

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows that are left."""
        while (row := self.fetchone()) is not None:
            yield row

    def __enter__(self) -> Cursor:
        """Return the cursor."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


class Subscription:
    """The changes of a table as they are committed: `for change in subscription`."""

    def __init__(self, client: Client, feed: Feed) -> None:
        self._client = client
        self._feed = feed

    @property
    def position(self) -> int:
        """The position of the last change that was taken."""
        return self._feed.position

    def next(self, timeout: float | None = None) -> Change | None:
        """Return the next change, or None when none came within `timeout` seconds (None: waits for ever)."""
        return self._client._run(self._feed.next(timeout))

    def restart(self, *, timeout: float | None = None) -> None:
        """Subscribe anew, from now on, after an error said that changes were lost: read the table again afterwards."""
        self._client._run(self._feed.restart(timeout))

    def close(self) -> None:
        """End the subscription."""
        self._client._run(self._feed.close())

    def __iter__(self) -> Iterator[Change]:
        """Iterate over changes for ever."""
        while (change := self.next()) is not None:
            yield change

    def __enter__(self) -> Subscription:
        """Return the subscription."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.close()
