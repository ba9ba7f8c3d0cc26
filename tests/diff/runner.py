"""Runs statement files on both servers.

Before each file both databases are emptied: every schema and role that is not the system's is dropped. A statement that
returns rows is run four times: twice by the simple protocol, the second time from our cache of plans, and by the extended
one with text and with binary results.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg

from tests.diff.client import Columns, Connection, ConnectionLost, Item, Report, Rows, Tag
from tests.diff.compare import Difference, compare
from tests.diff.statements import Source, Statement
from tests.support import oracle, server

USER, PASSWORD, DATABASE = "admin", "admin", "rustydb"
_REPEATABLE = re.compile(r"\s*(select|values|table|show)\b", re.IGNORECASE)
_LEFTOVERS = "select nspname from pg_namespace where nspname !~ '^(pg_|information_schema$)' order by nspname"


class Side:
    """One server, with the sessions and variables of the file that runs."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.port = port
        self.sessions: dict[str, Connection] = {}
        self.variables: dict[str, str] = {}

    def session(self, name: str) -> Connection:
        """Return the session of that name, opened when it is first used."""
        if name not in self.sessions:
            self.sessions[name] = Connection.open(self.port, USER, DATABASE, PASSWORD)
        return self.sessions[name]

    def run(self, statement: Statement, mode: str) -> list[Item]:
        """Run a statement in its session; a lost connection is an answer too."""
        sql = statement.sql
        for name, value in self.variables.items():
            sql = sql.replace("{" + name + "}", value)
        try:
            session = self.session(statement.session)
            if mode in ("simple", "again"):
                return session.simple(sql, statement.copy_data)
            return session.extended(sql, int(mode == "binary"), statement.values or ())
        except ConnectionLost as lost:
            broken = self.sessions.pop(statement.session, None)
            if broken is None:
                raise
            broken.close()
            return [Tag(f"connection lost: {lost}")]

    def let(self, statement: Statement) -> None:
        """Keep the first value of a query."""
        for item in self.run(statement, "simple"):
            if isinstance(item, Rows) and item.rows:
                self.variables[statement.let] = (item.rows[0][0] or b"").decode()
            if isinstance(item, Report):
                self.variables[statement.let] = str(item.fields)

    def end(self) -> None:
        """Close the sessions and forget the variables."""
        for connection in self.sessions.values():
            connection.close()
        self.sessions.clear()
        self.variables.clear()

    def clean(self) -> None:
        """Drop what an earlier file left."""
        connection = Connection.open(self.port, USER, DATABASE, PASSWORD)
        for item in connection.simple(_LEFTOVERS):
            if isinstance(item, Rows):
                for row in item.rows:
                    connection.simple(f'drop schema "{(row[0] or b"").decode()}" cascade')
        answer = connection.simple("create schema public")
        connection.close()
        if any(isinstance(item, Report) and item.kind == "error" for item in answer):
            raise ConnectionLost(f"{self.name} cannot be emptied: {answer}")


class Pair:
    """Both servers. Ours is started again when it no longer answers."""

    def __init__(self, theirs: Side, stack: ExitStack) -> None:
        self.theirs = theirs
        self._stack = stack
        self.ours = Side("rustydb", stack.enter_context(server.running()).port)

    def restart(self) -> None:
        """Start our server anew."""
        self.ours.end()
        self.ours = Side("rustydb", self._stack.enter_context(server.running()).port)

    def run(self, source: Source) -> Iterator[Difference]:
        """Run statements on both servers and report what differs."""
        self.theirs.clean()
        try:
            self.ours.clean()
        except (ConnectionLost, OSError):
            self.restart()
            self.ours.clean()
        try:
            for statement in source.statements:
                yield from self._run_statement(source.name, statement)
        except (ConnectionLost, OSError):
            self.restart()  # the rest of the file would only say that its tables are missing
        finally:
            self.ours.end()
            self.theirs.end()

    def _run_statement(self, file: str, statement: Statement) -> Iterator[Difference]:
        if statement.let:
            self.ours.let(statement)
            self.theirs.let(statement)
            return
        if statement.values is not None:
            yield from self._run_modes(file, statement, ("text", "binary"))
            return
        theirs = self.theirs.run(statement, "simple")
        difference = compare(file, statement, "simple", self.ours.run(statement, "simple"), theirs)
        if difference is not None:
            yield difference
            return
        if not _REPEATABLE.match(statement.sql) or not _one_result(theirs):
            return
        yield from self._run_modes(file, statement, ("again", "text", "binary"))

    def _run_modes(self, file: str, statement: Statement, modes: tuple[str, ...]) -> Iterator[Difference]:
        for mode in modes:
            theirs = self.theirs.run(statement, mode)
            difference = compare(file, statement, mode, self.ours.run(statement, mode), theirs)
            if difference is not None:
                yield difference


def _one_result(items: list[Item]) -> bool:
    return sum(isinstance(item, Columns) for item in items) == 1 and not any(isinstance(i, Report) for i in items)


@contextmanager
def both() -> Iterator[Pair]:
    """Run both servers; oracle.Unavailable when there is no PostgreSQL."""
    with ExitStack() as stack:
        given = stack.enter_context(oracle.running())
        with psycopg.connect(given.url, autocommit=True) as connection:
            port = connection.info.port
            roles = connection.execute("select 1 from pg_roles where rolname = %s", (USER,)).fetchone()
            if roles is None:
                connection.execute(f"create role {USER} superuser login password '{PASSWORD}'")
            connection.execute(f"drop database if exists {DATABASE} with (force)")
            connection.execute(f"create database {DATABASE} owner {USER} template template0")
        yield Pair(Side("postgresql", port), stack)
