"""Dependencies: what must go with an object, and what may not be dropped without CASCADE.

Objects are addressed as PostgreSQL's pg_depend does, by kind, OID and column. A dependency is *normal* (a view on a
table: an error without CASCADE), *automatic* (an index on its table: goes silently) or *internal* (the index of a
constraint: goes with it, and cannot be dropped by itself).

    found = Dependents(catalog, path).collect([Address("relation", table.oid)])
    found.reported      [("view v", "table t")]    what CASCADE must allow, in PostgreSQL's order
    found.targets       everything to drop, dependents first

Expressions that name sequences do so as `'s.q'::regclass`, which is where dependencies of defaults on sequences are
read from.

Source: PostgreSQL 15, findDependentObjects in src/backend/catalog/dependency.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Constraint, Index, Schema, Sequence, Table
from rustydb_engine.catalog.printing import relation_name
from rustydb_engine.sql.keywords import quote_identifier
from rustydb_proto.core.value import value

NORMAL, AUTO, INTERNAL = "n", "a", "i"
_REGCLASS = re.compile(r"'((?:[^']|'')*)'::regclass")
_NAME_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


@value
class Address:
    """What depends or is depended on. `kind` is relation, column (`part` its attnum), constraint, default (of column
    `part`) or schema."""

    kind: str
    oid: int
    part: int = 0


@dataclass(slots=True)
class Found:
    """The outcome: targets in the order in which to drop them, and (dependent, dependee) descriptions to report."""

    targets: list[Address] = field(default_factory=list)
    reported: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Seen:
    address: Address
    original: bool
    silent: bool
    dependee: Address | None


def sequences_named(catalog: Catalog, text: str) -> list[int]:
    """Return the OIDs of the relations that an expression names as `'…'::regclass`."""
    found = []
    for match in _REGCLASS.finditer(text):
        parts = [(quoted.replace('""', '"') if quoted else plain) for quoted, plain in
                 _NAME_PART.findall(match.group(1).replace("''", "'"))]  # fmt: skip
        entry = catalog.find(tuple(parts), ("public",)) if 1 <= len(parts) <= 2 else None
        if entry is not None:
            found.append(entry.oid)
    return found


class Dependents:
    """A search for everything that depends on some objects."""

    def __init__(self, catalog: Catalog, search_path: tuple[str, ...]) -> None:
        self.catalog = catalog
        self.search_path = search_path
        self._seen: dict[Address, _Seen] = {}
        self._order: list[_Seen] = []
        self._originals: set[Address] = set()
        self._views: dict[int, list[tuple[Table, int]]] | None = None

    def collect(self, originals: list[Address]) -> Found:
        """Find what depends on the originals; they are dropped too but not reported."""
        self._originals = set(originals)
        for address in originals:
            self._visit(address, None, silent=False)
        found = Found([seen.address for seen in self._order])
        for seen in reversed(self._order):
            if not seen.original and not seen.silent and self._whole(seen.address) is None:
                assert seen.dependee is not None, "what is not original was reached from something"
                found.reported.append((self.describe(seen.address), self.describe(seen.dependee)))
        return found

    def _visit(self, address: Address, dependee: Address | None, silent: bool) -> None:
        known = self._seen.get(address)
        if known is None:
            known = self._whole(address)
        if known is not None:
            known.silent = known.silent or silent
            return
        seen = _Seen(address, address in self._originals, silent, dependee)
        self._seen[address] = seen
        for dependent, kind in sorted(self._dependents(address), key=self._newest_first):
            self._visit(dependent, address, kind != NORMAL)
        self._order.append(seen)

    def _whole(self, address: Address) -> _Seen | None:
        """Return the table or column with which a column or default goes, if that is found already."""
        if address.kind not in ("column", "default"):
            return None
        column = self._seen.get(Address("column", address.oid, address.part)) if address.kind == "default" else None
        return column or self._seen.get(Address("relation", address.oid))

    def _newest_first(self, item: tuple[Address, str]) -> tuple[int, int]:
        address = item[0]
        return (-address.oid, -1 if address.kind == "column" else 0)

    # -- what depends on what

    def _dependents(self, address: Address) -> Iterator[tuple[Address, str]]:
        if address.kind == "schema":
            yield from self._in_schema(address.oid)
        elif address.kind == "constraint":
            entry = self.catalog.get(address.oid)
            if isinstance(entry, Constraint) and entry.type in "pu":
                yield Address("relation", entry.index), INTERNAL
        elif address.kind in ("relation", "column"):
            entry = self.catalog.get(address.oid)
            if isinstance(entry, Table):
                yield from self._of_table(entry, address.part)
            elif isinstance(entry, Index):
                for constraint in self.catalog.referencing(entry.table):
                    if constraint.index == entry.oid:
                        yield Address("constraint", constraint.oid), NORMAL
            elif isinstance(entry, Sequence):
                for default in self._defaults_on(entry):
                    yield default, NORMAL

    def _in_schema(self, oid: int) -> Iterator[tuple[Address, str]]:
        for kind in ("table", "view", "sequence"):
            for entry in self.catalog.objects(kind):
                if isinstance(entry, Table | Sequence) and entry.schema == oid:
                    yield Address("relation", entry.oid), NORMAL

    def _of_table(self, table: Table, part: int) -> Iterator[tuple[Address, str]]:
        """What depends on a table, or with `part` on one of its columns."""
        catalog = self.catalog
        for entry in catalog.constraints_of(table.oid):
            if not part or part in entry.columns:
                yield Address("constraint", entry.oid), AUTO
        for index in catalog.indexes_of(table.oid):
            if not self._of_constraint(index) and (not part or part in index_columns(index, table)):
                yield Address("relation", index.oid), AUTO
        for sequence in catalog.sequences_of(table.oid):
            if not part or part == sequence.owner_column:
                yield Address("relation", sequence.oid), INTERNAL if sequence.internal else AUTO
        for entry in catalog.referencing(table.oid):
            other = entry.table != table.oid
            if (other and not part) or part in entry.referenced_columns:
                yield Address("constraint", entry.oid), NORMAL
        if part:
            for column in table.live():
                if column.generated is not None and column.attnum != part and _mentions(column.generated, table, part):
                    yield Address("column", table.oid, column.attnum), NORMAL
        for view, attnum in self._views_on(table.oid):
            if not part or attnum == part:
                yield Address("relation", view.oid), NORMAL

    def _of_constraint(self, index: Index) -> bool:
        return any(c.index == index.oid and c.type in "pu" for c in self.catalog.constraints_of(index.table))

    def _views_on(self, oid: int) -> list[tuple[Table, int]]:
        if self._views is None:
            self._views = {}
            for view in self.catalog.objects("view"):
                assert isinstance(view, Table)
                for relation, attnum in view.depends:
                    self._views.setdefault(relation, []).append((view, attnum))
        return self._views.get(oid, [])

    def _defaults_on(self, sequence: Sequence) -> Iterator[Address]:
        """Yield the defaults that name a sequence; texts in the catalog qualify it always."""
        schema = quote_identifier(self.catalog.schema_name(sequence.schema))
        shown = f"{schema}.{quote_identifier(sequence.name)}".replace("'", "''")
        needle = f"'{shown}'::regclass"
        for table in self.catalog.objects("table"):
            assert isinstance(table, Table)
            for column in table.columns:
                if column.default is not None and needle in column.default and not column.dropped:
                    yield Address("default", table.oid, column.attnum)

    # -- words

    def describe(self, address: Address) -> str:
        """Return an object as messages name it: `view v`, `column a of table t`, `constraint c on table s.t`."""
        catalog = self.catalog
        entry = catalog.get(address.oid)
        if isinstance(entry, Schema):
            return f"schema {quote_identifier(entry.name)}"
        if isinstance(entry, Constraint):
            table = catalog.get(entry.table)
            assert isinstance(table, Table), f"constraint {entry.name} has no table"
            return f"constraint {quote_identifier(entry.name)} on {self._relation(table)}"
        assert isinstance(entry, Table | Index | Sequence), f"object {address.oid} is not here"
        words = self._relation(entry)
        if address.part and isinstance(entry, Table):
            column = quote_identifier(entry.columns[address.part - 1].name)
            what = "default value for column" if address.kind == "default" else "column"
            return f"{what} {column} of {words}"
        return words

    def _relation(self, entry: Table | Index | Sequence) -> str:
        kind = "table" if entry.kind == "virtual" else entry.kind
        return f"{kind} {relation_name(self.catalog, entry, self.search_path)}"


def index_columns(index: Index, table: Table) -> set[int]:
    """Return the attnums that an index uses in keys, expressions, predicate or INCLUDE."""
    used = {key.attnum for key in index.columns if key.attnum} | set(index.include)
    texts = [key.expression for key in index.columns if not key.attnum]
    if index.where:
        texts.append(index.where)
    for column in table.live():
        if any(_mentions(text, table, column.attnum) for text in texts):
            used.add(column.attnum)
    return used


def _mentions(text: str, table: Table, attnum: int) -> bool:
    """Return whether an expression's text has a column's name as a word outside of strings."""
    name = quote_identifier(table.columns[attnum - 1].name)
    bare = re.sub(r"'(?:[^']|'')*'", "''", text)
    if name.startswith('"'):
        return name in bare
    return re.search(rf'(?<![\w$"]){re.escape(name)}(?![\w$"(])', bare) is not None
