"""The examples of docs/python-client.md run against a real server, in the order in which they stand there."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from pathlib import Path

import pytest
import rustydb

from tests.support import server

PAGE = Path(__file__).parents[2] / "docs" / "python-client.md"
SCHEMA = (
    "CREATE TABLE users (id serial PRIMARY KEY, name text, age int)",
    "CREATE TABLE huge_table (n int)",
    "INSERT INTO users (name, age) VALUES ('Ann', 30), ('Bob', 7)",
    "INSERT INTO huge_table SELECT * FROM generate_series(1, 2500)",
)


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_examples_of_the_guide_run() -> None:
    pytest.importorskip("anyio")
    with server.running(":memory:") as running:
        with rustydb.connect(host="127.0.0.1", port=running.port, password="admin") as client:
            for sql in SCHEMA:
                client.execute(sql)
            names: dict[str, object] = {"client": client, "rustydb": rustydb}
            out = io.StringIO()
            ran = 0
            for block in blocks():
                if "for change in changes" in block:
                    continue  # waits for others for ever
                code = block.replace(":5432", f":{running.port}")
                with contextlib.redirect_stdout(out):
                    _run(code, names)
                if "client.close()" in code:
                    names["client"] = client
                ran += 1
            assert ran == 6
            assert "1 Ann\n" in out.getvalue() and "Row(n=2500)" in out.getvalue()
            assert client.query("SELECT count(*) FROM users WHERE name = 'Alice'").scalar() == 2


def _run(code: str, names: dict[str, object]) -> None:
    if "async " not in code:
        exec(compile(code, str(PAGE), "exec"), names)
        return
    import anyio

    source = "async def main():\n" + "".join(f"    {line}\n" for line in code.splitlines())
    made: dict[str, object] = {"rustydb": rustydb}
    exec(compile(source, str(PAGE), "exec"), made)
    main = made["main"]
    assert inspect.iscoroutinefunction(main)
    anyio.run(main)
