"""Transactions of native clients that wait for each other, and what must not end them."""

from __future__ import annotations

import pytest

from rustydb_proto.binary import messages as m
from rustydb_proto.binary import values as v
from rustydb_proto.core import io
from tests.node.native_client import NativeClient, connect
from tests.node.support import Host

UPDATE = "update t set n = n + 1 where id = 1"


@pytest.fixture
def clients() -> list[NativeClient]:
    host = Host()
    made = [connect(host) for _ in range(3)]
    made[0].ask(m.Query("create table t (id int primary key, n int)"))
    made[0].ask(m.Query("insert into t values (1, 0)"))
    return made


def begin(client: NativeClient) -> m.Options:
    return m.Options(transaction=client.ask(m.Begin()).transaction)


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("insert into t values ($1, 1)", (v.Numeric("7"),)), ("insert into t values ($1, 1) returning id", (7,)),
        ("insert into t select $1, 1 returning n", (7,)), ("insert into t values (7, 1) returning id", ()),
    ],
)  # fmt: skip
def test_no_statement_ends_its_transaction(
    clients: list[NativeClient], sql: str, parameters: tuple[v.Value, ...]
) -> None:
    one, two, _ = clients
    options = begin(one)
    assert isinstance(one.ask(m.Execute(sql, parameters, options)), m.QueryResult)
    assert two.rows("select count(*) from t") == [(1,)]
    one.ask(m.RollbackTransaction(options.transaction))
    assert two.rows("select count(*) from t") == [(1,)]


def test_a_commit_wakes_who_waits(clients: list[NativeClient]) -> None:
    one, two, _ = clients
    first, second = begin(one), begin(two)
    one.ask(m.Execute(UPDATE, (), first))
    (waiting,) = two.send(m.Execute(UPDATE, (), second))
    assert two.take_for(waiting) == []
    one.ask(m.CommitTransaction(first.transaction))
    two.listen()
    (answer,) = two.take_for(waiting)
    assert isinstance(answer, m.QueryResult) and answer.tag == "UPDATE 1"


def test_a_commit_in_the_same_step_is_not_waited_for(clients: list[NativeClient]) -> None:
    """The statement found the row locked when it came, and the lock was gone before it could wait."""
    one, two, _ = clients
    first, second = begin(one), begin(two)
    one.ask(m.Execute(UPDATE, (), first))
    waiting = two.machine.request(two.host.now, m.Execute(UPDATE, (), second))
    one.machine.request(one.host.now, m.CommitTransaction(first.transaction))
    one.host.step(
        io.Received(two.transport.conn, two.machine.data_to_send()),
        io.Received(one.transport.conn, one.machine.data_to_send()),
    )
    two.listen()
    (answer,) = two.take_for(waiting)
    assert isinstance(answer, m.QueryResult) and answer.tag == "UPDATE 1"
