"""A disk that is full, fails, or comes back damaged."""

from __future__ import annotations

import pytest
from rustydb_sim.disk import Disk

from rustydb_engine.storage.wal import DamagedLog, segment_name
from rustydb_proto.core import io
from rustydb_proto.pg.client_messages import Query
from tests.node.support import SEGMENT, Client, Host


def prepared() -> tuple[Host, Disk, Client]:
    disk = Disk()
    host = Host(disk)
    client = host.connect()
    client.ask("CREATE TABLE t (a int PRIMARY KEY, b text)")
    return host, disk, client


def fill(client: Client, disk: Disk) -> tuple[int, str]:
    """Insert until something fails; return how many rows were acknowledged and the error."""
    for number in range(1000):
        reply = client.ask(f"INSERT INTO t VALUES ({number}, repeat('x', 4000))")
        if reply.error is not None:
            return number, reply.sqlstate
    pytest.fail("the disk was never full")


def test_a_full_disk_refuses_changes_and_the_server_stays_up() -> None:
    host, disk, client = prepared()
    disk.space = disk.used() + SEGMENT
    count, sqlstate = fill(client, disk)
    assert sqlstate == "53100"
    assert client.ask("SELECT count(*) FROM t").rows == [(b"%d" % count,)]
    assert host.connect().ask("SELECT 1").rows == [(b"1",)]
    assert host.halted is None
    disk.crash()
    assert Host(disk).connect().ask("SELECT count(*) FROM t").rows == [(b"%d" % count,)]


def test_service_resumes_by_itself_when_there_is_space_again() -> None:
    host, disk, client = prepared()
    disk.space = disk.used()
    fill(client, disk)
    disk.space = 1 << 30
    host.wait(2)
    assert client.ask("INSERT INTO t VALUES (5000, 'y')").sqlstate in ("", "53100")
    host.wait(2)
    assert client.ask("INSERT INTO t VALUES (5001, 'y')").sqlstate == ""


def test_a_transaction_that_a_full_disk_refuses_is_rolled_back() -> None:
    host, disk, client = prepared()
    disk.space = disk.used()
    count, _ = fill(client, disk)
    other = host.connect()
    client.ask("BEGIN")
    for number in range(40):
        assert client.ask(f"INSERT INTO t VALUES ({2000 + number}, repeat('x', 4000))").sqlstate == ""
    other.begin(Query("INSERT INTO t VALUES (2000, 'mine')"))
    reply = client.ask("COMMIT")
    assert (reply.sqlstate, reply.status) == ("53100", "I")
    other.listen()
    assert other.replies.pop().tags == ["INSERT 0 1"]  # it waited for the other's key, and is short enough
    assert client.ask("SELECT a, b FROM t WHERE a >= 2000").rows == [(b"2000", b"mine")]
    assert client.ask("SELECT count(*) FROM t").rows == [(b"%d" % (count + 1),)]


@pytest.mark.parametrize("rows", [1, 15, 40])
def test_a_commit_larger_than_what_is_left_of_the_disk_is_53100(rows: int) -> None:
    # It once entered the log while the next segment was still being asked for, and then waited for space for ever.
    host, disk, client = prepared()
    disk.space = disk.used()
    big = f"INSERT INTO t SELECT n, repeat(n::text, {160_000 // rows}) FROM generate_series(1, {rows}) n"
    other = host.connect()
    assert client.ask(big).sqlstate == "53100"
    assert client.ask("SELECT count(*) FROM t").rows == [(b"0",)]
    assert other.ask("INSERT INTO t VALUES (-1, 'short')").tags == ["INSERT 0 1"]
    disk.space = 1 << 30
    host.wait(2)
    assert client.ask(big).tags == [f"INSERT 0 {rows}"]
    disk.crash()
    assert Host(disk).connect().ask("SELECT count(*) FROM t").rows == [(b"%d" % (rows + 1),)]


def test_a_commit_waits_while_the_disk_has_not_said_whether_there_is_space() -> None:
    host, disk, client = prepared()
    host.disk_busy = True
    other = host.connect()
    big = "INSERT INTO t SELECT n, repeat(n::text, 4000) FROM generate_series(1, 40) n"
    client.begin(Query(big))
    client.listen()
    assert client.replies == []
    assert other.ask("SELECT count(*) FROM t").rows == [(b"0",)]
    host.finish_disk_work()
    client.listen()
    assert client.replies.pop().tags == ["INSERT 0 40"]
    disk.space = disk.used()
    host.disk_busy = True
    client.begin(Query("UPDATE t SET b = b || 'y'"))
    client.listen()
    assert client.replies == []
    host.finish_disk_work()
    client.listen()
    assert client.replies.pop().sqlstate == "53100"


def test_a_commit_that_waits_for_space_can_be_cancelled() -> None:
    host, _, client = prepared()
    client.ask("SET statement_timeout = '1s'")
    host.disk_busy = True
    client.begin(Query("INSERT INTO t SELECT n, repeat(n::text, 4000) FROM generate_series(1, 40) n"))
    host.wait(2)
    client.listen()
    assert client.replies.pop().sqlstate == "57014"
    host.finish_disk_work()
    assert client.ask("SELECT count(*) FROM t").rows == [(b"0",)]


def test_a_log_that_cannot_be_written_halts_the_node_and_acknowledges_nothing() -> None:
    host, disk, client = prepared()
    disk.fail(io.Append)
    client.begin(Query("INSERT INTO t VALUES (1, 'x')"))
    client.listen()
    assert client.replies == []
    assert host.halted is not None and host.halted.code == 1 and "could not write the log" in host.halted.reason
    disk.crash()
    assert Host(disk).connect().ask("SELECT count(*) FROM t").rows == [(b"0",)]


@pytest.mark.parametrize("kind", [io.Store, io.Publish, io.DeleteFile])
def test_a_checkpoint_that_fails_is_given_up_and_the_next_one_succeeds(kind: type) -> None:
    host, disk, client = prepared()
    client.begin(Query("CHECKPOINT"))
    host.wait(1)
    client.listen()
    assert client.replies.pop().tags == ["CHECKPOINT"]
    disk.fail(kind)
    client.begin(Query("CHECKPOINT"))
    host.wait(1)
    client.listen()
    assert client.replies.pop().sqlstate == ""
    client.ask("INSERT INTO t VALUES (1, 'x')")
    client.begin(Query("CHECKPOINT"))
    host.wait(1)
    disk.crash()
    assert Host(disk).connect().ask("SELECT count(*) FROM t").rows == [(b"1",)]


def test_a_torn_tail_is_cut_off_and_what_was_acknowledged_is_there() -> None:
    _, disk, client = prepared()
    for number in range(10):
        client.ask(f"INSERT INTO t VALUES ({number}, 'x')")
    name = segment_name(1)
    content = disk.content(name)
    last = content.rindex(b"\xf5RdF")
    disk.overwrite(name, content[: last + 20] + b"\xaa" * 9 + bytes(len(content) - last - 29))
    assert Host(disk).connect().ask("SELECT count(*) FROM t").rows == [(b"9",)]


def test_a_flipped_bit_in_the_middle_of_the_log_is_refused_with_file_and_offset() -> None:
    _, disk, client = prepared()
    for number in range(10):
        client.ask(f"INSERT INTO t VALUES ({number}, 'x')")
    name = segment_name(1)
    content = bytearray(disk.content(name))
    middle = content.index(b"\xf5RdF", 3000 if len(content) > 6000 and content[3100:3104] != bytes(4) else 40)
    content[middle + 40] ^= 1
    disk.overwrite(name, bytes(content))
    with pytest.raises(DamagedLog, match=rf"{name} at offset {middle}: "):
        Host(disk)


def test_versions_that_add_column_carries_over_do_not_come_back_after_a_crash() -> None:
    host, disk, client = prepared()
    client.ask("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 300) g")
    old = host.connect()
    old.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1", 2)
    client.ask("UPDATE t SET b = 'y' WHERE a = 1; DELETE FROM t WHERE a = 2", 2)
    assert client.ask("ALTER TABLE t ADD c int DEFAULT 7").sqlstate == ""
    assert old.ask("SELECT a, b, c FROM t WHERE a < 3 ORDER BY a").rows == [(b"1", b"x", b"7"), (b"2", b"x", b"7")]
    disk.crash()
    again = Host(disk).connect()
    assert again.ask("SELECT a, b, c FROM t WHERE a < 4 ORDER BY a").rows == [(b"1", b"y", b"7"), (b"3", b"x", b"7")]
    assert again.ask("SELECT count(*), sum(c) FROM t").rows == [(b"299", b"2093")]
