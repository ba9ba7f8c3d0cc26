"""What watching tables costs: a tight loop of updates with no subscriber, with one of another table, with one of the table.

    PYTHONPATH=.:adapters python tests/live/bench.py

prints microseconds a statement (whole node, a prepared update of one row, in memory) and ratios to the first; the best of
rounds that take turns.
"""

from __future__ import annotations

from time import perf_counter

from rustydb_proto.core import io
from rustydb_proto.pg import framing
from tests.live.reader import Reader
from tests.node.support import Client, Host

ROUNDS = 9
STATEMENTS = 2000


class Setup:
    """A node with a prepared update, and perhaps a subscriber."""

    def __init__(self, name: str, watched: str) -> None:
        self.name = name
        self.best = 1e9
        self.host = Host()
        self.client: Client = self.host.connect()
        self.client.ask("CREATE TABLE t (a int PRIMARY KEY, b int); CREATE TABLE u (a int)", 2)
        self.client.ask("INSERT INTO t SELECT g, 0 FROM generate_series(1, 1000) g")
        parse = framing.parse("s", "UPDATE t SET b = b + 1 WHERE a = $1", ())
        self.client.send(parse + framing.SYNC)
        self.subscribed = Reader(self.host, self.host.connect()).subscribe(watched) if watched else None

    def round(self) -> None:
        """Run the statements once."""
        node, now, conn = self.host.node, self.host.now, self.client.conn
        inputs = [
            [
                io.Received(
                    conn,
                    framing.bind("", "s", [b"%d" % (1 + number % 1000)]) + framing.execute() + framing.SYNC,
                )
            ]
            for number in range(STATEMENTS)
        ]
        start = perf_counter()
        for item in inputs:
            node.step(now, item)
            if self.subscribed is not None and self.subscribed.subscription.queue:
                node.step(now, ())
                self.subscribed.subscription.take()
        self.best = min(self.best, (perf_counter() - start) / STATEMENTS)


def main() -> None:
    """Print the comparison."""
    setups = [
        Setup("no subscriber", ""),
        Setup("again none", ""),
        Setup("one of another table", "u"),
        Setup("one of the table", "t"),
    ]
    for _ in range(ROUNDS):
        for setup in setups:
            setup.round()
    for setup in setups:
        print(f"{setup.name:22} {setup.best * 1e6:6.1f} us  {setup.best / setups[0].best:5.2f}")


if __name__ == "__main__":
    main()
