"""String constants with a syntax of their own: E'…', U&'…', B'…', X'…', and constants continued on the next line.

    E'a\\n\\u00e9'      escapes; octal and \\x give bytes of UTF-8
    U&'d\\0061t'        Unicode escapes, after another character with UESCAPE '!'
    B'101'  X'1F'       bit strings; their value keeps the letter: "b101", "x1F"
    'foo'
        'bar'           one constant, because a line break stands between

Source: PostgreSQL 15, sections 4.1.2.1 to 4.1.2.5.
"""

from __future__ import annotations

import re

from rustydb_engine.errors import SqlError

_BLANK = r"(?:[ \t\f]|--[^\n\r]*)*[\n\r](?:[ \t\n\r\f]|--[^\n\r]*[\n\r])*"
_CONTINUATION = re.compile(_BLANK + "'")
_PLAIN = re.compile(r"[^']*+(?:''[^']*+)*+'")
_ESCAPED = re.compile(r"(?:[^'\\]++|''|\\[\s\S])*+'")
_QUOTED = re.compile(r'[^"]*+(?:""[^"]*+)*+"')
_UESCAPE = re.compile(r"(?:[ \t\n\r\f]|--[^\n\r]*)*UESCAPE(?:[ \t\n\r\f]|--[^\n\r]*)*('(?:[^']|'')*')?", re.IGNORECASE)
_ESCAPE = re.compile(
    r"''|\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([\s\S]))", re.ASCII
)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def continued(sql: str, end: int, start: int) -> tuple[str, int]:
    """Return the text of the parts that continue the plain string ending at `end`, and where they end."""
    text = ""
    while match := _CONTINUATION.match(sql, end):
        part = _PLAIN.match(sql, match.end())
        if part is None:
            raise _unterminated("quoted string", sql, start)
        text += part[0][:-1].replace("''", "'")
        end = part.end()
    return text, end


def special_string(sql: str, start: int) -> tuple[str, int]:
    """Read the E, B, X or U& string at `start`; return its value and its end."""
    letter = sql[start].lower()
    if letter == "u":
        return unicode_text(sql, start)
    what = "quoted string" if letter == "e" else "bit string literal" if letter == "b" else "hexadecimal string literal"
    raw, end = _raw(sql, start, start + 2, _ESCAPED if letter == "e" else _PLAIN, what)
    if letter == "e":
        return _unescape(raw, start + 2), end
    return letter + raw, end


def unicode_text(sql: str, start: int) -> tuple[str, int]:
    """Read the U&'…' or U&"…" at `start`, with its UESCAPE; return its value and its end."""
    quote = sql[start + 2]
    if quote == '"':
        raw, end = _raw(sql, start, start + 3, _QUOTED, "quoted identifier")
    else:
        raw, end = _raw(sql, start, start + 3, _PLAIN, "quoted string")
    raw = raw.replace(quote * 2, quote)
    escape = "\\"
    if match := _UESCAPE.match(sql, end):
        end = match.end()
        escape = _escape_character(sql, match)
    return _unicode(raw, escape, start + 3), end


def _raw(sql: str, start: int, body: int, pattern: re.Pattern[str], what: str) -> tuple[str, int]:
    """Return what stands between the quotes, doubled quotes and escapes as they are, and the end."""
    match = pattern.match(sql, body)
    if match is None:
        raise _unterminated(what, sql, start)
    raw, end = match[0][:-1], match.end()
    while pattern is not _QUOTED and (more := _CONTINUATION.match(sql, end)):
        match = pattern.match(sql, more.end())
        if match is None:
            raise _unterminated(what, sql, start)
        raw, end = raw + match[0][:-1], match.end()
    return raw, end


def _unterminated(what: str, sql: str, start: int) -> SqlError:
    return SqlError("42601", f'unterminated {what} at or near "{sql[start:]}"', position=start)


def _escape_character(sql: str, match: re.Match[str]) -> str:
    at = match.start(1)
    if at < 0:
        near = f'at or near "{sql[match.end() : match.end() + 1]}"' if match.end() < len(sql) else "at end of input"
        message = f"UESCAPE must be followed by a simple string literal {near}"
        raise SqlError("42601", message, position=match.end())
    character = match[1][1:-1].replace("''", "'")
    if len(character) != 1 or character in "0123456789abcdefABCDEF+'\" \t\n\r\f":
        raise SqlError("42601", f'invalid Unicode escape character at or near "{match[1]}"', position=at)
    return character


def _unescape(raw: str, start: int) -> str:
    """Undo the escapes of an E string whose body is at `start`.

    Octal and hexadecimal escapes give bytes, so the work is done in UTF-8.
    """
    if "\\" not in raw:
        return raw.replace("''", "'")
    out: list[bytes] = []
    position, high = 0, 0
    for match in _ESCAPE.finditer(raw):
        if match.start() > position:
            _no_high(high, start + position, raw[position])
            out.append(raw[position : match.start()].encode("utf-8", "surrogatepass"))
        position = match.end()
        octal, hexadecimal, four, eight, letter = match.groups()
        if four or eight:
            high = _unicode_escape(int(four or eight, 16), high, out, start + match.start(), match[0])
            continue
        _no_high(high, start + match.start(), match[0][0])
        if octal:
            out.append(bytes([int(octal, 8) & 255]))
        elif hexadecimal:
            out.append(bytes([int(hexadecimal, 16)]))
        elif letter is None:
            out.append(b"'")
        elif letter in "uU":
            hint = r"Unicode escapes must be \uXXXX or \UXXXXXXXX."
            raise SqlError("22025", "invalid Unicode escape", hint=hint, position=start + match.start())
        else:
            out.append(_LETTERS.get(letter, letter).encode("utf-8", "surrogatepass"))
    _no_high(high, start + position, raw[position : position + 1] or "'")
    out.append(raw[position:].encode("utf-8", "surrogatepass"))
    return _decode(b"".join(out))


def _decode(data: bytes) -> str:
    bad = data.find(0)
    if bad < 0:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            bad = error.start
    lead = data[bad]
    length = 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2 if lead >= 0xC0 else 1
    shown = " ".join(f"0x{byte:02x}" for byte in data[bad : bad + length])
    raise SqlError("22021", f'invalid byte sequence for encoding "UTF8": {shown}')


def _no_high(high: int, start: int, near: str) -> None:
    """Raise an error if the first half of a surrogate pair is followed by what stands at `start`."""
    if high:
        raise _bad_pair(start, near)


def _bad_pair(start: int, near: str) -> SqlError:
    return SqlError("42601", "invalid Unicode surrogate pair" + _near(near), position=start)


def _near(text: str) -> str:
    return f' at or near "{text}"' if text else ""


def _unicode_escape(code: int, high: int, out: list[bytes], start: int, near: str) -> int:
    """Append the character of an escape to `out`, or return it as the first half of a surrogate pair."""
    if high:
        if not 0xDC00 <= code <= 0xDFFF:
            raise _bad_pair(start, near)
        code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
    elif 0xD800 <= code <= 0xDBFF:
        return code
    elif 0xDC00 <= code <= 0xDFFF:
        raise _bad_pair(start, near)
    if not 0 < code <= 0x10FFFF:
        raise SqlError("42601", "invalid Unicode escape value" + _near(near), position=start)
    out.append(chr(code).encode("utf-8"))
    return 0


def _unicode(raw: str, escape: str, start: int) -> str:
    """Undo the \\XXXX and \\+XXXXXX escapes of a U& string."""
    if escape not in raw:
        return raw
    mark = re.escape(escape)
    pattern = re.compile(rf"{mark}(?:({mark})|([0-9A-Fa-f]{{4}})|\+([0-9A-Fa-f]{{6}})|)")
    out: list[bytes] = []
    position, high = 0, 0
    for match in pattern.finditer(raw):
        if match.start() > position:
            _no_high(high, start + position, "")
            out.append(raw[position : match.start()].encode("utf-8", "surrogatepass"))
        position = match.end()
        if match[2] or match[3]:
            high = _unicode_escape(int(match[2] or match[3], 16), high, out, start + match.start(), "")
        elif match[1]:
            _no_high(high, start + match.start(), "")
            out.append(escape.encode("utf-8", "surrogatepass"))
        else:
            hint = r"Unicode escapes must be \XXXX or \+XXXXXX."
            raise SqlError("42601", "invalid Unicode escape", hint=hint, position=start + match.start())
    _no_high(high, start + position, "")
    out.append(raw[position:].encode("utf-8", "surrogatepass"))
    return _decode(b"".join(out))
