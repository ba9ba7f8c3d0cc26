"""ALTER COLUMN … ADD, SET and DROP IDENTITY.

Source: PostgreSQL 15, ATExecAddIdentity and its kin in src/backend/commands/tablecmds.c.
"""

from __future__ import annotations

from rustydb_engine.catalog.names import relation_name
from rustydb_engine.catalog.objects import Sequence, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.alter_columns import find_column, put_column
from rustydb_engine.exec.ddl.columns import changed
from rustydb_engine.exec.ddl.sequences import change_counter, gather, sequence_from_options
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.values.types import INT2, INT4, INT8


def add_identity(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ALTER COLUMN … ADD GENERATED … AS IDENTITY."""
    column = find_column(table, action.name)
    node = action.constraint
    assert node is not None, "ADD IDENTITY says how"
    if column.type not in (INT2, INT4, INT8):
        raise SqlError("22023", "identity column type must be smallint, integer, or bigint")
    where = f'column "{column.name}" of relation "{table.name}"'
    schema = work.catalog.schema_by_oid(table.schema)
    assert schema is not None, "a table is in a schema"
    named = next((option.value for option in node.options if option.name == "sequence name"), None)
    name = str(named[-1]) if isinstance(named, tuple) and named else ""
    name = name or relation_name(work.catalog, table.name, column.name, "seq", schema.oid)
    yield from work.lock_name(schema, name)
    work.refuse_taken(schema, name)
    if not column.not_null:
        raise SqlError("55000", f"{where} must be declared NOT NULL before identity can be added")
    if column.identity:
        raise SqlError("55000", f"{where} is already an identity column")
    if column.default is not None:
        raise SqlError("55000", f"{where} already has a default value")
    base = Sequence(
        work.new_oid(), name, schema.oid, type_oid=column.type.oid, owner_table=table.oid, owner_column=column.attnum,
        internal=True, persistence=table.persistence,
    )  # fmt: skip
    options = [option for option in node.options if option.name not in ("sequence name", "owned by")]
    made = sequence_from_options(base, options, fresh=True)
    work.put(made)
    put_column(work, table, changed(column, identity="a" if node.always else "d", sequence=made.oid))


def set_identity(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ALTER COLUMN … SET GENERATED, SET sequence option, RESTART."""
    yield from ()
    column = find_column(table, action.name)
    if not column.identity:
        raise SqlError("55000", f'column "{column.name}" of relation "{table.name}" is not an identity column')
    options = gather(action.options)
    generated = options.pop("generated", None)
    sequence = work.catalog.get(column.sequence)
    assert isinstance(sequence, Sequence), "an identity column has a sequence"
    restart = options.pop("restart", None)
    made = sequence_from_options(sequence, list(options.values()), fresh=False)
    change_counter(work, made, restart)
    work.put(made)
    if generated is not None:
        put_column(work, table, changed(column, identity="a" if generated.value == "always" else "d"))


def drop_identity(work: Work, table: Table, action: ast.AlterAction) -> Waits[None]:
    """ALTER COLUMN … DROP IDENTITY."""
    yield from ()
    column = find_column(table, action.name)
    if not column.identity:
        message = f'column "{column.name}" of relation "{table.name}" is not an identity column'
        if not action.if_exists:
            raise SqlError("55000", message)
        work.notice(f"{message}, skipping")
        return
    work.catalog.drop(column.sequence)
    put_column(work, table, changed(column, identity="", sequence=0))
