"""A bound on how deep a syntax tree is, so that whoever walks it may recurse.

The parser itself does not recurse; binder, planner and deparser do. A statement deeper than `DEPTH_MAX` is refused
with PostgreSQL's error for that (54001). Only statements of that many tokens can be so deep, others are not looked at.
"""

from __future__ import annotations

from rustydb_engine.sql.lalr import too_deep

DEPTH_MAX = 1500


def check_depth(tree: object, tokens: int, limit: int = DEPTH_MAX) -> None:
    """Raise SqlError 54001 if `tree`, made from so many tokens, has more than `limit` nodes on a path."""
    if tokens <= limit:
        return
    level: list[object] = [tree]
    for _ in range(limit):
        level = _below(level)
        if not level:
            return
    raise too_deep()


def _below(nodes: list[object]) -> list[object]:
    """Return the children of `nodes`."""
    found: list[object] = []
    for node in nodes:
        for name in getattr(node, "__slots__", ()):
            child = getattr(node, name)
            if isinstance(child, tuple):
                _add_nodes(child, found)
            elif hasattr(child, "__slots__") and child is not None:
                found.append(child)
    return found


def _add_nodes(items: tuple[object, ...], found: list[object]) -> None:
    """Append the nodes of `items`, which may hold tuples of nodes (CASE's pairs, rows of VALUES)."""
    for item in items:
        if isinstance(item, tuple):
            _add_nodes(item, found)
        elif hasattr(item, "__slots__"):
            found.append(item)
