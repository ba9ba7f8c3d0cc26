"""The binder: syntax tree to bound tree. Names, types, coercions and the checks that need the catalog."""

from rustydb_engine.sql.binder.entry import bind, stack_too_deep
from rustydb_engine.sql.binder.env import BindEnv
from rustydb_engine.sql.binder.records import RecordField, fields_of
from rustydb_engine.sql.binder.stored import (
    assign_default,
    bind_expression,
    default_expr,
    stored_expr,
    table_rules,
)
from rustydb_engine.sql.binder.typenames import resolve_type
from rustydb_engine.sql.binder.volatility import volatility

__all__ = [
    "BindEnv",
    "RecordField",
    "assign_default",
    "bind",
    "bind_expression",
    "default_expr",
    "fields_of",
    "resolve_type",
    "stack_too_deep",
    "stored_expr",
    "table_rules",
    "volatility",
]
