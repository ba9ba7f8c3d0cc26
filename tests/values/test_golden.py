"""Every golden case gives PostgreSQL's answer: values, texts, binary forms, errors and their details."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.support import oracle
from tests.values.golden import HERE, compute, golden_lines, line_of, recorded
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


@pytest.fixture(scope="module")
def postgresql() -> Iterator[psycopg.Connection]:
    try:
        with oracle.running() as found, psycopg.connect(found.url, autocommit=True) as connection:
            yield connection
    except oracle.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("name", FILES)
def test_postgresql_still_answers_as_recorded(name: str, postgresql: psycopg.Connection) -> None:
    for case, answer in golden_lines(HERE / f"{name}.txt"):
        assert recorded(postgresql, case) == answer
