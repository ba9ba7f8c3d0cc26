"""Short runs of fuzz/sql_parser.py and fuzz/normalise.py: the corpus, then mutations of it with a fixed seed."""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "fuzz"))

import fuzzing
import normalise
import sql_parser


def test_mutated_statements_parse_or_fail_as_they_should() -> None:
    seeds = fuzzing.corpus_of("sql_parser")
    assert fuzzing.fuzz(sql_parser.check, seeds, random.Random(1), lambda count: count < 1500) == 1500


def test_mutated_statements_are_normalised_without_loss() -> None:
    seeds = fuzzing.corpus_of("normalise")
    assert fuzzing.fuzz(normalise.check, seeds, random.Random(1), lambda count: count < 3000) == 3000
