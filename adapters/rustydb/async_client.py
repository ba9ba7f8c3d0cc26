"""The client for programs that await: `connect_async`, `AsyncClient`, and what it hands out; asyncio and trio, through anyio.

    async with await rustydb.connect_async("rustydb://admin:secret@localhost:5432/mydb") as client:
        for row in await client.query("SELECT * FROM users WHERE age > %s", [18]):
            print(row["name"])
        async with client.transaction() as txn:
            await txn.execute("INSERT INTO users (name) VALUES ($1)", ["Alice"])
        async for row in client.cursor("SELECT * FROM huge_table"):
            ...

Methods, rules and errors are those of client.py. Tasks may share a client: one operation runs at a time, the others wait their turn; a transaction
block belongs to the client, so tasks that use transactions take a client each, from an `AsyncPool`. A task that is cancelled while it
waits cancels its request, and the connection can still be used.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, TypeVar, overload

import anyio

from rustydb import operations
from rustydb.conversation import Operation
from rustydb.core import ClientCore, OpenTransaction, Prepared, begin
from rustydb.errors import Error, InterfaceError
from rustydb.operations import Change, Feed, Notification, Statement, Stream, Upload
from rustydb.options import ConnectOptions, connect_options
from rustydb.parameters import Parameters, compile_sql
from rustydb.rows import Column, Result, Row
from rustydb.sockets import now
from rustydb.streams import StreamDriver
from rustydb_proto.core.entropy import Entropy

T = TypeVar("T")


async def connect_async(url: str | None = None, /, **options: object) -> AsyncClient:
    """Connect and return an AsyncClient; the arguments are those of `connect`."""
    return await AsyncClient.open(connect_options(url, options, os.environ))


class AsyncClient:
    """One connection to a server. Made by `connect_async`; an asynchronous context manager that closes it."""

    def __init__(self, options: ConnectOptions) -> None:
        self._core = ClientCore(options, now(), Entropy(secrets.token_bytes(32)))
        self._driver = StreamDriver(self._core)
        self._lock = anyio.Lock()

    @classmethod
    async def open(cls, options: ConnectOptions) -> AsyncClient:
        """Return a connected client."""
        client = cls(options)
        await client._run(client._core.connect())
        return client

    async def _run(self, operation: Operation[T]) -> T:
        async with self._lock:
            return await self._driver.drive(operation)

    # ---- statements

    async def query(
        self,
        sql: str,
        params: Parameters | None = None,
        *,
        timeout: float | None = None,
        idempotent: bool | None = None,
    ) -> Result:
        """Run a statement and return its rows."""
        return await self._run(self._core.run(sql, params, timeout=timeout, idempotent=idempotent))

    async def execute(self, sql: str, params: Parameters | None = None, *, timeout: float | None = None) -> Result:
        """Run a statement for its effect."""
        return await self._run(self._core.run(sql, params, timeout=timeout))

    async def executemany(
        self, sql: str, params: Iterable[Parameters], *, timeout: float | None = None
    ) -> list[Result]:
        """Run a statement for each set of parameters, pipelined, all or none."""
        return await self._run(operations.execute_many(self._core, sql, params, timeout=timeout))

    @overload
    async def batch(
        self,
        statements: Sequence[Statement] | Mapping[str, object],
        *,
        transaction: Literal[True] = True,
        timeout: float | None = None,
    ) -> list[Result]: ...
    @overload
    async def batch(
        self, statements: Sequence[Statement] | Mapping[str, object], *, transaction: bool, timeout: float | None = None
    ) -> list[Result | Error]: ...
    async def batch(
        self,
        statements: Sequence[Statement] | Mapping[str, object],
        *,
        transaction: bool = True,
        timeout: float | None = None,
    ) -> list[Result] | list[Result | Error]:
        """Run statements in one round trip; see `Client.batch`."""
        return await self._run(operations.batch(self._core, statements, transaction, timeout=timeout))

    async def prepare(self, sql: str, *, timeout: float | None = None) -> AsyncPreparedStatement:
        """Prepare a statement, to run it often."""
        text = compile_sql(sql)
        return AsyncPreparedStatement(self, sql, await self._run(self._core.prepare(text.sql, timeout)))

    def cursor(
        self,
        sql: str,
        params: Parameters | None = None,
        *,
        batch_rows: int | None = None,
        timeout: float | None = None,
    ) -> AsyncCursor:
        """Return the rows of a statement in batches: `async for`, `async with`, or `await` it to have it run."""
        return AsyncCursor(self, Stream(self._core, sql, params, batch_rows, timeout=timeout))

    async def copy_in(
        self,
        table: str,
        rows: Iterable[Sequence[object]] | AsyncIterable[Sequence[object]],
        columns: Sequence[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> int:
        """Insert many rows, all or none, and return how many."""
        upload = Upload(self._core, table, columns, timeout=timeout)
        try:
            if isinstance(rows, AsyncIterable):
                async for row in rows:
                    await self._run(upload.send([row]))
            else:
                await self._run(upload.send(rows))
            return await self._run(upload.finish())
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
    ) -> AsyncTransaction:
        """Return an asynchronous context manager for a transaction; within one, for a savepoint."""
        return AsyncTransaction(self, isolation_level, read_only, deferrable, timeout, stacked=True)

    async def begin_transaction(
        self,
        isolation_level: str | None = None,
        *,
        read_only: bool | None = None,
        deferrable: bool | None = None,
        timeout: float | None = None,
    ) -> AsyncTransaction:
        """Begin a transaction that stands beside the client: only its own methods run in it, and it must be ended."""
        transaction = AsyncTransaction(self, isolation_level, read_only, deferrable, timeout, stacked=False)
        return await transaction.__aenter__()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open."""
        return bool(self._core.transactions)

    # ---- notifications

    async def listen(self, channel: str, *, timeout: float | None = None) -> None:
        """Listen to a channel, also after a reconnect."""
        await self._run(operations.listen(self._core, channel, timeout))

    async def unlisten(self, channel: str | None = None, *, timeout: float | None = None) -> None:
        """Listen to a channel no more; None: to none."""
        await self._run(operations.unlisten(self._core, channel, timeout))

    async def notify(self, channel: str, payload: str = "", *, timeout: float | None = None) -> None:
        """Send a notification."""
        await self._run(self._core.run("SELECT pg_notify($1, $2)", [channel, payload], timeout=timeout))

    async def notifications(self, timeout: float | None = None) -> AsyncIterator[Notification]:
        """Iterate over notifications as they come; ends when none came for `timeout` seconds (None: never)."""
        while (found := await self._run(operations.next_notification(self._core, timeout))) is not None:
            yield found

    async def subscribe(
        self,
        table: str,
        *,
        events: Sequence[str] = (),
        columns: Sequence[str] = (),
        where: str = "",
        timeout: float | None = None,
    ) -> AsyncSubscription:
        """Subscribe to the changes of a table; see `Client.subscribe`."""
        feed = Feed(self._core, table, events, columns, where)
        await self._run(feed.open(timeout))
        return AsyncSubscription(self, feed)

    # ---- the connection

    def cancel(self) -> None:
        """Cancel what another task runs now; it gets QueryCanceled (57014)."""
        self._driver.wake()

    async def ping(self, *, timeout: float | None = None) -> float:
        """Ask the server for a sign of life; return the seconds that it took."""
        return await self._run(self._core.ping(timeout))

    async def close(self) -> None:
        """Close the connection; closing twice is no error."""
        await self._run(self._core.close())

    aclose = close

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
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
        """The settings that the server reports."""
        return dict(self._core.conversation.settings) if self._core.conversation is not None else {}

    async def __aenter__(self) -> AsyncClient:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        with anyio.CancelScope(shield=True):
            await self.close()

    def __repr__(self) -> str:
        """Show where it is connected to, never the password."""
        state = "closed" if self.is_closed else "connected" if self.is_connected else "disconnected"
        return f"<rustydb.AsyncClient {self.options.url()} {state}>"


class AsyncTransaction:
    """A transaction, or a savepoint in one: an asynchronous context manager with the client's methods for statements."""

    def __init__(
        self,
        client: AsyncClient,
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
            raise InterfaceError("the transaction has not begun: use it in an async with block", "25P01")
        return self._open

    @property
    def id(self) -> int:
        """The transaction's number in the native protocol."""
        return self._state.number

    @property
    def is_open(self) -> bool:
        """Whether statements can run in it."""
        return self._open is not None and not self._open.over

    async def query(self, sql: str, params: Parameters | None = None, *, timeout: float | None = None) -> Result:
        """Run a statement in the transaction and return its rows."""
        client = self._client
        return await client._run(client._core.run(sql, params, timeout=timeout, transaction=self._state))

    async def execute(self, sql: str, params: Parameters | None = None, *, timeout: float | None = None) -> Result:
        """Run a statement in the transaction for its effect."""
        return await self.query(sql, params, timeout=timeout)

    async def executemany(
        self, sql: str, params: Iterable[Parameters], *, timeout: float | None = None
    ) -> list[Result]:
        """Run a statement for each set of parameters."""
        return await self._client._run(operations.execute_many(self._client._core, sql, params, self._state, timeout))

    def cursor(
        self, sql: str, params: Parameters | None = None, *, batch_rows: int | None = None, timeout: float | None = None
    ) -> AsyncCursor:
        """Return the rows of a statement in the transaction, in batches."""
        return AsyncCursor(self._client, Stream(self._client._core, sql, params, batch_rows, self._state, timeout))

    async def commit(self, *, timeout: float | None = None) -> None:
        """Commit; the block may go on, but nothing more runs in it."""
        await self._client._run(self._state.commit(timeout))

    async def rollback(self, *, timeout: float | None = None) -> None:
        """Roll back; the block may go on, but nothing more runs in it."""
        await self._client._run(self._state.rollback(timeout))

    async def __aenter__(self) -> AsyncTransaction:
        """Begin."""
        if self._open is not None:
            raise InterfaceError("a transaction is used in one async with block", "25001")
        self._open = await self._client._run(self._begin)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or roll back after an exception (a cancellation, too); nothing when the block did so itself."""
        state = self._state
        if state.over:
            return
        if kind is None:
            await self._client._run(state.commit(self._timeout))
            return
        try:
            with anyio.CancelScope(shield=True):
                await self._client._run(state.rollback(self._timeout))
        except Error as failure:
            if error is not None:
                error.add_note(f"the rollback failed, too: {failure.message}")


class AsyncPreparedStatement:
    """A prepared statement; made again by itself after a reconnect."""

    def __init__(self, client: AsyncClient, sql: str, prepared: Prepared) -> None:
        self._client = client
        self._sql = sql
        self._prepared = prepared

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of its rows."""
        return self._prepared.columns

    @property
    def parameter_types(self) -> tuple[int, ...]:
        """The OIDs of its parameters' types."""
        return self._prepared.parameter_types

    async def query(self, params: Parameters = (), *, timeout: float | None = None) -> Result:
        """Run it and return its rows."""
        core = self._client._core
        return await self._client._run(core.run_prepared(self._prepared, self._sql, params, timeout))

    async def execute(self, params: Parameters = (), *, timeout: float | None = None) -> Result:
        """Run it for its effect."""
        return await self.query(params, timeout=timeout)

    async def close(self) -> None:
        """Forget it."""
        await self._client._run(self._client._core.close_prepared(self._prepared))

    async def __aenter__(self) -> AsyncPreparedStatement:
        """Return the statement."""
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Forget it."""
        await self.close()


class AsyncCursor:
    """The rows of one statement, taken in batches. Closing gives up the rest."""

    def __init__(self, client: AsyncClient, stream: Stream) -> None:
        self._client = client
        self._stream = stream

    def __await__(self) -> Generator[Any, None, AsyncCursor]:
        """Run the statement and return the cursor."""
        return self.__aenter__().__await__()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the rows, once it runs."""
        return self._stream.columns

    @property
    def rowcount(self) -> int:
        """How many rows there are; -1 until all were taken from the server."""
        return self._stream.rowcount

    async def has_next(self) -> bool:
        """Say whether there is another row, waiting for it if need be."""
        await self._client._run(self._stream.fill(1))
        return bool(self._stream.rows)

    async def fetchone(self) -> Row | None:
        """Return the next row, or None after the last."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int = 1000) -> list[Row]:
        """Return the next rows, as many as `size` if there are so many."""
        if len(self._stream.rows) < size:
            await self._client._run(self._stream.fill(size))
        return self._stream.take(size)

    async def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        rows: list[Row] = []
        while part := await self.fetchmany(self._client.options.fetch_rows):
            rows += part
        return rows

    async def close(self) -> None:
        """Give up the rows that are left; the server stops producing them."""
        async with self._client._lock:
            self._stream.close()

    async def __aiter__(self) -> AsyncIterator[Row]:
        """Iterate over the rows that are left."""
        while (row := await self.fetchone()) is not None:
            yield row

    async def __aenter__(self) -> AsyncCursor:
        """Run the statement and return the cursor."""
        await self._client._run(self._stream.open())
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close it."""
        self._stream.close()


class AsyncSubscription:
    """The changes of a table as they are committed: `async for change in subscription`."""

    def __init__(self, client: AsyncClient, feed: Feed) -> None:
        self._client = client
        self._feed = feed

    @property
    def position(self) -> int:
        """The position of the last change that was taken."""
        return self._feed.position

    async def next(self, timeout: float | None = None) -> Change | None:
        """Return the next change, or None when none came within `timeout` seconds."""
        return await self._client._run(self._feed.next(timeout))

    async def restart(self, *, timeout: float | None = None) -> None:
        """Subscribe anew, from now on, after an error said that changes were lost."""
        await self._client._run(self._feed.restart(timeout))

    async def close(self) -> None:
        """End the subscription."""
        await self._client._run(self._feed.close())

    async def __aiter__(self) -> AsyncIterator[Change]:
        """Iterate over changes for ever."""
        while (change := await self.next()) is not None:
            yield change

    async def __aenter__(self) -> AsyncSubscription:
        """Return the subscription."""
        return self

    async def __aexit__(self, *failure: object) -> None:
        """End it."""
        with anyio.CancelScope(shield=True):
            await self.close()
