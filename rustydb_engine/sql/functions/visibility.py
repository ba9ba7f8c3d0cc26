"""What can be seen and what was said about it: pg_table_is_visible, format_type, to_regclass, obj_description and kin.

An object is visible when its bare name finds it through the search path. Everything but relations, their row
types and the functions of information_schema lives in pg_catalog, which is always on the path.

Source: PostgreSQL 15, tables 9.71, 9.72 and 9.76.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.catalog.objects import FIRST_USER_OID, Constraint, Index, Role, Schema, Sequence, Table
from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.catalog_names import (
    COLLATIONS,
    ROW_ARRAY_TYPE,
    ROW_TYPE,
    function_by_oid,
    operator_by_oid,
    read_reg,
    relation_text,
    system_class,
    type_text,
)
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import Implementation, function
from rustydb_engine.sql.keywords import quote_identifier
from rustydb_engine.values.types import BY_NAME, BY_OID

# ---------------------------------------------------------------- visibility


@function("pg_table_is_visible(oid) -> bool", oid=2079, volatility="s", context=True)
def pg_table_is_visible(context: EvalContext, oid: int) -> bool | None:
    entry = context.catalog.get(oid)
    if not isinstance(entry, Table | Index | Sequence):
        return None
    return context.catalog.visible(entry, context.search_path)


@function("pg_type_is_visible(oid) -> bool", oid=2080, volatility="s", context=True)
def pg_type_is_visible(context: EvalContext, oid: int) -> bool | None:
    if oid in BY_OID:
        return True
    mask = ROW_ARRAY_TYPE if oid & ROW_ARRAY_TYPE == ROW_ARRAY_TYPE else ROW_TYPE
    return pg_table_is_visible(context, oid & ~mask) if oid & ROW_TYPE else None


@function("pg_function_is_visible(oid) -> bool", oid=2081, volatility="s", context=True)
def pg_function_is_visible(context: EvalContext, oid: int) -> bool | None:
    entry = function_by_oid(oid)
    return None if entry is None else entry.schema == "pg_catalog" or entry.schema in context.search_path


@function("pg_operator_is_visible(oid) -> bool", oid=2082, volatility="s")
def pg_operator_is_visible(oid: int) -> bool | None:
    return None if operator_by_oid(oid) is None else True


@function("pg_collation_is_visible(oid) -> bool", oid=3815, volatility="s")
def pg_collation_is_visible(oid: int) -> bool | None:
    return True if oid in COLLATIONS else None


@function("pg_opclass_is_visible(oid) -> bool", oid=2083, volatility="s")
@function("pg_opfamily_is_visible(oid) -> bool", oid=3829, volatility="s")
@function("pg_conversion_is_visible(oid) -> bool", oid=2093, volatility="s")
@function("pg_statistics_obj_is_visible(oid) -> bool", oid=3403, volatility="s")
@function("pg_ts_config_is_visible(oid) -> bool", oid=3758, volatility="s")
@function("pg_ts_dict_is_visible(oid) -> bool", oid=3757, volatility="s")
@function("pg_ts_parser_is_visible(oid) -> bool", oid=3756, volatility="s")
@function("pg_ts_template_is_visible(oid) -> bool", oid=3768, volatility="s")
def built_in_is_visible(oid: int) -> bool | None:
    return True if 0 < oid < FIRST_USER_OID else None


@function("pg_my_temp_schema() -> oid", oid=2854, volatility="s", context=True)
def pg_my_temp_schema(context: EvalContext) -> int:
    name = next((entry for entry in context.search_path if entry.startswith("pg_temp_")), None)
    schema = context.catalog.schema(name) if name is not None else None
    return schema.oid if schema is not None else 0


@function("pg_is_other_temp_schema(oid) -> bool", oid=2855, volatility="s", context=True)
def pg_is_other_temp_schema(context: EvalContext, oid: int) -> bool:
    schema = context.catalog.schema_by_oid(oid)
    return schema is not None and schema.name.startswith("pg_temp_") and schema.name not in context.search_path


# ---------------------------------------------------------------- names


@function("format_type(oid, int4) -> text", oid=1081, volatility="s", strict=False, context=True)
def format_type(context: EvalContext, oid: int | None, typmod: int | None) -> str | None:
    if oid is None:
        return None
    return "-" if oid == 0 else type_text(context, oid, typmod) or "???"


@function("pg_get_userbyid(oid) -> name", oid=1642, volatility="s", context=True)
def pg_get_userbyid(context: EvalContext, oid: int) -> str:
    entry = context.catalog.get(oid)
    return entry.name if isinstance(entry, Role) else f"unknown (OID={oid})"


def _reader(name: str) -> Implementation:
    """Make to_regclass and kin: the OID of what a text names, NULL when there is no such object."""
    kind = BY_NAME[name]

    def read(context: EvalContext, text: str) -> int | None:
        if text.strip().isdigit():
            return None
        try:
            return read_reg(context, text, kind)
        except SqlError as error:
            if error.sqlstate in ("42P01", "3F000", "42704", "42883", "42725"):
                return None
            raise

    return read


for _name, _oid in (
    ("regclass", 3495),
    ("regcollation", 4195),
    ("regnamespace", 4086),
    ("regoper", 3492),
    ("regproc", 3494),
    ("regprocedure", 3479),
    ("regrole", 4093),
    ("regtype", 3493),
):
    function(f"to_{_name}(text) -> {_name}", oid=_oid, volatility="s", context=True)(_reader(_name))


# ---------------------------------------------------------------- comments


@function("obj_description(oid, name) -> text", oid=1215, volatility="s", context=True)
def obj_description(context: EvalContext, oid: int, class_name: str) -> str | None:
    comment = context.catalog.comment(system_class(context.catalog, class_name), oid)
    return comment.text if comment is not None else None


@function("obj_description(oid) -> text", oid=1348, volatility="s", context=True)
def obj_description_any(context: EvalContext, oid: int) -> str | None:
    for comment in context.catalog.objects("comment"):
        if getattr(comment, "object_oid", 0) == oid and getattr(comment, "part", 1) == 0:
            return str(getattr(comment, "text", ""))
    return None


@function("shobj_description(oid, name) -> text", oid=1993, volatility="s", context=True)
def shobj_description(context: EvalContext, oid: int, class_name: str) -> str | None:
    return obj_description(context, oid, class_name)


@function("col_description(oid, int4) -> text", oid=1216, volatility="s", context=True)
def col_description(context: EvalContext, table: int, attnum: int) -> str | None:
    if attnum == 0:
        return None
    comment = context.catalog.comment(system_class(context.catalog, "pg_class"), table, attnum)
    return comment.text if comment is not None else None


def _of_table(context: EvalContext, oid: int) -> str:
    table = context.catalog.get(oid)
    return _relation(context, table) if isinstance(table, Table) else f"table {oid}"


def _relation(context: EvalContext, entry: Table) -> str:
    return ("view " if entry.kind == "view" else "table ") + relation_text(context, entry)


_DESCRIBERS: tuple[tuple[type, Callable[[EvalContext, object], str]], ...] = (
    (Table, lambda context, entry: _relation(context, entry)),  # type: ignore[arg-type]  # keyed by its class
    (Index, lambda context, entry: "index " + relation_text(context, entry)),  # type: ignore[arg-type]  # likewise
    (Sequence, lambda context, entry: "sequence " + relation_text(context, entry)),  # type: ignore[arg-type]  # likewise
    (Schema, lambda context, entry: "schema " + quote_identifier(entry.name)),  # type: ignore[attr-defined]  # likewise
    (Role, lambda context, entry: "role " + quote_identifier(entry.name)),  # type: ignore[attr-defined]  # likewise
)


@function("pg_describe_object(oid, oid, int4) -> text", oid=3537, volatility="s", context=True)
def pg_describe_object(context: EvalContext, class_oid: int, oid: int, part: int) -> str | None:
    if class_oid == 0 and oid == 0:
        return None
    catalog = context.catalog
    entry = catalog.get(oid)
    if isinstance(entry, Constraint):
        return f"constraint {quote_identifier(entry.name)} on {_of_table(context, entry.table)}"
    if isinstance(entry, Table) and part:
        return f"column {quote_identifier(entry.columns[part - 1].name)} of {_relation(context, entry)}"
    for kind, describe in _DESCRIBERS:
        if isinstance(entry, kind):
            return describe(context, entry)
    if class_oid == system_class(catalog, "pg_type"):
        name = type_text(context, oid)
        return None if name is None else f"type {name}"
    return None
