"""A PostgreSQL 15 of our own, started for tests and benchmarks and thrown away after.

Where it is not installed, `running()` raises `Unavailable` with the reason; tests turn that into a skip. PostgreSQL refuses
to run as root, so then it runs as `postgres` or `nobody`. RUSTYDB_TEST_POSTGRES may name a running one instead
(a libpq connection string of a superuser).
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql/15/bin")


class Unavailable(Exception):
    """There is no PostgreSQL 15 to compare with; the message says why."""


@dataclass(frozen=True)
class Oracle:
    """A running PostgreSQL. `pid` is the postmaster's, 0 when it is not ours."""

    url: str
    pid: int
    port: int


def _user() -> str | None:
    """Return the user to run as, None to run as ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise Unavailable("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _run(command: Sequence[str], user: str | None) -> None:
    done = subprocess.run(command, user=user, capture_output=True, text=True, timeout=120, cwd="/", check=False)
    if done.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")


@contextmanager
def running(*, durable: bool = False, settings: Sequence[str] = ()) -> Iterator[Oracle]:
    """Run a fresh cluster with UTF-8 and the C.UTF-8 locale; with `durable` its commits wait for the disk."""
    given = os.environ.get("RUSTYDB_TEST_POSTGRES")
    if given:
        yield Oracle(given, 0, 0)
        return
    if not (BINARIES / "initdb").exists():
        raise Unavailable(f"no PostgreSQL 15 in {BINARIES}: apt-get install postgresql-15")
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="rustydb-oracle-"))
    data = folder / "data"
    started = False
    try:
        if user is not None:
            shutil.chown(folder, user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _run(
            [f"{BINARIES}/initdb", "-D", f"{data}", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
            user,
        )
        options = [f"-p {port}", f"-k {folder}", "-c listen_addresses=127.0.0.1", "-c max_connections=200"]
        options += [f"-c {setting}" for setting in settings]
        if not durable:
            options.append("-c fsync=off")
        start = [f"{BINARIES}/pg_ctl", "-D", f"{data}", "-w", "-l", f"{folder}/log", "-o", " ".join(options), "start"]
        _run(start, user)
        started = True
        pid = int((data / "postmaster.pid").read_text().split()[0])
        yield Oracle(f"postgresql://postgres@127.0.0.1:{port}/postgres", pid, port)
    finally:
        if started:
            _run([f"{BINARIES}/pg_ctl", "-D", f"{data}", "-w", "-m", "immediate", "stop"], user)
        shutil.rmtree(folder, ignore_errors=True)
