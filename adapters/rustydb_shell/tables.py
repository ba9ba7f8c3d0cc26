"""Results as text: aligned and expanded tables by psql's rules, unaligned, CSV, JSON.

Cells are the texts that the server sent (None is NULL), so numbers and dates look as PostgreSQL prints them. In aligned form, columns of
numbers are right-aligned, the others left; headers are centred; the last column of a row is not padded; a cell of several lines
goes on in the lines below, each line that goes on is marked `+`. Width is counted in terminal columns: combining characters are 0, wide ones 2.

    aligned(["id", "name"], [20, 25], [("1", "Ann")])        id | name
                                                             ----+------
                                                               1 | Ann
                                                             (1 row)
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

Cell = str | None
Cells = Sequence[Cell]

# int8 int2 int4 oid xid cid float4 float8 money numeric xid8: psql's column_type_alignment.
RIGHT_ALIGNED: Final = frozenset((20, 21, 23, 26, 28, 29, 700, 701, 790, 1700, 5069))
_JSON_NUMBERS: Final = frozenset((20, 21, 23, 26, 700, 701, 1700))
FORMATS: Final = ("aligned", "unaligned", "csv", "json")


@dataclass
class Style:
    """How results are shown: what the \\pset command sets."""

    format: str = "aligned"
    expanded: str = "off"  # on, off, auto
    null: str = ""
    tuples_only: bool = False
    field_separator: str = "|"
    width: int = 0  # of the terminal, for auto; 0 is unlimited


def render(names: Sequence[str], oids: Sequence[int], rows: Sequence[Cells], style: Style, title: str = "") -> str:
    """Return a result as text, with its last line ended."""
    if style.format == "csv":
        return _csv(names, rows, style)
    if style.format == "json":
        return _json(names, oids, rows)
    if style.format == "unaligned":
        return _unaligned(names, rows, style, title)
    if style.expanded == "on":
        return _expanded(names, rows, style, title)
    text = _aligned(names, oids, rows, style, title)
    if style.expanded == "auto" and style.width and any(width(line) > style.width for line in text.split("\n")):
        return _expanded(names, rows, style, title)
    return text


def width(text: str) -> int:
    """Return how many terminal columns a text takes."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _lines(cell: Cell, style: Style) -> list[str]:
    """Return the lines of a cell, control characters made visible as psql does."""
    text = style.null if cell is None else cell
    return [_visible(line) for line in text.split("\n")]


def _visible(line: str) -> str:
    if line.isprintable():
        return line
    parts: list[str] = []
    used = 0
    for char in line:
        if char == "\t":  # to the next multiple of eight, as in psql
            piece = " " * (8 - used % 8)
        elif char == "\r":
            piece = "\\r"
        elif ord(char) < 32 or ord(char) == 127:
            piece = f"\\x{ord(char):02X}"
        else:
            piece = char
        parts.append(piece)
        used += width(piece)
    return "".join(parts)


def _pad(text: str, size: int, right: bool) -> str:
    space = " " * (size - width(text))
    return space + text if right else text + space


def _aligned(names: Sequence[str], oids: Sequence[int], rows: Sequence[Cells], style: Style, title: str) -> str:
    cells = [[_lines(cell, style) for cell in row] for row in rows]
    headers = [_lines(name, style) for name in names]
    widths = [
        max([width(line) for line in headers[place]] + [width(line) for row in cells for line in row[place]])
        for place in range(len(names))
    ]
    out: list[str] = []
    if title and not style.tuples_only:
        total = sum(widths) + 3 * len(widths) - 1
        out.append(" " * max((total - width(title)) // 2, 0) + title)
    if not style.tuples_only:
        out += _header(headers, widths)
        out.append("+".join("-" * (size + 2) for size in widths))
    for row in cells:
        out += _row(row, widths, oids)
    if not style.tuples_only:
        out.append(f"({len(rows)} row{'' if len(rows) == 1 else 's'})")
    return "\n".join(out) + ("\n\n" if out else "\n")


def _header(headers: Sequence[list[str]], widths: Sequence[int]) -> list[str]:
    height = max((len(lines) for lines in headers), default=1)
    out = []
    for number in range(height):
        parts = []
        for lines, size in zip(headers, widths, strict=True):
            text = lines[number] if number < len(lines) else ""
            space = size - width(text)
            mark = "+" if number + 1 < len(lines) else " "
            parts.append(" " * (space // 2) + text + " " * (space - space // 2) + mark)
        out.append(" " + "| ".join(parts))
    return out


def _row(cells: Sequence[list[str]], widths: Sequence[int], oids: Sequence[int]) -> list[str]:
    height = max((len(lines) for lines in cells), default=1)
    out = []
    last = len(cells) - 1
    for number in range(height):
        parts = []
        for place, (lines, size) in enumerate(zip(cells, widths, strict=True)):
            text = lines[number] if number < len(lines) else ""
            goes_on = number + 1 < len(lines)
            right = oids[place] in RIGHT_ALIGNED
            if place < last or goes_on or right:
                text = _pad(text, size, right)
            parts.append(text + ("+" if goes_on else " " if place < last else ""))
        out.append(" " + "| ".join(parts))
    return out


def _expanded(names: Sequence[str], rows: Sequence[Cells], style: Style, title: str) -> str:
    if not rows:
        return "(0 rows)\n\n" if not style.tuples_only else "\n"
    headers = [_lines(name, style) for name in names]
    name_width = max((width(line) for lines in headers for line in lines), default=0)
    cells = [[_lines(cell, style) for cell in row] for row in rows]
    value_width = max((width(line) for row in cells for lines in row for line in lines), default=0)
    out = [title] if title and not style.tuples_only else []
    for number, row in enumerate(cells, 1):
        if number > 1 or not style.tuples_only:
            out.append(_record_line(number, name_width, value_width, style))
        for lines, values in zip(headers, row, strict=True):
            out += _record_cell(lines, values, name_width, value_width)
    return "\n".join(out) + "\n\n"


def _record_line(number: int, name_width: int, value_width: int, style: Style) -> str:
    if style.tuples_only:
        return "-" * (name_width + 1) + "+" + "-" * (value_width + 1)
    label = f"-[ RECORD {number} ]"
    rest = name_width + 1 - len(label)
    if rest > 0:
        return label + "-" * rest + "+" + "-" * (value_width + 1)
    if rest == 0:
        return label + "+" + "-" * (value_width + 1)
    return label + "-" * max(name_width + value_width + 3 - len(label), 0)


def _record_cell(names: list[str], values: list[str], name_width: int, value_width: int) -> list[str]:
    height = max(len(names), len(values))
    out = []
    for number in range(height):
        name = names[number] if number < len(names) else ""
        name_mark = "+" if number + 1 < len(names) else " "
        line = _pad(name, name_width, False) + name_mark + "|"
        if number < len(values):
            goes_on = number + 1 < len(values)
            line += " " + (_pad(values[number], value_width, False) + "+" if goes_on else values[number])
        out.append(line)
    return out


def _unaligned(names: Sequence[str], rows: Sequence[Cells], style: Style, title: str) -> str:
    separator = style.field_separator
    shown = [[style.null if cell is None else cell for cell in row] for row in rows]
    if style.expanded == "on":
        records = [
            "\n".join(f"{name}{separator}{cell}" for name, cell in zip(names, row, strict=True)) for row in shown
        ]
        return "\n\n".join(records) + "\n" if records else ""
    out = [] if style.tuples_only else ([title] if title else []) + [separator.join(names)]
    out += [separator.join(row) for row in shown]
    if not style.tuples_only:
        out.append(f"({len(rows)} row{'' if len(rows) == 1 else 's'})")
    return "\n".join(out) + "\n" if out else ""


def _csv(names: Sequence[str], rows: Sequence[Cells], style: Style) -> str:
    shown = [[style.null if cell is None else _quoted(cell) for cell in row] for row in rows]
    header = [_quoted(name) for name in names]
    if style.expanded == "on":
        lines = [f"{name},{cell}" for row in shown for name, cell in zip(header, row, strict=True)]
    else:
        lines = [",".join(row) for row in (shown if style.tuples_only else [header, *shown])]
    return "\n".join(lines) + "\n" if lines else ""


def _quoted(text: str) -> str:
    """Return a field of CSV; `\\.` alone is quoted, too, for COPY would take it for the end."""
    if text == "\\." or any(char in text for char in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _json(names: Sequence[str], oids: Sequence[int], rows: Sequence[Cells]) -> str:
    """One array of objects, a row each; numbers, booleans and json as themselves, everything else as text."""
    if not rows:
        return "[]\n"
    lines = []
    for row in rows:
        pairs = (
            f"{json.dumps(name, ensure_ascii=False)}: {_json_cell(oid, cell)}"
            for name, oid, cell in zip(names, oids, row, strict=True)
        )
        lines.append("{" + ", ".join(pairs) + "}")
    return "[" + ",\n ".join(lines) + "]\n"


def _json_cell(oid: int, cell: Cell) -> str:
    if cell is None:
        return "null"
    if oid == 16:
        return "true" if cell == "t" else "false"
    if oid in _JSON_NUMBERS and Decimal(cell).is_finite():
        # The text is the number, digit by digit; only a leading point or plus would not be JSON's.
        return cell
    if oid in (114, 3802):
        return cell
    return json.dumps(cell, ensure_ascii=False)
