"""Intervals from text: PostgreSQL's words, the SQL standard's forms, ISO 8601 durations.

    interval_in("1 year 2 days 03:04:05")     P…-form: "P1Y2DT3H4M5S"     standard: "1-0 2 3:04:05"

Fields are read from right to left, so that a unit is known before its number. Fractions spill over to smaller units:
a fraction of a year gives months, of a month or week days, of a day microseconds.

Source: PostgreSQL 15, section 8.5.4; DecodeInterval and DecodeISO8601Interval in src/backend/utils/adt/datetime.c.
"""

from __future__ import annotations

import re

from rustydb_engine.errors import SqlError
from rustydb_engine.values import interval_typmod as t
from rustydb_engine.values.datetime_fields import split_clock
from rustydb_engine.values.datetime_lex import CENTURY as CENTURY_M
from rustydb_engine.values.datetime_lex import (
    DATE,
    DAY,
    HOUR,
    MICRO,
    MILLI,
    MINUTE,
    MONTH,
    NUMBER,
    SECOND,
    SECONDS_M,
    TIME,
    TIME_M,
    TZ,
    WEEK,
    WORDS,
    YEAR,
    BadFormatError,
    Field,
    OverflowFieldError,
    leading_int,
    split_fields,
    user_error,
)
from rustydb_engine.values.datetime_lex import DECADE as DECADE_M
from rustydb_engine.values.datetime_lex import MILLENNIUM as MILLENNIUM_M
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.julian import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE

_UNIT_WORDS = {
    "century": "c cent centuries century",
    "day": "d day days",
    "decade": "dec decade decades decs",
    "hour": "h hour hours hr hrs",
    "minute": "m min mins minute minutes",
    "microsecond": "microsecon us usec usecond useconds usecs",
    "millennium": "mil millennia millennium mils",
    "millisecond": "millisecon ms msec msecond mseconds msecs",
    "month": "mon mons month months",
    "quarter": "qtr quarter",
    "second": "s sec second seconds secs",
    "timezone": "timezone",
    "timezone_hour": "timezone_h",
    "timezone_minute": "timezone_m",
    "week": "w week weeks",
    "year": "y year years yr yrs",
}
UNITS = {word: unit for unit, words in _UNIT_WORDS.items() for word in words.split()}
"""Word (cut to ten letters) to unit."""

# unit -> (its bit, multiple, what it is a multiple of)
_SCALES: dict[str, tuple[int, int, str]] = {
    "microsecond": (MICRO, 1, "micros"),
    "millisecond": (MILLI, 1_000, "micros"),
    "second": (SECOND, 1_000_000, "micros"),
    "minute": (MINUTE, MICROS_PER_MINUTE, "micros"),
    "hour": (HOUR, MICROS_PER_HOUR, "micros"),
    "day": (DAY, 1, "days"),
    "week": (WEEK, 7, "days"),
    "month": (MONTH, 1, "months"),
    "year": (YEAR, 1, "years"),
    "decade": (DECADE_M, 10, "years"),
    "century": (CENTURY_M, 100, "years"),
    "millennium": (MILLENNIUM_M, 1000, "years"),
}
_RIGHTMOST = {
    t.YEAR: "year",
    t.MONTH: "month",
    t.YEAR | t.MONTH: "month",
    t.DAY: "day",
    t.HOUR: "hour",
    t.DAY | t.HOUR: "hour",
    t.MINUTE: "minute",
    t.HOUR | t.MINUTE: "minute",
    t.DAY | t.HOUR | t.MINUTE: "minute",
}
_FRACTION = re.compile(r"\.\d*\Z", re.A)
_ISO_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.A)


class _Sum:
    """The interval being added up; every sum is checked against the width of its field in PostgreSQL."""

    def __init__(self) -> None:
        self.years = 0
        self.months = 0
        self.days = 0
        self.micros = 0

    def add_micros(self, number: int) -> None:
        self.micros += number
        if not -(2**63) <= self.micros < 2**63:
            raise OverflowFieldError

    def add_days(self, number: int) -> None:
        self.days += number
        if not -(2**31) <= self.days < 2**31:
            raise OverflowFieldError

    def add_months(self, number: int) -> None:
        self.months += number
        if not -(2**31) <= self.months < 2**31:
            raise OverflowFieldError

    def add_fraction_of_micros(self, fraction: float, scale: int) -> None:
        """Add a fraction of `scale` microseconds, rounded half away from zero."""
        exact = fraction * scale
        whole = int(exact)
        rest = exact - whole
        self.add_micros(whole + (1 if rest > 0.5 else -1 if rest < -0.5 else 0))

    def add_fraction_of_days(self, fraction: float, scale: int) -> None:
        """Add a fraction of `scale` days; what is less than a day goes to the microseconds."""
        exact = fraction * scale
        whole = int(exact)
        self.add_days(whole)
        self.add_fraction_of_micros(exact - whole, MICROS_PER_DAY)

    def add(self, unit: str, number: int, fraction: float) -> None:
        """Add `number` + `fraction` units."""
        _, scale, base = _SCALES[unit]
        if base == "micros":
            self.add_micros(number * scale)
            self.add_fraction_of_micros(fraction, scale)
        elif base == "days":
            self.add_days(number * scale)
            if scale == 1:
                self.add_fraction_of_micros(fraction, MICROS_PER_DAY)
            else:
                self.add_fraction_of_days(fraction, scale)
        elif base == "months":
            self.add_months(number)
            self.add_fraction_of_days(fraction, 30)
        else:
            self.years += number * scale
            if not -(2**31) <= self.years < 2**31:
                raise OverflowFieldError
            self.add_months(round(fraction * scale * 12))

    def total(self, negated: bool) -> Interval:
        """Return the interval; OverflowFieldError when the months do not fit."""
        months = self.years * 12 + self.months
        sign = -1 if negated else 1
        if not -(2**31) <= months * sign < 2**31:
            raise SqlError("22008", "interval out of range")
        if not -(2**31) <= self.days * sign < 2**31:
            raise OverflowFieldError
        if not -(2**63) <= self.micros * sign < 2**63:
            raise OverflowFieldError
        return Interval(months * sign, self.days * sign, self.micros * sign)


def interval_in(text: str, typmod: int = -1, style: str = "postgres") -> Interval:
    """Read an interval; `style` is IntervalStyle, which decides what a leading sign means."""
    mask, _ = t.unpack(typmod)
    try:
        try:
            value = _read_words(split_fields(text), mask, style)
        except BadFormatError:
            value = _read_iso(text)
    except (BadFormatError, OverflowFieldError) as error:
        if isinstance(error, OverflowFieldError):
            raise SqlError("22015", f'interval field value out of range: "{text}"') from None
        raise user_error(error, text, "interval") from None
    return value if typmod < 0 else t.fit(value, typmod)


def _read_words(fields: list[Field], mask: int, style: str) -> Interval:
    """Read an interval of numbers and units (DecodeInterval)."""
    # '-1 1:00:00' in sql_standard style negates everything, unless another sign is there.
    negative = style == "sql_standard" and bool(fields) and fields[0][1].startswith("-")
    negative = negative and not any(text[0] in "+-" for _, text in fields[1:])
    total = _Sum()
    known = 0
    ago = False
    unit = ""
    for kind, text in reversed(fields):
        if kind == TIME or (kind == TZ and ":" in text and _is_clock(text[1:])):
            minus = text[0] == "-"
            micros = _clock_micros(text.lstrip("+-"), mask)
            micros = -micros if minus or (negative and micros > 0) else micros
            total.add_micros(micros)
            found, unit = TIME_M, "day"
        elif kind in (TZ, DATE, NUMBER):
            found, unit = _add_number(total, text, unit or _RIGHTMOST.get(mask, "second"), negative)
        else:
            word = UNITS.get(text[:10])
            if word is None:
                role, _ = WORDS.get(text, ("unknown", 0))
                if text == "@" or role == "ignore":
                    continue
                if text != "ago":
                    raise BadFormatError
                ago = True
                unit = ""
                continue
            found, unit = 0, word
        if found & known:
            raise BadFormatError
        known |= found
    if not known:
        raise BadFormatError
    return total.total(ago)


def _is_clock(text: str) -> bool:
    try:
        split_clock(text, 64, False)
    except (BadFormatError, OverflowFieldError):
        return False
    return True


def _clock_micros(text: str, mask: int) -> int:
    hour, minute, second, micros = split_clock(text, 64, mask == t.MINUTE | t.SECOND)
    return hour * MICROS_PER_HOUR + minute * MICROS_PER_MINUTE + second * 1_000_000 + micros


def _add_number(total: _Sum, text: str, unit: str, negative: bool) -> tuple[int, str]:
    """Add a number in a unit; return its bit and the unit for a number to its left."""
    number, rest = leading_int(text, 64)
    fraction = 0.0
    if rest[:1] == "-":
        months, more = leading_int(rest[1:])
        if not 0 <= months < 12:
            raise OverflowFieldError
        if more:
            raise BadFormatError
        unit = "month"
        number = number * 12 + (-months if text[0] == "-" else months)
    elif rest[:1] == ".":
        if not _FRACTION.match(rest):
            raise BadFormatError
        fraction = float("0" + rest) if len(rest) > 1 else 0.0
        fraction = -fraction if text[0] == "-" else fraction
    elif rest:
        raise BadFormatError
    if negative:
        number, fraction = -abs(number), -abs(fraction)
    if unit not in _SCALES:
        raise BadFormatError
    total.add(unit, number, fraction)
    bit = _SCALES[unit][0]
    if unit == "second" and fraction:
        bit = SECONDS_M
    return bit, "day" if unit == "hour" else unit


class _Iso:
    """One pass over an ISO 8601 duration."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1
        self.total = _Sum()

    def peek(self) -> str:
        """Return the next character, '' at the end."""
        return self.text[self.at : self.at + 1]

    def number(self) -> tuple[int, float]:
        """Read a number; return its whole part and its fraction."""
        match = _ISO_NUMBER.match(self.text, self.at)
        if match is None or self.text[self.at] == "+":
            raise BadFormatError
        self.at = match.end()
        exact = float(match[0])
        if not -1e15 <= exact <= 1e15:
            raise OverflowFieldError
        return int(exact), exact - int(exact)

    def width(self, start: int) -> int:
        """Return the number of digits of the number at `start`."""
        match = re.compile(r"-?(\d*)", re.A).match(self.text, start)
        return len(match[1]) if match else 0


_DATE_LETTERS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_TIME_LETTERS = {"H": "hour", "M": "minute", "S": "second"}


def _read_iso(text: str) -> Interval:
    """Read P1Y2M3DT4H5M6S, P0001-02-03T04:05:06 or P00010203T040506 (DecodeISO8601Interval)."""
    if len(text) < 2 or text[0] != "P":
        raise BadFormatError
    iso = _Iso(text)
    in_date, some = True, False
    while iso.peek():
        if iso.peek() == "T":
            in_date, some = False, False
            iso.at += 1
            continue
        start = iso.at
        number, fraction = iso.number()
        letter = iso.peek()
        iso.at += 1
        unit = (_DATE_LETTERS if in_date else _TIME_LETTERS).get(letter)
        if unit is not None:
            iso.total.add(unit, number, fraction)
            some = True
            continue
        if some:
            raise BadFormatError
        if in_date:
            _iso_date(iso, start, number, fraction, letter)
            in_date, some = False, False
        else:
            _iso_time(iso, start, number, fraction, letter)
    return iso.total.total(False)


def _iso_date(iso: _Iso, start: int, number: int, fraction: float, letter: str) -> None:
    """Read the rest of YYYYMMDD or YYYY-MM-DD; leave the reader after its T or at the end."""
    if letter not in ("T", "-", ""):
        raise BadFormatError
    total = iso.total
    if letter != "-" and iso.width(start) == 8:
        year, rest = divmod(abs(number), 10_000)
        sign = -1 if number < 0 else 1
        total.add("year", sign * year, 0.0)
        total.add("month", sign * (rest // 100), 0.0)
        total.add("day", sign * (rest % 100), fraction)
        return
    total.add("year", number, fraction)
    for unit in ("month", "day"):
        if letter != "-":
            return
        total.add(unit, *iso.number())
        letter = iso.peek()
        iso.at += 1
    if letter not in ("T", ""):
        raise BadFormatError


def _iso_time(iso: _Iso, start: int, number: int, fraction: float, letter: str) -> None:
    """Read the rest of hhmmss or hh:mm:ss."""
    if letter not in (":", ""):
        raise BadFormatError
    total = iso.total
    if letter == "" and iso.width(start) == 6:
        hour, rest = divmod(number, 10_000)
        total.add("hour", hour, 0.0)
        total.add("minute", rest // 100, 0.0)
        total.add("second", rest % 100, fraction)
        return
    total.add("hour", number, fraction)
    for unit in ("minute", "second"):
        if letter != ":":
            break
        total.add(unit, *iso.number())
        letter = iso.peek()
        iso.at += 1
    if letter:
        raise BadFormatError
