"""Functions of no larger family: counting NULLs, the type of a value, random uuids, session identity.

Source: PostgreSQL 15, sections 9.2, 9.14 and 9.26.
"""

from __future__ import annotations

from rustydb_engine.sql.functions.arrays import Shape
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import CallSite, Implementation, function
from rustydb_engine.version import RUSTYDB_VERSION, SERVER_VERSION

# ---------------------------------------------------------------- values


def _counter(site: CallSite, nulls: bool) -> Implementation:
    """Make num_nulls or num_nonnulls; after VARIADIC they count the elements of an array."""
    if not site.variadic:
        return lambda *args: sum((arg is None) == nulls for arg in args)
    shape = Shape(site.args[-1])

    def count(value: tuple[object, ...] | None) -> int | None:
        return None if value is None else sum((item is None) == nulls for item in shape.flat(value))

    return count


@function("num_nulls(variadic any) -> int4", oid=438, strict=False, factory=True)
def num_nulls(site: CallSite) -> Implementation:
    return _counter(site, True)


@function("num_nonnulls(variadic any) -> int4", oid=440, strict=False, factory=True)
def num_nonnulls(site: CallSite) -> Implementation:
    return _counter(site, False)


@function("pg_typeof(any) -> regtype", oid=1619, strict=False, volatility="s", factory=True)
def pg_typeof(site: CallSite) -> Implementation:
    oid = site.args[0].oid
    return lambda value: oid


@function("gen_random_uuid() -> uuid", oid=3432, volatility="v", context=True)
def gen_random_uuid(context: EvalContext) -> bytes:
    """Return a version 4 uuid (RFC 4122, 4.4)."""
    data = bytearray(context.entropy.bytes(16))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)


# ---------------------------------------------------------------- who and where


@function("version() -> text", oid=89, volatility="s")
def version() -> str:
    return f"PostgreSQL {SERVER_VERSION} (RustyDB {RUSTYDB_VERSION} in Python), 64-bit"


@function("current_database() -> name", oid=861, volatility="s", context=True)
@function("current_catalog() -> name", volatility="s", context=True)
def current_database(context: EvalContext) -> str:
    return context.database


@function("current_user() -> name", oid=745, volatility="s", context=True)
@function("user() -> name", volatility="s", context=True)
@function("current_role() -> name", volatility="s", context=True)
def current_user(context: EvalContext) -> str:
    return context.user


@function("session_user() -> name", oid=746, volatility="s", context=True)
def session_user(context: EvalContext) -> str:
    return context.session_user


def _existing(context: EvalContext, implicit: bool) -> list[str]:
    """Return the schemas of the search path that exist; the implied pg_catalog first when asked for."""
    catalog = context.catalog
    path = [name for name in context.search_path if catalog.schema(name) is not None]
    if not implicit:
        return path
    return path if "pg_catalog" in path else ["pg_catalog", *path]


@function("current_schema() -> name", oid=1402, volatility="s", context=True)
def current_schema(context: EvalContext) -> str | None:
    return next((name for name in _existing(context, False) if not name.startswith("pg_temp_")), None)


@function("current_schemas(bool) -> _name", oid=1403, volatility="s", context=True)
def current_schemas(context: EvalContext, implicit: bool) -> tuple[str, ...]:
    found = _existing(context, implicit)
    return tuple(found if implicit else [name for name in found if not name.startswith("pg_temp_")])


@function("pg_backend_pid() -> int4", oid=2026, volatility="s", context=True)
def pg_backend_pid(context: EvalContext) -> int:
    return context.process_id
