"""parse_ident: a qualified name taken apart.

    parse_ident('"SomeSchema".someTable')  ->  {SomeSchema,sometable}

Source: PostgreSQL 15, section 9.4; src/backend/utils/adt/misc.c.
"""

from __future__ import annotations

import re

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import function

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
# A letter, _ or anything beyond ASCII, then also digits and $; written as what they are not, which compiles in no time.
_PLAIN = re.compile(r"[^\x00-@\[-^`{-\x7f][^\x00-#%-/:-@\[-^`{-\x7f]*")
_BLANKS = " \t\n\r\f\v"


def _invalid(text: str, detail: str | None = None) -> SqlError:
    return SqlError("22023", f'string is not a valid identifier: "{text}"', detail=detail)


@function("parse_ident(str text, strict bool) -> _text", oid=1268, defaults=(True,))
def parse_ident(text: str, strict: bool) -> tuple[str, ...]:
    parts: list[str] = []
    at = len(text) - len(text.lstrip(_BLANKS))
    after_dot = False
    while True:
        if text.startswith('"', at):
            match = _QUOTED.match(text, at)
            if match is None:
                raise _invalid(text, "String has unclosed double quotes.")
            if not match[1]:
                raise _invalid(text, "Quoted identifier must not be empty.")
            parts.append(match[1].replace('""', '"'))
        else:
            match = _PLAIN.match(text, at)
            if match is None:
                detail = None
                if text.startswith(".", at):
                    detail = 'No valid identifier before ".".'
                elif after_dot:
                    detail = 'No valid identifier after ".".'
                raise _invalid(text, detail)
            parts.append("".join(c.lower() if c.isascii() else c for c in match[0]))
        at = match.end()
        while at < len(text) and text[at] in _BLANKS:
            at += 1
        if not text.startswith(".", at):
            break
        after_dot = True
        at += 1
        while at < len(text) and text[at] in _BLANKS:
            at += 1
    if at < len(text) and strict:
        raise _invalid(text)
    return tuple(parts)
