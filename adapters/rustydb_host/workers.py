"""The threads of a host: disk effects in order, jobs on several threads; each answers with an input.

`deliver` is the host's thread-safe way in. A worker cannot fail silently: an exception in it is the failure of its request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

from rustydb_host.contract import Put, Service
from rustydb_proto.core import io

DiskEffect = io.Append | io.Allocate | io.Store | io.Publish | io.DeleteFile
Task = Callable[[], None]


class Pool(Protocol):
    """Threads that run tasks in the order of their coming."""

    def submit(self, task: Task) -> None:
        """Run a task soon."""

    def stop(self, wait: bool) -> None:
        """End after what was submitted; return at once, or when that is done."""


class Threads:
    """`count` plain threads around a queue: a task costs a tenth of what an executor's future costs. They start when needed."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._count = count
        self._queue: SimpleQueue[Task | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, task: Task) -> None:
        """Run a task soon."""
        if len(self._threads) < self._count:
            thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._queue.put(task)

    def stop(self, wait: bool) -> None:
        """End after what was submitted; return at once, or when that is done."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            task()


class Workers:
    """The workers of one host."""

    def __init__(self, service: Service, deliver: Put, pool: Callable[[str, int], Pool] = Threads) -> None:
        self._service = service
        self._deliver = deliver
        self._log = pool("log", 1)
        self._files = pool("files", 1)
        self._jobs = pool("compute", service.compute_threads)

        self.handlers: dict[type, Callable[..., None]] = {
            io.Append: lambda effect: self._log.submit(lambda: deliver(self._disk(effect))),
            io.Allocate: self._file,
            io.Store: self._file,
            io.Publish: self._file,
            io.DeleteFile: self._file,
            io.Compute: lambda effect: self._jobs.submit(lambda: deliver(self._compute(effect))),
            io.Log: lambda effect: service.log(effect.level, effect.event, effect.fields),
        }
        """What carries out the effects that are not about sockets."""

    def reload(self) -> None:
        """Read the configuration again."""

        def task() -> None:
            with suppress(Exception):  # reload says itself in the log what it cannot use
                news = self._service.reload()
                if news is not None:
                    self._deliver(news)

        self._files.submit(task)

    def stop(self) -> None:
        """Finish the disk work under way. A job that goes on has nobody left who wants its result."""
        self._jobs.stop(wait=False)
        self._log.stop(wait=True)
        self._files.stop(wait=True)

    def _file(self, effect: DiskEffect) -> None:
        self._files.submit(lambda: self._deliver(self._disk(effect)))

    def _disk(self, effect: DiskEffect) -> io.Input:
        if self._service.carry_out is None:
            return io.DiskFailed(effect.ticket, f"{effect.name}: a database in memory has no files")
        try:
            return self._service.carry_out(effect)
        except Exception as error:
            return io.DiskFailed(effect.ticket, f"{effect.name}: {type(error).__name__}: {error}")

    def _compute(self, effect: io.Compute) -> io.Input:
        try:
            return self._service.compute(effect)
        except Exception as error:
            return io.ComputeFailed(effect.ticket, f"{type(error).__name__}: {error}")
