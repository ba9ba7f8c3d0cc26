"""A short run of fuzz/recovery.py, and proof that it notices a recovery which loses commits."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[2] / "fuzz"))

import fuzzing
import recovery

from rustydb_engine.storage import recovery as product


def test_mutations_of_the_corpus_are_recovered_or_refused() -> None:
    tried = fuzzing.fuzz(recovery.check, fuzzing.corpus_of("recovery"), random.Random(1), lambda count: count < 800)
    assert tried == 800


@given(data=st.binary(max_size=60))
def test_arbitrary_edits_are_recovered_or_refused(data: bytes) -> None:
    recovery.check(data)


def test_a_recovery_that_cuts_the_log_before_valid_frames_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(product, "stray_frame", lambda data, number, seed, offset: None)
    with pytest.raises(AssertionError, match=r"commit \d+ is on the disk"):
        fuzzing.fuzz(recovery.check, fuzzing.corpus_of("recovery"), random.Random(1), lambda count: count < 800)


def test_a_recovery_that_takes_a_wrong_checksum_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rustydb_engine.storage.wal.crc32", lambda data, start=0: 0)
    recovery.history.cache_clear()
    try:
        with pytest.raises(AssertionError):
            fuzzing.fuzz(recovery.check, fuzzing.corpus_of("recovery"), random.Random(1), lambda count: count < 3000)
    finally:
        recovery.history.cache_clear()


def test_the_corpus_begins_with_what_its_target_says() -> None:
    seeds = recovery.seeds()
    kept = {path.name: path.read_bytes() for path in (fuzzing.CORPUS / "recovery").iterdir()}
    assert {name: kept.get(name) for name in seeds} == seeds
