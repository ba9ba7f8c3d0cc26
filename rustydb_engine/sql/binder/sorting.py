"""ORDER BY, GROUP BY and DISTINCT items: how they name output columns.

    ORDER BY 2          the second output column
    ORDER BY total      the output column of that name, if there is one; else an expression
    GROUP BY total      an input column of that name first, then the output column

An item that is no output column is added to the target list as a junk column.

Source: PostgreSQL 15, section 7.5; parse_clause.c (findTargetlistEntrySQL92, transformSortClause, transformDistinctClause).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.aggregates import check_equality, check_ordering, sort_direction
from rustydb_engine.sql.binder.coerce import coerce_to_specific, expr_pos, unknown_to_text
from rustydb_engine.sql.binder.dispatch import bind_in
from rustydb_engine.sql.binder.env import failure, start_of
from rustydb_engine.sql.binder.names import find_column
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.targets import figure_name
from rustydb_engine.sql.binder.trees import has_var, replace, walk
from rustydb_engine.sql.bound import AggregateExpr, CastExpr, Expr, RowExpr, SortKey, Target, WindowExpr
from rustydb_engine.values.types import INT8, UNKNOWN

# The typmod of a RowExpr that holds the arguments of GROUPING until the groups are known.
PENDING_GROUPING = -2


def find_target(scope: Scope, targets: list[Target], node: ast.Node, kind: str) -> int:
    """Return the index of the target that an ORDER BY, GROUP BY or DISTINCT ON item means, adding one if needed."""
    if isinstance(node, ast.Column) and len(node.name) == 1:
        found = _by_name(scope, targets, node, kind)
        if found is not None:
            return _allowed(targets, found, kind)
    if isinstance(node, ast.Literal) or _negative_number(node):
        return _allowed(targets, _by_position(scope, targets, node, kind), kind)
    return find_expression(scope, targets, bind_in(scope, node, kind), figure_name(node))


def _allowed(targets: list[Target], index: int, kind: str) -> int:
    """Refuse to group by an output column that has an aggregate or a window function in it."""
    if kind == "GROUP BY":
        for node, depth in walk(targets[index].expr):
            if isinstance(node, AggregateExpr) and node.level == depth:
                raise failure("42803", "aggregate functions are not allowed in GROUP BY", node.pos)
            if isinstance(node, RowExpr) and node.typmod == PENDING_GROUPING and not depth:
                raise failure("42803", "grouping operations are not allowed in GROUP BY", node.pos)
            if isinstance(node, WindowExpr) and not depth:
                raise failure("42P20", "window functions are not allowed in GROUP BY", node.pos)
    return index


def _negative_number(node: ast.Node) -> bool:
    return (
        isinstance(node, ast.Operation)
        and node.left is None
        and node.operator == "-"
        and isinstance(node.right, ast.Literal)
        and node.right.kind in ("int", "float")
    )


def _by_name(scope: Scope, targets: list[Target], node: ast.Column, kind: str) -> int | None:
    name = node.name[0]
    if kind == "GROUP BY" and any(t.name == name and not t.junk for t in targets):
        # An input column goes before an output column in GROUP BY, but not one of an outer query.
        parent, scope.parent = scope.parent, None
        try:
            if find_column(scope, name, node.pos) is not None:
                return None
        finally:
            scope.parent = parent
    found: int | None = None
    for index, target in enumerate(targets):
        if target.junk or target.name != name:
            continue
        if found is None:
            found = index
        elif targets[found].expr != target.expr:
            raise failure("42702", f'{kind} "{name}" is ambiguous', node.pos)
    return found


def _by_position(scope: Scope, targets: list[Target], node: ast.Node, kind: str) -> int:
    pos = getattr(node, "pos", -1)
    number: int | None = None
    if isinstance(node, ast.Literal):
        if node.pos in scope.env.literal_slots:
            scope.env.fix(scope.env.literal_slots[node.pos])
        if node.kind == "int" and len(node.text) < 10:
            number = int(node.text)
    elif isinstance(node, ast.Operation) and isinstance(node.right, ast.Literal):
        if node.right.kind == "int":
            number = -int(node.right.text)
    if number is None:
        raise failure("42601", f"non-integer constant in {kind}", pos)
    place = 0
    for index, target in enumerate(targets):
        if not target.junk:
            place += 1
            if place == number:
                return index
    raise failure("42P10", f"{kind} position {number} is not in select list", pos)


def strip_implicit(expr: Expr) -> Expr:
    """Return an expression without the coercions that nobody wrote."""
    while isinstance(expr, CastExpr) and expr.implicit_display:
        expr = expr.arg
    return expr


def find_expression(scope: Scope, targets: list[Target], expr: Expr, name: str = "?column?") -> int:
    """Return the index of the target that equals an expression, adding a junk one if there is none."""
    for index, target in enumerate(targets):
        if expr == strip_implicit(target.expr) or expr == target.expr:
            return index
    targets.append(Target(expr, name, junk=True))
    return len(targets) - 1


def bind_order(scope: Scope, items: Sequence[ast.SortItem], targets: list[Target]) -> list[SortKey]:
    """Bind ORDER BY."""
    keys: list[SortKey] = []
    for item in items:
        index = find_target(scope, targets, item.item, "ORDER BY")
        key = sort_key(scope, targets, index, item)
        if all(known.target != key.target for known in keys):
            keys.append(key)
    return keys


def sort_key(scope: Scope, targets: list[Target], index: int, item: ast.SortItem) -> SortKey:
    """Return the sort key for a target; its type must have an order."""
    decide_unknown(scope, targets, index)
    expr = targets[index].expr
    descending = item.descending
    if item.using:
        descending = sort_direction(item.using, expr.type, item.pos)
    check_ordering(expr.type, start_of(item.item))
    return SortKey(index, descending, item.nulls_first if item.nulls_first is not None else descending)


def decide_unknown(scope: Scope, targets: list[Target], index: int) -> None:
    """Make a target without a type text, since it is to be compared."""
    target = targets[index]
    if target.expr.type is UNKNOWN:
        targets[index] = replace(target, expr=unknown_to_text(scope.env, target.expr))


# ---------------------------------------------------------------- DISTINCT


def bind_distinct(
    scope: Scope, distinct: tuple[ast.Node, ...], targets: list[Target], order: list[SortKey]
) -> tuple[int, ...]:
    """Bind DISTINCT (no expressions) or DISTINCT ON; the result begins with what ORDER BY sorts by."""
    if distinct:
        return _distinct_on(scope, distinct, targets, order)
    found: list[int] = []
    for key in order:
        if targets[key.target].junk:
            message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list"
            raise failure("42P10", message, expr_pos(targets[key.target].expr))
        found.append(key.target)
    for index, target in enumerate(targets):
        if not target.junk and index not in found:
            decide_unknown(scope, targets, index)
            found.append(index)
    for index in found:
        check_equality(targets[index].expr.type, expr_pos(targets[index].expr))
    if not found:
        raise failure("42601", "SELECT DISTINCT must have at least one column")
    return tuple(found)


def _distinct_on(
    scope: Scope, distinct: tuple[ast.Node, ...], targets: list[Target], order: list[SortKey]
) -> tuple[int, ...]:
    wanted: dict[int, int] = {}
    for node in distinct:
        index = find_target(scope, targets, node, "DISTINCT ON")
        decide_unknown(scope, targets, index)
        wanted.setdefault(index, getattr(node, "pos", -1))
    found: list[int] = []
    skipped = False
    for key in order:
        if key.target in wanted:
            if skipped:
                message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"
                raise failure("42P10", message, wanted[key.target])
            found.append(key.target)
        else:
            skipped = True
    for index in wanted:
        if index not in found:
            if skipped:
                message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions"
                raise failure("42P10", message, wanted[index])
            check_equality(targets[index].expr.type, expr_pos(targets[index].expr))
            found.append(index)
    return tuple(found)


# ---------------------------------------------------------------- LIMIT


def bind_limit(scope: Scope, node: ast.Node | None, construct: str) -> Expr | None:
    """Bind LIMIT or OFFSET: a bigint that refers to no column of the query."""
    if node is None:
        return None
    made = coerce_to_specific(scope.env, bind_in(scope, node, construct), INT8, construct)
    if has_var(made):
        raise failure("42P10", f"argument of {construct} must not contain variables", expr_pos(made))
    return made
