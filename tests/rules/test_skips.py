"""Which reasons for a skip are omissions of CI."""

from __future__ import annotations

import pytest

from tests.conftest import is_an_omission


@pytest.mark.parametrize(
    "reason", ["psql is not installed", "needs curl", "needs openssl and psql", "no PostgreSQL 15 in /usr"]
)
def test_what_ci_can_install_must_be_there(reason: str) -> None:
    assert is_an_omission(reason)


@pytest.mark.parametrize("reason", ["this machine has no IPv6", "libpq is older than 18", "needs libpq 17"])
def test_what_ci_cannot_install_may_be_missing(reason: str) -> None:
    assert not is_an_omission(reason)
