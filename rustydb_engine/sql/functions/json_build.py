"""Building JSON: to_json, row_to_json, array_to_json, json_build_object, json_build_array, json_object, and for jsonb.

json keeps what it is given in the order given, duplicate keys too, and PostgreSQL's spacing (`{"a" : 1, "b" : 2}`);
jsonb is canonical text, the last of equal keys kept.

Source: PostgreSQL 15, table 9.47.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.arrays import Shape
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.json_values import (
    array_lines,
    bounded,
    json_of,
    jsonb_object,
    jsonb_of,
    key_text,
    record_with,
)
from rustydb_engine.sql.functions.registry import CallSite, Implementation, function
from rustydb_engine.values.jsontext import quote
from rustydb_engine.values.types import Type

Pair = tuple[Type, object]


def _fields(site: CallSite, index: int) -> tuple[tuple[str, Type], ...]:
    return site.fields[index] if index < len(site.fields) else ()


# ---------------------------------------------------------------- one value


@function("to_json(anyelement) -> json", oid=3176, volatility="s", context=True, factory=True)
def to_json(site: CallSite) -> Implementation:
    return json_of(site.args[0], _fields(site, 0))


@function("to_jsonb(anyelement) -> jsonb", oid=3787, volatility="s", context=True, factory=True)
def to_jsonb(site: CallSite) -> Implementation:
    return jsonb_of(site.args[0], _fields(site, 0))


@function("row_to_json(record) -> json", oid=3155, volatility="s", context=True, factory=True)
def row_to_json(site: CallSite) -> Implementation:
    return json_of(site.args[0], _fields(site, 0))


@function("row_to_json(record, bool) -> json", oid=3156, volatility="s", context=True, factory=True)
def row_to_json_pretty(site: CallSite) -> Implementation:
    fields = _fields(site, 0)
    tight, wide = record_with(fields, False, ","), record_with(fields, False, ",\n ")
    return lambda context, value, pretty: (wide if pretty else tight)(context, value)


@function("array_to_json(anyarray) -> json", oid=3153, volatility="s", context=True, factory=True)
def array_to_json(site: CallSite) -> Implementation:
    return json_of(site.args[0])


@function("array_to_json(anyarray, bool) -> json", oid=3154, volatility="s", context=True, factory=True)
def array_to_json_pretty(site: CallSite) -> Implementation:
    tight, wide = json_of(site.args[0]), array_lines(site.args[0])
    return lambda context, value, pretty: (wide if pretty else tight)(context, value)


# ---------------------------------------------------------------- variadic builders


def _arguments(site: CallSite, jsonb: bool) -> Callable[[EvalContext, tuple[object, ...]], list[str] | None]:
    """Return what writes the arguments as JSON; None for a NULL after VARIADIC."""
    if not site.variadic:
        writers = [json_of(kind, _fields(site, index), jsonb) for index, kind in enumerate(site.args)]
        return lambda context, args: [
            "null" if arg is None else write(context, arg) for write, arg in zip(writers, args, strict=True)
        ]
    shape = Shape(site.args[-1])
    assert shape.element is not None, "VARIADIC takes an array"
    write_item = json_of(shape.element, (), jsonb)

    def spread(context: EvalContext, args: tuple[object, ...]) -> list[str] | None:
        if args[0] is None:
            return None
        assert isinstance(args[0], tuple), "an array"
        return ["null" if item is None else write_item(context, item) for item in shape.flat(args[0])]

    return spread


def _keys(site: CallSite) -> Callable[[EvalContext, tuple[object, ...]], list[str | None]]:
    """Return what writes every argument as a key would be; NULLs give None."""
    if not site.variadic:
        writers = [key_text(kind) if index % 2 == 0 else None for index, kind in enumerate(site.args)]
        return lambda context, args: [
            None if arg is None else write(context, arg)
            for write, arg in zip(writers, args, strict=True)
            if write is not None
        ]
    shape = Shape(site.args[-1])
    assert shape.element is not None, "VARIADIC takes an array"
    write_item = key_text(shape.element)

    def spread(context: EvalContext, args: tuple[object, ...]) -> list[str | None]:
        assert isinstance(args[0], tuple), "an array"
        items = list(shape.flat(args[0]))[::2]
        return [None if item is None else write_item(context, item) for item in items]

    return spread


def _builder(site: CallSite, jsonb: bool) -> Callable[[EvalContext, tuple[object, ...]], list[tuple[str, str]] | None]:
    """Return what pairs keys with JSON values, with the errors of an object builder."""
    values_of, keys_of = _arguments(site, jsonb), _keys(site)
    name = "jsonb_build_object()" if jsonb else "json_build_object()"

    def pairs(context: EvalContext, args: tuple[object, ...]) -> list[tuple[str, str]] | None:
        values = values_of(context, args)
        if values is None:
            return None
        if len(values) % 2:
            raise SqlError(
                "22023", "argument list must have even number of elements",
                hint=f"The arguments of {name} must consist of alternating keys and values.",
            )  # fmt: skip
        found: list[tuple[str, str]] = []
        for index, key in enumerate(keys_of(context, args)):
            if key is None:
                if jsonb:
                    raise SqlError("22023", f"argument {2 * index + 1}: key must not be null")
                raise SqlError("22023", f"argument {2 * index + 1} cannot be null", hint="Object keys should be text.")
            found.append((key, values[2 * index + 1]))
        return found

    return pairs


@function("json_build_object(variadic any) -> json", oid=3200, volatility="s", strict=False, context=True, factory=True)
def json_build_object(site: CallSite) -> Implementation:
    pairs_of = _builder(site, False)

    def build(context: EvalContext, *args: object) -> str | None:
        pairs = pairs_of(context, args)
        if pairs is None:
            return None
        return bounded("{" + ", ".join([f"{quote(key)} : {text}" for key, text in pairs]) + "}")

    return build


@function(
    "jsonb_build_object(variadic any) -> jsonb", oid=3273, volatility="s", strict=False, context=True, factory=True
)
def jsonb_build_object(site: CallSite) -> Implementation:
    pairs_of = _builder(site, True)

    def build(context: EvalContext, *args: object) -> str | None:
        pairs = pairs_of(context, args)
        return None if pairs is None else jsonb_object(dict(pairs))

    return build


@function("json_build_array(variadic any) -> json", oid=3198, volatility="s", strict=False, context=True, factory=True)
def json_build_array(site: CallSite) -> Implementation:
    return _array_builder(site, False)


@function(
    "jsonb_build_array(variadic any) -> jsonb", oid=3271, volatility="s", strict=False, context=True, factory=True
)
def jsonb_build_array(site: CallSite) -> Implementation:
    return _array_builder(site, True)


def _array_builder(site: CallSite, jsonb: bool) -> Implementation:
    values_of = _arguments(site, jsonb)

    def build(context: EvalContext, *args: object) -> str | None:
        values = values_of(context, args)
        return None if values is None else bounded("[" + ", ".join(values) + "]")

    return build


@function("json_build_object() -> json", oid=3201, volatility="s", strict=False)
@function("jsonb_build_object() -> jsonb", oid=3274, volatility="s", strict=False)
def empty_object() -> str:
    return "{}"


@function("json_build_array() -> json", oid=3199, volatility="s", strict=False)
@function("jsonb_build_array() -> jsonb", oid=3272, volatility="s", strict=False)
def empty_array() -> str:
    return "[]"


# ---------------------------------------------------------------- objects from arrays of text


def _pairs_of_array(items: tuple[object, ...]) -> list[tuple[str, str | None]]:
    """Return keys and values of a flat array of both, or of an array of pairs."""
    flat: list[object] = []
    if items and isinstance(items[0], tuple):
        for item in items:
            assert isinstance(item, tuple), "all slices have the same form"
            if len(item) != 2:
                raise SqlError("2202E", "array must have two columns")
            if isinstance(item[0], tuple):
                raise SqlError("2202E", "wrong number of array subscripts")
            flat += item
    else:
        flat = list(items)
        if len(flat) % 2:
            raise SqlError("2202E", "array must have even number of elements")
    return _paired(flat[::2], flat[1::2])


def _paired(keys: list[object], values: list[object]) -> list[tuple[str, str | None]]:
    pairs: list[tuple[str, str | None]] = []
    for key, item in zip(keys, values, strict=True):
        if key is None:
            raise SqlError("22004", "null value not allowed for object key")
        assert isinstance(key, str), "an array of text"
        assert item is None or isinstance(item, str), "an array of text"
        pairs.append((key, None if item is None else quote(item)))
    return pairs


def _two_arrays(keys: tuple[object, ...], values: tuple[object, ...]) -> list[tuple[str, str | None]]:
    if any(items and isinstance(items[0], tuple) for items in (keys, values)):
        raise SqlError("2202E", "wrong number of array subscripts")
    if len(keys) != len(values):
        raise SqlError("2202E", "mismatched array dimensions")
    return _paired(list(keys), list(values))


def _json_text(pairs: list[tuple[str, str | None]]) -> str:
    return "{" + ", ".join([f"{quote(key)} : {text or 'null'}" for key, text in pairs]) + "}"


def _jsonb_text(pairs: list[tuple[str, str | None]]) -> str:
    return jsonb_object({key: text or "null" for key, text in pairs})


@function("json_object(_text) -> json", oid=3202)
def json_object(items: tuple[object, ...]) -> str:
    return _json_text(_pairs_of_array(items))


@function("jsonb_object(_text) -> jsonb", oid=3263)
def jsonb_object_of(items: tuple[object, ...]) -> str:
    return _jsonb_text(_pairs_of_array(items))


@function("json_object(_text, _text) -> json", oid=3203)
def json_object_two(keys: tuple[object, ...], values: tuple[object, ...]) -> str:
    return _json_text(_two_arrays(keys, values))


@function("jsonb_object(_text, _text) -> jsonb", oid=3264)
def jsonb_object_two(keys: tuple[object, ...], values: tuple[object, ...]) -> str:
    return _jsonb_text(_two_arrays(keys, values))
