"""What the child tells, as events that a check can wait for and count.

A thread reads the child's lines; checks look at the lists in the main thread and wait on a condition. An event is an input
("in"), an effect ("out"), a note of the probe ("note"), the disk at work ("disk") or a log record ("log").
"""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from rustydb_host.check.table import Failed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that the child told. `index` orders them; `step` counts the calls of `step`."""

    index: int
    step: int
    mono_ns: int
    wall_us: int
    way: str
    name: str
    fields: dict[str, Any]

    @property
    def conn(self) -> int:
        """The connection that it names; 0 for none."""
        return int(self.fields.get("conn", 0))

    @property
    def size(self) -> int:
        """How many bytes it carries."""
        return int(self.fields.get("data", 0))


class Record:
    """Everything that one child has told so far."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ready: dict[str, Any] | None = None
        self.exit: dict[str, Any] | None = None
        self.over = False
        self._by_name: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self._by_conn: dict[int, list[Event]] = defaultdict(list)
        self._news = threading.Condition()

    def read(self, stream: IO[bytes]) -> None:
        """Take lines until the stream ends; called in a thread of its own."""
        for line in stream:
            told = json.loads(line)
            with self._news:
                self._take(told)
                self._news.notify_all()
        with self._news:
            self.over = True
            self._news.notify_all()

    def _take(self, told: dict[str, Any]) -> None:
        if "ready" in told:
            self.ready = told["ready"]
        elif "exit" in told:
            self.exit = told["exit"]
        for way, name, fields in told.get("e", ()):
            event = Event(len(self.events), told.get("s", 0), told.get("m", 0), told.get("w", 0), way, name, fields)
            self.events.append(event)
            self._by_name[way, name].append(event)
            if "conn" in fields:
                self._by_conn[fields["conn"]].append(event)

    def named(self, way: str, name: str, **fields: object) -> list[Event]:
        """Return the events of a kind whose fields have these values, oldest first."""
        found = list(self._by_name[way, name])
        if fields:
            found = [event for event in found if all(event.fields.get(key) == fields[key] for key in fields)]
        return found

    def of(self, conn: int, way: str, *names: str) -> list[Event]:
        """Return the events of one connection, oldest first; of all names when none is given."""
        return [e for e in list(self._by_conn[conn]) if e.way == way and (not names or e.name in names)]

    def wait(self, found: Callable[[], T], what: str, seconds: float) -> T:
        """Return what `found` returns as soon as that is true; Failed when it is not within `seconds`."""
        end = time.monotonic() + seconds
        with self._news:
            while not (result := found()):
                left = end - time.monotonic()
                if left <= 0:
                    raise Failed(f"{what}: not within {seconds:g} s")
                if self.over:
                    raise Failed(f"{what}: the host has ended ({self.exit})")
                self._news.wait(left)
        return result

    def wait_exit(self, seconds: float) -> dict[str, Any]:
        """Return how `run` ended."""
        end = time.monotonic() + seconds
        with self._news:
            while self.exit is None:
                left = end - time.monotonic()
                if left <= 0:
                    raise Failed(f"run() has not returned within {seconds:g} s")
                if self.over:
                    raise Failed("the process under test died")
                self._news.wait(left)
            return self.exit
