"""The simulator finds what it is for: each test breaks one promise of the engine and counts the worlds until it shows."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from rustydb_sim.runner import run_seed

from rustydb_engine.node.node import Node
from rustydb_engine.node.postgres import PgConnection
from rustydb_engine.session.session import Session
from rustydb_engine.storage import recovery, wal
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.feed import CommitNews, Feed
from rustydb_engine.txn import advisory
from rustydb_engine.txn.manager import Manager
from rustydb_engine.txn.notes import Mark, Notes
from rustydb_engine.txn.transaction import Transaction

SEEDS = 60


def first_failure() -> str:
    """Return the report of the first world that goes wrong."""
    for seed in range(SEEDS):
        outcome = run_seed(seed)
        gc.collect()  # what the world leaves behind is closed while the bug is still there
        if outcome.failure:
            return outcome.report()
    pytest.fail(f"{SEEDS} worlds did not show the bug")


def test_commits_that_are_acknowledged_before_the_disk_has_them_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = Database.commit

    def hasty(database: Database, txn: Transaction, reserve: bool = False) -> int | None:
        csn = commit(database, txn, reserve)
        if csn is not None:
            database.manager.durable_csn = csn
        return csn

    monkeypatch.setattr(Database, "commit", hasty)
    report = first_failure()
    # Who watches from inside sees it first, when no crash is needed to show it.
    assert any(words in report for words in ("not told", "missing", "not there", "differ"))
    assert "replay: python -m rustydb_sim --seed" in report


def test_replies_that_are_not_held_until_the_commit_is_durable_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PgConnection, "_hold", lambda connection, csn: None)
    report = first_failure()
    assert "not told" in report or "missing" in report


def test_a_recovery_that_forgets_the_last_frame_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_but_last(data: bytes, number: int, seed: int, offset: int) -> Iterator[wal.Frame]:
        found = list(wal.frames(data, number, seed, offset))
        yield from found[:-1]

    monkeypatch.setattr(recovery, "frames", all_but_last)
    first_failure()


def test_versions_that_are_forgotten_although_a_reader_needs_them_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(manager: Manager, csn: int) -> None:
        return

    monkeypatch.setattr(Manager, "_hold", nothing)
    monkeypatch.setattr(Manager, "_release", nothing)
    first_failure()


def test_wake_ups_that_are_lost_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Node, "wake_for_end", lambda node, waiter: None)
    assert "in vain" in first_failure()


def test_news_of_commits_that_are_not_durable_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    take = Feed.take

    def hasty(feed: Feed, durable_csn: int) -> list[CommitNews]:
        return take(feed, 1 << 62)

    monkeypatch.setattr(Feed, "take", hasty)
    assert "missing" in first_failure()


def test_notifications_that_survive_a_rollback_to_a_savepoint_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(notes: Notes, mark: Mark) -> None:
        return

    monkeypatch.setattr(Notes, "rollback_to", nothing)
    assert "was undone, and heard" in first_failure()


def test_commits_that_subscribers_are_not_told_of_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    committed = Feed.committed

    def forgetful(feed: Feed, txn: Transaction, csn: int) -> None:
        if len(txn.writes) != 3:
            committed(feed, txn, csn)

    monkeypatch.setattr(Feed, "committed", forgetful)
    assert "not told" in first_failure()


def test_advisory_locks_that_two_sessions_have_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advisory, "_blockers", lambda lock, holder, mode: ())
    assert "another client has advisory lock" in first_failure()


def test_advisory_locks_that_stay_when_their_session_is_over_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "release_advisory", lambda session: None)
    assert "in vain" in first_failure()
