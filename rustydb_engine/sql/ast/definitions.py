"""Statements of the syntax tree that define things: schemas, tables, constraints, indexes, views, sequences."""

from __future__ import annotations

from rustydb_engine.sql.ast.base import Name, Node, Query, Statement, at
from rustydb_engine.sql.ast.expressions import TypeName
from rustydb_engine.sql.ast.queries import FromTable
from rustydb_proto.core.value import value


@value
class Option:
    """`name [value]` of a WITH (…), COPY, EXPLAIN, VACUUM or sequence option list; value None, text, Node or names."""

    name: str
    value: str | Node | TypeName | Name | tuple[str, ...] | None = None
    pos: int = at()


@value
class Constraint:
    """A constraint of a table, or of a column (then `columns` is empty).

    `kind`: primary, unique, check, foreign, not null, null, default, generated, identity, exclude.
    `expression` for check, default and generated. foreign: `references`, `referenced` columns, `match` simple or
    full, `on_delete`/`on_update` 'no action'|'restrict'|'cascade'|'set null'|'set default'.
    identity: `always`, `options` of its sequence. `index` for ADD CONSTRAINT … USING INDEX.
    """

    kind: str
    name: str = ""
    columns: tuple[str, ...] = ()
    expression: Node | None = None
    references: Name = ()
    referenced: tuple[str, ...] = ()
    match: str = "simple"
    on_delete: str = "no action"
    on_update: str = "no action"
    set_columns: tuple[str, ...] = ()
    always: bool = False
    options: tuple[Option, ...] = ()
    include: tuple[str, ...] = ()
    nulls_distinct: bool = True
    deferrable: bool = False
    deferred: bool = False
    not_valid: bool = False
    no_inherit: bool = False
    index: str = ""
    pos: int = at()


@value
class ColumnSpec:
    """A column of CREATE TABLE or ADD COLUMN."""

    name: str
    type: TypeName
    collation: Name = ()
    constraints: tuple[Constraint, ...] = ()
    pos: int = at()


@value
class LikeTable:
    """LIKE other [INCLUDING …] in CREATE TABLE; `options` are ('including'|'excluding', name) in order.

    `after` is how many of the table's own columns stand before it."""

    table: Name
    options: tuple[tuple[str, str], ...] = ()
    after: int = 0
    pos: int = at()


@value
class CreateSchema(Statement):
    """CREATE SCHEMA."""

    name: str
    if_not_exists: bool = False
    owner: str = ""
    elements: tuple[Statement, ...] = ()
    pos: int = at()


@value
class CreateTable(Statement):
    """CREATE TABLE. `persistence` '' | temporary | unlogged; `on_commit` '' | preserve | delete | drop; `partition` is the
    strategy of PARTITION BY, or ''."""

    name: Name
    columns: tuple[ColumnSpec, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    likes: tuple[LikeTable, ...] = ()
    inherits: tuple[Name, ...] = ()
    if_not_exists: bool = False
    persistence: str = ""
    options: tuple[Option, ...] = ()
    on_commit: str = ""
    partition: str = ""
    pos: int = at()


@value
class CreateTableAs(Statement):
    """CREATE TABLE … AS query; `materialized` for CREATE MATERIALIZED VIEW."""

    name: Name
    query: Query | Statement
    columns: tuple[str, ...] = ()
    if_not_exists: bool = False
    persistence: str = ""
    with_data: bool = True
    materialized: bool = False
    pos: int = at()


@value
class CreateView(Statement):
    """CREATE [OR REPLACE] VIEW; `check_option` '', local or cascaded; `recursive` as in CREATE RECURSIVE VIEW."""

    name: Name
    query: Query
    columns: tuple[str, ...] = ()
    replace: bool = False
    persistence: str = ""
    recursive: bool = False
    check_option: str = ""
    options: tuple[Option, ...] = ()
    pos: int = at()


@value
class IndexItem:
    """A column or expression of an index."""

    item: Node
    collation: Name = ()
    opclass: Name = ()
    descending: bool = False
    nulls_first: bool | None = None
    pos: int = at()


@value
class CreateIndex(Statement):
    """CREATE [UNIQUE] INDEX; `name` "" lets the server choose."""

    name: str
    table: Name
    items: tuple[IndexItem, ...]
    unique: bool = False
    concurrently: bool = False
    if_not_exists: bool = False
    method: str = ""
    include: tuple[str, ...] = ()
    nulls_distinct: bool = True
    where: Node | None = None
    options: tuple[Option, ...] = ()
    only: bool = False
    pos: int = at()


@value
class CreateSequence(Statement):
    """CREATE SEQUENCE; options: as, increment, minvalue, maxvalue (value None is NO …), start, cache, cycle, owned by,
    restart."""

    name: Name
    options: tuple[Option, ...] = ()
    if_not_exists: bool = False
    persistence: str = ""
    pos: int = at()


@value
class AlterSequence(Statement):
    """ALTER SEQUENCE."""

    name: Name
    options: tuple[Option, ...] = ()
    if_exists: bool = False
    pos: int = at()


@value
class AlterAction:
    """One action of ALTER TABLE. `kind`: add column, drop column, column type, set default, drop default, set not null,
    drop not null, add constraint, drop constraint, validate constraint, add identity, set identity, drop identity,
    drop expression, set statistics, set storage, owner, set options, reset options, set schema, enable/disable …
    (as written, lower case). Unused fields keep their defaults."""

    kind: str
    name: str = ""
    column: ColumnSpec | None = None
    constraint: Constraint | None = None
    type: TypeName | None = None
    expression: Node | None = None
    options: tuple[Option, ...] = ()
    if_exists: bool = False
    if_not_exists: bool = False
    cascade: bool = False
    pos: int = at()


@value
class AlterTable(Statement):
    """ALTER TABLE (also ALTER INDEX/VIEW/SEQUENCE where they share actions; `kind` says which was written)."""

    kind: str
    name: Name
    actions: tuple[AlterAction, ...]
    if_exists: bool = False
    only: bool = False
    pos: int = at()


@value
class Rename(Statement):
    """ALTER kind name RENAME [COLUMN|CONSTRAINT part] TO to; `part` "" renames the object itself.

    `kind`: table, index, view, sequence, schema, column, constraint, database, role, type…"""

    kind: str
    name: Name
    to: str
    part: str = ""
    if_exists: bool = False
    pos: int = at()


@value
class SetSchema(Statement):
    """ALTER kind name SET SCHEMA schema."""

    kind: str
    name: Name
    schema: str
    if_exists: bool = False
    pos: int = at()


@value
class AlterOwner(Statement):
    """ALTER kind name OWNER TO owner."""

    kind: str
    name: Name
    owner: str
    if_exists: bool = False
    pos: int = at()


@value
class Drop(Statement):
    """DROP kind names; `kind` table, view, index, sequence, schema, materialized view, type, function, role, database…"""

    kind: str
    names: tuple[Name, ...]
    if_exists: bool = False
    cascade: bool = False
    concurrently: bool = False
    pos: int = at()


@value
class Truncate(Statement):
    """TRUNCATE."""

    tables: tuple[FromTable, ...]
    restart: bool = False
    cascade: bool = False
    pos: int = at()


@value
class Comment(Statement):
    """COMMENT ON kind name IS text; `on` is the table of a constraint, column names are (…, table, column)."""

    kind: str
    name: Name
    text: str | None
    on: Name = ()
    pos: int = at()
