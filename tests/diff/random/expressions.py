"""Random expressions of a wanted type, over the columns that a place can see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from tests.diff.random import templates
from tests.diff.random.kinds import ARRAYS, KINDS, ORDERED
from tests.diff.random.schema import value
from tests.diff.random.tree import Part, constant

COMMON = ("int4", "int4", "int4", "text", "text", "int8", "numeric", "date", "bool", "float8")


@dataclass
class Scope:
    """The columns that a place can see: SQL and type; those of enclosing queries are in `outer`."""

    columns: list[tuple[str | Part, str]] = field(default_factory=list)
    outer: Scope | None = None

    def of(self, kind: str) -> list[str | Part]:
        """Return the columns of a type."""
        return [sql for sql, known in self.columns if known == kind]

    def kinds(self) -> list[str]:
        """Return the types of the columns, as often as they occur."""
        return [kind for _, kind in self.columns]


class Subqueries(Protocol):
    """What makes subqueries for expressions."""

    def scalar(self, kind: str, scope: Scope, depth: int) -> Part:
        """A query of one column and at most one row."""

    def column(self, kind: str, scope: Scope, depth: int) -> Part:
        """A query of one column."""

    def exists(self, scope: Scope, depth: int) -> Part:
        """Any query."""


class Expressions:
    """Makes expressions. `calls` makes an aggregate or window call of a type where these are allowed."""

    def __init__(self, rng: Random, scope: Scope, subqueries: Subqueries | None, depth: int = 0) -> None:
        self.rng = rng
        self.scope = scope
        self.subqueries = subqueries
        self.depth = depth
        self.calls: Callable[[str, int], Part | None] | None = None
        self.call_chance = 0.4

    def kind(self, ordered: bool = True) -> str:
        """Choose a type, most often one that there is a column of."""
        rng = self.rng
        known = [kind for kind in self.scope.kinds() if not ordered or KINDS[kind].ordered]
        if known and rng.random() < 0.6:
            return rng.choice(known)
        return rng.choice(COMMON) if rng.random() < 0.8 else rng.choice(ORDERED if ordered else tuple(KINDS))

    def constant(self, kind: str) -> Part:
        """Return a constant."""
        return constant(kind, value(self.rng, kind, 0.08))

    def leaf(self, kind: str) -> Part:
        """Return a column or constant."""
        rng = self.rng
        near = self.scope.of(kind)
        far: list[str | Part] = []
        outer = self.scope.outer
        while outer is not None:
            far += outer.of(kind)
            outer = outer.outer
        if far and (not near or rng.random() < 0.3):
            return Part(rng.choice(far), sort=kind)
        if near and rng.random() < 0.85:
            return Part(rng.choice(near), sort=kind)
        return self.constant(kind)

    def make(self, kind: str, size: int) -> Part:
        """Return an expression of a type; `size` bounds its depth."""
        rng = self.rng
        if self.calls is not None and rng.random() < self.call_chance:
            call = self.calls(kind, size)
            if call is not None:
                return call
        if size <= 0 or rng.random() < 0.3:
            return self.leaf(kind)
        if self.subqueries is not None and self.depth > 0 and rng.random() < 0.1:
            return self._subquery(kind, size)
        own = templates.TEMPLATES[kind]
        generic = templates.GENERIC_BY_RESULT["T"] if KINDS[kind].ordered else []
        also = templates.GENERIC_BY_RESULT.get(kind, [])
        if kind in ARRAYS.values():
            also = also + templates.GENERIC_BY_RESULT["T[]"]
        pool = rng.choice([pool for pool in (own, own, generic, also) if pool] or [[]])
        if not pool:
            return self.leaf(kind)
        return self._fill(rng.choice(pool), kind, size - 1)

    def _fill(self, template: str, kind: str, size: int) -> Part:
        rng = self.rng
        pieces = templates.slots(template)
        names = [piece.rstrip("!") for piece in pieces[1::2]]
        any_kind = self.kind()
        if template in templates.GENERIC_BY_RESULT["T"]:
            any_kind = kind
        elif template in templates.GENERIC_BY_RESULT["T[]"]:
            any_kind = next(element for element, array in ARRAYS.items() if array == kind)
        elif "T[]" in names:
            any_kind = rng.choice(list(ARRAYS))
        if "T[]" in names and any_kind not in ARRAYS:
            return self.leaf(kind)
        known = {"T": any_kind, "U": self.kind(), "T[]": ARRAYS.get(any_kind, "")}
        parts: list[str | Part] = []
        for place, piece in enumerate(pieces):
            if place % 2 == 0:
                parts.append(piece)
                continue
            name = piece.rstrip("!")
            wanted = known.get(name, name)
            if piece.endswith("!"):
                chosen = value(rng, wanted)
                while chosen is not None and "infinity" in chosen.lower():
                    chosen = value(rng, wanted)
                parts.append(constant(wanted, chosen))
            else:
                parts.append(self.make(wanted, size))
        return Part(*parts, sort=kind)

    def _subquery(self, kind: str, size: int) -> Part:
        rng = self.rng
        assert self.subqueries is not None
        if kind == "bool":
            form = rng.randrange(6)
            if form < 2:
                word = rng.choice(("exists ", "not exists "))
                return Part("(", word, self.subqueries.exists(self.scope, self.depth - 1), ")", sort="bool")
            compared = self.kind()
            left = self.make(compared, size - 1)
            inner = self.subqueries.column(compared, self.scope, self.depth - 1)
            word = rng.choice((" in ", " not in ", " = any ", " < any ", " >= all ", " <> all ", " <> any "))
            return Part("(", left, word, inner, ")", sort="bool")
        if kind in ARRAYS.values() and rng.random() < 0.5:
            return self.leaf(kind)
        return self.subqueries.scalar(kind, self.scope, self.depth - 1)


def total_order(scope: Scope) -> Sequence[str]:
    """Return ORDER BY terms that tell all rows of a scope apart that can be told apart."""
    return [str(sql) if KINDS[kind].ordered else f"{sql}::text" for sql, kind in scope.columns]
