"""Uniqueness: the check of a key, its wait for undecided rows, and INSERT … ON CONFLICT.

A key that another transaction has just written, or just deleted, is undecided: who wants it waits for that transaction's end and looks
again. ON CONFLICT looks before it inserts; nothing happens between its last look and the insertion, so no other can come
between (what PostgreSQL needs speculative insertion for).
"""

from __future__ import annotations

from collections.abc import Generator as Steps
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from rustydb_engine.catalog.objects import Index as CatalogIndex
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.scope import RowBinding, Scope, tuple_source
from rustydb_engine.exec.violations import UniqueInfo, concurrent_update, unique_violation
from rustydb_engine.exec.waits import Wait, WaitFor
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.storage.heap import UPDATE
from rustydb_engine.storage.index import SKIP
from rustydb_engine.txn.transaction import READ_COMMITTED

if TYPE_CHECKING:
    from rustydb_engine.exec.context import ExecContext
    from rustydb_engine.exec.modify import Writer
    from rustydb_engine.storage.index import Index
    from rustydb_engine.txn.transaction import Transaction

Row = tuple[object, ...]


@helper
def ensure_unique(
    ctx: ExecContext, txn: Transaction, index: Index, key: object, rid: int, info: UniqueInfo, row: Row
) -> Steps[Wait, None, None]:
    """Wait until no undecided row has the key of the row at `rid`; 23505 when another row has it."""
    while (found := index.conflict(txn, key, rid)) is not None:
        if found[1] is None:
            raise unique_violation(info, key_values(info, index, row), ctx.forms)
        yield WaitFor((found[1],), info.info.table.oid)


def key_values(info: UniqueInfo, index: Index, row: Row) -> Row:
    """Return the values of an index's columns in a row, as messages show them."""
    positions = [column.attnum - 1 for column in info.index.columns]
    if all(position >= 0 for position in positions):
        picked: Any = itemgetter(*positions)(row)
        return picked if len(positions) > 1 else (picked,)
    key = index.plain_key(row)
    return key if len(positions) > 1 and isinstance(key, tuple) else (key,)


@helper
def find_conflict(txn: Transaction, indexes: tuple[Index, ...], row: Row, oid: int) -> Steps[Wait, None, int]:
    """Return the rid of a row in the way of `row`, waiting for undecided ones; -1 when there is none."""
    while True:
        for index in indexes:
            key = index.key_of(row)
            if key is SKIP:
                continue
            found = index.conflict(txn, key)
            if found is None:
                continue
            if found[1] is None:
                return found[0]
            yield WaitFor((found[1],), oid)
            break
        else:
            return -1


@helper
def existing_row(
    ctx: ExecContext, txn: Transaction, index: Any, heap: Any, rid: int, strength: int, oid: int
) -> Steps[Wait, None, Row | None]:
    """Return the row that ON CONFLICT DO UPDATE changes, in its newest version; None when it is gone: look again."""
    while (blocker := heap.blocker(txn, rid, strength)) is not None:
        yield WaitFor((blocker,), oid)
    row: Row | None
    row, writer = heap.latest(rid)
    if writer is txn:
        page = heap.pages[rid >> 8]
        if page.undo.get(rid & 255).cid == txn.cid:
            raise SqlError(
                "21000", "ON CONFLICT DO UPDATE command cannot affect row a second time",
                hint="Ensure that no rows proposed for insertion within the same command have duplicate "
                "constrained values.",
            )  # fmt: skip
    elif writer is not None and txn.isolation != READ_COMMITTED and not ctx.snapshot.sees(writer, 0):
        raise concurrent_update()
    return row


@helper
def check_visible(ctx: ExecContext, txn: Transaction, heap: Any, rid: int) -> None:
    """In repeatable read, refuse to pass over a row that the snapshot does not see (40001)."""
    if txn.isolation != READ_COMMITTED:
        writer = heap.latest(rid)[1]
        if writer is not None and writer is not txn and not ctx.snapshot.sees(writer, 0):
            raise concurrent_update()


# ---------------------------------------------------------------- generated code


def arbiters(writer: Writer, conflict: b.BoundConflict) -> list[CatalogIndex]:
    """Return the unique indexes that arbitrate."""
    if not conflict.indexes:
        return writer.uniques
    return [index for index in writer.uniques if index.oid in conflict.indexes]


def write_insert(writer: Writer, node: p.Insert, conflict: b.BoundConflict, scope: Scope) -> None:
    """Write INSERT … ON CONFLICT for one row."""
    gen, fn, new = writer.gen, writer.gen.fn, writer.new
    used = arbiters(writer, conflict)
    indexes = gen.names.bind("indexes", tuple([gen.index_object(writer.table, index) for index in used]))
    rid = gen.names.fresh("rid")
    gen.use("find_conflict")
    inner = scope.bind(node.excluded, RowBinding(new, len(node.table.columns)))
    find = f"yield from find_conflict({writer.txn}, {indexes}, {new}, {writer.table.oid})"
    checked = [index.oid for index in used]

    def insert() -> None:
        writer.insert(inner, checked)
        writer._done(node.returning, scope.bind(node.rel, writer.table_row(new)))

    if conflict.action == "nothing":
        gen.use("check_visible")
        fn.line(f"{rid} = {find}")
        with fn.block(f"if {rid} < 0:"):
            insert()
        with fn.block("else:"):
            fn.line(f"check_visible(ctx, {writer.txn}, {writer.heap}, {rid})")
        return
    with fn.block("while True:"):
        fn.line(f"{rid} = {find}")
        with fn.block(f"if {rid} < 0:"):
            insert()
            fn.line("break")
        old = gen.names.fresh("r")
        gen.use("existing_row")
        fn.line(
            f"{old} = yield from existing_row(ctx, {writer.txn}, None, {writer.heap}, {rid}, {UPDATE}, {writer.table.oid})"
        )
        with fn.block(f"if {old} is None:"):
            fn.line("continue")
        with fn.block(f"if all(index.key_of({old}) != index.key_of({new}) for index in {indexes}):"):
            fn.line("continue")
        inner = inner.bind(node.existing, writer.table_row(old, rid))
        _update(writer, node, conflict, inner, old, rid)
        fn.line("break")


def _update(writer: Writer, node: p.Insert, conflict: b.BoundConflict, scope: Scope, old: str, rid: str) -> None:
    gen, fn = writer.gen, writer.gen.fn
    with gen.where((conflict.where,) if conflict.where is not None else (), scope):
        values = {column: gen.compiler.value(expr, scope) for column, expr in conflict.assignments}
        sources = [
            values[index].src if index in values else f"{old}[{index}]" for index in range(len(node.table.columns))
        ]
        made = gen.names.fresh("new")
        fn.line(f"{made} = {tuple_source(sources)}")
        writer.apply_update(node.rules, values, scope, old, made, rid, node.rel)
        writer._done(node.returning, scope.bind(node.rel, writer.table_row(made, rid)))
