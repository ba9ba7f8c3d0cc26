"""GROUP BY and aggregates.

Without groups every state is a local variable. With groups a dict maps the key to a list of states, followed by what is kept of
the group's first row: carried columns, and group values whose key is not the value itself (numeric, character(n)…).

    g = groups.get(k)
    if g is None:
        groups[k] = g = [0, None]
    g[0] = g[0] + 1
    if (t1 := r1[2]) is not None:
        g[1] = (g[1] or 0) + t1

An aggregate with DISTINCT or ORDER BY keeps its arguments and takes the steps when the group is complete. Grouping sets are one
dict: a key begins with the number of its set, columns that are not in it are None.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.exec.codegen import Consume, Generator, produces
from rustydb_engine.exec.scan import null_safe_key, settled
from rustydb_engine.exec.scope import Scope, ValuesBinding, tuple_source
from rustydb_engine.exec.sort import sort_spec
from rustydb_engine.exec.source import Code
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.functions.aggregates import same
from rustydb_engine.sql.functions.registry import INLINE_NAMES, Aggregate, aggregate_for
from rustydb_engine.sql.plan import Node
from rustydb_engine.values.compare import compare_key, key_source


class Call:
    """One aggregate call: how it computes, and where its state is."""

    def __init__(self, gen: Generator, expr: b.AggregateExpr, state: str) -> None:
        self.gen = gen
        self.expr = expr
        args = (*expr.direct, *expr.args)
        self.how: Aggregate = aggregate_for(expr.function, gen.compiler.site(args, expr.type))
        self.state = state
        self.counts_set = expr.distinct and not expr.order and len(expr.args) == 1 and expr.function.name == "count"
        self.gathers = not self.counts_set and (expr.distinct or bool(expr.order))
        self.context = "ctx, " if self.how.context else ""

    def start(self) -> str:
        """Return the source of the state before the first row."""
        if self.counts_set:
            return "set()"
        return "[]" if self.gathers else self.fresh_state()

    def fresh_state(self) -> str:
        """Return the source of the aggregate's own first state."""
        if self.how.start_inline:
            self._use(self.how.start_inline)
            return self.how.start_inline
        return f"{self.gen.names.bind('f', self.how.start)}()"

    def _use(self, template: str) -> None:
        self.gen.names.globals.update({name: thing for name, thing in INLINE_NAMES.items() if name in template})

    def step(self, scope: Scope) -> None:
        """Write what one row does."""
        gen = self.gen
        fn = gen.fn
        filters = (self.expr.filter,) if self.expr.filter is not None else ()
        with gen.where(filters, scope):
            codes = [gen.compiler.value(arg, scope) for arg in self.expr.args]
            if self.gathers:
                self._gather(codes, scope)
                return
            if self.counts_set:
                self._add(codes[0])
                return
            tests: list[str] = []
            sources: list[str] = []
            for code in codes:
                if self.how.skip_null and code.nullable:
                    first, again = gen.compiler.once(code)
                    tests.append(f"{first} is not None")
                    sources.append(again)
                else:
                    sources.append(code.src)
            indent = fn.indent
            if tests:
                fn.line(f"if {' and '.join(tests)}:")
                fn.indent += 1
            fn.line(f"{self.state} = {self.next_state(self.state, sources)}")
            fn.indent = indent

    def next_state(self, state: str, sources: list[str]) -> str:
        """Return the source of the state after a step."""
        if self.how.inline_step:
            self._use(self.how.inline_step)
            wrapped = [source if source.isidentifier() else f"({source})" for source in sources]
            return self.how.inline_step.format(*wrapped, s=state)
        step = self.gen.names.bind("f", self.how.step)
        return f"{step}({self.context}{', '.join([state, *sources])})"

    def _gather(self, codes: list[Code], scope: Scope) -> None:
        """Keep the arguments of a row (and its sort keys) for later."""
        gen = self.gen
        keys = [gen.compiler.value(key.expr, scope).src for key in self.expr.order]
        items = [code.src for code in codes]
        gen.fn.line(f"{self.state}.append({tuple_source([*items, *keys])})")

    def _add(self, code: Code) -> None:
        """Put the key of count(DISTINCT x)'s argument into the set of keys."""
        kind = self.expr.args[0].type
        first, again = self.gen.compiler.once(code)
        fn = self.gen.fn
        if code.nullable:
            with fn.block(f"if {first} is not None:"):
                fn.line(f"{self.state}.add({key_source(kind, again)})")
        else:
            fn.line(f"{self.state}.add({null_safe_key(self.gen, kind, code)})")

    def result(self) -> Code:
        """Write what is left to do at the end of a group and return the code of the result."""
        gen = self.gen
        if self.counts_set:
            return Code(f"len({self.state})", False)
        fn = gen.fn
        state = self.state
        if self.how.hypothetical:
            return self._hypothetical()
        if self.gathers:
            state = gen.names.fresh("a")
            fn.line(f"{state} = {self.fresh_state()}")
            self._steps_in_order(state)
        if self.how.final is same:
            return Code(state, True, state.isidentifier())
        direct = [settled(gen, gen.compiler.value(arg, Scope())).src for arg in self.expr.direct]
        final = gen.names.bind("f", self.how.final)
        return Code(f"{final}({self.context}{', '.join([state, *direct])})")

    def _hypothetical(self) -> Code:
        """Return the code that gives the final function the place of the direct arguments among the rows."""
        gen = self.gen
        direct = [settled(gen, gen.compiler.value(arg, Scope())).src for arg in self.expr.direct]
        specs = gen.names.bind("k", tuple(sort_spec(place, key) for place, key in enumerate(self.expr.order)))
        place = f"{gen.use('hypothetical_place')}({self.state}, {tuple_source(direct)}, {specs})"
        return Code(f"{gen.names.bind('f', self.how.final)}({place})", False)

    def _steps_in_order(self, state: str) -> None:
        gen = self.gen
        fn = gen.fn
        width = len(self.expr.args)
        specs = tuple([sort_spec(width + place, key) for place, key in enumerate(self.expr.order)])
        keys = tuple([compare_key(arg.type) for arg in self.expr.args])
        helper = gen.use("gathered_rows")
        arranged = gen.names.bind("k", (specs, keys if self.expr.distinct else None, width))
        row = gen.names.fresh("x")
        args = [f"{row}[{index}]" for index in range(width)]
        with fn.block(f"for {row} in {helper}({self.state}, *{arranged}):"):
            tests = [f"{arg} is not None" for arg in args] if self.how.skip_null else []
            with fn.block(f"if {' and '.join(tests)}:") if tests else fn.block("if True:"):
                fn.line(f"{state} = {self.next_state(state, args)}")


@produces(p.Aggregate)
def aggregate(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Groups and their aggregates."""
    assert isinstance(node, p.Aggregate)
    if not node.groups and node.sets is None:
        _plain(gen, node, scope, consume)
    else:
        _grouped(gen, node, scope, consume)


def _plain(gen: Generator, node: p.Aggregate, scope: Scope, consume: Consume) -> None:
    fn = gen.fn
    calls = [Call(gen, expr, gen.names.fresh("a")) for expr in node.aggregates]
    for call in calls:
        fn.line(f"{call.state} = {call.start()}")
    carried = [gen.names.fresh("c") for _ in node.carried]
    for name in carried:
        fn.line(f"{name} = None")
    if _only_counts(node):
        _count_pages(gen, node, calls, scope)
    else:

        def each(inner: Scope) -> None:
            for name, expr in zip(carried, node.carried, strict=True):
                fn.line(f"{name} = {gen.compiler.value(expr, inner).src}")
            for call in calls:
                call.step(inner)
            if not calls:
                fn.line("pass")

        gen.produce(node.child, scope, each)
    codes: list[Code | None] = [settled(gen, call.result()) for call in calls]
    codes += [Code(name, True, True) for name in carried]
    consume(scope.bind(node.rel, ValuesBinding(tuple(codes))))


def _only_counts(node: p.Aggregate) -> bool:
    """Whether the aggregates are count(*) over a whole table."""
    child = node.child
    return (
        isinstance(child, p.SeqScan)
        and not child.conditions
        and child.table.kind == "table"
        and not node.carried
        and all(
            call.star and call.filter is None and not call.distinct and not call.order and call.function.name == "count"
            for call in node.aggregates
        )
    )


def _count_pages(gen: Generator, node: p.Aggregate, calls: list[Call], scope: Scope) -> None:
    child = node.child
    assert isinstance(child, p.SeqScan)
    fn = gen.fn
    page, count = gen.names.fresh("page"), gen.names.fresh("c")
    heap, snapshot = gen.heap(child.table), gen.snapshot()
    fn.line(f"{count} = 0")
    with fn.block(f"for {page} in {heap}.pages:"):
        fn.line(f"{count} += len({page}.rows if {page}.undo is None else {page}.visible_rows({snapshot}))")
        gen.pulse("16")
    for call in calls:
        fn.line(f"{call.state} = {count}")


def _grouped(gen: Generator, node: p.Aggregate, scope: Scope, consume: Consume) -> None:
    fn, names = gen.fn, gen.names
    groups, group = names.fresh("groups"), names.fresh("g")
    calls = [Call(gen, expr, f"{group}[{index}]") for index, expr in enumerate(node.aggregates)]
    fn.line(f"{groups} = {{}}")
    plain = node.sets is None
    kept = [index for index, expr in enumerate(node.groups) if not plain or compare_key(expr.type) is not None]
    base = len(calls)
    nullable: list[bool] = [True] * len(node.groups)

    def each(inner: Scope) -> None:
        values = [settled(gen, gen.compiler.value(expr, inner)) for expr in node.groups]
        for index, code in enumerate(values):
            nullable[index] = code.nullable or not plain
        keys = [null_safe_key(gen, expr.type, code) for expr, code in zip(node.groups, values, strict=True)]
        carried = [gen.compiler.value(expr, inner).src for expr in node.carried]
        key = names.fresh("k")

        def update(shown: list[str]) -> None:
            fn.line(f"{group} = {groups}.get({key})")
            with fn.block(f"if {group} is None:"):
                state = [call.start() for call in calls] + shown + carried
                fn.line(f"{groups}[{key}] = {group} = [{', '.join(state)}]")
            for call in calls:
                call.step(inner)

        if plain:
            fn.line(f"{key} = {keys[0] if len(keys) == 1 else tuple_source(keys)}")
            update([values[index].src for index in kept])
        else:
            assert node.sets is not None
            _each_set(gen, node.sets, keys, [code.src for code in values], key, update)

    if not plain:
        assert node.sets is not None
        for number, members in enumerate(node.sets):
            if not members:
                empty = [call.start() for call in calls] + ["None"] * (len(node.groups) + len(node.carried))
                fn.line(f"{groups}[({', '.join([str(number), *['None'] * len(node.groups)])},)] = [{', '.join(empty)}]")
    gen.produce(node.child, scope, each)
    _give(gen, node, scope, consume, groups, group, calls, kept, base, nullable)


def _each_set(
    gen: Generator,
    sets: tuple[tuple[int, ...], ...],
    keys: list[str],
    values: list[str],
    key: str,
    update: Callable[[list[str]], None],
) -> None:
    """Write the loop over the grouping sets of one row."""
    fn = gen.fn
    settled_keys = [settled(gen, Code(source)).src for source in keys]
    pairs: list[str] = []
    for number, members in enumerate(sets):
        parts = [source if index in members else "None" for index, source in enumerate(settled_keys)]
        shown = [source if index in members else "None" for index, source in enumerate(values)]
        pairs.append(f"(({', '.join([str(number), *parts])},), {tuple_source(shown) if shown else '()'})")
    item = gen.names.fresh("x")
    with fn.block(f"for {key}, {item} in ({', '.join(pairs)},):"):
        update([f"*{item}"] if values else [])


def _give(
    gen: Generator,
    node: p.Aggregate,
    scope: Scope,
    consume: Consume,
    groups: str,
    group: str,
    calls: list[Call],
    kept: list[int],
    base: int,
    nullable: list[bool],
) -> None:
    fn, names = gen.fn, gen.names
    count = len(node.groups)
    key_names = [names.fresh("k") for _ in node.groups]
    if node.sets is not None:
        number = names.fresh("k")
        target = f"({', '.join([number, *key_names])},)"
    else:
        number = ""
        target = key_names[0] if count == 1 else f"({', '.join(key_names)})"
    with fn.block(f"for {target}, {group} in {groups}.items():"):
        gen.pulse("2")
        codes: list[Code | None] = []
        for index in range(count):
            source = f"{group}[{base + kept.index(index)}]" if index in kept else key_names[index]
            codes.append(Code(source, nullable[index], True))
        for index, call in enumerate(calls):
            codes.append(settled(gen, call.result()) if gen.is_used(node.rel, count + index) else None)
        if node.sets is not None:
            masks = [sum(1 << i for i in range(count) if i not in members) for members in node.sets]
            codes.append(Code(f"{gen.names.bind('k', tuple(masks))}[{number}]", False, True))
        first = base + len(kept)
        codes += [Code(f"{group}[{first + index}]", True, True) for index in range(len(node.carried))]
        consume(scope.bind(node.rel, ValuesBinding(tuple(codes))))
