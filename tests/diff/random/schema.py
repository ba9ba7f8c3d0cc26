"""Random tables: columns of all types, keys, checks, defaults, indexes of every shape, and rows with NULLs.

The statements that make them are lists of trees, one row an INSERT, so that a failing case loses what it does not need.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.diff.random.kinds import COLUMN_TYPES, KEY_TYPES, KINDS
from tests.diff.random.tree import Part

ACTIONS = ("no action", "restrict", "cascade", "set null", "set default")


@dataclass
class Column:
    """A column of a table; `references` is (table, column) of a foreign key."""

    name: str
    kind: str
    nullable: bool = True
    generated: bool = False
    references: tuple[Table, Column] | None = None


@dataclass
class Table:
    """A table. `keys` are the column lists that are unique, the primary key first; `unique` all columns in such an index."""

    name: str
    columns: list[Column]
    keys: list[list[Column]] = field(default_factory=list)
    rows: list[dict[str, str | None]] = field(default_factory=list)
    unique: set[str] = field(default_factory=set)

    @property
    def plain(self) -> list[Column]:
        """The columns that can be written."""
        return [column for column in self.columns if not column.generated]


@dataclass
class Schema:
    """The tables, and the statements that make and fill them."""

    tables: list[Table]
    statements: list[Part]
    indexes: list[Part]


def value(rng: Random, kind: str, nulls: float = 0.0) -> str | None:
    """Return a value of a type as text; None is NULL."""
    if rng.random() < nulls:
        return None
    known = KINDS[kind]
    return rng.choice(known.rare if known.rare and rng.random() < 0.06 else known.values)


def literal(kind: str, text: str | None) -> str:
    """Return a constant as SQL."""
    return f"null::{kind}" if text is None else "'" + text.replace("'", "''") + f"'::{kind}"


class Maker:
    """Makes one schema."""

    def __init__(self, rng: Random, rows: int) -> None:
        self.rng = rng
        self.rows = rows
        self.schema = Schema([], [], [])

    def make(self) -> Schema:
        """Make two to four tables with rows and indexes."""
        for number in range(self.rng.randint(2, 4)):
            self._table(f"t{number}")
        for table in self.schema.tables:
            self._rows(table)
        for table in self.schema.tables:
            for number in range(self.rng.randint(0, 3)):
                self._index(table, number)
        if self.rng.random() < 0.5:  # indexes that grow with the rows, or are built from them
            first = len(self.schema.tables)
            self.schema.statements[first:first] = self.schema.indexes
        else:
            self.schema.statements += self.schema.indexes
        if self.rng.random() < 0.5:
            self.schema.statements.append(Part("analyze"))
        return self.schema

    def _columns(self) -> list[Column]:
        rng = self.rng
        columns: list[Column] = []
        taken: dict[str, int] = {}
        for kind in (rng.choice(COLUMN_TYPES) for _ in range(rng.randint(1, 6))):
            name = KINDS[kind].column
            taken[name] = taken.get(name, -1) + 1
            columns.append(Column(f"{name}{taken[name]}", kind, nullable=rng.random() < 0.8))
        return columns

    def _table(self, name: str) -> None:
        rng = self.rng
        key = Column("k", rng.choice(KEY_TYPES), nullable=False)
        columns = [key, *self._columns()]
        table = Table(name, columns)
        constraints: list[Part] = []
        if rng.random() < 0.85:
            table.keys.append([key])
            constraints.append(Part(", primary key (k)", optional=True))
        else:
            key.nullable = True
        parents = [parent for parent in self.schema.tables if parent.keys]
        if parents and rng.random() < 0.6:
            parent = rng.choice(parents)
            column = Column("r", parent.keys[0][0].kind, references=(parent, parent.keys[0][0]))
            columns.append(column)
            constraints.append(self._foreign_key(parent))
        others = [column for column in columns[1:] if KINDS[column.kind].ordered and column.name != "r"]
        if len(others) >= 2 and rng.random() < 0.3:
            pair = rng.sample(others, 2)
            table.keys.append(pair)
            constraints.append(Part(f", unique ({pair[0].name}, {pair[1].name})", optional=True))
        if others and rng.random() < 0.3:
            constraints.append(self._check(rng.choice(others)))
        parts = [Part(", " if number else "", self._definition(column)) for number, column in enumerate(columns)]
        if rng.random() < 0.1:
            numbers = [column for column in columns if column.kind in ("int4", "int8", "numeric")]
            if numbers:
                source = rng.choice(numbers)
                columns.append(Column("g", source.kind, generated=True))
                parts.append(Part(f", g {source.kind} generated always as ({source.name} * 2) stored"))
        table.unique.update(column.name for unique in table.keys for column in unique)
        self.schema.tables.append(table)
        self.schema.statements.append(Part(f"create table {name} (", *parts, *constraints, ")"))

    def _definition(self, column: Column) -> Part:
        rng = self.rng
        pieces = [column.name, " ", rng.choice(KINDS[column.kind].declared)]
        options: list[str | Part] = []
        if not column.nullable:
            options.append(Part(" not null", optional=True))
        if rng.random() < 0.15 and column.name not in ("k", "r"):
            options.append(Part(f" default {literal(column.kind, value(rng, column.kind))}", optional=True))
        return Part(*pieces, *options)

    def _foreign_key(self, parent: Table) -> Part:
        rng = self.rng
        pieces: list[str | Part] = [f", foreign key (r) references {parent.name}"]
        if rng.random() < 0.7:
            pieces.append(Part(f" on delete {rng.choice(ACTIONS)}", optional=True))
        if rng.random() < 0.6:
            pieces.append(Part(f" on update {rng.choice(ACTIONS)}", optional=True))
        if rng.random() < 0.25:
            pieces.append(Part(" deferrable initially deferred", optional=True))
        return Part(*pieces, optional=True)

    def _check(self, column: Column) -> Part:
        known = KINDS[column.kind]
        return Part(f", check ({column.name} <> {literal(column.kind, known.values[-1])})", optional=True)

    def _rows(self, table: Table) -> None:
        rng = self.rng
        count = rng.choice((0, 1, 3, self.rows, self.rows, self.rows * 2))
        names = ", ".join(column.name for column in table.plain)
        for _ in range(count):
            row = {}
            for column in table.plain:
                nulls = 0.25 if column.nullable else 0.0
                if column.references is not None:
                    parent, key = column.references
                    known = [other[key.name] for other in parent.rows]
                    row[column.name] = rng.choice(known) if known and rng.random() > nulls else None
                else:
                    row[column.name] = value(rng, column.kind, nulls)
            if any(self._taken(table, key, row) for key in table.keys):
                continue
            table.rows.append(row)
            values = ", ".join(
                "null" if text is None else literal(table_kind(table, n), text) for n, text in row.items()
            )
            self.schema.statements.append(Part(f"insert into {table.name} ({names}) values ({values})"))

    def _taken(self, table: Table, key: list[Column], row: dict[str, str | None]) -> bool:
        names = [column.name for column in key]
        return any(all(row[n] is not None and row[n] == other[n] for n in names) for other in table.rows)

    def _index(self, table: Table, number: int) -> None:
        rng = self.rng
        usable = [column for column in table.columns if KINDS[column.kind].ordered]
        chosen = rng.sample(usable, min(len(usable), rng.choice((1, 1, 2, 3))))
        terms = []
        for column in chosen:
            term = column.name
            if rng.random() < 0.15:
                term = {"text": f"lower({term})", "int4": f"({term} + 1)", "date": f"({term} - 1)"}.get(
                    column.kind, term
                )
            if rng.random() < 0.3:
                term += " desc"
            if rng.random() < 0.2:
                term += rng.choice((" nulls first", " nulls last"))
            terms.append(term)
        where = ""
        if rng.random() < 0.2:
            column = rng.choice(usable)
            where = rng.choice(
                (
                    f" where {column.name} is not null",
                    f" where {column.name} > {literal(column.kind, value(rng, column.kind))}",
                )
            )
        unique = "unique " if rng.random() < 0.1 else ""  # fails where rows are alike, on both sides
        if unique:
            table.unique.update(column.name for column in chosen)
        self.schema.indexes.append(
            Part(f"create {unique}index x_{table.name}_{number} on {table.name} ({', '.join(terms)}){where}")
        )


def table_kind(table: Table, name: str) -> str:
    """Return the type of a column."""
    return next(column.kind for column in table.columns if column.name == name)


def make(rng: Random, rows: int = 8) -> Schema:
    """Make a schema."""
    return Maker(rng, rows).make()
