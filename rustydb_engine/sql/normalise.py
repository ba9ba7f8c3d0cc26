"""The plan cache's key: a statement's text with its literals replaced by slots.

    UPDATE t SET a = a + -4 WHERE id = 7     ->  UPDATE t SET a = a + -?i4 WHERE id = ?i4      ("4", "7")

Applications send the same few statements with other values in them. Parsing costs tens of microseconds, this a few: one
pass of one compiled pattern. Statements with equal keys have equal plans, given the values of the slots. So a literal is
replaced only where neither the plan nor the result's type can depend on its value, and everything else stays as it
is, which is always correct:

- after a comparison or SET's `=`: `a = 7`, `a <> 'x'`, `a = b + 4`; never in LIMIT, ORDER BY 1, type modifiers, typed
  literals (`date '…'`), casts, IN lists, or the arguments of functions;
- in `INSERT INTO t (…) VALUES (…), (…)` when the lists are flat: literals and words, nothing nested;
- when what follows ends the expression: `a = '7'::text` and `a = 7 * b` keep their literals.

The slot says what kind of literal it was, because types follow from it: `?i4`, `?i8`, `?n` (numeric), `?s` (a string, whose
type is unknown until the binder sees its place). A minus sign stays in the key.

`normalise` gives up, and the statement is taken as it is, on anything unusual: comments, parameters, dollar quotes,
E'' and other special strings, a question mark, several statements; and with GROUP BY or DISTINCT, where two literals
must be seen to be equal, and ON CONFLICT, whose WHERE must match an index's.

Who compiles a statement needs the literals' places too: `Normalised.offsets`, which are the `pos` of Literal nodes in the
syntax tree of the original text.

Source: the idea is pg_stat_statements' and every plan-caching database's; PostgreSQL's lexical rules, section 4.1.
"""

from __future__ import annotations

import re

TEXT_MAX = 4096  # a longer statement is parsed: it is hardly sent again with other values

# After a sign at most 9 digits: -2147483648 is an int4 though 2147483648 is none.
_NUMBER = r"(?:-?([0-9]{1,9})|([0-9]+(?:\.[0-9]+)?))(?![\w.])"
_STRING = r"'((?:[^']|'')*+)'"
_ENDS = "AND|OR|WHERE|ORDER|LIMIT|OFFSET|FOR|RETURNING|THEN|END"
_ENDED = rf"(?=\s*(?:[;),]|\Z|(?:{_ENDS}|{_ENDS.lower()})\b))"
# Each pattern begins with one class of characters, so that the search leaps from one of them to the next.
_OTHERS = r"""
    | (?<=['])(?<![eEbBxXnN&].)(?:[^']|'')*+'(?!\s*')(?P<string>)
    | (?<=["])[^"]*+"(?P<name>)
    | (?<=[;])(?!\s*\Z)(?P<more>)                         # several statements
    | (?<=['"$?\\])(?P<unusual>)                         # what a pattern should not judge
"""
_EXPRESSIONS = re.compile(
    rf"""[=<>!'"$?\\;](?:
      (?<=[=<>!])(?<![~!@#^&|`?+\-*/%<>=:].)              # a comparison, not the end of another operator
      (?: (?<=[=]) | (?<=[<])[=>]? | (?<=[>])=? | (?<=[!])= ) [ ]?
      (?: (?:[A-Za-z_][\w.]*[ ]?[+-][ ]?)? {_NUMBER} | {_STRING} ) {_ENDED}
    {_OTHERS})""",
    re.VERBOSE,
)
# The rows of INSERT … VALUES, from the first parenthesis on. No other one may open but after a comma, and after one that
# closes nothing may come but the next row, RETURNING or the end.
_ROWS = re.compile(
    rf"""[(,)'"$?\\;](?:
      (?: (?<=\A[(])[ ]? | (?<=[,])\s*(?:[(]\s*)? )(?: {_NUMBER} | {_STRING} )(?=\s*[,)])
    | (?<=\A[(])(?P<first>)
    | (?<=[(])(?P<nested>)
    | (?<=[)])(?!\s*(?:,|;?\s*\Z|(?:returning|RETURNING)\b))(?P<tail>)
    {_OTHERS})""",
    re.VERBOSE,
)
_INSERT = re.compile(r"""[A-Za-z]+\s+[A-Za-z]+\s+[\w."]+\s*(?:\([\w\s,"]*\)\s*)?""")
_ROW_START = re.compile(r"\s*(?=[(])")
_NEEDS_LITERALS = re.compile(r"\b(?:group\s+by|distinct|on\s+conflict)\b")
_KEPT = frozenset({"string", "name", "first"})  # what is no slot but no reason to give up either
_HEADS = frozenset({"select", "insert", "update", "delete", "SELECT", "INSERT", "UPDATE", "DELETE", "Select", "Insert"})


class Normalised:
    """A statement's key, and the text of the literal in each of its slots, without quotes and sign."""

    __slots__ = ("key", "literals", "sql")

    def __init__(self, key: str, literals: list[str], sql: str) -> None:
        self.key = key
        self.literals = literals
        self.sql = sql

    @property
    def offsets(self) -> tuple[int, ...]:
        """Return where the literals stand in the text, in order. Computed anew: only who compiles needs them."""
        places: list[int] = []
        _replace(self.sql, [], places)
        return tuple(places)


class _Unusual(Exception):
    """The text has something that a pattern should not judge."""


def normalise(sql: str) -> Normalised | None:
    """Return the key and literals of `sql`, or None when it has no slots or should be taken as it is."""
    if sql[:6] not in _HEADS or len(sql) > TEXT_MAX:
        return None
    literals: list[str] = []
    try:
        key = _replace(sql, literals, None)
    except _Unusual:
        return None
    if not literals or "--" in key or "/*" in key:
        return None
    words = key.lower()
    if ("group" in words or "distinct" in words or "conflict" in words) and _NEEDS_LITERALS.search(words):
        return None
    return Normalised(key, literals, sql)


def _replace(sql: str, literals: list[str], places: list[int] | None) -> str:
    """Return `sql` with slots for its safe literals; append these, and where they are. Raises _Unusual."""
    start = 0
    text = sql
    pattern = _EXPRESSIONS
    if sql[0] in "iI":
        start = _rows_of_insert(sql)
        if start:
            text = sql[start:]
            pattern = _ROWS

    def slot(match: re.Match[str]) -> str:
        group = match.lastindex or 0
        if group > 3:
            if match.lastgroup in _KEPT:
                return match[0]
            raise _Unusual
        literal = match[group]
        here = match.start(group)
        first = match.start()
        kind = "?i4"
        if group == 2:
            kind = _number_kind(literal)
        elif group == 3:
            kind = "?s"
            here -= 1
            if "'" in literal:
                literal = literal.replace("''", "'")
        literals.append(literal)
        if places is not None:
            places.append(start + here)
        return match[0][: here - first] + kind

    key = pattern.sub(slot, text)
    return sql[:start] + key if start else key


def _rows_of_insert(sql: str) -> int:
    """Return where the first row of INSERT … VALUES (…) opens, or 0 when the statement is something else."""
    values = sql.find("VALUES")
    if values < 0:
        values = sql.find("values")
        if values < 0:
            return 0
    if _INSERT.fullmatch(sql, 0, values) is None:
        return 0
    row = _ROW_START.match(sql, values + 6)
    return 0 if row is None else row.end()


def _number_kind(digits: str) -> str:
    """Return the slot for the type that PostgreSQL gives an unsigned number."""
    if "." in digits or (len(digits) > 19 and len(digits := digits.lstrip("0")) > 19):
        return "?n"
    number = int(digits)
    return "?i4" if number <= 0x7FFFFFFF else "?i8" if number <= 0x7FFFFFFFFFFFFFFF else "?n"
