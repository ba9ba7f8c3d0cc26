"""WITH: queries that are kept as lists of rows, recursive ones, and those that change data.

They are evaluated in order before the query that uses them, once. A recursive one repeats its step over the working table, the
rows that the last repetition added, until there are none:

    rows = []; work = base rows
    while work:
        rows += work
        work = step rows over work        without ALL: those never seen before

A recursive one that a LIMIT reads, once and with nothing between that needs all rows, is not kept: each row goes on as it is
found, so that a recursion without an end of its own can be cut short, as PostgreSQL users do.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.exec.codegen import Consume, Generator, produces
from rustydb_engine.exec.scope import RowBinding, Scope
from rustydb_engine.exec.setops import row_key
from rustydb_engine.exec.source import Code
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import Node
from rustydb_engine.sql.tree import walk


def produce_ctes(gen: Generator, node: p.With, scope: Scope) -> None:
    """Write the evaluation of the CTEs."""
    for cte in node.ctes:
        rows = gen.names.fresh("cte")
        gen.fn.line(f"{rows} = []")
        gen.ctes[cte.cte] = (rows, gen.fn)
        if cte.recursive and cte is node.ctes[-1] and (reader := _streamed(node, cte)) is not None:
            gen.streamed[reader.rel] = (cte, scope)
        elif cte.recursive:
            _recursive(gen, cte, scope, _extending(gen, rows))
        elif cte.modifies:
            from rustydb_engine.exec.modify import inner_statement

            inner_statement(gen, cte.plan, rows, scope)
        else:
            gen.produce_values(cte.plan, cte.rel, scope, _appending(gen, rows))


def _extending(gen: Generator, rows: str) -> Callable[[str], None]:
    """Return what appends a list of rows to another."""
    return lambda work: gen.fn.line(f"{rows} += {work}")


def _appending(gen: Generator, rows: str) -> Callable[[list[Code], Scope], None]:
    """Return the consumer that appends rows to a list."""
    return lambda codes, inner: gen.fn.line(f"{rows}.append({gen.row_source(codes, inner)})")


def _streamed(node: p.With, cte: p.CtePlan) -> p.CteScan | None:
    """Return the only scan of a recursive CTE if rows can flow through it to a LIMIT one by one, else None."""
    found: Node = node.child
    limited = False
    while isinstance(found, p.Limit | p.Project | p.Filter):
        limited = limited or isinstance(found, p.Limit)
        found = found.child
    if not limited or not isinstance(found, p.CteScan) or found.cte != cte.cte:
        return None
    scans = [item for item in walk(node.child) if isinstance(item, p.CteScan) and item.cte == cte.cte]
    return found if len(scans) == 1 else None


def _recursive(gen: Generator, cte: p.CtePlan, scope: Scope, take: Callable[[str], None]) -> None:
    """Write the recursion; `take` writes what is done with the list of rows that each repetition found."""
    fn, names = gen.fn, gen.names
    work, new, seen = names.fresh("work"), names.fresh("new"), names.fresh("seen")
    assert cte.step is not None, "a recursive CTE has a step"
    fn.line(f"{new} = []")
    if not cte.all:
        fn.line(f"{seen} = set()")

    def add(codes: list[Code], inner: Scope) -> None:
        row = gen.row_source(codes, inner)
        if cte.all:
            fn.line(f"{new}.append({row})")
            return
        name, key = names.fresh("r"), names.fresh("k")
        fn.line(f"{name} = {row}")
        columns = [Code(f"{name}[{index}]", code.nullable, True) for index, code in enumerate(codes)]
        fn.line(f"{key} = {row_key(gen, cte.types, columns, name)}")
        with fn.block(f"if {key} not in {seen}:"):
            fn.line(f"{seen}.add({key})")
            fn.line(f"{new}.append({name})")

    gen.produce_values(cte.plan, cte.rel, scope, add)
    gen.working[cte.cte] = work
    with fn.block(f"while {new}:"):
        fn.line(f"{work} = {new}")
        take(work)
        fn.line(f"{new} = []")
        gen.pulse(f"len({work}) + 1")
        gen.produce_values(cte.step, cte.step_rel, scope, add)


@produces(p.With)
def with_queries(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """CTEs, then the query over them."""
    assert isinstance(node, p.With)
    produce_ctes(gen, node, scope)
    gen.produce(node.child, scope, consume)


@produces(p.CteScan)
def cte_scan(gen: Generator, node: Node, scope: Scope, consume: Consume) -> None:
    """The rows of a CTE, or of the working table of a recursive one."""
    assert isinstance(node, p.CteScan)
    source = gen.streamed.pop(node.rel, None)
    if source is not None:
        _recursive(gen, *source, lambda work: _each(gen, node, work, scope, consume))
        return
    rows = gen.working[node.cte] if node.working else gen.ctes[node.cte][0]
    _each(gen, node, rows, scope, consume)


def _each(gen: Generator, node: p.CteScan, rows: str, scope: Scope, consume: Consume) -> None:
    row = gen.names.fresh("r")
    with gen.fn.block(f"for {row} in {rows}:"):
        gen.pulse("1")
        consume(scope.bind(node.rel, RowBinding(row, node.width)))
