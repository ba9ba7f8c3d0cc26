"""INSERT: the source's columns to the table's, with defaults for the rest.

    INSERT INTO t (b, a) VALUES (1, DEFAULT)

The source is a query one level down whose output is range entry 0; `row[i]` computes column i of the table from it.
VALUES are coerced to the columns right in their rows; a SELECT's output is cast in `row`.

Source: PostgreSQL 15, src/backend/parser/analyze.c (transformInsertStmt), rewrite/rewriteHandler.c.
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.catalog.objects import Table
from rustydb_engine.errors import not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.assign import coerce_to_column, find_target_column, open_target, target_item
from rustydb_engine.sql.binder.coerce import coerce_type, expr_pos, unknown_to_text
from rustydb_engine.sql.binder.conflict import arbiter_condition, bind_conflict
from rustydb_engine.sql.binder.cte import bind_with, finish_ctes
from rustydb_engine.sql.binder.dispatch import bind_in, bind_rows, binds_query
from rustydb_engine.sql.binder.env import failure, place
from rustydb_engine.sql.binder.scope import Columns, Item, Scope
from rustydb_engine.sql.binder.stored import default_expr, table_rules
from rustydb_engine.sql.binder.subqueries import visible_targets
from rustydb_engine.sql.binder.targets import bind_returning
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.binder.updatable import base_names, place_of
from rustydb_engine.sql.bound import (
    BoolExpr,
    Expr,
    FromRef,
    InsertQuery,
    Query,
    RangeQuery,
    RangeTable,
    RangeValues,
    Target,
    Var,
)
from rustydb_engine.values.types import UNKNOWN

Row = list[Expr | None]


@binds_query(ast.Insert)
def bind_insert(scope: Scope, node: ast.Insert) -> InsertQuery:
    """Bind an INSERT."""
    bind_with(scope, node.with_)
    table, view = open_target(scope, node.table, "insert into")
    if view is not None and node.conflict is not None:
        raise not_supported("ON CONFLICT with a view", place(node.conflict.pos))
    # The source is bound later: its place in the range is kept for it.
    scope.add_item(RangeValues((), "*SELECT*", (), ()), Item("*SELECT*", 0, Columns((), {})))
    target = target_item(scope, table, view, node.table)
    shown = tuple(column.name for column in target.columns.order)
    scope.add_item(RangeTable(table, target.name, shown), target)
    if view is None or node.columns:
        places = _columns(table, base_names(view, node.columns, "insert into"))
    else:
        width = _width(node.source)
        named = view.columns[:width]
        if width is not None and width > len(view.columns):
            named = view.columns[:1] * len(view.columns)  # there are too many: no error of a column comes first
        places = [(place_of(view, name, expr, "insert into"), None) for name, expr in named]
    source, given = _bind_source(scope, node, table, places)
    scope.entries[0] = RangeQuery(source, "*SELECT*", tuple(t.name for t in visible_targets(source)))
    row = tuple(
        given.get(i) or default_expr(scope.env.catalog, table, column) for i, column in enumerate(table.columns)
    )
    conflict = None
    if node.conflict is not None:
        conflict, equalities = bind_conflict(scope, node.conflict, table, target)
        if equalities:
            asked = arbiter_condition(equalities)
            source = replace(source, where=asked if source.where is None else BoolExpr("and", (source.where, asked)))
    if len(scope.entries) < 3:
        scope.entries.append(RangeTable(table, "excluded", shown))
    scope.namespace = [target]
    returning = bind_returning(scope, node.returning) if node.returning else ()
    rules = table_rules(scope.env.catalog, table)
    return InsertQuery(
        table, source, row, rules, tuple(scope.entries), conflict, returning, finish_ctes(scope)
    )  # fmt: skip


def _width(source: ast.Query | None) -> int | None:
    """Return how many columns a source gives, None where that is not plain to see."""
    if source is None:
        return 0
    if isinstance(source, ast.Values):
        return max(map(len, source.rows))
    if isinstance(source, ast.Select) and not any(isinstance(target.item, ast.Star) for target in source.targets):
        return len(source.targets)
    return None


def _columns(table: Table, written: Sequence[ast.Assignment]) -> list[tuple[int, ast.Assignment | None]]:
    """Return (position, as written) of each target column, in the order in which the source gives them."""
    if not written:
        return [(i, None) for i, column in enumerate(table.columns) if not column.dropped]
    found: list[tuple[int, ast.Assignment | None]] = []
    seen: set[int] = set()
    for one in written:
        index, _ = find_target_column(table, one.column, one.pos)
        if one.indirection:
            raise not_supported("INSERT into a part of a column", place(one.pos))
        if index in seen:
            raise failure("42701", f'column "{one.column}" specified more than once', one.pos)
        seen.add(index)
        found.append((index, one))
    return found


def _bind_source(
    scope: Scope, node: ast.Insert, table: Table, places: list[tuple[int, ast.Assignment | None]]
) -> tuple[Query, dict[int, Expr]]:
    """Return the source query and what it gives to which column position."""
    values = node.source
    if values is None:
        return Query((), (), ()), {}
    child = scope.child()
    child.resolve_unknowns = False
    if isinstance(values, ast.Values) and values.with_ is None and values.tail == ast.NO_TAIL:
        if len(values.rows) == 1:
            return _one_row(child, node, table, places, values.rows[0])
        return _many_rows(child, node, table, places, values)
    return _from_query(child, node, table, places, values)


def _check_count(
    count: int, places: list[tuple[int, ast.Assignment | None]], node: ast.Insert, items: Sequence[object]
) -> None:
    if count > len(places):
        pos = getattr(items[len(places)], "pos", -1)
        raise failure("42601", "INSERT has more expressions than target columns", pos)
    if node.columns and count < len(places):
        one = places[count][1]
        hint = None
        if count == 1 and isinstance(items[0], ast.Row) and len(items[0].items) == len(places):
            hint = (
                "The insertion source is a row expression containing the same number of columns expected by the INSERT. "
                "Did you accidentally use extra parentheses?"
            )
        raise failure("42601", "INSERT has more target columns than expressions", one.pos if one else -1, hint=hint)


def _ignored(table: Table, index: int, node: ast.Insert) -> bool:
    """Whether OVERRIDING USER VALUE discards what is given for a column."""
    return node.overriding == "user" and bool(table.columns[index].identity)


def _refuse_value(table: Table, index: int, node: ast.Insert) -> None:
    column = table.columns[index]
    hint = None
    if column.generated is not None:
        detail = f'Column "{column.name}" is a generated column.'
    elif column.identity == "a" and node.overriding != "system":
        detail = f'Column "{column.name}" is an identity column defined as GENERATED ALWAYS.'
        hint = "Use OVERRIDING SYSTEM VALUE to override."
    else:
        return
    raise failure("428C9", f'cannot insert a non-DEFAULT value into column "{column.name}"', detail=detail, hint=hint)


def _bind_row(
    scope: Scope,
    node: ast.Insert,
    table: Table,
    places: list[tuple[int, ast.Assignment | None]],
    row: Sequence[ast.Node],
    kind: str,
) -> Row:
    """Bind one VALUES row, coerced to the columns; None stands for DEFAULT."""
    made: Row = []
    bound = [None if isinstance(item, ast.Default) else bind_in(scope, item, kind) for item in row]
    _check_count(len(bound), places, node, row)
    for (index, written), expr in zip(places, bound, strict=False):
        if expr is not None and not _ignored(table, index, node):
            expr = coerce_to_column(scope.env, expr, table.columns[index], written.pos if written else -1)
        made.append(expr)
    return made


def _one_row(
    scope: Scope,
    node: ast.Insert,
    table: Table,
    places: list[tuple[int, ast.Assignment | None]],
    row: Sequence[ast.Node],
) -> tuple[Query, dict[int, Expr]]:
    made = _bind_row(scope, node, table, places, row, "VALUES row")
    given: dict[int, Expr] = {}
    targets: list[Target] = []
    for (index, _), expr in zip(places, made, strict=False):
        if expr is None or _ignored(table, index, node):
            continue
        _refuse_value(table, index, node)
        column = table.columns[index]
        given[index] = Var(0, len(targets), column.type, expr.typmod, 0, column.name)
        targets.append(Target(expr, column.name))
    return Query((), (), tuple(targets), set_returning=scope.set_returning), given


def _many_rows(
    scope: Scope,
    node: ast.Insert,
    table: Table,
    places: list[tuple[int, ast.Assignment | None]],
    values: ast.Values,
) -> tuple[Query, dict[int, Expr]]:
    rows: list[Row] = []
    for row in values.rows:
        if len(row) != len(values.rows[0]):
            raise failure("42601", "VALUES lists must all be the same length", getattr(row[0], "pos", -1))
        rows.append(_bind_row(scope, node, table, places, row, "VALUES"))
    used = places[: len(rows[0])]
    kept = [
        number
        for number, (index, _) in enumerate(used)
        if not _ignored(table, index, node) and not _all_default(rows, number)
    ]
    for number in kept:
        _check_rows(table, used[number][0], node)
    defaults = {number: default_expr(scope.env.catalog, table, table.columns[used[number][0]]) for number in kept}
    complete = tuple(tuple(row[number] or defaults[number] for number in kept) for row in rows)
    columns = [table.columns[used[number][0]] for number in kept]
    names = tuple(column.name for column in columns)
    entry = RangeValues(complete, "*VALUES*", names, tuple(column.type for column in columns))
    targets = tuple(Target(Var(0, i, c.type, c.typmod, 0, c.name), c.name) for i, c in enumerate(columns))
    given: dict[int, Expr] = {
        used[number][0]: Var(0, i, columns[i].type, columns[i].typmod, 0, names[i]) for i, number in enumerate(kept)
    }
    return Query((entry,), (FromRef(0),), targets), given


def _all_default(rows: Sequence[Row], number: int) -> bool:
    return all(row[number] is None for row in rows)


def _check_rows(table: Table, index: int, node: ast.Insert) -> None:
    """Refuse a value for a column that takes DEFAULT only; a column that is DEFAULT in every row is not asked for."""
    _refuse_value(table, index, node)


def _from_query(
    scope: Scope,
    node: ast.Insert,
    table: Table,
    places: list[tuple[int, ast.Assignment | None]],
    values: ast.Query,
) -> tuple[Query, dict[int, Expr]]:
    query = bind_rows(scope, values)
    outputs = visible_targets(query)
    _check_count(len(outputs), places, node, [target.expr for target in outputs])
    env = scope.env
    given: dict[int, Expr] = {}
    targets = list(query.targets)
    spots = [i for i, target in enumerate(targets) if not target.junk]
    for number, (index, written) in zip(range(len(outputs)), places, strict=False):
        column, spot = table.columns[index], spots[number]
        if _ignored(table, index, node):
            if targets[spot].expr.type is UNKNOWN:
                targets[spot] = replace(targets[spot], expr=unknown_to_text(env, targets[spot].expr))
            continue
        _refuse_value(table, index, node)
        if targets[spot].expr.type is UNKNOWN:
            # A literal takes the column's type, as it would in VALUES.
            made = coerce_type(env, targets[spot].expr, column.type, typmod=column.typmod)
            targets[spot] = replace(targets[spot], expr=made)
        expr = targets[spot].expr
        pos = expr_pos(expr)
        var = Var(0, number, expr.type, expr.typmod, 0, targets[spot].name, pos)
        given[index] = coerce_to_column(env, var, column, written.pos if written else -1)
    return replace(query, targets=tuple(targets)), given
