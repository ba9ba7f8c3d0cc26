"""The programs of the auditor, who is alone with the database: before the story, and after each recovery."""

from __future__ import annotations

from collections.abc import Generator

from rustydb_sim.answers import Reply
from rustydb_sim.asking import say
from rustydb_sim.client import Ask, Program
from rustydb_sim.history import INITIAL_BALANCE, History, Violation

CLIENTS_MAX = 10


def setup(history: History) -> Program:
    """Make the tables that all clients use."""
    yield from _ask("CREATE TABLE clients (id int PRIMARY KEY)")
    yield from _ask(f"INSERT INTO clients SELECT generate_series(1, {CLIENTS_MAX})")
    yield from _ask("CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)")
    yield from _ask("CREATE TABLE units (client int, unit int, PRIMARY KEY (client, unit))")
    columns = "client int REFERENCES clients, n int, note text, PRIMARY KEY (client, n)"
    yield from _ask(f"CREATE TABLE entries ({columns})")
    yield from _ask("CREATE SEQUENCE numbers")
    series = f"generate_series(0, {history.accounts - 1}) n"
    yield from _ask(f"INSERT INTO accounts SELECT n, {INITIAL_BALANCE} FROM {series}")


def audit(history: History, where: str) -> Program:
    """Compare everything with what the clients know; from now on what is not there is known to be aborted."""
    rows = yield from _ask("SELECT client, unit FROM units")
    seen = {(int(client), int(unit)) for client, unit in rows}
    if len(seen) != len(rows):
        raise Violation(f"{where}: a marker is there twice")
    history.check_markers(seen, history.committed(), where)
    rows = yield from _ask("SELECT id, balance FROM accounts")
    history.check_balances(seen, {int(account): int(balance) for account, balance in rows}, where)
    rows = yield from _ask("SELECT client, n, note FROM entries")
    history.check_entries(seen, {(int(client), int(n)): note for client, n, note in rows}, where)
    yield from _check_indexes(rows, where)
    names = yield from _ask(r"SELECT relname FROM pg_class WHERE relname LIKE 't\__%' AND relkind = 'r' ORDER BY 1")
    tables = {}
    for (name,) in names:
        tables[name] = int((yield from _ask(f"SELECT count(*) FROM {name}"))[0][0])
    history.check_tables(seen, tables, where)
    history.settle(seen)


def _check_indexes(entries: list[tuple[str, ...]], where: str) -> Program:
    """Find each entry through the primary key."""
    found = 0
    for client, number, _ in entries[:10]:
        found += len((yield from _ask(f"SELECT note FROM entries WHERE client = {client} AND n = {number}")))
    if found != len(entries[:10]):
        raise Violation(f"{where}: the index finds {found} of {len(entries[:10])} entries")


def _ask(sql: str) -> Generator[Ask, list[Reply], list[tuple[str, ...]]]:
    """Ask and return the rows as text; whatever fails is a violation."""
    reply = yield from say(sql)
    if reply.error is not None:
        raise Violation(f"the auditor's {sql} failed: {dict(reply.error.fields)}")
    return [tuple((item or b"").decode() for item in row) for row in reply.rows]
