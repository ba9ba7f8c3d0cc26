"""A normalised key with its literals put back is the statement, and only literals that may be slots are slots.

Two statements with the same key differ in these literals only, so the slots must be tokens of the kind that the key says,
no type modifier, LIMIT, OFFSET, ORDER BY position, select list item or cast, and never inside strings or comments.
"""

from __future__ import annotations

from collections.abc import Hashable

import fuzzing

from rustydb_engine.errors import SqlError
from rustydb_engine.sql import ast
from rustydb_engine.sql.lexer import ERROR, token_text, tokenize
from rustydb_engine.sql.normalise import normalise
from rustydb_engine.sql.parser import parse


def check(data: bytes) -> Hashable:
    """Raise unless the invariant holds for this input; return what came of it."""
    sql = data.decode("utf-8", "replace").replace("\x00", " ")
    shape = normalise(sql)
    if shape is None:
        return None
    assert len(shape.literals) == len(shape.offsets), "a literal, a place"
    types, values, offsets = tokenize(sql)
    if types[-1] == ERROR:
        return "broken"  # it has no plan to share
    tokens = dict(zip(offsets, zip(types, values, strict=True), strict=True))
    key, position, kinds = "", 0, []
    for literal, offset in zip(shape.literals, shape.offsets, strict=True):
        terminal, value = tokens[offset]
        assert value == literal, "the literal is the token's value"
        kinds.append(_kind(terminal, literal))
        key += sql[position:offset] + "?" + kinds[-1]
        position = offset + len(token_text(sql, offset))
    assert key + sql[position:] == shape.key, "the key is the text with slots for the literals"
    _check_places(sql, set(shape.offsets))
    return tuple(kinds)[:4], types[0]


def _kind(terminal: str, literal: str) -> str:
    if terminal in ("ICONST", "SCONST"):
        return {"ICONST": "i4", "SCONST": "s"}[terminal]
    assert terminal == "FCONST", "a literal"
    return "i8" if literal.isdigit() and int(literal) < 1 << 63 else "n"


def _check_places(sql: str, slots: set[int]) -> None:
    try:
        parsed = parse(sql)
    except SqlError:
        return
    assert len(parsed) == 1, "one statement"
    literals: set[int] = set()
    fixed: set[int] = set()
    todo: list[object] = [parsed[0][0]]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            todo.extend(node)
            continue
        if isinstance(node, ast.Literal):
            literals.add(node.pos)
        elif isinstance(node, ast.TypeName):
            fixed.update(item.pos for item in node.modifiers if isinstance(item, ast.Literal))
        elif isinstance(node, ast.Tail):
            fixed.update(item.pos for item in (node.limit, node.offset) if isinstance(item, ast.Literal))
        elif isinstance(node, ast.SortItem | ast.Target | ast.Cast) and isinstance(node.item, ast.Literal):
            fixed.add(node.item.pos)
        todo.extend(getattr(node, name) for name in getattr(node, "__dataclass_fields__", ()))
    assert slots <= literals, "a slot is a literal of the tree"
    assert not slots & fixed, "and not one that the plan depends on"


if __name__ == "__main__":
    fuzzing.main("normalise", check)
