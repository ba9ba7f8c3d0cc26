"""The templates of to_char, to_date, to_timestamp and to_number, read into nodes.

A template is a sequence of patterns (`YYYY`, `Mon`, `999`) and other characters. A pattern of dates may have a
prefix (`FM` no padding, `TM` translated names) and a suffix (`TH` ordinal). Text in double quotes is literal; a
backslash before a double quote is too. Patterns exist in upper case, lower case and, for names, capitalised; `Hh` is
not a pattern.

Source: PostgreSQL 15, tables 9.27 and 9.29; src/backend/utils/adt/formatting.c (parse_format).
"""

from __future__ import annotations

from functools import lru_cache

from rustydb_proto.core.value import value

_DATE_PATTERNS = (
    "A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J "
    "MI MM MONTH MON MS Month Mon OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y "
    "a.d. a.m. ad am b.c. bc cc day ddd dd dy d ff1 ff2 ff3 ff4 ff5 ff6 fx hh24 hh12 hh iddd id iw iyyy iyy iy i j "
    "mi mm month mon ms of p.m. pm q rm sssss ssss ss tzh tzm tz us ww w y,yyy yyyy yyy yy y"
)
_NUMBER_PATTERNS = ", . 0 9 B C D EEEE FM G L MI PL PR RN SG SP S TH V b c d eeee fm g l mi pl pr rn sg sp s th v"
_PREFIXES = ("FM", "fm", "TM", "tm")
_SUFFIXES = ("TH", "th", "SP")


@value
class Node:
    """One pattern, or one character that is none. `kind`: pattern, separator, space or char."""

    kind: str
    text: str
    fill: bool = False
    translated: bool = False
    ordinal: str = ""

    @property
    def name(self) -> str:
        """The pattern in upper case."""
        return self.text.upper()


def _by_first(patterns: str) -> dict[str, list[str]]:
    """Return the patterns by their first character, in the order in which they are tried."""
    found: dict[str, list[str]] = {}
    for pattern in patterns.split(" "):
        found.setdefault(pattern[0], []).append(pattern)
    return found


_DATES = _by_first(_DATE_PATTERNS)
_NUMBERS = _by_first(_NUMBER_PATTERNS)


@lru_cache(maxsize=256)
def date_template(text: str) -> tuple[Node, ...]:
    """Read a template for dates and times."""
    return _read(text, _DATES, True)


@lru_cache(maxsize=256)
def number_template(text: str) -> tuple[Node, ...]:
    """Read a template for numbers."""
    return _read(text, _NUMBERS, False)


def is_separator(character: str) -> bool:
    """Whether a character separates fields: printable ASCII that is no letter or digit."""
    return "!" <= character <= "~" and not character.isalnum()


def _one_of(text: str, at: int, words: tuple[str, ...] | list[str]) -> str:
    return next((word for word in words if text.startswith(word, at)), "")


def _read(text: str, table: dict[str, list[str]], dates: bool) -> tuple[Node, ...]:
    nodes: list[Node] = []
    at = 0
    while at < len(text):
        prefix = _one_of(text, at, _PREFIXES) if dates else ""
        at += len(prefix)
        if at >= len(text):
            break
        pattern = _one_of(text, at, table.get(text[at], []))
        if pattern:
            at += len(pattern)
            suffix = _one_of(text, at, _SUFFIXES) if dates else ""
            at += len(suffix)
            fill, translated = prefix.upper() == "FM", prefix.upper() == "TM"
            nodes.append(Node("pattern", pattern, fill, translated, suffix if suffix != "SP" else ""))
        elif text[at] == '"':
            at = _read_quoted(text, at + 1, nodes)
        else:
            if text.startswith('\\"', at):
                at += 1
            nodes.append(_character(text[at], dates))
            at += 1
    return tuple(nodes)


def _character(character: str, dates: bool) -> Node:
    if dates and is_separator(character):
        return Node("separator", character)
    return Node("space" if character in " \t\n\r\f\v" else "char", character)


def _read_quoted(text: str, at: int, nodes: list[Node]) -> int:
    """Read characters up to the closing quote; a backslash quotes the next one."""
    while at < len(text):
        if text[at] == '"':
            return at + 1
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        nodes.append(Node("char", text[at]))
        at += 1
    return at


def ordinal_suffix(digits: str, upper: bool) -> str:
    """Return st, nd, rd or th for a number's digits."""
    last = digits[-1] if len(digits) < 2 or digits[-2] != "1" else "0"
    suffix = {"1": "st", "2": "nd", "3": "rd"}.get(last, "th")
    return suffix.upper() if upper else suffix
