"""Sequence counters: `nextval` never rolls back, and logs 32 values ahead.

A counter is `(last value, is_called)`, as PostgreSQL keeps it. The log gets a record for every 32nd call that says the
counter is 32 steps further than it is, so a crash may skip numbers but never gives one twice. After a checkpoint
the next call logs again, because a checkpoint stores the counter as it is.

The definition (start, increment, bounds, cycle) is the catalog's; a counter that was never touched starts from it.

Source: PostgreSQL 15, src/backend/commands/sequence.c (SEQ_LOG_VALS).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from rustydb_engine.errors import SqlError

if TYPE_CHECKING:
    from rustydb_engine.catalog.objects import Sequence

LOG_AHEAD: Final = 32


@final
class Counter:
    """One sequence's counter; `ahead` calls are covered by the newest log record, which has the place `csn`."""

    __slots__ = ("ahead", "called", "csn", "value")

    def __init__(self, value: int, called: bool) -> None:
        self.value = value
        self.called = called
        self.ahead = 0
        self.csn = 0


@final
class Sequences:
    """The counters of all sequences, by the sequence's OID."""

    __slots__ = ("counters", "restarted")

    def __init__(self) -> None:
        self.counters: dict[int, Counter] = {}
        self.restarted: dict[int, Counter] = {}  # what counters were that an active transaction restarted

    def counter(self, sequence: Sequence) -> Counter:
        """Return a sequence's counter, made from its definition when it has none yet."""
        counter = self.counters.get(sequence.oid)
        if counter is None:
            counter = self.counters[sequence.oid] = Counter(sequence.start, False)
        return counter

    def advance(self, sequence: Sequence) -> tuple[int, int | None]:
        """Return the next value, and the value to log when the log must go ahead; 2200H at the end."""
        counter = self.counter(sequence)
        value = _after(sequence, counter.value) if counter.called else counter.value
        counter.value = value
        counter.called = True
        if counter.ahead > 0:
            counter.ahead -= 1
            return value, None
        counter.ahead = LOG_AHEAD - 1
        return value, _furthest(sequence, value)

    def set(self, sequence: Sequence, value: int, called: bool) -> None:
        """Set a counter (setval); 22003 when the value is out of the sequence's bounds."""
        if not sequence.minimum <= value <= sequence.maximum:
            raise SqlError(
                "22003",
                f'setval: value {value} is out of bounds for sequence "{sequence.name}"'
                f" ({sequence.minimum}..{sequence.maximum})",
            )
        self.restore(sequence.oid, value, called)

    def restore(self, oid: int, value: int, called: bool) -> None:
        """Set a counter as the log or a checkpoint says."""
        counter = self.counters[oid] = Counter(value, called)
        assert counter.ahead == 0, "the next nextval logs"

    def checkpoint(self) -> tuple[tuple[int, int, bool], ...]:
        """Return (oid, value, is_called) of every counter, and let the next nextval of each log again."""
        for counter in self.counters.values():
            counter.ahead = 0
        committed = {**self.counters, **self.restarted}
        return tuple((oid, counter.value, counter.called) for oid, counter in sorted(committed.items()))

    def restart(self, sequence: Sequence, value: int) -> None:
        """Set a counter for a transaction that may still roll back: `keep` or `revert` follows."""
        self.restarted.setdefault(sequence.oid, self.counter(sequence))
        self.restore(sequence.oid, value, False)

    def keep(self, oid: int) -> None:
        """The transaction that restarted a sequence committed."""
        self.restarted.pop(oid, None)

    def revert(self, oid: int, before: Counter) -> None:
        """The transaction that restarted a sequence, when its counter was `before`, undoes that."""
        self.counters[oid] = before
        if self.restarted.get(oid) is before:
            del self.restarted[oid]


def _after(sequence: Sequence, value: int) -> int:
    following = value + sequence.increment
    if following > sequence.maximum and sequence.increment > 0:
        if not sequence.cycle:
            raise SqlError(
                "2200H", f'nextval: reached maximum value of sequence "{sequence.name}" ({sequence.maximum})'
            )
        return sequence.minimum
    if following < sequence.minimum and sequence.increment < 0:
        if not sequence.cycle:
            raise SqlError(
                "2200H", f'nextval: reached minimum value of sequence "{sequence.name}" ({sequence.minimum})'
            )
        return sequence.maximum
    return following


def _furthest(sequence: Sequence, value: int) -> int:
    """Return the value LOG_AHEAD - 1 calls after this one, or the last one before the end."""
    for _ in range(LOG_AHEAD - 1):
        try:
            value = _after(sequence, value)
        except SqlError:
            break
    return value
