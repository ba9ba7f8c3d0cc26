"""Bytea functions: parts, bits, encodings of bytes as text, hashes, character set conversion.

A bytea is a Python `bytes`. `encode` and `decode` know hex, base64 and escape; base64 is broken into lines of 76
characters as MIME asks. Conversion knows the encodings of `_CODECS`; text itself is always UTF8.

Source: PostgreSQL 15, section 9.5; src/backend/utils/adt/{varlena,encode,cryptohashfuncs}.c.
"""

from __future__ import annotations

import base64
import hashlib

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.text import decode_utf8, hex_decode

# ---------------------------------------------------------------- length and parts


@function("length(bytea) -> int4", oid=2010, inline="len({0})")
@function("octet_length(bytea) -> int4", oid=720, inline="len({0})")
def length(data: bytes) -> int:
    return len(data)


@function("bit_length(bytea) -> int4", oid=1810, inline="8 * len({0})")
def bit_length(data: bytes) -> int:
    return 8 * len(data)


@function("length(bytea, name) -> int4", oid=1713, volatility="s")
def length_in_encoding(data: bytes, encoding: str) -> int:
    return len(convert_from(data, encoding))


@function("substr(bytea, int4) -> bytea", oid=2086)
@function("substring(bytea, int4) -> bytea", oid=2013)
def substr_from(data: bytes, start: int) -> bytes:
    return data[max(start - 1, 0) :]


@function("substr(bytea, int4, int4) -> bytea", oid=2085)
@function("substring(bytea, int4, int4) -> bytea", oid=2012)
def substr(data: bytes, start: int, count: int) -> bytes:
    if count < 0:
        raise SqlError("22011", "negative substring length not allowed")
    end = start - 1 + count
    return data[max(start - 1, 0) : end] if end > 0 else b""


@function("overlay(bytea, bytea, int4, int4) -> bytea", oid=749)
def overlay(data: bytes, new: bytes, start: int, count: int) -> bytes:
    if start <= 0:
        raise SqlError("22011", "negative substring length not allowed")
    if start + count > 2**31 - 1:
        raise SqlError("22003", "integer out of range")
    return data[: start - 1] + new + data[max(start + count - 1, 0) :]


@function("overlay(bytea, bytea, int4) -> bytea", oid=752)
def overlay_whole(data: bytes, new: bytes, start: int) -> bytes:
    return overlay(data, new, start, len(new))


@function("position(bytea, bytea) -> int4", oid=2014, inline="{0}.find({1}) + 1")
def position(data: bytes, part: bytes) -> int:
    return data.find(part) + 1


@function("btrim(bytea, bytea) -> bytea", oid=2015, inline="{0}.strip({1})")
def btrim(data: bytes, values: bytes) -> bytes:
    return data.strip(values)


@function("ltrim(bytea, bytea) -> bytea", oid=6195, inline="{0}.lstrip({1})")
def ltrim(data: bytes, values: bytes) -> bytes:
    return data.lstrip(values)


@function("rtrim(bytea, bytea) -> bytea", oid=6196, inline="{0}.rstrip({1})")
def rtrim(data: bytes, values: bytes) -> bytes:
    return data.rstrip(values)


# ---------------------------------------------------------------- bytes and bits


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size:
        raise SqlError("2202E", f"index {index} out of valid range, 0..{size - 1}")


@function("get_byte(bytea, int4) -> int4", oid=721)
def get_byte(data: bytes, index: int) -> int:
    _check_index(index, len(data))
    return data[index]


@function("set_byte(bytea, int4, int4) -> bytea", oid=722)
def set_byte(data: bytes, index: int, number: int) -> bytes:
    _check_index(index, len(data))
    return data[:index] + bytes((number & 255,)) + data[index + 1 :]


@function("get_bit(bytea, int8) -> int4", oid=723)
def get_bit(data: bytes, index: int) -> int:
    _check_index(index, 8 * len(data))
    return data[index >> 3] >> (index & 7) & 1


@function("set_bit(bytea, int8, int4) -> bytea", oid=724)
def set_bit(data: bytes, index: int, bit: int) -> bytes:
    _check_index(index, 8 * len(data))
    if bit not in (0, 1):
        raise SqlError("22023", "new bit must be 0 or 1")
    number = data[index >> 3] & ~(1 << (index & 7)) | bit << (index & 7)
    return data[: index >> 3] + bytes((number,)) + data[(index >> 3) + 1 :]


@function("bit_count(bytea) -> int8", oid=6163)
def bit_count(data: bytes) -> int:
    return int.from_bytes(data, "big").bit_count()


# ---------------------------------------------------------------- bytes as text


@function("encode(bytea, text) -> text", oid=1946)
def encode(data: bytes, form: str) -> str:
    match form.lower():
        case "hex":
            return data.hex()
        case "base64":
            text = base64.b64encode(data).decode()
            return "\n".join(text[at : at + 76] for at in range(0, len(text), 76))
        case "escape":
            return _escape(data)
    raise SqlError("22023", f'unrecognized encoding: "{form}"')


def _escape(data: bytes) -> str:
    """Return bytes with zero bytes, bytes above 127 and backslashes escaped; other control characters pass."""
    return "".join("\\\\" if byte == 92 else f"\\{byte:03o}" if byte == 0 or byte > 127 else chr(byte) for byte in data)


@function("decode(text, text) -> bytea", oid=1947)
def decode(text: str, form: str) -> bytes:
    match form.lower():
        case "hex":
            return hex_decode(text)
        case "base64":
            return _base64(text)
        case "escape":
            return _unescape(text)
    raise SqlError("22023", f'unrecognized encoding: "{form}"')


def _unescape(text: str) -> bytes:
    # Escape form alone: a leading \x is no hex marker here.
    data = text.encode()
    out = bytearray()
    at = 0
    while at < len(data):
        if data[at] != 92:
            out.append(data[at])
            at += 1
        elif data[at + 1 : at + 2] == b"\\":
            out.append(92)
            at += 2
        elif len(digits := data[at + 1 : at + 4]) == 3 and digits[0] in b"0123" and set(digits) <= set(b"01234567"):
            out.append(int(digits, 8))
            at += 4
        else:
            raise SqlError("22P02", "invalid input syntax for type bytea")
    return bytes(out)


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_BASE64_HINT = "Input data is missing padding, is truncated, or is otherwise corrupted."


def _base64(text: str) -> bytes:
    """Decode base64; blanks are skipped, anything else that is not a digit of it raises 22023."""
    digits: list[str] = []
    end = 0
    for character in text:
        if character in " \t\n\r":
            continue
        if character == "=":
            if not end:
                place = len(digits) % 4
                if place not in (2, 3):
                    raise SqlError("22023", 'unexpected "=" while decoding base64 sequence')
            end += 1
        elif character not in _BASE64:
            raise SqlError("22023", f'invalid symbol "{character}" found while decoding base64 sequence')
        else:
            digits.append(character)
    if (len(digits) + end) % 4:
        raise SqlError("22023", "invalid base64 end sequence", hint=_BASE64_HINT)
    return base64.b64decode("".join(digits) + "=" * end)


# ---------------------------------------------------------------- hashes


@function("md5(text) -> text", oid=2311)
def md5_text(value: str) -> str:
    return hashlib.md5(value.encode()).hexdigest()


@function("md5(bytea) -> text", oid=2321)
def md5_bytes(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


@function("sha224(bytea) -> bytea", oid=3419)
def sha224(data: bytes) -> bytes:
    return hashlib.sha224(data).digest()


@function("sha256(bytea) -> bytea", oid=3420)
def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@function("sha384(bytea) -> bytea", oid=3421)
def sha384(data: bytes) -> bytes:
    return hashlib.sha384(data).digest()


@function("sha512(bytea) -> bytea", oid=3422)
def sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()


# ---------------------------------------------------------------- character sets

ENCODINGS = (
    "SQL_ASCII", "EUC_JP", "EUC_CN", "EUC_KR", "EUC_TW", "EUC_JIS_2004", "UTF8", "MULE_INTERNAL", "LATIN1", "LATIN2",
    "LATIN3", "LATIN4", "LATIN5", "LATIN6", "LATIN7", "LATIN8", "LATIN9", "LATIN10", "WIN1256", "WIN1258", "WIN866",
    "WIN874", "KOI8R", "WIN1251", "WIN1252", "ISO_8859_5", "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "WIN1250",
    "WIN1253", "WIN1254", "WIN1255", "WIN1257", "KOI8U", "SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB",
    "SHIFT_JIS_2004",
)  # fmt: skip
"""The encodings by number, as pg_char_to_encoding gives it."""

_CODECS = {
    "UTF8": "utf-8", "LATIN1": "latin-1", "LATIN2": "iso8859-2", "LATIN3": "iso8859-3", "LATIN4": "iso8859-4",
    "LATIN5": "iso8859-9", "LATIN6": "iso8859-10", "LATIN7": "iso8859-13", "LATIN8": "iso8859-14",
    "LATIN9": "iso8859-15", "LATIN10": "iso8859-16", "WIN1256": "cp1256", "WIN1258": "cp1258", "WIN866": "cp866",
    "WIN874": "cp874", "KOI8R": "koi8-r", "WIN1251": "cp1251", "WIN1252": "cp1252", "ISO_8859_5": "iso8859-5",
    "ISO_8859_6": "iso8859-6", "ISO_8859_7": "iso8859-7", "ISO_8859_8": "iso8859-8", "WIN1250": "cp1250",
    "WIN1253": "cp1253", "WIN1254": "cp1254", "WIN1255": "cp1255", "WIN1257": "cp1257", "KOI8U": "koi8-u",
    "EUC_JP": "euc_jp", "EUC_CN": "gb2312", "EUC_KR": "euc_kr", "SJIS": "cp932", "BIG5": "cp950", "GBK": "gbk",
    "UHC": "cp949", "GB18030": "gb18030", "JOHAB": "johab", "EUC_JIS_2004": "euc_jis_2004",
    "SHIFT_JIS_2004": "shift_jis_2004", "SQL_ASCII": "utf-8",
}  # fmt: skip
_ALIASES = {
    "unicode": "UTF8", "ascii": "SQL_ASCII", "iso88591": "LATIN1", "iso88592": "LATIN2", "iso88593": "LATIN3",
    "iso88594": "LATIN4", "iso88599": "LATIN5", "iso885910": "LATIN6", "iso885913": "LATIN7", "iso885914": "LATIN8",
    "iso885915": "LATIN9", "iso885916": "LATIN10", "koi8": "KOI8R", "win": "WIN1251", "alt": "WIN866",
    "mskanji": "SJIS", "shiftjis": "SJIS", "windows949": "UHC", "windows932": "SJIS", "windows936": "GBK",
    "windows950": "BIG5", "abc": "WIN1258", "tcvn": "WIN1258", "tcvn5712": "WIN1258", "vscii": "WIN1258",
    **{f"windows{number}": f"WIN{number}" for number in ("866", "874", *range(1250, 1259))},
}  # fmt: skip
_BY_KEY = {"".join(c for c in name.lower() if c.isalnum()): name for name in ENCODINGS}


def encoding_named(name: str) -> str | None:
    """Return the name of an encoding as PostgreSQL spells it; letters and digits alone count."""
    key = "".join(character for character in name.lower() if character.isascii() and character.isalnum())
    return _BY_KEY.get(key) or _ALIASES.get(key)


def _codec(name: str, role: str) -> tuple[str, str]:
    encoding = encoding_named(name)
    if encoding is None:
        raise SqlError("22023", f'invalid {role} encoding name "{name}"')
    if encoding not in _CODECS:
        raise SqlError("42883", f'default conversion function for encoding "{encoding}" to "UTF8" does not exist')
    return encoding, _CODECS[encoding]


@function("convert_from(bytea, name) -> text", oid=1714, volatility="s")
def convert_from(data: bytes, encoding: str) -> str:
    name, codec = _codec(encoding, "source")
    if name in ("UTF8", "SQL_ASCII"):
        return decode_utf8(data)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        shown = " ".join(f"0x{byte:02x}" for byte in data[error.start : error.end])
        message = f'invalid byte sequence for encoding "{name}": {shown}'
        raise SqlError("22021", message) from None
    if "\x00" in text:
        raise SqlError("22021", f'invalid byte sequence for encoding "{name}": 0x00')
    return text


@function("convert_to(text, name) -> bytea", oid=1717, volatility="s")
def convert_to(text: str, encoding: str) -> bytes:
    name, codec = _codec(encoding, "destination")
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        shown = " ".join(f"0x{byte:02x}" for byte in text[error.start].encode())
        message = f'character with byte sequence {shown} in encoding "UTF8" has no equivalent in encoding "{name}"'
        raise SqlError("22P05", message) from None


@function("convert(bytea, name, name) -> bytea", oid=1813, volatility="s")
def convert(data: bytes, source: str, target: str) -> bytes:
    return convert_to(convert_from(data, source), target)


@function("to_ascii(text) -> text", oid=1845)
def to_ascii(text: str) -> str:
    raise SqlError("0A000", "encoding conversion from UTF8 to ASCII not supported")
