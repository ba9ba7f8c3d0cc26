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
    definitions,
    json_aggregates,
    json_build,
    json_change,
    json_parts,
    math,
    misc,
    numeric,
    privileges,
    quoting,
    relations,
    sequences,
    series,
    settings,
    sizes,
    statistics,
    strings,
    visibility,
    windows,
)

MODULES = (
    aggregates,
    arrays,
    binary,
    clock,
    collecting,
    definitions,
    json_aggregates,
    json_build,
    json_change,
    json_parts,
    math,
    misc,
    numeric,
    privileges,
    quoting,
    relations,
    sequences,
    series,
    settings,
    sizes,
    statistics,
    strings,
    visibility,
    windows,
)
