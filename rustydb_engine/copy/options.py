"""The options of COPY, checked as PostgreSQL checks them.

`copy_options(statement)` turns the option list into a `CopyOptions` or raises what PostgreSQL raises: 42601 for an
option given twice, 22023 and 0A000 for values that do not fit. Source: PostgreSQL 15, COPY and copy.c.
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_proto.core.value import value


@value
class CopyOptions:
    """The form of the data. `header` '', 'true' or 'match'; the `force_…` lists are column names, ('*',) is all."""

    form: str = "text"
    delimiter: str = "\t"
    null: str = "\\N"
    header: str = ""
    quote: str = '"'
    escape: str = '"'
    force_quote: tuple[str, ...] = ()
    force_not_null: tuple[str, ...] = ()
    force_null: tuple[str, ...] = ()
    freeze: bool = False


_KNOWN = frozenset(
    (
        "format",
        "delimiter",
        "null",
        "header",
        "quote",
        "escape",
        "force_quote",
        "force_not_null",
        "force_null",
        "freeze",
        "encoding",
        "default",
    )
)


def copy_options(statement: ast.Copy) -> CopyOptions:
    """Return the checked options of a COPY statement."""
    given: dict[str, ast.Option] = {}
    for option in statement.options:
        if option.name not in _KNOWN or option.name == "default":
            raise SqlError("42601", f'option "{option.name}" not recognized', position=option.pos)
        if option.name in given:
            raise SqlError("42601", "conflicting or redundant options", position=option.pos)
        given[option.name] = option
    form = _text(given, "format", "text").lower()
    if form not in ("text", "csv", "binary"):
        raise SqlError("22023", f'COPY format "{form}" not recognized', position=given["format"].pos)
    csv = form == "csv"
    _check_encoding(given)
    options = CopyOptions(
        form,
        _text(given, "delimiter", "," if csv else "\t"),
        _text(given, "null", "" if csv else "\\N"),
        _header(given),
        _text(given, "quote", '"'),
        _text(given, "escape", _text(given, "quote", '"')),
        _names(given, "force_quote"),
        _names(given, "force_not_null"),
        _names(given, "force_null"),
        _truth(given, "freeze"),
    )
    _check(options, given, statement)
    return options


def _check(options: CopyOptions, given: dict[str, ast.Option], statement: ast.Copy) -> None:
    csv, binary = options.form == "csv", options.form == "binary"
    if binary:
        for name in ("delimiter", "null"):
            if name in given:
                raise SqlError("42601", f"cannot specify {name.upper()} in BINARY mode")
        if options.header:
            raise SqlError("0A000", "cannot specify HEADER in BINARY mode")
    if len(options.delimiter.encode()) != 1:
        raise SqlError("0A000", "COPY delimiter must be a single one-byte character")
    if options.delimiter in "\r\n":
        raise SqlError("22023", "COPY delimiter cannot be newline or carriage return")
    if "\n" in options.null or "\r" in options.null:
        raise SqlError("22023", "COPY null representation cannot use newline or carriage return")
    if not csv and not binary and options.delimiter in "\\.abcdefghijklmnopqrstuvwxyz0123456789":
        raise SqlError("22023", f'COPY delimiter cannot be "{options.delimiter}"')
    for name in ("quote", "escape"):
        if name in given and not csv:
            raise SqlError("0A000", f"COPY {name} available only in CSV mode")
        if csv and len(getattr(options, name).encode()) != 1:
            raise SqlError("0A000", f"COPY {name} must be a single one-byte character")
    if csv and options.delimiter == options.quote:
        raise SqlError("22023", "COPY delimiter and quote must be different")
    for name, reading in (("force_quote", False), ("force_not_null", True), ("force_null", True)):
        words = name.replace("_", " ")
        if name in given and not csv:
            raise SqlError("0A000", f"COPY {words} available only in CSV mode")
        if name in given and reading == statement.to:
            raise SqlError("0A000", f"COPY {words} only available using COPY {'FROM' if reading else 'TO'}")
    if not binary and options.delimiter in options.null:
        raise SqlError("0A000", "COPY delimiter must not appear in the NULL specification")
    if csv and options.quote in options.null:
        raise SqlError("0A000", "CSV quote character must not appear in the NULL specification")


def _check_encoding(given: dict[str, ast.Option]) -> None:
    name = _text(given, "encoding", "UTF8")
    if name.replace("-", "").lower() not in ("utf8", "unicode"):
        raise SqlError("22023", 'argument to option "encoding" must be a valid encoding name')


def _text(given: dict[str, ast.Option], name: str, default: str) -> str:
    option = given.get(name)
    if option is None:
        return default
    if not isinstance(option.value, str):
        raise SqlError("42601", f"{name} requires a parameter", position=option.pos)
    return option.value


def _truth(given: dict[str, ast.Option], name: str) -> bool:
    option = given.get(name)
    if option is None:
        return False
    word = "true" if option.value is None else str(option.value).lower()
    if word not in ("true", "on", "1", "false", "off", "0"):
        raise SqlError("42601", f"{name} requires a Boolean value", position=option.pos)
    return word in ("true", "on", "1")


def _header(given: dict[str, ast.Option]) -> str:
    option = given.get("header")
    if option is None:
        return ""
    word = "true" if option.value is None else str(option.value).lower()
    if word == "match":
        return "match"
    if word not in ("true", "on", "1", "false", "off", "0"):
        raise SqlError("42601", 'header requires a Boolean value or "match"', position=option.pos)
    return "true" if word in ("true", "on", "1") else ""


def _names(given: dict[str, ast.Option], name: str) -> tuple[str, ...]:
    option = given.get(name)
    if option is None:
        return ()
    if option.value == "*":
        return ("*",)
    if isinstance(option.value, Sequence) and not isinstance(option.value, str):
        return tuple(str(word) for word in option.value)
    raise SqlError("42601", f'argument to option "{name}" must be a list of column names', position=option.pos)
