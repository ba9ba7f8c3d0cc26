"""Programs that only read: each compares what it sees with what must be seen."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from rustydb_proto.pg.client_messages import Bind, Execute, Parse, Sync
from rustydb_sim.asking import Refused, checked, do, expect, say
from rustydb_sim.client import Ask, Program
from rustydb_sim.history import History, Key

if TYPE_CHECKING:
    from rustydb_sim.weather import Weather


class Readers:
    """The reading programs of one client."""

    def __init__(self, history: History, dice: Random, weather: Weather) -> None:
        self.history = history
        self.dice = dice
        self.weather = weather

    def look(self) -> Program:
        """One statement sees one snapshot."""
        must = self.history.committed()
        try:
            if self.dice.random() < 0.5:
                reply = yield from do("SELECT sum(balance), count(*) FROM accounts")
                total, count = reply.numbers()[0]
                self.history.check_total(total, "one statement")
                expect(count == self.history.accounts, f"there are {count} accounts")
            else:
                reply = yield from do("SELECT 0, client, unit FROM units UNION ALL SELECT 1, id, balance FROM accounts")
                rows = reply.numbers()
                self._saw(
                    {(client, unit) for kind, client, unit in rows if kind == 0},
                    {account: balance for kind, account, balance in rows if kind == 1},
                    must,
                    "one statement",
                )
        except Refused:
            return

    def _saw(self, seen: set[Key], balances: dict[int, int], must: set[Key], where: str) -> None:
        self.history.check_markers(seen, must, where)
        self.history.check_balances(seen, balances, where)
        self.history.remember(seen)

    def look_repeatedly(self) -> Program:
        """A repeatable read transaction sees one snapshot, whatever happens meanwhile."""
        must = self.history.committed()
        try:
            yield from do("BEGIN ISOLATION LEVEL REPEATABLE READ" + self.dice.choice(("", ", READ ONLY")))
            looks: list[tuple[set[Key], dict[int, int]]] = []
            counts: set[int] = set()
            for _ in range(2):
                reply = yield from do("SELECT count(*) FROM entries")
                counts.add(reply.numbers()[0][0])
                reply = yield from do("SELECT client, unit FROM units")
                seen = {(row[0], row[1]) for row in reply.numbers()}
                yield Ask(nap_ns=self.dice.choice((0, self.weather.disk_ns)))
                reply = yield from do("SELECT id, balance FROM accounts ORDER BY id")
                looks.append((seen, {row[0]: row[1] for row in reply.numbers()}))
                reply = yield from do("SELECT sum(balance) FROM accounts")
                self.history.check_total(reply.numbers()[0][0], "repeatable read")
            expect(
                looks[0] == looks[1] and len(counts) == 1,
                "a repeatable read transaction sees another state than before",
            )
            reply = yield from say(self.dice.choice(("COMMIT", "ROLLBACK")))
            checked(reply)
            self._saw(*looks[0], must, "repeatable read")
        except Refused:
            yield from say("ROLLBACK")

    def look_through_portal(self) -> Program:
        """A portal that is read in pieces keeps its snapshot."""
        size = self.dice.randint(1, max(3, self.history.accounts // 4))
        try:
            yield from do("BEGIN")
            sql = "SELECT balance FROM accounts"
            replies = yield Ask((Parse("", sql), Bind("p", ""), Execute("p", size), Sync()))
            rows = list(checked(replies[0]).rows)
            while replies[0].tags == [""]:
                yield Ask(nap_ns=self.dice.randint(0, 1_000_000))
                replies = yield Ask((Execute("p", size), Sync()))
                rows += checked(replies[0]).rows
            self.history.check_total(sum(int(row[0] or b"0") for row in rows), "portal")
            yield from do("COMMIT")
        except Refused:
            yield from say("ROLLBACK")

    def copy_out(self) -> Program:
        """COPY TO sees one snapshot."""
        must = self.history.committed()
        if self.dice.random() < 0.5:
            try:
                reply = yield from do("COPY (SELECT balance FROM accounts) TO STDOUT")
            except Refused:
                return
            self.history.check_total(sum(int(line) for line in b"".join(reply.copied).split()), "COPY")
            return
        try:
            reply = yield from do("COPY units TO STDOUT")
        except Refused:
            return
        lines = b"".join(reply.copied).decode().splitlines()
        seen = {(int(line.split("\t")[0]), int(line.split("\t")[1])) for line in lines}
        expect(reply.tags == [f"COPY {len(lines)}"], f"COPY of {len(lines)} rows was answered {reply.tags}")
        self.history.check_markers(seen, must, "COPY")
        self.history.remember(seen)

    def take_number(self) -> Program:
        """No value of a sequence is given twice."""
        try:
            if self.dice.random() < 0.5:
                reply = yield from do("SELECT nextval('numbers')")
                self.history.give(reply.numbers()[0][0])
            else:
                yield from do("BEGIN")
                reply = yield from do("SELECT nextval('numbers')")
                ended = yield from say(self.dice.choice(("COMMIT", "ROLLBACK")))
                checked(ended)
                self.history.give(reply.numbers()[0][0])
        except Refused:
            yield from say("ROLLBACK")

    def many_rows(self) -> Program:
        """An answer that fills the host's buffers."""
        count = self.dice.randint(500, 2000)
        try:
            reply = yield from do(f"SELECT n, repeat('x', 20) FROM generate_series(1, {count}) n")
        except Refused:
            return
        numbers = [int(row[0] or b"0") for row in reply.rows]
        expect(numbers == list(range(1, count + 1)), "rows are missing or out of order")
