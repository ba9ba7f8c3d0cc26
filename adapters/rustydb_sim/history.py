"""What the clients know: each transaction they tried, and what may be seen of it. The oracle of the simulator.

A `Unit` is one transaction of one client. It writes a marker row (client, unit) into `units`, so that whoever sees
the marker must see everything else that the unit did, and who does not must see nothing of it.

    OPEN ──commit sent──> DECIDING ──acknowledged, or seen by a reader──> COMMITTED
      │                      ├──────── refused ──────────────────────────> ABORTED
      │                      └──────── connection lost ──> UNKNOWN ──> COMMITTED (seen) or ABORTED (not there
      └─────────────────────────────────────────────────> ABORTED        after a recovery)

From this follow the checks of a snapshot of the database, taken by a reader or after a recovery:

- every marker in it is of a unit that may be committed;
- what was COMMITTED before the reader asked is in it: acknowledged means durable and visible;
- the balances are those of the accounts after exactly the transfers of the markers;
- the entries and tables are those that these units made (checked after recoveries).

Who listens (an `Ear`) hears of units that said NOTIFY. What is heard must be committed for good, comes once, comes in the order
in which others hear it, and comes before the answer to whatever is asked after the commit was acknowledged. The same holds for who
watches the table of markers from inside (watcher.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto

Key = tuple[int, int]
INITIAL_BALANCE = 100


class Violation(Exception):
    """The node did what it must not do."""


class Status(Enum):
    """What the clients know of a unit."""

    OPEN = auto()
    DECIDING = auto()
    UNKNOWN = auto()
    COMMITTED = auto()
    ABORTED = auto()


MAY_BE_SEEN = (Status.DECIDING, Status.UNKNOWN, Status.COMMITTED)


class Unit:
    """One transaction and what it does if it commits."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.status = Status.OPEN
        self.transfers: list[tuple[int, int, int]] = []  # from, to, amount
        self.inserted: list[int] = []  # entries of this client
        self.deleted: list[int] = []
        self.announced = False  # it said NOTIFY

    def decide(self) -> None:
        """The commit is about to be sent."""
        assert self.status is Status.OPEN, "a unit is decided once"
        self.status = Status.DECIDING

    def commit(self) -> None:
        """The commit was acknowledged."""
        if self.status is Status.ABORTED:
            raise Violation(f"unit {self.key} was acknowledged after it was found to be aborted")
        self.status = Status.COMMITTED

    def abort(self) -> None:
        """The server said that the transaction is undone, or it was never asked to commit."""
        if self.status is Status.COMMITTED:
            raise Violation(f"unit {self.key} was refused, but a reader has seen it committed")
        self.status = Status.ABORTED

    def lose(self) -> None:
        """The connection is gone."""
        if self.status is Status.OPEN:
            self.status = Status.ABORTED
        elif self.status is Status.DECIDING:
            self.status = Status.UNKNOWN


class Table:
    """A table that a client made: the units that made it, added rows, emptied it, dropped it."""

    def __init__(self, name: str, made: Unit) -> None:
        self.name = name
        self.made = made
        self.changes: list[tuple[Unit, int]] = []  # rows added; -1: TRUNCATE
        self.dropped: Unit | None = None

    def rows(self, committed: Iterable[Unit]) -> int | None:
        """Return how many rows it has when these units are committed; None when it is not there."""
        chosen = set(committed)
        if self.made not in chosen or self.dropped in chosen:
            return None
        rows = 0
        for unit, count in self.changes:
            if unit in chosen:
                rows = 0 if count < 0 else rows + count
        return rows


class Ear:
    """One connection that listens: the units that it need not hear of, and those that it has heard of, in order."""

    def __init__(self, before: Iterable[Key]) -> None:
        self.before = set(before)
        self.heard: list[Key] = []


class Hold:
    """One client's belief that it has a lock."""

    def __init__(self) -> None:
        self.stolen = False


class Guards:
    """Who has which lock, as far as the clients know."""

    def __init__(self) -> None:
        self._exclusive: dict[int, Hold] = {}
        self._shared: dict[int, list[Hold]] = {}

    def enter(self, key: int, shared: bool) -> Hold:
        """A client was given a lock."""
        for other in [*self._shared.get(key, ()), self._exclusive.get(key)]:
            if other is not None and not (shared and other is not self._exclusive.get(key)):
                other.stolen = True
        hold = Hold()
        if shared:
            self._shared.setdefault(key, []).append(hold)
        else:
            self._exclusive[key] = hold
        return hold

    def leave(self, key: int, hold: Hold) -> None:
        """A client is about to give up a lock, or has lost it."""
        if self._exclusive.get(key) is hold:
            del self._exclusive[key]
        elif hold in self._shared.get(key, ()):
            self._shared[key].remove(hold)


class History:
    """All units of a world."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self.total = accounts * INITIAL_BALANCE
        self.units: dict[Key, Unit] = {}
        self.tables: dict[str, Table] = {}
        self.numbers: set[int] = set()  # values of the sequence that clients were given
        self.acknowledged = 0
        self.told: set[Key] = set()  # units that subscribers were told of
        self.ears: list[Ear] = []
        self.guards = Guards()

    def open(self, client: int) -> Unit:
        """Begin a unit."""
        unit = Unit((client, len(self.units)))
        self.units[unit.key] = unit
        return unit

    def committed(self) -> set[Key]:
        """Return the keys of the units that every reader that asks from now on must see."""
        return {key for key, unit in self.units.items() if unit.status is Status.COMMITTED}

    def give(self, number: int) -> None:
        """A client was given a value of the sequence."""
        if number in self.numbers:
            raise Violation(f"the sequence gave {number} twice")
        self.numbers.add(number)

    # -- those who are told

    def listen(self) -> Ear:
        """A connection listens from now on."""
        ear = Ear(self.units)
        self.ears.append(ear)
        return ear

    def hear(self, ear: Ear, payload: str) -> None:
        """A listener was told of a unit: it is committed for good."""
        client, _, number = payload.partition(" ")
        if not number.isdigit():
            raise Violation(f"the notification {payload!r} was undone, and heard")
        key = (int(client), int(number))
        unit = self.units.get(key)
        if unit is None or not unit.announced or unit.status not in MAY_BE_SEEN:
            raise Violation(f"unit {key} was heard of, but it is {unit.status.name if unit else 'unknown'}")
        if key in ear.heard:
            raise Violation(f"unit {key} was heard of twice")
        ear.heard.append(key)
        unit.commit()

    def must_hear(self, ear: Ear) -> set[Key]:
        """Return the units of which a listener has heard when it gets the answer to what it asks now."""
        return {
            key for key, unit in self.units.items()
            if unit.announced and unit.status is Status.COMMITTED and key not in ear.before
        }  # fmt: skip

    def check_heard(self, ear: Ear, must: set[Key]) -> None:
        """Check that a listener has heard of these units."""
        missing = sorted(must - set(ear.heard))
        if missing:
            raise Violation(f"a listener was not told of units {missing}")

    def check_order(self) -> None:
        """Check that all listeners heard in one order: none heard of two units in the other order than somebody else."""
        for number, ear in enumerate(self.ears):
            places = {key: place for place, key in enumerate(ear.heard)}
            for other in self.ears[:number]:
                common = [places[key] for key in other.heard if key in places]
                if common != sorted(common):
                    raise Violation(f"two listeners heard in different orders: {ear.heard}, {other.heard}")

    def tell(self, key: Key) -> None:
        """A subscriber was told of a marker: it is committed for good."""
        unit = self.units.get(key)
        if unit is None or unit.status not in MAY_BE_SEEN or key in self.told:
            raise Violation(f"a subscriber was told of unit {key}: {unit.status.name if unit else 'unknown'}")
        self.told.add(key)
        unit.commit()

    def acknowledge(self, unit: Unit) -> None:
        """A client was told that a unit is committed: subscribers were told before."""
        unit.commit()
        self.acknowledged += 1
        if unit.key not in self.told:
            raise Violation(f"unit {unit.key} was acknowledged, and subscribers were not told")

    # -- checks

    def check_markers(self, seen: set[Key], must: set[Key], where: str) -> None:
        """Check a set of markers that was read; then they are known to be committed."""
        missing = sorted(must - seen)
        if missing:
            raise Violation(f"{where}: committed units are missing: {missing}")
        for key in sorted(seen):
            unit = self.units.get(key)
            if unit is None or unit.status not in MAY_BE_SEEN:
                raise Violation(f"{where}: unit {key} is there, but it is {unit.status.name if unit else 'unknown'}")

    def check_balances(self, seen: set[Key], balances: Mapping[int, int], where: str) -> None:
        """Check the balances of a snapshot that has these markers."""
        expected = dict.fromkeys(range(self.accounts), INITIAL_BALANCE)
        for key in sorted(seen):
            for source, target, amount in self.units[key].transfers:
                expected[source] -= amount
                expected[target] += amount
        if expected != balances:
            wrong = {
                account: (balances.get(account), expected.get(account))
                for account in sorted({*expected, *balances})
                if balances.get(account) != expected.get(account)
            }
            raise Violation(f"{where}: balances (found, expected) differ: {wrong}")

    def check_total(self, total: int, where: str) -> None:
        """Check a sum of all balances."""
        if total != self.total:
            raise Violation(f"{where}: the balances' sum is {total}, not {self.total}")

    def remember(self, seen: set[Key]) -> None:
        """A finished transaction has read these markers: they are committed for good."""
        for key in sorted(seen):
            self.units[key].commit()

    def settle(self, seen: set[Key]) -> None:
        """After a recovery: what is not there will never be."""
        self.remember(seen)
        for key, unit in self.units.items():
            if key not in seen:
                unit.abort()

    def check_entries(self, seen: set[Key], entries: Mapping[Key, str], where: str) -> None:
        """Check the rows of `entries`, keyed by client and number."""
        expected: set[Key] = set()
        for key in sorted(seen):
            expected.update((key[0], number) for number in self.units[key].inserted)
        for key in sorted(seen):
            expected.difference_update((key[0], number) for number in self.units[key].deleted)
        if set(entries) != expected:
            lost, extra = sorted(expected - set(entries)), sorted(set(entries) - expected)
            raise Violation(f"{where}: entries missing: {lost}, there but should not be: {extra}")
        for (client, number), note in entries.items():
            if note != note_of(client, number):
                raise Violation(f"{where}: entry {client, number} has changed: {note[:40]!r}")

    def check_tables(self, seen: set[Key], tables: Mapping[str, int], where: str) -> None:
        """Check which tables there are and how many rows each has."""
        committed = [self.units[key] for key in sorted(seen)]
        expected = {name: rows for name, table in self.tables.items() if (rows := table.rows(committed)) is not None}
        if expected != tables:
            raise Violation(f"{where}: tables are {dict(sorted(tables.items()))}, not {dict(sorted(expected.items()))}")


def note_of(client: int, number: int) -> str:
    """Return the text of an entry: of many lengths, to vary the log."""
    return f"{client}:{number}:" + "abcdefgh" * (number * number % 37)
