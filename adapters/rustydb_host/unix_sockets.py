"""A Unix socket where PostgreSQL's clients look for it: `psql -h /run/rustydb` connects to /run/rustydb/.s.PGSQL.5432.

The file of a socket outlives a server that crashed, so a file that is there says nothing. Two things do: a lock file beside
it, locked for as long as its server lives, and whether somebody answers (a PostgreSQL server, which locks in another way).
A file with neither is stale and is replaced. Both files are removed at the end. Everybody may connect (mode 0777): who
one is, passwords decide, as on the other sockets; a directory with a stricter mode keeps others out.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from typing import Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MODE: Final = 0o777
PROBE_SECONDS: Final = 1.0


class UnixSocket:
    """The socket of `port` in `directory`; `path` is its file."""

    def __init__(self, directory: str, port: int) -> None:
        self.path = os.path.join(directory, f".s.PGSQL.{port}")
        self._lock_path = self.path + ".lock"
        self._lock: int | None = None
        self._inode = 0

    def bind(self) -> socket.socket:
        """Return the bound socket; OSError when another server has it or the directory does not allow it."""
        if fcntl is None or not hasattr(socket, "AF_UNIX"):
            raise OSError("this system has no Unix sockets")
        self._take_lock()
        self._remove_stale()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.bind(self.path)
            self._inode = os.stat(self.path).st_ino
            os.chmod(self.path, MODE)
        except OSError:
            sock.close()
            raise
        return sock

    def remove(self) -> None:
        """Remove the files, if they are ours, and unlock."""
        with suppress(OSError):
            if self._inode and os.stat(self.path).st_ino == self._inode:
                os.unlink(self.path)
        if self._lock is not None:
            with suppress(OSError):
                os.unlink(self._lock_path)
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        while True:
            handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                current = os.stat(self._lock_path).st_ino == os.fstat(handle).st_ino
            except FileNotFoundError:
                current = False  # its server removed it between our open and our lock
            except OSError:
                holder = os.read(handle, 20).decode("ascii", "replace").strip()
                os.close(handle)
                raise OSError(errno.EADDRINUSE, f"process {holder or 'unknown'} listens on it") from None
            if current:
                break
            os.close(handle)
        self._lock = handle
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())

    def _remove_stale(self) -> None:
        try:
            mode = os.stat(self.path).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise OSError(errno.EEXIST, "a file that is no socket has this name")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(PROBE_SECONDS)
            try:
                probe.connect(self.path)
            except (ConnectionRefusedError, FileNotFoundError):
                with suppress(FileNotFoundError):
                    os.unlink(self.path)
                return
            except OSError as error:
                raise OSError(
                    errno.EADDRINUSE, f"another process may listen on it ({error.strerror or error})"
                ) from None
        raise OSError(errno.EADDRINUSE, "another process listens on it")
