"""Casts between json and jsonb, and from jsonb to numbers and boolean.

Source: PostgreSQL 15, pg_cast.dat; src/backend/utils/adt/jsonb.c.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions import casts_numbers
from rustydb_engine.sql.functions.registry import CASTS, cast
from rustydb_engine.values.jsontext import canonical, loads
from rustydb_engine.values.types import NUMERIC, Type


def _kind(value: object) -> str:
    """Return PostgreSQL's word for the kind of a JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Decimal):
        return "numeric"
    return "array" if isinstance(value, list) else "object"


def jsonb_to_bool(text: str) -> bool:
    """Return the boolean that a jsonb holds; 22023 for anything else."""
    value = loads(text)
    if isinstance(value, bool):
        return value
    raise SqlError("22023", f"cannot cast jsonb {_kind(value)} to type boolean")


def jsonb_to_numeric(text: str, name: str = "numeric") -> Decimal:
    """Return the number that a jsonb holds; 22023 for anything else, naming the target type."""
    value = loads(text)
    if isinstance(value, Decimal):
        return value
    raise SqlError("22023", f"cannot cast jsonb {_kind(value)} to type {name}")


def _through_numeric(target: Type) -> Callable[[str], object]:
    convert = CASTS[(NUMERIC.oid, target.oid)].implementation
    assert convert is not None, "numeric casts to every number type"
    return lambda text: convert(jsonb_to_numeric(text, target.display))


def _load() -> None:
    assert casts_numbers, "the casts of numeric must be entered before"
    cast("json", "jsonb", "a", canonical)
    cast("jsonb", "json", "a", lambda text: text, inline="{0}")
    cast("jsonb", "bool", "e", jsonb_to_bool)
    cast("jsonb", "numeric", "e", jsonb_to_numeric)
    for rule in [rule for rule in CASTS.values() if rule.source is NUMERIC]:
        cast("jsonb", rule.target.name, "e", _through_numeric(rule.target))


_load()
