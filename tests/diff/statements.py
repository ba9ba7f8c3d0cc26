"""Statement files: what they say and how they are read.

A statement ends with the line that ends with `;`. After `COPY ... FROM STDIN` its data follows up to a line `\\.`.
A line that starts with `--` is a remark, or a direction for what follows:

    -- session b                    the following statements run in session b; a file begins in session a
    -- each T: int2 | int4 | int8   run the next statement once for each value, written {T}; several lines multiply
    -- let OID = select ...         run a query on each side; {OID} is its first value from here on, each side has its own
    -- bind: 1 | abc | NULL        run the next statement by the extended protocol with these parameters, as text
    -- unordered                    compare the rows of the next statement as a multiset although it says ORDER BY
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "statements"
_COPY_IN = re.compile(r"copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)
_ORDERED = re.compile(r"\border\s+by\b", re.IGNORECASE)
_INNERMOST = re.compile(r"'[^']*'|\([^()']*\)")


@dataclass(frozen=True)
class Statement:
    """One statement of a file. `let` is the variable that its first value is kept in, or ""."""

    line: int
    session: str
    sql: str
    copy_data: bytes | None = None
    ordered: bool = False
    let: str = ""
    values: tuple[bytes | None, ...] | None = None


class _Reader:
    """The directions that are in force while a file is read."""

    def __init__(self) -> None:
        self.session = "a"
        self.unordered = False
        self.values: tuple[bytes | None, ...] | None = None
        self.each: list[tuple[str, list[str]]] = []

    def direction(self, number: int, text: str) -> Iterator[Statement]:
        word, _, rest = text.removeprefix("--").strip().partition(" ")
        if word == "session":
            self.session = rest.strip()
        elif word == "unordered":
            self.unordered = True
        elif word == "bind:":
            bound = [value.strip() for value in rest.split(" | ")] if rest.strip() else []
            self.values = tuple(None if value == "NULL" else value.encode() for value in bound)
        elif word == "each":
            name, _, values = rest.partition(":")
            self.each.append((name.strip(), [value.strip() for value in values.split(" | ")]))
        elif word == "let":
            name, _, query = rest.partition("=")
            yield Statement(number, self.session, query.strip(), let=name.strip())

    def expand(self, number: int, sql: str, copy_data: bytes | None) -> Iterator[Statement]:
        ordered = not self.unordered and is_ordered(sql)
        names = [name for name, _ in self.each]
        for values in itertools.product(*(values for _, values in self.each)):
            text = sql
            for name, value in zip(names, values, strict=True):
                text = text.replace("{" + name + "}", value)
            yield Statement(number, self.session, text, copy_data, ordered, values=self.values)
        self.values = None
        self.each = []
        self.unordered = False


@dataclass(frozen=True)
class Source:
    """A named list of statements."""

    name: str
    statements: list[Statement]


def read(path: Path) -> Source:
    """Read a statement file."""
    return Source(path.name, list(_read(path)))


def _read(path: Path) -> Iterator[Statement]:
    reader = _Reader()
    lines = enumerate(path.read_text().splitlines(), 1)
    pending: list[str] = []
    start = 0
    for number, line in lines:
        if not pending:
            start = number
            if line.startswith("--"):
                yield from reader.direction(number, line)
                continue
            if not line.strip():
                continue
        pending.append(line)
        if not line.rstrip().endswith(";"):
            continue
        sql = "\n".join(pending).rstrip()
        pending = []
        copy_data = None
        if _COPY_IN.match(sql):
            data = itertools.takewhile(lambda numbered: numbered[1] != "\\.", lines)
            copy_data = "".join(f"{text}\n" for _, text in data).encode()
        yield from reader.expand(start, sql, copy_data)
    assert not pending, f"{path.name}:{start}: no line ends this statement with ;"


def is_ordered(sql: str) -> bool:
    """Whether a statement has an ORDER BY of its own, outside of all parentheses."""
    while (shorter := _INNERMOST.sub("", sql)) != sql:
        sql = shorter
    return _ORDERED.search(sql) is not None


def generated(name: str, texts: Iterable[str]) -> Source:
    """Return statements that were made by a generator, one a line."""
    made = [Statement(n, "a", text, ordered=is_ordered(text)) for n, text in enumerate(texts, 1)]
    return Source(name, made)


def files() -> list[Path]:
    """Return the statement files, in order."""
    return sorted(FOLDER.glob("*.sql"))
