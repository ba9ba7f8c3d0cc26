"""Random INSERT, UPDATE and DELETE.

What they leave behind must not depend on the order in which a server finds rows: columns in a unique index are changed
for one row at a time, and UPDATE ... FROM joins each row to at most one other.
"""

from __future__ import annotations

from random import Random

from tests.diff.random.expressions import Expressions, Scope
from tests.diff.random.kinds import KINDS
from tests.diff.random.queries import Queries
from tests.diff.random.schema import Column, Table, literal, value
from tests.diff.random.tree import Items, Part


class Changes:
    """Makes statements that change tables; one object for one statement."""

    def __init__(self, rng: Random, tables: list[Table]) -> None:
        self.rng = rng
        self.tables = tables
        self.queries = Queries(rng, tables)

    def top(self) -> Part:
        """Return a statement."""
        rng = self.rng
        if rng.random() < 0.12:
            return self._in_with()
        return self._change(rng.choice(self.tables))

    def _change(self, table: Table) -> Part:
        form = self.rng.random()
        if form < 0.45:
            return self._insert(table)
        return self._update(table) if form < 0.78 else self._delete(table)

    def _in_with(self) -> Part:
        rng = self.rng
        table = rng.choice(self.tables)
        change = self._change(table)
        if " returning " not in str(change):
            change = Part(change, " returning *")
        others = [other for other in self.tables if other is not table and not self._related(table, other)]
        if others and rng.random() < 0.4:
            other = rng.choice(others)
            key = other.keys[0][0] if other.keys else other.columns[0]
            body = Part(
                f"insert into {other.name} ({key.name}) select {self._text(key)} from w limit 1 returning {key.name}"
            )
            if rng.random() < 0.5:
                body = Part(f"delete from {other.name} where (select count(*) from w) > 1 returning *")
        else:
            body = Part(f"select count(*), (select count(*) from {table.name}) from w")
        return Part("with w as (", change, ") ", body)

    def _text(self, column: Column) -> str:
        return literal(column.kind, value(self.rng, column.kind))

    def _related(self, one: Table, other: Table) -> bool:
        pairs = [(one, other), (other, one)]
        return any(c.references is not None and c.references[0] is to for of, to in pairs for c in of.columns) or any(
            c.references is not None for c in (*one.columns, *other.columns)
        )

    # ---- INSERT

    def _insert(self, table: Table) -> Part:
        rng = self.rng
        columns = list(table.plain)
        if rng.random() < 0.3:
            columns = [column for column in columns if not column.nullable or rng.random() < 0.7] or columns
        if rng.random() < 0.35:
            source = self._select(columns)
        else:
            rows = [Part("(", self._row(columns), ")") for _ in range(rng.choice((1, 1, 1, 2, 3)))]
            source = Part("values ", Items(rows))
        names = ", ".join(column.name for column in columns)
        conflict = self._conflict(table) if rng.random() < 0.5 else Part("")
        return Part(f"insert into {table.name} ({names}) ", source, conflict, self._returning(table))

    def _row(self, columns: list[Column]) -> str:
        rng = self.rng
        texts = []
        for column in columns:
            if rng.random() < 0.05:
                texts.append("default")
            elif column.references is not None and column.references[0].rows and rng.random() < 0.8:
                parent, key = column.references
                texts.append(literal(column.kind, rng.choice(parent.rows)[key.name]))
            else:
                texts.append(literal(column.kind, value(rng, column.kind, 0.15 if column.nullable else 0.01)))
        return ", ".join(texts)

    def _select(self, columns: list[Column]) -> Part:
        rng = self.rng
        kinds = [column.kind for column in columns]
        query = self.queries.select(rng.choice((0, 1)), None, kinds, False)
        order = ", ".join(f"c{n}" if KINDS[kind].ordered else f"c{n}::text" for n, kind in enumerate(kinds))
        return Part(
            "select * from (", query.part, f") q order by {order}", Part(f" limit {rng.randint(1, 5)}", optional=True)
        )

    def _conflict(self, table: Table) -> Part:
        rng = self.rng
        target = ""
        if table.keys and rng.random() < 0.8:
            target = " (" + ", ".join(column.name for column in rng.choice(table.keys)) + ")"
        if not target or rng.random() < 0.35:
            return Part(f" on conflict{target} do nothing", optional=True)
        free = [column for column in table.plain if column.name not in table.unique]
        if not free:
            return Part(f" on conflict{target} do nothing", optional=True)
        columns: list[tuple[str | Part, str]] = []
        for column in table.columns:
            columns += [(f"{table.name}.{column.name}", column.kind), (f"excluded.{column.name}", column.kind)]
        make = Expressions(rng, Scope(columns), self.queries, 1)
        chosen = rng.sample(free, min(len(free), rng.choice((1, 2))))
        assigned: list[str | Part] = [Part(f"{column.name} = ", self._new(make, column)) for column in chosen]
        where = Part(" where ", make.make("bool", 2), optional=True) if rng.random() < 0.3 else Part("")
        return Part(f" on conflict{target} do update set ", Items(assigned), where)

    def _new(self, make: Expressions, column: Column) -> Part:
        if column.references is not None:
            parent, key = column.references
            if parent.rows:
                return Part(literal(column.kind, self.rng.choice(parent.rows)[key.name]))
        if column.kind in ("varchar", "char(5)"):
            return make.make(column.kind, 0)
        return make.make(column.kind, self.rng.choice((0, 1, 2)))

    def _returning(self, table: Table, also: list[tuple[str | Part, str]] | None = None) -> Part:
        rng = self.rng
        form = rng.random()
        if form < 0.4:
            return Part("")
        if form < 0.7:
            return Part(f" returning {table.name}.*", optional=True)
        columns: list[tuple[str | Part, str]] = [
            (f"{table.name}.{column.name}", column.kind) for column in table.columns
        ]
        make = Expressions(rng, Scope(columns + (also or [])), self.queries if rng.random() < 0.3 else None, 1)
        items = [make.make(make.kind(), 2) for _ in range(rng.choice((1, 2)))]
        return Part(" returning ", Items(items), optional=True)

    # ---- UPDATE, DELETE

    def _update(self, table: Table) -> Part:
        rng = self.rng
        free = [column for column in table.plain if column.name not in table.unique]
        key = table.keys[0][0] if table.keys and len(table.keys[0]) == 1 else None
        columns: list[tuple[str | Part, str]] = [
            (f"{table.name}.{column.name}", column.kind) for column in table.columns
        ]
        if not free or (key is not None and rng.random() < 0.25):
            if key is None:
                return self._delete(table)
            chosen = rng.choice(table.plain)
            make = Expressions(rng, Scope(columns), None)
            new = self._new(make, chosen)
            where = f" where {key.name} = {self._known(table, key)}"
            return Part(f"update {table.name} set {chosen.name} = ", new, where, self._returning(table))
        also: list[tuple[str | Part, str]] = []
        source, join = Part(""), Part("")
        others = [other for other in self.tables if other.keys and len(other.keys[0]) == 1]
        pairs = [
            (other, column) for other in others for column in table.columns if column.kind == other.keys[0][0].kind
        ]
        if pairs and rng.random() < 0.4:
            other, column = rng.choice(pairs)
            also = [(f"o.{c.name}", c.kind) for c in other.columns]
            source = Part(f" from {other.name} o")
            join = Part(f" where o.{other.keys[0][0].name} = {table.name}.{column.name}")
        make = Expressions(rng, Scope(columns + also), self.queries, 1)
        targets = rng.sample(free, min(len(free), rng.choice((1, 1, 2))))
        assigned: list[str | Part] = [Part(f"{column.name} = ", self._new(make, column)) for column in targets]
        where_part = Part("")
        if rng.random() < 0.8:
            where_part = Part(" and " if also else " where ", make.make("bool", 3), optional=True)
        return Part(
            f"update {table.name} set ", Items(assigned), source, join, where_part, self._returning(table, also)
        )

    def _known(self, table: Table, key: Column) -> str:
        rows = [row[key.name] for row in table.rows]
        if rows and self.rng.random() < 0.8:
            return literal(key.kind, self.rng.choice(rows))
        return self._text(key)

    def _delete(self, table: Table) -> Part:
        rng = self.rng
        columns: list[tuple[str | Part, str]] = [
            (f"{table.name}.{column.name}", column.kind) for column in table.columns
        ]
        if table.keys and rng.random() < 0.5:
            key = table.keys[0][0]
            return Part(
                f"delete from {table.name} where {key.name} = {self._known(table, key)}", self._returning(table)
            )
        using = Part("")
        scope = list(columns)
        if rng.random() < 0.3:
            other = rng.choice(self.tables)
            using = Part(f" using {other.name} o")
            scope += [(f"o.{c.name}", c.kind) for c in other.columns]
        make = Expressions(rng, Scope(scope), self.queries, 2)
        condition = Part(make.make("bool", 2), " and ", make.make("bool", 2))
        return Part(f"delete from {table.name}", using, " where ", condition, self._returning(table))
