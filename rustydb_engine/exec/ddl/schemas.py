"""CREATE SCHEMA, with the statements that make its first objects.

Source: PostgreSQL 15, src/backend/commands/schemacmds.c.
"""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from rustydb_engine.catalog.objects import Schema
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.txn.locks import ACCESS_EXCLUSIVE

RunElement = Callable[[Work, ast.Statement], Waits[object]]


def create_schema(work: Work, statement: ast.CreateSchema, run: RunElement) -> Waits[str]:
    """CREATE SCHEMA; `run` runs the statements inside it. 42P06 when it exists, 42939 for a reserved name."""
    owner = owner_oid(work, statement.owner) if statement.owner else None
    name = statement.name or statement.owner
    if name in ("current_user", "session_user", "current_role"):
        name = work.context.user
    refuse_reserved(name)
    yield from lock_schema_name(work, name)
    if work.catalog.schema(name) is not None:
        if statement.if_not_exists:
            work.notice(f'schema "{name}" already exists, skipping', "42P06")
            return "CREATE SCHEMA"
        raise SqlError("42P06", f'schema "{name}" already exists')
    work.put(Schema(work.new_oid(), name) if owner is None else Schema(work.new_oid(), name, owner))
    before = work.search_path
    work.search_path = (name, *before)
    for element in statement.elements:
        yield from run(work, _inside(element, name))
    work.search_path = before
    return "CREATE SCHEMA"


def lock_schema_name(work: Work, name: str) -> Waits[None]:
    """Lock the name of a schema that is about to be made."""
    yield from work.lock(-1 - crc32(f"schema {name}".encode()), ACCESS_EXCLUSIVE)


def _inside(element: ast.Statement, schema: str) -> ast.Statement:
    """Return the statement with its object in the schema; 42P15 when it names another."""
    if not isinstance(element, ast.CreateTable | ast.CreateView | ast.CreateSequence | ast.CreateIndex):
        raise not_supported("this element of CREATE SCHEMA")
    if isinstance(element, ast.CreateIndex):
        return element
    if len(element.name) > 1 and element.name[-2] != schema:
        raise SqlError(
            "42P15",
            f"CREATE specifies a schema ({element.name[-2]}) different from the one being created ({schema})",
            position=place(element.pos),
        )
    return replace(element, name=(schema, element.name[-1]))


def refuse_reserved(name: str) -> None:
    """Raise 42939 for a name that begins with pg_."""
    if name.startswith("pg_"):
        raise SqlError(
            "42939",
            f'unacceptable schema name "{name}"',
            detail='The prefix "pg_" is reserved for system schemas.',
        )


def owner_oid(work: Work, name: str) -> int:
    """Return the OID of the role that OWNER TO names; 42704."""
    if name in ("current_user", "session_user", "current_role"):
        name = work.context.user
    role = work.catalog.role(name)
    if role is None:
        raise SqlError("42704", f'role "{name}" does not exist')
    return role.oid
