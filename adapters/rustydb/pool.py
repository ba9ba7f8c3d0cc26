"""A pool of connections for threads.

    with rustydb.Pool("rustydb://admin:secret@localhost:5432/mydb?pool_size=10") as pool:
        with pool.connection() as client:
            client.query("SELECT 1")

The decisions are pool_core.py's; this is a lock around it, a thread that watches its deadline, and a few that connect and close, so that nobody
who has a connection waits for one that is being made. What a user left open is ended when the connection comes back: open
cursors, transactions, LISTEN, subscriptions, and (by DISCARD ALL, only after statements like SET) settings.

The options are those of pool_options.py and of `connect`; `pool_size` is `max_size`.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

from rustydb.client import Client
from rustydb.conversation import Operation
from rustydb.errors import Error, InterfaceError, OperationalError
from rustydb.options import ConnectOptions, connect_options
from rustydb.pool_core import NEVER, Action, Close, Create, Hand, Leaked, PoolCore, Refuse, Validate
from rustydb.pool_options import NAMES, PoolOptions, PoolStatistics, pool_options

T = TypeVar("T")
WORKERS_MAX: Final = 8
LOGGER: Final = logging.getLogger("rustydb.pool")
OnLeak = Callable[[str], None]


class PooledClient(Client):
    """A connection on loan: a Client whose `close` (or `release`) gives it back. Afterwards it is of no use."""

    def __init__(self, pool: Pool, slot: int, client: Client) -> None:  # it has no sockets of its own
        self._core, self._driver, self._lock = client._core, client._driver, client._lock
        self._owns_sockets = False
        self._pool = pool
        self._slot = slot
        self._returned = False

    def _run(self, operation: Operation[T]) -> T:
        if self._returned:
            operation.close()
            raise InterfaceError("the connection was given back to its pool", "08003")
        return super()._run(operation)

    def close(self) -> None:
        """Give the connection back; twice is no error."""
        with self._lock:
            returned, self._returned = self._returned, True
        if not returned:
            self._pool._take_back(self._slot)

    release = close

    @property
    def is_closed(self) -> bool:
        """Whether it was given back."""
        return self._returned or self._core.closed


class Pool:
    """See the module docstring. Threads may share it; `on_leak` hears about connections that are not given back."""

    def __init__(self, url: str | None = None, /, *, on_leak: OnLeak | None = None, **options: object) -> None:
        self._connect_options, self._options = split_options(url, options, os.environ)
        self._core = PoolCore(self._options)
        self._on_leak = on_leak
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._clients: dict[int, Client] = {}
        self._inboxes: dict[int, queue.SimpleQueue[Action]] = {}
        self._holders: dict[int, str] = {}
        self._tickets = 0
        self._closed = False
        self._workers = ThreadPoolExecutor(min(WORKERS_MAX, self._options.max_size), "rustydb-pool")
        self._watcher = threading.Thread(target=self._watch, name="rustydb-pool-watcher", daemon=True)
        self._decide(self._core.start)
        self._watcher.start()

    # ---- for users

    @contextmanager
    def connection(self, timeout: float | None = None, *, priority: int = 0) -> Iterator[PooledClient]:
        """Lend a connection for the length of a with block."""
        client = self.acquire(timeout, priority=priority)
        try:
            yield client
        finally:
            client.close()

    def acquire(self, timeout: float | None = None, *, priority: int = 0) -> PooledClient:
        """Return a connection, to be given back with its `close`; PoolTimeout, PoolExhausted, PoolClosed.

        `timeout` None is the option `acquire_timeout`. With `fair_queue=False` a higher `priority` is served first.
        """
        inbox: queue.SimpleQueue[Action] = queue.SimpleQueue()
        with self._lock:
            self._tickets += 1
            ticket = self._tickets
            self._inboxes[ticket] = inbox
        try:
            self._decide(lambda now: self._core.acquire(now, ticket, timeout, priority))
            while True:
                action = inbox.get()
                if isinstance(action, Validate):
                    self._validate(action.slot)
                elif isinstance(action, Refuse):
                    raise action.error
                else:
                    assert isinstance(action, Hand), "what a waiter is told"
                    break
        except Error:
            raise
        except BaseException:
            self._decide(lambda now: self._core.give_up(now, ticket))
            raise
        finally:
            with self._lock:
                del self._inboxes[ticket]
        if self._options.leak_detection_threshold is not None:
            self._holders[action.slot] = _callers()
        return PooledClient(self, action.slot, self._clients[action.slot])

    def release(self, client: PooledClient) -> None:
        """Give a connection back; the same as its `close`."""
        client.close()

    def statistics(self) -> PoolStatistics:
        """Return the pool's numbers."""
        with self._lock:
            return self._core.statistics()

    get_statistics = statistics

    def close(self) -> None:
        """Close the pool: refuse who waits, close what is idle; what is on loan is closed when it comes back."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._decide(self._core.close)
        with self._changed:
            self._changed.notify_all()
        self._watcher.join()
        self._workers.shutdown()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def options(self) -> PoolOptions:
        """The options of the pool."""
        return self._options

    def __enter__(self) -> Pool:
        """Return the pool."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close it."""
        self.close()

    # ---- carrying out

    def _decide(self, step: Callable[[float], list[Action]]) -> None:
        """Take a step of the core, and carry out what it decides."""
        with self._changed:
            actions = step(time.monotonic())
            self._changed.notify()
        for action in actions:
            self._carry_out(action)

    def _carry_out(self, action: Action) -> None:
        if isinstance(action, Hand | Refuse) or (isinstance(action, Validate) and action.ticket is not None):
            with self._lock:
                inbox = self._inboxes.get(action.ticket) if action.ticket is not None else None
            if inbox is not None:
                inbox.put(action)
        elif isinstance(action, Create):
            self._work(self._create, action.slot)
        elif isinstance(action, Validate):
            self._work(self._validate, action.slot)
        elif isinstance(action, Close):
            client = self._clients.pop(action.slot, None)
            if client is not None:
                self._work(_close, client)
        else:
            assert isinstance(action, Leaked), "every action is known"
            self._report(action)

    def _work(self, job: Callable[[T], None], subject: T) -> None:
        try:
            self._workers.submit(job, subject)
        except RuntimeError:  # the pool is closed, and its workers are gone: this thread does it
            job(subject)

    def _create(self, slot: int) -> None:
        try:
            client = Client(self._connect_options)
        except Error as error:
            failure: Error = error
        except BaseException as error:
            failure = OperationalError(f"connecting failed: {error}", "08001")
        else:
            self._clients[slot] = client
            self._decide(lambda now: self._core.created(now, slot))
            return
        self._decide(lambda now: self._core.create_failed(now, slot, failure, random.random()))

    def _validate(self, slot: int) -> None:
        client = self._clients[slot]
        ok = False
        try:
            ok = client._run(client._core.validate(self._options.validation_timeout))
        finally:
            self._decide(lambda now: self._core.validated(now, slot, ok))

    def _take_back(self, slot: int) -> None:
        self._holders.pop(slot, None)
        client = self._clients[slot]
        fit = False
        try:
            fit = client._run(client._core.reset(self._options.validation_timeout))
        finally:
            self._decide(lambda now: self._core.release(now, slot, broken=not fit))

    def _report(self, action: Leaked) -> None:
        text = f"a connection has been out for {action.seconds:.0f} s; it was taken at {self._holders.get(action.slot, '?')}"
        LOGGER.warning("%s", text)
        if self._on_leak is not None:
            self._on_leak(text)

    def _watch(self) -> None:
        """Tick at the core's deadlines, until the pool is closed."""
        while True:
            with self._changed:
                if self._closed:
                    return
                deadline = self._core.deadline()
                left = deadline - time.monotonic()
                if left > 0:
                    self._changed.wait(None if deadline == NEVER else left)
                    continue
            self._decide(self._core.tick)


def split_options(
    url: str | None, given: Mapping[str, object], environment: Mapping[str, str]
) -> tuple[ConnectOptions, PoolOptions]:
    """Return the options of the connections and those of the pool."""
    of_pool = {name: value for name, value in given.items() if name in NAMES}
    of_connect = {name: value for name, value in given.items() if name not in NAMES}
    if "statement_cache_size" in of_pool:
        of_connect["statement_cache_size"] = of_pool["statement_cache_size"]
    connect = connect_options(url, of_connect, environment)
    of_pool.setdefault("max_size", connect.pool_size)
    of_pool.setdefault("statement_cache_size", connect.statement_cache_size)
    return connect, pool_options(**of_pool)


def _close(client: Client) -> None:
    with suppress(Error, OSError):
        client.close()


def _callers() -> str:
    """Return where the connection was taken: the innermost three places outside of this file."""
    places: list[str] = []
    frame = sys._getframe(1)
    while frame is not None and len(places) < 3:
        if frame.f_code.co_filename not in (__file__, contextmanager.__code__.co_filename):
            places.append(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}")
        if frame.f_back is None:
            break
        frame = frame.f_back
    return " < ".join(places)
