"""Running seeds: one with all its details, or many in several processes, with a line of progress.

python -m rustydb_sim --seed 123               the trace of one world
python -m rustydb_sim --seeds 0-2000           many worlds
"""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rustydb_sim.world import World


@dataclass(frozen=True)
class Outcome:
    """How a seed ended: `failure` is "" or what went wrong, with the way there."""

    seed: int
    failure: str
    digest: str = ""
    steps: int = 0
    crashes: int = 0
    acknowledged: int = 0

    def report(self) -> str:
        """Return the failure, and how to see it again."""
        return f"seed {self.seed}: {self.failure}\nreplay: python -m rustydb_sim --seed {self.seed}"


def run_seed(seed: int, say: Callable[[str], None] | None = None) -> Outcome:
    """Run one world to its end or its failure."""
    world = World(seed, say)
    try:
        world.run()
    except Exception as error:
        last = "".join(traceback.format_exception(error)[-6:])
        return Outcome(seed, f"{error}\n{last}", world.digest, world.steps, world.crashes)
    return Outcome(seed, "", world.digest, world.steps, world.crashes, world.history.acknowledged)


def run_seeds(seeds: Iterable[int], jobs: int = 1) -> Iterator[Outcome]:
    """Run many worlds; outcomes come as they are ready."""
    if jobs <= 1:
        yield from map(run_seed, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(run_seed, seeds, chunksize=2)


def run_many(seeds: range, jobs: int, write: Callable[[str], None]) -> list[Outcome]:
    """Run many worlds with a progress line about every two seconds; return the failures."""
    failures: list[Outcome] = []
    steps = crashes = acknowledged = 0
    started = told = time.monotonic()
    for done, outcome in enumerate(run_seeds(seeds, jobs), 1):
        steps += outcome.steps
        crashes += outcome.crashes
        acknowledged += outcome.acknowledged
        if outcome.failure:
            failures.append(outcome)
            write(outcome.report())
        if time.monotonic() - told > 2 or done == len(seeds):
            told = time.monotonic()
            write(
                f"{done}/{len(seeds)} seeds, {len(failures)} failed, {steps} steps, {crashes} crashes, "
                f"{acknowledged} commits acknowledged, {told - started:.0f} s"
            )
    return failures
