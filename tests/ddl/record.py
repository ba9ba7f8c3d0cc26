"""Write PostgreSQL's answers into the golden scripts.

    python -m tests.ddl.record postgresql://postgres@127.0.0.1/postgres [script …]

Each script runs in a fresh database, which is dropped afterwards.
"""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg

from tests.ddl import golden


def answers(url: str, statements: list[str]) -> list[list[str]]:
    """Return the answer of PostgreSQL to each statement."""
    with psycopg.connect(url, autocommit=True) as control:
        control.execute("DROP DATABASE IF EXISTS rustydb_golden")
        control.execute("CREATE DATABASE rustydb_golden")
    target = psycopg.conninfo.make_conninfo(url, dbname="rustydb_golden")
    collected: list[list[str]] = []
    with psycopg.connect(target, autocommit=True) as connection:
        notices: list[str] = []

        def notice(diagnostic: psycopg.errors.Diagnostic) -> None:
            notices.extend(
                golden.message(
                    str(diagnostic.severity_nonlocalized),
                    str(diagnostic.sqlstate),
                    str(diagnostic.message_primary),
                    diagnostic.message_detail,
                    diagnostic.message_hint,
                )
            )

        connection.add_notice_handler(notice)
        for sql in statements:
            notices.clear()
            try:
                result = connection.pgconn.exec_(sql.encode())
                lines = list(_lines(result))
            except psycopg.Error as error:
                lines = [f"ERROR {error}"]
            collected.append([*notices, *lines])
    with psycopg.connect(url, autocommit=True) as control:
        control.execute("DROP DATABASE rustydb_golden")
    return collected


def _lines(result: psycopg.pq.abc.PGresult) -> list[str]:
    fields = psycopg.pq.DiagnosticField

    def text(field: psycopg.pq.DiagnosticField) -> str | None:
        found = result.error_field(field)
        return found.decode() if found is not None else None

    if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
        position = text(fields.STATEMENT_POSITION)
        return golden.message(
            "ERROR",
            text(fields.SQLSTATE) or "",
            text(fields.MESSAGE_PRIMARY) or "",
            text(fields.MESSAGE_DETAIL),
            text(fields.MESSAGE_HINT),
            int(position) if position else None,
        )
    table = [
        [None if (item := result.get_value(row, column)) is None else item.decode() for column in range(result.nfields)]
        for row in range(result.ntuples)
    ]
    tag = (result.command_status or b"").decode()
    return [*golden.rows(table), tag]


def main(url: str, names: list[str]) -> None:
    """Rewrite the scripts."""
    paths = [Path(name) for name in names] or sorted(golden.FOLDER.glob("*.txt"))
    for path in paths:
        cases = golden.read(path)
        answered = answers(url, [case.sql for case in cases])
        text = golden.comment(path)
        for case, lines in zip(cases, answered, strict=True):
            first, *rest = case.sql.split("\n")
            text += "\n".join([f"> {first}", *(f"- {line}" for line in rest), *lines]) + "\n"
        path.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
