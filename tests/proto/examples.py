"""Starts an example as a process of its own, and finds out where it listens."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "adapters" / "examples"


class Running:
    """A started example: `port` is where it listens, `lines` what it has printed since."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        assert process.stdout is not None
        first = process.stdout.readline()
        found = re.search(r"-p (\d+)", first)
        assert found is not None, f"the example says how to try it: {first!r}"
        self.port = int(found[1])
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def next_line(self) -> str:
        """Return the next line that it printed, waiting for it."""
        return self._waiting.get(timeout=20)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._waiting.put(self.lines[-1])

    def stop(self) -> list[str]:
        """End the process; return all that it printed."""
        self.process.terminate()
        self._reader.join(20)
        self.process.wait(20)
        return self.lines


def environment() -> dict[str, str]:
    """Return the environment of an example: it finds rustydb_proto of this tree."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


@contextlib.contextmanager
def running(name: str, *options: str) -> Iterator[Running]:
    """Run an example on a free port."""
    command = [sys.executable, str(EXAMPLES / name), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    started = None
    try:
        started = Running(process)
        yield started
    finally:
        if started is None:
            process.kill()
            process.wait()
        else:
            started.stop()
