"""Expressions of the syntax tree, and types as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rustydb_engine.sql.ast.base import Name, Node, at
from rustydb_proto.core.value import value

if TYPE_CHECKING:
    from rustydb_engine.sql.ast.base import Query


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
    """`item[i]`, or `item[low:high]` when `slice`; a bound left out is None.

    `apart`: the item is a subscript in parentheses, which this one does not continue: `(a[1:2])[1]` is an element.
    """

    item: Node
    low: Node | None
    high: Node | None = None
    slice: bool = False
    pos: int = at()
    apart: bool = False


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
