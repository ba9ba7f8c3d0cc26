"""Errors that a user can see: one exception with PostgreSQL's fields.

`SqlError` is raised anywhere below the session and becomes an ErrorResponse (and, later, an HTTP problem or a
GraphQL error). The fields are those of PostgreSQL's protocol chapter "Error and Notice Message Fields";
SQLSTATEs are those of its Appendix A. Messages, details and hints are PostgreSQL's, word for word, where
it has one.

    raise SqlError("42703", f'column "{name}" does not exist', position=pos)
"""

from __future__ import annotations


class SqlError(Exception):
    """An error of a statement.

    `position` is the 0-based character offset in the statement's text (the session adds 1 for the wire). `routine` is the
    name of PostgreSQL's function where clients look for it.
    """

    __slots__ = (
        "column", "constraint", "datatype", "detail", "hint", "message", "position",
        "routine", "schema", "severity", "sqlstate", "table", "where",
    )  # fmt: skip

    def __init__(
        self,
        sqlstate: str,
        message: str,
        *,
        detail: str | None = None,
        hint: str | None = None,
        position: int | None = None,
        where: str | None = None,
        schema: str | None = None,
        table: str | None = None,
        column: str | None = None,
        datatype: str | None = None,
        constraint: str | None = None,
        severity: str = "ERROR",
        routine: str | None = None,
    ) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint
        self.position = position
        self.where = where
        self.schema = schema
        self.table = table
        self.column = column
        self.datatype = datatype
        self.constraint = constraint
        self.severity = severity
        self.routine = routine

    def at(self, position: int | None) -> SqlError:
        """Return self, with a position if it had none."""
        if self.position is None:
            self.position = position
        return self


def not_supported(what: str, position: int | None = None, hint: str | None = None) -> SqlError:
    """Return the error for a PostgreSQL feature that this version does not have (0A000)."""
    return SqlError("0A000", f"{what} is not supported", position=position, hint=hint)
