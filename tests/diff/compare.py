"""What counts as a difference between two answers, and which differences are known.

An answer is flattened to (aspect, value) pairs, so that a difference can be named and allowed: columns, rows, tag,
severity, sqlstate, message, detail, hint, position, ..., status. OIDs of what users made differ by nature: they are masked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.diff.client import Columns, Item, Ready, Report, Rows, Tag, Told
from tests.diff.statements import Statement

KNOWN = Path(__file__).parent / "known_differences.txt"
FIRST_USER_OID = 16384
OIDS = frozenset({24, 26, 2202, 2203, 2204, 2205, 2206, 4089, 4096})  # oid, and the types that name objects
ASPECTS = {
    "S": "severity",
    "V": "severity",
    "C": "sqlstate",
    "M": "message",
    "D": "detail",
    "H": "hint",
    "P": "position",
    "s": "schema",
    "t": "table",
    "c": "column",
    "d": "datatype",
    "n": "constraint",
}

Aspect = tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """One aspect of one statement that differs. `mode` is simple, again, text or binary."""

    file: str
    statement: Statement
    mode: str
    aspect: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        head = f"{self.file}:{self.statement.line} [{self.mode}] {self.statement.sql}"
        return f"{head}\n    {self.aspect}\n      rustydb:    {self.ours}\n      postgresql: {self.theirs}"


@dataclass(frozen=True)
class Known:
    """A line of known_differences.txt."""

    file: str
    fragment: str
    aspects: frozenset[str]
    reason: str

    def covers(self, difference: Difference) -> bool:
        """Whether the difference is this one."""
        return (
            self.file in ("*", difference.file)
            and self.fragment in difference.statement.sql
            and (difference.aspect in self.aspects or "*" in self.aspects)
        )


def read_known() -> list[Known]:
    """Read the known differences: `file ## part of the statement ## aspects ## reason`."""
    found = []
    for line in KNOWN.read_text().splitlines():
        if line and not line.startswith("#"):
            file, fragment, aspects, reason = line.split(" ## ")
            found.append(Known(file.strip(), fragment.strip(), frozenset(aspects.split()), reason.strip()))
    return found


def _mask(value: int) -> str:
    return "user" if value >= FIRST_USER_OID else str(value)


def _cell(value: bytes | None, is_oid: bool) -> str:
    if value is None:
        return "NULL"
    if is_oid:
        if value.isdigit() and int(value) >= FIRST_USER_OID:
            return "<oid>"
        if len(value) == 4 and int.from_bytes(value, "big") >= FIRST_USER_OID:
            return "<oid>"
    try:
        return repr(value.decode())
    except UnicodeDecodeError:
        return value.hex()


def _described(item: Columns) -> str:
    return ", ".join(
        f"{name}:{_mask(oid)}({typmod}) size {size} att {attribute}"
        for name, oid, typmod, size, attribute in item.columns
    )


def flatten(items: Sequence[Item], ordered: bool) -> list[Aspect]:
    """Turn an answer into (aspect, value) pairs.

    The columns of a statement that fails are left out: PostgreSQL sends them before an error that comes from a row, and
    not before one that it met while planning, by folding constants.
    """
    aspects: list[Aspect] = []
    oids: list[bool] = []
    for place, item in enumerate(items):
        match item:
            case Columns():
                oids = [column[1] in OIDS for column in item.columns]
                following = next((found for found in items[place:] if not isinstance(found, Columns)), None)
                if isinstance(following, Report) and following.kind == "error":
                    continue
                aspects.append(("columns", _described(item)))
            case Rows():
                width = [*oids, *[False] * 2000]
                lines = ["|".join(_cell(v, width[i]) for i, v in enumerate(row)) for row in item.rows]
                aspects.append(("rows", "\n        ".join(lines if ordered else sorted(lines))))
            case Tag():
                aspects.append(("tag", item.tag))
            case Report():
                aspects += [(ASPECTS.get(key, key), f"{item.kind} {value}") for key, value in item.fields if key != "S"]
            case Told():
                aspects.append(("notification", f"{item.channel} {item.payload!r}"))
            case Ready():
                aspects.append(("status", item.status))
    return aspects


def compare(
    file: str, statement: Statement, mode: str, ours: Sequence[Item], theirs: Sequence[Item]
) -> Difference | None:
    """Return the first difference of two answers, or None. The SQLSTATE is the first to be looked at."""
    mine, other = flatten(ours, statement.ordered), flatten(theirs, statement.ordered)
    if mine == other:
        return None
    mine_codes = [value for aspect, value in mine if aspect == "sqlstate"]
    other_codes = [value for aspect, value in other if aspect == "sqlstate"]
    if mine_codes != other_codes:
        return Difference(file, statement, mode, "sqlstate", _brief(mine), _brief(other))
    for (aspect, value), (their_aspect, their_value) in zip(mine, other, strict=False):
        if (aspect, value) != (their_aspect, their_value):
            name = their_aspect if aspect == their_aspect or their_aspect not in dict(mine) else aspect
            return Difference(file, statement, mode, name, f"{aspect} {value}", f"{their_aspect} {their_value}")
    return Difference(file, statement, mode, "items", _brief(mine), _brief(other))


def _brief(aspects: Sequence[Aspect]) -> str:
    parts = [f"{aspect}={value}" for aspect, value in aspects if aspect not in ("severity", "status")]
    return "; ".join(parts)[:600]
