"""SIGHUP: read the configuration again, use what can change while the server runs, and say what needs a restart.

Flags and environment cannot change in a process that runs, so what is new comes from the file. An option that cannot be
used changes nothing at all: the error is logged and the server goes on with what it has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from rustydb_host.certificates import CertificateError, server_context
from rustydb_host.logs import Logger
from rustydb_host.options import OPTIONS, OptionError, Options
from rustydb_proto.core import io

LIMITS: Final = {
    "max_connections": ("connections_max", 1),
    "max_request_size": ("sql_bytes_max", 1),
    "idle_timeout": ("native_idle_ns", 1_000_000_000),
    "native_rate": ("native_requests_per_s", 1),
    "checkpoint_size": ("checkpoint_wal_bytes", 1),
    "checkpoint_interval": ("checkpoint_ns", 1_000_000_000),
    "tls_required": ("tls_required", 1),
    "tls_cert_login": ("certificate_login", 1),
}
"""Options that are limits of the engine: the field of its `Config`, and what one of the option's units is there."""
LOGGING: Final = ("log_level", "log_format")
CERTIFICATES: Final = (
    "enable_tls", "tls_cert", "tls_key", "tls_name", "tls_ca", "tls_client_auth", "require_client_cert", "tls_min_version", "tls_ciphers",
)  # fmt: skip
"""Options of what encrypts. Their files are read again whether they changed or not: certificates are renewed in place."""


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
            tls = server_context(fresh)
        except (OptionError, CertificateError) as error:
            self._logger.write("error", "configuration not reloaded", {"reason": str(error)})
            return None
        before = self._options
        changed = [one.name for one in OPTIONS if getattr(before, one.name) != getattr(fresh, one.name)]
        if any(name in LOGGING for name in changed):
            self._logger.change(fresh.log_level, fresh.log_format)
        # TLS may begin while the server runs; to end it there would leave clients that count on it without.
        ends = before.tls and tls is None
        taken = (*LIMITS, *LOGGING) if ends else (*LIMITS, *LOGGING, *CERTIFICATES)
        applied = [f"{name}={_shown(getattr(fresh, name))}" for name in changed if name in taken]
        if tls is not None:
            applied.append("certificates read again")
        waiting = [name for name in changed if name not in taken]
        self._options = replace(before, **{name: getattr(fresh, name) for name in taken})
        fields = {"applied": ", ".join(applied) or "nothing", "needs_restart": ", ".join(waiting) or "nothing"}
        self._logger.write("warning" if waiting else "info", "configuration reloaded", fields)
        old, new = limits_of(before), limits_of(fresh)
        limits = {field: number for field, number in new.items() if number != old[field]}
        return io.Reloaded(limits, tls) if limits or tls is not None else None


def _shown(value: object) -> str:
    return ":".join(value) if isinstance(value, tuple) else str(value)
