"""Text functions: length, case, trimming, padding, parts of strings, searching and replacing.

A text is a Python `str`, a string of Unicode code points as PostgreSQL's UTF8 encoding has it, so lengths and positions
are those of Python. Case mapping is that of the C.UTF-8 locale: one code point for one code point, without the context
rules of full Unicode mapping (`ß` has no upper case, a final sigma is a plain one). A `bpchar` carries its
padding; functions declared for it ignore the padding where PostgreSQL does.

    >>> lpad("hi", 5, "xy")
    'xyxhi'

Regular expressions are in `regexp`, bytea in `binary`, quoting and `format` in `quoting`.
Source: PostgreSQL 15, section 9.4; src/backend/utils/adt/oracle_compat.c, varlena.c.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import function

TEXT_BYTES_MAX = 0x3FFFFFFF
"""PostgreSQL's MaxAllocSize: no datum is longer."""


def too_long() -> SqlError:
    """Return the error for a result above `TEXT_BYTES_MAX`."""
    return SqlError("54000", "requested length too large")


# ---------------------------------------------------------------- length


@function("length(text) -> int4", oid=1317, inline="len({0})")
@function("char_length(text) -> int4", oid=1381, inline="len({0})")
@function("character_length(text) -> int4", oid=1369, inline="len({0})")
def length(value: str) -> int:
    return len(value)


@function("length(bpchar) -> int4", oid=1318, inline="len({0}.rstrip(' '))")
@function("char_length(bpchar) -> int4", oid=1372, inline="len({0}.rstrip(' '))")
@function("character_length(bpchar) -> int4", oid=1367, inline="len({0}.rstrip(' '))")
def length_bpchar(value: str) -> int:
    return len(value.rstrip(" "))


@function("octet_length(text) -> int4", oid=1374)
@function("octet_length(bpchar) -> int4", oid=1375)
def octet_length(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode())


@function("bit_length(text) -> int4", oid=1811)
def bit_length(value: str) -> int:
    return 8 * octet_length(value)


# ---------------------------------------------------------------- case


def _lower_character(character: str) -> str:
    mapped = character.lower()
    return mapped if len(mapped) == 1 else "i" if character == "\u0130" else character


def _upper_character(character: str) -> str:
    mapped = character.upper()
    return mapped if len(mapped) == 1 else character


@function("lower(text) -> text", oid=870)
def lower(value: str) -> str:
    return value.lower() if value.isascii() else "".join(map(_lower_character, value))


@function("upper(text) -> text", oid=871)
def upper(value: str) -> str:
    return value.upper() if value.isascii() else "".join(map(_upper_character, value))


@function("initcap(text) -> text", oid=872)
def initcap(value: str) -> str:
    out: list[str] = []
    inside = False
    for character in value:
        out.append(_lower_character(character) if inside else _upper_character(character))
        inside = character.isalnum()
    return "".join(out)


# ---------------------------------------------------------------- trimming and padding


@function("btrim(text) -> text", oid=885, inline="{0}.strip(' ')")
def btrim(value: str) -> str:
    return value.strip(" ")


@function("btrim(text, text) -> text", oid=884, inline="{0}.strip({1})")
def btrim_set(value: str, characters: str) -> str:
    return value.strip(characters)


@function("ltrim(text) -> text", oid=881, inline="{0}.lstrip(' ')")
def ltrim(value: str) -> str:
    return value.lstrip(" ")


@function("ltrim(text, text) -> text", oid=875, inline="{0}.lstrip({1})")
def ltrim_set(value: str, characters: str) -> str:
    return value.lstrip(characters)


@function("rtrim(text) -> text", oid=882, inline="{0}.rstrip(' ')")
def rtrim(value: str) -> str:
    return value.rstrip(" ")


@function("rtrim(text, text) -> text", oid=876, inline="{0}.rstrip({1})")
def rtrim_set(value: str, characters: str) -> str:
    return value.rstrip(characters)


def _padding(missing: int, fill: str) -> str:
    if missing > TEXT_BYTES_MAX:
        raise too_long()
    return (fill * (missing // len(fill) + 1))[:missing]


@function("lpad(text, int4, text) -> text", oid=873)
def lpad(value: str, width: int, fill: str) -> str:
    missing = width - len(value)
    if missing <= 0:
        return value[: max(width, 0)]
    return _padding(missing, fill) + value if fill else value


@function("lpad(text, int4) -> text", oid=879)
def lpad_blank(value: str, width: int) -> str:
    return lpad(value, width, " ")


@function("rpad(text, int4, text) -> text", oid=874)
def rpad(value: str, width: int, fill: str) -> str:
    missing = width - len(value)
    if missing <= 0:
        return value[: max(width, 0)]
    return value + _padding(missing, fill) if fill else value


@function("rpad(text, int4) -> text", oid=880)
def rpad_blank(value: str, width: int) -> str:
    return rpad(value, width, " ")


@function("repeat(text, int4) -> text", oid=1622)
def repeat(value: str, count: int) -> str:
    if count > 0 and len(value) * count > TEXT_BYTES_MAX:
        raise too_long()
    return value * count


# ---------------------------------------------------------------- parts


@function("left(text, int4) -> text", oid=3060, inline="{0}[:{1}]")
def left(value: str, count: int) -> str:
    return value[:count]


@function("right(text, int4) -> text", oid=3061)
def right(value: str, count: int) -> str:
    if count >= 0:
        return value[max(len(value) - count, 0) :]
    return value[-count:]


@function("substr(text, int4) -> text", oid=883, inline="{0}[max({1} - 1, 0):]")
@function("substring(text, int4) -> text", oid=937, inline="{0}[max({1} - 1, 0):]")
def substr_from(value: str, start: int) -> str:
    return value[max(start - 1, 0) :]


@function("substr(text, int4, int4) -> text", oid=877)
@function("substring(text, int4, int4) -> text", oid=936)
def substr(value: str, start: int, count: int) -> str:
    if count < 0:
        raise SqlError("22011", "negative substring length not allowed")
    end = start - 1 + count
    return value[max(start - 1, 0) : end] if end > 0 else ""


@function("split_part(text, text, int4) -> text", oid=2088)
def split_part(value: str, delimiter: str, field: int) -> str:
    if field == 0:
        raise SqlError("22023", "field position must not be zero")
    if not value:
        return ""
    if not delimiter:
        return value if field in (1, -1) else ""
    parts = value.split(delimiter)
    index = field - 1 if field > 0 else len(parts) + field
    return parts[index] if 0 <= index < len(parts) else ""


@function("overlay(text, text, int4, int4) -> text", oid=1404)
def overlay(value: str, new: str, start: int, count: int) -> str:
    if start <= 0:
        raise SqlError("22011", "negative substring length not allowed")
    if start + count > 2**31 - 1:
        raise SqlError("22003", "integer out of range")
    return value[: start - 1] + new + value[max(start + count - 1, 0) :]


@function("overlay(text, text, int4) -> text", oid=1405)
def overlay_whole(value: str, new: str, start: int) -> str:
    return overlay(value, new, start, len(new))


@function("reverse(text) -> text", oid=3062, inline="{0}[::-1]")
def reverse(value: str) -> str:
    return value[::-1]


# ---------------------------------------------------------------- searching and replacing


@function("strpos(text, text) -> int4", oid=868, inline="{0}.find({1}) + 1")
@function("position(text, text) -> int4", oid=849, inline="{0}.find({1}) + 1")
def strpos(value: str, part: str) -> int:
    return value.find(part) + 1


@function("starts_with(text, text) -> bool", oid=3696, inline="{0}.startswith({1})")
def starts_with(value: str, prefix: str) -> bool:
    return value.startswith(prefix)


@function("replace(text, text, text) -> text", oid=2087)
def replace(value: str, old: str, new: str) -> str:
    return value.replace(old, new) if old else value


@function("translate(text, text, text) -> text", oid=878)
def translate(value: str, old: str, new: str) -> str:
    table: dict[int, str | None] = {}
    for index, character in enumerate(old):
        table.setdefault(ord(character), new[index] if index < len(new) else None)
    return value.translate(table)


@function("textcat(text, text) -> text", oid=1258, inline="{0} + {1}")
def textcat(left_value: str, right_value: str) -> str:
    return left_value + right_value


# ---------------------------------------------------------------- characters


@function("ascii(text) -> int4", oid=1620)
def ascii_code(value: str) -> int:
    return ord(value[0]) if value else 0


@function("chr(int4) -> text", oid=1621)
def chr_of(code: int) -> str:
    if code < 0:
        raise SqlError("22023", "character number must be positive")
    if code == 0:
        raise SqlError("54000", "null character not permitted")
    if code > 0x10FFFF:
        raise SqlError("54000", f"requested character too large for encoding: {code}")
    if 0xD800 <= code <= 0xDFFF:
        raise SqlError("54000", f"requested character not valid for encoding: {code}")
    return chr(code)


@function("to_hex(int4) -> text", oid=2089)
def to_hex4(number: int) -> str:
    return f"{number & 0xFFFFFFFF:x}"


@function("to_hex(int8) -> text", oid=2090)
def to_hex8(number: int) -> str:
    return f"{number & 0xFFFFFFFFFFFFFFFF:x}"


_FORMS = {"NFC": "NFC", "NFD": "NFD", "NFKC": "NFKC", "NFKD": "NFKD"}


def _normal_form(form: str) -> str:
    if form.upper() not in _FORMS:
        raise SqlError("22023", f"invalid normalization form: {form}")
    return _FORMS[form.upper()]


@function("normalize(text, text) -> text", oid=4350, defaults=("NFC",))
def normalize(value: str, form: str) -> str:
    kind = _normal_form(form)
    return unicodedata.normalize(kind, value)  # type: ignore[arg-type]  # checked by _normal_form


@function("is_normalized(text, text) -> bool", oid=4351, defaults=("NFC",))
def is_normalized(value: str, form: str) -> bool:
    kind = _normal_form(form)
    return unicodedata.is_normalized(kind, value)  # type: ignore[arg-type]  # checked by _normal_form


_INVALID_ESCAPE_HINT = r"Unicode escapes must be \XXXX, \+XXXXXX, \uXXXX, or \UXXXXXXXX."


def _escape_at(value: str, at: int) -> tuple[int, int]:
    """Return (code point or surrogate, length) of the escape that begins at `at`; length 0 when there is none."""
    for marker, digits in (("\\u", 4), ("\\U", 8), ("\\+", 6), ("\\", 4)):
        if value.startswith(marker, at):
            start = at + len(marker)
            text = value[start : start + digits]
            if len(text) == digits and all(c in "0123456789abcdefABCDEF" for c in text):
                return int(text, 16), len(marker) + digits
    return 0, 0


@function("unistr(text) -> text", oid=6198)
def unistr(value: str) -> str:
    out: list[str] = []
    at = 0
    high = 0
    while at < len(value):
        if value[at] != "\\" or value.startswith("\\\\", at):
            if high:
                raise SqlError("42601", "invalid Unicode surrogate pair")
            out.append(value[at])
            at += 2 if value[at] == "\\" else 1
            continue
        code, width = _escape_at(value, at)
        if not width:
            raise SqlError("42601", "invalid Unicode escape", hint=_INVALID_ESCAPE_HINT)
        if code == 0 or code > 0x10FFFF:
            raise SqlError("22023", f"invalid Unicode code point: {code:04X}")
        at += width
        if high:
            if not 0xDC00 <= code <= 0xDFFF:
                raise SqlError("42601", "invalid Unicode surrogate pair")
            out.append(chr(0x10000 + ((high - 0xD800) << 10) + code - 0xDC00))
            high = 0
        elif 0xD800 <= code <= 0xDBFF:
            high = code
        elif 0xDC00 <= code <= 0xDFFF:
            raise SqlError("42601", "invalid Unicode surrogate pair")
        else:
            out.append(chr(code))
    if high:
        raise SqlError("42601", "invalid Unicode surrogate pair")
    return "".join(out)


# ---------------------------------------------------------------- lists


def _split(value: str, delimiter: str | None) -> list[str]:
    if not value:
        return []
    if delimiter is None:
        return list(value)
    return value.split(delimiter) if delimiter else [value]


@function("string_to_array(text, text) -> _text", oid=394, strict=False)
def string_to_array(value: str | None, delimiter: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(_split(value, delimiter))


@function("string_to_array(text, text, text) -> _text", oid=376, strict=False)
def string_to_array_null(value: str | None, delimiter: str | None, null: str | None) -> tuple[str | None, ...] | None:
    if value is None:
        return None
    return tuple(None if part == null else part for part in _split(value, delimiter))


@function("string_to_table(text, text) -> setof text", oid=6160, strict=False)
def string_to_table(value: str | None, delimiter: str | None) -> Iterable[str]:
    return () if value is None else _split(value, delimiter)


@function("string_to_table(text, text, text) -> setof text", oid=6161, strict=False)
def string_to_table_null(value: str | None, delimiter: str | None, null: str | None) -> Iterable[str | None]:
    return string_to_array_null(value, delimiter, null) or ()
