"""The harness of all fuzz targets: `python fuzz/<target>.py [--seconds 20] [--seed 1] [file ...]`.

A target is a function from bytes that raises when its invariant (line 1 of its file) does not hold, and otherwise
returns a fingerprint of what happened (the types of the events, say). With atheris installed, that guides the
fuzzer by coverage. Without, this harness mutates the corpus itself and keeps an input whose fingerprint is new.
Files named on the command line are run once each, to replay a failure.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path

Target = Callable[[bytes], Hashable]

CORPUS = Path(__file__).parent / "corpus"
INPUT_BYTES_MAX = 4096
POPULATION_MAX = 4096
_INTERESTING = (0, 1, 3, 4, 5, 7, 8, 255, 256, 10_000, 10_001, 65_535, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)


def corpus_of(name: str) -> list[bytes]:
    """Return the seeds of a target, in the order of their names."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


def mutate(dice: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Return `data` with a few random changes."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 8))):
        position = dice.randint(0, len(changed))
        size = min(dice.choice((1, 1, 2, 4, 16, 64)), len(changed) - position)
        match dice.randrange(8):
            case 0:
                changed[position : position + size] = dice.randbytes(size)
            case 1:
                del changed[position : position + size]
            case 2:
                changed[position:position] = dice.randbytes(dice.choice((1, 2, 4, 9)))
            case 3:
                changed[position : position + 4] = dice.choice(_INTERESTING).to_bytes(4, "big")
            case 4:
                changed[position : position + 2] = (dice.choice(_INTERESTING) & 0xFFFF).to_bytes(2, "big")
            case 5:
                changed[position:position] = changed[position : position + size] * dice.choice((1, 2, 7))
            case 6:
                other = dice.choice(others)
                start = dice.randint(0, len(other))
                changed[position:position] = other[start : start + dice.choice((1, 8, 64))]
            case 7 if size:
                changed[position] ^= 1 << dice.randrange(8)
    return bytes(changed[:INPUT_BYTES_MAX])


def fuzz(target: Target, seeds: Sequence[bytes], dice: random.Random, go_on: Callable[[int], bool]) -> int:
    """Run the seeds, then mutations of them while `go_on(count)`; return how many inputs were tried."""
    population = list(seeds) or [b""]
    seen: set[Hashable] = set()
    count = 0
    for data in population:
        seen.add(check(target, data))
        count += 1
    while go_on(count):
        data = mutate(dice, dice.choice(population), population)
        fingerprint = check(target, data)
        count += 1
        if fingerprint not in seen and len(population) < POPULATION_MAX:
            seen.add(fingerprint)
            population.append(data)
    return count


def check(target: Target, data: bytes) -> Hashable:
    """Run one input; on failure say which it was."""
    try:
        return target(data)
    except BaseException:
        print(f"failing input: {data!r}", file=sys.stderr)
        raise


def main(name: str, target: Target) -> None:
    """The command line of a target."""
    arguments = argparse.ArgumentParser(description=f"Fuzz {name}.")
    arguments.add_argument("--seconds", type=float, default=20.0)
    arguments.add_argument("--seed", type=int, default=None, help="repeat the run with this seed")
    arguments.add_argument("files", nargs="*", type=Path, help="run these inputs and nothing else")
    options = arguments.parse_args()
    if options.files:
        for path in options.files:
            print(path, check(target, path.read_bytes()))
        return
    try:
        import atheris
    except ImportError:
        seed = random.randrange(2**32) if options.seed is None else options.seed
        print(f"{name}: atheris is not installed, mutating the corpus with seed {seed}")
        end = time.monotonic() + options.seconds
        count = fuzz(target, corpus_of(name), random.Random(seed), lambda _: time.monotonic() < end)
        print(f"{name}: {count} inputs, no failure")
        return
    atheris.instrument_all()
    flags = [sys.argv[0], str(CORPUS / name), f"-max_total_time={int(options.seconds)}", f"-max_len={INPUT_BYTES_MAX}"]
    atheris.Setup(flags, lambda data: check(target, data))
    atheris.Fuzz()
