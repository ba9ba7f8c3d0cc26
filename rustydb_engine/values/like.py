"""LIKE and SIMILAR TO patterns.

A LIKE pattern becomes a matcher once (bounded cache): plain text compares, `abc%` is startswith, `%abc%` is a search for
a substring, and only the rest is a compiled expression.

    like_matcher("a%")("abc") is True

A pattern that ends in its escape character is 22025, but, as in PostgreSQL, only when matching gets that far. SIMILAR TO
patterns are translated to POSIX regular expressions by `similar_to_regex`, which `values.regex` then compiles.

Source: PostgreSQL 15, sections 9.7.1 and 9.7.2; src/backend/utils/adt/{like_match,regexp}.c.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from rustydb_engine.errors import SqlError

Matcher = Callable[[str], bool]


def _ends_with_escape(*_: object) -> SqlError:
    return SqlError("22025", "LIKE pattern must not end with escape character")


@lru_cache(maxsize=1024)
def like_matcher(pattern: str) -> Matcher:
    """Return the function that says whether a text matches a LIKE pattern (escape character backslash)."""
    if "\\" not in pattern and "_" not in pattern:
        inner = pattern.strip("%")
        if "%" not in inner:
            return _plain_matcher(pattern, inner)
    segments: list[list[str]] = [[]]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "%":
            segments.append([])
        elif char == "_":
            segments[-1].append(".")
        elif char == "\\":
            at += 1
            if at == len(pattern):
                return _unfinished_matcher(_joined(segments))
            segments[-1].append(re.escape(pattern[at]))
        else:
            segments[-1].append(re.escape(char))
        at += 1
    matches = re.compile(_joined(segments), re.S).fullmatch
    return lambda text: matches(text) is not None


def _joined(segments: list[list[str]]) -> str:
    """Return the expression for segments with % between them.

    The leftmost place of each inner segment is as good as any later one, so an atomic group keeps it: matching
    takes time proportional to the text, where plain `.*` would try all combinations.
    """
    first, *inner = ["".join(segment) for segment in segments]
    if not inner:
        return first
    last = inner.pop()
    return first + "".join([f"(?>.*?{segment})" for segment in inner if segment]) + ".*" + last


def _plain_matcher(pattern: str, inner: str) -> Matcher:
    """Return the matcher of a pattern whose only wildcards are % at its ends."""
    if pattern == inner:
        return lambda text: text == inner
    if not inner:
        return lambda text: True
    if not pattern.startswith("%"):
        return lambda text: text.startswith(inner)
    if not pattern.endswith("%"):
        return lambda text: text.endswith(inner)
    return lambda text: inner in text


def _unfinished_matcher(source: str) -> Matcher:
    """Return the matcher of a pattern that ends in a lone escape: reaching it is an error."""
    reaches = re.compile(source + ".+", re.S).fullmatch

    def match(text: str) -> bool:
        if reaches(text):
            raise _ends_with_escape()
        return False

    return match


def like(text: str, pattern: str) -> bool:
    """Whether `text` matches a LIKE pattern."""
    return like_matcher(pattern)(text)


def ilike(text: str, pattern: str) -> bool:
    """Whether `text` matches a LIKE pattern regardless of case."""
    return like_matcher(pattern.lower())(text.lower())


def like_bytes(data: bytes, pattern: bytes) -> bool:
    """Whether bytes match a LIKE pattern of bytes."""
    return like_matcher(pattern.decode("latin-1"))(data.decode("latin-1"))


@lru_cache(maxsize=256)
def like_escape(pattern: str, escape: str) -> str:
    """Return the pattern with its own escape character replaced by the backslash (LIKE … ESCAPE)."""
    if len(escape) > 1:
        raise SqlError("22025", "invalid escape string", hint="Escape string must be empty or one character.")
    if escape == "\\":
        return pattern
    if not escape:
        return pattern.replace("\\", "\\\\")
    result: list[str] = []
    after_escape = False
    for char in pattern:
        if char == escape and not after_escape:
            result.append("\\")
            after_escape = True
            continue
        result.append("\\\\" if char == "\\" and not after_escape else char)
        after_escape = False
    return "".join(result)


@lru_cache(maxsize=256)
def similar_to_regex(pattern: str, escape: str = "\\") -> str:
    """Return the POSIX regular expression for a SIMILAR TO pattern; 22025 for an escape of two characters.

    At most two escape-double-quote separators may occur (22019): they mark the part that substring() returns.
    """
    if len(escape) > 1:
        raise SqlError("22025", "invalid escape string", hint="Escape string must be empty or one character.")
    out = ["^(?:"]
    after_escape = False
    in_class = False
    members = 0
    quotes = 0
    for char in pattern:
        if after_escape:
            if char == '"' and not in_class:
                if quotes == 0:
                    out.append("){1,1}?(")
                elif quotes == 1:
                    out.append("){1,1}(?:")
                else:
                    raise SqlError(
                        "2200C", "SQL regular expression may not contain more than two escape-double-quote separators"
                    )
                quotes += 1
            else:
                out.append("\\" + char)
            after_escape = False
        elif escape and char == escape:
            after_escape = True
        elif in_class:
            # A bracket that closes nothing yet, after [ or [^, is a member of the class.
            in_class = char != "]" or members == 0
            members += char != "^" or members > 0 or out[-1] != "["
            out.append("\\\\" if char == "\\" else char)
        else:
            in_class = char == "["
            members = 0
            out.append(_SIMILAR.get(char, char))
    out.append(")$")
    return "".join(out)


_SIMILAR = {"%": ".*", "_": ".", "(": "(?:", "\\": "\\\\", ".": "\\.", "^": "\\^", "$": "\\$"}
