"""COPY TO: batches of rows into the text, csv and binary forms.

`encoder_for(options, types, names, forms)` returns an encoder with `start()`, `rows(batch)` and `end()`, giving bytes, for `rows` those of each row.
Source: PostgreSQL 15, COPY, "File Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from rustydb_engine.copy.options import CopyOptions
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import Type

Row = Sequence[object]
_ESCAPES = {8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 92: "\\\\"}


class Encoder:
    """One COPY TO. `start` is the header's bytes, `rows` those of a batch, `end` the trailer's."""

    def __init__(
        self,
        row: Callable[[Row], bytes],
        start: Callable[[], bytes] = lambda: b"",
        end: Callable[[], bytes] = lambda: b"",
    ) -> None:
        self._row = row
        self.start = start
        self.end = end

    def rows(self, batch: Sequence[Row]) -> list[bytes]:
        """Return the bytes of each row of a batch."""
        return list(map(self._row, batch))


def encoder_for(options: CopyOptions, types: Sequence[Type], names: Sequence[str], forms: Forms) -> Encoder:
    """Return the encoder of a form for rows of these types."""
    if options.form == "binary":
        return _binary(types, forms)
    outputs = [io_of(kind).output for kind in types]
    if options.form == "csv":
        return _csv(options, outputs, names, forms)
    table = dict(_ESCAPES)
    table[ord(options.delimiter)] = table.get(ord(options.delimiter), "\\" + options.delimiter)
    delimiter, null = options.delimiter, options.null

    def text_row(row: Row) -> bytes:
        fields = [
            null if item is None else output(item, forms).translate(table)
            for item, output in zip(row, outputs, strict=True)
        ]
        return (delimiter.join(fields) + "\n").encode()

    def text_header() -> bytes:
        return (delimiter.join(name.translate(table) for name in names) + "\n").encode() if options.header else b""

    return Encoder(text_row, text_header)


def _csv(
    options: CopyOptions, outputs: Sequence[Callable[[object, Forms], str]], names: Sequence[str], forms: Forms
) -> Encoder:
    delimiter, quote, escape, null = options.delimiter, options.quote, options.escape, options.null
    everything = options.force_quote == ("*",)
    forced = [everything or name in options.force_quote for name in names]
    alone = len(names) == 1

    def quoted(text: str) -> str:
        if escape != quote:
            text = text.replace(escape, escape + escape)
        return quote + text.replace(quote, escape + quote) + quote

    def field(text: str, force: bool) -> str:
        if force or text == null or (alone and text == "\\."):
            return quoted(text)
        if any(char in text for char in (delimiter, quote, "\n", "\r")):
            return quoted(text)
        return text

    def csv_row(row: Row) -> bytes:
        fields = [
            null if item is None else field(output(item, forms), force)
            for item, output, force in zip(row, outputs, forced, strict=True)
        ]
        return (delimiter.join(fields) + "\n").encode()

    def csv_header() -> bytes:
        return (delimiter.join(field(name, False) for name in names) + "\n").encode() if options.header else b""

    return Encoder(csv_row, csv_header)


def _binary(types: Sequence[Type], forms: Forms) -> Encoder:
    senders = [io_of(kind).send for kind in types]
    count = struct.pack(">h", len(senders))

    def binary_row(row: Row) -> bytes:
        parts = [count]
        for item, send in zip(row, senders, strict=True):
            if item is None:
                parts.append(b"\xff\xff\xff\xff")
            else:
                data = send(item, forms)
                parts.append(struct.pack(">i", len(data)))
                parts.append(data)
        return b"".join(parts)

    return Encoder(binary_row, lambda: b"PGCOPY\n\xff\r\n\0" + bytes(8), lambda: b"\xff\xff")
