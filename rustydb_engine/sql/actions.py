"""The registry of parser actions, and the actions that many rules share.

A rule of the grammar names its action after `->`. An action is a function of the offset of the node and of the values
of the rule's symbols; it returns the value of the whole. `@action()` registers a function under its own name,
`@action("less", "greater")` under those. A list in the making is a Python list; whoever puts it into a node makes it
a tuple.

    expr "+" expr -> add__2        calls add(offset of "+", left, right)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar


class Misplaced(Exception):
    """An action refuses what the grammar allows, with a message that names a token.

    The token is the one at `position`, or the next one when that is None.
    """

    def __init__(self, message: str = "syntax error", position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


ACTIONS: dict[str, Callable[..., Any]] = {}

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def action(*names: str) -> Callable[[F], F]:
    """Register the decorated function for the rules called `names`, or called like the function."""

    def register(function: F) -> F:
        for name in names or (function.__name__.rstrip("_"),):
            assert name not in ACTIONS, name
            ACTIONS[name] = function
        return function

    return register


def constant(name: str, value: object) -> None:
    """Register an action for `name` that always gives `value`."""
    ACTIONS[name] = lambda pos, *_: value


@action()
def first(pos: int, item: T) -> list[T]:
    """Start a list."""
    return [item]


@action("next", "next_item", "next_element")
def next_item(pos: int, items: list[T], item: T) -> list[T]:
    """Go on with a list."""
    items.append(item)
    return items


@action()
def located(pos: int, item: T) -> tuple[T, int]:
    """A value and where it stands."""
    return item, pos


@action()
def place(pos: int) -> int:
    """Where a word stands."""
    return pos


@action()
def pair(pos: int, a: T, b: T) -> tuple[T, T]:
    """Two values."""
    return a, b


@action()
def first_of_two(pos: int, a: T, b: object) -> T:
    """The first of two values."""
    return a


@action()
def nothing(pos: int, *_: object) -> list[object]:
    """An empty list."""
    return []


constant("true", True)
constant("false", False)
constant("none", None)
