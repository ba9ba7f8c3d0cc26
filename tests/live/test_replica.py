"""Whoever applies the events of a subscription has the table: random transactions, replayed into a copy."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from rustydb_sim.disk import Disk

from rustydb_engine.live.changes import RowsChanged, SchemaChanged, Subscription, TableTruncated
from rustydb_proto.pg.client_messages import Query
from tests.live.reader import Reader
from tests.node.support import Client, Host

Row = tuple[object, ...]


class Replica:
    """A copy of a table that is kept by events alone."""

    def __init__(self, subscription: Subscription, condition: bool = False) -> None:
        self.subscription = subscription
        self.names = [column.name for column in subscription.table.live()]
        self.rows: Counter[Row] = Counter()
        self.condition = condition

    def follow(self) -> None:
        """Apply what waits."""
        for event in self.subscription.take(10**9):
            if isinstance(event, RowsChanged):
                for change in event.changes:
                    if change.old is not None:
                        assert self.rows[change.old] > 0, f"{change} of a row that is not there"
                        self.rows[change.old] -= 1
                    if change.new is not None:
                        self.rows[change.new] += 1
            elif isinstance(event, TableTruncated):
                self.rows.clear()
            else:
                assert isinstance(event, SchemaChanged)
                self.alter([column.name for column in event.table.live()])
        self.rows = +self.rows

    def alter(self, names: list[str]) -> None:
        """Give the rows the columns that the table has now; new ones are 7."""
        altered: Counter[Row] = Counter()
        for row, count in self.rows.items():
            known = dict(zip(self.names, row, strict=True))
            altered[tuple(known.get(name, 7) for name in names)] += count
        self.rows = altered
        self.names = names

    def check(self, client: Client) -> None:
        """Compare with the table."""
        where = " WHERE b % 3 = 0" if self.condition else ""
        reply = client.ask(f"SELECT {', '.join(self.names)} FROM t{where}")
        found = Counter(tuple(None if item is None else int(item) for item in row) for row in reply.rows)
        assert found == self.rows


class Writer:
    """A client that does random things to the table."""

    def __init__(self, client: Client, dice: Random, ddl: bool = False, truncate: bool = True) -> None:
        self.client = client
        self.dice = dice
        self.ddl = ddl
        self.truncate = truncate

    def statement(self) -> str:
        """Return a statement that changes rows, or the table."""
        dice = self.dice
        low = dice.randrange(400)
        high = low + dice.choice((1, 3, 30))
        series = f"generate_series({low}, {high})"
        choices = [
            f"INSERT INTO t (a, b) SELECT g, {dice.randrange(10)} FROM {series} g ON CONFLICT DO NOTHING",
            f"INSERT INTO t (a, b) SELECT g, g FROM {series} g ON CONFLICT (a) DO UPDATE SET b = t.b + 1",
            f"UPDATE t SET b = b + {dice.randrange(3)} WHERE a BETWEEN {low} AND {high}",
            f"UPDATE t SET b = b + 1 WHERE a BETWEEN {low} AND {high}",
            f"UPDATE t SET a = a + 1000 + {dice.randrange(10**6)} WHERE a = {low}",
            f"DELETE FROM t WHERE a BETWEEN {low} AND {high}",
        ]
        if dice.random() < 0.03:
            choices = ["INSERT INTO t (a, b) SELECT g, 3 FROM generate_series(2000, 2600) g ON CONFLICT DO NOTHING"]
            if self.truncate and dice.random() < 0.5:
                choices = ["TRUNCATE t"]
        if self.ddl and dice.random() < 0.1:
            choices = [
                f"ALTER TABLE t ADD COLUMN c{dice.randrange(4)} int DEFAULT 7",
                f"ALTER TABLE t DROP COLUMN c{dice.randrange(4)}",
                "CREATE INDEX ON t (b)",
                "ALTER TABLE t ALTER b TYPE int USING b",
            ]
        return dice.choice(choices)

    def transaction(self) -> None:
        """Run one statement, or a block with savepoints, that ends one way or the other."""
        ask, dice = self.client.ask, self.dice
        if dice.random() < 0.4:
            ask(self.statement())
            return
        ask("BEGIN")
        for _ in range(dice.randint(1, 5)):
            if dice.random() < 0.4:
                ask("SAVEPOINT s")
                for _ in range(dice.randint(1, 3)):
                    ask(self.statement())
                ask(dice.choice(("ROLLBACK TO s", "ROLLBACK TO s", "RELEASE s")))
            else:
                ask(self.statement())
        ask(dice.choice(("COMMIT", "COMMIT", "ROLLBACK")))


@pytest.mark.parametrize("seed", range(12))
def test_a_copy_that_is_kept_by_events_is_the_table(seed: int) -> None:
    dice = Random(seed)
    host = Host(Disk(seed) if seed % 2 else None)
    client, reader = host.connect(), host.connect()
    client.ask("CREATE TABLE t (a int PRIMARY KEY, b int)")
    events = Reader(host, reader)
    everything = Replica(events.subscribe("t").subscription)
    some = Replica(events.subscribe("t", where="b % 3 = 0").subscription, condition=True)
    writer = Writer(client, dice, ddl=seed % 3 == 0)
    for _ in range(60):
        writer.transaction()
        for replica in (everything, some):
            if dice.random() < 0.5:
                replica.follow()
                replica.check(reader)
    for replica in (everything, some):
        replica.follow()
        replica.check(reader)


@pytest.mark.parametrize("seed", range(4))
def test_events_are_what_readers_see_while_commits_are_on_their_way_to_disk(seed: int) -> None:
    dice = Random(seed)
    host = Host(Disk(seed))
    clients = [host.connect() for _ in range(4)]
    reader = host.connect()
    clients[0].ask("CREATE TABLE t (a int PRIMARY KEY, b int)")
    # After TRUNCATE readers wait for the disk, as after any DDL.
    writers = [Writer(client, dice, truncate=False) for client in clients]
    replica = Replica(Reader(host, reader).subscribe("t").subscription)
    for _ in range(80):
        host.disk_busy = dice.random() < 0.7
        for writer in dice.sample(writers, dice.randint(1, 3)):
            if not host.node.connections[writer.client.conn].front.busy:
                writer.client.begin(Query(writer.statement()))
        replica.follow()
        replica.check(reader)
        host.finish_disk_work()
        for client in clients:
            client.listen()
    replica.follow()
    replica.check(reader)
    assert sum(replica.rows.values()) > 0
