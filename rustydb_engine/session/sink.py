"""Where a session's answers go: each front door (PostgreSQL, and later HTTP, native, …) implements `Sink`.

A session calls its sink while it works; it never waits inside a call. What a sink is told is in the order in which
PostgreSQL would send it.
"""

from __future__ import annotations

from typing import Protocol

from rustydb_engine.errors import SqlError
from rustydb_engine.session.entry import Entry, Formats

Rows = list[tuple[object, ...]]


class Sink(Protocol):
    """The receiver of one session's answers."""

    def describe(self, entry: Entry, formats: Formats) -> None:
        """Announce the columns of the rows that follow (simple query) or of what was described."""

    def rows(self, entry: Entry, formats: Formats, batch: Rows) -> None:
        """Take a batch of rows in the engine's forms."""

    def complete(self, tag: str) -> None:
        """Take the command tag that ends a statement."""

    def result(self, entry: Entry, batch: Rows) -> None:
        """Take a whole answer of a simple query at once: columns, rows and the tag `SELECT n`."""

    def answer(self, entry: Entry, formats: Formats, batch: Rows) -> None:
        """Take all rows of a portal at once, with the tag `SELECT n`."""

    def bound(self, entry: Entry, formats: Formats, described: bool) -> None:
        """Take the news that a portal was bound, and with `described` announce its columns, or that there are none."""

    def empty(self) -> None:
        """Take the end of a statement without text."""

    def suspended(self) -> None:
        """Take the news that a portal has more rows."""

    def error(self, error: SqlError) -> None:
        """Take the error that ends a statement."""

    def notice(self, error: SqlError) -> None:
        """Take a notice or warning (`severity`)."""

    def copy_in(self, binary: bool, columns: int) -> None:
        """Ask for copy data; the pieces come as replies to the session's `NEED_COPY_DATA` waits."""

    def copy_out(self, binary: bool, columns: int) -> None:
        """Announce copy data."""

    def copy_data(self, pieces: list[bytes]) -> None:
        """Take copy data: a row is a piece of its own, as clients rely on."""

    def copy_done(self) -> None:
        """Take the end of copy data."""
