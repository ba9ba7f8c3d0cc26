"""Expressions as EXPLAIN shows them: operators infix in parentheses, columns by name, with their table when there are several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import PlanExpr
from rustydb_engine.values.forms import DEFAULT_FORMS
from rustydb_engine.values.io import format_type, io_of
from rustydb_engine.values.types import Type


class Printer:
    """Prints expressions of one plan. `names` gives (alias, column names) of relations, `shown` expressions of computed ones."""

    def __init__(self, qualified: bool) -> None:
        self.qualified = qualified
        self.names: dict[int, tuple[str, tuple[str, ...]]] = {}
        self.computed: dict[int, tuple[b.Expr, ...]] = {}
        self.subplans: list[PlanExpr] = []

    def all(self, exprs: Sequence[b.Expr]) -> str:
        """Return a conjunction."""
        shown = [self.text(expr) for expr in exprs]
        return shown[0] if len(shown) == 1 else f"({' AND '.join(shown)})"

    def keys(self, keys: Sequence[b.ExprSort]) -> str:
        """Return sort keys."""
        shown = []
        for key in keys:
            text = self.text(key.expr)
            if key.descending:
                text += " DESC"
            if key.nulls_first != key.descending:
                text += " NULLS FIRST" if key.nulls_first else " NULLS LAST"
            shown.append(text)
        return ", ".join(shown)

    def text(self, expr: object) -> str:
        """Return one expression."""
        method = _PRINTERS.get(type(expr))
        if method is None:
            return type(expr).__name__
        shown: str = method(self, expr)
        return shown

    def list(self, exprs: Sequence[object]) -> str:
        """Return expressions with commas."""
        return ", ".join([self.text(expr) for expr in exprs])

    def var(self, expr: b.Var) -> str:
        """Return a column's name, or the expression that a computed column stands for."""
        computed = self.computed.get(expr.source)
        if computed is not None and 0 <= expr.column < len(computed):
            return self.text(computed[expr.column])
        alias, names = self.names.get(expr.source, ("", ()))
        if expr.column < 0:
            name = {-1: "*", -2: "tableoid", -3: "ctid", -4: "xmin", -5: "xmax"}.get(expr.column, "?")
        else:
            name = names[expr.column] if expr.column < len(names) else expr.name or f"column{expr.column + 1}"
        return f"{alias}.{name}" if self.qualified and alias else name

    def constant(self, item: object, kind: Type) -> str:
        """Return a literal."""
        if item is None:
            return f"NULL::{kind.display}"
        if kind.name == "bool":
            return "true" if item else "false"
        text = io_of(kind).output(item, DEFAULT_FORMS) if kind.kind == "b" else str(item)
        if kind.name in ("int4", "numeric") and not text.startswith("-") and text[:1].isdigit():
            return text
        quoted = text.replace("'", "''")
        return f"'{quoted}'::{kind.display}"

    def operator(self, expr: b.OpExpr) -> str:
        """Return an operator's application."""
        if len(expr.args) == 1:
            return f"({expr.operator.name} {self.text(expr.args[0])})"
        return f"({self.text(expr.args[0])} {expr.operator.name} {self.text(expr.args[1])})"

    def subplan(self, expr: PlanExpr) -> str:
        """Return the reference to a subplan, which is listed below its node."""
        if expr not in self.subplans:
            self.subplans.append(expr)
        number = self.subplans.index(expr) + 1
        if expr.kind == "exists":
            return f"EXISTS(SubPlan {number})"
        return f"({'hashed ' if expr.kind in ('any', 'all') else ''}SubPlan {number})"


def _case(printer: Printer, expr: b.CaseExpr) -> str:
    arms = " ".join([f"WHEN {printer.text(when)} THEN {printer.text(then)}" for when, then in expr.whens])
    operand = f" {printer.text(expr.operand)}" if expr.operand is not None else ""
    default = f" ELSE {printer.text(expr.default)}" if expr.default is not None else ""
    return f"CASE{operand} {arms}{default} END"


def _null_test(printer: Printer, expr: b.NullTest) -> str:
    return f"({printer.text(expr.arg)} IS {'NOT ' if expr.negated else ''}NULL)"


def _array_op(printer: Printer, expr: b.ArrayOpExpr) -> str:
    word = expr.quantifier.upper()
    return f"({printer.text(expr.left)} {expr.operator.name} {word} ({printer.text(expr.right)}))"


def _aggregate(printer: Printer, expr: b.AggregateExpr) -> str:
    inner = "*" if expr.star else printer.list(expr.args)
    if expr.distinct:
        inner = f"DISTINCT {inner}"
    if expr.order and not expr.direct:
        inner += f" ORDER BY {printer.keys(expr.order)}"
    shown = f"{expr.function.name}({inner})"
    return shown if expr.filter is None else f"{shown} FILTER (WHERE {printer.text(expr.filter)})"


def _bool(printer: Printer, expr: b.BoolExpr) -> str:
    if expr.kind == "not":
        return f"(NOT {printer.text(expr.args[0])})"
    return f"({f' {expr.kind.upper()} '.join([printer.text(arg) for arg in expr.args])})"


def _cast(printer: Printer, expr: b.CastExpr) -> str:
    inner = printer.text(expr.arg)
    if expr.implicit_display and expr.method != "relabel":
        return inner
    return f"({inner})::{format_type(expr.type, expr.typmod)}"


_PRINTERS: dict[type, Any] = {
    b.Const: lambda q, e: q.constant(e.value, e.type),
    b.ParamExpr: lambda q, e: f"${e.index}",
    b.Var: Printer.var,
    b.OpExpr: Printer.operator,
    b.FuncExpr: lambda q, e: f"{e.function.name}({q.list(e.args)})",
    b.CastExpr: _cast,
    b.BoolExpr: _bool,
    b.NullTest: _null_test,
    b.BooleanTest: lambda q, e: f"({q.text(e.arg)} IS {'NOT ' if e.negated else ''}{e.test.upper()})",
    b.DistinctExpr: lambda q, e: f"({q.text(e.left)} IS {'NOT ' if e.negated else ''}DISTINCT FROM {q.text(e.right)})",
    b.CaseExpr: _case,
    b.CaseOperand: lambda q, e: "CASE_TEST_EXPR",
    b.CoalesceExpr: lambda q, e: f"COALESCE({q.list(e.args)})",
    b.NullIfExpr: lambda q, e: f"NULLIF({q.list(e.args)})",
    b.MinMaxExpr: lambda q, e: f"{e.kind.upper()}({q.list(e.args)})",
    b.ArrayExpr: lambda q, e: f"ARRAY[{q.list(e.items)}]",
    b.RowExpr: lambda q, e: f"ROW({q.list(e.items)})",
    b.RowCompare: lambda q, e: f"(ROW({q.list(e.left)}) {e.kind} ROW({q.list(e.right)}))",
    b.ArrayOpExpr: _array_op,
    b.AggregateExpr: _aggregate,
    b.WindowExpr: lambda q, e: f"{e.function.name}({q.list(e.args)}) OVER (?)",
    b.FieldExpr: lambda q, e: f"({q.text(e.arg)}).{e.name or f'f{e.index + 1}'}",
    b.SubscriptExpr: lambda q, e: f"{q.text(e.arg)}[{q.text(e.subscripts[0][0])}]",
    p.GroupingBits: lambda q, e: "GROUPING(...)",
    PlanExpr: Printer.subplan,
}
