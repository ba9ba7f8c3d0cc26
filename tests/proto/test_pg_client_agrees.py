"""The client half and libpq (psycopg's) say the same of a real PostgreSQL 15: every statement of tests/diff, three ways.

Each file of statements runs in a database of its own, once by our machine and once by libpq, by the simple protocol and by the
extended one with text and with binary results. All that a client can see is compared: the columns with their types, sizes,
modifiers and formats, every value's bytes, tags, all fields of errors and notices, copy data, the transaction status and
the reported parameters.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pg_oracle import Oracle
from pg_support import SEED, START

from rustydb_proto import pg
from tests.diff import statements
from tests.diff.statements import Statement

psycopg = pytest.importorskip("psycopg")
from psycopg import pq  # noqa: E402

STATUS = pq.ExecStatus
OVER = "over"
"""The status after a session's last answer."""
TRANSACTION = {pq.TransactionStatus.IDLE: "I", pq.TransactionStatus.INTRANS: "T", pq.TransactionStatus.INERROR: "E"}
# Objects of each run have their own numbers; so do backends and their transactions.
_NUMBER = re.compile(r"\b[1-9]\d{4,6}\b")
OID_TYPES = (26, 2202, 2203, 2204, 2205, 2206, 4089, 4096)  # oid, regprocedure, regoper, ..., regrole


@dataclass
class Answer:
    """What one statement brought, in order."""

    results: list[object] = field(default_factory=list)
    notices: list[dict[str, str]] = field(default_factory=list)
    status: str = ""


class Ours:
    """A session of the client half on a blocking socket."""

    def __init__(self, port: int, database: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        shown = {"client_encoding": "UTF8", "application_name": "agrees", "options": "-c statement_timeout=1s"}
        self.machine = pg.ClientMachine(START, pg.Entropy(SEED), "trusted", database, parameters=shown)
        for event in self.events():
            if isinstance(event, pg.SessionStarted):
                break

    def events(self) -> Iterator[pg.ClientEvent]:
        while True:
            event = self.machine.next_event()
            self.socket.sendall(self.machine.data_to_send())
            if isinstance(event, pg.Stop):
                data = self.socket.recv(65536)
                assert data or isinstance(event, pg.NeedData), "the session is over"
                self.machine.receive_data(START, data)
            else:
                assert not isinstance(event, pg.ConnectionEnded | pg.ProtocolFailed), event
                yield event

    def run(self, statement: Statement, mode: str) -> Answer:
        commands: list[pg.ClientCommand] = [pg.Query(statement.sql)]
        if mode != "simple":
            result = int(mode == "binary")
            commands = [
                pg.Parse("", statement.sql),
                pg.Bind("", "", statement.values or (), (), (result,)),
                pg.Describe("P", ""),
                pg.Execute(),
                pg.Sync(),
            ]
        for command in commands:
            self.machine.send(START, command)
        return self._collect(statement, mode)

    def _collect(self, statement: Statement, mode: str) -> Answer:
        answer = Answer()
        columns: list[object] | None = None
        rows: list[pg.Row] = []
        for event in self.events():
            match event:
                case pg.RowDescriptionReceived(described):
                    columns = [_column(column) for column in described]
                case pg.RowsReceived(more):
                    rows += more
                case pg.CommandCompleted(tag):
                    answer.results.append((columns, rows, tag))
                    columns, rows = None, []
                case pg.EmptyQueryReceived():
                    answer.results.append("empty")
                case pg.ErrorReceived(fields):
                    answer.results.append(dict(sorted(fields.items())))
                    columns, rows = None, []
                    if fields["V"] == "FATAL":  # no ReadyForQuery follows
                        answer.status = OVER
                        return answer
                case pg.NoticeReceived(fields):
                    answer.notices.append(dict(sorted(fields.items())))
                case pg.CopyInStarted(form, formats):
                    answer.results.append(("copy in", form, list(formats)))
                    if statement.copy_data:
                        self.machine.send(START, pg.CopyData(statement.copy_data))
                    self.machine.send(START, pg.CopyDone())
                    if mode != "simple":
                        self.machine.send(START, pg.Sync())
                case pg.CopyOutStarted(form, formats):
                    answer.results.append(("copy out", form, list(formats)))
                case pg.CopyDataReceived(data):
                    rows.append((data,))
                case pg.ReadyReceived(status):
                    answer.status = status
                    return answer
        raise AssertionError("the session ended")

    def close(self) -> None:
        with suppress(OSError, pg.LocalProtocolError):  # a session that was terminated
            self.machine.send(START, pg.Terminate())
            self.socket.sendall(self.machine.data_to_send())
        self.socket.close()


def _column(column: pg.Column) -> tuple[object, ...]:
    oid = column.type_oid if column.type_oid < 16384 else "own"
    placed = column.table_oid != 0
    return (column.name, oid, column.type_size, column.type_modifier, placed, column.attribute_number, column.format)


class Libpq:
    """A session of libpq."""

    def __init__(self, port: int, database: str) -> None:
        conninfo = (
            f"host=127.0.0.1 port={port} user=trusted dbname={database} client_encoding=UTF8 application_name=agrees"
        )
        conninfo += " options='-c statement_timeout=1s'"  # who waits for another session's lock fails on both sides
        self.connection = pq.PGconn.connect(conninfo.encode())
        assert self.connection.status == pq.ConnStatus.OK, self.connection.get_error_message()
        self.notices: list[dict[str, str]] = []
        self.connection.notice_handler = lambda result: self.notices.append(_fields(result))

    def run(self, statement: Statement, mode: str) -> Answer:
        self.notices.clear()
        sql = statement.sql.encode()
        if mode == "simple":
            self.connection.send_query(sql)
        else:
            self.connection.send_query_params(sql, statement.values or (), result_format=int(mode == "binary"))
        answer = Answer()
        while (result := self.connection.get_result()) is not None:
            answer.results += self._result(result, statement)
            if result.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) == b"FATAL":
                answer.status = OVER  # libpq adds an error of its own for the end of the connection
                return answer
        answer.notices = list(self.notices)
        answer.status = TRANSACTION[self.connection.transaction_status]
        return answer

    def _result(self, result: pq.abc.PGresult, statement: Statement) -> list[object]:
        tag = (result.command_status or b"").decode()
        if result.status == STATUS.COMMAND_OK:
            return [(None, [], tag)]
        if result.status == STATUS.EMPTY_QUERY:
            return ["empty"]
        if result.status == STATUS.FATAL_ERROR:
            return [_fields(result)]
        if result.status == STATUS.COPY_IN:
            if statement.copy_data:
                self.connection.put_copy_data(statement.copy_data)
            self.connection.put_copy_end()
            return [("copy in", result.binary_tuples, [result.fformat(at) for at in range(result.nfields)])]
        if result.status == STATUS.COPY_OUT:
            head = ("copy out", result.binary_tuples, [result.fformat(at) for at in range(result.nfields)])
            rows = []
            while (got := self.connection.get_copy_data(0))[0] > 0:
                rows.append((bytes(got[1]),))
            done = self.connection.get_result()
            assert done is not None
            return [
                head,
                (None, rows, (done.command_status or b"").decode())
                if done.status == STATUS.COMMAND_OK
                else _fields(done),
            ]
        assert result.status == STATUS.TUPLES_OK, result.status
        columns = []
        for at in range(result.nfields):
            oid = result.ftype(at) if result.ftype(at) < 16384 else "own"
            name = (result.fname(at) or b"").decode()
            place = (result.ftable(at) != 0, result.ftablecol(at), result.fformat(at))
            columns.append((name, oid, result.fsize(at), result.fmod(at), *place))
        rows = [tuple(result.get_value(row, at) for at in range(result.nfields)) for row in range(result.ntuples)]
        return [(columns, rows, tag)]

    def close(self) -> None:
        self.connection.finish()


def _fields(result: pq.abc.PGresult) -> dict[str, str]:
    found = {chr(code): result.error_field(code) for code in pq.DiagnosticField}
    return {code: text.decode() for code, text in sorted(found.items()) if text is not None}


def run_file(port: int, database: str, path: Path, mode: str, make: Callable[[int, str], Ours | Libpq]) -> list[Answer]:
    """Run a file of statements in a new database; sessions are opened as the file names them."""
    with psycopg.connect(f"host=127.0.0.1 port={port} user=trusted dbname=postgres", autocommit=True) as boss:
        boss.execute(f"create database {database} template template0")
        sessions: dict[str, Ours | Libpq] = {}
        variables: dict[str, str] = {}
        answers = []
        try:
            for statement in statements.read(path).statements:
                sql = statement.sql
                for name, value in variables.items():
                    sql = sql.replace("{" + name + "}", value)
                statement = Statement(
                    statement.line,
                    statement.session,
                    sql,
                    statement.copy_data,
                    let=statement.let,
                    values=statement.values,
                )
                if statement.session not in sessions:
                    sessions[statement.session] = make(port, database)
                chosen = "text" if mode == "simple" and statement.values is not None else mode
                answers.append(sessions[statement.session].run(statement, "simple" if statement.let else chosen))
                if statement.let:
                    variables[statement.let] = _first_value(answers[-1])
        finally:
            for session in sessions.values():
                session.close()
            boss.execute(f"drop database {database} with (force)")
    return answers


def _first_value(answer: Answer) -> str:
    for result in answer.results:
        if isinstance(result, tuple) and result[1]:
            return (result[1][0][0] or b"").decode()
    return "nothing"


def plain(answer: Answer) -> str:
    """Return an answer's text without the numbers that each run gives to its own objects."""
    results = [
        _without_oids(result) if isinstance(result, tuple) and isinstance(result[0], list) else result
        for result in answer.results
    ]
    return _NUMBER.sub(
        lambda found: "N" if int(found[0]) >= 16384 else found[0], repr((results, answer.notices, answer.status))
    )


def _without_oids(result: tuple[Any, ...]) -> tuple[Any, ...]:
    columns, rows, tag = result
    oids = [at for at, column in enumerate(columns) if column[1] in OID_TYPES and column[-1] == 1]
    return columns, [[None if at in oids else value for at, value in enumerate(row)] for row in rows], tag


@pytest.mark.parametrize("mode", ["simple", "text", "binary"])
@pytest.mark.parametrize("path", statements.files(), ids=lambda path: path.stem)
def test_the_client_half_says_what_libpq_says(oracle: Oracle, path: Path, mode: str) -> None:
    ours = run_file(oracle.port, "agrees", path, mode, Ours)
    libpq = run_file(oracle.port, "agrees", path, mode, Libpq)
    assert len(ours) == len(libpq) > 0
    exact = 0
    for statement, mine, theirs in zip(statements.read(path).statements, ours, libpq, strict=True):
        exact += mine == theirs
        assert mine == theirs or plain(mine) == plain(theirs), f"{path.name}:{statement.line}: {statement.sql}"
    assert exact > 0.8 * len(ours), "hardly an answer holds numbers of objects"


def test_there_are_more_than_five_hundred_statements() -> None:
    assert sum(len(statements.read(path).statements) for path in statements.files()) > 500
