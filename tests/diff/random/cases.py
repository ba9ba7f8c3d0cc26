"""Runs random statements on both servers, and makes what fails small.

    with Bench.open() as bench:
        for failure in bench.seed(17): print(failure)

A seed makes a schema with rows, then queries and changes. Each statement runs in one of five modes: simple, extended with text or
binary results, and extended with constants turned into parameters, in text or binary. After a change the contents of all
tables are compared. A statement that fails is reduced, then the statements before it that it does not need go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from tests.diff.client import ConnectionLost, Item, Rows
from tests.diff.random import schema as schemas
from tests.diff.random.changes import Changes
from tests.diff.random.checking import Mismatch, compare
from tests.diff.random.kinds import KINDS
from tests.diff.random.queries import Queries
from tests.diff.random.schema import Schema, Table
from tests.diff.random.servers import OurServer, Postgres, Session, postgres
from tests.diff.random.tree import Part, reduce

MODES = ("simple", "simple", "simple", "text", "binary", "parameters", "binary parameters")
OIDS = {
    "bool": 16, "int2": 21, "int4": 23, "int8": 20, "float4": 700, "float8": 701, "numeric": 1700, "text": 25, "varchar": 1043,
    "char(5)": 1042, "bytea": 17, "date": 1082, "time": 1083, "timestamp": 1114, "timestamptz": 1184, "interval": 1186,
    "uuid": 2950, "jsonb": 3802, "json": 114, "int4[]": 1007, "text[]": 1009, "timetz": 1266,
}  # fmt: skip
RESET = "rollback; drop schema if exists public cascade; create schema public"
QUERIES, REDUCTIONS = 30, 400


@dataclass
class Failure:
    """Statements after which the last one differs; `ends` if the tables differ from then on."""

    seed: int
    mode: str
    setup: list[str]
    sql: str
    mismatch: Mismatch
    ends: bool = False

    @property
    def signature(self) -> str:
        """What is alike in failures that are likely the same bug."""
        text = (
            f"{self.mismatch.aspect} {self.mismatch.ours} {self.mismatch.theirs}"
            if self.mismatch.aspect == "sqlstate"
            else self.sql
        )
        return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "#", text)[:160]

    def __str__(self) -> str:
        setup = "".join(f"{sql};\n" for sql in self.setup)
        found = self.mismatch
        return (
            f"-- seed {self.seed} [{self.mode}] {found.aspect}\n{setup}{self.sql};\n"
            f"--   rustydb:    {found.ours}\n--   postgresql: {found.theirs}\n"
        )


class Bench:
    """A session on each server."""

    def __init__(self, theirs: Postgres) -> None:
        self._postgres = theirs
        self.theirs: Session = theirs.session()
        self.server = OurServer()
        self.ours: Session = self.server.session()
        self._binary: dict[tuple[str, str], bytes | None] = {}
        self.compared = 0

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Bench]:
        """Start both servers; oracle.Unavailable when there is no PostgreSQL."""
        with postgres() as theirs:
            yield cls(theirs)

    def fresh(self) -> None:
        """Empty both databases; ours is a new one, since a broken one must not spoil the next seed."""
        self.server = OurServer()
        self.ours = self.server.session()
        self.reset()

    def reset(self) -> None:
        """Empty both databases."""
        self.theirs.run(RESET)
        self.ours.run(RESET)

    # ---- one statement

    def check(self, tree: Part, mode: str, ordered: bool) -> Mismatch | None:
        """Run a statement on both servers and compare the answers."""
        self.compared += 1
        theirs = self._run(self.theirs, tree, mode)
        try:
            ours = self._run(self.ours, tree, mode)
        except (ConnectionLost, RecursionError, AssertionError) as lost:
            self.server = OurServer()
            self.ours = self.server.session()
            return Mismatch("lost", repr(lost), "")
        found = compare(ours, theirs, ordered, "case" in str(tree) or "coalesce" in str(tree))
        if found is not None and found.aspect == "rows" and mode.startswith("binary"):
            text = mode.replace("binary", "text") if mode == "binary" else "parameters"
            again = [self._run(session, tree, text) for session in (self.ours, self.theirs)]
            if compare(again[0], again[1], ordered) is None and _rows_differ(*again):
                return None  # equal numbers that are written differently
        return found

    def _run(self, session: Session, tree: Part, mode: str) -> list[Item]:
        if mode == "simple":
            return session.run(str(tree))
        binary = int("binary" in mode)
        if "parameters" not in mode:
            session.send_extended(str(tree), binary)
            return session.wait()
        sql, literals = with_parameters(tree)
        values = [self._value(kind, text, binary) for kind, text in literals]
        session.send_extended(sql, binary, [OIDS[kind] for kind, _ in literals], values, [binary])
        return session.wait()

    def _value(self, kind: str, text: str, binary: int) -> bytes | None:
        if not binary:
            return text.encode()
        key = (kind, text)
        if key not in self._binary:
            self.theirs.send_extended(f"select {schemas.literal(kind, text)}", 1)
            rows = [item.rows for item in self.theirs.wait() if isinstance(item, Rows)]
            self._binary[key] = rows[0][0][0]
        return self._binary[key]

    # ---- a seed

    def seed(self, seed: int, queries: int = QUERIES) -> Iterator[Failure]:
        """Run a seed and yield what differs, made small."""
        rng = Random(seed)
        schema = schemas.make(rng)
        self.fresh()
        done: list[Part] = []
        for tree in schema.statements:
            found = self.check(tree, "simple", False)
            if found is not None:
                yield Failure(seed, "simple", [str(part) for part in done], str(tree), found)
                return
            done.append(tree)
        for _ in range(queries):
            if rng.random() < 0.25:
                failure = self._change(seed, rng, schema, done)
            else:
                failure = self._query(seed, rng, schema, done)
            if failure is not None:
                yield failure
                if failure.ends or failure.mismatch.aspect == "lost":
                    return

    def _query(self, seed: int, rng: Random, schema: Schema, done: list[Part]) -> Failure | None:
        query = Queries(rng, schema.tables).top()
        mode = rng.choice(MODES)
        found = self.check(query.part, mode, query.ordered)
        if found is None or found.soft:
            return None
        kind = found.kind

        def fails() -> bool:
            again = self.check(query.part, mode, query.ordered)
            return again is not None and again.kind == kind and not again.soft

        if found.aspect != "lost":
            reduce(query.part, fails, REDUCTIONS)
            found = self.check(query.part, mode, query.ordered) or found
        setup = self._needed(done, query.part, mode, query.ordered, kind)
        return Failure(seed, mode, setup, str(query.part), found)

    def _change(self, seed: int, rng: Random, schema: Schema, done: list[Part]) -> Failure | None:
        tree = Changes(rng, schema.tables).top()
        mode = rng.choice(MODES)
        found = self._check_change(tree, mode, schema.tables)
        if found is None:
            done.append(tree)
            return None
        kind = found.kind

        def fails(before: Sequence[Part]) -> bool:
            self._replay(before)
            again = self._check_change(tree, mode, schema.tables)
            return again is not None and again.kind == kind and not again.soft

        needed = done
        if not found.soft and found.aspect != "lost" and fails(done):
            reduce(tree, lambda: fails(done), REDUCTIONS // 4)
            needed = self._shorter(done, fails)
            self._replay(needed)
            found = self._check_change(tree, mode, schema.tables) or found
        return Failure(seed, mode, [str(part) for part in needed], str(tree), found, ends=True)

    def _check_change(self, tree: Part, mode: str, tables: Sequence[Table]) -> Mismatch | None:
        found = self.check(tree, mode, False)
        if found is not None:
            return found
        for table in tables:
            found = self.check(Part(f"select * from {table.name}"), "simple", False)
            if found is not None and found.aspect == "rows":
                return Mismatch("contents", f"{table.name}: {found.ours}", found.theirs)
        return None

    # ---- what came before

    def _replay(self, statements: Sequence[Part]) -> None:
        self.reset()
        for tree in statements:
            self.theirs.run(str(tree))
            self.ours.run(str(tree))

    def _needed(self, done: list[Part], tree: Part, mode: str, ordered: bool, kind: tuple[str, ...]) -> list[str]:
        def fails(before: Sequence[Part]) -> bool:
            self._replay(before)
            again = self.check(tree, mode, ordered)
            return again is not None and again.kind == kind and not again.soft

        if kind[0] == "lost" or not fails(done):
            return ["-- (not reduced)", *map(str, done)]
        needed = self._shorter(done, fails)
        self._replay(done)
        return [str(part) for part in needed]

    def _shorter(self, done: list[Part], fails: Callable[[Sequence[Part]], bool]) -> list[Part]:
        """Return a short part of the statements after which it still fails."""
        kept = list(done)
        size = max(1, len(kept) // 2)
        while True:
            start = 0
            while start < len(kept):
                fewer = kept[:start] + kept[start + size :]
                if fails(fewer):
                    kept = fewer
                else:
                    start += size
            if size == 1:
                return kept
            size //= 2


def _rows_differ(ours: Sequence[Item], theirs: Sequence[Item]) -> bool:
    return [item for item in ours if isinstance(item, Rows)] != [item for item in theirs if isinstance(item, Rows)]


def with_parameters(tree: Part) -> tuple[str, list[tuple[str, str]]]:
    """Return a statement with its constants as parameters, and their types and values."""
    found: list[tuple[str, str]] = []
    changed: list[tuple[Part, list[str | Part]]] = []
    for part in tree.walk():
        if part.literal is None or part.sort not in KINDS or any(part is done for done, _ in changed):
            continue
        found.append((part.sort, part.literal))
        changed.append((part, part.pieces))
        cast = f"::{part.sort}" if part.sort == "char(5)" or len(found) % 2 else ""
        part.pieces = [f"${len(found)}{cast}"]
    sql = str(tree)
    for part, pieces in changed:
        part.pieces = pieces
    return sql, found
