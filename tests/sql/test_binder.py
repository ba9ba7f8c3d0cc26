"""The binder says of a statement what PostgreSQL 15 says: the golden cases in binder/*.txt (see binder_cases)."""

from __future__ import annotations

from pathlib import Path

import pytest
from binder_cases import BINDER, catalog_of_cases, our_answer, read

CATALOG = catalog_of_cases()


@pytest.mark.parametrize("path", sorted(BINDER.glob("*.txt")), ids=lambda path: path.stem)
def test_columns_types_and_errors_are_those_of_postgresql(path: Path) -> None:
    different = []
    for sql, expected in read(path):
        answer = our_answer(CATALOG, sql)
        if answer != expected:
            different.append(f"{sql}\n  expected {expected}\n  answered {answer}")
    assert not different, "\n".join(different)
