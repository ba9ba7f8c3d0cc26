"""The pool with threads and sockets: lending, waiting, leaving nothing behind, losing connections."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import rustydb
from rustydb import errors
from rustydb.pool import Pool

from tests.support.native_application import Application, serving


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    done = threading.Event()
    for _ in range(2000):
        if condition():
            return
        done.wait(0.005)
    pytest.fail("it did not come")


def test_a_connection_is_lent_and_used_again() -> None:
    application = Application()
    with serving(application) as port, Pool(f"rustydb://u:p@127.0.0.1:{port}/d?pool_size=1") as pool:
        assert pool.options.max_size == 1
        for number in range(5):
            with pool.connection() as client:
                assert client.query("echo $1", [number]).scalar() == number
        assert client.is_closed
        with pytest.raises(errors.InterfaceError, match="given back"):
            client.query("echo")
        assert pool.statistics().successful_acquisitions == 5
    assert len(application.hellos) == 1


def test_what_a_user_left_behind_is_gone() -> None:
    application = Application()
    with serving(application) as port, Pool(host="127.0.0.1", port=port, password="p", max_size=1) as pool:
        client = pool.acquire()
        client.listen("news")
        client.execute("SET timezone TO 'UTC'")
        client.begin_transaction().execute("INSERT a")
        client.cursor("rows 100000", batch_rows=10).fetchone()
        client.close()
        client.close()
        with pool.connection() as again:
            assert again.query("echo $1", [1]).scalar() == 1 and not again.in_transaction
    assert application.statements() == [
        "SET timezone TO 'UTC'",
        "begin  None",
        "INSERT a",
        "rows 100000",
        "rollback",
        "DISCARD ALL",
        "echo $1",
    ]


def test_many_threads_share_few_connections() -> None:
    application = Application()
    wrong: list[object] = []
    with (
        serving(application) as port,
        Pool(host="127.0.0.1", port=port, password="p", max_size=3, creation_throttle=None) as pool,
    ):

        def run(number: int) -> None:
            for n in range(20):
                with pool.connection() as client:
                    if client.query("echo $1", [number * 100 + n]).scalar() != number * 100 + n:
                        wrong.append(number)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        statistics = pool.statistics()
        assert statistics.successful_acquisitions == 240 and statistics.total_connections <= 3
    assert not wrong and len(application.hellos) <= 3


def test_waiting_has_an_end() -> None:
    application = Application()
    with (
        serving(application) as port,
        Pool(host="127.0.0.1", port=port, password="p", max_size=1) as pool,
        pool.connection(),
    ):
        with pytest.raises(errors.PoolTimeout, match="1 are in use"):
            pool.acquire(timeout=0.05)


def test_a_connection_that_broke_is_replaced() -> None:
    application = Application()
    with serving(application) as port, Pool(host="127.0.0.1", port=port, password="p", max_size=1) as pool:
        with pool.connection() as client, pytest.raises(errors.OutcomeUnknown):
            client.execute("INSERT drop")
        with pool.connection() as client:
            assert client.query("echo $1", [1]).scalar() == 1
    assert len(application.hellos) == 2


def test_an_idle_connection_that_broke_is_found_by_its_validation() -> None:
    application = Application()
    with serving(application) as port, Pool(host="127.0.0.1", port=port, password="p", max_size=1) as pool:
        with pool.connection() as client:
            client.query("echo")
        application.cut()
        with pool.connection() as client:
            assert client.query("echo $1", [1]).scalar() == 1
        assert pool.statistics().validation_failures == 1


def test_nobody_listens() -> None:
    application = Application(refuse=10**6)
    with serving(application) as port:
        with Pool(host="127.0.0.1", port=port, password="p", max_size=1, retries=0) as pool:
            with pytest.raises(errors.PoolTimeout, match="connecting failed with"):
                pool.acquire(timeout=0.5)


def test_a_wrong_password_is_told_at_once() -> None:
    application = Application(password="right")
    with serving(application) as port:
        with Pool(host="127.0.0.1", port=port, password="wrong", max_size=1) as pool:
            with pytest.raises(errors.AuthenticationFailed):
                pool.acquire(timeout=30)


def test_a_leak_is_reported_with_the_place() -> None:
    application = Application()
    heard: list[str] = []
    with serving(application) as port:
        pool = Pool(
            host="127.0.0.1", port=port, password="p", max_size=1, leak_detection_threshold=0.01, maintenance_interval=0.01,
            on_leak=heard.append,
        )  # fmt: skip
        client = pool.acquire()
        eventually(lambda: bool(heard))
        assert "test_pool.py:" in heard[0] and pool.statistics().leaked_connections == 1
        client.close()
        pool.close()


def test_closing_the_pool() -> None:
    application = Application()
    with serving(application) as port:
        pool = Pool(host="127.0.0.1", port=port, password="p", max_size=2)
        client = pool.acquire()
        pool.close()
        pool.close()
        with pytest.raises(errors.PoolClosed):
            pool.acquire()
        assert client.query("echo $1", [1]).scalar() == 1  # on loan until it comes back
        client.close()
        assert pool.statistics().total_connections == 0 and pool.is_closed


def test_options_of_both_kinds() -> None:
    with pytest.raises(rustydb.OptionError, match='unknown option "colour"'):
        Pool(colour="red")
    with pytest.raises(rustydb.OptionError, match="max_size"):
        Pool(max_size=0)
