"""A disk that misbehaves as real ones do, deterministically.

Writes go to a cache; only what was synced is sure to survive `crash`. Of the rest every 512-byte sector survives or
not by itself, so a write in flight can be torn anywhere; an unsynced name may be gone, an unsynced deletion undone,
a rename in flight done or not. Failures come by schedule: `fail(kind, code)` fails the next effect of that class,
and `space` limits the bytes that files may take.

    disk = Disk(seed)
    disk.start(effect)             the write is in the cache
    disk.finish(effect)            it is durable; returns the input for the node
    disk.crash()                   power loss: what was started and not finished is torn
    disk.kill()                    the process died: a write in flight is cut, the cache stays, nothing more is durable
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from rustydb_engine.storage.recovery import Progress, ReadFile, Recovered, Steps
from rustydb_engine.storage.wal import segment_number
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
        """Keep some of the sectors that were not synced: often some, sometimes none or all."""
        content = bytearray(self.durable)
        share = chance.choice((0.0, 0.5, 0.5, 1.0))
        for sector in sorted(self.dirty):
            if chance.random() < share:
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
        self._directory: dict[str, _File] = {}  # what the directory on disk names
        self._failures: dict[type, list[str]] = {}
        self._failed: dict[int, str] = {}
        self._flight: dict[int, tuple[DiskEffect, bytes]] = {}  # effects in flight, with what they overwrote

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
            return
        before = b""
        if isinstance(effect, Allocate):
            if self.used() + effect.size > self.space:
                self._failed[effect.ticket] = "ENOSPC"
                return
            made = self._files[effect.name] = _File()
            made.write(0, bytes(effect.size))
        elif isinstance(effect, Append | Store):
            file = self._files.get(effect.name)
            size = len(file.cached) if file is not None else 0
            end = effect.offset + len(effect.data)
            if end > size and self.used() + end - size > self.space:
                self._failed[effect.ticket] = "ENOSPC"
                return
            file = self._files.setdefault(effect.name, _File())
            before = bytes(file.cached[effect.offset : end])
            file.write(effect.offset, effect.data)
        self._flight[effect.ticket] = effect, before

    def finish(self, effect: Effect) -> Appended | DiskDone | DiskFailed:
        """Complete a disk effect that was started."""
        assert isinstance(effect, DiskEffect), "a disk gets disk effects"
        code = self._failed.pop(effect.ticket, None)
        if code is not None:
            return DiskFailed(effect.ticket, f"simulated {code}", code)
        self._flight.pop(effect.ticket, None)
        if isinstance(effect, Append):
            self._files[effect.name].sync()
            return Appended(effect.ticket)
        if isinstance(effect, Allocate):
            self._files[effect.name].sync()
            self._directory = dict(self._files)
        elif isinstance(effect, Publish):
            self._files[effect.temporary].sync()
            self._rename(effect)
            self._directory = dict(self._files)
        elif isinstance(effect, DeleteFile):
            self._files.pop(effect.name, None)
        return DiskDone(effect.ticket)

    def perform(self, effect: Effect) -> Appended | DiskDone | DiskFailed:
        """Start and complete an effect."""
        self.start(effect)
        return self.finish(effect)

    def _rename(self, effect: Publish) -> None:
        self._files[effect.name] = self._files.pop(effect.temporary)

    # -- the two ways to die

    def crash(self) -> None:
        """Lose what was not durable, sector by sector and name by name."""
        chance = self._chance
        for effect, _ in self._flight.values():
            if isinstance(effect, Publish) and chance.random() < 0.5:
                # fsync comes before rename: whoever sees the name sees the content.
                self._files[effect.temporary].sync()
                self._rename(effect)
                self._directory.pop(effect.temporary, None)
                self._directory[effect.name] = self._files[effect.name]
        kept: dict[str, _File] = {}
        for name in sorted({*self._files, *self._directory}):
            cached, durable = self._files.get(name), self._directory.get(name)
            file = durable if cached is durable or chance.random() < 0.5 else cached
            if file is not None:
                kept[name] = file
        for name in sorted(kept):
            kept[name].tear(chance)
        self._files = kept
        self._forget()
        self._directory = dict(kept)

    def kill(self) -> None:
        """End the process that used the disk: writes in flight are cut anywhere, the cache stays as it is."""
        chance = self._chance
        for effect, before in self._flight.values():
            if isinstance(effect, Publish):
                if chance.random() < 0.5:
                    self._files[effect.temporary].sync()  # fsync comes before rename
                    self._rename(effect)
            elif isinstance(effect, DeleteFile):
                if chance.random() < 0.5:
                    self._files.pop(effect.name, None)
            elif isinstance(effect, Allocate):
                size = chance.randint(0, effect.size)
                file = self._files.get(effect.name)
                if file is not None:
                    del file.cached[size:]
                    file.dirty = set(range(-(-size // SECTOR)))
            elif effect.name in self._files:
                done = chance.randint(0, len(effect.data))
                self._files[effect.name].write(effect.offset + done, before[done:])
        self._forget()

    def _forget(self) -> None:
        self._failed.clear()
        self._failures.clear()
        self._flight.clear()

    def sync_log(self) -> None:
        """Make the log durable as it is read: what a host does after a recovery."""
        for name, file in self._files.items():
            if segment_number(name) is not None:
                file.sync()
                self._directory[name] = file

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
        self._directory[name] = file

    def remove(self, name: str) -> None:
        """Delete a file, durably; a missing one is no error."""
        self._files.pop(name, None)
        self._directory.pop(name, None)

    def copy(self) -> Disk:
        """Return a disk with the same durable files."""
        other = Disk()
        for name, file in self._directory.items():
            if name in self._files:
                other.overwrite(name, file.durable)
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
