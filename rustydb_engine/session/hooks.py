"""What running statements ask of their session: parameters, sequences, other sessions, notices.

The executor's context holds one `Hooks` and hands on what functions and system tables want to know.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Index, Sequence, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.context import ExecContext
from rustydb_engine.exec.ddl.definitions import definition, expression_text
from rustydb_engine.session import announcing, monitoring, positions
from rustydb_engine.session.parameters import in_own_unit
from rustydb_engine.storage.database import Database
from rustydb_engine.txn import advisory
from rustydb_engine.values.forms import Forms
from rustydb_proto.core.entropy import Entropy

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Record = dict[str, object]


class Hooks:
    """The door from statements to one session."""

    def __init__(self, session: Session) -> None:
        self.session = session

    # ---- surroundings

    @property
    def storage(self) -> Database:
        """The database."""
        return self.session.database

    @property
    def catalog(self) -> Catalog:
        """The catalog as this transaction sees it."""
        txn = self.session.txn
        return txn.catalog if txn is not None and txn.catalog is not None else self.session.database.catalog

    @property
    def forms(self) -> Forms:
        """The session's display settings."""
        return self.session.settings.forms

    @property
    def entropy(self) -> Entropy:
        """The session's randomness."""
        return self.session.entropy

    @property
    def transaction_time(self) -> int:
        """When the transaction began, as a timestamptz."""
        session = self.session
        return session.block.transaction_time if session.txn is not None else session.block.statement_time

    @property
    def clock_time(self) -> int:
        """The wall clock, as a timestamptz."""
        return self.session.shared.timestamp()

    @property
    def user(self) -> str:
        """The current user."""
        return self.session.user

    @property
    def session_user(self) -> str:
        """The user who logged in."""
        return self.session.user

    @property
    def database(self) -> str:
        """The name of the database."""
        return self.session.shared.config.database

    @property
    def search_path(self) -> tuple[str, ...]:
        """The schemas in which names are looked up."""
        return self.session.search_path()

    @property
    def process_id(self) -> int:
        """The number of the session."""
        return self.session.process_id

    def monotonic(self) -> int:
        """Return the monotonic clock in nanoseconds."""
        return self.session.shared.surroundings.now.mono_ns

    def set_seed(self, seed: float) -> None:
        """Make `entropy` repeatable from here on (setseed)."""
        digest = hashlib.sha256(struct.pack(">d", seed)).digest()
        self.session.entropy = Entropy(digest)

    def relation_bytes(self, relation_oid: int) -> int:
        """Return the size of a relation in pages of 8 kB: a table's own, for an index what its keys would take."""
        found = self.catalog.get(relation_oid)
        if isinstance(found, Table) and found.kind == "table":
            return len(self.session.database.heap(found.storage).pages) * 8192
        if isinstance(found, Index):
            table = self.catalog.table(found.table)
            stored = self.session.database.heap(table.storage).index(found.oid) if table is not None else None
            keys = len(stored.entries) if stored is not None else 0
            return 8192 * (1 + -(-keys // 367))
        return 8192 if isinstance(found, Sequence) else 0

    def statement_rows(self, sql: str) -> list[tuple[object, ...]]:
        """Run a query that cannot wait, inside the statement that asks, and return its rows."""
        session = self.session
        entry = session.space().prepare_typed(sql, ())
        plan = entry.plan
        assert plan is not None, "functions run queries"
        context = ExecContext(self)
        context.start(session.txn, session.block.statement_time)
        if plan.instant:
            return plan.run(context, ())
        return [row for item in plan.steps(context, ()) if isinstance(item, list) for row in item]

    def deparse(self, kind: str, oid: int, part: int = 0, pretty: bool = False) -> str | None:
        """Return the SQL of a catalog object: kind viewdef, indexdef, constraintdef, or expr."""
        return definition(self.catalog, kind, oid, part, pretty, self.search_path)

    def expression_text(self, text: str, relation_oid: int, pretty: bool) -> str:
        """Return an expression of the catalog as this session's search path shows it (pg_get_expr)."""
        return expression_text(self.catalog, text, relation_oid, pretty, self.search_path)

    # ---- parameters

    def setting(self, name: str) -> str | None:
        """Return the text of a parameter, or None when it is unknown."""
        from rustydb_engine.session import statements

        if not self.session.settings.known(name):
            return None
        return statements.show(self.session, name)

    def set_setting(self, name: str, text: str, local: bool) -> str:
        """Set a parameter (set_config) and return its canonical text."""
        from rustydb_engine.session import statements

        self.session.transaction()
        return statements.set_parameter(self.session, name, text, local)

    # ---- sequences

    def nextval(self, sequence_oid: int) -> int:
        """Advance a sequence and return its value."""
        session = self.session
        number = session.database.nextval(session.transaction(), self._sequence(sequence_oid))
        session.last_values[sequence_oid] = number
        session.last_sequence = sequence_oid
        return number

    def currval(self, sequence_oid: int) -> int:
        """Return what nextval last gave in this session; 55000 when it was never called."""
        number = self.session.last_values.get(sequence_oid)
        if number is None:
            name = self._sequence(sequence_oid).name
            raise SqlError("55000", f'currval of sequence "{name}" is not yet defined in this session')
        return number

    def setval(self, sequence_oid: int, number: int, called: bool) -> int:
        """Set a sequence's counter."""
        session = self.session
        session.database.setval(session.transaction(), self._sequence(sequence_oid), number, called)
        if called:
            session.last_values[sequence_oid] = number
        return number

    def lastval(self) -> int:
        """Return what the last nextval of this session gave."""
        session = self.session
        if session.last_sequence not in session.last_values:
            raise SqlError("55000", "lastval is not yet defined in this session")
        return session.last_values[session.last_sequence]

    def sequence_last(self, sequence_oid: int) -> int | None:
        """Return a sequence's last value, or None when it was never advanced."""
        counter = self.session.database.sequences.counter(self._sequence(sequence_oid))
        return counter.value if counter.called else None

    def sequence_row(self, sequence_oid: int) -> tuple[int, int, bool]:
        """Return a sequence's last value, how many more the log covers, and whether it was ever advanced."""
        counter = self.session.database.sequences.counter(self._sequence(sequence_oid))
        return counter.value, counter.ahead and counter.ahead + 1, counter.called

    def _sequence(self, oid: int) -> Sequence:
        found = self.session.space().catalog.get(oid)
        if not isinstance(found, Sequence):
            raise SqlError("42809", f"relation with OID {oid} is not a sequence")
        return found

    def current_row(self, cursor: str, table_oid: int) -> int | None:
        """Return the ctid of the row that a cursor is on (WHERE CURRENT OF)."""
        return positions.current_row(self.session, cursor, table_oid)

    # ---- advisory locks and notifications

    def advisory_try(self, key: advisory.Key, shared: bool, transaction: bool) -> bool:
        """Take an advisory lock unless it has to wait for that."""
        session = self.session
        locks = session.database.manager.advisory
        mode = advisory.SHARE if shared else advisory.EXCLUSIVE
        return locks.try_acquire(session.advisory_holder(), session.transaction(), key, mode, transaction)

    def advisory_acquire(self, key: advisory.Key, shared: bool, transaction: bool) -> tuple[advisory.Holder, ...]:
        """Take an advisory lock and return (), or return whom to wait for."""
        session = self.session
        locks = session.database.manager.advisory
        mode = advisory.SHARE if shared else advisory.EXCLUSIVE
        return locks.acquire(session.advisory_holder(), session.transaction(), key, mode, transaction)

    def advisory_withdraw(self) -> None:
        """Give up the advisory lock that was waited for."""
        session = self.session
        session.database.manager.advisory.withdraw(session.advisory_holder())

    def advisory_unlock(self, key: advisory.Key, shared: bool) -> bool:
        """Release an advisory lock of the session once; False, after a warning, when it does not hold it."""
        session = self.session
        mode = advisory.SHARE if shared else advisory.EXCLUSIVE
        if session.advisory is not None and session.database.manager.advisory.unlock(session.advisory, key, mode):
            return True
        session.notice("WARNING", "01000", f"you don't own a lock of type {advisory.MODE_NAMES[mode]}")
        return False

    def advisory_unlock_all(self) -> None:
        """Release every advisory lock of the session."""
        self.session.release_advisory()

    def notify(self, channel: str, payload: str) -> None:
        """Send a notification when the transaction commits."""
        announcing.notify(self.session, channel, payload)

    def listening_channels(self) -> list[str]:
        """Return the channels that the session listens to."""
        listener = self.session.listener
        return list(listener.channels) if listener is not None else []

    def notification_queue_usage(self) -> float:
        """Return how full the fullest queue of notifications is, from 0 to 1."""
        return self.session.shared.live.channels.usage()

    def blocking_pids(self, process_id: int) -> list[int]:
        """Return the process ids of the sessions that another one waits for."""
        return monitoring.blocking_pids(self.session.database, process_id)

    # ---- the session and others

    def transaction_id(self) -> int:
        """Return this transaction's id."""
        return self.session.transaction().xid

    def notice(
        self, severity: str, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
    ) -> None:
        """Send a notice."""
        self.session.notice(severity, sqlstate, message, detail, hint)

    def cancel(self, process_id: int, terminate: bool = False) -> bool:
        """Cancel (or end) another session; False when there is none of that number. One's own ends in the error itself."""
        if terminate:
            error = SqlError("57P01", "terminating connection due to administrator command", severity="FATAL")
        else:
            error = SqlError("57014", "canceling statement due to user request")
        session = self.session
        own = process_id == session.process_id
        found = (own and not terminate) or session.shared.surroundings.cancel_session(process_id, error)
        if not found:
            session.notice("WARNING", "01000", f"PID {process_id} is not a PostgreSQL backend process")
        elif own:
            raise error
        return found

    def activity(self) -> list[Record]:
        """Return one record for each session."""
        return self.session.shared.surroundings.activity()

    def session_rows(self, table: str) -> list[Record]:
        """Return the rows of a system table that only the session knows, by column name."""
        maker = {
            "pg_settings": self._settings,
            "pg_prepared_statements": self._prepared,
            "pg_cursors": self._cursors,
            "pg_locks": self._locks,
            "pg_stat_activity": self._activity,
            "pg_stat_ssl": self._tls,
        }.get(table)
        return maker() if maker is not None else []

    def _settings(self) -> list[Record]:
        rows: list[Record] = []
        settings = self.session.settings
        for parameter, text in settings.items():
            unit = parameter.unit or None
            rows.append(
                {
                    "name": parameter.name,
                    "setting": self.session.settings.raw(parameter.name),
                    "unit": unit,
                    "category": parameter.category,
                    "short_desc": parameter.description,
                    "context": parameter.context,
                    "vartype": parameter.kind,
                    "source": "default" if text == parameter.default else "session",
                    "min_val": parameter.minimum or None,
                    "max_val": parameter.maximum or None,
                    "enumvals": parameter.choices or None,
                    "boot_val": in_own_unit(parameter, parameter.default),
                    "reset_val": in_own_unit(parameter, settings.reset_value(parameter.name)),
                    "pending_restart": False,
                }
            )
        return rows

    def _prepared(self) -> list[Record]:
        return [
            {
                "name": name,
                "statement": prepared.entry.text,
                "prepare_time": prepared.made_at,
                "parameter_types": tuple(kind.oid for kind in prepared.entry.parameters),
                "from_sql": prepared.by_sql,
                "generic_plans": 0,
                "custom_plans": 0,
            }
            for name, prepared in self.session.statements.items()
            if name
        ]

    def _cursors(self) -> list[Record]:
        return [
            {
                "name": name,
                "statement": portal.text,
                "is_holdable": portal.hold,
                "is_binary": portal.binary,
                "is_scrollable": portal.scroll,
                "creation_time": portal.made_at,
            }
            for name, portal in self.session.portals.items()
            if name
        ]

    def _locks(self) -> list[Record]:
        return monitoring.lock_rows(self.session.database)

    def _tls(self) -> list[Record]:
        return monitoring.tls_rows(self.activity())

    def _activity(self) -> list[Record]:
        session = self.session
        return monitoring.activity_rows(session.database, session.shared.config.database, self.activity())
