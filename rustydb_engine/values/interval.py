"""The value of an interval: months, days and microseconds kept apart, as PostgreSQL keeps them.

A month has no fixed number of days and a day no fixed number of hours (daylight saving), so the three
are separate; only for comparison is a month 30 days and a day 24 hours (`span`).
"""

from __future__ import annotations

from typing import NamedTuple

MICROS_PER_DAY = 86_400_000_000


class Interval(NamedTuple):
    """An interval. Its fields may have different signs. Compare with `span`, never with tuple order."""

    months: int
    days: int
    micros: int

    def span(self) -> int:
        """Return the microseconds by which intervals compare: 30-day months, 24-hour days."""
        return (self.months * 30 + self.days) * MICROS_PER_DAY + self.micros
