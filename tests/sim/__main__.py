"""`python -m tests.sim`: run the simulator by hand.

python -m tests.sim --seed 123               one world; --trace prints every input and effect
python -m tests.sim --seeds 0-2000 --jobs 2  many worlds, for nights
"""

from __future__ import annotations

import argparse
import os
import sys

from tests.sim.runner import run_many, run_seed


def main() -> int:
    """Run from the command line; the status is 1 when a seed failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="run this world")
    parser.add_argument("--seeds", default="0-200", metavar="FIRST-END", help="run these worlds, END not included")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes for --seeds")
    parser.add_argument("--trace", action="store_true", help="with --seed: print every input and effect")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        outcome = run_seed(arguments.seed, print if arguments.trace else None)
        print(f"seed {outcome.seed}: {outcome.steps} steps, {outcome.crashes} crashes, digest {outcome.digest}")
        if outcome.failure:
            print(outcome.report(), file=sys.stderr)
        return 1 if outcome.failure else 0
    first, end = (int(part) for part in arguments.seeds.split("-"))
    failures = run_many(range(first, end), arguments.jobs, lambda line: print(line, flush=True))
    for failure in failures:
        print(f"failed: python -m tests.sim --seed {failure.seed}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
