"""Recursive WITH queries: `non-recursive UNION [ALL] recursive`, and where the reference to itself may stand.

Source: PostgreSQL 15, section 7.8.2; parse_cte.c (checkWellFormedRecursion).
"""

from __future__ import annotations

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.coerce import expr_pos
from rustydb_engine.sql.binder.cte import cte_columns, table_names, table_references
from rustydb_engine.sql.binder.env import failure, start_of
from rustydb_engine.sql.binder.scope import CteInfo, Scope
from rustydb_engine.sql.binder.setops import bind_union
from rustydb_engine.sql.bound import Query


def bind_recursive(scope: Scope, cte: ast.Cte, info: CteInfo) -> Query:
    """Bind a WITH query that refers to itself."""
    union = cte.query
    _check_form(cte, union)
    assert isinstance(union, ast.SetOperation), "the form is checked"

    places: list[int] = []

    def left_bound(left: Query) -> None:
        targets = tuple(target for target in left.targets if not target.junk)
        info.columns = cte_columns(cte, targets)
        places.extend(expr_pos(target.expr) for target in targets)

    query = bind_union(scope.child(), union, left_bound)
    for number, (column, target) in enumerate(zip(info.columns, query.targets, strict=True), 1):
        if column.type is not target.expr.type:
            raise failure(
                "42804",
                f'recursive query "{cte.name}" column {number} has type {column.type.display} in non-recursive term '
                f"but type {target.expr.type.display} overall",
                places[number - 1],
                hint="Cast the output of the non-recursive term to the correct type.",
            )
    return query


def _check_form(cte: ast.Cte, union: ast.Query) -> None:
    name = cte.name
    if not isinstance(union, ast.SetOperation) or union.operator != "union":
        message = f'recursive query "{name}" does not have the form non-recursive-term UNION [ALL] recursive-term'
        raise failure("42P19", message, cte.pos)
    if name in table_names(union.left):
        message = f'recursive reference to query "{name}" must not appear within its non-recursive term'
        raise failure("42P19", message, _place(union.left, name))
    order = union.tail.order[0].item if union.tail.order else None
    for part, what in ((order, "ORDER BY"), (union.tail.offset, "OFFSET"), (union.tail.limit, "LIMIT")):
        if part is not None:
            raise failure("0A000", f"{what} in a recursive query is not implemented", start_of(part))
    if union.tail.locking:
        raise failure("0A000", "FOR UPDATE/SHARE in a recursive query is not implemented")
    _check_term(union.right, name)


def _place(node: object, name: str) -> int:
    """Return where a tree refers to a name."""
    return next((table.pos for table in table_references(node) if table.name[0] == name), -1)


def _check_term(term: ast.Query, name: str) -> int:
    """Check the recursive term: one reference, not in a subquery, an outer join's null side or EXCEPT.

    Returns how many references it has.
    """
    if isinstance(term, ast.SetOperation):
        if term.operator in ("intersect", "except") and name in table_names(term.right):
            raise failure(
                "42P19", f'recursive reference to query "{name}" must not appear within {term.operator.upper()}'
            )
        return _once(_check_term(term.left, name) + _check_term(term.right, name), term, name)
    if not isinstance(term, ast.Select):
        return 0
    found = sum(_in_from(item, name, False) for item in term.source)
    _once(found, term.source, name)
    for part in (term.targets, term.where, term.group, term.having, term.tail):
        if name in table_names(part):
            message = f'recursive reference to query "{name}" must not appear within a subquery'
            raise failure("42P19", message, _place(part, name))
    return found


def _once(found: int, node: object, name: str) -> int:
    """Refuse a second reference, at the place of the last one."""
    if found > 1:
        message = f'recursive reference to query "{name}" must not appear more than once'
        raise failure("42P19", message, [table.pos for table in table_references(node) if table.name[0] == name][-1])
    return found


def _in_from(item: ast.FromItem, name: str, nullable: bool) -> int:
    if isinstance(item, ast.FromTable):
        if item.name != (name,):
            return 0
        if nullable:
            message = f'recursive reference to query "{name}" must not appear within an outer join'
            raise failure("42P19", message, item.pos)
        return 1
    if isinstance(item, ast.FromJoin):
        left = nullable or item.kind in ("right", "full")
        right = nullable or item.kind in ("left", "full")
        return _in_from(item.left, name, left) + _in_from(item.right, name, right)
    return sum(1 for table in table_references(item) if table.name[0] == name)
