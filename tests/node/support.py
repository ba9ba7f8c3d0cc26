"""A node on a simulated disk for the robustness tests: steps are taken until nothing is left to do, time moves by hand.

node = Host()
client = node.connect()
client.ask("SELECT 1").rows
node.disk_busy = True            disk effects wait in node.waiting until node.finish_disk_work()
"""

from __future__ import annotations

from rustydb_host.files import indexes_of
from rustydb_sim.answers import Reply, Requests
from rustydb_sim.disk import Disk

from rustydb_engine.config import Config
from rustydb_engine.node.node import Node
from rustydb_engine.storage.database import Database
from rustydb_engine.storage.recovery import recover
from rustydb_proto.core import io
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.core.scram import make_verifier
from rustydb_proto.core.time import Now
from rustydb_proto.pg import client_messages as pg
from rustydb_proto.pg.client import ClientMachine
from rustydb_proto.tls import ServerContext

SEGMENT = 1 << 16
VERIFIER = str(make_verifier("admin", bytes(16), 1))
DISK_EFFECTS = (io.Append, io.Allocate, io.Store, io.Publish, io.DeleteFile)


class Host:
    """A node, its clock and its disk (None: a database in memory)."""

    def __init__(self, disk: Disk | None = None, tls: ServerContext | None = None, **settings: object) -> None:
        self.now = Now(1_000_000_000, 1_700_000_000_000_000)
        self.disk = disk
        self.disk_busy = False
        self.waiting: list[io.Effect] = []
        self.closed: set[int] = set()
        self.ended: set[int] = set()
        self.paused: set[int] = set()
        self.halted: io.Halt | None = None
        self.logs: list[io.Log] = []
        self.sent: dict[int, list[bytes]] = {}
        self._conn = 0
        self._entropy = Entropy(bytes(31) + b"t")
        if disk is None:
            database = Database()
        else:
            steps = recover(disk.listing(), Entropy(bytes(32)), indexes_of, segment_bytes=SEGMENT)
            database = disk.recover(steps).database
        config = Config(verifier=VERIFIER, durable=disk is not None, **settings)  # type: ignore[arg-type]  # its fields
        self.node = Node(config, database, Entropy(bytes(32)), tls)
        self.step()

    def step(self, *inputs: io.Input) -> None:
        """Give inputs, and step until nothing is left to do."""
        waiting = list(inputs)
        while True:
            effects = self.node.step(self.now, waiting)
            waiting = []
            for effect in effects:
                answer = self._carry_out(effect)
                if answer is not None:
                    waiting.append(answer)
            deadline = self.node.deadline(self.now)
            if self.halted is not None or (not waiting and (deadline is None or deadline > self.now.mono_ns)):
                return

    def _carry_out(self, effect: io.Effect) -> io.Input | None:
        if isinstance(effect, io.Send):
            assert effect.conn not in self.closed | self.ended, "bytes for a closed connection"
            self.sent.setdefault(effect.conn, []).append(effect.data)
        elif isinstance(effect, io.Close | io.Abort):
            self.closed.add(effect.conn)
        elif isinstance(effect, io.EndSend):
            self.ended.add(effect.conn)
        elif isinstance(effect, io.PauseReading):
            self.paused.add(effect.conn)
        elif isinstance(effect, io.ResumeReading):
            self.paused.discard(effect.conn)
        elif isinstance(effect, io.Halt):
            self.halted = effect
        elif isinstance(effect, io.Log):
            self.logs.append(effect)
            assert effect.event != "internal error", effect.fields
        else:
            assert self.disk is not None, "a database in memory has no disk work"
            self.disk.start(effect)
            if not self.disk_busy:
                return self.disk.finish(effect)
            self.waiting.append(effect)
        return None

    def finish_disk_work(self) -> None:
        """Finish what the disk has begun, and what follows from it."""
        assert self.disk is not None, "there is a disk"
        self.disk_busy = False
        waiting, self.waiting = self.waiting, []
        self.step(*[self.disk.finish(effect) for effect in waiting])

    def wait(self, seconds: float) -> None:
        """Let time pass, with a step at each deadline on the way."""
        end = self.now.mono_ns + int(seconds * 1e9)
        while (deadline := self.node.deadline(self.now)) is not None and deadline <= end:
            self._pass(max(deadline, self.now.mono_ns) - self.now.mono_ns)
            self.step()
        self._pass(end - self.now.mono_ns)
        self.step()

    def _pass(self, ns: int) -> None:
        self.now = Now(self.now.mono_ns + ns, self.now.wall_us + ns // 1000)

    def accept(self, listener: str = "postgresql", local: str = "test") -> Client:
        """Open a connection that has sent nothing."""
        self._conn += 1
        self.step(io.Accepted(self._conn, listener, "test", local))
        return Client(self, self._conn, self._entropy.child(str(self._conn)))

    def connect(self) -> Client:
        """Log in as admin."""
        client = self.accept()
        client.log_in()
        return client


class Client:
    """One connection: raw bytes with `send`, or requests with `ask` after `log_in`."""

    def __init__(self, host: Host, conn: int, entropy: Entropy) -> None:
        self.host = host
        self.conn = conn
        self.entropy = entropy
        self.machine: ClientMachine | None = None
        self._requests = Requests()
        self.replies: list[Reply] = []
        self.fatal: pg.ErrorReceived | None = None
        self.notified: list[tuple[str, str, int]] = []

    @property
    def closed(self) -> bool:
        """Whether the node closed the connection."""
        return self.conn in self.host.closed

    def send(self, data: bytes) -> bytes:
        """Send bytes and return what came back at once."""
        self.host.step(io.Received(self.conn, data))
        return self.take()

    def take(self) -> bytes:
        """Return what the node has sent."""
        return b"".join(self.host.sent.pop(self.conn, []))

    def log_in(self, user: str = "admin", password: str = "admin", database: str = "rustydb") -> None:
        """Go through startup and authentication; `fatal` tells when that failed."""
        self.machine = ClientMachine(self.host.now, self.entropy, user, database, password=password)
        for _ in range(4):
            self._exchange()

    def begin(self, *commands: pg.ClientCommand, statements: int = 1) -> None:
        """Send commands; `replies` gets the answers as they come."""
        assert self.machine is not None, "log in first"
        self._requests.send(commands, statements)
        for command in commands:
            self.machine.send(self.host.now, command)
        self._exchange()

    def ask(self, sql: str, statements: int = 1) -> Reply:
        """Ask a simple query whose answer comes without a wait for anybody else."""
        self.begin(pg.Query(sql), statements=statements)
        self.listen()
        return self.replies.pop()

    def heard(self) -> list[tuple[str, str]]:
        """Return the notifications that came since the last call, as (channel, payload)."""
        self.listen()
        taken, self.notified = self.notified, []
        return [(channel, payload) for channel, payload, _ in taken]

    def _exchange(self) -> None:
        assert self.machine is not None, "log in first"
        data = self.machine.data_to_send()
        if data:
            self.host.step(io.Received(self.conn, data))
        self.listen()

    def listen(self) -> None:
        """Take what the node has sent."""
        machine = self.machine
        assert machine is not None, "log in first"
        data = self.take()
        if data:
            machine.receive_data(self.host.now, data)
        while not isinstance(event := machine.next_event(), Stop):
            if isinstance(event, pg.ErrorReceived) and event.fields.get("V") == "FATAL":
                self.fatal = event
            elif isinstance(event, pg.NotificationReceived):
                self.notified.append((event.channel, event.payload, event.process_id))
            elif not isinstance(event, pg.SessionStarted):
                reply = self._requests.take(event)
                if reply is not None:
                    self.replies.append(reply)
