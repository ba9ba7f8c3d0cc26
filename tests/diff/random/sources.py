"""Random FROM clauses: tables, subqueries, VALUES, functions and every join between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from tests.diff.random.expressions import Expressions, Scope
from tests.diff.random.kinds import KINDS
from tests.diff.random.schema import Table, literal, value
from tests.diff.random.tree import Items, Part

if TYPE_CHECKING:
    from tests.diff.random.queries import Queries

Columns = list[tuple[str, str]]
JOINS = ("inner", "inner", "left", "left", "right", "full", "cross", "comma", "lateral", "left lateral")


@dataclass
class Source:
    """A piece of FROM: its SQL and the columns of each alias in it; `merged` are columns joined by USING."""

    part: Part
    aliases: list[tuple[str, Columns]] = field(default_factory=list)
    merged: Columns = field(default_factory=list)

    def columns(self) -> list[tuple[str | Part, str]]:
        """Return all columns, written with their alias."""
        return [(f"{alias}.{name}", kind) for alias, columns in self.aliases for name, kind in columns]

    def names(self) -> list[tuple[str, str]]:
        """Return the columns that may be joined by name: those whose name occurs once."""
        merged = dict(self.merged)
        seen: dict[str, list[str]] = {name: [kind] for name, kind in self.merged}
        for _, columns in self.aliases:
            for name, kind in columns:
                if name not in merged:
                    seen.setdefault(name, []).append(kind)
        return [(name, kinds[0]) for name, kinds in seen.items() if len(kinds) == 1]


@dataclass
class Named:
    """What FROM can name: a table or a WITH query."""

    name: str
    columns: Columns


def named(table: Table) -> Named:
    """Return a table as FROM sees it."""
    return Named(table.name, [(column.name, column.kind) for column in table.columns])


class Sources:
    """Makes FROM clauses for one query."""

    def __init__(self, queries: Queries, outer: Scope | None, depth: int) -> None:
        self.queries = queries
        self.rng: Random = queries.rng
        self.outer = outer
        self.depth = depth

    def make(self, size: int) -> Source:
        """Return a FROM list of about `size` items, without the word FROM."""
        rng = self.rng
        source = self._item(None)
        for _ in range(size - 1):
            if rng.random() < 0.15:
                right = self._join(self._item(None), None, nested=True)
            else:
                right = None
            source = self._join(source, right)
        return source

    def _join(self, left: Source, right: Source | None, nested: bool = False) -> Source:
        rng = self.rng
        kind = rng.choice(JOINS)
        if right is not None and "lateral" in kind:
            kind = "left"
        if kind == "comma" and (nested or " join " in str(left.part)):
            kind = "cross"
        lateral = (
            left if "lateral" in kind or (kind in ("cross", "comma", "left", "inner") and rng.random() < 0.1) else None
        )
        right = right or self._item(lateral, "lateral" in kind)
        aliases = left.aliases + right.aliases
        wrapped: str | Part = right.part if len(right.aliases) == 1 else Part("(", right.part, ")")
        if kind in ("cross", "comma", "lateral"):
            word = ", " if kind == "comma" else " cross join "
            return Source(Part(left.part, word, wrapped, sort="source"), aliases, left.merged + right.merged)
        common = self._common(left, right)
        word = {"left lateral": "left"}.get(kind, kind)
        outer = " outer" if word != "inner" and rng.random() < 0.2 else ""
        if common and rng.random() < 0.4:
            chosen = rng.sample(common, min(len(common), rng.choice((1, 1, 2))))
            names = ", ".join(name for name, _ in chosen)
            merged = [pair for pair in left.merged + right.merged if pair not in chosen] + chosen
            part = Part(left.part, f" {word}{outer} join ", wrapped, f" using ({names})", sort="source")
            return Source(part, aliases, merged)
        everything = {name for name, _ in left.names()} & {name for name, _ in right.names()}
        if common and everything == {name for name, _ in common} and self._plain(left, right) and rng.random() < 0.3:
            merged = left.merged + right.merged + [pair for pair in common if pair not in left.merged]
            return Source(Part(left.part, f" natural {word} join ", wrapped, sort="source"), aliases, merged)
        condition = self._condition(left, right, equal=word == "full")
        return Source(
            Part(left.part, f" {word}{outer} join ", wrapped, " on ", condition, sort="source"),
            aliases,
            left.merged + right.merged,
        )

    def _plain(self, left: Source, right: Source) -> bool:
        """Whether no name occurs twice on a side, so that NATURAL is not ambiguous."""
        for side in (left, right):
            names = [name for _, columns in side.aliases for name, _ in columns]
            if len(names) != len(set(names)):
                return False
        return True

    def _common(self, left: Source, right: Source) -> Columns:
        known = dict(right.names())
        return [(name, kind) for name, kind in left.names() if known.get(name) == kind and KINDS[kind].ordered]

    def _condition(self, left: Source, right: Source, equal: bool) -> Part:
        rng = self.rng
        terms: list[str | Part] = []
        pairs = [
            (a, b)
            for a, kind in left.columns()
            for b, other in right.columns()
            if kind == other and KINDS[kind].ordered
        ]
        if pairs and rng.random() < 0.85:
            for a, b in rng.sample(pairs, min(len(pairs), rng.choice((1, 1, 1, 2)))):
                operator = (
                    "=" if equal or rng.random() < 0.85 else rng.choice(("<", "<=", "is not distinct from", "<>"))
                )
                terms.append(Part(f"{a} {operator} {b}"))
        if equal:
            return Part(Items(terms, " and ")) if terms else Part("true")
        if not terms or rng.random() < 0.3:
            scope = Scope(left.columns() + right.columns(), self.outer)
            terms.append(Expressions(rng, scope, self.queries, self.depth - 1).make("bool", 2))
        return Part(Items(terms, rng.choice((" and ", " and ", " and ", " or "))), sort="bool")

    # ---- items

    def _item(self, left: Source | None, must: bool = False) -> Source:
        """Return one item; with `left`, it may be LATERAL, and is if it `must`."""
        rng = self.rng
        alias = self.queries.alias()
        scope = Scope(left.columns(), self.outer) if left is not None else Scope([], self.outer)
        choice = rng.random()
        if left is not None and (must or choice < 0.3):
            if self.depth > 0 and rng.random() < 0.7:
                return self._derived(alias, scope, "lateral ")
            return self._function(alias, scope)
        if self.depth > 0 and choice < 0.2:
            return self._derived(alias, Scope([], self.outer), "")
        if choice < 0.26:
            return self._values(alias)
        if choice < 0.32:
            return self._function(alias, Scope([], self.outer))
        found = rng.choice(self.queries.relations())
        if found.columns and rng.random() < 0.05:
            renamed = [(f"n{number}", kind) for number, (_, kind) in enumerate(found.columns)]
            names = ", ".join(name for name, _ in renamed)
            return Source(Part(f"{found.name} as {alias} ({names})", sort="source"), [(alias, renamed)])
        return Source(Part(f"{found.name} {alias}", sort="source"), [(alias, list(found.columns))])

    def _derived(self, alias: str, scope: Scope, word: str) -> Source:
        query = self.queries.query(self.depth - 1, scope)
        return Source(Part(word, "(", query.part, f") {alias}", sort="source"), [(alias, query.columns)])

    def _values(self, alias: str) -> Source:
        rng = self.rng
        kinds = [rng.choice(("int4", "text", "numeric", "date", "int8")) for _ in range(rng.randint(1, 3))]
        rows = [
            Part("(", ", ".join(literal(kind, value(rng, kind, 0.15)) for kind in kinds), ")")
            for _ in range(rng.randint(1, 4))
        ]
        columns = [(f"k{number or ''}", kind) for number, kind in enumerate(kinds)]
        names = ", ".join(name for name, _ in columns)
        return Source(Part("(values ", Items(rows), f") {alias} ({names})", sort="source"), [(alias, columns)])

    def _function(self, alias: str, scope: Scope) -> Source:
        rng = self.rng
        make = Expressions(rng, scope, None).make
        choices: Sequence[Callable[[], tuple[Part, Columns]]] = (
            lambda: (Part("generate_series(1, ", make("int4", 0), f" % 5) {alias} (k)"), [("k", "int4")]),
            lambda: (Part("generate_series(0, 3) with ordinality ", alias, " (k, o)"), [("k", "int4"), ("o", "int8")]),
            lambda: (Part("unnest(", make("int4[]", 1), f") {alias} (k)"), [("k", "int4")]),
            lambda: (
                Part("unnest(", make("text[]", 1), f") with ordinality {alias} (k, o)"),
                [("k", "text"), ("o", "int8")],
            ),
            lambda: (
                Part("unnest(", make("int4[]", 0), ", ", make("text[]", 0), f") {alias} (k, s0)"),
                [("k", "int4"), ("s0", "text")],
            ),
            lambda: (
                Part("jsonb_array_elements(jsonb_build_array(", make("jsonb", 0), f", 1)) {alias} (j0)"),
                [("j0", "jsonb")],
            ),
            lambda: (
                Part(
                    "jsonb_each(jsonb_build_object('q', ",
                    make("int4", 0),
                    ", 'r', ",
                    make("text", 0),
                    f")) {alias} (s0, j0)",
                ),
                [("s0", "text"), ("j0", "jsonb")],
            ),
            lambda: (Part("regexp_split_to_table(", make("text", 1), f", 'b') {alias} (s0)"), [("s0", "text")]),
            lambda: (
                Part("rows from (generate_series(1, 2), unnest(", make("int4[]", 0), f")) {alias} (k, i0)"),
                [("k", "int4"), ("i0", "int4")],
            ),
            lambda: (
                Part("jsonb_to_record(jsonb_build_object('k', ", make("int4", 0), f")) {alias} (k int4, s0 text)"),
                [("k", "int4"), ("s0", "text")],
            ),
        )
        part, columns = rng.choice(choices)()
        part.sort = "source"
        return Source(part, [(alias, columns)])
