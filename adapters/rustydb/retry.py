"""When something is tried again, how long to wait before, and when to stop trying.

What is retried, and what never:

- Connecting: each host in order, then all of them again after a pause, `retries` times. A refusal that cannot change
  (wrong password, unknown database, a version that does not match) is final at once.
- A read outside a transaction, when the connection broke before the first byte of its answer came. A statement counts as a read when
  `is_read` says so, or when the caller does (`idempotent=True`).
- Never inside a transaction: its earlier statements are gone with the connection. `ConnectionLost`.
- Never a write that was sent: nobody here knows whether it was carried out. `OutcomeUnknown`.
- Never because of what the server answered: 40001 and 40P01 mean that the *transaction* is to be run again, which the program must do.

Pauses grow exponentially with full jitter: the n-th is a random part of `base * 2**n`, at most `cap`. A circuit breaker (that of
rustydb_proto.binary) guards the way to the servers: after five rounds of failed connects in a row, connecting fails at once with
`CircuitOpen` for 30 s; then a single round decides whether it closes or rests again.

Everything here is pure: time and chance are arguments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from rustydb.errors import AuthenticationFailed, CircuitOpen, Error, NotSupportedError, ProgrammingError

_READ: Final = re.compile(
    r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/|\()*(SELECT|VALUES|TABLE|SHOW|EXPLAIN)\b", re.IGNORECASE
)
# Functions and clauses that make a SELECT change something. ANALYZE makes EXPLAIN run its statement.
_WRITES: Final = re.compile(
    r"\b(INTO|ANALYZE|ANALYSE|INSERT|UPDATE|DELETE|MERGE|nextval|setval|set_config|pg_notify|setseed|lo_\w+|pg_\w*advisory\w*|"
    r"pg_cancel_backend|pg_terminate_backend|pg_reload_conf|txid_current|pg_current_xact_id)\b|;\s*\S",
    re.IGNORECASE,
)


def is_read(sql: str) -> bool:
    """Return whether running a statement twice does what running it once does: it only reads. In doubt, it does not."""
    return _READ.match(sql) is not None and _WRITES.search(sql) is None


def is_final(error: Error) -> bool:
    """Return whether trying to connect again cannot help."""
    return isinstance(error, AuthenticationFailed | NotSupportedError | ProgrammingError | CircuitOpen) or (
        error.sqlstate in ("3D000", "08P01", "42501")
    )


@dataclass(frozen=True)
class Backoff:
    """Exponential pauses with full jitter; seconds."""

    base: float = 0.05
    cap: float = 5.0

    def pause(self, attempt: int, fraction: float) -> float:
        """Return the seconds before the retry number `attempt` (from 0); `fraction` is a random number in [0, 1)."""
        ceiling = min(self.cap, self.base * float(1 << min(attempt, 30)))
        # At least a tenth: an unlucky zero would make two tries one.
        return ceiling * max(fraction, 0.1)
