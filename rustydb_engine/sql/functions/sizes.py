"""Sizes: of relations and databases, and bytes as people read them.

    pg_size_pretty(10_000_000) -> 9766 kB;  pg_size_bytes('1.5 MB') -> 1572864

Source: PostgreSQL 15, table 9.93; src/backend/utils/adt/dbsize.c.
"""

from __future__ import annotations

import re
from decimal import Decimal

from rustydb_engine.catalog.objects import Index, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.integers import INT8_MAX, INT8_MIN
from rustydb_engine.values.numeric import divide_truncated, numeric_in, round_to

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_FORKS = ("main", "fsm", "vm", "init")

# ---------------------------------------------------------------- relations


@function("pg_relation_size(regclass) -> int8", oid=2325, volatility="v", context=True)
def pg_relation_size(context: EvalContext, oid: int) -> int | None:
    return context.relation_bytes(oid) if context.catalog.get(oid) is not None else None


@function("pg_relation_size(regclass, text) -> int8", oid=2332, volatility="v", context=True)
def pg_relation_size_fork(context: EvalContext, oid: int, fork: str) -> int | None:
    if fork not in _FORKS:
        hint = 'Valid fork names are "main", "fsm", "vm", and "init".'
        raise SqlError("22023", "invalid fork name", hint=hint)
    size = pg_relation_size(context, oid)
    return size if fork == "main" or size is None else 0


@function("pg_table_size(regclass) -> int8", oid=2997, volatility="v", context=True)
def pg_table_size(context: EvalContext, oid: int) -> int | None:
    return pg_relation_size(context, oid)


@function("pg_indexes_size(regclass) -> int8", oid=2998, volatility="v", context=True)
def pg_indexes_size(context: EvalContext, oid: int) -> int | None:
    if context.catalog.get(oid) is None:
        return None
    return sum(context.relation_bytes(index.oid) for index in context.catalog.indexes_of(oid))


@function("pg_total_relation_size(regclass) -> int8", oid=2286, volatility="v", context=True)
def pg_total_relation_size(context: EvalContext, oid: int) -> int | None:
    own, indexes = pg_relation_size(context, oid), pg_indexes_size(context, oid)
    return None if own is None or indexes is None else own + indexes


def _all_bytes(context: EvalContext) -> int:
    entries = [*context.catalog.objects("table"), *context.catalog.objects("index")]
    return sum(context.relation_bytes(entry.oid) for entry in entries if isinstance(entry, Table | Index))


@function("pg_database_size(name) -> int8", oid=2168, volatility="v", context=True)
def pg_database_size(context: EvalContext, name: str) -> int:
    if name != context.database:
        raise SqlError("3D000", f'database "{name}" does not exist')
    return _all_bytes(context)


@function("pg_database_size(oid) -> int8", oid=2324, volatility="v", context=True)
def pg_database_size_oid(context: EvalContext, oid: int) -> int:
    return _all_bytes(context)


@function("pg_tablespace_size(oid) -> int8", oid=2322, volatility="v", context=True)
def pg_tablespace_size(context: EvalContext, oid: int) -> int:
    return _all_bytes(context)


@function("pg_tablespace_size(name) -> int8", oid=2323, volatility="v", context=True)
def pg_tablespace_size_named(context: EvalContext, name: str) -> int:
    if name not in ("pg_default", "pg_global"):
        raise SqlError("42704", f'tablespace "{name}" does not exist')
    return _all_bytes(context)


@function("pg_tablespace_location(oid) -> text", oid=3778, volatility="s")
def pg_tablespace_location(oid: int) -> str:
    return ""


@function("pg_relation_filenode(regclass) -> oid", oid=2999, volatility="s", context=True)
def pg_relation_filenode(context: EvalContext, oid: int) -> int | None:
    entry = context.catalog.get(oid)
    return entry.storage or None if isinstance(entry, Table | Index) else None


@function("pg_column_size(any) -> int4", oid=1269, volatility="s")
def pg_column_size(value: object) -> int:
    """Return about how many bytes a value takes: its text, with a header."""
    if isinstance(value, str):
        return len(value.encode()) + 1
    if isinstance(value, bytes):
        return len(value) + 1
    if isinstance(value, bool):
        return 1
    if isinstance(value, int):
        return 4 if -(2**31) <= value < 2**31 else 8
    if isinstance(value, tuple):
        return 24 + sum(pg_column_size(item) for item in value if item is not None)
    return 8


# ---------------------------------------------------------------- reading and writing sizes


@function("pg_size_pretty(int8) -> text", oid=2288)
def pg_size_pretty(size: int) -> str:
    """Divide by 1024 while 10 of the next unit would not be lost, keeping one bit for rounding."""
    if abs(size) < 10240:
        return f"{size} bytes"
    halves = int(size / 512) if abs(size) < 2**53 else (abs(size) >> 9) * (1 if size > 0 else -1)
    unit = 1
    while abs(halves) >= 20479 and unit < len(_UNITS) - 1:
        halves = (abs(halves) >> 10) * (1 if halves > 0 else -1)
        unit += 1
    rounded = (abs(halves) + 1) // 2
    return f"{rounded if halves > 0 else -rounded} {_UNITS[unit]}"


@function("pg_size_pretty(numeric) -> text", oid=3166)
def pg_size_pretty_numeric(size: Decimal) -> str:
    if not size.is_finite():
        return f"{size:f} bytes"
    if abs(size) < 10240:
        return f"{size:f} bytes"
    halves = divide_truncated(size, Decimal(512))
    unit = 1
    while abs(halves) >= 20479 and unit < len(_UNITS) - 1:
        halves = divide_truncated(halves, Decimal(1024))
        unit += 1
    rounded = divide_truncated(halves + (1 if halves > 0 else -1), Decimal(2))
    return f"{rounded:f} {_UNITS[unit]}"


_SIZE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*\Z", re.S | re.A)


@function("pg_size_bytes(text) -> int8", oid=3334)
def pg_size_bytes(text: str) -> int:
    match = _SIZE.match(text)
    if match is None:
        raise SqlError("22023", f'invalid size: "{text}"')
    number = numeric_in(match[1])
    unit = match[2].lower()
    names = ["", *(name.lower() for name in _UNITS)]
    if unit not in names:
        raise SqlError(
            "22023",
            f'invalid size: "{text}"',
            detail=f'Invalid size unit: "{match[2]}".',
            hint='Valid units are "bytes", "kB", "MB", "GB", "TB", and "PB".',
        )
    size = int(round_to(number * 1024 ** max(names.index(unit) - 1, 0), 0))
    if not INT8_MIN <= size <= INT8_MAX:
        raise SqlError("22003", "bigint out of range")
    return size
