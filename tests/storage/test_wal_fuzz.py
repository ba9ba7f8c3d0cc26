"""A short run of fuzz/wal_records.py: the corpus, then mutations of it with a fixed seed."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[2] / "fuzz"))

import fuzzing
import wal_records


def test_mutations_of_the_corpus_are_recovered_or_refused() -> None:
    tried = fuzzing.fuzz(
        wal_records.check, fuzzing.corpus_of("wal_records"), random.Random(1), lambda count: count < 1500
    )
    assert tried == 1500


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_are_recovered_or_refused(data: bytes) -> None:
    wal_records.check(data)


def test_the_corpus_is_what_the_formats_say_today() -> None:
    names = dict(zip(sorted(wal_records.seeds()), fuzzing.corpus_of("wal_records"), strict=True))
    assert names == wal_records.seeds()
