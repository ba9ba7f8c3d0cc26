"""Casts among the character types, and from boolean and "char" to them.

character(n) loses its trailing blanks on the way to any other text type. Casts between text and all other types go
through their text forms and are the binder's rule, not rows here.

Source: PostgreSQL 15, pg_cast.dat; src/backend/utils/adt/{varchar,name,char}.c.
"""

from __future__ import annotations

from rustydb_engine.sql.functions.registry import INLINE_NAMES, cast
from rustydb_engine.values.text import char_in, char_out, name_fit


def bpchar_to_text(value: str) -> str:
    """Drop the padding."""
    return value.rstrip(" ")


def bpchar_to_name(value: str) -> str:
    """Drop the padding and cut to the length of a name."""
    return name_fit(value.rstrip(" "))


def bool_to_text(truth: bool) -> str:
    """Return true or false in full."""
    return "true" if truth else "false"


def text_to_char(value: str) -> str:
    """Return the first byte."""
    return char_in(value)


def _same(value: str) -> str:
    return value


def _load() -> None:
    for target in ("text", "varchar", "bpchar"):
        cast("bool", target, "a", bool_to_text, inline="('true' if {0} else 'false')")
    for target in ("text", "varchar"):
        cast("bpchar", target, "i", bpchar_to_text, inline="{0}.rstrip(' ')")
        cast("name", target, "i" if target == "text" else "a", _same, inline="{0}")
        cast("char", target, "i" if target == "text" else "a", char_out)
        cast(target, "bpchar", "i", method="b")
        cast(target, "name", "i", name_fit)
        cast(target, "char", "a", text_to_char)
    cast("text", "varchar", "i", method="b")
    cast("varchar", "text", "i", method="b")
    cast("bpchar", "char", "a", text_to_char)
    cast("bpchar", "name", "i", bpchar_to_name)
    cast("char", "bpchar", "a", char_out)
    cast("name", "bpchar", "a", _same, inline="{0}")
    cast("pg_node_tree", "text", "i", method="b")


_load()
INLINE_NAMES["name_fit"] = name_fit
