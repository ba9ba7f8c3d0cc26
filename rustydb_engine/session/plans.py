"""The plan cache: from the text of a statement to something that runs, usually by one dictionary look-up.

A `Space` holds the plans of all sessions that see the same names in the same forms (search_path, DateStyle, TimeZone, …). Two
keys lead to a plan: the exact text, and the text with its literals taken out (sql/normalise.py), whose values then become
parameters. A change of the catalog empties a space; a transaction with DDL of its own plans for itself.

    space.find("SELECT b FROM t WHERE a = 7")     ->  (entry of "SELECT b FROM t WHERE a = ?i4", (7,))
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.compile import compile_query
from rustydb_engine.exec.ddl.create_as import instead_of_into
from rustydb_engine.session.entry import Converter, Entry
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder import BindEnv, bind
from rustydb_engine.sql.bound import BoundQuery
from rustydb_engine.sql.normalise import Normalised, normalise
from rustydb_engine.sql.parser import parse
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import INT4, INT8, NUMERIC, Type

if TYPE_CHECKING:
    from rustydb_engine.catalog.catalog import Catalog
    from rustydb_engine.storage.database import Database

GROWTH_CHECK = 64
"""A plan's tables are looked at every so many uses: one made for an empty table is wrong for a large one."""

_MOVING = re.compile(r"'\s*(now|today|tomorrow|yesterday|allballs)\b", re.I)
_SLOTS = re.compile(r"\?(i4|i8|n|s)")
NO_PARAMETERS: tuple[object, ...] = ()


class Space:
    """The plans for one search path and one set of display settings, on one version of the catalog."""

    __slots__ = ("_exact", "_max", "_shapes", "catalog", "database", "forms", "path", "user", "version")

    def __init__(
        self,
        database: Database,
        catalog: Catalog,
        path: tuple[str, ...],
        forms: Forms,
        user: str,
        plans_max: int,
    ) -> None:
        self.database = database
        self.catalog = catalog
        self.path = path
        self.forms = forms
        self.user = user
        self.version = catalog.version
        self._exact: dict[object, Entry] = {}
        self._shapes: dict[str, Entry] = {}
        self._max = plans_max

    def find(self, sql: str) -> tuple[Entry, tuple[object, ...]] | None:
        """Return the cached entry of a text and its parameters, or None."""
        if self.version != self.catalog.version:
            self._forget()
        entry = self._exact.get(sql)
        if entry is not None:
            return (entry, NO_PARAMETERS) if self._fresh(entry) else None
        shape = normalise(sql)
        if shape is None:
            return None
        entry = self._shapes.get(shape.key)
        if entry is None or not self._fresh(entry):
            return None
        try:
            return entry, tuple([convert(text) for convert, text in zip(entry.converters, shape.literals, strict=True)])
        except SqlError:
            return None  # the exact text gives the error its place

    def prepare(self, sql: str, keep: bool = True) -> list[tuple[Entry, tuple[object, ...]]]:
        """Parse a text and return (entry, parameters) of each statement; only single ones are planned now.

        Queries of several statements get their plan when their turn comes, as earlier ones may make what they need.
        Without `keep` the text is not in the cache afterwards.
        """
        statements = [(instead_of_into(statement), start, end) for statement, start, end in parse(sql)]
        if len(statements) != 1:
            return [(Entry(sql[start:end], statement, self.version), ()) for statement, start, end in statements]
        statement = statements[0][0]
        if not keep:
            entry = Entry(sql, statement, self.version)
            if isinstance(statement, ast.Query):
                self.plan(entry, (), parameters=False)
            return [(entry, NO_PARAMETERS)]
        if not isinstance(statement, ast.Query):
            entry = Entry(sql, statement, self.version)
            self._keep(self._exact, sql, entry)
            return [(entry, NO_PARAMETERS)]
        shape = normalise(sql)
        if shape is not None and not _MOVING.search(sql):
            made = self._by_shape(sql, statement, shape)
            if made is not None:
                return [made]
        entry = self.plan(Entry(sql, statement, self.version), (), parameters=False)
        if not _MOVING.search(sql):
            self._keep(self._exact, sql, entry)
        return [(entry, NO_PARAMETERS)]

    def _forget(self) -> None:
        """Drop the plans of an earlier version of the catalog."""
        self._exact.clear()
        self._shapes.clear()
        self.version = self.catalog.version

    def unplanned(self, sql: str) -> list[Entry]:
        """Parse a text and return its statements without plans, for a block that failed: most will not run."""
        return [Entry(sql[start:end], statement, 0) for statement, start, end in parse(sql)]

    def prepare_typed(self, sql: str, types: tuple[Type | None, ...]) -> Entry:
        """Return the entry of one statement with client parameters; 42601 when there are several."""
        key = (sql, tuple([kind.oid if kind is not None else 0 for kind in types]))
        if self.version != self.catalog.version:
            self._forget()
        found = self._exact.get(key)
        if found is not None and self._fresh(found):
            return found
        statements = [(instead_of_into(statement), start, end) for statement, start, end in parse(sql)]
        if len(statements) > 1:
            raise SqlError("42601", "cannot insert multiple commands into a prepared statement")
        if not statements:
            return Entry(sql, None, self.version)
        entry = Entry(sql, statements[0][0], self.version)
        if isinstance(entry.statement, ast.Query):
            self.plan(entry, types)
            if self.version == self.catalog.version and not _MOVING.search(sql):
                self._keep(self._exact, key, entry)
        elif (inner := _inner_query(entry.statement)) is not None:
            entry.parameters = self.plan(Entry(sql, inner, self.version), types).parameters
        return entry

    def plan(self, entry: Entry, types: tuple[Type | None, ...], *, parameters: bool = True) -> Entry:
        """Bind and compile the query of an entry, in place."""
        assert isinstance(entry.statement, ast.Query), "only queries have plans"
        env = self.environment(entry.text, types)
        env.allow_parameters = parameters
        bound = bind(entry.statement, env)
        self._compile(entry, bound, env)
        return entry

    def environment(self, text: str, types: tuple[Type | None, ...] = ()) -> BindEnv:
        """Return what a statement of this space is bound against."""
        return BindEnv(self.catalog, self.path, self.forms, types, text, user=self.user)

    def _compile(self, entry: Entry, bound: BoundQuery, env: BindEnv) -> None:
        plan = compile_query(bound, self.catalog, self.database)
        entry.plan = plan
        entry.columns = plan.columns
        entry.parameters = env.parameters
        entry.version = self.catalog.version
        entry.wire.clear()
        entry.sizes = tuple(heap.live_rows for heap in plan.heaps)

    def _by_shape(self, sql: str, statement: ast.Query, shape: Normalised) -> tuple[Entry, tuple[object, ...]] | None:
        """Plan a normalised text, or None when its literals belong to the plan."""
        env = self.environment(sql)
        env.allow_parameters = False
        env.literal_slots = {offset: index for index, offset in enumerate(shape.offsets, 1)}
        try:
            bound = bind(statement, env)
        except SqlError:
            return None
        if env.fixed_slots or len(env.parameters) != len(shape.literals):
            return None
        entry = Entry(sql, statement, self.version)
        self._compile(entry, bound, env)
        entry.normalised = True
        slots = _SLOTS.findall(shape.key)
        entry.converters = tuple(
            [_converter(kind, self.forms, slot) for kind, slot in zip(env.parameters, slots, strict=True)]
        )
        try:
            values = tuple([convert(text) for convert, text in zip(entry.converters, shape.literals, strict=True)])
        except SqlError:
            return None
        self._keep(self._shapes, shape.key, entry)
        return entry, values

    def _keep(self, table: dict[object, Entry] | dict[str, Entry], key: object, entry: Entry) -> None:
        if len(table) >= self._max:
            for old in list(table)[: self._max // 8 or 1]:
                del table[old]  # type: ignore[arg-type]  # its own keys
        table[key] = entry  # type: ignore[index]  # each table is given keys of its kind

    def _fresh(self, entry: Entry) -> bool:
        """Whether the tables of a plan still have about the size it was made for."""
        entry.uses += 1
        if entry.uses % GROWTH_CHECK or entry.plan is None:
            return True
        return all(
            heap.live_rows <= 2 * before + 1000 and before <= 2 * heap.live_rows + 1000
            for heap, before in zip(entry.plan.heaps, entry.sizes, strict=True)
        )


def _inner_query(statement: ast.AnyStatement | None) -> ast.Query | None:
    """Return the query of a statement around a query that may have parameters."""
    if isinstance(statement, ast.DeclareCursor):
        return statement.query
    if isinstance(statement, ast.Explain) and isinstance(statement.statement, ast.Query):
        return statement.statement
    return None


def _converter(kind: Type, forms: Forms, slot: str) -> Converter:
    """Return the function from a literal's text to a parameter of type `kind`; only numbers are known to be well formed."""
    if slot != "s" and (kind is INT4 or kind is INT8):
        return int
    if slot != "s" and kind is NUMERIC:
        return Decimal
    read = io_of(kind).input
    return lambda text: read(text, -1, forms)
