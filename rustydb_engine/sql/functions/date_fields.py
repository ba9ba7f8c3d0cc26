"""What the fields that a template read mean together: to_date() and to_timestamp().

A year may come with a century and an era, a day from a month, a day of the year, a week or a Julian day. What was not
read is the first of its kind: year 0 (1 BC), January, day 1, midnight.

Source: PostgreSQL 15, src/backend/utils/adt/formatting.c (do_to_timestamp).
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.values.julian import (
    EPOCH_JULIAN,
    civil_of,
    days_of,
    is_leap,
    month_days,
    valid_julian,
    weekday_of,
)


class Fields:
    """The fields of one text; 0 is what was not read, as in PostgreSQL."""

    __slots__ = (
        "before_christ", "century", "day", "half", "hour", "julian", "micros", "milliseconds", "minute", "mode",
        "month", "month_week", "precision", "second", "seconds_of_day", "twelve_hours", "week", "weekday", "year",
        "year_digits", "yearday", "zone_hours", "zone_minutes", "zone_sign",
    )  # fmt: skip

    def __init__(self) -> None:
        self.mode = ""
        self.twelve_hours = False
        self.before_christ = self.half = self.precision = self.year_digits = 0
        self.century = self.year = self.month = self.day = self.yearday = self.julian = 0
        self.week = self.weekday = self.month_week = 0
        self.hour = self.minute = self.second = self.milliseconds = self.micros = self.seconds_of_day = 0
        self.zone_sign = self.zone_hours = self.zone_minutes = 0

    def put(self, field: str, number: int, pattern: str) -> None:
        """Set a field; 22007 when it was set to something else."""
        known = getattr(self, field)
        if known not in (0, number):
            raise SqlError(
                "22007",
                f'conflicting values for "{pattern}" field in formatting string',
                detail="This value contradicts a previous setting for the same field type.",
            )
        setattr(self, field, number)

    def set_mode(self, mode: str) -> None:
        """Note that a pattern of ISO weeks or of the Gregorian calendar was met; 22007 for both."""
        if self.mode and self.mode != mode:
            raise SqlError(
                "22007",
                "invalid combination of date conventions",
                hint="Do not mix Gregorian and ISO week date conventions in a formatting template.",
            )
        self.mode = mode


def out_of_range(text: str) -> SqlError:
    """Return 22008 for a text whose fields make no date or time."""
    return SqlError("22008", f'date/time field value out of range: "{text}"')


def iso_week_start(year: int, week: int) -> int:
    """Return the day number of the Monday of an ISO week."""
    fourth = days_of(year, 1, 4)
    return fourth - (weekday_of(fourth) + 6) % 7 + (week - 1) * 7


def _year(fields: Fields) -> tuple[int, bool]:
    """Return the astronomical year and whether one was read."""
    century = -fields.century if fields.before_christ else fields.century
    if fields.year:
        if fields.century and fields.year_digits <= 2:
            year = fields.year % 100
            if year:
                year = year + (century - 1) * 100 if century >= 0 else (century + 1) * 100 - year + 1
            else:
                year = century * 100 + (0 if century >= 0 else 1)
            return year, True
        year = -fields.year if fields.before_christ else fields.year
        return year + 1 if year < 0 else year, True
    if fields.century:
        return (century - 1) * 100 + 1 if century >= 0 else century * 100 + 1, True
    return 0, False


def _date(fields: Fields, text: str) -> tuple[int, int, int]:
    """Return (year, month, day), checked."""
    year, known = _year(fields)
    month = day = 1
    month_known = day_known = False
    if fields.julian:
        year, month, day = civil_of(fields.julian - EPOCH_JULIAN)
        known = month_known = day_known = True
    yearday, day_field = fields.yearday, fields.day
    if fields.week:
        if fields.mode == "iso":
            start = iso_week_start(year, fields.week)
            if fields.weekday:
                start += 6 if fields.weekday == 1 else fields.weekday - 2
            year, month, day = civil_of(start)
            known = month_known = day_known = True
        else:
            yearday = (fields.week - 1) * 7 + 1
    if fields.month_week:
        day_field = (fields.month_week - 1) * 7 + 1
    if day_field:
        day, day_known = day_field, True
    if fields.month:
        month, month_known = fields.month, True
    if yearday and (month <= 1 or day <= 1):
        year, month, day = _of_yearday(fields, year, month, day, yearday)
        known, month_known, day_known = known or fields.mode == "iso", True, True
    if month_known and not 1 <= month <= 12:
        raise out_of_range(text)
    if day_known and not 1 <= day <= 31:
        raise out_of_range(text)
    if known and month_known and day_known and day > month_days(year, month):
        raise out_of_range(text)
    return year, month, day


def _of_yearday(fields: Fields, year: int, month: int, day: int, yearday: int) -> tuple[int, int, int]:
    """Fill in month and day from the day of the year."""
    if not year and not fields.before_christ:
        raise SqlError("22007", "cannot calculate day of year without year information")
    if fields.mode == "iso":
        return civil_of(iso_week_start(year, 1) + yearday - 1)
    before = 0
    found = 1
    lengths = [31, 29 if is_leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    while found <= 12 and yearday > before + lengths[found - 1]:
        before += lengths[found - 1]
        found += 1
    return year, found if month <= 1 else month, yearday - before if day <= 1 else day


def _micros(fields: Fields, text: str) -> int:
    """Return microseconds since midnight, checked."""
    hour, rest = divmod(fields.seconds_of_day, 3600)
    minute, second = divmod(rest, 60)
    second = fields.second or second
    minute = fields.minute or minute
    hour = fields.hour or hour
    if fields.twelve_hours:
        if not 1 <= hour <= 12:
            raise SqlError(
                "22007",
                f'hour "{hour}" is invalid for the 12-hour clock',
                hint="Use the 24-hour clock, or give an hour between 1 and 12.",
            )
        if fields.half and hour < 12:
            hour += 12
        elif not fields.half and hour == 12:
            hour = 0
    fraction = fields.milliseconds * 1000 + fields.micros
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60 and 0 <= fraction < 1_000_000):
        raise out_of_range(text)
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction


def local_timestamp(fields: Fields, text: str) -> tuple[int, int, int | None]:
    """Return (day number, microseconds since midnight, offset east of UTC or None when none was read)."""
    year, month, day = _date(fields, text)
    micros = _micros(fields, text)
    offset = None
    if fields.zone_sign:
        if not (0 <= fields.zone_hours <= 15 and 0 <= fields.zone_minutes < 60):
            raise SqlError("22009", f'time zone displacement out of range: "{text}"')
        offset = fields.zone_sign * (fields.zone_hours * 3600 + fields.zone_minutes * 60)
    if not valid_julian(year, month):
        raise SqlError("22008", f'date out of range: "{text}"')
    return days_of(year, month, day), micros, offset
