"""From a plan to Python source: produce and consume.

Every plan node knows how to *produce*: it writes the loops that enumerate its rows and, in the innermost place, asks its
consumer to write what happens with one row. So operators that pass rows on (filter, projection, the probe of a hash join)
melt into one loop without any call between them; operators that must see all rows first (sort, hash table, aggregation)
write a loop that collects and then a loop that gives.

    SELECT a FROM t WHERE b > 5

    def run(ctx, p):
        snapshot = ctx.snapshot
        out = []
        w = 0
        for page1 in heap_1.pages:
            for r2 in (page1.rows.copy() if page1.undo is None else page1.visible_rows(snapshot)):
                if (t3 := r2[1]) is not None and (t3 > 5):
                    out.append((r2[0],))
            w += 256
            if w > SLICE: ...  yield out or TICK
        if out: yield out

A consumer is called exactly once for each producer, so the source grows linearly with the plan. A function that may yield is
a generator; what is known to be short (unique index look-ups, no table) compiles to a plain function: `instant`.

Reference: Neumann, "Efficiently Compiling Efficient Query Plans for Modern Hardware", VLDB 2011.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.errors import not_supported
from rustydb_engine.exec.expressions import Compiler
from rustydb_engine.exec.runtime import HELPERS
from rustydb_engine.exec.scope import Packed, RowBinding, Scope, ValuesBinding, pack
from rustydb_engine.exec.source import Code, FunctionSource, Names
from rustydb_engine.exec.waits import TICK
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.functions.advisory import WAITING_LOCKS
from rustydb_engine.sql.plan import Node, PlanExpr
from rustydb_engine.sql.tree import walk
from rustydb_engine.values.compare import NAMES as KEY_NAMES
from rustydb_engine.values.types import Type

if TYPE_CHECKING:
    from rustydb_engine.catalog.catalog import Catalog
    from rustydb_engine.storage.database import Database
    from rustydb_engine.storage.index import Index as StoredIndex

Consume = Callable[[Scope], None]
Producer = Callable[["Generator", Node, Scope, Consume], None]
PRODUCERS: dict[type, Producer] = {}
P = TypeVar("P", bound=Producer)

SLICE = 6000
"""Weight of the work of one slice: a row that is scanned weighs 1. About a millisecond."""
PARAMETERS_HOISTED = 200
"""Python compiles a function in a time that grows with the product of its variables and its branches."""


def produces(*kinds: type) -> Callable[[P], P]:
    """Register the decorated function as the producer of these nodes."""

    def enter(producer: P) -> P:
        for kind in kinds:
            PRODUCERS[kind] = producer
        return producer

    return enter


class Generator:
    """Writes the functions of one statement. `database` gives heaps and indexes, bound into the code as globals."""

    def __init__(self, records: list[Any], database: Database | None, modifies: bool = False) -> None:
        self.names = Names()
        self.names.globals.update(KEY_NAMES)
        self.names.globals.update({"TICK": TICK, "SLICE": SLICE})
        self.database = database
        self.modifies = modifies
        self.catalog: Catalog | None = None
        self.fn = FunctionSource("run", ("ctx", "p"))
        self.root = self.fn
        self.compiler = Compiler(self)
        self.tables: dict[int, p.SeqScan | p.IndexScan | p.SystemLookup] = {}
        self.row_shapes: dict[int, tuple[tuple[str, ...], tuple[Type, ...]]] = {}
        self.used: dict[int, set[int]] = {}
        self.transaction = ""
        self.display = True
        self.flush: tuple[FunctionSource, Callable[[], None]] | None = None  # writes what a slice's end must put away
        self.counted: dict[int, int] | None = None
        self.ctes: dict[int, tuple[str, FunctionSource]] = {}
        self.working: dict[int, str] = {}
        self.streamed: dict[int, tuple[p.CtePlan, Scope]] = {}
        self._survey(records)

    # ------------------------------------------------------------ what is known of relations

    def _survey(self, records: list[Any]) -> None:
        for item in records:
            kind = item.__class__
            if kind is b.Var:
                self.used.setdefault(item.source, set()).add(item.column)
            elif kind is p.SeqScan or kind is p.IndexScan or kind is p.SystemLookup:
                self.tables[item.rel] = item
            elif kind is p.Project:
                self.row_shapes[item.rel] = item.names, tuple([expr.type for expr in item.exprs])
            elif kind is p.SetOperation:
                self.require(item.left_rel, item.right_rel)
            elif kind is p.CtePlan:
                self.require(item.rel, item.step_rel)
            elif kind is PlanExpr:
                self.require(item.rel)
            elif kind is p.Insert:
                self.require(item.source_rel)

    def require(self, *rels: int) -> None:
        """Note that every column of these relations is read."""
        for rel in rels:
            self.used.setdefault(rel, set()).add(-1)

    def is_used(self, rel: int, column: int) -> bool:
        """Whether anything reads a column of a relation."""
        used = self.used.get(rel, ())
        return column in used or -1 in used

    def table_of(self, rel: int) -> Table | None:
        """Return the table behind a relation, or None."""
        scan = self.tables.get(rel)
        return scan.table if scan is not None else None

    def positions_of(self, rel: int) -> list[int] | None:
        """Return the places of the live columns in a table's row; None: all of them (or no table)."""
        table = self.table_of(rel)
        if table is None or all(not column.dropped for column in table.columns):
            return None
        return [index for index, column in enumerate(table.columns) if not column.dropped]

    def names_of(self, rel: int) -> tuple[str, ...]:
        """Return the column names of a relation, () when they are not known."""
        table = self.table_of(rel)
        if table is not None:
            return tuple([column.name for column in table.live()])
        return self.row_shapes.get(rel, ((), ()))[0]

    def types_of(self, rel: int) -> tuple[Type, ...]:
        """Return the column types of a relation, () when they are not known."""
        table = self.table_of(rel)
        if table is not None:
            return tuple([column.type for column in table.live()])
        return self.row_shapes.get(rel, ((), ()))[1]

    # ------------------------------------------------------------ globals and parameters

    def use(self, name: str) -> str:
        """Put a helper of `runtime` into the globals and return its name."""
        self.names.globals[name] = HELPERS[name]
        return name

    def heap(self, table: Table) -> str:
        """Return the global name of a table's heap."""
        assert self.database is not None, "a plan with tables is compiled for a database"
        return self.names.bind("heap", self.database.heap(table.storage))

    def heap_of(self, rel: int) -> str:
        """Return the global name of the heap behind a relation."""
        table = self.table_of(rel)
        assert table is not None, "the relation is a table"
        return self.heap(table)

    def index(self, table: Table, index: Index) -> str:
        """Return the global name of an index."""
        return self.names.bind("index", self.index_object(table, index))

    def index_object(self, table: Table, index: Index) -> StoredIndex:
        """Return the index that storage keeps."""
        assert self.database is not None, "a plan with tables is compiled for a database"
        found = self.database.heap(table.storage).index(index.oid)
        assert found is not None, f"index {index.name} is attached to its heap"
        return found

    def parameter(self, index: int) -> str:
        """Return the variable of a parameter, assigned once at the start of the run, or its place where there are many."""
        if index > PARAMETERS_HOISTED:
            return f"p[{index - 1}]"
        return self.hoist(f"p[{index - 1}]", "p")

    def snapshot(self) -> str:
        """Return the variable of the statement's snapshot."""
        return self.hoist("ctx.snapshot", "snapshot")

    def hoist(self, source: str, prefix: str) -> str:
        """Evaluate a row-independent expression once at the start of the run, and return its variable."""
        root = self.root
        name = root.hoisted.get(source)
        if name is None:
            name = root.hoisted[source] = self.names.fresh(prefix)
            root.first(f"{name} = {source}")
        return name

    def special(self, expr: b.FuncExpr, args: Sequence[Code]) -> Code | None:
        """Return code for the few functions that are not plain calls: those that wait."""
        taken = WAITING_LOCKS.get(expr.function.name)
        if taken is not None and self.fn.generator:
            self.use("advisory_lock")
            keys = ", ".join(arg.src for arg in args)
            src = f"(yield from advisory_lock(ctx, {taken[0]}, {taken[1]}, {keys}))"
            return Code(src, any(arg.nullable for arg in args), False, max(arg.depth for arg in args) + 2, True)
        if expr.function.name in SLEEPING_FUNCTIONS:
            if not self.fn.generator:
                raise not_supported(f"{expr.function.name} in this place")
            self.use("sleep_until")
            arg = args[0]
            kind = expr.function.name
            src = f"(None if ({arg.src}) is None else (yield from sleep_until(ctx, {arg.src}, {kind!r})))"
            return Code(src, arg.nullable, False, arg.depth + 2, True)
        return None

    # ------------------------------------------------------------ producing

    def produce(self, node: Node, scope: Scope, consume: Consume) -> None:
        """Write the code that enumerates a node's rows, with `consume` called once to write what is done with each."""
        producer = PRODUCERS.get(type(node))
        if producer is None:
            raise not_supported(f"plan step {type(node).__name__}")
        if self.counted is not None:
            consume = self._counting(node, consume)
        producer(self, node, scope, consume)

    def _counting(self, node: Node, consume: Consume) -> Consume:
        """Return the consumer that also counts the node's rows (EXPLAIN ANALYZE)."""
        assert self.counted is not None, "asked for when rows are counted"
        number = self.counted.setdefault(id(node), len(self.counted))

        def counting(scope: Scope) -> None:
            self.fn.line(f"counts[{number}] += 1")
            consume(scope)

        return counting

    def produce_values(self, node: Node, rel: int, scope: Scope, consume: Callable[[list[Code], Scope], None]) -> None:
        """Produce a node for a consumer that reads all columns of `rel` exactly once, in order."""
        if isinstance(node, p.With):
            from rustydb_engine.exec.cte import produce_ctes

            produce_ctes(self, node, scope)
            self.produce_values(node.child, rel, scope, consume)
        elif isinstance(node, p.Project) and node.rel == rel:
            exprs = node.exprs
            self.produce(node.child, scope, lambda s: consume([self.compiler.value(expr, s) for expr in exprs], s))
        else:
            self.produce(node, scope, lambda s: consume(self.columns(rel, s), s))

    def columns(self, rel: int, scope: Scope) -> list[Code]:
        """Return the codes of all columns of a relation."""
        binding = scope.bindings[rel]
        width = len(binding.codes) if isinstance(binding, ValuesBinding) else binding.width
        return [binding.column(column) for column in range(width)]

    def row_source(self, codes: Sequence[Code], scope: Scope) -> str:
        """Return the source of a row of these columns: a row variable itself if they are exactly its items."""
        if not codes:
            return "()"
        sources = [code.src for code in codes]
        if sources[0].endswith("[0]"):
            name = sources[0][:-3]
            if all(source == f"{name}[{place}]" for place, source in enumerate(sources)):
                for binding in scope.bindings.values():
                    if isinstance(binding, RowBinding) and binding.name == name and binding.width == len(sources):
                        return name
        return f"({', '.join(sources)}{',' if len(sources) == 1 else ''})"

    def shown(self, code: Code, kind: Type) -> Code:
        """Return the code of an output column: a value of a reg type carries its name."""
        element = kind.name.removeprefix("_")
        if not self.display or not element.startswith("reg"):
            return code
        helper = self.use("named_array" if kind.is_array else "named")
        return Code(f"{helper}(ctx, {element!r}, {code.src})", code.nullable, False, code.depth + 1, code.waits)

    def pack(self, scope: Scope, rels: frozenset[int], nullable: bool = False) -> Packed:
        """Say how to keep relations; see scope.pack."""
        packed = pack(self.names, scope, rels, nullable)
        return packed

    # ------------------------------------------------------------ functions and slices

    @contextmanager
    def nested(self, prefix: str, generator: bool, owner: FunctionSource | None = None) -> Iterator[FunctionSource]:
        """Write a function of its own, a closure defined at the start of `owner` (the current function)."""
        before = self.fn
        inner = FunctionSource(self.names.fresh(prefix), (), generator, owner or before)
        self.fn = inner
        yield inner
        self.fn = before
        if generator:
            inner.prelude.insert(0, "    nonlocal w")  # the work of the slice is counted in one place
        (owner or before).nest(inner)

    def pulse(self, weight: str) -> None:
        """Count work, and end the slice when there was enough of it."""
        fn = self.fn
        if not fn.generator:
            return
        fn.line(f"w += {weight}")
        with fn.block("if w > SLICE:"):
            fn.line("w = 0")
            if self.flush is not None and self.flush[0] is fn:
                self.flush[1]()
            if self.transaction:
                fn.line(f"ctx.database_object.log_ahead({self.transaction})")
            if fn.output:
                with fn.block(f"if {fn.output}:"):
                    fn.line(f"n += len({fn.output})")
                    fn.line(f"yield {fn.output}")
                    fn.line(f"{fn.output} = []")
                with fn.block("else:"):
                    fn.line("yield TICK")
            else:
                fn.line("yield TICK")

    def conditions(self, conditions: Sequence[b.Expr], scope: Scope) -> Code | None:
        """Return the truth of a conjunction, None when it is always true."""
        if not conditions:
            return None
        expr = conditions[0] if len(conditions) == 1 else b.BoolExpr("and", tuple(conditions))
        code = self.compiler.truth(expr, scope)
        return None if code.constant and code.literal is True else code

    @contextmanager
    def where(self, conditions: Sequence[b.Expr], scope: Scope) -> Iterator[None]:
        """Write a block that runs only where the conditions are true."""
        code = self.conditions(conditions, scope)
        if code is None:
            yield
        else:
            with self.fn.block(f"if {bare(code.src)}:"):
                yield


def bare(source: str) -> str:
    """Return source without the parentheses around it, where a statement needs none."""
    return source


SLEEPING_FUNCTIONS = frozenset(("pg_sleep", "pg_sleep_for", "pg_sleep_until"))
WAITING_FUNCTIONS = SLEEPING_FUNCTIONS | WAITING_LOCKS.keys()


def is_instant(node: object) -> bool:
    """Whether a plan (or expression) is short and can never wait: it may run as a plain function."""
    return is_instant_records(walk(node))


_LONG = frozenset((
    p.SeqScan, p.SystemLookup, p.FunctionScan, p.ProjectSet, p.LockRows, p.Insert, p.Update, p.Delete, p.CtePlan,
))  # fmt: skip


def is_instant_records(records: list[Any]) -> bool:
    """Whether the records of a plan (see tree.walk) are all of short steps that cannot wait."""
    for item in records:
        kind = item.__class__
        if kind in _LONG:
            return False
        if kind is p.IndexScan:
            if item.range or not item.index.unique or any(item.lists) or not item.index.nulls_distinct:
                return False
        elif kind is b.FuncExpr:
            if item.function.name in WAITING_FUNCTIONS:
                return False
        elif kind is p.ValuesScan and len(item.rows) > 1000:
            return False
    return True
