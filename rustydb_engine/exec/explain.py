"""EXPLAIN: the plan as PostgreSQL shows one.

    Sort  (cost=12.65..12.90 rows=100 width=8)
      Sort Key: x
      ->  Index Scan using t_pkey on t  (cost=0.29..8.31 rows=100 width=8)
            Index Cond: (a > 5)

Costs are the planner's own, in the unit of PostgreSQL (a page read is 1); they are estimates to compare plans of this engine by.
With ANALYZE the plan is compiled again with a counter for every node and run. Formats: text, json.

Source: PostgreSQL 15, section 14.1 and src/backend/commands/explain.c.
"""

from __future__ import annotations

import json
from collections.abc import Generator as Steps
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.explain_text import Printer
from rustydb_engine.exec.waits import Completion, Yielded
from rustydb_engine.sql import access, ast
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import Node
from rustydb_engine.sql.tree import walk
from rustydb_engine.values.types import JSON, TEXT, Type

if TYPE_CHECKING:
    from rustydb_engine.exec.context import ExecContext
    from rustydb_engine.exec.result import CompiledPlan, Params

FLAGS = ("analyze", "verbose", "costs", "settings", "buffers", "wal", "timing", "summary")


class Shown:
    """One line of the tree: its title, details, children, estimates and, after ANALYZE, its rows."""

    def __init__(self, node: Node | None, title: str, kind: str) -> None:
        self.node = node
        self.title = title
        self.kind = kind
        self.details: list[tuple[str, object]] = []
        self.children: list[Shown] = []
        self.label = ""
        self.rows = 1.0
        self.cost = 0.0
        self.start = 0.0
        self.width = 0


def explain(
    plan: CompiledPlan, options: Sequence[ast.Option], ctx: ExecContext, params: Params
) -> Steps[Yielded, None, Completion]:
    """Yield the rows of EXPLAIN: one column, "QUERY PLAN". Errors: 22023, 42601 for options."""
    flags, style = _options(options)
    assert plan.node is not None, "a compiled plan has its node"
    counts: list[int] = []
    numbers: dict[int, int] = {}
    began = ctx.monotonic() if flags["analyze"] else 0
    if flags["analyze"]:
        assert plan.instrumented is not None, "a compiled plan can be compiled again"
        counted = plan.instrumented(counts)
        numbers = counted.counted
        if counted.instant:
            counted.run(ctx, params)
        else:
            for item in counted.steps(ctx, params):
                if not isinstance(item, list):
                    yield item
    ended = ctx.monotonic() if flags["analyze"] else 0
    tree = _Tree(plan).show()
    measured = _Measured(counts, numbers) if flags["analyze"] else None
    if style == "json":
        made = _json(tree, flags, measured)
        if measured is not None and flags["timing"]:
            made["Actual Total Time"] = round((ended - began) / 1e6, 3)  # of the whole; its parts are not timed
        document: dict[str, object] = {"Plan": made}
        if measured is not None:
            document["Execution Time"] = round((ended - began) / 1e6, 3)
        lines = [json.dumps([document], indent=2)]
    else:
        lines = []
        _text(tree, flags, measured, lines, 0, "")
        if measured is not None and flags["summary"]:
            lines.append("Planning Time: 0.000 ms")
            lines.append(f"Execution Time: {(ended - began) / 1e6:.3f} ms")
    yield [(line,) for line in lines]
    return Completion("EXPLAIN")


def explain_type(options: Sequence[ast.Option]) -> Type:
    """Return the type of EXPLAIN's column: json for FORMAT JSON, text else."""
    formats = [getattr(option.value, "text", option.value) for option in options if option.name == "format"]
    return JSON if formats and str(formats[-1]).lower() == "json" else TEXT


def _options(options: Sequence[ast.Option]) -> tuple[dict[str, bool], str]:
    flags = {name: name in ("costs", "timing", "summary") for name in FLAGS}
    style = "text"
    for option in options:
        value = option.value
        text = value if isinstance(value, str) else getattr(value, "text", None)
        if option.name == "format":
            style = str(text).lower()
            if style not in ("text", "json"):
                if style in ("xml", "yaml"):
                    raise not_supported(f"EXPLAIN format {style}")
                raise SqlError(
                    "22023", f'unrecognized value for EXPLAIN option "format": "{text}"', position=option.pos
                )
        elif option.name in flags:
            flags[option.name] = text is None or str(text).lower() in ("true", "on", "1", "yes")
        else:
            raise SqlError("42601", f'unrecognized EXPLAIN option "{option.name}"', position=option.pos)
    return flags, style


class _Measured:
    """What ANALYZE counted."""

    def __init__(self, counts: list[int], numbers: dict[int, int]) -> None:
        self.counts = counts
        self.numbers = numbers

    def rows(self, node: Node | None) -> int | None:
        """Return the rows of a node, None when it was never run."""
        number = self.numbers.get(id(node))
        return None if number is None else self.counts[number]


# ---------------------------------------------------------------- the tree


class _Tree:
    """Makes the tree that is shown from a physical plan."""

    def __init__(self, plan: CompiledPlan) -> None:
        assert plan.node is not None and plan.statistics is not None, "a compiled plan has both"
        self.root = plan.node
        self.statistics = plan.statistics
        scans = [item for item in walk(self.root) if isinstance(item, p.SeqScan | p.IndexScan | p.SystemLookup)]
        self.printer = Printer(len(scans) > 1)
        for item in walk(self.root):
            if isinstance(item, p.SeqScan | p.IndexScan | p.SystemLookup):
                self.printer.names[item.rel] = item.alias, tuple([column.name for column in item.table.columns])
            elif isinstance(item, p.Aggregate):
                self.printer.computed[item.rel] = (*item.groups, *item.aggregates)
            elif isinstance(item, p.Project):
                if item.alias:
                    self.printer.names[item.rel] = item.alias, item.names
                else:
                    self.printer.computed[item.rel] = item.exprs
            elif isinstance(item, p.Window):
                self.printer.computed[item.rel] = item.calls
            elif isinstance(item, p.FunctionScan | p.CteScan | p.ValuesScan):
                self.printer.names[item.rel] = item.alias, ()
        self.ctes = {cte.cte: cte.name for item in walk(self.root) if isinstance(item, p.With) for cte in item.ctes}

    def show(self) -> Shown:
        """Return the tree of the whole plan."""
        shown = self.node(self.root)
        place = 0
        while place < len(self.printer.subplans):
            sub = self.printer.subplans[place]
            child = self.node(sub.plan)
            child.label = f"SubPlan {place + 1}"
            shown.children.append(child)
            place += 1
        return shown

    def node(self, node: Node) -> Shown:
        """Return the tree of a node."""
        method = _SHOW.get(type(node))
        if method is None:
            return Shown(node, type(node).__name__, type(node).__name__)
        made: Shown = method(self, node)
        made.node = made.node or node
        return made

    def over(self, node: Node, title: str, child: Node) -> Shown:
        """Return a step over one input."""
        below = self.node(child)
        made = Shown(node, title, title)
        made.children.append(below)
        made.rows, made.width = below.rows, below.width
        made.start, made.cost = below.start, below.cost
        return made

    def seq_scan(self, node: p.SeqScan) -> Shown:
        address = access.tid_condition(node)
        if address is not None:
            return self._tid_scan(node, *address)
        made = Shown(node, f"Seq Scan on {_named(node.table.name, node.alias)}", "Seq Scan")
        total = 1000.0 if node.table.kind == "virtual" else self.statistics.rows(node.table)
        made.rows = _share(total, node.conditions)
        made.cost = max(total / 100, 1) + total * 0.01 * (1 + 0.25 * len(node.conditions))
        made.width = _width(node.table)
        made.details = [("Relation Name", node.table.name), ("Alias", node.alias)]
        if node.conditions:
            made.details.append(("Filter", self.printer.all(node.conditions)))
        return made

    def _tid_scan(self, node: p.SeqScan, condition: b.Expr, address: b.Expr) -> Shown:
        made = Shown(node, f"Tid Scan on {_named(node.table.name, node.alias)}", "Tid Scan")
        made.rows, made.cost, made.width = 1, 4.01, _width(node.table)
        made.details = [("Relation Name", node.table.name), ("Alias", node.alias)]
        text = self.printer.text(condition)
        if isinstance(address, b.FuncExpr) and address.function.name == "current_row":
            cursor = address.args[0]
            assert isinstance(cursor, b.Const), "the cursor's name is written there"
            text = f"CURRENT OF {cursor.value}"
        made.details.append(("TID Cond", text))
        rest = tuple(item for item in node.conditions if item is not condition)
        if rest:
            made.details.append(("Filter", self.printer.all(rest)))
        return made

    def index_scan(self, node: p.IndexScan) -> Shown:
        back = " Backward" if node.reverse else ""
        made = Shown(
            node, f"Index Scan{back} using {node.index.name} on {_named(node.table.name, node.alias)}", "Index Scan"
        )
        total = self.statistics.rows(node.table)
        if node.range or not node.index.unique:
            found = total / max(self.statistics.keys(node.table, node.index), 1) if not node.range else total
            made.rows = _share(found if not node.range else total, node.index_conditions if node.range else ())
        made.cost = made.start + 0.29 + 8.02 + made.rows * 0.02
        made.start = 0.29
        made.rows = _share(made.rows, node.conditions)
        made.width = _width(node.table)
        made.details = [("Index Name", node.index.name), ("Relation Name", node.table.name), ("Alias", node.alias)]
        if node.index_conditions:
            made.details.append(("Index Cond", self.printer.all(node.index_conditions)))
        if node.conditions:
            made.details.append(("Filter", self.printer.all(node.conditions)))
        return made

    def system_lookup(self, node: p.SystemLookup) -> Shown:
        made = Shown(node, f"Index Scan on {_named(node.table.name, node.alias)}", "Index Scan")
        made.rows, made.cost, made.width = 1, 8.3, _width(node.table)
        made.details = [("Relation Name", node.table.name), ("Alias", node.alias)]
        made.details.append(("Index Cond", self.printer.text(node.condition)))
        if node.conditions:
            made.details.append(("Filter", self.printer.all(node.conditions)))
        return made

    def join(self, node: p.HashJoin | p.NestedLoop) -> Shown:
        word = {"inner": "", "left": " Left", "full": " Full", "semi": " Semi", "anti": " Anti"}[node.kind]
        left, right = self.node(node.left), self.node(node.right)
        if isinstance(node, p.HashJoin):
            made = Shown(node, f"Hash{word} Join", "Hash Join")
            made.details.append(("Hash Cond", " AND ".join([
                f"({self.printer.text(one)} = {self.printer.text(two)})" for one, two in node.keys
            ])))  # fmt: skip
            rest = node.residual
            table = Shown(None, "Hash", "Hash")
            table.children.append(right)
            table.rows, table.cost, table.start, table.width = right.rows, right.cost, right.cost, right.width
            right = table
            made.rows = max(left.rows, right.rows)
            made.cost = left.cost + right.cost + (left.rows + right.rows) * 0.02
        else:
            made = Shown(node, f"Nested Loop{word}{' Join' if word else ''}", "Nested Loop")
            rest = node.on
            made.rows = _share(left.rows * right.rows, rest)
            made.cost = left.cost + left.rows * (right.cost if not node.kept else right.rows * 0.01)
            if node.kept:
                kept = Shown(None, "Materialize", "Materialize")
                kept.children.append(right)
                kept.rows, kept.cost, kept.width = right.rows, right.cost, right.width
                right = kept
        if rest:
            made.details.append(("Join Filter", self.printer.all(rest)))
        made.children = [left, right]
        made.width = left.width + (0 if node.kind in ("semi", "anti") else right.width)
        return made

    def filter(self, node: p.Filter) -> Shown:
        below = self.node(node.child)
        if below.kind in (
            "Result",
            "Aggregate",
            "HashAggregate",
            "Function Scan",
            "CTE Scan",
            "Values Scan",
            "Subquery Scan",
        ):
            below.details.append(("Filter", self.printer.all(node.conditions)))
            below.rows = _share(below.rows, node.conditions)
            return below
        made = self.over(node, "Result", node.child)
        made.details.append(("Filter", self.printer.all(node.conditions)))
        made.rows = _share(made.rows, node.conditions)
        return made

    def project(self, node: p.Project) -> Shown:
        for expr in node.exprs:
            self.printer.text(expr)
        below = self.node(node.child)
        if not node.alias:
            return below
        made = Shown(node, f"Subquery Scan on {node.alias}", "Subquery Scan")
        made.children.append(below)
        made.rows, made.cost, made.start, made.width = below.rows, below.cost, below.start, below.width
        return made

    def aggregate(self, node: p.Aggregate) -> Shown:
        kind = "HashAggregate" if node.groups else "Aggregate"
        made = self.over(node, kind, node.child)
        if node.sets is not None:
            made.title = made.kind = "MixedAggregate"
        made.cost += made.rows * 0.01
        made.start = made.cost
        made.rows = max(made.rows * 0.1, 1) if node.groups else 1
        if node.groups:
            made.details.append(("Group Key", self.printer.list(node.groups)))
        return made

    def sort(self, node: p.Sort) -> Shown:
        made = self.over(node, "Sort", node.child)
        made.cost += made.rows * 0.02
        made.start = made.cost
        made.details.append(("Sort Key", self.printer.keys(node.keys)))
        return made

    def limit(self, node: p.Limit) -> Shown:
        made = self.over(node, "Limit", node.child)
        if isinstance(node.limit, b.Const) and isinstance(node.limit.value, int):
            made.rows = min(made.rows, max(node.limit.value, 0))
        return made

    def function_scan(self, node: p.FunctionScan) -> Shown:
        names = [call.function.name for call in node.calls if isinstance(call, b.FuncExpr)]
        name = names[0] if names else "expression"
        made = Shown(node, f"Function Scan on {_named(name, node.alias or name)}", "Function Scan")
        made.rows, made.cost, made.width = 1000, 10.0, 4 * len(node.types)
        return made

    def modify(self, node: p.Insert | p.Update | p.Delete) -> Shown:
        word = type(node).__name__
        made = Shown(node, f"{word} on {node.table.name}", "ModifyTable")
        made.details += [("Operation", word), ("Relation Name", node.table.name), ("Alias", node.table.name)]
        below = self.node(node.child)
        made.children.append(below)
        made.cost, made.start, made.rows = below.cost, below.start, 0 if not node.returning else below.rows
        return made

    def set_operation(self, node: p.SetOperation) -> Shown:
        if node.operator == "union":
            title = "Append" if node.all else "HashAggregate"
        else:
            title = f"HashSetOp {node.operator.title()}{' All' if node.all else ''}"
        made = Shown(node, title, title)
        made.children = [self.node(node.left), self.node(node.right)]
        made.rows = sum(child.rows for child in made.children)
        made.cost = sum(child.cost for child in made.children)
        made.width = made.children[0].width
        return made

    def with_queries(self, node: p.With) -> Shown:
        made = self.node(node.child)
        for cte in reversed(node.ctes):
            below = self.node(cte.plan)
            if cte.step is not None:
                union = Shown(None, "Recursive Union", "Recursive Union")
                union.children = [below, self.node(cte.step)]
                union.rows, union.cost = below.rows * 10, below.cost * 10
                below = union
            below.label = f"CTE {cte.name}"
            made.children.insert(0, below)
        return made

    def cte_scan(self, node: p.CteScan) -> Shown:
        kind = "WorkTable Scan" if node.working else "CTE Scan"
        made = Shown(node, f"{kind} on {_named(self.ctes.get(node.cte, ''), node.alias)}", kind)
        made.rows, made.width = 100, 4 * node.width
        return made


def _plain(title: str) -> Any:
    return lambda tree, node: tree.over(node, title, node.child)


_SHOW: dict[type, Any] = {
    p.SeqScan: _Tree.seq_scan,
    p.IndexScan: _Tree.index_scan,
    p.SystemLookup: _Tree.system_lookup,
    p.HashJoin: _Tree.join,
    p.NestedLoop: _Tree.join,
    p.Filter: _Tree.filter,
    p.Project: _Tree.project,
    p.Aggregate: _Tree.aggregate,
    p.Sort: _Tree.sort,
    p.Limit: _Tree.limit,
    p.FunctionScan: _Tree.function_scan,
    p.Insert: _Tree.modify,
    p.Update: _Tree.modify,
    p.Delete: _Tree.modify,
    p.SetOperation: _Tree.set_operation,
    p.With: _Tree.with_queries,
    p.CteScan: _Tree.cte_scan,
    p.OneRow: lambda tree, node: Shown(node, "Result", "Result"),
    p.ValuesScan: lambda tree, node: _values(node),
    p.Distinct: _plain("Unique"),
    p.LockRows: _plain("LockRows"),
    p.ProjectSet: _plain("ProjectSet"),
    p.Window: _plain("WindowAgg"),
}


def _values(node: p.ValuesScan) -> Shown:
    if len(node.rows) == 1:
        return Shown(node, "Result", "Result")
    made = Shown(node, f'Values Scan on "{node.alias}"', "Values Scan")
    made.rows, made.cost = len(node.rows), len(node.rows) * 0.0125
    return made


def _named(name: str, alias: str) -> str:
    return name if not alias or alias == name else f"{name} {alias}"


def _share(rows: float, conditions: Sequence[b.Expr]) -> float:
    for condition in conditions:
        rows *= access.selectivity(condition)
    return max(rows, 1.0)


def _width(table: Any) -> int:
    return sum(column.type.size if column.type.size > 0 else 32 for column in table.live())


# ---------------------------------------------------------------- formats


def _text(
    shown: Shown, flags: dict[str, bool], measured: _Measured | None, lines: list[str], depth: int, arrow: str
) -> None:
    pad = " " * depth
    head = f"{pad}{arrow}{shown.title}"
    if flags["costs"]:
        head += f"  (cost={shown.start:.2f}..{shown.cost:.2f} rows={round(shown.rows)} width={shown.width})"
    if measured is not None and shown.node is not None:
        rows = measured.rows(shown.node)
        head += " (never executed)" if rows is None else f" (actual rows={rows} loops=1)"
    lines.append(head)
    inner = depth + (len(arrow) if arrow else 0) + 2
    for label, text in shown.details:
        if label not in ("Operation", "Relation Name", "Alias", "Index Name"):
            lines.append(f"{' ' * inner}{label}: {text}")
    for child in shown.children:
        if child.label:
            lines.append(f"{' ' * inner}{child.label}")
            _text(child, flags, measured, lines, inner + 2, "->  ")
        else:
            _text(child, flags, measured, lines, inner, "->  ")


def _json(shown: Shown, flags: dict[str, bool], measured: _Measured | None) -> dict[str, object]:
    made: dict[str, object] = {"Node Type": shown.kind}
    if shown.label:
        made["Subplan Name"] = shown.label
    made.update(shown.details)
    if flags["costs"]:
        made.update({
            "Startup Cost": round(shown.start, 2), "Total Cost": round(shown.cost, 2),
            "Plan Rows": round(shown.rows), "Plan Width": shown.width,
        })  # fmt: skip
    if measured is not None:
        made.update({"Actual Rows": measured.rows(shown.node) or 0, "Actual Loops": 1})
    if shown.children:
        made["Plans"] = [_json(child, flags, measured) for child in shown.children]
    return made
