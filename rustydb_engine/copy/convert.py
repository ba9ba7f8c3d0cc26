"""From the raw fields of COPY FROM to column values, by a function generated for the columns.

Integers, text and varchar are converted inline, the rest by the type's input function. The generated function works on a
whole batch, which makes the usual case (every field well formed) cost about what the conversions cost:

    def convert(raw):
        return [(int(f0) if f0 is not None else None, f1) for f0, f1 in raw]

When it fails on a batch, the rows are converted one by one to find the line and column for the error's context.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rustydb_engine.catalog.objects import Table, TableColumn
from rustydb_engine.copy.decode import Field, RawRow, newlines
from rustydb_engine.copy.options import CopyOptions
from rustydb_engine.errors import SqlError
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import INT2, INT4, INT8, TEXT, Type

Row = tuple[object, ...]
Converter = Callable[[list[RawRow], int], list[Row]]
_LIMITS = {INT2.oid: 1 << 15, INT4.oid: 1 << 31, INT8.oid: 1 << 63}


def converter_for(table: Table, columns: Sequence[TableColumn], options: CopyOptions, forms: Forms) -> Converter:
    """Return the function (raw rows, number of lines before them) -> rows of values in the order of `columns`."""
    binary = options.form == "binary"
    readers = [_binary_reader(c, forms) if binary else _text_reader(c, forms) for c in columns]
    fast = None if binary else _compiled(columns, readers)
    forced_null = _flags(columns, options.force_null)
    forced_text = _flags(columns, options.force_not_null)
    forced = any(forced_null) or any(forced_text)
    width = len(columns)

    def convert(raw: list[RawRow], first: int) -> list[Row]:
        if forced:
            _force(raw, forced_null, forced_text, options.null)
        if fast is not None:
            try:
                return fast(raw)
            except (ValueError, SqlError, OverflowError):
                pass
        rows: list[Row] = []
        number = first
        for fields in raw:
            number += 1 + (newlines(fields) if options.form == "csv" else 0)
            if len(fields) > width:
                error = SqlError("22P04", "extra data after last expected column")
                raise _placed(error, table, fields, number, options)
            rows.append(_one(table, columns, readers, fields, number))
            if len(fields) < width:
                error = SqlError("22P04", f'missing data for column "{columns[len(fields)].name}"')
                raise _placed(error, table, fields, number, options)
        return rows

    return convert


def _compiled(
    columns: Sequence[TableColumn], readers: Sequence[Callable[[Field], object]]
) -> Callable[[list[RawRow]], list[Row]]:
    names = [f"f{number}" for number in range(len(columns))]
    scope: dict[str, object] = {}
    items = []
    for name, column, read in zip(names, columns, readers, strict=True):
        if column.type.oid in _LIMITS:
            scope["integer_" + name] = _integer(column.type)
            items.append(f"integer_{name}({name}) if {name} is not None else None")
        elif column.type.oid == TEXT.oid:
            items.append(name)
        else:
            scope["read_" + name] = read
            items.append(f"read_{name}({name}) if {name} is not None else None")
    unpack = ", ".join(names) + ("," if len(names) == 1 else "")
    value = f"({', '.join(items)},)" if items else "()"
    source = f"lambda raw: [{value} for {unpack or '()'} in raw]"
    return eval(compile(source, "<copy>", "eval"), scope)  # type: ignore[no-any-return]  # the source above


def _integer(kind: Type) -> Callable[[str], int]:
    limit = _LIMITS[kind.oid]

    def integer(text: str) -> int:
        number = int(text)
        if not -limit <= number < limit or "_" in text:
            raise ValueError(text)
        return number

    return integer


def _text_reader(column: TableColumn, forms: Forms) -> Callable[[Field], object]:
    read, typmod = io_of(column.type).input, column.typmod
    return lambda text: read(text, typmod, forms)


def _binary_reader(column: TableColumn, forms: Forms) -> Callable[[Field], object]:
    receive, typmod = io_of(column.type).receive, column.typmod
    return lambda data: receive(data, typmod, forms)


def _flags(columns: Sequence[TableColumn], names: tuple[str, ...]) -> list[bool]:
    return [names == ("*",) or column.name in names for column in columns]


def _force(raw: list[RawRow], null: list[bool], text: list[bool], marker: str) -> None:
    for fields in raw:
        for number, field in enumerate(fields[: len(null)]):
            if field is None and text[number]:
                fields[number] = marker
            elif field == marker and null[number]:
                fields[number] = None


def _placed(error: SqlError, table: Table, fields: RawRow, line: int, options: CopyOptions) -> SqlError:
    shown = options.delimiter.join(options.null if field is None else str(field) for field in fields)
    error.where = f'COPY {table.name}, line {line}: "{shown[:100]}"'
    return error


def _one(
    table: Table,
    columns: Sequence[TableColumn],
    readers: Sequence[Callable[[Field], object]],
    fields: RawRow,
    line: int,
) -> Row:
    row: list[object] = []
    for column, read, field in zip(columns, readers, fields, strict=False):  # the last may be missing
        try:
            row.append(None if field is None else read(field))
        except SqlError as error:
            shown = "" if isinstance(field, bytes) else f': "{str(field)[:100]}"'
            error.where = f"COPY {table.name}, line {line}, column {column.name}{shown}"
            raise
    return tuple(row)
