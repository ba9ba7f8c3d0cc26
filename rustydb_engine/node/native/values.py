"""Values between the engine's forms and those of the native protocol.

`wire_converter(type)` gives the function from an engine's value to the protocol's, or None where they are the same thing; it is
chosen once for a column. `engine_converter(type, typmod, names)` goes the other way, for parameters and bulk inserts: what the
client sent becomes a value of exactly that type. A value of the type's own kind is checked and taken; any other goes through its
text form, as a literal would: `5` for a numeric column, `'2024-02-29'` for a date.

The engine's forms are told in values/types.py, the protocol's in rustydb_proto/binary/values.py; both count time from 2000-01-01.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from struct import Struct
from struct import error as StructError
from typing import Any

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.result import ResultColumn, codec_of
from rustydb_engine.values.forms import DEFAULT_FORMS, Forms
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.io import apply_typmod, format_type, io_of
from rustydb_engine.values.types import BY_NAME, BY_OID, Type
from rustydb_proto.binary import values as v
from rustydb_proto.binary.messages import Column

Convert = Callable[[Any], Any]
NameReader = Callable[[str, Type], int]
"""From the text that names an object of a reg type ('users' for a regclass) to its OID."""

_SAME = frozenset(
    ("bool", "int2", "int4", "int8", "oid", "xid", "cid", "float4", "float8", "text", "varchar", "bpchar", "name", "unknown",
     "cstring", "bytea", "char")
)  # fmt: skip
_TEXTS = frozenset(("text", "varchar", "name", "unknown"))
_INTEGERS = {
    "int2": (-(1 << 15), (1 << 15) - 1),
    "int4": (-(1 << 31), (1 << 31) - 1),
    "int8": (-(1 << 63), (1 << 63) - 1),
    "oid": (0, (1 << 32) - 1),
}


def wire_column(column: ResultColumn) -> Column:
    """Return the description of a column of a result."""
    return Column(column.name, format_type(column.type, column.typmod), column.type.oid, column.typmod)


# ---- to the client


def wire_converter(column: ResultColumn, forms: Forms) -> Convert | None:
    """Return the function from the engine's values of a column to the protocol's, which leaves out NULL; None: they are the same."""
    kind = column.type
    if kind.name in _SAME:
        return None
    found = _TO_WIRE.get(kind.name)
    if found is not None:
        return found
    element = BY_OID.get(kind.element)
    if element is not None and (kind.is_array or kind.name in ("int2vector", "oidvector")):
        return _array_converter(kind, element, forms)
    output = codec_of(column).output
    oid = kind.oid
    return lambda value: v.Other(oid, output(value, forms))


def _array_converter(kind: Type, element: Type, forms: Forms) -> Convert:
    lower = 1 if kind.is_array else 0
    convert = wire_converter(ResultColumn("", element), forms)
    tuples = element.name in ("timetz", "interval", "record")

    def dimensions_of(value: tuple[Any, ...]) -> list[int]:
        lengths: list[int] = []
        inside: Any = value
        while type(inside) is tuple and len(lengths) < v.DIMENSIONS_MAX:
            lengths.append(len(inside))
            if not inside or (tuples and type(inside[0]) is tuple and not _is_nested(inside[0])):
                break
            inside = inside[0]
        return lengths

    def flatten(value: tuple[Any, ...], depth: int, elements: list[Any]) -> None:
        if depth > 1:
            for part in value:
                flatten(part, depth - 1, elements)
        elif convert is None:
            elements.extend(value)
        else:
            elements.extend([None if part is None else convert(part) for part in value])

    def to_wire(value: tuple[Any, ...]) -> v.Array:
        if not value:
            return v.Array(element.oid, (), ())
        lengths = dimensions_of(value)
        elements: list[Any] = []
        flatten(value, len(lengths), elements)
        return v.Array(element.oid, tuple((length, lower) for length in lengths), tuple(elements))

    return to_wire


def _is_nested(value: tuple[Any, ...]) -> bool:
    """Whether a tuple in an array is a dimension, and not an element whose form is a tuple."""
    return bool(value) and all(part is None or type(part) is tuple for part in value)


def _timetz_to_wire(value: tuple[int, int]) -> v.TimeTz:
    return v.TimeTz(value[0], -value[1])


_numeric_output = io_of(BY_NAME["numeric"]).output
_TO_WIRE: dict[str, Convert] = {
    "numeric": lambda value: v.Numeric(_numeric_output(value, DEFAULT_FORMS)),
    "date": v.Date,
    "time": v.Time,
    "timetz": _timetz_to_wire,
    "timestamp": v.Timestamp,
    "timestamptz": v.TimestampTz,
    "interval": lambda value: v.Interval(value.months, value.days, value.micros),
    "uuid": v.Uuid,
    "json": v.Json,
    "jsonb": v.Json,
}


# ---- from the client

_i4, _i8 = Struct("!i"), Struct("!q")
_timetz = Struct("!qi")
_interval = Struct("!qii")


def _receive(name: str, pack: Callable[[Any], bytes]) -> Convert:
    """Return the reader of a value whose PostgreSQL binary form `pack` gives: it checks the range."""
    receive = io_of(BY_NAME[name]).receive
    return lambda value: receive(pack(value), -1, DEFAULT_FORMS)


_FROM_WIRE: dict[type, tuple[str, Convert]] = {
    v.Numeric: ("numeric", lambda value: io_of(BY_NAME["numeric"]).input(value.text, -1, DEFAULT_FORMS)),
    v.Date: ("date", _receive("date", lambda value: _i4.pack(value.days))),
    v.Time: ("time", _receive("time", lambda value: _i8.pack(value.micros))),
    v.TimeTz: ("timetz", _receive("timetz", lambda value: _timetz.pack(value.micros, -value.offset_s))),
    v.Timestamp: ("timestamp", _receive("timestamp", lambda value: _i8.pack(value.micros))),
    v.TimestampTz: ("timestamptz", _receive("timestamptz", lambda value: _i8.pack(value.micros))),
    v.Interval: ("interval", lambda value: Interval(value.months, value.days, value.micros)),
    v.Uuid: ("uuid", lambda value: value.data),
    v.Json: ("json", lambda value: io_of(BY_NAME["json"]).input(value.text, -1, DEFAULT_FORMS)),
    bool: ("bool", lambda value: value),
    int: ("int8", lambda value: value),
    float: ("float8", lambda value: value),
    str: ("text", lambda value: _checked_text(value)),
    bytes: ("bytea", lambda value: value),
}


def natural_type(value: v.Value) -> Type | None:
    """Return the type that a value has where nothing else tells; None for NULL and text."""
    kind = type(value)
    if value is None or kind is str:
        return None
    if isinstance(value, v.Array):
        element = BY_OID.get(value.element_oid)
        return BY_OID.get(element.array) if element is not None else None
    if isinstance(value, v.Other):
        return BY_OID.get(value.type_oid)
    return BY_NAME[_FROM_WIRE[kind][0]]


def engine_converter(kind: Type, typmod: int, forms: Forms, names: NameReader) -> Convert:
    """Return the function from a value of the protocol, other than NULL, to one of the engine's of type `kind`."""
    name = kind.name
    if name in _INTEGERS:
        low, high = _INTEGERS[name]

        def to_integer(value: v.Value) -> object:
            if type(value) is int and low <= value <= high:
                return value
            return convert(value)

    convert = _general(kind, typmod, forms, names)
    if name in _INTEGERS:
        return to_integer
    if name in _TEXTS and typmod < 0:
        return lambda value: _checked_text(value) if type(value) is str else convert(value)
    if name == "float8":
        return lambda value: value if type(value) is float else convert(value)
    if name == "bool":
        return lambda value: value if type(value) is bool else convert(value)
    if name == "numeric" and typmod < 0:
        return lambda value: Decimal(value) if type(value) is int else convert(value)
    return convert


def _general(kind: Type, typmod: int, forms: Forms, names: NameReader) -> Convert:
    read = io_of(kind).input

    def convert(value: v.Value) -> object:
        if type(value) is str:
            text = _checked_text(value)
        elif isinstance(value, v.Array):
            return _from_array(value, kind, typmod, forms, names)
        elif isinstance(value, v.Other):
            text = _checked_text(value.text)
        else:
            own, take = _FROM_WIRE[type(value)]
            try:
                taken = take(value)
            except StructError:
                raise SqlError("22003", f"value out of range for type {kind.display}") from None
            if own == kind.name:
                return apply_typmod(kind, taken, typmod, False)
            if (own == "bytea") is not (kind.name == "bytea"):
                raise SqlError("42804", f"a value of type {BY_NAME[own].display} is no {kind.display}")
            text = io_of(BY_NAME[own]).output(taken, DEFAULT_FORMS)
        if kind.name.startswith("reg") and kind.name != "record":
            return names(text, kind)
        return read(text, typmod, forms)

    return convert


def _from_array(value: v.Array, kind: Type, typmod: int, forms: Forms, names: NameReader) -> object:
    element = BY_OID.get(kind.element)
    if element is None or not kind.is_array:
        raise SqlError("42804", f"an array is no {kind.display}")
    if any(lower != 1 for _, lower in value.dimensions):
        raise SqlError("0A000", "arrays whose lower bounds are not 1 are not supported")
    convert = engine_converter(element, typmod, forms, names)
    items: tuple[object, ...] = tuple([None if part is None else convert(part) for part in value.elements])
    for length, _ in reversed(value.dimensions[1:]):
        items = tuple([items[first : first + length] for first in range(0, len(items), length)])
    return items


def _checked_text(text: str) -> str:
    if "\0" in text:
        raise SqlError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return text
