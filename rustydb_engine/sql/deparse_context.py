"""The surroundings of printing: the text so far with its indentation, and the names of the row sources in reach.

Every query that is printed has a `Frame`: a unique name for each of its row sources (a second `t` becomes `t_1`, also when
the first one is in a query around it) and the names of their columns. A Var of level n is looked up n frames up.

Tables are called by the names that they have in the catalog given, found by OID, so a tree that was bound before a
rename prints the new names.

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c (set_rtable_names, set_relation_column_names, appendContextKeyword).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql.bound import (
    BoundCte,
    ModifyQuery,
    Query,
    RangeCte,
    RangeEntry,
    RangeFunction,
    RangeQuery,
    RangeSetOperation,
    RangeTable,
    Var,
    WindowDef,
)
from rustydb_engine.sql.keywords import quote_identifier

INDENT_STD, INDENT_JOIN, INDENT_VAR, INDENT_LIMIT = 8, 4, 4, 40
SYSTEM_NAMES = {-2: "tableoid", -3: "ctid", -4: "xmin", -5: "xmax", -6: "cmin", -7: "cmax"}


@dataclass(slots=True)
class Frame:
    """The names of one query. `columns[i]` are those of entry i by position; `names[i]` is None for a nameless one."""

    entries: Sequence[RangeEntry]
    names: list[str | None]
    columns: list[dict[int, str]]
    aliases: list[tuple[str, ...]]
    ctes: Sequence[BoundCte] = ()
    windows: Sequence[WindowDef] = ()


@dataclass(slots=True)
class Printer:
    """Collects text. `pretty` leaves out parentheses that are not needed; `prefix` puts table names before columns."""

    catalog: Catalog
    search_path: tuple[str, ...]
    pretty: bool = False
    prefix: bool = True
    frames: tuple[Frame, ...] = ()
    level: int = 0
    parts: list[str] = field(default_factory=list)
    query: Query | None = None
    names_visible: bool = True
    names: tuple[str, ...] = ()

    def put(self, text: str) -> None:
        """Append text."""
        self.parts.append(text)

    def trim(self) -> None:
        """Remove blanks at the end of the text."""
        while self.parts:
            kept = self.parts[-1].rstrip(" ")
            if kept:
                self.parts[-1] = kept
                return
            self.parts.pop()

    def keyword(self, text: str, before: int, after: int, plus: int) -> None:
        """Begin a line with a keyword: the indentation changes by `before` first and by `after` behind it."""
        self.level += before
        self.trim()
        self.put("\n")
        if self.level < INDENT_LIMIT:
            amount = max(self.level, 0) + plus
        else:
            amount = (INDENT_LIMIT + (self.level - INDENT_LIMIT) // (INDENT_STD // 2)) % INDENT_LIMIT + plus
        self.put(" " * amount + text)
        self.level = max(self.level + after, 0)

    def take(self) -> str:
        """Return the text and start anew."""
        text = "".join(self.parts)
        self.parts = []
        return text

    def inside(self, frame: Frame, query: Query | None = None) -> Printer:
        """Return a printer for a query inside this one, which begins at this indentation."""
        frames = (frame, *self.frames)
        return Printer(self.catalog, self.search_path, self.pretty, True, frames, self.level, query=query)

    def frame_of(self, var: Var) -> Frame:
        """Return the frame that a Var belongs to."""
        assert var.level < len(self.frames), "a column belongs to a query around it"
        return self.frames[var.level]

    def relation_name(self, table: Table) -> str:
        """Return a table's name, qualified where the search path does not find it or a WITH query hides it."""
        current = self.catalog.get(table.oid)
        shown = current if isinstance(current, Table) else table
        hidden = any(cte.name == shown.name for frame in self.frames for cte in frame.ctes)
        if not hidden and self.catalog.visible(shown, self.search_path):
            return quote_identifier(shown.name)
        schema = self.catalog.schema_name(shown.schema)
        return f"{quote_identifier(schema)}.{quote_identifier(shown.name)}"

    def table(self, entry: RangeTable) -> Table:
        """Return a table as it is in the catalog now."""
        current = self.catalog.get(entry.table.oid)
        return current if isinstance(current, Table) else entry.table


def frame_for(query: Query | ModifyQuery, printer: Printer) -> Frame:
    """Choose the names for a query that is about to be printed inside what `printer` has printed."""
    taken: dict[str, int] = {}
    for outer in printer.frames:
        for name in outer.names:
            if name is not None:
                taken.setdefault(name, 0)
    names: list[str | None] = []
    columns: list[dict[int, str]] = []
    aliases: list[tuple[str, ...]] = []
    for entry in query.range:
        found, renamed = _columns(entry, printer)
        columns.append(found)
        aliases.append(renamed)
        names.append(None if isinstance(entry, RangeSetOperation) else _unique(_entry_name(entry, printer), taken))
    windows = query.windows if isinstance(query, Query) else ()
    return Frame(query.range, names, columns, aliases, query.ctes, windows)


def _unique(name: str, taken: dict[str, int]) -> str:
    if name not in taken:
        taken[name] = 0
        return name
    while True:
        taken[name] += 1
        made = f"{name}_{taken[name]}"
        if made not in taken:
            taken[made] = 0
            return made


def _entry_name(entry: RangeEntry, printer: Printer) -> str:
    assert not isinstance(entry, RangeSetOperation), "a set operation has no name"
    if isinstance(entry, RangeTable) and entry.alias == entry.table.name:
        return printer.table(entry).name
    return entry.alias


def _columns(entry: RangeEntry, printer: Printer) -> tuple[dict[int, str], tuple[str, ...]]:
    """Return (column names by position, the alias list to print or ())."""
    if isinstance(entry, RangeTable):
        return _table_columns(entry.table, printer.table(entry), entry.columns)
    if isinstance(entry, RangeQuery) and entry.view:
        current = printer.catalog.get(entry.view)
        if isinstance(current, Table):
            return _table_columns(current, current, entry.columns)
    unique = unique_names(entry.columns)
    found = dict(enumerate(unique))
    if isinstance(entry, RangeFunction):
        return found, unique
    if isinstance(entry, RangeQuery):
        real = tuple(target.name for target in entry.query.targets if not target.junk)
        return found, unique if unique != real else ()
    if isinstance(entry, RangeCte):
        real = _cte(entry, printer).columns if len(printer.frames) >= entry.level else unique
        return found, unique if unique != real else ()
    plain = tuple(f"column{i + 1}" for i in range(len(unique)))
    return found, unique if unique != plain else ()


def _cte(entry: RangeCte, printer: Printer) -> BoundCte:
    # The frame of the query itself is not there yet; its own WITH list is looked up by the caller.
    frame = printer.frames[entry.level - 1] if entry.level else None
    if frame is None or entry.cte >= len(frame.ctes):
        return BoundCte("", Query((), (), ()), entry.columns, entry.types)
    return frame.ctes[entry.cte]


def _table_columns(bound: Table, current: Table, shown: Sequence[str]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Name a table's columns as they are called now, but for those that the query renamed."""
    found: dict[int, str] = {}
    listed: list[str] = []
    live = [(place, column.name) for place, column in enumerate(bound.columns) if not column.dropped]
    renamed = False
    for number, (place, name) in enumerate(live):
        alias = shown[number] if number < len(shown) else name
        if alias != name:
            renamed = True
            found[place] = alias
        else:
            found[place] = current.columns[place].name if place < len(current.columns) else name
        listed.append(found[place])
    if not renamed:
        return found, ()
    unique = unique_names(listed)
    return {place: name for (place, _), name in zip(live, unique, strict=True)}, unique


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Make the column names of one row source unique."""
    taken: dict[str, int] = {}
    return tuple(_unique(name, taken) for name in names)
