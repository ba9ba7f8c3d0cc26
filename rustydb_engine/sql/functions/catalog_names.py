"""Names of catalog objects, both ways: what `'users'::regclass` means and how a regclass is shown.

`reg_text(context, "regclass", oid)` shows an OID by name, qualified where the search path does not find the name, as
the number when there is no such object, and as `-` when it is zero. `read_reg` reads one; `find_relation` reads the
text argument of functions such as pg_get_serial_sequence.

Source: PostgreSQL 15, src/backend/utils/adt/regproc.c.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.catalog.catalog import Catalog
from rustydb_engine.catalog.objects import PG_CATALOG, Index, Role, Schema, Sequence, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import FUNCTIONS, OPERATORS, Function, Operator
from rustydb_engine.sql.keywords import quote_identifier
from rustydb_engine.values.io import format_type
from rustydb_engine.values.types import BY_OID, Type

Relation = Table | Index | Sequence

ROW_TYPE, ROW_ARRAY_TYPE = 0x80000000, 0xC0000000
COLLATIONS = {100: "default", 950: "C", 951: "POSIX", 12340: "ucs_basic", 12341: "C.utf8"}


# ---------------------------------------------------------------- reading


def split_name(text: str) -> tuple[str, ...]:
    """Split a possibly quoted dotted name; 42602 when it is none."""
    from rustydb_engine.sql.binder.literals import split_name as split

    return split(text)


def find_relation(context: EvalContext, text: str) -> Relation:
    """Return the relation that a text names; 42P01 when there is none."""
    return context.catalog.resolve(split_name(text), context.search_path)


def read_reg(context: EvalContext, text: str, kind: Type) -> int:
    """Return the OID that a name or number means for a reg type; raises what the type's input raises."""
    from rustydb_engine.sql.binder.env import BindEnv
    from rustydb_engine.sql.binder.literals import read_registered

    return read_registered(BindEnv(context.catalog, context.search_path), text, kind, -1)


# ---------------------------------------------------------------- showing


def qualified(schema: str, name: str) -> str:
    """Return `schema.name` as SQL writes it."""
    return f"{quote_identifier(schema)}.{quote_identifier(name)}"


def relation_text(context: EvalContext, relation: Relation) -> str:
    """Return a relation's name, qualified unless the search path finds it."""
    if context.catalog.visible(relation, context.search_path):
        return quote_identifier(relation.name)
    return qualified(context.catalog.schema_name(relation.schema), relation.name)


def type_text(context: EvalContext, oid: int, typmod: int | None = None) -> str | None:
    """Return what format_type shows for a type, None when there is no such type."""
    kind = BY_OID.get(oid)
    if kind is not None:
        return format_type(kind, typmod)
    if oid & ROW_ARRAY_TYPE == ROW_ARRAY_TYPE:
        table, brackets = context.catalog.get(oid & ~ROW_ARRAY_TYPE), "[]"
    elif oid & ROW_TYPE:
        table, brackets = context.catalog.get(oid & ~ROW_TYPE), ""
    else:
        return None
    return relation_text(context, table) + brackets if isinstance(table, Table) else None


def function_by_oid(oid: int) -> Function | None:
    """Return the function with this OID."""
    return _functions().get(oid)


def operator_by_oid(oid: int) -> Operator | None:
    """Return the operator with this OID."""
    return next((entry for rows in OPERATORS.values() for entry in rows if entry.oid == oid), None)


def input_output_functions() -> dict[str, int]:
    """Return the OIDs of the types' input and output functions by name: array_in, textout… SQL cannot call them."""
    if not _input_output:
        from rustydb_engine.catalog.system_tables.rows import split_table
        from rustydb_engine.catalog.system_tables.type_data import IO_FUNCTIONS

        _input_output.update((name, int(oid)) for oid, name, *_ in split_table(IO_FUNCTIONS))
    return _input_output


_input_output: dict[str, int] = {}
_by_oid: dict[int, Function] = {}


def _functions() -> dict[int, Function]:
    if not _by_oid:
        _by_oid.update((entry.oid, entry) for rows in FUNCTIONS.values() for entry in rows)
    return _by_oid


def _class_text(context: EvalContext, oid: int) -> str | None:
    entry = context.catalog.get(oid)
    return relation_text(context, entry) if isinstance(entry, Relation) else None


def _proc_text(_context: EvalContext, oid: int) -> str | None:
    entry = function_by_oid(oid)
    if entry is None:
        return next((name for name, number in input_output_functions().items() if number == oid), None)
    alone = len(FUNCTIONS[entry.name]) == 1 and entry.schema == "pg_catalog"
    return quote_identifier(entry.name) if alone else qualified(entry.schema, entry.name)


def _procedure_text(context: EvalContext, oid: int) -> str | None:
    entry = function_by_oid(oid)
    if entry is None:
        return None
    name = quote_identifier(entry.name) if entry.schema == "pg_catalog" else qualified(entry.schema, entry.name)
    return f"{name}({','.join(type_text(context, kind.oid) or '' for kind in entry.args)})"


def _operator_text(_context: EvalContext, oid: int) -> str | None:
    entry = operator_by_oid(oid)
    if entry is None:
        return None
    return entry.name if len(OPERATORS[entry.name]) == 1 else f"pg_catalog.{entry.name}"


def _operator_signature(context: EvalContext, oid: int) -> str | None:
    entry = operator_by_oid(oid)
    if entry is None:
        return None
    left = "NONE" if entry.left is None else type_text(context, entry.left.oid)
    return f"{entry.name}({left},{type_text(context, entry.right.oid)})"


def _namespace_text(context: EvalContext, oid: int) -> str | None:
    entry = context.catalog.get(oid)
    return quote_identifier(entry.name) if isinstance(entry, Schema) else None


def _role_text(context: EvalContext, oid: int) -> str | None:
    entry = context.catalog.get(oid)
    return quote_identifier(entry.name) if isinstance(entry, Role) else None


def _collation_text(_context: EvalContext, oid: int) -> str | None:
    name = COLLATIONS.get(oid)
    return None if name is None else quote_identifier(name)


_TEXTS: dict[str, Callable[[EvalContext, int], str | None]] = {
    "regclass": _class_text,
    "regtype": type_text,
    "regproc": _proc_text,
    "regprocedure": _procedure_text,
    "regoper": _operator_text,
    "regoperator": _operator_signature,
    "regnamespace": _namespace_text,
    "regrole": _role_text,
    "regcollation": _collation_text,
}


def reg_text(context: EvalContext, kind_name: str, oid: int) -> str:
    """Return how a value of a reg type is shown."""
    if oid == 0:
        return "0" if kind_name in ("regoper", "regoperator") else "-"
    return _TEXTS[kind_name](context, oid) or str(oid)


# ---------------------------------------------------------------- looking up for other functions


def role_named(catalog: Catalog, name: str) -> Role:
    """Return a role; 42704 when there is none."""
    role = catalog.role(name)
    if role is None:
        raise SqlError("42704", f'role "{name}" does not exist')
    return role


def system_class(catalog: Catalog, name: str) -> int:
    """Return the OID of a table of pg_catalog, 0 when there is none of this name."""
    entry = catalog.relation_in(PG_CATALOG, name)
    return entry.oid if entry is not None else 0
