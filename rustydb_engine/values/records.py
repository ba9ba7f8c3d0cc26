"""Records: the text and binary form of a row value whose fields are known only by their Python forms.

A record value is a tuple without types. `record_io(types)` gives the exact functions when the types of the fields are
known (a row of a table, ROW(…) in a query); the type `record` itself falls back on each field's Python form, which
cannot tell a date from an integer. Text form: `(1,"a b",,x)`, NULL is nothing, the empty text is `""`.

Source: PostgreSQL 15, section 8.16.5; src/backend/utils/adt/rowtypes.c.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from struct import pack

from rustydb_engine.values import floats, text
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.type_io import TypeIO
from rustydb_engine.values.types import BOOL, FLOAT8, INT4, INT8, NUMERIC, TEXT, Type

_SPECIAL = frozenset('"\\(), \t\n\v\f\r')


def quote_field(shown: str) -> str:
    """Return a field's text as it stands in a record's text form."""
    if shown and not _SPECIAL.intersection(shown):
        return shown
    return '"' + shown.replace("\\", "\\\\").replace('"', '""') + '"'


def record_text(fields: Sequence[str | None]) -> str:
    """Return the text form of a record from the texts of its fields."""
    return "(" + ",".join(["" if shown is None else quote_field(shown) for shown in fields]) + ")"


def record_out(value: tuple[object, ...], forms: Forms) -> str:
    """Print a record by the Python form of its fields."""
    return record_text([None if item is None else _plain_text(item, forms) for item in value])


def _plain_text(item: object, forms: Forms) -> str:
    if isinstance(item, bool):
        return "t" if item else "f"
    if isinstance(item, float):
        return floats.float8_out(item, forms.float_digits)
    if isinstance(item, Decimal):
        return format(item, "f")
    if isinstance(item, bytes):
        return text.bytea_out(item, forms.bytea_output)
    if isinstance(item, tuple):
        return record_out(item, forms)
    return str(item)


def record_send(value: tuple[object, ...], forms: Forms) -> bytes:
    """Return the binary form of a record by the Python form of its fields."""
    kinds: list[Type] = []
    for item in value:
        if isinstance(item, bool):
            kinds.append(BOOL)
        elif isinstance(item, int):
            kinds.append(INT4 if -(2**31) <= item < 2**31 else INT8)
        elif isinstance(item, float):
            kinds.append(FLOAT8)
        else:
            kinds.append(NUMERIC if isinstance(item, Decimal) else TEXT)
    from rustydb_engine.values.io import io_of  # a cycle: io needs records

    parts = [pack("!i", len(value))]
    for kind, item in zip(kinds, value, strict=True):
        parts.append(_field(kind, None if item is None else io_of(kind).send(item, forms)))
    return b"".join(parts)


def _field(kind: Type, data: bytes | None) -> bytes:
    if data is None:
        return pack("!Ii", kind.oid, -1)
    return pack("!Ii", kind.oid, len(data)) + data


def record_io(kinds: Sequence[Type], io_of: Callable[[Type], TypeIO]) -> TypeIO:
    """Return output and send of records whose fields have these types (`io_of` is values.io.io_of)."""
    ios = [io_of(kind) for kind in kinds]

    def output(value: tuple[object, ...], forms: Forms) -> str:
        return record_text(
            [None if item is None else io.output(item, forms) for io, item in zip(ios, value, strict=False)]
        )

    def send(value: tuple[object, ...], forms: Forms) -> bytes:
        parts = [pack("!i", len(value))]
        for kind, io, item in zip(kinds, ios, value, strict=False):
            parts.append(_field(kind, None if item is None else io.send(item, forms)))
        return b"".join(parts)

    plain = io_of(TEXT)
    return TypeIO(plain.input, output, send, plain.receive)
