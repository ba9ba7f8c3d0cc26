"""Bound trees back to SQL, in the words and the layout of PostgreSQL.

`deparse_expression` prints what pg_get_expr prints, `deparse_query` what pg_get_viewdef does. The catalog stores the
text that an empty search path gives: every name that is not of pg_catalog is qualified, and binding the text
again gives the same tree, whatever the session's settings are.

    deparse_expression(bound, table, catalog, ())         (price > (0)::numeric)

`pretty` leaves out the parentheses that are not needed, as pg_get_viewdef(oid, true) does.

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql.bound import Expr, Query, RangeTable
from rustydb_engine.sql.deparse_constants import quote_literal
from rustydb_engine.sql.deparse_context import Frame, Printer
from rustydb_engine.sql.deparse_expressions import write
from rustydb_engine.sql.deparse_queries import query_text

__all__ = ["deparse_expression", "deparse_query", "quote_literal"]


def deparse_expression(
    expr: Expr, table: Table | None, catalog: Catalog, search_path: tuple[str, ...], pretty: bool = False
) -> str:
    """Return an expression over a table's row, Var(0, column), as text; `table` gives the names of the columns."""
    frames: tuple[Frame, ...] = ()
    if table is not None:
        columns = {place: column.name for place, column in enumerate(table.columns)}
        entry = RangeTable(table, table.name, tuple(column.name for column in table.live()))
        frames = (Frame((entry,), [table.name], [columns], [()]),)
    printer = Printer(catalog, search_path, pretty, False, frames)
    write(printer, expr)
    return printer.take()


def deparse_query(query: Query, catalog: Catalog, search_path: tuple[str, ...], pretty: bool = False) -> str:
    """Return a query as text, without a semicolon."""
    names = tuple(target.name for target in query.targets if not target.junk)
    return query_text(Printer(catalog, search_path, pretty), query, names=names)
