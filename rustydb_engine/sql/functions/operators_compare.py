"""Comparison operators, derived from the operator and its types.

A type whose Python form sorts as PostgreSQL sorts it compares inline; the others compare the keys of
`values.compare`. `date`, `timestamp` and `timestamptz` compare across by conversion, which needs the session's zone
where one of them is a timestamptz.

Source: PostgreSQL 15, section 9.2.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable

from rustydb_engine.sql.functions.behind import Behind
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import INLINE_NAMES
from rustydb_engine.values import floats, numeric, temporal
from rustydb_engine.values.compare import bpchar_key, interval_key, timetz_key
from rustydb_engine.values.json_order import jsonb_key

_PYTHON: dict[str, tuple[str, Callable[..., bool]]] = {
    "=": ("==", python.eq),
    "<>": ("!=", python.ne),
    "<": ("<", python.lt),
    "<=": ("<=", python.le),
    ">": (">", python.gt),
    ">=": (">=", python.ge),
}
# text_pattern_ops compare by bytes, as our collation does anyway.
_PATTERN = {"~<~": "<", "~<=~": "<=", "~>=~": ">=", "~>~": ">"}

_NATURAL = frozenset(
    [
        "bool",
        "int2",
        "int4",
        "int8",
        "oid",
        "xid",
        "cid",
        "xid8",
        "text",
        "name",
        "char",
        "bytea",
        "uuid",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "pg_lsn",
        "tid",
    ]
)
_MOMENTS = ("date", "timestamp", "timestamptz")


def vector_key(numbers: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Return the key of an oidvector: its length counts first."""
    return len(numbers), numbers


_KEYS: dict[str, tuple[Callable[..., object], str]] = {
    "bpchar": (bpchar_key, "bpchar_key"),
    "interval": (interval_key, "interval_key"),
    "timetz": (timetz_key, "timetz_key"),
    "jsonb": (jsonb_key, "jsonb_key"),
    "oidvector": (vector_key, "vector_key"),
}
_NUMBERS: dict[str, tuple[Callable[..., bool], Callable[..., bool], Callable[..., bool]]] = {
    "float4": (floats.float_equal, floats.float_less, floats.float_less_equal),
    "float8": (floats.float_equal, floats.float_less, floats.float_less_equal),
    "numeric": (numeric.numeric_equal, numeric.numeric_less, numeric.numeric_less_equal),
}


def comparison(name: str, left: str, right: str) -> Behind | None:
    """Return what computes a comparison operator over two types, or None when it is not one."""
    if name in _PATTERN and left in ("text", "bpchar"):
        name = _PATTERN[name]
    if name not in _PYTHON:
        return None
    if left in _MOMENTS and right in _MOMENTS and left != right:
        return _between_moments(name, left, right)
    if left in _NATURAL and right in _NATURAL:
        return Behind(_PYTHON[name][1], f"({{0}} {_PYTHON[name][0]} {{1}})")
    if left in _NUMBERS and right in _NUMBERS:
        return _of_numbers(name, left)
    if left in _KEYS and left == right:
        key, key_name = _KEYS[left]
        return Behind(_by_key(name, key), f"({key_name}({{0}}) {_PYTHON[name][0]} {key_name}({{1}}))")
    return None


def _by_key(name: str, key: Callable[..., object]) -> Callable[[object, object], bool]:
    compare = _PYTHON[name][1]
    return lambda left, right: compare(key(left), key(right))


def _of_numbers(name: str, kind: str) -> Behind:
    """Return a comparison of numbers that may be NaN."""
    equal, less, less_equal = _NUMBERS[kind]
    table: dict[str, Callable[..., bool]] = {
        "=": equal,
        "<>": lambda left, right: not equal(left, right),
        "<": less,
        "<=": less_equal,
        ">": lambda left, right: less(right, left),
        ">=": lambda left, right: less_equal(right, left),
    }
    return Behind(table[name])


def _between_moments(name: str, left: str, right: str) -> Behind:
    """Return a comparison of a date with a timestamp, or of either with a timestamptz."""
    compare = _PYTHON[name][1]
    if "timestamptz" not in (left, right):
        if left == "date":
            return Behind(lambda a, b: compare(temporal.date_as_timestamp(a), b))
        return Behind(lambda a, b: compare(a, temporal.date_as_timestamp(b)))
    of_date = "date" in (left, right)
    convert = temporal.date_as_timestamptz if of_date else temporal.timestamp_as_timestamptz

    def compare_left(context: EvalContext, a: int, b: int) -> bool:
        return compare(convert(a, context.forms.zone), b)

    def compare_right(context: EvalContext, a: int, b: int) -> bool:
        return compare(a, convert(b, context.forms.zone))

    return Behind(compare_right if left == "timestamptz" else compare_left, context=True)


INLINE_NAMES.update(vector_key=vector_key)
