"""LIKE in CREATE TABLE: what a new table takes from another one.

Columns always come with their types and NOT NULL; the rest by option: DEFAULTS, GENERATED, IDENTITY, CONSTRAINTS
(CHECK), INDEXES (and the constraints behind them), COMMENTS. STORAGE, COMPRESSION and STATISTICS say nothing here.
Names of indexes are chosen anew; those of CHECK constraints are kept.

Source: PostgreSQL 15, transformTableLikeClause and expandTableLikeClause in src/backend/parser/parse_utilcmd.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rustydb_engine.catalog.names import relation_name
from rustydb_engine.catalog.objects import Comment, Index, Schema, Sequence, Table, TableColumn
from rustydb_engine.errors import SqlError
from rustydb_engine.exec.ddl.columns import Planned, changed
from rustydb_engine.exec.ddl.constraints import IndexPlan, add_index_constraint
from rustydb_engine.exec.ddl.expressions import parse_text
from rustydb_engine.exec.ddl.indexes import add_index, choose_index_name
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.trees import replace
from rustydb_engine.txn.locks import ACCESS_SHARE

PG_CLASS = 1259
OPTIONS = ("comments", "compression", "constraints", "defaults", "generated", "identity", "indexes", "statistics",
           "storage")  # fmt: skip


@dataclass(slots=True)
class TablePlan:
    """A table on its way: its columns, the constraints to add, and what LIKE brings."""

    columns: list[Planned] = field(default_factory=list)
    constraints: list[ast.Constraint] = field(default_factory=list)
    indexes: list[tuple[Table, Index]] = field(default_factory=list)
    comments: list[Table] = field(default_factory=list)


def plan_like(
    work: Work, name: str, schema: Schema, node: ast.LikeTable, persistence: str, plan: TablePlan
) -> Waits[None]:
    """Add to the plan what LIKE takes from its table; 42P01, 42809."""
    source = yield from work.lock_relation(node.table, ACCESS_SHARE)
    if not isinstance(source, Table):
        raise SqlError("42809", f'relation "{source.name if source else ""}" is invalid in LIKE clause')
    wanted = _wanted(node)
    for column in source.live():
        planned = Planned(
            TableColumn(
                column.name,
                len(plan.columns) + 1,
                column.type,
                column.typmod,
                column.not_null,
                collation=column.collation,
            )
        )
        if column.generated is not None and "generated" in wanted:
            planned.generated = parse_text(column.generated)
        elif column.default is not None and column.generated is None and "defaults" in wanted:
            planned.default = parse_text(column.default)
        if column.identity and "identity" in wanted:
            yield from _copy_identity(work, name, schema, column, planned, persistence)
        plan.columns.append(planned)
    if "constraints" in wanted:
        plan.constraints += [
            ast.Constraint("check", entry.name, expression=parse_text(entry.expression), no_inherit=entry.no_inherit)
            for entry in work.catalog.constraints_of(source.oid)
            if entry.type == "c"
        ]
    if "indexes" in wanted:
        plan.indexes += [(source, index) for index in work.catalog.indexes_of(source.oid)]
    if "comments" in wanted:
        plan.comments.append(source)


def _wanted(node: ast.LikeTable) -> set[str]:
    wanted: set[str] = set()
    for verb, name in node.options:
        names = set(OPTIONS) if name == "all" else {name}
        wanted = wanted | names if verb == "including" else wanted - names
    return wanted


def _copy_identity(
    work: Work, name: str, schema: Schema, column: TableColumn, planned: Planned, persistence: str
) -> Waits[None]:
    original = work.catalog.get(column.sequence)
    assert isinstance(original, Sequence), f"identity column {column.name} has a sequence"
    chosen = relation_name(work.catalog, name, column.name, "seq", schema.oid)
    yield from work.lock_name(schema, chosen)
    planned.sequence = replace(
        original, oid=work.new_oid(), name=chosen, schema=schema.oid, owner_table=0, owner_column=0,
        persistence=persistence,
    )  # fmt: skip
    work.put(planned.sequence)
    planned.column = changed(planned.column, identity=column.identity, sequence=planned.sequence.oid, not_null=True)


def copy_indexes(work: Work, schema: Schema, table: Table, source: Table, index: Index) -> Waits[Table]:
    """Give the new table an index like one of the other table, or the constraint that it stands behind."""
    places = {old.name: column.attnum for old in source.live() for column in table.columns if column.name == old.name}

    def moved(attnum: int) -> int:
        return places[source.columns[attnum - 1].name]

    constraint = next(
        (c for c in work.catalog.constraints_of(source.oid) if c.index == index.oid and c.type in "pu"), None
    )
    include = tuple(moved(attnum) for attnum in index.include)
    if constraint is not None:
        if constraint.type == "p" and any(c.type == "p" for c in work.catalog.constraints_of(table.oid)):
            raise SqlError("42P16", f'multiple primary keys for table "{table.name}" are not allowed')
        plan = IndexPlan(
            "", constraint.type == "p", tuple(moved(attnum) for attnum in constraint.columns), include,
            index.nulls_distinct, constraint.deferrable, constraint.deferred, index.options,
        )  # fmt: skip
        return (yield from add_index_constraint(work, schema, table, plan))
    keys = tuple(replace(key, attnum=moved(key.attnum)) if key.attnum else key for key in index.columns)
    made = replace(
        index, oid=work.new_oid(), name=choose_index_name(work, table, keys, include, "idx"), schema=schema.oid,
        table=table.oid, columns=keys, include=include, storage=work.new_oid(),
    )  # fmt: skip
    yield from add_index(work, schema, table, made)
    return table


def copy_comments(work: Work, source: Table, table: Table) -> None:
    """Copy the comments on the columns."""
    for old in source.live():
        comment = work.catalog.comment(PG_CLASS, source.oid, old.attnum)
        column = table.column(old.name)
        if comment is not None and column is not None:
            work.put(Comment(work.new_oid(), PG_CLASS, table.oid, column.attnum, comment.text))
