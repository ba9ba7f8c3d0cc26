"""Exceptions: the tree of DB-API 2.0, chosen by SQLSTATE, with every field of the server's error object.

    Warning
    Error                                  sqlstate, message, detail, hint, position, …
      InterfaceError                       the program used the client wrongly
        PoolClosed
      DatabaseError
        DataError             22           a value cannot be what it should be
        OperationalError      08 25 28 40 53 55 57 58
          ConnectionLost, ConnectTimeout, RequestTimeout, CircuitOpen, OutcomeUnknown, PoolTimeout, PoolExhausted
          SerializationFailure, DeadlockDetected, QueryCanceled, LockNotAvailable, AuthenticationFailed, TooManyConnections
        IntegrityError        23           UniqueViolation, ForeignKeyViolation, NotNullViolation, CheckViolation
        InternalError         XX           a defect of the server
        ProgrammingError      21 26 2F 34 3D 3F 42 …  UndefinedTable, UndefinedColumn, SyntaxFailure, InsufficientPrivilege
        NotSupportedError     0A

`from_fields` picks the class by the whole SQLSTATE first and by its first two characters then. What the client finds out by
itself carries a SQLSTATE too (a lost connection is 08006), so that a program needs one rule only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class Warning(Exception):
    """An important warning; notices of the server are in `Result.notices` and are not raised."""


class Error(Exception):
    """Any failure. `sqlstate` is five characters; the other fields are None where the server did not say."""

    default_sqlstate: str = "HY000"

    def __init__(self, message: str, sqlstate: str | None = None, fields: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate or self.default_sqlstate
        self.fields: dict[str, object] = dict(fields or {})

    def _text(self, name: str) -> str | None:
        found = self.fields.get(name)
        return None if found is None else str(found)

    @property
    def code(self) -> str | None:
        """The code of the API (`DEADLOCK`, `CONSTRAINT_VIOLATION`), where the server sent one."""
        return self._text("code")

    @property
    def severity(self) -> str | None:
        """ERROR, FATAL or PANIC."""
        return self._text("severity")

    @property
    def detail(self) -> str | None:
        """More about what happened."""
        return self._text("detail")

    @property
    def hint(self) -> str | None:
        """What to do about it."""
        return self._text("hint")

    @property
    def position(self) -> int | None:
        """Where in the statement, in characters from 1."""
        found = self.fields.get("position")
        return int(found) if isinstance(found, int | str) and str(found).isdigit() and int(found) > 0 else None

    @property
    def constraint_name(self) -> str | None:
        """The constraint that was violated."""
        return self._text("constraint_name") or self._text("constraint")

    @property
    def schema_name(self) -> str | None:
        """The schema of the table."""
        return self._text("schema_name") or self._text("schema")

    @property
    def table_name(self) -> str | None:
        """The table concerned."""
        return self._text("table_name") or self._text("table")

    @property
    def column_name(self) -> str | None:
        """The column concerned."""
        return self._text("column_name") or self._text("column")

    def __str__(self) -> str:
        """Return the message with detail and hint, a line each."""
        lines = [self.message]
        if self.detail:
            lines.append(f"DETAIL:  {self.detail}")
        if self.hint:
            lines.append(f"HINT:  {self.hint}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, as errors do that cross processes."""
        return type(self), (self.message, self.sqlstate, self.fields)


class InterfaceError(Error):
    """The client was used wrongly: a closed connection, an option that does not exist, a value that has no wire form."""

    default_sqlstate = "HY010"


class DatabaseError(Error):
    """What the server, or the way to it, refused."""


class DataError(DatabaseError):
    """A value cannot be what it should be (class 22)."""

    default_sqlstate = "22000"


class OperationalError(DatabaseError):
    """The server could not go on, through no fault of the statement's text."""

    default_sqlstate = "58000"


class IntegrityError(DatabaseError):
    """A constraint was violated (class 23)."""

    default_sqlstate = "23000"


class InternalError(DatabaseError):
    """The server has a defect (class XX)."""

    default_sqlstate = "XX000"


class ProgrammingError(DatabaseError):
    """The statement is wrong: its syntax, a name, the number of its parameters."""

    default_sqlstate = "42000"


class NotSupportedError(DatabaseError):
    """The server or this client does not have it (0A000)."""

    default_sqlstate = "0A000"


# ---- what the client finds out by itself


class ConnectionLost(OperationalError):
    """The connection broke. Nothing that was asked after the last answer has an answer."""

    default_sqlstate = "08006"


class ConnectTimeout(OperationalError):
    """No connection within `connect_timeout`."""

    default_sqlstate = "08001"


class RequestTimeout(OperationalError):
    """No answer within `timeout`. The request was cancelled; the connection can still be used."""

    default_sqlstate = "57014"


class OutcomeUnknown(ConnectionLost):
    """The connection broke after a statement that writes was sent: nobody here knows whether it was carried out."""

    default_sqlstate = "08007"


class CircuitOpen(OperationalError):
    """Connecting failed too often in a row; it is not tried again before `retry_after` seconds have passed."""

    default_sqlstate = "08001"

    def __init__(
        self,
        message: str,
        sqlstate: str | None = None,
        fields: Mapping[str, object] | None = None,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message, sqlstate, fields)
        self.retry_after = retry_after


class PoolTimeout(OperationalError):
    """No connection of the pool came free within `acquire_timeout`."""

    default_sqlstate = "53300"


class PoolExhausted(OperationalError):
    """The pool's queue of waiters is full (`max_wait_queue_size`)."""

    default_sqlstate = "53300"


class PoolClosed(InterfaceError):
    """The pool was closed."""


# ---- SQLSTATEs that programs look for


class SerializationFailure(OperationalError):
    """40001: run the transaction again."""


class DeadlockDetected(OperationalError):
    """40P01: run the transaction again."""


class QueryCanceled(OperationalError):
    """57014: cancelled by the user, by `cancel()` or by statement_timeout."""


class LockNotAvailable(OperationalError):
    """55P03: a lock was not free (NOWAIT, lock_timeout)."""


class AuthenticationFailed(OperationalError):
    """Class 28: the user, the password or the token is wrong."""


class TooManyConnections(OperationalError):
    """53300: the server takes no more connections."""


class UniqueViolation(IntegrityError):
    """23505."""


class ForeignKeyViolation(IntegrityError):
    """23503."""


class NotNullViolation(IntegrityError):
    """23502."""


class CheckViolation(IntegrityError):
    """23514."""


class UndefinedTable(ProgrammingError):
    """42P01."""


class UndefinedColumn(ProgrammingError):
    """42703."""


class SyntaxFailure(ProgrammingError):
    """42601."""


class InsufficientPrivilege(ProgrammingError):
    """42501."""


BY_SQLSTATE: Final[Mapping[str, type[Error]]] = {
    "08006": ConnectionLost,
    "08007": OutcomeUnknown,
    "23502": NotNullViolation,
    "23503": ForeignKeyViolation,
    "23505": UniqueViolation,
    "23514": CheckViolation,
    "40001": SerializationFailure,
    "40P01": DeadlockDetected,
    "42501": InsufficientPrivilege,
    "42601": SyntaxFailure,
    "42703": UndefinedColumn,
    "42P01": UndefinedTable,
    "53300": TooManyConnections,
    "55P03": LockNotAvailable,
    "57014": QueryCanceled,
}
BY_CLASS: Final[Mapping[str, type[Error]]] = {
    "08": OperationalError,
    "0A": NotSupportedError,
    "21": ProgrammingError,
    "22": DataError,
    "23": IntegrityError,
    "24": InternalError,
    "25": OperationalError,
    "26": ProgrammingError,
    "28": AuthenticationFailed,
    "2B": OperationalError,
    "2D": OperationalError,
    "2F": ProgrammingError,
    "34": ProgrammingError,
    "38": InternalError,
    "39": InternalError,
    "3B": OperationalError,
    "3D": ProgrammingError,
    "3F": ProgrammingError,
    "40": OperationalError,
    "42": ProgrammingError,
    "44": IntegrityError,
    "53": OperationalError,
    "54": OperationalError,
    "55": OperationalError,
    "57": OperationalError,
    "58": OperationalError,
    "XX": InternalError,
}


def class_for(sqlstate: str) -> type[Error]:
    """Return the exception class of a SQLSTATE."""
    return BY_SQLSTATE.get(sqlstate) or BY_CLASS.get(sqlstate[:2], DatabaseError)


def from_fields(sqlstate: str, message: str, fields: Mapping[str, object] | None = None) -> Error:
    """Return the exception for an error of the server."""
    return class_for(sqlstate)(message, sqlstate, fields)
