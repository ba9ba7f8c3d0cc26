"""Catalog indexes at work: the storage index whose keys a catalog index describes, built, checked and attached.

Keys are values in their comparable form (values/compare.py): one column's key, or a tuple of several. For plain
columns the key function is an itemgetter or a small generated lambda; expressions and predicates are compiled by the
executor.

After recovery heaps have rows and no indexes; `build_runtime` attaches those of the catalog.

    build_runtime(catalog, database)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.expressions import columns_used, compile_row
from rustydb_engine.exec.waits import TICK
from rustydb_engine.sql.binder.stored import stored_expr
from rustydb_engine.sql.bound import Expr, Var
from rustydb_engine.storage.index import SKIP
from rustydb_engine.storage.index import Index as StoredIndex
from rustydb_engine.values.compare import compare_key
from rustydb_engine.values.forms import DEFAULT_FORMS, Forms
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import BY_OID, Type

if TYPE_CHECKING:
    from rustydb_engine.exec.ddl.work import Waits, Work
    from rustydb_engine.storage.database import Database
    from rustydb_engine.storage.heap import Heap

Row = tuple[object, ...]
PAGES_A_SLICE = 16


def key_types(table: Table, index: Index) -> list[Type]:
    """Return the types of an index's keys."""
    return [table.columns[key.attnum - 1].type if key.attnum else BY_OID[key.type_oid] for key in index.columns]


def stored_index(catalog: Catalog, table: Table, index: Index) -> StoredIndex:
    """Return an empty storage index for a catalog index; nothing is attached yet."""
    keys: list[Expr] = []
    for key in index.columns:
        if key.attnum:
            column = table.columns[key.attnum - 1]
            keys.append(Var(0, key.attnum - 1, column.type, column.typmod))
        else:
            keys.append(stored_expr(catalog, key.expression, table))
    attnums = {attnum for made in keys for attnum in columns_used(made)}
    predicate = None
    if index.where:
        condition = stored_expr(catalog, index.where, table)
        attnums.update(columns_used(condition))
        predicate = compile_row(condition)
    return StoredIndex(
        index.oid,
        _key_function(keys),
        columns=tuple((key.descending, key.nulls_first) for key in index.columns),
        unique=index.unique,
        nulls_distinct=index.nulls_distinct,
        predicate=predicate,
        positions=tuple(attnum - 1 for attnum in sorted(attnums)) if 0 not in attnums else None,
    )


def _key_function(keys: list[Expr]) -> Callable[[Row], object]:
    """Return the function from a row to its key."""
    places = [made.column for made in keys if isinstance(made, Var) and compare_key(made.type) is None]
    if len(places) == len(keys):
        return itemgetter(*places)
    from rustydb_engine.exec.compile import compile_key

    return compile_key(tuple(keys))


def build(work: Work, table: Table, index: Index) -> Waits[None]:
    """Make the storage index, fill it from the table's heap and attach it; 23505 when it is not unique."""
    heap = work.database.heap(table.storage)
    stored = stored_index(work.catalog, table, index)
    for number, duplicate in enumerate(stored.build_steps(heap)):
        if duplicate is not SKIP:
            raise _not_unique(work, table, index, heap, stored, duplicate)
        if number % PAGES_A_SLICE == PAGES_A_SLICE - 1:
            yield TICK
    work.database.attach_index(work.txn, heap, stored)


def _not_unique(work: Work, table: Table, index: Index, heap: Heap, stored: StoredIndex, duplicate: object) -> SqlError:
    """Return 23505 with the values of a row that has the duplicate key."""
    row = next((row for row in latest_rows(heap) if stored.key_of(row) == duplicate), None)
    return SqlError(
        "23505",
        f'could not create unique index "{index.name}"',
        detail=f"{describe_key(work.catalog, table, index, row, work.context.forms)} is duplicated." if row else None,
        schema=work.catalog.schema_name(table.schema),
        table=table.name,
        constraint=index.name,
    )


def scan(work: Work, table: Table, check: Callable[[Row], None], *, committed: bool = False) -> Waits[None]:
    """Call `check` for each row of a table: the newest versions, or with `committed` what the statement's snapshot sees.

    The newest versions are for a transaction that keeps writers away by its lock.
    """
    heap = work.database.heap(table.storage)
    for number, page in enumerate(heap.pages):
        rows = heap.rows(page, work.context.snapshot) if committed else page.rows
        for row in rows:
            if row is not None:
                check(row)
        if number % PAGES_A_SLICE == PAGES_A_SLICE - 1:
            yield TICK


def latest_rows(heap: Heap) -> Iterator[Row]:
    """Yield the newest version of each row, for a transaction that has the table to itself."""
    for page in heap.pages:
        for row in page.rows:
            if row is not None:
                yield row


def describe_key(catalog: Catalog, table: Table, index: Index, row: Row, forms: Forms = DEFAULT_FORMS) -> str:
    """Return `Key (a, b)=(1, x)` for a row: what the detail of a uniqueness error says."""
    from rustydb_engine.catalog.printing import index_key

    names, shown = [], []
    for key, kind in zip(index.columns, key_types(table, index), strict=True):
        names.append(index_key(table, key))
        if key.attnum:
            item = row[key.attnum - 1]
        else:
            item = compile_row(stored_expr(catalog, key.expression, table))(row)
        shown.append("null" if item is None else io_of(kind).output(item, forms))
    return f"Key ({', '.join(names)})=({', '.join(shown)})"


def build_runtime(catalog: Catalog, database: Database) -> Iterator[None]:
    """Attach every index of the catalog to its recovered heap; yields now and then so that others get a turn."""
    for entry in catalog.objects("index"):
        assert isinstance(entry, Index)
        table = catalog.table(entry.table)
        assert table is not None, f"index {entry.name} has no table"
        heap = database.heap(table.storage)
        stored = stored_index(catalog, table, entry)
        for _ in stored.build_steps(heap):
            yield
        heap.attach(stored)
