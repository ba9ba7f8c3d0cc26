"""Subscriptions to tables: what a commit tells, in which order, when, and what ends a subscription."""

from __future__ import annotations

import pytest
from rustydb_sim.disk import Disk

from rustydb_engine.errors import SqlError
from rustydb_engine.live.changes import RowsChanged
from rustydb_proto.core import io
from rustydb_proto.pg.client_messages import Query
from tests.live.reader import Reader
from tests.node.support import Client, Host


def world(disk: Disk | None = None, **settings: object) -> tuple[Host, Client, Reader]:
    host = Host(disk, **settings)
    writer = host.connect()
    writer.ask("CREATE TABLE t (a int PRIMARY KEY, b text); INSERT INTO t VALUES (1, 'one'), (2, 'two')", 2)
    return host, writer, Reader(host, host.connect())


def test_a_commit_is_one_event_with_its_changes_in_order() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t")
    writer.ask("BEGIN; INSERT INTO t VALUES (3, 'x'); UPDATE t SET b = 'y' WHERE a = 3", 3)
    writer.ask("UPDATE t SET b = b || '!' WHERE a < 3; DELETE FROM t WHERE a = 3", 2)
    assert seen.take() == [] and reader.runs == 0
    writer.ask("COMMIT")
    assert reader.runs == 1
    assert seen.take() == [
        [
            ("insert", None, (3, "x")),
            ("update", (3, "x"), (3, "y")),
            ("update", (1, "one"), (1, "one!")),
            ("update", (2, "two"), (2, "two!")),
            ("delete", (3, "y"), None),
        ]
    ]
    assert seen.take() == []


def test_an_event_knows_its_transaction_its_place_and_its_time() -> None:
    host, writer, reader = world()
    seen = reader.subscribe("t")
    xid = int(writer.ask("BEGIN; INSERT INTO t VALUES (3, 'x'); SELECT pg_current_xact_id()", 3).rows[0][0] or 0)
    host.wait(5)
    writer.ask("COMMIT")
    now = reader.session.shared.timestamp()
    writer.ask("DELETE FROM t WHERE a = 3")
    first, second = seen.subscription.take()
    assert isinstance(first, RowsChanged) and isinstance(second, RowsChanged)
    assert (first.transaction_id, first.committed_at) == (xid, now)
    assert first.csn < second.csn


def test_what_is_rolled_back_is_not_told() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t")
    writer.ask("BEGIN; INSERT INTO t VALUES (3, 'x'); ROLLBACK", 3)
    writer.ask("INSERT INTO t VALUES (4, 'x'), (1, 'again')")
    writer.ask("BEGIN; INSERT INTO t VALUES (5, 'x'); SAVEPOINT s; UPDATE t SET b = 'z'; TRUNCATE t; ROLLBACK TO s", 6)
    writer.ask("INSERT INTO t VALUES (6, 'x'); COMMIT", 2)
    assert seen.take() == [[("insert", None, (5, "x")), ("insert", None, (6, "x"))]]


def test_only_the_operations_that_are_wanted_are_told() -> None:
    _, writer, reader = world()
    deletes, others = reader.subscribe("t", "delete"), reader.subscribe("t", "insert", "update")
    writer.ask("INSERT INTO t VALUES (3, 'x')")
    assert deletes.take() == [] and reader.runs == 1
    writer.ask("DELETE FROM t WHERE a = 3")
    assert deletes.take() == [[("delete", (3, "x"), None)]]
    assert others.take() == [[("insert", None, (3, "x"))]]


def test_a_condition_turns_updates_across_it_into_inserts_and_deletes() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t", where="a > 10 AND b IS NOT NULL")
    for sql in (
        "INSERT INTO t VALUES (3, 'x'), (11, 'y')",
        "UPDATE t SET a = a + 10 WHERE a = 3",
        "UPDATE t SET b = 'z' WHERE a = 13",
        "UPDATE t SET b = NULL WHERE a = 13",
        "DELETE FROM t",
    ):
        writer.ask(sql)
    assert seen.take() == [
        [("insert", None, (11, "y"))],
        [("insert", None, (13, "x"))],
        [("update", (13, "x"), (13, "z"))],
        [("delete", (13, "z"), None)],
        [("delete", (11, "y"), None)],
    ]


def test_copy_foreign_keys_and_upserts_tell_what_they_change() -> None:
    _, writer, reader = world()
    writer.ask("CREATE TABLE c (a int REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE)")
    seen = reader.subscribe("c")
    parents = reader.subscribe("t")
    writer.ask("INSERT INTO c SELECT 1 + g % 2 FROM generate_series(0, 299) g")
    assert [len(event) for event in seen.take()] == [300]  # type: ignore[arg-type]  # a list of changes
    writer.ask("UPDATE t SET a = 9 WHERE a = 1")
    assert seen.take() == [[("update", (1,), (9,))] * 150]
    writer.ask("DELETE FROM t WHERE a = 2")
    assert seen.take() == [[("delete", (2,), None)] * 150]
    parents.take()
    writer.ask("INSERT INTO t VALUES (9, 'n'), (10, 'n') ON CONFLICT (a) DO UPDATE SET b = 'up'")
    assert parents.take() == [[("update", (9, "one"), (9, "up")), ("insert", None, (10, "n"))]]


def test_rows_of_one_command_that_are_changed_again_in_the_transaction() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t")
    writer.ask("BEGIN; INSERT INTO t SELECT g, 'n' FROM generate_series(101, 400) g", 2)
    writer.ask("UPDATE t SET b = 'm' WHERE a = 300; DELETE FROM t WHERE a = 300; COMMIT", 3)
    (changes,) = seen.take()
    assert isinstance(changes, list) and len(changes) == 302
    assert changes[199] == ("insert", None, (300, "n"))
    assert changes[300:] == [("update", (300, "n"), (300, "m")), ("delete", (300, "m"), None)]


def test_truncate_stands_where_it_happened() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t")
    writer.ask("BEGIN; INSERT INTO t VALUES (3, 'x'); TRUNCATE t; INSERT INTO t VALUES (4, 'y'); COMMIT", 5)
    writer.ask("UPDATE t SET b = 'z'")
    assert seen.take() == [
        [("insert", None, (3, "x"))],
        "truncated",
        [("insert", None, (4, "y"))],
        [("update", (4, "y"), (4, "z"))],
    ]


def test_ddl_tells_the_columns_that_rows_have_from_then_on() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t")
    writer.ask("BEGIN; UPDATE t SET b = 'x' WHERE a = 1; ALTER TABLE t ADD COLUMN c int DEFAULT 7", 3)
    writer.ask("UPDATE t SET b = 'y' WHERE a = 1; ALTER TABLE t DROP COLUMN b; DELETE FROM t WHERE a = 1; COMMIT", 4)
    assert seen.take() == [
        [("update", (1, "one"), (1, "x"))],
        "schema: a, b, c",
        [("update", (1, "x", 7), (1, "y", 7))],
        "schema: a, c",
        [("delete", (1, 7), None)],
    ]
    writer.ask("INSERT INTO t VALUES (5, 6)")
    assert seen.take() == [[("insert", None, (5, 6))]]
    writer.ask("ALTER TABLE t RENAME c TO d")
    writer.ask("ALTER TABLE t RENAME TO u")
    assert seen.take() == ["schema: a, d", "schema: a, d"]
    assert seen.subscription.table.name == "u"
    writer.ask("CREATE INDEX ON u (d); ALTER TABLE u ALTER d SET DEFAULT 9; ANALYZE u", 3)
    writer.ask("VACUUM u")
    assert seen.take() == []
    writer.ask("INSERT INTO u (a) VALUES (8)")
    assert seen.take() == [[("insert", None, (8, 9))]]


def test_a_condition_follows_the_table_or_ends_with_its_column() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t", where="b = 'x'")
    writer.ask("ALTER TABLE t ADD COLUMN c int")
    writer.ask("BEGIN; ALTER TABLE t DROP COLUMN c; INSERT INTO t VALUES (3, 'x'), (4, 'y'); COMMIT", 4)
    assert seen.take() == ["schema: a, b, c", "schema: a, b", [("insert", None, (3, "x"))]]
    writer.ask("ALTER TABLE t RENAME b TO z")
    assert seen.take() == ["schema: a, z", "42703"]
    assert seen.subscription.over
    writer.ask("INSERT INTO t VALUES (5, 'x')")
    assert seen.take() == []


def test_dropping_the_table_ends_the_subscription() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t")
    writer.ask("BEGIN; INSERT INTO t VALUES (3, 'x'); DROP TABLE t; COMMIT", 4)
    assert seen.take() == [[("insert", None, (3, "x"))], "42P01"]
    assert seen.subscription.over


def test_changes_come_when_they_are_durable_and_after_what_a_reader_could_have_seen() -> None:
    host, writer, reader = world(Disk())
    seen = reader.subscribe("t")
    host.disk_busy = True
    writer.begin(Query("INSERT INTO t VALUES (3, 'x')"))
    late = reader.subscribe("t")
    assert seen.take() == [] and reader.runs == 0
    assert late.subscription.after_csn > host.node.database.durable_csn
    host.finish_disk_work()
    assert late.subscription.after_csn == host.node.database.durable_csn
    assert seen.take() == [[("insert", None, (3, "x"))]]
    assert late.take() == [[("insert", None, (3, "x"))]], (
        "it was watched already; without that it would be in the table"
    )
    writer.listen()
    assert writer.replies.pop().tags == ["INSERT 0 1"]


def test_who_does_not_keep_up_is_cut_off_and_nobody_else() -> None:
    _, writer, reader = world(subscription_changes_max=100)
    slow, quick = reader.subscribe("t"), reader.subscribe("t")
    for number in range(10, 111):
        writer.ask(f"INSERT INTO t VALUES ({number}, 'x')")
        assert len(quick.take()) == 1
    assert slow.take() == ["53400"]
    assert slow.subscription.over and not quick.subscription.over
    writer.ask("INSERT INTO t VALUES (3, 'x')")
    assert slow.take() == [] and len(quick.take()) == 1


def test_large_rows_count_by_their_bytes() -> None:
    _, writer, reader = world(subscription_bytes_max=100_000)
    slow, quick = reader.subscribe("t"), reader.subscribe("t")
    for number in range(3, 12):
        writer.ask(f"INSERT INTO t VALUES ({number}, repeat('x', 10000))")
        assert len(quick.take()) == 1
    assert slow.subscription.count == 9
    writer.ask("INSERT INTO t VALUES (12, repeat('x', 10000))")
    assert slow.take() == ["53400"] and len(quick.take()) == 1
    assert (slow.subscription.bytes, quick.subscription.bytes) == (0, 0)


def test_limits_can_change_while_the_server_runs() -> None:
    host, writer, reader = world()
    seen = reader.subscribe("t")
    host.step(io.Reloaded({"subscription_changes_max": 2, "notify_queue_bytes_max": 10}))
    writer.ask("INSERT INTO t VALUES (3, 'x'), (4, 'y')")
    assert len(seen.take()) == 1
    writer.ask("INSERT INTO t VALUES (5, 'x'), (6, 'y'), (7, 'z')")
    assert seen.take() == ["53400"]
    assert writer.ask("NOTIFY a").sqlstate == "54000"


def test_a_transaction_with_too_many_changes_cuts_off() -> None:
    _, writer, reader = world(subscription_changes_max=100)
    seen = reader.subscribe("t")
    writer.ask("INSERT INTO t SELECT g, 'x' FROM generate_series(10, 109) g")
    assert [len(event) for event in seen.take()] == [100]  # type: ignore[arg-type]  # a list of changes
    writer.ask("INSERT INTO t SELECT g, 'x' FROM generate_series(110, 210) g")
    assert seen.take() == ["53400"]


def test_events_can_be_taken_a_few_at_a_time() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t")
    for number in (3, 4, 5):
        writer.ask(f"INSERT INTO t VALUES ({number}, 'x')")
    assert [len(seen.take(1)), len(seen.take(2)), len(seen.take(1))] == [1, 2, 0]


def test_the_end_of_the_session_ends_its_subscriptions() -> None:
    host, writer, reader = world()
    seen = reader.subscribe("t")
    other = Reader(host, writer).subscribe("t")
    host.step(io.Lost(reader.connection.conn))
    writer.ask("INSERT INTO t VALUES (3, 'x')")
    assert seen.take() == [] and seen.subscription.over
    assert len(other.take()) == 1


def test_unsubscribing_twice_does_nothing() -> None:
    _, writer, reader = world()
    seen = reader.subscribe("t")
    reader.session.unsubscribe(seen.subscription)
    reader.session.unsubscribe(seen.subscription)
    writer.ask("INSERT INTO t VALUES (3, 'x')")
    assert seen.take() == [] and reader.runs == 0


@pytest.mark.parametrize(
    ("table", "operations", "where", "sqlstate"),
    [
        ("nothing", (), "", "42P01"),
        ("v", (), "", "42809"),
        ("pg_class", (), "", "42501"),
        ("t", ("truncate",), "", "22023"),
        ("t", (), "c > 1", "42703"),
        ("t", (), "a", "42804"),
        ("t", (), "a >", "42601"),
        ("t", (), "a = random()", "42P17"),
        ("t", (), "a = (SELECT 1)", "0A000"),
        ("t", (), "ctid IS NULL", "0A000"),
    ],
)  # fmt: skip
def test_what_cannot_be_subscribed_to(table: str, operations: tuple[str, ...], where: str, sqlstate: str) -> None:
    _, writer, reader = world()
    writer.ask("CREATE VIEW v AS SELECT * FROM t")
    with pytest.raises(SqlError) as caught:
        reader.subscribe(table, *operations, where=where)
    assert caught.value.sqlstate == sqlstate


def test_subscriptions_that_are_over_are_forgotten() -> None:
    _, writer, reader = world()
    for _ in range(300):
        writer.ask("CREATE TABLE short (a int)")
        seen = reader.subscribe("short")
        writer.ask("DROP TABLE short")
        assert seen.take() == ["42P01"]
    assert len(reader.session.subscriptions) <= 64
    assert reader.session.shared.live.changes.count == 0


def test_there_is_a_limit_of_subscriptions() -> None:
    _, _, reader = world(subscriptions_max=2)
    first, _ = reader.subscribe("t"), reader.subscribe("t")
    with pytest.raises(SqlError) as caught:
        reader.subscribe("t")
    assert caught.value.sqlstate == "53400"
    reader.session.unsubscribe(first.subscription)
    reader.subscribe("t")
