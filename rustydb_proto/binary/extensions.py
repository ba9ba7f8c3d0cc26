"""Extensions: features that both sides must know, agreed on by name in the handshake.

The client names what it would like, the server answers with those of them that it has; only then may Extension and
ExtensionReply carry messages under such a name. A registry holds what one side has, with a line on what each does.
A name that begins with `x-` is private; others are for this document to give.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,62}")


class ExtensionRegistry:
    """The extensions that one side has: name to description."""

    __slots__ = ("_table",)

    def __init__(self, table: Mapping[str, str] | None = None) -> None:
        self._table: dict[str, str] = {}
        for name, description in (table or {}).items():
            self.register(name, description)

    def register(self, name: str, description: str) -> None:
        """Add an extension; ValueError for a name that is taken or not a lower-case word."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"extension name {name!r} is not a lower-case word")
        if name in self._table:
            raise ValueError(f"extension {name!r} is registered already")
        self._table[name] = description

    def agree(self, offered: Iterable[str]) -> tuple[str, ...]:
        """Return which of the offered names are here, in their order, each once."""
        return tuple(dict.fromkeys(name for name in offered if name in self._table))

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of registration."""
        return tuple(self._table)
