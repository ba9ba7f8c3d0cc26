"""WHERE CURRENT OF where PostgreSQL is no oracle: other sessions, the extended protocol, and that no table is scanned."""

from __future__ import annotations

import pytest

from rustydb_proto.pg.client_messages import Bind, Describe, Execute, Parse, Query, Sync
from tests.node.support import Host


@pytest.fixture
def host() -> Host:
    host = Host()
    host.connect().ask(
        "CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t SELECT g, 0 FROM generate_series(1, 20) g", 2
    )
    return host


def test_each_row_of_a_loop_is_changed_once(host: Host) -> None:
    client = host.connect()
    client.ask("BEGIN; DECLARE c CURSOR FOR SELECT a FROM t WHERE a > 5", 2)
    while rows := client.ask("FETCH c").rows:
        sql = "DELETE FROM t" if int(rows[0][0] or 0) % 2 else "UPDATE t SET b = a"
        assert client.ask(f"{sql} WHERE CURRENT OF c").tags[0].endswith(" 1")
    client.ask("COMMIT")
    assert client.ask("SELECT count(*), sum(b) FROM t").rows == [(b"13", b"%d" % sum(range(6, 21, 2)))]


def test_a_row_that_another_session_changes_is_waited_for_and_taken_as_it_is_then(host: Host) -> None:
    one, two = host.connect(), host.connect()
    one.ask("BEGIN; DECLARE c CURSOR FOR SELECT a FROM t; FETCH c", 3)
    two.ask("BEGIN; UPDATE t SET b = 5 WHERE a = 1", 2)
    one.begin(Query("UPDATE t SET b = b + 1 WHERE CURRENT OF c RETURNING b"))
    assert one.replies == []
    two.ask("COMMIT")
    one.listen()
    assert one.replies.pop().rows == [(b"6",)]


def test_a_row_that_another_session_deletes_is_gone(host: Host) -> None:
    one, two = host.connect(), host.connect()
    one.ask("BEGIN; DECLARE c CURSOR FOR SELECT a FROM t; FETCH c", 3)
    two.ask("BEGIN; DELETE FROM t WHERE a = 1", 2)
    one.begin(Query("UPDATE t SET b = b + 1 WHERE CURRENT OF c"))
    two.ask("COMMIT")
    one.listen()
    assert one.replies.pop().tags == ["UPDATE 0"]
    two.ask("INSERT INTO t VALUES (100, 100)")
    assert one.ask("DELETE FROM t WHERE CURRENT OF c").tags == ["DELETE 0"], "also when its place has another row"


def test_a_cursor_read_by_the_extended_protocol_sends_its_own_columns_only(host: Host) -> None:
    client = host.connect()
    client.ask("BEGIN; DECLARE c CURSOR FOR SELECT b, a FROM t WHERE a < 4", 2)
    client.begin(Parse("", "FETCH 2 FROM c"), Bind("", ""), Describe("P", ""), Execute(""), Sync())
    client.listen()
    assert client.replies.pop().rows == [(b"0", b"1"), (b"0", b"2")]
    client.begin(Execute("c"), Sync())
    client.listen()
    assert client.replies.pop().rows == [(b"0", b"3")]


def test_a_cursor_that_waited_for_a_lock_is_planned_again(host: Host) -> None:
    one, two = host.connect(), host.connect()
    two.ask("BEGIN; ALTER TABLE t ADD COLUMN c int DEFAULT 3", 2)
    one.ask("BEGIN")
    one.begin(Query("DECLARE c CURSOR FOR SELECT a, b FROM t WHERE a = 4"))
    assert one.replies == []
    two.ask("COMMIT")
    one.listen()
    assert one.replies.pop().tags == ["DECLARE CURSOR"]
    assert one.ask("FETCH c").rows == [(b"4", b"0")]
    assert one.ask("UPDATE t SET b = 9 WHERE CURRENT OF c RETURNING *").rows == [(b"4", b"9", b"3")]


def test_a_cursor_keeps_its_place_when_its_addresses_are_looked_for(host: Host) -> None:
    client, other = host.connect(), host.connect()
    for first in (0, 1, 7, 20):
        client.ask("BEGIN; DECLARE c CURSOR FOR SELECT b, a FROM t", 2)
        read = client.ask(f"MOVE {first} FROM c; FETCH 1 FROM c", 2).rows
        other.ask(
            "UPDATE t SET b = b + 100 WHERE a = 3; INSERT INTO t VALUES (1000, 0); DELETE FROM t WHERE a = 1000", 3
        )
        reply = client.ask("UPDATE t SET b = -1 WHERE CURRENT OF c RETURNING a")
        assert reply.rows == [row[1:] for row in read] if read else reply.sqlstate == "24000"
        if read:
            rest = client.ask("FETCH ALL FROM c").rows
            assert [row[1] for row in rest] == [b"%d" % number for number in range(first + 2, 21)]
        client.ask("ROLLBACK")


def test_a_cursor_that_went_back_finds_its_rows(host: Host) -> None:
    client = host.connect()
    client.ask("BEGIN; DECLARE c SCROLL CURSOR FOR SELECT a FROM t; FETCH ALL FROM c", 3)
    client.ask("DELETE FROM t WHERE a = 18")
    assert client.ask("FETCH BACKWARD 2 FROM c").rows == [(b"20",), (b"19",)]
    assert client.ask("UPDATE t SET b = 5 WHERE CURRENT OF c RETURNING a").rows == [(b"19",)]
    assert client.ask("FETCH BACKWARD 1 FROM c").rows == [(b"18",)]
    assert client.ask("UPDATE t SET b = 5 WHERE CURRENT OF c RETURNING a").rows == []
    assert client.ask("FETCH ABSOLUTE 4 FROM c").rows == [(b"4",)]
    assert client.ask("DELETE FROM t WHERE CURRENT OF c RETURNING a").rows == [(b"4",)]


def test_what_is_computed_anew_each_time_is_computed_once(host: Host) -> None:
    client = host.connect()
    client.ask("CREATE SEQUENCE s; BEGIN; DECLARE c CURSOR FOR SELECT nextval('s'), a FROM t WHERE random() < 2", 3)
    for number in (1, 2, 3):
        assert client.ask("FETCH c").rows == [(b"%d" % number, b"%d" % number)]
        assert client.ask("UPDATE t SET b = 1 WHERE CURRENT OF c RETURNING a").rows == [(b"%d" % number,)]


def test_no_table_is_scanned(host: Host) -> None:
    client = host.connect()
    for condition, shown in (("CURRENT OF c", b"CURRENT OF c"), ("ctid = '(0,3)'", b"(ctid = '(0,3)'::tid)")):
        rows = client.ask(f"EXPLAIN (COSTS OFF) UPDATE t SET b = 1 WHERE {condition}").rows
        assert [row[0].strip() for row in rows if row[0]] == [
            b"Update on t",
            b"->  Tid Scan on t",
            b"TID Cond: " + shown,
        ]
