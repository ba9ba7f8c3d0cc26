"""A server as a part of a program: beside other tasks, ended by cancelling, and in a monkey-patched process."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from rustydb_host.check.runner import PASS, run_checks
from rustydb_host.check.suite import CHECKS
from rustydb_host.check.table import Sizes
from rustydb_host.contract import Endpoint, Service

from rustydb_proto.core import io
from rustydb_proto.core.time import Now
from tests.support.hosts import INSTALLED
from tests.support.server import ROOT

Asked = Future[bytes]


class Echo:
    """A core that sends back what it gets."""

    def step(self, now: Now, inputs: Sequence[io.Input]) -> list[io.Effect]:
        return [io.Send(item.conn, item.data) for item in inputs if isinstance(item, io.Received) and item.data]

    def deadline(self, now: Now) -> int | None:
        return None


def ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 30) as sock:
        sock.sendall(b"hello")
        return sock.recv(5)


def with_asyncio(service: Service, asked: Asked) -> int:
    from rustydb_asyncio.host import serve

    async def program() -> int:
        task, turns = asyncio.create_task(serve(service)), 0
        while not asked.done():
            await asyncio.sleep(0.01)
            turns += 1
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return turns

    return asyncio.run(program())


def with_trio(service: Service, asked: Asked) -> int:
    import trio
    from rustydb_trio.host import serve

    async def program() -> int:
        turns = 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve, service)
            while not asked.done():
                await trio.sleep(0.01)
                turns += 1
            nursery.cancel_scope.cancel()
        return turns

    return trio.run(program)


def with_curio(service: Service, asked: Asked) -> int:
    import curio
    from rustydb_curio.host import serve

    async def program() -> int:
        task, turns = await curio.spawn(serve, service), 0
        while not asked.done():
            await curio.sleep(0.01)
            turns += 1
        await task.cancel()
        return turns

    turns: int = curio.run(program)
    return turns


def with_gevent(service: Service, asked: Asked) -> int:
    import gevent
    from rustydb_gevent.host import run

    greenlet, turns = gevent.spawn(run, service), 0
    while not asked.done():
        gevent.sleep(0.01)
        turns += 1
    greenlet.kill()
    return turns


PROGRAMS: dict[str, Callable[[Service, Asked], int]] = {
    "asyncio": with_asyncio,
    "trio": with_trio,
    "curio": with_curio,
    "gevent": with_gevent,
}


@pytest.mark.parametrize("name", INSTALLED)
def test_a_server_runs_beside_other_tasks_and_ends_with_its_own(name: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(ask, port)
        turns = PROGRAMS[name](Service(Echo(), (Endpoint("echo", listener),)), asked)
        assert asked.result() == b"hello"
    assert turns > 0, "the other task has had its turns"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


@pytest.mark.parametrize("name", INSTALLED)
def test_a_program_can_serve_again(name: str) -> None:
    for _ in range(2):
        test_a_server_runs_beside_other_tasks_and_ends_with_its_own(name)


@pytest.mark.skipif("gevent" not in INSTALLED, reason="gevent is not installed")
def test_gevent_serves_in_a_monkey_patched_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    code = "from gevent import monkey; monkey.patch_all(); import sys; from rustydb_gevent.__main__ import main; sys.exit(main())"
    data = tmp_path_factory.mktemp("data")
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--port", "0", "--data-dir", str(data)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        found = re.match(r"ready postgresql=127.0.0.1:(\d+)", process.stdout.readline())
        assert found is not None
        with psycopg.connect(f"postgresql://admin:admin@127.0.0.1:{found[1]}/rustydb", autocommit=True) as db:
            db.execute("create table t (a int primary key)")
            with db.cursor() as cursor:
                cursor.executemany("insert into t values (%s)", [(number,) for number in range(200)])
            assert db.execute("select count(*) from t").fetchone() == (200,)
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif("gevent" not in INSTALLED, reason="gevent is not installed")
def test_gevent_on_libuv_hears_of_resets(monkeypatch: pytest.MonkeyPatch) -> None:
    """libuv stops watching a socket that was reset while there were bytes to read: the reset was never told."""
    pytest.importorskip("gevent.libuv.loop")
    monkeypatch.setenv("GEVENT_LOOP", "libuv")
    names = ("peer-resets", "peer-resets-blocked", "nothing-after-lost", "lost-once", "write-blocked")
    checks = [check for check in CHECKS if check.name in names] * 3
    assert len(checks) == 3 * len(names)
    verdicts = run_checks("rustydb_gevent.host:run", checks, Sizes(1 << 20, None, 100, 100), 10)
    assert [f"{verdict.name}: {verdict.detail}" for verdict in verdicts if verdict.outcome != PASS] == []
