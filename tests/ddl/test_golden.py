"""DDL answers as PostgreSQL 15 does: tags, notices, errors with their codes, details, hints and positions."""

from __future__ import annotations

from pathlib import Path

import pytest

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.parser import parse
from rustydb_engine.txn.transaction import Transaction
from rustydb_engine.values.forms import DEFAULT_FORMS
from rustydb_engine.values.io import io_of
from tests.ddl import golden
from tests.support.local import Local

SCRIPTS = sorted(golden.FOLDER.glob("*.txt"))


class Client:
    """A session of one connection, as far as DDL needs one: blocks, notices, text results."""

    def __init__(self) -> None:
        self.local = Local()
        self.lines: list[str] = []
        self.txn: Transaction | None = None
        self.local.hooks.notice = self._notice  # type: ignore[method-assign]  # the copy for each statement has it

    def _notice(
        self, severity: str, sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
    ) -> None:
        if not severity.startswith("DEBUG"):  # the scripts were recorded with client_min_messages = notice
            self.lines += golden.message(severity, sqlstate, message, detail, hint)

    def answer(self, sql: str) -> list[str]:
        """Run a statement and return its answer as a golden script has it."""
        self.lines = []
        word = sql.strip().lower()
        try:
            if word == "begin":
                self.txn = self.local.begin()
                return ["BEGIN"]
            if word in ("rollback", "commit"):
                assert self.txn is not None
                (self.local.rollback if word == "rollback" else self.local.commit)(self.txn)
                self.txn = None
                return [word.upper()]
            return self._run(sql)
        except SqlError as error:
            position = error.position + 1 if error.position is not None and error.position >= 0 else None
            self.lines += golden.message("ERROR", error.sqlstate, error.message, error.detail, error.hint, position)
            return self.lines

    def _run(self, sql: str) -> list[str]:
        parse(sql)
        self.local.tag = ""
        catalog = self.txn.catalog if self.txn is not None and self.txn.catalog else self.local.database.catalog
        temporary = ("pg_temp_1",) if catalog.schema("pg_temp_1") is not None else ()
        self.local.hooks.search_path = (*temporary, "public")
        rows = self.local.run(sql, txn=self.txn)
        if rows:
            columns = self.local.plan(sql, self.txn).columns
            shown = [
                [None if item is None else io_of(column.type).output(item, DEFAULT_FORMS)
                 for item, column in zip(row, columns, strict=True)]
                for row in rows
            ]  # fmt: skip
            self.lines += golden.rows(shown)
        return [*self.lines, self.local.tag]


@pytest.mark.parametrize("path", SCRIPTS, ids=[path.stem for path in SCRIPTS])
def test_statements_answer_as_postgresql_does(path: Path) -> None:
    client = Client()
    wrong = []
    for case in golden.read(path):
        answer = client.answer(case.sql)
        if tuple(answer) != case.answer:
            wrong.append(f"{path.name}:{case.line}: {case.sql}\n  expected {list(case.answer)}\n  answered {answer}")
    assert not wrong, f"{len(wrong)} differ\n" + "\n".join(wrong)
