"""A few rounds of killing the server under pgbench; `python -m tests.crash.kill --rounds 20` does more."""

from __future__ import annotations

import pytest

from tests.crash import kill


def test_a_killed_server_has_every_acknowledged_commit() -> None:
    if not kill.PGBENCH.exists():
        pytest.skip(f"pgbench is not installed ({kill.PGBENCH}): apt-get install postgresql-15")
    kill.run(rounds=3, scale=1, seed=7, report=False)
