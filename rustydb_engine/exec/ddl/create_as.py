"""CREATE TABLE AS and SELECT INTO: a table made of a query's columns and filled with its rows.

Source: PostgreSQL 15, src/backend/commands/createas.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.columns import refuse_repeated
from rustydb_engine.exec.ddl.create_table import PERSISTENCE, new_table
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.exec.result import CompiledPlan, ResultColumn
from rustydb_engine.exec.waits import Completion
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.entry import bind
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.trees import replace

TAG = "CREATE TABLE AS"


def create_table_as(work: Work, statement: ast.CreateTableAs) -> Waits[str | Completion]:
    """CREATE TABLE … AS query."""
    if statement.materialized:
        raise not_supported("CREATE MATERIALIZED VIEW", place(statement.pos))
    if not isinstance(statement.query, ast.Query):
        raise not_supported("CREATE TABLE AS EXECUTE", place(statement.pos))
    name = statement.name[-1]
    schema = work.creation_schema(statement.name, statement.persistence)
    yield from work.lock_name(schema, name)
    if work.catalog.relation_in(schema.oid, name) is not None:
        if statement.if_not_exists:
            work.notice(f'relation "{name}" already exists, skipping', "42P07")
            return TAG
        work.refuse_taken(schema, name)
    plan = yield from _locked_source(work, statement.query)
    persistence = "t" if schema.name.startswith("pg_temp_") else PERSISTENCE[statement.persistence]
    table = new_table(work, schema, name, _columns(plan.columns, statement.columns), persistence)
    if not statement.with_data:
        return TAG
    count = yield from _fill(work, table, plan)
    return Completion("SELECT", count)


def instead_of_into(statement: ast.AnyStatement) -> ast.AnyStatement:
    """Return the CREATE TABLE AS that a SELECT … INTO means, and any other statement as it is.

    In a chain of UNION and its kin INTO belongs to the first SELECT.
    """
    chain: list[ast.SetOperation] = []
    first = statement
    while isinstance(first, ast.SetOperation):
        chain.append(first)
        first = first.left
    if not isinstance(first, ast.Select) or first.into is None:
        return statement
    query: ast.Query = replace(first, into=None, into_persistence="")
    for outer in reversed(chain):
        query = replace(outer, left=query)
    return ast.CreateTableAs(first.into, query, persistence=first.into_persistence, pos=first.pos)


def compile_source(work: Work, query: ast.Query) -> CompiledPlan:
    """Bind and compile the query whose rows fill the table."""
    from rustydb_engine.exec.compile import compile_query

    return compile_query(bind(query, work.env()), work.catalog, work.database, display=False)


def _locked_source(work: Work, query: ast.Query) -> Waits[CompiledPlan]:
    """Compile the query and lock what it reads; compile it again after a wait, whose holder may have changed that."""
    while True:
        plan = compile_source(work, query)
        waited = False
        for relation, mode in plan.locks:
            for item in work.lock(relation, mode):
                waited = True
                yield item
        if not waited:
            return plan


def _columns(outputs: tuple[ResultColumn, ...], names: tuple[str, ...]) -> list[TableColumn]:
    if len(names) > len(outputs):
        raise SqlError("42601", "too many column names were specified")
    shown = [*names, *(output.name for output in outputs[len(names) :])]
    refuse_repeated(shown)
    made = []
    for number, (name, output) in enumerate(zip(shown, outputs, strict=True), 1):
        if output.type.kind == "p":
            raise SqlError("42P16", f'column "{name}" has pseudo-type {output.type.display}')
        made.append(TableColumn(name, number, output.type, output.typmod))
    return made


def _fill(work: Work, table: Table, plan: CompiledPlan) -> Waits[int]:
    heap = work.database.heap(table.storage)
    context = work.execution_context()
    if plan.instant:
        return heap.insert_many(work.txn, plan.run(context, ()))
    count = 0
    manager, snapshot = work.database.manager, context.snapshot
    manager.hold(snapshot)
    try:
        for item in plan.steps(context, ()):
            if isinstance(item, list):
                count += heap.insert_many(work.txn, item)
                work.database.log_ahead(work.txn)
            else:
                yield item
    finally:
        manager.release(snapshot)
    return count
