"""The proleptic Gregorian calendar by day numbers, over PostgreSQL's whole range.

A day is counted from 2000-01-01 (0). Years are astronomical: year 0 is 1 BC, year -1 is 2 BC. All arithmetic is on ints, because
Python's datetime ends at year 9999.

    days_of(2000, 3, 1) == 60;  civil_of(-1) == (1999, 12, 31)

Source: the 400-year cycle of the Gregorian calendar; limits from PostgreSQL 15, src/include/datatype/timestamp.h.
"""

from __future__ import annotations

EPOCH_JULIAN = 2_451_545
UNIX_EPOCH_DAYS = -10_957
MICROS_PER_DAY = 86_400_000_000
MICROS_PER_HOUR = 3_600_000_000
MICROS_PER_MINUTE = 60_000_000
MICROS_PER_SECOND = 1_000_000

DATE_MIN = -EPOCH_JULIAN
DATE_END = 2_147_483_494 - EPOCH_JULIAN
TIMESTAMP_MIN = -211_813_488_000_000_000
TIMESTAMP_END = 9_223_371_331_200_000_000

# Days from 0000-03-01, where the 400-year cycle begins, to 2000-01-01.
_SHIFT = 730_425
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    """Whether a year has a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year: int, month: int) -> int:
    """Return the number of days of a month."""
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


def days_of(year: int, month: int, day: int) -> int:
    """Return the day number of a date; `day` may lie outside of the month."""
    if month <= 2:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 1 - _SHIFT


def civil_of(days: int) -> tuple[int, int, int]:
    """Return (year, month, day) of a day number."""
    cycle, day = divmod(days + _SHIFT, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    if month >= 10:
        return cycle * 400 + year + 1, month - 9, day + 1
    return cycle * 400 + year, month + 3, day + 1


def weekday_of(days: int) -> int:
    """Return the day of the week, Sunday is 0."""
    return (days + 6) % 7


def valid_julian(year: int, month: int) -> bool:
    """Whether a month is in the range that PostgreSQL converts at all (4714-11 BC … 5874898-05)."""
    return (year, month) >= (-4713, 11) and (year, month) < (5_874_898, 6)


def shift_months(days: int, months: int) -> int:
    """Return a day number moved by months; the day is cut to the length of the new month."""
    year, month, day = civil_of(days)
    total = year * 12 + month - 1 + months
    year, month = total // 12, total % 12 + 1
    return days_of(year, month, min(day, month_days(year, month)))


def split_time(micros: int) -> tuple[int, int, int, int]:
    """Return (hour, minute, second, microsecond) of a time of day."""
    seconds, micros = divmod(micros, MICROS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return hour, minute, second, micros
