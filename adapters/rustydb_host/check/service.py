"""The parts of a Service that the suite owns: the clock, the disk, the jobs, and the recorder between host and probe.

All of them write lines of JSON to one stream that the parent reads; no byte of what they tell goes through the host under test.

The clock is the system's plus two offsets that a check can move. It starts far from the system's monotonic time, so a host
that reads that in place of `service.clock` sleeps for days or not at all. What the disk does is told by the file's name:

    plain…             nothing, successfully        fail-ENOSPC       answers DiskFailed with that code
    slow-300           takes 300 ms                 raise-ENOSPC      raises OSError
    put                hands an input to the host from the worker's thread, then succeeds (stop: ShutdownRequested)
"""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from rustydb_host.check.probe import Note, Probe, burn
from rustydb_host.check.verbs import VERBS
from rustydb_host.contract import Fields, Put
from rustydb_proto.core import io
from rustydb_proto.core.time import NS_PER_MS, NS_PER_S, Now

MONO_OFFSET_NS: Final = 1_000_000 * NS_PER_S
_sleep: Final = time.sleep  # the plain one, should the host under test replace what the module holds
_thread: Final = threading.get_ident


class Teller:
    """Writes what happened, a line each, from any thread."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._lock = threading.Lock()

    def tell(self, line: dict[str, object]) -> None:
        """Write a line."""
        data = json.dumps(line, separators=(",", ":"), default=repr).encode() + b"\n"
        with self._lock:
            while data:
                data = data[os.write(self._handle, data) :]


class Clock:
    """A clock that can be moved."""

    def __init__(self) -> None:
        self._mono_ns = MONO_OFFSET_NS
        self._wall_us = 0

    def read(self) -> Now:
        """Return the time."""
        return Now(time.monotonic_ns() + self._mono_ns, time.time_ns() // 1000 + self._wall_us)

    def jump(self, mono_ms: int, wall_ms: int) -> None:
        """Move both clocks; the monotonic one only forward."""
        assert mono_ms >= 0, "monotonic"
        self._mono_ns += mono_ms * NS_PER_MS
        self._wall_us += wall_ms * 1000


class Disk:
    """Does disk effects as their names say."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self.put: Put | None = None

    def carry_out(self, effect: io.Effect) -> io.Input:
        """Answer a disk effect."""
        assert isinstance(effect, io.Append | io.Allocate | io.Store | io.Publish | io.DeleteFile), "a disk effect"
        self._tell("disk began", effect.ticket)
        behaviour, _, detail = effect.name.partition("-")
        try:
            return self._answer(effect, behaviour, detail)
        finally:
            self._tell("disk ended", effect.ticket)

    def _answer(
        self, effect: io.Append | io.Allocate | io.Store | io.Publish | io.DeleteFile, behaviour: str, detail: str
    ) -> io.Input:
        if behaviour == "slow":
            _sleep(int(detail) / 1000)
        elif behaviour == "fail":
            return io.DiskFailed(effect.ticket, f"{effect.name}: as its name says", detail)
        elif behaviour == "raise":
            number = getattr(errno, detail)
            raise OSError(number, os.strerror(number))
        elif behaviour in ("put", "stop"):
            assert self.put is not None, "a host that gives disk work has started"
            self.put(io.Reloaded({"ticket": effect.ticket}) if behaviour == "put" else io.ShutdownRequested(True))
        return io.Appended(effect.ticket) if isinstance(effect, io.Append) else io.DiskDone(effect.ticket)

    def _tell(self, name: str, ticket: int) -> None:
        self._teller.tell({"e": [["disk", name, {"ticket": ticket, "thread": _thread()}]]})


def _fail() -> object:
    raise ArithmeticError("as its name says")


JOBS: Final[dict[str, Callable[[], object]]] = {
    "answer": lambda: 42,
    "fail": _fail,
    "burn": lambda: burn(200_000),
    "sleep": lambda: _sleep(0.3),
}


class Recorder:
    """A core around the probe: tells each step, moves the clock, notes calls that come while one is under way."""

    def __init__(self, teller: Teller, clock: Clock) -> None:
        self._probe = Probe(VERBS, JOBS)
        self._teller = teller
        self._clock = clock
        self._step = 0
        self._inside = False
        self._thread = 0

    def step(self, now: Now, inputs: Sequence[io.Input]) -> list[io.Effect]:
        """Let the probe step, and tell it."""
        extra: list[Note] = []
        if self._inside:
            extra.append(("entered twice", {}))
        if self._thread not in (0, _thread()):
            extra.append(("another thread", {}))
        self._thread = _thread()
        self._inside = True
        self._step += 1
        try:
            effects = self._probe.step(now, inputs)
        finally:
            self._inside = False
            events = [["in", type(item).__name__, fields_of(item)] for item in inputs]
            notes = self._probe.take_notes() + extra
            events += [["note", name, fields] for name, fields in notes]
        events += [["out", type(item).__name__, fields_of(item)] for item in effects]
        if events:
            self._teller.tell({"s": self._step, "m": now.mono_ns, "w": now.wall_us, "e": events})
        for name, fields in notes:
            if name == "jump":
                self._clock.jump(int(str(fields["mono_ms"])), int(str(fields["wall_ms"])))
        return effects

    def deadline(self, now: Now) -> int | None:
        """Return the probe's."""
        return self._probe.deadline(now)


def fields_of(item: object) -> dict[str, object]:
    """Return the fields of an input or effect; of bytes only the length."""
    fields: dict[str, object] = {}
    for name in type(item).__slots__:  # type: ignore[attr-defined]  # all records have slots
        content = getattr(item, name)
        if isinstance(content, bytes):
            content = len(content)
        elif not isinstance(content, int | str | dict):
            content = repr(content)
        fields[name] = content
    return fields


def log_teller(teller: Teller) -> Callable[[str, str, Fields], None]:
    """Return the `log` of a Service."""
    return lambda level, event, fields: teller.tell({"e": [["log", event, {"level": level, **fields}]]})
