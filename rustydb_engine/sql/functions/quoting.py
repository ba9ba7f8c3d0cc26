"""Quoting, concatenation and format(): texts built from values of any type.

    format('INSERT INTO %I VALUES (%L)', 'my table', 'it''s')  ->  INSERT INTO "my table" VALUES ('it''s')

concat and format take `VARIADIC "any"`: each argument is printed by its own type's output function, chosen once for
each call in a plan. With VARIADIC before an array its elements are the arguments.

Source: PostgreSQL 15, sections 9.4 and 9.4.1; src/backend/utils/adt/{quote,varlena}.c (text_format).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.arrays import Shape
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import CallSite, Implementation, function
from rustydb_engine.sql.functions.texts import Printer, cast_of, output_of
from rustydb_engine.sql.keywords import quote_identifier
from rustydb_engine.values.integers import int4_in
from rustydb_engine.values.types import BY_OID

Texts = Callable[[EvalContext, tuple[object, ...]], "list[str | None] | None"]

# ---------------------------------------------------------------- quoting


@function("quote_ident(text) -> text", oid=1282)
def quote_ident(value: str) -> str:
    return quote_identifier(value)


@function("quote_literal(text) -> text", oid=1283)
def quote_literal(value: str) -> str:
    if "\\" in value:
        return "E'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + value.replace("'", "''") + "'"


@function("quote_nullable(text) -> text", oid=1289, strict=False)
def quote_nullable(value: str | None) -> str:
    return "NULL" if value is None else quote_literal(value)


@function("quote_literal(anyelement) -> text", oid=1285, volatility="s", context=True, factory=True)
def quote_literal_any(site: CallSite) -> Implementation:
    show = cast_of(site.args[0])
    return lambda context, value: quote_literal(show(context, value))


@function("quote_nullable(anyelement) -> text", oid=1290, volatility="s", strict=False, context=True, factory=True)
def quote_nullable_any(site: CallSite) -> Implementation:
    show = cast_of(site.args[0])
    return lambda context, value: "NULL" if value is None else quote_literal(show(context, value))


# ---------------------------------------------------------------- concatenation


def _texts_of(site: CallSite, first: int) -> Texts:
    """Return what prints the variadic arguments from number `first` on; None for a NULL after VARIADIC."""
    if not site.variadic:
        fields = site.fields or ((),) * len(site.args)
        printers: list[Printer] = [
            output_of(kind, columns) for kind, columns in zip(site.args[first:], fields[first:], strict=True)
        ]
        return lambda context, args: [
            None if arg is None else show(context, arg) for show, arg in zip(printers, args, strict=True)
        ]
    shape = Shape(site.args[-1])
    if shape.element is None:
        raise SqlError("42804", "VARIADIC argument must be an array")
    show_item = output_of(shape.element)

    def texts(context: EvalContext, args: tuple[object, ...]) -> list[str | None] | None:
        array = args[-1]
        if array is None:
            return None
        assert isinstance(array, tuple), "an array"
        return [None if item is None else show_item(context, item) for item in shape.flat(array)]

    return texts


@function("concat(variadic any) -> text", oid=3058, volatility="s", strict=False, context=True, factory=True)
def concat(site: CallSite) -> Implementation:
    texts_of = _texts_of(site, 0)

    def concatenate(context: EvalContext, *args: object) -> str | None:
        texts = texts_of(context, args)
        return None if texts is None else "".join([text for text in texts if text is not None])

    return concatenate


@function("concat_ws(text, variadic any) -> text", oid=3059, volatility="s", strict=False, context=True, factory=True)
def concat_ws(site: CallSite) -> Implementation:
    texts_of = _texts_of(site, 1)

    def concatenate(context: EvalContext, separator: str | None, *args: object) -> str | None:
        if separator is None:
            return None
        texts = texts_of(context, args)
        return None if texts is None else separator.join([text for text in texts if text is not None])

    return concatenate


def _printed(
    context: EvalContext, shape: Shape, show: Printer, value: tuple[object, ...], null: str | None
) -> list[str]:
    """Return the elements of an array as texts; NULLs as `null`, or left out when it is None."""
    texts = [null if item is None else show(context, item) for item in shape.flat(value)]
    return [text for text in texts if text is not None]


@function("array_to_string(anyarray, text) -> text", oid=395, volatility="s", context=True, factory=True)
def array_to_string(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])
    show = output_of(shape.element or BY_OID[25])
    return lambda context, value, separator: separator.join(_printed(context, shape, show, value, None))


@function(
    "array_to_string(anyarray, text, text) -> text",
    oid=384, volatility="s", strict=False, context=True, factory=True,
)  # fmt: skip
def array_to_string_null(site: CallSite) -> Implementation:
    shape = Shape(site.args[0])
    show = output_of(shape.element or BY_OID[25])

    def join(
        context: EvalContext, value: tuple[object, ...] | None, separator: str | None, null: str | None
    ) -> str | None:
        if value is None or separator is None:
            return None
        return separator.join(_printed(context, shape, show, value, null))

    return join


# ---------------------------------------------------------------- format

_SPECIFIER = re.compile(r"%(?:(\d+)\$)?(-*)(?:(\d+)|(\*)(?:(\d+)(\$?))?)?(.?)", re.S)
_HINT = 'For a single "%" use "%%".'


def _invalid(message: str, hint: str | None = None) -> SqlError:
    return SqlError("22023", message, hint=hint)


def _position(digits: str) -> int:
    number = int(digits) if len(digits) < 11 else 2**31
    if number >= 2**31:
        raise SqlError("22003", "number is out of range")
    return number


class _Arguments:
    """The arguments of one format() call and which of them comes next."""

    __slots__ = ("place", "texts")

    def __init__(self, texts: list[str | None]) -> None:
        self.texts = texts
        self.place = 0

    def take(self, explicit: str | None) -> str | None:
        """Return argument number `explicit`, or the one after the last that was taken."""
        if explicit is not None and _position(explicit) == 0:
            raise _invalid("format specifies argument 0, but arguments are numbered from 1")
        self.place = self.place + 1 if explicit is None else _position(explicit)
        if self.place > len(self.texts):
            raise _invalid("too few arguments for format()")
        return self.texts[self.place - 1]


def _padded(text: str, width: int, left: bool) -> str:
    if width < 0:
        left, width = True, -width
    return text.ljust(width) if left else text.rjust(width)


def _formatted(pattern: str, texts: list[str | None]) -> str:
    """Carry out one format() call."""
    arguments = _Arguments(texts)
    out: list[str] = []
    at = 0
    while (percent := pattern.find("%", at)) >= 0:
        out.append(pattern[at:percent])
        match = _SPECIFIER.match(pattern, percent)
        assert match is not None, "every part of a specifier is optional"
        at = match.end()
        if match[0] == "%%":
            out.append("%")
            continue
        out.append(_specifier(match, arguments))
    out.append(pattern[at:])
    return "".join(out)


def _specifier(match: re.Match[str], arguments: _Arguments) -> str:
    """Return the text for one specifier."""
    explicit, minus, digits, star, star_place, dollar, letter = match.groups()
    if explicit is not None and _position(explicit) == 0:
        raise _invalid("format specifies argument 0, but arguments are numbered from 1")
    if not letter and not (star_place and not dollar):
        raise _invalid("unterminated format() type specifier", _HINT)
    if star_place and not dollar:
        raise _invalid('width argument position must be ended by "$"')
    width = 0
    if letter not in "sIL":
        raise _invalid(f'unrecognized format() type specifier "{letter}"', _HINT)
    if star:
        width_text = arguments.take(star_place)
        width = 0 if width_text is None else int4_in(width_text)
    elif digits:
        width = _position(digits)
    text = arguments.take(explicit)
    if letter == "I":
        if text is None:
            raise SqlError("22004", "null values cannot be formatted as an SQL identifier")
        text = quote_identifier(text)
    elif letter == "L":
        text = quote_nullable(text)
    return _padded(text or "", width, bool(minus))


@function("format(text, variadic any) -> text", oid=3539, volatility="s", strict=False, context=True, factory=True)
def format_any(site: CallSite) -> Implementation:
    texts_of = _texts_of(site, 1)

    def formatted(context: EvalContext, pattern: str | None, *args: object) -> str | None:
        return None if pattern is None else _formatted(pattern, texts_of(context, args) or [])

    return formatted


@function("format(text) -> text", oid=3540, volatility="s", strict=False)
def format_alone(pattern: str | None) -> str | None:
    return None if pattern is None else _formatted(pattern, [])
