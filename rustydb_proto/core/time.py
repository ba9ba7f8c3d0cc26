"""Time as an argument: nothing below the adapters reads a clock.

`mono_ns` never goes backwards and drives every timeout; `wall_us` is what SQL's `now()` shows
(microseconds since 1970-01-01 UTC) and may jump.
"""

from __future__ import annotations

from rustydb_proto.core.value import value

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


@value
class Now:
    """One reading of both clocks: monotonic nanoseconds and wall microseconds since 1970 UTC."""

    mono_ns: int
    wall_us: int
