"""psycopg2 does ordinary work: it fills parameters in itself and speaks the simple protocol only."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg2
import psycopg2.extras
import pytest
from psycopg2 import errorcodes, errors, extensions

Connection = Any  # psycopg2 has no types


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    found = psycopg2.connect(url)
    yield found
    found.close()


@pytest.fixture
def cursor(connection: Connection) -> Any:
    found = connection.cursor()
    found.execute("create table items (id serial primary key, name text, price numeric(8, 2), made date, tags text[])")
    return found


def test_values_come_back_as_they_were_sent(cursor: Any) -> None:
    sent = (1, "it's \\ é", Decimal("2.50"), datetime.date(2020, 2, 29), ["a", None, 'b"'])
    cursor.execute("insert into items values (%s, %s, %s, %s, %s) returning *", sent)
    assert cursor.fetchone() == sent
    cursor.execute("select %s, %s, %s, %s", (None, True, 1.5, datetime.datetime(2020, 1, 1, 1, 2, 3, 4)))
    assert cursor.fetchone() == (None, True, 1.5, datetime.datetime(2020, 1, 1, 1, 2, 3, 4))
    cursor.execute("select %s, %s::bytea", (datetime.timedelta(days=1, seconds=2), psycopg2.Binary(b"\x00\xff'\\")))
    interval, data = cursor.fetchone()
    assert (interval, bytes(data)) == (datetime.timedelta(days=1, seconds=2), b"\x00\xff'\\")


def test_execute_values_inserts_many_rows(cursor: Any) -> None:
    rows = [(number, f"name {number}") for number in range(1000)]
    psycopg2.extras.execute_values(cursor, "insert into items (id, name) values %s", rows, page_size=200)
    cursor.execute("select count(*), sum(id) from items")
    assert cursor.fetchone() == (1000, 499500)
    found = psycopg2.extras.execute_values(
        cursor, "insert into items (id, name) values %s returning id", [(2000, "a"), (2001, "b")], fetch=True
    )
    assert found == [(2000,), (2001,)]


def test_execute_batch_updates_many_rows(cursor: Any) -> None:
    psycopg2.extras.execute_values(cursor, "insert into items (id) values %s", [(1,), (2,), (3,)])
    psycopg2.extras.execute_batch(cursor, "update items set name = %s where id = %s", [("a", 1), ("b", 2), ("c", 3)])
    cursor.execute("select name from items order by id")
    assert cursor.fetchall() == [("a",), ("b",), ("c",)]


def test_rows_are_copied_in_and_out(cursor: Any) -> None:
    cursor.copy_expert("copy items (id, name) from stdin with csv", io.StringIO('1,"a, b"\n2,\n3,""\n'))
    assert cursor.rowcount == 3
    out = io.StringIO()
    cursor.copy_expert("copy (select id, name from items order by id) to stdout with csv", out)
    assert out.getvalue() == '1,"a, b"\n2,\n3,""\n'
    cursor.copy_from(io.StringIO("4\tx\n5\t\\N\n"), "items", columns=("id", "name"))
    out = io.StringIO()
    cursor.copy_to(out, "items", columns=("id", "name"))
    assert out.getvalue() == "1\ta, b\n2\t\\N\n3\t\n4\tx\n5\t\\N\n"


def test_a_named_cursor_reads_in_pieces(connection: Connection, cursor: Any) -> None:
    cursor.execute("insert into items (name) select 'n' || g from generate_series(1, 500) g")
    named = connection.cursor("pieces")
    named.itersize = 50
    named.execute("select id from items order by id")
    assert named.fetchone() == (1,)
    assert named.fetchmany(2) == [(2,), (3,)]
    assert sum(1 for _ in named) == 497
    named.close()
    scrolling = connection.cursor("scrolling", scrollable=True)
    scrolling.execute("select id from items order by id")
    scrolling.scroll(100)
    assert scrolling.fetchone() == (101,)
    scrolling.scroll(-50)
    assert scrolling.fetchone() == (52,)
    scrolling.close()


def test_a_transaction_is_rolled_back_by_an_exception(connection: Connection, cursor: Any) -> None:
    connection.commit()
    with pytest.raises(errors.UniqueViolation) as caught, connection:
        cursor.execute("insert into items (id) values (1)")
        cursor.execute("insert into items (id) values (1)")
    assert caught.value.pgcode == errorcodes.UNIQUE_VIOLATION
    assert caught.value.diag.constraint_name == "items_pkey"
    with connection:
        cursor.execute("select count(*) from items")
        assert cursor.fetchone() == (0,)
    assert connection.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE


def test_dictionaries_and_named_tuples_as_rows(connection: Connection) -> None:
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as dictionaries:
        dictionaries.execute("select 1 as one, 'x' as name")
        assert dictionaries.fetchone() == {"one": 1, "name": "x"}
    with connection.cursor(cursor_factory=psycopg2.extras.NamedTupleCursor) as tuples:
        tuples.execute("select 1 as one, 'x' as name")
        assert tuples.fetchone().name == "x"


def test_json_and_uuid_are_adapted(connection: Connection) -> None:
    psycopg2.extras.register_uuid()
    import uuid

    with connection.cursor() as found:
        found.execute("select %s::jsonb, %s::uuid", (psycopg2.extras.Json({"a": [1, None]}), uuid.UUID(int=5)))
        assert found.fetchone() == ({"a": [1, None]}, uuid.UUID(int=5))


def test_the_session_is_set_up_by_set_session(connection: Connection) -> None:
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    with connection.cursor() as found:
        found.execute("show transaction_isolation")
        assert found.fetchone() == ("repeatable read",)
        with pytest.raises(errors.ReadOnlySqlTransaction):
            found.execute("create table t (a int)")
    connection.rollback()
    connection.set_session(autocommit=True, readonly=False)
    with connection.cursor() as found:
        found.execute("create table t (a int)")
    connection.rollback()
    with connection.cursor() as found:
        found.execute("select count(*) from t")
        assert found.fetchone() == (0,)


def test_notices_and_parameters_are_reported(connection: Connection) -> None:
    with connection.cursor() as found:
        found.execute("create table if not exists t (a int)")
        found.execute("create table if not exists t (a int)")
    assert connection.notices == ['NOTICE:  relation "t" already exists, skipping\n']
    assert connection.server_version // 10000 == 15
    assert connection.get_parameter_status("standard_conforming_strings") == "on"


def test_debug_notices_tell_what_is_made_implicitly(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("set client_min_messages = debug1; create temp table chatty (id serial primary key, b int unique)")
    connection.notices = [notice for notice in connection.notices if "implicit" in notice]  # PostgreSQL has more to say
    assert connection.notices == [
        'DEBUG:  CREATE TABLE will create implicit sequence "chatty_id_seq" for serial column "chatty.id"\n',
        'DEBUG:  CREATE TABLE / PRIMARY KEY will create implicit index "chatty_pkey" for table "chatty"\n',
        'DEBUG:  CREATE TABLE / UNIQUE will create implicit index "chatty_b_key" for table "chatty"\n',
    ]


def test_reset_brings_the_defaults_back(connection: Connection) -> None:
    with connection.cursor() as found:
        found.execute("set application_name to 'x'")
    connection.commit()
    connection.reset()
    with connection.cursor() as found:
        found.execute("show application_name")
        assert found.fetchone() == ("",)


def test_notifications_are_polled(connection: Connection, url: str) -> None:
    connection.autocommit = True
    with connection.cursor() as found, psycopg2.connect(url) as other, other.cursor() as sender:
        found.execute("listen news")
        sender.execute("notify news, 'from outside'")
        other.commit()
        found.execute("notify news, 'own'")
        while len(connection.notifies) < 2:
            connection.poll()
        assert sorted(note.payload for note in connection.notifies) == ["from outside", "own"]
