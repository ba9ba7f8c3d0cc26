"""CREATE TABLE, with LIKE, serial and identity columns and every constraint.

The order is PostgreSQL's, and so are the chosen names: sequences first, then the table, defaults, CHECKs, indexes
(the primary key first), and foreign keys last, when a table may refer to itself.

Source: PostgreSQL 15, transformCreateStmt (parse_utilcmd.c), DefineRelation (tablecmds.c).
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf

from rustydb_engine.catalog.objects import Schema, Sequence, Table, TableColumn
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.columns import Planned, changed, plan_column, refuse_repeated
from rustydb_engine.exec.ddl.constraints import add_check, add_index_constraint, plan_indexes
from rustydb_engine.exec.ddl.expressions import bind_default, is_null_constant, print_expression
from rustydb_engine.exec.ddl.foreign_keys import add_foreign_key
from rustydb_engine.exec.ddl.like import TablePlan, copy_comments, copy_indexes, plan_like
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.sql.keywords import quote_identifier

PERSISTENCE = {"": "p", "temporary": "t", "unlogged": "u"}
TABLE_OPTIONS = frozenset(("fillfactor", "parallel_workers", "user_catalog_table", "toast_tuple_target", "oids"))


def create_table(work: Work, statement: ast.CreateTable) -> Waits[str]:
    """CREATE TABLE."""
    if statement.inherits:
        raise not_supported("INHERITS", place(statement.pos))
    if statement.partition:
        raise not_supported("a partitioned table", place(statement.pos))
    name = statement.name[-1]
    schema = work.creation_schema(statement.name, statement.persistence)
    yield from work.lock_name(schema, name)
    if work.catalog.relation_in(schema.oid, name) is not None:
        if statement.if_not_exists:
            work.notice(f'relation "{name}" already exists, skipping', "42P07")
            return "CREATE TABLE"
        work.refuse_taken(schema, name)
    persistence = "t" if schema.name.startswith("pg_temp_") else PERSISTENCE[statement.persistence]
    if statement.on_commit and persistence != "t":
        raise SqlError("42P16", "ON COMMIT can only be used on temporary tables")
    plan = yield from _plan(work, statement, schema, persistence)
    table = new_table(
        work, schema, name, [planned.column for planned in plan.columns], persistence,
        table_options(statement.options), statement.on_commit,
    )  # fmt: skip
    own_sequences(work, table, plan.columns)
    table = set_defaults(work, table, plan.columns)
    yield from _add_constraints(work, schema, table, plan)
    return "CREATE TABLE"


def _plan(work: Work, statement: ast.CreateTable, schema: Schema, persistence: str) -> Waits[TablePlan]:
    plan = TablePlan()
    elements: list[ast.ColumnSpec | ast.LikeTable] = sorted(
        (*statement.columns, *statement.likes), key=lambda element: element.pos
    )
    for element in elements:
        if isinstance(element, ast.ColumnSpec):
            planned, constraints = yield from plan_column(
                work, statement.name[-1], schema, element, len(plan.columns) + 1, persistence
            )
            plan.columns.append(planned)
            plan.constraints += constraints
        else:
            yield from plan_like(work, statement.name[-1], schema, element, persistence, plan)
        refuse_repeated([planned.column.name for planned in plan.columns])
    plan.constraints += statement.constraints
    return plan


def new_table(
    work: Work,
    schema: Schema,
    name: str,
    columns: SequenceOf[TableColumn],
    persistence: str,
    options: tuple[tuple[str, str], ...] = (),
    on_commit: str = "",
) -> Table:
    """Make an empty table and its heap."""
    made = tuple(columns)
    heap = work.database.create_heap(work.txn, [column.type.oid for column in made], persistence == "t")
    on_commit = "" if on_commit == "preserve" else on_commit
    table = Table(
        work.new_oid(), name, schema.oid, made, heap.storage, persistence=persistence, options=options,
        on_commit=on_commit,
    )  # fmt: skip
    work.put(table)
    return table


def own_sequences(work: Work, table: Table, columns: SequenceOf[Planned]) -> None:
    """Let the table's serial and identity columns own their sequences."""
    for planned in columns:
        if planned.sequence is not None:
            work.put(replace(planned.sequence, owner_table=table.oid, owner_column=planned.column.attnum))


def serial_default(work: Work, sequence: Sequence) -> str:
    """Return the default of a serial column."""
    name = f"{quote_identifier(work.catalog.schema_name(sequence.schema))}.{quote_identifier(sequence.name)}"
    escaped = name.replace("'", "''")
    return f"nextval('{escaped}'::regclass)"


def set_defaults(work: Work, table: Table, columns: SequenceOf[Planned]) -> Table:
    """Bind the defaults and generation expressions of planned columns, and return the table that has them.

    Generation expressions see the whole table, so that one that uses another generated column is found out.
    """
    marked = {planned.column.attnum: "" for planned in columns if planned.generated is not None}
    seen = replace(
        table,
        columns=tuple(changed(column, generated="") if column.attnum in marked else column for column in table.columns),
    )
    texts: dict[int, dict[str, object]] = {}
    for planned in columns:
        column = planned.column
        if planned.generated is not None:
            made = bind_default(work.env(), seen, planned.generated, column, generated=True)
            texts[column.attnum] = {"generated": print_expression(made, seen, work.catalog)}
        elif planned.default is not None:
            made = bind_default(work.env(), seen, planned.default, column)
            if not is_null_constant(made):
                texts[column.attnum] = {"default": print_expression(made, seen, work.catalog)}
        elif planned.sequence is not None and not column.identity:
            texts[column.attnum] = {"default": serial_default(work, planned.sequence)}
    if not texts:
        return table
    made_columns = tuple(changed(column, **texts.get(column.attnum, {})) for column in table.columns)
    done = replace(table, columns=made_columns)
    work.put(done)
    return done


def _add_constraints(work: Work, schema: Schema, table: Table, plan: TablePlan) -> Waits[None]:
    for node in plan.constraints:
        if node.kind == "check":
            yield from add_check(work, table, node, creating=True)
    keyed = [node for node in plan.constraints if node.kind in ("primary", "unique", "exclude")]
    for index in plan_indexes(table, keyed):
        table = yield from add_index_constraint(work, schema, table, index)
    for source, copied in plan.indexes:
        table = yield from copy_indexes(work, schema, table, source, copied)
    for node in plan.constraints:
        if node.kind == "foreign":
            yield from add_foreign_key(work, table, node, check=False)
    for source in plan.comments:
        copy_comments(work, source, table)


def table_options(options: SequenceOf[ast.Option]) -> tuple[tuple[str, str], ...]:
    """Check the storage parameters of a table; they have no effect here. 22023 for unknown ones."""
    made = []
    for option in options:
        if option.name == "oids":
            if str(option.value).lower() not in ("false", "off", "none", "0"):
                raise SqlError("0A000", "tables declared WITH OIDS are not supported", position=place(option.pos))
            continue
        if option.name not in TABLE_OPTIONS and not option.name.startswith(("autovacuum_", "toast.", "vacuum_")):
            raise SqlError("22023", f'unrecognized parameter "{option.name}"')
        text = str(option.value) if option.value is not None else "true"
        if option.name == "fillfactor" and not (text.isdigit() and 10 <= int(text) <= 100):
            raise SqlError(
                "22023", f'value {text} out of bounds for option "fillfactor"',
                detail='Valid values are between "10" and "100".',
            )  # fmt: skip
        made.append((option.name, text))
    return tuple(made)
