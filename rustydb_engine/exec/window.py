"""Window functions: rows are sorted by PARTITION BY and ORDER BY, then each partition is computed as a whole.

What is collected for each row is `(kept, args, partition keys…, order keys…)`; `kept` restores the row's relations, `args` holds one tuple
of argument values for each call (None when its FILTER is not true). `window_rows` yields `(kept, results)` in sorted order.

    SELECT sum(x) OVER (PARTITION BY a ORDER BY b ROWS 2 PRECEDING), rank() OVER w …

Frames are pairs of positions in the partition (frames.py). An aggregate whose frame begins at the start of the partition and
excludes nothing keeps a running state; any other is computed anew for every different frame.

Source: PostgreSQL 15, sections 3.5, 4.2.8, 9.22; src/backend/executor/nodeWindowAgg.c.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Generator as Steps
from typing import Any

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.codegen import Consume, Generator, produces
from rustydb_engine.exec.frames import Frames, Partition, WindowSpec, offset_bound
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.scan import null_safe_key
from rustydb_engine.exec.scope import Packed, RowBinding, Scope, tuple_source
from rustydb_engine.exec.sort import SORT_AT_ONCE, Spec, sort_in_slices, sort_rows
from rustydb_engine.exec.waits import TICK
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.functions.registry import Aggregate, aggregate_for
from rustydb_engine.sql.plan import Node, provided

Args = tuple[object, ...] | None
Results = list[object]
KEPT, ARGS, KEYS = 0, 1, 2


class WindowCall:
    """One call over the window: its function's name, its place among the calls, and how an aggregate computes."""

    def __init__(self, name: str, place: int, how: Aggregate | None, arity: int) -> None:
        self.name = name
        self.place = place
        self.how = how
        self.arity = arity


# ---------------------------------------------------------------- code


@produces(p.Window)
def window(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Add the results of the calls to every row."""
    assert isinstance(node, p.Window)
    fn, names = gen.fn, gen.names
    rows = names.fresh("rows")
    fn.line(f"{rows} = []")
    packed: list[Packed] = []
    definition = node.definition

    def each(inner: Scope) -> None:
        kept = gen.pack(inner, provided(node.child))
        packed.append(kept)
        args = [_arguments(gen, call, inner) for call in node.calls]
        keys = [null_safe_key(gen, expr.type, gen.compiler.value(expr, inner)) for expr in definition.partition]
        keys += [null_safe_key(gen, key.expr.type, gen.compiler.value(key.expr, inner)) for key in definition.order]
        values = ["None"] if not definition.order else [gen.compiler.value(definition.order[0].expr, inner).src]
        parts = [kept.item, tuple_source(args), *keys, *values]
        fn.line(f"{rows}.append({tuple_source(parts)})")

    gen.produce(node.child, scope, each)
    spec = names.bind("window", _spec(gen, node))
    offsets: list[str] = []
    for which, bound in (("starting", definition.start), ("ending", definition.end)):
        if bound[1] is None:
            offsets.append("None")
        else:
            check = names.bind("f", offset_bound)
            offsets.append(f"{check}({gen.compiler.value(bound[1], scope).src}, {which!r})")
    gen.use("window_rows")
    result, values_ = names.fresh("rows"), names.fresh("r")
    call = f"window_rows({rows}, {spec}, {offsets[0]}, {offsets[1]}, ctx)"
    if fn.generator:
        fn.line(f"{result} = yield from {call}")
    else:
        fn.line(f"{result} = {gen.use('run_through')}({call})")
    target = f"({packed[0].target})" if "," in packed[0].target else packed[0].target
    with fn.block(f"for {target}, {values_} in {result}:"):
        gen.pulse("1")
        consume(scope.extend(packed[0].bindings).bind(node.rel, RowBinding(values_, len(node.calls))))


def _arguments(gen: Generator, call: b.WindowExpr, scope: Scope) -> str:
    source = "()"
    if call.args:
        source = tuple_source([gen.compiler.value(arg, scope).src for arg in call.args])
    if call.filter is not None:
        return f"({source} if {gen.compiler.truth(call.filter, scope).src} else None)"
    return source


def _spec(gen: Generator, node: p.Window) -> WindowSpec:
    definition = node.definition
    specs: list[Spec] = [(KEYS + place, False, False, None) for place in range(len(definition.partition))]
    first = KEYS + len(definition.partition)
    specs += [(first + place, key.descending, key.nulls_first, None) for place, key in enumerate(definition.order)]
    calls: list[Any] = []
    for place, call in enumerate(node.calls):
        how = None
        if call.function.kind == "a":
            how = aggregate_for(call.function, gen.compiler.site(call.args, call.type))
            if how.ordered_set:
                raise not_supported("an ordered-set aggregate as a window function")
        elif call.function.name not in FUNCTIONS:
            raise not_supported(f"window function {call.function.name}")
        calls.append(WindowCall(call.function.name, place, how, len(call.args)))
    return WindowSpec(definition, tuple(specs), len(definition.partition), tuple(calls))


# ---------------------------------------------------------------- at run time


@helper
def window_rows(
    rows: list[Any], spec: WindowSpec, start: object, end: object, ctx: Any
) -> Steps[object, None, list[tuple[object, tuple[object, ...]]]]:
    """Return (kept, results) of every row, in the order of the window."""
    if len(rows) > SORT_AT_ONCE:
        yield from sort_in_slices(rows, spec.specs)
    else:
        sort_rows(rows, spec.specs)
    result: list[tuple[object, tuple[object, ...]]] = []
    first = 0
    total = len(rows)
    work = 0
    while first < total:
        last = total
        if spec.partitions:
            key = rows[first][KEYS : KEYS + spec.partitions]
            last = first + 1
            while last < total and rows[last][KEYS : KEYS + spec.partitions] == key:
                last += 1
        partition = Partition(rows[first:last], spec)
        yield from partition.find_peers()
        frames = Frames(partition, spec, start, end)
        columns: list[Results] = []
        for call in spec.calls:
            columns.append((yield from _compute(call, partition, frames, ctx)))
        for low in range(0, last - first, SORT_AT_ONCE):
            high = low + SORT_AT_ONCE
            kept = [row[KEPT] for row in partition.rows[low:high]]
            result.extend(zip(kept, zip(*[column[low:high] for column in columns], strict=True), strict=True))
            if high < last - first:
                yield TICK
        work += last - first
        if work > 2000:
            work = 0
            yield TICK
        first = last
    return result


def _compute(call: WindowCall, partition: Partition, frames: Frames, ctx: Any) -> Steps[object, None, Results]:
    args: list[Args] = [row[ARGS][call.place] for row in partition.rows]
    if call.how is None:
        return FUNCTIONS[call.name](call, partition, frames, args)
    return (yield from _aggregate(call.how, frames, args, ctx))


def _aggregate(how: Aggregate, frames: Frames, args: list[Args], ctx: Any) -> Steps[object, None, Results]:
    """Compute an aggregate over every row's frame."""
    results: Results = []
    state = how.start()
    done = 0
    before: object = None
    value: object = None
    work = 0
    for row in range(len(args)):
        ranges = frames.of(row)
        if results and ranges == before:
            results.append(value)
            continue
        if frames.running and len(ranges) == 1 and ranges[0][1] >= done:
            todo = range(done, ranges[0][1])
            done = ranges[0][1]
        else:
            state = how.start()
            todo = None
            for low, high in ranges:
                state = _step(how, state, args, range(low, high), ctx)
                work += high - low
        if todo is not None:
            state = _step(how, state, args, todo, ctx)
            work += len(todo)
        before = ranges
        value = how.final(ctx, state) if how.context else how.final(state)
        results.append(value)
        if work > 5000:
            work = 0
            yield TICK
    return results


def _step(how: Aggregate, state: object, args: list[Args], places: range, ctx: Any) -> object:
    step, skip = how.step, how.skip_null
    for place in places:
        values = args[place]
        if values is None or (skip and None in values):
            continue
        state = step(ctx, state, *values) if how.context else step(state, *values)
    return state


# ---------------------------------------------------------------- the functions

Compute = Callable[[WindowCall, Partition, Frames, list[Args]], Results]


def _row_number(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    return list(range(1, len(args) + 1))


def _rank(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    return [partition.first_peer(row) + 1 for row in range(len(args))]


def _dense_rank(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    return [partition.group_of(row) + 1 for row in range(len(args))]


def _percent_rank(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    below = len(args) - 1
    return [partition.first_peer(row) / below if below else 0.0 for row in range(len(args))]


def _cume_dist(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    return [partition.after_peers(row) / len(args) for row in range(len(args))]


def _ntile(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    buckets = args[0][0] if args[0] is not None else None
    total = len(args)
    if buckets is None:
        return [None] * total
    if not isinstance(buckets, int) or buckets <= 0:
        raise SqlError("22014", "argument of ntile must be greater than zero")
    size, more = divmod(total, buckets)
    results: Results = []
    for row in range(total):
        large = more * (size + 1)
        results.append(row // (size + 1) + 1 if row < large else more + (row - large) // size + 1)
    return results


def _shifted(call: WindowCall, args: list[Args], sign: int) -> Results:
    results: Results = []
    for row, values in enumerate(args):
        assert values is not None, "window functions have no FILTER"
        offset = values[1] if call.arity > 1 else 1
        if offset is None:
            results.append(None)
            continue
        assert isinstance(offset, int), "an offset is an integer"
        place = row + sign * offset
        other = args[place] if 0 <= place < len(args) else None
        results.append(other[0] if other is not None else values[2] if call.arity > 2 else None)
    return results


def _lag(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    return _shifted(call, args, -1)


def _lead(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    return _shifted(call, args, 1)


def _at(frames: Frames, args: list[Args], row: int, number: int) -> object:
    """Return the argument in row `number` of a frame, from its end when negative; NULL outside."""
    ranges = frames.of(row)
    size = sum(high - low for low, high in ranges)
    place = number if number >= 0 else size + number
    if not 0 <= place < size:
        return None
    for low, high in ranges:
        if place < high - low:
            values = args[low + place]
            assert values is not None, "window functions have no FILTER"
            return values[0]
        place -= high - low
    return None


def _first_value(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    return [_at(frames, args, row, 0) for row in range(len(args))]


def _last_value(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    return [_at(frames, args, row, -1) for row in range(len(args))]


def _nth_value(call: WindowCall, partition: Partition, frames: Frames, args: list[Args]) -> Results:
    results: Results = []
    for row, values in enumerate(args):
        assert values is not None, "window functions have no FILTER"
        number = values[1]
        if number is None:
            results.append(None)
            continue
        if not isinstance(number, int) or number <= 0:
            raise SqlError("22016", "argument of nth_value must be greater than zero")
        results.append(_at(frames, args, row, number - 1))
    return results


FUNCTIONS: dict[str, Compute] = {
    "row_number": _row_number,
    "rank": _rank,
    "dense_rank": _dense_rank,
    "percent_rank": _percent_rank,
    "cume_dist": _cume_dist,
    "ntile": _ntile,
    "lag": _lag,
    "lead": _lead,
    "first_value": _first_value,
    "last_value": _last_value,
    "nth_value": _nth_value,
}
