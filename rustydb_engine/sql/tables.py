"""Where the parse tables come from: the file that was built with the package, or else the grammar itself.

The file `grammar.tables` begins with the digest of everything it was made from; one of another grammar is not used.
Without a current file the tables are built, which takes seconds and needs lark, and the file is written beside the
grammar as Python writes bytecode: by the module's loader, at once or, where it may not write, not at all. So a
checkout has it after the first parse, and .ci/backend.py makes it when a package is built, by

    python -m rustydb_engine.sql.tables
"""

from __future__ import annotations

import hashlib
import marshal
import pkgutil
from typing import Any

MARSHAL_VERSION = 4  # every Python from 3.4 on reads it
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
    from rustydb_engine.sql.table_builder import build  # imports lark, which nothing else needs

    built = build(grammar_text())
    _store(key.encode() + b"\n" + marshal.dumps(built, MARSHAL_VERSION))
    return built


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


def _store(content: bytes) -> None:
    """Write the file if this module was loaded from one and its folder can be written."""
    set_data = getattr(__spec__.loader if __spec__ is not None else None, "set_data", None)
    if set_data is not None:
        set_data(__file__.rpartition("tables.py")[0] + FILE, content)


if __name__ == "__main__":
    load()
