"""Window functions: their names and types; the executor's window operator computes them.

Source: PostgreSQL 15, table 9.62.
"""

from __future__ import annotations

from rustydb_engine.sql.functions.registry import window_function

for _signature, _oid in (
    ("row_number() -> int8", 3100),
    ("rank() -> int8", 3101),
    ("dense_rank() -> int8", 3102),
    ("percent_rank() -> float8", 3103),
    ("cume_dist() -> float8", 3104),
    ("ntile(int4) -> int4", 3105),
    ("lag(anyelement) -> anyelement", 3106),
    ("lag(anyelement, int4) -> anyelement", 3107),
    ("lag(anycompatible, int4, anycompatible) -> anycompatible", 3108),
    ("lead(anyelement) -> anyelement", 3109),
    ("lead(anyelement, int4) -> anyelement", 3110),
    ("lead(anycompatible, int4, anycompatible) -> anycompatible", 3111),
    ("first_value(anyelement) -> anyelement", 3112),
    ("last_value(anyelement) -> anyelement", 3113),
    ("nth_value(anyelement, int4) -> anyelement", 3114),
):
    window_function(_signature, oid=_oid)
