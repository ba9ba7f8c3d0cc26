"""What a configuration parameter is, and how the text of a value becomes its canonical form.

`PARAMETERS` maps the lower-case name to its `Parameter`; `canonical(parameter, text)` checks a value as PostgreSQL does
and returns what SHOW prints: `set work_mem = '64 MB'` shows `64MB`, `set jit = 1` shows `on`. Errors are 22023 with
PostgreSQL's words and hints.

Source: PostgreSQL 15, section 20.1 and src/backend/utils/misc/guc.c.
"""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from rustydb_engine.errors import SqlError
from rustydb_engine.session.parameter_table import TABLE
from rustydb_engine.sql.functions.binary import encoding_named
from rustydb_engine.version import SERVER_VERSION, SERVER_VERSION_NUM
from rustydb_proto.core.value import value


@value
class Parameter:
    """One parameter. `kind` bool, integer, real, string or enum; `context` user, superuser, internal, postmaster…"""

    name: str
    kind: str
    unit: str
    context: str
    default: str
    minimum: str
    maximum: str
    choices: tuple[str, ...]
    category: str
    description: str


def _load() -> dict[str, Parameter]:
    table = {}
    for line in TABLE.strip().splitlines():
        name, kind, unit, context, default, low, high, choices, category, description = line.split("|")
        words = tuple(choices.split(",")) if choices else ()
        table[name.lower()] = Parameter(name, kind, unit, context, default, low, high, words, category, description)
    preset = "Preset Options"
    number = str(SERVER_VERSION_NUM)
    for name, kind, default, text in (
        ("server_version", "string", SERVER_VERSION, "Shows the server version."),
        ("server_version_num", "integer", number, "Shows the server version as an integer."),
        ("is_superuser", "bool", "on", "Shows whether the current user is a superuser."),
        ("session_authorization", "string", "", "Sets the session user name."),
        ("role", "string", "none", "Sets the current role."),
        ("seed", "real", "unavailable", "Sets the seed for random-number generation."),
    ):
        settable = name in ("session_authorization", "role", "seed")
        table[name] = Parameter(name, kind, "", "user" if settable else "internal", default, "", "", (), preset, text)
    return table


HIDDEN = frozenset(("is_superuser", "session_authorization", "role", "seed"))
REPORTED = (
    "application_name", "client_encoding", "datestyle", "default_transaction_read_only", "in_hot_standby",
    "integer_datetimes", "intervalstyle", "is_superuser", "server_encoding", "server_version",
    "session_authorization", "standard_conforming_strings", "timezone",
)  # fmt: skip

_TRUE = ("on", "true", "yes", "1", "t", "y", "tr", "tru", "ye")
_FALSE = ("off", "false", "no", "0", "f", "n", "of", "fa", "fal", "fals")
_QUANTITY = re.compile(r"\s*([-+]?(?:0x[0-9a-f]+|\d+(?:\.\d*)?(?:e[-+]?\d+)?|\.\d+))\s*([a-zA-Z]*)\s*$", re.I)
_BYTES = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_TIMES = {"us": 1, "ms": 1000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_BASES = {"8kB": (_BYTES, 8 << 10), "kB": (_BYTES, 1 << 10), "B": (_BYTES, 1), "MB": (_BYTES, 1 << 20)} | {
    unit: (_TIMES, size) for unit, size in _TIMES.items()
}


def boolean(text: str) -> bool | None:
    """Return the truth value that a parameter's text means, or None."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def _invalid(parameter: Parameter, text: str, hint: str | None = None) -> SqlError:
    return SqlError("22023", f'invalid value for parameter "{parameter.name}": "{text}"', hint=hint)


def quantity(parameter: Parameter, text: str) -> float:
    """Return a number in the parameter's own unit, from a number with an optional unit; 22023 when it is not one."""
    match = _QUANTITY.match(text)
    units = _BASES.get(parameter.unit)
    if match is None:
        raise _invalid(parameter, text)
    digits, unit = match.groups()
    number = float(int(digits, 16)) if "x" in digits.lower() else float(digits)
    if unit:
        if units is None or unit not in units[0]:
            names = [] if units is None else [f'"{name}"' for name in units[0]]
            known = ", ".join(names[:-1]) + f", and {names[-1]}" if names else ""
            hint = f"Valid units for this parameter are {known}." if known else None
            raise _invalid(parameter, text, hint)
        number = number * units[0][unit] / units[1]
    return number


def _bounded(parameter: Parameter, text: str) -> str:
    number = quantity(parameter, text)
    if parameter.kind == "integer":
        number = float(round(number))
    low, high = float(parameter.minimum or "-inf"), float(parameter.maximum or "inf")
    if not low <= number <= high:
        unit = f" {parameter.unit}" if parameter.unit else ""
        shown = int(number) if parameter.kind == "integer" else f"{number:g}"
        raise SqlError(
            "22023",
            f'{shown}{unit} is outside the valid range for parameter "{parameter.name}" '
            f"({parameter.minimum} .. {parameter.maximum})",
        )
    if parameter.kind == "integer":
        return _with_unit(parameter, int(number))
    return f"{number:.15g}"


def _with_unit(parameter: Parameter, number: int) -> str:
    """Print an integer with the largest unit that divides it, as SHOW does."""
    units = _BASES.get(parameter.unit)
    if units is None or number <= 0:
        return str(number)
    total = number * units[1]
    for unit, size in sorted(units[0].items(), key=lambda item: -item[1]):
        if total % size == 0:
            return f"{total // size}{unit}"
    return str(number)


def in_own_unit(parameter: Parameter, shown: str) -> str:
    """Return what SHOW prints as a plain number of the parameter's own unit, as pg_settings does."""
    if not parameter.unit or parameter.kind not in ("integer", "real"):
        return shown
    return f"{quantity(parameter, shown):.15g}"


_ZONES: dict[str, str] = {}
_HOURS = re.compile(r"([-+]?)(\d{1,2}(?:\.\d+)?)$")
_POSIX = re.compile(r"(?:[A-Za-z]{3,}|<[-+\w]{3,}>)?[-+]?(\d{1,2})(?::[0-5]\d)?$")


def time_zone(text: str) -> str:
    """Return the canonical name of a time zone: an IANA name in its own spelling, or POSIX's form of an offset.

    Plain hours count eastward; in POSIX's form (`<+03>-03`, `FOO3`, `-05:30`) the offset counts westward.
    """
    word = text.strip()
    if word.lower() in ("utc", "gmt", "z", "zulu"):
        return {"utc": "UTC", "gmt": "GMT", "zulu": "Zulu"}.get(word.lower(), "UTC")
    match = _HOURS.match(word)
    if match:
        sign, hours = match.groups()
        east = float(hours)
        west = east if sign == "-" else -east
        if abs(east) >= 24:
            raise _invalid(PARAMETERS["timezone"], text)
        whole = f"{int(abs(west)):02d}" + (f":{round(abs(west) % 1 * 60):02d}" if west % 1 else "")
        return f"<{'-' if west > 0 else '+'}{whole}>{'+' if west > 0 else '-'}{whole}"
    if not _ZONES:
        _ZONES.update((name.lower(), name) for name in available_timezones())
    name = _ZONES.get(word.lower())
    try:
        if name is not None:
            ZoneInfo(name)
            return name
    except (ZoneInfoNotFoundError, ValueError):
        pass
    posix = _POSIX.match(word)
    if posix is not None and int(posix[1]) < 24:
        return word
    raise _invalid(PARAMETERS["timezone"], text)


def date_style(text: str, current: str) -> str:
    """Return `Style, ORDER` from DateStyle's words, keeping what the text leaves out."""
    style, order = (word.strip() for word in current.split(","))
    for raw in text.replace(",", " ").split():
        word = raw.lower()
        if word == "iso":
            style = "ISO"
        elif word == "sql":
            style = "SQL"
        elif word.startswith("postgres"):
            style = "Postgres"
        elif word == "german":
            style, order = "German", "DMY"
        elif word in ("ymd",):
            order = "YMD"
        elif word in ("dmy",) or word.startswith("euro"):
            order = "DMY"
        elif word in ("mdy", "us") or word.startswith("noneuro"):
            order = "MDY"
        elif word == "default":
            style, order = "ISO", "MDY"
        else:
            raise SqlError(
                "22023",
                f'invalid value for parameter "DateStyle": "{text}"',
                detail=f'Unrecognized key word: "{word}".',
            )
    return f"{style}, {order}"


def client_encoding(text: str) -> str:
    """Return the canonical name of an encoding that clients may use; 0A000 for those that there are, 22023 for others.

    With SQL_ASCII PostgreSQL converts nothing, so it is UTF8 by another name (psql asks for it where LANG is C).
    """
    name = encoding_named(text)
    if name is None:
        raise SqlError("22023", f'invalid value for parameter "client_encoding": "{text}"')
    if name not in ("UTF8", "SQL_ASCII"):
        raise SqlError("0A000", f'client_encoding "{text}" is not supported', hint="Set client_encoding to UTF8.")
    return name


def canonical(parameter: Parameter, text: str, current: str) -> str:
    """Return the canonical text of a value for a parameter; 22023 when it is not one. `current` is the value now."""
    if parameter.kind == "bool":
        truth = boolean(text)
        if truth is None:
            raise SqlError("22023", f'parameter "{parameter.name}" requires a Boolean value')
        return "on" if truth else "off"
    if parameter.kind in ("integer", "real") and parameter.name != "seed":
        return _bounded(parameter, text)
    if parameter.kind == "enum":
        return _choice(parameter, text)
    if parameter.name == "TimeZone":
        return time_zone(text)
    if parameter.name == "DateStyle":
        return date_style(text, current)
    if parameter.name == "client_encoding":
        return client_encoding(text)
    if parameter.name == "application_name":
        return "".join(c if 32 <= ord(c) < 127 else "?" for c in text)[:63]
    return text


def _choice(parameter: Parameter, text: str) -> str:
    word = text.strip().lower()
    if word in parameter.choices:
        return word
    truth = boolean(word)
    if truth is not None and ("on" if truth else "off") in parameter.choices:
        return "on" if truth else "off"
    hint = f"Available values: {', '.join(parameter.choices)}."
    raise _invalid(parameter, text, hint)


def _shown() -> dict[str, Parameter]:
    """Return the table with defaults as SHOW prints them: `4MB`, where the table has 4096 of kB."""
    table = _load()
    for key, parameter in table.items():
        if parameter.kind == "integer" and parameter.unit:
            table[key] = replace(parameter, default=_with_unit(parameter, int(parameter.default)))
    return table


PARAMETERS = _shown()
