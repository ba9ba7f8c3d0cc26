"""COMMENT ON: one record for each commented object; a comment of NULL removes it.

Functions, types, operators and casts of the server itself may be commented on as in PostgreSQL; such comments go to
pg_description.

Source: PostgreSQL 15, src/backend/commands/comment.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Comment, Index, Table
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.rename import find_constraint
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.txn.locks import SHARE_UPDATE_EXCLUSIVE
from rustydb_engine.values.types import BY_NAME

PG_CLASS, PG_CONSTRAINT, PG_NAMESPACE, PG_TYPE, PG_DATABASE, PG_AUTHID = 1259, 2606, 2615, 1247, 1262, 1260
DATABASE_OID = 5
RELATIONS = ("table", "view", "index", "sequence", "materialized view", "foreign table")
ABSENT = ("extension", "domain", "trigger", "rule", "policy", "publication", "subscription", "statistics",
          "event trigger", "server", "foreign data wrapper")  # fmt: skip


def comment(work: Work, statement: ast.Comment) -> Waits[str]:
    """COMMENT ON."""
    target = yield from _target(work, statement)
    if target is not None:
        yield from work.lock(target[1], SHARE_UPDATE_EXCLUSIVE)
        set_comment(work, *target, statement.text)
    return "COMMENT"


def set_comment(work: Work, class_oid: int, object_oid: int, part: int, text: str | None) -> None:
    """Set, change or (None, "") remove the comment on an object."""
    old = work.catalog.comment(class_oid, object_oid, part)
    if not text:
        if old is not None:
            work.catalog.drop(old.oid)
    elif old is not None:
        work.put(replace(old, text=text))
    else:
        work.put(Comment(work.new_oid(), class_oid, object_oid, part, text))


def _target(work: Work, statement: ast.Comment) -> Waits[tuple[int, int, int] | None]:
    """Return (class, object, part) of what is commented on; None when a warning says that it is not there."""
    kind, name = statement.kind, statement.name
    if kind in RELATIONS:
        found = yield from work.lock_relation(name, SHARE_UPDATE_EXCLUSIVE)
        assert found is not None, "a missing relation was an error"
        actual = "table" if found.kind == "virtual" else found.kind
        if actual != kind:
            raise SqlError("42809", f'"{found.name}" is not {"an" if kind == "index" else "a"} {kind}')
        return PG_CLASS, found.oid, 0
    if kind == "column":
        return (yield from _column(work, statement))
    if kind == "constraint":
        owner = yield from work.lock_relation(statement.on, SHARE_UPDATE_EXCLUSIVE)
        entry = find_constraint(work, owner, name[-1]) if isinstance(owner, Table) else None
        if entry is None:
            shown = owner.name if owner is not None else ""
            raise SqlError("42704", f'constraint "{name[-1]}" for table "{shown}" does not exist')
        return PG_CONSTRAINT, entry.oid, 0
    return _without_lock(work, statement)


def _column(work: Work, statement: ast.Comment) -> Waits[tuple[int, int, int]]:
    if len(statement.name) < 2:
        raise SqlError("42601", "column name must be qualified")
    found = yield from work.lock_relation(statement.name[:-1], SHARE_UPDATE_EXCLUSIVE)
    if not isinstance(found, Table):
        plural = "indexes" if isinstance(found, Index) else "sequences"
        raise SqlError(
            "42809",
            f'cannot set comment on relation "{found.name if found else ""}"',
            detail=f"This operation is not supported for {plural}.",
        )
    column = found.column(statement.name[-1])
    if column is None:
        raise SqlError("42703", f'column "{statement.name[-1]}" of relation "{found.name}" does not exist')
    return PG_CLASS, found.oid, column.attnum


def _without_lock(work: Work, statement: ast.Comment) -> tuple[int, int, int] | None:
    kind, name = statement.kind, statement.name[-1]
    if kind == "schema":
        schema = work.catalog.schema(name)
        if schema is None:
            raise SqlError("3F000", f'schema "{name}" does not exist')
        return PG_NAMESPACE, schema.oid, 0
    if kind == "database":
        if name != work.catalog.database_name:
            work.warning(f'database "{name}" does not exist', "3D000")
            return None
        return PG_DATABASE, DATABASE_OID, 0
    if kind == "role":
        role = work.catalog.role(name)
        if role is None:
            raise SqlError("42704", f'role "{name}" does not exist')
        return PG_AUTHID, role.oid, 0
    if kind == "type":
        found = BY_NAME.get(name)
        if found is None:
            raise SqlError("42704", f'type "{name}" does not exist')
        return PG_TYPE, found.oid, 0
    if kind in ABSENT:
        raise SqlError("42704", f'{kind} "{name}" does not exist')
    raise not_supported(f"COMMENT ON {kind.upper()}", place(statement.pos))
