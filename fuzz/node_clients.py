"""Several clients at once, cut and blocked and lost anywhere: the node never raises nor says XX000, answers the same however bytes are cut, leaves nothing.

An input is a script: each byte chooses a client (three speak PostgreSQL's protocol, one the native one) and what happens to it: a
statement of the table below, as a query, a pipeline or half of its bytes; raw bytes; a cancel; a full send buffer; its end, polite or
not; or time passes. The statements are those that meet: locks, deadlocks, waits, notifications, cursors, COPY, DDL.
The script runs twice, its deliveries whole and in pieces, and every client must have been sent the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator
from itertools import islice
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import fuzzing

from rustydb_engine.config import Config
from rustydb_engine.node.node import Node
from rustydb_engine.storage.database import Database
from rustydb_proto import binary
from rustydb_proto.binary import messages as m
from rustydb_proto.core import io
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.scram import make_verifier
from rustydb_proto.core.time import NS_PER_MS, Now
from rustydb_proto.pg import framing
from rustydb_proto.pg.client import ClientMachine

VERIFIER = str(make_verifier("admin", bytes(16), 1))
CLIENTS = 4
NATIVE = 3
ACTIONS_MAX = 40
STEPS_MAX = 20_000
SENT_BYTES_MAX = 16 << 20
BLOCKED_BYTES_MAX = 512 << 10
"""What may still be sent to a client after its WriteBlocked: the batch that was being made, and short answers."""
STATEMENTS = (
    "SELECT a, b FROM t ORDER BY a",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "UPDATE t SET b = b || 'x' WHERE a = 1",
    "UPDATE t SET b = 'y' WHERE a = 2",
    "DELETE FROM t WHERE a = 1",
    "INSERT INTO t VALUES (1, 'again') ON CONFLICT (a) DO UPDATE SET b = excluded.b",
    "INSERT INTO t SELECT i, 'many' FROM generate_series(10, 400) i ON CONFLICT DO NOTHING",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t WHERE a = 2 FOR SHARE NOWAIT",
    "LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
    "SAVEPOINT s",
    "ROLLBACK TO s",
    "SELECT pg_sleep(0.05)",
    "LISTEN news",
    "NOTIFY news, 'something'",
    "UNLISTEN *",
    "SELECT pg_advisory_lock(7)",
    "SELECT pg_try_advisory_lock(7), pg_advisory_unlock(7)",
    "DECLARE c CURSOR WITH HOLD FOR SELECT * FROM generate_series(1, 1000)",
    "FETCH 10 FROM c",
    "CLOSE ALL",
    "COPY t FROM STDIN",
    "COPY (SELECT i, repeat('z', 50) FROM generate_series(1, 2000) i) TO STDOUT",
    "CREATE TABLE u (x int PRIMARY KEY, y int REFERENCES t (a))",
    "INSERT INTO u VALUES (1, 1), (2, 2)",
    "ALTER TABLE t ADD COLUMN c int DEFAULT 5",
    "DROP TABLE IF EXISTS u",
    "TRUNCATE t CASCADE",
    "CREATE TEMP TABLE mine AS SELECT * FROM t",
    "SET lock_timeout = 20; SET statement_timeout = 40",
    "SET idle_in_transaction_session_timeout = 30",
    "SELECT count(*) FROM generate_series(1, 30000) x, generate_series(1, 3) y",
    "SELECT 1/0; SELECT 2",
    "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t",
    "SELECT count(*) >= 0 FROM pg_locks, pg_stat_activity",
    "DISCARD ALL",
)
PIPELINE = framing.bind("", "", [], [], [1]) + framing.describe("P", "") + framing.execute("", 3) + framing.SYNC


class Run:
    """A node in virtual time and what its clients were sent. `cut` is the seed of the pieces, None for whole deliveries."""

    def __init__(self, cut: int | None) -> None:
        self.now = Now(1_000_000_000, 1_700_000_000_000_000)
        config = Config(verifier=VERIFIER, durable=False, message_bytes_max=1 << 20, sql_bytes_max=1 << 16)
        self.node = Node(config, Database(), Entropy(bytes(32)))
        self.cut = cut
        self.sent: dict[int, list[bytes]] = {}
        self.blocked: dict[int, int] = {}
        self.closed: set[int] = set()
        self.clients: dict[int, Client] = {}
        self._conn = 0
        first = self.client(0)
        for sql in ("CREATE TABLE t (a int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, 'one'), (2, 'two')"):
            first.deliver(framing.query(sql))

    def client(self, number: int) -> Client:
        """Return a client that is in; a new one when the last of this number is gone."""
        client = self.clients.get(number)
        if client is None or client.conn in self.closed:
            self._conn += 1
            self.step(io.Accepted(self._conn, "postgresql", "fuzz", "fuzz"))
            client = self.clients[number] = Client(self, self._conn, number == NATIVE)
        return client

    def step(self, *inputs: io.Input) -> None:
        """Give inputs, and step until the node waits for another or for time to pass."""
        waiting = list(inputs)
        for _ in range(STEPS_MAX):
            for effect in self.node.step(self.now, waiting):
                self._carry_out(effect)
            waiting = []
            deadline = self.node.deadline(self.now)
            if deadline is None or deadline > self.now.mono_ns:
                return
        raise AssertionError(f"work goes on after {STEPS_MAX} steps")

    def pass_time(self, ms: int) -> None:
        """Let time pass, stopping at every deadline on the way."""
        end = self.now.mono_ns + ms * NS_PER_MS
        while True:
            deadline = self.node.deadline(self.now)
            due = end if deadline is None else min(deadline, end)
            self.now = Now(due, self.now.wall_us + (due - self.now.mono_ns) // 1000)
            self.step()
            if due == end:
                return

    def lose(self, client: Client) -> None:
        """Lose a connection."""
        if client.conn not in self.closed:
            self.closed.add(client.conn)
            self.step(io.Lost(client.conn))
        assert client.conn not in self.node.connections, "a connection that is gone is forgotten"

    def _carry_out(self, effect: io.Effect) -> None:
        if isinstance(effect, io.Send):
            assert effect.conn not in self.closed, "bytes for a closed connection"
            assert b"CXX000\0" not in effect.data, f"internal error: {effect.data!r}"
            self.sent.setdefault(effect.conn, []).append(effect.data)
            if effect.conn in self.blocked:
                self.blocked[effect.conn] += len(effect.data)
                assert self.blocked[effect.conn] <= BLOCKED_BYTES_MAX, "bytes for a client whose buffer is full"
        elif isinstance(effect, io.Close | io.Abort):
            self.closed.add(effect.conn)
        elif isinstance(effect, io.Log):
            assert effect.event != "internal error", effect.fields
        assert not isinstance(effect, io.Halt), "no client stops the server"


class Client:
    """A connection that has logged in."""

    def __init__(self, run: Run, conn: int, native: bool) -> None:
        self.run = run
        self.conn = conn
        self.pending = b""
        entropy = Entropy(conn.to_bytes(32, "big"))
        self.machine: ClientMachine | binary.ClientMachine
        if native:
            self.machine = binary.ClientMachine(run.now, entropy, user="admin", password="admin", database="rustydb")
        else:
            self.machine = ClientMachine(run.now, entropy, "admin", "rustydb", password="admin")
        heard = 0
        for _ in range(5):
            if data := self.machine.data_to_send():
                self.deliver(data)
            said = b"".join(run.sent.get(conn, []))
            if len(said) > heard:
                self.machine.receive_data(run.now, said[heard:])
                heard = len(said)
            while not isinstance(self.machine.next_event(), Stop):
                pass

    def deliver(self, data: bytes) -> None:
        """Send bytes, as the run cuts them."""
        cut = self.run.cut
        for piece in filter(None, [data] if cut is None else fuzzing.pieces(data, cut)):
            if self.conn in self.run.closed:
                return
            self.run.step(io.Received(self.conn, piece))

    def encoded(self, sql: str, pipeline: bool) -> bytes:
        """Return a statement as this client sends it."""
        if isinstance(self.machine, binary.ClientMachine):
            try:
                self.machine.request(self.run.now, m.Execute(sql, ()) if pipeline else m.Query(sql))
            except binary.LocalProtocolError:
                return b""  # it was told that the connection is over, or too many requests are open
            return self.machine.data_to_send()
        return framing.parse("", sql) + PIPELINE if pipeline else framing.query(sql)

    def cancel(self) -> None:
        """Ask for a cancel on a connection of its own."""
        if isinstance(self.machine, ClientMachine):
            self.run.step(io.Accepted(1_000_000 + self.conn, "postgresql", "fuzz", "fuzz"))
            self.run.step(io.Received(1_000_000 + self.conn, self.machine.cancel_request()))
            if 1_000_000 + self.conn not in self.run.closed:
                self.run.step(io.Lost(1_000_000 + self.conn))
            self.run.closed.discard(1_000_000 + self.conn)


def act(run: Run, reader: Iterator[int]) -> str:
    """Do the next thing of a script; return its name."""
    chosen = next(reader)
    client = run.client(chosen % CLIENTS)
    kind = chosen // CLIENTS % 16
    if kind == 6 and chosen % CLIENTS == NATIVE:
        kind = 0  # two requests in one delivery may be answered in another order than one by one
    if kind <= 6:
        data = client.encoded(STATEMENTS[next(reader) % len(STATEMENTS)], kind in (4, 5))
        begun, client.pending = client.pending, b""
        if kind == 6:
            half = len(data) // 2
            data, client.pending = data[:half], data[half:]
        client.deliver(begun + data)
        return "half" if kind == 6 else "statement"
    if kind in (7, 8, 13) and chosen % CLIENTS == NATIVE:
        # What a native client asked for before it broke the protocol may be answered or not.
        run.lose(client)
        return "lost"
    if kind == 7:
        size = next(reader) % 32
        client.deliver(bytes(islice(reader, size)))
        return "raw"
    if kind == 8:
        client.deliver(framing.copy_data(b"%d\tcopied\n" % next(reader)) + framing.COPY_DONE)
        return "copy"
    if kind == 9:
        client.cancel()
        return "cancel"
    if kind == 10 and client.conn not in run.blocked:
        run.blocked[client.conn] = 0
        run.step(io.WriteBlocked(client.conn))
        return "blocked"
    if kind <= 11 and client.conn in run.blocked:
        del run.blocked[client.conn]
        run.step(io.WriteReady(client.conn))
        return "ready"
    if kind == 12:
        run.lose(client)
        return "lost"
    if kind == 13:
        client.deliver(framing.TERMINATE)
        return "terminate"
    if kind == 14:
        run.step(io.Received(client.conn, b""))
        if client.conn not in run.closed:
            run.lose(client)
        return "end"
    run.pass_time(next(reader))
    return "time"


def play(script: bytes, cut: int | None) -> tuple[tuple[str, ...], dict[int, bytes]]:
    """Run a script; return what was done and what each connection was sent."""
    run = Run(cut)
    reader = iter(script)
    done = []
    for _ in range(ACTIONS_MAX):
        try:
            done.append(act(run, reader))
        except StopIteration:
            break
    run.blocked.clear()
    for client in run.clients.values():
        if client.conn not in run.closed:
            run.step(io.WriteReady(client.conn))
    for client in run.clients.values():
        run.lose(client)
    assert not run.node.sessions, "no session stays"
    assert not run.node.database.manager.active, "no transaction stays"
    assert not run.node.database.manager.locks.held(), "no lock stays"
    last = run.client(0)
    before = len(run.sent.get(last.conn, []))
    last.deliver(framing.query("SELECT 6 * 7"))
    assert b"42" in b"".join(run.sent[last.conn][before:]), "another client is answered"
    run.lose(last)
    said = {conn: b"".join(parts) for conn, parts in run.sent.items()}
    assert sum(map(len, said.values())) <= SENT_BYTES_MAX, "answers are in proportion"
    return tuple(done), said


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    cut, script = (data[0], data[1:]) if data else (0, b"")
    done, said = play(script, None)
    again, cut_said = play(script, cut)
    assert again == done, "the same things happen"
    for conn, bytes_said in said.items():
        assert cut_said.get(conn) == bytes_said, f"connection {conn} was told something else in pieces"
    return done[:12], tuple(min(len(bytes_said).bit_length(), 12) for bytes_said in said.values())[:6]


def _do(kind: int, client: int, *arguments: int) -> bytes:
    return bytes((kind * CLIENTS + client, *arguments))


def _say(client: int, sql: str, kind: int = 0) -> bytes:
    return _do(kind, client, STATEMENTS.index(sql))


def seeds() -> dict[str, bytes]:
    """Return the corpus as it is in fuzz/corpus/node_clients."""
    one, two = STATEMENTS[4], STATEMENTS[5]
    return {
        "deadlock": b"\0"
        + b"".join(_say(c, "BEGIN") for c in (0, 1))
        + _say(0, one)
        + _say(1, two)
        + _say(0, two)
        + _say(1, one),
        "lock_and_loss": b"\1" + _say(0, "BEGIN") + _say(0, one) + _say(1, one) + _say(NATIVE, one) + _do(12, 0),
        "timeouts": b"\2"
        + _say(1, STATEMENTS[31])
        + _say(0, "BEGIN")
        + _say(0, STATEMENTS[11])
        + _say(1, one)
        + _do(15, 0, 50),
        "told": b"\3"
        + _say(0, "LISTEN news")
        + _say(NATIVE, "LISTEN news")
        + _say(1, STATEMENTS[16])
        + _say(0, STATEMENTS[0], 6),
        "cancelled": b"\4" + _say(0, STATEMENTS[14]) + _do(9, 0) + _say(2, STATEMENTS[33]) + _do(9, 2),
        "full_buffer": b"\5" + _do(10, 0) + _say(0, STATEMENTS[24]) + _say(1, one) + _do(11, 0),
        "copy": b"\6" + _say(0, "COPY t FROM STDIN") + _do(8, 0, 9) + _say(1, "COPY t FROM STDIN") + _do(13, 1),
        "pipelines": b"\7" + _say(0, STATEMENTS[0], 4) + _say(0, one, 5) + _say(NATIVE, STATEMENTS[0], 4) + _do(14, 0),
        "ddl": b"\x08"
        + _say(0, "BEGIN")
        + _say(0, STATEMENTS[27])
        + _say(1, STATEMENTS[0])
        + _say(0, "COMMIT")
        + _say(2, STATEMENTS[25]),
        "cursors": b"\x09"
        + _say(0, STATEMENTS[20])
        + _say(0, "FETCH 10 FROM c")
        + _say(0, "CLOSE ALL")
        + _say(0, "DISCARD ALL"),
        "raw": b"\x0a" + _do(7, 0, 6) + b"Q\0\0\0\x05\0" + _do(7, NATIVE, 4) + b"\0\0\0\0",
        "advisory": b"\x0b"
        + _say(0, STATEMENTS[18])
        + _say(1, STATEMENTS[18])
        + _say(2, STATEMENTS[19])
        + _do(12, 0)
        + _do(15, 1, 9),
    }


if __name__ == "__main__":
    fuzzing.main("node_clients", check)
