"""A token bucket: so many requests a second, and some at once.

The bucket holds at most `burst` tokens and gains `rate_per_s` of them a second; a request takes one. Counting is in
billionths of a token and whole nanoseconds, so nothing is lost to rounding and equal histories give equal answers.
"""

from __future__ import annotations

from rustydb_proto.core.time import NS_PER_S, Now


class TokenBucket:
    """A bucket that is full at first. `rate_per_s` and `burst` are positive."""

    __slots__ = ("_filled_ns", "_full", "_level", "_rate")

    def __init__(self, now: Now, rate_per_s: int, burst: int) -> None:
        assert rate_per_s > 0 and burst > 0, "a bucket that never gives is a refusal, not a limit"
        self._rate = rate_per_s
        self._full = burst * NS_PER_S
        self._level = self._full
        self._filled_ns = now.mono_ns

    def take(self, now: Now) -> int:
        """Take a token and return 0, or return how many nanoseconds from now there will be one."""
        gained = (now.mono_ns - self._filled_ns) * self._rate
        self._filled_ns = now.mono_ns
        self._level = min(self._full, self._level + gained)
        if self._level < NS_PER_S:
            return -(-(NS_PER_S - self._level) // self._rate)
        self._level -= NS_PER_S
        return 0
