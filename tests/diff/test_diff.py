"""Each statement file gets the same answers from RustyDB as from PostgreSQL 15, but for the known differences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.diff.compare import read_known
from tests.diff.generated import statements
from tests.diff.histories import history
from tests.diff.runner import Pair, both
from tests.diff.statements import files, generated, read
from tests.support import oracle

SHOWN = 10
SEEDS = (1, 2)
QUERIES = 150


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    try:
        with both() as servers:
            yield servers
    except oracle.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_answers_are_those_of_postgresql(pair: Pair, path: Path) -> None:
    known = read_known()
    differences = (d for d in pair.run(read(path)) if not any(entry.covers(d) for entry in known))
    first = list(islice(differences, SHOWN))
    assert not first, "\n" + "\n".join(map(str, first))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_queries_have_the_answers_of_postgresql(pair: Pair, seed: int) -> None:
    source = generated(f"seed {seed}", statements(seed, QUERIES))
    # Of several columns that may not be used, PostgreSQL names the first that it happens to look at.
    first = list(islice((found for found in pair.run(source) if found.aspect != "message"), SHOWN))
    assert not first, "\n" + "\n".join(map(str, first))


@pytest.mark.parametrize("seed", SEEDS)
def test_random_histories_end_as_those_of_postgresql(pair: Pair, seed: int) -> None:
    first = list(islice(pair.run(generated(f"history {seed}", history(seed, QUERIES))), SHOWN))
    assert not first, "\n" + "\n".join(map(str, first))
