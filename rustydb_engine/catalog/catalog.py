"""The catalog: every object by OID, by name and by the table it belongs to, and the overlay of a transaction's DDL.

There is one shared `Catalog`. It changes only in `apply`, which publishes what a committed transaction changed. A
transaction that runs DDL has an `Overlay`: its own changes laid over the shared catalog, so that it sees what it
did, sees what others commit meanwhile, and leaves no trace when it rolls back.

    overlay = catalog.overlay()
    overlay.put(Table(overlay.new_oid(), "t", PUBLIC, columns))
    overlay.relation("public", "t")          the new table; catalog.relation("public", "t") is still None
    catalog.apply(overlay.changes)           COMMIT, after `codec.encode(overlay.changes)` went to the log

System tables and the objects that initdb makes are the ground on which every catalog stands (bootstrap.py); they
are never logged. Objects are immutable, so a reader may keep one; a second look may find its successor.
"""

from __future__ import annotations

from collections.abc import Iterator

from rustydb_engine.catalog.objects import (
    FIRST_USER_OID,
    CatalogObject,
    Comment,
    Constraint,
    Index,
    Role,
    Schema,
    Sequence,
    Table,
)
from rustydb_engine.errors import SqlError

Relation = Table | Index | Sequence
Changes = tuple[tuple[int, CatalogObject | None], ...]
"""What a transaction changed: (OID, its new state or None when it was dropped), in order of first change."""
SystemRows = dict[int, tuple[int, tuple[tuple[object, ...], ...]]]
"""Rows of system tables that were computed: (version of the catalog, rows) by OID of the table."""
SystemIndexes = dict[tuple[int, int], tuple[int, dict[object, list[tuple[object, ...]]]]]
"""The same rows by the values of one column: (OID of the table, number of the column)."""
Key = tuple[str, int | str, int | str, int]
"""A unique name: ('r', schema, name, 0), ('s', name, '', 0), ('o', role, '', 0) or ('c', class, object, part)."""


def key_of(entry: CatalogObject) -> Key | None:
    """Return the key under which an object is found by name; constraints have none, they belong to their table."""
    if isinstance(entry, Table | Index | Sequence):
        return ("r", entry.schema, entry.name, 0)
    if isinstance(entry, Schema):
        return ("s", entry.name, "", 0)
    if isinstance(entry, Role):
        return ("o", entry.name, "", 0)
    if isinstance(entry, Comment):
        return ("c", entry.class_oid, entry.object_oid, entry.part)
    return None


def tables_of(entry: CatalogObject) -> tuple[int, ...]:
    """Return the tables under which an object is listed: an index's, a constraint's two, a sequence's owner."""
    if isinstance(entry, Index):
        return (entry.table,)
    if isinstance(entry, Constraint):
        return (entry.table, entry.references) if entry.references else (entry.table,)
    if isinstance(entry, Sequence) and entry.owner_table:
        return (entry.owner_table,)
    return ()


class Catalog:
    """The shared catalog. `version` grows with every published change; plans and system rows are cached by it."""

    __slots__ = (
        "_by_table", "_keys", "_kinds", "_objects", "_stamps", "database_name", "next_oid", "system_indexes",
        "system_rows", "version",
    )  # fmt: skip

    def __init__(self, ground: tuple[CatalogObject, ...] = (), database_name: str = "rustydb") -> None:
        self.version = 1
        self.next_oid = FIRST_USER_OID
        self.database_name = database_name
        self.system_rows: SystemRows = {}
        self.system_indexes: SystemIndexes = {}
        self._stamps = 0
        self._objects: dict[int, CatalogObject] = {}
        self._keys: dict[Key, int] = {}
        self._by_table: dict[int, dict[int, CatalogObject]] = {}
        self._kinds: dict[str, tuple[CatalogObject, ...]] = {}
        for entry in ground:
            self._enter(entry)

    # -- look-ups

    def get(self, oid: int) -> CatalogObject | None:
        """Return the object with this OID, or None."""
        return self._objects.get(oid)

    def find_key(self, key: Key) -> int:
        """Return the OID of the object with this key, or 0."""
        return self._keys.get(key, 0)

    def belonging(self, table_oid: int) -> Iterator[CatalogObject]:
        """Yield the indexes, constraints (both ends) and owned sequences of a table, by OID."""
        listed = self._by_table.get(table_oid)
        return iter(sorted(listed.values(), key=_oid)) if listed else iter(())

    def objects(self, kind: str) -> tuple[CatalogObject, ...]:
        """Return the objects of a kind (role, schema, table, view, virtual, index, constraint, sequence, comment)."""
        found = self._kinds.get(kind)
        if found is None:
            found = tuple(sorted((entry for entry in self._objects.values() if entry.kind == kind), key=_oid))
            self._kinds[kind] = found
        return found

    def schema(self, name: str) -> Schema | None:
        """Return the schema of this name, or None."""
        found = self.get(self.find_key(("s", name, "", 0)))
        return found if isinstance(found, Schema) else None

    def schema_by_oid(self, oid: int) -> Schema | None:
        """Return the schema with this OID, or None."""
        found = self.get(oid)
        return found if isinstance(found, Schema) else None

    def schema_name(self, oid: int) -> str:
        """Return the name of a schema that must exist."""
        found = self.get(oid)
        assert isinstance(found, Schema), f"schema {oid} is missing"
        return found.name

    def role(self, name: str) -> Role | None:
        """Return the role of this name, or None."""
        found = self.get(self.find_key(("o", name, "", 0)))
        return found if isinstance(found, Role) else None

    def relation_in(self, schema_oid: int, name: str) -> Relation | None:
        """Return the table, view, index or sequence of this name in a schema, or None."""
        oid = self.find_key(("r", schema_oid, name, 0))
        if not oid:
            return None
        found = self.get(oid)
        assert isinstance(found, Table | Index | Sequence), f"{name} is no relation"
        return found

    def relation(self, schema_name: str, name: str) -> Relation | None:
        """Return the table, view, index or sequence `schema_name.name`, or None; system tables included."""
        oid = self.find_key(("s", schema_name, "", 0))
        return self.relation_in(oid, name) if oid else None

    def table(self, oid: int) -> Table | None:
        """Return the table, view or system table with this OID, or None."""
        found = self.get(oid)
        return found if isinstance(found, Table) else None

    def comment(self, class_oid: int, object_oid: int, part: int = 0) -> Comment | None:
        """Return the comment on an object, or None; `class_oid` is the system table that lists it."""
        found = self.get(self.find_key(("c", class_oid, object_oid, part)))
        return found if isinstance(found, Comment) else None

    def indexes_of(self, table_oid: int) -> tuple[Index, ...]:
        """Return the indexes of a table, by OID."""
        return tuple(entry for entry in self.belonging(table_oid) if isinstance(entry, Index))

    def constraints_of(self, table_oid: int) -> tuple[Constraint, ...]:
        """Return the constraints declared on a table, by OID."""
        return tuple(e for e in self.belonging(table_oid) if isinstance(e, Constraint) and e.table == table_oid)

    def referencing(self, table_oid: int) -> tuple[Constraint, ...]:
        """Return the foreign keys (of any table, this one included) that refer to a table, by OID."""
        return tuple(e for e in self.belonging(table_oid) if isinstance(e, Constraint) and e.references == table_oid)

    def sequences_of(self, table_oid: int) -> tuple[Sequence, ...]:
        """Return the sequences that columns of a table own, by OID."""
        return tuple(entry for entry in self.belonging(table_oid) if isinstance(entry, Sequence))

    def find(self, name: tuple[str, ...], search_path: tuple[str, ...]) -> Relation | None:
        """Return the relation that a possibly qualified name means, or None.

        `search_path` holds schema names; pg_catalog is searched first unless it is listed. The schema `pg_temp` means
        the session's temporary schema, which the session puts into its path under its full name (`pg_temp_3`).
        """
        if len(name) > 1:
            schema = self.schema_of(name, search_path)
            return self.relation_in(schema.oid, name[-1]) if schema is not None else None
        for schema_name in effective_path(search_path):
            found = self.relation(schema_name, name[0])
            if found is not None:
                return found
        return None

    def schema_of(self, name: tuple[str, ...], search_path: tuple[str, ...]) -> Schema | None:
        """Return the schema that qualifies a name, or None when there is no such schema.

        Errors: 0A000 for a database other than this one, 42601 for too many dots.
        """
        if len(name) == 3 and name[0] != self.database_name:
            raise SqlError("0A000", f'cross-database references are not implemented: "{".".join(name)}"')
        if len(name) > 3:
            raise SqlError("42601", f"improper qualified name (too many dotted names): {'.'.join(name)}")
        wanted = name[-2]
        if wanted == "pg_temp":
            wanted = next((entry for entry in search_path if entry.startswith("pg_temp_")), wanted)
        return self.schema(wanted)

    def resolve(self, name: tuple[str, ...], search_path: tuple[str, ...], position: int | None = None) -> Relation:
        """Return the relation that a name means in a query; 42P01 when there is none."""
        found = self.find(name, search_path)
        if found is None:
            raise SqlError("42P01", f'relation "{".".join(name)}" does not exist', position=position)
        return found

    def visible(self, relation: Relation, search_path: tuple[str, ...]) -> bool:
        """Return whether the bare name of a relation finds it (pg_table_is_visible)."""
        found = self.find((relation.name,), search_path)
        return found is not None and found.oid == relation.oid

    # -- changes

    def overlay(self) -> Overlay:
        """Return a private view for a transaction that runs DDL."""
        return Overlay(self)

    def apply(self, changes: Changes) -> None:
        """Publish the changes of a committed transaction."""
        for oid, entry in changes:
            self._leave(oid)
            if entry is not None:
                self._enter(entry)
                if oid >= self.next_oid:
                    self.next_oid = oid + 1
                if isinstance(entry, Table | Index) and entry.storage >= self.next_oid:
                    self.next_oid = entry.storage + 1
        self._kinds.clear()
        self.version += 1

    def take_oid(self) -> int:
        """Return an OID that no object has; storage numbers come from the same counter."""
        oid = self.next_oid
        self.next_oid += 1
        return oid

    def take_stamp(self) -> int:
        """Return a number that no overlay had before."""
        self._stamps += 1
        return self._stamps

    def user_objects(self) -> Iterator[CatalogObject]:
        """Yield every object that differs from a fresh catalog's (what a checkpoint stores), by OID."""
        from rustydb_engine.catalog.bootstrap import ground_objects

        ground = {entry.oid: entry for entry in ground_objects()}
        for oid in sorted(self._objects):
            if ground.get(oid) != self._objects[oid]:
                yield self._objects[oid]

    def _enter(self, entry: CatalogObject) -> None:
        self._objects[entry.oid] = entry
        key = key_of(entry)
        if key is not None:
            self._keys[key] = entry.oid
        for table in tables_of(entry):
            self._by_table.setdefault(table, {})[entry.oid] = entry

    def _leave(self, oid: int) -> None:
        before = self._objects.pop(oid, None)
        if before is None:
            return
        key = key_of(before)
        if key is not None and self._keys.get(key) == oid:
            del self._keys[key]
        for table in tables_of(before):
            listed = self._by_table[table]
            listed.pop(oid, None)
            if not listed:
                self._by_table.pop(table, None)


class Overlay(Catalog):
    """A transaction's DDL laid over the shared catalog. Its `version` is negative and differs from every other's."""

    __slots__ = ("_changed", "_log", "_stamp", "_touched", "base")

    def __init__(self, base: Catalog) -> None:
        self.base = base
        self.database_name = base.database_name
        self.system_rows = {}
        self.system_indexes = {}
        self._log: list[tuple[int, CatalogObject | None]] = []
        self._reset()

    def _reset(self) -> None:
        self._changed: dict[int, CatalogObject | None] = {}
        self._keys = {}
        self._touched: dict[int, dict[int, None]] = {}
        self._stamp = self.base.take_stamp()

    @property
    def version(self) -> int:  # type: ignore[override]  # a slot of the shared catalog, computed here
        """Return a number that changes with this overlay and with the catalog below it."""
        return -(self._stamp << 32 | self.base.version)

    @property
    def next_oid(self) -> int:  # type: ignore[override]  # as version
        """Return the shared counter's next number."""
        return self.base.next_oid

    @property
    def changes(self) -> Changes:
        """Return what COMMIT must log and publish; an object made and dropped here is left out."""
        return tuple(
            (oid, entry)
            for oid, entry in self._changed.items()
            if entry is not None or self.base.get(oid) is not None
        )  # fmt: skip

    def get(self, oid: int) -> CatalogObject | None:
        if oid in self._changed:
            return self._changed[oid]
        return self.base.get(oid)

    def find_key(self, key: Key) -> int:
        found = self._keys.get(key)
        if found is not None:
            return found
        below = self.base.find_key(key)
        # An object that has another name here, or none, does not answer to its old one.
        return 0 if below in self._changed else below

    def belonging(self, table_oid: int) -> Iterator[CatalogObject]:
        touched = self._touched.get(table_oid)
        if not touched:
            return self.base.belonging(table_oid)
        found = [entry for entry in self.base.belonging(table_oid) if entry.oid not in self._changed]
        for oid in touched:
            entry = self._changed[oid]
            if entry is not None and table_oid in tables_of(entry):
                found.append(entry)
        return iter(sorted(found, key=_oid))

    def objects(self, kind: str) -> tuple[CatalogObject, ...]:
        found = [entry for entry in self.base.objects(kind) if entry.oid not in self._changed]
        found.extend(entry for entry in self._changed.values() if entry is not None and entry.kind == kind)
        return tuple(sorted(found, key=_oid))

    def user_objects(self) -> Iterator[CatalogObject]:
        raise AssertionError("a checkpoint stores the shared catalog")

    def overlay(self) -> Overlay:
        raise AssertionError("an overlay has no overlay")

    def apply(self, changes: Changes) -> None:
        raise AssertionError("changes are published in the shared catalog")

    def take_oid(self) -> int:
        return self.base.take_oid()

    def take_stamp(self) -> int:
        return self.base.take_stamp()

    def new_oid(self) -> int:
        """Return an OID for a new object; it is not given back by ROLLBACK."""
        return self.base.take_oid()

    def put(self, entry: CatalogObject) -> None:
        """Enter an object, or a new state of the object with its OID."""
        assert entry.oid > 0, "an object needs an OID"
        self._log.append((entry.oid, entry))
        self._change(entry.oid, entry)

    def drop(self, oid: int) -> None:
        """Remove an object that is here; what belongs to it must be removed by the caller."""
        assert self.get(oid) is not None, f"object {oid} is not here"
        self._log.append((oid, None))
        self._change(oid, None)

    def savepoint(self) -> int:
        """Return a mark for `rollback_to`."""
        return len(self._log)

    def rollback_to(self, mark: int) -> None:
        """Undo every change after `savepoint` gave this mark; 0 undoes all."""
        del self._log[mark:]
        self._reset()
        for oid, entry in self._log:
            self._change(oid, entry)

    def _change(self, oid: int, entry: CatalogObject | None) -> None:
        before = self.get(oid)
        if before is not None:
            key = key_of(before)
            if key is not None and self._keys.get(key) == oid:
                del self._keys[key]
            self._touch(oid, before)
        self._changed[oid] = entry
        if entry is not None:
            key = key_of(entry)
            if key is not None:
                self._keys[key] = oid
            self._touch(oid, entry)
        self._stamp = self.base.take_stamp()

    def _touch(self, oid: int, entry: CatalogObject) -> None:
        for table in tables_of(entry):
            self._touched.setdefault(table, {})[oid] = None


def effective_path(search_path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the schemas in which a bare name is looked up: a temporary schema and pg_catalog come first."""
    if "pg_catalog" in search_path:
        return search_path
    first = tuple(name for name in search_path if name.startswith("pg_temp_"))
    return (*first, "pg_catalog", *(name for name in search_path if not name.startswith("pg_temp_")))


def _oid(entry: CatalogObject) -> int:
    return entry.oid
