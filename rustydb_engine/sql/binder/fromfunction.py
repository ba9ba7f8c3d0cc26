"""Functions in FROM: one row set of one or more calls, with ORDINALITY and column definition lists.

    FROM generate_series(1, 3) AS g(i)                        one column, i
    FROM ROWS FROM (f(x), g(y)) WITH ORDINALITY AS t(a, b, n)
    FROM json_to_record('{"a": 1}') AS t(a int)               the function's columns are given by the query

Arguments may refer to earlier items of FROM, without the word LATERAL.
Source: PostgreSQL 15, section 7.2.1.4; parse_clause.c (transformRangeFunction), parse_relation.c.
"""

from __future__ import annotations

from dataclasses import replace

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import expr_pos, unknown_to_text
from rustydb_engine.sql.binder.dispatch import bind_in
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.fromclause import Bound, rename
from rustydb_engine.sql.binder.polymorphic import output_columns
from rustydb_engine.sql.binder.scope import Columns, Item, ItemColumn, Scope
from rustydb_engine.sql.binder.trees import children, is_set_returning
from rustydb_engine.sql.binder.typenames import resolve_type
from rustydb_engine.sql.bound import Expr, FromRef, FuncExpr, RangeFunction
from rustydb_engine.values.types import INT8, RECORD, Type

COLUMNS_MAX = 1664
Column = tuple[str, Type, int]


def bind_from_function(scope: Scope, item: ast.FromFunction) -> Bound:
    """Bind a function item of FROM."""
    kind_before, active, used = scope.kind, scope.lateral_active, scope.lateral_used
    sets_before = scope.set_returning
    scope.kind, scope.lateral_active, scope.lateral_used = "functions in FROM", True, False
    calls = [_bind_call(scope, call) for call in _spread(item)]
    lateral = scope.lateral_used
    scope.kind, scope.lateral_active, scope.lateral_used = kind_before, active, used or lateral
    scope.set_returning = sets_before
    _check_definitions(item, calls)
    alias = item.alias or _name_of(item.calls[0])
    columns: list[Column] = []
    widths: list[int] = []
    records: list[bool] = []
    for call, written in zip(calls, _spread(item), strict=True):
        found, record = _columns_of(scope, item, call, _name_of(written), len(calls), alias)
        if item.definitions and isinstance(call, FuncExpr):
            calls[0] = replace(call, columns=tuple(found))
        columns.extend(found)
        widths.append(len(found))
        records.append(record)
    if item.ordinality:
        columns.append(("ordinality", INT8, -1))
    if len(columns) > COLUMNS_MAX:
        raise failure("54011", f"functions in FROM can return at most {COLUMNS_MAX} columns", item.pos)
    return _enter(scope, item, alias, calls, columns, tuple(widths), tuple(records), lateral)


def _enter(
    scope: Scope,
    item: ast.FromFunction,
    alias: str,
    calls: list[Expr],
    columns: list[Column],
    widths: tuple[int, ...],
    records: tuple[bool, ...],
    lateral: bool,
) -> Bound:
    visible = Columns.of(tuple(ItemColumn(name, i, kind, typmod) for i, (name, kind, typmod) in enumerate(columns)))
    if item.columns:
        visible = rename(visible, item.columns, alias)
    scalar = len(columns) == 1 and len(calls) == 1 and not records[0]
    named = Item(alias, len(scope.entries), visible, entry_kind="function", scalar=scalar)
    entry = RangeFunction(
        tuple(calls),
        alias,
        tuple(column.name for column in visible.order),
        tuple(kind for _, kind, _ in columns),
        widths,
        records,
        item.ordinality,
        lateral,
    )
    scope.add_item(entry, named)
    return FromRef(named.source), [named]


def _spread(item: ast.FromFunction) -> list[ast.Node]:
    """Return the calls; unnest of several arrays is one unnest for each."""
    spread: list[ast.Node] = []
    for call in item.calls:
        if isinstance(call, ast.Call) and call.name[-1] == "unnest" and len(call.args) > 1 and len(call.name) == 1:
            spread.extend(ast.Call(("pg_catalog", "unnest"), (arg,), pos=call.pos) for arg in call.args)
        else:
            spread.append(call)
    return spread


def _bind_call(scope: Scope, call: ast.Node) -> Expr:
    made = unknown_to_text(scope.env, bind_in(scope, call, "functions in FROM"))
    for child in children(made):
        if is_set_returning(child):
            raise failure("0A000", "set-returning functions must appear at top level of FROM", expr_pos(child))
    return made


def _name_of(call: ast.Node) -> str:
    from rustydb_engine.sql.binder.targets import figure_name

    return figure_name(call)


def _check_definitions(item: ast.FromFunction, calls: list[Expr]) -> None:
    if not item.definitions:
        return
    if len(calls) > 1:
        hint = "Put a separate column definition list for each function inside ROWS FROM()."
        raise failure(
            "42601", "ROWS FROM() with multiple functions cannot have a column definition list", item.pos, hint=hint
        )
    if item.ordinality:
        hint = "Put the column definition list inside ROWS FROM()."
        raise failure("42601", "WITH ORDINALITY cannot be used with a column definition list", item.pos, hint=hint)


def _columns_of(
    scope: Scope, item: ast.FromFunction, call: Expr, name: str, count: int, alias: str
) -> tuple[list[Column], bool]:
    """Return the columns of one call and whether its items are tuples."""
    if isinstance(call, FuncExpr) and call.function.columns:
        if item.definitions:
            message = "a column definition list is redundant for a function with OUT parameters"
            raise failure("42601", message, item.pos)
        found_columns = output_columns(call.function, [arg.type for arg in call.args])
        # A function of one OUT column gives plain values, not records of one field.
        return [(column, kind, -1) for column, kind in found_columns], call.type is RECORD
    if call.type is RECORD:
        if not item.definitions:
            message = 'a column definition list is required for functions returning "record"'
            raise failure("42601", message, expr_pos(call))
        found: list[Column] = []
        for definition in item.definitions:
            kind, typmod = resolve_type(scope.env, definition.type)
            if any(known[0] == definition.name for known in found):
                raise failure("42701", f'column name "{definition.name}" specified more than once', item.pos)
            found.append((definition.name, kind, typmod))
        return found, True
    if item.definitions:
        message = 'a column definition list is only allowed for functions returning "record"'
        raise failure("42601", message, item.pos)
    # The single column of a function is named as the item: FROM f() AS t has the column t.
    return [(alias if count == 1 and item.alias else name, call.type, call.typmod)], False
