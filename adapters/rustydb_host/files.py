"""The data directory: its lock, the disk effects on real files, and recovery from it.

    files = Files("/var/lib/rustydb")            DirectoryLocked when another process has it
    database = recover_directory(files, progress)
    answer = files.carry_out(effect)             blocking: call it from a worker thread
    files.close()

`carry_out` may run in two threads at once, one for Append and one for all other effects: they share nothing but the
directory. Durability: an Append ends in fdatasync of a file whose blocks were allocated and zeroed before, a rename or
a new name in fsync of the directory.

Failures of the operating system are answers (`DiskFailed`), not exceptions.
"""

from __future__ import annotations

import errno
import gc
import os
import time
from collections.abc import Callable, Mapping
from secrets import token_bytes
from typing import Final

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Table
from rustydb_engine.exec.ddl.stored_indexes import stored_index
from rustydb_engine.storage.checkpoint import checkpoint_number
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.index import Index
from rustydb_engine.storage.recovery import Progress, ReadFile, Recovered, recover
from rustydb_engine.storage.wal import DamagedLog, segment_number
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.io import Allocate, Append, Appended, DeleteFile, DiskDone, DiskFailed, Effect, Publish, Store

try:
    import fcntl
except ImportError:  # Windows: there the lock file is kept open without sharing
    fcntl = None  # type: ignore[assignment]

LOCK_NAME: Final = "rustydb.pid"
ZEROS: Final = bytes(1 << 20)
PROGRESS_SECONDS: Final = 0.5

Fields = Mapping[str, str | int | float | None]
Report = Callable[[str, Fields], None]


class DirectoryLocked(Exception):
    """Another process uses the data directory; the message names it."""


class StorageDamaged(Exception):
    """The files contradict one another; the message names the file, the offset and what to do."""


class Files:
    """A locked data directory. Creates it when it is missing; OSError when that or locking is impossible."""

    def __init__(self, path: str) -> None:
        self.path = path
        os.makedirs(path, mode=0o700, exist_ok=True)
        self._lock = _lock_directory(path)
        self._segment: tuple[str, int] | None = None  # the log file that Append has open
        self._stored: tuple[str, int] | None = None  # the file that Store has open
        self._handlers: dict[type, Callable[..., None]] = {
            Append: self._append,
            Allocate: self._allocate,
            Store: self._store,
            Publish: self._publish,
            DeleteFile: self._delete,
        }

    def note_address(self, address: str) -> None:
        """Write the address on which the server listens into the lock file."""
        _write_lock(self._lock, address)

    def close(self) -> None:
        """Close every file and unlock the directory."""
        for opened in (self._segment, self._stored):
            if opened is not None:
                os.close(opened[1])
        self._segment = self._stored = None
        os.ftruncate(self._lock, 0)
        os.close(self._lock)

    # -- effects

    def carry_out(self, effect: Effect) -> Appended | DiskDone | DiskFailed:
        """Do what a disk effect asks for, and return the input that answers it."""
        assert isinstance(effect, Append | Allocate | Store | Publish | DeleteFile), "a disk effect"
        try:
            self._handlers[type(effect)](effect)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "")
            return DiskFailed(effect.ticket, f"{effect.name}: {error.strerror or error}", code)
        return Appended(effect.ticket) if isinstance(effect, Append) else DiskDone(effect.ticket)

    def _append(self, effect: Append) -> None:
        if self._segment is None or self._segment[0] != effect.name:
            if self._segment is not None:
                os.close(self._segment[1])
                self._segment = None
            self._segment = effect.name, os.open(self._full(effect.name), os.O_RDWR | os.O_CREAT | _BINARY, 0o600)
        handle = self._segment[1]
        _write_at(handle, effect.data, effect.offset)
        _sync_data(handle)

    def _allocate(self, effect: Allocate) -> None:
        full = self._full(effect.name)
        handle = os.open(full, os.O_RDWR | os.O_CREAT | os.O_TRUNC | _BINARY, 0o600)
        try:
            for offset in range(0, effect.size, len(ZEROS)):
                _write_at(handle, ZEROS[: effect.size - offset], offset)
            os.fsync(handle)
        except OSError:
            os.close(handle)
            os.unlink(full)  # half a segment would take the space that others wait for
            raise
        os.close(handle)
        self._sync_directory()

    def _store(self, effect: Store) -> None:
        if self._stored is None or self._stored[0] != effect.name:
            self._close_stored()
            flags = os.O_RDWR | os.O_CREAT | _BINARY | (os.O_TRUNC if effect.offset == 0 else 0)
            self._stored = effect.name, os.open(self._full(effect.name), flags, 0o600)
        _write_at(self._stored[1], effect.data, effect.offset)

    def _publish(self, effect: Publish) -> None:
        self._close_stored()
        handle = os.open(self._full(effect.temporary), os.O_RDWR | _BINARY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(self._full(effect.temporary), self._full(effect.name))
        self._sync_directory()

    def _delete(self, effect: DeleteFile) -> None:
        if self._stored is not None and self._stored[0] == effect.name:
            self._close_stored()
        self.delete(effect.name)

    def _close_stored(self) -> None:
        if self._stored is not None:
            handle = self._stored[1]
            self._stored = None
            os.close(handle)

    # -- content

    def listing(self) -> dict[str, int]:
        """Return the size of each file that belongs to the database."""
        with os.scandir(self.path) as entries:
            return {
                entry.name: entry.stat().st_size
                for entry in sorted(entries, key=lambda entry: entry.name)
                if segment_number(entry.name) is not None
                or checkpoint_number(entry.name) is not None
                or (entry.name.startswith("checkpoint-") and entry.name.endswith(".tmp"))
            }

    def read(self, request: ReadFile) -> bytes:
        """Return a piece of a file."""
        with open(self._full(request.name), "rb", buffering=0) as file:
            file.seek(request.offset)
            parts = []
            left = request.size
            while left > 0 and (part := file.read(left)):
                parts.append(part)
                left -= len(part)
        return b"".join(parts)

    def delete(self, name: str) -> None:
        """Delete a file; one that is missing is no error."""
        try:
            os.unlink(self._full(name))
        except FileNotFoundError:
            return

    def sync(self, name: str) -> None:
        """Make a file's content durable: what was read from it may be in the system's cache only."""
        handle = os.open(self._full(name), os.O_RDWR | _BINARY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _full(self, name: str) -> str:
        return os.path.join(self.path, name)

    def _sync_directory(self) -> None:
        if os.name == "nt":
            return  # directories cannot be opened there; NTFS journals names
        handle = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


_BINARY: Final = getattr(os, "O_BINARY", 0)


def _write_at(handle: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        if hasattr(os, "pwrite"):
            written = os.pwrite(handle, view, offset)
        else:
            os.lseek(handle, offset, os.SEEK_SET)
            written = os.write(handle, view)
        view = view[written:]
        offset += written


def _sync_data(handle: int) -> None:
    if hasattr(os, "fdatasync"):
        os.fdatasync(handle)
    else:
        os.fsync(handle)


# ---- the lock


def _lock_directory(path: str) -> int:
    full = os.path.join(path, LOCK_NAME)
    handle = os.open(full, os.O_RDWR | os.O_CREAT | _BINARY, 0o600)
    try:
        _take_lock(handle)
    except OSError:
        holder = os.read(handle, 200).decode("utf-8", "replace").split("\n")
        os.close(handle)
        process = f"process {holder[0]}" if holder[0].strip().isdigit() else "another process"
        address = f", which listens on {holder[1]}" if len(holder) > 1 and holder[1] else ""
        raise DirectoryLocked(
            f"data directory {path} is in use by {process}{address}; stop that server or use another directory"
        ) from None
    _write_lock(handle, "")
    return handle


def _take_lock(handle: int) -> None:
    if fcntl is not None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _write_lock(handle: int, address: str) -> None:
    text = f"{os.getpid()}\n{address}\n".encode()
    os.ftruncate(handle, 0)
    _write_at(handle, text, 0)


# ---- recovery


def indexes_of(catalog: Catalog, table: Table) -> list[Index]:
    """Return the (empty) storage indexes of a table."""
    return [stored_index(catalog, table, index) for index in catalog.indexes_of(table.oid)]


def recover_directory(files: Files, progress: Report) -> Database:
    """Rebuild the database from its directory; StorageDamaged when the files contradict one another.

    `progress(text, fields)` hears about it at once and twice a second while it goes on, and once at the end.
    """
    collecting = gc.isenabled()
    gc.disable()  # millions of rows are made and none is garbage
    try:
        recovered = _run(files, progress)
    except DamagedLog as damage:
        raise StorageDamaged(str(damage)) from None
    finally:
        if collecting:
            gc.enable()
    gc.freeze()
    for note in recovered.notes:
        progress("recovery note", {"note": note})
    return recovered.database


def _run(files: Files, progress: Report) -> Recovered:
    listing = files.listing()
    steps = recover(listing, Entropy(token_bytes(32)), indexes_of)
    started = time.monotonic()
    told = started - PROGRESS_SECONDS  # the first news is told at once
    answer: bytes | None = None
    while True:
        try:
            request = steps.send(answer)
        except StopIteration as stop:
            recovered = stop.value
            break
        if isinstance(request, Progress):
            answer = None
            if time.monotonic() - told >= PROGRESS_SECONDS:
                told = time.monotonic()
                progress("recovering", _fields(request))
        else:
            answer = files.read(request)
    assert isinstance(recovered, Recovered), "what recovery returns"
    for name in listing:
        if segment_number(name) is not None:
            files.sync(name)
    for name in recovered.obsolete:
        files.delete(name)
    seconds = round(time.monotonic() - started, 3)
    text = "new data directory" if recovered.fresh else "recovered"
    progress(text, {"rows": recovered.rows, "log_bytes": recovered.log_bytes, "seconds": seconds})
    return recovered


def _fields(progress: Progress) -> Fields:
    unit = "pages" if progress.phase == "indexes" else "bytes"
    return {
        "phase": progress.phase,
        "percent": progress.percent,
        unit: progress.done,
        f"{unit}_total": progress.total,
        "rows": progress.rows,
    }
