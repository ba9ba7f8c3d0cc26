"""The units that extract, date_part and date_trunc know, by all their spellings.

PostgreSQL compares the first ten letters, so `microseconds` and `microsecond` are one word. A word that is no unit
is an error ("not recognized"); a unit that a type does not have is another ("not supported").

Source: PostgreSQL 15, src/backend/utils/adt/datetime.c (deltatktbl, datetktbl).
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.values.julian import civil_of, days_of, weekday_of
from rustydb_engine.values.types import Type

_SPELLINGS = """
microseconds us usec usecond useconds usecs microsecon
milliseconds ms msec msecond mseconds msecs millisecon
second s sec seconds secs
minute m min mins minutes
hour h hours hr hrs
day d days
week w weeks
month mon mons months
quarter qtr
year y years yr yrs
decade dec decades decs
century c cent centuries
millennium mil millennia mils
timezone
timezone_hour timezone_h
timezone_minute timezone_m
epoch
dow
doy
isodow
isoyear
julian j jd
"""
_TOKEN_LENGTH = 10
_UNITS: dict[str, str] = {
    word[:_TOKEN_LENGTH]: line.split()[0] for line in _SPELLINGS.strip().splitlines() for word in line.split()
}


_EXTRACTED = frozenset(("epoch", "dow", "doy", "isodow", "isoyear", "julian"))


def unit_of(text: str, kind: Type, truncating: bool = False) -> str:
    """Return the unit that a word means; 22023 when it is none. Some units mean nothing to date_trunc."""
    unit = _UNITS.get(text.strip().lower()[:_TOKEN_LENGTH])
    if unit is None or (truncating and unit in _EXTRACTED):
        raise SqlError("22023", f'unit "{text.lower()}" not recognized for type {kind.display}')
    return unit


def unsupported(text: str, kind: Type) -> SqlError:
    """Return the error for a unit that a type does not have."""
    return SqlError("0A000", f'unit "{text.lower()}" not supported for type {kind.display}')


def iso_week(days: int) -> tuple[int, int]:
    """Return the ISO year and week of a day number."""
    thursday = days + 3 - (weekday_of(days) + 6) % 7
    year = civil_of(thursday)[0]
    return year, (thursday - days_of(year, 1, 1)) // 7 + 1
