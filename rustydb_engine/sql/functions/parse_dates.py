"""to_date() and to_timestamp(): text read by a template.

`Fields` collects what the patterns read: a second, different value for one field is an error, as is mixing Gregorian
and ISO week patterns. Blanks in the text are skipped before fields, a separator of the template matches one
separator or none, and other characters skip one, unless FX asks for a fixed width. A number takes as many digits as
its pattern has, or all when no digit pattern follows.

    to_timestamp('05 Dec 2000', 'DD Mon YYYY')  ->  2000-12-05 00:00:00+00

Source: PostgreSQL 15, section 9.8; src/backend/utils/adt/formatting.c (DCH_from_char). What the fields mean together
is in `date_fields`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.date_fields import Fields, local_timestamp
from rustydb_engine.sql.functions.format_dates import DAYS, MONTHS, ROMAN_MONTHS
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.sql.functions.templates import Node, date_template, is_separator
from rustydb_engine.values.interval import MICROS_PER_DAY
from rustydb_engine.values.temporal import check_date, check_timestamp, timestamp_to_timestamptz
from rustydb_engine.values.temporal_io import round_micros

_BLANKS = " \t\n\r\f\v"
_INTEGER = re.compile(r"[ \t\n\r\f\v]*[+-]?\d+", re.A)
_THOUSANDS = re.compile(r"[ \t\n\r\f\v]*([+-]?\d+),[ \t\n\r\f\v]*([+-]?\d{1,3})", re.A)
_FILL_HINT = 'If your source string is not fixed-width, try using the "FM" modifier.'

# Patterns of ISO weeks and of the Gregorian calendar; the others go with both.
_ISO = frozenset(("IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I"))
_GREGORIAN = frozenset(("DDD", "DD", "D", "MM", "MONTH", "MON", "RM", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y"))
_NO_DIGITS = frozenset(
    ("A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "DAY", "DY", "FX", "MONTH", "MON", "OF", "P.M.", "PM", "RM", "TZH", "TZ")
)


def _invalid(message: str, detail: str | None = None, hint: str | None = None, code: str = "22007") -> SqlError:
    return SqlError(code, message, detail=detail, hint=hint)


class Reader:
    """One text on its way through a template: `at` is the place in the text, `index` in the template."""

    def __init__(self, text: str, nodes: tuple[Node, ...]) -> None:
        self.text = text
        self.nodes = nodes
        self.at = 0
        self.index = 0
        self.extra = 0
        self.fields = Fields()

    # ---- pieces of text

    def skip_blanks(self) -> None:
        """Skip blanks, counting them as more than the template asked for."""
        while self.at < len(self.text) and self.text[self.at] in _BLANKS:
            self.at += 1
            self.extra += 1

    def next_is_separator(self) -> bool:
        """Whether no digit can follow the field at hand, so that it may take all digits there are."""
        if self.nodes[self.index].ordinal:
            return True
        if self.index + 1 >= len(self.nodes):
            return True
        following = self.nodes[self.index + 1]
        if following.kind == "pattern":
            return following.name in _NO_DIGITS
        return not (following.text.isascii() and following.text.isdigit())

    def integer(self, width: int) -> tuple[int, int]:
        """Read a number of up to `width` digits; return it and how many characters it took, blanks included."""
        node = self.nodes[self.index]
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in _BLANKS:
            self.at += 1
        if node.fill or self.next_is_separator():
            match = _INTEGER.match(self.text, start)
            end = match.end() if match else start
            digits = match[0] if match else ""
        else:
            copy = self.text[self.at : self.at + width]
            if len(copy) < width:
                detail = f"Field requires {width} characters, but only {len(copy)} remain."
                raise _invalid(f'source string too short for "{node.text}" formatting field', detail, _FILL_HINT)
            match = _INTEGER.match(copy)
            digits = match[0] if match else ""
            if 0 < len(digits) < width:
                detail = f"Field requires {width} characters, but only {len(digits)} could be parsed."
                raise _invalid(f'invalid value "{copy}" for "{node.text}"', detail, _FILL_HINT)
            end = self.at + len(digits)
        if not digits:
            shown = (
                self.text[start : start + width]
                if not (node.fill or self.next_is_separator())
                else self.text[self.at :][:width]
            )
            raise _invalid(f'invalid value "{shown}" for "{node.text}"', "Value must be an integer.")
        self.at = end
        number = int(digits) if len(digits.strip()) < 20 else 2**63
        if not -(2**31) <= number < 2**31:
            detail = "Value must be in the range -2147483648 to 2147483647."
            raise _invalid(f'value for "{node.text}" in source string is out of range', detail, code="22008")
        return number, end - start

    def word(self, words: tuple[str, ...]) -> int:
        """Read one of some words in any case and return which."""
        rest = self.text[self.at :].lower()
        for number, word in enumerate(words):
            if rest.startswith(word.lower()):
                self.at += len(word)
                return number
        shown = re.split(r"[ \t\n\r\f]", self.text[self.at :], maxsplit=1)[0]
        raise _invalid(
            f'invalid value "{shown}" for "{self.nodes[self.index].text}"',
            "The given value did not match any of the allowed values for this field.",
        )

    def ordinal(self) -> None:
        """Skip th, st, nd or rd after a number."""
        if self.nodes[self.index].ordinal:
            self.at = min(self.at + 2, len(self.text))

    # ---- the walk

    def read(self) -> Fields:
        """Walk the template and return what was read."""
        fixed = False
        while self.index < len(self.nodes) and self.at < len(self.text):
            node = self.nodes[self.index]
            is_pattern = node.kind == "pattern"
            if not fixed and not (is_pattern and node.name == "FX") and (is_pattern or self.index == 0):
                self.skip_blanks()
            if is_pattern:
                if node.name == "FX":
                    fixed = True
                else:
                    self._pattern(node)
                if not fixed:
                    self.extra = 0
                    self.skip_blanks()
            elif node.kind == "char":
                if not fixed and self.extra > 0:
                    self.extra -= 1
                else:
                    self.at += 1
            elif fixed:
                self.at += 1
            else:
                self.extra -= 1
                here = self.text[self.at : self.at + 1]
                if here and (here in _BLANKS or is_separator(here)):
                    self.at += 1
                    self.extra += 1
            self.index += 1
        return self.fields

    def _pattern(self, node: Node) -> None:
        name = node.name
        if name in _ISO:
            self.fields.set_mode("iso")
        elif name in _GREGORIAN:
            self.fields.set_mode("gregorian")
        _READERS[name](self, node)


# ---------------------------------------------------------------- one function a kind of pattern


def _number(field: str, width: int = 0) -> Callable[[Reader, Node], None]:
    """Return what reads a number into a field; the width is that of the pattern unless given."""

    def read(reader: Reader, node: Node) -> None:
        number, _ = reader.integer(width or len(node.text))
        reader.fields.put(field, number, node.text)
        reader.ordinal()

    return read


def _hour12(reader: Reader, node: Node) -> None:
    number, _ = reader.integer(2)
    reader.fields.put("hour", number, node.text)
    reader.fields.twelve_hours = True
    reader.ordinal()


def _half(reader: Reader, node: Node) -> None:
    words = ("a.m.", "p.m.") if "." in node.text else ("am", "pm")
    reader.fields.put("half", reader.word(words), node.text)
    reader.fields.twelve_hours = True


def _era(reader: Reader, node: Node) -> None:
    words = ("a.d.", "b.c.") if "." in node.text else ("ad", "bc")
    reader.fields.put("before_christ", reader.word(words), node.text)


def _milliseconds(reader: Reader, node: Node) -> None:
    number, taken = reader.integer(3)
    reader.fields.put("milliseconds", number, node.text)
    # 25 is 0.25 s and 250 is too; 025 is 0.025 s.
    reader.fields.milliseconds *= 10 ** max(3 - taken, 0)
    reader.ordinal()


def _fraction(reader: Reader, node: Node) -> None:
    width = 6
    if node.name.startswith("FF"):
        width = reader.fields.precision = int(node.name[2])
    number, taken = reader.integer(width)
    reader.fields.put("micros", number, node.text)
    reader.fields.micros *= 10 ** max(6 - taken, 0)
    reader.ordinal()


def _month(reader: Reader, node: Node) -> None:
    names = MONTHS if node.name == "MONTH" else tuple(name[:3] for name in MONTHS)
    reader.fields.put("month", reader.word(names) + 1, node.text)


def _weekday(reader: Reader, node: Node) -> None:
    names = DAYS if node.name == "DAY" else tuple(name[:3] for name in DAYS)
    number = reader.word(names)
    reader.fields.put("weekday", number, node.text)
    reader.fields.weekday += 1


def _iso_weekday(reader: Reader, node: Node) -> None:
    number, _ = reader.integer(1)
    reader.fields.put("weekday", number, node.text)
    # Monday is 1 here; Sunday is 1 in the field.
    reader.fields.weekday += 1
    if reader.fields.weekday > 7:
        reader.fields.weekday = 1
    reader.ordinal()


def _quarter(reader: Reader, node: Node) -> None:
    # A quarter names no day; it is read and dropped.
    reader.integer(1)
    reader.ordinal()


def _year(reader: Reader, node: Node) -> None:
    width = len(node.text)
    number, taken = reader.integer(width)
    reader.fields.put("year", number, node.text)
    if width < 4 and taken < 4:
        reader.fields.year = _near_2020(number)
    reader.fields.year_digits = width
    reader.ordinal()


def _near_2020(year: int) -> int:
    """Complete a year of fewer than four digits to the one nearest to 2020."""
    if year < 70:
        return year + 2000
    if year < 100:
        return year + 1900
    if year < 520:
        return year + 2000
    return year + 1000 if year < 1000 else year


def _year_with_comma(reader: Reader, node: Node) -> None:
    match = _THOUSANDS.match(reader.text, reader.at)
    if match is None:
        raise _invalid('invalid input string for "Y,YYY"')
    reader.fields.put("year", int(match[1]) * 1000 + int(match[2]), node.text)
    reader.fields.year_digits = 4
    reader.at = match.end()
    reader.ordinal()


def _roman_month(reader: Reader, node: Node) -> None:
    # Longest first, so that VIII is not read as V.
    names = tuple(sorted(ROMAN_MONTHS, key=lambda name: -ROMAN_MONTHS.index(name)))
    reader.fields.put("month", 12 - reader.word(names), node.text)


def _zone_hours(reader: Reader, node: Node) -> None:
    here = reader.text[reader.at : reader.at + 1]
    if here in ("+", "-", " "):
        reader.fields.zone_sign = -1 if here == "-" else 1
        reader.at += 1
    else:
        # The sign may have been taken for a separator of the template.
        swallowed = reader.extra > 0 and reader.text[reader.at - 1 : reader.at] == "-"
        reader.fields.zone_sign = -1 if swallowed else 1
    number, _ = reader.integer(2)
    reader.fields.put("zone_hours", number, node.text)


def _zone_minutes(reader: Reader, node: Node) -> None:
    reader.fields.zone_sign = reader.fields.zone_sign or 1
    number, _ = reader.integer(2)
    reader.fields.put("zone_minutes", number, node.text)


def _only_in_to_char(_reader: Reader, node: Node) -> None:
    raise SqlError("0A000", f'formatting field "{node.text}" is only supported in to_char')


_READERS: dict[str, Callable[[Reader, Node], None]] = {
    **dict.fromkeys(("AM", "PM", "A.M.", "P.M."), _half),
    **dict.fromkeys(("AD", "BC", "A.D.", "B.C."), _era),
    **dict.fromkeys(("HH", "HH12"), _hour12),
    "HH24": _number("hour", 2),
    "MI": _number("minute"),
    "SS": _number("second"),
    "MS": _milliseconds,
    **dict.fromkeys(("US", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6"), _fraction),
    "SSSS": _number("seconds_of_day"),
    "SSSSS": _number("seconds_of_day"),
    **dict.fromkeys(("TZ", "OF"), _only_in_to_char),
    "TZH": _zone_hours,
    "TZM": _zone_minutes,
    "MONTH": _month,
    "MON": _month,
    "MM": _number("month"),
    "DAY": _weekday,
    "DY": _weekday,
    "DDD": _number("yearday"),
    "IDDD": _number("yearday", 3),
    "DD": _number("day"),
    "D": _number("weekday"),
    "ID": _iso_weekday,
    "WW": _number("week"),
    "IW": _number("week"),
    "Q": _quarter,
    "CC": _number("century"),
    "Y,YYY": _year_with_comma,
    **dict.fromkeys(("YYYY", "IYYY", "YYY", "IYY", "YY", "IY", "Y", "I"), _year),
    "RM": _roman_month,
    "W": _number("month_week"),
    "J": _number("julian"),
}


def read_fields(text: str, template: str) -> Fields:
    """Read a text by a template."""
    return Reader(text, date_template(template)).read()


# ---------------------------------------------------------------- the SQL functions


@function("to_date(text, text) -> date", oid=1780, volatility="s")
def to_date(text: str, template: str) -> int:
    days, _, _ = local_timestamp(read_fields(text, template), text)
    try:
        return check_date(days)
    except SqlError:
        raise SqlError("22008", f'date out of range: "{text}"') from None


@function("to_timestamp(text, text) -> timestamptz", oid=1778, volatility="s", context=True)
def to_timestamp(context: EvalContext, text: str, template: str) -> int:
    fields = read_fields(text, template)
    days, micros, offset = local_timestamp(fields, text)
    if fields.precision:
        micros = round_micros(micros, fields.precision)
    local = days * MICROS_PER_DAY + micros
    if offset is not None:
        return check_timestamp(local - offset * 1_000_000)
    return timestamp_to_timestamptz(local, context.forms.zone)
