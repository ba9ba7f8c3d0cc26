"""Queries and changes answer as PostgreSQL 15 did when the scripts in golden/ were recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exec.golden_script import answer, blocks
from tests.support.local import Local

SCRIPTS = sorted((Path(__file__).parent / "golden").glob("*.txt"))


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_answers_are_those_of_postgresql(path: Path) -> None:
    db = Local()
    differences: list[str] = []
    for sql, expected in blocks(path):
        got = answer(db, sql)
        ordered = "order by" in sql or sorted(got.split("\n")) != sorted(expected.split("\n"))
        if got != expected and ordered:
            differences.append(f"{sql}\n  expected:\n{expected}\n  got:\n{got}")
    assert not differences, "\n\n".join(differences)
