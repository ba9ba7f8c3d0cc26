"""A database in one object, without session, node or wire: SQL text in, rows out.

    db = Local()
    db.run("CREATE TABLE t (a int PRIMARY KEY, b text)")
    db.run("INSERT INTO t VALUES (1, 'x')")
    assert db.rows("SELECT * FROM t") == [(1, "x")]

Every statement is a transaction of its own unless one is given:

    one, two = db.begin(), db.begin()
    db.run("UPDATE t SET b = 'y'", txn=one)
    steps = db.steps("UPDATE t SET b = 'z'", txn=two)      # stops where it would wait
    assert next(steps).transactions == (one,)
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from rustydb_engine.catalog.objects import Sequence
from rustydb_engine.exec.compile import compile_query
from rustydb_engine.exec.context import ExecContext
from rustydb_engine.exec.ddl import DDL_STATEMENTS, run_ddl
from rustydb_engine.exec.ddl.create_as import instead_of_into
from rustydb_engine.exec.ddl.definitions import definition, expression_text
from rustydb_engine.exec.explain import explain
from rustydb_engine.exec.result import CompiledPlan, ResultColumn
from rustydb_engine.exec.waits import TICK, Completion
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder import BindEnv, bind
from rustydb_engine.sql.parser import parse
from rustydb_engine.storage.database import Database
from rustydb_engine.txn.transaction import READ_COMMITTED, Transaction
from rustydb_engine.values.forms import DEFAULT_FORMS
from rustydb_proto.core.entropy import Entropy

PATH = ("public",)
NOW = 700_000_000_000_000


class LocalHooks:
    """What statements ask of a session, with fixed answers."""

    def __init__(self, local: Local) -> None:
        self.local = local
        self.storage = local.database
        self.forms = DEFAULT_FORMS
        self.entropy = Entropy(bytes(32))
        self.transaction_time = NOW
        self.clock_time = NOW
        self.user = self.session_user = "postgres"
        self.database = "postgres"
        self.search_path = PATH
        self.process_id = 1
        self.settings: dict[str, str] = {}
        self.last: dict[int, int] = {}
        self.notices: list[str] = []
        self.txn: Transaction | None = None

    @property
    def catalog(self) -> Any:
        return (
            self.txn.catalog if self.txn is not None and self.txn.catalog is not None else self.local.database.catalog
        )

    def monotonic(self) -> int:
        return 0

    def setting(self, name: str) -> str | None:
        return self.settings.get(name)

    def set_setting(self, name: str, text: str, local: bool) -> str:
        self.settings[name] = text
        return text

    def set_seed(self, seed: float) -> None:
        self.entropy = Entropy(bytes(31) + bytes([int(abs(seed) * 255)]))

    def _sequence(self, oid: int) -> Sequence:
        found = self.catalog.get(oid)
        assert isinstance(found, Sequence)
        return found

    def nextval(self, oid: int) -> int:
        assert self.txn is not None
        self.last[oid] = self.storage.nextval(self.txn, self._sequence(oid))
        return self.last[oid]

    def currval(self, oid: int) -> int:
        return self.last[oid]

    def setval(self, oid: int, number: int, called: bool) -> int:
        assert self.txn is not None
        self.storage.setval(self.txn, self._sequence(oid), number, called)
        return number

    def lastval(self) -> int:
        return list(self.last.values())[-1]

    def sequence_row(self, oid: int) -> tuple[int, int, bool]:
        counter = self.storage.sequences.counter(self._sequence(oid))
        return counter.value, counter.ahead and counter.ahead + 1, counter.called

    def sequence_last(self, oid: int) -> int | None:
        return self.last.get(oid)

    def transaction_id(self) -> int:
        return self.txn.xid if self.txn is not None else 0

    def relation_bytes(self, oid: int) -> int:
        return 8192

    def statement_rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.local.rows(sql)

    def deparse(self, kind: str, oid: int, part: int = 0, pretty: bool = False) -> str | None:
        return definition(self.catalog, kind, oid, part, pretty, self.search_path)

    def expression_text(self, text: str, relation_oid: int, pretty: bool) -> str:
        return expression_text(self.catalog, text, relation_oid, pretty, self.search_path)

    def activity(self) -> list[dict[str, object]]:
        return []

    def session_rows(self, table: str) -> list[dict[str, object]]:
        return []

    def notice(
        self, severity: str, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
    ) -> None:
        self.notices.append(f"{severity}: {message}")


class Local:
    """An in-memory database for tests."""

    def __init__(self) -> None:
        self.database = Database()
        self.hooks = LocalHooks(self)
        self.tag = ""
        self.columns: tuple[ResultColumn, ...] = ()

    def begin(self, isolation: str = READ_COMMITTED, read_only: bool = False) -> Transaction:
        return self.database.begin(isolation, read_only)

    def commit(self, txn: Transaction) -> None:
        from rustydb_engine.exec.deferred import check_deferred

        ctx = self.context(txn)
        for _ in check_deferred(ctx, txn):
            pass
        self.database.commit(txn)

    def rollback(self, txn: Transaction) -> None:
        self.database.rollback(txn)

    def context(self, txn: Transaction | None) -> ExecContext:
        hooks = LocalHooks(self)
        hooks.__dict__.update(self.hooks.__dict__)
        hooks.txn = txn
        ctx = ExecContext(hooks)
        ctx.start(txn, NOW)
        return ctx

    def plan(self, sql: str, txn: Transaction | None = None, statement: object = None) -> CompiledPlan:
        """Parse, bind and compile one query."""
        if statement is None:
            ((statement, _, _),) = parse(sql)
        assert isinstance(statement, ast.Query)
        catalog = txn.catalog if txn is not None and txn.catalog is not None else self.database.catalog
        env = BindEnv(catalog, self.hooks.search_path, DEFAULT_FORMS, text=sql)
        return compile_query(bind(statement, env), catalog, self.database)

    def steps(
        self, sql: str, params: tuple[object, ...] = (), txn: Transaction | None = None
    ) -> Generator[Any, None, list[tuple[object, ...]]]:
        """Run one statement; yields its waits (not ticks), returns its rows."""
        ((statement, _, _),) = parse(sql)
        statement = instead_of_into(statement)
        rows: list[tuple[object, ...]] = []
        self.tag, self.columns = "", ()
        own = txn is None
        if txn is None:
            txn = self.begin()
        try:
            if isinstance(statement, DDL_STATEMENTS):
                work: Any = run_ddl(statement, self.context(txn))
            elif isinstance(statement, ast.Explain):
                plan = self.plan(sql, txn, statement.statement)
                work = explain(plan, statement.options, self.context(txn), params)
            else:
                plan = self.plan(sql, txn)
                self.columns = plan.columns
                ctx = self.context(txn)
                if plan.instant:
                    rows = plan.run(ctx, params)
                    work = iter(())
                    self.tag = f"SELECT {len(rows)}"
                else:
                    work = plan.steps(ctx, params)
            held = txn.snapshot()
            self.database.manager.hold(held)
            try:
                yield from self._drive(work, rows)
            finally:
                self.database.manager.release(held)
            txn.next_command()
        except BaseException:
            if own:
                self.rollback(txn)
            raise
        if own:
            self.commit(txn)
        return rows

    def _drive(self, work: Any, rows: list[tuple[object, ...]]) -> Generator[Any, None, None]:
        while True:
            try:
                item = next(work)
            except StopIteration as stop:
                if isinstance(stop.value, Completion):
                    self.tag = stop.value.text()
                elif isinstance(stop.value, str):
                    self.tag = stop.value
                return
            if isinstance(item, list):
                assert item, "a batch of rows is not empty"
                rows.extend(item)
            elif item is not TICK:
                yield item

    def run(
        self, sql: str, params: tuple[object, ...] = (), txn: Transaction | None = None
    ) -> list[tuple[object, ...]]:
        """Run one statement that must not have to wait, and return its rows; `tag` has its command tag."""
        steps = self.steps(sql, params, txn)
        try:
            item = next(steps)
        except StopIteration as stop:
            result: list[tuple[object, ...]] = stop.value
            return result
        raise AssertionError(f"the statement waits: {item}")

    rows = run

    def script(self, *statements: str) -> None:
        """Run several statements."""
        for sql in statements:
            self.run(sql)
