"""What clients do: small programs, each of which is one unit or one look at the database.

A program writes down in the history what it is about to do before it asks for it. Refusals that a database may give (a
deadlock, a full disk, a cancelled statement) end in ROLLBACK; any other is a violation.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from rustydb_proto.pg.client_messages import (
    Bind,
    ClientCommand,
    Close,
    Describe,
    Execute,
    Flush,
    Parse,
    Query,
    Sync,
)
from rustydb_sim.answers import Reply
from rustydb_sim.asking import MAY_REFUSE, Refused, Steps, checked, do, expect, say
from rustydb_sim.client import Ask, Program
from rustydb_sim.guarding import guarded
from rustydb_sim.history import Ear, History, Table, Unit, Violation, note_of
from rustydb_sim.readers import Readers

if TYPE_CHECKING:
    from rustydb_sim.weather import Weather

MARKER = "INSERT INTO units (client, unit) VALUES ({}, {})"
BULK_ROWS = 4500


class Player(Readers):
    """The programs of one client."""

    def __init__(self, client: int, history: History, dice: Random, weather: Weather) -> None:
        super().__init__(history, dice, weather)
        self.client = client
        self.pending: list[Unit] = []  # those whose outcome is not known, to be lost with the connection
        self.ear: Ear | None = None  # of this connection, when it listens
        self.may_hear = False
        self._numbers = 0
        self._mine: list[tuple[Unit, int]] = []  # entries that may be deleted some time
        self._programs: list[tuple[int, Callable[[], Program]]] = [
            (6, self.transfer_reading),
            (6, self.transfer_blindly),
            (4, self.transfer_at_once),
            (5, self.insert),
            (4, self.pipeline),
            (4, self.savepoints),
            (3, self.copy_in),
            (3, self.delete),
            (2, self.make_table),
            (2, self.change_table),
            (1, self.change_shared_table),
            (4, self.look),
            (4, self.look_repeatedly),
            (2, self.look_through_portal),
            (2, self.copy_out),
            (3, self.take_number),
            (4, self.listen),
            (3, lambda: guarded(self)),
            (1, self.many_rows),
            (1, self.ask_for_checkpoint),
            (1, self.mistakes),
            (1 if weather.timeouts else 0, self.impatience),
            (1 if weather.bulk else 0, self.bulk),
        ]

    def lost(self) -> None:
        """The connection is gone."""
        for unit in self.pending:
            unit.lose()
        self.pending = []
        self.ear = None
        self.may_hear = False

    def heard(self, payload: str) -> None:
        """A notification came."""
        expect(self.may_hear, f"client {self.client} does not listen, and heard {payload!r}")
        if self.ear is None:  # the answer to LISTEN is still to come
            self.ear = self.history.listen()
        self.history.hear(self.ear, payload)

    def next(self) -> Program:
        """Return a program."""
        weights = [weight for weight, _ in self._programs]
        weights[self.weather.favourite % len(weights)] *= 8
        _, program = self.dice.choices(self._programs, weights)[0]
        return program()

    # -- units

    def _open(self) -> Unit:
        unit = self.history.open(self.client)
        self.pending.append(unit)
        return unit

    def _settle(self, unit: Unit, reply: Reply, tag: str | None = None) -> None:
        """Take the reply to what decides a unit."""
        self.pending.remove(unit)
        if reply.error is not None:
            unit.abort()
            checked(reply)
        elif tag is not None and reply.tags[-1] != tag:
            unit.abort()
        else:
            self.history.acknowledge(unit)
            self._mine += [(unit, number) for number in unit.inserted]

    def transaction(self, body: Callable[[Unit], Steps], level: str = "") -> Steps:
        """Run `body` and the marker in a transaction block."""
        unit = self._open()
        dice = self.dice
        marker = MARKER.format(*unit.key)
        first = dice.random() < 0.5
        try:
            yield from do(f"BEGIN{level}")
            if first:
                yield from do(marker)
            if dice.random() < 0.3:
                yield from self._announce(unit)
            yield from body(unit)
            if not first:
                yield from do(marker)
            if dice.random() < 0.1:
                raise Refused("changed my mind")
            unit.decide()
            last = dice.random() < self.weather.leave / 3
            reply = yield from say("COMMIT", last=last)
            expect(reply.status == "I", f"after COMMIT the status is {reply.status}")
            self._settle(unit, reply, "COMMIT")
        except Refused:
            if unit in self.pending:
                self.pending.remove(unit)
                unit.abort()
                reply = yield from say("ROLLBACK")
                expect(reply.error is None and reply.status == "I", f"ROLLBACK was answered {reply}")

    def _announce(self, unit: Unit) -> Steps:
        """Tell those who listen, and take another notification back."""
        unit.announced = True
        payload = f"{unit.key[0]} {unit.key[1]}"
        yield from do(self.dice.choice((f"NOTIFY units, '{payload}'", f"SELECT pg_notify('units', '{payload}')")))
        if self.dice.random() < 0.2:
            yield from do("SAVEPOINT n")
            yield from do("NOTIFY units, 'undone'")
            yield from do(f"NOTIFY units, '{payload}'")
            yield from do("ROLLBACK TO n")

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _insert_sql(self, unit: Unit, keep: bool = True) -> str:
        number = self._number()
        if keep:
            unit.inserted.append(number)
        note = note_of(self.client, number)
        return f"INSERT INTO entries (client, n, note) VALUES ({self.client}, {number}, '{note}')"

    def _two_accounts(self) -> tuple[int, int, int]:
        source, target = self.dice.sample(range(self.history.accounts), 2)
        return source, target, self.dice.randint(1, 20)

    # -- transfers

    def transfer_reading(self) -> Program:
        """Lock two accounts in any order, read them, and write what was computed."""
        source, target, amount = self._two_accounts()

        def body(unit: Unit) -> Steps:
            unit.transfers.append((source, target, amount))
            balances = {}
            for account in self.dice.sample((source, target), 2):
                how = self.dice.choice(("UPDATE", "UPDATE", "NO KEY UPDATE"))
                reply = yield from do(f"SELECT balance FROM accounts WHERE id = {account} FOR {how}")
                expect(len(reply.rows) == 1, f"account {account} is not there")
                balances[account] = reply.numbers()[0][0]
            for account, change in ((source, -amount), (target, amount)):
                reply = yield from do(
                    f"UPDATE accounts SET balance = {balances[account] + change} WHERE id = {account}"
                )
                expect(reply.tags == ["UPDATE 1"], f"an update of one account was answered {reply.tags}")

        level = self.dice.choice(("", "", " ISOLATION LEVEL REPEATABLE READ"))
        yield from self.transaction(body, level)

    def transfer_blindly(self) -> Program:
        """Change two accounts with arithmetic, in any order."""
        source, target, amount = self._two_accounts()

        def body(unit: Unit) -> Steps:
            unit.transfers.append((source, target, amount))
            for account, change in self.dice.sample(((source, -amount), (target, amount)), 2):
                reply = yield from do(f"UPDATE accounts SET balance = balance + ({change}) WHERE id = {account}")
                expect(reply.tags == ["UPDATE 1"], f"an update of one account was answered {reply.tags}")

        level = self.dice.choice(("", "", " ISOLATION LEVEL REPEATABLE READ"))
        yield from self.transaction(body, level)

    def transfer_at_once(self) -> Program:
        """Transfer in one statement, or in one query of several."""
        source, target, amount = self._two_accounts()
        unit = self._open()
        unit.transfers.append((source, target, amount))
        marker = MARKER.format(*unit.key)
        both = f"CASE id WHEN {source} THEN -{amount} ELSE {amount} END WHERE id IN ({source}, {target})"
        if self.dice.random() < 0.5:
            sql = f"WITH m AS ({marker} RETURNING 1) UPDATE accounts SET balance = balance + {both}"
            statements = 1
        else:
            sql = (
                f"UPDATE accounts SET balance = balance - {amount} WHERE id = {source}; {marker};"
                f"UPDATE accounts SET balance = balance + {amount} WHERE id = {target}"
            )
            statements = 3
        unit.decide()
        try:
            self._settle(unit, (yield from say(sql, statements)))
        except Refused:
            return

    # -- rows of one's own

    def insert(self) -> Program:
        """A statement that is a transaction."""
        unit = self._open()
        unit.decide()
        last = self.dice.random() < self.weather.leave / 3
        try:
            self._settle(unit, (yield from say(MARKER.format(*unit.key), last=last)))
        except Refused:
            return

    def pipeline(self) -> Program:
        """Several transactions at once, each some extended statements up to a Sync."""
        units: list[tuple[Unit, bool]] = []
        commands: list[ClientCommand] = []
        name = self.dice.choice(("", "s1"))
        if name:
            commands += [Close("S", name)]
        sql = "INSERT INTO entries (client, n, note) VALUES ($1, $2, $3)"
        commands += [Parse(name, sql, self.dice.choice(((), (23, 23, 25)))), Sync()]
        replies = yield Ask(tuple(commands))
        try:
            checked(replies[0])
        except Refused:
            return
        commands = []
        for _ in range(self.dice.randint(1, 3)):
            unit = self._open()
            fails = self.dice.random() < 0.15
            if not name:
                commands.append(Parse("", sql))
            for _ in range(self.dice.randint(1, 4)):
                number = self._number()
                unit.inserted.append(number)
                values = [str(self.client).encode(), str(number).encode(), note_of(self.client, number).encode()]
                commands += [Bind("", name, values), Execute("")]
                if self.dice.random() < 0.3:
                    commands.append(Flush())
            if fails:
                commands += [Parse("", "SELECT 1 / $1::int"), Bind("", "", [b"0"]), Execute("")]
            commands += [Parse("", MARKER.format("$1", "$2")), Bind("", "", [b"%d" % part for part in unit.key])]
            commands += [Describe("P", ""), Execute(""), Sync()]
            unit.decide()
            units.append((unit, fails))
        replies = yield Ask(tuple(commands))
        for (unit, fails), reply in zip(units, replies, strict=True):
            try:
                if fails:
                    self.pending.remove(unit)
                    unit.abort()
                    checked(reply, MAY_REFUSE | {"22012"})
                    raise Violation("a division by zero succeeded")
                self._settle(unit, reply)
            except Refused:
                continue

    def savepoints(self) -> Program:
        """Keep some of what a transaction did, undo the rest."""

        def body(unit: Unit) -> Steps:
            dice = self.dice
            yield from do(self._insert_sql(unit))
            for name in ("a", "b"):
                yield from do(f"SAVEPOINT {name}")
                undo = dice.random() < 0.6
                for _ in range(dice.randint(0, 2)):
                    yield from do(self._insert_sql(unit, keep=not undo))
                if undo and dice.random() < 0.5:
                    reply = yield from say("SELECT 1 / 0")
                    expect(reply.sqlstate in {"22012", *MAY_REFUSE}, f"1 / 0 was answered {reply}")
                    expect(reply.status == "E", "an error did not fail the block")
                if undo:
                    reply = yield from do(f"ROLLBACK TO {name}")
                    expect(reply.status == "T", "ROLLBACK TO did not heal the block")
                if dice.random() < 0.5:
                    yield from do(f"RELEASE {name}")
            yield from do(self._insert_sql(unit))

        yield from self.transaction(body)

    def copy_in(self) -> Program:
        """COPY rows in, in pieces cut anywhere."""

        def body(unit: Unit) -> Steps:
            dice = self.dice
            lines = []
            for _ in range(dice.randint(0, 12)):
                number = self._number()
                unit.inserted.append(number)
                lines.append(f"{self.client}\t{number}\t{note_of(self.client, number)}\n")
            data = "".join(lines).encode()
            pieces = []
            while data:
                size = dice.randint(1, len(data))
                pieces.append(data[:size])
                data = data[size:]
            fails = dice.random() < 0.15
            sql = "COPY entries (client, n, note) FROM STDIN"
            replies = yield Ask((Query(sql),), copy=tuple(pieces), copy_fails=fails)
            reply = checked(replies[0])
            expect(not fails, "a COPY that the client gave up succeeded")
            expect(reply.tags == [f"COPY {len(lines)}"], f"COPY of {len(lines)} rows was answered {reply.tags}")

        yield from self.transaction(body)

    def delete(self) -> Program:
        """Delete entries that are known to be there."""
        chosen = [self._mine.pop(self.dice.randrange(len(self._mine))) for _ in range(min(2, len(self._mine)))]

        def body(unit: Unit) -> Steps:
            for _, number in chosen:
                unit.deleted.append(number)
                reply = yield from do(f"DELETE FROM entries WHERE client = {self.client} AND n = {number}")
                expect(reply.tags == ["DELETE 1"], f"deleting entry {self.client, number} was answered {reply.tags}")

        yield from self.transaction(body)

    # -- tables

    def make_table(self) -> Program:
        """CREATE TABLE with rows, in one transaction."""

        def body(unit: Unit) -> Steps:
            name = f"t_{self.client}_{unit.key[1]}"
            rows = self.dice.randint(0, 30)
            table = Table(name, unit)
            table.changes.append((unit, rows))
            self.history.tables[name] = table
            yield from do(f"CREATE TABLE {name} (a int PRIMARY KEY, b text UNIQUE)")
            yield from do(f"INSERT INTO {name} SELECT n, 'row ' || n FROM generate_series(1, {rows}) n")

        yield from self.transaction(body)

    def change_table(self) -> Program:
        """TRUNCATE, DROP, ALTER a table of one's own, or add rows to it."""
        mine = [
            table
            for table in self.history.tables.values()
            if table.made.key[0] == self.client and table.made.status.name == "COMMITTED" and table.dropped is None
        ]
        if not mine:
            return
        table = self.dice.choice(mine)

        def body(unit: Unit) -> Steps:
            for _ in range(self.dice.randint(1, 2)):
                match self.dice.randrange(5):
                    case 0:
                        table.changes.append((unit, -1))
                        yield from do(f"TRUNCATE {table.name}")
                    case 1:
                        table.dropped = unit
                        yield from do(f"DROP TABLE {table.name}")
                        return
                    case 2:
                        column = f"c{self._number()}"
                        yield from do(f"ALTER TABLE {table.name} ADD COLUMN {column} int DEFAULT 7")
                    case 3:
                        yield from do(f"CREATE INDEX {table.name}_{self._number()} ON {table.name} (b)")
                    case _:
                        first = 1000 * self._number()
                        table.changes.append((unit, 5))
                        series = f"generate_series({first}, {first + 4}) n"
                        yield from do(f"INSERT INTO {table.name} (a, b) SELECT n, 'more ' || n FROM {series}")

        yield from self.transaction(body)

    def change_shared_table(self) -> Program:
        """DDL on a table that all use."""

        def body(unit: Unit) -> Steps:
            name = f"x_{self.client}_{unit.key[1]}"
            # No rewrite of what repeatable read transactions look at late: it is not MVCC-safe, as in PostgreSQL.
            what = ("CREATE INDEX {} ON entries (n)", "CREATE INDEX {} ON accounts (balance)")
            add = "ALTER TABLE entries ADD COLUMN {} int DEFAULT 1"
            yield from do(self.dice.choice((*what, add)).format(name))

        yield from self.transaction(body)

    def bulk(self) -> Program:
        """So many rows that they are logged ahead of the commit."""

        def body(unit: Unit) -> Steps:
            name = f"t_{self.client}_{unit.key[1]}"
            table = Table(name, unit)
            table.changes.append((unit, BULK_ROWS))
            self.history.tables[name] = table
            yield from do(f"CREATE TABLE {name} (a int, b text)")
            yield from do("SAVEPOINT a")
            if self.dice.random() < 0.5:
                yield from do(f"INSERT INTO {name} SELECT generate_series(1, {BULK_ROWS})")
                yield from do("ROLLBACK TO a")
            yield from do(f"INSERT INTO {name} SELECT generate_series(1, {BULK_ROWS})")

        yield from self.transaction(body)

    # -- the rest

    def listen(self) -> Program:
        """Begin to listen, or check that nothing was left out; now and then stop."""
        ear = self.ear
        try:
            if ear is None:
                self.may_hear = True
                yield from do("LISTEN units")
                if self.ear is None:
                    self.ear = self.history.listen()
                return
            must = self.history.must_hear(ear)
            yield from do(self.dice.choice(("SELECT 1", "SELECT count(*) FROM units", "LISTEN units")))
            self.history.check_heard(ear, must)
            if self.dice.random() < 0.1:
                yield from do(self.dice.choice(("UNLISTEN units", "UNLISTEN *")))
                self.ear = None
                self.may_hear = False
        except Refused:
            return

    def ask_for_checkpoint(self) -> Program:
        """CHECKPOINT, and VACUUM."""
        try:
            yield from do(self.dice.choice(("CHECKPOINT", "VACUUM", "ANALYZE accounts")))
        except Refused:
            return

    def mistakes(self) -> Program:
        """Statements that fail, inside a block and outside."""
        for sql, sqlstate in (("SELEC 1", "42601"), ("SELECT * FROM nowhere", "42P01"), ("COMMIT AND CHAIN", "25P01")):
            reply = yield from say(sql)
            expect(reply.sqlstate in {sqlstate, *MAY_REFUSE}, f"{sql} was answered {reply}")
        try:
            yield from do("BEGIN")
            reply = yield from say("INSERT INTO accounts VALUES (0, 0)")
            expect(reply.sqlstate in {"23505", *MAY_REFUSE}, f"a second account 0 was answered {reply}")
            reply = yield from say("SELECT 1")
            expect(reply.sqlstate in {"25P02", *MAY_REFUSE} and reply.status == "E", f"a failed block answered {reply}")
            reply = yield from do("COMMIT")
            expect(reply.tags == ["ROLLBACK"], "a failed block was committed")
        except Refused:
            yield from say("ROLLBACK")

    def impatience(self) -> Program:
        """Timeouts for what follows on this connection."""
        try:
            yield from do(f"SET lock_timeout = {self.dice.choice((0, 1, 20))}")
            yield from do(f"SET statement_timeout = {self.dice.choice((0, 5, 100))}")
            reply = yield from say("SELECT pg_sleep(0.05)")
            expect(reply.error is None or reply.sqlstate == "57014", f"pg_sleep was answered {reply}")
        except Refused:
            return
