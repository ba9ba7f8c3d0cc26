"""The asynchronous client and pool under asyncio and trio, over real sockets, against the small application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest

anyio = pytest.importorskip("anyio")

import rustydb  # noqa: E402 - after the check that anyio is there
from rustydb import errors  # noqa: E402

from tests.support.native_application import Application, serving  # noqa: E402

T = TypeVar("T")


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    if request.param == "trio":
        pytest.importorskip("trio")
    return str(request.param)


def with_client(
    backend: str, body: Callable[[rustydb.AsyncClient], Awaitable[T]], application: Application | None = None
) -> T:
    """Run the body with a connected client."""
    with serving(application or Application(password="secret")) as port:

        async def main() -> T:
            with anyio.fail_after(60):
                url = f"rustydb://admin:secret@127.0.0.1:{port}/mydb"
                async with await rustydb.connect_async(url) as client:
                    return await body(client)

        return anyio.run(main, backend=backend)  # type: ignore[no-any-return]  # anyio may be missing


def test_statements_transactions_and_cursors(backend: str) -> None:
    application = Application(password="secret")

    async def body(client: rustydb.AsyncClient) -> None:
        rows = await client.query("echo %s, %s", [1, "two"])
        assert rows == [(1, "two")] and client.server_version == "Test 1" and await client.ping() >= 0
        async with client.transaction("SERIALIZABLE", read_only=True) as txn:
            await txn.execute("INSERT a")
            with pytest.raises(ZeroDivisionError):
                async with client.transaction():
                    raise ZeroDivisionError
            await txn.commit()
        assert len(await client.executemany("INSERT %s", [[n] for n in range(500)])) == 500
        assert len(await client.batch(["INSERT a", ("INSERT $1", [1])])) == 2
        async with await client.prepare("echo $1") as statement:
            assert (await statement.query([5])).scalar() == 5
        count = 0
        async with client.cursor("rows 2500", batch_rows=100) as cursor:
            while await cursor.has_next():
                count += len(await cursor.fetchmany(1000))
        assert count == 2500
        assert [row["number"] async for row in client.cursor("rows 3")] == [0, 1, 2]
        opened = await client.cursor("rows 3")
        assert len(await opened.fetchall()) == 3 and opened.rowcount == 3

        async def rows_to_come() -> AsyncIterator[tuple[object, ...]]:
            for number in range(3000):
                yield number, "x"

        assert await client.copy_in("t", rows_to_come()) == 3000
        assert await client.copy_in("u", [(1,), (2,)]) == 2

    with_client(backend, body, application)
    assert application.statements()[1:5] == [
        "begin SERIALIZABLE True", "INSERT a", "SAVEPOINT rustydb_1", "ROLLBACK TO SAVEPOINT rustydb_1",
    ]  # fmt: skip


def test_a_task_that_is_cancelled_leaves_the_connection_usable(backend: str) -> None:
    application = Application(password="secret")

    async def body(client: rustydb.AsyncClient) -> None:
        with anyio.move_on_after(0.05) as scope:
            await client.query("hang")
        assert scope.cancelled_caught
        with pytest.raises(errors.RequestTimeout):
            await client.query("hang", timeout=0.05)
        with anyio.move_on_after(0.05):
            async with client.transaction() as txn:
                await txn.query("hang")
        assert not client.in_transaction
        assert (await client.query("echo $1", [1])).scalar() == 1

    with_client(backend, body, application)
    assert len(application.hellos) == 1 and "rollback" in application.statements()


def test_cancel_from_another_task(backend: str) -> None:
    async def body(client: rustydb.AsyncClient) -> None:
        async def cancel() -> None:
            while not client._lock.statistics().locked:
                await anyio.sleep(0)
            await anyio.sleep(0.02)
            client.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(cancel)
            with pytest.raises(errors.QueryCanceled):
                await client.query("hang")
        assert (await client.query("echo $1", [1])).scalar() == 1

    with_client(backend, body)


def test_large_requests_and_large_answers_do_not_wait_for_each_other(backend: str) -> None:
    async def body(client: rustydb.AsyncClient) -> None:
        text = "x" * 3_000_000
        assert (await client.query("echo $1", [text])).scalar() == text
        results = await client.executemany("echo $1", [[text[:300_000]] for _ in range(40)])
        assert all(result.scalar() == text[:300_000] for result in results)

    with_client(backend, body)


def test_tasks_take_turns(backend: str) -> None:
    async def body(client: rustydb.AsyncClient) -> None:
        async def run(number: int) -> None:
            for n in range(20):
                assert (await client.query("echo $1", [number * 100 + n])).scalar() == number * 100 + n

        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(run, number)

    with_client(backend, body)


def test_a_broken_connection_is_made_again(backend: str) -> None:
    application = Application(password="secret")

    async def body(client: rustydb.AsyncClient) -> None:
        await client.query("SELECT 1")
        application.cut()
        assert (await client.execute("INSERT a")).rowcount == 1
        with pytest.raises(errors.OutcomeUnknown):
            await client.execute("INSERT drop")
        assert [found async for found in client.notifications(timeout=0)] == []

    with_client(backend, body, application)
    assert len(application.hellos) == 3


def test_what_cannot_be_connected(backend: str) -> None:
    async def main() -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.listeners[0].extra(anyio.abc.SocketAttribute.local_port)
        with pytest.raises(errors.ConnectTimeout):
            await rustydb.connect_async(host="127.0.0.1", port=port, password="p", connect_timeout=0.05, retries=0)
        await listener.aclose()
        with pytest.raises(
            errors.OperationalError, match=rf"cannot connect to 127\.0\.0\.1:{port}: Connection refused"
        ):
            await rustydb.connect_async(host="127.0.0.1", port=port, password="p", retries=0)
        with pytest.raises(errors.OperationalError, match=rf"cannot connect to localhost:{port}: Connection refused"):
            await rustydb.connect_async(host="localhost", port=port, password="p", retries=0)

    anyio.run(main, backend=backend)


def test_the_pool(backend: str) -> None:
    application = Application()
    heard: list[str] = []

    async def main(port: int) -> None:
        options = {
            "max_size": 3,
            "creation_throttle": None,
            "leak_detection_threshold": 0.01,
            "maintenance_interval": 0.01,
        }
        async with rustydb.AsyncPool(f"rustydb://u:p@127.0.0.1:{port}/d", on_leak=heard.append, **options) as pool:

            async def run(number: int) -> None:
                for n in range(20):
                    async with pool.connection() as client:
                        assert (await client.query("echo $1", [number * 100 + n])).scalar() == number * 100 + n

            async with anyio.create_task_group() as group:
                for number in range(12):
                    group.start_soon(run, number)
            assert pool.statistics().successful_acquisitions == 240 and pool.statistics().total_connections <= 3
            clients = [await pool.acquire() for _ in range(3)]
            with pytest.raises(errors.PoolTimeout):
                await pool.acquire(timeout=0.05)
            with anyio.move_on_after(0.02):
                await pool.acquire()
            while len(heard) < 3:
                await anyio.sleep(0.01)
            await clients[0].execute("SET x TO y")
            await clients[0].begin_transaction()
            for client in clients:
                await client.close()
            with pytest.raises(errors.InterfaceError, match="given back"):
                await clients[0].query("echo")
            application.cut()
            async with pool.connection() as again:
                assert (await again.query("echo $1", [1])).scalar() == 1
            kept = await pool.acquire()
        assert pool.is_closed
        assert (await kept.query("echo $1", [1])).scalar() == 1
        await kept.close()
        assert pool.statistics().total_connections == 0
        with pytest.raises(errors.PoolClosed):
            await pool.acquire()

    with serving(application) as port:
        anyio.run(main, port, backend=backend)
    assert "DISCARD ALL" in application.statements()


def test_the_pool_tells_a_wrong_password_at_once(backend: str) -> None:
    async def main(port: int) -> None:
        async with rustydb.AsyncPool(host="127.0.0.1", port=port, password="wrong", max_size=1) as pool:
            with pytest.raises(errors.AuthenticationFailed):
                await pool.acquire(timeout=30)

    with serving(Application(password="right")) as port:
        anyio.run(main, port, backend=backend)
