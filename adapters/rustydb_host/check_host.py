"""`python -m rustydb_host.check_host MODULE:FUNCTION`: run the conformance suite on a host.

    python -m rustydb_host.check_host rustydb_asyncio.host:run
    python -m rustydb_host.check_host my_package.host:run --only close-flushes,halt
    python -m rustydb_host.check_host my_package.host:run --full --json

One line a check: its outcome, time, name, and what was measured or is wrong. The exit status is 0 when none failed, 1 when
some did, 2 when the host cannot be started. What a host is: rustydb_host/contract.py; the suite: rustydb_host/check.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections import Counter

from rustydb_host.check.child import raise_open_files
from rustydb_host.check.lab import Lab
from rustydb_host.check.runner import FAIL, PASS, SKIP, Verdict, run_checks
from rustydb_host.check.suite import CHECKS
from rustydb_host.check.table import FULL, SCALED, Check, Failed, Sizes

DESCRIPTION = "Check that a host keeps the contract of rustydb_host.contract."


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.list:
        for check in CHECKS:
            print(f"{check.name:<24}{check.demands}")
        return 0
    if options.host is None:
        parser.error("which host? MODULE:FUNCTION, for example rustydb_asyncio.host:run")
    raise_open_files()
    checks = _chosen(parser, options.only, options.skip)
    sizes = _sizes(options)
    try:
        Lab(options.host, sizes, options.seconds).try_start()
    except Failed as failure:
        print(f"check_host: {options.host}: {failure}", file=sys.stderr)
        return 2
    verdicts = run_checks(options.host, checks, sizes, options.seconds, (lambda v: None) if options.json else _print)
    counts = Counter(verdict.outcome for verdict in verdicts)
    if options.json:
        print(json.dumps({"host": options.host, "checks": [dataclasses.asdict(v) for v in verdicts]}, indent=1))
    else:
        total = sum(verdict.seconds for verdict in verdicts)
        print(f"{options.host}: {counts[PASS]} passed, {counts[FAIL]} failed, {counts[SKIP]} skipped, {total:.1f} s")
    return 1 if counts[FAIL] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="check_host", description=DESCRIPTION)
    parser.add_argument("host", nargs="?", metavar="MODULE:FUNCTION", help="the host's run(service) -> int")
    parser.add_argument("--list", action="store_true", help="list the checks and what each demands")
    parser.add_argument("--only", metavar="NAMES", help="run these checks, separated by commas")
    parser.add_argument("--skip", metavar="NAMES", help="leave these out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--full", action="store_true", help="1 GB at 1 MB/s (17 minutes), 10,000 connections, 1,000 a second"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to wait for anything (default 10)")
    parser.add_argument("--result-mb", type=int, metavar="N", help="size of the slow reader's result")
    parser.add_argument(
        "--result-mb-a-second", type=float, metavar="N", help="how fast it is read; 0: as fast as possible"
    )
    parser.add_argument("--idle", type=int, metavar="N", help="number of idle connections")
    parser.add_argument("--connects", type=int, metavar="N", help="number of connects")
    return parser


def _chosen(parser: argparse.ArgumentParser, only: str | None, skip: str | None) -> list[Check]:
    known = {check.name for check in CHECKS}
    named = set(only.split(",")) if only else known
    left_out = set(skip.split(",")) if skip else set()
    for name in sorted((named | left_out) - known):
        parser.error(f'there is no check "{name}"; --list shows all')
    return [check for check in CHECKS if check.name in named - left_out]


def _sizes(options: argparse.Namespace) -> Sizes:
    sizes = FULL if options.full else SCALED
    if options.result_mb is not None:
        sizes = dataclasses.replace(sizes, result_bytes=options.result_mb << 20)
    if options.result_mb_a_second is not None:
        rate = round(options.result_mb_a_second * (1 << 20)) or None
        sizes = dataclasses.replace(sizes, result_bytes_a_second=rate)
    if options.idle is not None:
        sizes = dataclasses.replace(sizes, idle_connections=options.idle)
    if options.connects is not None:
        sizes = dataclasses.replace(sizes, connects=options.connects)
    return sizes


def _print(verdict: Verdict) -> None:
    detail = verdict.detail or (verdict.demands if verdict.outcome == FAIL else "")
    print(f"{verdict.outcome:<5}{verdict.seconds:6.2f} s  {verdict.name:<24}{detail}".rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
