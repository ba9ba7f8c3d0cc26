"""Constants and type names as text that reads back as the same.

A label is left away where the parser gives the constant its type by itself: 5, 1.5, true. A negative number is printed
as '-5'::integer, because -5 would be read as an operator and a constant.

Source: PostgreSQL 15, src/backend/utils/adt/ruleutils.c (get_const_expr), regproc.c.
"""

from __future__ import annotations

from decimal import Decimal

from rustydb_engine.catalog.objects import Index, Role, Schema, Sequence, Table
from rustydb_engine.sql.bound import Const
from rustydb_engine.sql.deparse_context import Printer
from rustydb_engine.sql.functions.registry import FUNCTIONS
from rustydb_engine.sql.keywords import quote_identifier
from rustydb_engine.values.forms import DEFAULT_FORMS
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import BOOL, BY_OID, INT4, NUMERIC, UNKNOWN, Type
from rustydb_engine.values.typmods import format_type


def type_text(kind: Type, typmod: int) -> str:
    """Return a type with its modifier as casts name it."""
    return format_type(kind, typmod)


def quote_literal(text: str) -> str:
    """Return text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def constant(printer: Printer, const: Const, show_type: int) -> str:
    """Return a constant; `show_type` 1 always labels it, 0 where needed, -1 never."""
    kind, value = const.type, const.value
    label = "::" + type_text(kind, const.typmod)
    if value is None:
        return "NULL" + label if show_type >= 0 else "NULL"
    needed = True
    if kind is INT4:
        text = str(value)
        needed = text.startswith("-")
        if needed:
            text = quote_literal(text)
    elif kind is NUMERIC:
        assert isinstance(value, Decimal), "numeric values are decimals"
        text = format(value, "f") if value.is_finite() else str(value)
        plain = text[0].isdigit() and "." in text
        text = text if plain else quote_literal(text)
        needed = not plain or const.typmod >= 0
    elif kind is BOOL:
        text, needed = "true" if value else "false", False
    else:
        text = quote_literal(_output(printer, kind, value))
        needed = kind is not UNKNOWN
    return text + label if show_type > 0 or (show_type == 0 and needed) else text


def _output(printer: Printer, kind: Type, value: object) -> str:
    if kind.name.startswith("reg") and isinstance(value, int):
        return _registered(printer, kind, value)
    return io_of(kind).output(value, DEFAULT_FORMS)


def _registered(printer: Printer, kind: Type, oid: int) -> str:
    """Return the name of what a value of a reg type means; its number when there is no such thing."""
    catalog = printer.catalog
    if oid == 0:
        return "-"
    if kind.name == "regtype" and oid in BY_OID:
        return format_type(BY_OID[oid])
    if kind.name in ("regproc", "regprocedure"):
        for rows in FUNCTIONS.values():
            for row in rows:
                if row.oid == oid:
                    args = ",".join(format_type(each) for each in row.args)
                    return f"{row.name}({args})" if kind.name == "regprocedure" else row.name
    found = catalog.get(oid)
    if kind.name == "regclass" and isinstance(found, Table | Index | Sequence):
        if catalog.visible(found, printer.search_path):
            return quote_identifier(found.name)
        return f"{quote_identifier(catalog.schema_name(found.schema))}.{quote_identifier(found.name)}"
    if kind.name == "regnamespace" and isinstance(found, Schema):
        return quote_identifier(found.name)
    if kind.name == "regrole" and isinstance(found, Role):
        return quote_identifier(found.name)
    return str(oid)
