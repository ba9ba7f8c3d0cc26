"""The example server, on a real socket, with real clients."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "adapters" / "examples" / "postgres_server_asyncio.py"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Run the example on a free port, in a thread of its own."""
    spec = importlib.util.spec_from_file_location("postgres_server_asyncio", EXAMPLE)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(example.serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_the_example_fits_on_a_screen() -> None:
    assert len(EXAMPLE.read_text().splitlines()) < 60


def test_psycopg_calculates(port: int) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"host=127.0.0.1 port={port} user=ann sslmode=prefer", autocommit=True) as connection:
        assert connection.execute("SELECT 6 * 7").fetchone() == (42,)
        assert connection.execute("select 1 - 2;", prepare=True).fetchone() == (-1,)
        nines = "9" * 99
        assert connection.execute(f"select {nines} * {nines}").fetchone() == (int(nines) ** 2,)
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

    async def calculate() -> list[tuple[object, ...]]:
        connection = await asyncpg.connect(host="127.0.0.1", port=port, user="ann")
        rows = await connection.execute("select 20 * 2"), await connection.execute("select 1 + 1")
        connection.terminate()
        return rows

    assert asyncio.run(calculate()) == ("SELECT 1", "SELECT 1")
