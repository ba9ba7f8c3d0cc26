"""A model of snapshot isolation, and a runner that drives it and the database with the same random steps.

The model keeps the whole committed state after each commit. What a transaction sees is the state at its snapshot's
csn, laid over with what it did itself. The runner checks every read against that, and after a crash that the recovered
state is one of the committed states no older than the last one that was acknowledged.
"""

from __future__ import annotations

import random

from rustydb_sim.disk import Disk

from rustydb_engine.storage.database import Database
from rustydb_engine.storage.heap import NO_KEY_UPDATE, UPDATE, Heap
from rustydb_engine.storage.index import SKIP, Index
from rustydb_engine.storage.pages import Row
from rustydb_engine.txn.transaction import READ_COMMITTED, REPEATABLE_READ, Savepoint, Transaction
from rustydb_proto.core.io import Effect
from tests.storage.support import (
    check_indexes,
    check_pages,
    deliver,
    first_column,
    open_database,
    take_effects,
    unique_index,
)

State = dict[int, Row]


def second_column(row: Row) -> object:
    return row[1]


class Client:
    """One transaction, as the model sees it."""

    def __init__(self, txn: Transaction) -> None:
        self.txn = txn
        self.own: dict[int, Row | None] = {}
        self.savepoints: list[tuple[Savepoint, dict[int, Row | None]]] = []


class Runner:
    """Random steps on a database and its model."""

    def __init__(self, seed: int, disk: Disk, bulk: bool = False) -> None:
        self.chance = random.Random(seed)
        self.disk = disk
        self.bulk = bulk
        self.clients: list[Client] = []
        self.history: dict[int, State] = {}
        self.places: dict[int, int] = {}  # key -> rid, of rows that exist in some version
        self.next_key = 0
        self.in_flight: list[Effect] = []
        self.acknowledged = 0
        self.reads = 0
        self._open()

    def _open(self) -> None:
        self.db: Database = open_database(self.disk).database
        if not self.db.heaps:
            txn = self.db.begin()
            self.storage = self.db.create_heap(txn, (23, 23, 25)).storage
            csn = self.db.commit(txn)
            assert csn is not None
            self.history[csn] = {}
            self.settle()
            self.acknowledged = csn
        heap = self.heap
        for index in (unique_index(), Index(90_001, second_column, positions=(1,))):
            assert index.build(heap) is SKIP
            heap.attach(index)

    @property
    def heap(self) -> Heap:
        return self.db.heap(self.storage)

    # -- disk

    def start_disk(self) -> None:
        for effect in take_effects(self.db):
            self.disk.start(effect)
            self.in_flight.append(effect)

    def finish_disk(self) -> None:
        if self.in_flight:
            place = self.chance.randrange(len(self.in_flight))  # disk effects may finish in any order
            deliver(self.db, self.disk.finish(self.in_flight.pop(place)))
            self.acknowledged = max(self.acknowledged, self.db.durable_csn)

    def settle(self) -> None:
        self.start_disk()
        while self.in_flight:
            self.finish_disk()
            self.start_disk()

    def checkpoint(self) -> None:
        assert self.db.checkpoints is not None
        self.db.checkpoints.start(self.db)

    def crash(self) -> None:
        self.in_flight.clear()
        self.clients.clear()
        self.disk.crash()
        self._open()
        state = {row[0]: row for page in self.heap.pages for row in page.rows if row is not None}
        csn = self.db.durable_csn
        assert csn >= self.acknowledged, "an acknowledged commit is lost"
        assert state == self.state_at(csn)
        self.acknowledged = csn
        self.history = {known: kept for known, kept in self.history.items() if known <= csn}
        self.places = {
            row[0]: number << 8 | slot  # type: ignore[misc]  # keys are integers
            for number, page in enumerate(self.heap.pages)
            for slot, row in enumerate(page.rows)
            if row is not None
        }

    # -- the model

    def state_at(self, csn: int) -> State:
        return self.history[max(known for known in self.history if known <= csn)]

    def latest(self) -> State:
        return self.state_at(max(self.history))

    def expected(self, client: Client, csn: int) -> State:
        seen: dict[int, Row | None] = {**self.state_at(csn), **client.own}
        return {key: row for key, row in seen.items() if row is not None}

    # -- steps

    def step(self) -> None:
        steps = [
            (self.begin, 6), (self.insert, 10), (self.change, 14), (self.read, 10), (self.commit, 6),
            (self.rollback, 2), (self.savepoint, 3), (self.rollback_to, 3), (self.start_disk, 8),
            (self.finish_disk, 10), (self.insert_taken, 3),
        ]  # fmt: skip
        if self.bulk:
            steps.append((self.copy, 4))
        action = self.chance.choices([step for step, _ in steps], [weight for _, weight in steps])[0]
        action()

    def client(self) -> Client | None:
        return self.chance.choice(self.clients) if self.clients else None

    def begin(self) -> None:
        if len(self.clients) < 5:
            isolation = self.chance.choice((READ_COMMITTED, REPEATABLE_READ))
            self.clients.append(Client(self.db.begin(isolation)))

    def insert(self) -> None:
        client = self.client()
        if client is not None:
            self.next_key += 1
            self.put(client, (self.next_key, self.chance.randrange(4), "x"))

    def put(self, client: Client, row: Row) -> None:
        key = row[0]
        assert isinstance(key, int)
        self.places[key] = self.heap.insert(client.txn, row)
        client.own[key] = row
        client.txn.next_command()

    def insert_taken(self) -> None:
        """Insert a key that another row has, or had."""
        client = self.client()
        if client is None or not self.places:
            return
        key = self.chance.choice(sorted(self.places))
        index = self.heap.indexes[0]
        verdict = index.conflict(client.txn, key)
        others = [other for other in self.clients if other is not client and key in other.own]
        if others:
            rivals = {other.txn for other in others}
            # Nothing is in the way when the rival made the row and deleted it again, or never changed the key.
            assert verdict is None or verdict[1] in rivals
            return
        present = client.own.get(key) if key in client.own else self.latest().get(key)
        assert (verdict is not None and verdict[1] is None) == (present is not None)
        if verdict is None and not self.newer(client, key):
            self.put(client, (key, self.chance.randrange(4), "again"))

    def copy(self) -> None:
        client = self.client()
        if client is None:
            return
        rows: list[Row] = []
        for _ in range(self.chance.choice((3, 100, 700))):
            self.next_key += 1
            rows.append((self.next_key, self.chance.randrange(4), "copied"))
        self.heap.insert_many(client.txn, rows)
        client.txn.next_command()
        for row in rows:
            client.own[row[0]] = row  # type: ignore[index]  # keys are integers
        index = self.heap.indexes[0]
        for row in rows:
            self.places[row[0]] = index.candidates(row[0])[0]  # type: ignore[index]  # a tuple, and integer keys
        if self.chance.random() < 0.5:
            self.db.log_ahead(client.txn, 0)

    def newer(self, client: Client, key: int) -> bool:
        """Whether a repeatable read transaction must not touch a row: it changed after the snapshot."""
        if client.txn.isolation == READ_COMMITTED or key in client.own:
            return False
        csn = client.txn.snapshot().csn
        return self.state_at(csn).get(key) != self.latest().get(key)

    def change(self) -> None:
        client = self.client()
        keys = sorted(self.places)
        if client is None or not keys:
            return
        key = self.chance.choice(keys[-30:])
        present = client.own.get(key) if key in client.own else self.latest().get(key)
        rid = self.places[key]
        others = [other for other in self.clients if other is not client and key in other.own]
        if others:
            if others[0].own[key] is not None or key in self.latest():
                assert self.heap.blocker(client.txn, rid, UPDATE) is others[0].txn
            return
        if present is None or self.newer(client, key):
            return
        delete = self.chance.random() < 0.3
        assert self.heap.blocker(client.txn, rid, UPDATE if delete else NO_KEY_UPDATE) is None
        row, _ = self.heap.latest(rid)
        assert row == present
        if delete:
            self.heap.delete(client.txn, rid)
            client.own[key] = None
        else:
            changed = (key, self.chance.randrange(4), f"v{self.chance.randrange(1000)}")
            self.heap.update(client.txn, rid, changed)
            client.own[key] = changed
        client.txn.next_command()
        if self.chance.random() < 0.1:
            self.db.log_ahead(client.txn, 0)

    def read(self) -> None:
        client = self.client()
        if client is None:
            return
        snapshot = client.txn.snapshot()
        assert snapshot.csn >= self.db.durable_csn or client.txn.isolation == REPEATABLE_READ
        seen = {first_column(row): row for page in self.heap.scan(snapshot) for _, row in page}
        expected = self.expected(client, snapshot.csn)
        assert seen == expected
        self.reads += 1
        wanted = self.chance.randrange(4)
        by_index = self.heap.indexes[1]
        found = [
            row
            for rid in by_index.candidates(wanted)
            if (row := self.heap.fetch(rid, snapshot)) is not None and row[1] == wanted
        ]
        assert sorted(found) == sorted(row for row in expected.values() if row[1] == wanted)
        ordered = [
            row[0] for rid in self.heap.indexes[0].range() if (row := self.heap.fetch(rid, snapshot)) is not None
        ]
        assert ordered == sorted(expected)

    def commit(self) -> None:
        client = self.client()
        if client is None:
            return
        self.clients.remove(client)
        before = self.latest()
        csn = self.db.commit(client.txn)
        if client.txn.csn < 1 << 62:
            assert csn == client.txn.csn
            after: dict[int, Row | None] = {**before, **client.own}
            self.history[csn] = {key: row for key, row in after.items() if row is not None}
        else:
            assert not client.own

    def rollback(self) -> None:
        client = self.client()
        if client is not None:
            self.clients.remove(client)
            self.db.rollback(client.txn)

    def savepoint(self) -> None:
        client = self.client()
        if client is not None:
            client.savepoints.append((client.txn.savepoint(), dict(client.own)))

    def rollback_to(self) -> None:
        client = self.client()
        if client is not None and client.savepoints:
            place = self.chance.randrange(len(client.savepoints))
            mark, own = client.savepoints[place]
            del client.savepoints[place + 1 :]
            self.db.rollback_to(client.txn, mark)
            client.own = dict(own)

    # -- the end

    def finish(self) -> None:
        """End every transaction, make everything durable, and check that no trace of old versions is left."""
        for client in list(self.clients):
            self.clients.remove(client)
            self.db.rollback(client.txn)
        self.settle()
        heap = self.heap
        check_pages(heap)
        check_indexes(heap)
        assert {first_column(row): row for page in heap.pages for row in page.rows if row} == self.latest()
        assert all(not page.undo for page in heap.pages), "every version but the newest is forgotten"
        assert not heap.locks
        assert not self.db.manager.active
        assert not self.db.manager.retired
