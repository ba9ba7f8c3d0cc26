"""`rustydb sim` and `python -m rustydb_sim`: run the simulator by hand.

python -m rustydb_sim --seed 123               one world; --trace prints every input and effect
python -m rustydb_sim --seeds 0-2000 --jobs 2  many worlds, for nights
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from rustydb_sim.runner import run_many, run_seed

DESCRIPTION = """Run the whole server in simulated worlds: virtual time, a disk that tears and forgets, connections that are cut.
Each world is a number; its clients' every acknowledged commit must survive, and their totals must agree. A world that
fails prints how to run it again."""


def main(arguments: Sequence[str] | None = None, program: str = "python -m rustydb_sim") -> int:
    """Run from the command line; the status is 1 when a seed failed."""
    parser = argparse.ArgumentParser(
        prog=program, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, help="run this world")
    parser.add_argument("--seeds", default="0-200", metavar="FIRST-END", help="run these worlds, END not included")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes for --seeds")
    parser.add_argument("--trace", action="store_true", help="with --seed: print every input and effect")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        outcome = run_seed(options.seed, print if options.trace else None)
        print(f"seed {outcome.seed}: {outcome.steps} steps, {outcome.crashes} crashes, digest {outcome.digest}")
        if outcome.failure:
            print(outcome.report(), file=sys.stderr)
        return 1 if outcome.failure else 0
    first, _, end = options.seeds.partition("-")
    if not (first.isdigit() and end.isdigit() and int(first) < int(end)):
        parser.error(f"--seeds {options.seeds!r} is not FIRST-END, such as 0-200")
    failures = run_many(range(int(first), int(end)), options.jobs, lambda line: print(line, flush=True))
    for failure in failures:
        print(f"failed: python -m rustydb_sim --seed {failure.seed}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
