"""Catalog objects as SQL text for pg_get_viewdef, pg_get_indexdef, pg_get_constraintdef and pg_get_expr.

The catalog's texts are bound and printed again, with names qualified only where the reader's search path needs it,
and in the pretty form without redundant parentheses.

    definition(catalog, "constraintdef", oid, 0, True, ("public",))      CHECK (a > 0)

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Constraint, Index, Table
from rustydb_engine.catalog.printing import constraint_definition, index_definition
from rustydb_engine.catalog.system_tables.relations import system_constraint_definition, system_index_definition
from rustydb_engine.exec.ddl.views import bind_view
from rustydb_engine.sql.binder.stored import stored_expr


def definition(
    catalog: Catalog, kind: str, oid: int, part: int, pretty: bool, search_path: tuple[str, ...]
) -> str | None:
    """Return the SQL of an object: kind viewdef, indexdef (`part`: one key), constraintdef; None when there is none."""
    entry = catalog.get(oid)
    if entry is None and kind == "indexdef":
        return system_index_definition(catalog, oid, part, qualified=not pretty)
    if entry is None and kind == "constraintdef":
        return system_constraint_definition(catalog, oid)

    def printed(table: Table, text: str) -> str:
        return expression(catalog, text, table, pretty, search_path)

    if kind == "viewdef" and isinstance(entry, Table) and entry.kind == "view":
        from rustydb_engine.sql.deparse import deparse_query

        return deparse_query(bind_view(catalog, entry), catalog, search_path, pretty=pretty) + ";"
    if kind == "indexdef" and isinstance(entry, Index):
        # The pretty form leaves the schema away where the path finds the table; the other never does.
        return index_definition(catalog, entry, part, search_path if pretty else None, printed)
    if kind == "constraintdef" and isinstance(entry, Constraint):
        return constraint_definition(catalog, entry, search_path, printed)
    return None


def expression(catalog: Catalog, text: str, table: Table | None, pretty: bool, search_path: tuple[str, ...]) -> str:
    """Return an expression of the catalog for a reader with this search path (pg_get_expr)."""
    if not pretty and "regclass" not in text:
        return text
    from rustydb_engine.sql.deparse import deparse_expression

    return deparse_expression(stored_expr(catalog, text, table), table, catalog, search_path, pretty=pretty)


def expression_text(catalog: Catalog, text: str, relation: int, pretty: bool, search_path: tuple[str, ...]) -> str:
    """Return what pg_get_expr returns for a text of pg_attrdef, pg_index or pg_constraint."""
    return expression(catalog, text, catalog.table(relation), pretty, search_path)
