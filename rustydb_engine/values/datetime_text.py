"""Dates, times and timestamps as text, in the four DateStyles.

| DateStyle | timestamptz |
| --- | --- |
| ISO | 2020-01-05 10:30:00.5+01 |
| SQL | 01/05/2020 10:30:00.5 CET (05/01/2020 when DateOrder is DMY) |
| Postgres | Sun Jan 05 10:30:00.5 2020 CET |
| German | 05.01.2020 10:30:00.5 CET |

Fractions lose their trailing zeros; years before Christ end in ` BC`.

Source: PostgreSQL 15, section 8.5.2; EncodeDateOnly, EncodeTimeOnly and EncodeDateTime in src/backend/utils/adt/datetime.c.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from rustydb_engine.values.forms import UTC, Forms
from rustydb_engine.values.julian import MICROS_PER_DAY, civil_of, weekday_of
from rustydb_engine.values.types import DATE_INFINITY, DATE_MINUS_INFINITY, INFINITY, MINUS_INFINITY
from rustydb_engine.values.zones import abbreviation_at, offset_at, offset_text

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Ordinals of datetime.date for the first day of its range and for 2000-01-01.
_ORDINAL_2000 = 730_120


@lru_cache(maxsize=4096)
def iso_date(days: int) -> str:
    """Return YYYY-MM-DD, with BC where due."""
    if -730_119 <= days <= 2_921_939:
        return date.fromordinal(days + _ORDINAL_2000).isoformat()
    year, month, day = civil_of(days)
    if year > 0:
        return f"{year:04d}-{month:02d}-{day:02d}"
    return f"{1 - year:04d}-{month:02d}-{day:02d} BC"


@lru_cache(maxsize=8192)
def _whole_clock(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


def clock_text(micros: int) -> str:
    """Return hh:mm:ss[.fraction] of a time of day."""
    rest = micros % 1_000_000
    if rest:
        return f"{_whole_clock(micros // 1_000_000)}.{rest:06d}".rstrip("0")
    return _whole_clock(micros // 1_000_000)


def date_out(days: int, forms: Forms) -> str:
    """Print a date."""
    if days == DATE_INFINITY:
        return "infinity"
    if days == DATE_MINUS_INFINITY:
        return "-infinity"
    style = forms.date_style
    if style == "ISO":
        return iso_date(days)
    year, month, day = civil_of(days)
    era = "" if year > 0 else " BC"
    year = year if year > 0 else 1 - year
    if style == "German":
        return f"{day:02d}.{month:02d}.{year:04d}{era}"
    separator = "/" if style == "SQL" else "-"
    first, second = (day, month) if forms.date_order == "DMY" else (month, day)
    return f"{first:02d}{separator}{second:02d}{separator}{year:04d}{era}"


def time_out(micros: int) -> str:
    """Print a time."""
    return clock_text(micros)


def timetz_out(value: tuple[int, int]) -> str:
    """Print a time with its offset."""
    return clock_text(value[0]) + offset_text(-value[1])


def timestamp_out(micros: int, forms: Forms) -> str:
    """Print a timestamp."""
    if forms.date_style == "ISO":
        days, rest = divmod(micros, MICROS_PER_DAY)
        if -730_119 <= days <= 2_921_939:
            return f"{iso_date(days)} {clock_text(rest)}"
    return _moment_text(micros, forms, "")


def timestamptz_out(micros: int, forms: Forms) -> str:
    """Print a timestamptz in the session's zone."""
    zone = forms.zone
    if micros in (INFINITY, MINUS_INFINITY):
        return "infinity" if micros > 0 else "-infinity"
    offset = offset_at(zone, micros)
    if forms.date_style == "ISO":
        suffix = "+00" if zone is UTC else offset_text(offset)
        days, rest = divmod(micros + offset * 1_000_000, MICROS_PER_DAY)
        if -730_119 <= days <= 2_921_939:
            return f"{iso_date(days)} {clock_text(rest)}{suffix}"
        return _moment_text(micros + offset * 1_000_000, forms, suffix)
    name = abbreviation_at(zone, micros)
    separator = " " if forms.date_style == "Postgres" or name else ""
    return _moment_text(micros + offset * 1_000_000, forms, separator + (name or offset_text(offset)))


def _moment_text(local: int, forms: Forms, zone_text: str) -> str:
    """Print a local timestamp with the text of its zone, in any style (EncodeDateTime)."""
    if local in (INFINITY, MINUS_INFINITY):
        return "infinity" if local > 0 else "-infinity"
    days, rest = divmod(local, MICROS_PER_DAY)
    year, month, day = civil_of(days)
    era = "" if year > 0 else " BC"
    year = year if year > 0 else 1 - year
    clock = clock_text(rest)
    if forms.date_style == "ISO":
        return f"{year:04d}-{month:02d}-{day:02d} {clock}{zone_text}{era}"
    if forms.date_style == "German":
        return f"{day:02d}.{month:02d}.{year:04d} {clock}{zone_text}{era}"
    if forms.date_style == "SQL":
        first, second = (day, month) if forms.date_order == "DMY" else (month, day)
        return f"{first:02d}/{second:02d}/{year:04d} {clock}{zone_text}{era}"
    name = _MONTHS[month - 1]
    middle = f"{day:02d} {name}" if forms.date_order == "DMY" else f"{name} {day:02d}"
    return f"{_DAYS[weekday_of(days)]} {middle} {clock} {year:04d}{zone_text}{era}"
