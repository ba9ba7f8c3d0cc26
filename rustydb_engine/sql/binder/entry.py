"""The public entry: bind a whole statement.

Source: PostgreSQL 15, src/backend/parser/analyze.c (parse_analyze).
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder import (
    aggregates,
    calls,
    comparisons,
    composites,
    expressions,
    insert,
    names,
    select,
    setops,
    subqueries,
    update,
)
from rustydb_engine.sql.binder.dispatch import bind_query
from rustydb_engine.sql.binder.env import BindEnv
from rustydb_engine.sql.binder.scope import Scope
from rustydb_engine.sql.bound import BoundQuery
from rustydb_engine.sql.functions import load_all
from rustydb_engine.sql.recursion import deep_recursion

MODULES = (
    aggregates, calls, comparisons, composites, expressions, insert, names, select, setops, subqueries, update,
)  # fmt: skip

load_all()


def bind(statement: ast.Query, env: BindEnv) -> BoundQuery:
    """Bind a SELECT, VALUES, set operation, INSERT, UPDATE or DELETE.

    Raises SqlError with PostgreSQL's SQLSTATEs and positions; 54001 for nesting beyond the stack. Afterwards `env` has the
    types of all parameters, the relations used and the literal slots that could not be parameters.
    """
    env.start()
    try:
        with deep_recursion():
            made = bind_query(Scope(env), statement)
    except RecursionError:
        raise stack_too_deep() from None
    env.finish()
    return made


def stack_too_deep() -> SqlError:
    """Return the error for nesting that is too deep."""
    return SqlError(
        "54001",
        "stack depth limit exceeded",
        hint='Increase the configuration parameter "max_stack_depth" (currently 2048kB), '
        "after ensuring the platform's stack depth limit is adequate.",
    )
