"""Checks that wait: for the end of the statement, or for the end of the transaction.

A statement collects in a `Pending` what its foreign keys and DEFERRABLE unique constraints have to look at; `finish_statement` checks
it when all rows are changed. What is deferred (INITIALLY DEFERRED, SET CONSTRAINTS) goes into `txn.deferred`, and `check_deferred`
runs it at COMMIT, against the rows as they are then.

Source: PostgreSQL 15, CREATE TABLE, SET CONSTRAINTS; src/backend/commands/trigger.c (AfterTriggerSetState).
"""

from __future__ import annotations

from collections.abc import Generator as Steps
from typing import TYPE_CHECKING, Any

from rustydb_engine.catalog.objects import Constraint, Index, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.conflict import key_values
from rustydb_engine.exec.foreign_keys import ForeignKey, check_children, foreign_key, parents_changed
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.source import FunctionSource
from rustydb_engine.exec.violations import UniqueInfo, unique_violation
from rustydb_engine.exec.waits import Wait, WaitFor
from rustydb_engine.storage.heap import UPDATE
from rustydb_engine.storage.index import SKIP

if TYPE_CHECKING:
    from rustydb_engine.exec.codegen import Generator
    from rustydb_engine.exec.context import ExecContext
    from rustydb_engine.storage.index import Index as StoredIndex
    from rustydb_engine.txn.transaction import Transaction

Row = tuple[object, ...]
Waits = Steps[Wait, None, None]


class Pending:
    """What a statement has to check at its end."""

    __slots__ = ("changes", "rows", "uniques")

    def __init__(self) -> None:
        self.rows: list[tuple[Any, int, Row]] = []
        self.changes: list[tuple[Row, Row | None]] = []
        self.uniques: list[tuple[StoredIndex, UniqueInfo, object, Row]] = []


@helper
def finish_statement(ctx: ExecContext, txn: Transaction, keys: StatementKeys, pending: Pending) -> Waits:
    """Run the checks of a statement that has made its changes; deferred ones are kept for the commit."""
    for constraint, stored, info, key, row in [
        (keys.deferrables.get(info.index.oid), stored, info, key, row) for stored, info, key, row in pending.uniques
    ]:
        if constraint is not None and is_deferred(txn, constraint):
            defer(txn, ("unique", constraint.oid, stored, info, key, row))
        else:
            yield from check_unique(ctx, txn, stored, info, key, row)
    for foreign in keys.children:
        if pending.rows:
            rows = [item for item in pending.rows if item[0] is None or item[0] & keys.masks[foreign.constraint.oid]]
            if is_deferred(txn, foreign.constraint):
                for _, rid, row in rows:
                    defer(txn, ("child", foreign.constraint.oid, rid, row))
            else:
                yield from check_children(ctx, txn, foreign, [row for _, _, row in rows])
    for foreign in keys.parents:
        if pending.changes:
            actions = foreign.constraint.on_delete + foreign.constraint.on_update
            if is_deferred(txn, foreign.constraint) and set(actions) <= {"a"}:
                for old, new in pending.changes:
                    defer(txn, ("parent", foreign.constraint.oid, old, new))
            else:
                yield from parents_changed(ctx, txn, foreign, pending.changes)


class StatementKeys:
    """The constraints that a statement on one table may have to check at its end."""

    def __init__(
        self, children: list[ForeignKey], parents: list[ForeignKey], deferrables: dict[int, Constraint]
    ) -> None:
        self.children = children
        self.parents = parents
        self.deferrables = deferrables
        self.masks = {foreign.constraint.oid: sum(1 << place for place in foreign.columns) for foreign in children}


def check_unique(
    ctx: ExecContext, txn: Transaction, stored: StoredIndex, info: UniqueInfo, key: object, row: Row
) -> Waits:
    """Check that at most one live row has a key."""
    heap = stored.heap
    assert heap is not None, "an index in use belongs to a heap"
    if key is SKIP or (stored.nulls_distinct and (key is None or (isinstance(key, tuple) and None in key))):
        return
    while True:
        live = 0
        waiting: Transaction | None = None
        for rid in stored.candidates(key):
            latest, writer = heap.latest(rid)
            if writer is not None and writer is not txn:
                waiting = waiting or heap.blocker(txn, rid, UPDATE)
            if latest is not None and stored.key_of(latest) == key:
                live += 1
        if live > 1 and waiting is None:
            raise unique_violation(info, key_values(info, stored, row), ctx.forms)
        if waiting is None or live <= 1:
            return
        yield WaitFor((waiting,), info.info.table.oid)


def is_deferred(txn: Transaction, constraint: Constraint) -> bool:
    """Whether a constraint's check waits for the commit: as declared, unless SET CONSTRAINTS said otherwise."""
    if not constraint.deferrable:
        return False
    modes = txn.constraint_modes
    if modes is not None:
        return modes.get(constraint.oid, modes.get(0, constraint.deferred))
    return constraint.deferred


def defer(txn: Transaction, check: tuple[Any, ...]) -> None:
    """Keep a check for the end of the transaction."""
    if txn.deferred is None:
        txn.deferred = []
    txn.deferred.append(check)


def check_deferred(ctx: ExecContext, txn: Transaction, only: frozenset[int] | None = None) -> Waits:
    """Run the checks that were deferred, at COMMIT; with `only`, those of these constraints (SET CONSTRAINTS)."""
    checks = txn.deferred
    if not checks:
        return
    kept = [check for check in checks if only is not None and check[1] not in only]
    txn.deferred = kept or None
    catalog = ctx.catalog
    for check in checks:
        if only is not None and check[1] not in only:
            continue
        constraint = catalog.get(check[1])
        if not isinstance(constraint, Constraint):
            continue
        if check[0] == "unique":
            yield from check_unique(ctx, txn, *check[2:])
        elif check[0] == "child":
            foreign = foreign_key(catalog, constraint)
            latest, _ = ctx.database_object.heap(foreign.child.storage).latest(check[2])
            if latest is not None and latest is check[3]:
                yield from check_children(ctx, txn, foreign, [latest])
        else:
            yield from parents_changed(ctx, txn, foreign_key(catalog, constraint), [(check[2], check[3])])


def set_constraints(ctx: ExecContext, names: tuple[tuple[str, ...], ...], deferred: bool) -> Waits:
    """SET CONSTRAINTS: `names` empty means ALL. What becomes immediate is checked now."""
    txn, catalog = ctx.txn, ctx.catalog
    modes = dict(txn.constraint_modes or {})
    chosen: set[int] | None = None
    if names:
        chosen = set()
        for name in names:
            found = [
                item for item in catalog.objects("constraint")
                if isinstance(item, Constraint) and item.name == name[-1] and (len(name) == 1 or catalog.schema_name(item.schema) == name[-2])
            ]  # fmt: skip
            if not found:
                raise SqlError("42704", f'constraint "{name[-1]}" does not exist')
            for item in found:
                if not item.deferrable:
                    raise SqlError("42809", f'constraint "{item.name}" is not deferrable')
                chosen.add(item.oid)
                modes[item.oid] = deferred
    else:
        modes = {0: deferred}
    txn.constraint_modes = modes
    if not deferred:
        yield from check_deferred(ctx, txn, None if chosen is None else frozenset(chosen))


# ---------------------------------------------------------------- generated code


class Keys:
    """The statements that collect what must be checked at the end of a statement on `table`."""

    def __init__(self, gen: Generator, table: Table) -> None:
        self.gen = gen
        catalog = gen.catalog
        assert catalog is not None, "changes are compiled with a catalog"
        constraints = catalog.constraints_of(table.oid)
        children = [foreign_key(catalog, item) for item in constraints if item.type == "f" and item.table == table.oid]
        parents = [foreign_key(catalog, item) for item in catalog.referencing(table.oid)]
        deferrables = {item.index: item for item in constraints if item.type in "pu" and item.deferrable}
        self.made = StatementKeys(children, parents, deferrables)
        self.needed = bool(children or parents or deferrables)
        self.children = children
        self.parents = parents
        self.deferrables = deferrables
        self.pending = gen.names.fresh("pending")

    def deferrable(self, index: Index) -> bool:
        """Whether an index belongs to a DEFERRABLE constraint."""
        return index.oid in self.deferrables

    def begin(self, fn: FunctionSource) -> None:
        """Write what comes before the loop."""
        if self.needed:
            fn.line(f"{self.pending} = {self.gen.names.bind('f', Pending)}()")

    def inserted(self, fn: FunctionSource, row: str, rid: str) -> None:
        """Note a new row."""
        if self.children:
            fn.line(f"{self.pending}.rows.append((None, {rid}, {row}))")

    def updated(self, fn: FunctionSource, old: str, new: str, rid: str, changed: set[int]) -> None:
        """Note a changed row, on the sides whose columns it may have changed."""
        mask = sum(1 << place for place in changed)
        if any(set(foreign.columns) & changed for foreign in self.children):
            fn.line(f"{self.pending}.rows.append(({mask}, {rid}, {new}))")
        if any(set(foreign.referenced) & changed for foreign in self.parents):
            fn.line(f"{self.pending}.changes.append(({old}, {new}))")

    def deleted(self, fn: FunctionSource, old: str) -> None:
        """Note a deleted row."""
        if self.parents:
            fn.line(f"{self.pending}.changes.append(({old}, None))")

    def later(self, fn: FunctionSource, stored: str, info: str, key: str, row: str) -> None:
        """Note a key whose uniqueness is checked at the end."""
        fn.line(f"{self.pending}.uniques.append(({stored}, {info}, {key}, {row}))")

    def finish(self, fn: FunctionSource, txn: str) -> None:
        """Write what comes after the loop."""
        if self.needed:
            self.gen.use("finish_statement")
            keys = self.gen.names.bind("keys", self.made)
            fn.line(f"yield from finish_statement(ctx, {txn}, {keys}, {self.pending})")
