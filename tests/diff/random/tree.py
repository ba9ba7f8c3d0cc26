"""SQL text as a tree that can be made smaller.

A `Part` is a sequence of strings and parts. What may be left out is `optional`; an `Items` is a list of which items may be left
out; a part with a `sort` (an expression of that type, a query of those columns) may be replaced by one of the same sort
within it, or by a constant. One part may stand in several places (an expression in SELECT and GROUP BY): it changes in all.
Changes are made in place and can be undone, so a tree is reduced without copying it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

Undo = Callable[[], None]
Change = Callable[[], Undo]


class Part:
    """A piece of SQL. `literal` is the value of a constant, as its type's input reads it."""

    def __init__(self, *pieces: str | Part, sort: str = "", optional: bool = False, literal: str | None = None) -> None:
        self.pieces: list[str | Part] = list(pieces)
        self.sort = sort
        self.optional = optional
        self.literal = literal
        self.gone = False

    def __str__(self) -> str:
        return "" if self.gone else "".join(map(str, self.pieces))

    def children(self) -> Sequence[Part]:
        """Return the parts right below."""
        return [] if self.gone else [piece for piece in self.pieces if isinstance(piece, Part) and not piece.gone]

    def walk(self) -> Iterator[Part]:
        """Yield this part and all below, from the top."""
        yield self
        for child in self.children():
            yield from child.walk()

    def changes(self) -> Iterator[Change]:
        """Yield the ways to make this part smaller, the greatest first."""
        if self.optional:
            yield self._drop
        if self.sort and self.literal is None:
            for below in self.walk():
                if below is not self and below.sort == self.sort:
                    yield self._becomes([below])
            if self.sort not in ("query", "source"):
                yield self._becomes([f"null::{self.sort}"])

    def _drop(self) -> Undo:
        self.gone = True

        def undo() -> None:
            self.gone = False

        return undo

    def _becomes(self, pieces: list[str | Part]) -> Change:
        def change() -> Undo:
            before, self.pieces = self.pieces, pieces

            def undo() -> None:
                self.pieces = before

            return undo

        return change


class Items(Part):
    """A list with a separator, from which items may be dropped down to `least`."""

    def __init__(self, items: Sequence[str | Part], separator: str = ", ", least: int = 1) -> None:
        super().__init__(*items)
        self.separator = separator
        self.least = least

    def __str__(self) -> str:
        return "" if self.gone else self.separator.join(text for text in map(str, self.pieces) if text)

    def changes(self) -> Iterator[Change]:
        """Yield the ways to drop one item."""
        if len(self.pieces) > self.least:
            for item in list(self.pieces):
                yield self._without(item)

    def _without(self, item: str | Part) -> Change:
        return self._becomes([piece for piece in self.pieces if piece is not item])


def constant(kind: str, text: str | None) -> Part:
    """Return a constant of a type; None is NULL."""
    if text is None:
        return Part(f"null::{kind}", sort=kind)
    quoted = text.replace("'", "''")
    return Part(f"'{quoted}'::{kind}", sort=kind, literal=text)


def joined(pieces: Sequence[str | Part], separator: str = ", ") -> list[str | Part]:
    """Return the pieces with a separator between them, none of which may be left out."""
    found: list[str | Part] = []
    for piece in pieces:
        found += [separator, piece] if found else [piece]
    return found


def reduce(root: Part, fails: Callable[[], bool], tries: int) -> int:
    """Make a tree as small as it can be while `fails()`; return how many of the tries are left."""
    progress = True
    while progress and tries > 0:
        progress = False
        for part in list(root.walk()):
            for change in part.changes():
                if tries <= 0:
                    return 0
                before = str(root)
                undo = change()
                if len(str(root)) >= len(before):
                    undo()
                    continue
                tries -= 1
                if fails():
                    progress = True
                    break
                undo()
    return tries
