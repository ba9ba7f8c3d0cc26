"""Golden scripts: statements with the answers that PostgreSQL 15 gave.

    select a, b from t;
    ----
    a int4 | b text
    1 | x
    2 | ~
    SELECT 2

Blocks are separated by empty lines; `~` is NULL. An error is `ERROR 23505 message`, then `DETAIL …`. Run

    python -m tests.exec.golden_script "host=127.0.0.1 port=5432 user=postgres dbname=scratch" tests/exec/golden/*.txt

to record the answers of a server again (it empties the schema public of that database).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.result import codec_of
from rustydb_engine.values.forms import DEFAULT_FORMS
from rustydb_engine.values.types import BY_OID
from tests.support.local import Local


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (statement, answer) of a script; the answer is "" where none was recorded."""
    for block in path.read_text().split("\n\n"):
        lines = [line for line in block.strip("\n").split("\n") if not line.startswith("--") or line == "----"]
        if not any(lines):
            continue
        place = lines.index("----") if "----" in lines else len(lines)
        yield "\n".join(lines[:place]).rstrip(";"), "\n".join(lines[place + 1 :])


def answer(db: Local, sql: str) -> str:
    """Return our answer to a statement, in the form of a script."""
    try:
        rows = db.run(sql)
    except SqlError as error:
        return error_text(error.sqlstate, error.message, error.detail)
    columns = db.columns
    head = " | ".join([f"{column.name} {column.type.name}" for column in columns])
    lines = [head] if columns else []
    for row in rows:
        shown = [
            "~" if item is None else codec_of(column).output(item, DEFAULT_FORMS)
            for item, column in zip(row, columns, strict=True)
        ]
        lines.append(" | ".join(shown))
    if db.tag:
        lines.append(db.tag)
    return "\n".join(lines)


def error_text(sqlstate: str | None, message: str | None, detail: str | None) -> str:
    return f"ERROR {sqlstate} {message}" + (f"\nDETAIL {detail}" if detail else "")


def record(server: str, paths: list[str]) -> None:
    """Write the answers of a PostgreSQL server into scripts."""
    import psycopg
    from psycopg.pq import DiagnosticField

    with psycopg.connect(server, autocommit=True) as connection:
        pg = connection.pgconn
        for name in paths:
            pg.exec_(b"drop schema public cascade; create schema public; set timezone = 'UTC'")
            made: list[str] = []
            for sql, _ in blocks(Path(name)):
                result = pg.exec_(sql.encode())
                if result.status in (1, 2):
                    columns = range(result.nfields)
                    head = " | ".join([
                        f"{(result.fname(i) or b'').decode()} {BY_OID[result.ftype(i)].name}" for i in columns
                    ])  # fmt: skip
                    lines = [head] if result.nfields else []
                    for row in range(result.ntuples):
                        items = [result.get_value(row, column) for column in columns]
                        lines.append(" | ".join(["~" if item is None else item.decode() for item in items]))
                    lines.append((result.command_status or b"").decode())
                    text = "\n".join(lines)
                else:
                    fields = [
                        (result.error_field(field) or b"").decode()
                        for field in (
                            DiagnosticField.SQLSTATE, DiagnosticField.MESSAGE_PRIMARY, DiagnosticField.MESSAGE_DETAIL,
                        )
                    ]  # fmt: skip
                    text = error_text(fields[0], fields[1], fields[2])
                made.append(f"{sql};\n----\n{text}")
            Path(name).write_text("\n\n".join(made) + "\n")


if __name__ == "__main__":
    record(sys.argv[1], sys.argv[2:])
