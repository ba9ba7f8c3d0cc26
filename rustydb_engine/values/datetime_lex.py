"""Date and time text cut into fields, and the words that may stand in them.

`split_fields` cuts a text as PostgreSQL's ParseDateTime does; the kind of a field depends only on its own characters:

    split_fields("Jan 5 2020 10:30+02") == [(STRING, "jan"), (NUMBER, "5"), (NUMBER, "2020"), (TIME, "10:30"), (TZ, "+02")]

What a field means is decided by `datetime_parse` and `interval_parse`.

Source: PostgreSQL 15, appendix B.1; src/backend/utils/adt/datetime.c.
"""

from __future__ import annotations

import re

from rustydb_engine.errors import SqlError

NUMBER, STRING, DATE, TIME, TZ, SPECIAL = "number", "string", "date", "time", "tz", "special"
FIELDS_MAX = 25
LENGTH_MAX = 128 + 25
_BLANKS = " \t\n\v\f\r"

# Bits of what has been read, as DTK_M in PostgreSQL.
YEAR, MONTH, DAY, DOY, HOUR, MINUTE, SECOND, MILLI, MICRO, ZONE, DST_MOD, DOW, AM_PM, ERA = (
    1 << bit for bit in range(14)
)
WEEK, DECADE, CENTURY, MILLENNIUM = (1 << bit for bit in range(14, 18))
DATE_M = YEAR | MONTH | DAY
SECONDS_M = SECOND | MILLI | MICRO
TIME_M = HOUR | MINUTE | SECONDS_M

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY_NAMES = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]


def _words() -> dict[str, tuple[str, int | str]]:
    table: dict[str, tuple[str, int | str]] = {
        "-infinity": ("reserved", "-infinity"),
        "ad": ("era", 0),
        "allballs": ("reserved", "allballs"),
        "am": ("ampm", "am"),
        "at": ("ignore", 0),
        "bc": ("era", 1),
        "d": ("units", "day"),
        "dow": ("units", "dow"),
        "doy": ("units", "doy"),
        "dst": ("dstmod", 3600),
        "epoch": ("reserved", "epoch"),
        "h": ("units", "hour"),
        "infinity": ("reserved", "infinity"),
        "isodow": ("units", "isodow"),
        "isoyear": ("units", "isoyear"),
        "j": ("units", "julian"),
        "jd": ("units", "julian"),
        "julian": ("units", "julian"),
        "m": ("units", "month"),
        "mm": ("units", "minute"),
        "now": ("reserved", "now"),
        "on": ("ignore", 0),
        "pm": ("ampm", "pm"),
        "s": ("units", "second"),
        "sept": ("month", 9),
        "t": ("isotime", "time"),
        "thur": ("dow", 4),
        "thurs": ("dow", 4),
        "today": ("reserved", "today"),
        "tomorrow": ("reserved", "tomorrow"),
        "tues": ("dow", 2),
        "weds": ("dow", 3),
        "y": ("units", "year"),
        "yesterday": ("reserved", "yesterday"),
    }
    for index, (short, long) in enumerate(zip(MONTHS, MONTH_NAMES, strict=True), start=1):
        table[short] = table[long] = ("month", index)
    for index, (short, long) in enumerate(zip(DAYS, _DAY_NAMES, strict=True)):
        table[short] = table[long] = ("dow", index)
    return table


WORDS = _words()
"""Word of a date or time to (class, value)."""

Field = tuple[str, str]

_DIGITS = re.compile(r"\d+", re.A)
_TIME_TAIL = re.compile(r"[\d:.]*", re.A)
_NAME_TAIL = re.compile(r"[+\-/_.:0-9A-Za-z]*")
_ZONE_TAIL = re.compile(r"[\d:.\-]*", re.A)
_LETTERS = re.compile(r"[A-Za-z]+")
_FRACTION = re.compile(r"\.\d*", re.A)


class BadFormatError(Exception):
    """A text that is no date, time or interval: 22007 with the type's name."""


class OverflowFieldError(Exception):
    """A field out of range: 22008, or for an interval 22015. `hint` says whether DateStyle may be to blame."""

    def __init__(self, hint: bool = False, sqlstate: str = "22008", what: str = "date/time field value") -> None:
        super().__init__(what)
        self.hint = hint
        self.sqlstate = sqlstate
        self.what = what


def zone_displacement_error() -> OverflowFieldError:
    """Return the error for an offset beyond 15:59:59."""
    return OverflowFieldError(False, "22009", "time zone displacement")


def user_error(error: Exception, text: str, type_name: str) -> SqlError:
    """Return what the user sees for a text that could not be read."""
    if isinstance(error, OverflowFieldError):
        hint = 'Perhaps you need a different "datestyle" setting.' if error.hint else None
        return SqlError(error.sqlstate, f'{error.what} out of range: "{text}"', hint=hint)
    return SqlError("22007", f'invalid input syntax for type {type_name}: "{text}"')


def split_fields(text: str) -> list[Field]:
    """Cut a text into fields of (kind, lower-case text); BadFormatError for what cannot be one."""
    fields: list[Field] = []
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char in _BLANKS:
            at += 1
            continue
        if char.isascii() and char.isdigit():
            field, at = _after_digits(text, at)
        elif char == ".":
            match = _FRACTION.match(text, at)
            assert match, "it begins with a point"
            field, at = (NUMBER, match[0]), match.end()
        elif char.isascii() and char.isalpha():
            field, at = _after_letters(text, at)
        elif char in "+-":
            field, at = _after_sign(text, at)
        elif char.isascii() and char.isprintable():
            at += 1
            continue
        else:
            raise BadFormatError
        if len(fields) >= FIELDS_MAX or len(field[1]) > LENGTH_MAX:
            raise BadFormatError
        fields.append(field)
    return fields


def _after_digits(text: str, start: int) -> tuple[Field, int]:
    """Take a field that begins with a digit: a number, date or time."""
    match = _DIGITS.match(text, start)
    assert match, "it begins with a digit"
    at = match.end()
    char = text[at : at + 1]
    if char == ":":
        tail = _TIME_TAIL.match(text, at)
        assert tail, "a tail may be empty"
        return (TIME, text[start : tail.end()]), tail.end()
    if char and char in "-/.":
        at += 1
        kind = NUMBER if char == "." else DATE
        if text[at : at + 1].isdigit():
            more = _DIGITS.match(text, at)
            at = more.end() if more else at
            if text[at : at + 1] == char:
                kind = DATE
                while at < len(text) and (text[at] == char or (text[at].isascii() and text[at].isdigit())):
                    at += 1
        else:
            kind = DATE
            while at < len(text) and (text[at] == char or (text[at].isascii() and text[at].isalnum())):
                at += 1
        return (kind, text[start:at].lower()), at
    return (NUMBER, match[0]), at


def _after_letters(text: str, start: int) -> tuple[Field, int]:
    """Take a field that begins with a letter: a word, or a date or zone name with punctuation in it."""
    match = _LETTERS.match(text, start)
    assert match, "it begins with a letter"
    at = match.end()
    char = text[at : at + 1]
    compound = char != "" and char in "-/."
    if not compound and (char == "+" or (char.isascii() and char.isdigit())):
        compound = match[0].lower() not in WORDS
    if compound:
        tail = _NAME_TAIL.match(text, at)
        assert tail, "a tail may be empty"
        return (DATE, text[start : tail.end()].lower()), tail.end()
    return (STRING, match[0].lower()), at


def _after_sign(text: str, start: int) -> tuple[Field, int]:
    """Take a field that begins with a sign: an offset, a signed number, or a word as -infinity."""
    at = start + 1
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    if at < len(text) and text[at].isascii() and text[at].isdigit():
        tail = _ZONE_TAIL.match(text, at)
        assert tail, "a tail may be empty"
        return (TZ, text[start] + tail[0]), tail.end()
    word = _LETTERS.match(text, at)
    if word is None:
        raise BadFormatError
    return (SPECIAL, text[start] + word[0].lower()), word.end()


_INT = re.compile(r"[ \t\n\v\f\r]*[+-]?\d+", re.A)


def leading_int(text: str, bits: int = 32) -> tuple[int, str]:
    """Return what strtol reads and the rest; no digits give 0 and the whole text. OverflowFieldError beyond `bits`."""
    match = _INT.match(text)
    if match is None:
        return 0, text
    if len(match[0]) > 40:
        raise OverflowFieldError
    number = int(match[0])
    limit = 1 << (bits - 1)
    if not -limit <= number < limit:
        raise OverflowFieldError
    return number, text[match.end() :]


def fraction_micros(text: str) -> int:
    """Return the microseconds of `.fraction`, rounded half to even; BadFormatError when there is more."""
    if text[:1] != "." or not text[1:].isdigit():
        if text == ".":
            return 0
        raise BadFormatError
    return round(float("0" + text) * 1_000_000)
