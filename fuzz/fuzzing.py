"""The harness of all fuzz targets: `python fuzz/<target>.py [--seconds 20] [--seed 1] [file ...]`.

A target is a function from bytes that raises when its invariant (line 1 of its file) does not hold, and otherwise
returns a fingerprint of what happened (the types of the events, say). With atheris installed, that guides the
fuzzer by coverage. Without, this harness mutates the corpus itself and keeps an input whose fingerprint is new.
Files named on the command line are run once each, to replay a failure.

What holds for every target is checked here: memory is bounded by the size of the input (of every MEASURED_EVERYth input, by
tracemalloc), and time is linear in it (at the end of a run, of inputs repeated to 16 and 128 kB). `pieces` and
`same_in_pieces` are for targets whose bytes come from a stream: where it is cut must not matter.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import tracemalloc
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Target = Callable[[bytes], Hashable]

CORPUS = Path(__file__).parent / "corpus"
INPUT_BYTES_MAX = 4096
POPULATION_MAX = 4096
MEASURED_EVERY = 200
MEMORY_BYTES_MAX = 24 << 20
MEMORY_BYTES_A_BYTE = 2000
"""What an input may cost: a few objects of Python for each byte, and what a target makes once (tables, caches)."""
STRETCHED = 12
STRETCH_BYTES = (16 << 10, 128 << 10)
SLOWER_MAX = 4.0
"""How much more than in proportion the longer of two inputs may take: a quadratic step makes it 8."""
NOTICEABLE_SECONDS = 0.1
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


def fuzz(
    target: Target,
    seeds: Sequence[bytes],
    dice: random.Random,
    go_on: Callable[[int], bool],
    stretch: bool = False,
) -> int:
    """Run the seeds, then mutations of them while `go_on(count)`; return how many inputs were tried.

    With `stretch`, inputs that were kept are repeated at the end, to see whether time is linear.
    """
    population = list(seeds) or [b""]
    seen: set[Hashable] = set()
    count = 0
    for data in population:
        seen.add(check(target, data))
        count += 1
    while go_on(count):
        data = mutate(dice, dice.choice(population), population)
        fingerprint = check(target, data) if count % MEASURED_EVERY else check(lambda d: measured(target, d), data)
        count += 1
        if fingerprint not in seen and len(population) < POPULATION_MAX:
            seen.add(fingerprint)
            population.append(data)
    if stretch:
        check_time(target, dice.sample(population, min(len(population), STRETCHED)))
    return count


def check(target: Target, data: bytes) -> Hashable:
    """Run one input; on failure say which it was."""
    try:
        return target(data)
    except BaseException:
        print(f"failing input: {data!r}", file=sys.stderr)
        raise


def measured(target: Target, data: bytes) -> Hashable:
    """Run one input and demand that its memory is in proportion to its size."""
    tracemalloc.start()
    try:
        outcome = target(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    most = MEMORY_BYTES_MAX + MEMORY_BYTES_A_BYTE * len(data)
    assert peak <= most, f"{peak} bytes of memory for an input of {len(data)}, not {most}"
    return outcome


def check_time(target: Target, inputs: Sequence[bytes]) -> None:
    """Demand that time is linear in the input: repeat each input to two sizes and compare."""
    for data in filter(None, inputs):
        short, long = (_stretched(data, size) for size in STRETCH_BYTES)
        if _seconds(target, long, 1) < NOTICEABLE_SECONDS:
            continue
        quick, slow = _seconds(target, short, 3), _seconds(target, long, 3)
        most = SLOWER_MAX * quick * len(long) / len(short)
        assert slow <= max(most, NOTICEABLE_SECONDS), (
            f"{slow:.3f} s for {len(long)} bytes, but {quick:.3f} s for {len(short)}: {data[:2000]!r} repeated"
        )


def _stretched(data: bytes, size: int) -> bytes:
    """Repeat an input but for its first byte, which often says what the rest is."""
    head, rest = data[:1], data[1:] or data
    return head + rest * max(1, size // len(rest))


def _seconds(target: Target, data: bytes, times: int) -> float:
    """Return the least processor time of some runs."""
    least = float("inf")
    for _ in range(times):
        began = time.process_time()
        check(target, data)
        least = min(least, time.process_time() - began)
    return least


# ---- streams


def pieces(data: bytes, seed: int) -> list[bytes]:
    """Cut a stream into pieces of a few bytes, the same for the same seed."""
    dice = random.Random(seed)
    cut = []
    position = 0
    while position < len(data):
        end = position + dice.choice((1, 2, 3, 5, 8, 100))
        cut.append(data[position:end])
        position = end
    return cut


def same_in_pieces(run: Callable[[Iterable[bytes]], T], stream: bytes, seed: int) -> T:
    """Return what comes of a stream; AssertionError when it depends on where the stream is cut."""
    whole = run([stream])
    assert run(pieces(stream, seed)) == whole, "the borders of pieces change what comes of a stream"
    return whole


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
        count = fuzz(target, corpus_of(name), random.Random(seed), lambda _: time.monotonic() < end, True)
        print(f"{name}: {count} inputs, no failure")
        return
    atheris.instrument_all()
    flags = [sys.argv[0], str(CORPUS / name), f"-max_total_time={int(options.seconds)}", f"-max_len={INPUT_BYTES_MAX}"]
    flags += ["-timeout=10", "-rss_limit_mb=2048"]
    atheris.Setup(flags, lambda data: check(target, data))
    atheris.Fuzz()
