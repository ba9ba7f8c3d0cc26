"""JSON objects as rows: json_to_record, json_to_recordset and their jsonb twins.

    SELECT * FROM json_to_record('{"a": 1, "b": [1, 2]}') AS t(a int, b int[])

The columns come from the query's column definition list. A member becomes a value of its column's type: a string by the
type's input function, an array element by element, an object or number by its text; a missing member is NULL.
The functions that take a row type as argument (json_populate_record) are refused.

Source: PostgreSQL 15, table 9.48; src/backend/utils/adt/jsonfuncs.c (populate_record_field).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql.functions.catalog_names import read_reg
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import CallSite, Implementation, function
from rustydb_engine.values.io import io_of
from rustydb_engine.values.json_path import elements, kind_of, members, scalar_text
from rustydb_engine.values.jsontext import canonical
from rustydb_engine.values.types import BY_OID, JSON, JSONB, RECORD, Type

Reader = Callable[[EvalContext, str], object]
"""Turns the text of one JSON value, not null, into a value."""


def _reader(kind: Type, typmod: int, name: str) -> Reader:
    """Return what reads JSON values as values of a type; `name` is the column, for errors."""
    if kind is JSON:
        return lambda context, text: text
    if kind is JSONB:
        return lambda context, text: canonical(text)
    if kind is RECORD:
        raise not_supported("a record inside json_to_record")
    if kind.is_array:
        return _array_reader(kind, typmod, name)
    if kind.name.startswith("reg"):
        return lambda context, text: read_reg(context, scalar_text(text) or "", kind)
    read = io_of(kind).input

    def scalar(context: EvalContext, text: str) -> object:
        return read(scalar_text(text) or "", typmod, context.forms, context.transaction_time)

    return scalar


def _array_reader(kind: Type, typmod: int, name: str) -> Reader:
    read_text = io_of(kind).input
    read_item = _reader(BY_OID[kind.element], typmod, name)

    def items(context: EvalContext, text: str) -> tuple[object, ...]:
        return tuple([item(context, piece) for piece in elements(text)])

    def item(context: EvalContext, text: str) -> object:
        first = kind_of(text)
        if first == "[":
            return items(context, text)
        return None if first == "n" else read_item(context, text)

    def array(context: EvalContext, text: str) -> object:
        first = kind_of(text)
        if first == "[":
            return items(context, text)
        if first == '"':
            return read_text(scalar_text(text) or "", typmod, context.forms, context.transaction_time)
        raise SqlError("22P02", "expected JSON array", hint=f'See the value of key "{name}".')

    return array


def _row_reader(site: CallSite) -> Callable[[EvalContext, str], tuple[object, ...]]:
    """Return what reads the text of one object as a row of the columns of the call."""
    if not site.columns:
        hint = "Try calling the function in the FROM clause using a column definition list."
        raise SqlError("0A000", "could not determine row type for result of json_to_record", hint=hint)
    readers = [(name, _reader(kind, typmod, name)) for name, kind, typmod in site.columns]

    def row(context: EvalContext, text: str) -> tuple[object, ...]:
        found = dict(members(text))
        values: list[object] = []
        for name, read in readers:
            piece = found.get(name)
            values.append(None if piece is None or kind_of(piece) == "n" else read(context, piece))
        return tuple(values)

    return row


def _record(site: CallSite) -> Implementation:
    read = _row_reader(site)

    def record(context: EvalContext, text: str) -> tuple[object, ...]:
        kind = kind_of(text)
        if kind != "{":
            what = "an array" if kind == "[" else "a scalar"
            raise SqlError("22023", f"cannot call populate_composite on {what}")
        return read(context, text)

    return record


def _recordset(site: CallSite, name: str) -> Implementation:
    read = _row_reader(site)

    def rows(context: EvalContext, text: str) -> Iterator[tuple[object, ...]]:
        for piece in elements(text):
            if kind_of(piece) != "{":
                raise SqlError("22023", f"argument of {name} must be an array of objects")
            yield read(context, piece)

    def recordset(context: EvalContext, text: str | None) -> Iterator[tuple[object, ...]]:
        if text is None:
            return iter(())
        kind = kind_of(text)
        if kind != "[":
            raise SqlError("22023", f"cannot call {name} on {'an object' if kind == '{' else 'a scalar'}")
        return rows(context, text)

    return recordset


@function("json_to_record(json) -> record", oid=3204, volatility="s", context=True, factory=True)
def json_to_record(site: CallSite) -> Implementation:
    return _record(site)


@function("jsonb_to_record(jsonb) -> record", oid=3490, volatility="s", context=True, factory=True)
def jsonb_to_record(site: CallSite) -> Implementation:
    return _record(site)


@function("json_to_recordset(json) -> setof record", oid=3205, volatility="s", strict=False, context=True, factory=True)
def json_to_recordset(site: CallSite) -> Implementation:
    return _recordset(site, "json_to_recordset")


@function(
    "jsonb_to_recordset(jsonb) -> setof record", oid=3491, volatility="s", strict=False, context=True, factory=True
)
def jsonb_to_recordset(site: CallSite) -> Implementation:
    return _recordset(site, "jsonb_to_recordset")


def _refused(_site: CallSite) -> NoReturn:
    raise not_supported("json_populate_record")


for _signature, _oid, _defaults in (
    ("json_populate_record(base anyelement, from_json json, use_json_as_text bool) -> anyelement", 3960, (False,)),
    (
        "json_populate_recordset(base anyelement, from_json json, use_json_as_text bool) -> setof anyelement",
        3961,
        (False,),
    ),
    ("jsonb_populate_record(anyelement, jsonb) -> anyelement", 3209, ()),
    ("jsonb_populate_recordset(anyelement, jsonb) -> setof anyelement", 3475, ()),
):
    function(_signature, oid=_oid, volatility="s", strict=False, defaults=_defaults, factory=True)(_refused)
