"""What the example servers serve: a calculator. It turns events into commands, and knows neither sockets nor a loop.

It answers `SELECT <integer> + - * <integer>` by both query protocols, also with parameters (`SELECT $1::int8 * $2::int8`), and
`COPY numbers TO STDOUT` with as many lines as there are seconds in a day. The servers beside this file differ in how
they move bytes and wait, and in nothing else.
"""

from __future__ import annotations

import re
import secrets
import time

from rustydb_proto import pg
from rustydb_proto.pg import binary, framing, oids

COLUMN = pg.Column("?column?", oids.INT8, 8)
TERM = r"(\d{1,18}|\$[12](?:::int8)?)"
QUERY = re.compile(rf"\s*select {TERM} ?([-+*]) ?{TERM}\s*;?\s*", re.IGNORECASE)
COPY = re.compile(r"\s*copy numbers to stdout\s*;?\s*", re.IGNORECASE)
SIGNS = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}


def now() -> pg.Now:
    """Read both clocks."""
    return pg.Now(time.monotonic_ns(), time.time_ns() // 1000)


def new_machine() -> pg.ServerMachine:
    """Return the machine of a new connection."""
    return pg.ServerMachine(now(), pg.Entropy(secrets.token_bytes(32)))


class Calculator:
    """The session of one client: `answer` is the whole program."""

    def __init__(self) -> None:
        self.statements: dict[str, str] = {}
        self.portals: dict[str, tuple[str, list[int], int]] = {}

    def answer(self, event: pg.ServerEvent) -> list[pg.ServerCommand]:
        """Return the commands that answer an event."""
        match event:
            case pg.StartupReceived():
                return [pg.Authenticate("trust")]
            case pg.Authenticated():
                shown = {"server_version": "15.0", "client_encoding": "UTF8", "integer_datetimes": "on"}
                return [pg.SessionReady(shown, 1, secrets.token_bytes(4))]
            case pg.QueryReceived(sql):
                head = [pg.RowDescription([COLUMN])] if QUERY.fullmatch(sql) else []
                return [*head, *run(sql, [], 0), pg.ReadyForQuery("I")]
            case pg.ParseReceived(name, sql):
                self.statements[name] = sql
                return [pg.ParseComplete()]
            case pg.BindReceived():
                return self.bind(event)
            case pg.DescribeReceived("S", name):
                types = [oids.INT8] * self.statements.get(name, "").count("$")
                return [pg.ParameterDescription(types), pg.RowDescription([COLUMN])]
            case pg.DescribeReceived(_, name):
                code = self.portals[name][2] if name in self.portals else 0
                return [pg.RowDescription([pg.Column("?column?", oids.INT8, 8, format=code)])]
            case pg.ExecuteReceived(portal):
                return run(*self.portals.get(portal, ("", [], 0)))
            case pg.CloseReceived():
                return [pg.CloseComplete()]
            case pg.SyncReceived():
                return [pg.ReadyForQuery("I")]
            case pg.FunctionCallReceived():
                return [error("0A000", "there are no functions"), pg.ReadyForQuery("I")]
            case pg.MessageRejected(_, sqlstate, message, _, needs_ready):
                return [error(sqlstate, message), *([pg.ReadyForQuery("I")] if needs_ready else [])]
        return []

    def bind(self, event: pg.BindReceived) -> list[pg.ServerCommand]:
        """Make a portal: the text of the statement, its parameters, the format of its result."""
        codes = event.formats * len(event.values) if len(event.formats) < 2 else event.formats
        numbers = []
        for index, data in enumerate(event.values):
            if data is None:
                return [error("22004", "a parameter is null")]
            is_binary = codes and codes[index] == 1
            try:
                numbers.append(int.from_bytes(data, "big", signed=True) if is_binary else int(data))
            except ValueError:
                return [error("22P02", "a parameter is not an integer")]
        format_code = event.result_formats[0] if event.result_formats else 0
        self.portals[event.portal] = (self.statements.get(event.statement, ""), numbers, format_code)
        return [pg.BindComplete()]


def run(sql: str, numbers: list[int], format_code: int) -> list[pg.ServerCommand]:
    """Return the answer to a statement, without its RowDescription."""
    if COPY.fullmatch(sql):
        lines = (b"%d\n" % number for number in range(86_400))
        return [
            pg.CopyOut(0, [0]),
            pg.SendEncoded(b"".join(map(framing.copy_data, lines))),
            pg.CopyDone(),
            pg.CommandComplete("COPY 86400"),
        ]
    found = QUERY.fullmatch(sql)
    if found is None:
        return [error("42601", "I only know SELECT <integer> + - * <integer>")]
    terms = [found[1], found[3]]
    if max([int(term[1]) for term in terms if term[0] == "$"], default=0) > len(numbers):
        return [error("08P01", "a parameter is missing")]
    left, right = (numbers[int(term[1]) - 1] if term[0] == "$" else int(term) for term in terms)
    result = SIGNS[found[2]](left, right)
    if not -(1 << 63) <= result < 1 << 63:
        return [error("22003", "bigint out of range")]
    value = binary.encode(oids.INT8, result) if format_code else b"%d" % result
    return [pg.SendEncoded(framing.data_row([value])), pg.CommandComplete("SELECT 1")]


def error(sqlstate: str, message: str) -> pg.ErrorResponse:
    """Return an error that fails the request."""
    return pg.ErrorResponse(pg.error_fields("ERROR", sqlstate, message))
