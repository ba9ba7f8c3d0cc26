"""A short run of fuzz/node_clients.py: the corpus, then mutations of it with a fixed seed."""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "fuzz"))

import fuzzing
import node_clients


def test_scripts_of_several_clients_keep_the_invariant() -> None:
    tried = fuzzing.fuzz(
        node_clients.check, fuzzing.corpus_of("node_clients"), random.Random(1), lambda count: count < 60
    )
    assert tried == 60


def test_the_corpus_begins_with_what_its_target_says() -> None:
    seeds = node_clients.seeds()
    kept = {path.name: path.read_bytes() for path in (fuzzing.CORPUS / "node_clients").iterdir()}
    assert {name: kept.get(name) for name in seeds} == seeds
