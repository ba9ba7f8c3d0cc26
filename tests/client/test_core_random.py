"""Any operations in any order, over a connection that delivers in pieces, is slow, and breaks: what must hold all the same.

A write is carried out at most once, and exactly once when its result came back. A read gives the right answer or an error that the rules
allow. Nothing waits for ever (the driver asserts it), and at the end the client works.
"""

from __future__ import annotations

import random

import pytest
from rustydb import operations
from rustydb.conversation import Need, Opened
from rustydb.core import ClientCore, begin
from rustydb.errors import (
    ConnectionLost,
    DatabaseError,
    Error,
    InterfaceError,
    OperationalError,
    OutcomeUnknown,
    RequestTimeout,
)
from rustydb.options import connect_options

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.time import Now
from tests.support.native_application import Application, MemoryDriver


class Weather(MemoryDriver):
    """A connection in bad weather."""

    def __init__(self, core: ClientCore, application: Application, chance: random.Random) -> None:
        super().__init__(core, application)
        self.chance = chance
        self.calm = False
        self.late = bytearray()

    def _exchange(self) -> bool:
        conversation = self.core.conversation
        if self.session is None or conversation is None:
            self.late.clear()
            return False
        sent = conversation.data_to_send()
        if not self.calm and self.chance.random() < 0.02:
            keep = self.chance.randint(0, len(sent))
            if keep:
                self.session.receive(self.now, sent[:keep])
            self.late.clear()
            self.cut()
            return True
        self.late += self.session.receive(self.now, sent) if sent else self.session.machine.data_to_send()
        if not self.calm and self.chance.random() < 0.2:
            self.advance(self.chance.choice((0.001, 0.5, 4.0)))
            return True
        size = len(self.late) if self.calm else self.chance.randint(0, len(self.late))
        piece = bytes(self.late[:size])
        del self.late[:size]
        if piece:
            conversation.receive(self.now, piece)
        if self.session.dropped:
            self.late.clear()
            self.cut()
            return True
        return bool(piece) or bool(self.late)

    def _carry_out(self, need: Need) -> Opened | None:
        if self.core.conversation is None or self.session is None:
            self.late.clear()
        return super()._carry_out(need)


@pytest.mark.parametrize("seed", range(60))
def test_in_any_weather(seed: int) -> None:
    chance = random.Random(seed)
    application = Application()
    core = ClientCore(
        connect_options(
            keywords={"password": "p", "timeout": 5, "retries": 3, "fetch_rows": 7, "statement_cache_size": 2}
        ),
        Now(10**9, 0),
        Entropy(seed.to_bytes(32, "big")),
    )
    driver = Weather(core, application, chance)
    written = 0
    done: set[int] = set()
    for _ in range(60):
        what = chance.random()
        try:
            if what < 0.25:
                number = chance.randint(0, 10**6)
                assert driver.drive(core.run("SELECT $1", [number])).scalar() == number
            elif what < 0.35:
                count = chance.randint(0, 300)
                assert len(driver.drive(core.run(f"SELECT rows {count}"))) == count
            elif what < 0.55:
                written += 1
                driver.drive(core.run(f"INSERT {written}"))
                done.add(written)
            elif what < 0.7:
                _transaction(driver, chance)
            elif what < 0.8:
                stream = operations.Stream(core, "rows 100", None)
                driver.drive(stream.fill(chance.randint(1, 120)))
                taken = stream.take(chance.randint(1, 120))
                assert [row[0] for row in taken] == list(range(len(taken)))
                stream.close()
            elif what < 0.9:
                results = driver.drive(operations.execute_many(core, "INSERT many $1", [[n] for n in range(20)]))
                assert len(results) == 20
            else:
                driver.drive(core.run("hang"))
                pytest.fail("nothing answers that")
        except OutcomeUnknown:
            assert what >= 0.35
        except (ConnectionLost, RequestTimeout, OperationalError, InterfaceError) as error:
            assert not isinstance(error, InterfaceError) or "transaction" in str(error)
    driver.calm = True
    driver.advance(31)
    while core.transactions:
        try:
            driver.drive(core.transactions[-1].rollback())
        except Error:
            break
    assert driver.drive(core.run("SELECT $1", [7])).scalar() == 7
    ran = [sql for sql in application.statements() if sql.startswith("INSERT ") and sql[7:].isdigit()]
    assert len(ran) == len(set(ran)) and {f"INSERT {number}" for number in done} <= set(ran)


def _transaction(driver: Weather, chance: random.Random) -> None:
    core = driver.core
    txn = driver.drive(begin(core, stacked=chance.random() < 0.7))
    try:
        for _ in range(chance.randint(0, 3)):
            driver.drive(core.run("UPSERT x", transaction=txn))
        driver.drive(txn.commit() if chance.random() < 0.7 else txn.rollback())
    except DatabaseError:
        if not txn.over:
            driver.drive(txn.rollback())
        raise
    assert txn.over and txn not in core.transactions
