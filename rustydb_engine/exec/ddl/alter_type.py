"""ALTER COLUMN … TYPE: rows are converted into a new heap, and whatever uses the column is bound again.

CHECKs, index expressions and foreign keys over the column are made anew from their texts, as PostgreSQL does, so they
fail where they no longer make sense. Views and generated columns over it are refused.

Source: PostgreSQL 15, ATPrepAlterColumnType, ATExecAlterColumnType in src/backend/commands/tablecmds.c.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from rustydb_engine.catalog.dependencies import index_columns
from rustydb_engine.catalog.objects import Sequence, Table, TableColumn
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.alter_columns import find_column, put_column
from rustydb_engine.exec.ddl.columns import changed, column_collation
from rustydb_engine.exec.ddl.constraints import check_rows
from rustydb_engine.exec.ddl.expressions import (
    bind_for,
    columns_used,
    parse_text,
    print_expression,
    resolve_column_type,
    row_function,
    without_position,
)
from rustydb_engine.exec.ddl.foreign_keys import check_references, check_types
from rustydb_engine.exec.ddl.rewrite import rewrite
from rustydb_engine.exec.ddl.sequences import sequence_from_options
from rustydb_engine.exec.ddl.stored_indexes import Row
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import ASSIGNMENT, coerce_to_target
from rustydb_engine.sql.binder.stored import assign_default, stored_expr
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.bound import Expr, Var
from rustydb_engine.sql.keywords import quote_identifier
from rustydb_engine.values.types import INT2, INT4, INT8, Type
from rustydb_engine.values.typmods import format_type
from rustydb_proto.core.value import value


@value
class Change:
    """One column on its way to another type: as it was, as it will be, and the new value over the old row."""

    old: TableColumn
    fresh: TableColumn
    convert: Expr


def alter_types(work: Work, table: Table, actions: SequenceOf[ast.AlterAction]) -> Waits[None]:
    """ALTER COLUMN … TYPE for one or more columns: constraints over several of them see all new types at once."""
    changes = [_plan(work, table, action) for action in actions]
    attnums = {change.old.attnum for change in changes}
    made = table
    for change in changes:
        made = put_column(work, made, change.fresh)
        _retype_sequence(work, change.old, change.fresh.type)
    try:
        _rebind(work, made, attnums)
    except SqlError as error:
        raise without_position(error) from None
    computes = [(change.old.attnum - 1, row_function(work, change.convert)) for change in changes]

    def convert(row: Row) -> Row:
        fresh = list(row)
        for place, compute in computes:
            fresh[place] = compute(row)
        return tuple(fresh)

    made = yield from rewrite(work, made, convert)
    yield from _check_again(work, made, attnums)


def _plan(work: Work, table: Table, action: ast.AlterAction) -> Change:
    column = find_column(table, action.name)
    spec, written = action.column, action.type
    assert spec is not None and written is not None, "TYPE has a type"
    if column.generated is not None and action.expression is not None:
        raise SqlError(
            "42611",
            "cannot specify USING when altering type of generated column",
            detail=f'Column "{column.name}" is a generated column.',
        )
    try:
        kind, typmod = resolve_column_type(work.env(), written, column.name)
    except SqlError as error:
        raise without_position(error) from None
    if column.identity and kind not in (INT2, INT4, INT8):
        raise SqlError("22023", "identity column type must be smallint, integer, or bigint")
    made = _conversion(work, table, column, action.expression, kind, typmod)
    _refuse_users(work, table, column)
    fresh = changed(column, type=kind, typmod=typmod, collation=column_collation(work, spec, kind))
    return Change(column, _with_default(work, table, column, fresh), made)


def _conversion(work: Work, table: Table, column: TableColumn, node: ast.Node | None, kind: Type, typmod: int) -> Expr:
    """Return the expression over the old row that gives the new value; 42804 when there is no way."""
    env = work.env()
    if column.generated is not None:
        retyped = changed(column, type=kind, typmod=typmod)
        return assign_default(env, stored_expr(work.catalog, column.generated, table), retyped, generated=True)
    if node is not None:
        made: Expr = bind_for(env, table, node, "using")
    else:
        made = Var(0, column.attnum - 1, column.type, column.typmod, name=column.name)
    coerced = coerce_to_target(env, made, kind, typmod, ASSIGNMENT)
    if coerced is not None:
        return coerced
    shown = kind.display
    if node is not None:
        raise SqlError(
            "42804",
            f'result of USING clause for column "{column.name}" cannot be cast automatically to type {shown}',
            hint="You might need to add an explicit cast.",
        )
    raise SqlError(
        "42804",
        f'column "{column.name}" cannot be cast automatically to type {shown}',
        hint=f'You might need to specify "USING {quote_identifier(column.name)}::{format_type(kind, typmod)}".',
    )


def _refuse_users(work: Work, table: Table, column: TableColumn) -> None:
    """Raise 0A000 for views and generated columns that use the column."""
    for other in table.live():
        if other.generated is not None and other.attnum != column.attnum:
            if column.attnum in columns_used(stored_expr(work.catalog, other.generated, table)):
                raise SqlError(
                    "0A000",
                    "cannot alter type of a column used by a generated column",
                    detail=f'Column "{column.name}" is used by generated column "{other.name}".',
                )
    for view in work.catalog.objects("view"):
        assert isinstance(view, Table)
        if (table.oid, column.attnum) in view.depends:
            raise SqlError(
                "0A000",
                "cannot alter type of a column used by a view or rule",
                detail=f'rule _RETURN on view {quote_identifier(view.name)} depends on column "{column.name}"',
            )


def _with_default(work: Work, table: Table, old: TableColumn, fresh: TableColumn) -> TableColumn:
    """Return the column with its default coerced to the new type; 42804 when there is no way."""
    if old.generated is not None:
        made = assign_default(work.env(), stored_expr(work.catalog, old.generated, table), fresh, generated=True)
        return changed(fresh, generated=print_expression(made, table, work.catalog))
    if old.default is None:
        return fresh
    bound = stored_expr(work.catalog, old.default, None)
    coerced = coerce_to_target(work.env(), bound, fresh.type, fresh.typmod, ASSIGNMENT)
    if coerced is None:
        raise SqlError(
            "42804",
            f'default for column "{old.name}" cannot be cast automatically to type {fresh.type.display}',
        )
    return changed(fresh, default=print_expression(coerced, table, work.catalog))


def _retype_sequence(work: Work, column: TableColumn, kind: Type) -> None:
    if column.identity:
        sequence = work.catalog.get(column.sequence)
        assert isinstance(sequence, Sequence), "an identity column has a sequence"
        option = ast.Option("as", ast.TypeName((kind.name,)))
        work.put(sequence_from_options(sequence, [option], fresh=False))


def _rebind(work: Work, table: Table, attnums: set[int]) -> None:
    """Bind the texts over the columns against their new types, and print them again."""
    for entry in work.catalog.constraints_of(table.oid):
        if entry.type == "c" and attnums.intersection(entry.columns):
            made = bind_for(work.env(), table, parse_text(entry.expression), "check")
            work.put(replace(entry, expression=print_expression(made, table, work.catalog)))
        elif entry.type == "f" and attnums.intersection(entry.columns):
            found = work.catalog.table(entry.references)
            assert found is not None, f"foreign key {entry.name} has a referenced table"
            check_types(entry.name, table, entry.columns, found, entry.referenced_columns)
    for entry in work.catalog.referencing(table.oid):
        if attnums.intersection(entry.referenced_columns):
            own = work.catalog.table(entry.table)
            assert own is not None, f"foreign key {entry.name} has a table"
            check_types(entry.name, own, entry.columns, table, entry.referenced_columns)
    for index in work.catalog.indexes_of(table.oid):
        if not attnums.intersection(index_columns(index, table)):
            continue
        keys = []
        for key in index.columns:
            if not key.attnum:
                made = bind_for(work.env(), table, parse_text(key.expression), "index")
                key = replace(key, expression=print_expression(made, table, work.catalog), type_oid=made.type.oid)
            keys.append(key)
        where = index.where
        if where:
            where = print_expression(
                bind_for(work.env(), table, parse_text(where), "predicate"), table, work.catalog
            )  # fmt: skip
        work.put(replace(index, columns=tuple(keys), where=where))


def _check_again(work: Work, table: Table, attnums: set[int]) -> Waits[None]:
    """Check the converted rows against the constraints over the columns."""
    for entry in work.catalog.constraints_of(table.oid):
        if not attnums.intersection(entry.columns) or not entry.validated:
            continue
        if entry.type == "c":
            yield from check_rows(work, table, entry, stored_expr(work.catalog, entry.expression, table))
        elif entry.type == "f":
            found = work.catalog.table(entry.references)
            assert found is not None, f"foreign key {entry.name} has a referenced table"
            yield from check_references(work, table, found, entry)
    for entry in work.catalog.referencing(table.oid):
        own = work.catalog.table(entry.table)
        if attnums.intersection(entry.referenced_columns) and entry.validated and own is not None:
            yield from check_references(work, own, table, entry)
