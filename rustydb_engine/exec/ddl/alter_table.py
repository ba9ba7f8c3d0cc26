"""ALTER TABLE: the actions, one after another, under the strongest lock that any of them needs.

Each action is a function of (work, table, action); between two actions the table is taken from the catalog again.
ALTER INDEX, VIEW and SEQUENCE share those actions that make sense for them.

Source: PostgreSQL 15, src/backend/commands/tablecmds.c (ATController, AlterTableGetLockLevel).
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.catalog.catalog import Relation
from rustydb_engine.catalog.dependencies import Address
from rustydb_engine.catalog.objects import Constraint, Index, IndexColumn, Sequence, Table
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl import alter_columns, alter_identity, alter_type
from rustydb_engine.exec.ddl.constraints import (
    add_check,
    add_index_constraint,
    check_rows,
    plan_index,
    refuse_named,
    set_not_null,
)
from rustydb_engine.exec.ddl.create_table import table_options
from rustydb_engine.exec.ddl.drop import remove
from rustydb_engine.exec.ddl.foreign_keys import add_foreign_key, check_references
from rustydb_engine.exec.ddl.indexes import index_options
from rustydb_engine.exec.ddl.rename import find_constraint, move, rename_relation, set_owner
from rustydb_engine.exec.ddl.schemas import owner_oid
from rustydb_engine.exec.ddl.views import view_options
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.stored import stored_expr
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.txn.locks import ACCESS_EXCLUSIVE, SHARE_ROW_EXCLUSIVE, SHARE_UPDATE_EXCLUSIVE

TableAction = Callable[[Work, Table, ast.AlterAction], Waits[None]]
IGNORED = ("set statistics", "set storage", "set compression", "cluster on", "set without cluster", "set without oids",
           "set access method", "set tablespace", "replica identity")  # fmt: skip
WEAK = frozenset(("set statistics", "validate constraint", "set options", "reset options"))
VIEW_ACTIONS = frozenset(("set default", "drop default", "owner", "set schema", "set options", "reset options"))
PASSES = {
    "drop column": 0, "drop constraint": 0, "drop default": 0, "drop not null": 0, "drop expression": 0,
    "drop identity": 0, "column type": 1, "add column": 2, "set default": 5, "validate constraint": 6, "owner": 6,
    "set schema": 6,
}  # fmt: skip
SWITCHES = ("enable", "disable", "force", "no force")


def alter_table(work: Work, statement: ast.AlterTable) -> Waits[str]:
    """ALTER TABLE, and the like actions of ALTER INDEX, VIEW and SEQUENCE."""
    tag = f"ALTER {statement.kind.upper()}"
    mode = _lock_mode(statement)
    found = yield from work.lock_relation(statement.name, mode, missing_ok=statement.if_exists)
    if found is None:
        work.notice(f'relation "{statement.name[-1]}" does not exist, skipping')
        return tag
    work.refuse_system(found)
    work.altering = True
    _check_kind(statement.kind, found)
    retyped = [action for action in statement.actions if action.kind == "column type"]
    for action in sorted(statement.actions, key=_pass):
        current = work.catalog.get(found.oid)
        assert isinstance(current, Table | Index | Sequence), "the relation is locked"
        if action.kind == "column type" and isinstance(current, Table) and current.kind == "table":
            if action is retyped[0]:
                yield from alter_type.alter_types(work, current, retyped)
        elif isinstance(current, Table) and current.kind == "table":
            yield from _table_action(work, current, action)
        else:
            yield from _other_action(work, current, action)
    return tag


def _pass(action: ast.AlterAction) -> int:
    """Return when an action has its turn: PostgreSQL drops first, then changes types, adds columns, then constraints."""
    node = action.constraint
    if action.kind == "add constraint" and node is not None:
        return 4 if node.kind in ("primary", "unique") else 5
    return PASSES.get(action.kind, 6 if action.kind not in TABLE_ACTIONS else 3)


def _lock_mode(statement: ast.AlterTable) -> int:
    kinds = {action.kind for action in statement.actions}
    if kinds <= WEAK:
        return SHARE_UPDATE_EXCLUSIVE
    if all(
        action.kind == "add constraint" and action.constraint is not None and action.constraint.kind == "foreign"
        for action in statement.actions
    ):
        return SHARE_ROW_EXCLUSIVE
    return ACCESS_EXCLUSIVE


def _check_kind(kind: str, found: Relation) -> None:
    if kind in ("view", "index", "sequence") and found.kind != kind:
        raise SqlError("42809", f'"{found.name}" is not {"an" if kind == "index" else "a"} {kind}')


def _table_action(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    handler = TABLE_ACTIONS.get(action.kind)
    if handler is not None:
        yield from handler(work, table, action)
    elif action.kind.startswith(SWITCHES):
        _switch(work, table, action)
    elif action.kind not in IGNORED:
        raise not_supported(f"ALTER TABLE … {action.kind.upper()}", place(action.pos))


def _other_action(work: Work, found: Relation, action: ast.AlterAction) -> Waits[None]:
    """Run an action on a view, an index or a sequence."""
    plural = {"view": "views", "index": "indexes", "sequence": "sequences"}[found.kind]
    if isinstance(found, Table) and action.kind in VIEW_ACTIONS:
        yield from TABLE_ACTIONS[action.kind](work, found, action)
    elif action.kind == "owner":
        set_owner(work, found, owner_oid(work, action.name))
    elif action.kind == "set schema":
        yield from move(work, found, action.name)
    elif isinstance(found, Index) and action.kind == "set options":
        kept = [option for option in found.options if option[0] not in {o.name for o in action.options}]
        work.put(replace(found, options=(*kept, *index_options(action.options))))
    elif isinstance(found, Index) and action.kind == "reset options":
        names = {option.name for option in action.options}
        work.put(replace(found, options=tuple(option for option in found.options if option[0] not in names)))
    elif action.kind not in IGNORED:
        shown = {"column type": "ALTER COLUMN ... SET DATA TYPE"}.get(action.kind, action.kind.upper())
        raise SqlError(
            "42809",
            f'ALTER action {shown} cannot be performed on relation "{found.name}"',
            detail=f"This operation is not supported for {plural}.",
        )


# -- constraints


def _add_constraint(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    node = action.constraint
    assert node is not None, "ADD CONSTRAINT has a constraint"
    schema = work.catalog.schema_by_oid(table.schema)
    assert schema is not None, "a table is in a schema"
    if node.kind == "check":
        yield from add_check(work, table, node)
    elif node.kind == "foreign":
        yield from add_foreign_key(work, table, node, check=True)
    elif node.index:
        yield from _use_index(work, table, node)
    else:
        if node.kind == "primary" and any(c.type == "p" for c in work.catalog.constraints_of(table.oid)):
            raise SqlError("42P16", f'multiple primary keys for table "{table.name}" are not allowed')
        yield from add_index_constraint(work, schema, table, plan_index(table, node))


def _use_index(work: Work, table: Table, node: ast.Constraint) -> Waits[None]:
    """ADD CONSTRAINT … USING INDEX."""
    index = work.catalog.relation_in(table.schema, node.index)
    position = place(node.pos)
    if not isinstance(index, Index):
        raise SqlError("42704", f'index "{node.index}" does not exist', position=position)
    wrong = ""
    if index.table != table.oid:
        raise SqlError("55000", f'index "{index.name}" does not belong to table "{table.name}"', position=position)
    if any(entry.index == index.oid and entry.type in "pu" for entry in work.catalog.constraints_of(table.oid)):
        raise SqlError("55000", f'index "{index.name}" is already associated with a constraint', position=position)
    if not index.unique:
        wrong = f'"{index.name}" is not a unique index'
    elif any(not key.attnum for key in index.columns):
        wrong = f'index "{index.name}" contains expressions'
    elif index.where:
        wrong = f'"{index.name}" is a partial index'
    elif any(key.descending or key.nulls_first for key in index.columns):
        wrong = f'index "{index.name}" column number 1 does not have default sorting behavior'
    if wrong:
        raise SqlError(
            "42809", wrong, detail="Cannot create a primary key or unique constraint using such an index.",
            position=position,
        )  # fmt: skip
    yield from _adopt_index(work, table, node, index)


def _adopt_index(work: Work, table: Table, node: ast.Constraint, index: Index) -> Waits[None]:
    primary = node.kind == "primary"
    name = node.name or index.name
    refuse_named(work, table, name)
    if primary:
        if any(entry.type == "p" for entry in work.catalog.constraints_of(table.oid)):
            raise SqlError("42P16", f'multiple primary keys for table "{table.name}" are not allowed')
        yield from set_not_null(work, table, [key.attnum for key in index.columns])
    if name != index.name:
        work.notice(f'ALTER TABLE / ADD CONSTRAINT USING INDEX will rename index "{index.name}" to "{name}"')
        yield from rename_relation(work, index, name)
    columns: tuple[IndexColumn, ...] = index.columns
    renamed = work.catalog.get(index.oid)
    assert isinstance(renamed, Index), "the index is there"
    work.put(replace(renamed, primary=primary))
    work.put(
        Constraint(
            work.new_oid(),
            name,
            table.schema,
            table.oid,
            "p" if primary else "u",
            tuple(key.attnum for key in columns),
            index=index.oid,
            deferrable=node.deferrable or node.deferred,
            deferred=node.deferred,
        )
    )


def _drop_constraint(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    entry = find_constraint(work, table, action.name)
    if entry is None:
        if not action.if_exists:
            raise SqlError("42704", f'constraint "{action.name}" of relation "{table.name}" does not exist')
        work.notice(f'constraint "{action.name}" of relation "{table.name}" does not exist, skipping')
        return
    yield from remove(work, [Address("constraint", entry.oid)], action.cascade)


def _validate_constraint(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    entry = find_constraint(work, table, action.name)
    if entry is None:
        raise SqlError("42704", f'constraint "{action.name}" of relation "{table.name}" does not exist')
    if entry.type not in "cf":
        raise SqlError(
            "42809",
            f'constraint "{entry.name}" of relation "{table.name}" is not a foreign key or check constraint',
        )
    if entry.validated:
        return
    if entry.type == "c":
        made = stored_expr(work.catalog, entry.expression, table)
        yield from check_rows(work, table, entry, made, committed=True)
    else:
        found = work.catalog.table(entry.references)
        assert found is not None, f"foreign key {entry.name} has a referenced table"
        yield from check_references(work, table, found, entry, committed=True)
    work.put(replace(entry, validated=True))


def _alter_constraint(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    yield from ()
    node = action.constraint
    name = action.name or (node.name if node is not None else "")
    entry = find_constraint(work, table, name)
    if entry is None:
        raise SqlError("42704", f'constraint "{name}" of relation "{table.name}" does not exist')
    if entry.type != "f":
        raise SqlError("42809", f'constraint "{entry.name}" of relation "{table.name}" is not a foreign key constraint')
    assert node is not None, "ALTER CONSTRAINT says how"
    work.put(replace(entry, deferrable=node.deferrable or node.deferred, deferred=node.deferred))


# -- the table as a whole


def _owner(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    yield from ()
    set_owner(work, table, owner_oid(work, action.name))


def _set_schema(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    yield from move(work, table, action.name)


def _set_options(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    yield from ()
    made = table_options(action.options) if table.kind == "table" else view_options(action.options)
    names = {name for name, _ in made}
    work.put(replace(table, options=(*(o for o in table.options if o[0] not in names), *made)))


def _reset_options(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    yield from ()
    names = {option.name for option in action.options}
    work.put(replace(table, options=tuple(option for option in table.options if option[0] not in names)))


def _set_persistence(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    yield from ()
    if table.persistence == "t":
        raise SqlError("42P16", f'cannot change logged status of table "{table.name}" because it is temporary')
    work.put(replace(table, persistence="u" if action.kind == "set unlogged" else "p"))


def _switch(work: Work, table: Table, action: ast.AlterAction) -> None:
    """ENABLE and DISABLE: there are no user triggers, rules or policies to switch; foreign keys stay on."""
    words = action.kind
    if words in ("enable trigger", "disable trigger"):
        if action.name == "user" or (action.name == "all" and words == "enable trigger"):
            return
        if action.name == "all":
            raise not_supported("disabling the triggers of foreign keys", place(action.pos))
        raise SqlError("42704", f'trigger "{action.name}" for table "{table.name}" does not exist')
    if words in ("disable row level security", "no force row level security"):
        return
    raise not_supported(f"ALTER TABLE … {words.upper()}", place(action.pos))


TABLE_ACTIONS: dict[str, TableAction] = {
    "add column": alter_columns.add_column,
    "drop column": alter_columns.drop_column,
    "set default": alter_columns.set_default,
    "drop default": alter_columns.drop_default,
    "set not null": alter_columns.set_not_null_action,
    "drop not null": alter_columns.drop_not_null,
    "drop expression": alter_columns.drop_expression,
    "add identity": alter_identity.add_identity,
    "set identity": alter_identity.set_identity,
    "drop identity": alter_identity.drop_identity,
    "add constraint": _add_constraint,
    "alter constraint": _alter_constraint,
    "drop constraint": _drop_constraint,
    "validate constraint": _validate_constraint,
    "owner": _owner,
    "set schema": _set_schema,
    "set options": _set_options,
    "reset options": _reset_options,
    "set logged": _set_persistence,
    "set unlogged": _set_persistence,
}
