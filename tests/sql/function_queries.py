"""Queries whose functions need more than their arguments: records, aggregates in order, sets in FROM, VARIADIC.

`function_queries.txt` holds blocks of a query, `----` and its rows, recorded from PostgreSQL 15:
`python tests/sql/function_queries.py DSN` records them again. Columns are separated by ` | `.
"""

from __future__ import annotations

import sys
from pathlib import Path

PATH = Path(__file__).parent / "function_queries.txt"
SETUP = (
    "CREATE TABLE emp (id int PRIMARY KEY, name text NOT NULL, pay numeric(10,2), tags text[], at timestamptz, j jsonb)",
    "INSERT INTO emp VALUES (1, 'ann', 10.50, '{a,b}', '2020-01-01 12:00+00', '{\"k\":[1,2]}'),"
    " (2, 'bob', NULL, NULL, NULL, NULL), (3, 'cy', 7, '{}', '2021-05-05 01:00+00', '{}')",
)


def read() -> list[tuple[str, str]]:
    """Return (query, expected output) of each block."""
    blocks = []
    for block in PATH.read_text().strip().split("\n\n"):
        query, _, rows = block.partition("\n----\n")
        blocks.append((query, rows))
    return blocks


def shown(rows: list[list[str | None]]) -> str:
    """Return rows as text."""
    return "\n".join(" | ".join("NULL" if item is None else item for item in row) for row in rows) or "(no rows)"


def record(dsn: str) -> None:
    """Fill in all outputs from the server at `dsn`."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute("DROP TABLE IF EXISTS emp")
        for statement in SETUP:
            connection.execute(sql.SQL(statement))  # type: ignore[arg-type]  # a constant of this file
        out = []
        for query, _ in read():
            try:
                result = connection.pgconn.exec_(query.encode())
                if result.error_message:
                    state = result.error_field(ord("C")) or b""
                    message = result.error_field(ord("M")) or b""
                    text = f"!! {state.decode()} {message.decode()}"
                else:
                    rows = [
                        [None if (v := result.get_value(r, c)) is None else v.decode() for c in range(result.nfields)]
                        for r in range(result.ntuples)
                    ]
                    text = shown(rows)
            except psycopg.Error as error:
                text = f"!! {error}"
            out.append(f"{query}\n----\n{text}")
        PATH.write_text("\n\n".join(out) + "\n")


if __name__ == "__main__":
    record(sys.argv[1])
