"""Bind, Describe, Execute and Sync in one piece are answered as they are one by one."""

from __future__ import annotations

import pytest

from rustydb_proto.pg import framing
from tests.support.local_node import LocalClient, LocalNode

SETUP = (
    "CREATE TABLE t (a int PRIMARY KEY, b int, c text)",
    "INSERT INTO t SELECT i, i * 10, 'row ' || i FROM generate_series(1, 500) i",
    "CREATE TABLE parent (a int PRIMARY KEY)",
    "CREATE TABLE child (a int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
)
# What is sent for each statement: its text, the parameters, their formats, and the result's formats.
STATEMENTS: list[tuple[str, list[bytes | None], tuple[int, ...], tuple[int, ...]]] = [
    ("SELECT b, c FROM t WHERE a = $1", [b"7"], (), ()),
    ("SELECT b, c FROM t WHERE a = $1", [b"\0\0\0\7"], (1,), (1,)),
    ("SELECT b, c FROM t WHERE a = $1", [b"7"], (0,), (0, 1)),
    ("SELECT b, c FROM t WHERE a = $1", [b"7"], (), (0, 1, 0)),
    ("SELECT b, c FROM t WHERE a = $1", [None], (), ()),
    ("SELECT b, c FROM t WHERE a = $1", [b"seven"], (), ()),
    ("SELECT b, c FROM t WHERE a = $1", [], (), ()),
    ("SELECT b, c FROM t WHERE a = $1", [b"1", b"2"], (), ()),
    ("SELECT b / $2 FROM t WHERE a = $1", [b"7", b"0"], (), ()),
    ("SELECT c FROM t WHERE b > $1::int ORDER BY a", [b"4900"], (), ()),
    ("SELECT 1, $1::text", [b"x"], (), ()),
    ("SELECT", [], (), ()),
    ("", [], (), ()),
    ("UPDATE t SET b = b + $2 WHERE a = $1", [b"7", b"1"], (), ()),
    ("UPDATE t SET b = b / $2 WHERE a = $1", [b"7", b"0"], (), ()),
    ("UPDATE t SET b = 0 WHERE a = $1 RETURNING b, c", [b"7"], (), ()),
    ("INSERT INTO t VALUES ($1, $2)", [b"7", b"1"], (), ()),
    ("INSERT INTO t VALUES ($1, $2)", [b"1007", b"1"], (), ()),
    ("DELETE FROM t WHERE a < $1", [b"20"], (), ()),
    ("INSERT INTO child VALUES ($1)", [b"5"], (), ()),
    ("SET extra_float_digits = 1", [], (), ()),
    ("SHOW search_path", [], (), ()),
    ("CREATE TABLE made (a int)", [], (), ()),
]


def client_of_a_fresh_node() -> LocalClient:
    """Return a client with the tables."""
    client = LocalNode().connect()
    for statement in SETUP:
        assert b"ERROR" not in client.send(framing.query(statement))
    return client


def run(number: int, between: bytes, describe: bool = True) -> bytes:
    """Return the messages that run a statement, with `between` after its Bind."""
    sql, parameters, formats, result_formats = STATEMENTS[number]
    return (
        framing.parse("s", sql)
        + framing.bind("", "s", parameters, formats, result_formats)
        + between
        + (framing.describe("P", "") if describe else b"")
        + framing.execute("")
        + framing.SYNC
    )


@pytest.mark.parametrize("describe", [True, False])
@pytest.mark.parametrize("block", ["", "BEGIN", "BEGIN; SELECT 1 / 0"])
@pytest.mark.parametrize("number", range(len(STATEMENTS)))
def test_the_answer_does_not_depend_on_how_the_messages_come(number: int, block: str, describe: bool) -> None:
    answers = []
    for between in (b"", framing.FLUSH):
        client = client_of_a_fresh_node()
        answer = client.send(framing.query(block)) if block else b""
        answer += client.send(run(number, between, describe))
        answer += client.send(framing.close("S", "s") + framing.SYNC)
        answer += client.send(run(number, between, describe))  # again, with everything cached
        answer += client.send(framing.execute("") + framing.SYNC)  # what is left of the portal
        answer += client.send(framing.query("COMMIT"))
        answer += client.send(framing.query("SELECT count(*), sum(b) FROM t"))
        answers.append(answer)
    assert answers[0] == answers[1]


def test_a_statement_that_must_wait_goes_on_when_the_lock_is_free() -> None:
    node = LocalNode()
    one, two = node.connect(), node.connect()
    for statement in (*SETUP, "BEGIN", "UPDATE t SET b = 1 WHERE a = 7"):
        one.send(framing.query(statement))
    number = [sql for sql, *_ in STATEMENTS].index("UPDATE t SET b = b + $2 WHERE a = $1")
    assert b"UPDATE" not in two.send(run(number, b""))
    one.send(framing.query("COMMIT"))
    assert b"\0\0\0\x012" in two.send(framing.query("SELECT b FROM t WHERE a = 7"))


def test_statements_before_the_last_of_a_pipeline_belong_to_its_transaction() -> None:
    client = client_of_a_fresh_node()
    insert = framing.parse("", "INSERT INTO t VALUES (2000, 0)") + framing.bind("", "", []) + framing.execute("")
    fail = framing.parse("", "SELECT 1 / 0") + framing.bind("", "", []) + framing.execute("") + framing.SYNC
    assert b"22012" in client.send(insert + fail)
    assert b"SELECT 0" in client.send(framing.query("SELECT a FROM t WHERE a = 2000"))


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN"])
def test_a_row_limit_does_not_keep_what_gives_no_rows(ending: str) -> None:
    """pgjdbc with a fetch size sends one with every statement, also with the COMMIT that closes the portals."""
    client = client_of_a_fresh_node()

    def limited(sql: str, portal: str = "", rows: int = 2) -> bytes:
        return framing.parse("", sql) + framing.bind(portal, "", []) + framing.execute(portal, rows)

    assert b"BEGIN" in client.send(limited("BEGIN") + limited("SELECT a FROM t ORDER BY a", "C_1") + framing.SYNC)
    assert client.send(framing.execute("C_1", 2) + framing.SYNC).count(b"D\0\0\0") == 2
    assert b"UPDATE 500" in client.send(limited("UPDATE t SET b = 1") + framing.SYNC)
    answer = client.send(limited(ending) + framing.SYNC)
    assert b"C\0\0\0" in answer and b"ERROR" not in answer
    assert b"34000" in client.send(framing.execute("C_1", 2) + framing.SYNC)  # the end of the block closed it


WITHOUT_ROWS = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "ROLLBACK AND CHAIN",
    "SAVEPOINT s",
    "DISCARD ALL",
    "CLOSE ALL",
    "UPDATE t SET b = b + 1 WHERE a < 9",
    "DELETE FROM t WHERE a < 5",
    "COPY t FROM STDIN",
    "CREATE TABLE made (a int)",
    "DECLARE c CURSOR WITH HOLD FOR SELECT a FROM t",
    "SET extra_float_digits = 1",
)


@pytest.mark.parametrize("block", ["", "BEGIN", "BEGIN; SELECT 1 / 0"])
@pytest.mark.parametrize("sql", WITHOUT_ROWS)
def test_a_limit_of_rows_changes_nothing_for_a_statement_without_rows(sql: str, block: str) -> None:
    # COMMIT and its kin, which end all portals, failed on their own (`generator already executing`); COPY got no data.
    answers = []
    for limit in (0, 3):
        client = client_of_a_fresh_node()
        answer = client.send(framing.query(block)) if block else b""
        answer += client.send(framing.parse("", sql) + framing.bind("", "", []) + framing.execute("", limit))
        if sql.startswith("COPY"):
            answer += client.send(framing.copy_data(b"2000\\t1\\tcopied\\n") + framing.COPY_DONE)
        answer += client.send(framing.SYNC)
        answer += client.send(framing.query("SELECT count(*), sum(b) FROM t"))
        answer += client.send(framing.query("COMMIT"))
        answers.append(answer)
    assert b"XX000" not in answers[0]
    assert answers[0] == answers[1]
