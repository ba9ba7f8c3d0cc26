"""Which function binds which node of the syntax tree, and what is allowed where.

Modules enter their functions with `@binds(ast.Case)`; `bind_expr` looks the node's class up. `scope.kind` is what the
expression belongs to ("WHERE", "JOIN conditions", "select list", …), in the words of PostgreSQL's errors.

Source: PostgreSQL 15, src/include/parser/parse_node.h (ParseExprKind).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.bound import Expr, ModifyQuery, Query

Handler = Callable[[Scope, ast.Node], Expr]
QueryHandler = Callable[[Scope, ast.Query], Query | ModifyQuery]
F = TypeVar("F", bound=Callable[..., object])

HANDLERS: dict[type, Callable[..., Expr]] = {}
QUERY_HANDLERS: dict[type, Callable[..., Query | ModifyQuery]] = {}

AGGREGATES_ALLOWED = frozenset(("select list", "HAVING", "ORDER BY", "DISTINCT ON", "window partition", "window order"))
WINDOWS_ALLOWED = frozenset(("select list", "ORDER BY", "DISTINCT ON"))
SETS_ALLOWED = frozenset(("select list", "ORDER BY", "DISTINCT ON", "GROUP BY", "INSERT", "VALUES row"))
_WINDOW_PARTS = frozenset(("window partition", "window order", "window ROWS", "window RANGE", "window GROUPS"))
# Where a subquery may not stand, with the words of that error.
STANDALONE = {
    "check constraints": "check constraint",
    "DEFAULT expressions": "DEFAULT expression",
    "index expressions": "index expression",
    "index predicates": "index predicate",
    "conditions of subscriptions": "condition of a subscription",
    "COPY FROM WHERE conditions": "COPY FROM WHERE condition",
    "column generation expressions": "column generation expression",
    "EXECUTE parameters": "EXECUTE parameter",
    "transform expressions": "transform expression",
}


def binds(kind: type) -> Callable[[F], F]:
    """Enter the decorated function as the one that binds nodes of a class."""

    def enter(function: F) -> F:
        HANDLERS[kind] = function  # type: ignore[assignment]  # each handler takes its own node class
        return function

    return enter


def binds_query(kind: type) -> Callable[[F], F]:
    """Enter the decorated function as the one that binds queries of a class."""

    def enter(function: F) -> F:
        QUERY_HANDLERS[kind] = function  # type: ignore[assignment]  # each handler takes its own query class
        return function

    return enter


def bind_expr(scope: Scope, node: ast.Node) -> Expr:
    """Bind an expression in the scope as it is."""
    handler = HANDLERS.get(type(node))
    if handler is None:
        raise failure("42601", "syntax error: this cannot be used as an expression", getattr(node, "pos", -1))
    return handler(scope, node)


def bind_in(scope: Scope, node: ast.Node, kind: str) -> Expr:
    """Bind an expression that belongs to a clause."""
    before = scope.kind
    scope.kind = kind
    try:
        return bind_expr(scope, node)
    finally:
        scope.kind = before


def bind_query(scope: Scope, query: ast.Query) -> Query | ModifyQuery:
    """Bind a query in its own, still empty scope."""
    handler = QUERY_HANDLERS.get(type(query))
    assert handler is not None, f"no binder for {type(query).__name__}"
    return handler(scope, query)


def bind_rows(scope: Scope, query: ast.Query) -> Query:
    """Bind a query that may only be a SELECT, VALUES or set operation."""
    made = bind_query(scope, query)
    if not isinstance(made, Query):
        raise failure("0A000", "a statement that changes rows cannot be used as a subquery", getattr(query, "pos", -1))
    return made


def clause(kind: str, windows: bool = False) -> str:
    """Return the words for a clause in an error."""
    if windows and kind in _WINDOW_PARTS:
        return "window definitions"
    if kind == "VALUES row":
        return "VALUES"
    return kind
