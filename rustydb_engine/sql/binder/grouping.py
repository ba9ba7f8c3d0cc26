"""GROUP BY with grouping sets, GROUPING(), and the check that nothing ungrouped is used.

ROLLUP, CUBE and GROUPING SETS are expanded to a list of sets of target indexes. An expression outside aggregates
must be grouped, or be a column of a table whose primary key is grouped.

Source: PostgreSQL 15, section 7.2.4; parse_agg.c (parseCheckAggregates, expand_grouping_sets).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.aggregates import aggregate_refused, check_equality
from rustydb_engine.sql.binder.coerce import expr_pos
from rustydb_engine.sql.binder.dispatch import AGGREGATES_ALLOWED, bind_expr
from rustydb_engine.sql.binder.env import failure, start_of
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.sorting import PENDING_GROUPING, decide_unknown, find_target
from rustydb_engine.sql.binder.trees import children, query_exprs, rebuild, walk
from rustydb_engine.sql.bound import (
    AggregateExpr,
    Const,
    Expr,
    GroupingExpr,
    ParamExpr,
    RangeCte,
    RangeTable,
    RowExpr,
    SubqueryExpr,
    Target,
    Var,
    WindowExpr,
)
from rustydb_engine.values.types import INT4

SETS_MAX = 4096
CUBE_MAX = 12
GROUPING_ARGUMENTS_MAX = 31
Sets = tuple[tuple[int, ...], ...]


# ---------------------------------------------------------------- GROUP BY


def bind_group(scope: Scope, select: ast.Select, targets: list[Target]) -> tuple[tuple[int, ...], Sets | None]:
    """Bind GROUP BY: (all grouped targets, sets of positions among these or None when it is a plain list)."""
    if not any(_has_sets(item) for item in select.group):
        plain = _flat(scope, select.group, targets)
        return tuple(dict.fromkeys(plain)), None
    choices: list[Sets] = [_expand(scope, item, targets) for item in select.group]
    sets: list[tuple[int, ...]] = [()]
    for choice in choices:
        sets = [tuple(dict.fromkeys((*left, *right))) for left in sets for right in choice]
        if len(sets) > SETS_MAX:
            raise failure("54001", f"too many grouping sets present (maximum {SETS_MAX})", select.pos)
    if select.group_distinct:
        unique: dict[frozenset[int], tuple[int, ...]] = {}
        for one in sets:
            unique.setdefault(frozenset(one), one)
        sets = list(unique.values())
    group = tuple(dict.fromkeys(index for one in sets for index in one))
    places = {index: place for place, index in enumerate(group)}
    return group, tuple(tuple(places[index] for index in one) for one in sets)


def _has_sets(item: ast.Node) -> bool:
    return isinstance(item, ast.GroupingSet)


def _flat(scope: Scope, items: Iterable[ast.Node], targets: list[Target]) -> tuple[int, ...]:
    found: list[int] = []
    for item in items:
        if isinstance(item, ast.Row) and not item.explicit:
            found.extend(_flat(scope, item.items, targets))
            continue
        index = find_target(scope, targets, item, "GROUP BY")
        decide_unknown(scope, targets, index)
        check_equality(targets[index].expr.type, start_of(item))
        found.append(index)
    return tuple(found)


def _expand(scope: Scope, item: ast.Node, targets: list[Target]) -> Sets:
    """Return the sets that one item of GROUP BY stands for."""
    if not isinstance(item, ast.GroupingSet):
        return (_flat(scope, (item,), targets),)
    if item.kind == "empty":
        return ((),)
    if item.kind == "sets":
        return tuple(one for part in item.items for one in _expand(scope, part, targets))
    parts = [_flat(scope, (part,), targets) for part in item.items]
    if item.kind == "rollup":
        return tuple(_joined(parts[:count]) for count in range(len(parts), -1, -1))
    if len(parts) > CUBE_MAX:
        raise failure("54011", f"CUBE is limited to {CUBE_MAX} elements", item.pos)
    masks = range((1 << len(parts)) - 1, -1, -1)
    width = len(parts)
    return tuple(_joined([p for i, p in enumerate(parts) if mask >> (width - 1 - i) & 1]) for mask in masks)


def _joined(parts: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(index for part in parts for index in part))


# ---------------------------------------------------------------- GROUPING()


def bind_grouping(scope: Scope, node: ast.Special) -> Expr:
    """Bind GROUPING(…) for now as a call over its arguments; `finish_grouping` finds the groups."""
    if scope.kind not in AGGREGATES_ALLOWED:
        raise aggregate_refused("grouping", scope.kind, node.pos)
    if len(node.args) > GROUPING_ARGUMENTS_MAX:
        raise failure("54023", "GROUPING must have fewer than 32 arguments", node.pos)
    args = tuple(bind_expr(scope, arg) for arg in node.args)
    scope.has_aggregates = True
    scope.has_grouping = True
    return RowExpr(args, INT4, ("grouping",), PENDING_GROUPING, node.pos)


def finish_grouping(expr: Expr, targets: Sequence[Target], group: Sequence[int]) -> Expr:
    """Replace the pending GROUPING calls in an expression."""
    if isinstance(expr, RowExpr) and expr.typmod == PENDING_GROUPING:
        return GroupingExpr(tuple(_group_of(arg, targets, group) for arg in expr.items), INT4, pos=expr.pos)
    return rebuild(expr, lambda child: finish_grouping(child, targets, group))


def _group_of(arg: Expr, targets: Sequence[Target], group: Sequence[int]) -> int:
    for place, index in enumerate(group):
        if targets[index].expr == arg:
            return place
    message = "arguments to GROUPING must be grouping expressions of the associated query level"
    raise failure("42803", message, expr_pos(arg))


# ---------------------------------------------------------------- the check


def check_grouped(
    scope: Scope, targets: Sequence[Target], group: Sequence[int], sets: Sets | None, others: Iterable[Expr]
) -> None:
    """Check every output column and the expressions `others` (HAVING, windows) against GROUP BY."""
    grouped = [targets[index].expr for index in group]
    places = set(range(len(group)))
    common = places if sets is None else places.intersection(*map(set, sets))
    keys = [targets[index].expr for place, index in enumerate(group) if place in common]
    checker = _Checker(scope, grouped, keys)
    for target in targets:
        checker.check(target.expr, 0)
    for expr in others:
        checker.check(expr, 0)


def check_recursive_term(scope: Scope, targets: Sequence[Target]) -> None:
    """Refuse aggregates beside a recursive reference."""
    if not any(isinstance(entry, RangeCte) and entry.working for entry in scope.entries):
        return
    found = (node.pos for t in targets for node, depth in walk(t.expr) if isinstance(node, AggregateExpr) and not depth)
    message = "aggregate functions are not allowed in a recursive query's recursive term"
    raise failure("42P19", message, next(found, -1))


class _Checker:
    """Looks for ungrouped columns; remembers which tables have their primary key grouped."""

    __slots__ = ("_direct", "_grouped", "_keyed", "_keys", "_scope")

    def __init__(self, scope: Scope, grouped: list[Expr], keys: list[Expr]) -> None:
        self._scope = scope
        self._grouped = grouped
        self._keys = keys
        self._keyed: dict[int, bool] = {}
        self._direct = False

    def check(self, expr: Expr, depth: int) -> None:
        """Raise 42803 for an ungrouped column of this query in an expression `depth` queries down."""
        if isinstance(expr, Const | ParamExpr | GroupingExpr):
            return
        if isinstance(expr, Var):
            self._check_var(expr, depth)
            return
        if depth == 0 and expr in self._grouped:
            return
        if isinstance(expr, AggregateExpr):
            if expr.level == depth:
                self._direct = True
                for arg in expr.direct:
                    self.check(arg, depth)
                self._direct = False
                return
            if expr.level > depth:
                return
        if isinstance(expr, WindowExpr) and expr.filter is not None:
            self.check(expr.filter, depth)
        for child in children(expr):
            self.check(child, depth)
        if isinstance(expr, SubqueryExpr):
            for inner, extra in query_exprs(expr.query):
                self.check(inner, depth + 1 + extra)

    def _check_var(self, var: Var, depth: int) -> None:
        if var.level != depth:
            return
        for known in self._grouped:
            if isinstance(known, Var) and known.level == 0:
                if known.source == var.source and known.column == var.column:
                    return
        if self._has_key(var.source):
            return
        item = next((item for item in self._scope.items if item.source == var.source), None)
        table = item.name if item is not None else ""
        if var.column == -1 and item is not None:
            name = f"{table}.*"
        else:
            name = f"{table}.{self._column_name(var)}"
        if depth:
            raise failure("42803", f'subquery uses ungrouped column "{name}" from outer query', var.pos)
        message = f'column "{name}" must appear in the GROUP BY clause or be used in an aggregate function'
        detail = "Direct arguments of an ordered-set aggregate must use only grouped columns." if self._direct else None
        raise failure("42803", message, var.pos, detail)

    def _column_name(self, var: Var) -> str:
        for item in self._scope.items:
            if item.source == var.source:
                for column in item.columns.order:
                    if column.position == var.column:
                        return column.name
        return var.name

    def _has_key(self, source: int) -> bool:
        known = self._keyed.get(source)
        if known is None:
            known = self._keyed[source] = self._key_grouped(source)
        return known

    def _key_grouped(self, source: int) -> bool:
        entry = self._scope.entries[source] if source < len(self._scope.entries) else None
        if not isinstance(entry, RangeTable) or entry.table.kind != "table":
            return False
        columns = {var.column for var in self._keys if isinstance(var, Var) and not var.level and var.source == source}
        if not columns:
            return False
        for constraint in self._scope.env.catalog.constraints_of(entry.table.oid):
            if constraint.type == "p" and not constraint.deferrable:
                return all(attnum - 1 in columns for attnum in constraint.columns)
        return False
