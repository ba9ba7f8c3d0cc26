"""Conversions among date, timestamp and timestamptz."""

from __future__ import annotations
from datetime import tzinfo

def date_as_timestamp(day: int) -> int:
    return day * 86_400_000_000

def date_as_timestamptz(day: int, zone: tzinfo) -> int:
    return day * 86_400_000_000

def timestamp_as_timestamptz(moment: int, zone: tzinfo) -> int:
    return moment
