"""A disk that misbehaves as real ones do, deterministically.

Writes go to a cache; only what was synced is sure to survive `crash`. Of the rest every 512-byte sector survives or
not by itself, so a write in flight can be torn anywhere; an unsynced name may be gone. Failures come by schedule:
`fail(kind, code)` fails the next effect of that class, and `space` limits the bytes that files may take.

    disk = Disk(seed)
    disk.start(effect)             the write is in the cache
    disk.finish(effect)            it is durable; returns the input for the node
    disk.crash()                   power loss: what was started and not finished is torn
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from rustydb_engine.storage.recovery import Progress, ReadFile, Recovered, Steps
from rustydb_proto.core.io import (
    Allocate,
    Append,
    Appended,
    DeleteFile,
    DiskDone,
    DiskFailed,
    Effect,
    Publish,
    Store,
)

SECTOR = 512
DiskEffect = Append | Allocate | Store | Publish | DeleteFile


class _File:
    def __init__(self) -> None:
        self.durable = b""
        self.cached = bytearray()
        self.dirty: set[int] = set()

    def write(self, offset: int, data: bytes) -> None:
        end = offset + len(data)
        if end > len(self.cached):
            self.cached.extend(bytes(end - len(self.cached)))
        self.cached[offset:end] = data
        self.dirty.update(range(offset // SECTOR, -(-end // SECTOR)))

    def sync(self) -> None:
        self.durable = bytes(self.cached)
        self.dirty.clear()

    def tear(self, chance: random.Random) -> None:
        """Keep some of the sectors that were not synced."""
        content = bytearray(self.durable)
        for sector in sorted(self.dirty):
            if chance.random() < 0.5:
                start = sector * SECTOR
                piece = self.cached[start : start + SECTOR]
                if len(content) < start + len(piece):
                    content.extend(bytes(start + len(piece) - len(content)))
                content[start : start + len(piece)] = piece
        self.cached = content
        self.sync()


class Disk:
    """The files of one data directory."""

    def __init__(self, seed: int = 0, space: int = 1 << 40) -> None:
        self.space = space
        self._chance = random.Random(seed)
        self._files: dict[str, _File] = {}
        self._durable_names: set[str] = set()
        self._failures: dict[type, list[str]] = {}
        self._failed: dict[int, str] = {}

    # -- effects

    def fail(self, kind: type, code: str = "EIO") -> None:
        """Fail the next effect of this class with an errno name."""
        self._failures.setdefault(kind, []).append(code)

    def start(self, effect: Effect) -> None:
        """Begin a disk effect."""
        assert isinstance(effect, DiskEffect), "a disk gets disk effects"
        scheduled = self._failures.get(type(effect))
        if scheduled:
            self._failed[effect.ticket] = scheduled.pop(0)
        elif isinstance(effect, Allocate):
            if self.used() + effect.size > self.space:
                self._failed[effect.ticket] = "ENOSPC"
                return
            made = self._files[effect.name] = _File()
            made.cached = bytearray(effect.size)
            made.dirty.update(range(-(-effect.size // SECTOR)))
        elif isinstance(effect, Append | Store):
            self._files.setdefault(effect.name, _File()).write(effect.offset, effect.data)

    def finish(self, effect: Effect) -> Appended | DiskDone | DiskFailed:
        """Complete a disk effect that was started."""
        assert isinstance(effect, DiskEffect), "a disk gets disk effects"
        code = self._failed.pop(effect.ticket, None)
        if code is not None:
            return DiskFailed(effect.ticket, f"simulated {code}", code)
        if isinstance(effect, Append):
            self._files[effect.name].sync()
            return Appended(effect.ticket)
        if isinstance(effect, Allocate):
            self._files[effect.name].sync()
            self._durable_names.add(effect.name)
        elif isinstance(effect, Publish):
            file = self._files.pop(effect.temporary)
            file.sync()
            self._files[effect.name] = file
            self._durable_names.discard(effect.temporary)
            self._durable_names.add(effect.name)
        elif isinstance(effect, DeleteFile):
            self._files.pop(effect.name, None)
            self._durable_names.discard(effect.name)
        return DiskDone(effect.ticket)

    def perform(self, effect: Effect) -> Appended | DiskDone | DiskFailed:
        """Start and complete an effect."""
        self.start(effect)
        return self.finish(effect)

    def crash(self) -> None:
        """Lose what was not durable, sector by sector."""
        for name in sorted(self._files):
            if name not in self._durable_names and self._chance.random() < 0.5:
                del self._files[name]
                continue
            self._files[name].tear(self._chance)
            self._durable_names.add(name)
        self._failed.clear()
        self._failures.clear()

    # -- content

    def used(self) -> int:
        """Return the bytes that files take."""
        return sum(len(file.cached) for file in self._files.values())

    def listing(self) -> Mapping[str, int]:
        """Return the size of each file."""
        return {name: len(file.cached) for name, file in sorted(self._files.items())}

    def read(self, request: ReadFile) -> bytes:
        """Return what a recovery asks for."""
        return bytes(self._files[request.name].cached[request.offset : request.offset + request.size])

    def content(self, name: str) -> bytes:
        """Return a whole file."""
        return bytes(self._files[name].cached)

    def overwrite(self, name: str, content: bytes) -> None:
        """Replace a file's content, durably: how tests damage files."""
        file = self._files.setdefault(name, _File())
        file.cached = bytearray(content)
        file.sync()
        self._durable_names.add(name)

    def remove(self, name: str) -> None:
        """Delete a file."""
        del self._files[name]
        self._durable_names.discard(name)

    def copy(self) -> Disk:
        """Return a disk with the same durable files."""
        other = Disk()
        for name in self._durable_names & set(self._files):
            other.overwrite(name, self._files[name].durable)
        return other

    def recover(self, steps: Steps) -> Recovered:
        """Run a recovery on this disk."""
        answer: bytes | None = None
        try:
            while True:
                request = steps.send(answer)
                answer = None if isinstance(request, Progress) else self.read(request)
        except StopIteration as stop:
            recovered = stop.value
            assert isinstance(recovered, Recovered), "a recovery returns a Recovered"
            return recovered
