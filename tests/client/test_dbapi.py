"""What PEP 249 asks of a module, its connections and its cursors; after the ideas of the well-known compliance suite."""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Iterator

import pytest
from rustydb import dbapi, errors

from tests.support.native_application import Application, serving


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def connection(application: Application) -> Iterator[dbapi.Connection]:
    with serving(application) as port:
        connection = dbapi.connect(f"rustydb://u:p@127.0.0.1:{port}/d")
        yield connection
        connection.client.close()


def test_the_globals() -> None:
    assert dbapi.apilevel == "2.0" and dbapi.threadsafety in (0, 1, 2, 3) and dbapi.paramstyle == "pyformat"


def test_the_exceptions_are_the_connections_attributes_too() -> None:
    for name in (
        "Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError", "IntegrityError", "InternalError",
        "ProgrammingError", "NotSupportedError",
    ):  # fmt: skip
        assert getattr(dbapi, name) is getattr(errors, name) is getattr(dbapi.Connection, name)


def test_constructors_and_type_objects() -> None:
    assert dbapi.Date(2002, 12, 25) == datetime.date(2002, 12, 25)
    assert dbapi.Time(13, 45, 30) == datetime.time(13, 45, 30)
    assert dbapi.Timestamp(2002, 12, 25, 13, 45, 30) == datetime.datetime(2002, 12, 25, 13, 45, 30)
    noon = datetime.datetime(2002, 12, 25, 12, 0, 0).timestamp()
    assert dbapi.DateFromTicks(noon) == datetime.date(2002, 12, 25)
    assert dbapi.TimeFromTicks(noon) == datetime.time(12)
    assert dbapi.TimestampFromTicks(noon) == datetime.datetime(2002, 12, 25, 12)
    assert dbapi.Binary(b"x") == b"x"
    assert (
        dbapi.STRING == 25
        and dbapi.NUMBER == 23
        and dbapi.DATETIME == 1114
        and dbapi.BINARY == 17
        and dbapi.ROWID == 26
    )
    assert dbapi.STRING != 23 and dbapi.STRING != dbapi.NUMBER and repr(dbapi.STRING) == "STRING"
    assert len({dbapi.STRING, dbapi.NUMBER, dbapi.DATETIME, dbapi.BINARY, dbapi.ROWID}) == 5


def test_a_transaction_begins_by_itself(connection: dbapi.Connection, application: Application) -> None:
    cursor = connection.cursor()
    assert not connection.in_transaction and application.log == []
    cursor.execute("INSERT a")
    cursor.execute("INSERT b")
    assert connection.in_transaction and cursor.rowcount == 1
    connection.commit()
    connection.commit()
    cursor.execute("INSERT c")
    connection.rollback()
    connection.rollback()
    assert [(sql, number) for sql, number in application.log] == [
        ("begin  None", 1), ("INSERT a", 1), ("INSERT b", 1), ("commit", 1), ("begin  None", 2), ("INSERT c", 2), ("rollback", 2),
    ]  # fmt: skip


def test_autocommit(connection: dbapi.Connection, application: Application) -> None:
    connection.autocommit = True
    connection.cursor().execute("INSERT a")
    assert application.log == [("INSERT a", 0)]
    connection.autocommit = False
    connection.cursor().execute("INSERT b")
    with pytest.raises(dbapi.ProgrammingError, match="within a transaction"):
        connection.autocommit = True


def test_after_an_error_the_transaction_is_rolled_back(connection: dbapi.Connection, application: Application) -> None:
    with pytest.raises(dbapi.IntegrityError), connection:
        connection.cursor().execute("fail 23505")
    assert application.log[-1] == ("rollback", 1)
    with connection:
        connection.cursor().execute("INSERT a")
    assert application.log[-1] == ("commit", 2)


def test_description(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    assert cursor.description is None
    cursor.execute("rows 2")
    assert cursor.description == [("number", 20, *[None] * 5), ("text", 25, *[None] * 5)]
    assert cursor.description[0][1] == dbapi.NUMBER and cursor.description[1][1] == dbapi.STRING
    cursor.execute("INSERT a")
    assert cursor.description is None and cursor.rownumber is None


def test_fetching(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("rows 7")
    assert cursor.rowcount == 7 and cursor.arraysize == 1
    assert cursor.fetchone() == (0, "row 0")
    assert cursor.fetchmany() == [(1, "row 1")]
    assert [row[0] for row in cursor.fetchmany(2)] == [2, 3] and cursor.rownumber == 4
    cursor.arraysize = 2
    assert [row[0] for row in cursor.fetchmany()] == [4, 5]
    assert [row["number"] for row in cursor.fetchall()] == [6]
    assert cursor.fetchone() is None and cursor.fetchmany(5) == [] and cursor.fetchall() == []
    cursor.scroll(2, "absolute")
    assert [row[0] for row in cursor] == [2, 3, 4, 5, 6]
    with pytest.raises(IndexError):
        cursor.scroll(1)


def test_fetching_without_rows_is_an_error(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall, cursor.nextset):
        with pytest.raises(dbapi.Error):
            fetch()
    cursor.execute("INSERT a")
    for fetch in (cursor.fetchone, cursor.fetchmany, cursor.fetchall):
        with pytest.raises(dbapi.Error):
            fetch()


def test_parameters_in_each_style(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    assert cursor.execute("echo %s, %s", (1, "a")).fetchone() == (1, "a")
    assert cursor.execute("echo %(a)s", {"a": None}).fetchone() == (None,)
    assert cursor.execute("echo $1", [b"\0"]).fetchone() == (b"\0",)


def test_executemany(connection: dbapi.Connection, application: Application) -> None:
    cursor = connection.cursor()
    cursor.executemany("INSERT %s", [(1,), (2,), (3,)])
    assert cursor.rowcount == 3 and application.statements().count("INSERT $1") == 3
    cursor.executemany("INSERT %(a)s", [{"a": 1}])
    assert cursor.rowcount == 1


def test_what_is_closed_stays_closed(connection: dbapi.Connection) -> None:
    cursor = connection.cursor()
    cursor.close()
    with pytest.raises(dbapi.Error):
        cursor.execute("INSERT a")
    other = connection.cursor()
    connection.close()
    for call in (connection.commit, connection.rollback, connection.cursor, connection.close, other.fetchone):
        with pytest.raises(dbapi.Error):
            call()


def test_what_is_optional(connection: dbapi.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.setinputsizes([20])
        cursor.setoutputsize(1000)
        cursor.setoutputsize(1000, 0)
        with pytest.raises(dbapi.NotSupportedError, match="SELECT lower"):
            cursor.callproc("lower", ["A"])
        assert cursor.connection is connection and cursor.lastrowid is None
    assert inspect.signature(dbapi.connect).parameters["autocommit"].default is False
