"""Foreign keys: children need their parents, and parents that go or change take care of their children.

Both sides are checked when the statement has made all its changes, as PostgreSQL's after triggers do:

    child    INSERT, or UPDATE of the key     the parent row must exist; it is locked FOR KEY SHARE until the end
    parent   DELETE, or UPDATE of the key     children: error, CASCADE, SET NULL or SET DEFAULT

`check_children` and `parents_changed` look at the newest versions, waiting for undecided ones, not at the statement's snapshot.
When they run is decided in deferred.py.

Source: PostgreSQL 15, src/backend/utils/adt/ri_triggers.c.
"""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rustydb_engine.catalog.objects import Constraint, Index, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.violations import (
    TableInfo,
    UniqueInfo,
    concurrent_update,
    not_null_violation,
    value_text,
)
from rustydb_engine.exec.waits import TICK, Wait, WaitFor
from rustydb_engine.storage.heap import KEY_SHARE, UPDATE
from rustydb_engine.txn.transaction import READ_COMMITTED
from rustydb_engine.values.compare import compare_key

if TYPE_CHECKING:
    from rustydb_engine.exec.context import ExecContext
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.storage.index import Index as StoredIndex
    from rustydb_engine.txn.transaction import Transaction

Row = tuple[object, ...]
Waits = Steps[Wait, None, None]


class ForeignKey:
    """One foreign key, ready to be checked: positions of its columns on both sides, and the parent's index."""

    def __init__(
        self, constraint: Constraint, child: Table, parent: Table, child_info: TableInfo, parent_info: TableInfo
    ) -> None:
        self.constraint = constraint
        self.child = child
        self.parent = parent
        self.child_info = child_info
        self.parent_info = parent_info
        self.columns = tuple([attnum - 1 for attnum in constraint.columns])
        self.referenced = tuple([attnum - 1 for attnum in constraint.referenced_columns])
        self.keys = tuple([compare_key(parent.columns[place].type) for place in self.referenced])
        self.plain = all(key is None for key in self.keys)
        self.child_index = 0  # OID of an index on exactly the referring columns, and where its keys are among them
        self.child_order: tuple[int, ...] = ()

    def child_key(self, row: Row) -> Row | None:
        """Return the key that a child row refers to, None when it refers to nothing; 23503 for a partial MATCH FULL."""
        values = [row[place] for place in self.columns]
        if None in values:
            if self.constraint.match == "f" and any(value is not None for value in values):
                raise SqlError(
                    "23503",
                    f'insert or update on table "{self.child.name}" violates foreign key constraint '
                    f'"{self.constraint.name}"',
                    detail="MATCH FULL does not allow mixing of null and nonnull key values.",
                    schema=self.child_info.schema, table=self.child.name, constraint=self.constraint.name,
                )  # fmt: skip
            return None
        return self._comparable(values)

    def parent_key(self, row: Row) -> Row | None:
        """Return the key of a parent row, None when a part of it is NULL."""
        values = [row[place] for place in self.referenced]
        return None if None in values else self._comparable(values)

    def _comparable(self, values: list[object]) -> Row:
        if self.plain:
            return tuple(values)
        return tuple([value if key is None else key(value) for value, key in zip(values, self.keys, strict=True)])

    def missing(self, row: Row, ctx: ExecContext) -> SqlError:
        """Return the error of a child without its parent."""
        shown = self._shown(self.child, self.columns, row, ctx)
        return SqlError(
            "23503",
            f'insert or update on table "{self.child.name}" violates foreign key constraint "{self.constraint.name}"',
            detail=f'Key {shown} is not present in table "{self.parent.name}".',
            schema=self.child_info.schema, table=self.child.name, constraint=self.constraint.name,
        )  # fmt: skip

    def referenced_still(self, row: Row, ctx: ExecContext) -> SqlError:
        """Return the error of a parent that has children."""
        shown = self._shown(self.parent, self.referenced, row, ctx)
        return SqlError(
            "23503",
            f'update or delete on table "{self.parent.name}" violates foreign key constraint '
            f'"{self.constraint.name}" on table "{self.child.name}"',
            detail=f'Key {shown} is still referenced from table "{self.child.name}".',
            schema=self.child_info.schema, table=self.child.name, constraint=self.constraint.name,
        )  # fmt: skip

    def _shown(self, table: Table, places: tuple[int, ...], row: Row, ctx: ExecContext) -> str:
        names = ", ".join([table.columns[place].name for place in places])
        values = ", ".join([value_text(table.columns[place].type, row[place], ctx.forms) for place in places])
        return f"({names})=({values})"


# ---------------------------------------------------------------- rows by key


def find_parent(heap: Heap, index: StoredIndex | None, key: Row, foreign: ForeignKey) -> Iterator[int]:
    """Yield the rids whose newest version may have this key."""
    if index is not None:
        ordered = _index_key(index, foreign, key)
        yield from index.candidates(ordered)
        return
    for rid, row in newest_rows(heap):
        if foreign.parent_key(row) == key:
            yield rid


def _index_key(index: StoredIndex, foreign: ForeignKey, key: Row) -> object:
    """Return a key in the order of the index's columns."""
    if index.single:
        return key[0]
    # A key of comparable values is its own key, so the index's function may be applied to a row made of them.
    row: list[object] = [None] * (max(foreign.referenced) + 1)
    for place, item in zip(foreign.referenced, key, strict=True):
        row[place] = item
    return index.plain_key(tuple(row))


def newest_rows(heap: Heap) -> Iterator[tuple[int, Row]]:
    """Yield (rid, newest version) of every live row."""
    for number, page in enumerate(heap.pages):
        base = number << 8
        for slot, row in enumerate(page.rows):
            if row is not None:
                yield base + slot, row


def check_children(ctx: ExecContext, txn: Transaction, foreign: ForeignKey, rows: Iterable[Row]) -> Waits:
    """Check that each child row's parent exists, and lock it."""
    database = ctx.database_object
    heap = database.heap(foreign.parent.storage)
    index = heap.index(foreign.constraint.index)
    checked: set[Row] = set()
    for row in rows:
        key = foreign.child_key(row)
        if key is None or key in checked:
            continue
        checked.add(key)
        found = False
        while not found:
            blocker: Transaction | None = None
            for rid in list(find_parent(heap, index, key, foreign)):
                blocker = heap.blocker(txn, rid, KEY_SHARE)
                if blocker is not None:
                    break
                latest, _ = heap.latest(rid)
                if latest is not None and foreign.parent_key(latest) == key:
                    heap.lock(txn, rid, KEY_SHARE)
                    found = True
                    break
            if found:
                break
            if blocker is None:
                raise foreign.missing(row, ctx)
            yield WaitFor((blocker,), foreign.parent.oid)


def parent_exists(heap: Heap, index: StoredIndex | None, key: Row, foreign: ForeignKey) -> bool:
    """Whether some row of the parent has the key now."""
    for rid in find_parent(heap, index, key, foreign):
        latest, _ = heap.latest(rid)
        if latest is not None and foreign.parent_key(latest) == key:
            return True
    return False


# ---------------------------------------------------------------- parents that changed


def parents_changed(
    ctx: ExecContext, txn: Transaction, foreign: ForeignKey, changes: list[tuple[Row, Row | None]]
) -> Waits:
    """Do what a foreign key says about parents that were deleted (new row None) or whose key changed."""
    heap = ctx.database_object.heap(foreign.parent.storage)
    index = heap.index(foreign.constraint.index)
    wanted: dict[Row, tuple[Row, Row | None]] = {}
    for old, new in changes:
        key = foreign.parent_key(old)
        if key is None or (new is not None and foreign.parent_key(new) == key):
            continue
        action = foreign.constraint.on_delete if new is None else foreign.constraint.on_update
        if action in "ar" and parent_exists(heap, index, key, foreign):
            continue
        wanted[key] = (old, new)
    if not wanted:
        return
    for rid, row in (yield from children_of(ctx, txn, foreign, wanted)):
        key = foreign.child_key(row)
        assert key is not None, "children have a key"
        old, new = wanted[key]
        action = foreign.constraint.on_delete if new is None else foreign.constraint.on_update
        if action in "ar":
            raise foreign.referenced_still(old, ctx)
        yield from change_child(ctx, txn, foreign, rid, row, old, new, action)


def children_of(
    ctx: ExecContext, txn: Transaction, foreign: ForeignKey, wanted: dict[Row, tuple[Row, Row | None]]
) -> Steps[Wait, None, list[tuple[int, Row]]]:
    """Return the child rows that refer to one of the keys, in their newest versions, waiting for undecided ones."""
    heap = ctx.database_object.heap(foreign.child.storage)
    found: list[tuple[int, Row]] = []
    for rid in (yield from child_candidates(heap, foreign, wanted)):
        while True:
            row, writer = heap.latest(rid)
            blocker = heap.blocker(txn, rid, KEY_SHARE) if writer is not None and writer is not txn else None
            if blocker is None:
                break
            yield WaitFor((blocker,), foreign.child.oid)
        if row is not None and _refers(foreign, row, wanted):
            if txn.isolation != READ_COMMITTED and writer is not None and writer is not txn:
                if not ctx.snapshot.sees(writer, 0) and foreign.constraint.on_delete not in "ar":
                    raise concurrent_update()
            found.append((rid, row))
    return found


def _refers(foreign: ForeignKey, row: Row, wanted: dict[Row, tuple[Row, Row | None]]) -> bool:
    values = [row[place] for place in foreign.columns]
    return None not in values and foreign.child_key(row) in wanted


def child_candidates(
    heap: Heap, foreign: ForeignKey, wanted: dict[Row, tuple[Row, Row | None]]
) -> Steps[Wait, None, list[int]]:
    """Return rids of rows that may refer to one of the keys: by an index on the columns, or by reading the table."""
    index = heap.index(foreign.child_index) if foreign.child_index else None
    if index is not None:
        order = foreign.child_order
        keys = [key[0] if index.single else tuple([key[place] for place in order]) for key in wanted]
        return list(dict.fromkeys([rid for key in keys for rid in index.candidates(key)]))
    found: list[int] = []
    for number, page in enumerate(heap.pages):
        for slot, row in enumerate(page.rows):
            versions = [row]
            entry = page.undo.get(slot) if page.undo is not None else None
            while entry is not None:
                versions.append(entry.row)
                entry = entry.next
            if any(version is not None and _refers(foreign, version, wanted) for version in versions):
                found.append(number << 8 | slot)
        if number % 16 == 15:
            yield TICK
    return found


def change_child(
    ctx: ExecContext,
    txn: Transaction,
    foreign: ForeignKey,
    rid: int,
    row: Row,
    old_parent: Row,
    parent: Row | None,
    action: str,
) -> Waits:
    """CASCADE, SET NULL or SET DEFAULT on one child row, with all the checks of a change of its table."""
    heap = ctx.database_object.heap(foreign.child.storage)
    actions = Actions(ctx, foreign.child)
    while (blocker := heap.blocker(txn, rid, UPDATE)) is not None:
        yield WaitFor((blocker,), foreign.child.oid)
    if action == "c" and parent is None:
        heap.delete(txn, rid)
        yield from actions.changed(txn, [(row, None)])
        return
    values = list(row)
    places = foreign.columns
    if action != "c" and foreign.constraint.set_columns and parent is None:
        places = tuple([attnum - 1 for attnum in foreign.constraint.set_columns])
    for place, source in zip(foreign.columns, foreign.referenced, strict=True):
        if place not in places:
            continue
        if action == "c":
            assert parent is not None, "CASCADE of an update has a new key"
            values[place] = parent[source]
        else:
            values[place] = actions.default(place) if action == "d" else None
    new = actions.completed(tuple(values))
    yield from actions.update(txn, heap, rid, row, new)
    if action == "d":
        if foreign.child_key(new) == foreign.child_key(row):
            raise foreign.referenced_still(old_parent, ctx)
        yield from check_children(ctx, txn, foreign, [new])


class Actions:
    """Changes of a table that its foreign keys make: checks, uniqueness, and its own foreign keys in turn."""

    def __init__(self, ctx: ExecContext, table: Table) -> None:
        self.ctx = ctx
        self.table = table
        self.catalog = ctx.catalog
        self.info = TableInfo(table, self.catalog)

    def default(self, place: int) -> object:
        """Return a column's default."""
        from rustydb_engine.exec.compile import compile_expression
        from rustydb_engine.sql.binder.stored import stored_expr

        column = self.table.columns[place]
        if column.default is None:
            return None
        return compile_expression(stored_expr(self.catalog, column.default, self.table))(self.ctx, ())

    def completed(self, row: Row) -> Row:
        """Return the row with its generated columns, after NOT NULL and CHECK."""
        from rustydb_engine.exec.violations import check_violation

        made = list(row)
        width = len(row)
        for place, column in enumerate(self.table.columns):
            if column.generated is not None and not column.dropped:
                made[place] = self._compiled(column.generated, width)(self.ctx, row)
        row = tuple(made)
        for place, column in enumerate(self.table.columns):
            if column.not_null and not column.dropped and row[place] is None:
                raise not_null_violation(self.info, column.name, row, self.ctx.forms)
        for constraint in self.catalog.constraints_of(self.table.oid):
            if constraint.type == "c" and self._compiled(constraint.expression, width)(self.ctx, row) is False:
                raise check_violation(self.info, constraint.name, row, self.ctx.forms)
        return row

    def _compiled(self, text: str, width: int) -> Any:
        from rustydb_engine.exec.compile import compile_expression
        from rustydb_engine.sql.binder.stored import stored_expr

        return compile_expression(stored_expr(self.catalog, text, self.table), width)

    def update(self, txn: Transaction, heap: Heap, rid: int, old: Row, new: Row) -> Waits:
        """Store a new version, check its keys, and go on to those that refer to it."""
        from rustydb_engine.exec.conflict import ensure_unique

        heap.update(txn, rid, new)
        for index in self.catalog.indexes_of(self.table.oid):
            stored = heap.index(index.oid)
            if index.unique and stored is not None and stored.key_of(new) != stored.key_of(old):
                info = unique_info(self.info, index)
                yield from ensure_unique(self.ctx, txn, stored, stored.key_of(new), rid, info, new)
        yield from self.changed(txn, [(old, new)])

    def changed(self, txn: Transaction, changes: list[tuple[Row, Row | None]]) -> Waits:
        """Do what the foreign keys that refer to this table say."""
        for constraint in self.catalog.referencing(self.table.oid):
            yield from parents_changed(self.ctx, txn, foreign_key(self.catalog, constraint), changes)


def unique_info(info: TableInfo, index: Index) -> UniqueInfo:
    """Return what messages say about an index of a table."""
    from rustydb_engine.values.types import type_by_oid

    columns = info.table.columns
    labels = [columns[key.attnum - 1].name if key.attnum else key.expression for key in index.columns]
    types = [columns[key.attnum - 1].type if key.attnum else type_by_oid(key.type_oid) for key in index.columns]
    return UniqueInfo(info, index, tuple(labels), tuple(types))


def foreign_key(catalog: Any, constraint: Constraint) -> ForeignKey:
    """Return a foreign key ready for checking."""
    child, parent = catalog.table(constraint.table), catalog.table(constraint.references)
    assert child is not None and parent is not None, "both tables of a foreign key exist"
    made = ForeignKey(constraint, child, parent, TableInfo(child, catalog), TableInfo(parent, catalog))
    for index in catalog.indexes_of(child.oid):
        attnums = [column.attnum for column in index.columns]
        if not index.where and sorted(attnums) == sorted(constraint.columns):
            made.child_index = index.oid
            made.child_order = tuple([constraint.columns.index(attnum) for attnum in attnums])
    return made
