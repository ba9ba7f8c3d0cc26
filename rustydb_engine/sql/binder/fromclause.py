"""FROM: tables, subqueries, joins, and the namespace that each part sees.

Every item gives a node of the join tree and the names it makes visible. A join with USING or NATURAL merges columns: its
own item has them once, while its sides stay reachable by table name. A join with an alias hides its sides.

Source: PostgreSQL 15, section 7.2.1; parse_clause.c (transformFromClauseItem, transformJoinUsingClause).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.catalog import objects
from rustydb_engine.catalog.objects import Table, sequence_table
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import (
    coerce_to_boolean,
    coerce_to_common,
    select_common_type,
)
from rustydb_engine.sql.binder.cte import cte_item, find_cte
from rustydb_engine.sql.binder.dispatch import bind_in, bind_rows
from rustydb_engine.sql.binder.env import failure, place
from rustydb_engine.sql.binder.expressions import make_operator
from rustydb_engine.sql.binder.scope import Columns, Item, ItemColumn, Scope, columns_of_table
from rustydb_engine.sql.binder.subqueries import visible_targets
from rustydb_engine.sql.bound import (
    BoolExpr,
    CastExpr,
    CoalesceExpr,
    Expr,
    FromJoin,
    FromNode,
    FromRef,
    Query,
    RangeQuery,
    RangeTable,
)
from rustydb_engine.values.types import Type

Bound = tuple[FromNode, list[Item]]


def bind_from(scope: Scope, source: Sequence[ast.FromItem]) -> tuple[FromNode, ...]:
    """Bind a FROM list into the scope's range and namespace, where the target of an UPDATE may already be."""
    nodes: list[FromNode] = []
    for one in source:
        node, items = bind_from_item(scope, one)
        check_conflicts(scope.namespace, items)
        for item in items:
            # An earlier item of the list is visible to later ones only laterally.
            item.lateral_only = True
        scope.namespace.extend(items)
        nodes.append(node)
    for item in scope.namespace:
        item.lateral_only = False
        item.lateral_ok = True
    return tuple(nodes)


def bind_from_item(scope: Scope, item: ast.FromItem) -> Bound:
    """Bind one item of FROM: (its join tree, the names it makes visible)."""
    if isinstance(item, ast.FromTable):
        return bind_table(scope, item)
    if isinstance(item, ast.FromQuery):
        return _bind_from_query(scope, item)
    if isinstance(item, ast.FromFunction):
        from rustydb_engine.sql.binder.fromfunction import bind_from_function

        return bind_from_function(scope, item)
    return _bind_join(scope, item)


def check_conflicts(left: Sequence[Item], right: Sequence[Item]) -> None:
    """Refuse a table name that is there twice (42712)."""
    for one in right:
        if not one.table_visible:
            continue
        for other in left:
            if not other.table_visible or one.name != other.name:
                continue
            if one.own_name and other.own_name and one.table and other.table and one.table.oid != other.table.oid:
                continue
            raise failure("42712", f'table name "{one.name}" specified more than once')


# ---------------------------------------------------------------- tables and views


def bind_table(scope: Scope, item: ast.FromTable) -> Bound:
    """Bind a table name: a WITH query, a table, a system table or a view."""
    if item.sample is not None:
        raise not_supported("TABLESAMPLE", place(item.pos))
    if len(item.name) == 1:
        found = find_cte(scope, item.name[0], item.pos)
        if found is not None:
            entry, named = cte_item(scope, found[0], found[1], item)
            scope.add_item(entry, named)
            return FromRef(named.source), [named]
    table = open_table(scope, item.name, item.pos)
    named = table_item(scope, table, item)
    if table.kind == "view":
        from rustydb_engine.sql.binder.views import expand_view

        query = expand_view(scope.env, table, item.pos)
        names = tuple(column.name for column in named.columns.order)
        scope.add_item(RangeQuery(query, named.name, names, False, table.oid), named)
    else:
        names = tuple(column.name for column in named.columns.order)
        scope.add_item(RangeTable(table, named.name, names), named)
    return FromRef(named.source), [named]


def open_table(scope: Scope, name: ast.Name, pos: int) -> Table:
    """Return the table or view that a name means; 42809 for an index, 42P01 when there is none."""
    env = scope.env
    try:
        relation = env.catalog.find(name, env.search_path)
    except SqlError as error:
        raise error.at(place(pos)) from None
    if relation is None:
        raise _no_table(scope, name, pos)
    if not isinstance(relation, Table):
        if isinstance(relation, objects.Sequence):
            env.relations[relation.oid] = None
            return sequence_table(relation)
        raise failure("42809", f'cannot open relation "{relation.name}"', pos, detail=_not_readable(relation.kind))
    env.relations[relation.oid] = None
    return relation


def _not_readable(kind: str) -> str:
    return f"This operation is not supported for {'indexes' if kind == 'index' else kind}."


def _no_table(scope: Scope, name: ast.Name, pos: int) -> Exception:
    shown = ".".join(name)
    if len(name) == 1:
        here: Scope | None = scope
        while here is not None:
            if name[0] in here.pending_ctes:
                return failure(
                    "42P01",
                    f'relation "{shown}" does not exist',
                    pos,
                    detail=f'There is a WITH item named "{shown}", but it cannot be referenced from this part of the query.',
                    hint="Use WITH RECURSIVE, or re-order the WITH items to remove forward references.",
                )
            here = here.parent
    return failure("42P01", f'relation "{shown}" does not exist', pos)


def table_item(scope: Scope, table: Table, item: ast.FromTable) -> Item:
    """Return the namespace item of a table, its columns renamed by an alias list."""
    columns = columns_of_table(table)
    if item.columns:
        columns = rename(columns, item.columns, item.alias or table.name)
    return Item(
        item.alias or table.name,
        len(scope.entries),
        columns,
        table,
        own_name=not item.alias,
        entry_kind=table.kind,
    )


def rename(columns: Columns, names: tuple[str, ...], table: str) -> Columns:
    """Apply a column alias list, which may be shorter than the columns."""
    if len(names) > len(columns.order):
        message = f'table "{table}" has {len(columns.order)} columns available but {len(names)} columns specified'
        raise failure("42P10", message)
    return Columns.of(
        tuple(
            ItemColumn(names[i], c.position, c.type, c.typmod, c.expr) if i < len(names) else c
            for i, c in enumerate(columns.order)
        )
    )


# ---------------------------------------------------------------- subqueries


def query_columns(query: Query) -> tuple[ItemColumn, ...]:
    """Return the output columns of a subquery as an item has them."""
    return tuple(
        ItemColumn(target.name, i, target.expr.type, target.expr.typmod)
        for i, target in enumerate(visible_targets(query))
    )


def _bind_from_query(scope: Scope, item: ast.FromQuery) -> Bound:
    if not item.alias:
        kind = "VALUES" if isinstance(item.query, ast.Values) else "subquery"
        hint = (
            "For example, FROM (VALUES ...) [AS] foo."
            if kind == "VALUES"
            else "For example, FROM (SELECT ...) [AS] foo."
        )
        raise failure("42601", f"{kind} in FROM must have an alias", item.pos, hint=hint)
    kind_before, lateral_before, used_before = scope.kind, scope.lateral_active, scope.lateral_used
    scope.kind, scope.lateral_active, scope.lateral_used = "FROM clause", item.lateral, False
    query = bind_rows(scope.child(), item.query)
    lateral = scope.lateral_used
    scope.kind, scope.lateral_active, scope.lateral_used = kind_before, lateral_before, used_before or lateral
    columns = Columns.of(query_columns(query))
    if item.columns:
        columns = rename(columns, item.columns, item.alias)
    names = tuple(column.name for column in columns.order)
    named = Item(item.alias, len(scope.entries), columns, entry_kind="query")
    scope.add_item(RangeQuery(query, item.alias, names, lateral), named)
    return FromRef(named.source), [named]


# ---------------------------------------------------------------- joins


def _bind_join(scope: Scope, join: ast.FromJoin) -> Bound:
    left, left_items = bind_from_item(scope, join.left)
    lateral_ok = join.kind in ("inner", "left", "cross")
    before = scope.namespace
    for item in left_items:
        item.lateral_only, item.lateral_ok = True, lateral_ok
    scope.namespace = [*before, *left_items]
    right, right_items = bind_from_item(scope, join.right)
    scope.namespace = before
    check_conflicts(left_items, right_items)
    items = [*left_items, *right_items]
    for item in items:
        item.lateral_only, item.lateral_ok = False, True
    using = _natural_columns(left_items, right_items) if join.natural else join.using
    kind = "inner" if join.kind == "cross" else join.kind
    merged: list[ItemColumn] = []
    on = None
    if join.natural or using:
        on, merged = _merge(scope, join, using, left_items, right_items)
    elif join.on is not None:
        scope.namespace = items
        on = coerce_to_boolean(scope.env, bind_in(scope, join.on, "JOIN conditions"), "JOIN/ON")
        scope.namespace = before
    node = FromJoin(kind, left, right, on, tuple(using))
    if not (join.natural or using or join.alias):
        return node, items
    return node, _join_items(join, items, merged, using, left_items, right_items)


def _visible(items: Sequence[Item]) -> list[tuple[Item, ItemColumn]]:
    return [(item, column) for item in items if item.columns_visible for column in item.columns.order]


def _natural_columns(left: Sequence[Item], right: Sequence[Item]) -> tuple[str, ...]:
    names = {column.name for _, column in _visible(right)}
    return tuple(dict.fromkeys(column.name for _, column in _visible(left) if column.name in names))


def _side_column(items: Sequence[Item], name: str, side: str) -> Expr:
    found: Expr | None = None
    for item in items:
        if item.columns_visible and name in item.columns.by_name:
            column = item.columns.by_name[name]
            if found is not None or column is None:
                message = f'common column name "{name}" appears more than once in {side} table'
                raise failure("42702", message)
            found = item.reference(column, 0, -1)
    if found is None:
        raise failure("42703", f'column "{name}" specified in USING clause does not exist in {side} table')
    return found


def _merge(
    scope: Scope, join: ast.FromJoin, using: tuple[str, ...], left: list[Item], right: list[Item]
) -> tuple[Expr | None, list[ItemColumn]]:
    """Return the join condition of USING and the merged columns."""
    tests: list[Expr] = []
    merged: list[ItemColumn] = []
    seen: set[str] = set()
    for name in using:
        if name in seen:
            raise failure("42701", f'column name "{name}" appears more than once in USING clause')
        seen.add(name)
        one, two = _side_column(left, name, "left"), _side_column(right, name, "right")
        merged.append(_merged_column(scope, name, one, two, join.kind))
        tests.append(coerce_to_boolean(scope.env, make_operator(scope, "=", "", one, two, -1), "JOIN/USING"))
    if not tests:
        return None, merged
    return (tests[0] if len(tests) == 1 else BoolExpr("and", tuple(tests))), merged


def _merged_column(scope: Scope, name: str, left: Expr, right: Expr, kind: str) -> ItemColumn:
    common = select_common_type([left, right], "JOIN/USING")
    assert common is not None, "a context makes an error of no common type"
    typmod = left.typmod if left.type is right.type and left.typmod == right.typmod else -1
    one, two = (_side(scope, side, common, typmod) for side in (left, right))
    expr = {"right": two, "full": CoalesceExpr((one, two), common, typmod)}.get(kind, one)
    return ItemColumn(name, -1, common, typmod, expr)


def _side(scope: Scope, side: Expr, kind: Type, typmod: int) -> Expr:
    """Return a side's column as the merged column's type and modifier."""
    made = coerce_to_common(scope.env, side, kind, "JOIN/USING")
    return made if made.typmod == typmod else CastExpr(made, kind, typmod, implicit_display=True)


def _join_items(
    join: ast.FromJoin,
    items: list[Item],
    merged: list[ItemColumn],
    using: tuple[str, ...],
    left: list[Item],
    right: list[Item],
) -> list[Item]:
    """Return the names that a merging or aliased join makes visible."""
    rest = [
        ItemColumn(column.name, -1, column.type, column.typmod, item.reference(column, 0, -1))
        for item, column in (*_visible(left), *_visible(right))
        if column.name not in using
    ]
    columns = Columns.of((*merged, *rest))
    if join.columns:
        columns = rename(columns, join.columns, join.alias)
    own = Item(join.alias, -1, columns, table_visible=bool(join.alias), entry_kind="join")
    extra = []
    if join.using_alias:
        extra.append(Item(join.using_alias, -1, Columns.of(tuple(merged)), columns_visible=False, entry_kind="join"))
    for item in items:
        item.columns_visible = False
        if join.alias:
            item.table_visible = False
    kept = [] if join.alias else items
    made = [*kept, *extra, own]
    check_conflicts(kept, [*extra, own])
    return made
