"""SIGHUP: read the configuration again, use what can change while the server runs, and say what needs a restart.

Flags and environment cannot change in a process that runs, so what is new comes from the file. An option that cannot be
used changes nothing at all: the error is logged and the server goes on with what it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from rustydb_host.logs import Logger
from rustydb_host.options import OPTIONS, OptionError, Options
from rustydb_proto.core import io

LIMITS: Final = {
    "max_connections": ("connections_max", 1),
    "max_request_size": ("sql_bytes_max", 1),
    "checkpoint_size": ("checkpoint_wal_bytes", 1),
    "checkpoint_interval": ("checkpoint_ns", 1_000_000_000),
}
"""Options that are limits of the engine: the field of its `Config`, and what one of the option's units is there."""
LOGGING: Final = ("log_level", "log_format")


def limits_of(options: Options) -> dict[str, int]:
    """Return the fields of the engine's `Config` that come from options."""
    return {field: getattr(options, name) * factor for name, (field, factor) in LIMITS.items()}


class Reloader:
    """Compares the options with those that the server runs with. `read` gives them anew and may raise OptionError."""

    def __init__(self, options: Options, read: Callable[[], Options], logger: Logger) -> None:
        self._options = options
        self._read = read
        self._logger = logger

    def __call__(self) -> io.Input | None:
        """Read the options again; return the limits that changed, for the core."""
        try:
            fresh = self._read()
        except OptionError as error:
            self._logger.write("error", "configuration not reloaded", {"reason": str(error)})
            return None
        before = self._options
        changed = [one.name for one in OPTIONS if getattr(before, one.name) != getattr(fresh, one.name)]
        if any(name in LOGGING for name in changed):
            self._logger.change(fresh.log_level, fresh.log_format)
        applied = [f"{name}={getattr(fresh, name)}" for name in changed if name in LIMITS or name in LOGGING]
        waiting = [name for name in changed if name not in LIMITS and name not in LOGGING]
        self._options = replace(before, **{name: getattr(fresh, name) for name in (*LIMITS, *LOGGING)})
        fields = {"applied": ", ".join(applied) or "nothing", "needs_restart": ", ".join(waiting) or "nothing"}
        self._logger.write("warning" if waiting else "info", "configuration reloaded", fields)
        old, new = limits_of(before), limits_of(fresh)
        limits = {field: number for field, number in new.items() if number != old[field]}
        return io.Reloaded(limits) if limits else None
