"""ORDER BY, LIMIT, DISTINCT.

A sort collects what is to be kept of each row, with its sort keys beside it unless the keys are columns of the one row that is
kept, and sorts the list once for each run of keys of the same direction, last keys first: Python's sort is stable. NULLs are set
apart, so that keys of one type are compared with each other only, in C.

With LIMIT n the list is sorted and cut whenever it has grown to twice n (top-N); rows beyond the last one kept are then passed over. LIMIT leaves its loops by an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Generator as Steps
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.codegen import Consume, Generator, produces
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.scan import null_safe_key
from rustydb_engine.exec.scope import RowBinding, Scope, tuple_source
from rustydb_engine.exec.waits import TICK
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.functions.ordered_sets import Place
from rustydb_engine.sql.plan import Node, provided
from rustydb_engine.values.compare import compare_key

Spec = tuple[int, bool, bool, Callable[[Any], Any] | None]
"""A sort key: place in the item, descending, NULLs first, function to the comparable form (None: it is comparable)."""

SORT_AT_ONCE = 16_384
"""Longer lists are sorted in parts, with a tick between them, and then merged."""
MERGE_STEP = 2048
"""Rows that are merged between two ticks."""
UNLIMITED = 1 << 62


def sort_spec(place: int, key: b.ExprSort, comparable: bool = False) -> Spec:
    """Return the sort key of an item's part; `comparable`: the part holds the comparable form already."""
    return place, key.descending, key.nulls_first, None if comparable else compare_key(key.expr.type)


@helper
def sort_rows(rows: list[Any], specs: Sequence[Spec]) -> None:
    """Sort a list of tuples in place, stably."""
    place = len(specs)
    while place:
        last = specs[place - 1]
        start = place - 1
        if last[3] is None:
            while start and specs[start - 1][3] is None and specs[start - 1][1] == last[1]:
                start -= 1
        run = specs[start:place]
        if len(run) > 1 and not any(row[spec[0]] is None for row in rows for spec in run):
            rows.sort(key=itemgetter(*[spec[0] for spec in run]), reverse=last[1])
            place = start
            continue
        _sort_by(rows, last)
        place -= 1


def _sort_by(rows: list[Any], spec: Spec) -> None:
    index, descending, nulls_first, key = spec
    get = itemgetter(index)
    missing = [row for row in rows if row[index] is None]
    if missing:
        present = [row for row in rows if row[index] is not None]
    else:
        present = rows
    if key is None:
        present.sort(key=get, reverse=descending)
    else:
        present.sort(key=lambda row: key(row[index]), reverse=descending)
    if missing:
        rows[:] = missing + present if nulls_first else present + missing


@helper
def sort_in_slices(rows: list[Any], specs: Sequence[Spec]) -> Steps[object, None, None]:
    """Sort a long list in parts, and merge them, with ticks between.

    Only keys that one sort compares are merged; the others put the groups of rows that these leave equal in order.
    """
    count = 1
    if specs[0][3] is None:
        while count < len(specs) and specs[count][3] is None and specs[count][1] == specs[0][1]:
            count += 1
        if count > 1 and any(row[spec[0]] is None for row in rows for spec in specs[:count]):
            count = 1
    first, rest = specs[:count], specs[count:]
    get = _getter(first)
    missing = [row for row in rows if row[first[0][0]] is None] if count == 1 else []
    present = [row for row in rows if row[first[0][0]] is not None] if missing else rows
    runs: list[list[Any]] = []
    for start in range(0, len(present), SORT_AT_ONCE):
        part = present[start : start + SORT_AT_ONCE]
        part.sort(key=get, reverse=first[0][1])
        runs.append(part)
        yield TICK
    merged = merge(*runs, key=get, reverse=first[0][1])
    result = missing if first[0][2] else []
    while part := list(islice(merged, MERGE_STEP)):
        result += part
        yield TICK
    rows[:] = result if first[0][2] else result + missing
    if rest:
        yield from _sort_groups(rows, [spec[0] for spec in first], first[0][3], rest)


def _getter(specs: Sequence[Spec]) -> Callable[[Any], Any]:
    """Return the function from a row to the keys of specs that one sort can compare."""
    get = itemgetter(*[spec[0] for spec in specs])
    key = specs[0][3]
    return get if key is None else lambda row: key(get(row))


def _sort_groups(
    rows: list[Any], places: list[int], key: Callable[[Any], Any] | None, rest: Sequence[Spec]
) -> Steps[object, None, None]:
    """Sort each group of rows that are equal in some places by the other keys."""
    get = itemgetter(*places)
    start, work = 0, 0
    for _, group in groupby(rows, get if key is None else lambda row: None if get(row) is None else key(get(row))):
        part = list(group)
        if len(part) > 1:
            if len(part) > SORT_AT_ONCE:
                yield from sort_in_slices(part, rest)
            else:
                sort_rows(part, rest)
            rows[start : start + len(part)] = part
        start += len(part)
        work += len(part)
        if work > SORT_AT_ONCE // 4:
            work = 0
            yield TICK


@helper
def limit_value(number: int | None, what: str) -> int:
    """Return the value of LIMIT or OFFSET; NULL is none."""
    if number is None:
        return UNLIMITED if what == "LIMIT" else 0
    if number < 0:
        raise SqlError("2201W" if what == "LIMIT" else "2201X", f"{what} must not be negative")
    return number


@helper
def gathered_rows(
    rows: list[Any], specs: Sequence[Spec], keys: Sequence[Callable[[Any], Any] | None] | None, width: int
) -> list[Any]:
    """Return an aggregate's argument rows in order; with `keys` only the first of equal ones (DISTINCT)."""
    if keys is not None:
        distinct: dict[object, Any] = {}
        for row in rows:
            parts = [
                item if item is None or key is None else key(item) for item, key in zip(row[:width], keys, strict=True)
            ]
            distinct.setdefault(tuple(parts), row)
        rows = list(distinct.values())
        if not specs:
            specs = [(place, False, False, key) for place, key in enumerate(keys)]
    sort_rows(rows, specs)
    return rows


@helper
def hypothetical_place(rows: list[Any], direct: tuple[Any, ...], specs: Sequence[Spec]) -> Place:
    """Return where a row of the sort keys `direct` would be: before its equals, for the sort is stable."""
    wanted = (*direct, True)
    ordered = [wanted, *[(*row[: len(direct)], False) for row in rows]]
    sort_rows(ordered, specs)
    before = next(index for index, row in enumerate(ordered) if row[-1])
    functions = [key for _, _, _, key in specs]

    def comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple([v if v is None or key is None else key(v) for v, key in zip(row[:-1], functions, strict=True)])

    key = comparable(wanted)
    level = next((n for n, row in enumerate(ordered[before + 1 :]) if comparable(row) != key), len(rows) - before)
    return Place(before, len({comparable(row) for row in ordered[:before]}), level, len(rows))


# ---------------------------------------------------------------- producers


@produces(p.Sort)
def sort(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Rows in order."""
    assert isinstance(node, p.Sort)
    fn, names = gen.fn, gen.names
    rows = names.fresh("rows")
    top = ""
    if node.limit is not None:
        top = names.fresh("top")
        gen.use("limit_value")
        limit = gen.compiler.value(node.limit, scope)
        total = f"limit_value({limit.src}, 'LIMIT')"
        if node.offset is not None:
            total += f" + limit_value({gen.compiler.value(node.offset, scope).src}, 'OFFSET')"
        fn.line(f"{top} = {total}")
        fn.line(f"{top}_cap = {top} * 2 + 500")
        fn.line(f"{top}_last = None")
    fn.line(f"{rows} = []")
    unpack: list[tuple[str, Scope]] = []
    specs_name: list[str] = []

    def each(inner: Scope) -> None:
        item, target, specs, outer = _item(gen, node, inner, scope)
        specs_name.append(gen.names.bind("specs", specs))
        unpack.append((target, outer))
        if not top:
            fn.line(f"{rows}.append({item})")
            return
        gen.use("sort_rows")
        first = gen.compiler.value(node.keys[0].expr, inner)
        bounded = not first.nullable and compare_key(node.keys[0].expr.type) is None and not first.waits
        test = f"if {top}_last is None or {first.src} {'>=' if node.keys[0].descending else '<='} {top}_last:"
        with fn.block(test if bounded else "if True:"):
            fn.line(f"{rows}.append({item})")
            with fn.block(f"if len({rows}) > {top}_cap:"):
                fn.line(f"sort_rows({rows}, {specs_name[0]})")
                fn.line(f"del {rows}[{top}:]")
                if bounded:
                    fn.line(f"{top}_last = {rows}[-1][{specs[0][0]}]")

    gen.produce(node.child, scope, each)
    target, outer = unpack[0]
    gen.use("sort_rows")
    if fn.generator and not top:
        gen.use("sort_in_slices")
        with fn.block(f"if len({rows}) > {SORT_AT_ONCE}:"):
            fn.line(f"yield from sort_in_slices({rows}, {specs_name[0]})")
        with fn.block("else:"):
            fn.line(f"sort_rows({rows}, {specs_name[0]})")
    else:
        fn.line(f"sort_rows({rows}, {specs_name[0]})")
    with fn.block(f"for {target} in {rows}:"):
        gen.pulse("1")
        consume(outer)


def _item(gen: Generator, node: p.Sort, inner: Scope, scope: Scope) -> tuple[str, str, tuple[Spec, ...], Scope]:
    """Return the source of what is kept of a row, its unpacking target, the sort keys, and the scope then."""
    packed = gen.pack(inner, provided(node.child))
    outer = scope.extend(packed.bindings)
    codes = [gen.compiler.value(key.expr, inner) for key in node.keys]
    places = [_place(key.expr, packed.bindings, packed.target) for key in node.keys]
    if len(packed.bindings) == 1 and all(place is not None for place in places):
        specs = tuple([sort_spec(place or 0, key) for place, key in zip(places, node.keys, strict=True)])
        return packed.item, packed.target, specs, outer
    several = "," in packed.target
    parts = list(packed.parts) if several else [packed.item]
    targets = packed.target.split(", ") if several else [packed.target]
    keys: list[str] = []
    specs_: list[Spec] = []
    for key, code in zip(node.keys, codes, strict=True):
        keys.append(null_safe_key(gen, key.expr.type, code))
        specs_.append(sort_spec(len(parts) + len(specs_), key, True))
    rest = gen.names.fresh("x")
    return tuple_source([*parts, *keys]), f"{', '.join(targets)}, *{rest}", tuple(specs_), outer


def _place(expr: b.Expr, bindings: dict[int, Any], target: str) -> int | None:
    """Return the place of a sort key in the kept row, None when it is not a column of it."""
    if isinstance(expr, b.Var) and expr.column >= 0:
        binding = bindings.get(expr.source)
        if isinstance(binding, RowBinding) and binding.name == target:
            return expr.column
    return None


@produces(p.Limit)
def limit(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """The first rows after those to be left out."""
    assert isinstance(node, p.Limit)
    fn, names = gen.fn, gen.names
    if single_row(node.child) and _trivial(node):
        gen.produce(node.child, scope, consume)
        return
    gen.use("limit_value")
    left, skip = names.fresh("left"), names.fresh("skip")
    source = gen.compiler.value(node.limit, scope).src if node.limit is not None else "None"
    fn.line(f"{left} = limit_value({source}, 'LIMIT')")
    if node.offset is not None:
        fn.line(f"{skip} = limit_value({gen.compiler.value(node.offset, scope).src}, 'OFFSET')")
    stop = names.bind("Stop", type("Stop", (Exception,), {}))
    last = names.fresh("last")
    if node.ties:
        fn.line(f"{last} = None")

    def each(inner: Scope) -> None:
        if node.offset is not None:
            with fn.block(f"if {skip}:"):
                fn.line(f"{skip} -= 1")
            with fn.block("else:"):
                _count(gen, node, inner, consume, left, last, stop)
        else:
            _count(gen, node, inner, consume, left, last, stop)

    with fn.block(f"if {left}:"):
        with fn.block("try:"):
            gen.produce(node.child, scope, each)
        with fn.block(f"except {stop}:"):
            fn.line("pass")


def _count(gen: Generator, node: p.Limit, inner: Scope, consume: Consume, left: str, last: str, stop: str) -> None:
    fn = gen.fn
    if not node.ties:
        fn.line(f"{left} -= 1")
        consume(inner)
        with fn.block(f"if not {left}:"):
            fn.line(f"raise {stop}")
        return
    keys = tuple_source([
        null_safe_key(gen, key.expr.type, gen.compiler.value(key.expr, inner)) for key in node.ties
    ])  # fmt: skip
    key = gen.names.fresh("k")
    fn.line(f"{key} = {keys}")
    with fn.block(f"if {left} <= 0 and {key} != {last}:"):
        fn.line(f"raise {stop}")
    fn.line(f"{left} -= 1")
    fn.line(f"{last} = {key} if {left} >= 0 else {last}")
    consume(inner)


def _trivial(node: p.Limit) -> bool:
    """Whether LIMIT and OFFSET change nothing for a single row."""
    limit_ = node.limit
    offset = node.offset
    enough = limit_ is None or (isinstance(limit_, b.Const) and isinstance(limit_.value, int) and limit_.value > 0)
    return enough and (offset is None or (isinstance(offset, b.Const) and offset.value == 0))


def single_row(node: Node) -> bool:
    """Whether a node gives at most one row."""
    if isinstance(node, p.IndexScan):
        return not node.range and node.index.unique and node.index.nulls_distinct and not any(node.lists)
    if isinstance(node, p.Filter | p.Project | p.Sort | p.LockRows):
        return single_row(node.child)
    if isinstance(node, p.Aggregate):
        return not node.groups and node.sets is None
    return isinstance(node, p.OneRow)


@produces(p.Distinct)
def distinct(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """The first row of each key."""
    assert isinstance(node, p.Distinct)
    fn, names = gen.fn, gen.names
    seen, key = names.fresh("seen"), names.fresh("k")
    fn.line(f"{seen} = set()")

    def each(inner: Scope) -> None:
        keys = [null_safe_key(gen, expr.type, gen.compiler.value(expr, inner)) for expr in node.on]
        fn.line(f"{key} = {keys[0] if len(keys) == 1 else tuple_source(keys) if keys else '()'}")
        with fn.block(f"if {key} not in {seen}:"):
            fn.line(f"{seen}.add({key})")
            consume(inner)

    gen.produce(node.child, scope, each)
