"""Operators on text, character(n), name and bytea: concatenation, LIKE, regular expressions, prefix.

`name` and `character(n)` operands of LIKE and ~ are texts here; a character(n) keeps its trailing blanks, as in PostgreSQL.

Source: PostgreSQL 15, sections 9.4, 9.5 and 9.7.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.sql.functions.behind import behind, enter_behind
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.sql.functions.texts import cast_of
from rustydb_engine.values import like, regex
from rustydb_engine.values.types import Type


@behind("textcat", inline="({0} + {1})")
def textcat(left: str, right: str) -> str:
    """Concatenate."""
    return left + right


@behind("byteacat", inline="({0} + {1})")
def byteacat(left: bytes, right: bytes) -> bytes:
    """Concatenate."""
    return left + right


@behind("textanycat", context=True, typed=True)
def textanycat(context: EvalContext, types: tuple[Type, ...], left: str, right: object) -> str:
    """Append the text of any value."""
    return left + cast_of(types[1])(context, right)


@behind("anytextcat", context=True, typed=True)
def anytextcat(context: EvalContext, types: tuple[Type, ...], left: object, right: str) -> str:
    """Prepend the text of any value."""
    return cast_of(types[0])(context, left) + right


@behind("starts_with", inline="{0}.startswith({1})")
def starts_with(text: str, prefix: str) -> bool:
    """Whether a text begins with a prefix."""
    return text.startswith(prefix)


def _not(test: Callable[..., bool]) -> Callable[..., bool]:
    return lambda text, pattern: not test(text, pattern)


for _prefix in ("text", "bpchar", "name"):
    enter_behind(f"{_prefix}like", like.like)
    enter_behind(f"{_prefix}nlike", _not(like.like))
    enter_behind(f"{_prefix}iclike", like.ilike)
    enter_behind(f"{_prefix}icnlike", _not(like.ilike))
    enter_behind(f"{_prefix}regexeq", regex.matches)
    enter_behind(f"{_prefix}regexne", _not(regex.matches))
    enter_behind(f"{_prefix}icregexeq", regex.matches_ignoring_case)
    enter_behind(f"{_prefix}icregexne", _not(regex.matches_ignoring_case))
enter_behind("bytealike", like.like_bytes)
enter_behind("byteanlike", _not(like.like_bytes))


@function("like_escape(text, text) -> text", oid=1637)
def like_escape(pattern: str, escape: str) -> str:
    """Rewrite a LIKE pattern with another escape character to one with the backslash."""
    return like.like_escape(pattern, escape)


@function("like_escape(bytea, bytea) -> bytea", oid=2009)
def like_escape_bytes(pattern: bytes, escape: bytes) -> bytes:
    """Rewrite a LIKE pattern of bytes."""
    return like.like_escape(pattern.decode("latin-1"), escape.decode("latin-1")).encode("latin-1")


@function("similar_to_escape(text, text) -> text", oid=1986)
def similar_to_escape(pattern: str, escape: str) -> str:
    """Return the regular expression for a SIMILAR TO pattern."""
    return like.similar_to_regex(pattern, escape)


@function("similar_to_escape(text) -> text", oid=1987)
def similar_to_escape_default(pattern: str) -> str:
    """Return the regular expression for a SIMILAR TO pattern whose escape is the backslash."""
    return like.similar_to_regex(pattern)


@function("similar_escape(text, text) -> text", oid=1623, strict=False)
def similar_escape(pattern: str | None, escape: str | None) -> str | None:
    """Return the regular expression for a SIMILAR TO pattern; a NULL escape is the backslash."""
    if pattern is None:
        return None
    return like.similar_to_regex(pattern, "\\" if escape is None else escape)
