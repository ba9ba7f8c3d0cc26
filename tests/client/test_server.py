"""The client against a real server process: the examples of the documents as printed, every operation, TLS, and servers that die."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import io
import tempfile
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import rustydb
from rustydb import dbapi, errors

from tests.support import server

EXAMPLE_OF_A = """
import rustydb

# Connect
client = rustydb.connect(
    "rustydb://admin:secret@localhost:5432/mydb"
)

# Query
rows = client.query("SELECT * FROM users")
for row in rows:
    print(row)

# Transaction
with client.transaction() as txn:
    txn.execute("INSERT INTO users (name) VALUES ('Alice')")
    txn.execute("INSERT INTO users (name) VALUES ('Bob')")
    txn.commit()
"""
EXAMPLE_OF_B = '''
import rustydb

client = rustydb.connect(
    host='localhost',
    port=5432,
    user='admin',
    password='password',
    database='rustydb'
)

rows = client.query("SELECT * FROM users WHERE age > %s", [18])
for row in rows:
    print(f"{row['name']}: {row['email']}")

client.close()
'''  # fmt: skip
USERS = "CREATE TABLE users (id serial PRIMARY KEY, name text, email text UNIQUE, age int CHECK (age > 0))"


def native(running: server.Server, **options: object) -> rustydb.Client:
    return rustydb.connect(f"rustydb://admin:admin@127.0.0.1:{running.port}/rustydb", **options)


@pytest.fixture(scope="module")
def shared() -> Iterator[server.Server]:
    with server.running(":memory:") as running:
        yield running


@pytest.fixture
def client(shared: server.Server) -> Iterator[rustydb.Client]:
    with native(shared) as client:
        client.execute("DROP TABLE IF EXISTS users")
        client.execute(USERS)
        client.executemany(
            "INSERT INTO users (name, email, age) VALUES (%s, %s, %s)",
            [("Ann", "ann@example.com", 30), ("Bob", None, 7)],
        )
        yield client


@pytest.mark.parametrize(
    ("example", "password", "database", "printed"),
    [
        (EXAMPLE_OF_A, "secret", "mydb", "Row(id=1, name='Ann', email='ann@example.com', age=30)\n"),
        (EXAMPLE_OF_B, "password", "rustydb", "Ann: ann@example.com\n"),
    ],
    ids=["network-api-layer", "api-reference"],
)
def test_the_examples_run_as_printed(example: str, password: str, database: str, printed: str) -> None:
    with server.running(":memory:", ["--admin-password", password, "--database", database]) as running:
        with rustydb.connect(host="127.0.0.1", port=running.port, password=password, database=database) as client:
            client.execute(USERS)
            client.execute("INSERT INTO users (name, email, age) VALUES ('Ann', 'ann@example.com', 30)")
            out = io.StringIO()
            names: dict[str, object] = {}
            with contextlib.redirect_stdout(out):
                exec(compile(example.replace("5432", str(running.port)), "example", "exec"), names)
            assert out.getvalue() == printed
            if example is EXAMPLE_OF_A:
                assert client.query("SELECT name FROM users ORDER BY id").scalars() == ["Ann", "Alice", "Bob"]


def test_values_of_each_type_go_there_and_come_back(client: rustydb.Client) -> None:
    utc = datetime.UTC
    for name, value in (
        ("int", 1), ("bigint", -(2**63)), ("float8", 1.5), ("text", "ü"), ("bytea", b"\0\xff"), ("bool", True), ("text", None),
        ("numeric", decimal.Decimal("1.50")), ("numeric", decimal.Decimal("NaN")), ("date", datetime.date(2020, 2, 29)),
        ("date", datetime.date.max), ("timestamp", datetime.datetime(2020, 1, 2, 3, 4, 5, 6)), ("timestamp", datetime.datetime.min),
        ("timestamptz", datetime.datetime(2020, 1, 2, tzinfo=utc)), ("time", datetime.time(1, 2, 3, 4)),
        ("interval", datetime.timedelta(days=-1, seconds=5)), ("interval", rustydb.Interval(14, 2, 3)), ("uuid", uuid.UUID(int=7)),
        ("jsonb", {"a": [1, None, "x"]}), ("int[]", [1, None, 3]), ("text[]", [["a", "b"], ["c", "d"]]), ("int[]", []),
        ("numeric[]", [decimal.Decimal("1.5")]), ("timestamptz[]", [datetime.datetime(2020, 1, 2, tzinfo=utc)]),
    ):  # fmt: skip
        found = client.query(f"SELECT $1::{name} AS v", [value]).scalar()
        assert found == value or (found != found and value != value), name
        assert type(found) is type(value), name
    assert client.query("SELECT $1::jsonb", [rustydb.Json([1, 2])]).scalar() == [1, 2]
    assert client.query("SELECT id FROM users WHERE id = ANY($1)", [[1, 5]]).scalars() == [1]
    assert client.query("SELECT '(1,2)'::point").scalar() == "(1,2)" if _has_points(client) else True


def _has_points(client: rustydb.Client) -> bool:
    return bool(client.query("SELECT 1 FROM pg_type WHERE typname = 'point'"))


def test_a_large_result_and_a_cursor(client: rustydb.Client) -> None:
    rows = client.query("SELECT g, 'row ' || g AS t FROM generate_series(1, 50000) g")
    assert len(rows) == 50_000 and rows[-1]["t"] == "row 50000" and rows.rowcount == 50_000
    with client.cursor("SELECT g FROM generate_series(1, 50000) g", batch_rows=1000) as cursor:
        assert cursor.fetchone() == (1,)
        assert client.query("SELECT 1").scalar() == 1  # another statement between its batches
        count = 1
        while cursor.has_next():
            count += len(cursor.fetchmany(1000))
        assert count == 50_000


def test_errors_carry_what_the_server_says(client: rustydb.Client) -> None:
    with pytest.raises(errors.UndefinedColumn) as column:
        client.query("SELECT agee FROM users")
    assert column.value.position == 8 and column.value.hint == 'Perhaps you meant to reference the column "users.age".'
    with pytest.raises(errors.UniqueViolation) as unique, client.transaction():
        client.execute("INSERT INTO users (email) VALUES ('ann@example.com')")
    assert (unique.value.constraint_name, unique.value.table_name, unique.value.schema_name) == (
        "users_email_key",
        "users",
        "public",
    )
    assert unique.value.detail == "Key (email)=(ann@example.com) already exists."
    with pytest.raises(errors.CheckViolation):
        client.execute("UPDATE users SET age = 0")
    with pytest.raises(errors.SyntaxFailure):
        client.query("SELEC 1")
    with pytest.raises(errors.DataError):
        client.query("SELECT 1 / 0")
    assert client.query("SELECT 1").scalar() == 1


def test_transactions(client: rustydb.Client) -> None:
    with client.transaction(isolation_level="REPEATABLE_READ", read_only=True) as txn:
        assert txn.query("SHOW transaction_isolation").scalar() == "repeatable read"
        with pytest.raises(errors.OperationalError, match="read-only transaction"), client.transaction():
            client.execute("DELETE FROM users")
        assert client.query("SELECT count(*) FROM users").scalar() == 2
    with client.transaction() as txn:
        txn.execute("DELETE FROM users")
        beside = client.begin_transaction()
        assert beside.query("SELECT count(*) FROM users").scalar() == 2
        beside.rollback()
        txn.rollback()
    assert client.query("SELECT count(*) FROM users").scalar() == 2
    # An error that was caught leaves nothing to commit, and that is said.
    with pytest.raises(errors.OperationalError, match="aborted") as aborted, client.transaction() as txn:
        with pytest.raises(errors.DataError):
            txn.execute("SELECT 1 / 0")
    assert aborted.value.sqlstate == "25P02" and not client.in_transaction


@pytest.mark.parametrize("sql", ["VALUES ($1)", "VALUES ($1) RETURNING id", "SELECT $1 RETURNING id"])
def test_no_statement_ends_its_transaction(client: rustydb.Client, shared: server.Server, sql: str) -> None:
    with native(shared) as other, client.transaction() as txn:
        for _ in range(5):
            client.execute(f"INSERT INTO users (name) {sql}", ["x"])
        assert other.query("SELECT count(*) FROM users").scalar() == 2
        txn.rollback()
    assert client.query("SELECT count(*) FROM users").scalar() == 2


def test_many_batch_bulk_and_prepared(client: rustydb.Client) -> None:
    results = client.executemany(
        "INSERT INTO users (name, age) VALUES ($1, $2)", [(f"n{n}", n + 1) for n in range(2000)]
    )
    assert len(results) == 2000
    with pytest.raises(errors.CheckViolation) as caught:
        client.executemany("INSERT INTO users (age) VALUES ($1)", [[1], [2], [-1], [4]])
    assert caught.value.fields["index"] == 2
    assert client.query("SELECT count(*) FROM users").scalar() == 2002
    assert client.copy_in("users", ((10_000 + n, f"b{n}", None, 5) for n in range(20_000))) == 20_000
    assert client.copy_in("users", [("x", 3)], ["name", "age"]) == 1
    with pytest.raises(errors.UniqueViolation):
        client.copy_in("users", ((n, "again", None, 5) for n in range(1, 20_000)))
    assert client.query("SELECT count(*) FROM users").scalar() == 22_003
    made = client.batch(
        [{"sql": "UPDATE users SET age = $1 WHERE id = $2", "params": [31, 1]}, "SELECT age FROM users WHERE id = 1"]
    )
    assert [result.tag for result in made] == ["UPDATE 1", "SELECT 1"] and made[1].scalar() == 31
    with pytest.raises(errors.DataError) as failed:
        client.batch(["UPDATE users SET age = 99", "SELECT 1 / 0"])
    assert failed.value.fields["index"] == 1 and client.query("SELECT age FROM users WHERE id = 1").scalar() == 31
    mixed = client.batch(["SELECT 1", "SELECT 1 / 0", "SELECT 2"], transaction=False)
    assert [isinstance(one, errors.DataError) for one in mixed] == [False, True, False]
    with client.prepare("SELECT name FROM users WHERE id = %s") as statement:
        assert statement.query([1]).scalar() == "Ann" and statement.parameter_types == (23,)
        assert [column.name for column in statement.columns] == ["name"]
    for number in range(10):
        assert client.query("SELECT $1::int + 1", [number]).scalar() == number + 1


def test_everything_runs_in_the_open_block(client: rustydb.Client, shared: server.Server) -> None:
    with native(shared) as other, client.transaction() as txn:
        assert client.copy_in("users", [(n, "copied", None, 5) for n in range(100, 3000)]) == 2900
        client.batch(["INSERT INTO users (name) VALUES ('batch')", ("INSERT INTO users (name) VALUES ($1)", ["batch"])])
        client.executemany("INSERT INTO users (name) VALUES (%s)", [["many"], ["many"]])
        with client.prepare("INSERT INTO users (name) VALUES ($1)") as statement:
            statement.execute(["prepared"])
        with client.cursor("SELECT id FROM users", batch_rows=100) as cursor:
            assert len(cursor.fetchall()) == 2 + 2900 + 5
        with pytest.raises(errors.DataError), client.transaction():
            client.execute("DELETE FROM users")
            client.execute("SELECT 1 / 0")
        assert client.query("SELECT count(*) FROM users").scalar() == 2907
        assert other.query("SELECT count(*) FROM users").scalar() == 2
        txn.rollback()
    assert client.query("SELECT count(*) FROM users").scalar() == 2


def test_timeouts_and_cancel(client: rustydb.Client) -> None:
    with pytest.raises(errors.RequestTimeout):
        client.query("SELECT pg_sleep(600)", timeout=0.1)
    assert client.query("SELECT 1").scalar() == 1
    failures: list[BaseException] = []

    def run() -> None:
        try:
            client.query("SELECT pg_sleep(600)")
        except errors.QueryCanceled as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive():
        client.cancel()
        thread.join(0.02)
    assert failures and client.query("SELECT 1").scalar() == 1
    with client.transaction() as txn:
        with pytest.raises(errors.RequestTimeout):
            txn.query("SELECT pg_sleep(600)", timeout=0.1)
        txn.rollback()


def test_listen_and_subscribe(client: rustydb.Client) -> None:
    client.listen("news")
    subscription = client.subscribe("users", events=["UPDATE"], where="id = 1")
    client.notify("news", "hello")
    (heard,) = client.notifications(timeout=0.5)
    assert (heard.channel, heard.payload) == ("news", "hello")
    client.execute("UPDATE users SET age = 31 WHERE id = 1")
    change = subscription.next(timeout=10)
    assert change is not None and change.operation == "UPDATE" and change.new is not None and change.new["age"] == 31
    client.execute("ALTER TABLE users ADD COLUMN score int DEFAULT 5")
    client.execute("UPDATE users SET age = 32 WHERE id = 1")
    client.execute("UPDATE users SET age = 32 WHERE id = 2")
    change = subscription.next(timeout=10)
    assert change is not None and change.new is not None and change.new["score"] == 5
    assert subscription.next(timeout=0.05) is None
    client.execute("DROP TABLE users")
    with pytest.raises(errors.Error) as ended:
        subscription.next(timeout=10)
    assert ended.value.sqlstate == "42P01"
    subscription.close()


def test_a_subscription_whose_connection_broke_says_that_changes_are_lost(
    client: rustydb.Client, shared: server.Server
) -> None:
    with native(shared) as other, other.subscribe("users", events=["UPDATE"], columns=["age"]) as subscription:
        client.execute("UPDATE users SET age = 41 WHERE id = 1")
        first = subscription.next(timeout=10)
        assert first is not None and first.new == (41,)
        pid = client.query("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()").scalars()
        client.execute("UPDATE users SET age = 42 WHERE id = 1")
        for number in pid:
            client.query("SELECT pg_terminate_backend($1)", [number])
        with pytest.raises(errors.NotSupportedError, match="resuming a subscription"):
            subscription.next(timeout=10)
        subscription.restart()
        client.execute("UPDATE users SET age = 43 WHERE id = 1")
        second = subscription.next(timeout=10)
        assert second is not None and second.new == (43,)


def test_both_encodings_and_compressions(shared: server.Server) -> None:
    for encoding in ("messagepack", "bincode"):
        for compression in ("none", "lz4", "zstd", "snappy"):
            with native(shared, encoding=encoding, compression=compression) as client:
                text = "abc" * 100_000
                assert client.query("SELECT $1::text AS t, 7 AS n", [text])[0] == (text, 7)


def test_a_wrong_password_and_an_unknown_database(shared: server.Server) -> None:
    with pytest.raises(errors.AuthenticationFailed) as caught:
        native(shared, password="wrong")
    assert caught.value.sqlstate == "28P01"
    with pytest.raises(errors.Error) as unknown:
        native(shared, database="nowhere")
    assert unknown.value.sqlstate == "3D000"


def test_dbapi(client: rustydb.Client, shared: server.Server) -> None:
    with dbapi.connect(f"rustydb://admin:admin@127.0.0.1:{shared.port}/rustydb") as connection:
        cursor = connection.cursor()
        cursor.execute(
            "INSERT INTO users (name, age) VALUES (%(name)s, %(age)s) RETURNING id", {"name": "Zed", "age": 40}
        )
        assert (
            cursor.fetchone() is not None
            and cursor.description is not None
            and cursor.description[0][1] == dbapi.NUMBER
        )
        assert client.query("SELECT count(*) FROM users").scalar() == 2
        connection.rollback()
        cursor.executemany("INSERT INTO users (name) VALUES (%s)", [("a",), ("b",)])
        connection.commit()
        assert client.query("SELECT count(*) FROM users").scalar() == 4
        connection.close()


def test_a_pool_with_threads(client: rustydb.Client, shared: server.Server) -> None:
    client.execute("DROP TABLE IF EXISTS counters")
    client.execute("CREATE TABLE counters (id int PRIMARY KEY, n int)")
    client.execute("INSERT INTO counters VALUES (1, 0)")
    with rustydb.Pool(
        f"rustydb://admin:admin@127.0.0.1:{shared.port}/rustydb?pool_size=4", creation_throttle=None
    ) as pool:

        def run() -> None:
            for _ in range(25):
                with pool.connection() as lent, lent.transaction() as txn:
                    txn.execute("UPDATE counters SET n = n + 1 WHERE id = 1")

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        with pool.connection() as lent:
            lent.execute("SET statement_timeout TO 12345")
        with pool.connection() as lent:
            assert lent.query("SHOW statement_timeout").scalar() == "0"
            assert lent.query("SELECT n FROM counters").scalar() == 200
        assert pool.statistics().total_connections <= 4


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_asynchronous_client(client: rustydb.Client, shared: server.Server, backend: str) -> None:
    anyio = pytest.importorskip("anyio")
    pytest.importorskip(backend)

    async def main() -> None:
        async with await rustydb.connect_async(f"rustydb://admin:admin@127.0.0.1:{shared.port}/rustydb") as other:
            async with other.transaction() as txn:
                await txn.execute("INSERT INTO users (name) VALUES ($1)", ["async"])
            assert (await other.query("SELECT count(*) FROM users WHERE name = %s", ["async"])).scalar() == 1
            assert sum([row["g"] async for row in other.cursor("SELECT g FROM generate_series(1, 1000) g")]) == 500_500
            assert await other.copy_in("users", [("x", 3), ("y", 4)], ["name", "age"]) == 2
            with anyio.move_on_after(0.1):
                await other.query("SELECT pg_sleep(600)")
            assert (await other.query("SELECT 1")).scalar() == 1

    anyio.run(main, backend=backend)


def test_a_server_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    running = server.start(tmp_path / "data")
    try:
        client = native(running, retries=8)
        client.execute(USERS)
        client.execute("INSERT INTO users (name) VALUES ('kept')")
        txn = client.begin_transaction()
        txn.execute("INSERT INTO users (name) VALUES ('lost')")
        with rustydb.Pool(host="127.0.0.1", port=running.port, password="admin", max_size=2) as pool:
            with pool.connection() as lent:
                assert lent.query("SELECT count(*) FROM users").scalar() == 1
            waiting: list[BaseException] = []

            def sleep() -> None:
                with native(running) as sleeper:
                    try:
                        sleeper.execute("UPDATE users SET name = 'slept' WHERE pg_sleep(600) IS NOT NULL")
                    except errors.OutcomeUnknown as error:
                        waiting.append(error)

            thread = threading.Thread(target=sleep)
            thread.start()
            while not client.query(
                "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'UPDATE users%' AND state = 'active'"
            ):
                pass
            running.kill()
            thread.join(60)
            assert waiting
            with pytest.raises(errors.ConnectionLost, match="transaction is lost"):
                txn.execute("SELECT 1")
            running = server.start(tmp_path / "data", ["--port", str(running.port)])
            assert client.query("SELECT name FROM users").scalars() == ["kept"]  # a read: on a new connection by itself
            with pool.connection() as lent:
                assert lent.query("SELECT count(*) FROM users").scalar() == 1
        client.close()
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()


def test_tls(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    from tests.support.certificates import Authority

    authority = Authority()
    files = authority.issue("localhost", ["localhost", "127.0.0.1"]).write(tmp_path)
    stranger = Authority("stranger").write(tmp_path)
    trusted = authority.write(tmp_path)
    with server.running(":memory:", ["--tls-cert", files.certificate, "--tls-key", files.key]) as running:
        for mode in ("require", "verify-ca", "verify-full"):
            with rustydb.connect(
                host="localhost", port=running.port, password="admin", sslmode=mode, sslrootcert=trusted
            ) as client:
                assert client.query("SELECT 1").scalar() == 1
        with pytest.raises(errors.OperationalError, match="no TLS with localhost"):
            rustydb.connect(
                host="localhost",
                port=running.port,
                password="admin",
                sslmode="verify-full",
                sslrootcert=stranger,
                retries=0,
            )
        with pytest.raises(rustydb.OptionError, match="sslrootcert: cannot use /nowhere"):
            rustydb.connect(
                host="localhost", port=running.port, password="admin", sslmode="verify-full", sslrootcert="/nowhere"
            )
        anyio = pytest.importorskip("anyio")

        async def main() -> None:
            async with await rustydb.connect_async(
                host="localhost", port=running.port, password="admin", sslmode="verify-full", sslrootcert=trusted
            ) as client:
                assert (await client.query("SELECT $1::text", ["x" * 200_000])).scalar() == "x" * 200_000
            with pytest.raises(errors.OperationalError, match="no TLS with localhost"):
                await rustydb.connect_async(
                    host="localhost",
                    port=running.port,
                    password="admin",
                    sslmode="verify-full",
                    sslrootcert=stranger,
                    retries=0,
                )

        anyio.run(main)


def test_a_unix_socket() -> None:
    anyio = pytest.importorskip("anyio")
    with tempfile.TemporaryDirectory() as folder:  # the path of a socket must be short
        with server.running(":memory:", ["--unix-socket-dir", folder]) as running:
            with rustydb.connect(
                f"rustydb://admin:admin@{folder.replace('/', '%2F')}:{running.port}/rustydb"
            ) as client:
                assert client.query("SELECT 1").scalar() == 1

            async def main() -> None:
                async with await rustydb.connect_async(host=folder, port=running.port, password="admin") as client:
                    assert (await client.query("SELECT 1")).scalar() == 1

            anyio.run(main)


def test_the_second_host_is_taken_where_the_first_is_gone(shared: server.Server) -> None:
    with rustydb.connect(f"rustydb://admin:admin@127.0.0.1:1,127.0.0.1:{shared.port}/rustydb") as client:
        assert client.query("SELECT 1").scalar() == 1
