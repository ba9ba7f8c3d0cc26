"""Random queries.

What a query returns must not be left to the server: LIMIT comes only with an ORDER BY over all columns, DISTINCT ON too, and
scalar subqueries give at most one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.diff.random.calls import Windows, aggregate
from tests.diff.random.expressions import COMMON, Expressions, Scope
from tests.diff.random.kinds import KINDS, ORDERED
from tests.diff.random.schema import Table, literal, value
from tests.diff.random.sources import Columns, Named, Source, Sources, named
from tests.diff.random.tree import Items, Part, joined


@dataclass
class Query:
    """A query with its columns; `ordered` if it sorts by all of them; `named_columns` unless it is SELECT *."""

    part: Part
    columns: Columns
    ordered: bool = False
    named_columns: bool = True


class Queries:
    """Makes queries over some tables; one object for one statement."""

    def __init__(self, rng: Random, tables: list[Table]) -> None:
        self.rng = rng
        self.tables = tables
        self.with_queries: list[Named] = []
        self._aliases = 0

    def alias(self) -> str:
        """Return an alias that the statement has not used."""
        self._aliases += 1
        return f"q{self._aliases}"

    def relations(self) -> list[Named]:
        """Return what FROM can name; WITH queries are named more often."""
        return [*map(named, self.tables), *self.with_queries, *self.with_queries]

    def top(self) -> Query:
        """Return a whole statement."""
        return self.query(self.rng.choice((0, 1, 1, 2, 2, 3)), None, top=True)

    def query(
        self, depth: int, outer: Scope | None, kinds: list[str] | None = None, top: bool = False, total: bool = False
    ) -> Query:
        """Return a query, of columns of these types if they are given; with `total` it sorts by all its columns."""
        rng = self.rng
        total = total or rng.random() < (0.5 if top else 0.15)
        if kinds is None:
            kinds = [
                rng.choice(COMMON) if rng.random() < 0.8 else rng.choice(tuple(KINDS))
                for _ in range(rng.choice((1, 2, 2, 3)))
            ]
            if total:
                kinds = [kind for kind in kinds if KINDS[kind].ordered] or ["int4"]
        choice = rng.random()
        if depth > 0 and choice < 0.12:
            return self._with(depth, outer, kinds, total, top)
        if depth > 0 and choice < 0.25 and all(KINDS[kind].ordered for kind in kinds):
            return self._set_operation(depth, outer, kinds, total)
        return self.select(depth, outer, kinds, total, top)

    # ---- SELECT

    def select(self, depth: int, outer: Scope | None, kinds: list[str], total: bool, top: bool = False) -> Query:
        """Return a SELECT with columns of these types."""
        rng = self.rng
        source: Source | None = None
        if rng.random() < 0.95:
            source = Sources(self, outer, depth).make(rng.choice((1, 1, 1, 2, 2, 3)))
        columns: list[tuple[str | Part, str]] = []
        if source is not None:
            columns = source.columns() + [(name, kind) for name, kind in source.merged if self._single(source, name)]
        scope = Scope(columns, outer)
        rows = Expressions(rng, scope, self, depth)
        where = Part(" where ", rows.make("bool", 3), optional=True) if rng.random() < 0.5 else Part("")
        if source is None:
            from_part = Part("")
        else:
            from_part = Part(" from ", source.part, optional=True)
        if top and source is not None and rng.random() < 0.07:
            return Query(Part("select *", from_part, where, sort="query"), [], named_columns=False)
        if rng.random() < 0.3:
            return self._grouped(rows, kinds, from_part, where, total, top)
        return self._plain(rows, kinds, from_part, where, total, top)

    def _single(self, source: Source, name: str) -> bool:
        counted = sum(name == known for _, columns in source.aliases for known, _ in columns)
        return counted == 2 and [known for known, _ in source.merged].count(name) == 1

    def _items(self, expressions: list[Part], top: bool) -> list[Part]:
        bare = top and self.rng.random() < 0.5
        return [part if bare else Part(part, f" as c{number}") for number, part in enumerate(expressions)]

    def _plain(
        self, rows: Expressions, kinds: list[str], from_part: Part, where: Part, total: bool, top: bool
    ) -> Query:
        rng = self.rng
        windows: Windows | None = None
        make = rows
        if rng.random() < 0.15 and rows.scope.columns:
            windows = Windows(rng, rows, Scope(rows.scope.columns))
            make = Expressions(rng, rows.scope, self, rows.depth)
            make.calls = windows.call
        expressions = [make.make(kind, rng.choice((0, 1, 2, 3))) for kind in kinds]
        if windows is None and rng.random() < 0.05:
            expressions[0] = self._set_returning(rows, kinds)
        items = self._items(expressions, top)
        distinct, order = "", Part("")
        hashable = all(KINDS[kind].ordered for kind in kinds)
        form = rng.random()
        columns = [(f"c{number}", kind) for number, kind in enumerate(kinds)]
        if form < 0.1 and hashable:
            distinct = "distinct "
        elif form < 0.17 and hashable:
            count = rng.randint(1, len(kinds))
            order, ordered = self._order(len(kinds), True)
            keys = ", ".join(str(number + 1) for number in ordered[:count])
            part = Part(
                f"select distinct on ({keys}) ", *joined(items), from_part, where, order, self._limit(), sort="query"
            )
            return Query(part, columns, ordered=True)
        named_windows = [Part(" window ", *joined(windows.named))] if windows is not None and windows.named else []
        limit = Part("")
        if total and hashable:
            first = rows if not distinct and windows is None and rng.random() < 0.3 else None
            order, _ = self._order(len(kinds), False, first)
            limit = self._limit()
        part = Part("select ", distinct, *joined(items), from_part, where, *named_windows, order, limit, sort="query")
        return Query(part, columns, ordered=total and hashable)

    def _set_returning(self, rows: Expressions, kinds: list[str]) -> Part:
        if kinds[0] == "int4":
            return Part(self.rng.choice((Part("unnest(", rows.make("int4[]", 1), ")"), Part("generate_series(1, 2)"))))
        if kinds[0] == "text":
            return Part("unnest(", rows.make("text[]", 1), ")")
        return rows.make(kinds[0], 1)

    def _order(self, count: int, forward: bool, rows: Expressions | None = None) -> tuple[Part, list[int]]:
        rng = self.rng
        places = list(range(count))
        rng.shuffle(places)
        terms: list[str | Part] = []
        if rows is not None:
            terms.append(Part(rows.make(rows.kind(), 2), rng.choice(("", " desc"))))
        suffixes = ("", "", "", " desc", " desc", " nulls first", " nulls last", " desc nulls last")
        terms += [f"{place + 1}{rng.choice(suffixes)}" for place in places]
        return Part(" order by ", *joined(terms)), places

    def _limit(self) -> Part:
        rng = self.rng
        choice = rng.random()
        if choice < 0.5:
            return Part("")
        text = f" limit {rng.randint(0, 6)}" if choice < 0.8 else f" offset {rng.randint(0, 4)}"
        if choice > 0.9:
            text = f" limit {rng.randint(1, 6)} offset {rng.randint(0, 3)}"
        if choice > 0.97:
            text = f" offset {rng.randint(0, 2)} rows fetch first {rng.randint(1, 3)} rows only"
        return Part(text, optional=True)

    # ---- GROUP BY

    def _grouped(
        self, rows: Expressions, kinds: list[str], from_part: Part, where: Part, total: bool, top: bool
    ) -> Query:
        rng = self.rng
        columns = [(sql, kind) for sql, kind in rows.scope.columns if KINDS[kind].ordered]
        keys: list[tuple[str | Part, str]] = []
        plain: list[tuple[str | Part, str]] = []
        for _ in range(rng.choice((0, 1, 1, 2, 2))):
            if columns and rng.random() < 0.75:
                chosen = rng.choice(columns)
                if all(str(chosen[0]) != str(key) for key, _ in keys):
                    keys.append(chosen)
                    plain.append(chosen)
            else:
                kind = rows.kind()
                keys.append((rows.make(kind, 2), kind))
        grouped = Expressions(rng, Scope(keys, rows.scope.outer), self, rows.depth)
        grouped.calls = lambda kind, size: aggregate(rng, rows, kind, min(size, 2))
        windows: Windows | None = None
        by = Part("")
        if keys:
            by = Part(" group by ", self._grouping(keys, len(plain) == len(keys)))
        sets = any(word in str(by) for word in ("rollup", "cube", "sets"))
        inner = Scope(plain, rows.scope.outer)  # a subquery sees the columns that are grouped by
        grouped.subqueries = None if len(plain) != len(keys) else self
        if inner.columns and keys and not sets and rng.random() < 0.15:
            windows = Windows(rng, Expressions(rng, grouped.scope, None), Scope(keys))
        expressions = []
        for kind in kinds:
            call = windows.call(kind, 1) if windows is not None and rng.random() < 0.6 else None
            expressions.append(call or grouped.make(kind, rng.choice((0, 1, 2))))
        having = Part(" having ", grouped.make("bool", 2), optional=True) if rng.random() < 0.25 else Part("")
        if sets and rng.random() < 0.5 and plain and "int4" in kinds:
            expressions[kinds.index("int4")] = Part("grouping(", str(plain[0][0]), ")")
        order, limit = Part(""), Part("")
        if total and all(KINDS[kind].ordered for kind in kinds):
            order, _ = self._order(len(kinds), False)
            limit = self._limit()
        named_windows = [Part(" window ", *joined(windows.named))] if windows is not None and windows.named else []
        items = self._items(expressions, top)
        distinct = "distinct " if rng.random() < 0.05 and all(KINDS[kind].ordered for kind in kinds) else ""
        part = Part(
            "select ",
            distinct,
            *joined(items),
            from_part,
            where,
            by,
            having,
            *named_windows,
            order,
            limit,
            sort="query",
        )
        return Query(part, [(f"c{number}", kind) for number, kind in enumerate(kinds)], ordered=bool(str(order)))

    def _grouping(self, keys: list[tuple[str | Part, str]], plain: bool) -> Part:
        rng = self.rng
        parts = [Part(key) for key, _ in keys]
        form = rng.random() if plain else 0.0  # PostgreSQL 15 does not make constant keys NULL in a set without them
        if form < 0.75:
            return Part(Items(parts))
        if form < 0.83:
            return Part("rollup (", Items(parts), ")")
        if form < 0.91:
            return Part("cube (", Items(parts), ")")
        return Part("grouping sets ((", parts[0], "), ", parts[-1], ", ())")

    # ---- set operations, WITH

    def _set_operation(self, depth: int, outer: Scope | None, kinds: list[str], total: bool) -> Query:
        rng = self.rng
        sides = [self.query(depth - 1, outer, kinds) for _ in range(rng.choice((2, 2, 3)))]
        pieces: list[str | Part] = []
        for number, side in enumerate(sides):
            if number:
                pieces.append(
                    rng.choice(
                        (
                            " union ",
                            " union all ",
                            " union all ",
                            " intersect ",
                            " except ",
                            " intersect all ",
                            " except all ",
                        )
                    )
                )
            pieces += ["(", side.part, ")"]
        order, limit = Part(""), Part("")
        if total:
            order, _ = self._order(len(kinds), False)
            limit = self._limit()
        return Query(Part(*pieces, order, limit, sort="query"), sides[0].columns, ordered=total)

    def _with(self, depth: int, outer: Scope | None, kinds: list[str], total: bool, top: bool) -> Query:
        rng = self.rng
        before = list(self.with_queries)
        parts: list[str | Part] = []
        recursive = rng.random() < 0.3
        for _ in range(rng.choice((1, 1, 2))):
            name = f"w{self.alias()}"
            if recursive and rng.random() < 0.7:
                found, columns = self._recursive(name, outer)
            else:
                query = self.query(depth - 1, outer)
                found, columns = query.part, query.columns
            word = rng.choice(("", "", "", "materialized ", "not materialized "))
            parts.append(Part(f"{name} as {word}(", found, ")"))
            self.with_queries.append(Named(name, columns))
        body = self.query(depth - 1, outer, kinds, top, total)
        self.with_queries = before
        word = "with recursive " if recursive else "with "
        return Query(
            Part(word, Items(parts), " ", body.part, sort="query"), body.columns, body.ordered, body.named_columns
        )

    def _recursive(self, name: str, outer: Scope | None) -> tuple[Part, Columns]:
        rng = self.rng
        kind = rng.choice(("int4", "text", "int8", "numeric"))
        first = Expressions(rng, Scope([], outer), None).make(kind, 1)
        cast = f"::{kind}"
        if rng.random() < 0.5:
            again = Expressions(rng, Scope([("w.n", "int4"), ("w.x", kind)], outer), None).make(kind, 2)
            step = Part("select w.n + 1, (", again, f"){cast} from {name} w where w.n < 4")
        else:
            table = rng.choice(self.tables)
            scope = Scope([("w.x", kind), *((f"t.{column.name}", column.kind) for column in table.columns)], outer)
            make = Expressions(rng, scope, None)
            step = Part(
                "select w.n + 1, (",
                make.make(kind, 1),
                f"){cast} from {name} w join {table.name} t on ",
                make.make("bool", 2),
                " where w.n < 3",
            )
        union = rng.choice((" union all ", " union "))
        return Part("select 0 as n, (", first, f"){cast} as x", union, step), [("n", "int4"), ("x", kind)]

    # ---- subqueries of expressions

    def scalar(self, kind: str, scope: Scope, depth: int) -> Part:
        """Return a subquery of one column and at most one row."""
        rng = self.rng
        if kind in ORDERED and rng.random() < 0.5:
            inner = self.select(depth, scope, [kind], False)
            order = rng.choice((" order by 1 limit 1", " order by 1 desc limit 1", " order by 1 nulls first limit 1"))
            return Part("(select c0 from (", inner.part, ") ", self.alias(), order, ")", sort=kind)
        source = Sources(self, scope, 0).make(rng.choice((1, 1, 2)))
        rows = Expressions(rng, Scope(source.columns(), scope), self, depth)
        call = aggregate(rng, rows, kind, 1) or Part(rows.constant(kind))
        if "(" not in str(call):
            return call
        if str(call).startswith(("'", "null")):
            return rows.constant(kind)
        where = Part(" where ", rows.make("bool", 2), optional=True)
        return Part("(select ", Part(call), " from ", source.part, where, ")", sort=kind)

    def column(self, kind: str, scope: Scope, depth: int) -> Part:
        """Return a subquery of one column."""
        if self.rng.random() < 0.1:
            rows = ", ".join(f"({literal(kind, value(self.rng, kind, 0.2))})" for _ in range(3))
            return Part(f"(values {rows})")
        return Part("(", self.query(depth, scope, [kind]).part, ")")

    def exists(self, scope: Scope, depth: int) -> Part:
        """Return a subquery of any columns."""
        return Part("(", self.query(depth, scope).part, ")")
