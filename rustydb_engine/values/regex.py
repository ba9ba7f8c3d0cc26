"""PostgreSQL's regular expressions, translated to Python's.

The advanced regular expressions (ARE) of Henry Spencer's library and Python's `re` agree on most syntax. What differs
is translated: `.` matches a newline, `$` only the very end, `\\m \\M \\y \\Y` are word boundaries, `[[:alpha:]]` and kin
are classes, `\\w` and `\\d` work inside brackets, `(?i)` and its kin stand at the start, `***=` makes a literal.

    compile_regex("^a[[:digit:]]+$", "") matches "a12"

A difference that remains: where alternatives match at one place, Python takes the first and PostgreSQL the longest.
It shows in what substring() returns, never in whether ~ is true. Mistakes are 2201B in PostgreSQL's words.

Source: PostgreSQL 15, section 9.7.3; src/backend/regex/README.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rustydb_engine.errors import SqlError

REPEAT_MAX = 255
DEPTH_MAX = 100
_SPACE = r" \t\n\r\f\v\u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000"
_WORD = r"\w"
# A Python bracket cannot say "letter", so the ranges of the common scripts are spelled out.
_LETTERS = (
    "A-Za-z\\u00aa\\u00b5\\u00ba\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02c1\\u0370-\\u0373\\u0376-\\u037d"
    "\\u037f-\\u1fff\\u2c00-\\u2dff\\u3040-\\ud7ff\\uf900-\\ufdff"
)
_CLASSES = {
    "alpha": _LETTERS,
    "alnum": "0-9" + _LETTERS,
    "digit": "0-9",
    "xdigit": "0-9A-Fa-f",
    "space": _SPACE,
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f-\x9f",
    "punct": r"!-/:-@\[-`{-~",
    "upper": "A-Z\\u00c0-\\u00d6\\u00d8-\\u00de\\u0391-\\u03a9\\u0410-\\u042f",
    "lower": "a-z\\u00df-\\u00f6\\u00f8-\\u00ff\\u03b1-\\u03c9\\u0430-\\u044f",
    "graph": "!-~\\u00a1-\\U0010ffff",
    "print": " -~\\u00a0-\\U0010ffff",
    "ascii": r"\x00-\x7f",
    "word": r"\w",
}
_ESCAPES = {
    "a": r"\x07", "b": r"\x08", "B": r"\\", "e": r"\x1b", "f": r"\x0c", "n": r"\n", "r": r"\r", "t": r"\t", "v": r"\x0b",
}  # fmt: skip
_CONSTRAINTS = {"A": r"\A", "Z": r"\Z", "m": r"\b(?=\w)", "M": r"\b(?<=\w)", "y": r"\b", "Y": r"\B"}
_BACKREFERENCE = re.compile(r"[1-9][0-9]*")
_HEX = re.compile(r"[0-9a-fA-F]+")
_OPTIONS = re.compile(r"[A-Za-z]+")
_BOUND = re.compile(r"\{(\d+)(,(\d*))?\}")
_BOUND_START = re.compile(r"\{\d+(?:,\d*)?")


def regex_error(what: str) -> SqlError:
    """Return the error for a mistake in a regular expression."""
    return SqlError("2201B", f"invalid regular expression: {what}")


@lru_cache(maxsize=512)
def compile_regex(pattern: str, flags: str) -> re.Pattern[str]:
    """Return the Python pattern; `flags` are letters as in `(?…)`: i, c, n, m, s, p, w, x, q, b, e, t. g is the caller's."""
    return _Translation(pattern, flags).compiled()


def matches(text: str, pattern: str) -> bool:
    """Whether a text matches an ARE (~)."""
    return compile_regex(pattern, "").search(text) is not None


def matches_ignoring_case(text: str, pattern: str) -> bool:
    """Whether a text matches an ARE regardless of case (~*)."""
    return compile_regex(pattern, "i").search(text) is not None


class _Translation:
    """One pattern on its way: `at` is the offset, `out` the translated pieces."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.flavour = "advanced"
        self.ignore_case = False
        self.dot_stops = False
        self.line_anchors = False
        self.expanded = False
        self.groups = 0
        self.open: list[str] = []
        self.options(flags)

    def options(self, letters: str) -> None:
        """Apply option letters."""
        for letter in letters:
            if letter in "ic":
                self.ignore_case = letter == "i"
            elif letter in "nm":
                self.dot_stops = self.line_anchors = True
            elif letter == "s":
                self.dot_stops = self.line_anchors = False
            elif letter == "p":
                self.dot_stops, self.line_anchors = True, False
            elif letter == "w":
                self.dot_stops, self.line_anchors = False, True
            elif letter in "xt":
                self.expanded = letter == "x"
            elif letter == "q":
                self.flavour = "literal"
            elif letter in "be":
                self.flavour = "basic" if letter == "b" else "extended"
            else:
                raise regex_error("invalid embedded option")

    def compiled(self) -> re.Pattern[str]:
        """Translate and compile."""
        self.director()
        if self.flavour == "literal":
            self.out.append(re.escape(self.pattern[self.at :]))
        else:
            self.expression()
        flags = (re.I if self.ignore_case else 0) | (re.M if self.line_anchors else 0)
        flags |= 0 if self.dot_stops else re.S
        try:
            return re.compile("".join(self.out), flags)
        except (re.error, OverflowError, RecursionError) as error:
            raise regex_error(_translated_message(str(error))) from None

    def director(self) -> None:
        """Read `***:`, `***=` and embedded options at the start."""
        if self.pattern.startswith("***"):
            if self.pattern[3:4] == "=":
                self.flavour, self.at = "literal", 4
            elif self.pattern[3:4] == ":":
                self.flavour, self.at = "advanced", 4
            else:
                raise regex_error("quantifier operand invalid")
        if self.flavour != "advanced" or self.pattern[self.at : self.at + 2] != "(?":
            return
        letters = _OPTIONS.match(self.pattern, self.at + 2)
        if letters is not None:
            if self.pattern[letters.end() : letters.end() + 1] != ")":
                raise regex_error("invalid embedded option")
            self.options(letters[0])
            self.at = letters.end() + 1

    def expression(self) -> None:
        """Translate everything up to the end."""
        pattern = self.pattern
        operand = False
        while self.at < len(pattern):
            char = pattern[self.at]
            if char == "(":
                operand = self.open_group()
            elif char == ")":
                operand = self.close_group()
            elif char == "[":
                self.bracket()
                operand = True
            elif char == "\\":
                operand = self.escape()
            elif char in "*+?" or (char == "{" and pattern[self.at + 1 : self.at + 2].isdigit()):
                self.quantifier(operand)
                operand = False
            elif char in "|^$":
                self.out.append("|" if char == "|" else "^" if char == "^" else "$" if self.line_anchors else r"\Z")
                operand = False
                self.at += 1
            elif self.expanded and (char.isspace() or char == "#"):
                self.skip_comment(char)
            else:
                self.out.append("." if char == "." else re.escape(char))
                operand = True
                self.at += 1
        if self.open:
            raise regex_error("parentheses () not balanced")

    def skip_comment(self, char: str) -> None:
        """Skip a blank or a comment of the expanded syntax."""
        if char == "#":
            end = self.pattern.find("\n", self.at)
            self.at = len(self.pattern) if end < 0 else end
        else:
            self.at += 1

    def open_group(self) -> bool:
        """Translate an opening parenthesis; a comment is dropped."""
        rest = self.pattern[self.at : self.at + 4]
        if rest.startswith("(?#"):
            end = self.pattern.find(")", self.at)
            if end < 0:
                raise regex_error("parentheses () not balanced")
            self.at = end + 1
            return False
        for prefix in ("(?:", "(?=", "(?!", "(?<=", "(?<!"):
            if rest.startswith(prefix):
                break
        else:
            if rest.startswith("(?"):
                raise regex_error("quantifier operand invalid")
            prefix = "("
            self.groups += 1
        self.open.append(prefix)
        if len(self.open) > DEPTH_MAX:
            raise regex_error("regular expression is too complex")
        self.out.append(prefix)
        self.at += len(prefix)
        return False

    def close_group(self) -> bool:
        """Translate a closing parenthesis; without a partner it is an error."""
        if not self.open:
            raise regex_error("parentheses () not balanced")
        self.out.append(")")
        self.at += 1
        return self.open.pop() in ("(", "(?:")

    def quantifier(self, operand: bool) -> None:
        """Translate * + ? {m,n} and their non-greedy forms."""
        if not operand:
            raise regex_error("quantifier operand invalid")
        char = self.pattern[self.at]
        if char == "{":
            match = _BOUND.match(self.pattern, self.at)
            if match is None:
                start = _BOUND_START.match(self.pattern, self.at)
                ended = start is not None and start.end() == len(self.pattern)
                raise regex_error("braces {} not balanced" if ended else "invalid repetition count(s)")
            low, comma, high = match.groups()
            bounds = [int(part) for part in (low, high) if part and len(part) < 5] or [REPEAT_MAX + 1]
            if max(bounds) > REPEAT_MAX or (high and int(low) > int(high)) or len(low) > 4:
                raise regex_error("invalid repetition count(s)")
            source = match[0] if comma else f"{{{low}}}"
            self.at = match.end()
        else:
            source = char
            self.at += 1
        if self.pattern[self.at : self.at + 1] == "?":
            source += "?"
            self.at += 1
        if self.pattern[self.at : self.at + 1] in ("*", "+"):
            raise regex_error("quantifier operand invalid")
        self.out.append(source)

    def escape(self) -> bool:
        """Translate a backslash and what it quotes; return whether a quantifier may follow."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        if not letter:
            raise regex_error("invalid escape \\ sequence")
        if letter in _CONSTRAINTS:
            self.out.append(_CONSTRAINTS[letter])
            self.at += 2
            return False
        if letter in "dswDSW":
            self.out.append(_shorthand(letter))
            self.at += 2
            return True
        reference = _BACKREFERENCE.match(self.pattern, self.at + 1)
        if reference is not None and (len(reference[0]) == 1 or int(reference[0]) <= self.groups):
            if int(reference[0]) > self.groups:
                raise regex_error("invalid backreference number")
            self.out.append(f"(?:\\{reference[0]})")
            self.at = reference.end()
            return True
        self.out.append(self.character_escape())
        return True

    def character_escape(self) -> str:
        """Translate an escape that stands for one character, in or out of a bracket."""
        letter = self.pattern[self.at + 1 : self.at + 2]
        if not letter.isalnum():
            self.at += 2
            return re.escape(letter)
        if letter in _ESCAPES:
            self.at += 2
            return _ESCAPES[letter]
        if letter == "c" and self.at + 2 < len(self.pattern):
            code = ord(self.pattern[self.at + 2]) & 0x1F
            self.at += 3
            return f"\\x{code:02x}"
        if letter in "uUx":
            return self.numbered(letter)
        if letter in "01234567":
            octal = re.compile(r"[0-7]{1,3}").match(self.pattern, self.at + 1)
            assert octal, "an octal digit"
            self.at = octal.end()
            return f"\\x{int(octal[0], 8) & 0xFF:02x}"
        raise regex_error("invalid escape \\ sequence")

    def numbered(self, letter: str) -> str:
        """Translate \\uXXXX, \\UXXXXXXXX and \\x with any number of digits."""
        digits = _HEX.match(self.pattern, self.at + 2)
        length = {"u": 4, "U": 8}.get(letter)
        if digits is None or (length and len(digits[0]) < length):
            raise regex_error("invalid escape \\ sequence")
        shown = digits[0][:length] if length else digits[0]
        code = int(shown, 16)
        if code > 0x10FFFF:
            raise regex_error("invalid escape \\ sequence")
        self.at += 2 + len(shown)
        return re.escape(chr(code))

    def bracket(self) -> None:
        """Translate a bracket expression."""
        pattern = self.pattern
        for word, source in (("[[:<:]]", r"\b(?=\w)"), ("[[:>:]]", r"\b(?<=\w)")):
            if pattern.startswith(word, self.at):
                self.out.append(source)
                self.at += len(word)
                return
        self.at += 1
        negated = pattern[self.at : self.at + 1] == "^"
        if negated:
            self.at += 1
        parts: list[str] = []
        first = True
        while True:
            if self.at >= len(pattern):
                raise regex_error("brackets [] not balanced")
            if pattern[self.at] == "]" and not first:
                self.at += 1
                break
            first = False
            low = self.bracket_item()
            if len(low) > 1 and low[0] == "=":
                parts.append(low[1:])
                continue
            if pattern[self.at : self.at + 1] == "-" and pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self.bracket_item()
                if len(high) != 1:
                    raise regex_error("invalid character range")
                if ord(high) < ord(low):
                    raise regex_error("invalid character range")
                if pattern[self.at : self.at + 1] == "-" and pattern[self.at + 1 : self.at + 2] != "]":
                    raise regex_error("invalid character range")
                parts.append(f"{_in_class(low)}-{_in_class(high)}")
            else:
                parts.append(_in_class(low))
        stop = "\\n" if negated and self.dot_stops else ""
        self.out.append(f"[{'^' if negated else ''}{''.join(parts)}{stop}]")

    def bracket_item(self) -> str:
        """Return the next member: one character, or '=' and the source of a class."""
        pattern = self.pattern
        char = pattern[self.at]
        if char == "[" and pattern[self.at + 1 : self.at + 2] in (":", ".", "="):
            return self.named_item(pattern[self.at + 1])
        if char == "\\" and self.flavour == "advanced":
            letter = pattern[self.at + 1 : self.at + 2]
            if letter and letter in "dsw":
                self.at += 2
                return "=" + {"d": "0-9", "s": _SPACE, "w": _WORD}[letter]
            if letter and letter in "DSW":
                self.at += 2
                return "=" + {"D": r"\D", "S": r"\S", "W": r"\W"}[letter]
            if not letter:
                raise regex_error("invalid escape \\ sequence")
            source = self.character_escape()
            return _unescaped(source)
        self.at += 1
        return char

    def named_item(self, kind: str) -> str:
        """Return the member that [:name:], [.x.] or [=x=] denotes."""
        end = self.pattern.find(kind + "]", self.at + 2)
        if end < 0:
            raise regex_error("brackets [] not balanced")
        name = self.pattern[self.at + 2 : end]
        self.at = end + 2
        if kind == ":":
            if name not in _CLASSES:
                raise regex_error("invalid character class")
            if self.ignore_case and name in ("upper", "lower"):
                name = "alpha"
            return "=" + _CLASSES[name]
        if len(name) != 1:
            raise regex_error("invalid collating element")
        return name


def _shorthand(letter: str) -> str:
    """Return the translation of \\d \\s \\w and their negations outside of brackets."""
    source = {"d": "[0-9]", "s": f"[{_SPACE}]", "w": _WORD, "D": "[^0-9]", "S": f"[^{_SPACE}]", "W": r"\W"}
    return source[letter]


def _in_class(char: str) -> str:
    """Return a character as it stands in a Python bracket."""
    return "\\" + char if char in "\\]^-[&~|" else char


def _unescaped(source: str) -> str:
    """Return the one character that a translated escape denotes."""
    if len(source) == 1:
        return source
    if source.startswith("\\x"):
        return chr(int(source[2:], 16))
    return {"\\n": "\n", "\\r": "\r", "\\t": "\t"}.get(source, source[1:])


def _translated_message(message: str) -> str:
    """Return PostgreSQL's words for what Python's compiler reports."""
    if "parenthesis" in message or "subpattern" in message:
        return "parentheses () not balanced"
    if "repeat" in message:
        return "quantifier operand invalid"
    if "look-behind" in message:
        return "invalid use of repetition operators"
    return "regular expression is too complex"
