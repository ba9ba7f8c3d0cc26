"""Every fuzz target in turn, each in a process of its own: `python fuzz/run.py --seconds 20`; the status is 1 if one failed.

A target is a file beside this one with a function `check` and a corpus of its own name.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
GRACE_SECONDS = 120


def targets() -> list[str]:
    """Return the names of all targets."""
    return sorted(path.name for path in (FOLDER / "corpus").iterdir() if (FOLDER / f"{path.name}.py").exists())


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each target runs")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run with this seed")
    parser.add_argument("names", nargs="*", help="only these targets")
    options = parser.parse_args()
    failed = []
    for name in options.names or targets():
        command = [sys.executable, str(FOLDER / f"{name}.py"), "--seconds", str(options.seconds)]
        if options.seed is not None:
            command += ["--seed", str(options.seed)]
        try:
            status = subprocess.run(command, timeout=options.seconds + GRACE_SECONDS, check=False).returncode
        except subprocess.TimeoutExpired:
            status = -1
            print(f"{name}: hangs", file=sys.stderr)
        if status:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
