"""The fields of records: what `(r).name`, `r.*` and row_to_json(r) need to know.

The type of a record says nothing about its fields, so they are found from the expression: a row of a table, a ROW(…),
a function with columns, a column of a subquery that is one of these.

Source: PostgreSQL 15, parse_target.c (expandRecordVariable).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.sql.binder.polymorphic import output_columns
from rustydb_engine.sql.binder.scope import WHOLE_ROW, Scope
from rustydb_engine.sql.bound import (
    CaseExpr,
    CoalesceExpr,
    Expr,
    FuncExpr,
    Query,
    RangeCte,
    RangeEntry,
    RangeFunction,
    RangeQuery,
    RangeSetOperation,
    RangeTable,
    RowExpr,
    SubqueryExpr,
    Var,
)
from rustydb_engine.values.types import RECORD, Type
from rustydb_proto.core.value import value

Ranges = Sequence[Sequence[RangeEntry]]


@value
class RecordField:
    """One field of a record."""

    name: str
    type: Type
    typmod: int = -1


Fields = tuple[RecordField, ...]


def record_fields(scope: Scope, expr: Expr) -> Fields | None:
    """Return the fields of an expression of type record, or None when they are not known."""
    if isinstance(expr, Var):
        owner = scope.up(expr.level)
        for item in owner.items:
            if item.source == expr.source and (expr.column == WHOLE_ROW or item.entry_kind == "cte"):
                if expr.column == WHOLE_ROW:
                    return tuple(RecordField(c.name, c.type, c.typmod) for c in item.columns.order)
    ranges: list[Sequence[RangeEntry]] = []
    here: Scope | None = scope
    while here is not None:
        ranges.insert(0, here.entries)
        here = here.parent
    return fields_of(expr, ranges)


def fields_of(expr: Expr, ranges: Ranges) -> Fields | None:
    """Return the fields of a bound record expression; `ranges` are those of the queries around it, innermost last."""
    if isinstance(expr, RowExpr):
        return tuple(
            RecordField(expr.names[i] if i < len(expr.names) else f"f{i + 1}", item.type, item.typmod)
            for i, item in enumerate(expr.items)
        )
    if isinstance(expr, FuncExpr):
        found = output_columns(expr.function, [arg.type for arg in expr.args])
        return tuple(RecordField(name, kind) for name, kind in found) or None
    if isinstance(expr, SubqueryExpr) and expr.kind == "scalar":
        return fields_of(expr.query.targets[0].expr, (*ranges, expr.query.range))
    if isinstance(expr, CaseExpr):
        return _first((result for _, result in expr.whens), ranges)
    if isinstance(expr, CoalesceExpr):
        return _first(iter(expr.args), ranges)
    if isinstance(expr, Var) and expr.level < len(ranges):
        entries = ranges[len(ranges) - 1 - expr.level]
        if expr.source < len(entries):
            return _var_fields(expr, entries[expr.source], ranges[: len(ranges) - expr.level])
    return None


def _first(exprs: object, ranges: Ranges) -> Fields | None:
    for expr in exprs:  # type: ignore[attr-defined]  # any iterator of expressions
        found = fields_of(expr, ranges)
        if found is not None:
            return found
    return None


def _var_fields(var: Var, entry: RangeEntry, ranges: Ranges) -> Fields | None:
    if var.column == WHOLE_ROW:
        return _row_of(entry)
    if isinstance(entry, RangeQuery):
        return _column_of(entry.query, var.column, ranges)
    if isinstance(entry, RangeSetOperation):
        return _column_of(entry.left, var.column, ranges)
    return None


def _column_of(query: Query, column: int, ranges: Ranges) -> Fields | None:
    visible = [target for target in query.targets if not target.junk]
    expr = visible[column].expr
    return fields_of(expr, (*ranges, query.range)) if expr.type is RECORD else None


def _row_of(entry: RangeEntry) -> Fields | None:
    if isinstance(entry, RangeTable):
        return tuple(RecordField(c.name, c.type, c.typmod) for c in entry.table.live())
    if isinstance(entry, RangeQuery):
        visible = [target for target in entry.query.targets if not target.junk]
        return tuple(
            RecordField(name, target.expr.type, target.expr.typmod)
            for name, target in zip(entry.columns, visible, strict=False)
        )
    if isinstance(entry, RangeFunction):
        kinds: tuple[Type, ...] = entry.types
    elif isinstance(entry, RangeCte | RangeSetOperation):
        kinds = entry.types
    else:
        kinds = entry.types
    return tuple(RecordField(name, kind) for name, kind in zip(entry.columns, kinds, strict=False))
