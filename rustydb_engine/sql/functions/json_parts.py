"""Taking JSON apart: members and elements as rows, lengths, types, paths, pretty printing.

Functions on json keep the client's spelling of every part, functions on jsonb work on its canonical text; the
parts of either are slices of the text (`values.json_path`), so most functions serve both types.

Source: PostgreSQL 15, table 9.48; src/backend/utils/adt/jsonfuncs.c.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.json_path import elements, extract, kind_of, members, scalar_text
from rustydb_engine.values.jsontext import Json, dumps_jsonb, loads, quote

_TYPES = {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}
_EACH = (("key", "text"), ("value", "json"))
_EACH_TEXT = (("key", "text"), ("value", "text"))


@function("json_typeof(json) -> text", oid=3968)
@function("jsonb_typeof(jsonb) -> text", oid=3210)
def typeof(text: str) -> str:
    return _TYPES.get(kind_of(text), "number")


# ---------------------------------------------------------------- arrays


def _array_length(text: str) -> int:
    match kind_of(text):
        case "[":
            return sum(1 for _ in elements(text))
        case "{":
            raise SqlError("22023", "cannot get array length of a non-array")
    raise SqlError("22023", "cannot get array length of a scalar")


@function("json_array_length(json) -> int4", oid=3956)
def json_array_length(text: str) -> int:
    return _array_length(text)


@function("jsonb_array_length(jsonb) -> int4", oid=3207)
def jsonb_array_length(text: str) -> int:
    return _array_length(text)


def _elements(text: str, name: str) -> Iterator[str]:
    kind = kind_of(text)
    if kind != "[":
        if name.startswith("jsonb"):
            what = "cannot extract elements from " + ("an object" if kind == "{" else "a scalar")
        else:
            what = f"cannot call {name} on a " + ("non-array" if kind == "{" else "scalar")
        raise SqlError("22023", what)
    return elements(text)


@function("json_array_elements(from_json json) -> setof json", oid=3955, columns=[("value", "json")])
def json_array_elements(text: str) -> Iterable[str]:
    return _elements(text, "json_array_elements")


@function("jsonb_array_elements(from_json jsonb) -> setof jsonb", oid=3219, columns=[("value", "jsonb")])
def jsonb_array_elements(text: str) -> Iterable[str]:
    return _elements(text, "jsonb_array_elements")


@function("json_array_elements_text(from_json json) -> setof text", oid=3969, columns=[("value", "text")])
def json_array_elements_text(text: str) -> Iterable[str | None]:
    return map(scalar_text, _elements(text, "json_array_elements_text"))


@function("jsonb_array_elements_text(from_json jsonb) -> setof text", oid=3465, columns=[("value", "text")])
def jsonb_array_elements_text(text: str) -> Iterable[str | None]:
    return map(scalar_text, _elements(text, "jsonb_array_elements_text"))


# ---------------------------------------------------------------- objects


def _members(text: str, name: str) -> Iterator[tuple[str, str]]:
    kind = kind_of(text)
    if kind != "{":
        if name.startswith("jsonb"):
            raise SqlError("22023", f"cannot call {name} on a non-object")
        what = "an array" if kind == "[" else "a scalar"
        raise SqlError("22023", "cannot deconstruct " + (what if kind != "[" else "an array as an object"))
    return members(text)


@function("json_each(from_json json) -> setof record", oid=3958, columns=_EACH)
def json_each(text: str) -> Iterable[tuple[str, str]]:
    return _members(text, "json_each")


@function("jsonb_each(from_json jsonb) -> setof record", oid=3208, columns=(("key", "text"), ("value", "jsonb")))
def jsonb_each(text: str) -> Iterable[tuple[str, str]]:
    return _members(text, "jsonb_each")


@function("json_each_text(from_json json) -> setof record", oid=3959, columns=_EACH_TEXT)
def json_each_text(text: str) -> Iterable[tuple[str, str | None]]:
    return ((key, scalar_text(piece)) for key, piece in _members(text, "json_each_text"))


@function("jsonb_each_text(from_json jsonb) -> setof record", oid=3932, columns=_EACH_TEXT)
def jsonb_each_text(text: str) -> Iterable[tuple[str, str | None]]:
    return ((key, scalar_text(piece)) for key, piece in _members(text, "jsonb_each_text"))


def _keys(text: str, name: str) -> Iterator[str]:
    kind = kind_of(text)
    if kind != "{":
        raise SqlError("22023", f"cannot call {name} on {'an array' if kind == '[' else 'a scalar'}")
    return (key for key, _ in members(text))


@function("json_object_keys(json) -> setof text", oid=3957)
def json_object_keys(text: str) -> Iterable[str]:
    return _keys(text, "json_object_keys")


@function("jsonb_object_keys(jsonb) -> setof text", oid=3931)
def jsonb_object_keys(text: str) -> Iterable[str]:
    return _keys(text, "jsonb_object_keys")


# ---------------------------------------------------------------- paths


@function("json_extract_path(from_json json, variadic path_elems _text) -> json", oid=3951)
@function("jsonb_extract_path(from_json jsonb, variadic path_elems _text) -> jsonb", oid=3217)
def extract_path(text: str, path: tuple[str | None, ...]) -> str | None:
    return extract(text, path)


@function("json_extract_path_text(from_json json, variadic path_elems _text) -> text", oid=3953)
@function("jsonb_extract_path_text(from_json jsonb, variadic path_elems _text) -> text", oid=3940)
def extract_path_text(text: str, path: tuple[str | None, ...]) -> str | None:
    return scalar_text(extract(text, path))


# ---------------------------------------------------------------- whole values


def _without_nulls(text: str) -> str:
    """Return a json text without the null members of its objects and without blanks."""
    match kind_of(text):
        case "{":
            kept = [(key, piece) for key, piece in members(text) if kind_of(piece) != "n"]
            return "{" + ",".join([f"{quote(key)}:{_without_nulls(piece)}" for key, piece in kept]) + "}"
        case "[":
            return "[" + ",".join([_without_nulls(piece) for piece in elements(text)]) + "]"
        case '"':
            return quote(scalar_text(text) or "")
    return text.strip(" \t\n\r")


@function("json_strip_nulls(json) -> json", oid=3261)
def json_strip_nulls(text: str) -> str:
    return _without_nulls(text)


def _stripped(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _stripped(item) for key, item in value.items() if item is not None}
    return [_stripped(item) for item in value] if isinstance(value, list) else value


@function("jsonb_strip_nulls(jsonb) -> jsonb", oid=3262)
def jsonb_strip_nulls(text: str) -> str:
    return dumps_jsonb(_stripped(loads(text)))


@function("jsonb_pretty(jsonb) -> text", oid=3306)
def jsonb_pretty(text: str) -> str:
    return _pretty(text, 0)


def _pretty(text: str, depth: int) -> str:
    """Return canonical text with four blanks of indentation a level."""
    kind = text[0]
    if kind not in "{[":
        return text
    if kind == "{":
        parts = [f"{quote(key)}: {_pretty(piece, depth + 1)}" for key, piece in members(text)]
    else:
        parts = [_pretty(piece, depth + 1) for piece in elements(text)]
    inner, outer = "\n" + " " * 4 * (depth + 1), "\n" + " " * 4 * depth
    close = "}" if kind == "{" else "]"
    return kind + inner + ("," + inner).join(parts) + outer + close if parts else kind + outer + close
