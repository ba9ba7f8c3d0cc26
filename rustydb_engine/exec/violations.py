"""Errors of constraints, with PostgreSQL's messages, details and fields.

`TableInfo` is what the messages need to know of a table; generated code holds one for each table it changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import BYTEA, Type

if TYPE_CHECKING:
    from rustydb_engine.catalog.catalog import Catalog

FIELD_MAX = 64
"""Longer values are cut in messages about a row, as PostgreSQL's ExecBuildSlotValueDescription does."""

Row = tuple[object, ...]


class TableInfo:
    """A table's names and types, for messages."""

    def __init__(self, table: Table, catalog: Catalog) -> None:
        self.table = table
        self.schema = catalog.schema_name(table.schema)
        self.name = table.name

    def row(self, row: Row, forms: Forms) -> str:
        """Return the values of a row as messages show them."""
        shown = [
            value_text(column.type, item, forms, FIELD_MAX)
            for column, item in zip(self.table.columns, row, strict=True)
            if not column.dropped
        ]
        return f"({', '.join(shown)})"

    def failing(self, row: Row, forms: Forms) -> str:
        """Return the detail about a row that breaks a constraint."""
        return f"Failing row contains {self.row(row, forms)}."


def value_text(kind: Type, item: object, forms: Forms, most: int = 0) -> str:
    """Return a value as text, `null` for NULL; cut to `most` characters when that is given."""
    if item is None:
        return "null"
    text = io_of(kind).output(item, forms)
    if most and len(text) > most and kind is not BYTEA:
        return text[:most] + "..."
    return text


def not_null_violation(info: TableInfo, column: str, row: Row, forms: Forms) -> SqlError:
    """Return the error of a NULL where none may be (23502)."""
    return SqlError(
        "23502", f'null value in column "{column}" of relation "{info.name}" violates not-null constraint',
        detail=info.failing(row, forms), schema=info.schema, table=info.name, column=column,
    )  # fmt: skip


def check_violation(info: TableInfo, constraint: str, row: Row, forms: Forms) -> SqlError:
    """Return the error of a CHECK constraint that is false (23514)."""
    return SqlError(
        "23514", f'new row for relation "{info.name}" violates check constraint "{constraint}"',
        detail=info.failing(row, forms), schema=info.schema, table=info.name, constraint=constraint,
    )  # fmt: skip


class UniqueInfo:
    """A unique index as messages show it: the columns or expressions of its key, and how to print them."""

    def __init__(self, info: TableInfo, index: Index, labels: tuple[str, ...], types: tuple[Type, ...]) -> None:
        self.info = info
        self.index = index
        self.labels = labels
        self.types = types

    def key(self, values: Row, forms: Forms) -> str:
        """Return `(a, b)=(1, 2)`."""
        shown = [value_text(kind, item, forms) for kind, item in zip(self.types, values, strict=True)]
        return f"({', '.join(self.labels)})=({', '.join(shown)})"


def unique_violation(info: UniqueInfo, values: Row, forms: Forms) -> SqlError:
    """Return the error of a second row with a key (23505)."""
    return SqlError(
        "23505", f'duplicate key value violates unique constraint "{info.index.name}"',
        detail=f"Key {info.key(values, forms)} already exists.",
        schema=info.info.schema, table=info.info.name, constraint=info.index.name,
    )  # fmt: skip


def concurrent_update(deleted: bool = False) -> SqlError:
    """Return the error of a repeatable read transaction that meets a newer version (40001)."""
    what = "delete" if deleted else "update"
    return SqlError("40001", f"could not serialize access due to concurrent {what}")
