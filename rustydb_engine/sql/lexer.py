"""The lexer: cuts statement text into tokens as PostgreSQL's does.

One compiled pattern finds each token and which kind it is; what a pattern cannot decide (nested comments, escapes,
where an operator ends) is finished by a small function. A token is a terminal of the grammar and a value; the
terminals are

    IDENT                  an identifier; value folded to lower case unless quoted, cut to 63 bytes
    SELECT, TABLE, …       a key word; value is the word in lower case (see keywords.py)
    SCONST                 a string; value without quotes and escapes
    BCONST                 a bit string; value "b101" or "x1f"
    ICONST, FCONST         a number that fits int4, and any other; value as written
    PARAM                  $1; value "1"
    OP                     an operator that has no terminal of its own
    _NOT_LA, _NULLS_LA,    NOT, NULLS or WITH where the next word gives it another meaning (NOT LIKE, NULLS FIRST,
    _WITH_LA               WITH TIME): one token of look-ahead is not enough there
    ( ) , ; + :: := …      themselves
    $END                   the end of the text
    ERROR                  something that is no token; value is the SqlError

An error is a token, not an exception, because PostgreSQL reads tokens only as it parses: a syntax error before a
broken string is reported first. Nothing follows an ERROR.

`tokenize` returns three parallel lists rather than token objects: they are what the parser's loop reads.

Source: PostgreSQL 15, section 4.1 and src/backend/parser/scan.l.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.keywords import TERMINALS
from rustydb_engine.sql.strings import continued, special_string, unicode_text

END = "$END"
ERROR = "ERROR"
IDENTIFIER_BYTES_MAX = 63
OPERATOR_BYTES_MAX = 63

Tokens = tuple[list[str], list[str | SqlError], list[int]]  # terminals, values, offsets

# Letters, _ and anything that is not ASCII begin an identifier; digits and $ may follow. Said by what is excluded,
# because a class that names the characters above ASCII takes milliseconds to compile.
_START = r"[^\x00-@\[-\^`\{-\x7f]"
_MORE = r"[^\x00-\#%-/:-@\[-\^`\{-\x7f]"
_TAG = r"[^\x00-/:-@\[-\^`\{-\x7f]"  # in the tag of a dollar quote
_TOKEN = re.compile(
    rf"""[ \t\n\r\f]*+(?:
      ([eEbBxXnN]'|[uU]&['"])                                   # 1 the start of a special string
    | ({_START}{_MORE}*+)                                         # 2 identifier or key word
    | ([,()\[\];]|\.(?![.0-9]))                                 # 3 punctuation
    | ((?:[0-9]++(?:\.(?!\.)[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?)  # 4 number
    | ('[^']*+(?:''[^']*+)*+')                                  # 5 string
    | --[^\n\r]*+()                                             # 6 comment
    | (/\*)                                                     # 7 the start of a comment
    | ([~!@#^&|`?+\-*/%<>=]++)                                  # 8 operator, maybe too much
    | ("[^"]*+(?:""[^"]*+)*+")                                  # 9 quoted identifier
    | (\$[0-9]++)                                               # 10 parameter
    | (::|:=|:|\.\.)                                            # 11 more punctuation
    | (\$(?:{_START}{_TAG}*+)?\$)                               # 12 the start of a dollar quote
    | ([\s\S])                                                  # 13 anything else
    | \Z()                                                      # 14 the end
    )""",
    re.VERBOSE,
)
# Where a name longer than 63 bytes may be: by whether the text is ASCII, else a character has up to four.
_LONG = {True: re.compile(f"{_MORE}{{64}}"), False: re.compile(f"{_MORE}{{16}}")}
_LONG_QUOTED = {True: re.compile('"[^"]{64}'), False: re.compile('"[^"]{16}')}
_IDENTIFIER = re.compile(f"{_START}{_MORE}*")
_REAL_JUNK = re.compile(r"[eE][+-]")
_COMMENT_PART = re.compile(r"/\*|\*/")
_SELF = frozenset("+-*/%^<>=")  # operators that are terminals of their own
_OPERATORS = {"<=": "<=", ">=": ">=", "<>": "<>", "!=": "<>", "=>": "=>"}
_KEEPS_SIGN = re.compile(r"[~!@#^&|`?%]")  # an operator with one of these may end in + or -
_LOOK_AHEAD: dict[str, tuple[str, frozenset[str]]] = {
    "NOT": ("_NOT_LA", frozenset({"BETWEEN", "IN", "LIKE", "ILIKE", "SIMILAR"})),
    "NULLS": ("_NULLS_LA", frozenset({"FIRST", "LAST"})),
    "WITH": ("_WITH_LA", frozenset({"TIME", "ORDINALITY"})),
}
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def tokenize(sql: str) -> Tokens:
    """Cut `sql` into tokens; the last is $END or ERROR."""
    types: list[str] = []
    values: list[str | SqlError] = []
    offsets: list[int] = []
    add_type, add_value, add_offset = types.append, values.append, offsets.append
    keyword = TERMINALS.get
    resume = 0
    while resume >= 0:
        start, resume = resume, -1
        for match in _TOKEN.finditer(sql, start):
            kind = match.lastindex
            if kind == 2:
                word = match[2]
                word = word.lower() if word.isascii() else word.translate(_LOWER)
                add_type(keyword(word, "IDENT"))
                add_value(word if len(word) < 16 else truncate(word))
                add_offset(match.start(2))
            elif kind == 3:
                text = match[3]
                add_type(text)
                add_value(text)
                add_offset(match.start(3))
            elif kind != 6:
                assert kind is not None, "the pattern matches anything"
                offset = match.start(kind)
                try:
                    terminal, value, end = _FINISH[kind](sql, match)
                except SqlError as error:
                    add_type(ERROR)
                    add_value(error)
                    add_offset(offset if error.position is None else error.position)
                    break
                if terminal:
                    add_type(terminal)
                    add_value(value)
                    add_offset(offset)
                if end != match.end():  # the pattern took too much or too little
                    resume = end
                    break
    _look_ahead(types)
    return types, values, offsets


def token_text(sql: str, offset: int) -> str:
    """Return the text of the token at `offset`, for an error message."""
    match = _TOKEN.match(sql, offset)
    assert match is not None
    kind = match.lastindex or 0
    end = match.end() if kind in (2, 3, 6) else _FINISH[kind](sql, match)[2]
    return sql[offset:end]


def truncate(name: str) -> str:
    """Cut an identifier to 63 bytes of UTF-8, at a character boundary."""
    if len(name) * 4 <= IDENTIFIER_BYTES_MAX:
        return name
    data = name.encode("utf-8", "surrogatepass")
    return name if len(data) <= IDENTIFIER_BYTES_MAX else data[:IDENTIFIER_BYTES_MAX].decode("utf-8", "ignore")


def cut_identifiers(sql: str) -> list[tuple[str, str]]:
    """Return the identifiers of a text that are longer than 63 bytes, each with what is left of it."""
    ascii = sql.isascii()
    if not _LONG[ascii].search(sql) and not ('"' in sql and _LONG_QUOTED[ascii].search(sql)):
        return []
    found = []
    types, values, offsets = tokenize(sql)
    for terminal, value, offset in zip(types, values, offsets, strict=True):
        if terminal == "IDENT" and isinstance(value, str) and len(value) * 4 > IDENTIFIER_BYTES_MAX - 3:
            match = _TOKEN.match(sql, offset)
            assert match is not None, "a token is where it was found"
            name = _whole_name(sql, match)
            if name != value:
                found.append((name, value))
    return found


def _whole_name(sql: str, match: re.Match[str]) -> str:
    """Return an identifier before it is cut."""
    if match.lastindex == 2:
        return match[2].lower() if match[2].isascii() else match[2].translate(_LOWER)
    if match.lastindex == 9:
        return match[9][1:-1].replace('""', '"')
    return unicode_text(sql, match.start(1))[0]


def lexical_error(message: str, text: str, position: int, sqlstate: str = "42601") -> SqlError:
    """Return PostgreSQL's error for broken text: `message at or near "text"`."""
    return SqlError(sqlstate, f'{message} at or near "{text}"', position=position)


# ---------------------------------------------------------------- kinds of tokens
# Each takes the text and the match and returns (terminal, value, end); terminal "" is skipped.

_Finished = tuple[str, str, int]


def _number(sql: str, match: re.Match[str]) -> _Finished:
    text, end = match[4], match.end()
    if _IDENTIFIER.match(sql, end):
        junk = _REAL_JUNK.match(sql, end) or _IDENTIFIER.match(sql, end)
        assert junk is not None
        raise lexical_error("trailing junk after numeric literal", text + junk[0], match.start(4))
    if not text.isdigit():
        return "FCONST", text, end
    significant = text if len(text) < 10 else text.lstrip("0") or "0"
    fits = len(significant) < 10 or (len(significant) == 10 and significant <= "2147483647")
    return "ICONST" if fits else "FCONST", text, end


def _string(sql: str, match: re.Match[str]) -> _Finished:
    text, end = match[5][1:-1], match.end()
    if "'" in text:
        text = text.replace("''", "'")
    if sql[end : end + 1] in "\n\r \t\f-":
        more, end = continued(sql, end, match.start(5))
        text += more
    return "SCONST", text, end


def _special(sql: str, match: re.Match[str]) -> _Finished:
    start = match.start(1)
    letter = match[1][0].lower()
    if letter == "n":  # N'…' is national character '…'
        return "NCHAR", "nchar", start + 1
    if match[1][-1] == '"':
        text, end = unicode_text(sql, start)
        if not text:
            raise lexical_error("zero-length delimited identifier", sql[start:end], start)
        return "IDENT", truncate(text), end
    text, end = special_string(sql, start)
    return "BCONST" if letter in "bx" else "SCONST", text, end


def _comment(sql: str, match: re.Match[str]) -> _Finished:
    depth, position, start = 1, match.end(), match.start(7)
    while depth:
        part = _COMMENT_PART.search(sql, position)
        if part is None:
            raise lexical_error("unterminated /* comment", sql[start:], start)
        depth += 1 if part[0] == "/*" else -1
        position = part.end()
    return "", "", position


def _operator(sql: str, match: re.Match[str]) -> _Finished:
    """Decide how much of a run of operator characters is one operator (4.1.3: the two restrictions)."""
    text, start = match[8], match.start(8)
    if len(text) > 1:
        cuts = [cut for cut in (text.find("--"), text.find("/*")) if cut >= 0]
        if cuts:
            text = text[: min(cuts)]
        if text[-1] in "+-" and not _KEEPS_SIGN.search(text):
            text = text.rstrip("+-") or text[0]
    end = start + len(text)
    if len(text) == 1 and text in _SELF:
        return text, text, end
    known = _OPERATORS.get(text)
    if known is not None:
        return known, known, end
    if len(text) > OPERATOR_BYTES_MAX:
        raise lexical_error("operator too long", text, start)
    return "OP", text, end


def _quoted(sql: str, match: re.Match[str]) -> _Finished:
    text, start, end = match[9][1:-1], match.start(9), match.end()
    if not text:
        raise lexical_error("zero-length delimited identifier", '""', start)
    if '"' in text:
        text = text.replace('""', '"')
    return "IDENT", truncate(text), end


def _parameter(sql: str, match: re.Match[str]) -> _Finished:
    end = match.end()
    if junk := _IDENTIFIER.match(sql, end):
        start = match.start(10)
        raise lexical_error("trailing junk after parameter", match[10] + junk[0], start)
    return "PARAM", match[10][1:], end


def _punctuation(sql: str, match: re.Match[str]) -> _Finished:
    return match[11], match[11], match.end()


def _dollar_quote(sql: str, match: re.Match[str]) -> _Finished:
    close = sql.find(match[12], match.end())
    if close < 0:
        start = match.start(12)
        raise lexical_error("unterminated dollar-quoted string", sql[start:], start)
    return "SCONST", sql[match.end() : close], close + len(match[12])


def _other(sql: str, match: re.Match[str]) -> _Finished:
    character, start = match[13], match.start(13)
    if character == "'":
        raise lexical_error("unterminated quoted string", sql[start:], start)
    if character == '"':
        raise lexical_error("unterminated quoted identifier", sql[start:], start)
    return "OTHER", character, match.end()


def _end(sql: str, match: re.Match[str]) -> _Finished:
    return END, "", len(sql)


_FINISH: dict[int, Callable[[str, re.Match[str]], _Finished]] = {
    1: _special,
    4: _number,
    5: _string,
    7: _comment,
    8: _operator,
    9: _quoted,
    10: _parameter,
    11: _punctuation,
    12: _dollar_quote,
    13: _other,
    14: _end,
}


def _look_ahead(types: list[str]) -> None:
    """Rename NOT, NULLS and WITH where the next token changes what they mean."""
    for terminal, (renamed, following) in _LOOK_AHEAD.items():
        if terminal in types:
            for index, here in enumerate(types):
                if here == terminal and types[index + 1] in following:
                    types[index] = renamed
