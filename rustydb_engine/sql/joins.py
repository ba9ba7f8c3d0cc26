"""Joining two inputs: index look-ups for every row, a hash table, or a nested loop.

`join_pair` weighs the three. The left input is planned already and streams; the right one is a `Leaf`, so that it can be
planned again with the left relations known, which is what makes an index on the join column usable:

    IndexScan on the right for every left row     cost  left.rows * look-up
    HashJoin                                      cost  left.rows + right.rows
    NestedLoop over a kept list                   cost  left.rows * right.rows
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rustydb_engine.sql import access
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import Node
from rustydb_engine.sql.tree import is_volatile, relations

if TYPE_CHECKING:
    from rustydb_engine.sql.planner import Planned, Planner


class Leaf:
    """An input of a join: its logical plan, the conditions on it alone, and what it needs from other inputs (LATERAL)."""

    def __init__(self, node: Node, conditions: tuple[b.Expr, ...], rels: frozenset[int]) -> None:
        self.node = node
        self.conditions = conditions
        self.rels = rels
        self.needs: frozenset[int] = frozenset()
        self.planned: Planned | None = None


def leaf_conditions(needs: list[tuple[b.Expr, frozenset[int]]], rels: frozenset[int]) -> tuple[b.Expr, ...]:
    """Return the conditions that concern one input only."""
    return tuple([term for term, need in needs if need and need <= rels])


def split(
    conditions: tuple[b.Expr, ...], lefts: frozenset[int], rights: frozenset[int]
) -> tuple[tuple[tuple[b.Expr, b.Expr], ...], tuple[b.Expr, ...]]:
    """Split join conditions into pairs of hashable keys (left, right) and the rest."""
    keys: list[tuple[b.Expr, b.Expr]] = []
    rest: list[b.Expr] = []
    for condition in conditions:
        pair = _key_pair(condition, lefts, rights)
        if pair is None:
            rest.append(condition)
        else:
            keys.append(pair)
    return tuple(keys), tuple(rest)


def _key_pair(condition: b.Expr, lefts: frozenset[int], rights: frozenset[int]) -> tuple[b.Expr, b.Expr] | None:
    if not isinstance(condition, b.OpExpr) or len(condition.args) != 2 or is_volatile(condition):
        return None
    one, other = condition.args
    if not access.same_form(condition.operator.name, one.type, other.type) or condition.operator.name != "=":
        return None
    for left, right in ((one, other), (other, one)):
        used_left, used_right = relations(left), relations(right)
        if used_right & rights and not used_right & lefts and not used_left & rights and used_left & lefts:
            return left, right
    return None


def join_pair(
    planner: Planner,
    kind: str,
    left: Planned,
    right: Leaf | Planned,
    conditions: tuple[b.Expr, ...],
    lefts: frozenset[int],
    null_aware: bool = False,
) -> Planned:
    """Return the cheapest join of two inputs."""
    from rustydb_engine.sql.planner import Planned

    if not isinstance(right, Leaf):
        rels = p.provided(right.node)
        keys, rest = split(conditions, lefts, rels)
        node: Node = p.HashJoin(kind, left.node, right.node, keys, rest, null_aware)
        return Planned(node, left.rows + right.rows, left.cost + right.cost + left.rows + right.rows)
    keys, rest = split(conditions, lefts, right.rels)
    share = 1.0
    for condition in rest:
        share *= access.selectivity(condition)
    lateral = bool(right.needs) or bool(relations(right.node) & lefts)
    if not null_aware and not (kind == "inner" and not conditions and not lateral):
        inner = planner.physical(right.node, right.conditions + conditions)
        # Conditions that went into the right side are checked there, for each left row.
        if lateral or (_is_lookup(inner.node) and _cheaper_loop(planner, left, inner, right)):
            rows = max(left.rows * inner.rows, 1.0)
            return Planned(p.NestedLoop(kind, left.node, inner.node), rows, left.cost + left.rows * max(inner.cost, 1))
    alone = right.planned or planner.physical(right.node, right.conditions)
    right.planned = alone
    if lateral:
        rows = left.rows * alone.rows
        return Planned(p.NestedLoop(kind, left.node, alone.node, conditions, False, null_aware), rows, left.cost + rows)
    if keys:
        rows = max(left.rows * alone.rows / max(left.rows, alone.rows, 1.0) * share, 1.0)
        cost = left.cost + alone.cost + left.rows + alone.rows * 1.5
        if kind == "inner" and alone.rows > left.rows * 2:
            swapped = tuple([(other, one) for one, other in keys])
            return Planned(p.HashJoin(kind, alone.node, left.node, swapped, rest), rows, cost)
        return Planned(p.HashJoin(kind, left.node, alone.node, keys, rest, null_aware), rows, cost)
    for condition in conditions:
        share *= access.selectivity(condition) if condition not in rest else 1.0
    rows = max(left.rows * alone.rows * share, 1.0)
    cost = left.cost + alone.cost + left.rows * alone.rows
    return Planned(p.NestedLoop(kind, left.node, alone.node, conditions, True, null_aware), rows, cost)


def _is_lookup(node: Node) -> bool:
    while isinstance(node, p.Filter | p.Project):
        node = node.child
    return isinstance(node, p.IndexScan | p.SystemLookup)


def _cheaper_loop(planner: Planner, left: Planned, inner: Planned, right: Leaf) -> bool:
    alone = right.planned or planner.physical(right.node, right.conditions)
    right.planned = alone
    return left.rows * max(inner.cost, 1.0) < left.rows + alone.rows * 1.5 + alone.cost
