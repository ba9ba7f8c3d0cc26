"""Constraints: CHECK, PRIMARY KEY and UNIQUE, of new tables and of tables with rows.

Each function takes the constraint as written and the table as the catalog has it, enters what is made, and checks the
rows that are there already. Foreign keys are in foreign_keys.py.

Source: PostgreSQL 15, transformIndexConstraint (parse_utilcmd.c), AddRelationNewConstraints (heap.c).
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

from rustydb_engine.catalog.names import constraint_name
from rustydb_engine.catalog.objects import Constraint, Index, IndexColumn, Schema, Table
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.columns import changed
from rustydb_engine.exec.ddl.expressions import bind_for, columns_used, print_expression, row_function
from rustydb_engine.exec.ddl.indexes import add_index, choose_index_name, index_options
from rustydb_engine.exec.ddl.stored_indexes import Row, scan
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.bound import Expr


@dataclass(slots=True)
class IndexPlan:
    """An index that a PRIMARY KEY or UNIQUE constraint will get."""

    name: str
    primary: bool
    columns: tuple[int, ...]
    include: tuple[int, ...]
    nulls_distinct: bool
    deferrable: bool
    deferred: bool
    options: tuple[tuple[str, str], ...]


def plan_indexes(table: Table, nodes: SequenceOf[ast.Constraint]) -> list[IndexPlan]:
    """Return the indexes for a new table's constraints, the primary key first; what says the same is made once.

    Errors: 42P16 for two primary keys, 42703 and 42701 for wrong columns.
    """
    plans: list[IndexPlan] = []
    for node in nodes:
        made = plan_index(table, node)
        if made.primary and any(plan.primary for plan in plans):
            raise SqlError(
                "42P16", f'multiple primary keys for table "{table.name}" are not allowed', position=place(node.pos)
            )
        plans.append(made)
    plans.sort(key=lambda plan: not plan.primary)
    kept: list[IndexPlan] = []
    for plan in plans:
        same = next((other for other in kept if _same(other, plan)), None)
        if same is None:
            kept.append(plan)
        elif not same.name:
            same.name = plan.name
    return kept


def _same(one: IndexPlan, other: IndexPlan) -> bool:
    return (one.columns, one.include, one.nulls_distinct, one.deferrable, one.deferred) == (
        other.columns, other.include, other.nulls_distinct, other.deferrable, other.deferred,
    )  # fmt: skip


def plan_index(table: Table, node: ast.Constraint) -> IndexPlan:
    """Return the index for one PRIMARY KEY or UNIQUE constraint."""
    if node.kind == "exclude":
        raise not_supported("EXCLUDE", place(node.pos))
    primary = node.kind == "primary"
    what = "primary key" if primary else "unique"
    columns: list[int] = []
    for name in node.columns:
        attnum = _attnum(table, name, node)
        if attnum in columns:
            raise SqlError("42701", f'column "{name}" appears twice in {what} constraint', position=place(node.pos))
        columns.append(attnum)
    include = tuple(_attnum(table, name, node) for name in node.include)
    return IndexPlan(
        node.name, primary, tuple(columns), include, node.nulls_distinct, node.deferrable or node.deferred,
        node.deferred, index_options(node.options),
    )  # fmt: skip


def _attnum(table: Table, name: str, node: ast.Constraint) -> int:
    column = table.column(name)
    if column is None:
        raise SqlError("42703", f'column "{name}" named in key does not exist', position=place(node.pos))
    return column.attnum


def add_index_constraint(work: Work, schema: Schema, table: Table, plan: IndexPlan) -> Waits[Table]:
    """Make the index and the constraint; a primary key makes its columns NOT NULL. Return the table as it is then."""
    keys = tuple(IndexColumn(attnum) for attnum in plan.columns)
    for key in keys:
        # Only the type's default operator class orders and compares keys of a constraint.
        require_ordered(table, key.attnum)
    if plan.primary:
        table = yield from set_not_null(work, table, plan.columns)
    name = plan.name or choose_index_name(work, table, keys, plan.include, "pkey" if plan.primary else "key")
    work.refuse_taken(schema, name)
    refuse_named(work, table, name)
    what = ("ADD " if work.altering else "") + ("PRIMARY KEY" if plan.primary else "UNIQUE")
    work.debug(f'/ {what} will create implicit index "{name}" for table "{table.name}"')
    index = Index(
        work.new_oid(), name, schema.oid, table.oid, keys, unique=True, primary=plan.primary, include=plan.include,
        nulls_distinct=plan.nulls_distinct, storage=work.new_oid(), options=plan.options,
    )  # fmt: skip
    yield from add_index(work, schema, table, index)
    work.put(
        Constraint(
            work.new_oid(),
            name,
            schema.oid,
            table.oid,
            "p" if plan.primary else "u",
            plan.columns,
            index=index.oid,
            deferrable=plan.deferrable,
            deferred=plan.deferred,
        )
    )
    return table


def require_ordered(table: Table, attnum: int) -> None:
    """Raise 42704 when a column's type has no btree order."""
    from rustydb_engine.catalog.system_tables.relations import default_class

    kind = table.columns[attnum - 1].type
    if not default_class(kind.oid, "btree"):
        raise SqlError(
            "42704",
            f'data type {kind.display} has no default operator class for access method "btree"',
            hint="You must specify an operator class for the index or define a default operator class for the data"
            " type.",
        )


def set_not_null(work: Work, table: Table, attnums: SequenceOf[int]) -> Waits[Table]:
    """Make columns NOT NULL and return the table; 23502 when a row has a NULL there."""
    fresh = [attnum for attnum in attnums if not table.columns[attnum - 1].not_null]
    if not fresh:
        return table
    yield from check_not_null(work, table, fresh)
    columns = tuple(changed(column, not_null=True) if column.attnum in fresh else column for column in table.columns)
    made = replace(table, columns=columns)
    work.put(made)
    return made


def check_not_null(work: Work, table: Table, attnums: SequenceOf[int]) -> Waits[None]:
    """Raise 23502 when a row has a NULL in one of the columns."""

    def check(row: Row) -> None:
        for attnum in attnums:
            if row[attnum - 1] is None:
                raise contains_null(work, table, attnum)

    yield from scan(work, table, check)


def contains_null(work: Work, table: Table, attnum: int) -> SqlError:
    """Return 23502 for a column that is to be NOT NULL and is not."""
    name = table.columns[attnum - 1].name
    return SqlError(
        "23502", f'column "{name}" of relation "{table.name}" contains null values',
        schema=work.catalog.schema_name(table.schema), table=table.name, column=name,
    )  # fmt: skip


def refuse_named(work: Work, table: Table, name: str) -> None:
    """Raise 42710 when the table has a constraint of this name."""
    if any(entry.name == name for entry in work.catalog.constraints_of(table.oid)):
        raise SqlError("42710", f'constraint "{name}" for relation "{table.name}" already exists')


def add_check(work: Work, table: Table, node: ast.Constraint, creating: bool = False) -> Waits[None]:
    """Enter a CHECK constraint and check the rows that are there; 23514, 42710."""
    assert node.expression is not None, "a check has an expression"
    made = bind_for(work.env(), table, node.expression, "check")
    used = tuple(attnum for attnum in columns_used(made) if attnum)
    name = node.name
    if name:
        if any(entry.name == name for entry in work.catalog.constraints_of(table.oid)):
            if creating:
                raise SqlError("42710", f'check constraint "{name}" already exists')
            refuse_named(work, table, name)
    else:
        column = table.columns[used[0] - 1].name if len(used) == 1 else ""
        name = constraint_name(work.catalog, table.name, column, "check", table.schema)
    entry = Constraint(
        work.new_oid(), name, table.schema, table.oid, "c", used,
        expression=print_expression(made, table, work.catalog), validated=not node.not_valid,
        no_inherit=node.no_inherit,
    )  # fmt: skip
    work.put(entry)
    if not creating and not node.not_valid:
        yield from check_rows(work, table, entry, made)


def check_rows(work: Work, table: Table, entry: Constraint, made: Expr, *, committed: bool = False) -> Waits[None]:
    """Raise 23514 when a row breaks a CHECK constraint; `committed` as in `scan`."""
    compute = row_function(work, made)

    def check(row: Row) -> None:
        if compute(row) is False:
            raise SqlError(
                "23514",
                f'check constraint "{entry.name}" of relation "{table.name}" is violated by some row',
                schema=work.catalog.schema_name(table.schema),
                table=table.name,
                constraint=entry.name,
            )

    yield from scan(work, table, check, committed=committed)
