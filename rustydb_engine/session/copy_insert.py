"""The insertion side of COPY FROM: batches of rows through a compiled INSERT.

The INSERT is bound like any other, so defaults, constraints, foreign keys and indexes are the executor's; only its source is
special: a function whose rows are the batch at hand. The plan is made once for a COPY and run once for a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.errors import not_supported
from rustydb_engine.exec.compile import compile_query
from rustydb_engine.exec.result import CompiledPlan
from rustydb_engine.exec.waits import Completion, Wait
from rustydb_engine.sql import ast
from rustydb_engine.sql import bound as b
from rustydb_engine.sql.binder import bind
from rustydb_engine.sql.binder.stored import bind_expression
from rustydb_engine.sql.functions.registry import Function
from rustydb_engine.values.types import RECORD

if TYPE_CHECKING:
    from rustydb_engine.session.session import Session

Row = tuple[object, ...]
Inserter = Callable[[list[Row]], Generator[Wait, object, int]]


class Batch:
    """The rows that the source of the INSERT gives."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def give(self) -> list[Row]:
        """Return the rows at hand."""
        return self.rows


def copy_inserter(
    session: Session, table: Table, columns: tuple[TableColumn, ...], where: ast.Node | None
) -> tuple[CompiledPlan, Inserter]:
    """Return the plan of the INSERT, whose locks must be held, and the generator function that inserts a batch.

    Its argument are rows in the order of `columns`; it returns how many of them `where` accepted.
    """
    batch = Batch()
    space = session.space()
    bound = _with_source(_bound(session, table, columns), columns, batch)
    if where is not None:
        env = space.environment(session.query)
        env.start()
        bound = _filtered(bound, bind_expression(where, table, env, "copy"))
    plan = compile_query(bound, space.catalog, session.database)
    context = session.context
    txn = session.transaction()

    def insert(rows: list[Row]) -> Generator[Wait, object, int]:
        batch.rows = rows
        context.start(txn, session.block.statement_time)
        steps: Generator[Any, Any, Completion] = plan.steps(context, ())
        done = yield from steps
        session.database.log_ahead(txn)
        return done.rows

    return plan, insert


def _bound(session: Session, table: Table, columns: tuple[TableColumn, ...]) -> b.InsertQuery:
    """Bind INSERT INTO table (columns) VALUES (NULL, …): it has the defaults of the other columns."""
    space = session.space()
    name = (space.catalog.schema_name(table.schema), table.name)
    nulls = tuple(ast.Literal("null", "") for _ in columns)
    assignments = tuple(ast.Assignment(column.name) for column in columns)
    source: ast.Query = ast.Values((nulls,))
    if not columns:
        raise not_supported("COPY into a table without columns")
    made = bind(ast.Insert(ast.FromTable(name), assignments, source, "system"), space.environment(session.query))
    assert isinstance(made, b.InsertQuery), "an INSERT binds to one"
    return made


def _with_source(bound: b.InsertQuery, columns: tuple[TableColumn, ...], batch: Batch) -> b.InsertQuery:
    """Let the rows come from the batch: a function in FROM that gives records."""
    names = tuple(column.name for column in columns)
    types = tuple(column.type for column in columns)
    given = Function(
        0, "copy_rows", (), RECORD, batch.give, volatility="s", returns_set=True,
        columns=tuple(zip(names, types, strict=True)),
    )  # fmt: skip
    call = b.FuncExpr(given, (), RECORD, returns_set=True)
    entry = b.RangeFunction((call,), "copy", names, types, (len(columns),), (True,))
    values = [b.Var(0, place, column.type, column.typmod, name=column.name) for place, column in enumerate(columns)]
    targets = tuple(b.Target(item, name) for item, name in zip(values, names, strict=True))
    source = b.Query((entry,), (b.FromRef(0),), targets)
    row = list(bound.row)
    for item, column in zip(values, columns, strict=True):
        row[column.attnum - 1] = item
    return replace(bound, source=source, row=tuple(row))


def _filtered(bound: b.InsertQuery, where: b.Expr) -> b.InsertQuery:
    """Insert only the rows that a condition over the table's row accepts; defaults are in the row by then."""
    names = tuple(column.name for column in bound.table.columns)
    inner = replace(
        bound.source, targets=tuple(b.Target(item, name) for item, name in zip(bound.row, names, strict=True))
    )
    row = tuple(
        b.Var(0, place, column.type, column.typmod, name=column.name)
        for place, column in enumerate(bound.table.columns)
    )
    targets = tuple(b.Target(item, name) for item, name in zip(row, names, strict=True))
    source = b.Query((b.RangeQuery(inner, "copy", names),), (b.FromRef(0),), targets, where=where)
    return replace(bound, source=source, row=row)
