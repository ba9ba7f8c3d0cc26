"""`tox -e bench`: one table of ratios to PostgreSQL 15, from interleaved pgbench runs on this machine.

    python -m tests.bench                   everything, about 8 minutes
    python -m tests.bench --quick           short runs, about 2 minutes
    python -m tests.bench --only select     one group: select, write, start, memory

Both servers keep a durable log on the same disk. Each case runs on one, then on the other, several times in turn; the
ratio is the median of the pairs, above 1 when we are faster. CPU is the server's own, in microseconds a transaction.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import cpu_seconds, memory_bytes
from tests.support import oracle
from tests.support.server import Server, start

PGBENCH = oracle.BINARIES / "pgbench"


@dataclass(frozen=True)
class Target:
    """A server under test."""

    name: str
    url: str
    pid: int


@dataclass(frozen=True)
class Run:
    """One pgbench run: transactions a second, and the server's CPU microseconds a transaction."""

    rate: float
    cpu_us: float


def pgbench(target: Target, arguments: list[str], seconds: float) -> Run:
    """Run pgbench once; a failed transaction is an error."""
    before = cpu_seconds(target.pid)
    command = [str(PGBENCH), "-n", *arguments, "-T", f"{max(1, round(seconds))}", target.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{target.name}: {' '.join(command)}: {done.stderr[-2000:]}")
    time.sleep(0.2)
    used = cpu_seconds(target.pid) - before
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    count = re.search(r"number of transactions actually processed: (\d+)", done.stdout)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    assert rate is not None and count is not None, done.stdout
    if failed is not None and failed[1] != "0":
        raise SystemExit(f"{target.name}: {failed[1]} failed transactions in {' '.join(command)}")
    return Run(float(rate[1]), used * 1e6 / max(int(count[1]), 1))


def compare(ours: Target, theirs: Target, name: str, arguments: list[str], seconds: float, pairs: int) -> None:
    """Run a case on both in turn and print its line."""
    ratios, mine, other = [], [], []
    for _ in range(pairs):
        a, b = pgbench(theirs, arguments, seconds), pgbench(ours, arguments, seconds)
        other.append(a)
        mine.append(b)
        ratios.append(b.rate / a.rate)
    row(
        name,
        f"{statistics.median(r.rate for r in mine):,.0f}",
        f"{statistics.median(r.rate for r in other):,.0f}",
        f"{statistics.median(ratios):.2f}",
        f"{statistics.median(r.cpu_us for r in mine):.1f}",
        f"{statistics.median(r.cpu_us for r in other):.1f}",
    )


def row(*cells: str) -> None:
    """Print one line of the table."""
    print(f"{cells[0]:<28}" + "".join(f"{cell:>14}" for cell in cells[1:]), flush=True)


def initialise(target: Target, scale: int) -> float:
    """Run pgbench -i; return its seconds."""
    began = time.monotonic()
    done = subprocess.run(
        [str(PGBENCH), "-i", "-q", "-s", str(scale), target.url], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{target.name}: pgbench -i failed: {done.stderr[-2000:]}")
    return time.monotonic() - began


def starting(folder: Path) -> None:
    """Measure import and start times."""

    def seconds(code: str) -> float:
        began = time.monotonic()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.monotonic() - began

    bare = statistics.median(seconds("pass") for _ in range(3))
    imported = statistics.median(seconds("import rustydb_engine.node.node") for _ in range(3))
    protocol = statistics.median(seconds("import rustydb_proto.pg") for _ in range(3))
    print(f"import rustydb_proto.pg: {1000 * (protocol - bare):.0f} ms; the engine: {1000 * (imported - bare):.0f} ms")
    import psycopg

    times = []
    for number in range(3):
        began = time.monotonic()
        server = start(folder / f"start{number}")
        with psycopg.connect(server.url) as connection:
            connection.execute("SELECT 1")
        times.append(time.monotonic() - began)
        server.kill()
    print(f"start to the first answered SELECT: {1000 * statistics.median(times):.0f} ms (an empty data directory)")


def main() -> int:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--only", choices=("select", "write", "start", "memory"))
    options = parser.parse_args()
    seconds, pairs = (2, 1) if options.quick else (5, 3)
    wanted = {options.only} if options.only else {"select", "write", "start", "memory"}
    folder = Path(tempfile.mkdtemp(prefix="rustydb-bench-"))
    server: Server | None = None
    try:
        with oracle.running(durable=True, settings=["shared_buffers=512MB", "max_wal_size=4GB"]) as postgres:
            if "start" in wanted:
                starting(folder)
            if wanted == {"start"}:
                return 0
            server = start(folder / "data")
            ours = Target("rustydb", server.url, server.pid)
            theirs = Target("postgresql", postgres.url, postgres.pid)
            empty = memory_bytes(ours.pid)
            a, b = initialise(theirs, options.scale), initialise(ours, options.scale)
            print(f"pgbench -i -s {options.scale}: {b:.1f} s, PostgreSQL {a:.1f} s, ratio {a / b:.2f}")
            grown = memory_bytes(ours.pid) - empty
            print(f"memory for {options.scale * 100_000:,} rows of pgbench_accounts: {grown / 1e6:.0f} MB")
            row("case", "rustydb tps", "postgresql", "ratio", "cpu us", "postgresql")
            if "select" in wanted:
                for mode in ("simple", "prepared"):
                    for clients in (1, 8, 32):
                        arguments = ["-S", "-M", mode, "-c", str(clients), "-j", "2" if clients > 1 else "1"]
                        compare(ours, theirs, f"select-only {mode} c{clients}", arguments, seconds, pairs)
            if "write" in wanted:
                for clients in (1, 8, 32):
                    arguments = ["-c", str(clients), "-j", "2" if clients > 1 else "1"]
                    compare(ours, theirs, f"tpcb-like simple c{clients}", arguments, seconds, pairs)
    except oracle.Unavailable as reason:
        print(f"cannot compare: {reason}", file=sys.stderr)
        return 1
    finally:
        if server is not None:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
