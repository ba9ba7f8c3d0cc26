"""Walking bound expressions and plans: one generic way to visit and to rebuild any tree of `@value` records.

Expressions, plan nodes, sort keys and the like are records whose fields are plain values, records, or tuples of them.
`rewrite(tree, change)` asks `change` for every record, outermost first; what it returns takes the record's place, None
means "look inside". Catalog objects, types and registry entries are leaves. Shared subtrees stay shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar, cast

from rustydb_engine.sql import bound as b
from rustydb_engine.sql.functions.registry import Function, Operator
from rustydb_engine.values.types import POLYMORPHIC

T = TypeVar("T")
Change = Callable[[object], object | None]


class _Shape:
    """What is known of a class: whether it is a record to visit, and its fields that may hold subtrees."""

    __slots__ = ("fields", "get", "names", "record")

    def __init__(self, kind: type) -> None:
        self.record = hasattr(kind, "__dataclass_fields__") and not kind.__module__.startswith(_LEAVES)
        self.names: tuple[str, ...] = ()
        self.fields: tuple[str, ...] = ()
        self.get: Callable[[Any], tuple[object, ...]] = _no_fields
        if self.record:
            self.fields = tuple(kind.__dataclass_fields__)  # type: ignore[attr-defined]  # it has them
            self.names = tuple(item.name for item in fields(kind) if str(item.type) not in _PLAIN)
            if len(self.names) == 1:
                one = attrgetter(self.names[0])
                self.get = lambda item: (one(item),)
            elif self.names:
                self.get = attrgetter(*self.names)


def _no_fields(item: object) -> tuple[object, ...]:
    return ()


_LEAVES = ("rustydb_engine.catalog.", "rustydb_engine.sql.functions.", "rustydb_engine.values.")
_PLAIN = frozenset(("int", "str", "bool", "Type", "float", "Type | None", "int | None", "tuple[str, ...]"))
_SHAPES: dict[type, _Shape] = {}


def _shape(kind: type) -> _Shape:
    shape = _SHAPES.get(kind)
    if shape is None:
        shape = _SHAPES[kind] = _Shape(kind)
    return shape


def rewrite(tree: T, change: Change) -> T:
    """Return the tree with records replaced by what `change` returns for them (None: descend)."""
    kind = tree.__class__
    if kind is tuple:
        before = cast("tuple[Any, ...]", tree)
        items = [rewrite(item, change) for item in before]
        for item, old in zip(items, before, strict=True):
            if item is not old:
                return cast(T, tuple(items))
        return tree
    shape = _SHAPES.get(kind) or _shape(kind)
    if not shape.record:
        return tree
    replaced = change(tree)
    if replaced is not None:
        return cast(T, replaced)
    changed: dict[str, object] | None = None
    for place, below in enumerate(shape.get(tree)):
        if below is not None and below.__class__ is not str:
            after = rewrite(below, change)
            if after is not below:
                if changed is None:
                    changed = {}
                changed[shape.names[place]] = after
    return tree if changed is None else _copy(tree, changed)


def _copy(record: T, changed: dict[str, object]) -> T:
    """Return a copy of a record with some fields changed."""
    kind = record.__class__
    made: Any = kind.__new__(kind)
    for name in _shape(kind).fields:
        setattr(made, name, changed[name] if name in changed else getattr(record, name))
    return cast(T, made)


def with_fields(record: T, **changed: object) -> T:
    """Return a copy of a record with these fields (dataclasses.replace, without running __init__)."""
    return _copy(record, changed)


def walk(tree: object) -> list[Any]:
    """Return every record of the tree, outermost first."""
    found: list[Any] = []
    stack = [tree]
    shapes = _SHAPES
    while stack:
        item = stack.pop()
        kind = item.__class__
        if kind is tuple:
            stack += cast("tuple[Any, ...]", item)[::-1]
            continue
        shape = shapes.get(kind) or _shape(kind)
        if shape.record:
            found.append(item)
            if shape.names:
                for below in shape.get(item)[::-1]:
                    if below is not None and below.__class__ is not str:
                        stack.append(below)
    return found


def variables(tree: object) -> list[b.Var]:
    """Return every Var of the tree (subplans included)."""
    return [item for item in walk(tree) if item.__class__ is b.Var]


def relations(tree: object) -> frozenset[int]:
    """Return the range entries whose columns the tree reads."""
    return frozenset([item.source for item in walk(tree) if item.__class__ is b.Var])


def functions(tree: object) -> list[Function]:
    """Return every function that the tree calls, operators' functions included."""
    return functions_of(walk(tree))


def functions_of(records: list[Any]) -> list[Function]:
    """Return the functions that records of a tree (see `walk`) call."""
    found: list[Function] = []
    for item in records:
        kind = item.__class__
        if kind is b.FuncExpr:
            found.append(item.function)
        elif kind in _WITH_OPERATOR:
            found.append(item.operator.function)
        elif kind is b.RowCompare:
            found += [operator.function for operator in item.operators]
    return found


_WITH_OPERATOR = frozenset((b.OpExpr, b.DistinctExpr, b.NullIfExpr, b.ArrayOpExpr))


def is_volatile(tree: object) -> bool:
    """Whether the tree calls a volatile function."""
    return any(entry.volatility == "v" for entry in functions_of(walk(tree)))


def compared_columns(rel: int, left: tuple[b.Expr, ...], operators: tuple[Operator, ...]) -> tuple[b.Var, ...]:
    """Return the columns of a subquery that `left` is compared with; of `anyarray = anyarray` both have one type."""
    kinds = [
        item.type if operator.right.oid in POLYMORPHIC else operator.right
        for item, operator in zip(left, operators, strict=True)
    ]
    return tuple([b.Var(rel, index, kind) for index, kind in enumerate(kinds)])


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
