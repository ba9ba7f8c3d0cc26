"""Walking bound expressions and plans: one generic way to visit and to rebuild any tree of `@value` records.

Expressions, plan nodes, sort keys and the like are records whose fields are plain values, records, or tuples of them.
`rewrite(tree, change)` asks `change` for every record, outermost first; what it returns takes the record's place, None
means "look inside". Catalog objects, types and registry entries are leaves. Shared subtrees stay shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, TypeVar, cast

from rustydb_engine.sql import bound as b
from rustydb_engine.sql.functions.registry import Function

T = TypeVar("T")
Change = Callable[[object], object | None]

_FIELDS: dict[type, tuple[str, ...]] = {}
_LEAVES = ("rustydb_engine.catalog.", "rustydb_engine.sql.functions.", "rustydb_engine.values.")


def _child_fields(kind: type) -> tuple[str, ...]:
    """Return the names of the fields of a record type that may hold subtrees; () for what is a leaf."""
    known = _FIELDS.get(kind)
    if known is None:
        if kind.__module__.startswith(_LEAVES) or not hasattr(kind, "__dataclass_fields__"):
            known = ()
        else:
            plain = {"int", "str", "bool", "Type", "float", "Type | None", "int | None"}
            known = tuple(item.name for item in fields(kind) if str(item.type) not in plain)
        _FIELDS[kind] = known
    return known


def rewrite(tree: T, change: Change) -> T:
    """Return the tree with records replaced by what `change` returns for them (None: descend)."""
    if type(tree) is tuple:
        items = [rewrite(item, change) for item in tree]
        same = all(map(_is, items, tree))
        return tree if same else cast(T, tuple(items))
    names = _child_fields(type(tree))
    if not names and not isinstance(tree, b.Expr):
        if hasattr(type(tree), "__dataclass_fields__") and not type(tree).__module__.startswith(_LEAVES):
            replaced = change(tree)
            return tree if replaced is None else cast(T, replaced)
        return tree
    replaced = change(tree)
    if replaced is not None:
        return cast(T, replaced)
    changed: dict[str, object] = {}
    for name in names:
        before = getattr(tree, name)
        if before is None or type(before) is str:
            continue
        after = rewrite(before, change)
        if after is not before:
            changed[name] = after
    return _copy(tree, changed) if changed else tree


def _is(left: object, right: object) -> bool:
    return left is right


def _copy(record: T, changed: dict[str, object]) -> T:
    """Return a copy of a record with some fields changed."""
    kind = type(record)
    made: Any = kind.__new__(kind)
    for name in kind.__dataclass_fields__:  # type: ignore[attr-defined]  # every record here is a dataclass
        setattr(made, name, changed[name] if name in changed else getattr(record, name))
    return cast(T, made)


def with_fields(record: T, **changed: object) -> T:
    """Return a copy of a record with these fields (dataclasses.replace, without running __init__)."""
    return _copy(record, changed)


def walk(tree: object) -> Iterator[object]:
    """Yield every record of the tree, outermost first."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if type(item) is tuple:
            stack.extend(reversed(item))
            continue
        names = _child_fields(type(item))
        if names or isinstance(item, b.Expr):
            yield item
            for name in reversed(names):
                below = getattr(item, name)
                if below is not None and type(below) is not str:
                    stack.append(below)
        elif hasattr(type(item), "__dataclass_fields__") and not type(item).__module__.startswith(_LEAVES):
            yield item


def variables(tree: object) -> Iterator[b.Var]:
    """Yield every Var of the tree (subplans included)."""
    for item in walk(tree):
        if type(item) is b.Var:
            yield item


def relations(tree: object) -> frozenset[int]:
    """Return the range entries whose columns the tree reads."""
    return frozenset([item.source for item in variables(tree)])


def functions(tree: object) -> Iterator[Function]:
    """Yield every function that the tree calls (through operators and casts of registered functions too)."""
    for item in walk(tree):
        if isinstance(item, b.FuncExpr):
            yield item.function
        elif isinstance(item, b.OpExpr | b.DistinctExpr | b.NullIfExpr | b.ArrayOpExpr):
            yield item.operator.function
        elif isinstance(item, b.RowCompare):
            for operator in item.operators:
                yield operator.function


def is_volatile(tree: object) -> bool:
    """Whether the tree calls a volatile function."""
    return any(entry.volatility == "v" for entry in functions(tree))


def conjuncts(expr: b.Expr | None) -> tuple[b.Expr, ...]:
    """Return the terms of a conjunction."""
    if expr is None:
        return ()
    result: list[b.Expr] = []
    stack = [expr]
    while stack:
        item = stack.pop()
        if isinstance(item, b.BoolExpr) and item.kind == "and":
            stack.extend(reversed(item.args))
        elif not (isinstance(item, b.Const) and item.value is True):
            result.append(item)
    return tuple(result)
