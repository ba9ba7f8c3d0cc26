"""WITH: queries with a name, recursive ones, and statements that change rows.

A WITH query is bound one level below the query that has it; references to it say how many levels up it is. With
RECURSIVE the queries are bound in an order in which each comes after those it uses; one that uses itself must be
`non-recursive UNION [ALL] recursive`, and the types of its columns are those of the non-recursive part.

Source: PostgreSQL 15, section 7.8; src/backend/parser/parse_cte.c.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.dispatch import bind_query
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import Columns, CteInfo, Item, ItemColumn, Scope
from rustydb_engine.sql.bound import BoundCte, ModifyQuery, Query, RangeCte, Target


def bind_with(scope: Scope, clause: ast.With | None) -> None:
    """Bind a WITH clause into a scope, before anything else of its query."""
    if clause is None:
        return
    names: set[str] = set()
    for cte in clause.ctes:
        if cte.name in names:
            raise failure("42712", f'WITH query name "{cte.name}" specified more than once', cte.pos)
        names.add(cte.name)
    ordered = _order(clause.ctes) if clause.recursive else [(cte, False) for cte in clause.ctes]
    if not clause.recursive:
        scope.pending_ctes = tuple(cte.name for cte in clause.ctes)
    for cte, recursive in ordered:
        _bind_cte(scope, cte, recursive)
        scope.pending_ctes = tuple(name for name in scope.pending_ctes if name != cte.name)


def _bind_cte(scope: Scope, cte: ast.Cte, recursive: bool) -> None:
    info = CteInfo(cte.name, len(scope.cte_list), recursive=recursive, materialized=cte.materialized)
    query: Query | ModifyQuery
    if recursive:
        from rustydb_engine.sql.binder.recursion import bind_recursive

        scope.ctes[cte.name] = info
        scope.cte_list.append(info)
        query = bind_recursive(scope, cte, info)
    else:
        if not isinstance(cte.query, ast.Select | ast.Values | ast.SetOperation) and scope.parent is not None:
            message = "WITH clause containing a data-modifying statement must be at the top level"
            raise failure("0A000", message, cte.pos)
        query = bind_query(scope.child(), cte.query)
        scope.ctes[cte.name] = info
        scope.cte_list.append(info)
        info.columns = cte_columns(cte, _outputs(query))
    info.query = query
    info.returning = isinstance(query, Query) or bool(query.returning)


def _outputs(query: Query | ModifyQuery) -> tuple[Target, ...]:
    if isinstance(query, Query):
        return tuple(target for target in query.targets if not target.junk)
    return query.returning


def cte_columns(cte: ast.Cte, targets: tuple[Target, ...]) -> tuple[ItemColumn, ...]:
    """Return the columns of a WITH query, renamed by its column list."""
    if len(cte.columns) > len(targets):
        message = (
            f'WITH query "{cte.name}" has {len(targets)} columns available but {len(cte.columns)} columns specified'
        )
        raise failure("42P10", message, cte.pos)
    return tuple(
        ItemColumn(cte.columns[i] if i < len(cte.columns) else t.name, i, t.expr.type, t.expr.typmod)
        for i, t in enumerate(targets)
    )


def find_cte(scope: Scope, name: str, pos: int) -> tuple[CteInfo, int] | None:
    """Return the WITH query that a table name means and how many levels up it is, or None."""
    level = 0
    here: Scope | None = scope
    while here is not None:
        info = here.ctes.get(name)
        if info is not None:
            return info, level
        here = here.parent
        level += 1
    return None


def cte_item(scope: Scope, info: CteInfo, level: int, item: ast.FromTable) -> tuple[RangeCte, Item]:
    """Return the range entry and the namespace item of a reference to a WITH query."""
    if not info.returning:
        raise failure("0A000", f'WITH query "{info.name}" does not have a RETURNING clause', item.pos)
    working = info.recursive and info.query is None
    if working:
        info.self_references += 1
    else:
        info.references += 1
    columns = Columns.of(info.columns)
    alias = item.alias or info.name
    if item.columns:
        from rustydb_engine.sql.binder.fromclause import rename

        columns = rename(columns, item.columns, alias)
    named = Item(alias, len(scope.entries), columns, entry_kind="cte")
    entry = RangeCte(
        info.index,
        level,
        alias,
        tuple(column.name for column in columns.order),
        tuple(column.type for column in columns.order),
        working,
    )
    return entry, named


def finish_ctes(scope: Scope) -> tuple[BoundCte, ...]:
    """Return the WITH queries of a scope, when the query around them is bound and their uses are counted."""
    return tuple(
        BoundCte(
            info.name,
            info.query,
            tuple(column.name for column in info.columns),
            tuple(column.type for column in info.columns),
            info.recursive,
            info.materialized,
            info.references,
        )
        for info in scope.cte_list
        if info.query is not None
    )


# ---------------------------------------------------------------- the order of recursive ones


def _order(ctes: tuple[ast.Cte, ...]) -> list[tuple[ast.Cte, bool]]:
    """Return the queries in an order of dependence, each with whether it refers to itself."""
    by_name = {cte.name: cte for cte in ctes}
    uses = {cte.name: {name for name in table_names(cte.query) if name in by_name} for cte in ctes}
    ordered: list[tuple[ast.Cte, bool]] = []
    waiting = list(ctes)
    done: set[str] = set()
    while waiting:
        ready = next((cte for cte in waiting if uses[cte.name] - {cte.name} <= done), None)
        if ready is None:
            raise failure("0A000", "mutual recursion between WITH items is not implemented", waiting[0].pos)
        waiting.remove(ready)
        done.add(ready.name)
        ordered.append((ready, ready.name in uses[ready.name]))
    return ordered


def table_names(node: object) -> set[str]:
    """Return the bare table names that a syntax tree refers to, but for its own WITH queries."""
    return {table.name[0] for table in table_references(node)}


def table_references(node: object, hidden: frozenset[str] = frozenset()) -> Iterator[ast.FromTable]:
    """Yield the references by bare table names in a syntax tree, but for those to its own WITH queries."""
    if isinstance(node, ast.FromTable):
        if len(node.name) == 1 and node.name[0] not in hidden:
            yield node
        return
    if isinstance(node, tuple):
        for item in node:
            yield from table_references(item, hidden)
        return
    if not dataclasses.is_dataclass(node) or isinstance(node, type):
        return
    inner = getattr(node, "with_", None)
    if isinstance(inner, ast.With):
        own = frozenset(cte.name for cte in inner.ctes)
        for cte in inner.ctes:
            yield from table_references(cte.query, hidden | own if inner.recursive else hidden)
        hidden = hidden | own
    for one in dataclasses.fields(node):
        if one.name != "with_":
            yield from table_references(getattr(node, one.name), hidden)
