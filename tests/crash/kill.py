"""Kill the server with SIGKILL under a running pgbench, again and again; nothing acknowledged may be missing.

    python -m tests.crash.kill --rounds 20

Each round runs `pgbench -c 8` and two writers of our own against the server, kills it after a moment, starts it again on
the same directory, and checks from outside:

- the pgbench invariant: the balances of accounts, tellers and branches and the deltas of history have one sum;
- history has at least as many rows as pgbench logged transactions (each log line is an acknowledged commit);
- every row that a writer's commit acknowledged is there.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import psycopg

from tests.support.server import Server, start

PGBENCH = Path("/usr/lib/postgresql/15/bin/pgbench")
CLIENTS = 8


class Lost(Exception):
    """Something that was acknowledged is missing, or the totals do not agree."""


@dataclass
class Writer:
    """A client that inserts numbers and remembers those whose commit was acknowledged."""

    name: str
    acknowledged: list[int] = field(default_factory=list)
    next: int = 0

    def run(self, url: str, stop: threading.Event) -> None:
        """Insert until the server is gone."""
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                while not stop.is_set():
                    self.next += 1
                    connection.execute("INSERT INTO written VALUES (%s, %s)", (self.name, self.next))
                    self.acknowledged.append(self.next)
        except psycopg.OperationalError:
            return


def prepare(server: Server, scale: int) -> None:
    """Make the tables."""
    pgbench(server, "-i", "-s", str(scale), "-q").check_returncode()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE written (writer text, number int, PRIMARY KEY (writer, number))")


def pgbench(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pgbench to its end."""
    return subprocess.run([PGBENCH, *arguments, server.url], capture_output=True, text=True, check=False)


def one_round(data_dir: Path, logs: Path, writers: list[Writer], seconds: float) -> int:
    """Run the load, kill the server under it, and return how many transactions pgbench saw acknowledged."""
    server = start(data_dir)
    stop = threading.Event()
    threads = [threading.Thread(target=writer.run, args=(server.url, stop)) for writer in writers]
    bench = subprocess.Popen(
        [PGBENCH, "-n", "-c", str(CLIENTS), "-T", "60", "-l", "--log-prefix", str(logs / "log"), server.url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    server.kill()
    stop.set()
    for thread in threads:
        thread.join()
    bench.wait(30)
    acknowledged = 0
    for path in logs.iterdir():
        acknowledged += path.read_bytes().count(b"\n")
        path.unlink()
    return acknowledged


def check(server: Server, acknowledged: int, writers: list[Writer]) -> int:
    """Raise Lost when something is wrong; return the number of history rows."""
    with psycopg.connect(server.url) as connection:
        sums = [
            connection.execute(f"SELECT coalesce(sum({column}), 0)::bigint FROM {table}").fetchone()  # type: ignore[arg-type]
            for table, column in (
                ("pgbench_accounts", "abalance"),
                ("pgbench_tellers", "tbalance"),
                ("pgbench_branches", "bbalance"),
                ("pgbench_history", "delta"),
            )
        ]
        if len(set(sums)) != 1:
            raise Lost(f"the sums of accounts, tellers, branches and history differ: {sums}")
        row = connection.execute("SELECT count(*) FROM pgbench_history").fetchone()
        assert row is not None
        rows = int(row[0])
        if rows < acknowledged:
            raise Lost(f"pgbench saw {acknowledged} commits acknowledged, history has {rows} rows")
        for writer in writers:
            found = {
                number
                for (number,) in connection.execute("SELECT number FROM written WHERE writer = %s", (writer.name,))
            }
            missing = [number for number in writer.acknowledged if number not in found]
            if missing:
                raise Lost(f"{writer.name}: {len(missing)} acknowledged rows are missing, the first is {missing[0]}")
    return rows


def run(rounds: int, scale: int, seed: int, report: bool = True) -> None:
    """Do all rounds on one directory."""
    random = Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="rustydb-crash-"))
    try:
        data_dir, logs = folder / "data", folder / "logs"
        logs.mkdir()
        server = start(data_dir)
        prepare(server, scale)
        server.stop()
        writers = [Writer("one"), Writer("two")]
        acknowledged = 0
        for number in range(1, rounds + 1):
            acknowledged += one_round(data_dir, logs, writers, 0.5 + random.random() * 1.5)
            server = start(data_dir)
            try:
                rows = check(server, acknowledged, writers)
            finally:
                server.kill()
            if report:
                kept = sum(len(writer.acknowledged) for writer in writers)
                print(
                    f"round {number}: {acknowledged} + {kept} commits acknowledged, {rows} in history: all there",
                    flush=True,
                )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        run(arguments.rounds, arguments.scale, arguments.seed)
    except Lost as lost:
        print(f"LOST: {lost}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
