"""Which function runs which DDL statement.

`run_ddl(statement, context)` is a generator of waits that returns the command tag, or a `Completion` where the tag
counts rows.

    tag = yield from run_ddl(statement, context)

The session has begun a transaction and may roll it back: everything here can be undone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rustydb_engine.errors import not_supported
from rustydb_engine.exec.ddl.alter_table import alter_table
from rustydb_engine.exec.ddl.comments import comment
from rustydb_engine.exec.ddl.create_as import create_table_as
from rustydb_engine.exec.ddl.create_table import create_table
from rustydb_engine.exec.ddl.drop import drop
from rustydb_engine.exec.ddl.indexes import create_index
from rustydb_engine.exec.ddl.rename import alter_owner, rename, set_schema
from rustydb_engine.exec.ddl.schemas import create_schema
from rustydb_engine.exec.ddl.sequences import alter_sequence, create_sequence
from rustydb_engine.exec.ddl.truncate import truncate
from rustydb_engine.exec.ddl.views import create_view
from rustydb_engine.exec.ddl.work import DdlContext, Waits, Work
from rustydb_engine.exec.waits import Completion
from rustydb_engine.sql import ast

Handler = Callable[[Work, Any], Waits[str | Completion]]


def _create_schema(work: Work, statement: ast.CreateSchema) -> Waits[str | Completion]:
    return (yield from create_schema(work, statement, run_statement))


HANDLERS: dict[type, Handler] = {
    ast.CreateSchema: _create_schema,
    ast.CreateTable: create_table,
    ast.CreateTableAs: create_table_as,
    ast.CreateView: create_view,
    ast.CreateIndex: create_index,
    ast.CreateSequence: create_sequence,
    ast.AlterSequence: alter_sequence,
    ast.AlterTable: alter_table,
    ast.AlterOwner: alter_owner,
    ast.Rename: rename,
    ast.SetSchema: set_schema,
    ast.Drop: drop,
    ast.Truncate: truncate,
    ast.Comment: comment,
}
DDL_STATEMENTS = tuple(HANDLERS)
"""The statements that run_ddl runs. SELECT … INTO is one of them after `instead_of_into` made it CREATE TABLE AS."""


def run_ddl(statement: ast.Statement | ast.Query, context: DdlContext) -> Waits[str | Completion]:
    """Run a DDL statement in the context's transaction; return its command tag."""
    return (yield from run_statement(Work(context), statement))


def run_statement(work: Work, statement: ast.Statement | ast.Query) -> Waits[str | Completion]:
    """Run a DDL statement, perhaps one inside another."""
    handler = HANDLERS.get(type(statement))
    if handler is None:
        raise not_supported(type(statement).__name__)
    return (yield from handler(work, statement))
