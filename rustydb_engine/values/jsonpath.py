"""jsonpath: the syntax of SQL/JSON path expressions, read into items.

    parse("$.a ? (@.b > 1)")  ->  Path(False, root .a filter(…))

An `Item` is a primary (`$`, `@`, a literal, an operation in parentheses) with the accessors that follow it in
`steps`. A jsonpath value is its canonical text; `parse` keeps recent results, so a path in a query is read once.

Source: SQL:2016 part 2, 9.39; PostgreSQL 15, section 9.16.2;
src/backend/utils/adt/{jsonpath_gram.y,jsonpath_scan.l,jsonpath.c}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from rustydb_engine.errors import SqlError
from rustydb_engine.values.numeric import numeric_in
from rustydb_engine.values.text import syntax_error
from rustydb_proto.core.value import value

DEPTH_MAX = 60
OPERATIONS_MAX = 150
METHODS = ("abs", "ceiling", "double", "floor", "keyvalue", "size", "type")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_PREDICATES = frozenset(("||", "&&", *COMPARISONS, "starts", "like", "!", "exists", "unknown"))


@value
class Item:
    """One node. `kind` is an operator or names a primary or accessor; the others depend on it.

    key: `value` is the name. index: `value` is a tuple of (from, to or None). any: `value` is (first, last) levels, last
    of -1 the deepest. like: `value` is (pattern, flags). filter: `left` is the predicate.
    """

    kind: str
    value: object = None
    left: Item | None = None
    right: Item | None = None
    steps: tuple[Item, ...] = ()


@value
class Path:
    """A whole path; `strict` or lax."""

    strict: bool
    item: Item


_TOKEN = re.compile(
    r"""[ \t\n\r\f]+ | /\*.*?\*/
    | (?P<variable>\$(?:"(?:[^"\\]|\\.)*"|[^ \t\n\r\f?%$.\[\]{}()|&!=<>@\#,*:+/"\\-]+))
    | (?P<number>(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<symbol>\*\*|==|!=|<>|<=|>=|&&|\|\||[?%$.\[\]{}()!=<>@,*+/-])
    | (?P<word>(?:[^ \t\n\r\f?%$.\[\]{}()|&!=<>@\#,*:+/"\\-]|\\.)+)
    """,
    re.X | re.S | re.A,
)
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]{1,6}\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.S)
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:].strip("{}"), 16))
        return _LETTERS.get(escape, escape)

    found = _ESCAPE.sub(plain, text) if "\\" in text else text
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if "\\u" in text else found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Give (kind, text) of each token, at last ("end", "")."""
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SqlError("42601", f'syntax error at or near "{text[at]}" of jsonpath input')
        if match.lastgroup is not None:
            yield match.lastgroup, match[0]
        at = match.end()
    yield "end", ""


class _Parser:
    """Reads tokens by recursive descent; `filters` and `subscripts` say whether @ and LAST are allowed."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.at = 0
        self.filters = 0
        self.subscripts = 0
        self.depth = 0
        self.operations = 0

    # ---- tokens

    def peek(self, text: str, ahead: int = 0) -> bool:
        """Whether the next token is this symbol or key word."""
        kind, found = self.tokens[min(self.at + ahead, len(self.tokens) - 1)]
        return kind in ("symbol", "word") and (found == text or (kind == "word" and found.lower() == text))

    def accept(self, text: str) -> bool:
        """Take the next token if it is this one."""
        if self.peek(text):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Take this token or raise."""
        if not self.accept(text):
            raise self.error()

    def error(self) -> SqlError:
        """Return the syntax error at the next token."""
        kind, text = self.tokens[self.at]
        where = "at end" if kind == "end" else f'at or near "{text}"'
        return SqlError("42601", f"syntax error {where} of jsonpath input")

    # ---- expressions, by binding strength

    def path(self) -> Path:
        """Read everything."""
        strict = self.accept("strict")
        if not strict:
            self.accept("lax")
        item = self.disjunction()
        if self.tokens[self.at][0] != "end":
            raise self.error()
        return Path(strict, item)

    def disjunction(self) -> Item:
        """Read predicates joined by ||."""
        left = self.conjunction()
        while self.peek("||"):
            left = self._logical("||", left)
        return left

    def conjunction(self) -> Item:
        """Read predicates joined by &&."""
        left = self.comparison()
        while self.peek("&&"):
            left = self._logical("&&", left)
        return left

    def _logical(self, operator: str, left: Item) -> Item:
        if not is_predicate(left):
            raise self.error()
        self._operation()
        self.at += 1
        right = self.conjunction() if operator == "||" else self.comparison()
        if not is_predicate(right):
            raise self.error()
        return Item(operator, None, left, right)

    def comparison(self) -> Item:
        """Read a comparison, LIKE_REGEX, STARTS WITH, a negation, or what binds tighter."""
        if self.accept("!"):
            self._operation()
            if not (self.peek("(") or self.peek("exists")):
                raise self.error()
            arg = self.primary()
            if not is_predicate(arg):
                raise self.error()
            return Item("!", None, arg)
        left = self.sum()
        for operator in (*COMPARISONS, "<>"):
            if self.peek(operator):
                self._no_predicate(left)
                self.at += 1
                right = self.sum()
                self._no_predicate(right)
                return Item("!=" if operator == "<>" else operator, None, left, right)
        if self.peek("starts"):
            self._no_predicate(left)
            self.at += 1
            self.expect("with")
            kind, text = self.tokens[self.at]
            if kind not in ("string", "variable"):
                raise self.error()
            self.at += 1
            return Item("starts", None, left, _literal(kind, text))
        if self.peek("like_regex"):
            self._no_predicate(left)
            self.at += 1
            return self._like_regex(left)
        return left

    def _like_regex(self, left: Item) -> Item:
        pattern = self._string()
        flags = self._string() if self.accept("flag") else ""
        for letter in flags:
            if letter not in "ismxq":
                detail = f'Unrecognized flag character "{letter}" in LIKE_REGEX predicate.'
                raise SqlError("42601", "invalid input syntax for type jsonpath", detail=detail)
        if "x" in flags and "q" not in flags:
            raise SqlError("0A000", 'XQuery "x" flag (expanded regular expressions) is not implemented')
        return Item("like", (pattern, flags), left)

    def _string(self) -> str:
        kind, text = self.tokens[self.at]
        if kind != "string":
            raise self.error()
        self.at += 1
        return _unescaped(text[1:-1])

    def _no_predicate(self, item: Item) -> None:
        if is_predicate(item):
            raise self.error()

    def sum(self) -> Item:
        """Read + and -."""
        left = self.product()
        while self.peek("+") or self.peek("-"):
            operator = self.tokens[self.at][1]
            self._no_predicate(left)
            self._operation()
            self.at += 1
            right = self.product()
            self._no_predicate(right)
            left = Item(operator, None, left, right)
        return left

    def product(self) -> Item:
        """Read *, / and %."""
        left = self.unary()
        while self.peek("*") or self.peek("/") or self.peek("%"):
            operator = self.tokens[self.at][1]
            self._no_predicate(left)
            self._operation()
            self.at += 1
            right = self.unary()
            self._no_predicate(right)
            left = Item(operator, None, left, right)
        return left

    def unary(self) -> Item:
        """Read a sign; that of a literal becomes part of it."""
        if not (self.peek("+") or self.peek("-")):
            return self.primary()
        negative = self.tokens[self.at][1] == "-"
        self.at += 1
        self._operation()
        arg = self.unary()
        self._no_predicate(arg)
        if arg.kind == "number" and not arg.steps:
            assert isinstance(arg.value, Decimal), "a number"
            return Item("number", -arg.value if negative and arg.value else arg.value)
        return Item("negative" if negative else "positive", None, arg)

    # ---- primaries and accessors

    def primary(self) -> Item:
        """Read a primary with its accessors."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise SqlError("54001", "stack depth limit exceeded")
        item = self._primary()
        self.depth -= 1
        return item

    def _operation(self) -> None:
        """Count an operation: each may be a level of the tree."""
        self.operations += 1
        if self.operations > OPERATIONS_MAX:
            raise SqlError("54001", "stack depth limit exceeded")

    def _primary(self) -> Item:
        kind, text = self.tokens[self.at]
        if self.accept("("):
            item = self.disjunction()
            self.expect(")")
            if self.peek("is"):
                if not is_predicate(item):
                    raise self.error()
                self.at += 1
                self.expect("unknown")
                return Item("unknown", None, item)
            return self._with_steps(item)
        if self.peek("exists") and self.peek("(", 1):
            self.at += 2
            arg = self.disjunction()
            self._no_predicate(arg)
            self.expect(")")
            return Item("exists", None, arg)
        if self.peek("$") or self.peek("@") or self.peek("last"):
            self.at += 1
            return self._with_steps(self._special(text))
        if kind == "word" and text not in ("true", "false", "null"):
            raise self.error()
        if kind not in ("word", "string", "number", "variable"):
            raise self.error()
        self.at += 1
        return self._with_steps(_literal(kind, text))

    def _special(self, text: str) -> Item:
        if text == "$":
            return Item("root")
        if text == "@":
            if not self.filters:
                raise SqlError("42601", "@ is not allowed in root expressions")
            return Item("current")
        if not self.subscripts:
            raise SqlError("42601", "LAST is allowed only in array subscripts")
        return Item("last")

    def _with_steps(self, item: Item) -> Item:
        steps = list(item.steps)
        while True:
            if self.accept("."):
                steps.append(self._member())
            elif self.accept("["):
                steps.append(self._subscripts())
            elif self.accept("?"):
                self.expect("(")
                self.filters += 1
                predicate = self.disjunction()
                self.filters -= 1
                if not is_predicate(predicate):
                    raise self.error()
                self.expect(")")
                steps.append(Item("filter", None, predicate))
            else:
                break
        if tuple(steps) == item.steps:
            return item
        return Item(item.kind, item.value, item.left, item.right, tuple(steps))

    def _member(self) -> Item:
        """Read what follows a dot: a key, `*`, `**` or a method."""
        kind, text = self.tokens[self.at]
        if self.accept("**"):
            return self._levels()
        if self.accept("*"):
            return Item("anykey")
        if kind not in ("word", "string"):
            raise self.error()
        self.at += 1
        if kind == "word" and self.peek("(") and text.lower() in METHODS:
            self.at += 1
            self.expect(")")
            return Item("method", text.lower())
        if kind == "word" and self.peek("(") and text.lower() == "datetime":
            self.at += 1
            template = None if self.peek(")") else self._string()
            self.expect(")")
            return Item("datetime", template)
        return Item("key", _unescaped(text[1:-1] if kind == "string" else text))

    def _levels(self) -> Item:
        if not self.accept("{"):
            return Item("any", (0, -1))
        first = self._level()
        last = self._level() if self.accept("to") else first
        self.expect("}")
        return Item("any", (first, last))

    def _level(self) -> int:
        if self.accept("last"):
            return -1
        kind, text = self.tokens[self.at]
        if kind != "number" or not text.isdigit() or len(text) > 9:
            raise self.error()
        self.at += 1
        return int(text)

    def _subscripts(self) -> Item:
        if self.accept("*"):
            self.expect("]")
            return Item("anyarray")
        self.subscripts += 1
        ranges: list[tuple[Item, Item | None]] = []
        while True:
            low = self.sum()
            self._no_predicate(low)
            high = self.sum() if self.accept("to") else None
            ranges.append((low, high))
            if not self.accept(","):
                break
        self.subscripts -= 1
        self.expect("]")
        return Item("index", tuple(ranges))


def _literal(kind: str, text: str) -> Item:
    if kind == "string":
        return Item("string", _unescaped(text[1:-1]))
    if kind == "number":
        return Item("number", numeric_in(text))
    if kind == "variable":
        name = text[1:]
        return Item("variable", _unescaped(name[1:-1] if name.startswith('"') else name))
    return Item("null") if text == "null" else Item("bool", text == "true")


def is_predicate(item: Item) -> bool:
    """Whether an item is a condition; one with accessors behind its parentheses is a value."""
    return item.kind in _PREDICATES and not item.steps


@lru_cache(maxsize=256)
def parse(text: str) -> Path:
    """Read a path; 42601 for syntax errors, 22P02 for an empty text."""
    if not text.strip(" \t\n\r\f"):
        raise syntax_error("jsonpath", text)
    return _Parser(text).path()
