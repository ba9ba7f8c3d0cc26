"""Calls to text: functions with the syntax that SQL gives some of them, aggregates, window functions, sort keys.

    EXTRACT(year FROM d)        count(DISTINCT a) FILTER (WHERE (b > 1))        rank() OVER (ORDER BY a)

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c (get_func_expr, get_agg_expr, get_windowfunc_expr).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.sql.bound import (
    AggregateExpr,
    CastExpr,
    Const,
    Expr,
    ExprSort,
    FuncExpr,
    Var,
    WindowExpr,
)
from rustydb_engine.sql.deparse_constants import constant
from rustydb_engine.sql.deparse_context import Printer
from rustydb_engine.sql.deparse_expressions import WRITERS, is_keyword, operand, write, write_list
from rustydb_engine.sql.functions.registry import Function
from rustydb_engine.sql.keywords import quote_identifier


def function_name(function: Function) -> str:
    """Return the name by which a function is called."""
    name = quote_identifier(function.name)
    return name if function.schema == "pg_catalog" else f"{quote_identifier(function.schema)}.{name}"


def _function(printer: Printer, expr: FuncExpr, implicit: bool) -> None:
    function, args = expr.function, expr.args
    if is_keyword(expr):
        printer.put(function.name.upper())
        return
    if expr.sql_syntax and _sql_syntax(printer, expr):
        return
    printer.put(function_name(function) + "(")
    for index, arg in enumerate(args):
        if index:
            printer.put(", ")
        if expr.variadic and index == len(args) - 1:
            printer.put("VARIADIC ")
        write(printer, arg, True)
    printer.put(")")


def _sql_syntax(printer: Printer, expr: FuncExpr) -> bool:
    """Print EXTRACT, TRIM and their like as they are written; False when the call has not that form."""
    name, args = expr.function.name, expr.args
    if name == "timezone":
        printer.put("(")
        operand(printer, args[1], False, expr)
        printer.put(" AT TIME ZONE ")
        operand(printer, args[0], False, expr)
        printer.put(")")
    elif name == "extract":
        if not isinstance(args[0], Const):
            return False
        _put_with(printer, f"EXTRACT({args[0].value} FROM ", args[1:], ())
    elif name == "position":
        _put_with(printer, "POSITION((", (args[1], args[0]), (") IN (",), "))")
    elif name in ("btrim", "ltrim", "rtrim"):
        side = {"b": "BOTH", "l": "LEADING", "r": "TRAILING"}[name[0]]
        if len(args) == 2:
            _put_with(printer, f"TRIM({side} ", (args[1], args[0]), (" FROM ",))
        else:
            _put_with(printer, f"TRIM({side} FROM ", args, ())
    elif name == "substring":
        _put_with(printer, "SUBSTRING(", args, (" FROM ", " FOR "))
    elif name == "overlay":
        _put_with(printer, "OVERLAY(", args, (" PLACING ", " FROM ", " FOR "))
    else:
        return False
    return True


def _put_with(printer: Printer, start: str, args: Sequence[Expr], words: Sequence[str], end: str = ")") -> None:
    printer.put(start)
    for index, arg in enumerate(args):
        if index:
            printer.put(words[index - 1])
        write(printer, arg)
    printer.put(end)


def _aggregate(printer: Printer, expr: AggregateExpr, implicit: bool) -> None:
    printer.put(function_name(expr.function) + "(" + ("DISTINCT " if expr.distinct else ""))
    how = expr.function.aggregate
    if how is not None and how.ordered_set:
        write_list(printer, expr.direct)
        printer.put(") WITHIN GROUP (ORDER BY ")
        write_sorts(printer, expr.order)
    else:
        if expr.star:
            printer.put("*")
        else:
            write_list(printer, expr.args)
        if expr.order:
            printer.put(" ORDER BY ")
            write_sorts(printer, expr.order)
    if expr.filter is not None:
        printer.put(") FILTER (WHERE ")
        write(printer, expr.filter)
    printer.put(")")


def _window(printer: Printer, expr: WindowExpr, implicit: bool) -> None:
    printer.put(function_name(expr.function) + "(")
    if expr.star:
        printer.put("*")
    else:
        write_list(printer, expr.args)
    if expr.filter is not None:
        printer.put(") FILTER (WHERE ")
        write(printer, expr.filter)
    printer.put(") OVER ")
    window = printer.frames[0].windows[expr.window]
    if window.name:
        printer.put(quote_identifier(window.name))
    else:
        from rustydb_engine.sql.deparse_queries import write_window

        write_window(printer, window)


def write_sorts(printer: Printer, keys: Sequence[ExprSort]) -> None:
    """Print the ORDER BY of an aggregate or a window."""
    for index, key in enumerate(keys):
        if index:
            printer.put(", ")
        write_key(printer, key.expr)
        write_direction(printer, key.descending, key.nulls_first)


def write_key(printer: Printer, expr: Expr) -> None:
    """Print a sort or group key so that it cannot be taken for a column number or a grouping set."""
    if isinstance(expr, Const):
        printer.put(constant(printer, expr, 1))
    elif isinstance(expr, Var):
        write(printer, expr, True)
    else:
        wrap = printer.pretty or isinstance(expr, FuncExpr | AggregateExpr | WindowExpr)
        if isinstance(expr, CastExpr) and expr.method in ("function", "length"):
            wrap = True
        if wrap:
            printer.put("(")
        write(printer, expr, True)
        if wrap:
            printer.put(")")


def write_direction(printer: Printer, descending: bool, nulls_first: bool) -> None:
    """Print DESC and NULLS FIRST or LAST where they are not the default."""
    if descending:
        printer.put(" DESC" if nulls_first else " DESC NULLS LAST")
    elif nulls_first:
        printer.put(" NULLS FIRST")


WRITERS.update({FuncExpr: _function, AggregateExpr: _aggregate, WindowExpr: _window})
