"""A real PostgreSQL 15 for the tests that want one: one cluster for the run, thrown away after it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

BINARIES = Path("/usr/lib/postgresql/15/bin")
HBA = """
local all all trust
host all md5_user 127.0.0.1/32 md5
host all clear_user 127.0.0.1/32 password
host all trusted 127.0.0.1/32 trust
host replication trusted 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""
ROLES = """
set password_encryption = 'scram-sha-256';
create role ann superuser login password 'pencil';
create role clear_user login password 'pencil';
create role "pass\u00e9" login password 'i\u00adx\u00a0y';
create role trusted superuser replication login;
set password_encryption = 'md5';
create role md5_user login password 'pencil';
"""


@dataclass
class Oracle:
    """Where a PostgreSQL listens; role `trusted` needs no password."""

    port: int


def run(command: list[str], user: str | None) -> None:
    subprocess.run(command, check=True, user=user, capture_output=True, timeout=60, cwd="/")


@pytest.fixture(scope="session")
def oracle() -> Iterator[Oracle]:
    """Start PostgreSQL 15; skip where it is not installed or there is no user to run it as."""
    if not (BINARIES / "initdb").exists():
        pytest.skip(f"no PostgreSQL 15 in {BINARIES}")
    user = None
    if os.geteuid() == 0:
        names = [entry.pw_name for entry in pwd.getpwall() if entry.pw_name in ("postgres", "nobody")]
        if not names:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")
        user = names[-1]
    folder = Path(tempfile.mkdtemp(prefix="rustydb-oracle-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        yield from start(folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(folder: Path, user: str | None) -> Iterator[Oracle]:
    data = folder / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run([f"{BINARIES}/initdb", "-D", f"{data}", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"], user)
    (data / "pg_hba.conf").write_text(HBA)
    options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=127.0.0.1"
    run([f"{BINARIES}/pg_ctl", "-D", f"{data}", "-w", "-l", f"{folder}/log", "-o", options, "start"], user)
    try:
        psql = [f"{BINARIES}/psql", "-h", f"{folder}", "-p", f"{port}", "-U", "postgres", "-c", ROLES, "postgres"]
        run(psql, user)
        yield Oracle(port)
    finally:
        run([f"{BINARIES}/pg_ctl", "-D", f"{data}", "-m", "immediate", "stop"], user)
