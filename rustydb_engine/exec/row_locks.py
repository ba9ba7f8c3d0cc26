"""Taking a row to change or lock it: waiting for those who hold it, and going on with its newest version.

In READ COMMITTED a row that somebody changed since the statement's snapshot is taken in its newest version, and the caller evaluates
its conditions again (PostgreSQL's EvalPlanQual, 13.2.1). In REPEATABLE READ it is error 40001.

`LockRows` (SELECT … FOR UPDATE) does this for every row of a query; NOWAIT raises 55P03, SKIP LOCKED leaves the row out.
"""

from __future__ import annotations

from collections.abc import Generator as Steps
from typing import TYPE_CHECKING, Any, Final

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.codegen import Consume, Generator, produces
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.scope import RowBinding, Scope
from rustydb_engine.exec.violations import concurrent_update
from rustydb_engine.exec.waits import Wait, WaitFor
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import Node
from rustydb_engine.txn.transaction import READ_COMMITTED

if TYPE_CHECKING:
    from rustydb_engine.storage.heap import Heap
    from rustydb_engine.txn.transaction import Transaction

Row = tuple[object, ...]
STRENGTHS: Final = {"key share": 0, "share": 1, "no key update": 2, "update": 3}


@helper
def take_row(
    txn: Transaction, heap: Heap, rid: int, row: Row, strength: int, oid: int
) -> Steps[Wait, None, Row | None]:
    """Wait until a row may be changed; return its newest version, None when it is gone or this command wrote it."""
    while (blocker := heap.blocker(txn, rid, strength)) is not None:
        yield WaitFor((blocker,), oid)
    latest, writer = heap.latest(rid)
    if latest is row:
        return row
    if writer is txn:
        return None
    if txn.isolation != READ_COMMITTED:
        raise concurrent_update(latest is None)
    if writer is not None:
        txn.depend(writer.csn)
    return latest


@helper
def try_row(txn: Transaction, heap: Heap, rid: int, row: Row, strength: int, wait: str, name: str) -> Row | None:
    """Take a row without waiting: NOWAIT raises when it is held, SKIP LOCKED gives None."""
    if heap.blocker(txn, rid, strength) is not None:
        if wait == "nowait":
            raise SqlError("55P03", f'could not obtain lock on row in relation "{name}"')
        return None
    latest, writer = heap.latest(rid)
    if latest is row:
        return row
    if writer is txn:
        return None
    if txn.isolation != READ_COMMITTED:
        raise concurrent_update(latest is None)
    if writer is not None:
        txn.depend(writer.csn)
    return latest


@produces(p.LockRows)
def lock_rows(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Lock the rows that come, and give their newest versions."""
    assert isinstance(node, p.LockRows)
    command = f"SELECT FOR {node.parts[0].strength.upper()}"
    temporary = all(part.table.persistence == "t" for part in node.parts)
    txn = gen.hoist("ctx.txn" if temporary else f"ctx.writable({command!r})", "txn")

    def each(inner: Scope) -> None:
        for part in node.parts:
            binding = inner.bindings[part.rel]
            assert isinstance(binding, RowBinding) and binding.rid, "a locked row has an address"
            _lock(gen, node, part, binding, inner, txn)
        consume(inner)

    gen.produce(node.child, scope, lambda inner: _row(gen, inner, each))


def _row(gen: Generator, inner: Scope, each: Any) -> None:
    """Write one row's block as a loop of one round, so that `break` leaves the row out."""
    with gen.fn.block("while True:"):
        each(inner)
        gen.fn.line("break")


def _lock(gen: Generator, node: p.LockRows, part: p.LockPart, binding: RowBinding, inner: Scope, txn: str) -> None:
    fn = gen.fn
    heap = gen.heap(part.table)
    strength = STRENGTHS[part.strength]
    latest = gen.names.fresh("r")
    indent = fn.indent
    if binding.nullable:
        fn.line(f"if {binding.rid} is not None:")
        fn.indent += 1
    if part.wait:
        gen.use("try_row")
        call = f"try_row({txn}, {heap}, {binding.rid}, {binding.name}, {strength}, {part.wait!r}, {part.table.name!r})"
    else:
        gen.use("take_row")
        call = f"(yield from take_row({txn}, {heap}, {binding.rid}, {binding.name}, {strength}, {part.table.oid}))"
    fn.line(f"{latest} = {call}")
    with fn.block(f"if {latest} is None:"):
        fn.line("break")
    with fn.block(f"if {latest} is not {binding.name}:"):
        fn.line(f"{binding.name} = {latest}")
        code = gen.conditions(node.conditions, inner)
        if code is not None:
            with fn.block(f"if not {code.src}:"):
                fn.line("break")
    fn.line(f"{heap}.lock({txn}, {binding.rid}, {strength})")
    fn.indent = indent
