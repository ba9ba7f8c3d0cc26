"""Where the parse tables come from: the file that was built with the package, or else the grammar itself.

The file is `grammar.tables`, made by `python -m rustydb_engine.sql.table_builder` (setup.py runs it). It
names the digest of everything it was made from; one of another grammar is not used. Without a current file the tables
are built in memory, which takes seconds and needs lark, and the builder tries to leave the file for next time;
that it cannot (a read-only checkout) does no harm.
"""

from __future__ import annotations

import hashlib
import marshal
import pkgutil
from typing import Any

PACKAGE = "rustydb_engine.sql"
FILE = "grammar.tables"
GRAMMAR_FILES = (
    "grammar.lark",
    "grammar_queries.lark",
    "grammar_tables.lark",
    "grammar_definitions.lark",
    "grammar_utility.lark",
)
MADE_FROM = (*GRAMMAR_FILES, "precedence.py", "table_builder.py")


def load() -> dict[str, Any]:
    """Return the tables of the grammar as `lalr.Tables` takes them."""
    key = digest()
    stored = _read(FILE)
    if stored is not None:
        line, _, body = stored.partition(b"\n")
        if line == key.encode():
            tables: dict[str, Any] = marshal.loads(body)
            return tables
    from rustydb_engine.sql.table_builder import build_file  # imports lark, which nothing else needs

    return build_file(key)


def digest() -> str:
    """Return the digest of what the tables are made from."""
    whole = hashlib.sha256()
    for name in MADE_FROM:
        whole.update(_read(name) or b"")
    return whole.hexdigest()


def grammar_text() -> str:
    """Return all grammar files as one text."""
    return "\n".join((_read(name) or b"").decode("utf-8") for name in GRAMMAR_FILES)


def _read(name: str) -> bytes | None:
    try:
        return pkgutil.get_data(PACKAGE, name)
    except OSError:
        return None
