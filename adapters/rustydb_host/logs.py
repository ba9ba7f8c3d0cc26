"""Log lines on standard error, as text or JSON, from the node's `Log` effects and the host's own words.

2026-01-05T10:00:00.000Z info ready postgresql=127.0.0.1:5432
{"time": "2026-01-05T10:00:00.000Z", "level": "info", "event": "ready", "postgresql": "127.0.0.1:5432"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

LEVELS = ("debug", "info", "warning", "error")
Value = str | int | float | None


class Logger:
    """Writes records of at least `level` to `stream`."""

    def __init__(self, stream: TextIO, level: str, form: str) -> None:
        self._stream = stream
        self.change(level, form)

    def change(self, level: str, form: str) -> None:
        """Write records of at least another level, in another form, from now on."""
        self._least = LEVELS.index(level)
        self._json = form == "json"

    def write(self, level: str, event: str, fields: Mapping[str, Value] | None = None) -> None:
        """Write one record; a stream that is gone is no reason to stop serving."""
        if LEVELS.index(level) < self._least:
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields = fields or {}
        if self._json:
            line = json.dumps({"time": time, "level": level, "event": event, **fields})
        else:
            line = " ".join([time, level, event, *(f"{name}={_quoted(value)}" for name, value in fields.items())])
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return


def _quoted(value: Value) -> str:
    text = str(value)
    return json.dumps(text) if not text or any(c in text for c in ' "=\n') else text
