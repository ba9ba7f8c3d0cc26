"""Runs checks one after the other and says how each went.

A check passes, fails (the host does something else than is demanded), or is skipped (the system lacks what it needs). An
exception in a check is a failure too: what it found was so far from what it expects that it lost its way. A check that
measures time may try again once, and says so.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rustydb_host.check.lab import Lab
from rustydb_host.check.table import Check, Failed, Sizes, Skipped

PASS, FAIL, SKIP = "pass", "fail", "skip"


@dataclass(frozen=True)
class Verdict:
    """How one check went; `detail` is a measurement, or what is wrong, or what is missing."""

    name: str
    demands: str
    outcome: str
    detail: str
    seconds: float


def run_checks(
    entry: str,
    checks: Iterable[Check],
    sizes: Sizes,
    seconds: float,
    tell: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Run checks on the host `entry`; `seconds` bounds every wait for it."""
    lab = Lab(entry, sizes, seconds)
    verdicts = []
    try:
        for check in checks:
            verdict = _run(check, lab)
            verdicts.append(verdict)
            tell(verdict)
    finally:
        lab.close()
    return verdicts


def _run(check: Check, lab: Lab) -> Verdict:
    began = time.monotonic()
    outcome, detail = _attempt(check, lab)
    if outcome == FAIL and check.timed:
        first = detail
        outcome, detail = _attempt(check, lab)
        if outcome == PASS:
            detail = f"{detail}; at the second attempt (the first: {first})"
    return Verdict(check.name, check.demands, outcome, detail, time.monotonic() - began)


def _attempt(check: Check, lab: Lab) -> tuple[str, str]:
    """Return outcome and detail of one run of a check."""
    try:
        return PASS, check.run(lab) or ""
    except Skipped as skipped:
        return SKIP, str(skipped)
    except Failed as failed:
        detail = str(failed)
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        detail = f"{type(error).__name__}: {error}, in {where.name} ({os.path.basename(where.filename)}:{where.lineno})"
    lab.replace()
    return FAIL, detail
