"""COPY FROM a column at a time: the quick way for plain text, which is nearly all there is.

Many lines are split at once and converted a column at a time, so that the work for a field is done by `split`, `map` and `zip`
instead of a Python loop:

    "1\\tone\\n2\\ttwo\\n"  ->  ["1", "2"], ["one", "two"]  ->  [1, 2], ["one", "two"]  ->  [(1, "one"), (2, "two")]

A column whose values recur is converted once for each different text; the rows then share the value, which also saves memory.

Whatever is not plain (an escape, a quote, a carriage return, a field too many, a number with blanks, any error) gives None or
raises, and the caller reads the same lines one by one, which finds the error and its place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from rustydb_engine.catalog.objects import TableColumn
from rustydb_engine.copy.options import CopyOptions
from rustydb_engine.errors import SqlError
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import BPCHAR, INT2, INT4, INT8, TEXT, VARCHAR

Row = tuple[object, ...]
Convert = Callable[[list[str]], list[object]]

SAMPLE = 64
"""A column is taken to repeat itself when so many of its fields have at most half as many different texts."""
LIMITS = {INT2.oid: 1 << 15, INT4.oid: 1 << 31, INT8.oid: 1 << 63}


class ColumnReader:
    """Reads lines into rows for the `columns` of a COPY in text or csv form."""

    def __init__(self, columns: Sequence[TableColumn], options: CopyOptions, forms: Forms) -> None:
        self._delimiter = options.delimiter
        self._null = options.null
        self._csv = options.form == "csv"
        self._quote = options.quote if self._csv else ""
        self._converts = [_convert(column, forms) for column in columns]
        self._width = len(columns)
        self._usable = not options.force_null and not options.force_not_null and len(columns) > 0

    def rows(self, text: str) -> list[Row] | None:
        """Return the rows of these whole lines, None when they are not plain."""
        if not self._usable or not text:
            return None
        fields = self._split(text)
        if fields is None:
            return None
        step = self._width + 1
        nulls = self._null in text
        try:
            columns = [
                self._nullable(convert, fields[place::step]) if nulls else convert(fields[place::step])
                for place, convert in enumerate(self._converts)
            ]
        except (ValueError, SqlError, OverflowError):
            return None
        return list(zip(*columns, strict=True))

    def _split(self, text: str) -> list[str] | None:
        """Return all fields, a newline after those of each line; None when the text is not plain."""
        if "\r" in text or (self._csv and (self._quote in text or "\\." in text)):
            return None
        escapes = 0 if self._csv else text.count("\\")
        # Where every backslash begins a \N there is no escape, if each of these turns out to be a whole field.
        if escapes and (self._null != "\\N" or text.count("\\N") != escapes):
            return None
        delimiter, width = self._delimiter, self._width
        fields = text.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
        fields.pop()
        count = text.count("\n")
        if count * (width + 1) != len(fields) or fields[width :: width + 1].count("\n") != count:
            return None
        if escapes and fields.count("\\N") != escapes:
            return None
        return fields

    def _nullable(self, convert: Convert, fields: list[str]) -> list[object]:
        null = self._null
        if null not in fields:
            return convert(fields)
        present = [field for field in fields if field != null]
        values = iter(convert(present) if present else ())
        return [None if field == null else next(values) for field in fields]


def _repeats(fields: list[str]) -> bool:
    sample = fields[:SAMPLE]
    return len(set(sample)) * 2 <= len(sample)


def _convert(column: TableColumn, forms: Forms) -> Convert:
    """Return the conversion of a column's fields; it raises when one of them is not plain."""
    kind, typmod = column.type, column.typmod
    limit = LIMITS.get(kind.oid)
    if limit is not None:
        return lambda fields: _integers(fields, limit)
    length = typmod - 4
    if kind is TEXT or (kind is VARCHAR and typmod < 0):
        return _shared
    if kind is VARCHAR:
        return lambda fields: _shared(_checked(fields, length))
    if kind is BPCHAR and typmod >= 0:
        return lambda fields: _padded(_checked(fields, length), length)
    read = io_of(kind).input
    return lambda fields: _each(fields, lambda field: read(field, typmod, forms))


def _each(fields: list[str], read: Callable[[str], object]) -> list[object]:
    if _repeats(fields):
        known = {field: read(field) for field in dict.fromkeys(fields)}
        return [known[field] for field in fields]
    return [read(field) for field in fields]


def _shared(fields: list[str]) -> list[object]:
    """Return the texts themselves, equal ones as one object when there are many."""
    if _repeats(fields):
        known = dict(zip(fields, fields, strict=True))
        return [known[field] for field in fields]
    return cast("list[object]", fields)


def _padded(fields: list[str], length: int) -> list[object]:
    if _repeats(fields):
        return _each(fields, lambda field: field.ljust(length))
    return [field.ljust(length) for field in fields]


def _checked(fields: list[str], length: int) -> list[str]:
    if max(map(len, fields)) > length:
        raise ValueError("too long")
    return fields


def _integers(fields: list[str], limit: int) -> list[object]:
    digits = "".join(fields)
    signed = "-" in digits
    if signed:
        digits = digits.replace("-", "")
    # int() accepts underscores, blanks and foreign digits, which PostgreSQL does not, or not all of them.
    if not digits.isdigit() or not digits.isascii():
        raise ValueError("not plain digits")
    if _repeats(fields):
        known = {field: int(field) for field in dict.fromkeys(fields)}
        values = [known[field] for field in fields]
    else:
        values = list(map(int, fields))
    if max(values) >= limit or (signed and min(values) < -limit):
        raise ValueError("out of range")
    return cast("list[object]", values)
