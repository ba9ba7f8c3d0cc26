"""Literals: numbers by their digits, quoted text by the input function of the type that its context wants.

Names in `'…'::regclass` and kin are looked up here, in the catalog of the statement. A date or time that names a
moment relative to now ('now', 'today', 'tomorrow', 'yesterday') is not read here: the tree keeps the text and the
cast, so a plan that is kept gives the right moment each time it runs.

Source: PostgreSQL 15, src/backend/parser/parse_node.c (make_const), src/backend/utils/adt/regproc.c.
"""

from __future__ import annotations

import re

from rustydb_engine.catalog.objects import Role
from rustydb_engine.errors import SqlError
from rustydb_engine.sql.binder.env import BindEnv, failure, place
from rustydb_engine.sql.functions.catalog_names import input_output_functions
from rustydb_engine.sql.functions.registry import FUNCTIONS, OPERATORS
from rustydb_engine.values.io import io_of
from rustydb_engine.values.numeric import numeric_in
from rustydb_engine.values.types import (
    BY_OID,
    DATE,
    INT4,
    INT8,
    NUMERIC,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    Type,
)

_RELATIVE = re.compile(r"\s*(now|today|tomorrow|yesterday)\b", re.I)
_MOMENTS = frozenset(t.oid for t in (DATE, TIME, TIMETZ, TIMESTAMP, TIMESTAMPTZ))
_DIGITS = re.compile(r"\s*\d+\s*\Z")


def number_type(text: str) -> Type:
    """Return the natural type of a numeric literal: int4, int8 or numeric."""
    if text.isdigit():
        number = int(text) if len(text) < 20 else 1 << 64
        if number < 1 << 31:
            return INT4
        if number < 1 << 63:
            return INT8
    return NUMERIC


def number_value(text: str, negative: bool = False) -> tuple[object, Type]:
    """Return the value and type of a numeric literal, its sign included."""
    if text.isdigit() and len(text) < 20:
        number = -int(text) if negative else int(text)
        if -(1 << 31) <= number < 1 << 31:
            return number, INT4
        if -(1 << 63) <= number < 1 << 63:
            return number, INT8
    return numeric_in("-" + text if negative else text), NUMERIC


def read_literal(env: BindEnv, text: str, kind: Type, typmod: int, pos: int) -> tuple[object, bool]:
    """Read quoted text as a value of `kind`: (value, True), or (None, False) when it must be read at run time."""
    if kind is TEXT:
        return text, True
    if kind.name.startswith("reg"):
        return read_registered(env, text, kind, pos), True
    if kind.oid in _MOMENTS and _RELATIVE.match(text):
        return None, False
    try:
        return io_of(kind).input(text, typmod, env.forms), True
    except SqlError as error:
        raise error.at(place(pos)) from None


def read_registered(env: BindEnv, text: str, kind: Type, pos: int) -> int:
    """Return the OID that a name (or number) of a reg type means."""
    if text == "-":
        return 0
    if _DIGITS.match(text):
        return int(text)
    reader = _READERS.get(kind.name)
    if reader is None:
        raise failure("0A000", f"literals of type {kind.display} are not supported", pos)
    return reader(env, text, pos)


def split_name(text: str, pos: int = -1) -> tuple[str, ...]:
    """Split a possibly quoted dotted name; unquoted parts are folded to lower case."""
    parts: list[str] = []
    rest = text.strip()
    while True:
        if rest.startswith('"'):
            match = re.match(r'"((?:[^"]|"")*)"\s*', rest)
            if match is None or not match.group(1):
                raise failure("42602", "invalid name syntax", pos)
            parts.append(match.group(1).replace('""', '"'))
        else:
            match = re.match(r"([^\s.\"]+)\s*", rest)
            if match is None:
                raise failure("42602", "invalid name syntax", pos)
            parts.append(match.group(1).lower())
        rest = rest[match.end() :]
        if not rest:
            return tuple(parts)
        if not rest.startswith("."):
            raise failure("42602", "invalid name syntax", pos)
        rest = rest[1:].lstrip()


def _regclass(env: BindEnv, text: str, pos: int) -> int:
    name = split_name(text, pos)
    if len(name) > 1 and len(name) <= 3 and env.catalog.schema_of(name, env.search_path) is None:
        raise failure("3F000", f'schema "{name[-2]}" does not exist', pos)
    return env.catalog.resolve(name, env.search_path, place(pos)).oid


def _regnamespace(env: BindEnv, text: str, pos: int) -> int:
    name = split_name(text, pos)
    found = env.catalog.schema(name[0]) if len(name) == 1 else None
    if found is None:
        raise failure("3F000", f'schema "{".".join(name)}" does not exist', pos)
    return found.oid


def _regrole(env: BindEnv, text: str, pos: int) -> int:
    name = split_name(text, pos)
    found = env.catalog.role(name[0]) if len(name) == 1 else None
    if not isinstance(found, Role):
        raise failure("42704", f'role "{".".join(name)}" does not exist', pos)
    return found.oid


def _regtype(env: BindEnv, text: str, pos: int) -> int:
    from rustydb_engine.sql.binder.typenames import resolve_type
    from rustydb_engine.sql.parser import parse_type

    try:
        return resolve_type(env, parse_type(text))[0].oid
    except SqlError as error:
        error.position = place(pos)
        raise


def _regproc(env: BindEnv, text: str, pos: int) -> int:
    name = split_name(text, pos)
    found = [f for f in FUNCTIONS.get(name[-1], ()) if len(name) == 1 or f.schema == name[-2]]
    if not found:
        known = input_output_functions().get(name[-1])
        if known is not None and name[:-1] in ((), ("pg_catalog",)):
            return known
        raise failure("42883", f'function "{text}" does not exist', pos)
    if len(found) > 1:
        raise failure("42725", f'more than one function named "{text}"', pos)
    return found[0].oid


def _signature(env: BindEnv, text: str, pos: int) -> tuple[tuple[str, ...], tuple[Type, ...]]:
    match = re.match(r"\s*(.*?)\s*\((.*)\)\s*\Z", text, re.S)
    if match is None:
        raise failure("22P02", "expected a left parenthesis", pos)
    inner = match.group(2).strip()
    kinds = tuple(BY_OID[_regtype(env, part, pos)] for part in inner.split(",")) if inner else ()
    return split_name(match.group(1), pos), kinds


def _regprocedure(env: BindEnv, text: str, pos: int) -> int:
    name, kinds = _signature(env, text, pos)
    for entry in FUNCTIONS.get(name[-1], ()):
        if entry.args == kinds and (len(name) == 1 or entry.schema == name[-2]):
            return entry.oid
    raise failure("42883", f'function "{text}" does not exist', pos)


def _regoper(env: BindEnv, text: str, pos: int) -> int:
    name = text.strip().rpartition(".")[2]
    found = OPERATORS.get(name, ())
    if not found:
        raise failure("42883", f"operator does not exist: {text}", pos)
    if len(found) > 1:
        raise failure("42725", f"more than one operator named {text}", pos)
    return found[0].oid


def _regcollation(env: BindEnv, text: str, pos: int) -> int:
    from rustydb_engine.sql.binder.typenames import COLLATIONS

    name = split_name(text, pos)
    if name[-1] not in COLLATIONS:
        raise failure("42704", f'collation "{".".join(name)}" for encoding "UTF8" does not exist', pos)
    return COLLATIONS[name[-1]]


_READERS = {
    "regclass": _regclass,
    "regnamespace": _regnamespace,
    "regrole": _regrole,
    "regtype": _regtype,
    "regproc": _regproc,
    "regprocedure": _regprocedure,
    "regoper": _regoper,
    "regcollation": _regcollation,
}
