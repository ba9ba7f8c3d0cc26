"""FOREIGN KEY constraints: what they refer to, whether types agree, and whether the rows that are there satisfy them.

Both tables are locked SHARE ROW EXCLUSIVE: nobody writes to either while the rows are compared. The referenced
columns must be those of a unique index that is neither partial nor deferrable.

Source: PostgreSQL 15, ATAddForeignKeyConstraint in src/backend/commands/tablecmds.c.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.catalog.names import constraint_name, join_columns
from rustydb_engine.catalog.objects import Constraint, Index, Table
from rustydb_engine.catalog.system_tables.constraints import equality_pairs
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.constraints import refuse_named
from rustydb_engine.exec.ddl.stored_indexes import Row, scan
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import IMPLICIT, can_coerce
from rustydb_engine.txn.locks import SHARE_ROW_EXCLUSIVE
from rustydb_engine.values.compare import compare_key
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import Type

ACTIONS = {"no action": "a", "restrict": "r", "cascade": "c", "set null": "n", "set default": "d"}


def add_foreign_key(work: Work, table: Table, node: ast.Constraint, check: bool) -> Waits[Constraint]:
    """Enter a foreign key; with `check` compare the rows that are there unless it is NOT VALID.

    Errors: 42830 and 42704 for no key to refer to, 42804 for types, 42P16 for temporary and permanent mixed, 23503.
    """
    found = yield from work.lock_relation(node.references, SHARE_ROW_EXCLUSIVE)
    if not isinstance(found, Table) or found.kind == "view":
        raise SqlError("42809", f'referenced relation "{found.name if found else ""}" is not a table')
    work.refuse_system(found)
    if found.oid != table.oid:
        yield from work.lock(table.oid, SHARE_ROW_EXCLUSIVE)
    _check_persistence(table, found)
    own = _attnums(table, node.columns)
    if node.referenced:
        other = _attnums(found, node.referenced)
        index = _matching_index(work, found, own, other)
    else:
        index = _primary_key(work, found)
        other = tuple(key.attnum for key in index.columns)
        _check_count(own, other)
    name = node.name
    if name:
        refuse_named(work, table, name)
    else:
        joined = join_columns([table.columns[attnum - 1].name for attnum in own])
        name = constraint_name(work.catalog, table.name, joined, "fkey", table.schema)
    check_types(name, table, own, found, other)
    entry = Constraint(
        work.new_oid(), name, table.schema, table.oid, "f", own, index=index.oid, references=found.oid,
        referenced_columns=other, on_update=ACTIONS[node.on_update], on_delete=ACTIONS[node.on_delete],
        set_columns=_set_columns(table, node, own), match="f" if node.match == "full" else "s",
        deferrable=node.deferrable or node.deferred, deferred=node.deferred, validated=not node.not_valid,
    )  # fmt: skip
    _check_generated(table, entry)
    work.put(entry)
    if check and not node.not_valid:
        yield from check_references(work, table, found, entry)
    return entry


def _check_persistence(table: Table, found: Table) -> None:
    if table.persistence == "p" and found.persistence != "p":
        raise SqlError("42P16", "constraints on permanent tables may reference only permanent tables")
    if table.persistence == "u" and found.persistence not in "pu":
        raise SqlError("42P16", "constraints on unlogged tables may reference only permanent or unlogged tables")
    if table.persistence == "t" and found.persistence != "t":
        raise SqlError("42P16", "constraints on temporary tables may reference only temporary tables")


def _attnums(table: Table, names: tuple[str, ...]) -> tuple[int, ...]:
    found = []
    for name in names:
        column = table.column(name)
        if column is None:
            raise SqlError("42703", f'column "{name}" referenced in foreign key constraint does not exist')
        found.append(column.attnum)
    return tuple(found)


def _check_count(own: tuple[int, ...], other: tuple[int, ...]) -> None:
    if len(own) != len(other):
        raise SqlError("42830", "number of referencing and referenced columns for foreign key disagree")


def _deferrable(work: Work, index: Index) -> bool:
    return any(entry.index == index.oid and entry.type in "pu" and entry.deferrable
               for entry in work.catalog.constraints_of(index.table))  # fmt: skip


def _primary_key(work: Work, found: Table) -> Index:
    index = next((index for index in work.catalog.indexes_of(found.oid) if index.primary), None)
    if index is None:
        raise SqlError("42704", f'there is no primary key for referenced table "{found.name}"')
    if _deferrable(work, index):
        raise SqlError("55000", f'cannot use a deferrable primary key for referenced table "{found.name}"')
    return index


def _matching_index(work: Work, found: Table, own: tuple[int, ...], other: tuple[int, ...]) -> Index:
    _check_count(own, other)
    if len(set(other)) != len(other):
        raise SqlError("42830", "foreign key referenced-columns list must not contain duplicates")
    deferrable = False
    for index in work.catalog.indexes_of(found.oid):
        keys = [key.attnum for key in index.columns]
        if index.unique and not index.where and sorted(keys) == sorted(other):
            if not _deferrable(work, index):
                return index
            deferrable = True
    if deferrable:
        raise SqlError("55000", f'cannot use a deferrable unique constraint for referenced table "{found.name}"')
    raise SqlError("42830", f'there is no unique constraint matching given keys for referenced table "{found.name}"')


def check_types(name: str, table: Table, own: tuple[int, ...], found: Table, other: tuple[int, ...]) -> None:
    """Raise 42804 when a column cannot be compared with the one it refers to."""
    for mine, theirs in zip(own, other, strict=True):
        here, there = table.columns[mine - 1], found.columns[theirs - 1]
        if not comparable(here.type, there.type):
            raise SqlError(
                "42804",
                f'foreign key constraint "{name}" cannot be implemented',
                detail=f'Key columns "{here.name}" and "{there.name}" are of incompatible types: '
                f"{here.type.display} and {there.type.display}.",
            )


def comparable(own: Type, referenced: Type) -> bool:
    """Return whether a foreign key column may refer to a column of another type."""
    if own is referenced:
        return True
    return (referenced.oid, own.oid) in equality_pairs() or can_coerce(own, referenced, IMPLICIT)


def _set_columns(table: Table, node: ast.Constraint, own: tuple[int, ...]) -> tuple[int, ...]:
    attnums = _attnums(table, node.set_columns)
    for attnum in attnums:
        if attnum not in own:
            name = table.columns[attnum - 1].name
            raise SqlError("42P10", f'column "{name}" referenced in ON DELETE SET action must be part of foreign key')
    return attnums


def _check_generated(table: Table, entry: Constraint) -> None:
    """A generated column cannot be set by an action."""
    if all(table.columns[attnum - 1].generated is None for attnum in entry.columns):
        return
    for action, event, refused in ((entry.on_update, "UPDATE", "ndc"), (entry.on_delete, "DELETE", "nd")):
        if action in refused:
            raise SqlError("42601", f"invalid ON {event} action for foreign key constraint containing generated column")


def check_references(
    work: Work, table: Table, found: Table, entry: Constraint, *, committed: bool = False
) -> Waits[None]:
    """Raise 23503 when a row has no counterpart in the referenced table; `committed` as in `scan`."""
    index = work.catalog.get(entry.index)
    assert isinstance(index, Index), f"foreign key {entry.name} has no index"
    heap = work.database.heap(found.storage)
    stored = heap.index(index.oid)
    assert stored is not None, f"index {index.name} is attached"
    # The index may have the columns in another order than the constraint.
    order = [entry.referenced_columns.index(key.attnum) for key in index.columns]
    keys = _key_functions(found, entry)
    single = len(order) == 1
    snapshot = work.context.snapshot

    def check(row: Row) -> None:
        values = [row[attnum - 1] for attnum in entry.columns]
        if None in values:
            if entry.match == "f" and any(item is not None for item in values):
                raise _violation(work, table, found, entry, row, mixed=True)
            return
        parts = [key(item) if key is not None else item for key, item in zip(keys, values, strict=True)]
        wanted = parts[0] if single else tuple(parts[place] for place in order)
        for rid in stored.candidates(wanted):
            other = heap.fetch(rid, snapshot) if committed else heap.latest(rid)[0]
            if other is not None and stored.key_of(other) == wanted:
                return
        raise _violation(work, table, found, entry, row)

    yield from scan(work, table, check, committed=committed)


def _key_functions(found: Table, entry: Constraint) -> list[Callable[..., object] | None]:
    return [compare_key(found.columns[attnum - 1].type) for attnum in entry.referenced_columns]


def _violation(work: Work, table: Table, found: Table, entry: Constraint, row: Row, mixed: bool = False) -> SqlError:
    names = ", ".join(table.columns[attnum - 1].name for attnum in entry.columns)
    shown = ", ".join(
        "null" if (item := row[attnum - 1]) is None
        else io_of(table.columns[attnum - 1].type).output(item, work.context.forms)
        for attnum in entry.columns
    )  # fmt: skip
    detail = f'Key ({names})=({shown}) is not present in table "{found.name}".'
    if mixed:
        detail = "MATCH FULL does not allow mixing of null and nonnull key values."
    return SqlError(
        "23503",
        f'insert or update on table "{table.name}" violates foreign key constraint "{entry.name}"',
        detail=detail,
        schema=work.catalog.schema_name(table.schema),
        table=table.name,
        constraint=entry.name,
    )
