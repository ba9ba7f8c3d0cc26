"""Random walks: whatever one half is allowed to say, the other understands; a command that is refused changes nothing.

Both sides choose among all their commands at random, sensible or not, and bytes travel at random moments. The one thing that a client
must not do by the protocol's own rules is to send requests behind one whose answer asks for copy data, so the server asks for
copy data only when nothing is under way.
"""

from __future__ import annotations

import random

import pytest
from pg_support import SEED, START

from rustydb_proto import pg

REQUESTS: list[pg.ClientCommand] = [
    pg.Query("q"),
    pg.Parse("", "p"),
    pg.Bind("", ""),
    pg.Describe("P", ""),
    pg.Describe("S", ""),
    pg.Execute(),
    pg.Close("S", ""),
    pg.Flush(),
    pg.Sync(),
    pg.Sync(),
    pg.FunctionCall(1),
    pg.CopyData(b"x"),
    pg.CopyDone(),
    pg.CopyFail("f"),
]
ANSWERS: list[pg.ServerCommand] = [
    pg.RowDescription([]),
    pg.NoData(),
    pg.ParameterDescription([]),
    pg.ParseComplete(),
    pg.BindComplete(),
    pg.CloseComplete(),
    pg.CommandComplete("X"),
    pg.EmptyQuery(),
    pg.PortalSuspended(),
    pg.ErrorResponse(pg.error_fields("ERROR", "42601", "no")),
    pg.Notice(pg.error_fields("NOTICE", "00000", "hear")),
    pg.ParameterStatus("a", "b"),
    pg.Notification(1, "c", "p"),
    pg.ReadyForQuery("I"),
    pg.ReadyForQuery("E"),
    pg.CopyIn(0, []),
    pg.CopyOut(0, []),
    pg.CopyBoth(0),
    pg.CopyData(b"y"),
    pg.CopyDone(),
    pg.FunctionResult(None),
]


class Walk:
    """Two halves in a session, and a die."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.server = pg.ServerMachine(START, pg.Entropy(SEED))
        self.client = pg.ClientMachine(START, pg.Entropy(SEED), "ann")
        self.said: list[object] = []
        self.move()
        self.server.next_event()
        self.server.send(START, pg.Authenticate("trust"))
        self.server.next_event()
        self.server.send(START, pg.SessionReady({}, 1, b"key!"))
        self.move()
        assert isinstance(self.client.next_event(), pg.SessionStarted)

    def step(self) -> None:
        match self.dice.randrange(6):
            case 0 | 1:
                self.say(self.client, self.dice.choice(REQUESTS))
            case 2 | 3:
                command = self.dice.choice(ANSWERS)
                asks = isinstance(command, pg.CopyIn | pg.CopyBoth)
                if not (asks and (self.under_way or self.client.outstanding > 1)):
                    self.say(self.server, command)
                    if asks:
                        self.move()
                        self.listen(0.0)
            case 4:
                self.move()
            case 5:
                self.listen()

    @property
    def under_way(self) -> bool:
        self.move()
        return bool(self.server.unread_bytes)

    def say(self, machine: pg.ServerMachine | pg.ClientMachine, command: pg.ServerCommand | pg.ClientCommand) -> None:
        self.move()
        phase = machine.phase
        try:
            machine.send(START, command)  # type: ignore[arg-type]  # each is given its own
        except pg.LocalProtocolError:
            assert machine.data_to_send() == b"" and machine.phase is phase
        else:
            self.said.append(command)

    def move(self) -> None:
        for source, target in ((self.client, self.server), (self.server, self.client)):
            data = source.data_to_send()
            if data:
                target.receive_data(START, data)

    def listen(self, chance_to_stop: float = 0.5) -> None:
        for machine in (self.server, self.client):
            while not isinstance(event := machine.next_event(), pg.Stop):
                self.said.append(event)
                assert not isinstance(event, pg.ProtocolFailed), self.said[-20:]
                if self.dice.random() < chance_to_stop:
                    break


@pytest.mark.parametrize("start", range(0, 1000, 100))
def test_what_one_half_may_say_the_other_understands(start: int) -> None:
    said = 0
    for seed in range(start, start + 100):
        walk = Walk(seed)
        for _ in range(80):
            walk.step()
        said += len(walk.said)
    assert said > 1000, "the walks are conversations"
