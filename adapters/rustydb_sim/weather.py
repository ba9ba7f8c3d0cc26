"""What one seed's world is like: how many clients, how bad the network and the disk, what breaks and how often.

Each seed turns most misfortunes off and a few up, so that every pair of them meets in some world and a failing
seed has few suspects ("swarm testing").
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

US = 1_000
MS = 1_000_000
S = 1_000_000_000

FAULTS = ("power", "kill", "shutdown", "stop", "full", "append", "allocate", "store", "publish", "delete", "clock")
"""Power loss, death of the process, graceful and immediate shutdown, a full disk, failing disk effects, clock jumps."""


@dataclass(frozen=True)
class Weather:
    """The constants of one world."""

    clients: int
    units: int  # transactions that each client does at least
    accounts: int
    faults: tuple[str, ...]  # in the order in which they come
    fault_gap: int  # how many steps lie between two, about
    segment_bytes: int
    checkpoint_ns: int
    checkpoint_wal_bytes: int
    network_ns: int  # the longest usual delay of a delivery
    disk_ns: int  # the longest usual time that a disk effect takes
    chunk: int  # bytes of a small delivery
    small_chunks: float  # how many links deliver in small pieces
    cut: float  # how many links are cut at some byte
    slow: float  # how many clients read slowly
    leave: float  # how many programs end with the client going away, one way or another
    cancel: float  # how often a client cancels another
    timeouts: bool
    batch_rows: int
    ticks: int
    bulk: bool  # whether there are transactions of thousands of rows
    favourite: int  # which program is done most


def weather(seed: int) -> Weather:
    """Return the weather of a seed."""
    dice = Random(f"{seed}/weather")
    count = dice.choice((0, 1, 2, 3, 4, 6))
    crashes = dice.choice((("power",), ("power", "kill"), FAULTS, FAULTS))
    return Weather(
        clients=dice.randint(1, 6),
        units=dice.randint(3, 14),
        accounts=dice.choice((2, 3, 5, 20, 20, 600)),
        faults=tuple(dice.choice(crashes) for _ in range(count)),
        fault_gap=dice.choice((30, 100, 300)),
        segment_bytes=dice.choice((2048, 4096, 16384, 65536)),
        checkpoint_ns=dice.choice((50 * MS, 500 * MS, 5 * S, 300 * S)),
        checkpoint_wal_bytes=dice.choice((1000, 20_000, 1 << 20)),
        network_ns=dice.choice((20 * US, 1 * MS, 30 * MS)),
        disk_ns=dice.choice((10 * US, 1 * MS, 20 * MS, 300 * MS)),
        chunk=dice.choice((1, 3, 20)),
        small_chunks=dice.choice((0.0, 0.0, 0.2)),
        cut=dice.choice((0.0, 0.0, 0.1, 0.4)),
        slow=dice.choice((0.0, 0.0, 0.3)),
        leave=dice.choice((0.0, 0.0, 0.1, 0.3)),
        cancel=dice.choice((0.0, 0.0, 0.1)),
        timeouts=dice.random() < 0.3,
        batch_rows=dice.choice((3, 50, 500)),
        ticks=dice.choice((1, 4)),
        bulk=dice.random() < 0.05,
        favourite=dice.randrange(1000),
    )
