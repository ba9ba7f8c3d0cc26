"""A real server process for tests: started on a free port, ended by its own handle.

    with running(":memory:") as server:
        psycopg.connect(server.url)

`server.kill()` is SIGKILL, `server.stop()` SIGTERM; both wait for the process.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

READY_SECONDS = 120
ROOT = Path(__file__).parents[2]


class ServerFailed(Exception):
    """The server did not become ready; the message has what it wrote."""


@dataclass
class Server:
    """One running server. `errors` collects its standard error."""

    process: subprocess.Popen[str]
    data_dir: str
    host: str = "asyncio"
    ready_line: str = ""
    port: int = 0
    errors: list[str] = field(default_factory=list)
    heard: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """The connection URL of the superuser."""
        return f"postgresql://admin:admin@127.0.0.1:{self.port}/rustydb"

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def logged(self, word: str, seconds: float = 60) -> str:
        """Wait for a line of its log that has a word, and return it."""

        def found() -> str | None:
            return next((line for line in self.errors if word in line), None)

        with self.heard:
            line = self.heard.wait_for(found, seconds)
        assert line, f"the server did not say {word!r}: {''.join(self.errors)[-4000:]}"
        return line

    def kill(self) -> None:
        """End the process as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 60) -> int:
        """Ask the process to stop, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


def start(
    data_dir: str | Path,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    host: str = "asyncio",
) -> Server:
    """Start a server on a host and wait for its ready line; ServerFailed with its output when there is none."""
    command = [sys.executable, "-m", f"rustydb_{host}", "--port", "0", "--data-dir", str(data_dir), *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    )
    server = Server(process, str(data_dir), host)
    assert process.stdout is not None and process.stderr is not None
    errors = process.stderr

    def collect() -> None:
        for line in errors:
            with server.heard:
                server.errors.append(line)
                server.heard.notify_all()

    threading.Thread(target=collect, daemon=True).start()
    watchdog = threading.Timer(READY_SECONDS, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    match = re.match(r"ready postgresql=\S*?:(\d+)", line)
    if match is None:
        process.kill()
        process.wait()
        raise ServerFailed(f"no ready line, but {line!r}; standard error: {''.join(server.errors)[-4000:]}")
    server.ready_line = line.strip()
    server.port = int(match[1])
    return server


@contextmanager
def running(
    data_dir: str | Path = ":memory:",
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    host: str = "asyncio",
) -> Iterator[Server]:
    """Run a server for the length of a `with` block."""
    server = start(data_dir, arguments, environment, host)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
        if server.process.stdout is not None:
            server.process.stdout.close()
