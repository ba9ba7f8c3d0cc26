"""Exceptions: the class by SQLSTATE, the fields, the tree of DB-API 2.0."""

from __future__ import annotations

import pickle

import pytest
from rustydb import errors
from rustydb.errors import Error, class_for, from_fields


@pytest.mark.parametrize(
    ("sqlstate", "name"),
    [
        ("22012", "DataError"), ("23505", "UniqueViolation"), ("23503", "ForeignKeyViolation"), ("23P01", "IntegrityError"),
        ("40001", "SerializationFailure"), ("40P01", "DeadlockDetected"), ("25006", "OperationalError"),
        ("42601", "SyntaxFailure"), ("42P01", "UndefinedTable"), ("42703", "UndefinedColumn"), ("42804", "ProgrammingError"),
        ("0A000", "NotSupportedError"), ("XX000", "InternalError"), ("28P01", "AuthenticationFailed"),
        ("53300", "TooManyConnections"), ("57014", "QueryCanceled"), ("57P01", "OperationalError"),
        ("08006", "ConnectionLost"), ("08P01", "OperationalError"), ("3D000", "ProgrammingError"), ("P0001", "DatabaseError"),
        ("99999", "DatabaseError"),
    ],
)  # fmt: skip
def test_the_class_follows_from_the_sqlstate(sqlstate: str, name: str) -> None:
    assert class_for(sqlstate).__name__ == name


def test_every_field_of_the_error_object_is_there() -> None:
    fields = {
        "severity": "ERROR", "detail": "Key (id)=(1) already exists.", "hint": "Use another.", "position": 7,
        "schema": "public", "table": "users", "column": "id", "constraint": "users_pkey", "code": "CONSTRAINT_VIOLATION",
    }  # fmt: skip
    error = from_fields("23505", "duplicate key", fields)
    assert isinstance(error, errors.IntegrityError) and error.sqlstate == "23505" and error.position == 7
    assert (error.schema_name, error.table_name, error.column_name) == ("public", "users", "id")
    assert (error.constraint_name, error.severity, error.code) == ("users_pkey", "ERROR", "CONSTRAINT_VIOLATION")
    assert str(error) == "duplicate key\nDETAIL:  Key (id)=(1) already exists.\nHINT:  Use another."
    other = pickle.loads(pickle.dumps(error))
    assert type(other) is type(error) and other.fields == fields and str(other) == str(error)


def test_fields_that_the_server_did_not_send_are_none() -> None:
    error = Error("no")
    assert (error.detail, error.hint, error.position, error.table_name, error.code) == (None,) * 5
    assert error.sqlstate == "HY000" and str(error) == "no"


def test_the_tree_is_that_of_db_api() -> None:
    for name in (
        "DataError",
        "OperationalError",
        "IntegrityError",
        "InternalError",
        "ProgrammingError",
        "NotSupportedError",
    ):
        assert issubclass(getattr(errors, name), errors.DatabaseError)
    assert issubclass(errors.DatabaseError, Error) and issubclass(errors.InterfaceError, Error)
    assert issubclass(errors.Warning, Exception) and not issubclass(errors.Warning, Error)
    assert issubclass(errors.OutcomeUnknown, errors.ConnectionLost) and errors.OutcomeUnknown("?").sqlstate == "08007"
