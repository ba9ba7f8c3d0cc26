"""SQL values as JSON: what to_json, json_build_object, json_agg and their jsonb twins write for a value of each type.

`json_of(type)` gives a function from (context, value) to JSON text: numbers and booleans bare, dates and timestamps in
ISO 8601 whatever DateStyle says, arrays and records as JSON arrays and objects, json as it is, everything else the
quoted output of its type. `jsonb_of(type)` gives canonical jsonb text instead.

    json_of(_INT4)(context, (1, None))  ->  [1,null]

The columns of a record come with the call (`CallSite.fields`); a record of unknown columns has f1, f2…, and its fields
are written by their Python form.

Source: PostgreSQL 15, section 9.16; src/backend/utils/adt/{json,jsonb}.c (json_categorize_type, datum_to_json).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.arrays import Shape
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.texts import output_of
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.io import io_of
from rustydb_engine.values.json_scan import DEPTH_MAX, too_deep
from rustydb_engine.values.jsontext import canonical, key_order, quote
from rustydb_engine.values.types import (
    BOOL,
    BY_NAME,
    BYTEA,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    JSON,
    JSONB,
    NUMERIC,
    RECORD,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    Type,
)

Writer = Callable[[EvalContext, object], str]
Fields = Sequence[tuple[str, Type]]

_NUMBERS = (INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC)


def _bool(_context: EvalContext, value: object) -> str:
    return "true" if value else "false"


def _int(_context: EvalContext, value: object) -> str:
    return str(value)


def _as_is(_context: EvalContext, value: object) -> str:
    assert isinstance(value, str), "json is text"
    return value


def _canonical(_context: EvalContext, value: object) -> str:
    assert isinstance(value, str), "json is text"
    return canonical(value)


def _number(kind: Type) -> Writer:
    """Return what writes numbers that may be NaN or infinite, which are quoted."""
    output = io_of(kind).output

    def write(context: EvalContext, value: object) -> str:
        text = output(value, context.forms)
        return text if text[-1].isdigit() else f'"{text}"'

    return write


def _jsonb_number(kind: Type) -> Writer:
    """Return what writes numbers for jsonb, which keeps no exponents."""
    output = io_of(kind).output

    def write(context: EvalContext, value: object) -> str:
        text = output(value, context.forms)
        if not text[-1].isdigit():
            return f'"{text}"'
        return canonical(text) if "e" in text else text

    return write


def _iso(forms: Forms) -> Forms:
    return forms if forms.date_style == "ISO" else replace(forms, date_style="ISO")


def _moment(kind: Type) -> Writer:
    """Return what writes dates and timestamps: `2020-01-31T12:00:00+00:00`."""
    output = io_of(kind).output

    def write(context: EvalContext, value: object) -> str:
        text, era, _ = output(value, _iso(context.forms)).partition(" BC")
        text = text.replace(" ", "T", 1)
        if kind is TIMESTAMPTZ and text[-3:-2] in ("+", "-"):
            text += ":00"
        return f'"{text}{era}"'

    return write


def _quoted(kind: Type) -> Writer:
    show = output_of(kind)
    return lambda context, value: quote(show(context, value))


def json_of(kind: Type, fields: Fields = (), jsonb: bool = False) -> Writer:
    """Return what writes values of a type as JSON text, or as canonical jsonb."""
    if kind is BOOL:
        return _bool
    if kind in _NUMBERS:
        if kind in (INT2, INT4, INT8):
            return _int
        return _jsonb_number(kind) if jsonb else _number(kind)
    if kind in (DATE, TIMESTAMP, TIMESTAMPTZ):
        return _moment(kind)
    if kind is JSON or kind is JSONB:
        return _canonical if jsonb and kind is JSON else _as_is
    if kind.category == "A":
        return _array(kind, jsonb)
    if kind is RECORD:
        return _record(fields, jsonb)
    return _quoted(kind)


def jsonb_of(kind: Type, fields: Fields = ()) -> Writer:
    """Return what writes values of a type as canonical jsonb text."""
    return json_of(kind, fields, True)


def _array(kind: Type, jsonb: bool, separator: str = "") -> Writer:
    shape = Shape(kind)
    assert shape.element is not None, "an array type has an element type"
    write_item = json_of(shape.element, (), jsonb)
    comma = ", " if jsonb else ","

    def write(context: EvalContext, value: object) -> str:
        assert isinstance(value, tuple), "an array"
        parts = [
            "null" if item is None else write(context, item) if shape.is_slice(item) else write_item(context, item)
            for item in value
        ]
        return "[" + (separator or comma).join(parts) + "]"

    return write


def array_lines(kind: Type) -> Writer:
    """Return what writes an array with a line feed after each comma of the outermost dimension."""
    shape = Shape(kind)
    assert shape.element is not None, "an array type has an element type"
    write_item, write_slice = json_of(shape.element), _array(kind, False)

    def write(context: EvalContext, value: object) -> str:
        assert isinstance(value, tuple), "an array"
        parts = [
            "null"
            if item is None
            else write_slice(context, item)
            if shape.is_slice(item)
            else write_item(context, item)
            for item in value
        ]
        return "[" + ",\n ".join(parts) + "]"

    return write


def _record(fields: Fields, jsonb: bool) -> Writer:
    return record_with(fields, jsonb, ", " if jsonb else ",")


def record_with(fields: Fields, jsonb: bool, comma: str) -> Writer:
    """Return what writes records as objects, `comma` between the fields."""
    writers = [json_of(kind, (), jsonb) for _, kind in fields]
    colon = ": " if jsonb else ":"

    def write(context: EvalContext, value: object) -> str:
        assert isinstance(value, tuple), "a record"
        if len(fields) == len(value):
            texts = ["null" if item is None else show(context, item) for show, item in zip(writers, value, strict=True)]
            names = [name for name, _ in fields]
        else:
            texts = ["null" if item is None else json_of(form_type(item), (), jsonb)(context, item) for item in value]
            names = [f"f{index + 1}" for index in range(len(value))]
        if jsonb:
            return jsonb_object(dict(zip(names, texts, strict=True)))
        return "{" + comma.join(f"{quote(name)}{colon}{text}" for name, text in zip(names, texts, strict=True)) + "}"

    return write


def jsonb_object(members: dict[str, str]) -> str:
    """Return the canonical object of keys and canonical texts."""
    keys = sorted(members, key=key_order)
    return bounded("{" + ", ".join([f"{quote(key)}: {members[key]}" for key in keys]) + "}")


def bounded(text: str) -> str:
    """Return JSON text; 54001 when it nests too deep to be read again."""
    if text.count("[") + text.count("{") > DEPTH_MAX:
        depth = 0
        inside = False
        previous = ""
        for character in text:
            if character == '"' and previous != "\\":
                inside = not inside
            elif not inside and character in "[{":
                depth += 1
                if depth > DEPTH_MAX:
                    raise too_deep()
            elif not inside and character in "]}":
                depth -= 1
            previous = "" if previous == "\\" else character
    return text


def form_type(value: object) -> Type:
    """Return a type that prints a value well when only its Python form is known (a field of an unknown record)."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT8
    if isinstance(value, str):
        return TEXT
    if isinstance(value, float):
        return FLOAT8
    if isinstance(value, bytes):
        return BYTEA
    if isinstance(value, Interval):
        return INTERVAL
    if isinstance(value, tuple):
        if value and all(isinstance(item, int) for item in value):
            return BY_NAME["_int8"]
        return BY_NAME["_text"] if all(item is None or isinstance(item, str) for item in value) else RECORD
    return NUMERIC


def key_text(kind: Type) -> Writer:
    """Return what writes a value as the key of an object (without quotes); 22023 for what is no scalar."""
    if kind.category == "A" or kind in (JSON, JSONB, RECORD):

        def refuse(_context: EvalContext, _value: object) -> str:
            raise SqlError("22023", "key value must be scalar, not array, composite, or json")

        return refuse
    if kind is BOOL:
        return _bool
    if kind in (DATE, TIMESTAMP, TIMESTAMPTZ):
        write = _moment(kind)
        return lambda context, value: write(context, value)[1:-1]
    return output_of(kind)
