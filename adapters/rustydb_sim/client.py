"""A client: our own client machine, driven by a program that asks and gets replies.

A program is a generator: it yields an `Ask` and is sent the list of its replies. When the connection is lost it is closed,
and the client connects again after a while and goes on with the next program.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from rustydb_proto.core.entropy import Entropy
from rustydb_proto.core.machine import Stop
from rustydb_proto.pg import client_messages as pg
from rustydb_proto.pg.client import ClientMachine
from rustydb_proto.pg.messages import ConnectionEnded, CopyData, CopyDone, ProtocolFailed
from rustydb_sim.answers import Reply, Requests
from rustydb_sim.history import Violation
from rustydb_sim.network import Link

if TYPE_CHECKING:
    from rustydb_sim.world import World

USER, PASSWORD, DATABASE = "admin", "admin", "rustydb"
# What may end a connection although nothing is wrong with the node.
FATAL_ALLOWED = frozenset({"57P01", "57P03", "57014"})


@dataclass(frozen=True)
class Ask:
    """What a program wants done: commands up to a Query or Sync, or several such runs at once.

    `statements` is how many statements each Query has. `copy` is sent when the server wants copy data, and ends in
    CopyFail if `copy_fails`. With `last`, the end of file follows the commands. `nap_ns` waits before it asks.
    """

    commands: tuple[pg.ClientCommand, ...] = ()
    statements: int = 1
    copy: tuple[bytes, ...] = ()
    copy_fails: bool = False
    last: bool = False
    nap_ns: int = 0


Program = Generator[Ask, list[Reply], None]


class Client:
    """One client. `number` names it; the world gives it programs."""

    def __init__(self, world: World, number: int, faultless: bool = False) -> None:
        self.world = world
        self.number = number
        self.faultless = faultless
        self.dice = Random(f"{world.seed}/client {number}")
        self.stopped = False
        self.machine: ClientMachine | None = None
        self.logged_in = self._leaving = False
        self._entropy = Entropy(self.dice.randbytes(32))
        self._link: Link | None = None
        self._program: Program | None = None
        self._ask: Ask | None = None
        self._requests = Requests()
        self._replies: list[Reply] = []
        self._wanted = 0
        self._sessions = 0

    # -- connections

    def connect(self) -> None:
        """Open a connection."""
        world = self.world
        self._sessions += 1
        self.machine = ClientMachine(
            world.now, self._entropy.child(str(self._sessions)), USER, DATABASE, password=PASSWORD
        )
        self.logged_in = self._leaving = False
        self._requests = Requests()
        self._link = world.connect(self, self.faultless)
        self._flush()

    def receive(self, link: Link, data: bytes) -> None:
        """Take bytes from the node; b"" is the end of the connection."""
        machine = self.machine
        if machine is None or link is not self._link:
            return
        machine.receive_data(self.world.now, data)
        while not isinstance(event := machine.next_event(), Stop):
            self._take(event)
            if self.machine is not machine:
                return
        self._flush()

    def cancel_request(self) -> bytes | None:
        """Return the bytes that cancel what this client runs, if it is connected."""
        return self.machine.cancel_request() if self.machine is not None and self.logged_in else None

    def leave(self, machine: ClientMachine | None = None) -> None:
        """Go away: politely, with the end of file alone, or as a process that dies (only from this session, if given)."""
        if machine is None:
            machine = self.machine
        link = self._link
        if machine is None or machine is not self.machine or link is None:
            return
        how = self.dice.randrange(3)
        if how == 0:
            machine.send(self.world.now, pg.Terminate())
            self._flush()
            link.half_close()
        elif how == 1:
            link.half_close()
        else:
            link.abandon()
        self._lost()

    def _flush(self) -> None:
        if self.machine is not None and self._link is not None:
            data = self.machine.data_to_send()
            if data:
                self._link.write(data)

    def _lost(self) -> None:
        """Forget the connection; connect again later."""
        self.machine = None
        self._link = None
        self._end_program()
        self.world.lost(self)
        if not (self.stopped or self.faultless):
            self.world.after(self.dice.randint(1_000, 50_000_000), self._reconnect)

    def _reconnect(self) -> None:
        if self.machine is not None or self.stopped:
            return
        if self.world.listening:
            self.connect()
        else:
            self.world.after(self.dice.randint(1_000, 50_000_000), self._reconnect)

    # -- events

    def _take(self, event: pg.ClientEvent) -> None:
        if isinstance(event, pg.SessionStarted):
            self.logged_in = True
            self._next_program()
        elif isinstance(event, ProtocolFailed):
            raise Violation(f"client {self.number}: {event.message}")
        elif isinstance(event, ConnectionEnded):
            self._lost()
        elif isinstance(event, pg.ErrorReceived) and event.fields.get("V") in ("FATAL", "PANIC"):
            if event.sqlstate not in FATAL_ALLOWED:
                raise Violation(f"client {self.number}: connection ended by {dict(event.fields)}")
            self._lost()
        else:
            self._take_answer(event)

    def _take_answer(self, event: pg.ClientEvent) -> None:
        try:
            reply = self._requests.take(event)
        except Violation as violation:
            raise Violation(f"client {self.number}: {violation}") from None
        if isinstance(event, pg.ErrorReceived) and event.sqlstate == "XX000":
            raise Violation(f"client {self.number}: {event.message}, for {self._ask}")
        if isinstance(event, pg.NotificationReceived):
            self.world.heard(self, event.payload)
        if isinstance(event, pg.CopyInStarted):
            self._send_copy()
        if reply is not None:
            self._replies.append(reply)
            if len(self._replies) == self._wanted:
                replies, self._replies = self._replies, []
                self._go_on(replies)

    def _send_copy(self) -> None:
        ask, machine = self._ask, self.machine
        assert ask is not None and machine is not None, "a copy was asked for"
        for piece in ask.copy:
            machine.send(self.world.now, CopyData(piece))
        machine.send(self.world.now, pg.CopyFail("changed my mind") if ask.copy_fails else CopyDone())

    # -- programs

    def run(self, program: Program) -> None:
        """Run one program (for a client that the world does not give any)."""
        assert self._program is None, "one program at a time"
        self._program = program
        if self.logged_in:
            self._go_on(None)

    def state(self) -> str:
        """Return what the client is about, for a report."""
        return f"client {self.number} on {self._link.conn if self._link else None} has asked {self._ask}"

    @property
    def idle(self) -> bool:
        """Whether no program runs."""
        return self._program is None

    def _next_program(self) -> None:
        if self._program is None:
            if self.machine is None or self.stopped:
                return
            self._program = self.world.next_program(self)
            if self._program is None:
                if not self.faultless:
                    self.stopped = True
                    self.leave()
                return
            machine, weather = self.machine, self.world.weather
            if not self.faultless and self.dice.random() < weather.leave:
                self.world.after(self.dice.randint(0, 5 * weather.network_ns), lambda: self.leave(machine))
        self._go_on(None)

    def _go_on(self, replies: list[Reply] | None) -> None:
        program = self._program
        assert program is not None, "a program waits for its replies"
        self._ask = None
        try:
            ask = program.send(replies) if replies is not None else next(program)
        except StopIteration:
            self._program = None
            self.world.after(self.dice.randint(0, 1_000_000), self._next_if_idle)
            return
        machine = self.machine
        if ask.nap_ns:
            self.world.after(ask.nap_ns, lambda: self._send(ask) if self.machine is machine else None)
        else:
            self._send(ask)

    def _next_if_idle(self) -> None:
        if self._program is None and self.machine is not None and self.logged_in and not self._leaving:
            self._next_program()

    def _send(self, ask: Ask) -> None:
        machine, link = self.machine, self._link
        assert machine is not None and link is not None, "it is connected"
        self._ask = ask
        self._wanted = self._requests.send(ask.commands, ask.statements)
        for command in ask.commands:
            machine.send(self.world.now, command)
        self._flush()
        if ask.last:
            self._leaving = True
            link.half_close()
        if self._wanted == 0:
            self._go_on([])

    def _end_program(self) -> None:
        program, self._program = self._program, None
        self._replies = []
        self._ask = None
        if program is not None:
            program.close()
