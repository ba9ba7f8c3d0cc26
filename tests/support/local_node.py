"""A node in this process, with clients made of our own client machine: no socket, no thread, virtual time.

with LocalNode() as node:
    client = node.connect()
    client.query("SELECT 1")          # the events of the answer
    client.send(raw_bytes)            # or bytes of one's own; returns the bytes of the answer
"""

from __future__ import annotations

from rustydb_engine.config import Config
from rustydb_engine.node.node import Node
from rustydb_engine.storage.database import Database
from rustydb_proto.core import io
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.scram import make_verifier
from rustydb_proto.core.time import Now
from rustydb_proto.pg import client as pg_client


class LocalClient:
    """One connection to a LocalNode."""

    def __init__(self, node: LocalNode, conn: int) -> None:
        self._node = node
        self._conn = conn

    def send(self, data: bytes) -> bytes:
        """Send bytes and return what the server answered."""
        return self._node.exchange(self._conn, data)


class LocalNode:
    """A node on a database in memory."""

    def __init__(self, database: Database | None = None) -> None:
        verifier = str(make_verifier("admin", bytes(16), 1))
        self.now = Now(1_000_000_000, 1_700_000_000_000_000)
        self.node = Node(Config(verifier=verifier, durable=False), database or Database(), Entropy(bytes(32)))
        self._next = 0
        self._entropy = Entropy(bytes(31) + b"1")

    def connect(self) -> LocalClient:
        """Log in as admin."""
        self._next += 1
        conn = self._next
        self.step([io.Accepted(conn, "postgresql", "test", "test")])
        client = LocalClient(self, conn)
        machine = pg_client.ClientMachine(
            self.now, self._entropy.child(str(conn)), user="admin", password="admin", database="rustydb"
        )
        for _ in range(10):
            data = machine.data_to_send()
            answer = self.exchange(conn, data) if data else b""
            if not answer:
                break
            machine.receive_data(self.now, answer)
            while not isinstance(machine.next_event(), Stop):
                pass
        return client

    def exchange(self, conn: int, data: bytes) -> bytes:
        """Give the node bytes of one connection and return what it sends back on it."""
        effects = self.step([io.Received(conn, data)])
        return b"".join(effect.data for effect in effects if isinstance(effect, io.Send) and effect.conn == conn)

    def step(self, inputs: list[io.Input]) -> list[io.Effect]:
        """Step until nothing is left to do at once."""
        effects = self.node.step(self.now, inputs)
        while (deadline := self.node.deadline(self.now)) is not None and deadline <= self.now.mono_ns:
            effects += self.node.step(self.now, [])
        return effects
