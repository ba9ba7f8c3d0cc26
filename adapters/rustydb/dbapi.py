"""DB-API 2.0 (PEP 249) over the client.

    from rustydb import dbapi
    connection = dbapi.connect("rustydb://admin:secret@localhost:5432/mydb")
    cursor = connection.cursor()
    cursor.execute("SELECT name FROM users WHERE age > %s", (18,))
    cursor.fetchall()
    connection.commit()

The first statement begins a transaction, which `commit` or `rollback` ends; with `autocommit` each statement stands for itself. After an error
the transaction takes only `rollback`. A connection as a context manager commits or, after an exception, rolls back; it stays open.

`paramstyle` is pyformat; `%s` (format) and `$1` work, too. `threadsafety` is 2: threads may share a connection, not a cursor.
A result is fetched whole by `execute`; `Client.cursor` is there for results that do not fit into memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from datetime import time as clock_time
from types import TracebackType
from typing import Any, Final, TypeAlias

from rustydb.client import Client, Transaction
from rustydb.client import connect as connect_client
from rustydb.errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from rustydb.parameters import Parameters
from rustydb.rows import Result, Row

apilevel: Final = "2.0"
threadsafety: Final = 2
paramstyle: Final = "pyformat"

Description: TypeAlias = tuple[str, int, None, None, None, None, bool | None]

# ---- types


class TypeGroup:
    """A type object: equal to the `type_code` (PostgreSQL's OID) of each column of its kind."""

    def __init__(self, name: str, *oids: int) -> None:
        self.name = name
        self.oids = frozenset(oids)

    def __eq__(self, other: object) -> bool:
        """Compare with a type code or another type object."""
        if isinstance(other, TypeGroup):
            return self.oids == other.oids
        return other in self.oids if isinstance(other, int) else NotImplemented

    def __hash__(self) -> int:
        """Hash by the codes."""
        return hash(self.oids)

    def __repr__(self) -> str:
        """Return the name."""
        return self.name


STRING: Final = TypeGroup("STRING", 18, 19, 25, 114, 142, 1042, 1043, 2950, 3802)
BINARY: Final = TypeGroup("BINARY", 17)
NUMBER: Final = TypeGroup("NUMBER", 20, 21, 23, 700, 701, 790, 1700)
DATETIME: Final = TypeGroup("DATETIME", 1082, 1083, 1114, 1184, 1186, 1266)
ROWID: Final = TypeGroup("ROWID", 26)

Date = date
Time = clock_time
Timestamp = datetime
Binary = bytes


def DateFromTicks(ticks: float) -> date:
    """Return the local date of a Unix time."""
    return date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> clock_time:
    """Return the local time of day of a Unix time."""
    return clock_time(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime:
    """Return the local date and time of a Unix time."""
    return datetime(*time.localtime(ticks)[:6])


# ---- connection


def connect(url: str | None = None, /, *, autocommit: bool = False, **options: object) -> Connection:
    """Connect; the arguments are those of `rustydb.connect`, and `autocommit`."""
    return Connection(connect_client(url, **options), autocommit)


class Connection:
    """A connection of DB-API 2.0. `client` is the client under it."""

    Warning = Warning
    Error = Error
    InterfaceError = InterfaceError
    DatabaseError = DatabaseError
    DataError = DataError
    OperationalError = OperationalError
    IntegrityError = IntegrityError
    InternalError = InternalError
    ProgrammingError = ProgrammingError
    NotSupportedError = NotSupportedError

    def __init__(self, client: Client, autocommit: bool = False) -> None:
        self.client = client
        self._autocommit = autocommit
        self._transaction: Transaction | None = None

    @property
    def autocommit(self) -> bool:
        """Whether each statement is a transaction of its own; to be set between transactions."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if self.in_transaction:
            raise ProgrammingError("autocommit cannot be set within a transaction", "25001")
        self._autocommit = value

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction has begun and not ended."""
        return self._transaction is not None and self._transaction.is_open

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        self._require_open()
        return Cursor(self)

    def commit(self) -> None:
        """Commit what was done since the last commit or rollback."""
        self._require_open()
        transaction, self._transaction = self._transaction, None
        if transaction is not None and transaction.is_open:
            transaction.commit()

    def rollback(self) -> None:
        """Undo what was done since the last commit or rollback."""
        self._require_open()
        transaction, self._transaction = self._transaction, None
        if transaction is not None and transaction.is_open:
            transaction.rollback()

    def close(self) -> None:
        """Close; what was not committed is rolled back."""
        self._require_open()
        self._transaction = None
        self.client.close()

    def run(self, operation: str, parameters: Parameters | None) -> Result:
        """Run a statement in the transaction, which begins if there is none."""
        self._begin()
        return self.client.execute(operation, parameters)

    def run_many(self, operation: str, parameters: Iterable[Parameters]) -> list[Result]:
        """Run a statement for each set of parameters."""
        self._begin()
        return self.client.executemany(operation, parameters)

    def _begin(self) -> None:
        self._require_open()
        if not self._autocommit and not self.in_transaction:
            self._transaction = self.client.transaction().__enter__()

    def _require_open(self) -> None:
        if self.client.is_closed:
            raise InterfaceError("the connection is closed", "08003")

    def __enter__(self) -> Connection:
        """Return the connection."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit, or roll back after an exception."""
        if self.client.is_closed:
            return
        if kind is None:
            self.commit()
        else:
            self.rollback()


# ---- cursor


class Cursor:
    """A cursor of DB-API 2.0: `execute`, then `fetchone`, `fetchmany`, `fetchall` or iteration."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.lastrowid: None = None
        self._result: Result | None = None
        self._rowcount = -1
        self._next = 0
        self._closed = False

    @property
    def description(self) -> list[Description] | None:
        """Name and type code of each column, and five values that are None; None where there are no rows."""
        if self._result is None or not self._result.columns:
            return None
        return [
            (column.name, column.type_oid, None, None, None, None, column.nullable) for column in self._result.columns
        ]

    @property
    def rowcount(self) -> int:
        """Rows returned or changed by the last execute; -1 where that is unknown."""
        return self._rowcount

    @property
    def rownumber(self) -> int | None:
        """The index of the next row, or None where there are no rows."""
        return self._next if self.description is not None else None

    def execute(self, operation: str, parameters: Parameters | None = None) -> Cursor:
        """Run a statement and keep its rows; returns the cursor."""
        self._require_open()
        self._result, self._next, self._rowcount = None, 0, -1
        result = self.connection.run(operation, parameters)
        self._result, self._rowcount = result, result.rowcount
        return self

    def executemany(self, operation: str, seq_of_parameters: Iterable[Parameters]) -> Cursor:
        """Run a statement for each set of parameters; `rowcount` is their sum, and rows are not kept."""
        self._require_open()
        self._result, self._next, self._rowcount = None, 0, -1
        results = self.connection.run_many(operation, seq_of_parameters)
        counts = [result.rowcount for result in results]
        self._rowcount = sum(counts) if all(count >= 0 for count in counts) else -1
        return self

    def callproc(self, procname: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """Raise NotSupportedError: functions are called by SELECT, procedures by CALL."""
        raise NotSupportedError(f"callproc is not supported: execute SELECT {procname}(…) or CALL {procname}(…)")

    def fetchone(self) -> Row | None:
        """Return the next row, or None after the last."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return the next `size` rows, by default `arraysize`."""
        result = self._rows()
        start = self._next
        self._next = min(start + max(self.arraysize if size is None else size, 0), len(result))
        return result.rows[start : self._next]

    def fetchall(self) -> list[Row]:
        """Return all rows that are left."""
        return self.fetchmany(len(self._rows()))

    def nextset(self) -> None:
        """Return None: a statement has one result."""
        self._rows()

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move to another row; IndexError beyond the rows."""
        if mode not in ("relative", "absolute"):
            raise ProgrammingError(f"scroll: mode is relative or absolute, not {mode!r}", "22023")
        target = value + (self._next if mode == "relative" else 0)
        if not 0 <= target <= len(self._rows()):
            raise IndexError(f"scroll: row {target} of {len(self._rows())}")
        self._next = target

    def setinputsizes(self, sizes: Sequence[object]) -> None:
        """Do nothing, as the standard allows."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing, as the standard allows."""

    def close(self) -> None:
        """Forget the rows; the cursor is of no use any more."""
        self._closed = True
        self._result = None

    def _rows(self) -> Result:
        self._require_open()
        if self._result is None or not self._result.columns:
            raise ProgrammingError("there are no rows to fetch: no statement that returns rows was executed", "24000")
        return self._result

    def _require_open(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed", "24000")
        self.connection._require_open()

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows that are left."""
        return self

    def __next__(self) -> Row:
        """Return the next row."""
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    def __enter__(self) -> Cursor:
        """Return the cursor."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()
