"""Column references: from `a`, `t.a` or `s.t.a` to a Var, and the errors with their hints.

An unqualified name is looked for in the innermost query first, then outward; within one query it must be
unique. A name that is no column may be a table: then it is the whole row. `t.f` where t has no column f may be the
call f(t).

Source: PostgreSQL 15, src/backend/parser/parse_relation.c, parse_expr.c (transformColumnRef).
"""

from __future__ import annotations

from rustydb_engine.catalog.objects import Table
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.dispatch import STANDALONE, binds
from rustydb_engine.sql.binder.env import failure
from rustydb_engine.sql.binder.scope import SYSTEM_COLUMNS, Item, ItemColumn, Scope
from rustydb_engine.sql.binder.suggest import column_hint
from rustydb_engine.sql.bound import Expr, RowExpr, Var
from rustydb_engine.values.types import RECORD


@binds(ast.Column)
def bind_column(scope: Scope, node: ast.Column) -> Expr:
    """Bind a column reference."""
    name = node.name
    if scope.kind in STANDALONE and scope.kind in ("DEFAULT expressions", "EXECUTE parameters"):
        raise failure("0A000", f"cannot use column reference in {STANDALONE[scope.kind]}", node.pos)
    if len(name) == 1:
        found = find_column(scope, name[0], node.pos)
        if found is not None:
            return found
        item = find_item(scope, "", name[0], node.pos)
        if item is not None:
            return whole_row(*item, node.pos)
        raise missing_column(scope, "", name[0], node.pos)
    return _qualified(scope, name, node.pos)


def _qualified(scope: Scope, name: ast.Name, pos: int) -> Expr:
    if len(name) > 4:
        raise failure("42601", f"improper qualified name (too many dotted names): {'.'.join(name)}", pos)
    if len(name) == 4 and name[0] != scope.env.catalog.database_name:
        raise failure("0A000", f"cross-database references are not implemented: {'.'.join(name)}", pos)
    schema = name[-3] if len(name) > 2 else ""
    table, column = name[-2], name[-1]
    found = find_item(scope, schema, table, pos)
    if found is None:
        raise missing_table(scope, schema, table, pos)
    item, level = found
    made = item_column(scope, item, column, level, pos)
    if made is not None:
        return made
    from rustydb_engine.sql.binder.calls import call_on_row

    called = call_on_row(scope, column, whole_row(item, level, pos), pos)
    if called is not None:
        return called
    raise missing_column(scope, table, column, pos)


def item_column(scope: Scope, item: Item, name: str, level: int, pos: int) -> Expr | None:
    """Return a column of an item, a system column included, or None."""
    column = item.columns.by_name.get(name)
    if column is not None:
        return item.reference(column, level, pos)
    if name in item.columns.by_name:
        raise failure("42702", f'column reference "{name}" is ambiguous', pos)
    system = SYSTEM_COLUMNS.get(name)
    if system is not None and item.table is not None and item.table.kind != "view":
        return Var(item.source, system[0], system[1], -1, level, name, pos)
    return None


def whole_row(item: Item, level: int, pos: int) -> Expr:
    """Return a FROM item's row as one value; a function's single plain column is that value itself."""
    if item.scalar:
        return item.reference(item.columns.order[0], level, pos)
    if item.source < 0:
        columns = item.columns.order
        return RowExpr(
            tuple(item.reference(column, level, pos) for column in columns),
            RECORD,
            tuple(column.name for column in columns),
            -1,
            pos,
        )
    return item.whole_row(level, pos)


def find_column(scope: Scope, name: str, pos: int) -> Expr | None:
    """Return the column of an unqualified name, or None; 42702 when it is ambiguous."""
    level = 0
    here: Scope | None = scope
    while here is not None:
        found: tuple[Item, ItemColumn] | None = None
        system: Item | None = None
        for item in here.namespace:
            if not item.columns_visible or (item.lateral_only and not here.lateral_active):
                continue
            by_name = item.columns.by_name
            if name in by_name:
                column = by_name[name]
                if found is not None or column is None:
                    raise failure("42702", f'column reference "{name}" is ambiguous', pos)
                check_lateral(scope, here, item, pos)
                found = item, column
            elif name in SYSTEM_COLUMNS and item.table is not None and item.table.kind != "view":
                if system is not None:
                    raise failure("42702", f'column reference "{name}" is ambiguous', pos)
                system = item
        if found is not None:
            return found[0].reference(found[1], level, pos)
        if system is not None:
            column_number, kind = SYSTEM_COLUMNS[name]
            return Var(system.source, column_number, kind, -1, level, name, pos)
        here = here.parent
        level += 1
    return None


def find_item(scope: Scope, schema: str, name: str, pos: int) -> tuple[Item, int] | None:
    """Return (item, level) of a table name in FROM, or None."""
    table_oid = 0
    if schema:
        relation = scope.env.catalog.relation(schema, name)
        if not isinstance(relation, Table):
            return None
        table_oid = relation.oid
    level = 0
    here: Scope | None = scope
    while here is not None:
        found: Item | None = None
        for item in here.namespace:
            if not item.table_visible or (item.lateral_only and not here.lateral_active):
                continue
            if schema:
                if not item.own_name or item.table is None or item.table.oid != table_oid:
                    continue
            elif item.name != name:
                continue
            if found is not None:
                raise failure("42P09", f'table reference "{name}" is ambiguous', pos)
            check_lateral(scope, here, item, pos)
            found = item
        if found is not None:
            return found, level
        here = here.parent
        level += 1
    return None


def check_lateral(scope: Scope, owner: Scope, item: Item, pos: int) -> None:
    """Note a LATERAL reference; 42P10 when the join's kind forbids it."""
    if not item.lateral_only:
        return
    owner.lateral_used = True
    if not item.lateral_ok and item.entry_kind == "target":
        hint = f'There is an entry for table "{item.name}", but it cannot be referenced from this part of the query.'
        raise failure("42P10", f'invalid reference to FROM-clause entry for table "{item.name}"', pos, hint=hint)
    if not item.lateral_ok:
        raise failure(
            "42P10",
            f'invalid reference to FROM-clause entry for table "{item.name}"',
            pos,
            detail="The combining JOIN type must be INNER or LEFT for a LATERAL reference.",
        )


def missing_column(scope: Scope, table: str, column: str, pos: int) -> Exception:
    """Return the error for a column that does not exist, with PostgreSQL's suggestion."""
    shown = f"column {table}.{column} does not exist" if table else f'column "{column}" does not exist'
    return failure("42703", shown, pos, hint=column_hint(scope, table, column))


def missing_table(scope: Scope, schema: str, name: str, pos: int) -> Exception:
    """Return the error for a table name that FROM does not have or that cannot be used here."""
    found = _entry_named(scope, schema, name)
    if found is None:
        return failure("42P01", f'missing FROM-clause entry for table "{name}"', pos)
    hint = f'There is an entry for table "{found.name}", but it cannot be referenced from this part of the query.'
    if found.name != name:
        visible = find_item(scope, "", found.name, pos)
        if visible is not None and visible[0] is found:
            hint = f'Perhaps you meant to reference the table alias "{found.name}".'
    return failure("42P01", f'invalid reference to FROM-clause entry for table "{name}"', pos, hint=hint)


def _entry_named(scope: Scope, schema: str, name: str) -> Item | None:
    full = (schema, name) if schema else (name,)
    relation = scope.env.catalog.find(full, scope.env.search_path)
    here: Scope | None = scope
    while here is not None:
        for item in here.items:
            if item.table is not None and relation is not None and item.table.oid == relation.oid:
                return item
            if item.name == name:
                return item
        here = here.parent
    return None
