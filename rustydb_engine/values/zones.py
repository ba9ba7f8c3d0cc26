"""Time zones: offsets at a moment, local time to UTC, names and abbreviations.

A zone is a `datetime.tzinfo`: a ZoneInfo, or a fixed `datetime.timezone`. Python computes offsets only for the years 1 to
9999; a year outside is mapped into the 400-year cycle that ends there (the rules repeat with the calendar).

A local time that occurs twice (clocks go back) means its second occurrence, standard time; one that does not occur (clocks go
forward) is read with the offset before the change. Offsets are seconds east of UTC.

Source: PostgreSQL 15, appendix B.1, B.4; DetermineTimeZoneOffset in src/backend/utils/adt/datetime.c.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from rustydb_engine.values.forms import UTC
from rustydb_engine.values.julian import MICROS_PER_DAY, civil_of, days_of
from rustydb_engine.values.zone_abbreviations import ABBREVIATIONS

_SECOND = timedelta(seconds=1)
_OFFSET_MAX = 15 * 3600 + 59 * 60 + 59
_POSIX = re.compile(r"(?:[A-Za-z]+|<[A-Za-z0-9+-]+>)([+-]?\d{1,3})(?::(\d{2}))?(?::(\d{2}))?\Z")


def _moment(micros: int) -> datetime:
    """Return a naive datetime for microseconds since 2000-01-01, its year mapped into what Python supports."""
    days, rest = divmod(micros, MICROS_PER_DAY)
    year, month, day = civil_of(days)
    if not 2 <= year <= 9998:
        year = 400 + year % 400 if year < 2 else 9200 + year % 400
    second, micro = divmod(rest, 1_000_000)
    return datetime(year, month, day, second // 3600, second // 60 % 60, second % 60, micro)


@lru_cache(maxsize=4096)
def _offset_at_quarter(zone: tzinfo, quarter: int) -> int:
    """Return the offset in a quarter of an hour; since 1980 all zones change at quarters."""
    return _offset_utc(zone, quarter * 900_000_000)


def _offset_utc(zone: tzinfo, micros: int) -> int:
    local = zone.fromutc(_moment(micros).replace(tzinfo=zone))
    offset = local.utcoffset()
    assert offset is not None, "a zone has an offset"
    return offset // _SECOND


def offset_at(zone: tzinfo, micros: int) -> int:
    """Return the zone's offset at a timestamptz."""
    if zone is UTC:
        return 0
    if micros > -631_152_000_000_000:
        return _offset_at_quarter(zone, micros // 900_000_000)
    return _offset_utc(zone, micros)


def local_offset(zone: tzinfo, local: int) -> int:
    """Return the offset that turns a local timestamp into UTC."""
    if zone is UTC:
        return 0
    if local > -631_152_000_000_000:
        return _local_offset_at_quarter(zone, local // 900_000_000)
    return _local_offset(zone, local)


@lru_cache(maxsize=4096)
def _local_offset_at_quarter(zone: tzinfo, quarter: int) -> int:
    return _local_offset(zone, quarter * 900_000_000)


def _local_offset(zone: tzinfo, local: int) -> int:
    moment = _moment(local).replace(tzinfo=zone)
    first, second = moment.utcoffset(), moment.replace(fold=1).utcoffset()
    assert first is not None and second is not None, "a zone has an offset"
    # A gap has the smaller offset before, an overlap has it after: both rules choose the smaller.
    return min(first, second) // _SECOND


def to_local(micros: int, zone: tzinfo) -> int:
    """Return the local timestamp of a timestamptz."""
    return micros + offset_at(zone, micros) * 1_000_000


def to_utc(local: int, zone: tzinfo) -> int:
    """Return the timestamptz of a local timestamp."""
    return local - local_offset(zone, local) * 1_000_000


def abbreviation_at(zone: tzinfo, micros: int) -> str:
    """Return the zone's abbreviation at a timestamptz, as CET or +03."""
    moment = _moment(micros).replace(tzinfo=zone)
    if isinstance(zone, timezone):
        offset = zone.utcoffset(None)
        return offset_text(offset // _SECOND)
    return zone.fromutc(moment).tzname() or ""


def is_fixed(zone: tzinfo) -> bool:
    """Whether the zone has one offset at all times."""
    return isinstance(zone, timezone) or getattr(zone, "key", "") in ("UTC", "GMT", "Etc/UTC", "Etc/GMT")


def offset_text(seconds: int) -> str:
    """Print an offset east of UTC as +05, -03:30 or +00:19:32."""
    sign = "-" if seconds < 0 else "+"
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    if second:
        return f"{sign}{hour:02d}:{minute:02d}:{second:02d}"
    return f"{sign}{hour:02d}:{minute:02d}" if minute else f"{sign}{hour:02d}"


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Return the names of all zones by their lower-case form, from the tzdata package."""
    listed = files("tzdata").joinpath("zones").read_text("utf-8").split()
    return {name.lower(): name for name in listed}


@lru_cache(maxsize=512)
def zone_by_name(name: str) -> tzinfo | None:
    """Return the zone of an IANA name (in any case) or a POSIX one such as EST5; None when there is none."""
    key = _names().get(name.lower())
    if key is not None:
        return UTC if key == "UTC" else ZoneInfo(key)
    match = _POSIX.match(name)
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    # POSIX counts offsets west of Greenwich.
    west = abs(int(hours)) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return fixed_zone(west if hours.startswith("-") else -west)


def fixed_zone(seconds: int) -> tzinfo | None:
    """Return the zone of a fixed offset east of UTC; None when it is out of range."""
    if abs(seconds) > 24 * 3600 - 1:
        return None
    return timezone(timedelta(seconds=seconds))


def zone_names() -> tuple[str, ...]:
    """Return the IANA names of all zones, in order."""
    return tuple(sorted(_names().values()))


def zone_or_abbreviation(name: str) -> tzinfo | None:
    """Return what AT TIME ZONE takes: an abbreviation first, then a name; None when it is neither."""
    meaning = ABBREVIATIONS.get(name.lower())
    if meaning is None:
        return zone_by_name(name)
    return zone_by_name(meaning) if isinstance(meaning, str) else fixed_zone(meaning[0])


def abbreviation_offset(zone: tzinfo, name: str, local: int) -> int:
    """Return the offset that an abbreviation means in a zone at a local time.

    It is the one in use at that time, else that of the latest use before, else of the first after; a zone that never
    used the abbreviation gives its own offset.
    """
    moment = _moment(local).replace(tzinfo=zone)
    for candidate in (moment, moment.replace(fold=1)):
        shift = candidate.utcoffset()
        if shift is not None and (candidate.tzname() or "").lower() == name:
            return shift // _SECOND
    moments, offsets = _uses(zone, name)
    if not moments:
        return local_offset(zone, local)
    return offsets[max(bisect_right(moments, local) - 1, 0)]


@lru_cache(maxsize=64)
def _uses(zone: tzinfo, name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return when, looking every two months from 1880 to 2037, a zone used an abbreviation, and its offsets then."""
    found: list[tuple[int, int]] = []
    for year in range(1880, 2038):
        for month in range(1, 13, 2):
            moment = datetime(year, month, 1, tzinfo=zone)
            shift = moment.utcoffset()
            if shift is not None and (moment.tzname() or "").lower() == name:
                found.append((days_of(year, month, 1) * MICROS_PER_DAY, shift // _SECOND))
    return tuple(local for local, _ in found), tuple(offset for _, offset in found)
