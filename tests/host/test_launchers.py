"""Every launcher, as a process: where it listens, what it says, signals, and a library that is missing."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.support.hosts import HOSTS
from tests.support.oracle import BINARIES
from tests.support.server import ROOT, ServerFailed, running, start

ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="postgresql")
os.execv(sys.executable, [sys.executable, "-m", *sys.argv[2:]])
"""


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def test_psql_finds_the_unix_socket(host: str, tmp_path: Path) -> None:
    with running(host=host, arguments=["--unix-socket-dir", str(tmp_path)]) as server:
        assert f"{tmp_path}/.s.PGSQL.{server.port}" in server.ready_line
        psql = BINARIES / "psql"
        if psql.exists():
            done = subprocess.run(
                [
                    str(psql),
                    "-h",
                    str(tmp_path),
                    "-p",
                    str(server.port),
                    "-U",
                    "admin",
                    "rustydb",
                    "-Atc",
                    "select 6 * 7",
                ],
                capture_output=True,
                text=True,
                timeout=60,
                env={**os.environ, "PGPASSWORD": "admin"},
            )
            assert (done.stdout, done.stderr) == ("42\n", "")
        with psycopg.connect(
            host=str(tmp_path), port=server.port, user="admin", password="admin", dbname="rustydb"
        ) as db:
            assert db.execute("select 6 * 7").fetchone() == (42,)
        assert server.stop() == 0
    assert os.listdir(tmp_path) == []


def test_several_addresses_and_a_socket_alone(host: str, tmp_path: Path) -> None:
    with running(host=host, arguments=["--listen", "localhost", "--listen", str(tmp_path)]) as server:
        listed = re.search(r"postgresql=(\S+)", server.ready_line)
        assert listed is not None and listed[1].endswith(f"/.s.PGSQL.{server.port}")
        assert f"127.0.0.1:{server.port}" in listed[1]


def test_one_port(host: str) -> None:
    with running(host=host, arguments=["--one-port", "0"]) as server:
        assert re.match(rf"ready postgresql=127.0.0.1:{server.port} any=127.0.0.1:{server.port} ", server.ready_line)
        with psycopg.connect(server.url) as db:
            assert db.execute("select 6 * 7").fetchone() == (42,)
        with socket.create_connection(("127.0.0.1", server.port), 10) as http:
            http.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert http.recv(8) == b"HTTP/1.1"


def test_sockets_of_systemd(host: str, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as passed:
        path = tmp_path / ".s.PGSQL.5432"
        passed.bind(str(path))
        passed.listen()
        command = [sys.executable, "-c", ACTIVATE, str(passed.fileno()), f"rustydb_{host}", "--data-dir", ":memory:"]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, pass_fds=[passed.fileno()], stderr=subprocess.PIPE
        )
    try:
        with psycopg.connect(host=str(tmp_path), port=5432, user="admin", password="admin", dbname="rustydb") as db:
            assert db.execute("select 6 * 7").fetchone() == (42,)
        assert process.stdout is not None
        assert f"postgresql={path} " in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert path.exists(), "systemd's socket stays"
    finally:
        process.kill()
        process.communicate()


def refused(passed: socket.socket) -> str:
    """Start a server with a passed socket that it cannot use, and return what it says."""
    command = [sys.executable, "-c", ACTIVATE, str(passed.fileno()), "rustydb_asyncio", "--data-dir", ":memory:"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, pass_fds=[passed.fileno()], timeout=60, check=False
    )
    assert done.returncode == 2
    return done.stderr


def test_a_passed_socket_of_the_wrong_kind_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as passed:
        assert 'cannot use a passed socket: descriptor 3 "postgresql" is not a stream socket' in refused(passed)


def test_a_passed_socket_is_no_way_around_the_rules() -> None:
    with socket.create_server(("0.0.0.0", 0)) as passed:
        assert "refusing to listen on 0.0.0.0 while the password of admin is the default one" in refused(passed)


def test_what_was_passed_to_another_process_is_not_ours() -> None:
    with running(environment={"LISTEN_PID": "1", "LISTEN_FDS": "1"}) as server:
        assert server.ready_line.startswith(f"ready postgresql=127.0.0.1:{server.port} ")


def test_an_address_in_use_is_told_before_the_database_is_opened(host: str, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServerFailed) as failed:
            start(tmp_path / "data", ["--port", str(port)], host=host)
    message = str(failed.value)
    assert f"rustydb-{host}: cannot listen on 127.0.0.1:{port}: Address already in use" in message
    assert "Traceback" not in message and not (tmp_path / "data").exists()


def test_sighup_reads_the_configuration_again(host: str, tmp_path: Path) -> None:
    file = tmp_path / "rustydb.toml"
    file.write_text("[network]\nmax_connections = 10\n")
    with running(host=host, arguments=["--config", str(file)]) as server:
        with psycopg.connect(server.url) as db:
            file.write_text("[network]\nmax_connections = 1\n[storage]\ndatabase = 'other'\n")
            os.kill(server.pid, signal.SIGHUP)
            line = server.logged("configuration reloaded")
            assert 'applied="max_connections=1" needs_restart=database' in line
            assert db.execute("select 1").fetchone() == (1,)
            with pytest.raises(psycopg.OperationalError, match="too many clients"):
                for _ in range(
                    1000
                ):  # the line is written by the thread that read the file, just before the core hears of it
                    psycopg.connect(server.url).close()


def test_sigint_drains_and_a_second_one_does_not_wait(host: str) -> None:
    with running(host=host) as server, ThreadPoolExecutor(1) as thread:
        sleeper = psycopg.connect(server.url, autocommit=True)
        sleeping = thread.submit(sleeper.execute, "select pg_sleep(600)")
        with psycopg.connect(server.url, autocommit=True) as db:
            active = "select 1 from pg_stat_activity where query like '%pg_sleep(600)' and state = 'active'"
            while db.execute(active).fetchone() is None:
                assert not sleeping.done()
        os.kill(server.pid, signal.SIGINT)
        while _listens(server.port):
            assert server.process.poll() is None, "the statement may finish"
        os.kill(server.pid, signal.SIGINT)
        assert server.process.wait(60) == 0
        with pytest.raises(psycopg.OperationalError):
            sleeping.result()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("name", ["trio", "gevent", "curio"])
def test_a_missing_library_is_named_with_the_extra_that_has_it(name: str) -> None:
    code = f"import sys; sys.modules[{name!r}] = None; from rustydb_{name}.__main__ import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"rustydb-{name}: {name} is not installed: pip install 'rustydb[{name}]'\n"
