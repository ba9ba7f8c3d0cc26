"""Arrays and records: constructors, subscripts, field selection, whole rows.

Source: PostgreSQL 15, sections 8.15 and 8.16; parse_expr.c (transformArrayExpr, transformRowExpr), parse_node.c, jsonbsubs.c.
"""

from __future__ import annotations

from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.calls import call_on_row, select_field
from rustydb_engine.sql.binder.coerce import (
    ASSIGNMENT,
    EXPLICIT,
    IMPLICIT,
    can_coerce,
    cannot_cast,
    coerce_to_common,
    coerce_to_target,
    coerce_type,
    common_typmod,
    expr_pos,
    select_common_type,
)
from rustydb_engine.sql.binder.dispatch import bind_expr, binds
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.names import find_item, missing_table, whole_row
from rustydb_engine.sql.binder.records import record_fields
from rustydb_engine.sql.binder.scope import WHOLE_ROW, Item, Scope
from rustydb_engine.sql.bound import ArrayExpr, Expr, FieldExpr, RowExpr, SubscriptExpr, Var
from rustydb_engine.values.types import (
    INT4,
    JSONB,
    NAME,
    RECORD,
    TEXT,
    UNKNOWN,
    Type,
    array_of,
    element_of,
)

ROW_ENTRIES_MAX = 1664
DIMENSIONS_MAX = 6


@binds(ast.ArrayOf)
def bind_array_of(scope: Scope, node: ast.ArrayOf) -> Expr:
    """Bind ARRAY[…] that no cast gives a type."""
    return bind_array(scope, node, None)


def bind_array(scope: Scope, node: ast.ArrayOf, array: Type | None, typmod: int = -1) -> Expr:
    """Bind ARRAY[…]; with `array` each element is cast to that array's element type."""
    items: list[Expr] = []
    nested = False
    for item in node.items:
        made = bind_array(scope, item, array, typmod) if isinstance(item, ast.ArrayOf) else bind_expr(scope, item)
        nested = nested or isinstance(item, ast.ArrayOf) or made.type.is_array
        items.append(made)
    if array is not None:
        element = element_of(array)
        assert element is not None, "an array type has an element type"
        wanted = array if nested else element
        return ArrayExpr(tuple(_hard(scope, e, wanted, typmod) for e in items), array, nested, typmod, node.pos)
    if not items:
        raise failure(
            "42P18",
            "cannot determine type of empty array",
            node.pos,
            hint="Explicitly cast to the desired type, for example ARRAY[]::integer[].",
        )
    common = select_common_type(items, "ARRAY")
    assert common is not None, "a context makes an error of no common type"
    made_array = common if nested else array_of(common)
    if made_array is None or (nested and element_of(common) is None):
        raise failure("42704", f"could not find array type for data type {common.display}", node.pos)
    coerced = tuple(coerce_to_common(scope.env, item, common, "ARRAY") for item in items)
    return ArrayExpr(coerced, made_array, nested, common_typmod(coerced, common), node.pos)


def _hard(scope: Scope, item: Expr, kind: Type, typmod: int) -> Expr:
    made = coerce_to_target(scope.env, item, kind, typmod, EXPLICIT)
    if made is None:
        raise cannot_cast(item.type, kind, expr_pos(item))
    return made


@binds(ast.Row)
def bind_row(scope: Scope, node: ast.Row) -> Expr:
    """Bind ROW(…)."""
    items = bind_row_items(scope, node)
    if len(items) > ROW_ENTRIES_MAX:
        raise failure("54011", f"ROW expressions can have at most {ROW_ENTRIES_MAX} entries", node.pos)
    return RowExpr(items, RECORD, tuple(f"f{i + 1}" for i in range(len(items))), -1, node.pos)


def bind_row_items(scope: Scope, node: ast.Row) -> tuple[Expr, ...]:
    """Bind the items of a row; `t.*` spreads."""
    items: list[Expr] = []
    for item in node.items:
        if isinstance(item, ast.Star):
            items.extend(expr for _, expr, _ in star_columns(scope, item))
        elif isinstance(item, ast.Field) and item.name == "*":
            items.extend(expr for _, expr in field_columns(scope, bind_expr(scope, item.item), item.pos))
        else:
            items.append(bind_expr(scope, item))
    return tuple(items)


@binds(ast.Star)
def bind_star(scope: Scope, node: ast.Star) -> Expr:
    """Bind `t.*` as an argument: the whole row."""
    if not node.table:
        raise failure("42601", 'syntax error at or near "*"', node.pos)
    item, level = table_item(scope, node.table, node.pos)
    return whole_row(item, level, node.pos)


def table_item(scope: Scope, name: ast.Name, pos: int) -> tuple[Item, int]:
    """Return the FROM item of a possibly qualified table name and its level."""
    schema, table = (name[-2], name[-1]) if len(name) > 1 else ("", name[-1])
    found = find_item(scope, schema, table, pos)
    if found is None:
        raise missing_table(scope, schema, table, pos)
    return found


def star_columns(scope: Scope, node: ast.Star) -> list[tuple[str, Expr, Item]]:
    """Return (name, expression, item) of each column that `*` or `t.*` stands for."""
    if node.table:
        item, level = table_item(scope, node.table, node.pos)
        return [(c.name, item.reference(c, level, node.pos), item) for c in item.columns.order]
    visible = [item for item in scope.namespace if item.columns_visible and not item.lateral_only]
    if not visible:
        raise failure("42601", "SELECT * with no tables specified is not valid", node.pos)
    return [(c.name, item.reference(c, 0, node.pos), item) for item in visible for c in item.columns.order]


def row_column(scope: Scope, row: Var, index: int, pos: int) -> Expr:
    """Return column `index` (among those visible) of a whole row of FROM."""
    owner = scope.up(row.level)
    for item in owner.items:
        if item.source == row.source:
            return item.reference(item.columns.order[index], row.level, pos)
    fields = record_fields(scope, row)
    assert fields is not None, "a range entry has columns"
    return FieldExpr(row, index, fields[index].type, fields[index].typmod, fields[index].name, pos)


def field_columns(scope: Scope, row: Expr, pos: int) -> list[tuple[str, Expr]]:
    """Return (name, expression) of each field of `(row).*`."""
    if row.type is not RECORD:
        raise failure("42809", f"type {row.type.display} is not composite", pos)
    fields = record_fields(scope, row)
    if fields is None:
        raise failure("42809", "record type has not been registered", pos)
    if isinstance(row, Var) and row.column == WHOLE_ROW:
        return [(field.name, row_column(scope, row, i, pos)) for i, field in enumerate(fields)]
    return [(f.name, FieldExpr(row, i, f.type, f.typmod, f.name, pos)) for i, f in enumerate(fields)]


@binds(ast.Field)
def bind_field(scope: Scope, node: ast.Field) -> Expr:
    """Bind `(row).name`."""
    if node.name == "*":
        raise failure("0A000", 'row expansion via "*" is not supported here', node.pos)
    row = bind_expr(scope, node.item)
    if row.type is RECORD:
        found = select_field(scope, row, node.name, node.pos)
        if found is not None:
            return found
    called = call_on_row(scope, node.name, row, node.pos)
    if called is not None:
        return called
    if isinstance(row, Var) and row.column == WHOLE_ROW:
        raise failure("42703", f"column {row.name}.{node.name} does not exist", node.pos)
    if row.type is RECORD:
        raise failure("42703", f'could not identify column "{node.name}" in record data type', node.pos)
    message = f"column notation .{node.name} applied to type {row.type.display}, which is not a composite type"
    raise failure("42809", message, node.pos)


@binds(ast.Subscript)
def bind_subscript(scope: Scope, node: ast.Subscript) -> Expr:
    """Bind a chain of subscripts; one slice makes all of them slices."""
    chain = [node]
    while isinstance(below := chain[-1].item, ast.Subscript) and not chain[-1].apart:
        chain.append(below)
    base = bind_expr(scope, chain[-1].item)
    if base.type is NAME and len(chain) == 1 and node.low is not None and not node.slice:
        return _name_letter(scope, node, node.low)
    return make_subscript(scope, base, chain[::-1], node.pos)


def _name_letter(scope: Scope, node: ast.Subscript, place: ast.Node) -> Expr:
    """Bind `name[i]`: a name is an array of "char" that counts from 0 (pg_dump asks for typname[0])."""
    one = ast.Literal("int", "1", node.pos)
    text = ast.Cast(node.item, ast.TypeName(("pg_catalog", "text"), pos=node.pos), node.pos)
    number = ast.Operation("+", place, one, pos=node.pos)
    letter = ast.Call(("pg_catalog", "substr"), (text, number, one), pos=node.pos)
    return bind_expr(scope, ast.Cast(letter, ast.TypeName(("char",), pos=node.pos), node.pos))


def make_subscript(scope: Scope, base: Expr, chain: list[ast.Subscript], pos: int) -> Expr:
    """Build the access of an element or a slice of a bound array or jsonb value."""
    kind = base.type
    if kind is JSONB:
        return _jsonb_subscript(scope, base, chain, pos)
    element = element_of(kind)
    if element is None:
        message = f"cannot subscript type {kind.display} because it does not support subscripting"
        raise failure("42804", message, expr_pos(base))
    if len(chain) > DIMENSIONS_MAX:
        message = f"number of array dimensions ({len(chain)}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
        raise failure("54000", message, pos)
    slices = any(link.slice for link in chain)
    pairs = tuple(bind_bounds(scope, link, slices) for link in chain)
    return SubscriptExpr(base, pairs, slices, kind if slices else element, base.typmod, pos)


def bind_bounds(scope: Scope, link: ast.Subscript, slices: bool) -> tuple[Expr | None, Expr | None]:
    """Return the bounds of one array subscript; among slices a plain `[i]` means `[1:i]`."""
    low, high = _index(scope, link.low), _index(scope, link.high)
    if not slices:
        return low, None
    return (low, high) if link.slice else (None, low)


def _index(scope: Scope, node: ast.Node | None) -> Expr | None:
    if node is None:
        return None
    made = bind_expr(scope, node)
    coerced = coerce_to_target(scope.env, made, INT4, -1, ASSIGNMENT)
    if coerced is None:
        raise failure("42804", "array subscript must have type integer", expr_pos(made))
    return coerced


def _jsonb_subscript(scope: Scope, base: Expr, chain: list[ast.Subscript], pos: int) -> Expr:
    pairs: list[tuple[Expr | None, Expr | None]] = []
    for link in chain:
        if link.slice:
            raise failure("42804", "jsonb subscript does not support slices", link.pos)
        assert link.low is not None, "a plain subscript has its index"
        made = bind_expr(scope, link.low)
        if made.type is UNKNOWN:
            made = coerce_type(scope.env, made, TEXT)
        elif can_coerce(made.type, INT4, IMPLICIT):
            made = coerce_type(scope.env, made, INT4)
        elif can_coerce(made.type, TEXT, IMPLICIT):
            made = coerce_type(scope.env, made, TEXT)
        else:
            raise failure(
                "42804",
                f"subscript type {made.type.display} is not supported",
                expr_pos(made),
                hint="jsonb subscript must be coercible to either integer or text.",
            )
        pairs.append((made, None))
    return SubscriptExpr(base, tuple(pairs), False, JSONB, -1, pos)
