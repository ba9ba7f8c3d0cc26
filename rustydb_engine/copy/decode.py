"""COPY FROM: a stream of bytes, cut anywhere, into rows of raw fields.

A decoder is fed pieces and returns the complete rows among them, each a list of `str` or None (binary: `bytes`).
It holds at most one unfinished line. Most lines have no escape and no quote, so a piece is split whole and only the
lines that need it are taken apart character by character.

    decoder = decoder_for(options, columns=2)
    decoder.feed(b"1\\tone\\n2\\t")      # [["1", "one"]]
    decoder.feed(b"two\\n")             # [["2", "two"]]
    decoder.finish()                    # []

Source: PostgreSQL 15, COPY, "File Formats".
"""

from __future__ import annotations

import re

from rustydb_engine.copy.options import CopyOptions
from rustydb_engine.errors import SqlError

LINE_BYTES_MAX = 1 << 30

Field = str | bytes | None
RawRow = list[Field]

_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(.)|$)", re.S)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def decoder_for(options: CopyOptions, columns: int) -> TextDecoder | CsvDecoder | BinaryDecoder:
    """Return the decoder for a form; `columns` is how many fields a row must have."""
    if options.form == "csv":
        return CsvDecoder(options)
    if options.form == "binary":
        return BinaryDecoder(columns)
    return TextDecoder(options)


class LineDecoder:
    """What the text and csv forms share: cutting the stream into lines, the header, the end marker.

    `header` keeps the fields of a header line for `HEADER MATCH`. `line` counts lines, the header and those inside quotes
    too; `first` is how many came before the rows that were given last.
    """

    def __init__(self, options: CopyOptions) -> None:
        self.options = options
        self.header: RawRow | None = None
        self.line = self.first = 0
        self.ended = False
        self._rest = b""
        self._skip_header = bool(options.header)

    def feed(self, data: bytes) -> list[RawRow]:
        """Take a piece of the stream and return the rows it completes."""
        text = self.lines(data)
        return self.rows(text) if text else []

    def lines(self, data: bytes) -> str:
        """Take a piece of the stream and return the lines it completes, for `rows`, or for others with `taken`."""
        if self.ended:
            return ""
        data = self._rest + data
        cut = data.rfind(b"\n") + 1
        if not cut:
            if len(data) > LINE_BYTES_MAX:
                raise SqlError("54000", f"COPY line is longer than {LINE_BYTES_MAX} bytes")
            self._rest = data
            return ""
        self._rest = data[cut:]
        return self._text(data[:cut])

    @property
    def in_rows(self) -> bool:
        """Whether the next line is one of data: the header, if there is one, was read."""
        return not self._skip_header

    def taken(self, count: int) -> None:
        """Note that lines were read by others."""
        self.first = self.line
        self.line += count

    def finish(self) -> list[RawRow]:
        """Return the row of a last line that has no newline."""
        rest, self._rest = self._rest, b""
        if not rest or self.ended:
            return []
        return self.rows(self._text(rest + b"\n"))

    def _text(self, data: bytes) -> str:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            bad = " ".join(f"0x{byte:02x}" for byte in data[error.start : error.start + 2][:1])
            raise SqlError("22021", f'invalid byte sequence for encoding "UTF8": {bad}') from None
        if "\0" in text:
            raise SqlError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
        return text

    def rows(self, text: str) -> list[RawRow]:
        """Return the fields of whole lines."""
        raise AssertionError("each form splits lines its own way")


class TextDecoder(LineDecoder):
    """The text form: fields between delimiters, backslash escapes, `\\.` ends the data."""

    def rows(self, text: str) -> list[RawRow]:
        """Return the fields of whole lines."""
        lines = text.split("\n")
        lines.pop()
        if "\r" in text:
            lines = [line.removesuffix("\r") for line in lines]
            if any("\r" in line for line in lines):
                raise SqlError(
                    "22P04", "literal carriage return found in data", hint='Use "\\r" to represent carriage return.'
                )
        if self._skip_header and lines:
            self._skip_header = False
            self.header = list(self._fields(lines[0]))
            del lines[0]
            self.line += 1
        self.first = self.line
        self.line += len(lines)
        delimiter, null = self.options.delimiter, self.options.null
        if "\\" not in text:
            rows: list[RawRow] = [line.split(delimiter) for line in lines]  # type: ignore[misc]  # str fields are Fields
            if null == "\\N":
                return rows
            return [[None if field == null else field for field in row] for row in rows]
        return self._escaped(lines)

    def _escaped(self, lines: list[str]) -> list[RawRow]:
        rows: list[RawRow] = []
        joined = ""
        for number, line in enumerate(lines):
            line = joined + line
            joined = ""
            if line == "\\.":
                self.ended = True
                self.line -= len(lines) - number
                break
            if "\\" not in line:
                rows.append(self._plain(line))
                continue
            if (len(line) - len(line.rstrip("\\"))) % 2:
                joined = line + "\n"
                continue
            rows.append(self._fields(line))
        if joined:
            self._rest = joined.encode() + self._rest
            self.line -= 1
        return rows

    def _plain(self, line: str) -> RawRow:
        null = self.options.null
        return [None if field == null else field for field in line.split(self.options.delimiter)]

    def _fields(self, line: str) -> RawRow:
        delimiter, null = self.options.delimiter, self.options.null
        fields: list[str] = []
        start = position = 0
        while position < len(line):
            if line[position] == "\\":
                position += 2
            elif line[position] == delimiter:
                fields.append(line[start:position])
                position += 1
                start = position
            else:
                position += 1
        fields.append(line[start:])
        return [None if field == null else _unescape(field) for field in fields]


def _unescape(field: str) -> str:
    if "\\" not in field:
        return field
    raw = bytearray()
    last = 0
    for match in _ESCAPE.finditer(field):
        raw += field[last : match.start()].encode()
        octal, hexadecimal, char = match.groups()
        if octal:
            raw.append(int(octal, 8) & 255)
        elif hexadecimal:
            raw.append(int(hexadecimal, 16))
        elif char:
            raw += _LETTERS.get(char, char).encode()
        else:
            raw += b"\\"
        last = match.end()
    raw += field[last:].encode()
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise SqlError("22021", f'invalid byte sequence for encoding "UTF8": 0x{raw[error.start]:02x}') from None


class CsvDecoder(LineDecoder):
    """The csv form: quoted fields may hold delimiters, quotes (escaped) and newlines."""

    def rows(self, text: str) -> list[RawRow]:
        """Return the fields of whole lines."""
        options = self.options
        rows: list[RawRow] = []
        self.first = self.line
        if options.quote not in text and "\\." not in text:
            lines = text.split("\n")
            lines.pop()
            self.line += len(lines)
            null = options.null
            for line in lines:
                fields = line.removesuffix("\r").split(options.delimiter)
                rows.append([None if field == null else field for field in fields])
        else:
            rows = self._quoted(text)
        if self._skip_header and rows:
            self._skip_header = False
            self.header = rows.pop(0)
            self.first += 1 + newlines(self.header)
        return rows

    def _quoted(self, text: str) -> list[RawRow]:
        """Take apart text with quotes; an unfinished quoted field goes back to the rest."""
        rows: list[RawRow] = []
        position = 0
        while position < len(text):
            if text.startswith("\\.\n", position) or text.startswith("\\.\r\n", position):
                self.ended = True
                break
            end, row = self._record(text, position)
            if end < 0:
                self._rest = text[position:].encode() + self._rest
                if len(self._rest) > LINE_BYTES_MAX:
                    raise SqlError("54000", f"COPY line is longer than {LINE_BYTES_MAX} bytes")
                break
            rows.append(row)
            position = end
        self.line += text.count("\n", 0, position)
        return rows

    def finish(self) -> list[RawRow]:
        """Return the row of a last line that has no newline; an open quote is 22P04."""
        rows = super().finish()
        if self._rest:
            raise SqlError("22P04", "unterminated CSV quoted field")
        return rows

    def _record(self, text: str, position: int) -> tuple[int, RawRow]:
        """Return (offset after the record's newline, its fields), or (-1, []) when it is not complete."""
        quote, escape, delimiter, null = (
            self.options.quote, self.options.escape, self.options.delimiter, self.options.null,
        )  # fmt: skip
        row: RawRow = []
        parts: list[str] = []
        was_quoted = False
        size = len(text)
        while position < size:
            char = text[position]
            if char == quote:
                was_quoted = True
                position, piece = _quoted_piece(text, position + 1, quote, escape)
                if position < 0:
                    return -1, []
                parts.append(piece)
                continue
            if char == delimiter or char == "\n" or (char == "\r" and text.startswith("\n", position + 1)):
                field = "".join(parts)
                row.append(None if field == null and not was_quoted else field)
                parts, was_quoted = [], False
                if char != delimiter:
                    return position + (2 if char == "\r" else 1), row
                position += 1
                continue
            parts.append(char)
            position += 1
        return -1, []


def newlines(row: RawRow) -> int:
    """Return how many lines of the stream end inside the quoted fields of a row."""
    return sum(field.count("\n") for field in row if isinstance(field, str))


def _quoted_piece(text: str, position: int, quote: str, escape: str) -> tuple[int, str]:
    """Read from after an opening quote; return (offset after the closing quote or -1, what was inside)."""
    parts: list[str] = []
    start = position
    while True:
        close = text.find(quote, position)
        if escape != quote:
            escaped = text.find(escape, position)
            if escaped >= 0 and (close < 0 or escaped < close) and text[escaped + 1 : escaped + 2] in (quote, escape):
                if escaped + 1 >= len(text):
                    return -1, ""
                parts.append(text[start:escaped] + text[escaped + 1])
                position = start = escaped + 2
                continue
        if close < 0:
            return -1, ""
        if escape == quote and text.startswith(quote, close + 1):
            parts.append(text[start : close + 1])
            position = start = close + 2
            continue
        parts.append(text[start:close])
        return close + 1, "".join(parts)


_SIGNATURE = b"PGCOPY\n\xff\r\n\0"


class BinaryDecoder:
    """The binary form: a signature, then rows of length-prefixed fields, then a field count of -1."""

    def __init__(self, columns: int) -> None:
        self.header: RawRow | None = None
        self.line = self.first = 0
        self.ended = False
        self._rest = b""
        self._started = False
        self._columns = columns

    def feed(self, data: bytes) -> list[RawRow]:
        """Take a piece of the stream and return the rows it completes."""
        data = self._rest + data
        position = 0
        if not self._started:
            position = self._start(data)
            if position < 0:
                self._rest = data
                return []
        rows: list[RawRow] = []
        while not self.ended:
            end, row = self._row(data, position)
            if end < 0:
                break
            position = end
            if row is not None:
                rows.append(row)
        self.first = self.line
        self.line += len(rows)
        self._rest = data[position:]
        if len(self._rest) > LINE_BYTES_MAX:
            raise SqlError("54000", f"COPY row is longer than {LINE_BYTES_MAX} bytes")
        return rows

    def finish(self) -> list[RawRow]:
        """Check that the data ended between two rows."""
        if not self._started:
            raise SqlError("22P04", "COPY file signature not recognized")
        if self._rest and not self.ended:
            raise SqlError("22P04", "unexpected EOF in COPY data")
        return []

    def _start(self, data: bytes) -> int:
        if not _SIGNATURE.startswith(data[:11]):
            raise SqlError("22P04", "COPY file signature not recognized")
        if len(data) < 19:
            return -1
        if int.from_bytes(data[11:15], "big") & 0xFFFF0000:
            raise SqlError("22P04", "unrecognized critical flags in COPY file header")
        extension = int.from_bytes(data[15:19], "big", signed=True)
        if extension < 0 or extension > 1 << 20:
            raise SqlError("22P04", "invalid COPY file header (wrong length)")
        if len(data) < 19 + extension:
            return -1
        self._started = True
        return 19 + extension

    def _row(self, data: bytes, position: int) -> tuple[int, RawRow | None]:
        size = len(data)
        if position + 2 > size:
            return -1, None
        count = int.from_bytes(data[position : position + 2], "big", signed=True)
        position += 2
        if count == -1:
            self.ended = True
            return position, None
        if count != self._columns:
            raise SqlError("22P04", f"row field count is {count}, expected {self._columns}")
        row: RawRow = []
        for _ in range(count):
            if position + 4 > size:
                return -1, None
            length = int.from_bytes(data[position : position + 4], "big", signed=True)
            position += 4
            if length == -1:
                row.append(None)
                continue
            if length < 0 or length > LINE_BYTES_MAX:
                raise SqlError("22P04", "invalid field size")
            if position + length > size:
                return -1, None
            row.append(data[position : position + length])
            position += length
        return position, row
