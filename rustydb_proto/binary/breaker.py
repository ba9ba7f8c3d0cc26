"""A circuit breaker: after repeated failures, stop asking for a while, then try a little.

    CLOSED      failures in a row are counted; at `failure_threshold` it opens
    OPEN        nothing is allowed until `timeout_ns` has passed
    HALF_OPEN   one call at a time is let through; `success_threshold` successes close it, a failure opens it again

Either side can have one: a client in front of a server that fails, a server in front of what it works with. A statement
that is wrong is no failure; one that the server could not run for reasons of its own is.
"""

from __future__ import annotations

from enum import Enum, auto

from rustydb_proto.core.time import NS_PER_S, Now
from rustydb_proto.core.value import value


class Circuit(Enum):
    """The state of a breaker."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


@value
class BreakerConfig:
    """When a breaker opens and closes."""

    failure_threshold: int = 5
    success_threshold: int = 2
    timeout_ns: int = 30 * NS_PER_S


class CircuitBreaker:
    """One breaker. Each call that `allow` lets through ends in `succeeded` or `failed`."""

    __slots__ = ("_config", "_count", "_opened_ns", "_trying", "state")

    def __init__(self, config: BreakerConfig | None = None) -> None:
        self._config = config or BreakerConfig()
        self.state = Circuit.CLOSED
        self._count = 0
        self._opened_ns = 0
        self._trying = False

    def allow(self, now: Now) -> bool:
        """Say whether a call may be made now."""
        if self.state is Circuit.CLOSED:
            return True
        if self.state is Circuit.OPEN:
            if now.mono_ns - self._opened_ns < self._config.timeout_ns:
                return False
            self.state = Circuit.HALF_OPEN
            self._count = 0
            self._trying = False
        if self._trying:
            return False
        self._trying = True
        return True

    def retry_ns(self, now: Now) -> int:
        """Return how long an open breaker stays open; 0 otherwise."""
        if self.state is not Circuit.OPEN:
            return 0
        return max(0, self._opened_ns + self._config.timeout_ns - now.mono_ns)

    def succeeded(self) -> None:
        """A call came back well."""
        self._trying = False
        if self.state is Circuit.CLOSED:
            self._count = 0
        elif self.state is Circuit.HALF_OPEN:
            self._count += 1
            if self._count >= self._config.success_threshold:
                self.state = Circuit.CLOSED
                self._count = 0

    def failed(self, now: Now) -> None:
        """A call failed for reasons that are not the caller's."""
        self._trying = False
        self._count += 1
        if self.state is Circuit.HALF_OPEN or (
            self.state is Circuit.CLOSED and self._count >= self._config.failure_threshold
        ):
            self.state = Circuit.OPEN
            self._opened_ns = now.mono_ns
            self._count = 0
