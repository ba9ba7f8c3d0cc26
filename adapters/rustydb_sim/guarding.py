"""Programs that guard something with an advisory lock: nobody else may have it at the same time.

A client has a lock from the answer to pg_advisory_lock until it asks for what ends it. When another is given the lock meanwhile, the
first one's transaction must be over (the node noticed before the client that the connection broke): it is never answered again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rustydb_sim.asking import Refused, Steps, do, expect, say
from rustydb_sim.client import Ask, Program

if TYPE_CHECKING:
    from rustydb_sim.history import Unit
    from rustydb_sim.programs import Player

KEYS = 2


def guarded(player: Player) -> Program:
    """A transaction that works under an advisory lock, of its own or of its session."""
    dice, guards = player.dice, player.history.guards
    key = dice.randrange(KEYS)
    shared = dice.random() < 0.3
    session = dice.random() < 0.5
    name = f"pg_advisory_{'' if session else 'xact_'}lock{'_shared' if shared else ''}"

    def body(unit: Unit) -> Steps:
        yield from do(f"SELECT {name}({key})")
        hold = guards.enter(key, shared)
        try:
            for _ in range(dice.randint(1, 3)):
                yield Ask(nap_ns=dice.choice((0, 0, player.weather.disk_ns)))
                yield from do("SELECT 1")
                expect(not hold.stolen, f"another client has advisory lock {key} although it is held")
        finally:
            guards.leave(key, hold)

    yield from player.transaction(body)
    while session:
        try:
            yield from do("SELECT pg_advisory_unlock_all()")
            return
        except Refused:
            yield from say("ROLLBACK")
