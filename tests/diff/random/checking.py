"""Whether two answers are the same, as far as SQL says what an answer is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.diff.client import Columns, Item, Report, Rows, Tag

FLOATS = (700, 701)
_ZEROS = re.compile(rb"(\d+\.\d*?)0+(?![\d])")
_POINT = re.compile(rb"(\d+)\.(?!\d)")
_FLOAT = re.compile(rb"-?\d+\.\d{9,}(e[-+]?\d+)?|-?\d\.\d+e[-+]?\d+")
# Whether such an error is met depends on the order of evaluation, which is the server's.
DATA_ERRORS = ("22", "0A000", "2202E")


@dataclass(frozen=True)
class Mismatch:
    """What differs: columns, rows, order, tag or sqlstate. `soft` if SQL leaves it to the server."""

    aspect: str
    ours: str
    theirs: str
    soft: bool = False

    @property
    def kind(self) -> tuple[str, ...]:
        """What must stay the same while a case is made smaller."""
        if self.aspect == "sqlstate":
            return (self.aspect, self.ours.split(" ")[0], self.theirs.split(" ")[0])
        return (self.aspect,)


def error_of(items: Sequence[Item]) -> str:
    """Return `SQLSTATE message` of the error in an answer, or ""."""
    for item in items:
        if isinstance(item, Report) and item.kind == "error":
            fields = dict(item.fields)
            return f"{fields.get('C')} {fields.get('M')}"
    return ""


def _normal(cell: bytes | None) -> bytes | None:
    """Write numbers that are equal in the same way."""
    if cell is None or not cell[:400].isascii():
        return cell

    def rounded(found: re.Match[bytes]) -> bytes:
        return f"{float(found[0]):.9g}".encode()

    text = _FLOAT.sub(rounded, cell)
    return _POINT.sub(rb"\1", _ZEROS.sub(rb"\1", text)).replace(b"-0", b"0")


def _show(rows: Sequence[tuple[bytes | None, ...]], other: Sequence[tuple[bytes | None, ...]]) -> str:
    rest = list(other)
    extra = []
    for row in rows:
        if row in rest:
            rest.remove(row)
        else:
            extra.append(row)
    shown = extra or list(rows)
    lines = ["|".join("NULL" if cell is None else repr(cell)[1:] for cell in row) for row in shown[:6]]
    return f"{len(rows)} rows; " + "; ".join(lines)


def _sortable(row: tuple[bytes | None, ...]) -> tuple[tuple[bool, bytes], ...]:
    return tuple((cell is not None, cell or b"") for cell in row)


def _without_typmods(found: Sequence[Item]) -> list[object]:
    columns = next(item.columns for item in found if isinstance(item, Columns))
    return [(name, oid, size, attribute) for name, oid, _, size, attribute in columns]


def compare(ours: Sequence[Item], theirs: Sequence[Item], ordered: bool, folds: bool = False) -> Mismatch | None:
    """Compare two answers to one statement; if it `folds` to a plainer expression, PostgreSQL says that one's typmods."""
    mine, other = error_of(ours), error_of(theirs)
    if mine[:5] != other[:5]:
        codes = [code[:5] for code in (mine, other) if code]
        soft = all(code.startswith(DATA_ERRORS) for code in codes) or (
            len(codes) == 2 and all(code.startswith("23") for code in codes)
        )
        return Mismatch("sqlstate", mine or "no error", other or "no error", soft)
    if mine:
        return None
    for kind, aspect in ((Columns, "columns"), (Tag, "tag")):
        left, right = ([item for item in items if isinstance(item, kind)] for items in (ours, theirs))
        if left[:1] == right[:1] and len(left) == len(right):  # a portal's typmods are those after folding constants
            continue
        if aspect != "columns" or not folds or _without_typmods(left) != _without_typmods(right):
            return Mismatch(aspect, str(left[:1]), str(right[:1]))
    for left_rows, right_rows in zip(_rows(ours), _rows(theirs), strict=True):
        if left_rows == right_rows:
            continue
        if sorted(left_rows, key=_sortable) == sorted(right_rows, key=_sortable):
            if ordered:
                return Mismatch("order", _all(left_rows), _all(right_rows))
            continue
        normal_left = [tuple(map(_normal, row)) for row in left_rows]
        normal_right = [tuple(map(_normal, row)) for row in right_rows]
        if sorted(normal_left, key=_sortable) != sorted(normal_right, key=_sortable):
            return Mismatch("rows", _show(left_rows, right_rows), _show(right_rows, left_rows))
    return None


def _all(rows: Sequence[tuple[bytes | None, ...]]) -> str:
    return "; ".join("|".join("NULL" if cell is None else repr(cell)[1:] for cell in row) for row in rows[:12])


def _rows(items: Sequence[Item]) -> list[tuple[tuple[bytes | None, ...], ...]]:
    return [item.rows for item in items if isinstance(item, Rows)]
