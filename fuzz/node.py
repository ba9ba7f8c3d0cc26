"""Whatever bytes clients send and whenever connections break, the node never raises, never says XX000, and keeps bounded memory.

The first byte of an input says what the rest is: 0, the bytes of a connection to PostgreSQL's port from its first one; 1, the bytes behind a
login, so that mutations reach the session; 2, the first bytes on the one port; 3, those inside TLS on the one port. The second byte seeds how they are cut into deliveries, and whether the connection is
lost, blocked or cancelled among them. A second client must be answered afterwards, and closing everything must leave nothing behind.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Hashable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

import fuzzing

from rustydb_engine.config import Config
from rustydb_engine.node.node import Node
from rustydb_engine.storage.database import Database
from rustydb_proto.core import io
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.scram import make_verifier
from rustydb_proto.core.time import Now
from rustydb_proto.pg import framing
from rustydb_proto.pg.client import ClientMachine
from rustydb_proto.sniff import HTTP2_PREFACE, NATIVE_MAGIC
from rustydb_proto.tls import ClientContext, DataReceived, TlsMachine
from tests.support.certificates import Authority, client_context

VERIFIER = str(make_verifier("admin", bytes(16), 1))
STEPS_MAX = 2000
SENT_BYTES_MAX = 8 << 20
NODE_INPUTS_MAX = 200
TICK_NS = 1_000_000
MODES = 4
PORTS = ("postgresql", "postgresql", "any", "any")
AUTHORITY = Authority()
SERVER_TLS = AUTHORITY.issue("db.example", names=["db.example"]).context()
CLIENT_TLS = ClientContext(client_context(AUTHORITY), "db.example")
PROBE = framing.query("SELECT 6 * 7")


class Server:
    """A node in memory with virtual time; `step` carries out every effect."""

    def __init__(self) -> None:
        self.now = Now(1_000_000_000, 1_700_000_000_000_000)
        config = Config(verifier=VERIFIER, durable=False, message_bytes_max=1 << 20, sql_bytes_max=1 << 16)
        self.node = Node(config, Database(), Entropy(bytes(32)), SERVER_TLS)
        self.inputs = 0
        self.sent: dict[int, int] = {}
        self.last: dict[int, bytes] = {}
        self.closed: set[int] = set()
        self.ended: set[int] = set()
        self._conn = 0
        conn = self.open()
        self.log_in(conn)
        for sql in ("CREATE TABLE t (a int PRIMARY KEY, b text)", "INSERT INTO t VALUES (1, 'one'), (2, 'two')"):
            self.step(io.Received(conn, framing.query(sql)))
        self.step(io.Lost(conn))

    def open(self, listener: str = "postgresql") -> int:
        """Accept a connection."""
        self._conn += 1
        self.step(io.Accepted(self._conn, listener, "fuzz", "fuzz"))
        return self._conn

    def step(self, *inputs: io.Input) -> None:
        """Step until the node waits, letting time pass while it only waits for a moment soon to come."""
        waiting = list(inputs)
        for _ in range(STEPS_MAX):
            for effect in self.node.step(self.now, waiting):
                self._carry_out(effect)
            waiting = []
            deadline = self.node.deadline(self.now)
            if deadline is None or deadline > self.now.mono_ns + TICK_NS:
                return
            ns = max(deadline - self.now.mono_ns, 0)
            self.now = Now(self.now.mono_ns + ns, self.now.wall_us + ns // 1000)

    def _carry_out(self, effect: io.Effect) -> None:
        if isinstance(effect, io.Send):
            assert effect.conn not in self.closed | self.ended, "bytes for a closed connection"
            assert b"CXX000\0" not in effect.data, f"internal error: {effect.data!r}"
            self.sent[effect.conn] = self.sent.get(effect.conn, 0) + len(effect.data)
            self.last[effect.conn] = effect.data
        elif isinstance(effect, io.EndSend):
            self.ended.add(effect.conn)
        elif isinstance(effect, io.Close | io.Abort):
            self.closed.add(effect.conn)
        elif isinstance(effect, io.Log):
            assert effect.event != "internal error", effect.fields
        assert not isinstance(effect, io.Halt), "no client stops the server"

    def log_in(self, conn: int) -> ClientMachine:
        """Go through startup and authentication."""
        machine = ClientMachine(self.now, Entropy(conn.to_bytes(32, "big")), "admin", "rustydb", password="admin")
        for _ in range(4):
            data = machine.data_to_send()
            if data:
                self.step(io.Received(conn, data))
                machine.receive_data(self.now, self.last.pop(conn, b" "))
                while not isinstance(machine.next_event(), Stop):
                    pass
        return machine

    def secure(self, conn: int) -> TlsMachine:
        """Go through the handshake of TLS."""
        machine = TlsMachine(self.now, CLIENT_TLS)
        machine.next_event()
        while data := machine.data_to_send():
            self.step(io.Received(conn, data))
            machine.receive_data(self.now, self.last.pop(conn, b" ")) if conn in self.last else None
            machine.next_event()
        assert machine.open, "a good client is let in"
        return machine

    def end(self, conn: int) -> None:
        """Lose a connection, unless the node closed it; nothing of it may stay."""
        if conn not in self.closed:
            self.step(io.Lost(conn))
        assert conn not in self.node.connections, "a connection that is gone is forgotten"


_server: list[Server] = []


def server() -> Server:
    """Return the node; a fresh one now and then, so that what inputs create stays small."""
    if not _server or _server[0].inputs >= NODE_INPUTS_MAX:
        _server[:] = [Server()]
    _server[0].inputs += 1
    return _server[0]


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    if len(data) < 2:
        return None
    # What an input leaves in the database must not decide about the next one: a failure has to replay alone.
    host = server()
    mode, dice, stream = data[0] % MODES, random.Random(data[1]), data[2:]
    conn = host.open(PORTS[mode])
    machine = host.log_in(conn) if mode == 1 else None
    tls = host.secure(conn) if mode == 3 else None
    position = 0
    blocked = False
    while position < len(stream) and conn not in host.closed:
        end = position + dice.choice((1, 3, 10, 100, 4096))
        piece = stream[position:end]
        if tls is not None:
            tls.write(piece)
            piece = tls.data_to_send()
        host.step(io.Received(conn, piece))
        if tls is not None and not _hear(tls, host, conn):
            break
        position = end
        if conn in host.closed:
            break
        chance = dice.random()
        if chance < 0.03:
            host.step(io.WriteReady(conn) if blocked else io.WriteBlocked(conn))
            blocked = not blocked
        elif chance < 0.05 and machine is not None:
            _cancel(host, machine)
        elif chance < 0.06:
            break
    if conn not in host.closed:
        host.step(io.WriteReady(conn), io.Received(conn, b""))
    answer = host.last.pop(conn, b"")[:1]
    sent = host.sent.pop(conn, 0)
    assert sent <= SENT_BYTES_MAX, f"{sent} bytes for an input of {len(data)}"
    closed = conn in host.closed
    host.end(conn)
    _probe(host)
    return mode, answer, closed, min(sent.bit_length(), 14)


def _hear(tls: TlsMachine, host: Server, conn: int) -> bool:
    """Look at what came inside TLS; return whether more may be said."""
    data = host.last.pop(conn, b"")
    if data:
        tls.receive_data(host.now, data)
    while isinstance(event := tls.next_event(), DataReceived):
        assert b"CXX000\0" not in event.data, f"internal error: {event.data!r}"
    return tls.open


def _cancel(host: Server, machine: ClientMachine) -> None:
    other = host.open()
    host.step(io.Received(other, machine.cancel_request()))
    host.end(other)


def _probe(host: Server) -> None:
    """Ask something as another client; hostile sessions must have released what they held."""
    conn = host.open()
    host.log_in(conn)
    host.step(io.Received(conn, PROBE))
    assert b"42" in host.last.pop(conn, b""), "another client is answered"
    host.end(conn)
    assert not host.node.sessions, "no session stays"
    assert not host.node.database.manager.active, "no transaction stays"


def seeds() -> dict[str, bytes]:
    """Return the corpus as it is in fuzz/corpus/node."""
    extended = (
        framing.parse("s", "SELECT a, b FROM t WHERE a = $1", [23])
        + framing.bind("", "s", [b"1"], [0], [0])
        + framing.describe("P", "")
        + framing.execute("", 1)
        + framing.close("S", "s")
        + framing.SYNC
    )
    copy = framing.query("COPY t FROM STDIN") + framing.copy_data(b"7\tseven\n8\teight\n") + framing.COPY_DONE
    block = ["BEGIN", "SAVEPOINT a", "INSERT INTO t VALUES (3, 'c')", "SELECT 1/0", "ROLLBACK TO a", "ROLLBACK"]
    ddl = "CREATE TEMP TABLE u (x numeric, y timestamptz); INSERT INTO u VALUES (1.5, now()); SELECT * FROM u"
    inside = {
        "simple": framing.query("SELECT a, upper(b) FROM t ORDER BY a DESC LIMIT 1") + framing.TERMINATE,
        "extended": extended,
        "copy_in": copy,
        "copy_fail": framing.query("COPY t FROM STDIN (FORMAT csv)") + framing.copy_fail("no"),
        "copy_out": framing.query("COPY (SELECT * FROM t) TO STDOUT WITH (FORMAT binary)"),
        "block": b"".join(framing.query(sql) for sql in block),
        "ddl": framing.query(ddl),
        "cursor": framing.query("BEGIN; DECLARE c CURSOR FOR SELECT * FROM t; FETCH 1 FROM c; CLOSE c; COMMIT"),
        "settings": framing.query("SET statement_timeout = 5; SELECT pg_sleep(0.001); RESET ALL; SHOW ALL"),
        "write": framing.query("UPDATE t SET b = b || 'x' WHERE a = 1 RETURNING *; DELETE FROM t WHERE a > 2"),
    }
    outside = {
        "startup": framing.startup({"user": "admin", "database": "rustydb"}),
        "ssl": framing.ssl_request() + framing.startup({"user": "admin"}),
        "cancel": framing.cancel_request(1001, bytes(3) + b"\7"),
    }
    one_port = {
        "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "http2": HTTP2_PREFACE + b"\0\0\0\4\0\0\0\0\0",
        "native": NATIVE_MAGIC + b"\1\1\0\0",
        "startup": framing.startup({"user": "admin", "database": "rustydb"}),
        "tls": b"\x16\3\1\0\x40\1\0\0\x3c\3\3" + bytes(58),
    }
    on_one_port = {f"one_port_{name}": b"\x02\x07" + content for name, content in one_port.items()}
    inside_tls = {f"inside_tls_{name}": b"\x03\x07" + content for name, content in one_port.items()}
    made = on_one_port | inside_tls | {name: b"\x01\x07" + content for name, content in inside.items()}
    return made | {name: b"\x00\x07" + content for name, content in outside.items()}


if __name__ == "__main__":
    fuzzing.main("node", check)
