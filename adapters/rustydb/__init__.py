"""The Python client of RustyDB. README.md is the way in; dbapi.py is DB-API 2.0 with the same connection options.

The asynchronous half needs anyio (the extra `async`) and is imported when one of its names is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from rustydb.client import Client, Cursor, PreparedStatement, Subscription, Transaction, connect
from rustydb.errors import (
    AuthenticationFailed,
    CheckViolation,
    CircuitOpen,
    ConnectionLost,
    ConnectTimeout,
    DatabaseError,
    DataError,
    DeadlockDetected,
    Error,
    ForeignKeyViolation,
    InsufficientPrivilege,
    IntegrityError,
    InterfaceError,
    InternalError,
    LockNotAvailable,
    NotNullViolation,
    NotSupportedError,
    OperationalError,
    OutcomeUnknown,
    PoolClosed,
    PoolExhausted,
    PoolTimeout,
    ProgrammingError,
    QueryCanceled,
    RequestTimeout,
    SerializationFailure,
    SyntaxFailure,
    TooManyConnections,
    UndefinedColumn,
    UndefinedTable,
    UniqueViolation,
    Warning,
)
from rustydb.operations import Change, Notification
from rustydb.options import ConnectOptions, OptionError
from rustydb.pool import Pool, PooledClient
from rustydb.pool_options import PoolOptions, PoolStatistics
from rustydb.rows import Column, Result, Row
from rustydb.values import Interval, Json

if TYPE_CHECKING:
    from rustydb.async_client import AsyncClient, AsyncCursor, AsyncSubscription, AsyncTransaction, connect_async
    from rustydb.async_pool import AsyncPool, AsyncPooledClient

_ASYNC = {
    "AsyncClient": "async_client",
    "AsyncCursor": "async_client",
    "AsyncPool": "async_pool",
    "AsyncPooledClient": "async_pool",
    "AsyncSubscription": "async_client",
    "AsyncTransaction": "async_client",
    "connect_async": "async_client",
}


def __getattr__(name: str) -> object:
    """Import the asynchronous half on demand."""
    module = _ASYNC.get(name)
    if module is None:
        raise AttributeError(f"module 'rustydb' has no attribute {name!r}")
    try:
        found = import_module(f"rustydb.{module}")
    except ModuleNotFoundError as error:
        raise ImportError(f"rustydb.{name} needs anyio: pip install 'rustydb[async]' ({error})") from None
    return getattr(found, name)


__all__ = [
    "AsyncClient",
    "AsyncCursor",
    "AsyncPool",
    "AsyncPooledClient",
    "AsyncSubscription",
    "AsyncTransaction",
    "AuthenticationFailed",
    "Change",
    "CheckViolation",
    "CircuitOpen",
    "Client",
    "Column",
    "ConnectOptions",
    "ConnectTimeout",
    "ConnectionLost",
    "Cursor",
    "DataError",
    "DatabaseError",
    "DeadlockDetected",
    "Error",
    "ForeignKeyViolation",
    "InsufficientPrivilege",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "Interval",
    "Json",
    "LockNotAvailable",
    "NotNullViolation",
    "NotSupportedError",
    "Notification",
    "OperationalError",
    "OptionError",
    "OutcomeUnknown",
    "Pool",
    "PoolClosed",
    "PoolExhausted",
    "PoolOptions",
    "PoolStatistics",
    "PoolTimeout",
    "PooledClient",
    "PreparedStatement",
    "ProgrammingError",
    "QueryCanceled",
    "RequestTimeout",
    "Result",
    "Row",
    "SerializationFailure",
    "Subscription",
    "SyntaxFailure",
    "TooManyConnections",
    "Transaction",
    "UndefinedColumn",
    "UndefinedTable",
    "UniqueViolation",
    "Warning",
    "connect",
    "connect_async",
]
