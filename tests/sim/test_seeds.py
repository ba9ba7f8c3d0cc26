"""200 worlds, and that a world is the same every time. More of them: `python -m rustydb_sim --seeds 0-2000`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from rustydb_sim.runner import run_many, run_seed

ROOT = Path(__file__).parents[2]
SEEDS = int(os.environ.get("RUSTYDB_SIM_SEEDS", "200"))


def test_every_world_keeps_its_promises() -> None:
    failures = run_many(range(SEEDS), min(os.cpu_count() or 1, 4), lambda line: print(line, flush=True))
    assert not failures, "\n\n".join(failure.report() for failure in failures[:3])


def test_the_worlds_have_crashes_and_commits_to_check() -> None:
    outcomes = [run_seed(seed) for seed in range(20)]
    assert sum(outcome.crashes for outcome in outcomes) >= 20
    assert sum(outcome.acknowledged for outcome in outcomes) >= 200


def test_a_seed_gives_the_same_trace_again_also_when_python_hashes_differently() -> None:
    digests = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "rustydb_sim", "--seed", "6"]
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        found = re.search(r"digest (\w{64})", result.stdout)
        assert found is not None, result.stdout
        digests.add(found[1])
    assert digests == {run_seed(6).digest}
