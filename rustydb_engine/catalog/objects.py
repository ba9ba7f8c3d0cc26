"""The objects of the catalog: schemas, tables, indexes, constraints, sequences, roles, comments.

Objects are immutable records; a change makes a new record under the same OID. They hold only plain values (texts,
numbers, tuples), because the log stores them. Expressions (defaults, checks, index expressions, views) are kept
as SQL text in the canonical form that PostgreSQL's pg_get_expr prints, and bound again when they are used.

A table's row is a tuple with one item for each column that it ever had: position `attnum - 1`. A dropped column
keeps its place, holding None.

Source: PostgreSQL 15, chapter 53 (System Catalogs).
"""

from __future__ import annotations

from functools import cache

from rustydb_engine.values.types import BY_NAME, Type
from rustydb_proto.core.value import value

PG_CATALOG = 11
PUBLIC = 2200
INFORMATION_SCHEMA = 13207
FIRST_USER_OID = 16384
SUPERUSER = 10


@value
class Role:
    """A role. `verifier` is the SCRAM or MD5 verifier of its password, or None."""

    oid: int
    name: str
    superuser: bool = True
    login: bool = True
    verifier: str | None = None
    kind: str = "role"


@value
class Schema:
    """A schema."""

    oid: int
    name: str
    owner: int = SUPERUSER
    kind: str = "schema"


@value
class TableColumn:
    """A column. `default` and `generated` are SQL text; `identity` is '', 'a' (always) or 'd' (by default).

    `sequence` is the OID of the sequence that an identity or serial column owns, or 0. `collation` is the OID of a
    collation other than the type's, or 0.
    """

    name: str
    attnum: int
    type: Type
    typmod: int = -1
    not_null: bool = False
    default: str | None = None
    generated: str | None = None
    identity: str = ""
    sequence: int = 0
    dropped: bool = False
    collation: int = 0


@value
class Table:
    """A table, a view or a virtual system table.

    `kind`: table, view, virtual. `storage` names the heap that holds its rows (it changes when TRUNCATE or a
    rewriting ALTER gives the table a new one). `query` is a view's SQL. `persistence` p, u or t (temporary).
    `depends` of a view: the (relation OID, attnum or 0) pairs that its query uses. `on_commit` of a temporary table:
    '' (preserve), delete or drop.
    """

    oid: int
    name: str
    schema: int
    columns: tuple[TableColumn, ...]
    storage: int = 0
    kind: str = "table"
    query: str = ""
    persistence: str = "p"
    owner: int = SUPERUSER
    options: tuple[tuple[str, str], ...] = ()
    depends: tuple[tuple[int, int], ...] = ()
    on_commit: str = ""

    def column(self, name: str) -> TableColumn | None:
        """Return the live column of this name, or None."""
        for column in self.columns:
            if column.name == name and not column.dropped:
                return column
        return None

    def live(self) -> tuple[TableColumn, ...]:
        """Return the columns that are not dropped."""
        return tuple(column for column in self.columns if not column.dropped)


@value
class IndexColumn:
    """One key of an index: a column (`attnum` > 0) or an expression (`attnum` 0, `expression` SQL text).

    `name` is the expression's name in pg_attribute. `opclass` names an operator class other than the type's default,
    `collation` as in TableColumn; neither changes the order, which is by code point.
    """

    attnum: int
    expression: str = ""
    type_oid: int = 0
    descending: bool = False
    nulls_first: bool = False
    opclass: str = ""
    collation: int = 0
    name: str = ""


@value
class Index:
    """An index. `where` is the predicate's SQL text or "". `method` as written (btree or hash)."""

    oid: int
    name: str
    schema: int
    table: int
    columns: tuple[IndexColumn, ...]
    unique: bool = False
    primary: bool = False
    include: tuple[int, ...] = ()
    nulls_distinct: bool = True
    where: str = ""
    method: str = "btree"
    valid: bool = True
    storage: int = 0
    kind: str = "index"
    options: tuple[tuple[str, str], ...] = ()


@value
class Constraint:
    """A constraint. `type`: p primary, u unique, c check, f foreign.

    `columns` and `referenced_columns` are attnums. `index` is the index behind p and u; for f the referenced table's.
    Actions: a no action, r restrict, c cascade, n set null, d set default. `match`: s simple, f full.
    """

    oid: int
    name: str
    schema: int
    table: int
    type: str
    columns: tuple[int, ...] = ()
    expression: str = ""
    index: int = 0
    references: int = 0
    referenced_columns: tuple[int, ...] = ()
    on_update: str = "a"
    on_delete: str = "a"
    set_columns: tuple[int, ...] = ()
    match: str = "s"
    deferrable: bool = False
    deferred: bool = False
    validated: bool = True
    no_inherit: bool = False
    kind: str = "constraint"


@value
class Sequence:
    """A sequence's definition; its counter lives in storage. `owner_table`/`owner_column`: OWNED BY (0: none).

    `internal` when an identity column made it.
    """

    oid: int
    name: str
    schema: int
    type_oid: int = 20
    start: int = 1
    increment: int = 1
    minimum: int = 1
    maximum: int = 2**63 - 1
    cache: int = 1
    cycle: bool = False
    owner_table: int = 0
    owner_column: int = 0
    internal: bool = False
    persistence: str = "p"
    owner: int = SUPERUSER
    kind: str = "sequence"


@cache
def sequence_table(sequence: Sequence) -> Table:
    """Return the table of one row as which a sequence can be read: `SELECT last_value FROM q`."""
    names = (("last_value", "int8"), ("log_cnt", "int8"), ("is_called", "bool"))
    columns = tuple(
        TableColumn(name, attnum, BY_NAME[kind], not_null=True) for attnum, (name, kind) in enumerate(names, 1)
    )
    return Table(sequence.oid, sequence.name, sequence.schema, columns, kind="virtual", owner=sequence.owner)


@value
class Comment:
    """A comment on an object: `class_oid` is the system table that lists the object (1259 pg_class…), `part` an attnum.

    Its own OID identifies the record only."""

    oid: int
    class_oid: int
    object_oid: int
    part: int
    text: str
    kind: str = "comment"


CatalogObject = Role | Schema | Table | Index | Constraint | Sequence | Comment
