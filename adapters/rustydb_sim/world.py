"""One world: a node on virtual time, with clients, a network and a disk that a seed has made.

    World(seed).run()          returns the world at its end, or raises Violation (or whatever the node raised)

It is one more host. Events lie in a heap by their moment; the inputs of a moment or so are one step; effects are carried
out in their order, and a crash may come between any two of them. After a crash the node is recovered from what
the disk kept, and an auditor checks what is there against what the clients know (history.py). Everything is
drawn from the seed, so the same seed gives the same trace; `digest` is the hash of all inputs and effects.

What is not simulated: other hosts' threads (an effect begins when it is handed out), and bit rot.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from hashlib import sha256
from random import Random

from rustydb_host.files import indexes_of

from rustydb_engine.config import Config
from rustydb_engine.node.node import Node
from rustydb_engine.storage import recovery
from rustydb_proto.core import io
from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.scram import make_verifier
from rustydb_proto.core.time import Now
from rustydb_sim.audit import audit, setup
from rustydb_sim.client import PASSWORD, USER, Client, Program
from rustydb_sim.disk import Disk
from rustydb_sim.history import History, Violation
from rustydb_sim.network import Link
from rustydb_sim.programs import Player
from rustydb_sim.watcher import Watcher
from rustydb_sim.weather import MS, S, Weather, weather

VERIFIER = str(make_verifier(PASSWORD, bytes(16), 1))
START_NS = 1_000 * S
START_US = 1_700_000_000_000_000
PATIENCE_NS = 3600 * S
STEPS_MAX = 60_000

Say = Callable[[str], None]


class World:
    """The world of one seed. `say` hears a readable line for each thing that happens."""

    def __init__(self, seed: int, say: Say | None = None) -> None:
        self.seed = seed
        self.weather: Weather = weather(seed)
        self.mono_ns = START_NS
        self.wall_offset_us = START_US - START_NS // 1000
        self.history = History(self.weather.accounts)
        self.disk = Disk(seed)
        self.steps = 0
        self.crashes = 0
        self.listening = False
        self._say = say
        self._dice = Random(f"{seed}/world")
        self._entropy = Entropy(Random(f"{seed}/entropy").randbytes(32))
        self._hash = sha256()
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._event_count = 0
        self._inputs: list[io.Input] = []
        self._step_planned = False
        self._timer_ns = -1
        self._links: dict[int, Link] = {}
        self._conn = 0
        self._life = 0  # which start of the node this is
        self._node: Node | None = None
        self._watcher: Watcher | None = None
        self._halted: io.Halt | None = None
        self._faults = list(self.weather.faults)
        self._next_fault = self._gap()
        self._crash_now = False
        self._append_failed = False
        self._fading = False  # no faults from here on
        self._players = {
            number: Player(number, self.history, Random(f"{seed}/player {number}"), self.weather)
            for number in range(1, self.weather.clients + 1)
        }
        self._clients = [Client(self, number) for number in self._players]
        self._units_left = dict.fromkeys(self._players, self.weather.units)
        self._auditor = Client(self, 0, faultless=True)

    # -- the whole story

    def run(self) -> World:
        """Live through all faults, then through a last crash."""
        self._boot()
        self._audit(setup(self.history))
        for client in self._clients:
            client.connect()
        self._until(self._work_is_done, "the clients' work")
        self._fading = True
        self._stop(graceful=True)
        self._until(lambda: self._node is None, "the shutdown")
        self.disk.crash()
        self._boot()
        self._audit(audit(self.history, "at the end"))
        self.history.check_order()
        return self

    @property
    def digest(self) -> str:
        """The hash of all inputs and effects so far."""
        return self._hash.hexdigest()

    @property
    def now(self) -> Now:
        """The two clocks."""
        return Now(self.mono_ns, self.mono_ns // 1000 + self.wall_offset_us)

    def _work_is_done(self) -> bool:
        return self.listening and all(client.stopped for client in self._clients)

    # -- time

    def after(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Do something later."""
        self._event_count += 1
        heapq.heappush(self._events, (self.mono_ns + delay_ns, self._event_count, action))

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        end = self.mono_ns + PATIENCE_NS
        while not reached():
            if not self._events or self.mono_ns > end:
                stuck = "; ".join(client.state() for client in self._clients if not client.stopped)
                raise Violation(f"waited in vain for {what}: a reply or a wake-up is missing: {stuck}")
            at_ns, _, action = heapq.heappop(self._events)
            self.mono_ns = max(self.mono_ns, at_ns)
            action()

    # -- the host

    def put(self, item: io.Input) -> None:
        """Give the node an input, soon."""
        self._inputs.append(item)
        self._plan_step(self._dice.choice((0, 0, 1_000, 50_000)))

    def _plan_step(self, delay_ns: int) -> None:
        if not self._step_planned:
            self._step_planned = True
            life = self._life
            self.after(delay_ns, lambda: self._step(life))

    def _step(self, life: int) -> None:
        if life != self._life or self._node is None:
            return
        self._step_planned = False
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise Violation(f"the world goes on for more than {STEPS_MAX} steps")
        self._bring_faults()
        now = self.now
        inputs, self._inputs = self._inputs, []
        for item in inputs:
            self._note("  >", item)
        effects = self._node.step(now, inputs)
        if self._crash_now:
            del effects[self._dice.randint(0, len(effects)) :]
        for effect in effects:
            self._note("  <", effect)
            self._carry_out(effect)
        if self._crash_now:
            self._crash_now = False
            self._die("power")
        elif self._halted is not None:
            self._die("kill")
        else:
            self._plan_timer()

    def _plan_timer(self) -> None:
        assert self._node is not None, "a dead node has no timer"
        deadline = self._node.deadline(self.now)
        if deadline is None:
            return
        if deadline <= self.mono_ns:
            self._plan_step(self._dice.choice((0, 1_000, 20_000)))
        elif deadline != self._timer_ns:
            self._timer_ns = deadline
            life = self._life
            self.after(deadline - self.mono_ns + self._dice.choice((0, 0, 1_000_000)), lambda: self._timer(life))

    def _timer(self, life: int) -> None:
        if life == self._life:
            self._timer_ns = -1
            self._plan_step(0)

    def _carry_out(self, effect: io.Effect) -> None:
        match effect:
            case io.Send(conn=conn, data=data):
                self._link(conn).send(data)
            case io.Close(conn):
                self._link(conn).close()
            case io.Abort(conn):
                self._link(conn).abort()
            case io.PauseReading(conn):
                self._link(conn).pause()
            case io.ResumeReading(conn):
                self._link(conn).resume()
            case io.Append() | io.Allocate() | io.Store() | io.Publish() | io.DeleteFile():
                self._start_disk_work(effect)
            case io.Log(_, event, fields):
                if event == "internal error":
                    raise Violation(f"internal error: {fields.get('traceback')}")
            case io.Halt():
                self._halted = effect
            case _:
                raise Violation(f"an unknown effect {effect!r}")

    def _link(self, conn: int) -> Link:
        link = self._links.get(conn)
        if link is None:
            raise Violation(f"an effect for connection {conn}, which never was")
        return link

    def _start_disk_work(self, effect: io.Effect) -> None:
        self.disk.start(effect)
        usual = self.weather.disk_ns
        delay = self._dice.choice((0, self._dice.randint(0, usual), self._dice.randint(0, usual), usual * 10))
        life = self._life
        self.after(delay, lambda: self._finish_disk_work(life, effect))

    def _finish_disk_work(self, life: int, effect: io.Effect) -> None:
        if life == self._life:
            self.put(self.disk.finish(effect))

    # -- connections

    def connect(self, client: Client | Passer, faultless: bool = False) -> Link:
        """Open a connection to the node."""
        self._conn += 1
        link = Link(self, self._conn, client, Random(f"{self.seed}/link {self._conn}"), faultless)
        self._links[self._conn] = link
        self.put(io.Accepted(self._conn, "postgresql", f"client:{self._conn}", "node"))
        return link

    def lost(self, client: Client) -> None:
        """A client has no connection any more."""
        if client.number:
            self._players[client.number].lost()

    def heard(self, client: Client, payload: str) -> None:
        """A client got a notification."""
        self._players[client.number].heard(payload)

    def next_program(self, client: Client) -> Program | None:
        """Return what a client does next, or None when it is to stop."""
        number = client.number
        if not number:
            return None
        if self._units_left[number] <= 0 and not self._faults:
            return None
        self._units_left[number] -= 1
        if self._dice.random() < self.weather.cancel:
            self._cancel_someone()
        return self._players[number].next()

    def _cancel_someone(self) -> None:
        request = self._dice.choice(self._clients).cancel_request()
        if request is not None:
            self.connect(Passer(), faultless=True).write(request)

    # -- life and death

    def _boot(self) -> None:
        """Start a node on what the disk has, now and then after dying once more while it recovers."""
        self._life += 1
        self._inputs.clear()
        self._step_planned = False
        self._timer_ns = -1
        self._halted = None
        if self._dice.random() < 0.2:
            self._recover()
            self.disk.crash()
        recovered = self._recover()
        self.disk.sync_log()
        for name in recovered.obsolete:
            self.disk.remove(name)
        weather = self.weather
        config = Config(
            verifier=VERIFIER,
            batch_rows=weather.batch_rows,
            steps_ticks_max=weather.ticks,
            wal_segment_bytes=weather.segment_bytes,
            checkpoint_ns=weather.checkpoint_ns,
            checkpoint_wal_bytes=weather.checkpoint_wal_bytes,
        )
        self._tell(f"start {self._life}: {recovered.rows} rows, files {dict(self.disk.listing())} {recovered.notes}")
        self._node = Node(config, recovered.database, self._entropy.child(f"life {self._life}"))
        self._plan_step(0)

    def _recover(self) -> recovery.Recovered:
        steps = recovery.recover(
            self.disk.listing(),
            self._entropy.child(f"recovery {self._life}"),
            indexes_of,
            segment_bytes=self.weather.segment_bytes,
        )
        return self.disk.recover(steps)

    def _audit(self, program: Program) -> None:
        """Run a program with nobody else there, then let the others in."""
        auditor = self._auditor
        auditor.connect()
        auditor.run(program)
        self._until(lambda: auditor.idle and auditor.logged_in, "the auditor")
        auditor.leave()
        assert self._node is not None, "who was audited is alive"
        self._watcher = Watcher(self._node, self.history)
        self.listening = True
        self._next_fault = self.steps + self._gap()

    def _die(self, how: str) -> None:
        """End the node; start it again unless the story is at its end."""
        self._tell(f"the node dies: {how} {self._halted}")
        halted, self._halted = self._halted, None
        if halted is not None and halted.code != 0 and not self._append_failed:
            raise Violation(f"the node halted: {halted.reason}")
        self._append_failed = False
        self._node = None
        self._life += 1
        self.listening = False
        self.crashes += 1
        self.disk.space = 1 << 40
        if how == "power":
            self.disk.crash()
        else:
            self.disk.kill()
        links, self._links = self._links, {}
        for link in links.values():
            link.die()
        if not self._fading:
            self.after(self._dice.randint(0, 100 * MS), self._restart)

    def _restart(self) -> None:
        self._boot()
        self._audit(audit(self.history, f"after crash {self.crashes}"))

    def _stop(self, graceful: bool) -> None:
        self.listening = False
        self.put(io.ShutdownRequested(graceful))

    # -- faults

    def _gap(self) -> int:
        return 1 + int(self._dice.expovariate(1 / self.weather.fault_gap))

    def _bring_faults(self) -> None:
        if not (self._faults and self.listening) or self.steps < self._next_fault:
            return
        fault = self._faults.pop(0)
        self._next_fault = self.steps + self._gap()
        self._tell(f"fault: {fault}")
        match fault:
            case "power":
                self._crash_now = True
            case "kill":
                self._halted = io.Halt(0, "killed")
            case "shutdown" | "stop":
                self._stop(graceful=fault == "shutdown")
            case "full":
                self.disk.space = self.disk.used() + self._dice.choice((0, 0, self.weather.segment_bytes))
                self.after(self._dice.randint(0, 5 * S), self._free_space)
            case "append":
                self._append_failed = True
                self.disk.fail(io.Append)
            case "clock":
                self.wall_offset_us += self._dice.randint(-(10**12), 10**12)
            case _:
                kinds = {"allocate": io.Allocate, "store": io.Store, "publish": io.Publish, "delete": io.DeleteFile}
                self.disk.fail(kinds[fault])

    def _free_space(self) -> None:
        self.disk.space = 1 << 40

    # -- the trace

    def _note(self, arrow: str, what: io.Input | io.Effect) -> None:
        if isinstance(what, io.Received | io.Send):
            text = f"{type(what).__name__}({what.conn}, {what.data!r})"
        else:
            text = repr(what)
        line = f"{self.mono_ns} {arrow} {text}"
        self._hash.update(line.encode("utf-8", "backslashreplace"))
        if self._say is not None:
            self._say(line)

    def _tell(self, text: str) -> None:
        self._hash.update(text.encode("utf-8", "backslashreplace"))
        if self._say is not None:
            self._say(f"{self.mono_ns} {text}")


class Passer:
    """Whoever sends a cancel request: it waits for no answer."""

    def receive(self, link: Link, data: bytes) -> None:
        """Nothing is expected, but that the server is shutting down."""
        if data[:1] not in (b"", b"E"):
            raise Violation(f"a cancel request was answered {data!r}")


assert USER, "the superuser has a name"
