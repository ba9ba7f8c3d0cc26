"""Golden cases of SQL functions: files `functions/*.txt`, recorded from PostgreSQL 15.

A block is a header with a signature of actual types, then one case a line: arguments, `=>`, the result.

    lpad(text, int4, text) -> text
    'hi', 5, 'xy' => 'xyxhi'
    NULL, 5, 'xy' => NULL

A record's type is written `record:int4:text` and its value `'1:foo'`. A set is several
results separated by blanks (none: `EMPTY`), an error is `!! SQLSTATE message`. An aggregate's header starts
with `agg`, and its rows are separated by `;`. An ordered-set aggregate's direct arguments stand before `within`.
`python tests/sql/function_cases.py DSN FILE…` fills in every result and result type from a PostgreSQL server.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

DIRECTORY = Path(__file__).parent / "functions"
_HEADER = re.compile(r"(agg |distinct )?(\w+)\((.*?)\)(?: -> (.*))?$")
_TOKEN = re.compile(r"\s*(E?'(?:[^']|'')*'|[^,;']+)\s*([,;]|$)")


@dataclass
class Case:
    """One line: `rows` of literals (one row for a plain function), the direct arguments, what is expected."""

    rows: list[list[str | None]]
    direct: list[str | None]
    expected: str
    source: str


@dataclass
class Block:
    """A signature and its cases."""

    name: str
    args: list[str]
    direct_args: list[str]
    result: str
    aggregate: bool
    cases: list[Case] = field(default_factory=list)

    def __str__(self) -> str:
        inner = ", ".join(self.args)
        if self.direct_args:
            inner = ", ".join(self.direct_args) + " within " + inner
        elif self.name == "mode":
            inner = "within " + inner
        return f"{'agg ' if self.aggregate else ''}{self.name}({inner}) -> {self.result}"


def unquote(token: str) -> str | None:
    """Return the text of a literal, None for NULL."""
    token = token.strip()
    if token == "NULL":
        return None
    if token.startswith("E'"):
        text = token[2:-1].replace("''", "'")
        return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], m[1]), text)
    return token[1:-1].replace("''", "'") if token.startswith("'") else token


def quote(text: str | None) -> str:
    """Return a literal that `unquote` reads back, on one line."""
    if text is None:
        return "NULL"
    text = text.replace("'", "''")
    if "\n" in text or "\r" in text or "\t" in text:
        text = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        return f"E'{text}'"
    return f"'{text}'"


def literals(text: str) -> list[list[str | None]]:
    """Split `'a', 1; 'b', 2` into rows of literals."""
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    at = 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match, f"cannot read {text[at:]!r}"
        row.append(unquote(match[1]))
        at = match.end()
        if match[2] != ",":
            rows.append(row)
            row = []
    return rows


def _within(text: str) -> tuple[str, str]:
    """Split off what stands before `within`."""
    found = re.match(r"(.*?)\bwithin\b(.*)", text)
    return (found[1], found[2]) if found else ("", text)


def read(path: Path) -> tuple[str, list[Block]]:
    """Return the comment at the top of the file and its blocks."""
    blocks: list[Block] = []
    comment: list[str] = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            comment.append(line)
            continue
        match = _HEADER.match(line) if " => " not in line and not line.startswith("=>") else None
        if not line.strip():
            continue
        if match:
            direct, inner = _within(match[3])
            split = lambda part: [word.strip() for word in part.split(",") if word.strip()]
            blocks.append(Block(match[2], split(inner), split(direct), match[4] or "", match[1] == "agg "))
            continue
        source, _, expected = line.partition("=>")
        direct, inner = _within(source)
        rows = literals(inner)
        if not blocks[-1].aggregate and not rows:
            rows = [[]]
        blocks[-1].cases.append(Case(rows, (literals(direct) or [[]])[0], expected.strip(), source.strip()))
    return "\n".join(comment), blocks


def write(path: Path, comment: str, blocks: list[Block]) -> None:
    """Write the file back."""
    parts = [comment] if comment else []
    for block in blocks:
        lines = [f"{case.source} => {case.expected}".strip() for case in block.cases]
        parts.append("\n".join([str(block), *lines]))
    path.write_text("\n\n".join(parts) + "\n")


def query_of(block: Block, case: Case) -> tuple[str, str]:
    """Return the query that gives the result rows (is null, text) and one that gives the result type."""

    def typed(value: str | None, kind: str) -> str:
        kind = '"char"' if kind == "char" else kind
        if kind.startswith("record:") and value is not None:
            fields = zip(value.split(":"), kind.split(":")[1:], strict=True)
            return "ROW(" + ", ".join(typed(None if field == "NULL" else field, name) for field, name in fields) + ")"
        if kind.startswith("variadic "):
            return "VARIADIC " + typed(value, kind[9:])
        literal = "NULL" if value is None else "'" + value.replace("'", "''") + "'"
        return literal if kind == "unknown" else f"{literal}::{kind}"

    if block.aggregate:
        names = [f"c{index}" for index in range(len(block.args))]
        rows = [[typed(v, k) for v, k in zip(row, block.args, strict=False)] for row in case.rows]
        values = ", ".join("(" + ", ".join(row) + ")" for row in rows)
        where = ""
        if not case.rows:
            values, where = "(" + ", ".join(f"NULL::{k}" for k in block.args) + ")", " where false"
        source = f"(values {values}) v({', '.join(names)})" if names else f"generate_series(1, {len(case.rows)})"
        direct = ", ".join(typed(v, k) for v, k in zip(case.direct, block.direct_args, strict=True))
        if block.direct_args or block.name == "mode":
            call = f'pg_catalog."{block.name}"({direct}) within group (order by {", ".join(names)})'
        else:
            call = f'pg_catalog."{block.name}"({", ".join(names) or "*"})'
        query = f"select {call} as t from {source}{where}"
        return f"select t is not distinct from null, format('%s', t) from ({query}) q", (
            f"select pg_typeof(t)::oid::regtype::oid from ({query}) q"
        )
    args = ", ".join(typed(v, k) for v, k in zip(case.rows[0], block.args, strict=True))
    call = f'pg_catalog."{block.name}"({args})'
    return (
        f"select t is not distinct from null, format('%s', t) from (select {call} as t) q",
        f"select pg_typeof(t)::oid from (select {call} as t) q",
    )


def record(dsn: str, path: Path) -> None:
    """Fill in the results of a file from the server at `dsn`."""
    import psycopg

    comment, blocks = read(path)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set timezone = 'UTC'")
        for block in blocks:
            for case in block.cases:
                rows_sql, type_sql = query_of(block, case)
                try:
                    rows = connection.execute(rows_sql).fetchall()
                    case.expected = " ".join(quote(None if null else text) for null, text in rows) or "EMPTY"
                    if rows:
                        kind = connection.execute(f"select typname from pg_type where oid = ({type_sql} limit 1)")
                        block.result = kind.fetchall()[0][0]
                except psycopg.Error as error:
                    message = error.diag.message_primary or ""
                    assert error.diag.sqlstate != "42883" and (
                        "jsonpath" in message or "syntax error" not in message
                    ), f"{rows_sql}: {error}"
                    case.expected = f"!! {error.diag.sqlstate} {message}"
    write(path, comment, blocks)


if __name__ == "__main__":
    for name in sys.argv[2:]:
        record(sys.argv[1], Path(name))
