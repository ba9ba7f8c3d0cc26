"""INSERT, UPDATE and DELETE as generated code.

One row of the source is one pass of the loop: compute the new row, check NOT NULL and CHECK, change the heap, check uniqueness,
RETURNING. Foreign keys are checked when the whole statement is done.

    UPDATE t SET b = b + $1 WHERE a = $2

    … find rid, r …
    if heap.blocker(txn, rid, 2) is not None or heap.pages[rid >> 8].rows[rid & 255] is not r:
        wait; take the newest version; evaluate the conditions on it again
    new = (r[0], r[1] + p1)
    heap.update(txn, rid, new)

The row is written before its uniqueness is checked, as in PostgreSQL: a second writer of the same key waits for the first. If the
check fails, the statement fails, and its transaction or savepoint takes the row back.

A statement sees its snapshot only, never what it wrote itself: rows keep their address when they are updated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.exec import bulk, conflict, deferred, row_locks
from rustydb_engine.exec.codegen import Generator
from rustydb_engine.exec.scan import null_safe_key
from rustydb_engine.exec.scope import RowBinding, Scope, tuple_source
from rustydb_engine.exec.source import Code
from rustydb_engine.exec.violations import (
    TableInfo,
    UniqueInfo,
    check_violation,
    not_null_violation,
)
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.tree import walk
from rustydb_engine.storage.heap import NO_KEY_UPDATE, UPDATE
from rustydb_engine.values.types import type_by_oid

Modify = p.Insert | p.Update | p.Delete
BATCH = 1000
HELPERS = (conflict, deferred, row_locks)


def statement(gen: Generator, node: Modify) -> None:
    """Write a whole INSERT, UPDATE or DELETE statement."""
    fn = gen.fn
    tag = {p.Insert: "INSERT", p.Update: "UPDATE", p.Delete: "DELETE"}[type(node)]
    rows = "out" if node.returning else ""
    writer = Writer(gen, node, rows)
    if rows:
        fn.line("out = []")
    writer.write(Scope())
    if rows:
        with fn.block(f"for first in range(0, len(out), {BATCH}):"):
            fn.line(f"yield out[first:first + {BATCH}]")
    fn.line(f"return Completion('{tag}', {writer.count})")


def inner_statement(gen: Generator, node: p.Node, rows: str, scope: Scope) -> None:
    """Write a data-modifying CTE, whose RETURNING rows go into the list `rows`."""
    if isinstance(node, p.With):
        from rustydb_engine.exec.cte import produce_ctes

        produce_ctes(gen, node, scope)
        node = node.child
    assert isinstance(node, p.Insert | p.Update | p.Delete), "a CTE that modifies is a statement"
    Writer(gen, node, rows).write(scope)


class Writer:
    """Writes the code of one statement that changes `table`."""

    def __init__(self, gen: Generator, node: Modify, rows: str) -> None:
        self.gen = gen
        self.node = node
        self.table: Table = node.table
        self.rows = rows
        assert gen.catalog is not None and gen.database is not None, "changes are compiled for a database"
        self.info = TableInfo(self.table, gen.catalog)
        self.info_name = gen.names.bind("info", self.info)
        self.heap = gen.heap(self.table)
        command = {p.Insert: "INSERT", p.Update: "UPDATE", p.Delete: "DELETE"}[type(node)]
        # A read-only transaction may change temporary tables.
        temporary = self.table.persistence == "t"
        self.txn = gen.hoist("ctx.txn" if temporary else f"ctx.writable('{command}')", "txn")
        gen.transaction = self.txn
        self.count = gen.names.fresh("n")
        self.uniques = [
            index for index in gen.catalog.indexes_of(self.table.oid)
            if index.unique and gen.database.heap(self.table.storage).index(index.oid) is not None
        ]  # fmt: skip
        self.keys = deferred.Keys(gen, self.table)
        self.new = gen.names.fresh("new")

    def write(self, scope: Scope) -> None:
        """Write the statement's loop and what follows it."""
        fn = self.gen.fn
        fn.line(f"{self.count} = 0")
        self.keys.begin(fn)
        node = self.node
        if isinstance(node, p.Insert) and bulk.possible(self, node):
            bulk.write(self, node, scope)
        elif isinstance(node, p.Insert):
            self.gen.produce(node.child, scope, lambda inner: self._insert_row(node, inner))
        elif isinstance(node, p.Update):
            self._existing(node, scope, lambda inner, old, rid: self._update_row(node, inner, old, rid))
        else:
            self._existing(node, scope, lambda inner, old, rid: self._delete_row(node, inner, old, rid))
        self.keys.finish(fn, self.txn)

    # ------------------------------------------------------------ the new row

    def table_row(self, name: str, rid: str = "") -> RowBinding:
        """Return the binding of a row of the table."""
        columns = self.table.columns
        not_null = frozenset([i for i, column in enumerate(columns) if column.not_null and not column.dropped])
        return RowBinding(name, len(columns), not_null, False, rid)

    def checks(self, rules: b.TableRules, row: str, suspects: Sequence[int], scope: Scope, rel: int) -> None:
        """Write the NOT NULL checks of the columns that may be NULL, then the CHECK constraints."""
        gen, fn = self.gen, self.gen.fn
        for column in suspects:
            error = gen.names.bind("f", not_null_violation)
            name = self.table.columns[column].name
            with fn.block(f"if {row}[{column}] is None:"):
                fn.line(f"raise {error}({self.info_name}, {name!r}, {row}, ctx.forms)")
        inner = scope.bind(rel, self.table_row(row))
        for name, expr in rules.checks:
            code = gen.compiler.falsehood(expr, inner)
            if code.constant and not code.literal:
                continue
            error = gen.names.bind("f", check_violation)
            with fn.block(f"if {code.src}:"):
                fn.line(f"raise {error}({self.info_name}, {name!r}, {row}, ctx.forms)")

    def generated(self, rules: b.TableRules, row: str, scope: Scope, rel: int) -> None:
        """Write the computation of generated columns from the others."""
        if not rules.generated:
            return
        gen, fn = self.gen, self.gen.fn
        inner = scope.bind(rel, RowBinding(row, len(self.table.columns)))
        sources = [f"{row}[{index}]" for index in range(len(self.table.columns))]
        for column, expr in rules.generated:
            sources[column] = gen.compiler.value(expr, inner).src
        fn.line(f"{row} = {tuple_source(sources)}")

    def give(self, returning: tuple[b.Target, ...], scope: Scope) -> None:
        """Write RETURNING."""
        if returning and self.rows:
            sources = [
                self.gen.shown(self.gen.compiler.value(target.expr, scope), target.expr.type).src
                for target in returning
            ]
            self.gen.fn.line(f"{self.rows}.append({tuple_source(sources)})")

    # ------------------------------------------------------------ INSERT

    def _insert_row(self, node: p.Insert, scope: Scope) -> None:
        gen, fn, new = self.gen, self.gen.fn, self.new
        codes = [gen.compiler.value(item, scope) for item in node.row]
        fn.line(f"{new} = {tuple_source([code.src for code in codes])}")
        self.generated(node.rules, new, scope, node.rel)
        made = {column for column, _ in node.rules.generated}
        suspects = [column for column in node.rules.not_null if codes[column].nullable or column in made]
        self.checks(node.rules, new, suspects, scope, node.rel)
        if node.conflict is not None:
            conflict.write_insert(self, node, node.conflict, scope)
        else:
            self.insert(scope.bind(node.rel, self.table_row(new)))
            self._done(node.returning, scope.bind(node.rel, self.table_row(new)))
        gen.pulse("4")

    def insert(self, scope: Scope, skip: Sequence[int] = ()) -> str:
        """Write the insertion of the new row and its uniqueness checks; `skip` are indexes known to be free."""
        fn, new = self.gen.fn, self.new
        rid = self.gen.names.fresh("rid")
        fn.line(f"{rid} = {self.heap}.insert({self.txn}, {new})")
        for index in self.uniques:
            if index.oid not in skip:
                self.unique(index, new, rid)
        self.keys.inserted(fn, new, rid)
        return rid

    def key_source(self, index: Index, row: str) -> str:
        """Return the source of a row's key in an index."""
        stored = self.gen.index(self.table, index)
        if index.where or any(not column.attnum for column in index.columns):
            return f"{stored}.key_of({row})"
        binding = self.table_row(row)
        parts = [
            null_safe_key(self.gen, self.table.columns[column.attnum - 1].type, binding.column(column.attnum - 1))
            for column in index.columns
        ]
        return parts[0] if len(parts) == 1 else tuple_source(parts)

    def unique(self, index: Index, row: str, rid: str) -> None:
        """Write the check that no other row has this row's key; at the end of the statement if it is deferrable."""
        gen, fn = self.gen, self.gen.fn
        key = gen.names.fresh("key")
        fn.line(f"{key} = {self.key_source(index, row)}")
        get = gen.names.bind("get", gen.index_object(self.table, index).get)
        name = gen.names.bind("unique", self.unique_info(index))
        stored = gen.index(self.table, index)
        with fn.block(f"if {get}({key}) != {rid}:"):
            if self.keys.deferrable(index):
                self.keys.later(fn, stored, name, key, row)
            else:
                gen.use("ensure_unique")
                fn.line(f"yield from ensure_unique(ctx, {self.txn}, {stored}, {key}, {rid}, {name}, {row})")

    def unique_info(self, index: Index) -> UniqueInfo:
        """Return what messages say about an index."""
        return unique_info(self.gen, self.info, index)

    def _done(self, returning: tuple[b.Target, ...], scope: Scope) -> None:
        self.gen.fn.line(f"{self.count} += 1")
        self.give(returning, scope)

    # ------------------------------------------------------------ UPDATE and DELETE

    def _existing(self, node: p.Update | p.Delete, scope: Scope, change: Callable[[Scope, str, str], None]) -> None:
        """Write the loop over the rows to change: each is taken in its newest version."""
        gen, fn = self.gen, self.gen.fn
        seen = gen.names.fresh("seen")
        if node.joined:
            fn.line(f"{seen} = set()")

        def each(inner: Scope) -> None:
            binding = inner.bindings[node.rel]
            assert isinstance(binding, RowBinding) and binding.rid, "a row to change has an address"
            old, rid = binding.name, binding.rid
            with fn.block(f"if {rid} not in {seen}:") if node.joined else _flat():
                self._take(node, inner, old, rid)
                with fn.block(f"if {old} is not None:"):
                    if node.joined:
                        fn.line(f"{seen}.add({rid})")
                    change(inner, old, rid)
            gen.pulse("4")

        gen.produce(node.child, scope, each)

    def _take(self, node: p.Update | p.Delete, scope: Scope, old: str, rid: str) -> None:
        """Write how the newest version of a row is taken; the row's variable is None when it is to be left alone."""
        gen, fn = self.gen, self.gen.fn
        gen.use("take_row")
        heap, txn = self.heap, self.txn
        strength = UPDATE if isinstance(node, p.Delete) else self._strength(node)
        slot = f"{heap}.pages[{rid} >> 8].rows[{rid} & 255]"
        with fn.block(f"if {slot} is not {old} or {heap}.blocker({txn}, {rid}, {strength}) is not None:"):
            latest = gen.names.fresh("r")
            fn.line(f"{latest} = yield from take_row({txn}, {heap}, {rid}, {old}, {strength}, {self.table.oid})")
            with fn.block(f"if {latest} is not {old}:"):
                fn.line(f"{old} = {latest}")
                code = gen.conditions(node.recheck, scope)
                if code is not None:
                    with fn.block(f"if {old} is not None and not {code.src}:"):
                        fn.line(f"{old} = None")

    def _strength(self, node: p.Update) -> int:
        changed = {column for column, _ in node.assignments} | {column for column, _ in node.rules.generated}
        for index in self.uniques:
            if any(not column.attnum or column.attnum - 1 in changed for column in index.columns) and not index.where:
                return UPDATE
        return NO_KEY_UPDATE

    def _update_row(self, node: p.Update, scope: Scope, old: str, rid: str) -> None:
        gen, fn, new = self.gen, self.gen.fn, self.new
        values: dict[int, Code] = {}
        for column, expr in node.assignments:
            values[column] = gen.compiler.value(expr, scope)
        sources = [
            values[index].src if index in values else f"{old}[{index}]" for index in range(len(self.table.columns))
        ]
        fn.line(f"{new} = {tuple_source(sources)}")
        self.apply_update(node.rules, values, scope, old, new, rid, node.rel)
        self._done(node.returning, scope.bind(node.rel, self.table_row(new, rid)))

    def apply_update(
        self, rules: b.TableRules, values: dict[int, Code], scope: Scope, old: str, new: str, rid: str, rel: int
    ) -> None:
        """Write the checks of an updated row, its storing, and the uniqueness of the keys that changed."""
        gen, fn = self.gen, self.gen.fn
        self.generated(rules, new, scope, rel)
        made = {column for column, _ in rules.generated}
        changed = set(values) | made
        suspects = [
            column for column in rules.not_null if column in made or (column in values and values[column].nullable)
        ]
        touched = tuple([
            (name, expr) for name, expr in rules.checks
            if any(isinstance(item, b.Var) and (item.column in changed or item.column < 0) for item in walk(expr))
        ])  # fmt: skip
        self.checks(b.TableRules(rules.not_null, touched, ()), new, suspects, scope, rel)
        fn.line(f"{self.heap}.update({self.txn}, {rid}, {new})")
        for index in self.uniques:
            plain = not index.where and all(column.attnum for column in index.columns)
            if plain and not any(column.attnum - 1 in changed for column in index.columns):
                continue
            stored = gen.index(self.table, index)
            with fn.block(f"if {stored}.key_of({new}) != {stored}.key_of({old}):"):
                self.unique(index, new, rid)
        self.keys.updated(fn, old, new, rid, changed)

    def _delete_row(self, node: p.Delete, scope: Scope, old: str, rid: str) -> None:
        fn = self.gen.fn
        fn.line(f"{self.heap}.delete({self.txn}, {rid})")
        self.keys.deleted(fn, old)
        self._done(node.returning, scope)


class _flat:
    """A block that writes nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


def unique_info(gen: Generator, info: TableInfo, index: Index) -> UniqueInfo:
    """Return what messages say about an index of a table."""
    by_attnum = {column.attnum: column for column in info.table.columns}
    labels = [by_attnum[key.attnum].name if key.attnum else key.expression for key in index.columns]
    types = [by_attnum[key.attnum].type if key.attnum else type_by_oid(key.type_oid) for key in index.columns]
    return UniqueInfo(info, index, tuple(labels), tuple(types))
