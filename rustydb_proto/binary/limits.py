"""How much a peer may ask a machine to hold or to wait for."""

from __future__ import annotations

from rustydb_proto.core.time import NS_PER_S
from rustydb_proto.core.value import value


@value
class Limits:
    """Bounds of one connection, of either half. Those in Welcome are told to the client.

    `frame_bytes_max` is the body of a frame, before and after it is expanded; the handshake may lower it. Until the client is
    in, `handshake_bytes_max` holds instead. `requests_per_s` 0: no rate limit. `idle_ns` 0: a silent client may stay.
    `backlog_bytes_max` is the mark at which a machine asks its embedder to pause reading (`backlogged`).
    """

    frame_bytes_max: int = 16 << 20
    frame_bytes_least: int = 4 << 10
    handshake_bytes_max: int = 64 << 10
    sql_bytes_max: int = 1 << 20
    requests_max: int = 1024
    requests_bytes_max: int = 32 << 20
    upload_batches: int = 4
    batch_rows_max: int = 65_536
    backlog_bytes_max: int = 1 << 20
    compress_bytes_min: int = 1024
    requests_per_s: int = 0
    requests_burst: int = 0
    heartbeat_ms_min: int = 1_000
    handshake_ns: int = 30 * NS_PER_S
    idle_ns: int = 600 * NS_PER_S
