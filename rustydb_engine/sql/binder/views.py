"""Views: the query of a view, bound anew where it is used.

A view's text is stored with every name qualified, so it is bound with an empty search path and no outer names.
The bound tree is kept as long as the catalog does not change.

Source: PostgreSQL 15, section 41.2; src/backend/rewrite/rewriteHandler.c (ApplyRetrieveRule).
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.dispatch import bind_rows
from rustydb_engine.sql.binder.env import BindEnv, failure
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.binder.subqueries import cast_outputs
from rustydb_engine.sql.bound import Query
from rustydb_engine.sql.parser import parse

VIEW_DEPTH_MAX = 100
CACHE_MAX = 2_000
_parsed: dict[str, ast.Query] = {}


def expand_view(env: BindEnv, view: Table, pos: int) -> Query:
    """Return the bound query of a view, its output columns being the view's columns."""
    if env.view_depth >= VIEW_DEPTH_MAX:
        raise failure("42P17", f'infinite recursion detected in rules for relation "{view.name}"', pos)
    inner = BindEnv(
        env.catalog, (), env.forms, allow_parameters=False, user=env.user, view_depth=env.view_depth + 1, canonical=True
    )  # fmt: skip
    inner.relations = env.relations
    query = bind_rows(Scope(inner), view_syntax(view))
    # The types were fixed when the view was made.
    live = view.live()
    return cast_outputs(inner, query, [c.type for c in live], typmods=[c.typmod for c in live])


def view_syntax(view: Table) -> ast.Query:
    """Return the syntax tree of a view's query."""
    found = _parsed.get(view.query)
    if found is None:
        statement = parse(view.query)[0][0]
        assert isinstance(statement, ast.Query), "a view is a query"
        found = statement
        if len(_parsed) >= CACHE_MAX:
            _parsed.clear()
        _parsed[view.query] = found
    return found
