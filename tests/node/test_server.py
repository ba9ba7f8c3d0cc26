"""The same through the real command, `python -m rustydb_asyncio`: damaged files, a second server, signals, floods, a full disk."""

from __future__ import annotations

import contextlib
import hashlib
import random
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import psycopg
import pytest

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.time import Now
from rustydb_proto.pg import framing
from rustydb_proto.pg.client import ClientMachine
from rustydb_proto.pg.client_messages import SessionStarted
from tests.support.server import Server, ServerFailed, running, start

IDLE_CONNECTIONS = 10_000
IDLE_BYTES = 40_000


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running(":memory:") as started:
        yield started


def answers(server: Server) -> bool:
    with psycopg.connect(server.url) as connection:
        return connection.execute("SELECT 1 + 1").fetchone() == (2,)


def log_of(directory: Path) -> Path:
    return min(directory.glob("wal-*.log"))


def filled(directory: Path) -> None:
    """Make a database with ten committed rows, and kill its server."""
    with running(directory) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t (a int)")
            for number in range(10):
                connection.execute("INSERT INTO t VALUES (%s)", (number,))
        server.kill()


def count(server: Server) -> int:
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT count(*) FROM t").fetchone()
    assert row is not None
    return int(row[0])


# ---- files


def test_a_flipped_bit_in_the_log_is_refused_with_file_and_offset(tmp_path: Path) -> None:
    filled(tmp_path)
    log = log_of(tmp_path)
    content = bytearray(log.read_bytes())
    frames = [place for place in range(len(content[:100_000])) if content[place : place + 4] == b"\xf5RdF"]
    content[frames[-3] + 40] ^= 4
    log.write_bytes(content)
    with pytest.raises(ServerFailed) as failed:
        start(tmp_path)
    message = str(failed.value)
    assert f"rustydb-asyncio: {log.name} at offset {frames[-3]}" in message
    assert "backup" in message and "Traceback" not in message


def test_a_torn_tail_is_cut_off(tmp_path: Path) -> None:
    filled(tmp_path)
    log = log_of(tmp_path)
    content = bytearray(log.read_bytes())
    last = content.rindex(b"\xf5RdF")
    content[last + 30 : last + 60] = bytes(30)
    log.write_bytes(content)
    with running(tmp_path) as server:
        assert count(server) == 9


def test_a_data_directory_serves_one_server_and_the_second_names_the_first(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        with pytest.raises(ServerFailed) as failed:
            start(tmp_path)
        assert f"is in use by process {server.pid}, which listens on 127.0.0.1:{server.port}" in str(failed.value)
        assert answers(server)


def test_a_full_disk_is_53100_and_the_server_stays_up(tmp_path: Path) -> None:
    size = 60 << 20
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(tmp_path)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a small tmpfs here: {mounted.stderr.strip()}")
    try:
        with running(tmp_path / "data") as server:
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("CREATE TABLE t (a int, b text)")
                with pytest.raises(psycopg.errors.DiskFull):
                    for number in range(1000):
                        connection.execute("INSERT INTO t VALUES (%s, repeat(%s::text, 50000))", (number, number))
                kept = connection.execute("SELECT count(*) FROM t").fetchone()
            assert answers(server)
            server.kill()
        with running(tmp_path / "data") as server:
            assert kept is not None and count(server) == kept[0]
            server.stop()
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=False)


# ---- signals


def test_sigterm_lets_what_runs_finish(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        rows: list[object] = []

        def sleep() -> None:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.url) as connection:
                rows.append(connection.execute("SELECT pg_sleep(1), 7").fetchone())

        idle = psycopg.connect(server.url)
        thread = threading.Thread(target=sleep)
        thread.start()
        wait_until_active(server)
        assert server.stop(30) == 0
        thread.join()
        assert rows == [("", 7)]
        with pytest.raises(psycopg.OperationalError):
            idle.execute("SELECT 1")
        idle.close()
    assert list(tmp_path.glob("checkpoint-*.ckpt"))


def wait_until_active(server: Server) -> None:
    end = time.monotonic() + 20
    with psycopg.connect(server.url, autocommit=True) as connection:
        while time.monotonic() < end:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
            ).fetchone()
            if found is not None and found[0]:
                return
    pytest.fail("the statement does not run")


def test_a_second_sigint_stops_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as server:

        def sleep() -> None:
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.url) as connection:
                connection.execute("SELECT pg_sleep(600)")

        thread = threading.Thread(target=sleep)
        thread.start()
        wait_until_active(server)
        server.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            server.process.wait(1)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
        thread.join()


def test_cancel_and_statement_timeout(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled, match="due to user request"):
            connection.execute("SELECT pg_sleep(60)")
        timer.join()
        connection.execute("SET statement_timeout = '100ms'")
        with pytest.raises(psycopg.errors.QueryCanceled, match="due to statement timeout"):
            connection.execute("SELECT pg_sleep(60)")
        connection.execute("SET statement_timeout = 0")
        assert connection.execute("SELECT 1").fetchone() == (1,)


# ---- bad input


def test_long_and_deep_statements_are_refused(server: Server) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            connection.execute("SELECT '" + "x" * (1 << 20) + "'")
        with pytest.raises(psycopg.errors.StatementTooComplex):
            connection.execute("SELECT " + "(" * 10_000 + "1" + ")" * 10_000)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_random_bytes_do_no_harm(server: Server) -> None:
    dice = random.Random(3)
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", server.port), 10) as sock, contextlib.suppress(OSError):
            sock.sendall(dice.randbytes(dice.choice((1, 8, 100, 20_000))))
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
    assert answers(server)
    assert not any("internal error" in line or "Traceback" in line for line in server.errors)


# ---- many connections


def memory_of(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    pytest.skip("/proc does not tell the memory of a process")


def log_in(sock: socket.socket, number: int) -> None:
    machine = ClientMachine(Now(0, 0), Entropy(number.to_bytes(32, "big")), "admin", "rustydb", password="admin")
    while True:
        data = machine.data_to_send()
        if data:
            sock.sendall(data)
        machine.receive_data(Now(0, 0), sock.recv(65536))
        while not isinstance(event := machine.next_event(), Stop):
            assert isinstance(event, SessionStarted), event
            return


def test_ten_thousand_idle_connections_are_held_while_queries_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < IDLE_CONNECTIONS + 500:
        pytest.skip(f"the hard limit of open files is {hard}: {IDLE_CONNECTIONS + 500} are needed")
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is read from /proc")
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", lru_cache(hashlib.pbkdf2_hmac))  # the clients' work, done once
    wanted = IDLE_CONNECTIONS + 500
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted) if soft != resource.RLIM_INFINITY else soft, hard))
    idle: list[socket.socket] = []
    try:
        with running(":memory:", ["--max-connections", str(IDLE_CONNECTIONS + 10)]) as server:
            assert answers(server)
            before = memory_of(server.pid)
            for number in range(IDLE_CONNECTIONS):
                sock = socket.create_connection(("127.0.0.1", server.port), 20)
                idle.append(sock)
                log_in(sock, number)
            each = (memory_of(server.pid) - before) / IDLE_CONNECTIONS
            assert answers(server)
            idle[0].sendall(framing.query("SELECT 42"))
            assert b"42" in idle[0].recv(65536)
            assert each < IDLE_BYTES, f"{each:.0f} bytes for each connection"
    finally:
        for sock in idle:
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
