"""Every SQL function: importing this module fills the tables of `registry`.

Nothing else in the engine imports the modules below for their functions; the binder imports this one.
"""

from __future__ import annotations

from rustydb_engine.sql.functions import (
    aggregates,
    arrays,
    binary,
    clock,
    collecting,
    json_aggregates,
    json_build,
    json_change,
    json_parts,
    math,
    numeric,
    quoting,
    series,
    statistics,
    strings,
    windows,
)

MODULES = (
    aggregates,
    arrays,
    binary,
    clock,
    collecting,
    json_aggregates,
    json_build,
    json_change,
    json_parts,
    math,
    numeric,
    quoting,
    series,
    statistics,
    strings,
    windows,
)
