"""UNION, INTERSECT and EXCEPT, with ALL or without.

Both sides are collected as row tuples. Two rows are the same when their keys are (NULL equals NULL); with ALL, a row that occurs m times
on the left and n times on the right is given m + n, min(m, n) or max(m - n, 0) times.
"""

from __future__ import annotations

from collections.abc import Generator as Steps

from rustydb_engine.exec.codegen import Consume, Generator, produces
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.scan import null_safe_key
from rustydb_engine.exec.scope import RowBinding, Scope, tuple_source
from rustydb_engine.exec.source import Code
from rustydb_engine.exec.waits import TICK
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import Node
from rustydb_engine.values.compare import compare_key
from rustydb_engine.values.types import Type

Row = tuple[object, ...]
Pairs = list[tuple[object, Row]]
Work = Steps[object, None, list[Row]]
STEP = 5000
"""Rows between two ticks."""
RUN = "run_through"


@helper
def intersect_rows(left: Pairs, right: Pairs, every: bool) -> Work:
    """Return the rows of both sides."""
    counts = yield from _counts(right)
    result: list[Row] = []
    for place, (key, row) in enumerate(left):
        if not place % STEP:
            yield TICK
        if counts.get(key, 0) > 0:
            counts[key] = counts[key] - 1 if every else 0
            result.append(row)
    return result


def _counts(rows: Pairs) -> Steps[object, None, dict[object, int]]:
    """Return how often each key occurs."""
    counts: dict[object, int] = {}
    for place, (key, _) in enumerate(rows):
        counts[key] = counts.get(key, 0) + 1
        if not place % STEP:
            yield TICK
    return counts


@helper
def except_rows(left: Pairs, right: Pairs, every: bool) -> Work:
    """Return the rows of the left side that the right one does not have."""
    counts = yield from _counts(right)
    result: list[Row] = []
    seen: set[object] = set()
    for place, (key, row) in enumerate(left):
        if not place % STEP:
            yield TICK
        if every:
            if counts.get(key, 0) > 0:
                counts[key] -= 1
            else:
                result.append(row)
        elif key not in counts and key not in seen:
            seen.add(key)
            result.append(row)
    return result


def row_key(gen: Generator, types: tuple[Type, ...], codes: list[Code], row: str) -> str:
    """Return the source of the key of a row whose columns are `codes`; the row itself when its values are keys."""
    if all(compare_key(kind) is None for kind in types):
        return row
    return tuple_source([null_safe_key(gen, kind, code) for kind, code in zip(types, codes, strict=True)])


@produces(p.SetOperation)
def set_operation(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """Rows of two queries combined."""
    assert isinstance(node, p.SetOperation)
    fn, names = gen.fn, gen.names
    union = node.operator == "union"
    plain = union and node.all
    left, right = names.fresh("rows"), names.fresh("rows")
    fn.line(f"{left} = {'{}' if union and not plain else '[]'}")
    target = left if union else right
    if not union:
        fn.line(f"{right} = []")

    def collect(into: str, codes: list[Code], inner: Scope) -> None:
        if plain:
            fn.line(f"{into}.append({gen.row_source(codes, inner)})")
            return
        row = names.fresh("r")
        fn.line(f"{row} = {gen.row_source(codes, inner)}")
        settled = [Code(f"{row}[{index}]", code.nullable, True) for index, code in enumerate(codes)]
        key = row_key(gen, node.types, settled, row)
        if union:
            fn.line(f"{into}.setdefault({key}, {row})")
        else:
            fn.line(f"{into}.append(({key}, {row}))")

    gen.produce_values(node.left, node.left_rel, scope, lambda codes, inner: collect(left, codes, inner))
    gen.produce_values(node.right, node.right_rel, scope, lambda codes, inner: collect(target, codes, inner))
    row = names.fresh("r")
    if plain:
        source = left
    elif union:
        source = f"{left}.values()"
    else:
        call = f"{gen.use(f'{node.operator}_rows')}({left}, {right}, {node.all})"
        source = names.fresh("rows")
        fn.line(f"{source} = {f'yield from {call}' if fn.generator else f'{gen.use(RUN)}({call})'}")
    with fn.block(f"for {row} in {source}:"):
        gen.pulse("1")
        consume(scope.bind(node.rel, RowBinding(row, len(node.types))))
