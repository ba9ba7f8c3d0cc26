"""Values as text inside functions: what concat, format, array_to_string and the JSON functions print.

`output_of(type)` gives a function from (context, value) to what the type's output function prints; `cast_of(type)` one
to what a cast to text gives, which differs for boolean (`true`, not `t`) and character(n) (without its padding). Reg
types (regclass, regtype…) print names, which come from the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rustydb_engine.sql.functions.catalog_names import reg_text
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.values.io import inline_text_kind, io_of
from rustydb_engine.values.records import record_text
from rustydb_engine.values.types import BOOL, BPCHAR, RECORD, Type

Fields = Sequence[tuple[str, Type]]
Printer = Callable[[EvalContext, object], str]


def _same(_context: EvalContext, value: object) -> str:
    assert isinstance(value, str), "a text-like value"
    return value


def _number(_context: EvalContext, value: object) -> str:
    return str(value)


def _name_of(kind_name: str) -> Printer:
    def show(context: EvalContext, value: object) -> str:
        assert isinstance(value, int), "a reg type is an OID"
        return reg_text(context, kind_name, value)

    return show


def _record_of(fields: Fields) -> Printer:
    printers = [output_of(kind) for _, kind in fields]

    def show(context: EvalContext, value: object) -> str:
        assert isinstance(value, tuple), "a record"
        pairs = zip(printers, value, strict=True)
        return record_text([None if item is None else show_item(context, item) for show_item, item in pairs])

    return show


def output_of(kind: Type, fields: Fields = ()) -> Printer:
    """Return what prints values of a type as its output function does; `fields` are those of a record, if known."""
    if kind is RECORD and fields:
        return _record_of(fields)
    form = inline_text_kind(kind)
    if form == "str":
        return _same
    if form == "int":
        return _number
    if kind.name.startswith("reg"):
        return _name_of(kind.name)
    output = io_of(kind).output
    return lambda context, value: output(value, context.forms)


def cast_of(kind: Type, fields: Fields = ()) -> Printer:
    """Return what prints values of a type as a cast to text does."""
    if kind is BOOL:
        return lambda context, value: "true" if value else "false"
    if kind is BPCHAR:
        return lambda context, value: str(value).rstrip(" ")
    return output_of(kind, fields)
