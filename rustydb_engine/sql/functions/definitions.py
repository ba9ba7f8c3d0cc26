"""Catalog objects as SQL: pg_get_viewdef, pg_get_indexdef, pg_get_constraintdef, pg_get_expr, pg_get_function_*.

What needs the binder to be printed is asked of the context (`deparse`); functions are printed from their signatures.
There are no triggers, rules, partitions or extended statistics: their functions give NULL, as for an unknown OID.

Source: PostgreSQL 15, table 9.72; src/backend/utils/adt/ruleutils.c.
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.catalog_names import find_relation, function_by_oid, qualified, type_text
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import Function, function
from rustydb_engine.sql.keywords import quote_identifier

# ---------------------------------------------------------------- objects that the context prints


@function("pg_get_expr(pg_node_tree, oid) -> text", oid=1716, volatility="s", context=True)
def pg_get_expr(context: EvalContext, expression: str, relation: int) -> str:
    return context.expression_text(expression, relation, False)


@function("pg_get_expr(pg_node_tree, oid, bool) -> text", oid=2509, volatility="s", context=True)
def pg_get_expr_pretty(context: EvalContext, expression: str, relation: int, pretty: bool) -> str:
    return context.expression_text(expression, relation, pretty)


@function("pg_get_constraintdef(oid) -> text", oid=1387, volatility="s", context=True)
def pg_get_constraintdef(context: EvalContext, oid: int) -> str | None:
    return context.deparse("constraintdef", oid)


@function("pg_get_constraintdef(oid, bool) -> text", oid=2508, volatility="s", context=True)
def pg_get_constraintdef_pretty(context: EvalContext, oid: int, pretty: bool) -> str | None:
    return context.deparse("constraintdef", oid, 0, pretty)


@function("pg_get_indexdef(oid) -> text", oid=1643, volatility="s", context=True)
def pg_get_indexdef(context: EvalContext, oid: int) -> str | None:
    return context.deparse("indexdef", oid)


@function("pg_get_indexdef(oid, int4, bool) -> text", oid=2507, volatility="s", context=True)
def pg_get_indexdef_part(context: EvalContext, oid: int, part: int, pretty: bool) -> str | None:
    return context.deparse("indexdef", oid, part, pretty)


@function("pg_get_viewdef(oid) -> text", oid=1641, volatility="s", context=True)
def pg_get_viewdef(context: EvalContext, oid: int) -> str | None:
    return context.deparse("viewdef", oid)


@function("pg_get_viewdef(oid, bool) -> text", oid=2506, volatility="s", context=True)
def pg_get_viewdef_pretty(context: EvalContext, oid: int, pretty: bool) -> str | None:
    return context.deparse("viewdef", oid, 0, pretty)


@function("pg_get_viewdef(oid, int4) -> text", oid=3159, volatility="s", context=True)
def pg_get_viewdef_wrapped(context: EvalContext, oid: int, column: int) -> str | None:
    return context.deparse("viewdef", oid, 0, True)


@function("pg_get_viewdef(text) -> text", oid=1640, volatility="s", context=True)
def pg_get_viewdef_named(context: EvalContext, name: str) -> str | None:
    return context.deparse("viewdef", find_relation(context, name).oid)


@function("pg_get_viewdef(text, bool) -> text", oid=2505, volatility="s", context=True)
def pg_get_viewdef_named_pretty(context: EvalContext, name: str, pretty: bool) -> str | None:
    return context.deparse("viewdef", find_relation(context, name).oid, 0, pretty)


# ---------------------------------------------------------------- objects that do not exist here


@function("pg_get_ruledef(oid) -> text", oid=1573, volatility="s")
@function("pg_get_triggerdef(oid) -> text", oid=1662, volatility="s")
@function("pg_get_partkeydef(oid) -> text", oid=3352, volatility="s")
@function("pg_get_partition_constraintdef(oid) -> text", oid=3408, volatility="s")
@function("pg_get_statisticsobjdef(oid) -> text", oid=3415, volatility="s")
@function("pg_get_statisticsobjdef_columns(oid) -> text", oid=6174, volatility="s")
@function("pg_get_statisticsobjdef_expressions(oid) -> _text", oid=6173, volatility="s")
def no_definition(oid: int) -> None:
    return None


@function("pg_get_ruledef(oid, bool) -> text", oid=2504, volatility="s")
@function("pg_get_triggerdef(oid, bool) -> text", oid=2730, volatility="s")
def no_definition_pretty(oid: int, pretty: bool) -> None:
    return None


# ---------------------------------------------------------------- functions


def _arguments(context: EvalContext, entry: Function, defaults: bool) -> str:
    """Return the argument list of a function, with names, VARIADIC, OUT columns and perhaps defaults."""
    parts: list[str] = []
    first_default = len(entry.args) - len(entry.defaults)
    for index, kind in enumerate(entry.args):
        name = entry.arg_names[index] if entry.arg_names else ""
        text = "VARIADIC " if entry.variadic and index == len(entry.args) - 1 else ""
        text += f"{quote_identifier(name)} " if name else ""
        text += type_text(context, kind.oid) or "-"
        if defaults and index >= first_default:
            text += f" DEFAULT {default_text(entry.defaults[index - first_default])}"
        parts.append(text)
    if defaults:
        parts += [f"OUT {quote_identifier(name)} {type_text(context, kind.oid)}" for name, kind in entry.columns]
    return ", ".join(parts)


def default_text(value: object) -> str:
    """Return the default of an argument as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'::text"
    return str(value)


@function("pg_get_function_arguments(oid) -> text", oid=2162, volatility="s", context=True)
def pg_get_function_arguments(context: EvalContext, oid: int) -> str | None:
    entry = function_by_oid(oid)
    return None if entry is None else _arguments(context, entry, True)


@function("pg_get_function_identity_arguments(oid) -> text", oid=2232, volatility="s", context=True)
def pg_get_function_identity_arguments(context: EvalContext, oid: int) -> str | None:
    entry = function_by_oid(oid)
    return None if entry is None else _arguments(context, entry, False)


@function("pg_get_function_result(oid) -> text", oid=2165, volatility="s", context=True)
def pg_get_function_result(context: EvalContext, oid: int) -> str | None:
    entry = function_by_oid(oid)
    if entry is None:
        return None
    return ("SETOF " if entry.returns_set else "") + (type_text(context, entry.result.oid) or "-")


@function("pg_get_function_arg_default(oid, int4) -> text", oid=3808, volatility="s")
def pg_get_function_arg_default(oid: int, number: int) -> str | None:
    entry = function_by_oid(oid)
    if entry is None:
        return None
    index = number - 1 - (len(entry.args) - len(entry.defaults))
    return default_text(entry.defaults[index]) if 0 <= index < len(entry.defaults) else None


@function("pg_get_function_sqlbody(oid) -> text", oid=6197, volatility="s")
def pg_get_function_sqlbody(oid: int) -> None:
    return None


@function("pg_get_functiondef(oid) -> text", oid=2098, volatility="s", context=True)
def pg_get_functiondef(context: EvalContext, oid: int) -> str | None:
    entry = function_by_oid(oid)
    if entry is None:
        return None
    if entry.kind == "a":
        raise SqlError("42809", f'"{entry.name}" is an aggregate function')
    words = " " + {"i": "IMMUTABLE", "s": "STABLE", "v": ""}[entry.volatility]
    words += " PARALLEL SAFE" + (" STRICT" if entry.strict else "")
    return (
        f"CREATE OR REPLACE FUNCTION {qualified(entry.schema, entry.name)}({_arguments(context, entry, True)})\n"
        f" RETURNS {pg_get_function_result(context, oid)}\n LANGUAGE internal\n{words}\n"
        f"AS $function${entry.name}$function$\n"
    )
