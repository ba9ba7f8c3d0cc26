"""One field of a date or time text at a time: dates, clock times, run-together digits, offsets.

`Clock` holds what has been read so far. Each function takes the text of one field and the mask of what is known, sets
the parts that the field gives and returns their mask, as PostgreSQL's DecodeDate, DecodeNumber, DecodeTime … do.

Source: PostgreSQL 15, appendix B.1; src/backend/utils/adt/datetime.c.
"""

from __future__ import annotations

import re

from rustydb_engine.values.datetime_lex import (
    DATE_M,
    DAY,
    DOY,
    MONTH,
    TIME_M,
    WORDS,
    YEAR,
    BadFormatError,
    OverflowFieldError,
    fraction_micros,
    leading_int,
    zone_displacement_error,
)
from rustydb_engine.values.julian import civil_of, days_of, month_days

_PART = re.compile(r"[^0-9A-Za-z]*(?:(\d+)|([A-Za-z]+)).?", re.A | re.S)
ZONE_HOUR_MAX = 15


class Clock:
    """The parts of a moment as they are found. `year` is as written until `validate` makes it astronomical."""

    __slots__ = (
        "date_order", "day", "doy", "hour", "julian", "micros", "minute", "month", "second", "text_month",
        "two_digit_year", "year",
    )  # fmt: skip

    def __init__(self, date_order: str) -> None:
        self.date_order = date_order
        self.year = 0
        self.month = 0
        self.day = 0
        self.doy = 0
        self.hour = 0
        self.minute = 0
        self.second = 0
        self.micros = 0
        self.two_digit_year = False
        self.text_month = False
        self.julian = False

    def set_days(self, days: int) -> None:
        """Set the date to a day number."""
        self.year, self.month, self.day = civil_of(days)

    def days(self) -> int:
        """Return the day number of the date."""
        return days_of(self.year, self.month, self.day)

    def time(self) -> int:
        """Return the microseconds since midnight."""
        return ((self.hour * 60 + self.minute) * 60 + self.second) * 1_000_000 + self.micros

    def set_time(self, micros: int) -> None:
        """Set the time of day."""
        seconds, self.micros = divmod(micros, 1_000_000)
        minutes, self.second = divmod(seconds, 60)
        self.hour, self.minute = divmod(minutes, 60)

    def check_time(self) -> None:
        """Raise when the time of day is beyond 24:00."""
        wrong = not (0 <= self.hour <= 24 and 0 <= self.minute <= 59 and 0 <= self.second <= 60)
        if wrong or not 0 <= self.micros <= 1_000_000 or self.time() > 86_400_000_000:
            raise OverflowFieldError

    def validate(self, known: int, before_christ: bool) -> None:
        """Bring the year into astronomical counting and check month and day (ValidateDate)."""
        if known & YEAR and not self.julian:
            if before_christ:
                if self.year <= 0:
                    raise OverflowFieldError
                self.year = 1 - self.year
            elif self.two_digit_year:
                if self.year < 0:
                    raise OverflowFieldError
                self.year += 2000 if self.year < 70 else 1900 if self.year < 100 else 0
            elif self.year <= 0:
                raise OverflowFieldError
        if known & DOY:
            self.set_days(days_of(self.year, 1, self.doy))
        if known & MONTH and not 1 <= self.month <= 12:
            raise OverflowFieldError(hint=True)
        if known & DAY and not 1 <= self.day <= 31:
            raise OverflowFieldError(hint=True)
        if known & DATE_M == DATE_M and self.day > month_days(self.year, self.month):
            raise OverflowFieldError


def read_date(clock: Clock, text: str, known: int) -> int:
    """Read a field with a whole date in it, as 2020-01-05 or 5-jan-2020 (DecodeDate)."""
    parts: list[str | None] = []
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            raise BadFormatError
        parts.append(match[1] or match[2])
        at = match.end()
    found = 0
    for index, part in enumerate(parts):
        if part is None or not part.isalpha():
            continue
        kind, number = WORDS.get(part, ("unknown", 0))
        if kind == "ignore":
            continue
        if kind != "month" or found & MONTH or known & MONTH:
            raise BadFormatError
        assert isinstance(number, int), "a month has a number"
        clock.month, clock.text_month = number, True
        found |= MONTH
        parts[index] = None
    for part in parts:
        if part is None:
            continue
        if part.isalpha():
            continue
        mask = read_number(clock, part, known | found)
        if mask & (known | found):
            raise BadFormatError
        found |= mask
    if (known | found) & ~DOY != DATE_M:
        raise BadFormatError
    return found


def read_number(clock: Clock, text: str, known: int) -> int:
    """Read a number whose meaning depends on its place and on DateStyle's order (DecodeNumber)."""
    number, rest = leading_int(text)
    width = len(text)
    if rest == text:
        raise BadFormatError
    if rest[:1] == ".":
        if len(text) - len(rest) > 2:
            return read_run(clock, text, known | DATE_M)
        clock.micros = fraction_micros(rest)
    elif rest:
        raise BadFormatError
    if width == 3 and known & DATE_M == YEAR and 1 <= number <= 366:
        clock.doy = number
        return DOY | MONTH | DAY
    part = _part_of_date(clock, known & DATE_M, width)
    if part == TIME_M:
        return read_run(clock, text, known)
    if part == YEAR:
        clock.year = number
        clock.two_digit_year = width <= 2
    elif part == MONTH:
        clock.month = number
    else:
        if known & YEAR and clock.text_month and width >= 3 and clock.two_digit_year and known & DATE_M == YEAR | MONTH:
            # The first number was taken for the year, but this one must be it.
            clock.day, clock.year, clock.two_digit_year = clock.year, number, False
        else:
            clock.day = number
    return part


def _part_of_date(clock: Clock, known: int, width: int) -> int:
    """Return which part a number is: YEAR, MONTH, DAY, or TIME_M when the date is complete."""
    year_first = clock.date_order == "YMD"
    if known == 0:
        if width >= 3 or year_first:
            return YEAR
        return DAY if clock.date_order == "DMY" else MONTH
    if known == YEAR:
        return MONTH
    if known == MONTH:
        return YEAR if clock.text_month and (width >= 3 or year_first) else DAY
    if known == YEAR | MONTH:
        return DAY
    if known == DAY:
        return MONTH
    if known == MONTH | DAY:
        return YEAR
    if known == DATE_M:
        return TIME_M
    raise BadFormatError


def read_run(clock: Clock, text: str, known: int) -> int:
    """Read digits that run together: YYYYMMDD, YYMMDD, hhmmss, hhmm, with a fraction (DecodeNumberField)."""
    digits, point, fraction = text.partition(".")
    if point:
        clock.micros = fraction_micros("." + fraction)
    elif known & DATE_M != DATE_M and len(digits) >= 6:
        clock.day = int(digits[-2:])
        clock.month = int(digits[-4:-2])
        clock.year = leading_int(digits[:-4])[0]
        clock.two_digit_year = len(digits) == 6
        return DATE_M
    if known & TIME_M != TIME_M and len(digits) in (4, 6) and digits.isdigit():
        clock.hour = int(digits[:2])
        clock.minute = int(digits[2:4])
        clock.second = int(digits[4:] or "0")
        return TIME_M
    raise BadFormatError


def read_time(clock: Clock, text: str) -> int:
    """Read hh:mm, hh:mm:ss[.fraction] or mm:ss.fraction (DecodeTime)."""
    clock.hour, clock.minute, clock.second, clock.micros = split_clock(text, 32, False)
    return TIME_M


def split_clock(text: str, bits: int, minutes_first: bool) -> tuple[int, int, int, int]:
    """Return (hour, minute, second, microsecond) of a clock time; `minutes_first` reads mm:ss."""
    hour, rest = leading_int(text, bits)
    if rest[:1] != ":":
        raise BadFormatError
    minute, rest = leading_int(rest[1:])
    second = micros = 0
    if not rest:
        if minutes_first:
            if hour > 2**31 - 1:
                raise OverflowFieldError
            hour, minute, second = 0, hour, minute
    elif rest[0] == ".":
        micros = fraction_micros(rest)
        if hour > 2**31 - 1:
            raise OverflowFieldError
        hour, minute, second = 0, hour, minute
    elif rest[0] == ":":
        second, rest = leading_int(rest[1:])
        if rest:
            if rest[0] != ".":
                raise BadFormatError
            micros = fraction_micros(rest)
    else:
        raise BadFormatError
    if hour < 0 or not 0 <= minute <= 59 or not 0 <= second <= 60 or not 0 <= micros <= 1_000_000:
        raise OverflowFieldError
    return hour, minute, second, micros


def read_offset(text: str) -> int:
    """Read an offset as +02, +0230, -03:30 or +01:02:03; return seconds east of UTC (DecodeTimezone)."""
    if text[:1] not in ("+", "-"):
        raise BadFormatError
    try:
        hour, rest = leading_int(text[1:])
        minute = second = 0
        if rest[:1] == ":":
            minute, rest = leading_int(rest[1:])
            if rest[:1] == ":":
                second, rest = leading_int(rest[1:])
        elif not rest and len(text) > 3:
            hour, minute = divmod(hour, 100)
    except OverflowFieldError:
        raise zone_displacement_error() from None
    if not 0 <= hour <= ZONE_HOUR_MAX or not 0 <= minute < 60 or not 0 <= second < 60:
        raise zone_displacement_error()
    if rest:
        raise BadFormatError
    offset = (hour * 60 + minute) * 60 + second
    return -offset if text[0] == "-" else offset
