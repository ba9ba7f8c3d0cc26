"""All parser actions: importing the modules that define them fills the registry."""

from __future__ import annotations

from rustydb_engine.sql import (
    build_calls,
    build_changes,
    build_definitions,
    build_expressions,
    build_names,
    build_queries,
    build_tables,
    build_utility,
)
from rustydb_engine.sql.actions import ACTIONS

__all__ = ["ACTIONS"]

_MODULES = (
    build_names,
    build_expressions,
    build_calls,
    build_queries,
    build_changes,
    build_tables,
    build_definitions,
    build_utility,
)
