"""The context of a running statement: its transaction and snapshot, and the door to its session.

`ExecContext` implements `EvalContext` (sql/functions/context.py). A session keeps one and calls `start` before each statement;
a cursor that stays open has its own. What belongs to the session (settings, sequences, clock) is asked of its hooks when a
function wants it, so that starting a statement costs only a few assignments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from rustydb_engine.errors import SqlError
from rustydb_engine.values.forms import Forms
from rustydb_proto.core.entropy import Entropy

if TYPE_CHECKING:
    from rustydb_engine.catalog.catalog import Catalog
    from rustydb_engine.storage.database import Database
    from rustydb_engine.txn.advisory import Holder
    from rustydb_engine.txn.snapshot import Snapshot
    from rustydb_engine.txn.transaction import Transaction


class SessionHooks(Protocol):
    """What a session lends to its statements. The names are those of `EvalContext`; `storage` is the database."""

    @property
    def storage(self) -> Database: ...
    @property
    def catalog(self) -> Catalog: ...
    @property
    def forms(self) -> Forms: ...
    @property
    def entropy(self) -> Entropy: ...
    @property
    def transaction_time(self) -> int: ...
    @property
    def clock_time(self) -> int: ...
    @property
    def user(self) -> str: ...
    @property
    def session_user(self) -> str: ...
    @property
    def database(self) -> str: ...
    @property
    def search_path(self) -> tuple[str, ...]: ...
    @property
    def process_id(self) -> int: ...
    def monotonic(self) -> int:
        """Return the monotonic clock in nanoseconds."""

    def setting(self, name: str) -> str | None: ...
    def set_setting(self, name: str, text: str, local: bool) -> str: ...
    def set_seed(self, seed: float) -> None: ...
    def nextval(self, sequence_oid: int) -> int: ...
    def currval(self, sequence_oid: int) -> int: ...
    def setval(self, sequence_oid: int, number: int, called: bool) -> int: ...
    def lastval(self) -> int: ...
    def sequence_last(self, sequence_oid: int) -> int | None: ...
    def sequence_row(self, sequence_oid: int) -> tuple[int, int, bool]: ...
    def current_row(self, cursor: str, table_oid: int) -> int | None: ...
    def advisory_try(self, key: tuple[int, int, int], shared: bool, transaction: bool) -> bool: ...
    def advisory_acquire(self, key: tuple[int, int, int], shared: bool, transaction: bool) -> tuple[Holder, ...]: ...
    def advisory_withdraw(self) -> None: ...
    def advisory_unlock(self, key: tuple[int, int, int], shared: bool) -> bool: ...
    def advisory_unlock_all(self) -> None: ...
    def notify(self, channel: str, payload: str) -> None: ...
    def listening_channels(self) -> list[str]: ...
    def notification_queue_usage(self) -> float: ...
    def blocking_pids(self, process_id: int) -> list[int]: ...
    def transaction_id(self) -> int: ...
    def relation_bytes(self, relation_oid: int) -> int: ...
    def statement_rows(self, sql: str) -> list[tuple[object, ...]]: ...
    def deparse(self, kind: str, oid: int, part: int = 0, pretty: bool = False) -> str | None: ...
    def expression_text(self, text: str, relation_oid: int, pretty: bool) -> str: ...
    def activity(self) -> list[dict[str, object]]: ...
    def session_rows(self, table: str) -> list[dict[str, object]]: ...
    def notice(
        self, severity: str, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
    ) -> None: ...


class ExecContext:
    """The surroundings of one statement. `txn` is None for a SELECT outside any transaction."""

    __slots__ = ("database_object", "hooks", "snapshot", "statement_time", "txn")

    txn: Transaction
    snapshot: Snapshot

    def __init__(self, hooks: SessionHooks) -> None:
        self.hooks = hooks
        self.database_object: Database = hooks.storage
        self.statement_time = 0

    def start(self, txn: Transaction | None, statement_time: int) -> None:
        """Begin a statement: take its snapshot."""
        if txn is None:
            self.snapshot = self.database_object.read_snapshot()
        else:
            self.txn = txn
            self.snapshot = txn.snapshot()
        self.statement_time = statement_time

    def writable(self, command: str) -> Transaction:
        """Return the transaction of a statement that writes; 25006 when it is read-only."""
        txn = self.txn
        if txn.read_only:
            raise SqlError("25006", f"cannot execute {command} in a read-only transaction")
        return txn

    @property
    def forms(self) -> Forms:
        """The settings on which the text forms of values depend."""
        return self.hooks.forms

    @property
    def transaction_time(self) -> int:
        """When the transaction began."""
        return self.hooks.transaction_time

    @property
    def catalog(self) -> Catalog:
        """The catalog as the transaction sees it."""
        return self.hooks.catalog

    def __getattr__(self, name: str) -> Any:
        # What is not a slot is the session's: settings, clock, sequences, catalog (see SessionHooks).
        return getattr(self.hooks, name)
