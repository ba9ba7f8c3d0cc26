"""Where one statement ends and the next begins, by the rules of SQL's text: quotes, comments, dollar quotes, parentheses.

    split("SELECT ';'; SELECT 2")     (["SELECT ';'", "SELECT 2"] as they come to an end, and what is left open)

A semicolon ends a statement unless it is within a quote, a comment, parentheses, or the body of CREATE … BEGIN ATOMIC … END. The state that is
left at the end of the text is what the prompt shows: `=` nothing is open, `-` a statement, `'` `"` `$` a quote, `*` a comment, `(` a
parenthesis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      (?P<line>    --[^\n]* )
    | (?P<block>   /\* )
    | (?P<escaped> (?<![\w$])[eE]'(?:[^'\\]|\\.|'')*(?P<escaped_end>'?) )
    | (?P<text>    '(?:[^']|'')*(?P<text_end>'?) )
    | (?P<name>    "(?:[^"]|"")*(?P<name_end>"?) )
    | (?P<dollar>  (?<![\w$])\$(?:[^\W\d]\w*)?\$ )
    | (?P<word>    [^\W\d][\w$]* )
    | (?P<mark>    [;()] )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass
class Split:
    """Whole statements (without their semicolons), the text that is left, and what is open at its end."""

    statements: list[str]
    rest: str
    open: str


def split(text: str) -> Split:
    """Split a text into statements."""
    statements: list[str] = []
    start = position = depth = blocks = 0
    words: list[str] = []
    state = ""
    while (match := _TOKEN.search(text, position)) is not None:
        kind, position = _kind(match), match.end()
        if kind == "block":
            position, closed = _comment_end(text, position)
            state = "" if closed else "*"
        elif kind == "dollar":
            end = text.find(match.group(), position)
            state = "" if end >= 0 else "$"
            position = len(text) if end < 0 else end + len(match.group())
        elif kind in ("escaped", "text", "name"):
            state = "" if match[f"{kind}_end"] else ('"' if kind == "name" else "'")
        elif kind == "word":
            word = match.group().upper()
            if len(words) < 4:
                words.append(word)
            blocks = max(blocks + _block(words, word), 0)
        elif match.group() == "(":
            depth += 1
        elif match.group() == ")":
            depth = max(depth - 1, 0)
        elif match.group() == ";" and not depth and not blocks:
            statements.append(text[start : match.start()].strip())
            start, words = position, []
    rest = text[start:]
    blank = not _without_comments(rest)
    return Split(
        [one for one in statements if _without_comments(one)], rest, state or ("(" if depth else "=" if blank else "-")
    )


def _kind(match: re.Match[str]) -> str:
    return next(
        name
        for name in ("line", "block", "escaped", "text", "name", "dollar", "word", "mark")
        if match[name] is not None
    )


def _block(words: list[str], word: str) -> int:
    """Return how a word changes the depth of BEGIN … END in the body of a function: only CREATE FUNCTION has one."""
    if words[0] != "CREATE" or not {"FUNCTION", "PROCEDURE"} & set(words):
        return 0
    if word in ("ATOMIC", "CASE"):
        return 1
    return -1 if word == "END" else 0


def _comment_end(text: str, position: int) -> tuple[int, bool]:
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(text, position):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end(), True
    return len(text), False


def _without_comments(text: str) -> str:
    """Return whether anything but space and comments is there, as the text without them."""
    kept: list[str] = []
    position = 0
    while position < len(text):
        if text.startswith("--", position):
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        elif text.startswith("/*", position):
            position, closed = _comment_end(text, position + 2)
            if not closed:
                kept.append("/*")
        else:
            if not text[position].isspace():
                kept.append(text[position])
                return "".join(kept)
            position += 1
    return "".join(kept)
