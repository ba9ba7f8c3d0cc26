"""Columns of CREATE TABLE and ADD COLUMN: types, serial, identity, defaults, and which constraints go with the table.

A column definition is worked through in PostgreSQL's order: first the type (serial becomes an integer with a
sequence), then its constraints. Constraints that the whole table could have declared (PRIMARY KEY, UNIQUE, CHECK,
FOREIGN KEY) are handed on with the column's name filled in; the rest becomes part of the column.

    id serial PRIMARY KEY  ->  Planned(TableColumn(id, int4, not null), serial=True), primary (id)

Source: PostgreSQL 15, transformColumnDefinition in src/backend/parser/parse_utilcmd.c.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

from rustydb_engine.catalog.names import relation_name
from rustydb_engine.catalog.objects import Schema, Sequence, TableColumn
from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.ddl.expressions import resolve_column_type
from rustydb_engine.exec.ddl.sequences import sequence_from_options
from rustydb_engine.exec.ddl.work import Waits, Work
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import place
from rustydb_engine.sql.binder.typenames import COLLATIONS, check_collation
from rustydb_engine.values.types import BY_OID, INT2, INT4, INT8, Type

SERIALS = {
    "smallserial": INT2, "serial2": INT2, "serial": INT4, "serial4": INT4, "bigserial": INT8, "serial8": INT8,
}  # fmt: skip
SYSTEM_NAMES = frozenset(("tableoid", "cmax", "xmax", "cmin", "xmin", "ctid"))
COLUMNS_MAX = 1600
TABLE_KINDS = frozenset(("primary", "unique", "check", "foreign", "exclude"))


@dataclass(slots=True)
class Planned:
    """A column on its way: `default` and `generated` are not bound yet. `sequence` is the one it will own."""

    column: TableColumn
    default: ast.Node | None = None
    generated: ast.Node | None = None
    sequence: Sequence | None = None


@dataclass(slots=True)
class _Marks:
    """What the constraints of one column have said so far."""

    null: bool = False
    not_null: bool = False
    default: ast.Constraint | None = None
    identity: ast.Constraint | None = None
    generated: ast.Constraint | None = None


def plan_column(
    work: Work, table: str, schema: Schema, spec: ast.ColumnSpec, attnum: int, persistence: str
) -> Waits[tuple[Planned, list[ast.Constraint]]]:
    """Return the column and the constraints that belong to the table.

    Sequences are put into the catalog. Errors: 42601 for contradictions, 42701 for a system column's name, 22023 for an
    identity that is no integer.
    """
    if spec.name in SYSTEM_NAMES:
        raise SqlError("42701", f'column name "{spec.name}" conflicts with a system column name')
    serial = serial_type(spec.type)
    if serial is not None and spec.type.array:
        raise SqlError("0A000", "array of serial is not implemented", position=place(spec.type.pos))
    if serial is not None:
        kind, typmod = serial, -1
    else:
        kind, typmod = resolve_column_type(work.env(), spec.type, spec.name)
    marks, constraints = _read_constraints(table, spec, serial is not None)
    planned = Planned(
        TableColumn(spec.name, attnum, kind, typmod, collation=column_collation(work, spec, kind)),
        marks.default.expression if marks.default else None,
        marks.generated.expression if marks.generated else None,
    )
    if serial is not None or marks.identity is not None:
        yield from _plan_sequence(work, table, schema, planned, marks.identity, persistence)
    if marks.not_null or serial is not None or marks.identity is not None:
        planned.column = changed(planned.column, not_null=True)
    return planned, constraints


def column_collation(work: Work, spec: ast.ColumnSpec, kind: Type) -> int:
    """Return the OID of a column's COLLATE clause, 0 without one; 42804 for a type that has no collation."""
    if not spec.collation:
        return 0
    check_collation(work.env(), spec.collation, spec.pos)
    base = BY_OID.get(kind.element, kind) if kind.is_array else kind
    if base.category != "S":
        raise SqlError("42804", f"collations are not supported by type {kind.display}", position=place(spec.pos))
    oid = COLLATIONS[spec.collation[-1]]
    return 0 if oid == 100 else oid


def serial_type(name: ast.TypeName) -> Type | None:
    """Return the integer type behind serial and its kin, or None."""
    return SERIALS.get(name.name[0]) if len(name.name) == 1 and not name.modifiers else None


def changed(column: TableColumn, **changes: object) -> TableColumn:
    """Return a column with some fields changed."""
    from rustydb_engine.sql.binder.trees import replace

    return replace(column, **changes)


def _read_constraints(table: str, spec: ast.ColumnSpec, serial: bool) -> tuple[_Marks, list[ast.Constraint]]:
    marks, constraints = _Marks(not_null=serial), []
    where = f'for column "{spec.name}" of table "{table}"'
    for item in spec.constraints:
        position = place(item.pos)
        if item.kind in ("null", "not null"):
            wanted = item.kind == "not null"
            if (marks.not_null and not wanted) or (marks.null and wanted):
                raise SqlError("42601", f"conflicting NULL/NOT NULL declarations {where}", position=position)
            marks.null, marks.not_null = marks.null or not wanted, marks.not_null or wanted
        elif item.kind == "default":
            if marks.default is not None or serial:
                at = None if serial else position
                raise SqlError("42601", f"multiple default values specified {where}", position=at)
            marks.default = item
        elif item.kind == "identity":
            if marks.identity is not None:
                raise SqlError("42601", f"multiple identity specifications {where}", position=position)
            if marks.null:
                raise SqlError("42601", f"conflicting NULL/NOT NULL declarations {where}", position=position)
            marks.identity, marks.not_null = item, True
        elif item.kind == "generated":
            if marks.generated is not None:
                raise SqlError("42601", f"multiple generation clauses specified {where}", position=position)
            marks.generated = item
        elif item.kind == "primary":
            if marks.null:
                raise SqlError("42601", f"conflicting NULL/NOT NULL declarations {where}", position=position)
            marks.not_null = True
            constraints.append(item)
        elif item.kind in TABLE_KINDS:
            constraints.append(item)
        else:
            raise not_supported(f"constraint {item.kind}", position)
        _refuse_pairs(marks, where, position)
    return marks, [_with_column(item, spec.name) for item in constraints]


def _refuse_pairs(marks: _Marks, where: str, position: int | None) -> None:
    for first, second, words in (
        (marks.default, marks.identity, "default and identity"),
        (marks.default, marks.generated, "default and generation expression"),
        (marks.identity, marks.generated, "identity and generation expression"),
    ):
        if first is not None and second is not None:
            raise SqlError("42601", f"both {words} specified {where}", position=position)


def _with_column(item: ast.Constraint, name: str) -> ast.Constraint:
    from rustydb_engine.sql.binder.trees import replace

    return item if item.kind == "check" else replace(item, columns=(name,))


def _plan_sequence(
    work: Work,
    table: str,
    schema: Schema,
    planned: Planned,
    identity: ast.Constraint | None,
    persistence: str,
) -> Waits[None]:
    """Make the sequence of a serial or identity column; it is owned once the table exists."""
    column = planned.column
    if identity is not None and column.type not in (INT2, INT4, INT8):
        raise SqlError("22023", "identity column type must be smallint, integer, or bigint")
    options = list(identity.options if identity is not None else ())
    name = next((option.value for option in options if option.name == "sequence name"), None)
    if isinstance(name, tuple) and name:
        chosen = str(name[-1])
    else:
        chosen = relation_name(work.catalog, table, column.name, "seq", schema.oid)
    yield from work.lock_name(schema, chosen)
    work.refuse_taken(schema, chosen)
    base = Sequence(work.new_oid(), chosen, schema.oid, type_oid=column.type.oid, persistence=persistence)
    made = sequence_from_options(
        base, [option for option in options if option.name not in ("sequence name", "owned by")], fresh=True
    )
    from rustydb_engine.sql.binder.trees import replace

    work.debug(f'will create implicit sequence "{chosen}" for serial column "{table}.{column.name}"')
    planned.sequence = replace(made, internal=identity is not None)
    work.put(planned.sequence)
    if identity is not None:
        planned.column = changed(column, identity="a" if identity.always else "d", sequence=made.oid)
    else:
        planned.column = changed(column, sequence=made.oid)


def refuse_repeated(names: SequenceOf[str]) -> None:
    """Raise 42701 when a column is named twice, 54011 for too many."""
    if len(names) > COLUMNS_MAX:
        raise SqlError("54011", f"tables can have at most {COLUMNS_MAX} columns")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise SqlError("42701", f'column "{name}" specified more than once')
        seen.add(name)
