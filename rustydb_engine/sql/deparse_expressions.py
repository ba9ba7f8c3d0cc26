"""Bound expressions to text, as PostgreSQL's pg_get_expr prints them.

Without `pretty` every operator has its parentheses; with it only those that are needed. Coercions that nobody wrote are
shown where leaving them out could change the meaning: among the operands of operators and the arguments of functions
(`implicit`), not at the top.

    (price > (0)::numeric)        ((status)::text = 'a'::text)

Calls are in `deparse_calls`, which enters itself into `WRITERS`.

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c (get_rule_expr and what it calls).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rustydb_engine.sql.bound import (
    ArrayExpr,
    ArrayOpExpr,
    BooleanTest,
    BoolExpr,
    CaseExpr,
    CaseOperand,
    CastExpr,
    CoalesceExpr,
    Const,
    DistinctExpr,
    Expr,
    FieldExpr,
    FuncExpr,
    GroupingExpr,
    MinMaxExpr,
    NullIfExpr,
    NullTest,
    OpExpr,
    ParamExpr,
    RowCompare,
    RowExpr,
    SubqueryExpr,
    SubscriptExpr,
    Var,
)
from rustydb_engine.sql.deparse_constants import constant, type_text
from rustydb_engine.sql.deparse_context import INDENT_VAR, SYSTEM_NAMES, Printer
from rustydb_engine.sql.deparse_simple import is_simple
from rustydb_engine.sql.keywords import quote_identifier

Writer = Callable[..., None]
KEYWORD_FUNCTIONS = frozenset(
    (
        "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_role",
        "current_user", "user", "session_user", "current_catalog",
    )
)  # fmt: skip


def write(printer: Printer, expr: Expr, implicit: bool = False) -> None:
    """Print an expression; `implicit` shows a coercion at its top that nobody wrote."""
    WRITERS[type(expr)](printer, expr, implicit)


def operand(printer: Printer, expr: Expr, implicit: bool, parent: Expr) -> None:
    """Print an operand, in parentheses where the pretty form needs them."""
    wrap = printer.pretty and not is_simple(expr, parent)
    if wrap:
        printer.put("(")
    write(printer, expr, implicit)
    if wrap:
        printer.put(")")


def write_list(printer: Printer, exprs: Sequence[Expr], implicit: bool = True) -> None:
    """Print expressions with commas between."""
    for index, expr in enumerate(exprs):
        if index:
            printer.put(", ")
        write(printer, expr, implicit)


def write_var(printer: Printer, var: Var) -> str:
    """Print a column and return its bare name; a whole row is printed as `t.*` and returns ""."""
    frame = printer.frame_of(var)
    name = frame.names[var.source]
    if var.column < -1:
        column = SYSTEM_NAMES[var.column]
    else:
        column = "" if var.column == -1 else frame.columns[var.source].get(var.column, var.name)
    if name is not None and (printer.prefix or not column):
        printer.put(quote_identifier(name) + ".")
    printer.put(quote_identifier(column) if column else "*")
    return column


def _var(printer: Printer, expr: Var, implicit: bool) -> None:
    write_var(printer, expr)


def _const(printer: Printer, expr: Const, implicit: bool) -> None:
    printer.put(constant(printer, expr, 0))


def _param(printer: Printer, expr: ParamExpr, implicit: bool) -> None:
    printer.put(f"${expr.index}")


# ---------------------------------------------------------------- operators


def _open(printer: Printer) -> None:
    if not printer.pretty:
        printer.put("(")


def _close(printer: Printer) -> None:
    if not printer.pretty:
        printer.put(")")


def _operation(printer: Printer, expr: OpExpr, implicit: bool) -> None:
    _open(printer)
    if len(expr.args) == 2:
        operand(printer, expr.args[0], True, expr)
        printer.put(f" {expr.operator.name} ")
        operand(printer, expr.args[1], True, expr)
    else:
        printer.put(f"{expr.operator.name} ")
        operand(printer, expr.args[0], True, expr)
    _close(printer)


def _boolean(printer: Printer, expr: BoolExpr, implicit: bool) -> None:
    _open(printer)
    if expr.kind == "not":
        printer.put("NOT ")
        operand(printer, expr.args[0], False, expr)
    else:
        word = f" {expr.kind.upper()} "
        for index, arg in enumerate(expr.args):
            if index:
                printer.put(word)
            operand(printer, arg, False, expr)
    _close(printer)


def _distinct(printer: Printer, expr: DistinctExpr, implicit: bool) -> None:
    if expr.negated:
        _open(printer)
        printer.put("NOT ")
    _open(printer)
    operand(printer, expr.left, True, expr)
    printer.put(" IS DISTINCT FROM ")
    operand(printer, expr.right, True, expr)
    _close(printer)
    if expr.negated:
        _close(printer)


def _null_test(printer: Printer, expr: NullTest, implicit: bool) -> None:
    _open(printer)
    operand(printer, expr.arg, True, expr)
    printer.put(" IS NOT NULL" if expr.negated else " IS NULL")
    _close(printer)


def _boolean_test(printer: Printer, expr: BooleanTest, implicit: bool) -> None:
    _open(printer)
    operand(printer, expr.arg, False, expr)
    printer.put(f" IS {'NOT ' if expr.negated else ''}{expr.test.upper()}")
    _close(printer)


def _array_test(printer: Printer, expr: ArrayOpExpr, implicit: bool) -> None:
    _open(printer)
    operand(printer, expr.left, True, expr)
    printer.put(f" {expr.operator.name} {expr.quantifier.upper()} (")
    operand(printer, expr.right, True, expr)
    if isinstance(expr.right, SubqueryExpr) and expr.right.kind == "scalar":
        # A bare subquery there would be read as ANY (query).
        printer.put(f"::{type_text(expr.right.type, expr.right.typmod)}")
    printer.put(")")
    _close(printer)


def _row_compare(printer: Printer, expr: RowCompare, implicit: bool) -> None:
    printer.put("(ROW(")
    write_list(printer, expr.left)
    printer.put(f") {expr.operators[0].name} ROW(")
    write_list(printer, expr.right)
    printer.put("))")


# ---------------------------------------------------------------- conditional forms


def _case(printer: Printer, expr: CaseExpr, implicit: bool) -> None:
    printer.keyword("CASE", 0, INDENT_VAR, 0)
    if expr.operand is not None:
        printer.put(" ")
        write(printer, expr.operand, True)
    for condition, result in expr.whens:
        printer.keyword("WHEN ", 0, 0, 0)
        write(printer, _compared(condition) if expr.operand is not None else condition)
        printer.put(" THEN ")
        write(printer, result, True)
    printer.keyword("ELSE ", 0, 0, 0)
    write(printer, expr.default if expr.default is not None else Const(None, expr.type, expr.typmod), True)
    printer.keyword("END", -INDENT_VAR, 0, 0)


def _compared(condition: Expr) -> Expr:
    """Return what WHEN says of `operand = value`: the value."""
    if isinstance(condition, OpExpr) and len(condition.args) == 2:
        left = condition.args[0]
        while isinstance(left, CastExpr):
            left = left.arg
        if isinstance(left, CaseOperand):
            return condition.args[1]
    return condition


def _case_operand(printer: Printer, expr: CaseOperand, implicit: bool) -> None:
    printer.put("CASE_TEST_EXPR")


def _call_like(word: str) -> Writer:
    def writer(printer: Printer, expr: CoalesceExpr, implicit: bool) -> None:
        printer.put(word + "(")
        write_list(printer, expr.args)
        printer.put(")")

    return writer


def _min_max(printer: Printer, expr: MinMaxExpr, implicit: bool) -> None:
    printer.put(expr.kind.upper() + "(")
    write_list(printer, expr.args)
    printer.put(")")


# ---------------------------------------------------------------- arrays and records


def _array(printer: Printer, expr: ArrayExpr, implicit: bool) -> None:
    printer.put("ARRAY[")
    write_list(printer, expr.items)
    printer.put("]")
    if not expr.items:
        printer.put(f"::{type_text(expr.type, -1)}")


def _row(printer: Printer, expr: RowExpr, implicit: bool) -> None:
    printer.put("ROW(")
    for index, item in enumerate(expr.items):
        if index:
            printer.put(", ")
        write(printer, item, True)
    printer.put(")")


def _subscript(printer: Printer, expr: SubscriptExpr, implicit: bool) -> None:
    wrap = not isinstance(expr.arg, Var | FieldExpr)
    if wrap:
        printer.put("(")
    write(printer, expr.arg, implicit)
    if wrap:
        printer.put(")")
    for low, high in expr.subscripts:
        printer.put("[")
        if low is not None:
            write(printer, low)
        if expr.slices:
            printer.put(":")
            if high is not None:
                write(printer, high)
        printer.put("]")


def _field(printer: Printer, expr: FieldExpr, implicit: bool) -> None:
    wrap = not isinstance(expr.arg, SubscriptExpr | FieldExpr)
    if wrap:
        printer.put("(")
    if isinstance(expr.arg, Var) and expr.arg.column == -1:
        frame = printer.frame_of(expr.arg)
        printer.put(quote_identifier(frame.names[expr.arg.source] or ""))
    else:
        write(printer, expr.arg, True)
    if wrap:
        printer.put(")")
    printer.put("." + quote_identifier(expr.name))


# ---------------------------------------------------------------- casts


def is_keyword(expr: Expr) -> bool:
    """Whether a call is written as a keyword: CURRENT_DATE."""
    if not isinstance(expr, FuncExpr) or expr.args or expr.function.schema != "pg_catalog":
        return False
    return expr.function.name in KEYWORD_FUNCTIONS or (expr.sql_syntax and expr.function.name == "current_schema")


def _cast(printer: Printer, expr: CastExpr, implicit: bool) -> None:
    if expr.collation:
        _open(printer)
        operand(printer, expr.arg, implicit, expr)
        printer.put(" COLLATE " + ".".join(map(quote_identifier, expr.collation)))
        _close(printer)
        return
    if expr.implicit_display and not implicit:
        operand(printer, expr.arg, False, expr)
        return
    arg = expr.arg
    if expr.method == "length" and expr.explicit and is_keyword(arg):
        write(printer, arg)
        printer.put(f"({expr.typmod})")
        return
    if isinstance(arg, Const) and arg.type is expr.type and arg.typmod == -1:
        # A literal under its own length coercion: 'abc'::character varying(2).
        printer.put(constant(printer, arg, -1))
    else:
        _open(printer)
        operand(printer, arg, False, expr)
        _close(printer)
    printer.put(f"::{type_text(expr.type, expr.typmod)}")


def _grouping(printer: Printer, expr: GroupingExpr, implicit: bool) -> None:
    from rustydb_engine.sql.deparse_queries import write_grouping

    write_grouping(printer, expr)


def _subquery(printer: Printer, expr: SubqueryExpr, implicit: bool) -> None:
    from rustydb_engine.sql.deparse_queries import write_subquery

    write_subquery(printer, expr)


WRITERS: dict[type, Writer] = {
    Var: _var,
    Const: _const,
    ParamExpr: _param,
    OpExpr: _operation,
    BoolExpr: _boolean,
    DistinctExpr: _distinct,
    NullTest: _null_test,
    BooleanTest: _boolean_test,
    ArrayOpExpr: _array_test,
    RowCompare: _row_compare,
    CaseExpr: _case,
    CaseOperand: _case_operand,
    CoalesceExpr: _call_like("COALESCE"),
    NullIfExpr: _call_like("NULLIF"),
    MinMaxExpr: _min_max,
    ArrayExpr: _array,
    RowExpr: _row,
    SubscriptExpr: _subscript,
    FieldExpr: _field,
    CastExpr: _cast,
    GroupingExpr: _grouping,
    SubqueryExpr: _subquery,
}
