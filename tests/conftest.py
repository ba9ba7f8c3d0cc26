"""In CI a test that is skipped for want of something that can be installed is a failure: .ci/run forgot to install it."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from typing import Any

import pytest

CAN_BE_INSTALLED = re.compile(r"not installed|^needs (psql|curl|openssl|pgbench)|no (PostgreSQL 15|pgbench) in")


def is_an_omission(reason: str) -> bool:
    """Return whether the reason for a skip is that something was not installed which a registry has."""
    return CAN_BE_INSTALLED.search(reason) is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, pytest.TestReport]:
    report: pytest.TestReport = yield
    if report.skipped and os.environ.get("CI") and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if is_an_omission(reason):
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, which can install what is missing: {reason}"
    return report
