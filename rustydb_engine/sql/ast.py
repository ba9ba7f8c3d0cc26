"""The syntax tree: what the parser makes of a statement, before any name is looked up.

Nodes are `@value` records; sequences are tuples; `pos` is the 0-based character offset in the statement's
text where an error about the node should point (never compared). Identifiers are already folded to
lower case unless they were quoted. The parser does no checks that need the catalog.

Source: PostgreSQL 15, src/include/nodes/parsenodes.h gives the model; names here are shorter.
"""

from __future__ import annotations

from rustydb_proto.core.value import field, value

Name = tuple[str, ...]  # a dotted name, outermost first: ("public", "users")


def at() -> int:
    """Return the field declaration for a source position."""
    return field(default=-1, compare=False, repr=False)


# ---------------------------------------------------------------- types


@value
class TypeName:
    """A type as written. `name` is canonical where SQL has a spelling of its own:

    `double precision` -> ("pg_catalog", "float8"), `int` -> ("pg_catalog", "int4"), `char(3)` ->
    ("pg_catalog", "bpchar") with modifiers (3,); `timestamp(3) with time zone` -> ("pg_catalog", "timestamptz").
    `"char"` quoted is ("char",). `modifiers` are as written; `array` counts the [] after it. `fields` is the
    interval field restriction as written, upper case ("YEAR TO MONTH"), or "".
    """

    name: Name
    modifiers: tuple[Node, ...] = ()
    array: int = 0
    fields: str = ""
    setof: bool = False
    pos: int = at()


# ---------------------------------------------------------------- expressions


class Node:
    """An expression of the syntax tree."""

    __slots__ = ()


@value
class Literal(Node):
    """A constant. `kind`: 'int' and 'float' (value is the text, sign not included), 'string' (unknown-typed
    text), 'bit' (the text keeps its letter: "b101", "x1F"), 'bool' (value "true"/"false") or 'null'."""

    kind: str
    text: str
    pos: int = at()


@value
class Param(Node):
    """`$1` has index 1."""

    index: int
    pos: int = at()


@value
class Column(Node):
    """A column reference, `a`, `t.a`, `s.t.a`; the binder decides what each part is."""

    name: Name
    pos: int = at()


@value
class Star(Node):
    """`*` or `t.*`, in a select list, in count(*) or in ROW(t.*)."""

    table: Name = ()
    pos: int = at()


@value
class Operation(Node):
    """An operator call; `left` is None for a prefix operator. `schema` comes from OPERATOR(pg_catalog.~).

    LIKE is `~~`, ILIKE `~~*`, NOT LIKE `!~~`, NOT ILIKE `!~~*` (their ESCAPE is a call of like_escape on the
    right side); `!=` is already `<>`.
    """

    operator: str
    left: Node | None
    right: Node
    schema: str = ""
    pos: int = at()


@value
class And(Node):
    """AND of two or more."""

    items: tuple[Node, ...]
    pos: int = at()


@value
class Or(Node):
    """OR of two or more."""

    items: tuple[Node, ...]
    pos: int = at()


@value
class Not(Node):
    """NOT."""

    item: Node
    pos: int = at()


@value
class IsTest(Node):
    """`item IS [NOT] test`; `test`: null, true, false, unknown."""

    item: Node
    test: str
    negated: bool = False
    pos: int = at()


@value
class IsDistinct(Node):
    """`left IS [NOT] DISTINCT FROM right`; `negated` for IS NOT DISTINCT."""

    left: Node
    right: Node
    negated: bool = False
    pos: int = at()


@value
class Between(Node):
    """`item [NOT] BETWEEN [SYMMETRIC] low AND high`."""

    item: Node
    low: Node
    high: Node
    negated: bool = False
    symmetric: bool = False
    pos: int = at()


@value
class InList(Node):
    """`item [NOT] IN (a, b, …)`."""

    item: Node
    items: tuple[Node, ...]
    negated: bool = False
    pos: int = at()


@value
class InQuery(Node):
    """`item [NOT] IN (SELECT …)`; `item` may be a Row."""

    item: Node
    query: Query
    negated: bool = False
    pos: int = at()


@value
class Quantified(Node):
    """`left operator ANY|ALL (array or query)`; `quantifier` is 'any' or 'all' (SOME is 'any')."""

    operator: str
    left: Node
    quantifier: str
    right: Node | Query
    schema: str = ""
    pos: int = at()


@value
class Exists(Node):
    """EXISTS (query)."""

    query: Query
    pos: int = at()


@value
class ScalarQuery(Node):
    """A parenthesised query used as a value."""

    query: Query
    pos: int = at()


@value
class ArrayQuery(Node):
    """ARRAY(query)."""

    query: Query
    pos: int = at()


@value
class ArrayOf(Node):
    """ARRAY[a, b]; inner brackets are nested ArrayOf."""

    items: tuple[Node, ...]
    pos: int = at()


@value
class Row(Node):
    """ROW(a, b) or (a, b); `explicit` when the word ROW was written."""

    items: tuple[Node, ...]
    explicit: bool = False
    pos: int = at()


@value
class Case(Node):
    """CASE [operand] WHEN a THEN b … [ELSE c] END."""

    operand: Node | None
    whens: tuple[tuple[Node, Node], ...]
    default: Node | None
    pos: int = at()


@value
class Cast(Node):
    """`item::type`, CAST(item AS type) or `type 'literal'`."""

    item: Node
    type: TypeName
    pos: int = at()


@value
class Collate(Node):
    """`item COLLATE name`."""

    item: Node
    collation: Name
    pos: int = at()


@value
class AtTimeZone(Node):
    """`item AT TIME ZONE zone`."""

    item: Node
    zone: Node
    pos: int = at()


@value
class Subscript(Node):
    """`item[i]`, or `item[low:high]` when `slice`; a bound left out is None."""

    item: Node
    low: Node | None
    high: Node | None = None
    slice: bool = False
    pos: int = at()


@value
class Field(Node):
    """`(item).name`; name "*" expands."""

    item: Node
    name: str
    pos: int = at()


@value
class SortItem:
    """One ORDER BY item. `nulls_first` None is the default of its direction; `using` an operator or ""."""

    item: Node
    descending: bool = False
    nulls_first: bool | None = None
    using: str = ""
    pos: int = at()


@value
class WindowFrame:
    """ROWS/RANGE/GROUPS BETWEEN start AND end; bounds are ('unbounded preceding'|'preceding'|'current row'|
    'following'|'unbounded following', offset or None); `exclude` '' | 'current row' | 'group' | 'ties'."""

    mode: str
    start: tuple[str, Node | None]
    end: tuple[str, Node | None]
    exclude: str = ""


@value
class Window:
    """A window definition; `base` is the name of the window it refines, `name` its own in WINDOW."""

    name: str = ""
    base: str = ""
    partition: tuple[Node, ...] = ()
    order: tuple[SortItem, ...] = ()
    frame: WindowFrame | None = None
    pos: int = at()


@value
class Call(Node):
    """A function call. count(*) has `star`; `arg_names[i]` is "" for a positional argument.

    SQL spellings become calls: `extract(year from x)` -> pg_catalog.extract('year', x), `substring(a from b for c)`
    -> pg_catalog.substring(a, b, c), `position(a in b)` -> pg_catalog.position(b, a), `trim(leading a from b)` ->
    pg_catalog.ltrim(b, a), `overlay(…)` -> pg_catalog.overlay, `CURRENT_DATE`… see Keyword.
    `within` is the ORDER BY of WITHIN GROUP. `over` is a Window, or a window's name, or None.
    """

    name: Name
    args: tuple[Node, ...] = ()
    arg_names: tuple[str, ...] = ()
    star: bool = False
    distinct: bool = False
    variadic: bool = False
    order: tuple[SortItem, ...] = ()
    within: tuple[SortItem, ...] = ()
    filter: Node | None = None
    over: Window | str | None = None
    pos: int = at()


@value
class Special(Node):
    """What SQL writes like a function but is not one: `kind` coalesce, nullif, greatest, least, grouping."""

    kind: str
    args: tuple[Node, ...]
    pos: int = at()


@value
class Keyword(Node):
    """A value named by a keyword: current_date, current_time, current_timestamp, localtime, localtimestamp
    (with an optional precision), current_user, session_user, user, current_role, current_catalog, current_schema."""

    name: str
    precision: int | None = None
    pos: int = at()


@value
class Default(Node):
    """DEFAULT in a VALUES row or an assignment."""

    pos: int = at()


# ---------------------------------------------------------------- queries


class Query:
    """A query: Select, Values, SetOperation, or a data-modifying statement inside WITH."""

    __slots__ = ()


@value
class Target:
    """One item of a select list or RETURNING; `alias` "" when none was written."""

    item: Node
    alias: str = ""
    pos: int = at()


@value
class FromTable:
    """`[ONLY] name [AS alias (columns)]`. `sample` is TABLESAMPLE's method and arguments; with REPEATABLE the method is
    "name repeatable" and the seed is the last argument."""

    name: Name
    alias: str = ""
    columns: tuple[str, ...] = ()
    only: bool = False
    sample: tuple[str, tuple[Node, ...]] | None = None
    pos: int = at()


@value
class FromQuery:
    """A parenthesised query in FROM."""

    query: Query
    alias: str = ""
    columns: tuple[str, ...] = ()
    lateral: bool = False
    pos: int = at()


@value
class ColumnDefinition:
    """`name type` of a function's column definition list."""

    name: str
    type: TypeName


@value
class FromFunction:
    """A function in FROM, or ROWS FROM (several); `definitions` after AS t(a int, b text)."""

    calls: tuple[Node, ...]
    ordinality: bool = False
    alias: str = ""
    columns: tuple[str, ...] = ()
    definitions: tuple[ColumnDefinition, ...] = ()
    lateral: bool = False
    pos: int = at()


@value
class FromJoin:
    """`kind` inner, left, right, full or cross. `natural`, `using` or `on` (cross: none)."""

    kind: str
    left: FromItem
    right: FromItem
    on: Node | None = None
    using: tuple[str, ...] = ()
    using_alias: str = ""
    natural: bool = False
    alias: str = ""
    columns: tuple[str, ...] = ()
    pos: int = at()


FromItem = FromTable | FromQuery | FromFunction | FromJoin


@value
class Cte:
    """One WITH query; `materialized` None when not said."""

    name: str
    columns: tuple[str, ...]
    query: Query
    materialized: bool | None = None
    pos: int = at()


@value
class With:
    """The WITH clause."""

    ctes: tuple[Cte, ...]
    recursive: bool = False
    pos: int = at()


@value
class Locking:
    """FOR UPDATE and kin: `strength` update, no key update, share, key share; `wait` '', nowait, skip."""

    strength: str
    tables: tuple[Name, ...] = ()
    wait: str = ""
    pos: int = at()


@value
class Tail:
    """What may follow any query body: ORDER BY, LIMIT, OFFSET, FOR …. `with_ties` for FETCH … WITH TIES."""

    order: tuple[SortItem, ...] = ()
    limit: Node | None = None
    offset: Node | None = None
    with_ties: bool = False
    locking: tuple[Locking, ...] = ()


NO_TAIL = Tail()


@value
class Select(Query):
    """SELECT. `distinct` is None, () for DISTINCT, or the expressions of DISTINCT ON. `into` is SELECT INTO's table,
    `into_persistence` '' | temporary | unlogged."""

    targets: tuple[Target, ...]
    source: tuple[FromItem, ...] = ()
    where: Node | None = None
    group: tuple[Node, ...] = ()
    group_distinct: bool = False
    having: Node | None = None
    windows: tuple[Window, ...] = ()
    distinct: tuple[Node, ...] | None = None
    into: Name | None = None
    with_: With | None = None
    tail: Tail = NO_TAIL
    into_persistence: str = ""
    pos: int = at()


@value
class GroupingSet(Node):
    """GROUPING SETS, ROLLUP, CUBE or () in GROUP BY; `kind` sets, rollup, cube, empty."""

    kind: str
    items: tuple[Node, ...]
    pos: int = at()


@value
class Values(Query):
    """VALUES (…), (…)."""

    rows: tuple[tuple[Node, ...], ...]
    with_: With | None = None
    tail: Tail = NO_TAIL
    pos: int = at()


@value
class SetOperation(Query):
    """`left union|intersect|except [all] right`."""

    operator: str
    all: bool
    left: Query
    right: Query
    with_: With | None = None
    tail: Tail = NO_TAIL
    pos: int = at()


# ---------------------------------------------------------------- statements


class Statement:
    """A statement that is not a query."""

    __slots__ = ()


@value
class Assignment:
    """`column[subscripts].field = item` in UPDATE, or a column of INSERT's list (item None).

    `indirection` has a str for `.field` and a Subscript (whose item is a Default) for `[…]`.
    `(a, b) = (SELECT …)` is one Assignment for each column, all sharing `multi`: (source, index, count).
    """

    column: str
    item: Node | None = None
    indirection: tuple[Node | str, ...] = ()
    multi: tuple[Node, int, int] | None = None
    pos: int = at()


@value
class OnConflict:
    """`action` nothing or update. The arbiter: `items` (with collation/opclass dropped) and `arbiter_where`,
    or `constraint`, or neither."""

    action: str
    items: tuple[Node, ...] = ()
    arbiter_where: Node | None = None
    constraint: str = ""
    assignments: tuple[Assignment, ...] = ()
    where: Node | None = None
    pos: int = at()


@value
class Insert(Query):
    """INSERT. `source` None is DEFAULT VALUES; `overriding` '', user or system."""

    table: FromTable
    columns: tuple[Assignment, ...]
    source: Query | None
    overriding: str = ""
    conflict: OnConflict | None = None
    returning: tuple[Target, ...] = ()
    with_: With | None = None
    pos: int = at()


@value
class Update(Query):
    """UPDATE."""

    table: FromTable
    assignments: tuple[Assignment, ...]
    source: tuple[FromItem, ...] = ()
    where: Node | None = None
    returning: tuple[Target, ...] = ()
    with_: With | None = None
    pos: int = at()


@value
class Delete(Query):
    """DELETE."""

    table: FromTable
    using: tuple[FromItem, ...] = ()
    where: Node | None = None
    returning: tuple[Target, ...] = ()
    with_: With | None = None
    pos: int = at()


@value
class CurrentOf(Node):
    """WHERE CURRENT OF cursor."""

    cursor: str
    pos: int = at()


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


@value
class Begin(Statement):
    """BEGIN or START TRANSACTION (`start`). `modes`: isolation ('read committed'…), read ('only'|'write'),
    deferrable ('on'|'off')."""

    start: bool = False
    modes: tuple[Option, ...] = ()
    pos: int = at()


@value
class Commit(Statement):
    """COMMIT or END; `chain`."""

    chain: bool = False
    pos: int = at()


@value
class Rollback(Statement):
    """ROLLBACK or ABORT; `to` a savepoint or ""."""

    to: str = ""
    chain: bool = False
    pos: int = at()


@value
class Savepoint(Statement):
    """SAVEPOINT name."""

    name: str
    pos: int = at()


@value
class Release(Statement):
    """RELEASE [SAVEPOINT] name."""

    name: str
    pos: int = at()


@value
class SetTransaction(Statement):
    """SET [SESSION CHARACTERISTICS AS] TRANSACTION modes."""

    modes: tuple[Option, ...]
    session: bool = False
    pos: int = at()


@value
class SetParameter(Statement):
    """SET [LOCAL|SESSION] name TO values; `values` None is DEFAULT. Numbers and words come as text.

    SET TIME ZONE is name `timezone`; SET NAMES `client_encoding`; SET SCHEMA `search_path`; SET SESSION AUTHORIZATION
    `session_authorization`; SET ROLE `role`. A typed literal (INTERVAL '…') comes as a Node."""

    name: str
    values: tuple[str | Node, ...] | None
    local: bool = False
    pos: int = at()


@value
class Reset(Statement):
    """RESET name or RESET ALL (name "all")."""

    name: str
    pos: int = at()


@value
class Show(Statement):
    """SHOW name or SHOW ALL (name "all")."""

    name: str
    pos: int = at()


@value
class SetConstraints(Statement):
    """SET CONSTRAINTS ALL|names DEFERRED|IMMEDIATE; empty names are ALL."""

    names: tuple[Name, ...]
    deferred: bool
    pos: int = at()


@value
class Prepare(Statement):
    """PREPARE name (types) AS statement."""

    name: str
    types: tuple[TypeName, ...]
    statement: Query | Statement
    pos: int = at()


@value
class Execute(Statement):
    """EXECUTE name (args)."""

    name: str
    args: tuple[Node, ...] = ()
    pos: int = at()


@value
class Deallocate(Statement):
    """DEALLOCATE name or ALL (name "")."""

    name: str
    pos: int = at()


@value
class DeclareCursor(Statement):
    """DECLARE name [BINARY] [SCROLL] CURSOR [WITH HOLD] FOR query."""

    name: str
    query: Query
    binary: bool = False
    scroll: bool | None = None
    hold: bool = False
    pos: int = at()


@value
class Fetch(Statement):
    """FETCH or MOVE (`move`). `direction`: next, prior, first, last, absolute, relative, forward, backward;
    `count` None is ALL."""

    cursor: str
    direction: str = "next"
    count: int | None = 1
    move: bool = False
    pos: int = at()


@value
class CloseCursor(Statement):
    """CLOSE name or ALL (name "")."""

    name: str
    pos: int = at()


@value
class Discard(Statement):
    """DISCARD ALL, PLANS, SEQUENCES or TEMP."""

    what: str
    pos: int = at()


@value
class Listen(Statement):
    """LISTEN channel."""

    channel: str
    pos: int = at()


@value
class Unlisten(Statement):
    """UNLISTEN channel or * (channel "*")."""

    channel: str
    pos: int = at()


@value
class Notify(Statement):
    """NOTIFY channel, payload."""

    channel: str
    payload: str = ""
    pos: int = at()


@value
class LockTable(Statement):
    """LOCK TABLE; `mode` lower case without MODE ('access exclusive')."""

    tables: tuple[FromTable, ...]
    mode: str = "access exclusive"
    nowait: bool = False
    pos: int = at()


@value
class Copy(Statement):
    """COPY. One of `table` (with `columns`) and `query`. `to` says the direction; `target` is stdin, stdout,
    a file name or ('program', …). Options as in the parenthesised form, names lower case; old spellings translated."""

    table: Name = ()
    columns: tuple[str, ...] = ()
    query: Query | None = None
    to: bool = False
    target: str = "stdin"
    program: bool = False
    options: tuple[Option, ...] = ()
    where: Node | None = None
    pos: int = at()


@value
class Explain(Statement):
    """EXPLAIN (options) statement; ANALYZE and VERBOSE written bare are options."""

    statement: Query | Statement
    options: tuple[Option, ...] = ()
    pos: int = at()


@value
class Vacuum(Statement):
    """VACUUM or ANALYZE (`analyze_only`); tables with optional columns."""

    tables: tuple[tuple[Name, tuple[str, ...]], ...] = ()
    options: tuple[Option, ...] = ()
    analyze_only: bool = False
    pos: int = at()


@value
class Checkpoint(Statement):
    """CHECKPOINT."""

    pos: int = at()


@value
class Unsupported(Statement):
    """A statement of PostgreSQL that parses by its first words only; running it is 0A000. `what`: "CREATE FUNCTION"."""

    what: str
    pos: int = at()


AnyStatement = Statement | Query
