"""Random interleavings of transactions against a model of snapshot isolation, with crashes."""

from __future__ import annotations

import pytest
from rustydb_sim.disk import Disk

from tests.storage.support import check_indexes, check_pages
from tests.txn.model import Runner


@pytest.mark.parametrize("seed", range(25))
def test_every_read_sees_the_state_at_its_snapshot_and_its_own_changes(seed: int) -> None:
    runner = Runner(seed, Disk(seed))
    for _ in range(250):
        runner.step()
    runner.finish()
    assert runner.reads > 5


@pytest.mark.parametrize("seed", range(10))
def test_bulk_loads_obey_the_same_rules(seed: int) -> None:
    runner = Runner(seed, Disk(seed), bulk=True)
    for _ in range(120):
        runner.step()
        check_pages(runner.heap)
    check_indexes(runner.heap)
    runner.finish()


@pytest.mark.parametrize("seed", range(20))
def test_after_a_crash_the_state_is_a_committed_one_and_nothing_acknowledged_is_lost(seed: int) -> None:
    runner = Runner(seed, Disk(seed), bulk=seed % 2 == 0)
    for round_number in range(6):
        for _ in range(60):
            runner.step()
            if runner.chance.random() < 0.02:
                runner.checkpoint()
        if round_number % 3 == 2:
            runner.settle()
        runner.crash()
    runner.finish()
