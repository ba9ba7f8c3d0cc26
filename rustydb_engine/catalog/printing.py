"""Catalog objects as SQL: what pg_get_indexdef, pg_get_constraintdef and pg_get_viewdef print.

Expressions are kept in the catalog in the form with all parentheses; the pretty form needs the binder, so the caller
gives `expression`, a function from (table, text) to what to print. Names are qualified where the search path does not
find them.

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Constraint, Index, IndexColumn, Sequence, Table
from rustydb_engine.sql.keywords import quote_identifier

ExpressionPrinter = Callable[[Table, str], str]
ACTIONS = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
COLLATIONS = {100: '"default"', 950: '"C"', 951: '"POSIX"', 12340: "ucs_basic", 12341: '"C.utf8"'}


def _as_kept(_table: Table, text: str) -> str:
    return text


def relation_name(catalog: Catalog, table: Table | Index | Sequence, search_path: tuple[str, ...] | None) -> str:
    """Return a relation's name, qualified unless the path finds it; with a path of None always qualified."""
    if search_path is not None and catalog.visible(table, search_path):
        return quote_identifier(table.name)
    return f"{quote_identifier(catalog.schema_name(table.schema))}.{quote_identifier(table.name)}"


def column_list(table: Table, attnums: tuple[int, ...]) -> str:
    """Return `a, b` for columns by number."""
    return ", ".join(quote_identifier(table.columns[attnum - 1].name) for attnum in attnums)


def index_key(table: Table, key: IndexColumn, expression: ExpressionPrinter = _as_kept) -> str:
    """Return a key of an index without its options: a column, a call, or an expression in parentheses."""
    if key.attnum:
        return quote_identifier(table.columns[key.attnum - 1].name)
    text = expression(table, key.expression)
    return text if is_call(text) else f"({text})"


def is_call(text: str) -> bool:
    """Return whether an expression's text is one plain function call, which needs no parentheses around it."""
    head, bracket, rest = text.partition("(")
    if not bracket or not head or not all(part.isidentifier() for part in head.split(".")):
        return False
    depth, quote = 1, ""
    for place, letter in enumerate(rest):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if depth == 0:
                return place == len(rest) - 1
    return False


def index_definition(
    catalog: Catalog,
    index: Index,
    part: int = 0,
    search_path: tuple[str, ...] | None = None,
    expression: ExpressionPrinter = _as_kept,
) -> str:
    """Return the CREATE INDEX statement of an index, or with `part` the key of that number alone ("" past the end)."""
    table = catalog.table(index.table)
    assert table is not None, f"index {index.name} has no table"
    if part:
        if part <= len(index.columns):
            return index_key(table, index.columns[part - 1], expression)
        number = part - len(index.columns) - 1
        return column_list(table, index.include[number : number + 1])
    keys = ", ".join(index_key(table, key, expression) + _key_options(key) for key in index.columns)
    text = (
        f"CREATE {'UNIQUE ' if index.unique else ''}INDEX {quote_identifier(index.name)}"
        f" ON {relation_name(catalog, table, search_path)} USING {quote_identifier(index.method)} ({keys})"
    )
    if index.include:
        text += f" INCLUDE ({column_list(table, index.include)})"
    if index.unique and not index.nulls_distinct:
        text += " NULLS NOT DISTINCT"
    if index.options:
        text += " WITH (" + ", ".join(f"{name}='{setting}'" for name, setting in index.options) + ")"
    if index.where:
        text += f" WHERE {expression(table, index.where)}"
    return text


def _key_options(key: IndexColumn) -> str:
    text = f" COLLATE {COLLATIONS.get(key.collation, '')}" if key.collation else ""
    if key.opclass:
        text += f" {quote_identifier(key.opclass)}"
    if key.descending:
        return text + (" DESC" if key.nulls_first else " DESC NULLS LAST")
    return text + (" NULLS FIRST" if key.nulls_first else "")


def constraint_definition(
    catalog: Catalog,
    constraint: Constraint,
    search_path: tuple[str, ...] = (),
    expression: ExpressionPrinter = _as_kept,
) -> str:
    """Return what follows CONSTRAINT name in the declaration of a constraint."""
    table = catalog.table(constraint.table)
    assert table is not None, f"constraint {constraint.name} has no table"
    if constraint.type == "c":
        text = f"CHECK ({expression(table, constraint.expression)})"
        text += " NO INHERIT" if constraint.no_inherit else ""
    elif constraint.type == "f":
        text = _foreign_definition(catalog, table, constraint, search_path)
    else:
        text = "PRIMARY KEY" if constraint.type == "p" else "UNIQUE"
        index = catalog.get(constraint.index)
        assert isinstance(index, Index), f"constraint {constraint.name} has no index"
        text += "" if index.nulls_distinct else " NULLS NOT DISTINCT"
        text += f" ({column_list(table, constraint.columns)})"
        if index.include:
            text += f" INCLUDE ({column_list(table, index.include)})"
        if index.options:
            text += " WITH (" + ", ".join(f"{name}='{setting}'" for name, setting in index.options) + ")"
    if constraint.deferrable:
        text += " DEFERRABLE"
    if constraint.deferred:
        text += " INITIALLY DEFERRED"
    return text + ("" if constraint.validated else " NOT VALID")


def _foreign_definition(catalog: Catalog, table: Table, constraint: Constraint, search_path: tuple[str, ...]) -> str:
    referenced = catalog.table(constraint.references)
    assert referenced is not None, f"foreign key {constraint.name} has no referenced table"
    text = (
        f"FOREIGN KEY ({column_list(table, constraint.columns)}) REFERENCES "
        f"{relation_name(catalog, referenced, search_path)}({column_list(referenced, constraint.referenced_columns)})"
    )
    text += " MATCH FULL" if constraint.match == "f" else ""
    text += f" ON UPDATE {ACTIONS[constraint.on_update]}" if constraint.on_update in ACTIONS else ""
    if constraint.on_delete in ACTIONS:
        text += f" ON DELETE {ACTIONS[constraint.on_delete]}"
        if constraint.set_columns:
            text += f" ({column_list(table, constraint.set_columns)})"
    return text
