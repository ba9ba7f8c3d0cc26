"""What a native client is told: notifications, changes of tables; and how subscriptions begin and end."""

from __future__ import annotations

import pytest
from rustydb_sim.disk import Disk

from rustydb_proto.binary import messages as m
from rustydb_proto.binary import values as v
from rustydb_proto.core import io
from tests.node.native_client import NativeClient, connect
from tests.node.support import Host


@pytest.fixture
def client() -> NativeClient:
    made = connect(Host())
    made.ask(m.Query("create table t (id int primary key, price numeric, note text)"))
    return made


def told(client: NativeClient) -> list[m.Response]:
    client.listen()
    unasked, client.unasked = client.unasked, []
    return unasked


def test_notifications(client: NativeClient) -> None:
    other = connect(client.host)
    assert client.ask(m.Listen("News")) == m.Ok()
    assert client.started is not None and other.started is not None
    other.ask(m.Query("""notify "News", 'hello'"""))
    other.ask(m.Query("notify news, 'not this one'"))
    assert told(client) == [m.Notified("News", "hello", other.started.session)]
    client.ask(m.Query("""notify "News", 'own'"""))
    assert told(client) == [m.Notified("News", "own", client.started.session)]
    assert client.ask(m.Unlisten("News")) == m.Ok()
    other.ask(m.Query("""notify "News", 'late'"""))
    assert told(client) == []
    client.ask(m.Query("listen a"))
    client.ask(m.Unlisten(""))
    other.ask(m.Query("notify a"))
    assert told(client) == []
    assert client.error(m.Listen("")).sqlstate in ("42601", "22023")


def test_notifications_wait_for_the_end_of_the_transaction(client: NativeClient) -> None:
    client.ask(m.Listen("a"))
    client.ask(m.BeginTransaction())
    connect(client.host).ask(m.Query("notify a, '1'"))
    assert told(client) == []
    client.ask(m.Commit())
    assert [type(message) for message in told(client)] == [m.Notified]


def test_changes_of_a_table(client: NativeClient) -> None:
    subscribed = client.ask(m.Subscribe("public.t"))
    assert isinstance(subscribed, m.Subscribed)
    assert [column.name for column in subscribed.columns] == ["id", "price", "note"]
    client.ask(m.Query("insert into t values (1, 1.50, 'a')"))
    client.ask(m.Query("update t set note = null where id = 1"))
    client.ask(m.Query("delete from t"))
    client.ask(m.Query("truncate t"))
    changes = told(client)
    first, last = (1, v.Numeric("1.50"), "a"), (1, v.Numeric("1.50"), None)
    assert [(c.operation, c.old, c.new) for c in changes if isinstance(c, m.Changed)] == [
        (1, None, first),
        (2, first, last),
        (4, last, None),
        (8, None, None),
    ]
    positions = [c.position for c in changes if isinstance(c, m.Changed)]
    assert positions == sorted(positions) and positions[0] > subscribed.position
    assert client.ask(m.Unsubscribe(subscribed.subscription)) == m.Ok()
    assert client.ask(m.Unsubscribe(77)) == m.Ok()
    client.ask(m.Query("insert into t values (2)"))
    assert told(client) == []


def test_a_subscription_may_want_less(client: NativeClient) -> None:
    subscribed = client.ask(m.Subscribe("t", 1, ("note", "id"), "price > 5"))
    assert [column.name for column in subscribed.columns] == ["note", "id"]
    client.ask(m.Query("insert into t values (1, 1, 'cheap'), (2, 10, 'dear')"))
    client.ask(m.Query("update t set note = 'x'"))
    client.ask(m.Query("update t set price = 6 where id = 1"))
    client.ask(m.Query("delete from t"))
    assert [c.new for c in told(client) if isinstance(c, m.Changed)] == [("dear", 2), ("x", 1)]
    only = client.ask(m.Subscribe("t", 8)).subscription
    client.ask(m.Query("insert into t values (1, 1, 'a')"))
    client.ask(m.Query("truncate t"))
    changes = [(c.subscription, c.operation) for c in told(client) if isinstance(c, m.Changed)]
    assert (only, 8) in changes and (only, 1) not in changes


def test_a_table_may_change_and_go(client: NativeClient) -> None:
    number = client.ask(m.Subscribe("t")).subscription
    some = client.ask(m.Subscribe("t", 0, ("note",))).subscription
    client.ask(m.Query("alter table t add column extra int default 5"))
    client.ask(m.Query("insert into t values (1, 2, 'a')"))
    again, *changes = told(client)
    assert isinstance(again, m.Subscribed) and again.subscription == number and again.columns[3].name == "extra"
    assert {c.subscription: c.new for c in changes if isinstance(c, m.Changed)} == {
        number: (1, v.Numeric("2"), "a", 5),
        some: ("a",),
    }
    client.ask(m.Query("alter table t drop column note"))
    ended = [message for message in told(client) if isinstance(message, m.Ended)]
    assert [(e.subscription, e.fields.sqlstate) for e in ended] == [(some, "42703")]
    client.ask(m.Query("drop table t"))
    (end,) = told(client)
    assert isinstance(end, m.Ended) and (end.subscription, end.fields.sqlstate) == (number, "42P01")


def test_what_cannot_be_subscribed_to(client: NativeClient) -> None:
    assert client.error(m.Subscribe("nix")).sqlstate == "42P01"
    assert client.error(m.Subscribe("t", 0, ("nix",))).sqlstate == "42703"
    assert client.error(m.Subscribe("t", 0, (), "nix > 1")).sqlstate == "42703"
    assert client.error(m.Subscribe("pg_class")).sqlstate == "42501"
    assert client.error(m.Subscribe("t", 0, (), "", 1)).sqlstate == "0A000"
    assert client.error(m.Subscribe("t, u")).sqlstate == "42602"
    assert client.host.node.shared.live.changes.count == 0


def test_nothing_is_told_before_it_is_durable_or_before_the_answer() -> None:
    host = Host(Disk())
    client = connect(host)
    client.ask(m.Query("create table t (id int primary key)"))
    other = connect(host)
    host.disk_busy = True
    other.send(m.Query("insert into t values (1)"))
    (number,) = client.send(m.Subscribe("t"))
    other.send(m.Query("insert into t values (2)"))
    assert client.take_for(number) == [] and told(client) == []
    host.finish_disk_work()
    client.listen()
    (subscribed,) = client.take_for(number)
    assert isinstance(subscribed, m.Subscribed)
    assert [c.new for c in told(client) if isinstance(c, m.Changed)] == [(2,)]


def test_a_client_that_does_not_read_is_cut_off() -> None:
    host = Host(subscription_changes_max=100)
    client, other = connect(host), connect(host)
    other.ask(m.Query("create table t (id int primary key)"))
    number = client.ask(m.Subscribe("t")).subscription
    host.step(io.WriteBlocked(client.transport.conn))
    for n in range(150):
        other.ask(m.Query(f"insert into t values ({n})"))
    assert told(client) == []
    host.step(io.WriteReady(client.transport.conn))
    (end,) = told(client)
    assert isinstance(end, m.Ended) and (end.subscription, end.fields.sqlstate) == (number, "53400")


def test_a_lost_connection_ends_its_subscriptions(client: NativeClient) -> None:
    client.ask(m.Subscribe("t"))
    assert client.host.node.shared.live.changes.count == 1
    client.host.step(io.Lost(client.transport.conn, "reset"))
    assert client.host.node.shared.live.changes.count == 0
