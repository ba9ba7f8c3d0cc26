"""CPU of a statement without sockets: bytes into `Node.step`, bytes out.

python -m tests.bench.inprocess              microseconds a statement, for a few kinds
python -m tests.bench.inprocess --profile select-prepared
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable

from rustydb_proto.pg import framing
from tests.support.local_node import LocalClient, LocalNode

ROWS = 10_000
SETUP = """
CREATE TABLE accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
INSERT INTO accounts SELECT i, 1, 0, '' FROM generate_series(1, 10000) i;
CREATE TABLE history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
"""


def prepared(
    client: LocalClient, name: str, sql: str, parameters: Callable[[int], list[bytes]]
) -> Callable[[int], bytes]:
    """Prepare a statement; return the function that makes the messages of its nth execution, as pgbench sends them."""
    client.send(framing.parse(name, sql) + framing.SYNC)

    def messages(number: int) -> bytes:
        bind = framing.bind("", name, parameters(number))
        return bind + framing.describe("P", "") + framing.execute("") + framing.SYNC

    return messages


def cases(client: LocalClient) -> dict[str, Callable[[int], bytes]]:
    """Return what to measure: the bytes to send the nth time."""

    def key(number: int) -> list[bytes]:
        return [b"%d" % (number * 7919 % ROWS + 1)]

    update = "UPDATE accounts SET abalance = abalance + {} WHERE aid = {}"
    insert = "INSERT INTO history (tid, bid, aid, delta, mtime) VALUES ({}, 2, {}, 4, CURRENT_TIMESTAMP)"
    return {
        "select-one": lambda n: framing.query("SELECT 1"),
        "select-simple": lambda n: framing.query(f"SELECT abalance FROM accounts WHERE aid = {n * 7919 % ROWS + 1};"),
        "select-prepared": prepared(client, "s", "SELECT abalance FROM accounts WHERE aid = $1", key),
        "begin-end": lambda n: framing.query("BEGIN;" if n % 2 == 0 else "END;"),
        "update-simple": lambda n: framing.query(update.format(n, n * 7919 % ROWS + 1)),
        "update-prepared": prepared(
            client, "u", "UPDATE accounts SET abalance = abalance + $2 WHERE aid = $1", lambda n: [*key(n), b"5"]
        ),
        "insert-simple": lambda n: framing.query(insert.format(n, n)),
    }


def measure(client: LocalClient, messages: Callable[[int], bytes], count: int) -> float:
    """Return microseconds of CPU a statement."""
    data = [messages(number) for number in range(count)]
    began = time.process_time()
    for piece in data:
        client.send(piece)
    return (time.process_time() - began) / count * 1e6


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", metavar="CASE")
    parser.add_argument("--count", type=int, default=20_000)
    options = parser.parse_args()
    client = LocalNode().connect()
    answer = client.send(framing.query(SETUP))
    if b"ERROR" in answer:
        raise SystemExit(repr(answer))
    for name, messages in cases(client).items():
        if options.profile in (None, name):
            answer = client.send(messages(0))
            assert b"ERROR" not in answer, answer
            if options.profile:
                profile = cProfile.Profile()
                profile.runcall(measure, client, messages, options.count)
                pstats.Stats(profile).sort_stats("tottime").print_stats(40)
            else:
                figures = [measure(client, messages, options.count // 4) for _ in range(4)]
                print(f"{name:<20}{min(figures):8.1f} us")


if __name__ == "__main__":
    main()
