"""What the engine can be told: one record of limits and names, with units in the names.

The host reads flags, environment and file into its own options and makes a `Config` from them; the simulator makes
one by hand. Nothing in the engine reads a default from anywhere else.
"""

from __future__ import annotations

from rustydb_proto.core.value import value

MIB = 1 << 20


@value
class Config:
    """Settings of one node. `durable` False keeps no log (`:memory:`).

    `tls_required` refuses sessions without TLS; with `certificate_login` a verified certificate whose common name is the user
    logs in without a password.
    """

    database: str = "rustydb"
    superuser: str = "admin"
    verifier: str = ""
    durable: bool = True
    connections_max: int = 10_100
    sql_bytes_max: int = MIB
    message_bytes_max: int = 256 * MIB
    plans_max: int = 2_000
    prepared_max: int = 10_000
    batch_rows: int = 500
    batch_bytes: int = 64 << 10
    steps_ticks_max: int = 4
    startup_ns: int = 60_000_000_000
    tls_required: bool = False
    certificate_login: bool = False
    native_idle_ns: int = 600_000_000_000
    native_requests_per_s: int = 0
    wal_segment_bytes: int = 16 * MIB
    checkpoint_wal_bytes: int = 256 * MIB
    checkpoint_ns: int = 300_000_000_000
    notify_queue_bytes_max: int = 16 * MIB
    listen_channels_max: int = 10_000
    subscription_changes_max: int = 100_000
    subscription_bytes_max: int = 64 * MIB
    subscriptions_max: int = 10_000
