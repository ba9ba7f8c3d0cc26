"""JSON text checked token by token, for PostgreSQL's error messages.

`check` walks a text with an explicit stack and raises the error that PostgreSQL's recursive-descent parser would
raise, with its DETAIL and the CONTEXT line that shows where:

    ERROR:  invalid input syntax for type json
    DETAIL:  Expected ":", but found "}".
    CONTEXT:  JSON data, line 1: {"a"}

`jsontext` calls it only when the fast decoder has refused a text, or when escapes need a look.

Source: RFC 8259; PostgreSQL 15, src/common/jsonapi.c and report_json_context in src/backend/utils/adt/jsonfuncs.c.
"""

from __future__ import annotations

import re
from typing import NoReturn

from rustydb_engine.errors import SqlError

DEPTH_MAX = 400
_CONTEXT_BYTES = 50

_BLANK = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NUMBER_ATTEMPT = re.compile(r"-?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][+-]?[0-9]*)?")
_WORD = re.compile(r"[^\x00-/:-@\[-^`{-\x7f]*")  # letters, digits, _ and what is beyond ASCII
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEX = frozenset("0123456789abcdefABCDEF")

# What may come next, and the DETAIL when something else does.
_VALUE = "Expected JSON value"
_EXPECTED = {
    "value": _VALUE,
    "first": _VALUE,
    "array next": 'Expected "," or "]"',
    "object first": 'Expected string or "}"',
    "colon": 'Expected ":"',
    "object next": 'Expected "," or "}"',
    "key": "Expected string",
    "end": "Expected end of input",
}


def too_deep() -> SqlError:
    """Return the error for nesting beyond the limit."""
    hint = (
        'Increase the configuration parameter "max_stack_depth" (currently 2048kB), '
        "after ensuring the platform's stack depth limit is adequate."
    )
    return SqlError("54001", "stack depth limit exceeded", hint=hint)


def check(text: str, unescape: bool) -> None:
    """Raise the error of the first mistake in a JSON text; `unescape` (jsonb) also checks what \\u escapes denote."""
    _Scan(text, unescape).document()


class _Scan:
    """One pass over a text: `start` and `stop` bound the current token, `kind` is its kind."""

    def __init__(self, text: str, unescape: bool) -> None:
        self.text = text
        self.unescape = unescape
        self.start = 0
        self.stop = 0
        self.kind = ""
        self.line = 1
        self.line_start = 0

    def document(self) -> None:
        """Check the whole text."""
        stack: list[str] = []
        state = "value"
        while True:
            self.next_token()
            if state in ("value", "first"):
                state = self.value(state, stack)
            elif state == "key" or state == "object first":
                if self.kind == "}" and state == "object first":
                    stack.pop()
                    state = self.after(stack)
                elif self.kind == "string":
                    state = "colon"
                else:
                    self.unexpected(state)
            elif state == "colon":
                if self.kind != ":":
                    self.unexpected(state)
                state = "value"
            elif state == "end":
                if self.kind != "end":
                    self.unexpected(state)
                return
            elif self.kind == ",":
                state = "value" if state == "array next" else "key"
            elif self.kind == ("]" if state == "array next" else "}"):
                stack.pop()
                state = self.after(stack)
            else:
                self.unexpected(state)

    def value(self, state: str, stack: list[str]) -> str:
        """Take the first token of a value; return the next state."""
        if self.kind in ("{", "["):
            if len(stack) >= DEPTH_MAX:
                raise too_deep()
            stack.append(self.kind)
            return "object first" if self.kind == "{" else "first"
        if self.kind == "]" and state == "first":
            stack.pop()
        elif self.kind not in ("string", "number", "word"):
            self.unexpected(state)
        return self.after(stack)

    @staticmethod
    def after(stack: list[str]) -> str:
        """Return the state after a complete value."""
        if not stack:
            return "end"
        return "array next" if stack[-1] == "[" else "object next"

    def next_token(self) -> None:
        """Move to the next token."""
        text = self.text
        match = _BLANK.match(text, self.stop)
        assert match, "blanks may be empty"
        at = match.end()
        newlines = text.count("\n", self.stop, at)
        if newlines:
            self.line += newlines
            self.line_start = text.rindex("\n", self.stop, at) + 1
        self.start = at
        if at >= len(text):
            self.kind, self.stop = "end", at
            return
        first = text[at]
        if first in "{}[]:,":
            self.kind, self.stop = first, at + 1
        elif first == '"':
            self.string(at + 1)
        elif first == "-" or first in "0123456789":
            self.number(at)
        else:
            self.word(at)

    def number(self, at: int) -> None:
        """Take a number; letters that stick to it belong to the wrong token."""
        attempt = _NUMBER_ATTEMPT.match(self.text, at)
        assert attempt, "an attempt may be empty"
        word = _WORD.match(self.text, attempt.end())
        assert word, "a word may be empty"
        self.kind, self.stop = "number", word.end()
        good = _NUMBER.match(self.text, at)
        if good is None or good.end() != self.stop:
            self.invalid_token()

    def word(self, at: int) -> None:
        """Take true, false or null."""
        match = _WORD.match(self.text, at)
        assert match, "a word may be empty"
        self.kind, self.stop = "word", max(match.end(), at + 1)
        if self.text[at : self.stop] not in ("true", "false", "null"):
            self.invalid_token()

    def string(self, at: int) -> None:
        """Take a string whose opening quote is behind."""
        text = self.text
        high = 0
        while True:
            match = _PLAIN.match(text, at)
            assert match, "a plain run may be empty"
            if high and match.end() > at:
                self.surrogate("low", at)
            at = match.end()
            if at >= len(text):
                self.stop = at
                self.invalid_token()
            if text[at] == '"':
                if high:
                    self.surrogate("low", at)
                self.kind, self.stop = "string", at + 1
                return
            if text[at] != "\\":
                self.stop = at
                self.fail(f"Character with value 0x{ord(text[at]):02x} must be escaped.")
            if text[at + 1 : at + 2] == "u":
                high = self.unicode_escape(at + 2, high)
                at += 6
            else:
                if high:
                    self.surrogate("low", at + 1)
                self.simple_escape(at + 1)
                at += 2

    def simple_escape(self, at: int) -> None:
        """Check the letter after a backslash."""
        if at >= len(self.text):
            self.stop = at
            self.invalid_token()
        if self.text[at] not in '"\\/bfnrt':
            self.start, self.stop = at, at + 1
            self.fail(f'Escape sequence "\\{self.text[at]}" is invalid.')

    def unicode_escape(self, at: int, high: int) -> int:
        """Check the four digits of \\u; return a pending high surrogate."""
        for offset in range(4):
            if at + offset >= len(self.text):
                self.stop = at + offset
                self.invalid_token()
            if self.text[at + offset] not in _HEX:
                self.stop = at + offset + 1
                self.fail('"\\u" must be followed by four hexadecimal digits.')
        if not self.unescape:
            return 0
        code = int(self.text[at : at + 4], 16)
        if 0xD800 <= code <= 0xDBFF:
            if high:
                self.surrogate("high", at + 3)
            return code
        if 0xDC00 <= code <= 0xDFFF:
            if not high:
                self.surrogate("low", at + 3)
            return 0
        if high:
            self.surrogate("low", at + 3)
        if code == 0:
            self.stop = at + 4
            self.fail("\\u0000 cannot be converted to text.", "22P05", "unsupported Unicode escape sequence")
        return 0

    def surrogate(self, which: str, at: int) -> NoReturn:
        """Raise for an escape that is half of a pair."""
        self.stop = at + 1
        if which == "high":
            self.fail("Unicode high surrogate must not follow a high surrogate.")
        self.fail("Unicode low surrogate must follow a high surrogate.")

    def invalid_token(self) -> NoReturn:
        """Raise for something that is no token."""
        self.fail(f'Token "{self.text[self.start : self.stop]}" is invalid.')

    def unexpected(self, state: str) -> NoReturn:
        """Raise for a token that does not belong here."""
        if self.kind == "end":
            self.fail("The input string ended unexpectedly.")
        self.fail(f'{_EXPECTED[state]}, but found "{self.text[self.start : self.stop]}".')

    def fail(
        self, detail: str, sqlstate: str = "22P02", message: str = "invalid input syntax for type json"
    ) -> NoReturn:
        """Raise with the line and its part before the current place."""
        line = self.text[self.line_start : self.stop]
        shown = line[-_CONTEXT_BYTES:]
        while len(shown.encode("utf-8", "surrogatepass")) >= _CONTEXT_BYTES:
            shown = shown[1:]
        if len(line) <= len(shown) + 3 and len(line[: len(line) - len(shown)].encode("utf-8", "surrogatepass")) <= 3:
            shown = line
        before = "..." if len(shown) < len(line) else ""
        rest = self.text[self.stop : self.stop + 1]
        after = "..." if self.kind != "end" and rest and rest not in "\n\r" else ""
        where = f"JSON data, line {self.line}: {before}{shown}{after}"
        raise SqlError(sqlstate, message, detail=detail, where=where)
