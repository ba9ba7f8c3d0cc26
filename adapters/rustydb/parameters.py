"""Placeholders: from `%s`, `%(name)s` or `$1` in a statement to the `$n` that the server takes.

A statement uses one of three styles, and which one is found by reading it:

    SELECT * FROM users WHERE age > $1                [18]
    SELECT * FROM users WHERE age > %s                [18]
    SELECT * FROM users WHERE age > %(age)s           {"age": 18}

Only what the server would read as code is searched. In '…', E'…', "…", $tag$…$tag$ and comments nothing is a placeholder, and
nothing there is changed: LIKE patterns are written as they are ('50%', not '50%%'). Outside of those `%%` stands for the operator
`%` in a statement with `%s`; in a statement with `$n`, and in one without parameters, `%` means itself.

The text is read once: `compile_sql` remembers what it found for the last 1,024 texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from rustydb.errors import ProgrammingError

Parameters = Sequence[object] | Mapping[str, object]

PARAMETERS_MAX: Final = 65_535

_TOKEN = re.compile(
    r"""
      (?P<escaped>  (?<![\w$]) [eE] ' (?: [^'\\] | \\. | '' )* (?: ' | \Z ) )
    | (?P<text>     ' (?: [^'] | '' )* (?: ' | \Z ) )
    | (?P<name>     " (?: [^"] | "" )* (?: " | \Z ) )
    | (?P<line>     -- [^\n]* )
    | (?P<block>    /\* )
    | (?P<number>   (?<![\w$]) \$ (?P<digits> [0-9]+ ) )
    | (?P<dollar>   (?<![\w$]) \$ (?: [^\W\d]\w* )? \$ )
    | (?P<percent>  %% )
    | (?P<place>    %s )
    | (?P<named>    % \( (?P<key> [^()]* ) \) s )
    """,
    re.VERBOSE | re.DOTALL,
)


class Compiled:
    """A statement whose placeholders are `$n`: the text, how many parameters, and their names where they have any."""

    __slots__ = ("count", "names", "sql", "style")

    def __init__(self, sql: str, style: str, count: int, names: tuple[str, ...]) -> None:
        self.sql = sql
        self.style = style
        self.count = count
        self.names = names

    def arrange(self, parameters: Parameters) -> list[object]:
        """Return the values in the order of `$n`; ProgrammingError when they do not fit the placeholders."""
        if isinstance(parameters, Mapping):
            return self._by_name(parameters)
        if isinstance(parameters, str | bytes | bytearray) or not isinstance(parameters, Sequence):
            raise ProgrammingError(
                f"parameters are a list, a tuple or a mapping, not {type(parameters).__name__}", "42P02"
            )
        if self.style == "named" and self.count:
            raise ProgrammingError("the statement has %(name)s placeholders: its parameters are a mapping", "42P02")
        if len(parameters) != self.count:
            raise ProgrammingError(
                f"the statement has {_plural(self.count, 'placeholder')}, "
                f"and {_plural(len(parameters), 'parameter')} given",
                "42P02",
            )
        return list(parameters)

    def _by_name(self, parameters: Mapping[str, object]) -> list[object]:
        if self.style != "named":
            if not self.count and not parameters:
                return []
            raise ProgrammingError("parameters by name need %(name)s placeholders", "42P02")
        missing = [name for name in self.names if name not in parameters]
        if missing:
            raise ProgrammingError(f'there is no parameter "{missing[0]}" for %({missing[0]})s', "42P02")
        return [parameters[name] for name in self.names]


def prepare_sql(sql: str, parameters: Parameters | None) -> tuple[str, list[object]]:
    """Return the statement with `$n` and its values in order. Without parameters the text is left as it is."""
    if parameters is None:
        return sql, []
    compiled = compile_sql(sql)
    return compiled.sql, compiled.arrange(parameters)


@lru_cache(maxsize=1024)
def compile_sql(sql: str) -> Compiled:
    """Find the placeholders of a statement; ProgrammingError when it mixes styles."""
    found = list(_placeholders(sql))
    styles = {kind for kind, *_ in found} - {"percent"}
    if len(styles) > 1:
        shown = " and ".join({"number": "$n", "place": "%s", "named": "%(name)s"}[style] for style in sorted(styles))
        raise ProgrammingError(f"a statement has placeholders of one style, not {shown}", "42P02")
    style = next(iter(styles), "number")
    if style == "number":
        count = max((int(key) for kind, _, _, key in found if kind == "number"), default=0)
        compiled = Compiled(sql, style, count, ())
    else:
        compiled = _rewritten(sql, style, found)
    if compiled.count > PARAMETERS_MAX:
        raise ProgrammingError(f"{compiled.count} placeholders are more than {PARAMETERS_MAX}", "54023")
    return compiled


Found = tuple[str, int, int, str]


def _rewritten(sql: str, style: str, found: list[Found]) -> Compiled:
    names: dict[str, int] = {}
    parts = []
    count = position = 0
    for kind, start, end, key in found:
        parts.append(sql[position:start])
        position = end
        if kind == "percent":
            parts.append("%")
        elif kind == "place":
            count += 1
            parts.append(f"${count}")
        else:
            parts.append(f"${names.setdefault(key, len(names) + 1)}")
    parts.append(sql[position:])
    return Compiled("".join(parts), style, count or len(names), tuple(names))


def _placeholders(sql: str) -> list[Found]:
    """Return (kind, start, end, key) of each placeholder and each `%%` that is code."""
    found: list[Found] = []
    position = 0
    while (match := _TOKEN.search(sql, position)) is not None:
        kind = match.lastgroup
        position = match.end()
        # `lastgroup` is the last group that was closed: for the two with an inner group it is the outer one.
        if kind == "block":
            position = _comment_end(sql, position)
        elif kind == "dollar":
            end = sql.find(match.group(), position)
            position = len(sql) if end < 0 else end + len(match.group())
        elif kind == "number":
            found.append((kind, match.start(), match.end(), match["digits"]))
        elif kind == "named":
            found.append((kind, match.start(), match.end(), match["key"]))
        elif kind in ("percent", "place"):
            found.append((kind, match.start(), match.end(), ""))
    return found


def _comment_end(sql: str, position: int) -> int:
    """Return where a block comment ends whose /* was just read; they nest, as in PostgreSQL."""
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(sql, position):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(sql)


def _plural(count: int, noun: str) -> str:
    verb = "was " if count == 1 else "were "
    text = f"{count} {noun}" + ("" if count == 1 else "s")
    return f"{text} {verb.strip()}" if noun == "parameter" else text
