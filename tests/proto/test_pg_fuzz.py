"""A short run of the fuzz targets: the corpus, then mutations of it with a fixed seed. `fuzz/` has the long ones."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parents[2] / "fuzz"))

import bincode
import fuzzing
import messagepack
import native_client
import native_server
import pg_client
import pg_server
import pg_stream
import sniff
import tls

TARGETS = {
    "pg_server": pg_server.check,
    "pg_client": pg_client.check,
    "pg_stream": pg_stream.check,
    "sniff": sniff.check,
    "tls": tls.check,
    "native_server": native_server.check,
    "native_client": native_client.check,
    "bincode": bincode.check,
    "messagepack": messagepack.check,
}


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_of_the_corpus_keep_the_invariant(name: str) -> None:
    tried = fuzzing.fuzz(TARGETS[name], fuzzing.corpus_of(name), random.Random(1), lambda count: count < 1000)
    assert tried == 1000


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_keep_the_invariant(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("module", [sniff, tls], ids=["sniff", "tls"])
def test_the_corpus_is_what_its_target_says_today(module: ModuleType) -> None:
    seeds = module.seeds()
    assert dict(zip(sorted(seeds), fuzzing.corpus_of(module.__name__), strict=True)) == seeds
