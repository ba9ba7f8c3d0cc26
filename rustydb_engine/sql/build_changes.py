"""Actions for INSERT, UPDATE and DELETE."""

from __future__ import annotations

from dataclasses import replace

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.actions import Misplaced, action
from rustydb_engine.sql.ast import (
    Assignment,
    FromItem,
    FromTable,
    IndexItem,
    Name,
    Node,
    OnConflict,
    Query,
    Target,
    With,
)
from rustydb_engine.sql.build_names import Bracket, Element
from rustydb_proto.core.value import value


@value
class Source:
    """What INSERT inserts."""

    query: Query | None = None
    columns: tuple[Assignment, ...] = ()
    overriding: str = ""


@action()
def insert(
    pos: int,
    with_: With | None,
    table: FromTable,
    source: Source,
    conflict: OnConflict | None,
    returning: list[Target] | None,
) -> ast.Insert:
    """INSERT."""
    return ast.Insert(
        table, source.columns, source.query, source.overriding, conflict, tuple(returning or ()), with_, pos
    )  # fmt: skip


@action()
def insert_target(pos: int, name: Name, alias: str = "") -> FromTable:
    """The table to insert into."""
    return FromTable(name, alias, pos=pos)


action("insert_query")(lambda pos, query: Source(query))
action("insert_overriding_query")(lambda pos, overriding, query: Source(query, (), overriding))
action("insert_columns_query")(lambda pos, columns, query: Source(query, tuple(columns)))
action("insert_columns_overriding_query")(
    lambda pos, columns, overriding, query: Source(query, tuple(columns), overriding)
)
action("insert_defaults")(lambda pos: Source())


@action()
def insert_column(pos: int, name: str, elements: list[Element] | None) -> Assignment:
    """`a`, `a[1]` or `a.b` as the target of a value."""
    indirection: list[Node | str] = []
    for element in elements or ():
        if isinstance(element, ast.Star):
            raise Misplaced
        if isinstance(element, Bracket):
            marker = ast.Subscript(ast.Default(element.pos), element.low, element.high, element.slice, element.pos)
            indirection.append(marker)
        else:
            indirection.append(element)
    return Assignment(name, None, tuple(indirection), None, pos)


# ---------------------------------------------------------------- ON CONFLICT


@value
class Arbiter:
    """What ON CONFLICT looks at."""

    items: tuple[Node, ...] = ()
    where: Node | None = None
    constraint: str = ""


_ANY = Arbiter()


@action()
def conflict_nothing(pos: int, arbiter: Arbiter = _ANY) -> OnConflict:
    """ON CONFLICT DO NOTHING."""
    return OnConflict("nothing", arbiter.items, arbiter.where, arbiter.constraint, pos=pos)


@action()
def conflict_update(pos: int, arbiter: Arbiter, assignments: list[Assignment], where: Node | None) -> OnConflict:
    """ON CONFLICT DO UPDATE."""
    return OnConflict(
        "update", arbiter.items, arbiter.where, arbiter.constraint, tuple(assignments), where, pos
    )  # fmt: skip


@action()
def conflict_update_any(pos: int, assignments: list[Assignment], where: Node | None) -> OnConflict:
    """ON CONFLICT DO UPDATE without saying which."""
    message = "ON CONFLICT DO UPDATE requires inference specification or constraint name"
    raise SqlError("42601", message, hint="For example, ON CONFLICT (column_name).", position=pos)


@action()
def conflict_items(pos: int, items: list[IndexItem], where: Node | None) -> Arbiter:
    """`(a, b) WHERE …`: which unique index is meant."""
    for item in items:
        if item.descending or item.nulls_first is not None:
            what = "ASC/DESC" if item.descending else "NULLS FIRST/LAST"
            raise SqlError("42P10", f"{what} is not allowed in ON CONFLICT clause", position=item.pos)
    return Arbiter(tuple(item.item for item in items), where)


@action()
def conflict_constraint(pos: int, name: str) -> Arbiter:
    """`ON CONSTRAINT name`."""
    return Arbiter((), None, name)


IndexOptions = tuple[Name, Name, bool, bool | None]


@action()
def index_item_options(
    pos: int, collation: Name | None, opclass: Name | None, descending: bool | None, nulls_first: bool | None
) -> IndexOptions:
    """COLLATE, an operator class and an order."""
    return collation or (), opclass or (), bool(descending), nulls_first


@action()
def opclass_with_options(pos: int, name: Name, options: object) -> Name:
    """`gist_trgm_ops (siglen = 32)`."""
    raise not_supported("operator class options", pos)


@action()
def index_column(pos: int, name: str, options: IndexOptions) -> IndexItem:
    """A column of an index."""
    return IndexItem(ast.Column((name,), pos), *options, pos)


@action()
def index_expression(pos: int, item: Node, options: IndexOptions) -> IndexItem:
    """An expression of an index."""
    return IndexItem(item, *options, pos)


# ---------------------------------------------------------------- UPDATE and DELETE


@action()
def update(
    pos: int,
    with_: With | None,
    table: FromTable,
    assignments: list[Assignment],
    source: list[FromItem] | None,
    where: Node | None,
    returning: list[Target] | None,
) -> ast.Update:
    """UPDATE."""
    return ast.Update(
        table, tuple(assignments), tuple(source or ()), where, tuple(returning or ()), with_, pos
    )  # fmt: skip


@action()
def delete(
    pos: int,
    with_: With | None,
    table: FromTable,
    using: list[FromItem] | None,
    where: Node | None,
    returning: list[Target] | None,
) -> ast.Delete:
    """DELETE."""
    return ast.Delete(table, tuple(using or ()), where, tuple(returning or ()), with_, pos)


@action()
def table_plain(pos: int, table: FromTable) -> FromTable:
    """The changed table without alias."""
    return table


@action()
def table_alias(pos: int, table: FromTable, alias: str) -> FromTable:
    """The changed table with an alias."""
    return replace(table, alias=alias)


@action()
def current_of(pos: int, cursor: str) -> Node:
    """`WHERE CURRENT OF c`."""
    return ast.CurrentOf(cursor, pos)


@action()
def assignments_next(pos: int, items: list[Assignment], more: list[Assignment]) -> list[Assignment]:
    """`a = 1, b = 2`."""
    items.extend(more)
    return items


@action()
def assign(pos: int, to: Assignment, item: Node) -> list[Assignment]:
    """`a = 1`."""
    return [replace(to, item=item)]


@action()
def assign_many(pos: int, columns: list[Assignment], item: Node) -> list[Assignment]:
    """`(a, b) = (1, 2)`, or `= (SELECT …)`."""
    count = len(columns)
    if isinstance(item, ast.Row):
        if len(item.items) != count:
            raise SqlError("42601", "number of columns does not match number of values", position=item.pos)
        return [replace(to, item=each) for to, each in zip(columns, item.items, strict=True)]
    if isinstance(item, ast.ScalarQuery):
        return [replace(to, multi=(item, index, count)) for index, to in enumerate(columns)]
    message = "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression"
    raise SqlError("0A000", message, position=getattr(item, "pos", -1))
