"""Character types, bytea, boolean and uuid: their text and binary forms.

Text is a Python str without NUL, checked where bytes become text (`decode_utf8`). The length rules of varchar(n)
and char(n) are PostgreSQL's: an assignment may drop trailing blanks only, an explicit cast truncates silently, and
char(n) is padded with blanks.

    bool_in(" Yes ") is True
    bytea_out(b"\\x00a", "escape") == "\\\\000a"

Source: PostgreSQL 15, sections 8.3, 8.4, 8.6 and 8.12; src/backend/utils/adt/{varchar,varlena,bool,uuid}.c.
"""

from __future__ import annotations

import re

from rustydb_engine.errors import SqlError

NAME_BYTES = 63
VARLENA_BYTES_MAX = 0x3FFFFFFF
_BLANKS = " \t\n\v\f\r"
_UUID = re.compile(r"[0-9a-f]{4}(?:-?[0-9a-f]{4}){7}\Z", re.I)
_ESCAPED = re.compile(rb"\\(\\|[0-3][0-7][0-7]|)", re.S)
_OCTAL = re.compile(r"\\[0-3][0-7][0-7]\Z")
_BOOLEANS: dict[str, bool] = {}


def _load_booleans() -> None:
    for word, truth in (("true", True), ("false", False), ("yes", True), ("no", False)):
        for length in range(1, len(word) + 1):
            _BOOLEANS[word[:length]] = truth
    _BOOLEANS.update({"on": True, "off": False, "of": False, "1": True, "0": False})


_load_booleans()


def syntax_error(type_name: str, text: str) -> SqlError:
    """Return PostgreSQL's error for text that is not of the type (22P02)."""
    return SqlError("22P02", f'invalid input syntax for type {type_name}: "{text}"')


def decode_utf8(data: bytes) -> str:
    """Return the text of UTF-8 bytes from a client; 22021 when they are not valid or hold a NUL."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        lead = data[error.start]
        length = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4 if lead < 0xF8 else 1
        raise _encoding_error(data[error.start : error.start + length]) from None
    if "\x00" in text:
        raise _encoding_error(b"\x00")
    return text


def _encoding_error(bad: bytes) -> SqlError:
    shown = " ".join(f"0x{byte:02x}" for byte in bad)
    return SqlError("22021", f'invalid byte sequence for encoding "UTF8": {shown}')


def bool_in(text: str) -> bool:
    """Read a boolean: any unique prefix of true, false, yes, no; on, off, 1, 0; blanks around are ignored."""
    truth = _BOOLEANS.get(text.strip(_BLANKS).lower())
    if truth is None:
        raise syntax_error("boolean", text)
    return truth


def bool_out(truth: bool) -> str:
    """Return t or f."""
    return "t" if truth else "f"


def varchar_fit(text: str, typmod: int, explicit: bool) -> str:
    """Apply varchar(n): truncate for an explicit cast or when only blanks are lost; else 22001."""
    limit = typmod - 4
    if typmod < 0 or len(text) <= limit:
        return text
    if not explicit and text[limit:].strip(" "):
        raise SqlError("22001", f"value too long for type character varying({limit})")
    return text[:limit]


def bpchar_fit(text: str, typmod: int, explicit: bool) -> str:
    """Apply char(n): pad with blanks to n, or truncate as varchar does."""
    limit = typmod - 4
    if typmod < 0 or len(text) == limit:
        return text
    if len(text) < limit:
        return text.ljust(limit)
    if not explicit and text[limit:].strip(" "):
        raise SqlError("22001", f"value too long for type character({limit})")
    return text[:limit]


def name_fit(text: str) -> str:
    """Truncate an identifier to 63 bytes, at a character boundary."""
    if len(text) * 4 <= NAME_BYTES:
        return text
    return text.encode()[:NAME_BYTES].decode("utf-8", "ignore")


def char_in(text: str) -> str:
    """Read a "char": the first byte as a character below 256 (`\\377` is byte 255); the empty text is the zero byte."""
    if not text or text[0] < "\x80":
        return _octal_char(text) if len(text) == 4 and text[0] == "\\" else text[:1]
    return chr(text.encode()[0])


def _octal_char(text: str) -> str:
    """Read `\\ooo`, or else the first character."""
    if not _OCTAL.match(text):
        return text[0]
    code = int(text[1:], 8) & 0xFF
    return chr(code) if code else ""


def char_out(value: str) -> str:
    """Print a "char"; a byte above 127 as `\\ooo`."""
    return value if value < "\x80" else f"\\{ord(value):03o}"


def bytea_in(text: str) -> bytes:
    """Read bytea in hex form (`\\x…`) or escape form."""
    if text[:2] == "\\x":
        return _hex_in(text[2:])
    data = text.encode()
    if b"\\" not in data:
        return data
    if re.sub(rb"\\(\\|[0-3][0-7][0-7])", b"", data).count(b"\\"):
        raise SqlError("22P02", "invalid input syntax for type bytea")
    return _ESCAPED.sub(lambda m: b"\\" if m[1] == b"\\" else bytes((int(m[1], 8),)), data)


def _hex_in(digits: str) -> bytes:
    try:
        if digits.isalnum() and digits.isascii():
            return bytes.fromhex(digits)
    except ValueError:
        pass
    return hex_decode(digits)


def hex_decode(digits: str) -> bytes:
    """Decode hexadecimal digits, blanks between pairs allowed; 22023 names the first wrong digit."""
    pairs = ""
    pending = ""
    for digit in digits:
        if digit in " \n\t\r" and not pending:
            continue
        if digit not in "0123456789abcdefABCDEF":
            raise SqlError("22023", f'invalid hexadecimal digit: "{digit}"')
        pending += digit
        if len(pending) == 2:
            pairs += pending
            pending = ""
    if pending:
        raise SqlError("22023", "invalid hexadecimal data: odd number of digits")
    return bytes.fromhex(pairs)


def bytea_out(data: bytes, form: str = "hex") -> str:
    """Print bytea in the form that bytea_output names."""
    if form == "hex":
        return "\\x" + data.hex()
    return "".join("\\\\" if byte == 92 else chr(byte) if 32 <= byte <= 126 else f"\\{byte:03o}" for byte in data)


def uuid_in(text: str) -> bytes:
    """Read a uuid: 32 hexadecimal digits, a hyphen allowed after each fourth, braces allowed around."""
    digits = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else text
    if not _UUID.match(digits):
        raise syntax_error("uuid", text)
    return bytes.fromhex(digits.replace("-", ""))


def uuid_out(value: bytes) -> str:
    """Print a uuid in its 8-4-4-4-12 form."""
    digits = value.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
