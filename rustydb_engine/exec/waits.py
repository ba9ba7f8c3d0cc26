"""What work that may wait says to whoever runs it.

A generator of the executor yields a non-empty list (a batch of result rows) or one of the objects below, and returns
a `Completion`. The runner resumes it when the wait is over; to end it early, it throws an error into it or closes it.

    TICK                   the slice's budget is used up; call again when others had their turn
    WaitFor(transactions)  until one of them has ended
    WaitDurable(csn)       until the log is on disk up to this commit
    WaitSpace()            until the disk has answered whether the log has room for a commit
    WaitUntil(mono_ns)     until this moment of the monotonic clock
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeAlias, final

from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.txn.manager import Blocker

Row: TypeAlias = tuple[object, ...]


@final
class Tick:
    """The end of a slice; there is one, `TICK`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "TICK"


TICK = Tick()


@value
class WaitFor:
    """Wait until one of the transactions has ended, or a session has given up an advisory lock. Whoever runs the generator looks for deadlocks (40P01) first.

    `relation` is the OID of the table whose row is wanted, for messages and pg_locks; 0 when there is none. `until_ns` is
    the moment of the monotonic clock when the wait is given up (55P03, lock_timeout); 0: never. The session sets it.
    """

    transactions: tuple[Blocker, ...]
    relation: int = 0
    until_ns: int = 0


@value
class WaitDurable:
    """Wait until the log is durable up to `csn`."""

    csn: int


@value
class WaitSpace:
    """Wait until the disk has answered: the log may have room for a commit then, or refuse it."""


@value
class WaitUntil:
    """Wait until the monotonic clock has reached `mono_ns`."""

    mono_ns: int


@value
class Completion:
    """The end of a statement: its command tag without a number, and the number of rows for the tag."""

    tag: str
    rows: int = 0

    def text(self) -> str:
        """Return the command tag as CommandComplete sends it."""
        if self.tag == "INSERT":
            return f"INSERT 0 {self.rows}"
        return (
            f"{self.tag} {self.rows}"
            if self.tag in ("SELECT", "UPDATE", "DELETE", "COPY", "FETCH", "MOVE")
            else self.tag
        )


Wait: TypeAlias = Tick | WaitFor | WaitDurable | WaitSpace | WaitUntil
Yielded: TypeAlias = list[Row] | Wait
Steps: TypeAlias = Generator[Yielded, None, Completion]
