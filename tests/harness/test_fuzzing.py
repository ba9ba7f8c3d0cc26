"""The harness of the fuzz targets notices what it says it notices."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "fuzz"))

import fuzzing


def test_every_corpus_belongs_to_a_target_and_every_target_has_one() -> None:
    names = {path.stem for path in fuzzing.CORPUS.parent.glob("*.py")} - {"fuzzing", "run"}
    assert names == {path.name for path in fuzzing.CORPUS.iterdir()}
    assert all(fuzzing.corpus_of(name) for name in names)


def test_a_failing_input_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def target(data: bytes) -> None:
        assert b"\xff" not in data

    with pytest.raises(AssertionError):
        fuzzing.fuzz(target, [b"abc"], random.Random(1), lambda count: count < 100_000)
    assert "failing input: b'" in capsys.readouterr().err


def test_an_input_that_takes_memory_out_of_proportion_is_noticed() -> None:
    def target(data: bytes) -> int:
        return len(bytes(100 << 20 if data[:1] == b"b" else 1))

    assert fuzzing.measured(target, b"a") == 1
    with pytest.raises(AssertionError, match="of memory for an input of 1"):
        fuzzing.measured(target, b"b")


def test_quadratic_time_is_noticed_and_linear_time_is_not() -> None:
    def linear(data: bytes) -> int:
        return sum(1 for _ in data)

    def quadratic(data: bytes) -> int:
        held, found = b"", 0
        for at in range(0, len(data), 4):
            held += data[at : at + 4]
            found += held.count(b"\n") + held.count(b"\r")  # looks again at all that is held
        return found

    fuzzing.check_time(linear, [b"xabc"])
    with pytest.raises(AssertionError, match=r"13107\d bytes, but"):
        fuzzing.check_time(quadratic, [b"xabc"])


def test_a_machine_that_depends_on_the_borders_of_pieces_is_noticed() -> None:
    def count_lines(stream: Iterable[bytes]) -> int:
        return sum(piece.count(b"\r\n") for piece in stream)

    def count_zeros(stream: Iterable[bytes]) -> int:
        return sum(piece.count(b"\0") for piece in stream)

    assert fuzzing.same_in_pieces(count_zeros, b"\0\r\n" * 50, 3) == 50
    with pytest.raises(AssertionError, match="borders"):
        fuzzing.same_in_pieces(count_lines, b"\0\r\n" * 50, 3)


def test_pieces_are_the_stream() -> None:
    data = random.Random(1).randbytes(1000)
    assert b"".join(fuzzing.pieces(data, 5)) == data
    assert fuzzing.pieces(data, 5) == fuzzing.pieces(data, 5) != fuzzing.pieces(data, 6)
