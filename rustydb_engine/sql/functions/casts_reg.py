"""Casts between the reg types (regclass, regtype, regproc …) and text: names, looked up in the statement's catalog.

PostgreSQL has rows for text and varchar to regclass only; the others go through text input and output there. Here
these need the catalog, so they are casts with the strength of such a conversion.

Source: PostgreSQL 15, section 8.19; src/backend/utils/adt/regproc.c.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.sql.functions.catalog_names import read_reg, reg_text
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import cast
from rustydb_engine.values.types import BY_NAME, Type

REG_TYPES = (
    "regproc", "regprocedure", "regoper", "regoperator", "regclass", "regtype", "regnamespace", "regrole", "regcollation",
)  # fmt: skip


def _reader(kind: Type) -> Callable[[EvalContext, str], int]:
    return lambda context, text: read_reg(context, text.rstrip(" "), kind)


def _printer(kind: Type) -> Callable[[EvalContext, int], str]:
    return lambda context, oid: reg_text(context, kind.name, oid)


def _load() -> None:
    for name in REG_TYPES:
        kind = BY_NAME[name]
        for text in ("text", "varchar", "bpchar", "name"):
            implicit = name == "regclass" and text in ("text", "varchar")
            cast(text, name, "i" if implicit else "e", _reader(kind), needs_context=True)
            cast(name, text, "a", _printer(kind), needs_context=True)


_load()
