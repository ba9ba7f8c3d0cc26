"""The prompt with prompt_toolkit, on a terminal that the test types into, and with readline's ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from rustydb_shell.prompt import Words, history_path, reader

pytest.importorskip("prompt_toolkit")


class Known(Words):
    """Words without a database."""

    def __init__(self) -> None:
        self._names = ["users", "user_id"]


def test_lines_are_edited_completed_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    monkeypatch.setenv("RUSTYDB_HISTORY", str(tmp_path / "history"))
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        read = reader(Known())
        typed.send_text("SELECT 1;\n")
        assert read("rustydb=> ") == "SELECT 1;"
        typed.send_text("SELECT 12\x7f;\n")
        assert read("rustydb=> ") == "SELECT 1;"
        typed.send_text("\x1b[A\n")  # the arrow up: the line before
        assert read("rustydb=> ") == "SELECT 1;"
        typed.send_text("\x03")
        with pytest.raises(KeyboardInterrupt):
            read("rustydb=> ")
        typed.send_text("\x04")
        with pytest.raises(EOFError):
            read("rustydb=> ")
    assert "SELECT 1;" in (tmp_path / "history").read_text()


def test_what_tab_offers() -> None:
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from rustydb_shell.prompt import _completer

    completer = _completer(Known())

    def offered(text: str) -> list[str]:
        return [one.text for one in completer.get_completions(Document(text), CompleteEvent())]

    assert offered("SELECT * FROM us") == ["users", "user_id", "user", "using"]
    assert offered("\\ti") == ["\\timing"] and offered("SELECT ") == []


def test_where_the_history_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUSTYDB_HISTORY", "")
    assert history_path() == ""
    monkeypatch.delenv("RUSTYDB_HISTORY")
    assert history_path().endswith(".rustydb_history")
