"""The prompt: history, completion, Ctrl-C and Ctrl-D; with prompt_toolkit (the extra `shell`) or plain readline.

Completion offers SQL's keywords, the tables and columns of the database (asked for when first needed, and again after a statement that may have
changed them) and, at the beginning of a line, the backslash commands. History is kept in ~/.rustydb_history, or where
RUSTYDB_HISTORY says; an empty RUSTYDB_HISTORY keeps none.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from rustydb_shell import catalog
from rustydb_shell.commands import COMMANDS
from rustydb_shell.link import LinkError

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer

    from rustydb_shell.shell import Shell

_KEYWORDS: Final = """ADD ALL ALTER ANALYZE AND ANY AS ASC BEGIN BETWEEN BIGINT BOOLEAN BY CASCADE CASE CAST CHECK COALESCE COLUMN COMMIT CONFLICT
    CONSTRAINT COPY COUNT CREATE CROSS CURRENT_DATE CURRENT_TIMESTAMP DATABASE DATE DEFAULT DELETE DESC DISTINCT DO DROP ELSE END EXCEPT
    EXISTS EXPLAIN FALSE FETCH FILTER FIRST FOR FOREIGN FROM FULL FUNCTION GRANT GROUP HAVING ILIKE IN INDEX INNER INSERT INTEGER INTERSECT
    INTERVAL INTO IS ISOLATION JOIN JSONB KEY LAST LATERAL LEFT LEVEL LIKE LIMIT LISTEN MAX MIN NATURAL NOT NOTHING NOTIFY NULL NULLS NUMERIC
    OFFSET ON OR ORDER OUTER OVER PARTITION PREPARE PRIMARY READ REFERENCES RELEASE RENAME RESTRICT RETURNING REVOKE RIGHT ROLE ROLLBACK ROWS
    SAVEPOINT SCHEMA SELECT SEQUENCE SERIALIZABLE SET SHOW SUM TABLE TEMPORARY TEXT THEN TIMESTAMP TO TRANSACTION TRUE TRUNCATE TYPE UNION
    UNIQUE UPDATE USER USING VACUUM VALUES VARCHAR VIEW WHEN WHERE WINDOW WITH"""
KEYWORDS: Final = tuple(_KEYWORDS.split())
_CHANGES_NAMES: Final = ("CREATE", "ALTER", "DROP", "SET", "ROLLBACK")


class Words:
    """What can be completed. The names of the database are asked for once, and again after `forget`."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._names: list[str] | None = None

    def forget(self) -> None:
        """The names may have changed."""
        self._names = None

    def matches(self, word: str, line: str) -> list[str]:
        """Return what may follow: commands where the line begins with a backslash, else names before keywords."""
        if line.lstrip().startswith("\\") and " " not in line.strip():
            return sorted(f"\\{name}" for name in COMMANDS if f"\\{name}".startswith(word or "\\"))
        if not word:
            return []
        low = word.lower()
        names = [name for name in self._known() if name.lower().startswith(low)]
        keywords = [key if word.isupper() else key.lower() for key in KEYWORDS if key.lower().startswith(low)]
        return list(dict.fromkeys(names + keywords))

    def _known(self) -> list[str]:
        if self._names is None:
            self._names = []
            # Within a failed transaction, or without a connection, there is nothing to ask.
            if self._shell.link.is_open and self._shell.link.status != "E":
                with contextlib.suppress(LinkError):
                    self._names = sorted(str(row[0]) for row in self._shell.link.rows(catalog.WORDS))
        return self._names


def history_path() -> str:
    """Return the file of the history, or "" for none."""
    given = os.environ.get("RUSTYDB_HISTORY")
    return given if given is not None else os.path.join(os.path.expanduser("~"), ".rustydb_history")


def interact(shell: Shell, read: Callable[[str], str] | None = None, words: Words | None = None) -> None:
    """Read lines and run them until the end of the input or \\q.

    `read(prompt)` returns a line, raises EOFError at Ctrl-D and KeyboardInterrupt at Ctrl-C, which forgets what was typed.
    """
    words = words or Words(shell)
    read = read or reader(words)
    while True:
        try:
            line = read(shell.prompt)
        except KeyboardInterrupt:
            shell.buffer = ""
            continue
        except EOFError:
            shell.write("\\q\n" if not shell.quiet else "")
            return
        try:
            if not shell.feed(line + "\n"):
                return
        except KeyboardInterrupt:
            shell.buffer = ""
        if shell.last.lstrip().upper().startswith(_CHANGES_NAMES):
            words.forget()


def reader(words: Words) -> Callable[[str], str]:
    """Return the best way to read lines that is installed."""
    try:
        import prompt_toolkit
    except ImportError:
        return _readline(words)
    return _prompt_toolkit(prompt_toolkit.PromptSession, words)


def _prompt_toolkit(session_type: type[PromptSession[str]], words: Words) -> Callable[[str], str]:
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    path = history_path()
    session = session_type(
        history=FileHistory(path) if path else InMemoryHistory(),
        completer=_completer(words),
        complete_while_typing=False,
    )
    return lambda text: str(session.prompt(text))


def _completer(words: Words) -> Completer:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

    class Names(Completer):
        """What Tab offers."""

        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            line = document.current_line_before_cursor
            word = line[_word_start(line) :]
            for match in words.matches(word, line):
                yield Completion(match, start_position=-len(word))

    return Names()


def _word_start(line: str) -> int:
    start = len(line)
    while start and (line[start - 1].isalnum() or line[start - 1] in "_$\\"):
        start -= 1
    return start


def _readline(words: Words) -> Callable[[str], str]:
    try:
        import readline
    except ImportError:  # Windows without it: input() alone
        return input
    found: list[str] = []

    def complete(word: str, state: int) -> str | None:
        if state == 0:
            found[:] = words.matches(word, readline.get_line_buffer()[: readline.get_endidx()])
        return found[state] if state < len(found) else None

    readline.set_completer_delims(" \t\n()[]{}<>=+-*/,;:'\".")
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
    path = history_path()
    if path:
        with contextlib.suppress(OSError):
            readline.read_history_file(path)
        readline.set_history_length(10_000)

    def read(text: str) -> str:
        line = input(text)
        if path:
            with contextlib.suppress(OSError):
                readline.write_history_file(path)
        return line

    return read
