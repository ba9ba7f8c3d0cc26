"""The planner: from a logical plan to one with an algorithm for every step.

First the rules of sql/rules rewrite the logical plan, in order. Then `Planner.physical` walks it from the top with the
conditions that its rows must satisfy, and pushes each as far down as it may go: through projections (columns replaced by
their expressions), below grouping when it concerns only group columns, into the sides of joins, to the tables, where
`access` decides how to read. Inner joins are ordered greedily by the estimated number of rows: start with the smallest
input, add the input that is connected and keeps the result small; each join is an index look-up for every row, a hash
join that builds its table from the smaller side, or a nested loop.

    Planned(node, rows, cost)       what each step returns: estimates stay outside the nodes
"""

from __future__ import annotations

from rustydb_engine.sql import access
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.access import Statistics
from rustydb_engine.sql.joins import Leaf, join_pair, leaf_conditions
from rustydb_engine.sql.logical import Builder, is_set_returning
from rustydb_engine.sql.plan import Node, PlanExpr, provided
from rustydb_engine.sql.rules import RULES
from rustydb_engine.sql.tree import is_volatile, relations, rewrite, walk, with_fields
from rustydb_engine.values.types import INT8
from rustydb_proto.core.value import value

Conditions = tuple[b.Expr, ...]


@value
class Planned:
    """A physical plan with the estimated number of its rows and its cost (a row scanned costs 1)."""

    node: Node
    rows: float
    cost: float


class Planner:
    """Plans one statement."""

    def __init__(self, statistics: Statistics, builder: Builder) -> None:
        self.statistics = statistics
        self.builder = builder

    def plan(self, node: Node) -> Planned:
        """Return the physical plan of a logical one, subplans in expressions included."""
        kinds = {item.__class__ for item in walk(node)}
        for kind, rule in RULES:
            if kind in kinds:
                node = rule(node, self.builder)
        planned = self.physical(node, ())
        if PlanExpr not in kinds:
            return planned
        return Planned(self._subplans(planned.node), planned.rows, planned.cost)

    def _subplans(self, node: Node) -> Node:
        def change(item: object) -> object | None:
            if isinstance(item, PlanExpr):
                left = tuple([rewrite(arg, change) for arg in item.left])
                return with_fields(item, plan=self.plan_subquery(item), left=left)
            return None

        return rewrite(node, change)

    def plan_subquery(self, item: PlanExpr) -> Node:
        """Return the physical plan of a subquery in an expression."""
        return self._subplans(self.physical(item.plan, ()).node)

    # ------------------------------------------------------------ one node

    def physical(self, node: Node, conditions: Conditions) -> Planned:
        """Plan a node whose rows must satisfy the conditions."""
        method = _METHODS.get(type(node))
        if method is None:
            return self._filtered(self._other(node), conditions)
        return method(self, node, conditions)

    def _filtered(self, planned: Planned, conditions: Conditions) -> Planned:
        if not conditions:
            return planned
        rows = planned.rows
        for condition in conditions:
            rows *= access.selectivity(condition)
        return Planned(p.Filter(planned.node, conditions), max(rows, 1.0), planned.cost + planned.rows * 0.2)

    def _other(self, node: Node) -> Planned:
        if isinstance(node, p.OneRow):
            return Planned(node, 1, 0)
        if isinstance(node, p.ValuesScan):
            return Planned(node, len(node.rows), len(node.rows))
        if isinstance(node, p.FunctionScan):
            return Planned(node, 1000 if any(is_set_returning(call) for call in node.calls) else 1, 10)
        return Planned(node, 100, 100)

    def _filter(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Filter)
        return self.physical(node.child, conditions + node.conditions)

    def _scan(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Scan)
        chosen = access.choose(node, conditions, self.statistics)
        return Planned(chosen.node, chosen.rows, chosen.cost)

    # ------------------------------------------------------------ projections and the like

    def _project(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Project)
        pushed, kept = [], []
        for condition in conditions:
            moved = through(condition, node.rel, node.exprs)
            if moved is None:
                kept.append(condition)
            else:
                pushed.append(moved)
        child = self.physical(node.child, tuple(pushed))
        made = Planned(with_fields(node, child=child.node), child.rows, child.cost + child.rows * 0.1)
        return self._filtered(made, tuple(kept))

    def _project_set(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.ProjectSet)
        pushed = tuple([c for c in conditions if node.rel not in relations(c)])
        kept = tuple([c for c in conditions if node.rel in relations(c)])
        child = self.physical(node.child, pushed)
        rows = child.rows * 10
        return self._filtered(Planned(with_fields(node, child=child.node), rows, child.cost + rows), kept)

    def _aggregate(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Aggregate)
        node = self._extreme(node)
        pushed, kept = [], []
        for condition in conditions:
            columns = {var.column for var in walk(condition) if isinstance(var, b.Var) and var.source == node.rel}
            movable = node.sets is None and columns and max(columns) < len(node.groups)
            moved = through(condition, node.rel, node.groups) if movable else None
            if moved is None:
                kept.append(condition)
            else:
                pushed.append(moved)
        child = self.physical(node.child, tuple(pushed))
        rows = max(child.rows * 0.1, 1.0) if node.groups else 1.0
        made = Planned(with_fields(node, child=child.node), rows, child.cost + child.rows)
        return self._filtered(made, tuple(kept))

    def _extreme(self, node: p.Aggregate) -> p.Aggregate:
        """Let min or max of an indexed column read only the first row in its order."""
        if node.groups or node.sets is not None or node.carried or len(node.aggregates) != 1:
            return node
        call = node.aggregates[0]
        if call.function.name not in ("min", "max") or call.filter is not None or len(call.args) != 1:
            return node
        descending = call.function.name == "max"
        present = p.Filter(node.child, (b.NullTest(call.args[0], True),))
        one = b.Const(1, INT8)
        sort = p.Sort(present, (b.ExprSort(call.args[0], descending, descending),), one)
        if self._ordered(sort, ()) is None:
            return node
        return with_fields(node, child=p.Limit(sort, one, None))

    def _window(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Window)
        child = self.physical(node.child, ())
        made = Planned(with_fields(node, child=child.node), child.rows, child.cost + child.rows * 2)
        return self._filtered(made, conditions)

    def _sort(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Sort)
        if node.limit is not None or node.offset is not None:
            ordered = self._ordered(node, conditions)
            if ordered is not None:
                return ordered
        child = self.physical(node.child, conditions)
        return Planned(with_fields(node, child=child.node), child.rows, child.cost + child.rows * 1.5)

    def _ordered(self, node: p.Sort, conditions: Conditions) -> Planned | None:
        """Return the child read in the wanted order along an index, when only the first rows are needed."""
        child = node.child
        while isinstance(child, p.Filter):
            conditions += child.conditions
            child = child.child
        if not isinstance(child, p.Scan) or child.table.kind == "virtual":
            return None
        best = access.choose(child, conditions, self.statistics)
        if best.cost < 100:
            return None
        found = access.in_order(child, conditions, node.keys, self.statistics)
        if found is None or found[1] < 0.01:
            return None
        return Planned(found[0], best.rows, 10.0 + min(best.rows, 100) / found[1])

    def _limit(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Limit)
        child = self.physical(node.child, ())
        rows = child.rows
        if isinstance(node.limit, b.Const) and isinstance(node.limit.value, int):
            rows = min(rows, max(node.limit.value, 1))
        return self._filtered(Planned(with_fields(node, child=child.node), rows, child.cost), conditions)

    def _distinct(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Distinct)
        pushed: list[b.Expr] = []
        kept: list[b.Expr] = []
        for condition in conditions:
            vars_ = {item for item in walk(condition) if isinstance(item, b.Var) and item.source in provided(node)}
            (pushed if vars_ <= set(node.on) and not is_volatile(condition) else kept).append(condition)
        child = self.physical(node.child, tuple(pushed))
        made = Planned(with_fields(node, child=child.node), max(child.rows * 0.5, 1), child.cost + child.rows)
        return self._filtered(made, tuple(kept))

    def _lock_rows(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.LockRows)
        child = self.physical(node.child, conditions)
        rechecks = tuple(_recheck_conditions(node.child, {part.rel for part in node.parts}))
        return Planned(
            with_fields(node, child=child.node, conditions=rechecks), child.rows, child.cost + child.rows * 3
        )

    def _with(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.With)
        ctes = []
        cost = 0.0
        for cte in node.ctes:
            planned = self.physical(cte.plan, ())
            step = self.physical(cte.step, ()).node if cte.step is not None else None
            ctes.append(with_fields(cte, plan=planned.node, step=step))
            cost += planned.cost
        child = self.physical(node.child, conditions)
        return Planned(p.With(tuple(ctes), child.node), child.rows, child.cost + cost)

    def _set_operation(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.SetOperation)
        lefts: list[b.Expr] = []
        rights: list[b.Expr] = []
        kept: list[b.Expr] = []
        for condition in conditions:
            if is_volatile(condition):
                kept.append(condition)
                continue
            lefts.append(renumber(condition, node.rel, node.left_rel))
            rights.append(renumber(condition, node.rel, node.right_rel))
        left, right = self.physical(node.left, tuple(lefts)), self.physical(node.right, tuple(rights))
        rows = left.rows + right.rows if node.operator == "union" else left.rows
        made = with_fields(node, left=left.node, right=right.node)
        return self._filtered(Planned(made, rows, left.cost + right.cost + rows), tuple(kept))

    def _modify(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Insert | p.Update | p.Delete)
        child = self.physical(node.child, ())
        made = Planned(with_fields(node, child=child.node), child.rows, child.cost + child.rows * 5)
        return self._filtered(made, conditions)

    # ------------------------------------------------------------ joins

    def _join(self, node: Node, conditions: Conditions) -> Planned:
        assert isinstance(node, p.Join)
        if node.kind == "inner":
            return self._inner(node, conditions)
        if node.kind == "full":
            left, right = self.physical(node.left, ()), self.physical(node.right, ())
            return self._filtered(self._pair(node, left, right, node.on), conditions)
        lefts = provided(node.left)
        below = tuple(
            [c for c in conditions if not relations(c) & (provided(node.right) if node.kind == "left" else set())]
        )
        above = tuple([c for c in conditions if c not in below])
        left = self.physical(node.left, below)
        rights = provided(node.right)
        inner = tuple([c for c in node.on if not relations(c) & lefts and not (node.null_aware)])
        on = tuple([c for c in node.on if c not in inner])
        leaf = Leaf(node.right, inner, rights)
        return self._filtered(self._pair(node, left, leaf, on), above)

    def _pair(self, node: p.Join, left: Planned, right: Leaf | Planned, on: Conditions) -> Planned:
        made = join_pair(self, node.kind, left, right, on, provided(node.left), node.null_aware)
        if node.kind == "anti":
            return Planned(made.node, max(left.rows * 0.5, 1), made.cost)
        if node.kind == "semi":
            return Planned(made.node, max(left.rows * 0.5, 1), made.cost)
        return Planned(made.node, max(made.rows, left.rows), made.cost)

    def _inner(self, node: p.Join, conditions: Conditions) -> Planned:
        nodes: list[Node] = []
        terms = list(conditions)
        _flatten(node, nodes, terms)
        everything = frozenset().union(*[provided(item) for item in nodes])
        needs = [(term, relations(term) & everything) for term in terms]
        leaves = [Leaf(item, leaf_conditions(needs, provided(item)), provided(item)) for item in nodes]
        for leaf in leaves:
            leaf.needs = (relations(leaf.node) & everything) - leaf.rels
            leaf.planned = None if leaf.needs else self.physical(leaf.node, leaf.conditions)
        used = [term for leaf in leaves for term in leaf.conditions]
        rest = [(term, need) for term, need in needs if not any(term is known for known in used)]
        return self._order(leaves, rest)

    def _order(self, leaves: list[Leaf], terms: list[tuple[b.Expr, frozenset[int]]]) -> Planned:
        free = [leaf for leaf in leaves if leaf.planned is not None]
        if len(leaves) > 12:
            first = free[0]
        else:
            first = min(free, key=lambda leaf: leaf.planned.rows if leaf.planned else 0)
        current, rels = first.planned, first.rels
        assert current is not None, "some input depends on no other"
        left = [leaf for leaf in leaves if leaf is not first]
        while left:
            best: tuple[tuple[bool, float, float], Leaf, Planned, list[tuple[b.Expr, frozenset[int]]]] | None = None
            for leaf in left:
                if not leaf.needs <= rels:
                    continue
                now = [item for item in terms if item[1] <= rels | leaf.rels]
                joined = join_pair(self, "inner", current, leaf, tuple([term for term, _ in now]), rels)
                score = (not now and not leaf.needs, joined.rows + joined.cost * 0.1, joined.cost)
                if best is None or score < best[0]:
                    best = (score, leaf, joined, now)
                if len(leaves) > 12 and now:
                    break
            assert best is not None, "inputs that depend on each other were refused by the binder"
            _, leaf, current, now = best
            rels |= leaf.rels
            left.remove(leaf)
            terms = [item for item in terms if item not in now]
        return self._filtered(current, tuple([term for term, _ in terms]))


def _flatten(node: Node, leaves: list[Node], terms: list[b.Expr]) -> None:
    """Collect the inputs and conditions of nested inner joins."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, p.Join) and item.kind == "inner":
            terms.extend(item.on)
            stack.extend((item.right, item.left))
        elif isinstance(item, p.Filter):
            terms.extend(item.conditions)
            stack.append(item.child)
        else:
            leaves.append(item)


def through(condition: b.Expr, rel: int, exprs: tuple[b.Expr, ...]) -> b.Expr | None:
    """Return the condition below a projection, None when it must stay above."""
    if is_volatile(condition):
        return None
    for item in walk(condition):
        if isinstance(item, b.Var) and item.source == rel:
            if not 0 <= item.column < len(exprs):
                return None
            expr = exprs[item.column]
            if is_volatile(expr) or is_set_returning(expr) or any(isinstance(part, PlanExpr) for part in walk(expr)):
                return None

    def change(item: object) -> object | None:
        return exprs[item.column] if isinstance(item, b.Var) and item.source == rel else None

    return rewrite(condition, change)


def renumber(condition: b.Expr, before: int, after: int) -> b.Expr:
    """Return the condition with Vars of one relation turned into Vars of another."""

    def change(item: object) -> object | None:
        return with_fields(item, source=after) if isinstance(item, b.Var) and item.source == before else None

    return rewrite(condition, change)


def _recheck_conditions(node: Node, rels: set[int]) -> list[b.Expr]:
    """Return the conditions under a FOR UPDATE that concern the locked relations."""
    found: list[b.Expr] = []
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, p.Filter):
            found.extend(item.conditions)
            stack.append(item.child)
        elif isinstance(item, p.Join) and item.kind == "inner":
            found.extend(item.on)
            stack.extend((item.left, item.right))
        elif isinstance(item, p.Sort):
            stack.append(item.child)
    return [condition for condition in found if relations(condition) & rels]


_METHODS = {
    p.Filter: Planner._filter,
    p.Scan: Planner._scan,
    p.Project: Planner._project,
    p.ProjectSet: Planner._project_set,
    p.Aggregate: Planner._aggregate,
    p.Window: Planner._window,
    p.Sort: Planner._sort,
    p.Limit: Planner._limit,
    p.Distinct: Planner._distinct,
    p.LockRows: Planner._lock_rows,
    p.With: Planner._with,
    p.SetOperation: Planner._set_operation,
    p.Join: Planner._join,
    p.Insert: Planner._modify,
    p.Update: Planner._modify,
    p.Delete: Planner._modify,
}
