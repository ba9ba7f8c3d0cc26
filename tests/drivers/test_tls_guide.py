"""The commands of docs/tls.md do what the page says."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.oracle import BINARIES
from tests.support.server import ROOT, running

SECONDS = 60
PAGE = ROOT / "docs" / "tls.md"

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None or not (BINARIES / "psql").exists(), reason="needs openssl and psql"
)


def commands() -> list[list[str]]:
    """Return the commands of the page, in order."""
    programs = ("openssl", "rustydb-asyncio", "psql")
    lines = [line.strip() for line in PAGE.read_text().splitlines() if line.startswith("    ")]
    return [shlex.split(line) for line in lines if line.split()[0] in programs]


def ask(command: list[str], port: int, folder: Path) -> str:
    """Run a psql command of the page against a server on another port."""
    words = [str(BINARIES / "psql"), "-XAt", f"{command[1]} port={port} hostaddr=127.0.0.1", *command[2:]]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_of_the_page(tmp_path: Path) -> None:
    answers = []
    arguments: list[str] = []
    for command in commands():
        if command[0] == "openssl":
            subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=SECONDS, check=True)
        elif command[0] == "rustydb-asyncio":
            arguments = [str(tmp_path / word) if word.endswith((".crt", ".key")) else word for word in command[1:]]
        else:
            with running(arguments=arguments) as server:
                answers.append(ask(command, server.port, tmp_path))
    assert answers == ["42\n", "admin\n"]
