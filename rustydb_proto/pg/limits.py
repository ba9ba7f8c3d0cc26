"""How much a peer may ask a machine to hold or to wait for."""

from __future__ import annotations

from typing import Final

from rustydb_proto.core.time import NS_PER_S
from rustydb_proto.core.value import value

KEY_BYTES_MAX: Final = 256
"""How long a session's secret key may be in version 3.2; before, it has four bytes."""


@value
class Limits:
    """Bounds of one connection; the defaults are PostgreSQL's.

    `backlog_bytes_max` is not a limit of the protocol but the mark at which a machine asks its embedder to
    pause reading (`ServerMachine.backlogged`).
    """

    startup_bytes_max: int = 10_000
    authentication_bytes_max: int = 65_535
    message_bytes_max: int = (1 << 30) - 1
    small_message_bytes_max: int = 10_000
    backlog_bytes_max: int = 1 << 20
    startup_ns: int = 60 * NS_PER_S
