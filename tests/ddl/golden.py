"""Golden scripts: statements with what PostgreSQL 15 answered, and how an answer is written down.

    > create table t (a int, a int)
    ERROR 42701: column "a" specified more than once
    > drop table if exists nosuch
    NOTICE 00000: table "nosuch" does not exist, skipping
    DROP TABLE

Details and hints follow as DETAIL: and HINT:, a position as `@ 17` behind the code. Rows are written with `|` between columns.
`record.py` writes the answers of a running PostgreSQL into the scripts; the tests compare those of this server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Case:
    """A statement, its line in the script, and the lines that PostgreSQL answered."""

    line: int
    sql: str
    answer: tuple[str, ...]


def read(path: Path) -> list[Case]:
    """Return the cases of a script; lines before the first statement are its comment."""
    cases: list[Case] = []
    sql: list[str] = []
    answer: list[str] = []
    start = 0
    for number, line in enumerate((*path.read_text().split("\n"), "> "), 1):
        if line.startswith("> "):
            if sql:
                cases.append(Case(start, "\n".join(sql), tuple(answer)))
            sql, answer, start = [line[2:]], [], number
        elif line.startswith("- ") and sql and not answer:
            sql.append(line[2:])
        elif sql and line:
            answer.append(line)
    return cases


def comment(path: Path) -> str:
    """Return what stands before the first statement."""
    return path.read_text().split("> ", 1)[0]


def message(
    severity: str, code: str, text: str, detail: str | None, hint: str | None, position: int | None = None
) -> list[str]:
    """Return the lines of an error or notice; `position` counts from 1."""
    at = f" @ {position}" if position else ""
    lines = [f"{severity} {code}{at}: {text}"]
    if detail:
        lines += [f"DETAIL: {part}" for part in detail.split("\n")]
    if hint:
        lines.append(f"HINT: {hint}")
    return lines


def rows(table: Sequence[Sequence[str | None]]) -> Iterator[str]:
    """Yield the lines of a result."""
    for row in table:
        text = "|".join("NULL" if item is None else item for item in row)
        yield text.replace("\n", "\\n") or "(empty)"
