"""FROM to text: tables, subqueries, functions, VALUES and joins with their aliases.

    FROM (t
      JOIN u USING (a)), LATERAL generate_series(1, t.a) g(x)

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c (get_from_clause_item).
"""

from __future__ import annotations

from rustydb_engine.sql.bound import (
    CastExpr,
    Expr,
    FromJoin,
    FromNode,
    FuncExpr,
    OpExpr,
    Query,
    RangeCte,
    RangeEntry,
    RangeFunction,
    RangeQuery,
    RangeTable,
    RangeValues,
)
from rustydb_engine.sql.deparse_constants import type_text
from rustydb_engine.sql.deparse_context import INDENT_JOIN, INDENT_STD, INDENT_VAR, Printer
from rustydb_engine.sql.deparse_expressions import write, write_list
from rustydb_engine.sql.keywords import quote_identifier


def write_from(printer: Printer, query: Query) -> None:
    """Print FROM, an item a line."""
    for index, node in enumerate(query.source):
        if not index:
            printer.keyword(" FROM ", -INDENT_STD, INDENT_STD, 2)
            _write_item(printer, node)
            continue
        printer.put(", ")
        before, printer.parts = printer.parts, []
        _write_item(printer, node)
        text = printer.take()
        printer.parts = before
        if text.startswith("\n"):
            printer.trim()
        else:
            printer.keyword("", -INDENT_STD, INDENT_STD, INDENT_VAR)
        printer.put(text)


def _write_item(printer: Printer, node: FromNode) -> None:
    if isinstance(node, FromJoin):
        _write_join(printer, node)
        return
    frame = printer.frames[0]
    entry, name = frame.entries[node.index], frame.names[node.index]
    assert name is not None, "a row source in FROM has a name"
    alias = _write_source(printer, entry, name)
    if alias:
        printer.put(f" {quote_identifier(name)}")
    if isinstance(entry, RangeFunction) and _definitions(entry):
        shown = zip(frame.aliases[node.index], entry.types, strict=True)
        printer.put("(" + ", ".join(f"{quote_identifier(n)} {type_text(kind, -1)}" for n, kind in shown) + ")")
    elif frame.aliases[node.index]:
        printer.put("(" + ", ".join(map(quote_identifier, frame.aliases[node.index])) + ")")


def _write_source(printer: Printer, entry: RangeEntry, name: str) -> bool:
    """Print a row source without its alias; return whether the alias must follow."""
    frame = printer.frames[0]
    if isinstance(entry, RangeTable):
        printer.put(printer.relation_name(entry.table))
        renamed = bool(frame.aliases[frame.entries.index(entry)])
        return renamed or name != printer.table(entry).name or entry.alias != entry.table.name
    if isinstance(entry, RangeQuery) and entry.view:
        view = printer.catalog.table(entry.view)
        assert view is not None, "a view in use exists"
        printer.put(printer.relation_name(view))
        return name != view.name or bool(frame.aliases[frame.entries.index(entry)])
    if isinstance(entry, RangeQuery):
        from rustydb_engine.sql.deparse_queries import query_text

        printer.put(("LATERAL " if entry.lateral else "") + "(" + query_text(printer, entry.query) + ")")
        return True
    if isinstance(entry, RangeFunction):
        _write_functions(printer, entry)
        return True
    if isinstance(entry, RangeCte):
        cte = printer.frames[entry.level].ctes[entry.cte]
        printer.put(quote_identifier(cte.name))
        return name != cte.name or bool(frame.aliases[frame.entries.index(entry)])
    assert isinstance(entry, RangeValues), "a set operation is not in FROM"
    printer.put("(")
    write_values(printer, entry)
    printer.put(")")
    return True


def _definitions(entry: RangeFunction) -> bool:
    """Whether a function's columns are given by a column definition list."""
    call = entry.calls[0]
    return entry.record[0] and not (isinstance(call, FuncExpr) and call.function.columns)


def _write_functions(printer: Printer, entry: RangeFunction) -> None:
    if entry.lateral:
        printer.put("LATERAL ")
    calls = entry.calls
    if len(calls) == 1:
        _write_call(printer, calls[0])
    elif all(isinstance(call, FuncExpr) and call.function.name == "unnest" for call in calls):
        printer.put("UNNEST(")
        write_list(printer, [arg for call in calls if isinstance(call, FuncExpr) for arg in call.args])
        printer.put(")")
    else:
        printer.put("ROWS FROM(")
        for index, call in enumerate(calls):
            if index:
                printer.put(", ")
            _write_call(printer, call)
        printer.put(")")
    if entry.ordinality:
        printer.put(" WITH ORDINALITY")


def _write_call(printer: Printer, call: Expr) -> None:
    """Print what stands in FROM like a function; a cast has to be written as CAST there."""
    if isinstance(call, CastExpr | OpExpr):
        kind = type_text(call.type, call.typmod)
        printer.put("CAST(")
        write(printer, call.arg if isinstance(call, CastExpr) else call)
        printer.put(f" AS {kind})")
    else:
        write(printer, call, True)


def _write_join(printer: Printer, join: FromJoin) -> None:
    wrap_right = printer.pretty and isinstance(join.right, FromJoin)
    if not printer.pretty:
        printer.put("(")
    _write_item(printer, join.left)
    word = {"inner": "JOIN" if join.on is not None else "CROSS JOIN"}.get(join.kind, f"{join.kind.upper()} JOIN")
    printer.keyword(f" {word} ", -INDENT_STD, INDENT_STD, INDENT_JOIN)
    if wrap_right:
        printer.put("(")
    _write_item(printer, join.right)
    if wrap_right:
        printer.put(")")
    if join.using:
        printer.put(" USING (" + ", ".join(map(quote_identifier, join.using)) + ")")
    elif join.on is not None:
        printer.put(" ON " if printer.pretty else " ON (")
        write(printer, join.on)
        if not printer.pretty:
            printer.put(")")
    elif join.kind != "inner":
        printer.put(" ON TRUE")
    if not printer.pretty:
        printer.put(")")


def write_values(printer: Printer, entry: RangeValues) -> None:
    """Print VALUES."""
    printer.put("VALUES ")
    for index, row in enumerate(entry.rows):
        if index:
            printer.put(", ")
        printer.put("(")
        for number, expr in enumerate(row):
            if number:
                printer.put(",")
            write(printer, expr)
        printer.put(")")
