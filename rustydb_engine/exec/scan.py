"""Sources of rows: tables (whole, by index), VALUES, functions, and the steps that only look at one row.

A page without undo is read with no check; from one with undo come the rows that the snapshot sees. Where the loop's body may
yield, or the statement changes rows, the page's list of rows is copied first (256 pointers), because others change pages
in place.

A unique index look-up, written out:

    rid = index_1.get(p1)                 None, a rid, or several candidates
    page = heap_2.pages[rid >> 8]
    r = page.rows[rid & 255] if page.undo is None else fetched and compared again
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rustydb_engine.exec.codegen import Consume, Generator, produces
from rustydb_engine.exec.logic import flat, hash_comparable
from rustydb_engine.exec.scope import RowBinding, Scope, ValuesBinding, null_row, tuple_source
from rustydb_engine.exec.source import Code, FunctionSource
from rustydb_engine.sql import access
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import Node
from rustydb_engine.sql.tree import walk
from rustydb_engine.values.compare import compare_key, key_source
from rustydb_engine.values.types import INT8, Type, type_by_oid


@produces(p.OneRow)
def one_row(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """A single row without columns."""
    assert isinstance(node, p.OneRow)
    if node.never:
        with gen.fn.block("if False:"):
            consume(scope)
            gen.fn.line("pass")
    else:
        consume(scope)


@produces(p.Filter)
def filter_rows(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Rows for which conditions are true."""
    assert isinstance(node, p.Filter)

    def each(inner: Scope) -> None:
        with gen.where(node.conditions, inner):
            consume(inner)
            gen.fn.line("pass")

    gen.produce(node.child, scope, each)


@produces(p.Project)
def project(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Rows of expressions; what is not a plain column is computed into a variable, what nobody reads is not."""
    assert isinstance(node, p.Project)

    def each(inner: Scope) -> None:
        codes: list[Code | None] = []
        for column, expr in enumerate(node.exprs):
            if not gen.is_used(node.rel, column):
                codes.append(None)
                continue
            codes.append(settled(gen, gen.compiler.value(expr, inner)))
        consume(inner.bind(node.rel, ValuesBinding(tuple(codes))))

    gen.produce(node.child, scope, each)


def settled(gen: Generator, code: Code) -> Code:
    """Return code that may be evaluated again: the value is assigned to a variable unless it is simple."""
    if code.simple:
        return code
    name = gen.names.fresh("v")
    gen.fn.line(f"{name} = {code.src}")
    return Code(name, code.nullable, True)


# ---------------------------------------------------------------- tables


def table_binding(scan: p.SeqScan | p.IndexScan, name: str, rid: str) -> RowBinding:
    """Return the binding of a table's row."""
    columns = scan.table.columns
    not_null = frozenset([index for index, column in enumerate(columns) if column.not_null and not column.dropped])
    return RowBinding(name, len(columns), not_null, False, rid)


def wants_rid(gen: Generator, node: p.SeqScan | p.IndexScan) -> bool:
    """Whether the addresses of a table's rows are needed."""
    return node.rid or any(column <= -3 for column in gen.used.get(node.rel, ()))


@produces(p.SeqScan)
def seq_scan(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """All rows of a table."""
    assert isinstance(node, p.SeqScan)
    if node.table.kind == "virtual":
        virtual_scan(gen, node, scope, consume)
        return
    fn, names = gen.fn, gen.names
    heap, snapshot = gen.heap(node.table), gen.snapshot()
    row, page = names.fresh("r"), names.fresh("page")

    def body(rid: str) -> None:
        inner = scope.bind(node.rel, table_binding(node, row, rid))
        with gen.where(node.conditions, inner):
            consume(inner)
            fn.line("pass")

    address = access.tid_condition(node)
    if address is not None:
        _tid_scan(gen, node, scope, address[1], row, body)
        return
    if wants_rid(gen, node):
        rid = names.fresh("rid")
        with fn.block(f"for {page} in {heap}.scan({snapshot}):"):
            with fn.block(f"for {rid}, {row} in {page}:"):
                body(rid)
            gen.pulse("256")
        return
    with fn.block(f"for {page} in {heap}.pages:"):
        line = len(fn.body)
        fn.line("")
        before = len(fn.body)
        with fn.block(f"for {row} in rows:"):
            body("")
        yields = any("yield" in text for text in fn.body[before:])
        rows = names.fresh("rows")
        fn.body[before] = fn.body[before].replace(" in rows:", f" in {rows}:")
        copy = ".copy()" if yields or gen.modifies else ""
        pad = "    " * fn.indent
        fn.body[line] = f"{pad}{rows} = {page}.rows{copy} if {page}.undo is None else {page}.visible_rows({snapshot})"
        _comprehend(fn, before, row, rows)
        gen.pulse("256")


def _tid_scan(
    gen: Generator, node: p.SeqScan, scope: Scope, address: b.Expr, row: str, body: Callable[[str], None]
) -> None:
    """Write the look-up of a row by its ctid."""
    fn = gen.fn
    gen.use("row_at")
    rid = gen.names.fresh("rid")
    code = gen.compiler.value(address, scope)
    fn.line(f"{rid}, {row} = row_at({gen.heap(node.table)}, {code.src}, {gen.snapshot()})")
    with fn.block(f"if {row} is not None:"):
        body(rid)


_APPEND = re.compile(r" *(\w+)\.append\((.*)\)$")
_CLOSURE = re.compile(r"\b(?:sub|once|deep|exists)\d+\(")
"""A call of a nested function, which could not see the loop's variable inside a comprehension."""


def _comprehend(fn: FunctionSource, start: int, row: str, rows: str) -> None:
    """Turn a loop that does nothing but append to a list into a list comprehension, which is about a third faster."""
    lines = [line for line in fn.body[start + 1 :] if line.strip() != "pass"]
    condition = ""
    if len(lines) == 2 and lines[0].lstrip().startswith("if ") and lines[0].endswith(":"):
        condition = f" {lines[0].strip()[:-1]}"
        del lines[0]
    found = _APPEND.match(lines[0]) if len(lines) == 1 else None
    if found is None or "yield" in condition + found[2] or _CLOSURE.search(condition + found[2]):
        return
    pad = "    " * fn.indent
    whole = found[2] == row and not condition
    fn.body[start:] = [f"{pad}{found[1]} += {rows if whole else f'[{found[2]} for {row} in {rows}{condition}]'}"]


def virtual_scan(gen: Generator, node: p.SeqScan, scope: Scope, consume: Consume) -> None:
    """A system table, computed from the catalog."""
    fn = gen.fn
    row = gen.names.fresh("r")
    gen.use("system_table")
    with fn.block(f"for {row} in system_table({node.table.oid}, ctx):"):
        binding = RowBinding(row, len(node.table.columns), frozenset(), False, "")
        inner = scope.bind(node.rel, binding)
        gen.pulse("4")
        with gen.where(node.conditions, inner):
            consume(inner)
            fn.line("pass")


@produces(p.SystemLookup)
def system_lookup(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Rows of a system table by the value of a column."""
    assert isinstance(node, p.SystemLookup)
    fn = gen.fn
    gen.use("system_matches")
    row = gen.names.fresh("r")
    code = gen.compiler.value(node.key, scope)
    with fn.block(f"for {row} in system_matches({node.table.oid}, {node.column + 1}, {code.src}, ctx):"):
        inner = scope.bind(node.rel, RowBinding(row, len(node.table.columns)))
        gen.pulse("2")
        with gen.where(node.conditions, inner):
            consume(inner)
            fn.line("pass")


# ---------------------------------------------------------------- by index


def index_types(node: p.IndexScan) -> list[Type]:
    """Return the types of an index's key columns."""
    by_attnum = {column.attnum: column.type for column in node.table.columns}
    return [by_attnum[key.attnum] if key.attnum else type_by_oid(key.type_oid) for key in node.index.columns]


@produces(p.IndexScan)
def index_scan(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Rows of a table found by an index."""
    assert isinstance(node, p.IndexScan)
    if node.range:
        _range_scan(gen, node, scope, consume)
    elif any(node.lists):
        _list_scan(gen, node, scope, consume)
    else:
        _key_scan(gen, node, scope, consume)


def _key_source(kind: Type, code: Code, gen: Generator) -> str:
    if compare_key(kind) is None:
        return code.src
    return key_source(kind, settled(gen, code).src)


def null_safe_key(gen: Generator, kind: Type, code: Code) -> str:
    """Return the source of a value's comparable form, None for NULL."""
    if compare_key(kind) is None:
        return code.src
    if not code.nullable:
        first, again = gen.compiler.once(code)
        return key_source(kind, again) if first == again else f"({key_source(kind, again)} if [{first}] else None)"
    first, again = gen.compiler.once(code)
    return f"(None if {first} is None else {key_source(kind, again)})"


def _key_scan(gen: Generator, node: p.IndexScan, scope: Scope, consume: Consume) -> None:
    fn, names = gen.fn, gen.names
    types = index_types(node)
    codes = [settled(gen, gen.compiler.value(key, scope)) for key in node.keys]
    tests = [f"{code.src} is not None" for code in codes if code.nullable]
    keys = [_key_source(kind, code, gen) for kind, code in zip(types, codes, strict=True)]
    key = keys[0] if len(keys) == 1 else tuple_source(keys)
    guard = f"if {' and '.join(tests)}:" if tests else ""
    with fn.block(guard) if guard else _nothing():
        if len(node.keys) > 1 or not key.isidentifier():
            name = names.fresh("key")
            fn.line(f"{name} = {key}")
            key = name
        if node.index.unique and node.index.nulls_distinct:
            _unique(gen, node, scope, consume, key)
        else:
            _candidates(gen, node, scope, consume, gen.index(node.table, node.index), key)


def _unique(gen: Generator, node: p.IndexScan, scope: Scope, consume: Consume, key: str) -> None:
    """Write the look-up of the one row with a key, without any loop."""
    fn, names = gen.fn, gen.names
    rid, row, page = names.fresh("rid"), names.fresh("r"), names.fresh("page")
    heap, index = gen.heap(node.table), gen.index(node.table, node.index)
    get = names.bind("get", gen.index_object(node.table, node.index).get)
    gen.use("find_visible")
    fn.line(f"{rid} = {get}({key})")
    with fn.block(f"if {rid}.__class__ is int and ({page} := {heap}.pages[{rid} >> 8]).undo is None:"):
        fn.line(f"{row} = {page}.rows[{rid} & 255]")
    with fn.block(f"elif {rid} is None:"):
        fn.line(f"{row} = None")
    with fn.block("else:"):
        fn.line(f"{rid}, {row} = find_visible({index}, {key}, ctx.snapshot)")
    with fn.block(f"if {row} is not None:"):
        _found(gen, node, scope, consume, row, rid)


def _candidates(gen: Generator, node: p.IndexScan, scope: Scope, consume: Consume, index: str, key: str) -> None:
    """Write the look-up of one key: for each candidate, its row as the snapshot sees it."""
    fn, names = gen.fn, gen.names
    rid, row, page = names.fresh("rid"), names.fresh("r"), names.fresh("page")
    heap, snapshot = gen.heap(node.table), gen.snapshot()
    with fn.block(f"for {rid} in {index}.candidates({key}):"):
        fn.line(f"{page} = {heap}.pages[{rid} >> 8]")
        with fn.block(f"if {page}.undo is None:"):
            fn.line(f"{row} = {page}.rows[{rid} & 255]")
        with fn.block("else:"):
            fn.line(f"{row} = {page}.visible({rid} & 255, {snapshot})")
            with fn.block(f"if {row} is None or {index}.key_of({row}) != {key}:"):
                fn.line("continue")
        if not node.index.unique:
            gen.pulse("2")
        _found(gen, node, scope, consume, row, rid)


def _found(gen: Generator, node: p.IndexScan, scope: Scope, consume: Consume, row: str, rid: str) -> None:
    inner = scope.bind(node.rel, table_binding(node, row, rid if wants_rid(gen, node) else ""))
    with gen.where(node.conditions, inner):
        consume(inner)
        gen.fn.line("pass")


def _list_scan(gen: Generator, node: p.IndexScan, scope: Scope, consume: Consume) -> None:
    """Look up every combination of listed keys; a key that occurs twice is looked up once."""
    fn = gen.fn
    types = index_types(node)
    gen.use("distinct_keys")
    key_names: list[str] = []
    with _blocks(gen) as stack:
        for kind, is_list, expr in zip(types, node.lists, node.keys, strict=True):
            code = settled(gen, gen.compiler.value(expr, scope))
            if is_list:
                name = gen.names.fresh("key")
                key = compare_key(kind)
                bound = gen.names.bind("f", key) if key else "None"
                stack(f"for {name} in distinct_keys({code.src}, {bound}{flat(expr.type)}):")
                key_names.append(name)
            else:
                if code.nullable:
                    stack(f"if {code.src} is not None:")
                key_names.append(_key_source(kind, code, gen))
        source = key_names[0] if len(key_names) == 1 else tuple_source(key_names)
        name = gen.names.fresh("key")
        fn.line(f"{name} = {source}")
        _candidates(gen, node, scope, consume, gen.index(node.table, node.index), name)
        gen.pulse("2")


def _range_scan(gen: Generator, node: p.IndexScan, scope: Scope, consume: Consume) -> None:
    """Walk an ordered index between two bounds; the equal leading columns are part of both."""
    fn, names = gen.fn, gen.names
    types = index_types(node)
    index = gen.index(node.table, node.index)
    prefix = [settled(gen, gen.compiler.value(key, scope)) for key in node.keys]
    bounds: list[tuple[Code, bool] | None] = []
    for bound in (node.low, node.high):
        bounds.append(None if bound is None else (settled(gen, gen.compiler.value(bound[0], scope)), bound[1]))
    tests = [f"{code.src} is not None" for code in prefix if code.nullable]
    tests += [f"{limit[0].src} is not None" for limit in bounds if limit is not None and limit[0].nullable]
    lead = [_key_source(kind, code, gen) for kind, code in zip(types, prefix, strict=False)]
    sources: list[str] = []
    single = len(types) == 1
    for limit in bounds:
        parts = list(lead)
        if limit is not None:
            parts.append(_key_source(types[len(lead)], limit[0], gen))
        sources.append("None" if not parts else parts[0] if single else tuple_source(parts))
    low_open = bounds[0] is not None and not bounds[0][1]
    high_open = bounds[1] is not None and not bounds[1][1]
    nulls = single and node.low is None and node.high is None
    with fn.block(f"if {' and '.join(tests)}:") if tests else _nothing():
        rid, row, page, key = names.fresh("rid"), names.fresh("r"), names.fresh("page"), names.fresh("key")
        heap, snapshot = gen.heap(node.table), gen.snapshot()
        call = f"{index}.range_entries({sources[0]}, {sources[1]}, {low_open}, {high_open}, {node.reverse}, {nulls})"
        with fn.block(f"for {key}, {rid} in {call}:"):
            fn.line(f"{page} = {heap}.pages[{rid} >> 8]")
            with fn.block(f"if {page}.undo is None:"):
                fn.line(f"{row} = {page}.rows[{rid} & 255]")
            with fn.block("else:"):
                fn.line(f"{row} = {page}.visible({rid} & 255, {snapshot})")
            with fn.block(f"if {row} is not None and ({page}.undo is None or {index}.key_of({row}) == {key}):"):
                inner = scope.bind(node.rel, table_binding(node, row, rid if wants_rid(gen, node) else ""))
                checks = (*node.index_conditions, *node.conditions) if not single else node.conditions
                with gen.where(checks, inner):
                    consume(inner)
                    fn.line("pass")
            gen.pulse("2")


# ---------------------------------------------------------------- VALUES and functions


@produces(p.ValuesScan)
def values_scan(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Rows of expressions: straight code for one row, a loop over a list of tuples for more."""
    assert isinstance(node, p.ValuesScan)
    fn = gen.fn
    if len(node.rows) == 1:
        codes = [settled(gen, gen.compiler.value(item, scope)) for item in node.rows[0]]
        consume(scope.bind(node.rel, ValuesBinding(tuple(codes))))
        return
    rows = gen.names.fresh("rows")
    width = len(node.rows[0]) if node.rows else 0
    not_null = set(range(width))
    constant: list[tuple[object, ...]] = []
    sources: list[str] = []
    for items in node.rows:
        codes = [gen.compiler.value(item, scope) for item in items]
        not_null -= {index for index, code in enumerate(codes) if code.nullable}
        sources.append(tuple_source([code.src for code in codes]) if codes else "()")
        if all(code.constant for code in codes):
            constant.append(tuple([code.literal for code in codes]))
    if len(constant) == len(sources):
        rows = gen.names.bind("rows", constant)
    else:
        fn.line(f"{rows} = []")
        for start in range(0, len(sources), 50):
            fn.line(f"{rows} += ({', '.join(sources[start : start + 50])},)")
    row = gen.names.fresh("r")
    with fn.block(f"for {row} in {rows}:"):
        consume(scope.bind(node.rel, RowBinding(row, width, frozenset(not_null))))
        gen.pulse("1")


@produces(p.FunctionScan)
def function_scan(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Functions in FROM, zipped when there are several, numbered WITH ORDINALITY."""
    assert isinstance(node, p.FunctionScan)
    fn, names = gen.fn, gen.names
    lists = [_call_rows(gen, call, scope) for call in node.calls]
    width = sum(node.widths)
    if len(lists) == 1 and not node.ordinality:
        source, is_set = lists[0]
        item = names.fresh("r")
        binding = RowBinding(item, width) if node.record[0] else ValuesBinding((Code(item, True, True),))
        if is_set and not fn.loops:
            rows = names.fresh("rows")
            gen.use("chunks")
            with fn.block(f"for {rows} in chunks({source}):"):
                before = len(fn.body)
                with fn.block(f"for {item} in {rows}:"):
                    consume(scope.bind(node.rel, binding))
                _comprehend(fn, before, item, rows)
                gen.pulse(f"len({rows})")
        elif is_set:
            with fn.block(f"for {item} in {source}:"):
                gen.pulse("1")
                consume(scope.bind(node.rel, binding))
        else:
            fn.line(f"{item} = {source}")
            if node.record[0]:
                fn.line(f"{item} = {item} if {item} is not None else {null_row(names, width)}")
            consume(scope.bind(node.rel, binding))
        return
    gen.use("zip_functions")
    parts = [
        f"({source if is_set else f'({source},)'}, {size}, {record})"
        for (source, is_set), size, record in zip(lists, node.widths, node.record, strict=True)
    ]
    row = names.fresh("r")
    with fn.block(f"for {row} in zip_functions({tuple_source(parts)}, {node.ordinality}):"):
        gen.pulse("1")
        consume(scope.bind(node.rel, RowBinding(row, width + node.ordinality)))


def _call_rows(gen: Generator, call: b.Expr, scope: Scope) -> tuple[str, bool]:
    """Return the source of a function's rows (an iterable) or its value, and whether it is a set."""
    if isinstance(call, b.FuncExpr) and call.returns_set:
        return set_source(gen, call, scope), True
    return gen.compiler.value(call, scope).src, False


def set_source(gen: Generator, call: b.FuncExpr, scope: Scope) -> str:
    """Return the source of the iterable that a set-returning call gives; empty when a strict one gets NULL."""
    compiler = gen.compiler
    codes = [compiler.value(arg, scope) for arg in call.args]
    body = compiler.invocation(call.function, compiler.function_site(call))
    if not call.function.strict:
        return body([code.src for code in codes])
    made = compiler.strict(codes, body)
    return f"({made.src} or ())" if any(code.nullable for code in codes) else made.src


@produces(p.ProjectSet)
def project_set(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Set-returning calls in a select list: one row for each item, the shorter sets give NULL."""
    assert isinstance(node, p.ProjectSet)
    fn = gen.fn

    def each(inner: Scope) -> None:
        calls = [item for item in node.exprs if isinstance(item, b.FuncExpr)]
        sources = [set_source(gen, call, inner) for call in calls]
        row = gen.names.fresh("r")
        if len(sources) == 1:
            binding = ValuesBinding((Code(row, True, True),))
            with fn.block(f"for {row} in {sources[0]}:"):
                gen.pulse("1")
                consume(inner.bind(node.rel, binding))
            return
        gen.use("zip_functions")
        parts = tuple_source([f"({source}, 1, False)" for source in sources])
        with fn.block(f"for {row} in zip_functions({parts}, False):"):
            gen.pulse("1")
            consume(inner.bind(node.rel, RowBinding(row, len(sources))))

    gen.produce(node.child, scope, each)


# ---------------------------------------------------------------- blocks


class _nothing:
    """A block that writes nothing."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc: object) -> None: ...


class _blocks:
    """Blocks opened one inside the other, closed together."""

    def __init__(self, gen: Generator) -> None:
        self.fn = gen.fn
        self.indent = gen.fn.indent
        self.loops = gen.fn.loops

    def __enter__(self) -> _blocks:
        return self

    def __call__(self, header: str) -> None:
        self.fn.line(header)
        self.fn.indent += 1
        self.fn.loops += header.startswith("for ")

    def __exit__(self, *exc: object) -> None:
        self.fn.indent = self.indent
        self.fn.loops = self.loops


__all__ = ["INT8", "hash_comparable", "set_source", "settled", "table_binding", "walk", "wants_rid"]
