"""pgbench runs its built-in scripts in every query mode with one, few and many clients; the books balance afterwards."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from tests.support.hosts import HOSTS
from tests.support.oracle import BINARIES
from tests.support.server import Server, running

SECONDS = "1"
MODES = ("simple", "extended", "prepared")
CLIENTS = ("1", "8", "32")
SCRIPTS = {"select": ["-S"], "simple-update": ["-N"], "tpcb-like": []}


def pgbench(server: Server, *arguments: str) -> str:
    """Run pgbench against the server and return what it prints."""
    program = BINARIES / "pgbench"
    if not program.exists():
        pytest.skip(f"no pgbench in {BINARIES}: apt-get install postgresql-15")
    done = subprocess.run(
        [str(program), *arguments, server.url], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr and "aborted" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=HOSTS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(host=request.param) as found:
        pgbench(found, "-i", "-s", "1", "-q")
        yield found


def test_initialisation_fills_the_tables(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        for table, count in (("branches", 1), ("tellers", 10), ("accounts", 100_000)):
            assert connection.execute(f"select count(*) from pgbench_{table}").fetchone() == (count,)
        keys = connection.execute(
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
            "where conname like 'pgbench%' order by 1"
        ).fetchall()
    assert keys == [
        ("pgbench_accounts", "PRIMARY KEY (aid)"),
        ("pgbench_branches", "PRIMARY KEY (bid)"),
        ("pgbench_tellers", "PRIMARY KEY (tid)"),
    ]


@pytest.mark.parametrize("clients", CLIENTS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("script", SCRIPTS)
def test_no_transaction_fails(server: Server, script: str, mode: str, clients: str) -> None:
    out = pgbench(server, *SCRIPTS[script], "-n", "-M", mode, "-c", clients, "-T", SECONDS)
    processed = re.search(r"number of transactions actually processed: (\d+)", out)
    failed = re.search(r"number of failed transactions: (\d+)", out)
    assert processed and int(processed[1]) > 0, out
    assert failed and int(failed[1]) == 0, out


def test_the_books_balance(server: Server) -> None:
    with psycopg.connect(server.url) as connection:
        before = _sums(connection)
        connection.rollback()
        out = pgbench(server, "-n", "-M", "prepared", "-c", "8", "-t", "50")
        assert "number of transactions actually processed: 400/400" in out
        after = _sums(connection)
    assert len({after[name] - before[name] for name in ("accounts", "tellers", "branches", "history")}) == 1
    assert after["rows"] - before["rows"] == 400


def test_foreign_keys_and_partial_initialisation(server: Server) -> None:
    pgbench(server, "-i", "-I", "dtGvpf", "-s", "1", "-q")
    out = pgbench(server, "-n", "-M", "prepared", "-c", "8", "-t", "20")
    assert "number of transactions actually processed: 160/160" in out
    with psycopg.connect(server.url) as connection:
        sums = _sums(connection)
    assert sums["accounts"] == sums["tellers"] == sums["branches"] == sums["history"]
    assert sums["rows"] == 160


def _sums(connection: psycopg.Connection) -> dict[str, int]:
    found = connection.execute(
        "select (select sum(abalance) from pgbench_accounts), (select sum(tbalance) from pgbench_tellers), "
        "(select sum(bbalance) from pgbench_branches), (select coalesce(sum(delta), 0) from pgbench_history), "
        "(select count(*) from pgbench_history)"
    ).fetchone()
    assert found is not None, "one row"
    return dict(zip(("accounts", "tellers", "branches", "history", "rows"), found, strict=True))
