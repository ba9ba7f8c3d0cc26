"""ALTER TABLE actions on columns: ADD, DROP, defaults, NOT NULL, DROP EXPRESSION.

ADD COLUMN writes every row anew, because a row is a tuple with a place for each column. A default that is not
volatile is computed once, and older snapshots see it, too; a volatile one, and a generated column, for each row.

Source: PostgreSQL 15, ATExecAddColumn, ATExecDropColumn, ATExecColumnDefault in tablecmds.c.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.catalog.dependencies import Address
from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.columns import COLUMNS_MAX, SYSTEM_NAMES, changed, plan_column
from rustydb_engine.exec.ddl.constraints import (
    IndexPlan,
    add_check,
    add_index_constraint,
    contains_null,
    plan_indexes,
    set_not_null,
)
from rustydb_engine.exec.ddl.create_table import own_sequences, set_defaults
from rustydb_engine.exec.ddl.drop import remove
from rustydb_engine.exec.ddl.expressions import (
    RowFunction,
    bind_default,
    is_null_constant,
    print_expression,
    row_function,
    without_position,
)
from rustydb_engine.exec.ddl.foreign_keys import add_foreign_key
from rustydb_engine.exec.ddl.rewrite import rewrite
from rustydb_engine.exec.ddl.stored_indexes import Row
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.stored import assign_default, default_expr, stored_expr
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.binder.volatility import volatility


def add_column(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ADD COLUMN, with its constraints."""
    spec = action.column
    assert spec is not None, "ADD COLUMN has a column"
    if table.column(spec.name) is not None:
        message = f'column "{spec.name}" of relation "{table.name}" already exists'
        if not action.if_not_exists:
            raise SqlError("42701", message)
        work.notice(f"{message}, skipping", "42701")
        return
    if len(table.columns) >= COLUMNS_MAX:
        raise SqlError("54011", f"tables can have at most {COLUMNS_MAX} columns")
    schema = work.catalog.schema_by_oid(table.schema)
    assert schema is not None, "a table is in a schema"
    planned, constraints = yield from plan_column(
        work, table.name, schema, spec, len(table.columns) + 1, table.persistence
    )
    indexes = plan_indexes_of(work, table, constraints, planned.column)
    widened = replace(table, columns=(*table.columns, planned.column))
    work.put(widened)
    own_sequences(work, widened, [planned])
    widened = set_defaults(work, widened, [planned])
    column = widened.columns[-1]
    fill, older = _filler(work, widened, column)
    widened = yield from rewrite(work, widened, fill, older)
    for node in constraints:
        if node.kind == "check":
            yield from add_check(work, widened, node)
    for index in indexes:
        widened = yield from add_index_constraint(work, schema, widened, index)
    for node in constraints:
        if node.kind == "foreign":
            yield from add_foreign_key(work, widened, node, check=True)


def plan_indexes_of(
    work: Work, table: Table, constraints: list[ast.Constraint], column: TableColumn
) -> list[IndexPlan]:
    """Return the indexes of a new column's PRIMARY KEY and UNIQUE; 42P16 for a second primary key."""
    keyed = [node for node in constraints if node.kind in ("primary", "unique", "exclude")]
    if any(node.kind == "primary" for node in keyed) and any(
        entry.type == "p" for entry in work.catalog.constraints_of(table.oid)
    ):
        raise SqlError("42P16", f'multiple primary keys for table "{table.name}" are not allowed')
    return plan_indexes(replace(table, columns=(*table.columns, column)), keyed)


def _filler(work: Work, table: Table, column: TableColumn) -> tuple[Callable[[Row], Row], Callable[[Row], Row] | None]:
    """Return the function that adds the new column's value to a row; it raises 23502 for a NULL that may not be.

    The second one adds it to an older version of a row; None when the value is another for each row.
    """
    steady = True
    if column.generated is not None:
        made = assign_default(work.env(), stored_expr(work.catalog, column.generated, table), column, generated=True)
        compute = row_function(work, made)
    else:
        made = default_expr(work.catalog, table, column)
        compute = row_function(work, made)
        steady = volatility(made) != "v"
        if steady:
            compute = _once(compute)
    attnum = column.attnum

    def fill(row: Row) -> Row:
        item = compute((*row, None))
        if item is None and column.not_null:
            raise contains_null(work, table, attnum)
        return (*row, item)

    return fill, (lambda row: (*row, compute((*row, None)))) if steady else None


def _once(compute: RowFunction) -> RowFunction:
    """Return a function that computes its value for the first row and keeps it."""
    kept: list[object] = []

    def keep(row: Row) -> object:
        if not kept:
            kept.append(compute(row))
        return kept[0]

    return keep


def drop_column(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """DROP COLUMN."""
    column = table.column(action.name)
    if column is None:
        if action.name in SYSTEM_NAMES:
            raise SqlError("0A000", f'cannot drop system column "{action.name}"')
        message = f'column "{action.name}" of relation "{table.name}" does not exist'
        if not action.if_exists:
            raise SqlError("42703", message)
        work.notice(f"{message}, skipping")
        return
    yield from remove(work, [Address("column", table.oid, column.attnum)], action.cascade)


def find_column(table: Table, name: str) -> TableColumn:
    """Return a live column; 42703, or 0A000 for a system column."""
    column = table.column(name)
    if column is None:
        if name in SYSTEM_NAMES:
            raise SqlError("0A000", f'cannot alter system column "{name}"')
        raise SqlError("42703", f'column "{name}" of relation "{table.name}" does not exist')
    return column


def put_column(work: Work, table: Table, column: TableColumn) -> Table:
    """Enter a new state of one column and return the table."""
    columns = (*table.columns[: column.attnum - 1], column, *table.columns[column.attnum :])
    made = replace(table, columns=columns)
    work.put(made)
    return made


def _refuse_default(table: Table, column: TableColumn, dropping: bool) -> None:
    where = f'column "{column.name}" of relation "{table.name}"'
    for wrong, words, clause in (
        (bool(column.identity), "an identity column", "IDENTITY"),
        (column.generated is not None, "a generated column", "EXPRESSION"),
    ):
        if wrong:
            hint = f"Use ALTER TABLE ... ALTER COLUMN ... DROP {clause} instead." if dropping else None
            raise SqlError("42601", f"{where} is {words}", hint=hint)


def set_default(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ALTER COLUMN … SET DEFAULT."""
    yield from ()
    column = find_column(table, action.name)
    _refuse_default(table, column, dropping=False)
    assert action.expression is not None, "SET DEFAULT has an expression"
    try:
        made = bind_default(work.env(), table, action.expression, column)
    except SqlError as error:
        raise without_position(error) from None
    text = None if is_null_constant(made) else print_expression(made, table, work.catalog)
    put_column(work, table, changed(column, default=text, sequence=0))


def drop_default(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ALTER COLUMN … DROP DEFAULT."""
    yield from ()
    column = find_column(table, action.name)
    _refuse_default(table, column, dropping=True)
    put_column(work, table, changed(column, default=None, sequence=0))


def set_not_null_action(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ALTER COLUMN … SET NOT NULL; 23502 when a row has a NULL."""
    yield from set_not_null(work, table, [find_column(table, action.name).attnum])


def drop_not_null(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ALTER COLUMN … DROP NOT NULL; 42P16 in a primary key, 42601 for an identity column."""
    yield from ()
    column = find_column(table, action.name)
    if column.identity:
        raise SqlError("42601", f'column "{column.name}" of relation "{table.name}" is an identity column')
    for index in work.catalog.indexes_of(table.oid):
        if index.primary and any(key.attnum == column.attnum for key in index.columns):
            raise SqlError("42P16", f'column "{column.name}" is in a primary key')
    put_column(work, table, changed(column, not_null=False))


def drop_expression(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ALTER COLUMN … DROP EXPRESSION: the values stay."""
    yield from ()
    column = find_column(table, action.name)
    if column.generated is None:
        message = f'column "{column.name}" of relation "{table.name}" is not a stored generated column'
        if not action.if_exists:
            raise SqlError("55000", message)
        work.notice(f"{message}, skipping")
        return
    put_column(work, table, changed(column, generated=None))
