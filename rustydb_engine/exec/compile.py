"""From a bound statement to a compiled plan: the public entry of the executor.

    plan = compile_query(bound, catalog, database)
    plan.run(ctx, params)                       instant: all rows at once
    for item in plan.steps(ctx, params): ...    otherwise: batches of rows and waits (waits.py)

    compile_expression(expr, {0: width}) -> f(ctx, row)      for defaults, checks, index keys

A plan is bound to the heaps and indexes of `database` as they are: it is valid for one version of the catalog.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.exec import (
    aggregate,
    conditional,
    cte,
    join,
    logic,
    modify,
    scan,
    setops,
    sort,
    subplan,
    window,
)
from rustydb_engine.exec.codegen import Generator, is_instant_records
from rustydb_engine.exec.result import CompiledPlan, ResultColumn
from rustydb_engine.exec.scope import RowBinding, Scope
from rustydb_engine.exec.source import Code
from rustydb_engine.exec.waits import Completion, WaitFor, WaitUntil
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.access import ReadIndex
from rustydb_engine.sql.binder.records import fields_of
from rustydb_engine.sql.binder.stored import stored_expr
from rustydb_engine.sql.logical import build, stack_depth
from rustydb_engine.sql.plan import Node
from rustydb_engine.sql.planner import Planner
from rustydb_engine.sql.recursion import deep_recursion
from rustydb_engine.sql.tree import conjuncts, functions_of, walk
from rustydb_engine.txn.locks import ACCESS_SHARE, ROW_EXCLUSIVE, ROW_SHARE
from rustydb_engine.values.types import RECORD, Type

if TYPE_CHECKING:
    from rustydb_engine.catalog.catalog import Catalog
    from rustydb_engine.storage.database import Database
    from rustydb_engine.storage.heap import Heap

OPERATORS = (aggregate, conditional, cte, join, logic, modify, scan, setops, sort, subplan, window)
"""The modules whose producers and handlers make up the code generator."""

HARMLESS = frozenset(("random", "clock_timestamp", "timeofday", "gen_random_uuid"))
"""Volatile functions that need no transaction."""


class CatalogStatistics:
    """The planner's view of tables and indexes: the heaps as they are now."""

    def __init__(self, catalog: Catalog, database: Database) -> None:
        self.catalog = catalog
        self.database = database

    def rows(self, table: Table) -> float:
        """Return the number of rows of a table."""
        return float(self.database.heap(table.storage).live_rows)

    def keys(self, table: Table, index: Index) -> float:
        """Return the number of different keys in an index."""
        found = self.database.heap(table.storage).index(index.oid)
        return float(len(found.entries)) if found is not None else 1.0

    def indexes(self, table: Table) -> tuple[ReadIndex, ...]:
        """Return the indexes of a table that can be used for reading."""
        heap = self.database.heap(table.storage)
        return tuple([
            self._readable(table, index) for index in self.catalog.indexes_of(table.oid)
            if index.valid and heap.index(index.oid) is not None
        ])  # fmt: skip

    def _readable(self, table: Table, index: Index) -> ReadIndex:
        keys: list[b.Expr] = []
        for key in index.columns:
            if key.attnum:
                column = table.columns[key.attnum - 1]
                keys.append(b.Var(0, key.attnum - 1, column.type, column.typmod))
            else:
                keys.append(stored_expr(self.catalog, key.expression, table))
        predicate = conjuncts(stored_expr(self.catalog, index.where, table)) if index.where else ()
        return ReadIndex(index, tuple(keys), predicate)


@contextmanager
def deep() -> Iterator[None]:
    """Allow deep recursion while a statement is planned; what is still too deep is error 54001."""
    with deep_recursion():
        try:
            yield
        except RecursionError:
            raise stack_depth() from None


def compile_query(bound: b.BoundQuery, catalog: Catalog, database: Database, *, display: bool = True) -> CompiledPlan:
    """Plan and compile a statement. Errors: 0A000 for what is not supported, 54001 for what is nested too deeply.

    Rows for display carry the names of what values of reg types denote; rows that are stored must be plain: `display` False.
    """
    with deep():
        logical, rel, builder = build(bound)
        statistics = CatalogStatistics(catalog, database)
        planned = Planner(statistics, builder).plan(logical)
        plan = CompiledPlan(tag_of(bound), columns_of(bound))
        plan.node = planned.node
        plan.rows = planned.rows
        plan.statistics = statistics
        _generate(plan, planned.node, rel, catalog, database, None, display)

    def instrumented(counts: list[int]) -> CompiledPlan:
        with deep():
            again = CompiledPlan(plan.tag, plan.columns)
            _generate(again, planned.node, rel, catalog, database, counts, display)
        return again

    plan.instrumented = instrumented
    return plan


def tag_of(bound: b.BoundQuery) -> str:
    """Return the command tag of a statement, without a number."""
    if isinstance(bound, b.Query):
        return "SELECT"
    return {b.InsertQuery: "INSERT", b.UpdateQuery: "UPDATE", b.DeleteQuery: "DELETE"}[type(bound)]


def columns_of(bound: b.BoundQuery) -> tuple[ResultColumn, ...]:
    """Return the result columns of a statement."""
    targets = bound.targets if isinstance(bound, b.Query) else bound.returning
    made: list[ResultColumn] = []
    for target in targets:
        if not target.junk:
            expr = target.expr
            fields = fields_of(expr, (bound.range,)) or () if expr.type is RECORD else ()
            kinds = tuple([field.type for field in fields])
            made.append(ResultColumn(target.name, expr.type, expr.typmod, target.table, target.attnum, kinds))
    return tuple(made)


def _describe(plan: CompiledPlan, node: Node, database: Database) -> list[Any]:
    """Note which tables a plan touches, how they are locked, and whether it writes; return its records."""
    modes: dict[int, int] = {}
    heaps: dict[int, Heap] = {}

    def touch(table: Table, mode: int) -> None:
        if table.kind == "table":
            modes[table.oid] = max(modes.get(table.oid, mode), mode)
            heaps.setdefault(table.storage, database.heap(table.storage))

    records = walk(node)
    for item in records:
        kind = item.__class__
        if kind is p.SeqScan or kind is p.IndexScan:
            touch(item.table, ACCESS_SHARE)
        elif kind is p.LockPart:
            touch(item.table, ROW_SHARE)
            plan.writes = True
        elif kind is p.Insert or kind is p.Update or kind is p.Delete:
            touch(item.table, ROW_EXCLUSIVE)
            plan.writes = True
    plan.locks = tuple(sorted(modes.items()))
    plan.heaps = tuple(heaps.values())
    plan.writes = plan.writes or any(
        entry.volatility == "v" and entry.name not in HARMLESS for entry in functions_of(records)
    )
    plan.instant = is_instant_records(records)
    return records


def _generate(
    plan: CompiledPlan,
    node: Node,
    rel: int,
    catalog: Catalog,
    database: Database,
    counts: list[int] | None,
    display: bool,
) -> None:
    records = _describe(plan, node, database)
    modifies = any(item.__class__ in _CHANGES for item in records)
    gen = Generator(records, database, modifies)
    gen.catalog = catalog
    gen.display = display
    gen.require(rel)
    if counts is not None:
        gen.counted = {}
        gen.names.globals["counts"] = counts
    fn = gen.fn
    fn.generator = not plan.instant
    gen.names.globals.update({"Completion": Completion, "WaitFor": WaitFor, "WaitUntil": WaitUntil})
    if fn.generator:
        fn.first("w = 0")
    top = node.child if isinstance(node, p.With) else node
    if isinstance(top, p.Insert | p.Update | p.Delete):
        if isinstance(node, p.With):
            cte.produce_ctes(gen, node, Scope())
        modify.statement(gen, top)
    else:
        _select(gen, node, rel, [column.type for column in plan.columns])
    if counts is not None:
        plan.counted = gen.counted or {}
        counts.extend([0] * len(plan.counted))
    text = "\n".join(fn.lines()) + "\n"
    plan.source = text
    plan.node = node
    made = load(text, gen.names.globals, "run")
    if plan.instant:
        plan.run = made
    else:
        plan.steps = made


def _select(gen: Generator, node: Node, rel: int, types: list[Type]) -> None:
    fn = gen.fn
    returned = False

    def consume(codes: list[Code], scope: Scope) -> None:
        nonlocal returned
        row = gen.row_source([gen.shown(code, kind) for code, kind in zip(codes, types, strict=True)], scope)
        if not fn.generator and fn.loops == 0:
            fn.line(f"return [{row}]")
            returned = True
        else:
            fn.line(f"out.append({row})")

    if fn.generator:
        fn.output = "out"
        fn.first("n = 0")
    gen.produce_values(node, rel, Scope(), consume)
    if not returned:
        fn.first("out = []")
    if fn.generator:
        with fn.block("if out:"):
            fn.line("n += len(out)")
            fn.line("yield out")
        fn.line("return Completion('SELECT', n)")
    else:
        fn.line("return []" if returned else "return out")


_ITEM = re.compile(r"r\[\d+\]")
_CHANGES = frozenset((p.Insert, p.Update, p.Delete))
_counter = 0


def load(text: str, globals_: dict[str, object], name: str) -> Any:
    """Compile the source of generated functions and return one of them; tracebacks show its lines."""
    global _counter
    _counter += 1
    filename = f"<plan {_counter % 1000}>"
    exec(compile(text, filename, "exec"), globals_)  # the source is ours
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    return globals_[name]


def compile_expression(expr: b.Expr, width: int = 0, *, truth: bool = False) -> Callable[[Any, Any], Any]:
    """Compile an expression over one row, Var(0, column), to a function of (context, row).

    With `truth` the result is truthy exactly when the expression is true (a predicate). Errors: 0A000 for subqueries.
    """
    with deep():
        gen = Generator([], None)
        fn = gen.fn
        fn.parameters = ("ctx", "r")
        scope = Scope({0: RowBinding("r", width)})
        code = gen.compiler.truth(expr, scope) if truth else gen.compiler.value(expr, scope)
        fn.line(f"return {code.src}")
        made: Callable[[Any, Any], Any] = load("\n".join(fn.lines()) + "\n", gen.names.globals, "run")
        return made


def compile_key(exprs: tuple[b.Expr, ...], width: int = 0) -> Callable[[Any], object]:
    """Compile index key expressions to `key_of(row)`: the comparable form of the value, or a tuple of several."""
    with deep():
        gen = Generator([], None)
        fn = gen.fn
        fn.parameters = ("r",)
        scope = Scope({0: RowBinding("r", width)})
        sources = [scan.null_safe_key(gen, expr.type, gen.compiler.value(expr, scope)) for expr in exprs]
        if all(_ITEM.fullmatch(source) for source in sources):
            return itemgetter(*[int(source[2:-1]) for source in sources])
        fn.line(f"return {sources[0]}" if len(sources) == 1 else f"return ({', '.join(sources)})")
        made: Callable[[Any], object] = load("\n".join(fn.lines()) + "\n", gen.names.globals, "run")
        return made
