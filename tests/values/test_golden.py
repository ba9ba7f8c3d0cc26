"""Every golden case gives PostgreSQL's answer: values, texts, binary forms, errors and their details."""

from __future__ import annotations

import os

import pytest

from tests.values.golden import HERE, compute, golden_lines, line_of
from tests.values.operator_cases import FILES


@pytest.mark.parametrize("name", FILES)
def test_answers_are_those_that_were_recorded_from_postgresql(name: str) -> None:
    wrong = []
    for case, answer in golden_lines(HERE / f"{name}.txt"):
        ours = compute(case)
        if ours != answer:
            wrong.append(f"{line_of(case, answer)}\n    ours: {ours}")
    assert not wrong, f"{len(wrong)} cases differ:\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("name", FILES)
def test_the_golden_files_hold_the_cases_of_the_lists(name: str) -> None:
    assert [case for case, _ in golden_lines(HERE / f"{name}.txt")] == list(FILES[name]())


@pytest.mark.skipif("RUSTYDB_TEST_POSTGRES" not in os.environ, reason="RUSTYDB_TEST_POSTGRES names no PostgreSQL 15")
@pytest.mark.parametrize("name", FILES)
def test_postgresql_still_answers_as_recorded(name: str) -> None:
    import psycopg

    from tests.values.golden import recorded

    with psycopg.connect(os.environ["RUSTYDB_TEST_POSTGRES"], autocommit=True) as connection:
        for case, answer in golden_lines(HERE / f"{name}.txt"):
            assert recorded(connection, case) == answer
