"""asyncpg does ordinary work: prepared statements in binary, cursors, COPY of records, transactions, time-outs."""

from __future__ import annotations

import asyncio
import datetime
import io
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

Connection = Any  # asyncpg has no types
Work = Callable[[Connection], Awaitable[None]]

VALUES: list[tuple[object, str]] = [
    (True, "bool"),
    (-7, "int2"),
    (70_000, "int4"),
    (-9_000_000_000, "int8"),
    (Decimal("-1234.5600"), "numeric"),
    (Decimal("1E+20"), "numeric"),
    (Decimal("NaN"), "numeric"),
    (1.5, "float4"),
    (0.1, "float8"),
    (float("inf"), "float8"),
    ("naïve", "text"),
    ("ab", "varchar"),
    (b"a", '"char"'),
    (b"\x00\xff", "bytea"),
    (datetime.date(2020, 2, 29), "date"),
    (datetime.date.max, "date"),
    (datetime.time(1, 2, 3, 4), "time"),
    (datetime.datetime(2020, 2, 29, 1, 2, 3, 4), "timestamp"),
    (datetime.datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=datetime.UTC), "timestamptz"),
    (datetime.timedelta(days=40, seconds=5, microseconds=6), "interval"),
    (uuid.UUID(int=99), "uuid"),
    ('{"a": 1}', "jsonb"),
    ('{"a":  1}', "json"),
    ([1, None, 3], "int4[]"),
    ([["a", "b"], ["c", None]], "text[]"),
    ([], "int8[]"),
]


def run(url: str, work: Work) -> None:
    """Run `work` with a connection of its own."""

    async def main() -> None:
        connection = await asyncpg.connect(url)
        try:
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(main())


@pytest.mark.parametrize(("value", "kind"), VALUES, ids=[kind for _, kind in VALUES])
def test_a_value_comes_back_as_it_was_sent(url: str, value: object, kind: str) -> None:
    async def work(connection: Connection) -> None:
        found = await connection.fetchval(f"select $1::{kind}", value)
        assert found == value or str(found) == str(value)
        assert await connection.fetchval(f"select $1::{kind}", None) is None
        await connection.execute(f"create table kept (a {kind})")
        await connection.execute("insert into kept values ($1)", value)
        found = await connection.fetchval("select a from kept")
        assert found == value or str(found) == str(value)

    run(url, work)


def test_records_have_names(url: str) -> None:
    async def work(connection: Connection) -> None:
        row = await connection.fetchrow("select 1 as one, 'x' as name, now() as moment")
        assert (row["one"], row["name"], len(row)) == (1, "x", 3)
        assert isinstance(row["moment"], datetime.datetime)
        assert await connection.fetch("select g from generate_series(1, 3) g") == [(1,), (2,), (3,)]
        assert await connection.execute("create table t (a int)") == "CREATE TABLE"
        assert await connection.execute("insert into t select generate_series(1, 5)") == "INSERT 0 5"
        assert await connection.execute("update t set a = a + 1 where a > 3") == "UPDATE 2"
        assert (
            await connection.execute("create table u (a int); insert into u values (1); select * from u") == "SELECT 1"
        )

    run(url, work)


def test_a_prepared_statement_knows_its_types(url: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("create table t (id int primary key, name varchar(10), price numeric(6, 2))")
        statement = await connection.prepare("select id, name, price * $2 as total from t where id = $1")
        assert [item.name for item in statement.get_parameters()] == ["int4", "numeric"]
        assert [(item.name, item.type.name) for item in statement.get_attributes()] == [
            ("id", "int4"),
            ("name", "varchar"),
            ("total", "numeric"),
        ]
        insert = await connection.prepare("insert into t values ($1, $2, $3)")
        await insert.executemany([(number, f"n{number}", Decimal(number)) for number in range(100)])
        for number in (1, 50, 99):
            assert await statement.fetchrow(number, 2) == (number, f"n{number}", Decimal(2 * number))
        assert await statement.fetchrow(1000, 2) is None

    run(url, work)


def test_executemany_is_all_or_nothing(url: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("create table t (id int primary key)")
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await connection.executemany("insert into t values ($1)", [(1,), (2,), (1,)])
        assert caught.value.constraint_name == "t_pkey"
        assert await connection.fetchval("select count(*) from t") == 0

    run(url, work)


def test_records_are_copied_in_and_out(url: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("create table t (id int, name text, price numeric, made timestamptz)")
        moment = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        records = [(number, f"n{number}", Decimal(number) / 8, moment) for number in range(1000)]
        records.append((None, None, None, None))
        assert await connection.copy_records_to_table("t", records=records) == "COPY 1001"
        assert await connection.fetch("select * from t order by id nulls last") == records
        out = io.BytesIO()
        await connection.copy_from_query("select id, name from t where id < $1 order by id", 2, output=out)
        assert out.getvalue() == b"0\tn0\n1\tn1\n"
        out = io.BytesIO()
        await connection.copy_from_table("t", output=out, columns=["id"], format="csv", header=True)
        assert out.getvalue().startswith(b"id\n0\n1\n")
        await connection.copy_to_table("t", source=io.BytesIO(b"5000,x\n"), columns=["id", "name"], format="csv")
        assert await connection.fetchval("select name from t where id = 5000") == "x"

    run(url, work)


def test_transactions_nest(url: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("create table t (a int)")
        async with connection.transaction():
            await connection.execute("insert into t values (1)")
            with pytest.raises(ZeroDivisionError):
                async with connection.transaction():
                    await connection.execute("insert into t values (2)")
                    raise ZeroDivisionError
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with connection.transaction():
                    await connection.execute("select 1 / 0")
            assert connection.is_in_transaction()
        assert await connection.fetch("select a from t") == [(1,)]
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                async with connection.transaction():
                    await connection.execute("delete from t")

    run(url, work)


def test_cursors_read_in_pieces(url: str) -> None:
    async def work(connection: Connection) -> None:
        async with connection.transaction():
            seen = [row[0] async for row in connection.cursor("select generate_series(1, 1000)", prefetch=30)]
            assert seen == list(range(1, 1001))
            cursor = await connection.cursor("select g from generate_series(1, $1::int) g", 20)
            assert await cursor.fetch(2) == [(1,), (2,)]
            assert await cursor.forward(5) == 5
            assert await cursor.fetchrow() == (8,)

    run(url, work)


def test_a_time_out_cancels_the_statement(url: str) -> None:
    async def work(connection: Connection) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await connection.execute("select pg_sleep(30)", timeout=0.2)
        assert await connection.fetchval("select 1") == 1
        with pytest.raises(asyncio.TimeoutError):
            await connection.fetch("select pg_sleep(30) from generate_series(1, 10)", timeout=0.2)
        assert await connection.fetchval("select 2") == 2

    run(url, work)


def test_errors_have_their_classes_and_fields(url: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("create table p (id int primary key); create table c (p_id int not null references p)")
        with pytest.raises(asyncpg.ForeignKeyViolationError) as caught:
            await connection.execute("insert into c values (1)")
        assert caught.value.detail == 'Key (p_id)=(1) is not present in table "p".'
        with pytest.raises(asyncpg.NotNullViolationError) as missing:
            await connection.execute("insert into c values (null)")
        assert missing.value.column_name == "p_id"
        with pytest.raises(asyncpg.UndefinedColumnError) as unknown:
            await connection.fetch("select nosuch from p")
        assert unknown.value.position == "8"
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await connection.execute("selec 1")
        with pytest.raises(asyncpg.DataError):
            await connection.fetchval("select $1::int", "text")

    run(url, work)


def test_a_pool_resets_its_connections(url: str) -> None:
    async def main() -> None:
        async with asyncpg.create_pool(url, min_size=2, max_size=4) as pool:

            async def one(number: int) -> int:
                async with pool.acquire() as connection:
                    await connection.execute(f"set application_name to 'job {number}'")
                    found: int = await connection.fetchval("select $1::int * 2", number)
                    return found

            assert await asyncio.gather(*(one(number) for number in range(20))) == [2 * n for n in range(20)]
            async with pool.acquire() as connection:
                assert await connection.fetchval("show application_name") == ""

    asyncio.run(main())


def test_a_statement_that_the_schema_outdated_is_prepared_anew(url: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("create table t (a int); insert into t values (1)")
        assert await connection.fetch("select * from t") == [(1,)]
        await connection.execute("alter table t add b text default 'x'")
        assert await connection.fetch("select * from t") == [(1, "x")]

    run(url, work)


def test_listening_tables_and_types_can_be_introspected(url: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("create table t (a int, b text[], c numeric(5, 2))")
        await connection.reload_schema_state()
        rows = await connection.fetch(
            "select attname, atttypid::regtype::text from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum"
        )
        assert rows == [("a", "integer"), ("b", "text[]"), ("c", "numeric")]

    run(url, work)


def test_listeners_are_called(url: str) -> None:
    async def work(connection: Connection) -> None:
        heard: asyncio.Queue[tuple[int, str, str]] = asyncio.Queue()

        def hear(_connection: Connection, pid: int, channel: str, payload: str) -> None:
            heard.put_nowait((pid, channel, payload))

        await connection.add_listener("news", hear)
        other = await asyncpg.connect(url)
        try:
            async with other.transaction():
                await other.execute("notify news, 'one'")
                await other.fetchval("select pg_notify('news', $1)", "two")
            pid = other.get_server_pid()
            for payload in ("one", "two"):
                assert await asyncio.wait_for(heard.get(), 10) == (pid, "news", payload)
            await connection.execute("notify news, 'own'")
            assert await asyncio.wait_for(heard.get(), 10) == (connection.get_server_pid(), "news", "own")
            await connection.remove_listener("news", hear)
            await other.execute("notify news, 'unheard'")
            assert await connection.fetchval("select 1") == 1
            assert heard.empty()
        finally:
            await other.close()

    run(url, work)


def test_a_pool_gives_connections_back_without_listeners_and_locks(url: str) -> None:
    async def main() -> None:
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            async with pool.acquire() as connection:
                await connection.execute("listen news")
                assert await connection.fetchval("select pg_try_advisory_lock(7)")
            async with pool.acquire() as connection:
                assert await connection.fetch("select pg_listening_channels()") == []
                assert await connection.fetchval("select count(*) from pg_locks where locktype = 'advisory'") == 0

    asyncio.run(main())


def test_explain_is_json(url: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("create table t (a int)")
        statement = await connection.prepare("select a from t where a > $1")
        (document,) = await statement.explain(2, analyze=True)
        assert document["Plan"]["Relation Name"] == "t"
        assert document["Plan"]["Actual Total Time"] >= 0
        insert = await connection.prepare("insert into t values (1), (2)")
        (document,) = await insert.explain(analyze=True)
        assert document["Plan"]["Operation"] == "Insert"
        assert await connection.fetch("select * from t") == []  # explain rolls back what it ran

    run(url, work)
