"""Names of types and collations, as written in a statement, to types.

    numeric(10, 2)  ->  (NUMERIC, typmod)        text[]  ->  (_text, -1)

Source: PostgreSQL 15, src/backend/parser/parse_type.c.
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import ast
from rustydb_engine.sql.binder.env import BindEnv, failure, place
from rustydb_engine.values import interval_typmod
from rustydb_engine.values.types import BY_NAME, INTERVAL, Type, array_of
from rustydb_engine.values.typmods import typmod_in

COLLATIONS = {"default": 100, "C": 950, "POSIX": 951, "C.UTF-8": 12341, "C.utf8": 12341, "ucs_basic": 12340}


def resolve_type(env: BindEnv, name: ast.TypeName) -> tuple[Type, int]:
    """Return the type and typmod of a written type; 42704 when there is none of that name."""
    kind = _base_type(env, name)
    try:
        typmod = _typmod(kind, name)
    except SqlError as error:
        raise error.at(place(name.pos)) from None
    if name.array:
        made = array_of(kind)
        if kind.is_array:
            made = kind
        if made is None:
            raise failure("42704", f'type "{shown_name(name)}[]" does not exist', name.pos)
        kind = made
    return kind, typmod


def _base_type(env: BindEnv, name: ast.TypeName) -> Type:
    parts = name.name
    kind = BY_NAME.get(parts[-1])
    if len(parts) > 3:
        raise failure("42601", f"improper qualified name (too many dotted names): {'.'.join(parts)}", name.pos)
    if len(parts) == 1 or parts[-2] == "pg_catalog":
        if kind is not None:
            return kind
    elif env.catalog.schema(parts[-2]) is None:
        raise failure("3F000", f'schema "{parts[-2]}" does not exist', name.pos)
    if env.catalog.find(parts, env.search_path) is not None:
        raise not_supported("a table's row type as the type of an expression", place(name.pos))
    raise failure("42704", f'type "{shown_name(name)}" does not exist', name.pos)


def shown_name(name: ast.TypeName) -> str:
    """Return a type name as PostgreSQL prints one that it did not find."""
    return ".".join(name.name)


def _typmod(kind: Type, name: ast.TypeName) -> int:
    modifiers = tuple(_modifier(node, name) for node in name.modifiers)
    if kind is INTERVAL:
        if not name.fields and not modifiers:
            return -1
        mask = interval_typmod.MASKS[name.fields.lower()] if name.fields else interval_typmod.FULL_RANGE
        modifiers = (mask, *modifiers)
    return typmod_in(kind, modifiers)


def _modifier(node: ast.Node, name: ast.TypeName) -> int:
    sign = 1
    if isinstance(node, ast.Operation) and node.operator == "-" and node.left is None:
        sign, node = -1, node.right
    if isinstance(node, ast.Literal) and node.kind == "int" and len(node.text) < 11:
        return sign * int(node.text)
    if isinstance(node, (ast.Literal, ast.Column)):
        raise failure("22P02", f'invalid input syntax for type integer: "{_text(node)}"', name.pos)
    raise failure("42601", "type modifiers must be simple constants or identifiers", name.pos)


def _text(node: ast.Literal | ast.Column) -> str:
    return node.text if isinstance(node, ast.Literal) else node.name[-1]


def check_collation(env: BindEnv, name: ast.Name, pos: int) -> None:
    """Check that a collation exists; all that do order text by code point."""
    if len(name) > 1 and name[-2] != "pg_catalog":
        if env.catalog.schema(name[-2]) is None:
            raise failure("3F000", f'schema "{name[-2]}" does not exist', pos)
    elif name[-1] in COLLATIONS:
        return
    shown = ".".join(name)
    raise failure("42704", f'collation "{shown}" for encoding "UTF8" does not exist', pos)
