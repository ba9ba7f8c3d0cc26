"""What a SQL function may ask of the statement that runs it.

`EvalContext` is the only door from a function to time, settings, randomness, sequences and the catalog. The
executor's context implements it; functions declared with `context=True` receive it as first argument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rustydb_engine.values.forms import Forms
from rustydb_proto.core.entropy import Entropy

if TYPE_CHECKING:
    from rustydb_engine.catalog.catalog import Catalog


class EvalContext(Protocol):
    """The surroundings of an expression. Times are timestamptz values (microseconds since 2000-01-01 UTC)."""

    @property
    def forms(self) -> Forms: ...
    @property
    def catalog(self) -> Catalog: ...
    @property
    def entropy(self) -> Entropy: ...
    @property
    def transaction_time(self) -> int: ...
    @property
    def statement_time(self) -> int: ...
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

    def setting(self, name: str) -> str | None:
        """Return the value of a configuration parameter as SHOW prints it, or None when it is unknown."""

    def set_setting(self, name: str, text: str, local: bool) -> str:
        """Set a configuration parameter (set_config) and return its new text."""

    def set_seed(self, seed: float) -> None:
        """Let `entropy` be a repeatable stream for the rest of the session (setseed); `seed` is in [-1, 1]."""

    def nextval(self, sequence_oid: int) -> int:
        """Advance a sequence and return its value."""

    def currval(self, sequence_oid: int) -> int:
        """Return what nextval last gave in this session; 55000 when it was never called."""

    def setval(self, sequence_oid: int, number: int, called: bool) -> int:
        """Set a sequence's counter."""

    def lastval(self) -> int:
        """Return what the last nextval of this session gave."""

    def cancel(self, process_id: int, terminate: bool = False) -> bool:
        """Cancel what another session runs, or end the session; False when there is none of that number."""

    def current_row(self, cursor: str, table_oid: int) -> int | None:
        """Return the ctid of the row of a table that a cursor is on; 34000 and 24000 when that cannot be told."""

    def advisory_try(self, key: tuple[int, int, int], shared: bool, transaction: bool) -> bool:
        """Take an advisory lock for the session or the transaction unless it has to wait for that."""

    def advisory_unlock(self, key: tuple[int, int, int], shared: bool) -> bool:
        """Release a lock of the session once; False, after a warning, when the session does not hold it."""

    def advisory_unlock_all(self) -> None:
        """Release every advisory lock of the session."""

    def notify(self, channel: str, payload: str) -> None:
        """Send a notification when the transaction commits; 54000 when there are too many."""

    def listening_channels(self) -> list[str]:
        """Return the channels that the session listens to."""

    def notification_queue_usage(self) -> float:
        """Return how full the fullest queue of notifications is, from 0 to 1."""

    def blocking_pids(self, process_id: int) -> list[int]:
        """Return the process ids of the sessions that another one waits for."""

    def transaction_id(self) -> int:
        """Return this transaction's id."""

    def relation_bytes(self, relation_oid: int) -> int:
        """Return the size of a relation for pg_relation_size and kin."""

    def statement_rows(self, sql: str) -> list[tuple[object, ...]]:
        """Run a query for a function that is defined by one, and return its rows."""

    def deparse(self, kind: str, oid: int, part: int = 0, pretty: bool = False) -> str | None:
        """Return the SQL of a catalog object: kind viewdef, indexdef, constraintdef, or expr."""

    def activity(self) -> list[dict[str, object]]:
        """Return one record for each session (pg_stat_activity)."""

    def session_rows(self, table: str) -> list[dict[str, object]]:
        """Return the rows, by column name, of a system table that only the session knows: pg_settings, pg_locks,
        pg_prepared_statements, pg_cursors, pg_prepared_xacts, pg_stat_activity; [] for any other."""

    def sequence_last(self, sequence_oid: int) -> int | None:
        """Return a sequence's last value (pg_sequences), or None when it was never advanced."""

    def sequence_row(self, sequence_oid: int) -> tuple[int, int, bool]:
        """Return (last_value, log_cnt, is_called) of a sequence, as `SELECT * FROM sequence` shows it."""

    def expression_text(self, text: str, relation_oid: int, pretty: bool) -> str:
        """Return an expression of the catalog as this session's search path shows it (pg_get_expr)."""
