"""Dates, times and timestamps from text, in every form that PostgreSQL reads.

    parse_timestamp("Jan 5 2020 10:30", forms) -> microseconds since 2000-01-01
    parse_timestamptz("2020-01-05 10:30 Europe/Paris", forms)
    parse_date("epoch", forms) -> -10957

`now` is the timestamptz of the statement: what now, today, tomorrow and yesterday mean. Plain ISO texts take a short way;
the others go through `_Reader`, which follows PostgreSQL's DecodeDateTime and DecodeTimeOnly field by field.

Source: PostgreSQL 15, section 8.5.1 and appendix B.1; src/backend/utils/adt/{datetime,date,timestamp}.c.
"""

from __future__ import annotations

import re
from datetime import tzinfo

from rustydb_engine.errors import SqlError
from rustydb_engine.values.datetime_fields import Clock, read_date, read_number, read_offset, read_run, read_time
from rustydb_engine.values.datetime_lex import (
    AM_PM,
    DATE,
    DATE_M,
    DAY,
    DOW,
    DST_MOD,
    ERA,
    HOUR,
    MINUTE,
    MONTH,
    NUMBER,
    SECOND,
    SECONDS_M,
    TIME,
    TIME_M,
    TZ,
    WORDS,
    YEAR,
    ZONE,
    BadFormatError,
    Field,
    OverflowFieldError,
    fraction_micros,
    leading_int,
    split_fields,
    user_error,
)
from rustydb_engine.values.forms import Forms
from rustydb_engine.values.julian import (
    DATE_END,
    DATE_MIN,
    EPOCH_JULIAN,
    MICROS_PER_DAY,
    TIMESTAMP_END,
    TIMESTAMP_MIN,
    UNIX_EPOCH_DAYS,
    days_of,
    month_days,
    valid_julian,
)
from rustydb_engine.values.types import DATE_INFINITY, DATE_MINUS_INFINITY, INFINITY, MINUS_INFINITY
from rustydb_engine.values.zone_abbreviations import ABBREVIATIONS
from rustydb_engine.values.zones import abbreviation_offset, is_fixed, local_offset, offset_at, to_local, zone_by_name

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(?:([+-])(\d\d)(?::?(\d\d))?|(Z))?)?\Z", re.A
)
_DATE_RESERVED = ("epoch", "infinity", "-infinity")


class _Reader:
    """One text being read. `special` is epoch, infinity or -infinity; `offset` seconds east of UTC when known."""

    def __init__(self, forms: Forms, now: int | None, time_only: bool) -> None:
        self.forms = forms
        self.now = now
        self.time_only = time_only
        self.clock = Clock(forms.date_order)
        self.known = 0
        self.label = ""
        self.special = ""
        self.meridian = ""
        self.before_christ = False
        self.offset: int | None = None
        self.zone: tzinfo | None = None
        self.abbreviation = ""
        self.kinds: list[str] = []

    def read(self, fields: list[Field]) -> None:
        """Read all fields and check the whole."""
        self.kinds = [kind for kind, _ in fields]
        for index, (kind, text) in enumerate(fields):
            if kind == DATE:
                found = self.date_field(index, text)
            elif kind == TIME:
                found = self.time_field(text)
            elif kind == TZ:
                self.offset = read_offset(text)
                found = ZONE
            elif kind == NUMBER:
                found = self.labelled(text) if self.label else self.number_field(index, text)
            else:
                found = self.word_field(index, text)
            if found & self.known:
                raise BadFormatError
            self.known |= found
        if not self.special:
            self.clock.validate(self.known, self.before_christ)
        self.twelve_hours()

    # ------------------------------------------------------------ fields

    def date_field(self, index: int, text: str) -> int:
        """Read a field with punctuation: a date, a zone name, or run-together time with an offset."""
        if self.time_only:
            if index == 0 and len(self.kinds) >= 2 and (self.kinds[-1] == DATE or self.kinds[1] == TIME):
                return read_date(self.clock, text, self.known)
            return self.time_with_offset(text) if text[0].isdigit() else self.named_zone(text)
        if self.label == "julian":
            number, rest = leading_int(text)
            if number < 0:
                raise OverflowFieldError
            self.clock.set_days(number - EPOCH_JULIAN)
            self.clock.julian = True
            self.offset = read_offset(rest)
            self.label = ""
            return DATE_M | TIME_M | ZONE
        if self.label or self.known & (MONTH | DAY) == MONTH | DAY:
            if not (text[0].isdigit() or self.label):
                return self.named_zone(text)
            if self.label:
                if self.label != "time":
                    raise BadFormatError
                self.label = ""
            return self.time_with_offset(text)
        return read_date(self.clock, text, self.known)

    def time_with_offset(self, text: str) -> int:
        """Read hhmmss-zz."""
        if self.known & TIME_M == TIME_M:
            raise BadFormatError
        digits, minus, tail = text.partition("-")
        if not minus:
            raise BadFormatError
        self.offset = read_offset("-" + tail)
        return read_run(self.clock, digits, self.known | DATE_M if self.time_only else self.known) | ZONE

    def named_zone(self, text: str) -> int:
        """Read the name of a zone; 22023 when there is none."""
        self.zone = zone_by_name(text)
        if self.zone is None:
            raise SqlError("22023", f'time zone "{text}" not recognized')
        return ZONE

    def time_field(self, text: str) -> int:
        """Read hh:mm…"""
        if self.label:
            if self.label != "time":
                raise BadFormatError
            self.label = ""
        found = read_time(self.clock, text)
        if not self.time_only:
            self.clock.check_time()
        return found

    def labelled(self, text: str) -> int:
        """Read a number after a label as y, d or t: y2001m02d04t040506."""
        label, self.label = self.label, ""
        number, rest = leading_int(text)
        if rest[:1] == ".":
            if label not in ("julian", "time", "second"):
                raise BadFormatError
        elif rest:
            raise BadFormatError
        clock = self.clock
        if label == "year":
            clock.year = number
            return YEAR
        if label == "month":
            if self.known & MONTH and self.known & HOUR:
                clock.minute = number
                return MINUTE
            clock.month = number
            return MONTH
        if label == "day":
            clock.day = number
            return DAY
        if label == "hour":
            clock.hour = number
            return HOUR
        if label == "minute":
            clock.minute = number
            return MINUTE
        if label == "second":
            clock.second = number
            if not rest:
                return SECOND
            clock.micros = fraction_micros(rest)
            return SECONDS_M
        if label == "julian":
            return self.julian_day(number, rest)
        if label == "time":
            found = read_run(clock, text, self.known | DATE_M)
            if found != TIME_M:
                raise BadFormatError
            return found
        raise BadFormatError

    def julian_day(self, number: int, rest: str) -> int:
        """Read a Julian day, with a fraction for the time of day."""
        if number < 0:
            raise OverflowFieldError
        self.clock.set_days(number - EPOCH_JULIAN)
        self.clock.julian = True
        if not rest:
            return DATE_M
        if not rest[1:].isdigit():
            raise BadFormatError
        self.clock.set_time(int(float("0" + rest) * MICROS_PER_DAY))
        return DATE_M | TIME_M

    def number_field(self, index: int, text: str) -> int:
        """Read digits without a label."""
        clock, known = self.clock, self.known
        whole = text.partition(".")[0]
        if self.time_only:
            if "." in text:
                if index == 0 and len(self.kinds) >= 2 and self.kinds[-1] == DATE:
                    return read_date(clock, text, known)
                if len(whole) > 2:
                    return read_run(clock, text, known | DATE_M)
                raise BadFormatError
            if len(text) > 4:
                return read_run(clock, text, known | DATE_M)
            return read_number(clock, text, known | DATE_M)
        if "." in text:
            if not known & DATE_M:
                return read_date(clock, text, known)
            if len(whole) > 2:
                return read_run(clock, text, known)
        elif len(text) >= 6 and (not known & DATE_M or not known & TIME_M):
            return read_run(clock, text, known)
        return read_number(clock, text, known)

    def word_field(self, index: int, text: str) -> int:
        """Read a word: month, day, zone abbreviation, label, reserved word."""
        meaning = ABBREVIATIONS.get(text)
        if meaning is not None:
            return self.abbreviated(text, meaning)
        kind, number = WORDS.get(text, ("unknown", 0))
        if kind == "ignore":
            return 0
        if kind == "reserved":
            return self.reserved(str(number))
        if kind == "month" and not self.time_only:
            return self.month_word(number)
        if kind == "dstmod":
            assert isinstance(number, int)
            self.offset = (self.offset or 0) + number
            return DST_MOD
        if kind == "ampm":
            self.meridian = str(number)
            return AM_PM
        if kind == "era":
            self.before_christ = bool(number)
            return ERA
        if kind == "dow" and not self.time_only:
            return DOW
        if kind == "units":
            self.label = str(number)
            return 0
        if kind == "isotime":
            if not self.time_only and self.known & DATE_M != DATE_M:
                raise BadFormatError
            if index + 1 >= len(self.kinds) or self.kinds[index + 1] not in (NUMBER, TIME, DATE):
                raise BadFormatError
            self.label = "time"
            return 0
        if kind == "unknown":
            self.zone = zone_by_name(text)
            if self.zone is not None:
                return ZONE
        raise BadFormatError

    def abbreviated(self, text: str, meaning: tuple[int, bool] | str) -> int:
        """Take a zone abbreviation."""
        if isinstance(meaning, str):
            self.abbreviation = text
            self.zone = zone_by_name(meaning)
            if self.zone is None:
                raise BadFormatError
        else:
            self.offset = meaning[0]
        return ZONE

    def month_word(self, number: int | str) -> int:
        """Take a month name; a number that was taken for the month becomes the day."""
        assert isinstance(number, int), "a month has a number"
        clock, found = self.clock, MONTH
        if self.known & MONTH and not clock.text_month and not self.known & DAY and 1 <= clock.month <= 31:
            clock.day = clock.month
            found = DAY
        clock.text_month, clock.month = True, number
        return found

    def reserved(self, word: str) -> int:
        """Take now, today, epoch …"""
        clock = self.clock
        if word == "allballs":
            clock.set_time(0)
            self.offset = 0
            return TIME_M | ZONE
        if word == "now":
            moment = self.current()
            clock.set_days(moment // MICROS_PER_DAY)
            clock.set_time(moment % MICROS_PER_DAY)
            clock.julian = True
            if self.time_only:
                return TIME_M
            self.offset = offset_at(self.forms.zone, self.now or 0)
            return DATE_M | TIME_M | ZONE
        if self.time_only:
            raise BadFormatError
        if word in _DATE_RESERVED:
            self.special = word
            return 0
        clock.set_days(self.current() // MICROS_PER_DAY + {"yesterday": -1, "today": 0, "tomorrow": 1}[word])
        clock.julian = True
        return DATE_M

    def current(self) -> int:
        """Return the local timestamp of the statement."""
        if self.now is None:
            raise SqlError("0A000", "a date or time relative to the present is not supported here")
        return to_local(self.now, self.forms.zone)

    # ------------------------------------------------------------ the whole

    def twelve_hours(self) -> None:
        """Apply AM or PM."""
        if not self.meridian:
            return
        if self.clock.hour > 12:
            raise OverflowFieldError
        if self.meridian == "am" and self.clock.hour == 12:
            self.clock.hour = 0
        elif self.meridian == "pm" and self.clock.hour != 12:
            self.clock.hour += 12

    def local(self) -> int:
        """Return the local timestamp."""
        return self.clock.days() * MICROS_PER_DAY + self.clock.time()

    def east(self) -> int:
        """Return the offset of the moment that was read, the session's when it named none."""
        if self.zone is not None:
            if self.known & DST_MOD:
                raise BadFormatError
            if self.abbreviation:
                return abbreviation_offset(self.zone, self.abbreviation, self.local())
            return local_offset(self.zone, self.local())
        if self.known & ZONE:
            return self.offset or 0
        if self.known & DST_MOD:
            raise BadFormatError
        return local_offset(self.forms.zone, self.local())


def _read_moment(text: str, forms: Forms, now: int | None, type_name: str, need_zone: bool) -> tuple[_Reader, int]:
    """Read a date or timestamp; return the reader and the offset (0 unless `need_zone`)."""
    reader = _Reader(forms, now, False)
    try:
        reader.read(split_fields(text))
        if reader.special:
            return reader, 0
        if reader.known & DATE_M != DATE_M:
            raise BadFormatError
        _check_julian(reader.clock, text, type_name)
        if reader.zone is not None and reader.known & DST_MOD:
            raise BadFormatError
        return reader, reader.east() if need_zone else 0
    except (BadFormatError, OverflowFieldError) as error:
        raise user_error(error, text, type_name) from None


def _check_julian(clock: Clock, text: str, type_name: str) -> None:
    if not valid_julian(clock.year, clock.month):
        raise SqlError("22008", f'{"date" if type_name == "date" else "timestamp"} out of range: "{text}"')


def parse_date(text: str, forms: Forms, now: int | None = None) -> int:
    """Read a date."""
    match = _ISO.match(text)
    if match is not None and match[4] is None:
        year, month, day = int(match[1]), int(match[2]), int(match[3])
        if year and 1 <= month <= 12 and 1 <= day <= month_days(year, month):
            return days_of(year, month, day)
    reader, _ = _read_moment(text, forms, now, "date", False)
    if reader.special:
        return {"epoch": UNIX_EPOCH_DAYS, "infinity": DATE_INFINITY}.get(reader.special, DATE_MINUS_INFINITY)
    days = reader.clock.days()
    if not DATE_MIN <= days < DATE_END:
        raise SqlError("22008", f'date out of range: "{text}"')
    return days


def _plain_iso(text: str) -> tuple[int, int | None] | None:
    """Return (local timestamp, offset or None) of a plain ISO text; None when it needs the long way."""
    match = _ISO.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute, zulu = match.groups()
    number, month_number, day_number = int(year), int(month), int(day)
    if not number or not 1 <= month_number <= 12 or not 1 <= day_number <= month_days(number, month_number):
        return None
    local = days_of(number, month_number, day_number) * MICROS_PER_DAY
    if hour is not None:
        if hour > "23" or minute > "59" or (second or "00") > "59":
            return None
        local += ((int(hour) * 60 + int(minute)) * 60 + int(second or 0)) * 1_000_000
        if fraction:
            local += int(fraction.ljust(6, "0"))
    if zulu:
        return local, 0
    if sign is None:
        return local, None
    if zone_hour > "15" or (zone_minute or "00") > "59":
        return None
    offset = (int(zone_hour) * 60 + int(zone_minute or 0)) * 60
    return local, -offset if sign == "-" else offset


def parse_timestamp(text: str, forms: Forms, now: int | None = None) -> int:
    """Read a timestamp; an offset in the text is ignored."""
    plain = _plain_iso(text)
    if plain is not None:
        return plain[0]
    reader, _ = _read_moment(text, forms, now, "timestamp", False)
    if reader.special:
        return _special_timestamp(reader.special)
    return _in_range(reader.local(), text)


def parse_timestamptz(text: str, forms: Forms, now: int | None = None) -> int:
    """Read a timestamptz; without an offset or zone it is in the session's zone."""
    plain = _plain_iso(text)
    if plain is not None:
        local, offset = plain
        return local - (local_offset(forms.zone, local) if offset is None else offset) * 1_000_000
    reader, offset = _read_moment(text, forms, now, "timestamp with time zone", True)
    if reader.special:
        return _special_timestamp(reader.special)
    return _in_range(reader.local() - offset * 1_000_000, text)


def _special_timestamp(word: str) -> int:
    return {"epoch": UNIX_EPOCH_DAYS * MICROS_PER_DAY, "infinity": INFINITY}.get(word, MINUS_INFINITY)


def _in_range(micros: int, text: str) -> int:
    if not TIMESTAMP_MIN <= micros < TIMESTAMP_END:
        raise SqlError("22008", f'timestamp out of range: "{text}"')
    return micros


def _read_time(text: str, forms: Forms, now: int | None, type_name: str) -> _Reader:
    """Read a time of day, with or without a zone."""
    reader = _Reader(forms, now, True)
    try:
        reader.read(split_fields(text))
        reader.clock.check_time()
        if reader.known & TIME_M != TIME_M:
            raise BadFormatError
        if reader.zone is not None and not reader.abbreviation:
            if reader.known & DST_MOD or not (is_fixed(reader.zone) or _dated(reader)):
                raise BadFormatError
    except (BadFormatError, OverflowFieldError) as error:
        raise user_error(error, text, type_name) from None
    return reader


def _dated(reader: _Reader) -> bool:
    return reader.known & DATE_M == DATE_M


def parse_time(text: str, forms: Forms, now: int | None = None) -> int:
    """Read a time; a zone in the text is checked and ignored."""
    return _read_time(text, forms, now, "time").clock.time()


def parse_timetz(text: str, forms: Forms, now: int | None = None) -> tuple[int, int]:
    """Read a time with time zone as (microseconds, seconds west of UTC); without one it gets the session's of today."""
    reader = _read_time(text, forms, now, "time with time zone")
    try:
        if not _dated(reader):
            if reader.known & DATE_M:
                raise BadFormatError
            # Without a date in the text the session's zone counts as it is today.
            reader.clock.set_days(to_local(now or 0, forms.zone) // MICROS_PER_DAY)
        return reader.clock.time(), -reader.east()
    except BadFormatError as error:
        raise user_error(error, text, "time with time zone") from None
