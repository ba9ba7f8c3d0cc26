"""psycopg 3 does ordinary work: both formats, pipelines, COPY, cursors, prepared statements, cancel."""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import class_row, dict_row, namedtuple_row
from psycopg.types.json import Jsonb

VALUES = [
    (True, "boolean"),
    (7, "int2"),
    (-70_000, "int4"),
    (9_000_000_000, "int8"),
    (Decimal("1234.5600"), "numeric"),
    (1.5, "float4"),
    (0.1, "float8"),
    ("naïve 'text'", "text"),
    ("ab", "varchar(5)"),
    (b"\x00\xff\\", "bytea"),
    (datetime.date(2020, 2, 29), "date"),
    (datetime.time(12, 34, 56, 789), "time"),
    (datetime.datetime(2020, 2, 29, 12, 34, 56, 789), "timestamp"),
    (datetime.datetime(2020, 2, 29, 12, 34, 56, 789, tzinfo=datetime.UTC), "timestamptz"),
    (datetime.timedelta(days=1, seconds=2, microseconds=3), "interval"),
    (uuid.UUID(int=12345), "uuid"),
    ([1, None, 3], "int4[]"),
    (["a", 'b"c', None, ""], "text[]"),
    ([[1, 2], [3, 4]], "int4[]"),
]


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url) as found:
        yield found


@pytest.fixture
def items(connection: psycopg.Connection) -> psycopg.Connection:
    """Return a connection whose database has a table of a thousand items."""
    connection.execute("create table items (id serial primary key, name text not null, price numeric(8, 2), doc jsonb)")
    connection.execute("insert into items (name, price) select 'item ' || g, g * 1.5 from generate_series(1, 1000) g")
    connection.commit()
    return connection


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize(("value", "kind"), VALUES, ids=[kind for _, kind in VALUES])
def test_a_value_comes_back_as_it_was_sent(
    connection: psycopg.Connection, value: object, kind: str, binary: bool
) -> None:
    marker = "%b" if binary else "%t"
    with connection.cursor(binary=binary) as cursor:
        cursor.execute(f"select {marker}::{kind}", (value,))
        assert cursor.fetchone() == (value,)
        cursor.execute(f"select null::{kind}")
        assert cursor.fetchone() == (None,)


def test_json_comes_back_as_python_values(connection: psycopg.Connection) -> None:
    document = {"a": [1, 2.5, None, True], "b": {"c": "é"}}
    assert connection.execute("select %s::jsonb", (Jsonb(document),)).fetchone() == (document,)
    assert connection.execute("select %b::jsonb", (Jsonb(document),)).fetchone() == (document,)


def test_rows_may_be_dictionaries_tuples_and_objects(items: psycopg.Connection) -> None:
    with items.cursor(row_factory=dict_row) as cursor:
        assert cursor.execute("select id, name from items where id = 3").fetchone() == {"id": 3, "name": "item 3"}
    with items.cursor(row_factory=namedtuple_row) as cursor:
        row = cursor.execute("select id, name from items where id = 4").fetchone()
        assert row is not None and row.name == "item 4"

    class Item:
        def __init__(self, id: int, name: str) -> None:
            self.id, self.name = id, name

    with items.cursor(row_factory=class_row(Item)) as typed:
        found = typed.execute("select id, name from items where id = 5").fetchone()
        assert found is not None and found.name == "item 5"


def test_the_description_has_names_types_and_modifiers(items: psycopg.Connection) -> None:
    cursor = items.execute("select id, name, price, doc, price * 2 as twice from items limit 0")
    assert cursor.description is not None
    assert [column.name for column in cursor.description] == ["id", "name", "price", "doc", "twice"]
    assert [column.type_code for column in cursor.description] == [23, 25, 1700, 3802, 1700]
    assert (cursor.description[2].precision, cursor.description[2].scale) == (8, 2)


def test_a_statement_that_runs_often_is_prepared(items: psycopg.Connection) -> None:
    for number in range(1, 20):
        row = items.execute("select name from items where id = %s", (number,)).fetchone()
        assert row == (f"item {number}",)
    prepared = items.execute("select count(*) from pg_prepared_statements").fetchone()
    assert prepared == (1,)


def test_a_prepared_statement_survives_a_change_of_its_table(items: psycopg.Connection) -> None:
    query = "select name from items where id = %s"
    for _ in range(8):
        items.execute(query, (1,), prepare=True)
    items.execute("alter table items add colour text default 'red'")
    assert items.execute(query, (2,), prepare=True).fetchone() == ("item 2",)


def test_a_plan_is_explained_with_parameters(items: psycopg.Connection) -> None:
    plan = items.execute("explain select name from items where id = %s", (1,)).fetchall()
    assert "items_pkey" in plan[0][0]


def test_executemany_inserts_and_returns(items: psycopg.Connection) -> None:
    with items.cursor() as cursor:
        cursor.executemany(
            "insert into items (name) values (%s) returning id", [("a",), ("b",), ("c",)], returning=True
        )
        found = []
        while True:
            found.append(cursor.fetchone())
            if not cursor.nextset():
                break
        assert found == [(1001,), (1002,), (1003,)]
        cursor.executemany("update items set price = %s where id = %s", [(1, 1), (2, 2)])
        assert cursor.rowcount == 2


def test_a_pipeline_answers_in_order(items: psycopg.Connection) -> None:
    with items.pipeline() as pipeline:
        first = items.execute("select name from items where id = %s", (1,))
        items.execute("insert into items (name) values (%s)", ("piped",))
        second = items.execute("select count(*) from items")
        pipeline.sync()
        assert first.fetchone() == ("item 1",)
        assert second.fetchone() == (1001,)


def test_an_error_in_a_pipeline_skips_to_the_next_sync(items: psycopg.Connection) -> None:
    items.autocommit = True
    with pytest.raises(errors.DivisionByZero), items.pipeline():
        items.execute("insert into items (name) values ('lost')")
        items.execute("select 1 / 0")
        items.execute("insert into items (name) values ('skipped')")
    assert items.execute("select count(*) from items").fetchone() == (1000,)


def test_rows_are_copied_in_as_text_and_binary(items: psycopg.Connection) -> None:
    rows = [(number, f"copied\t{number}\\", Decimal(number) / 4) for number in range(2000, 2500)]
    for form in ("", " with (format binary)"):
        items.execute("delete from items where id >= 2000")
        with items.cursor() as cursor, cursor.copy(f"copy items (id, name, price) from stdin{form}") as copy:
            copy.set_types(["int4", "text", "numeric"])
            for row in rows:
                copy.write_row(row)
        assert items.execute("select id, name, price from items where id >= 2000 order by id").fetchall() == rows


@pytest.mark.parametrize("form", ["", " with (format binary)"], ids=["text", "binary"])
def test_rows_are_copied_out(items: psycopg.Connection, form: str) -> None:
    query = "select id, name, price, id % 2 = 0, null::int from items order by id"
    with items.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout{form}") as copy:
        copy.set_types(["int4", "text", "numeric", "bool", "int4"])
        copied = list(copy.rows())
    assert copied == items.execute(query).fetchall()
    assert len(copied) == 1000


def test_a_copy_that_fails_leaves_nothing(items: psycopg.Connection) -> None:
    with pytest.raises(errors.NotNullViolation), items.cursor() as cursor:
        with cursor.copy("copy items (id, name) from stdin") as copy:
            copy.write_row((3000, "fine"))
            copy.write_row((3001, None))
    items.rollback()
    with pytest.raises(ZeroDivisionError), items.cursor() as cursor:
        with cursor.copy("copy items (id, name) from stdin") as copy:
            copy.write_row((3000, "fine"))
            raise ZeroDivisionError
    items.rollback()
    assert items.execute("select count(*) from items").fetchone() == (1000,)


def test_a_server_side_cursor_reads_in_pieces(items: psycopg.Connection) -> None:
    with items.cursor("pieces") as cursor:
        cursor.itersize = 100
        cursor.execute("select id from items order by id")
        assert cursor.fetchmany(3) == [(1,), (2,), (3,)]
        assert sum(1 for _ in cursor) == 997
    with items.cursor("filtered") as cursor:
        cursor.execute("select id from items where id > %s and name <> %s order by id", (990, "item 995"))
        assert cursor.fetchall() == [(number,) for number in range(991, 1001) if number != 995]
    with items.cursor("scrolling", scrollable=True) as cursor:
        cursor.execute("select id from items order by id")
        cursor.scroll(500)
        assert cursor.fetchone() == (501,)
        cursor.scroll(10, mode="absolute")
        assert cursor.fetchone() == (11,)
    with items.cursor("kept", withhold=True) as cursor:
        cursor.execute("select id from items order by id")
        assert cursor.fetchone() == (1,)
        items.commit()
        assert cursor.fetchone() == (2,)


def test_a_large_result_streams(items: psycopg.Connection) -> None:
    with items.cursor() as cursor:
        total = sum(row[0] for row in cursor.stream("select g from generate_series(1, 20000) g"))
    assert total == 20000 * 20001 // 2


def test_transactions_nest_by_savepoints(items: psycopg.Connection) -> None:
    with items.transaction():
        items.execute("insert into items (name) values ('outer')")
        with pytest.raises(ZeroDivisionError), items.transaction():
            items.execute("insert into items (name) values ('inner')")
            raise ZeroDivisionError
    assert items.execute("select name from items where id > 1000").fetchall() == [("outer",)]


def test_the_status_of_a_transaction_is_reported(connection: psycopg.Connection) -> None:
    from psycopg.pq import TransactionStatus

    assert connection.info.transaction_status == TransactionStatus.IDLE
    connection.execute("select 1")
    assert connection.info.transaction_status == TransactionStatus.INTRANS
    with pytest.raises(errors.UndefinedTable) as caught:
        connection.execute("select * from nosuch")
    assert caught.value.diag.statement_position == "15"
    assert connection.info.transaction_status == TransactionStatus.INERROR
    with pytest.raises(errors.InFailedSqlTransaction):
        connection.execute("select 1")
    connection.rollback()
    assert connection.execute("select 1").fetchone() == (1,)


def test_a_unique_violation_names_its_constraint(items: psycopg.Connection) -> None:
    with pytest.raises(errors.UniqueViolation) as caught:
        items.execute("insert into items (id, name) values (1, 'again')")
    diagnosis = caught.value.diag
    assert (diagnosis.constraint_name, diagnosis.table_name, diagnosis.schema_name) == ("items_pkey", "items", "public")
    assert diagnosis.message_detail == "Key (id)=(1) already exists."


def test_isolation_and_access_are_settings_of_the_connection(items: psycopg.Connection) -> None:
    items.commit()
    items.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    items.read_only = True
    assert items.execute("show transaction_isolation").fetchone() == ("repeatable read",)
    with pytest.raises(errors.ReadOnlySqlTransaction):
        items.execute("delete from items")
    items.rollback()


def test_a_running_statement_is_cancelled(connection: psycopg.Connection) -> None:
    timer = threading.Timer(0.2, connection.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(errors.QueryCanceled):
        connection.execute("select pg_sleep(30)")
    assert time.monotonic() - started < 10
    connection.rollback()
    assert connection.execute("select 1").fetchone() == (1,)


def test_notices_reach_the_handler(connection: psycopg.Connection) -> None:
    heard = []
    connection.add_notice_handler(lambda diagnosis: heard.append((diagnosis.severity, diagnosis.message_primary)))
    connection.execute("drop table if exists nosuch")
    assert heard == [("NOTICE", 'table "nosuch" does not exist, skipping')]


def test_parameters_of_the_session_are_reported(url: str) -> None:
    with psycopg.connect(url, application_name="driver test", options="-c timezone=Asia/Tokyo") as connection:
        assert connection.info.parameter_status("application_name") == "driver test"
        assert connection.info.parameter_status("TimeZone") == "Asia/Tokyo"
        assert connection.info.server_version // 10000 == 15
        connection.execute("set timezone to 'UTC'")
        assert connection.info.parameter_status("TimeZone") == "UTC"


def test_a_wrong_password_is_refused(url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "admin"'):
        psycopg.connect(url.replace("admin:admin", "admin:wrong"))
    with pytest.raises(psycopg.OperationalError, match='database "nosuch" does not exist'):
        psycopg.connect(url.replace("/rustydb", "/nosuch"))


async def _asynchronous(url: str) -> list[tuple[int, ...]]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("create table t (a int)")
        async with connection.pipeline():
            for number in range(10):
                await connection.execute("insert into t values (%s)", (number,))
        cursor = await connection.execute("select sum(a), count(*) from t")
        return await cursor.fetchall()


def test_the_asynchronous_connection_works(url: str) -> None:
    import asyncio

    assert asyncio.run(_asynchronous(url)) == [(45, 10)]


def test_notifications_come_while_nothing_is_asked(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as listener, psycopg.connect(url) as other:
        listener.execute("listen news")
        other.execute("notify news, 'one'")
        other.execute("select pg_notify('news', 'two')")
        other.commit()
        found = list(listener.notifies(timeout=10, stop_after=2))
        assert [(note.channel, note.payload, note.pid) for note in found] == [
            ("news", "one", other.info.backend_pid), ("news", "two", other.info.backend_pid),
        ]  # fmt: skip
        other.execute("notify news, 'never'")
        other.rollback()
        other.execute("notify news, 'last'")
        other.commit()
        assert [note.payload for note in listener.notifies(timeout=10, stop_after=1)] == ["last"]


def test_notifications_of_a_session_itself(url: str) -> None:
    heard: list[str] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.add_notify_handler(lambda note: heard.append(note.payload))
        connection.execute("listen news")
        with connection.transaction():
            connection.execute("notify news, 'mine'")
            assert heard == []
        assert heard == ["mine"]
        connection.execute("unlisten *")
        connection.execute("notify news, 'unheard'")
        assert heard == ["mine"]


def test_an_advisory_lock_makes_another_session_wait(url: str) -> None:
    order: list[str] = []
    with psycopg.connect(url, autocommit=True) as one, psycopg.connect(url, autocommit=True) as two:
        one.execute("select pg_advisory_lock(1, 2)")

        def wait() -> None:
            two.execute("select pg_advisory_xact_lock(1, 2)")
            order.append("two")

        thread = threading.Thread(target=wait)
        thread.start()
        sql = "select pid from pg_locks where locktype = 'advisory' and not granted"
        while one.execute(sql).fetchone() != (two.info.backend_pid,):
            pass
        order.append("one")
        one.execute("select pg_advisory_unlock(1, 2)")
        thread.join(10)
        assert order == ["one", "two"]
