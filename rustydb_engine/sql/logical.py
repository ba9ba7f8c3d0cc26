"""From the bound tree to the logical plan: relations are numbered, clauses become steps.

The order of the steps of a SELECT is PostgreSQL's:

    FROM, WHERE -> GROUP BY, aggregates -> HAVING -> windows -> set-returning targets -> targets -> DISTINCT
    -> ORDER BY -> LIMIT -> FOR UPDATE

A `Frame` is one query level while it is built; the stack of frames resolves a Var's `level`. An aggregate belongs to the
frame of its own level, wherever it is written. ORDER BY is sorted below the final projection where its keys do not
depend on evaluating a target once, so that only the rows that are returned are projected.
"""

from __future__ import annotations

from typing import TypeVar

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import Node, PlanExpr
from rustydb_engine.sql.tree import conjuncts, is_volatile, relations, rewrite, walk, with_fields
from rustydb_engine.values.types import INT8

T = TypeVar("T")


class Frame:
    """One query level: its relations, its CTEs, and the aggregates and window calls found in its expressions."""

    def __init__(self, rels: tuple[int, ...], entries: tuple[b.RangeEntry, ...]) -> None:
        self.rels = rels
        self.entries = entries
        self.ctes: list[int | None] = []
        self.cte_queries: tuple[b.BoundCte, ...] = ()
        self.plans: list[p.CtePlan] = []
        self.aggregate_rel = 0
        self.aggregates: list[b.AggregateExpr] = []
        self.calls: list[b.WindowExpr] = []
        self.call_rels: list[tuple[int, int]] = []
        self.window_rels: dict[int, int] = {}
        self.locked: set[int] = set()


class Builder:
    """Builds the logical plan of one statement. `rid_rels` are relations whose row addresses are wanted."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.next_rel = 0
        self.next_cte = 0
        self.working: dict[int, tuple[int, ...]] = {}

    def rel(self) -> int:
        """Return a new relation number."""
        self.next_rel += 1
        return self.next_rel

    # ------------------------------------------------------------ expressions

    def expr(self, expr: b.Expr) -> b.Expr:
        """Translate an expression: Vars to relations, subqueries to plans, aggregates to columns."""
        return rewrite(expr, self._change)

    def _change(self, item: object) -> object | None:
        kind = type(item)
        if kind is b.Const or kind is b.ParamExpr:
            return item
        if isinstance(item, b.Var):
            frame = self.frames[-1 - item.level]
            return b.Var(frame.rels[item.source], item.column, item.type, item.typmod, 0, item.name, item.pos)
        if isinstance(item, b.AggregateExpr):
            return self._aggregate(item)
        if isinstance(item, b.WindowExpr):
            return self._window_call(item)
        if isinstance(item, b.SubqueryExpr):
            return self._subquery(item)
        if isinstance(item, b.GroupingExpr):
            frame = self.frames[-1]
            frame.aggregate_rel = frame.aggregate_rel or self.rel()
            return p.GroupingBits(b.Var(frame.aggregate_rel, -10, INT8), item.groups, item.type)
        return None

    def _aggregate(self, item: b.AggregateExpr) -> b.Expr:
        frame = self.frames[-1 - item.level]
        inner = rewrite(with_fields(item, level=-1), lambda x: None if x is item or _marked(x) else self._change(x))
        inner = with_fields(inner, level=0)
        if not frame.aggregate_rel:
            frame.aggregate_rel = self.rel()
        if inner in frame.aggregates and not is_volatile(inner):
            index = frame.aggregates.index(inner)
        else:
            index = len(frame.aggregates)
            frame.aggregates.append(inner)
        return b.Var(frame.aggregate_rel, -100 - index, item.type, item.typmod, 0, item.function.name)

    def _window_call(self, item: b.WindowExpr) -> b.Expr:
        frame = self.frames[-1]
        args = tuple([self.expr(arg) for arg in item.args])
        call = with_fields(item, args=args, filter=None if item.filter is None else self.expr(item.filter))
        rel = frame.window_rels.get(item.window)
        if rel is None:
            rel = frame.window_rels[item.window] = self.rel()
        column = sum(1 for known, _ in frame.call_rels if known == rel)
        frame.calls.append(call)
        frame.call_rels.append((rel, column))
        return b.Var(rel, column, item.type, item.typmod, 0, item.function.name)

    def _subquery(self, item: b.SubqueryExpr) -> b.Expr:
        left = tuple([self.expr(arg) for arg in item.left])
        rel = self.rel()
        plan = self.query(item.query, rel)
        width = sum(1 for target in item.query.targets if not target.junk)
        return PlanExpr(
            item.kind, plan, rel, width, left, item.operators, item.row_kind, item.type, item.typmod, item.pos
        )

    # ------------------------------------------------------------ queries

    def query(self, query: b.Query, rel: int) -> Node:
        """Return the plan of a query whose output columns become relation `rel` (junk columns after the others)."""
        frame = Frame(tuple([self.rel() for _ in query.range]), query.range)
        frame.locked = {source for lock in query.locks for source in lock.sources}
        self.frames.append(frame)
        self._ctes(frame, query.ctes)
        node = self._from(query.source)
        where = self.expr(query.where) if query.where is not None else None
        if where is not None:
            node = p.Filter(node, conjuncts(where))
        targets = [self.expr(target.expr) for target in query.targets]
        having = self.expr(query.having) if query.having is not None else None
        windows = [rewrite(window, self._change) for window in query.windows]
        node, targets, having, windows = self._group(query, frame, node, targets, having, windows)
        if having is not None:
            node = p.Filter(node, conjuncts(having))
        node = self._windows(frame, node, windows)
        node = self._finish(query, node, targets, rel)
        self.frames.pop()
        return p.With(tuple(frame.plans), node) if frame.plans else node

    def _from(self, source: tuple[b.FromNode, ...]) -> Node:
        node: Node | None = None
        for item in source:
            right = self._from_node(item)
            node = right if node is None else p.Join("inner", node, right)
        return p.OneRow() if node is None else node

    def _from_node(self, item: b.FromNode) -> Node:
        if isinstance(item, b.FromRef):
            return self._entry(item.index)
        left, right = self._from_node(item.left), self._from_node(item.right)
        on = conjuncts(self.expr(item.on)) if item.on is not None else ()
        if item.kind == "right":
            return p.Join("left", right, left, on)
        return p.Join(item.kind, left, right, on)

    def _entry(self, index: int) -> Node:
        frame = self.frames[-1]
        entry, rel = frame.entries[index], frame.rels[index]
        if isinstance(entry, b.RangeTable):
            return p.Scan(entry.table, rel, entry.alias, index in frame.locked)
        if isinstance(entry, b.RangeQuery):
            return with_alias(self.query(entry.query, rel), entry.alias)
        if isinstance(entry, b.RangeValues):
            rows = tuple([tuple([self.expr(item) for item in row]) for row in entry.rows])
            return p.ValuesScan(rel, rows, entry.alias or "*VALUES*")
        if isinstance(entry, b.RangeFunction):
            calls = tuple([self.expr(call) for call in entry.calls])
            return p.FunctionScan(rel, calls, entry.types, entry.widths, entry.record, entry.ordinality, entry.alias)
        if isinstance(entry, b.RangeSetOperation):
            left_rel, right_rel = self.rel(), self.rel()
            left, right = self.query(entry.left, left_rel), self.query(entry.right, right_rel)
            return p.SetOperation(entry.operator, entry.all, left, right, left_rel, right_rel, rel, entry.types)
        return self._cte_reference(entry, rel)

    def _cte_reference(self, entry: b.RangeCte, rel: int) -> Node:
        position = len(self.frames) - 1 - entry.level
        owner = self.frames[position]
        cte = owner.ctes[entry.cte]
        if cte is not None:
            return p.CteScan(rel, cte, len(entry.types), entry.alias, entry.working)
        above = self.frames[position + 1 :]
        del self.frames[position + 1 :]
        inlined = owner.cte_queries[entry.cte].query
        assert isinstance(inlined, b.Query), "only plain queries are inlined"
        node = with_alias(self.query(inlined, rel), entry.alias)
        self.frames.extend(above)
        return node

    def _ctes(self, frame: Frame, ctes: tuple[b.BoundCte, ...]) -> None:
        frame.cte_queries = ctes
        for cte in ctes:
            query = cte.query
            if isinstance(query, b.Query) and not cte.recursive and _may_inline(cte, query):
                frame.ctes.append(None)
                continue
            self.next_cte += 1
            number = self.next_cte
            frame.ctes.append(number)
            if cte.references == 0 and isinstance(query, b.Query):
                continue  # PostgreSQL does not evaluate a SELECT that nothing refers to
            frame.plans.append(self._cte(frame, cte, number))

    def _cte(self, frame: Frame, cte: b.BoundCte, number: int) -> p.CtePlan:
        rel = self.rel()
        query = cte.query
        if not isinstance(query, b.Query):
            return p.CtePlan(number, cte.name, self.modify(query, rel), rel, cte.types, modifies=True)
        if not cte.recursive:
            return p.CtePlan(number, cte.name, self.query(query, rel), rel, cte.types)
        operation = query.range[0]
        assert isinstance(operation, b.RangeSetOperation), "a recursive query is a set operation"
        if query.order or query.limit is not None or query.offset is not None:
            raise not_supported("ORDER BY or LIMIT in a recursive query")
        inner = Frame((rel,), query.range)
        self.frames.append(inner)
        self._ctes(inner, query.ctes)
        step_rel = self.rel()
        base = self.query(operation.left, rel)
        step = self.query(operation.right, step_rel)
        self.frames.pop()
        if inner.plans:
            base, step = p.With(tuple(inner.plans), base), p.With(tuple(inner.plans), step)
        return p.CtePlan(number, cte.name, base, rel, cte.types, True, step, step_rel, operation.all)

    # ------------------------------------------------------------ grouping

    def _group(
        self,
        query: b.Query,
        frame: Frame,
        node: Node,
        targets: list[b.Expr],
        having: b.Expr | None,
        windows: list[b.WindowDef],
    ) -> tuple[Node, list[b.Expr], b.Expr | None, list[b.WindowDef]]:
        if not (
            query.grouped or query.group or frame.aggregates or query.grouping_sets is not None or having is not None
        ):
            return node, targets, having, windows
        rel = frame.aggregate_rel or self.rel()
        groups = tuple([targets[index] for index in query.group])
        sets = query.grouping_sets
        grouping = _Regrouping(rel, groups, len(frame.aggregates), frozenset(frame.rels), sets is not None)
        targets = [grouping.rewrite(target) for target in targets]
        having = None if having is None else grouping.rewrite(having)
        windows = [grouping.rewrite(window) for window in windows]
        frame.calls = [grouping.rewrite(call) for call in frame.calls]
        aggregate = p.Aggregate(node, rel, groups, tuple(frame.aggregates), tuple(grouping.carried), sets)
        return aggregate, targets, having, windows

    def _windows(self, frame: Frame, node: Node, windows: list[b.WindowDef]) -> Node:
        for window, rel in frame.window_rels.items():
            calls = tuple([
                call for call, (of, _) in zip(frame.calls, frame.call_rels, strict=True) if of == rel
            ])  # fmt: skip
            node = p.Window(node, rel, windows[window], calls)
        return node

    # ------------------------------------------------------------ targets, DISTINCT, ORDER BY, LIMIT

    def _finish(self, query: b.Query, node: Node, targets: list[b.Expr], rel: int) -> Node:
        names = tuple([target.name for target in query.targets if not target.junk])
        order = [index for index, target in enumerate(query.targets) if not target.junk]
        order += [index for index, target in enumerate(query.targets) if target.junk]
        place = {index: column for column, index in enumerate(order)}
        limit = self.expr(query.limit) if query.limit is not None else None
        offset = self.expr(query.offset) if query.offset is not None else None
        if any(is_set_returning(target) for target in targets):
            node, targets = self._project_set(node, targets)
        keys = tuple([
            b.ExprSort(targets[key.target], key.descending, key.nulls_first, None) for key in query.order
        ])  # fmt: skip
        early = query.distinct is None and not any(_once_only(key.expr) for key in keys)
        outputs = tuple([targets[index] for index in order])
        if query.locks:
            node = self._locks(query, node, keys if early else ())
        elif early and keys:
            node = p.Sort(node, keys, limit if not query.with_ties else None, offset)
        if early and not query.with_ties:
            node = _limited(node, limit, offset)
            return p.Project(node, rel, outputs[: len(names)], names)
        width = len(outputs)
        node = p.Project(node, rel, outputs, names)
        output_keys = tuple([
            b.ExprSort(
                b.Var(rel, place[key.target], targets[key.target].type, targets[key.target].typmod),
                key.descending, key.nulls_first, None,
            )
            for key in query.order
        ])  # fmt: skip
        if query.distinct is not None:
            node = self._distinct(query, node, targets, rel, place, output_keys)
        elif output_keys and not early:
            node = p.Sort(node, output_keys, None if query.with_ties else limit, offset)
        if limit is not None or offset is not None:
            node = p.Limit(node, limit, offset, output_keys if query.with_ties else ())
        return node if width == len(names) else p.Project(node, rel, tuple(
            [b.Var(rel, column, outputs[column].type, outputs[column].typmod) for column in range(len(names))]
        ), names)  # fmt: skip

    def _distinct(
        self,
        query: b.Query,
        node: Node,
        targets: list[b.Expr],
        rel: int,
        place: dict[int, int],
        keys: tuple[b.ExprSort, ...],
    ) -> Node:
        assert query.distinct is not None
        on = [b.Var(rel, place[index], targets[index].type, targets[index].typmod) for index in query.distinct]
        everything = {index for index, target in enumerate(query.targets) if not target.junk}
        plain = not query.distinct or (set(query.distinct) == everything and len(everything) == len(query.targets))
        if not query.distinct:
            on = [b.Var(rel, place[i], targets[i].type, targets[i].typmod) for i in sorted(everything)]
        if not plain and keys:
            node = p.Sort(node, keys)
        node = p.Distinct(node, tuple(on))
        if plain and keys:
            node = p.Sort(node, keys, None if query.with_ties else self._maybe(query.limit), self._maybe(query.offset))
        return node

    def _maybe(self, expr: b.Expr | None) -> b.Expr | None:
        return None if expr is None else self.expr(expr)

    def _project_set(self, node: Node, targets: list[b.Expr]) -> tuple[Node, list[b.Expr]]:
        """Put a ProjectSet below the targets; set-returning calls inside others' arguments come first."""
        while True:
            found: list[b.Expr] = []
            for target in targets:
                found.extend(_innermost_sets(target))
            if not found:
                return node, targets
            unique: list[b.Expr] = []
            for call in found:
                if call not in unique or is_volatile(call):
                    unique.append(call)
            rel = self.rel()
            node = p.ProjectSet(node, rel, tuple(unique))

            def change(item: object, rel: int = rel, unique: list[b.Expr] = unique) -> object | None:
                if isinstance(item, b.FuncExpr) and item.returns_set and item in unique:
                    return b.Var(rel, unique.index(item), item.type, item.typmod)
                return None

            targets = [rewrite(target, change) for target in targets]

    def _locks(self, query: b.Query, node: Node, keys: tuple[b.ExprSort, ...]) -> Node:
        frame = self.frames[-1]
        parts: dict[int, p.LockPart] = {}
        for lock in query.locks:
            for source in lock.sources:
                entry = frame.entries[source]
                if not isinstance(entry, b.RangeTable) or entry.table.kind != "table":
                    raise not_supported(f"FOR {lock.strength.upper()} on something other than a table")
                part = p.LockPart(frame.rels[source], entry.table, lock.strength, lock.wait)
                before = parts.get(source)
                if before is None or _STRENGTHS.index(before.strength) < _STRENGTHS.index(lock.strength):
                    parts[source] = part
        if keys:
            node = p.Sort(node, keys)
        if not parts:
            return node  # a subquery, VALUES or no FROM at all: there is nothing to lock
        return p.LockRows(node, tuple(parts.values()))

    # ------------------------------------------------------------ changes

    def modify(self, query: b.ModifyQuery, out: int) -> Node:
        """Return the plan of an INSERT, UPDATE or DELETE; RETURNING's columns become relation `out`."""
        if isinstance(query, b.InsertQuery):
            return self._insert(query, out)
        frame = Frame(tuple([self.rel() for _ in query.range]), query.range)
        frame.locked = {0}
        self.frames.append(frame)
        self._ctes(frame, query.ctes)
        source = query.source if _mentions(query.source, 0) else (b.FromRef(0), *query.source)
        node = self._from(source)
        recheck = conjuncts(self.expr(query.where)) if query.where is not None else ()
        if recheck:
            node = p.Filter(node, recheck)
        joined = len(query.range) > 1
        recheck += _join_conditions(node)
        returning = tuple([with_fields(target, expr=self.expr(target.expr)) for target in query.returning])
        made: Node
        if isinstance(query, b.UpdateQuery):
            assignments = tuple([(column, self.expr(expr)) for column, expr in query.assignments])
            rules = self._rules(query.rules, frame.rels[0])
            made = p.Update(node, query.table, frame.rels[0], out, assignments, rules, recheck, joined, returning)
        else:
            made = p.Delete(node, query.table, frame.rels[0], out, recheck, joined, returning)
        self.frames.pop()
        return p.With(tuple(frame.plans), made) if frame.plans else made

    def _insert(self, query: b.InsertQuery, out: int) -> Node:
        source_rel, rel, existing, excluded = self.rel(), self.rel(), self.rel(), self.rel()
        frame = Frame((source_rel, rel, excluded), query.range)
        self.frames.append(frame)
        self._ctes(frame, query.ctes)
        child = self.query(query.source, source_rel)
        row = tuple([self.expr(item) for item in query.row])
        returning = tuple([with_fields(target, expr=self.expr(target.expr)) for target in query.returning])
        rules = self._rules(query.rules, rel)
        conflict = query.conflict
        if conflict is not None:
            frame.rels = (source_rel, existing, excluded)
            assignments = tuple([(column, self.expr(expr)) for column, expr in conflict.assignments])
            where = None if conflict.where is None else self.expr(conflict.where)
            conflict = b.BoundConflict(conflict.action, conflict.indexes, assignments, where)
        self.frames.pop()
        made = p.Insert(child, source_rel, query.table, rel, existing, excluded, out, row, rules, conflict, returning)
        return p.With(tuple(frame.plans), made) if frame.plans else made

    def _rules(self, rules: b.TableRules, rel: int) -> b.TableRules:
        self.frames.append(Frame((rel,), ()))
        checks = tuple([(name, self.expr(expr)) for name, expr in rules.checks])
        generated = tuple([(column, self.expr(expr)) for column, expr in rules.generated])
        self.frames.pop()
        return b.TableRules(rules.not_null, checks, generated)


_STRENGTHS = ("key share", "share", "no key update", "update")


def _marked(item: object) -> bool:
    return isinstance(item, b.AggregateExpr) and item.level == -1


class _Regrouping:
    """Rewrites what is above an Aggregate: group expressions, aggregates and other columns become its columns."""

    def __init__(
        self, rel: int, groups: tuple[b.Expr, ...], aggregates: int, below: frozenset[int], sets: bool
    ) -> None:
        self.rel = rel
        self.groups = groups
        self.kinds = {type(group) for group in groups}
        self.aggregates = aggregates
        self.below = below
        self.sets = sets
        self.carried: list[b.Var] = []

    def rewrite(self, tree: T) -> T:
        """Return the tree as it reads above the aggregation."""
        return rewrite(tree, self._change)

    def _change(self, item: object) -> object | None:
        if type(item) in self.kinds:
            for index, group in enumerate(self.groups):
                if item == group:
                    return b.Var(self.rel, index, group.type, group.typmod)
        if isinstance(item, b.Var):
            if item.source == self.rel and item.column <= -100:
                return with_fields(item, column=len(self.groups) - 100 - item.column)
            if item.source == self.rel and item.column == -10:
                if not self.sets:
                    return b.Const(0, INT8)
                return with_fields(item, column=len(self.groups) + self.aggregates)
            if item.source in self.below:
                return self._carry(item)
            return item
        return None

    def _carry(self, item: b.Var) -> b.Expr:
        if item not in self.carried:
            self.carried.append(item)
        column = len(self.groups) + self.aggregates + self.sets + self.carried.index(item)
        return b.Var(self.rel, column, item.type, item.typmod, 0, item.name)


def with_alias(node: Node, alias: str) -> Node:
    """Name the projection of a subquery for EXPLAIN."""
    return with_fields(node, alias=alias) if isinstance(node, p.Project) else node


def _limited(node: Node, limit: b.Expr | None, offset: b.Expr | None) -> Node:
    return node if limit is None and offset is None else p.Limit(node, limit, offset)


def is_set_returning(expr: b.Expr) -> bool:
    """Whether the expression contains a set-returning call."""
    return any(isinstance(item, b.FuncExpr) and item.returns_set for item in _shallow(expr))


def _shallow(expr: object) -> list[object]:
    """Return the records of an expression, those inside its subplans left out."""
    found: list[object] = []

    def change(item: object) -> object | None:
        found.append(item)
        return item if isinstance(item, Node) else None

    rewrite(expr, change)
    return found


def _innermost_sets(expr: b.Expr) -> list[b.Expr]:
    calls = [item for item in _shallow(expr) if isinstance(item, b.FuncExpr) and item.returns_set]
    return [
        call for call in calls
        if not any(isinstance(item, b.FuncExpr) and item.returns_set for item in _shallow(call) if item is not call)
    ]  # fmt: skip


def _once_only(expr: b.Expr) -> bool:
    """Whether a sort key that is also a target must be evaluated only once."""
    return is_volatile(expr) or any(isinstance(item, PlanExpr) for item in walk(expr))


def _may_inline(cte: b.BoundCte, query: b.Query) -> bool:
    if cte.materialized is True or query.locks:
        return False
    if cte.references > 1 and cte.materialized is None:
        return False
    if any(not isinstance(inner.query, b.Query) for inner in query.ctes):
        return False
    return cte.references >= 1 and not is_volatile(query)


def _mentions(source: tuple[b.FromNode, ...], index: int) -> bool:
    return any(isinstance(item, b.FromRef) and item.index == index for item in walk(source))


def _join_conditions(node: Node) -> tuple[b.Expr, ...]:
    """Return the conditions of the inner joins at the top of a FROM."""
    if isinstance(node, p.Filter):
        return _join_conditions(node.child)
    if isinstance(node, p.Join) and node.kind == "inner":
        return node.on + _join_conditions(node.left) + _join_conditions(node.right)
    return ()


def build(query: b.BoundQuery) -> tuple[Node, int, Builder]:
    """Return the logical plan of a statement, the relation of its output, and the builder (for more relations)."""
    builder = Builder()
    rel = builder.rel()
    try:
        node = builder.query(query, rel) if isinstance(query, b.Query) else builder.modify(query, rel)
    except RecursionError:
        raise stack_depth() from None
    return node, rel, builder


def stack_depth() -> SqlError:
    """Return the error for a statement that is nested too deeply."""
    return SqlError("54001", "stack depth limit exceeded", hint="The statement is nested too deeply.")


__all__ = ["Builder", "build", "is_set_returning", "relations", "stack_depth", "with_alias"]
