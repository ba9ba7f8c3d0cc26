"""Joins: nested loops and hash joins.

A hash join first writes the loop that fills the table from its right side, then its left side streams through the probe:

    h1 = {}
    for … right rows …:     h1[key] -> list of what is kept of the row
    for … left rows …:
        for r7 in h1.get(key, ()):       inner;  h1.get(key, NULLS) with one row of NULLs for a left join
            consume

What is kept of a row is its variables (scope.pack): one reference for a single table. Semi and anti joins only ask whether a
match exists. A pipeline with more loops than Python nests is cut: the left side is collected into a list first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.codegen import Consume, Generator, is_instant, produces
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.scan import null_safe_key, settled
from rustydb_engine.exec.scope import Packed, Scope, tuple_source
from rustydb_engine.exec.source import LOOPS_MAX, Code
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import Node, provided
from rustydb_engine.sql.tree import relations
from rustydb_engine.values.compare import compare_key

MANY = 64
"""From this many matches of one row on, they are counted as work of the slice."""
PART = 4096
"""Longer lists of possible matches are read in parts, so that a slice can end between them."""


def loop_depth(node: Node) -> int:
    """Return how many Python loops a node nests around its consumer, at most."""
    if isinstance(node, p.SeqScan):
        return 2
    if isinstance(node, p.HashJoin):
        return loop_depth(node.left) + 2
    if isinstance(node, p.NestedLoop):
        return loop_depth(node.left) + (2 if node.kept else loop_depth(node.right))
    if isinstance(node, p.Filter | p.Project | p.LockRows):
        return loop_depth(node.child)
    if isinstance(node, p.ProjectSet | p.Limit | p.Window):
        return loop_depth(node.child) + 1
    if isinstance(node, p.With):
        return loop_depth(node.child)
    return 1


def produce_left(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Produce the streaming side of a join; through a list when the loops would nest too deeply."""
    if loop_depth(node) + gen.fn.loops < LOOPS_MAX:
        gen.produce(node, scope, consume)
        return
    rows, packed = collected(gen, node, scope)
    with gen.fn.block(f"for {packed.target} in {rows}:"):
        gen.pulse("1")
        consume(scope.extend(packed.bindings))


def collected(gen: Generator, node: Node, scope: Scope, nullable: bool = False) -> tuple[str, Packed]:
    """Write the loop that collects a node's rows into a list; return its name and how the items unpack."""
    rows = gen.names.fresh("rows")
    gen.fn.line(f"{rows} = []")
    result: list[Packed] = []

    def each(inner: Scope) -> None:
        packed = gen.pack(inner, provided(node), nullable)
        gen.fn.line(f"{rows}.append({packed.item})")
        result.append(packed)

    gen.produce(node, scope, each)
    return rows, result[0]


# ---------------------------------------------------------------- nested loops


@produces(p.NestedLoop)
def nested_loop(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Run the right side for every row of the left."""
    assert isinstance(node, p.NestedLoop)
    if node.kept:
        _kept_loop(gen, node, scope, consume)
    elif node.kind == "inner":

        def right(outer: Scope) -> None:
            def pair(inner: Scope) -> None:
                with gen.where(node.on, inner):
                    consume(inner)
                    gen.fn.line("pass")

            gen.produce(node.right, outer, pair)

        produce_left(gen, node.left, scope, right)
    elif node.kind == "left":
        _left_loop(gen, node, scope, consume)
    else:
        _exists_loop(gen, node, scope, consume)


def _kept_loop(gen: Generator, node: p.NestedLoop, scope: Scope, consume: Consume) -> None:
    if node.kind == "full":
        raise SqlError("0A000", "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions")
    fn = gen.fn
    rows, packed = collected(gen, node.right, scope, node.kind == "left")

    def each(outer: Scope) -> None:
        _matches(gen, node.kind, rows, packed, node.on, outer, consume)

    with fn.block(f"if {rows}:") if node.kind in ("inner", "semi") else _always(gen):
        produce_left(gen, node.left, scope, each)
        fn.line("pass")


def _left_loop(gen: Generator, node: p.NestedLoop, scope: Scope, consume: Consume) -> None:
    def each(outer: Scope) -> None:
        fn = gen.fn
        found = gen.names.fresh("m")
        fn.line(f"{found} = []")
        result: list[Packed] = []

        def keep(inner: Scope) -> None:
            with gen.where(node.on, inner):
                packed = gen.pack(inner, provided(node.right), True)
                fn.line(f"{found}.append({packed.item})")
                result.append(packed)

        gen.produce(node.right, outer, keep)
        packed = result[0]
        with fn.block(f"for {packed.target} in {found} or ({packed.null},):"):
            consume(outer.extend(packed.bindings))

    produce_left(gen, node.left, scope, each)


def _exists_loop(gen: Generator, node: p.NestedLoop, scope: Scope, consume: Consume) -> None:
    def each(outer: Scope) -> None:
        waits = (gen.fn.generator and not is_instant(node.right)) or any(not is_instant(expr) for expr in node.on)
        with gen.nested("exists", waits) as inner_fn:

            def hit(inner: Scope) -> None:
                with gen.where(node.on, inner):
                    inner_fn.line("return True")

            gen.produce(node.right, outer, hit)
            inner_fn.line("return False")
        call = f"(yield from {inner_fn.name}())" if waits else f"{inner_fn.name}()"
        with gen.fn.block(f"if {'not ' if node.kind == 'anti' else ''}{call}:"):
            consume(outer)
            gen.fn.line("pass")

    produce_left(gen, node.left, scope, each)


# ---------------------------------------------------------------- hash joins


@produces(p.HashJoin)
def hash_join(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Join by a hash table of the right side."""
    assert isinstance(node, p.HashJoin)
    if node.kind == "full":
        _full_join(gen, node, scope, consume)
        return
    fn = gen.fn
    table = gen.names.fresh("h")
    members = node.kind in ("semi", "anti") and not node.residual
    fn.line(f"{table} = {'set()' if members else '{}'}")
    packed: list[Packed] = []

    def build(inner: Scope) -> None:
        with _key(gen, [right for _, right in node.keys], inner) as key:
            if members:
                fn.line(f"{table}.add({key})")
                return
            kept = gen.pack(inner, provided(node.right), node.kind == "left")
            packed.append(kept)
            _enter(gen, table, key, kept.item)

    gen.produce(node.right, scope, build)

    def probe(outer: Scope) -> None:
        keys = [null_safe_key(gen, left.type, gen.compiler.value(left, outer)) for left, _ in node.keys]
        key = keys[0] if len(keys) == 1 else tuple_source(keys)
        if members:
            with fn.block(f"if {key} {'in' if node.kind == 'semi' else 'not in'} {table}:"):
                consume(outer)
                fn.line("pass")
            return
        found = gen.names.fresh("m")
        fn.line(f"{found} = {table}.get({key}, ())")
        _matches(gen, node.kind, found, packed[0], node.residual, outer, consume)

    with fn.block(f"if {table}:") if node.kind in ("inner", "semi") else _always(gen):
        produce_left(gen, node.left, scope, probe)
        fn.line("pass")


def _enter(gen: Generator, table: str, key: str, item: str) -> None:
    """Write the statements that append an item to the list of a key."""
    fn = gen.fn
    bucket, name = gen.names.fresh("b"), gen.names.fresh("k")
    fn.line(f"{name} = {key}")
    fn.line(f"{bucket} = {table}.get({name})")
    with fn.block(f"if {bucket} is None:"):
        fn.line(f"{table}[{name}] = [{item}]")
    with fn.block("else:"):
        fn.line(f"{bucket}.append({item})")


class _key:
    """A block in which the key of a row is known and holds no NULL; gives the key's source."""

    def __init__(self, gen: Generator, exprs: Sequence[b.Expr], scope: Scope) -> None:
        self.gen = gen
        fn = gen.fn
        self.indent = fn.indent
        sources: list[str] = []
        tests: list[str] = []
        for expr in exprs:
            code = gen.compiler.value(expr, scope)
            source = null_safe_key(gen, expr.type, code)
            if code.nullable or compare_key(expr.type) is not None:
                name = settled(gen, Code(source)).src
                source = name
            if code.nullable:
                tests.append(f"{source} is not None")
            sources.append(source)
        self.source = sources[0] if len(sources) == 1 else tuple_source(sources) if sources else "()"
        if tests:
            fn.line(f"if {' and '.join(tests)}:")
            fn.indent += 1

    def __enter__(self) -> str:
        return self.source

    def __exit__(self, *exc: object) -> None:
        self.gen.fn.indent = self.indent


def _matches(
    gen: Generator,
    kind: str,
    rows: str,
    packed: Packed,
    conditions: Sequence[b.Expr],
    outer: Scope,
    consume: Consume,
) -> None:
    """Write what happens with one left row, given the list of its possible matches."""
    fn = gen.fn
    inner = outer.extend(packed.bindings)
    if kind == "inner":
        with _parts(gen, rows) as part, fn.block(f"for {packed.target} in {part}:"), gen.where(conditions, inner):
            consume(inner)
            fn.line("pass")
    elif kind == "left":
        source = rows
        if conditions:
            source = gen.names.fresh("m")
            fn.line(f"{source} = []")
            with _parts(gen, rows) as part, fn.block(f"for {packed.target} in {part}:"), gen.where(conditions, inner):
                fn.line(f"{source}.append({_again(packed)})")
        with fn.block(f"for {packed.target} in {source} or ({packed.null},):"):
            consume(inner)
    else:
        hit = gen.names.fresh("hit")
        fn.line(f"{hit} = False")
        with fn.block(f"for {packed.target} in {rows}:"), gen.where(conditions, inner):
            fn.line(f"{hit} = True")
            fn.line("break")
        with fn.block(f"if {'not ' if kind == 'anti' else ''}{hit}:"):
            consume(outer)
            fn.line("pass")


@contextmanager
def _parts(gen: Generator, rows: str) -> Iterator[str]:
    """Write a loop over the parts of a list that may be long, with the end of a slice between them."""
    fn = gen.fn
    if not fn.generator:
        yield rows
        return
    part = gen.names.fresh("part")
    with fn.block(f"for {part} in ({rows},) if len({rows}) <= {PART} else {gen.use('parts_of')}({rows}):"):
        yield part
        with fn.block(f"if len({part}) > {MANY}:"):
            gen.pulse(f"len({part})")


@helper
def parts_of(rows: list[object]) -> list[list[object]]:
    """Return a long list in parts."""
    return [rows[start : start + PART] for start in range(0, len(rows), PART)]


def _again(packed: Packed) -> str:
    """Return the source of an item from the variables it was unpacked to."""
    return f"({packed.target})" if "," in packed.target else packed.target


def _full_join(gen: Generator, node: p.HashJoin, scope: Scope, consume: Consume) -> None:
    """Collect the matches, the left rows without one, then the right rows that nothing matched; give them all."""
    if not node.keys and relations(node.residual):
        raise SqlError("0A000", "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions")
    fn, names = gen.fn, gen.names
    table, everything, result = names.fresh("h"), names.fresh("rows"), names.fresh("rows")
    fn.line(f"{table} = {{}}")
    fn.line(f"{everything} = []")
    fn.line(f"{result} = []")
    packed: list[Packed] = []
    entry = names.fresh("e")

    def build(inner: Scope) -> None:
        kept = gen.pack(inner, provided(node.right), True)
        packed.append(kept)
        fn.line(f"{entry} = [False, {kept.item}]")
        fn.line(f"{everything}.append({entry})")
        with _key(gen, [right for _, right in node.keys], inner) as key:
            _enter(gen, table, key, entry)

    gen.produce(node.right, scope, build)
    right = packed[0]
    lefts: list[Packed] = []
    hit = names.fresh("hit")

    def probe(outer: Scope) -> None:
        kept = gen.pack(outer, provided(node.left), True)
        lefts.append(kept)
        keys = [null_safe_key(gen, left.type, gen.compiler.value(left, outer)) for left, _ in node.keys]
        key = keys[0] if len(keys) == 1 else tuple_source(keys) if keys else "()"
        fn.line(f"{hit} = False")
        with fn.block(f"for {entry} in {table}.get({key}, ()):"):
            fn.line(f"{right.target} = {entry}[1]")
            with gen.where(node.residual, outer.extend(right.bindings)):
                fn.line(f"{hit} = {entry}[0] = True")
                fn.line(f"{result}.append(({kept.item}, {entry}[1]))")
        with fn.block(f"if not {hit}:"):
            fn.line(f"{result}.append(({kept.item}, {right.null}))")

    gen.produce(node.left, scope, probe)
    left = lefts[0]
    with fn.block(f"for {entry} in {everything}:"), fn.block(f"if not {entry}[0]:"):
        fn.line(f"{result}.append(({left.null}, {entry}[1]))")
    targets = f"({left.target}), ({right.target})"
    with fn.block(f"for {targets} in {result}:"):
        gen.pulse("1")
        consume(scope.extend(left.bindings).extend(right.bindings))


class _always:
    """A block that writes nothing."""

    def __init__(self, gen: Generator) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...
