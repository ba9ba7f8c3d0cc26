"""Regular expression functions: regexp_match, regexp_replace, regexp_split_to_table, substring(… from …) and kin.

Patterns are PostgreSQL's advanced regular expressions, translated by `values.regex`. Matches are found from left to
right and do not overlap; after an empty match the search goes on one character later. The option `g` belongs to the
functions, the other options to the pattern.

    regexp_replace('foobarbaz', 'b(..)', 'X\\1Y', 'g')  ->  fooXarYXazY

Source: PostgreSQL 15, section 9.7; src/backend/utils/adt/regexp.c, varlena.c (replace_text_regexp).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.like import like, like_bytes, like_escape, similar_to_regex
from rustydb_engine.values.regex import compile_regex

_OPTIONS = "gbceimnpqstwx"


def _compiled(pattern: str, flags: str = "", owner: str = "") -> re.Pattern[str]:
    """Compile a pattern; `owner` is the function that does not take the option g."""
    for letter in flags:
        if letter not in _OPTIONS:
            raise SqlError("22023", f'invalid regular expression option: "{letter}"')
    if owner and "g" in flags:
        hint = "Use the regexp_matches function instead." if owner == "regexp_match" else None
        raise SqlError("22023", f'{owner}() does not support the "global" option', hint=hint)
    return compile_regex(pattern, flags.replace("g", ""))


def _found(pattern: re.Pattern[str], text: str, start: int = 0) -> Iterator[re.Match[str]]:
    """Give the matches from offset `start` on."""
    while start <= len(text):
        match = pattern.search(text, start)
        if match is None:
            return
        yield match
        start = match.end() + (match.end() == match.start())


def _parts(match: re.Match[str]) -> tuple[str | None, ...]:
    """Return the groups of a match, or the whole when there are none."""
    return match.groups() if match.re.groups else (match[0],)


# ---------------------------------------------------------------- substring


@function("substring(text, text) -> text", oid=2073)
def substring(text: str, pattern: str) -> str | None:
    match = _compiled(pattern).search(text)
    return None if match is None else _parts(match)[0]


@function("substring(text, text, text) -> text", oid=2074)
def substring_similar(text: str, pattern: str, escape: str) -> str | None:
    return substring(text, similar_to_regex(pattern, escape))


@function("similar_to_escape(text) -> text", oid=1987)
def similar_to_escape(pattern: str) -> str:
    return similar_to_regex(pattern)


@function("similar_to_escape(text, text) -> text", oid=1986)
def similar_to_escape_with(pattern: str, escape: str) -> str:
    return similar_to_regex(pattern, escape)


@function("similar_escape(text, text) -> text", oid=1623, strict=False)
def similar_escape(pattern: str | None, escape: str | None) -> str | None:
    return None if pattern is None else similar_to_regex(pattern, "\\" if escape is None else escape)


# ---------------------------------------------------------------- matching


@function("regexp_match(text, text) -> _text", oid=3396)
def regexp_match(text: str, pattern: str) -> tuple[str | None, ...] | None:
    return regexp_match_flags(text, pattern, "")


@function("regexp_match(text, text, text) -> _text", oid=3397)
def regexp_match_flags(text: str, pattern: str, flags: str) -> tuple[str | None, ...] | None:
    match = _compiled(pattern, flags, "regexp_match").search(text)
    return None if match is None else _parts(match)


@function("regexp_matches(text, text) -> setof _text", oid=2763)
def regexp_matches(text: str, pattern: str) -> Iterable[tuple[str | None, ...]]:
    return regexp_matches_flags(text, pattern, "")


@function("regexp_matches(text, text, text) -> setof _text", oid=2764)
def regexp_matches_flags(text: str, pattern: str, flags: str) -> Iterable[tuple[str | None, ...]]:
    compiled = _compiled(pattern, flags)
    if "g" in flags:
        return map(_parts, _found(compiled, text))
    match = compiled.search(text)
    return () if match is None else (_parts(match),)


@function("regexp_like(text, text) -> bool", oid=6263)
def regexp_like(text: str, pattern: str) -> bool:
    return _compiled(pattern).search(text) is not None


@function("regexp_like(text, text, text) -> bool", oid=6264)
def regexp_like_flags(text: str, pattern: str, flags: str) -> bool:
    return _compiled(pattern, flags, "regexp_like").search(text) is not None


# ---------------------------------------------------------------- splitting


def _pieces(compiled: re.Pattern[str], text: str) -> Iterator[str]:
    """Give the parts between matches; empty matches at the ends or right after a match do not split."""
    last = 0
    for match in _found(compiled, text):
        if match.start() < len(text) and match.end() > last:
            yield text[last : match.start()]
            last = match.end()
    yield text[last:]


@function("regexp_split_to_table(text, text) -> setof text", oid=2765)
def regexp_split_to_table(text: str, pattern: str) -> Iterable[str]:
    return _pieces(_compiled(pattern), text)


@function("regexp_split_to_table(text, text, text) -> setof text", oid=2766)
def regexp_split_to_table_flags(text: str, pattern: str, flags: str) -> Iterable[str]:
    return _pieces(_compiled(pattern, flags, "regexp_split_to_table"), text)


@function("regexp_split_to_array(text, text) -> _text", oid=2767)
def regexp_split_to_array(text: str, pattern: str) -> tuple[str, ...]:
    return tuple(_pieces(_compiled(pattern), text))


@function("regexp_split_to_array(text, text, text) -> _text", oid=2768)
def regexp_split_to_array_flags(text: str, pattern: str, flags: str) -> tuple[str, ...]:
    return tuple(_pieces(_compiled(pattern, flags, "regexp_split_to_array"), text))


# ---------------------------------------------------------------- replacing

_REFERENCE = re.compile(r"\\([1-9&\\])", re.S)


def _replaced(text: str, compiled: re.Pattern[str], new: str, start: int, number: int) -> str:
    """Replace match `number` (all when 0), searching from offset `start`."""

    def expanded(match: re.Match[str]) -> str:
        def reference(what: re.Match[str]) -> str:
            if what[1] == "\\":
                return "\\"
            if what[1] == "&":
                return match[0]
            group = int(what[1])
            return (match[group] or "") if group <= compiled.groups else ""

        return _REFERENCE.sub(reference, new) if "\\" in new else new

    out: list[str] = []
    last = 0
    for count, match in enumerate(_found(compiled, text, start), 1):
        if number and count < number:
            continue
        out.append(text[last : match.start()])
        out.append(expanded(match))
        last = match.end()
        if number:
            break
    out.append(text[last:])
    return "".join(out)


@function("regexp_replace(text, text, text) -> text", oid=2284)
def regexp_replace(text: str, pattern: str, new: str) -> str:
    return _replaced(text, _compiled(pattern), new, 0, 1)


@function("regexp_replace(text, text, text, text) -> text", oid=2285)
def regexp_replace_flags(text: str, pattern: str, new: str, flags: str) -> str:
    if flags[:1].isdigit():
        hint = (
            "If you meant to use regexp_replace() with a start parameter, "
            "cast the fourth argument to integer explicitly."
        )
        raise SqlError("22023", f'invalid regular expression option: "{flags[0]}"', hint=hint)
    return _replaced(text, _compiled(pattern, flags), new, 0, 0 if "g" in flags else 1)


def _check(name: str, number: int, least: int) -> None:
    if number < least:
        raise SqlError("22023", f'invalid value for parameter "{name}": {number}')


@function("regexp_replace(text, text, text, int4) -> text", oid=6253)
def regexp_replace_from(text: str, pattern: str, new: str, start: int) -> str:
    return regexp_replace_nth(text, pattern, new, start, 1)


@function("regexp_replace(text, text, text, int4, int4) -> text", oid=6252)
def regexp_replace_nth(text: str, pattern: str, new: str, start: int, number: int) -> str:
    return regexp_replace_nth_flags(text, pattern, new, start, number, "")


@function("regexp_replace(text, text, text, int4, int4, text) -> text", oid=6251)
def regexp_replace_nth_flags(text: str, pattern: str, new: str, start: int, number: int, flags: str) -> str:
    _check("start", start, 1)
    _check("n", number, 0)
    return _replaced(text, _compiled(pattern, flags), new, start - 1, number)


# ---------------------------------------------------------------- counting and places


@function("regexp_count(text, text) -> int4", oid=6254)
def regexp_count(text: str, pattern: str) -> int:
    return regexp_count_flags(text, pattern, 1, "")


@function("regexp_count(text, text, int4) -> int4", oid=6255)
def regexp_count_from(text: str, pattern: str, start: int) -> int:
    return regexp_count_flags(text, pattern, start, "")


@function("regexp_count(text, text, int4, text) -> int4", oid=6256)
def regexp_count_flags(text: str, pattern: str, start: int, flags: str) -> int:
    _check("start", start, 1)
    return sum(1 for _ in _found(_compiled(pattern, flags, "regexp_count"), text, start - 1))


def _nth(
    name: str, text: str, pattern: str, start: int, number: int, flags: str, group: int
) -> tuple[re.Match[str] | None, int]:
    """Return match `number` from a place on, and the group to look at; None when there is none."""
    _check("start", start, 1)
    _check("n", number, 1)
    _check("subexpr", group, 0)
    compiled = _compiled(pattern, flags, name)
    if group > compiled.groups:
        return None, group
    for count, match in enumerate(_found(compiled, text, start - 1), 1):
        if count == number:
            return match, group
    return None, group


@function("regexp_instr(text, text, int4, int4, int4, text, int4) -> int4", oid=6262)
def regexp_instr(text: str, pattern: str, start: int, number: int, end: int, flags: str, group: int) -> int:
    _check("start", start, 1)
    _check("n", number, 1)
    if end not in (0, 1):
        raise SqlError("22023", f'invalid value for parameter "endoption": {end}')
    match, group = _nth("regexp_instr", text, pattern, start, number, flags, group)
    if match is None or match.start(group) < 0:
        return 0
    return (match.end(group) if end else match.start(group)) + 1


@function("regexp_instr(text, text) -> int4", oid=6257)
def regexp_instr_first(text: str, pattern: str) -> int:
    return regexp_instr(text, pattern, 1, 1, 0, "", 0)


@function("regexp_instr(text, text, int4) -> int4", oid=6258)
def regexp_instr_from(text: str, pattern: str, start: int) -> int:
    return regexp_instr(text, pattern, start, 1, 0, "", 0)


@function("regexp_instr(text, text, int4, int4) -> int4", oid=6259)
def regexp_instr_nth(text: str, pattern: str, start: int, number: int) -> int:
    return regexp_instr(text, pattern, start, number, 0, "", 0)


@function("regexp_instr(text, text, int4, int4, int4) -> int4", oid=6260)
def regexp_instr_end(text: str, pattern: str, start: int, number: int, end: int) -> int:
    return regexp_instr(text, pattern, start, number, end, "", 0)


@function("regexp_instr(text, text, int4, int4, int4, text) -> int4", oid=6261)
def regexp_instr_flags(text: str, pattern: str, start: int, number: int, end: int, flags: str) -> int:
    return regexp_instr(text, pattern, start, number, end, flags, 0)


@function("regexp_substr(text, text, int4, int4, text, int4) -> text", oid=6269)
def regexp_substr(text: str, pattern: str, start: int, number: int, flags: str, group: int) -> str | None:
    match, group = _nth("regexp_substr", text, pattern, start, number, flags, group)
    return None if match is None else match[group]


@function("regexp_substr(text, text) -> text", oid=6265)
def regexp_substr_first(text: str, pattern: str) -> str | None:
    return regexp_substr(text, pattern, 1, 1, "", 0)


@function("regexp_substr(text, text, int4) -> text", oid=6266)
def regexp_substr_from(text: str, pattern: str, start: int) -> str | None:
    return regexp_substr(text, pattern, start, 1, "", 0)


@function("regexp_substr(text, text, int4, int4) -> text", oid=6267)
def regexp_substr_nth(text: str, pattern: str, start: int, number: int) -> str | None:
    return regexp_substr(text, pattern, start, number, "", 0)


@function("regexp_substr(text, text, int4, int4, text) -> text", oid=6268)
def regexp_substr_flags(text: str, pattern: str, start: int, number: int, flags: str) -> str | None:
    return regexp_substr(text, pattern, start, number, flags, 0)


# ---------------------------------------------------------------- LIKE as functions


@function("like(text, text) -> bool", oid=1569)
@function("like(name, text) -> bool", oid=1571)
def like_function(text: str, pattern: str) -> bool:
    return like(text, pattern)


@function("notlike(text, text) -> bool", oid=1570)
@function("notlike(name, text) -> bool", oid=1572)
def notlike(text: str, pattern: str) -> bool:
    return not like(text, pattern)


@function("like(bytea, bytea) -> bool", oid=2007)
def like_bytea(data: bytes, pattern: bytes) -> bool:
    return like_bytes(data, pattern)


@function("notlike(bytea, bytea) -> bool", oid=2008)
def notlike_bytea(data: bytes, pattern: bytes) -> bool:
    return not like_bytes(data, pattern)


@function("like_escape(text, text) -> text", oid=1637)
def like_escape_function(pattern: str, escape: str) -> str:
    return like_escape(pattern, escape)


@function("like_escape(bytea, bytea) -> bytea", oid=2009)
def like_escape_bytea(pattern: bytes, escape: bytes) -> bytes:
    return like_escape(pattern.decode("latin-1"), escape.decode("latin-1")).encode("latin-1")
