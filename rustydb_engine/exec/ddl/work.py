"""What every DDL statement works with: the transaction's catalog, names, locks and notices.

A `Work` is made for one statement. It gives the transaction its overlay of the catalog and makes the context see it.
Names are resolved *under* their locks: after a wait the name is looked up again, for another transaction may have
renamed or dropped the table meanwhile.

    table = yield from work.lock_relation(("t",), ACCESS_EXCLUSIVE, position=0)

Names that are about to be taken are locked too (under a number made from schema and name), so of two transactions
that create the same table the second waits and then fails with 42P07.

Source: PostgreSQL 15, RangeVarGetRelidExtended in src/backend/catalog/namespace.c.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeVar, cast
from zlib import crc32

from rustydb_engine.catalog.catalog import Catalog, Overlay, Relation
from rustydb_engine.catalog.objects import (
    INFORMATION_SCHEMA,
    PG_CATALOG,
    CatalogObject,
    Schema,
    Table,
)
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.context import ExecContext
from rustydb_engine.exec.waits import Wait, WaitFor
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import BindEnv
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.storage.database import Database
from rustydb_engine.txn.locks import ACCESS_EXCLUSIVE, ACCESS_SHARE
from rustydb_engine.txn.notes import Notes, TableNote
from rustydb_engine.txn.snapshot import Snapshot
from rustydb_engine.txn.transaction import Transaction

T = TypeVar("T")
Waits = Generator[Wait, None, T]
"""Work that may wait for locks and returns a T."""

KIND_WORDS = {"table": "table", "view": "view", "virtual": "table", "index": "index", "sequence": "sequence"}


class DdlContext(EvalContext, Protocol):
    """The context of a DDL statement: the executor's ExecContext has all of this."""

    txn: Transaction
    database_object: Database
    snapshot: Snapshot

    def notice(
        self, severity: str, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
    ) -> None:
        """Send a notice to the client."""


class Work:
    """The surroundings of one DDL statement."""

    __slots__ = ("altering", "catalog", "context", "database", "search_path", "txn")

    def __init__(self, context: DdlContext) -> None:
        self.context = context
        self.altering = False  # whether the statement is an ALTER TABLE, as messages call it
        self.txn = context.txn
        self.database = context.database_object
        if self.txn.catalog is None:
            self.txn.catalog = self.database.catalog.overlay()
        self.catalog: Overlay = self.txn.catalog
        self.search_path = context.search_path

    def env(self, catalog: Catalog | None = None) -> BindEnv:
        """Return what expressions are bound against."""
        return BindEnv(
            catalog or self.catalog, self.search_path, self.context.forms, allow_parameters=False,
            user=self.context.user,
        )  # fmt: skip

    def execution_context(self) -> ExecContext:
        """Return the statement's context as plans want it."""
        return cast(ExecContext, self.context)

    def notice(self, message: str, sqlstate: str = "00000", detail: str | None = None, hint: str | None = None) -> None:
        """Send a NOTICE."""
        self.context.notice("NOTICE", sqlstate, message, detail, hint)

    def debug(self, message: str) -> None:
        """Tell what is made by the way; only clients with client_min_messages = debug1 hear it."""
        verb = "ALTER TABLE" if self.altering else "CREATE TABLE"
        self.context.notice("DEBUG1", "00000", f"{verb} {message}")

    def warning(self, message: str, sqlstate: str = "01000") -> None:
        """Send a WARNING."""
        self.context.notice("WARNING", sqlstate, message, None, None)

    # -- locks

    def lock(self, oid: int, mode: int) -> Waits[None]:
        """Lock a relation (or anything else with a number of its own) until the transaction ends."""
        locks = self.txn.manager.locks
        try:
            while blockers := locks.acquire(self.txn, oid, mode):
                yield WaitFor(blockers, oid)
        except BaseException:
            locks.withdraw(self.txn)
            raise

    def lock_name(self, schema: Schema, name: str) -> Waits[None]:
        """Lock a name that is about to be taken, and its schema against being dropped."""
        yield from self.lock(schema.oid, ACCESS_SHARE)
        if self.catalog.get(schema.oid) is None:
            raise SqlError("3F000", f'schema "{schema.name}" does not exist')
        yield from self.lock(-1 - crc32(f"{schema.oid}.{name}".encode()), ACCESS_EXCLUSIVE)

    def lock_relation(
        self, name: ast.Name, mode: int, position: int | None = None, missing_ok: bool = False
    ) -> Waits[Relation | None]:
        """Resolve a name and lock what it means; None when it is missing and that is allowed.

        Errors: 3F000 for a schema, 42P01 for a relation that does not exist.
        """
        found = self.find(name, position, missing_ok)
        while found is not None:
            yield from self.lock(found.oid, mode)
            again = self.find(name, position, missing_ok)
            if again is not None and again.oid == found.oid:
                return again
            found = again
        return None

    def find(self, name: ast.Name, position: int | None = None, missing_ok: bool = False) -> Relation | None:
        """Resolve a relation's name as DDL does: a missing schema is an error of its own."""
        found = self.catalog.find(name, self.search_path)
        if found is None and not missing_ok:
            if len(name) > 1 and self.catalog.schema_of(name, self.search_path) is None:
                raise SqlError("3F000", f'schema "{name[-2]}" does not exist', position=position)
            raise SqlError("42P01", f'relation "{".".join(name)}" does not exist', position=position)
        return found

    def lock_table(self, name: ast.Name, mode: int, position: int | None = None) -> Waits[Table]:
        """Resolve and lock a plain table; 42809 for anything else, 42501 for a system table."""
        found = yield from self.lock_relation(name, mode, position)
        assert found is not None, "a missing relation was an error"
        if not isinstance(found, Table) or found.kind == "view":
            raise SqlError("42809", f'"{found.name}" is not a table')
        self.refuse_system(found)
        return found

    def refuse_system(self, found: Relation) -> None:
        """Raise 42501 for a system table."""
        if found.kind == "virtual":
            raise SqlError("42501", f'permission denied: "{found.name}" is a system catalog')

    # -- names to create

    def creation_schema(self, name: ast.Name, persistence: str = "", position: int | None = None) -> Schema:
        """Return the schema in which a relation of this name is made.

        Errors: 3F000 when it does not exist or no schema is selected, 42501 for system schemas, 42P16 when temporary
        and permanent are mixed.
        """
        if (persistence == "temporary" and len(name) == 1) or (len(name) > 1 and name[-2] == "pg_temp"):
            return self.temporary_schema()
        if len(name) > 1:
            schema = self.catalog.schema_of(name, self.search_path)
            if schema is None:
                raise SqlError("3F000", f'schema "{name[-2]}" does not exist', position=position)
            if persistence == "temporary" and not schema.name.startswith("pg_temp_"):
                raise SqlError("42P16", "cannot create temporary relation in non-temporary schema", position=position)
        else:
            schema = self._first_schema()
        if schema.oid in (PG_CATALOG, INFORMATION_SCHEMA, 99):
            raise SqlError(
                "42501",
                f'permission denied to create "{schema.name}.{name[-1]}"',
                detail="System catalog modifications are currently disallowed.",
            )
        return schema

    def _first_schema(self) -> Schema:
        for name in self.search_path:
            schema = self.catalog.schema(name)
            if schema is not None and not name.startswith("pg_temp_"):
                return schema
        raise SqlError("3F000", "no schema has been selected to create in")

    def temporary_schema(self) -> Schema:
        """Return the session's temporary schema, made at first use; it is in the session's search path from then."""
        name = f"pg_temp_{self.context.process_id}"
        schema = self.catalog.schema(name)
        if schema is None:
            schema = Schema(self.catalog.new_oid(), name)
            self.catalog.put(schema)
        if name not in self.search_path:
            self.search_path = (name, *self.search_path)
        return schema

    def refuse_taken(self, schema: Schema, name: str) -> None:
        """Raise 42P07 when the schema has a relation of this name."""
        if self.catalog.relation_in(schema.oid, name) is not None:
            raise SqlError("42P07", f'relation "{name}" already exists')

    def put(self, entry: CatalogObject, truncated: bool = False) -> None:
        """Enter a new object, or a new state of one, into the transaction's catalog; subscribers of a table are told."""
        if isinstance(entry, Table) and entry.kind == "table" and self.catalog.get(entry.oid) is not None:
            if self.txn.notes is None:
                self.txn.notes = Notes()
            self.txn.notes.tables.append(TableNote(len(self.txn.writes), entry, truncated))
        self.catalog.put(entry)

    def new_oid(self) -> int:
        """Return an OID for a new object."""
        return self.catalog.new_oid()
