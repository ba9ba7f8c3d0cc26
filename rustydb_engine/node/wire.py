"""From a plan's columns to PostgreSQL's messages: the row description and the row encoder, made once for a plan.

A `Wire` is kept in the plan's entry for each choice of result formats. Entries belong to one set of display settings (DateStyle,
TimeZone, …), so those may be baked into the encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.result import ResultColumn, codec_of
from rustydb_engine.session.entry import Entry, Formats
from rustydb_engine.session.entry import Wire as EntryWire
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.io import inline_binary_kind, inline_text_kind
from rustydb_proto.core.value import value
from rustydb_proto.pg import framing
from rustydb_proto.pg.messages import Column, error_fields
from rustydb_proto.pg.rows import KINDS, ColumnFormat, compile_row_encoder

RowEncoder = Callable[[Iterable[tuple[object, ...]]], bytes]

_SELECT_TAGS = tuple(framing.command_complete(f"SELECT {count}") for count in range(256))


@value
class Wire:
    """The RowDescription message, alone and as the answer to Bind and Describe, and the encoder of DataRow messages."""

    description: bytes
    bound: bytes
    encode: RowEncoder


def select_tag(count: int) -> bytes:
    """Return the CommandComplete message `SELECT count`."""
    return _SELECT_TAGS[count] if count < 256 else framing.command_complete(f"SELECT {count}")


def expand_formats(formats: Formats, count: int) -> Formats:
    """Return one format for each column; 08P01 when their number fits neither none, one nor all."""
    if not formats:
        return (0,) * count
    if len(formats) == 1:
        return formats * count
    if len(formats) != count:
        raise SqlError("08P01", f"bind message has {len(formats)} result formats but query has {count} columns")
    return formats


def wire_of(entry: Entry, formats: Formats, forms: Forms) -> EntryWire:
    """Return the entry's wire for these result formats, making it at the first use."""
    found = entry.wire.get(formats)
    if found is not None:
        return found
    each = expand_formats(formats, len(entry.columns))
    description = row_description(entry.columns, each)
    bound = framing.BIND_COMPLETE + (description if entry.gives_rows else framing.NO_DATA)
    made = Wire(description, bound, row_encoder(entry.columns, each, forms))
    entry.wire[formats] = made
    return made


def row_description(columns: Sequence[ResultColumn], formats: Sequence[int]) -> bytes:
    """Return the RowDescription message of these columns."""
    return framing.row_description(
        [
            Column(c.name, c.type.oid, c.type.size, c.typmod, c.table, c.attnum, form)
            for c, form in zip(columns, formats, strict=True)
        ]
    )


def row_encoder(columns: Sequence[ResultColumn], formats: Sequence[int], forms: Forms) -> RowEncoder:
    """Return the function that turns rows into DataRow messages."""
    return compile_row_encoder([_column(c, form, forms) for c, form in zip(columns, formats, strict=True)])


def _column(column: ResultColumn, form: int, forms: Forms) -> ColumnFormat:
    kind = inline_binary_kind(column.type) if form else inline_text_kind(column.type)
    if kind in KINDS:
        return ColumnFormat(kind)
    codec = codec_of(column)
    if form:
        send = codec.send
        return ColumnFormat("function", function=lambda item: send(item, forms))
    output = codec.output
    return ColumnFormat("function", function=lambda item: output(item, forms).encode())


def fields_of(error: SqlError) -> dict[str, str]:
    """Return the protocol fields of an error or notice."""
    return error_fields(
        error.severity,
        error.sqlstate,
        error.message,
        detail=error.detail,
        hint=error.hint,
        position=None if error.position is None or error.position < 0 else error.position + 1,
        where=error.where,
        schema=error.schema,
        table=error.table,
        column=error.column,
        datatype=error.datatype,
        constraint=error.constraint,
        routine=error.routine,
    )
