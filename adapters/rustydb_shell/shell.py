"""The shell without its prompt: text comes in by lines, statements run, results and errors are written.

    shell = Shell(link, out=sys.stdout, err=sys.stderr)
    shell.feed("SELECT 1;\\n")                  statements run as their semicolons come; \\commands at once
    shell.finish()                              what is left without a semicolon

`feed` returns False when the input is to end (\\q, or an error with `stop_on_error`). It is used for the prompt, for files (\\i, -f) and for
-c alike.
"""

from __future__ import annotations

import codecs
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO

from rustydb_shell import commands
from rustydb_shell.link import Link, LinkError, Outcome, describe
from rustydb_shell.statements import split
from rustydb_shell.tables import Style, render


class Shell:
    """One session of the shell. `failed` says whether any statement failed."""

    def __init__(self, link: Link, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.link = link
        self.style = Style()
        self.out: TextIO = out or sys.stdout
        self.err: TextIO = err or sys.stderr
        self.standard_out = self.out
        self.timing = False
        self.quiet = False
        self.stop_on_error = False
        self.failed = False
        self.buffer = ""
        self.last = ""
        self.depth = 0
        self.source: Iterator[str] | None = None
        """The lines that follow, for a COPY FROM STDIN in a file."""

    # ---- text in

    def feed(self, line: str) -> bool:
        """Take a line; False when the input is to end."""
        stripped = line.strip()
        if not self.buffer.strip() and stripped.startswith("\\"):
            self.buffer = ""
            return commands.run(self, stripped) and not (self.failed and self.stop_on_error)
        before, mark, command = _backslash(self.buffer + line) if "\\" in line else (line, "", "")
        self.buffer = before if mark else self.buffer + line
        found = split(self.buffer)
        self.buffer = found.rest.lstrip() if found.open != "=" else ""
        for statement in found.statements:
            self.run(statement)
            if self.failed and self.stop_on_error:
                return False
        return commands.run(self, command) if mark else True

    def finish(self) -> None:
        """Run what was left without a semicolon."""
        rest, self.buffer = self.buffer.strip(), ""
        if rest:
            self.run(rest)

    def feed_all(self, lines: Iterable[str]) -> bool:
        """Take all lines of a file; False when the input is to end."""
        outer, self.source = self.source, iter(lines)
        try:
            for line in self.source:
                if not self.feed(line):
                    return False
            self.finish()
            return not (self.failed and self.stop_on_error)
        finally:
            self.source = outer

    @property
    def prompt(self) -> str:
        """The prompt for the next line: database, what is open, transaction, privilege."""
        opened = split(self.buffer).open if self.buffer else "="
        status = {"T": "*", "E": "!"}.get(self.link.status, "") if self.link.is_open else "?"
        return f"{self.link.address.database}{opened if opened != '=' else '='}{status}> "

    # ---- statements

    def run(self, sql: str, copy_in: Iterable[bytes] | None = None) -> None:
        """Run a statement and write its outcome."""
        self.last = sql
        started = time.perf_counter()
        if copy_in is None and self.source is not None:
            copy_in = _copy_lines(self.source)
        try:
            decode = codecs.getincrementaldecoder("utf-8")("replace").decode
            copied: list[bool] = []

            def take(data: bytes) -> None:
                copied.append(True)
                self.write(decode(data))

            for outcome in self.link.query(sql, copy_in, take):
                self.show(outcome, sql, bool(copied))
                copied.clear()
        except KeyboardInterrupt:
            self.failed = True
            self.say("Cancel request sent")
        except LinkError as error:
            self.failed = True
            self.say(str(error))
            if not self.link.is_open:
                self._reconnect()
        if self.timing:
            self.write(f"Time: {(time.perf_counter() - started) * 1000:.3f} ms\n")

    def _reconnect(self) -> None:
        self.err.write("The connection to the server was lost. Attempting reset: ")
        try:
            self.link.open()
        except LinkError as error:
            self.say(f"Failed.\n{error}")
        else:
            self.say("Succeeded.")

    def show(self, outcome: Outcome, sql: str = "", copied: bool = False) -> None:
        """Write an outcome; the tag of a COPY whose data was written stays out of the data."""
        if outcome.error is not None:
            self.failed = True
            self.say(describe(outcome.error, sql))
        elif outcome.columns is not None:
            names = [column.name for column in outcome.columns]
            oids = [column.type_oid for column in outcome.columns]
            self.write(render(names, oids, outcome.rows, self.style))
            if not outcome.tag.startswith("SELECT") and not self.quiet and self.style.format == "aligned":
                self.write(outcome.tag + "\n")
        elif outcome.tag and not self.quiet and not (copied and outcome.tag.startswith("COPY")):
            self.write(outcome.tag + "\n")

    # ---- text out

    def write(self, text: str) -> None:
        """Write to the output."""
        self.out.write(text)
        self.out.flush()

    def say(self, text: str) -> None:
        """Write a message or an error."""
        self.out.flush()
        self.err.write(text + "\n")
        self.err.flush()


def _backslash(text: str) -> tuple[str, str, str]:
    """Split a line at a backslash command behind a statement (`SELECT 1 \\gx`): text, the backslash, the command."""
    place = text.rfind("\\")
    before = text[:place]
    if split(before).open in ("=", "-") and text[place + 1 : place + 2] in ("g", "p", "r", "q", "?"):
        return before, "\\", text[place:].strip()
    return text, "", ""


def _copy_lines(source: Iterator[str]) -> Iterator[bytes]:
    """Yield the data of a COPY FROM STDIN that stands in the input, up to the line `\\.`."""
    for line in source:
        if line.rstrip("\r\n") == "\\.":
            return
        yield line.encode()
