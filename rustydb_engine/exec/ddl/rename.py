"""ALTER … RENAME, SET SCHEMA and OWNER TO.

Views, defaults and other texts that say the old name are printed again with the new one (reprint.py).

Source: PostgreSQL 15, RenameRelation and renameatt in src/backend/commands/tablecmds.c, alter.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.catalog import Relation
from rustydb_engine.catalog.objects import Constraint, Index, Schema, Sequence, Table
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl import reprint
from rustydb_engine.exec.ddl.columns import SYSTEM_NAMES, changed
from rustydb_engine.exec.ddl.constraints import refuse_named
from rustydb_engine.exec.ddl.schemas import lock_schema_name, owner_oid, refuse_reserved
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.txn.locks import ACCESS_EXCLUSIVE

RELATIONS = ("table", "view", "index", "sequence", "materialized view", "foreign table")


def rename(work: Work, statement: ast.Rename) -> Waits[str]:
    """ALTER … RENAME."""
    kind = statement.kind
    if kind == "schema":
        yield from _rename_schema(work, statement)
        return "ALTER SCHEMA"
    if kind in ("column", "constraint") or statement.part:
        return (yield from _rename_part(work, statement))
    if kind not in RELATIONS:
        return _refuse_other(work, statement)
    found = yield from _relation(work, statement.name, statement.if_exists, kind, statement.pos)
    if found is not None:
        yield from rename_relation(work, found, statement.to)
    return f"ALTER {kind.upper()}"


def _refuse_other(work: Work, statement: ast.Rename) -> str:
    kind, name = statement.kind, statement.name[-1]
    if kind == "role" and work.catalog.role(name) is None:
        raise SqlError("42704", f'role "{name}" does not exist')
    if kind == "database" and name != work.catalog.database_name:
        raise SqlError("3D000", f'database "{name}" does not exist')
    raise not_supported(f"ALTER {kind.upper()} … RENAME", place(statement.pos))


def _relation(work: Work, name: ast.Name, if_exists: bool, kind: str, pos: int) -> Waits[Relation | None]:
    """Lock what is renamed or moved and check its kind (42809); None when it is missing and may be."""
    found = yield from work.lock_relation(name, ACCESS_EXCLUSIVE, missing_ok=if_exists)
    if found is None:
        work.notice(f'relation "{name[-1]}" does not exist, skipping')
        return None
    work.refuse_system(found)
    if kind in ("view", "index", "sequence", "materialized view", "foreign table"):
        # ALTER INDEX … RENAME takes tables too, for compatibility; so does PostgreSQL.
        if kind == "index" and isinstance(found, Table):
            return found
        if found.kind != kind:
            raise SqlError("42809", f'"{found.name}" is not {"an" if kind == "index" else "a"} {kind}')
    return found


def rename_relation(work: Work, found: Relation, to: str) -> Waits[None]:
    """Give a relation another name; 42P07 when it is taken."""
    schema = work.catalog.schema_by_oid(found.schema)
    assert schema is not None, "a relation is in a schema"
    yield from work.lock_name(schema, to)
    if work.catalog.relation_in(schema.oid, to) is not None:
        raise SqlError("42P07", f'relation "{to}" already exists')
    pending = yield from reprint.collect(work, {found.oid})
    work.put(replace(found, name=to))
    if isinstance(found, Index):
        for entry in work.catalog.constraints_of(found.table):
            if entry.index == found.oid and entry.type in "pu":
                work.put(replace(entry, name=to))
    reprint.finish(work, pending)


def _rename_part(work: Work, statement: ast.Rename) -> Waits[str]:
    tag = "ALTER TABLE"
    found = yield from work.lock_relation(statement.name, ACCESS_EXCLUSIVE, missing_ok=statement.if_exists)
    if found is None:
        work.notice(f'relation "{statement.name[-1]}" does not exist, skipping')
        return tag
    work.refuse_system(found)
    if not isinstance(found, Table):
        plural = "indexes" if isinstance(found, Index) else "sequences"
        raise SqlError(
            "42809",
            f'cannot rename columns of relation "{found.name}"',
            detail=f"This operation is not supported for {plural}.",
        )
    if statement.kind == "constraint":
        yield from rename_constraint(work, found, statement.part, statement.to)
    else:
        yield from rename_column(work, found, statement.part, statement.to)
        if found.kind == "view":
            tag = "ALTER VIEW"
    return tag


def rename_column(work: Work, table: Table, name: str, to: str) -> Waits[None]:
    """Give a column another name; 42703, 42701."""
    if name in SYSTEM_NAMES and table.column(name) is None:
        raise SqlError("0A000", f'cannot rename system column "{name}"')
    column = table.column(name)
    if column is None:
        raise SqlError("42703", f'column "{name}" does not exist')
    refuse_column(table, to)
    pending = yield from reprint.collect(work, {table.oid})
    columns = tuple(changed(old, name=to) if old.attnum == column.attnum else old for old in table.columns)
    work.put(replace(table, columns=columns))
    reprint.finish(work, pending)


def refuse_column(table: Table, name: str) -> None:
    """Raise 42701 when a table has a column of this name, or the system does."""
    if name in SYSTEM_NAMES:
        raise SqlError("42701", f'column name "{name}" conflicts with a system column name')
    if table.column(name) is not None:
        raise SqlError("42701", f'column "{name}" of relation "{table.name}" already exists')


def find_constraint(work: Work, table: Table, name: str) -> Constraint | None:
    """Return the constraint of a table with this name, or None."""
    return next((entry for entry in work.catalog.constraints_of(table.oid) if entry.name == name), None)


def rename_constraint(work: Work, table: Table, name: str, to: str) -> Waits[None]:
    """Give a constraint another name, and its index with it."""
    entry = find_constraint(work, table, name)
    if entry is None:
        raise SqlError("42704", f'constraint "{name}" for table "{table.name}" does not exist')
    refuse_named(work, table, to)
    if entry.type in "pu":
        index = work.catalog.get(entry.index)
        assert isinstance(index, Index), f"constraint {entry.name} has no index"
        yield from rename_relation(work, index, to)
    else:
        work.put(replace(entry, name=to))


def _rename_schema(work: Work, statement: ast.Rename) -> Waits[None]:
    schema = work.catalog.schema(statement.name[-1])
    if schema is None:
        raise SqlError("3F000", f'schema "{statement.name[-1]}" does not exist')
    yield from work.lock(schema.oid, ACCESS_EXCLUSIVE)
    yield from lock_schema_name(work, statement.to)
    if work.catalog.schema(statement.to) is not None:
        raise SqlError("42P06", f'schema "{statement.to}" already exists')
    refuse_reserved(statement.to)
    if schema.oid < 16384 and schema.name != "public":
        raise SqlError("42501", f'permission denied: "{schema.name}" is a system schema')
    pending = yield from reprint.collect(work, _relations_in(work, schema))
    work.put(replace(schema, name=statement.to))
    reprint.finish(work, pending)


def _relations_in(work: Work, schema: Schema) -> set[int]:
    return {
        entry.oid
        for kind in ("table", "view", "sequence")
        for entry in work.catalog.objects(kind)
        if isinstance(entry, Table | Sequence) and entry.schema == schema.oid
    }


# -- SET SCHEMA


def set_schema(work: Work, statement: ast.SetSchema) -> Waits[str]:
    """ALTER … SET SCHEMA."""
    if statement.kind not in RELATIONS:
        raise not_supported(f"ALTER {statement.kind.upper()} … SET SCHEMA", place(statement.pos))
    found = yield from _relation(work, statement.name, statement.if_exists, statement.kind, statement.pos)
    if found is not None:
        yield from move(work, found, statement.schema)
    return f"ALTER {statement.kind.upper()}"


def move(work: Work, found: Relation, schema_name: str) -> Waits[None]:
    """Move a relation, with its indexes, constraints and owned sequences, to another schema."""
    if isinstance(found, Index):
        raise SqlError("42809", f'"{found.name}" is an index', hint="Change the schema of the table instead.")
    if isinstance(found, Sequence) and found.owner_table:
        owner = work.catalog.table(found.owner_table)
        raise SqlError(
            "0A000", "cannot move an owned sequence into another schema",
            detail=f'Sequence "{found.name}" is linked to table "{owner.name if owner else ""}".',
        )  # fmt: skip
    schema = work.catalog.schema(schema_name)
    if schema is None:
        raise SqlError("3F000", f'schema "{schema_name}" does not exist')
    if schema.oid == found.schema:
        return
    old = work.catalog.schema_name(found.schema)
    if schema.name.startswith("pg_temp_") or old.startswith("pg_temp_"):
        raise SqlError("0A000", "cannot move objects into or out of temporary schemas")
    if schema.name == "pg_toast":
        raise SqlError("0A000", "cannot move objects into or out of TOAST schema")
    yield from work.lock_name(schema, found.name)
    moved = [found.oid]
    if isinstance(found, Table):
        moved += [sequence.oid for sequence in work.catalog.sequences_of(found.oid)]
    for oid in moved:
        entry = work.catalog.get(oid)
        assert isinstance(entry, Table | Sequence), "what moves is a relation"
        if work.catalog.relation_in(schema.oid, entry.name) is not None:
            raise SqlError("42P07", f'relation "{entry.name}" already exists in schema "{schema.name}"')
    pending = yield from reprint.collect(work, set(moved))
    for oid in moved:
        entry = work.catalog.get(oid)
        assert isinstance(entry, Table | Sequence), "what moves is a relation"
        work.put(replace(entry, schema=schema.oid))
    for index in work.catalog.indexes_of(found.oid):
        work.put(replace(index, schema=schema.oid))
    for constraint in work.catalog.constraints_of(found.oid):
        work.put(replace(constraint, schema=schema.oid))
    reprint.finish(work, pending)


# -- OWNER TO


def alter_owner(work: Work, statement: ast.AlterOwner) -> Waits[str]:
    """ALTER … OWNER TO."""
    kind = statement.kind
    owner = owner_oid(work, statement.owner)
    if kind == "schema":
        schema = work.catalog.schema(statement.name[-1])
        if schema is None:
            raise SqlError("3F000", f'schema "{statement.name[-1]}" does not exist')
        work.put(replace(schema, owner=owner))
    elif kind in RELATIONS:
        found = yield from _relation(work, statement.name, statement.if_exists, kind, statement.pos)
        set_owner(work, found, owner)
    elif kind == "database":
        if statement.name[-1] != work.catalog.database_name:
            raise SqlError("3D000", f'database "{statement.name[-1]}" does not exist')
    else:
        raise not_supported(f"ALTER {kind.upper()} … OWNER TO", place(statement.pos))
    return f"ALTER {kind.upper()}"


def set_owner(work: Work, found: Relation | None, owner: int) -> None:
    """Give a relation, and the sequences that it owns, another owner."""
    if isinstance(found, Table | Sequence):
        work.put(replace(found, owner=owner))
    if isinstance(found, Table):
        for sequence in work.catalog.sequences_of(found.oid):
            work.put(replace(sequence, owner=owner))
