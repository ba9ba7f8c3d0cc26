"""to_char() of timestamps and intervals.

The value is first taken apart into `Moment`; each pattern then prints a field of it. An interval has no calendar
date, so patterns that name a day, month or era are errors for it. Names are English.

    to_char(timestamp '2002-04-20 17:31:12', 'FMDay, DDth Mon YYYY')  ->  Saturday, 20th Apr 2002

Source: PostgreSQL 15, section 9.8; src/backend/utils/adt/formatting.c (DCH_to_char).
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.datetime_units import iso_week
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.sql.functions.templates import Node, date_template, ordinal_suffix
from rustydb_engine.values.interval import MICROS_PER_DAY, Interval
from rustydb_engine.values.julian import EPOCH_JULIAN, civil_of, days_of, split_time, weekday_of
from rustydb_engine.values.temporal import is_infinite
from rustydb_engine.values.zones import abbreviation_at, offset_at
from rustydb_proto.core.value import value

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
ROMAN_MONTHS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


@value
class Moment:
    """The fields of a timestamp or interval. `days` is the day number, `yearday` counts from 1; `offset` is east of UTC."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    micro: int
    days: int
    yearday: int
    offset: int = 0
    zone: str = ""
    interval: bool = False


Printer = Callable[[Moment, Node], str]


def _padded(number: int, width: int, node: Node) -> str:
    """Return a number with zeros in front, a sign not counted, unless FM says otherwise."""
    if node.fill:
        return str(number)
    return f"-{-number:0{width}d}" if number < 0 else f"{number:0{width}d}"


def _era_year(moment: Moment) -> int:
    """Return the year without its era: 1 BC is 1. The years of an interval keep their sign."""
    return _without_era(moment.year, moment)


def _without_era(year: int, moment: Moment) -> int:
    return year if moment.interval or year > 0 else 1 - year


def _iso_year(moment: Moment) -> int:
    return _without_era(iso_week(moment.days)[0], moment)


def _cut(number: int, modulus: int) -> int:
    """Return the remainder with the sign of the number, as C has it."""
    return number % modulus if number >= 0 else -(-number % modulus)


def _hour12(moment: Moment, node: Node) -> str:
    width = 2 if moment.hour >= 0 else 3
    number = _cut(moment.hour, 12) or 12
    return str(number) if node.fill else f"{number:0{width}d}"


def _name(names: tuple[str, ...], width: int) -> Callable[[int, Node], str]:
    """Return what prints a name in the case of the pattern; `width` is how far full names are padded."""

    def show(index: int, node: Node) -> str:
        name = names[index] if width else names[index][:3]
        if node.text.isupper():
            name = name.upper()
        elif node.text.islower():
            name = name.lower()
        return name if node.fill or node.translated else name.ljust(width)

    return show


_full_month, _short_month = _name(MONTHS, 9), _name(MONTHS, 0)
_full_day, _short_day = _name(DAYS, 9), _name(DAYS, 0)


def _halves(first: str, second: str, node: Node) -> Callable[[bool], str]:
    """Return what picks AM or PM, AD or BC, in the spelling of the pattern."""

    def pick(late: bool) -> str:
        text = second if late else first
        if "." in node.text:
            text = f"{text[0]}.{text[1]}."
        return text.lower() if node.text.islower() else text

    return pick


def _century(moment: Moment, node: Node) -> str:
    if moment.interval:
        number = moment.year // 100 if moment.year >= 0 else -(-moment.year // 100)
    elif moment.year > 0:
        number = (moment.year - 1) // 100 + 1
    else:
        number = -(-moment.year // 100) - 1
    return _padded(number, 2, node) if -99 <= number <= 99 else str(number)


def _roman(moment: Moment, node: Node) -> str:
    if not moment.month and not moment.year:
        return ""
    if moment.month == 0:
        index = 11 if moment.year >= 0 else 0
    else:
        index = moment.month - 1 if moment.month > 0 else moment.month + 12
    text = ROMAN_MONTHS[index]
    text = text.lower() if node.text.islower() else text
    return text if node.fill else text.ljust(4)


def _offset(moment: Moment, node: Node) -> str:
    size = abs(moment.offset)
    hours = str(size // 3600) if node.fill else f"{size // 3600:02d}"
    minutes = f":{size % 3600 // 60:02d}" if size % 3600 else ""
    return ("-" if moment.offset < 0 else "+") + hours + minutes


def _zone_hours(moment: Moment, _node: Node) -> str:
    return f"{'-' if moment.offset < 0 else '+'}{abs(moment.offset) // 3600:02d}"


def _thousands(moment: Moment, _node: Node) -> str:
    year = _era_year(moment)
    thousands = year // 1000 if year >= 0 else -(-year // 1000)
    return f"{thousands},{year - thousands * 1000:03d}"


def _seconds_of_day(moment: Moment, _node: Node) -> str:
    return str((moment.hour * 60 + moment.minute) * 60 + moment.second)


_NUMBERS: dict[str, Printer] = {
    "HH": _hour12,
    "HH12": _hour12,
    "HH24": lambda moment, node: _padded(moment.hour, 2, node),
    "MI": lambda moment, node: _padded(moment.minute, 2, node),
    "SS": lambda moment, node: _padded(moment.second, 2, node),
    "MS": lambda moment, node: f"{moment.micro // 1000:03d}",
    "US": lambda moment, node: f"{moment.micro:06d}",
    "SSSS": _seconds_of_day,
    "SSSSS": _seconds_of_day,
    "MM": lambda moment, node: _padded(moment.month, 2, node),
    "DDD": lambda moment, node: _padded(moment.yearday, 3, node),
    "IDDD": lambda moment, node: _padded(_iso_yearday(moment), 3, node),
    "DD": lambda moment, node: str(moment.day) if node.fill else f"{moment.day:02d}",
    "D": lambda moment, node: str(weekday_of(moment.days) + 1),
    "ID": lambda moment, node: str(weekday_of(moment.days) or 7),
    "WW": lambda moment, node: _padded((moment.yearday - 1) // 7 + 1, 2, node),
    "IW": lambda moment, node: _padded(iso_week(moment.days)[1], 2, node),
    "Q": lambda moment, node: str((moment.month - 1) // 3 + 1) if moment.month else "",
    "CC": _century,
    "Y,YYY": _thousands,
    "YYYY": lambda moment, node: _padded(_era_year(moment), 4, node),
    "IYYY": lambda moment, node: _padded(_iso_year(moment), 4, node),
    "YYY": lambda moment, node: _padded(_cut(_era_year(moment), 1000), 3, node),
    "IYY": lambda moment, node: _padded(_cut(_iso_year(moment), 1000), 3, node),
    "YY": lambda moment, node: _padded(_cut(_era_year(moment), 100), 2, node),
    "IY": lambda moment, node: _padded(_cut(_iso_year(moment), 100), 2, node),
    "Y": lambda moment, node: str(_cut(_era_year(moment), 10)),
    "I": lambda moment, node: str(_cut(_iso_year(moment), 10)),
    "W": lambda moment, node: str((moment.day - 1) // 7 + 1),
    "J": lambda moment, node: str(moment.days + EPOCH_JULIAN),
}
_TEXTS: dict[str, Printer] = {
    "AM": lambda moment, node: _halves("AM", "PM", node)(moment.hour % 24 >= 12),
    "PM": lambda moment, node: _halves("AM", "PM", node)(moment.hour % 24 >= 12),
    "A.M.": lambda moment, node: _halves("AM", "PM", node)(moment.hour % 24 >= 12),
    "P.M.": lambda moment, node: _halves("AM", "PM", node)(moment.hour % 24 >= 12),
    "AD": lambda moment, node: _halves("AD", "BC", node)(moment.year <= 0),
    "BC": lambda moment, node: _halves("AD", "BC", node)(moment.year <= 0),
    "A.D.": lambda moment, node: _halves("AD", "BC", node)(moment.year <= 0),
    "B.C.": lambda moment, node: _halves("AD", "BC", node)(moment.year <= 0),
    "MONTH": lambda moment, node: _full_month(moment.month - 1, node),
    "MON": lambda moment, node: _short_month(moment.month - 1, node),
    "DAY": lambda moment, node: _full_day(weekday_of(moment.days), node),
    "DY": lambda moment, node: _short_day(weekday_of(moment.days), node),
    "RM": _roman,
    "OF": _offset,
    "TZH": _zone_hours,
    "TZM": lambda moment, node: f"{abs(moment.offset) % 3600 // 60:02d}",
    "TZ": lambda moment, node: moment.zone.lower() if node.text.islower() else moment.zone,
    "FX": lambda moment, node: "",
}
for _digits in range(1, 7):
    _NUMBERS[f"FF{_digits}"] = lambda moment, node: f"{moment.micro:06d}"[: int(node.text[2])]
_NOT_FOR_INTERVALS = frozenset(
    ("AD", "BC", "A.D.", "B.C.", "MONTH", "MON", "DAY", "DY", "D", "ID", "OF", "TZH", "TZM", "TZ")
)


def _iso_yearday(moment: Moment) -> int:
    return (iso_week(moment.days)[1] - 1) * 7 + (weekday_of(moment.days) or 7)


def shown(moment: Moment, template: str) -> str:
    """Return a moment printed by a template; 22007 for a pattern that an interval does not have."""
    out: list[str] = []
    for node in date_template(template):
        if node.kind != "pattern":
            out.append(node.text)
            continue
        name = node.name
        if moment.interval and name in _NOT_FOR_INTERVALS:
            raise SqlError(
                "22007",
                "invalid format specification for an interval value",
                hint="Intervals are not tied to specific calendar dates.",
            )
        if name in _TEXTS:
            out.append(_TEXTS[name](moment, node))
            continue
        text = _NUMBERS[name](moment, node)
        out.append(text + ordinal_suffix(text, node.ordinal == "TH") if node.ordinal and text else text)
    return "".join(out)


def moment_of(local: int, offset: int = 0, zone: str = "") -> Moment:
    """Take a local timestamp apart."""
    days, rest = divmod(local, MICROS_PER_DAY)
    year, month, day = civil_of(days)
    return Moment(year, month, day, *split_time(rest), days, days - days_of(year, 1, 1) + 1, offset, zone)


def moment_of_interval(span: Interval) -> Moment:
    """Take an interval apart; its day of the year counts months as 30 days."""
    sign = -1 if span.months < 0 else 1
    year, month = sign * (abs(span.months) // 12), sign * (abs(span.months) % 12)
    clock = -1 if span.micros < 0 else 1
    seconds, micro = divmod(abs(span.micros), 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    days = days_of(year, month, span.days) if month > 0 else span.days
    return Moment(
        year, month, span.days, clock * hour, clock * minute, clock * second, clock * micro,
        days, (year * 12 + month) * 30 + span.days, interval=True,
    )  # fmt: skip


@function("to_char(timestamp, text) -> text", oid=2049, volatility="s")
def to_char(local: int, template: str) -> str | None:
    return None if is_infinite(local) or not template else shown(moment_of(local), template)


@function("to_char(timestamptz, text) -> text", oid=1770, volatility="s", context=True)
def to_char_tz(context: EvalContext, micros: int, template: str) -> str | None:
    if is_infinite(micros) or not template:
        return None
    zone = context.forms.zone
    offset = offset_at(zone, micros)
    return shown(moment_of(micros + offset * 1_000_000, offset, abbreviation_at(zone, micros)), template)


@function("to_char(interval, text) -> text", oid=1768, volatility="s")
def to_char_interval(span: Interval, template: str) -> str | None:
    return shown(moment_of_interval(span), template) if template else None
