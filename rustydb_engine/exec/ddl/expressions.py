"""Expressions in table definitions: bound against a table's columns, printed as canonical text, computed for rows.

The binder checks what each purpose allows (sql/binder/stored.py). The catalog keeps text with every name qualified;
when a name in it changes, it is bound with the catalog as it was and printed with the names as they are (reprint.py).

    bound = bind_expression(node, table, work.env(), "check")
    text = print_expression(bound, table, work.catalog)          (a > 0)
    compute = row_function(work, bound)                          compute(row) -> object

Source: PostgreSQL 15, cookDefault, cookConstraint in src/backend/catalog/heap.c.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import BindEnv
from rustydb_engine.sql.binder.stored import assign_default, bind_expression
from rustydb_engine.sql.binder.trees import walk
from rustydb_engine.sql.binder.typenames import resolve_type
from rustydb_engine.sql.bound import Const, Expr, Var
from rustydb_engine.sql.parser import parse_expression
from rustydb_engine.values.types import UNKNOWN, Type

if TYPE_CHECKING:
    from rustydb_engine.exec.ddl.work import Work

RowFunction = Callable[[tuple[object, ...]], object]


def bind_default(env: BindEnv, table: Table, node: ast.Node, column: TableColumn, generated: bool = False) -> Expr:
    """Bind a column's default or generation expression, coerced to the column's type.

    Errors: 42804 for the wrong type, 0A000, 42P10 and 42P17 for what may not be in one.
    """
    env.start()
    made = bind_expression(node, table, env, "generated" if generated else "default")
    try:
        return assign_default(env, made, column, generated)
    except SqlError as error:
        raise (without_position(error) if error.sqlstate == "42804" else error) from None


def without_position(error: SqlError) -> SqlError:
    """Return an error that points nowhere: PostgreSQL does not say where in a text that it did not get from the client."""
    error.position = None
    return error


def bind_for(env: BindEnv, table: Table, node: ast.Node, kind: str) -> Expr:
    """Bind an expression over a table's row, Var(0, …); `kind` as in `bind_expression`."""
    env.start()
    return bind_expression(node, table, env, kind)


def columns_used(made: Expr) -> tuple[int, ...]:
    """Return the attnums of the columns that an expression over one table uses, ascending; 0 for the whole row."""
    return tuple(sorted({expr.column + 1 for expr, _ in walk(made) if isinstance(expr, Var) and expr.column >= -1}))


def is_null_constant(made: Expr) -> bool:
    """Return whether an expression is a bare NULL, which as a default means none."""
    return isinstance(made, Const) and made.value is None


def print_expression(made: Expr, table: Table | None, catalog: Catalog) -> str:
    """Return the canonical text of a bound expression over `table`, with every name qualified."""
    from rustydb_engine.sql.deparse import deparse_expression

    return deparse_expression(made, table, catalog, ())


def parse_text(text: str) -> ast.Node:
    """Parse an expression that the catalog keeps."""
    return parse_expression(text)


def resolve_column_type(env: BindEnv, name: ast.TypeName, column: str) -> tuple[Type, int]:
    """Return the type of a column; 42P16 for a pseudo-type."""
    kind, typmod = resolve_type(env, name)
    if kind.kind == "p" or kind is UNKNOWN:
        raise SqlError("42P16", f'column "{column}" has pseudo-type {kind.display}')
    return kind, typmod


def compile_row(made: Expr) -> RowFunction:
    """Compile an immutable expression over a table's row, Var(0, …), into a function of the row."""
    from rustydb_engine.exec.compile import compile_expression

    compute = compile_expression(made)
    return lambda row: compute(None, row)


def row_function(work: Work, made: Expr) -> RowFunction:
    """Compile an expression over a table's row, Var(0, …), that may use the statement's context."""
    from rustydb_engine.exec.compile import compile_expression

    compute, context = compile_expression(made), work.context
    return lambda row: compute(context, row)
