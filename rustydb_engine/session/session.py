"""One client's session: its settings, its transaction, its prepared statements and portals, and how statements run.

Front doors drive a session with texts (`simple`) or step by step (`parse`, `bind`, `execute`, `sync`), and are told the answers as
its `Sink`. What may wait is a generator of waits (exec/waits.py). Most statements do not: fast.py answers those at once.

The transaction block is PostgreSQL's: outside a block a statement, the statements of one simple query, or those
up to a Sync, are one transaction; inside a block an error leaves it failed until ROLLBACK. A commit is answered
when its log record is durable.

Source: PostgreSQL 15, section 55.2, and src/backend/tcop/postgres.c.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from typing import Protocol

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.context import ExecContext
from rustydb_engine.exec.waits import Steps, Wait, WaitDurable, WaitFor, Yielded
from rustydb_engine.live.changes import Subscription
from rustydb_engine.live.channels import Listener
from rustydb_engine.session import announcing, portals, utility
from rustydb_engine.session.block import ACTIVITY, FAILED, IDLE, STATUS, Block, may_run_when_failed
from rustydb_engine.session.copying import NeedCopyData
from rustydb_engine.session.entry import Entry, Formats
from rustydb_engine.session.hooks import Hooks
from rustydb_engine.session.plans import Space
from rustydb_engine.session.prepared import Portal, Prepared, decoders_for
from rustydb_engine.session.settings import Settings
from rustydb_engine.session.shared import Shared
from rustydb_engine.session.sink import Sink
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder import BindEnv
from rustydb_engine.sql.binder.literals import read_registered
from rustydb_engine.sql.lexer import cut_identifiers
from rustydb_engine.txn.advisory import Holder
from rustydb_engine.txn.transaction import ACTIVE, Transaction
from rustydb_engine.values.types import BY_OID, Type

Work = Generator[Wait | NeedCopyData, object, None]
NS_PER_MS = 1_000_000


class Bound(Protocol):
    """What Bind says: formats are 0 (text) or 1 (binary): none, one for all, or one for each; values as they came."""

    @property
    def portal(self) -> str: ...
    @property
    def statement(self) -> str: ...
    @property
    def formats(self) -> Formats: ...
    @property
    def values(self) -> list[bytes | None]: ...
    @property
    def result_formats(self) -> Formats: ...


class Session:
    """One session. `status` is I, T or E; `process_id` names it to others; `front` is its front door."""

    def __init__(self, shared: Shared, user: str, process_id: int) -> None:
        self.shared = shared
        self.database = shared.database
        self.locks = shared.database.manager.locks
        self.user = user
        self.process_id = process_id
        self.settings = Settings(user)
        self.statements: dict[str, Prepared] = {}
        self.portals: dict[str, Portal] = {}
        self.block = Block(self)
        self.txn: Transaction | None = None
        self.sink: Sink | None = None
        self.state = "idle"
        self.query = ""
        self.started_at = shared.timestamp()
        self.entropy = shared.entropy.child(f"session {process_id}")
        self.context = ExecContext(Hooks(self))
        self.statements_begun = 0
        self.found: tuple[Entry, tuple[object, ...]] | None = None
        self.started: tuple[Steps, Yielded] | None = None
        self.finished_tag: str | None = None
        self.front: Sink | None = None
        self.last_values: dict[int, int] = {}
        self.last_sequence = 0
        self.listener: Listener | None = None  # what it listens to; None: nothing
        self.subscriptions: dict[Subscription, None] = {}
        self.advisory: Holder | None = None
        self._space: Space | None = None
        self._settings_version = -1
        self._timeout_version = -1
        self._timeout_ns = 0

    # ---- what front doors ask

    @property
    def status(self) -> str:
        """Return the transaction status of ReadyForQuery."""
        return STATUS[self.block.state]

    @property
    def activity(self) -> str:
        """Return the state that pg_stat_activity shows."""
        return "active" if self.state == "active" else ACTIVITY[self.block.state]

    def simple(self, sql: str, sink: Sink) -> Work:
        """Run the statements of a simple query, all of them one transaction unless they say otherwise."""
        self.query = sql
        with self._working(sink, "active"):
            try:
                self.check_size(sql)
                self.drop_unnamed()
                found, self.found = self.found, None
                if found is not None:
                    entries = [found]
                elif self.block.state is FAILED:
                    entries = [(entry, ()) for entry in self.space().unplanned(sql)]
                else:
                    # Each run tells again of names that are cut, which the short way would not.
                    entries = self.space().prepare(sql, keep=not self._tell_cut(sql))
                if not entries:
                    sink.empty()
                last = len(entries) - 1
                self.block.implicit = last > 0
                for number, (entry, params) in enumerate(entries):
                    yield from self._simple_statement(entry, params, final=number == last)
            except Exception as error:
                self._answer_error(error)
            yield from self._await_dependencies()

    def parse(self, name: str, sql: str, oids: tuple[int, ...]) -> None:
        """Make a prepared statement; 42P05 when the name is taken."""
        self.check_size(sql)
        types = tuple(self._type(oid) for oid in oids)
        if name and name in self.statements:
            raise SqlError("42P05", f'prepared statement "{name}" already exists')
        if not name:
            self.statements.pop("", None)
        elif len(self.statements) >= self.shared.config.prepared_max:
            limit = self.shared.config.prepared_max
            raise SqlError("53400", f"too many prepared statements: the limit is {limit}", hint="Use DEALLOCATE.")
        if self.block.state is FAILED and not all(
            may_run_when_failed(entry.statement) for entry in self.space().unplanned(sql)
        ):
            raise self.block.failed_error()
        self._tell_cut(sql)
        entry = self.space().prepare_typed(sql, types)
        utility.describe(self, entry)
        self.statements[name] = Prepared(entry, types, self.shared.timestamp())

    def bind(self, bound: Bound) -> None:
        """Make a portal of a prepared statement and its parameters."""
        prepared = self.statements.get(bound.statement)
        if prepared is None:
            raise self.unknown_statement(bound.statement)
        entry = prepared.entry
        if self.block.state is FAILED and not may_run_when_failed(entry.statement):
            raise self.block.failed_error()
        if bound.portal and bound.portal in self.portals:
            raise SqlError("42P03", f'portal "{bound.portal}" already exists')
        if entry.version != self.space().catalog.version:
            entry = self.refresh(prepared)
        self.keep_portal(bound.portal, entry, self.parameters_of(prepared, bound), bound.result_formats)

    def keep_portal(self, name: str, entry: Entry, params: tuple[object, ...], formats: Formats) -> Portal:
        """Enter a portal, in place of the one that has its name."""
        portal = self.portals[name] = Portal(name, entry, params, formats)
        portal.depth = self.block.depth
        return portal

    def parameters_of(self, prepared: Prepared, bound: Bound) -> tuple[object, ...]:
        """Return the parameters of a Bind; 08P01 when their number or that of the result formats does not fit."""
        entry = prepared.entry
        values, types = bound.values, entry.parameters
        if len(values) != len(types):
            raise SqlError(
                "08P01",
                f"bind message supplies {len(values)} parameters, "
                f'but prepared statement "{bound.statement}" requires {len(types)}',
            )
        formats = bound.result_formats
        if not types:
            params: tuple[object, ...] = ()
        else:
            params = self._decoded(prepared, entry, bound)
        if len(formats) > 1 and len(formats) != len(entry.columns):
            raise SqlError(
                "08P01", f"bind message has {len(formats)} result formats but query has {len(entry.columns)} columns"
            )
        return params

    def execute(self, name: str, max_rows: int, sink: Sink) -> Work:
        """Run a portal, or go on with it, for at most `max_rows` rows (0: all)."""
        with self._working(sink, "active"):
            try:
                portal = self.portal(name)
                self.query = portal.text
                yield from portals.run(self, portal, max_rows)
            except Exception as error:
                self._answer_error(error)

    def run_out(self, sink: Sink) -> Work:
        """Go on with the unnamed portal to its end, then end the pipeline."""
        yield from self.execute("", 0, sink)
        yield from self.sync(sink)

    def sync(self, sink: Sink) -> Work:
        """End a pipeline: commit its implicit transaction. A block that BEGIN began goes on."""
        with self._working(sink, "active"):
            try:
                if self.block.state is IDLE:
                    yield from self.block.finish_statement()
            except Exception as error:
                self._answer_error(error)
            yield from self._await_dependencies()

    def perform(self, steps: Generator[Wait | NeedCopyData, object, str], sink: Sink) -> Work:
        """Run steps of a front door's own as one statement; they return its command tag."""
        with self._working(sink, "active"):
            try:
                if self.block.state is FAILED:
                    raise self.block.failed_error()
                tag = yield from steps
                if self.txn is not None:
                    self.txn.next_command()
                if self.block.state is IDLE:
                    yield from self.block.finish_statement()
                sink.complete(tag)
            except Exception as error:
                self._answer_error(error)
            yield from self._await_dependencies()

    def close(self, kind: str, name: str) -> None:
        """Drop a prepared statement (S) or portal (P); a missing one is no error."""
        if kind == "S":
            self.statements.pop(name, None)
        else:
            portal = self.portals.pop(name, None)
            if portal is not None:
                portals.release(self, portal)

    def statement_entry(self, name: str) -> Entry:
        """Return the entry of a prepared statement for Describe; 26000 when there is none."""
        prepared = self.statements.get(name)
        if prepared is None:
            raise self.unknown_statement(name)
        if self.block.state is FAILED and prepared.entry.columns and not may_run_when_failed(prepared.entry.statement):
            raise self.block.failed_error()
        if prepared.entry.version != self.space().catalog.version:
            return self.refresh(prepared)
        return prepared.entry

    def portal(self, name: str) -> Portal:
        """Return a portal; 34000 when there is none."""
        portal = self.portals.get(name)
        if portal is None and not name and self.block.state is FAILED:
            raise self.block.failed_error()  # it was run without being kept, and failed
        if portal is None:
            raise SqlError("34000", f'portal "{name}" does not exist')
        return portal

    def answer_error(self, error: BaseException, sink: Sink) -> None:
        """Abort what is open, and send the error."""
        self.fail()
        sink.error(self.shared.internal_error(error))

    def fail(self) -> None:
        """Abort what is open because of an error: the block fails, an implicit transaction is rolled back."""
        self.block.fail()

    def end(self) -> None:
        """End the session: roll back and forget everything."""
        self.drop_portals(everything=True)
        self.block.abandon()
        self.statements.clear()
        announcing.end(self)
        self.release_advisory()
        utility.drop_temporary(self)

    def subscribe(
        self,
        name: tuple[str, ...],
        operations: Collection[str] = (),
        where: str = "",
        owner: object = None,
        key: object = None,
    ) -> Subscription:
        """Subscribe to the changes of a table that commit from now on (live/changes.py); it ends with the session.

        `name` is looked up as in a statement. `operations` are insert, update and delete (none: all of them). `where` is a
        SQL condition on the row, of immutable functions. `owner` is the runner that the node runs when there are events
        (default: the session's own), `key` whatever the caller knows the subscription by. Wait until the log is durable up
        to `after_csn` before the client is told. Errors: 42P01, 42809, 42501, 53400, 22023, and those of `where`.
        """
        return announcing.subscribe(self, name, operations, where, owner, key)

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; what waits in it is dropped."""
        self.subscriptions.pop(subscription, None)
        self.shared.live.changes.close(subscription)

    # ---- for the parts of the session

    def advisory_holder(self) -> Holder:
        """Return the session's place among the holders of advisory locks."""
        if self.advisory is None:
            self.advisory = self.database.manager.advisory.holder(self.process_id)
        return self.advisory

    def release_advisory(self) -> None:
        """Release the advisory locks of the session (not those of its transaction)."""
        if self.advisory is not None:
            self.database.manager.advisory.unlock_all(self.advisory)

    def space(self) -> Space:
        """Return the plan space that fits the settings and the transaction's catalog."""
        txn = self.txn
        if txn is not None and txn.catalog is not None:
            return self.block.overlay_space(txn.catalog)
        if self._settings_version != self.settings.version or self._space is None:
            self._settings_version = self.settings.version
            self._space = self.shared.space(self.search_path(), self.settings.forms, self.user)
        return self._space

    @property
    def statement_timeout_ns(self) -> int:
        """Return how long a statement may take, 0 for no limit."""
        if self._timeout_version != self.settings.version:
            self._timeout_version = self.settings.version
            self._timeout_ns = self._milliseconds("statement_timeout") * NS_PER_MS
        return self._timeout_ns

    def forget_space(self) -> None:
        """Look for the plan space again when it is next needed: the search path may mean other schemas."""
        self._space = None

    def search_path(self) -> tuple[str, ...]:
        """Return the schema names that search_path means, with "$user" replaced."""
        names = utility.split_identifiers(self.settings.show("search_path"))
        path = tuple(self.user if name == "$user" else name for name in names)
        temporary = f"pg_temp_{self.process_id}"
        catalog = self.txn.catalog if self.txn is not None and self.txn.catalog is not None else self.database.catalog
        if "pg_temp" in path:
            path = tuple(temporary if name == "pg_temp" else name for name in path)
        elif catalog.schema(temporary) is not None:
            path = (temporary, *path)
        return path

    def transaction(self) -> Transaction:
        """Return the open transaction, beginning an implicit one if there is none."""
        if self.txn is None:
            self.block.begin_implicit()
        assert self.txn is not None, "a transaction was begun"
        return self.txn

    def refresh(self, prepared: Prepared) -> Entry:
        """Plan a prepared statement again after the catalog changed; 0A000 when its result would be of another type."""
        before = prepared.entry
        entry = self.space().prepare_typed(before.text, prepared.types)
        utility.describe(self, entry)
        if [(c.type.oid, c.typmod) for c in before.columns] != [(c.type.oid, c.typmod) for c in entry.columns]:
            raise portals.changed_result()
        prepared.entry = entry
        prepared.decoders.clear()
        return entry

    def notice(
        self, severity: str, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
    ) -> None:
        """Send a notice or warning, if client_min_messages lets it through."""
        if self.sink is not None and utility.message_wanted(self.settings.show("client_min_messages"), severity):
            shown = "DEBUG" if severity.startswith("DEBUG") else severity
            self.sink.notice(SqlError(sqlstate, message, detail=detail, hint=hint, severity=shown))

    def object_named(self, text: str, kind: Type) -> int:
        """Return the OID of the object that a parameter of a reg type names ('users' for a regclass)."""
        return read_registered(BindEnv(self.space().catalog, self.search_path()), text, kind, -1)

    def check_size(self, sql: str) -> None:
        """Refuse a statement text that is over the limit (54000)."""
        limit = self.shared.config.sql_bytes_max
        if len(sql) > limit or (len(sql) * 4 > limit and len(sql.encode()) > limit):
            raise SqlError(
                "54000",
                f"statement text of {len(sql.encode())} bytes is longer than the limit of {limit} bytes",
                hint="Raise max_request_size, or send the data with COPY or as parameters.",
            )

    def run_waits(self, wait: Wait) -> Iterator[Wait]:
        """Yield a wait to the node, entering it into the graph of waiting transactions first (40P01 for a cycle)."""
        if not isinstance(wait, WaitFor):
            yield wait
            return
        txn = self.txn
        assert txn is not None, "whoever waits for a transaction is in one"
        if any(isinstance(other, Transaction) and other.state != ACTIVE for other in wait.transactions):
            # It was found by the short way, and ended before the long way began: nobody would wake us.
            return
        timeout_ms = self._milliseconds("lock_timeout")
        if timeout_ms:
            until_ns = self.shared.surroundings.now.mono_ns + timeout_ms * NS_PER_MS
            wait = WaitFor(wait.transactions, wait.relation, until_ns)
        manager = self.database.manager
        holder = self.advisory
        waiter = self.shared.surroundings.waiter(self.process_id)
        try:
            if holder is not None:
                holder.txn = txn  # who waits for an advisory lock of this session waits for what it waits for
            manager.enter_wait(txn, wait.transactions, self.shared.timestamp())
            for other in wait.transactions:
                if other.waiters is None:
                    other.waiters = []
                other.waiters.append(waiter)
            yield wait
        except BaseException:
            manager.locks.withdraw(txn)
            raise
        finally:
            manager.leave_wait(txn)
            if holder is not None:
                holder.txn = None
            for other in wait.transactions:
                if isinstance(other, Holder) and other.waiters and waiter in other.waiters:
                    other.waiters.remove(waiter)  # the holder may live much longer than this wait

    def drop_unnamed(self) -> None:
        """Forget the unnamed statement and portal, as a simple query does."""
        if "" in self.statements:
            del self.statements[""]
        if "" in self.portals:
            portals.release(self, self.portals.pop(""))

    def drop_portals(self, everything: bool = False) -> None:
        """Close the portals that end with the transaction (committed WITH HOLD cursors stay unless `everything`)."""
        for name in [name for name, portal in self.portals.items() if everything or not portal.outlives]:
            portals.release(self, self.portals.pop(name))

    def unknown_statement(self, name: str) -> SqlError:
        """Return the error for a prepared statement that does not exist."""
        if not name:
            return SqlError("26000", "unnamed prepared statement does not exist")
        return SqlError("26000", f'prepared statement "{name}" does not exist')

    # ---- inside

    def _simple_statement(self, entry: Entry, params: tuple[object, ...], final: bool) -> Work:
        statement = entry.statement
        self.statements_begun += 1
        if self.block.state is FAILED and not may_run_when_failed(statement):
            raise self.block.failed_error()
        sink = self.sink
        assert sink is not None, "statements run inside _working"
        if isinstance(statement, ast.Query) and entry.plan is None:
            self.transaction()
            self.space().plan(entry, (), parameters=False)
        elif entry.plan is None:
            utility.describe(self, entry)
        formats = utility.formats(self, entry) if entry.plan is None else ()
        if entry.gives_rows:
            sink.describe(entry, formats)
        tag, self.finished_tag = self.finished_tag, None
        if tag is not None:
            yield from self.block.finish_statement()
            sink.complete(tag)
            return
        portal = Portal("", entry, params, formats)
        try:
            tag = yield from portals.complete(self, portal)
            if final and self.block.state is IDLE:
                yield from self.block.finish_statement()
        finally:
            portals.release(self, portal)
        if tag is not None:
            sink.complete(tag)

    def _decoded(self, prepared: Prepared, entry: Entry, bound: Bound) -> tuple[object, ...]:
        decoders = prepared.decoders.get(bound.formats)
        if decoders is None:
            decoders = decoders_for(entry.parameters, bound.formats, self.settings.forms, self.object_named)
            prepared.decoders[bound.formats] = decoders
        try:
            if len(decoders) == 1:
                data = bound.values[0]
                return (None if data is None else decoders[0](data),)
            return tuple(
                [None if data is None else decode(data) for decode, data in zip(decoders, bound.values, strict=True)]
            )
        except SqlError as error:
            error.where = error.where or self._parameter_context(bound, decoders)
            raise

    def _parameter_context(self, bound: Bound, decoders: tuple[object, ...]) -> str | None:
        name = bound.portal
        return f'portal "{name}" with parameters' if name else "unnamed portal with parameters"

    def _type(self, oid: int) -> Type | None:
        if oid in (0, 705):
            return None
        kind = BY_OID.get(oid)
        if kind is None:
            raise SqlError("42704", f"type with OID {oid} does not exist")
        return kind

    def _tell_cut(self, sql: str) -> bool:
        """Tell of the identifiers of a text that are cut to 63 bytes; return whether there are any."""
        found = cut_identifiers(sql)
        for name, cut in found:
            self.notice("NOTICE", "42622", f'identifier "{name}" will be truncated to "{cut}"')
        return bool(found)

    def _milliseconds(self, name: str) -> int:
        return utility.milliseconds(self.settings.show(name))

    def _answer_error(self, error: BaseException) -> None:
        assert self.sink is not None, "errors are answered inside _working"
        self.answer_error(error, self.sink)

    def _await_dependencies(self) -> Work:
        """Hold the answer until everything it may have been built on is durable."""
        csn = self.block.dependency()
        if csn:
            yield WaitDurable(csn)

    @contextmanager
    def _working(self, sink: Sink, state: str) -> Iterator[None]:
        self.sink = sink
        self.state = state
        self.block.statement_time = self.shared.timestamp()
        try:
            yield
        finally:
            self.sink = None
            self.block.implicit = False
            self.state = "idle"
