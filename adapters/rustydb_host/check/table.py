"""What a check is: a name, what it demands and why, and a function; and the three ways in which one ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rustydb_host.check.lab import Lab


class Failed(Exception):
    """The host does not do what the check demands; the message says what it did instead."""


class Skipped(Exception):
    """The system lacks what the check needs; the message says what."""


def demand(held: object, otherwise: str) -> None:
    """Raise Failed with a message unless the first argument is true."""
    if not held:
        raise Failed(otherwise)


@dataclass(frozen=True)
class Sizes:
    """How much a run does. The bounds are the same for all of them."""

    result_bytes: int = 48 << 20
    result_bytes_a_second: int | None = 48 << 20
    idle_connections: int = 1500
    connects: int = 600
    connects_a_second: int | None = None
    """What the host must reach; None to demand only that every one is served."""


SCALED = Sizes()
FULL = Sizes(
    result_bytes=1 << 30,
    result_bytes_a_second=1 << 20,
    idle_connections=10_000,
    connects=5000,
    connects_a_second=1000,
)


@dataclass(frozen=True)
class Check:
    """One row of the suite. `run` returns what it measured, in words, or None."""

    name: str
    demands: str
    run: Callable[[Lab], str | None]
    timed: bool = False
    """Whether it measures time: then a second attempt counts, for a machine may have been busy with something else."""
