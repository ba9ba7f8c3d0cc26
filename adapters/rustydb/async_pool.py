"""A pool of connections for tasks, under asyncio and trio.

    async with AsyncPool("rustydb://admin:secret@localhost:5432/mydb?pool_size=10") as pool:
        async with pool.connection() as client:
            await client.query("SELECT 1")

The decisions are pool_core.py's, the options those of pool.py. The pool's own tasks (connecting, closing, watching the deadline) run in a task
group that lives as long as the `async with` block.
"""

from __future__ import annotations

import logging
import os
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar

import anyio
from anyio.abc import TaskGroup

from rustydb.async_client import AsyncClient
from rustydb.conversation import Operation
from rustydb.errors import Error, InterfaceError, OperationalError, PoolClosed
from rustydb.pool import split_options
from rustydb.pool_core import NEVER, Action, Close, Create, Hand, Leaked, PoolCore, Refuse, Validate
from rustydb.pool_options import PoolOptions, PoolStatistics

T = TypeVar("T")
LOGGER: Final = logging.getLogger("rustydb.pool")


class AsyncPooledClient(AsyncClient):
    """A connection on loan: an AsyncClient whose `close` (or `release`) gives it back."""

    def __init__(self, pool: AsyncPool, slot: int, client: AsyncClient) -> None:
        self._core, self._driver, self._lock = client._core, client._driver, client._lock
        self._pool = pool
        self._slot = slot
        self._returned = False

    async def _run(self, operation: Operation[T]) -> T:
        if self._returned:
            operation.close()
            raise InterfaceError("the connection was given back to its pool", "08003")
        return await super()._run(operation)

    async def close(self) -> None:
        """Give the connection back; twice is no error."""
        returned, self._returned = self._returned, True
        if not returned:
            await self._pool._take_back(self._slot)

    release = close
    aclose = close

    @property
    def is_closed(self) -> bool:
        """Whether it was given back."""
        return self._returned or self._core.closed


class _Waiter:
    """One task that waits for a connection."""

    __slots__ = ("action", "event")

    def __init__(self) -> None:
        self.event = anyio.Event()
        self.action: Action | None = None

    def tell(self, action: Action) -> None:
        self.action = action
        self.event.set()

    async def hear(self) -> Action:
        await self.event.wait()
        self.event = anyio.Event()
        assert self.action is not None, "it was told"
        return self.action


class AsyncPool:
    """See the module docstring. Tasks of one event loop may share it."""

    def __init__(
        self, url: str | None = None, /, *, on_leak: Callable[[str], None] | None = None, **options: object
    ) -> None:
        self._connect_options, self._options = split_options(url, options, os.environ)
        self._core = PoolCore(self._options)
        self._on_leak = on_leak
        self._clients: dict[int, AsyncClient] = {}
        self._waiters: dict[int, _Waiter] = {}
        self._tickets = 0
        self._changed = anyio.Event()
        self._group: TaskGroup | None = None
        self._closed = False
        self._orphans: list[AsyncClient] = []

    # ---- for users

    @asynccontextmanager
    async def connection(self, timeout: float | None = None, *, priority: int = 0) -> AsyncIterator[AsyncPooledClient]:
        """Lend a connection for the length of an async with block."""
        client = await self.acquire(timeout, priority=priority)
        try:
            yield client
        finally:
            with anyio.CancelScope(shield=True):
                await client.close()

    async def acquire(self, timeout: float | None = None, *, priority: int = 0) -> AsyncPooledClient:
        """Return a connection, to be given back with its `close`; PoolTimeout, PoolExhausted, PoolClosed."""
        if self._group is None:
            raise PoolClosed(
                "the pool is closed" if self._closed else "the pool is not open: use it in an async with block"
            )
        self._tickets += 1
        ticket, waiter = self._tickets, _Waiter()
        self._waiters[ticket] = waiter
        try:
            self._carry_out(self._core.acquire(anyio.current_time(), ticket, timeout, priority))
            while True:
                action = await waiter.hear()
                if isinstance(action, Validate):
                    await self._validate(action.slot)
                elif isinstance(action, Refuse):
                    raise action.error
                else:
                    assert isinstance(action, Hand), "what a waiter is told"
                    return AsyncPooledClient(self, action.slot, self._clients[action.slot])
        except Error:
            raise
        except BaseException:
            self._carry_out(self._core.give_up(anyio.current_time(), ticket))
            raise
        finally:
            del self._waiters[ticket]

    async def release(self, client: AsyncPooledClient) -> None:
        """Give a connection back; the same as its `close`."""
        await client.close()

    def statistics(self) -> PoolStatistics:
        """Return the pool's numbers."""
        return self._core.statistics()

    get_statistics = statistics

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def options(self) -> PoolOptions:
        """The options of the pool."""
        return self._options

    async def __aenter__(self) -> AsyncPool:
        """Open the pool: its first connections are being made when this returns."""
        assert self._group is None and not self._closed, "a pool is opened once"
        group = anyio.create_task_group()
        await group.__aenter__()
        self._group = group
        group.start_soon(self._watch)
        self._carry_out(self._core.start(anyio.current_time()))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Close it: refuse who waits, close what is idle, wait for nobody."""
        self._closed = True
        group, self._group = self._group, None
        assert group is not None, "it was opened"
        actions = self._core.close(anyio.current_time())
        group.cancel_scope.cancel()
        await group.__aexit__(None, None, None)
        self._carry_out(actions)
        await self._close_orphans()

    # ---- carrying out

    def _carry_out(self, actions: list[Action]) -> None:
        self._changed.set()
        for action in actions:
            if isinstance(action, Hand | Refuse) or (isinstance(action, Validate) and action.ticket is not None):
                waiter = self._waiters.get(action.ticket) if action.ticket is not None else None
                if waiter is not None:
                    waiter.tell(action)
            elif isinstance(action, Create):
                self._spawn(self._create, action.slot)
            elif isinstance(action, Validate):
                self._spawn(self._validate, action.slot)
            elif isinstance(action, Close):
                client = self._clients.pop(action.slot, None)
                if client is not None:
                    self._spawn(_close, client)
            else:
                assert isinstance(action, Leaked), "every action is known"
                text = f"a connection has been out for {action.seconds:.0f} s"
                LOGGER.warning("%s", text)
                if self._on_leak is not None:
                    self._on_leak(text)

    def _spawn(self, job: Callable[[T], Coroutine[Any, Any, None]], subject: T) -> None:
        if self._group is not None:
            self._group.start_soon(job, subject)
        else:  # the pool was closed meanwhile, and so is what it would have kept
            assert isinstance(subject, AsyncClient), "a closed pool starts nothing but closing"
            self._orphans.append(subject)

    async def _create(self, slot: int) -> None:
        try:
            client = await AsyncClient.open(self._connect_options)
        except Error as error:
            failure: Error = error
        except Exception as error:
            failure = OperationalError(f"connecting failed: {error}", "08001")
        else:
            self._clients[slot] = client
            self._carry_out(self._core.created(anyio.current_time(), slot))
            return
        self._carry_out(self._core.create_failed(anyio.current_time(), slot, failure, random.random()))

    async def _validate(self, slot: int) -> None:
        client = self._clients[slot]
        ok = False
        try:
            ok = await client._run(client._core.validate(self._options.validation_timeout))
        finally:
            self._carry_out(self._core.validated(anyio.current_time(), slot, ok))
            await self._close_orphans()

    async def _take_back(self, slot: int) -> None:
        client = self._clients[slot]
        fit = False
        try:
            fit = await client._run(client._core.reset(self._options.validation_timeout))
        finally:
            self._carry_out(self._core.release(anyio.current_time(), slot, broken=not fit))
            await self._close_orphans()

    async def _close_orphans(self) -> None:
        while self._orphans:
            with anyio.CancelScope(shield=True):
                await _close(self._orphans.pop())

    async def _watch(self) -> None:
        """Tick at the core's deadlines."""
        while True:
            deadline = self._core.deadline()
            self._changed = anyio.Event()
            with anyio.CancelScope(deadline=deadline if deadline != NEVER else float("inf")) as scope:
                await self._changed.wait()
            if scope.cancelled_caught:
                self._carry_out(self._core.tick(anyio.current_time()))


async def _close(client: AsyncClient) -> None:
    with suppress(Error, OSError):
        await client.close()
