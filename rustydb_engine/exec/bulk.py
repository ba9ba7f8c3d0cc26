"""INSERT of many rows: they are collected, and go into the heap together.

The loop over the source only computes rows. At the end of a slice the collected ones are checked in order and appended page by
page, with one undo entry, one log record and one update of each index for many of them:

    for rows in chunks(copy_rows()):
        new += rows
        w += len(rows)
        if w > SLICE:
            done = new.copy(); new.clear()
            check(done)                                      NOT NULL and CHECK
            if not heap.insert_new(txn, done): yield from insert_each(…)
            n += len(done)

Where a key of the collected rows may be taken, they are inserted one by one, as a single row is, so errors come in the order
of the rows. An error of the source must not overtake one of the rows before it: those are put away first.

RETURNING, ON CONFLICT, foreign keys and deferrable constraints need each row's address at once, and a single row needs none of
this: `possible` says no.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator as Steps
from typing import TYPE_CHECKING, Any

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.conflict import ensure_unique, key_values
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.scope import RowBinding, Scope, tuple_source
from rustydb_engine.exec.source import Code, FunctionSource
from rustydb_engine.exec.violations import UniqueInfo, unique_violation
from rustydb_engine.exec.waits import TICK, Wait
from rustydb_engine.sql import plan as p

if TYPE_CHECKING:
    from rustydb_engine.exec.context import ExecContext
    from rustydb_engine.exec.modify import Writer
    from rustydb_engine.storage.index import Index
    from rustydb_engine.txn.transaction import Transaction

Row = tuple[object, ...]
Check = Callable[[list[Row]], None]
Uniques = tuple[tuple["Index", UniqueInfo], ...]

FOREIGN_CLASSES = ("40", "55", "57")
"""SQLSTATE classes of errors that come from outside the statement (cancel, lock timeout, deadlock): nothing precedes them."""

SLICE_ROWS = 1000


@helper
def insert_each(
    ctx: ExecContext, txn: Transaction, heap: Any, rows: list[Row], uniques: Uniques
) -> Steps[Wait, None, None]:
    """Insert rows one by one, each with its uniqueness checks."""
    for number, row in enumerate(rows, 1):
        rid = heap.insert(txn, row)
        if number % SLICE_ROWS == 0:
            yield TICK
        for index, info in uniques:
            key = index.key_of(row)
            if index.get(key) != rid:
                yield from ensure_unique(ctx, txn, index, key, rid, info, row)


@helper
def settle_before(
    ctx: ExecContext, txn: Transaction, heap: Any, rows: list[Row], uniques: Uniques, error: Exception, check: Check
) -> None:
    """After an error: raise instead what the first of these rows would have raised, as far as that is decided."""
    if isinstance(error, SqlError) and error.sqlstate[:2] in FOREIGN_CLASSES:
        return
    for row in rows:
        check([row])
        rid = heap.insert(txn, row)
        for index, info in uniques:
            found = index.conflict(txn, index.key_of(row), rid)
            if found is not None and found[1] is None:
                raise unique_violation(info, key_values(info, index, row), ctx.forms)


def no_check(rows: list[Row]) -> None:
    """Accept rows without NOT NULL and CHECK."""


def possible(writer: Writer, node: p.Insert) -> bool:
    """Whether the rows of an INSERT may be collected."""
    keys = writer.keys
    if node.conflict is not None or (node.returning and writer.rows) or keys.children or keys.deferrables:
        return False
    if not writer.gen.fn.generator:
        return False
    source = node.child
    while isinstance(source, p.Project | p.Filter):
        source = source.child
    single = isinstance(source, p.OneRow) or (isinstance(source, p.ValuesScan) and len(source.rows) == 1)
    return not single


def write(writer: Writer, node: p.Insert, scope: Scope) -> None:
    """Write the whole INSERT."""
    Bulk(writer, node, scope).write()


class Bulk:
    """Writes one INSERT that collects its rows in the list `new`."""

    def __init__(self, writer: Writer, node: p.Insert, scope: Scope) -> None:
        self.writer = writer
        self.node = node
        self.scope = scope
        self.gen = writer.gen
        self.fn = writer.gen.fn
        self.new = writer.gen.names.fresh("new")
        self.row = writer.gen.names.fresh("r")
        self.rows = writer.gen.names.fresh("rows")
        self.uniques = ""
        if writer.uniques:
            pairs = [
                (self.gen.index_object(writer.table, index), writer.unique_info(index)) for index in writer.uniques
            ]
            self.uniques = self.gen.names.bind("uniques", tuple(pairs))
        self.suspects: list[int] = []
        self.checked = False
        self.check = self.gen.names.fresh("check")

    def write(self) -> None:
        """Write the loop, with what is done at the end of a slice and at the end."""
        gen, fn = self.gen, self.fn
        fn.line(f"{self.new} = []")
        before, gen.flush = gen.flush, (fn, self.flush)
        guarded = bool(self.uniques or self.node.rules.not_null or self.node.rules.checks)
        if guarded:
            fn.line("try:")
            fn.indent += 1
        gen.produce(self.node.child, self.scope, self.collect)
        if guarded:
            fn.indent -= 1
            self.precedence(self.new)
        gen.flush = before
        self.flush()
        self.define_check()

    def collect(self, inner: Scope) -> None:
        """Write what is done with one row of the source."""
        gen, fn, node, writer = self.gen, self.fn, self.node, self.writer
        codes = [gen.compiler.value(item, inner) for item in node.row]
        made = {column for column, _ in node.rules.generated}
        suspects = [column for column in node.rules.not_null if codes[column].nullable or column in made]
        if not made and all(code.simple for code in codes):
            # Nothing can fail here: what is to be checked is checked when the rows are put away.
            self.suspects, self.checked = suspects, True
            fn.line(f"{self.new}.append({whole_row(inner, codes)})")
            return
        fn.line(f"{self.row} = {tuple_source([code.src for code in codes])}")
        writer.generated(node.rules, self.row, inner, node.rel)
        writer.checks(node.rules, self.row, suspects, inner, node.rel)
        fn.line(f"{self.new}.append({self.row})")

    def define_check(self) -> None:
        """Write the function with the checks that were put off."""
        gen, rules = self.gen, self.node.rules
        if not self.checked or not (self.suspects or rules.checks):
            gen.names.globals[self.check] = no_check
            return
        inner = FunctionSource(self.check, (self.new,), parent=gen.root)
        before, gen.fn = gen.fn, inner
        with inner.block(f"for {self.row} in {self.new}:"):
            self.writer.checks(rules, self.row, self.suspects, self.scope, self.node.rel)
            inner.line("pass")
        gen.fn = before
        gen.root.nest(inner)

    def flush(self) -> None:
        """Write how the collected rows are put away."""
        fn, writer, rows = self.fn, self.writer, self.rows
        with fn.block(f"if {self.new}:"):
            fn.line(f"{rows} = {self.new}.copy()")
            fn.line(f"{self.new}.clear()")  # before anything can fail: these rows are not the handler's any more
            if not self.uniques:
                fn.line(f"{self.check}({rows})")
                fn.line(f"{writer.heap}.insert_many({writer.txn}, {rows})")
            else:
                self.gen.use("insert_each")
                with fn.block("try:"):
                    fn.line(f"{self.check}({rows})")
                self.precedence(rows)
                with fn.block(f"if not {writer.heap}.insert_new({writer.txn}, {rows}):"):
                    fn.line(f"yield from insert_each(ctx, {writer.txn}, {writer.heap}, {rows}, {self.uniques})")
            fn.line(f"{writer.count} += len({rows})")

    def precedence(self, rows: str) -> None:
        """Write what follows an error: those of the rows before it come first."""
        fn, writer = self.fn, self.writer
        error = self.gen.names.fresh("error")
        self.gen.use("settle_before")
        with fn.block(f"except Exception as {error}:"):
            uniques = self.uniques or "()"
            fn.line(f"settle_before(ctx, {writer.txn}, {writer.heap}, {rows}, {uniques}, {error}, {self.check})")
            fn.line("raise")


def whole_row(scope: Scope, codes: list[Code]) -> str:
    """Return the source of a row of these columns: the variable of a relation's row if they are exactly its items."""
    for binding in scope.bindings.values():
        if isinstance(binding, RowBinding) and not binding.nullable and binding.width == len(codes):
            if all(code.src == f"{binding.name}[{place}]" for place, code in enumerate(codes)):
                return binding.name
    return tuple_source([code.src for code in codes])
