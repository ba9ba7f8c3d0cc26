"""The blocking client over real sockets, against the small application: what only sockets and threads can show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import rustydb
from rustydb import errors

from tests.support.native_application import Application, serving


@pytest.fixture
def application() -> Application:
    return Application(password="secret")


@pytest.fixture
def client(application: Application) -> Iterator[rustydb.Client]:
    with serving(application) as port, rustydb.connect(f"rustydb://admin:secret@localhost:{port}/mydb") as client:
        yield client


def test_queries_by_url_and_by_keywords(application: Application) -> None:
    with serving(application) as port:
        client = rustydb.connect(host="localhost", port=port, user="admin", password="secret", database="rustydb")
        rows = client.query("SELECT %s", [18])
        assert [row["p1"] for row in rows] == [18] and client.server_version == "Test 1"
        assert client.is_connected and not client.is_closed and client.settings == {"TimeZone": "UTC"}
        assert "secret" not in repr(client)
        client.close()
        client.close()
        assert client.is_closed and not client.is_connected
        with pytest.raises(rustydb.InterfaceError, match="closed"):
            client.query("SELECT 1")


def test_commit_within_the_block_is_fine(client: rustydb.Client, application: Application) -> None:
    with client.transaction() as txn:
        txn.execute("INSERT a")
        txn.execute("INSERT b")
        txn.commit()
    assert application.log[1:] == [("INSERT a", 1), ("INSERT b", 1), ("commit", 1)]
    with pytest.raises(rustydb.InterfaceError, match="it was committed"):
        txn.execute("INSERT c")


def test_leaving_the_block_commits_and_an_exception_rolls_back(
    client: rustydb.Client, application: Application
) -> None:
    with client.transaction(isolation_level="READ_COMMITTED", read_only=True) as txn:
        assert txn.is_open and client.in_transaction and txn.id == 1
        client.execute("INSERT a")  # a statement of the client runs in its open block
        with pytest.raises(ZeroDivisionError), client.transaction():
            client.execute("INSERT b")
            raise ZeroDivisionError
    with pytest.raises(errors.UniqueViolation), client.transaction():
        client.execute("fail 23505")
    assert application.log == [
        ("begin READ COMMITTED True", 1), ("INSERT a", 1), ("SAVEPOINT rustydb_1", 1), ("INSERT b", 1),
        ("ROLLBACK TO SAVEPOINT rustydb_1", 1), ("RELEASE SAVEPOINT rustydb_1", 1), ("commit", 1), ("begin  None", 2),
        ("fail 23505", 2), ("rollback", 2),
    ]  # fmt: skip
    assert not client.in_transaction


def test_a_transaction_beside_the_client(client: rustydb.Client, application: Application) -> None:
    txn = client.begin_transaction()
    txn.execute("INSERT a")
    client.execute("INSERT b")
    txn.rollback()
    assert application.log[1:] == [("INSERT a", 1), ("INSERT b", 0), ("rollback", 1)]


def test_prepared_statements_batches_many_and_bulk(client: rustydb.Client, application: Application) -> None:
    with client.prepare("echo %s") as statement:
        assert statement.query([5]).scalar() == 5 and statement.parameter_types == (0,)
    users = [{"name": "Ann", "email": "a@x"}, {"name": "Bob", "email": "b@x"}]
    results = client.batch(
        [{"sql": "INSERT INTO users VALUES ($1, $2)", "params": [user["name"], user["email"]]} for user in users],
        transaction=True,
    )
    assert len(results) == 2
    assert len(client.executemany("INSERT %s", [[n] for n in range(300)])) == 300
    assert client.copy_in("users", ((n, "x" * 1000) for n in range(5000)), ["id", "name"]) == 5000
    assert len(application.uploads["users"]) == 5000


def test_cursors(client: rustydb.Client) -> None:
    with client.cursor("rows 2500", batch_rows=100) as cursor:
        assert cursor.has_next() and cursor.fetchone() == (0, "row 0")
        count = 1
        while cursor.has_next():
            batch = cursor.fetchmany(1000)
            count += len(batch)
        assert count == 2500 and cursor.fetchmany(10) == [] and cursor.fetchone() is None and cursor.rowcount == 2500
    assert sum(1 for _ in client.cursor("rows 321")) == 321
    assert len(client.cursor("rows 321").fetchall()) == 321
    with client.transaction() as txn:
        assert [row[0] for row in txn.cursor("rows 3")] == [0, 1, 2]


def test_large_requests_and_large_answers_do_not_wait_for_each_other(client: rustydb.Client) -> None:
    text = "x" * 3_000_000
    assert client.query("echo $1", [text]).scalar() == text
    results = client.executemany("echo $1", [[text[:300_000]] for _ in range(40)])
    assert all(result.scalar() == text[:300_000] for result in results)


def test_cancel_from_another_thread(client: rustydb.Client) -> None:
    failure: list[BaseException] = []

    def run() -> None:
        try:
            client.query("hang")
        except errors.QueryCanceled as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        client.cancel()
        thread.join(0.01)
    assert failure and client.query("echo $1", [1]).scalar() == 1


def test_a_timeout_leaves_the_connection_usable(client: rustydb.Client, application: Application) -> None:
    with pytest.raises(errors.RequestTimeout):
        client.query("hang", timeout=0.05)
    assert client.query("echo $1", [1]).scalar() == 1 and len(application.hellos) == 1


def test_threads_take_turns(client: rustydb.Client) -> None:
    wrong: list[object] = []

    def run(number: int) -> None:
        for n in range(50):
            if client.query("echo $1", [number * 1000 + n]).scalar() != number * 1000 + n:
                wrong.append((number, n))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong


def test_a_connection_that_broke_while_idle_is_made_again(client: rustydb.Client, application: Application) -> None:
    assert client.query("SELECT $1", [1]).scalar() == 1
    application.cut()
    assert client.execute("INSERT a").rowcount == 1 and len(application.hellos) == 2


def test_connecting_to_nobody_and_to_somebody_who_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(errors.ConnectTimeout):
            rustydb.connect(host="127.0.0.1", port=port, password="p", connect_timeout=0.05, retries=0)
    with pytest.raises(errors.OperationalError, match=rf"cannot connect to 127.0.0.1:{port}: Connection refused"):
        rustydb.connect(host="127.0.0.1", port=port, password="p", retries=0)


def test_a_server_that_speaks_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(errors.OperationalError, match="does not speak the native protocol"):
            rustydb.connect(host="127.0.0.1", port=listener.getsockname()[1], password="p", retries=0)
        thread.join(10)


def test_notifications(client: rustydb.Client) -> None:
    client.listen("news")
    assert list(client.notifications(timeout=0)) == []
    client.unlisten("news")
    client.unlisten()


def test_ping(client: rustydb.Client) -> None:
    assert 0 <= client.ping() < 60
