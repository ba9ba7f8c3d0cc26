"""What every node of the syntax tree is: an expression, a query, or another statement; names and positions."""

from __future__ import annotations

from rustydb_proto.core.value import field

Name = tuple[str, ...]  # a dotted name, outermost first: ("public", "users")


def at() -> int:
    """Return the field declaration for a source position."""
    return field(default=-1, compare=False, repr=False)


class Node:
    """An expression of the syntax tree."""

    __slots__ = ()


class Query:
    """A query: Select, Values, SetOperation, or a data-modifying statement inside WITH."""

    __slots__ = ()


class Statement:
    """A statement that is not a query."""

    __slots__ = ()
