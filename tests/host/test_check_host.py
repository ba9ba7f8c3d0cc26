"""The conformance suite passes on our hosts, and notices each planted bug by the check that is named for it."""

from __future__ import annotations

import importlib.util
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rustydb_host import check_host
from rustydb_host.check.runner import FAIL, PASS, SKIP, Verdict, run_checks
from rustydb_host.check.suite import CHECKS
from rustydb_host.check.table import Sizes

from tests.host.bent_hosts import BUGS

SMALL = Sizes(result_bytes=48 << 20, result_bytes_a_second=None, idle_connections=300, connects=200)
EXAMPLES = str(Path(__file__).parents[2] / "adapters" / "examples")
BY_NAME = {check.name: check for check in CHECKS}
HOSTS = {
    "rustydb_asyncio.host:run": "asyncio",
    "rustydb_trio.host:run": "trio",
    "rustydb_gevent.host:run": "gevent",
    "rustydb_curio.host:run": "curio",
    "tests.host.bent_hosts:run_without_uvloop": "asyncio",
    "host_selectors:run": "selectors",
}
"""Our hosts, the asyncio host where uvloop is not installed, and the example of a host of one's own; with what each needs."""


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_keeps_the_contract(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec(HOSTS[host]) is None:
        pytest.skip(f"{HOSTS[host]} is not installed")
    monkeypatch.syspath_prepend(EXAMPLES)
    halves = [[check for check in CHECKS if check.timed == timed] for timed in (True, False)]
    with ThreadPoolExecutor(len(halves)) as pool:  # most of a check's time is waiting
        parts = list(pool.map(lambda checks: run_checks(host, checks, SMALL, 10), halves))
    verdicts = [verdict for part in parts for verdict in part]
    assert not [f"{verdict.name}: {verdict.detail}" for verdict in verdicts if verdict.outcome == FAIL]
    assert sum(verdict.outcome == PASS for verdict in verdicts) >= len(CHECKS) - 5, "nearly all can run here"


@pytest.fixture(scope="module")
def noticed() -> dict[str, list[Verdict]]:
    """The verdicts on each host with a planted bug, of the checks that are named for it."""

    def check(bug: str) -> list[Verdict]:
        return run_checks(
            f"tests.host.bent_hosts:run_{bug}", [BY_NAME[name] for name in BUGS[bug][1].split(",")], SMALL, 2
        )

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(BUGS, pool.map(check, BUGS), strict=True))


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_noticed(bug: str, noticed: dict[str, list[Verdict]]) -> None:
    passed = [verdict.name for verdict in noticed[bug] if verdict.outcome == PASS]
    assert not passed, f"{bug} was not noticed by {passed}"
    assert any(v.outcome == FAIL for v in noticed[bug]) or all(v.outcome == SKIP for v in noticed[bug])


def test_check_names_are_different_and_all_say_what_they_demand() -> None:
    assert len(BY_NAME) == len(CHECKS)
    assert all(len(check.demands) > 20 for check in CHECKS)


def test_the_command_lists_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_host.main(["--list"]) == 0
    assert "close-flushes" in capsys.readouterr().out


def test_the_command_tells_in_json_and_by_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--only", "close-flushes,accept-ipv4", "--json", "--seconds", "2"]
    assert check_host.main(["rustydb_asyncio.host:run", *arguments]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["outcome"]) for one in told["checks"]] == [("accept-ipv4", PASS), ("close-flushes", PASS)]
    assert check_host.main(["tests.host.bent_hosts:run_close_drops", *arguments]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in told["checks"]] == [PASS, FAIL]


@pytest.mark.parametrize("host", ["nonsense", "rustydb_host.nothing:run", "rustydb_host.contract:nothing"])
def test_a_host_that_is_none_is_an_error(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_host.main([host]) == 2
    assert host in capsys.readouterr().err


def test_an_unknown_check_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        check_host.main(["rustydb_asyncio.host:run", "--only", "nothing-of-that-name"])
    assert 'no check "nothing-of-that-name"' in capsys.readouterr().err
