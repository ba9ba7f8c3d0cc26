"""The example servers, each started as a process of its own, with real clients."""

from __future__ import annotations

import ast
import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from examples import EXAMPLES, running
from pg_support import STARTUP

from rustydb_proto.pg import framing

SERVERS = {
    "postgres_server_asyncio.py": None,
    "postgres_server_threads.py": None,
    "postgres_server_selectors.py": None,
    "postgres_server_trio.py": "trio",
    "postgres_server_gevent.py": "gevent",
}
FULL = [name for name in SERVERS if name != "postgres_server_asyncio.py"]


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, int]]:
    """Where each example listens; those whose loop is not installed are left out."""
    with ExitStack() as stack:
        found = {}
        for name, module in SERVERS.items():
            if module is None or _is_installed(module):
                found[name] = stack.enter_context(running(name)).port
        yield found


def _is_installed(module: str) -> bool:
    try:
        __import__(module)
    except ImportError:
        return False
    return True


@pytest.fixture(params=SERVERS)
def port(request: pytest.FixtureRequest, ports: dict[str, int]) -> int:
    if request.param not in ports:
        pytest.skip(f"{SERVERS[request.param]} is not installed")
    return ports[request.param]


@pytest.fixture(params=FULL)
def full_port(request: pytest.FixtureRequest, ports: dict[str, int]) -> int:
    if request.param not in ports:
        pytest.skip(f"{SERVERS[request.param]} is not installed")
    return ports[request.param]


def test_the_asyncio_example_is_whole_and_fits_on_a_screen() -> None:
    text = (EXAMPLES / "postgres_server_asyncio.py").read_text()
    assert len(text.splitlines()) < 60
    assert "calculator" not in text.replace("A calculator", "")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("postgres_*.py")), ids=lambda path: path.name)
def test_an_example_says_how_to_try_it(path: Path) -> None:
    text = path.read_text()
    documented = ast.get_docstring(ast.parse(text)) or ""
    assert "--port" in text
    assert "psql" in documented or "python adapters/examples/" in documented


def test_psql_calculates(port: int) -> None:
    psql = shutil.which("psql") or "/usr/lib/postgresql/15/bin/psql"
    if not Path(psql).exists():
        pytest.skip("psql is not installed")
    command = [psql, "-X", "-At", "-h", "127.0.0.1", "-p", str(port), "-U", "ann", "-c", "select 6 * 7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "42\n"


def test_psycopg_calculates(port: int) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"host=127.0.0.1 port={port} user=ann sslmode=prefer", autocommit=True) as connection:
        assert connection.execute("SELECT 6 * 7").fetchone() == (42,)
        assert connection.execute("select 1 - 2;", prepare=True).fetchone() == (-1,)
        assert connection.execute("select 999999999 * 999999999").fetchone() == (999999999**2,)
        with pytest.raises(psycopg.errors.SyntaxError, match="I only know"):
            connection.execute("select now()")
        with pytest.raises(psycopg.errors.SyntaxError, match="I only know"):
            connection.execute("select now()", prepare=True)
        assert connection.execute("select 1 + 1").fetchone() == (2,)


def test_psycopg_pipelines(port: int) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"host=127.0.0.1 port={port} user=ann", autocommit=True) as connection:
        with connection.pipeline():
            cursors = [connection.execute(f"select {number} + 1") for number in range(5)]
        assert [cursor.fetchone() for cursor in cursors] == [(1,), (2,), (3,), (4,), (5,)]


def test_asyncpg_calculates(port: int) -> None:
    asyncpg = pytest.importorskip("asyncpg")

    async def calculate() -> tuple[object, ...]:
        connection = await asyncpg.connect(host="127.0.0.1", port=port, user="ann")
        tags = await connection.execute("select 20 * 2"), await connection.execute("select 1 + 1")
        connection.terminate()
        return tags

    assert asyncio.run(calculate()) == ("SELECT 1", "SELECT 1")


def test_parameters_in_binary(full_port: int) -> None:
    asyncpg = pytest.importorskip("asyncpg")

    async def calculate() -> tuple[object, ...]:
        connection = await asyncpg.connect(host="127.0.0.1", port=full_port, user="ann")
        values = (
            await connection.fetchval("select $1::int8 * $2::int8", 6, -7),
            await connection.fetchval("select 2 - 3"),
        )
        with pytest.raises(asyncpg.NumericValueOutOfRangeError):
            await connection.fetchval("select $1::int8 * $2::int8", 1 << 62, 2)
        connection.terminate()
        return values

    assert asyncio.run(calculate()) == (-42, -1)


def test_a_client_that_reads_slowly_gets_all_of_a_large_answer(full_port: int) -> None:
    expected = b"".join(framing.copy_data(b"%d\n" % number) for number in range(86_400))
    with socket.create_connection(("127.0.0.1", full_port), timeout=30) as client:
        # More than the buffers of both sockets hold.
        client.sendall(STARTUP + 10 * framing.query("copy numbers to stdout") + framing.TERMINATE)
        data = b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert data.count(b"COPY 86400\0") == 10
    assert data.count(expected) == 10


def test_many_clients_at_once(full_port: int) -> None:
    clients = [socket.create_connection(("127.0.0.1", full_port), timeout=30) for _ in range(50)]
    for client in clients:
        client.sendall(STARTUP)
    for client in reversed(clients):
        client.sendall(framing.query("select 20 + 1") + framing.TERMINATE)
    for client in clients:
        data = b""
        while piece := client.recv(65536):
            data += piece
        client.close()
        assert b"21" in data


def test_clients_that_break_off_do_no_harm(full_port: int) -> None:
    for size in (0, 1, 8, len(STARTUP), len(STARTUP) + 7):
        with socket.create_connection(("127.0.0.1", full_port), timeout=30) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # close by reset
            client.sendall((STARTUP + framing.query("copy numbers to stdout"))[:size])
    with socket.create_connection(("127.0.0.1", full_port), timeout=30) as client:
        client.sendall(STARTUP + framing.query("select 20 + 1") + framing.TERMINATE)
        data = b""
        while piece := client.recv(65536):
            data += piece
    assert b"21" in data
