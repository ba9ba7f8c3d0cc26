"""python -m tests.diff.random [--seeds 0-500] [--queries N]: random statements on PostgreSQL 15 and here."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.diff.random.cases import QUERIES, Bench


def main() -> int:
    """Run the seeds; the exit status is 1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.diff.random", description=__doc__)
    parser.add_argument("--seeds", default="0-100", help="first and last seed")
    parser.add_argument("--queries", type=int, default=QUERIES, help="statements for a seed")
    parser.add_argument("--soft", action="store_true", help="print also what SQL leaves to the server")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    seen: Counter[str] = Counter()
    start = time.monotonic()
    with Bench.open() as bench:
        for seed in range(int(first), int(last or first) + 1):
            for failure in bench.seed(seed, options.queries):
                if failure.mismatch.soft:
                    continue
                seen[failure.signature] += 1
                if seen[failure.signature] == 1:
                    print(failure, flush=True)
        seconds = time.monotonic() - start
        print(f"{bench.compared} statements in {seconds:.0f} s, {sum(seen.values())} differ, {len(seen)} kinds")
    return int(bool(seen))


if __name__ == "__main__":
    sys.exit(main())
