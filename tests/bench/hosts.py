"""The hosts beside one another and beside PostgreSQL 15: point queries in turn, CPU for each, memory of idle connections.

    python -m tests.bench.hosts                     all hosts that are installed, about 5 minutes
    python -m tests.bench.hosts --seconds 2 --rounds 1 --idle 500

Every host runs the same core on an empty durable database. In a round each case runs on every server in turn. A cell is the
best rate of the rounds, in thousands a second, and the median of the server's CPU microseconds for a query: what
other programs do to the machine takes from a rate and hardly from CPU time. An idle connection has logged in, so its memory is a
session of the database plus what the host keeps for a socket; PostgreSQL's is a process, with shared pages counted once.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg

from tests.bench.__main__ import PGBENCH, Run, Target, initialise, pgbench, row
from tests.bench.processes import memory_bytes
from tests.support import oracle
from tests.support.hosts import HOSTS
from tests.support.server import Server, start

CASES = [(mode, clients) for mode in ("simple", "prepared") for clients in (1, 8, 32)]


def idle_bytes(target: Target, count: int) -> float:
    """Return the memory that one idle connection costs."""
    opened = [psycopg.connect(target.url) for _ in range(10)]  # what is made once is made now
    before = memory_bytes(target.pid)
    opened += [psycopg.connect(target.url) for _ in range(count)]
    grown = memory_bytes(target.pid) - before
    for connection in opened:
        connection.close()
    return grown / count


def measure(targets: Sequence[Target], seconds: float, rounds: int) -> None:
    """Print a line for each case."""
    row("thousands a second, CPU us", *(one.name for one in targets))
    for mode, clients in CASES:
        arguments = ["-S", "-M", mode, "-c", str(clients), "-j", "2" if clients > 1 else "1"]
        runs: dict[str, list[Run]] = {one.name: [] for one in targets}
        for _ in range(rounds):
            for one in targets:
                runs[one.name].append(pgbench(one, arguments, seconds))
        cells = []
        for one in targets:
            rate = max(run.rate for run in runs[one.name]) / 1000
            cpu = statistics.median(run.cpu_us for run in runs[one.name])
            cells.append(f"{rate:.1f}, {cpu:.0f}")
        row(f"{mode}, {clients} client{'s' if clients > 1 else ''}", *cells)


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=500, help="idle connections at each server")
    options = parser.parse_args()
    if not PGBENCH.exists():
        print(f"cannot compare: no {PGBENCH}", file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="rustydb-bench-"))
    servers: list[Server] = []
    try:
        settings = [f"max_connections={options.idle + 50}"]
        with oracle.running(durable=True, settings=settings) as postgres:
            targets = [Target("postgresql", postgres.url, postgres.pid)]
            for host in HOSTS:
                servers.append(start(folder / host, host=host))
                targets.append(Target(host, servers[-1].url, servers[-1].pid))
            for one in targets:
                initialise(one, 1)
            measure(targets, options.seconds, options.rounds)
            row("bytes an idle connection", *(f"{idle_bytes(one, options.idle):,.0f}" for one in targets))
    except oracle.Unavailable as reason:
        print(f"cannot compare: {reason}", file=sys.stderr)
        return 1
    finally:
        for server in servers:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
