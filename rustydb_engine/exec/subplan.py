"""Subqueries in expressions: EXISTS, scalar, ARRAY, ANY and ALL.

A subquery that does not depend on the outer row is evaluated at most once, when it is first wanted (PostgreSQL's InitPlan); one
that does is a nested function, called where its value is wanted, that sees the outer row's variables as a closure.

`x = ANY (SELECT …)` and `x <> ALL (SELECT …)` over an independent subquery look x up in a set of its rows.
"""

from __future__ import annotations

from rustydb_engine.exec.codegen import is_instant
from rustydb_engine.exec.expressions import TRUTHS, Compiler, handles
from rustydb_engine.exec.logic import hash_comparable
from rustydb_engine.exec.runtime import helper
from rustydb_engine.exec.scan import null_safe_key
from rustydb_engine.exec.scope import Scope, tuple_source
from rustydb_engine.exec.source import Code, FunctionSource
from rustydb_engine.sql import bound as b
from rustydb_engine.sql import plan as p
from rustydb_engine.sql.plan import PlanExpr
from rustydb_engine.sql.tree import compared_columns, walk
from rustydb_engine.values.types import BOOL


@handles(PlanExpr)
def _plan_value(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, PlanExpr)
    if expr.kind in ("any", "all"):
        return _quantified(compiler, expr, scope)
    return _once_or_call(compiler, expr, scope, _result_function)


def _plan_truth(compiler: Compiler, expr: b.Expr, scope: Scope, wanted: bool) -> Code:
    assert isinstance(expr, PlanExpr)
    code = _plan_value(compiler, expr, scope)
    if expr.kind == "exists":
        return code if wanted else compiler.make(f"(not {code.src})", (code,), False)
    return compiler.make(f"({code.src} is {wanted})", (code,), False)


TRUTHS[PlanExpr] = _plan_truth


def is_correlated(expr: PlanExpr, scope: Scope) -> bool:
    """Whether the subquery reads columns of the query around it."""
    return any(isinstance(item, b.Var) and item.source in scope.bindings for item in walk(expr.plan))


def _once_or_call(compiler: Compiler, expr: PlanExpr, scope: Scope, write: object) -> Code:
    """Return code that calls the subquery's function, or reads its value, computed at first use."""
    gen = compiler.gen
    waits = not is_instant(expr.plan)
    nullable = expr.kind == "scalar"
    if is_correlated(expr, scope):
        fn = _function(compiler, expr, scope, None, waits, write)
        return Code(f"(yield from {fn.name}())" if waits else f"{fn.name}()", nullable, False, 1, waits)
    owner = _owner(compiler, expr)
    fn = _function(compiler, expr, scope, owner, waits, write)
    slot = gen.names.fresh("i")
    gen.use("MISSING")
    owner.first(f"{slot} = MISSING")
    once = FunctionSource(gen.names.fresh("once"), (), waits, owner)
    once.line(f"nonlocal {slot}")
    once.line(f"{slot} = {f'yield from {fn.name}()' if waits else f'{fn.name}()'}")
    once.line(f"return {slot}")
    owner.nest(once)
    call = f"(yield from {once.name}())" if waits else f"{once.name}()"
    return Code(f"({slot} if {slot} is not MISSING else {call})", nullable, False, 2, waits)


def _owner(compiler: Compiler, expr: PlanExpr) -> FunctionSource:
    """Return the function in which an independent subquery is kept: the root, or where a CTE that it reads is."""
    gen = compiler.gen
    owner = gen.root
    for item in walk(expr.plan):
        if isinstance(item, p.CteScan):
            if item.working:
                return gen.fn
            known = gen.ctes.get(item.cte)
            if known is not None and _depth(known[1]) > _depth(owner):
                owner = known[1]
    return owner


def _depth(fn: FunctionSource) -> int:
    depth = 0
    while fn.parent is not None:
        fn = fn.parent
        depth += 1
    return depth


def _function(
    compiler: Compiler, expr: PlanExpr, scope: Scope, owner: FunctionSource | None, waits: bool, write: object
) -> FunctionSource:
    gen = compiler.gen
    operands, compiler.operands = compiler.operands, []
    with gen.nested("sub", waits, owner) as fn:
        assert callable(write)
        write(compiler, expr, scope, fn)
    compiler.operands = operands
    return fn


def _result_function(compiler: Compiler, expr: PlanExpr, scope: Scope, fn: FunctionSource) -> None:
    gen = compiler.gen
    if expr.kind == "exists":

        def found(_: Scope) -> None:
            fn.line("return True")

        plan = expr.plan
        while isinstance(plan, p.Project) and not any(_sets(item) for item in plan.exprs):
            plan = plan.child
        gen.produce(plan, scope, found)
        fn.line("return False")
        return
    rows = gen.names.fresh("x")
    if expr.kind == "array":
        fn.line(f"{rows} = []")
        gen.produce_values(expr.plan, expr.rel, scope, lambda codes, _: fn.line(f"{rows}.append({codes[0].src})"))
        fn.line(f"return tuple({rows})")
        return
    assert expr.kind == "scalar", f"subquery of kind {expr.kind}"
    gen.use("MISSING")
    gen.use("more_than_one_row")
    fn.line(f"{rows} = MISSING")

    def keep(codes: list[Code], _: Scope) -> None:
        with fn.block(f"if {rows} is not MISSING:"):
            fn.line("raise more_than_one_row()")
        source = codes[0].src if expr.width == 1 else tuple_source([code.src for code in codes])
        fn.line(f"{rows} = {source}")

    gen.produce_values(expr.plan, expr.rel, scope, keep)
    fn.line(f"return None if {rows} is MISSING else {rows}")


def _sets(expr: b.Expr) -> bool:
    return any(isinstance(item, b.FuncExpr) and item.returns_set for item in walk(expr))


# ---------------------------------------------------------------- ANY and ALL


@helper
class RowSet:
    """The rows of a subquery for `IN`: keys without NULL, and those with one. `single`: keys are no tuples."""

    __slots__ = ("keys", "partial")

    def __init__(self, rows: list[object], single: bool) -> None:
        if single:
            self.keys = {key for key in rows if key is not None}
            self.partial: list[object] = [None] if None in rows else []
        else:
            self.keys = {key for key in rows if None not in key}  # type: ignore[operator]  # tuples
            self.partial = [key for key in rows if None in key]  # type: ignore[operator]  # tuples

    def contains(self, key: object) -> bool | None:
        """Return `key IN rows`, NULL when that is not known; `key` is one value."""
        if key is None:
            return None if self.keys or self.partial else False
        if key in self.keys:
            return True
        return None if self.partial else False

    def contains_row(self, key: tuple[object, ...]) -> bool | None:
        """Return `key IN rows` of several columns."""
        if None not in key and key in self.keys:
            return True
        candidates: list[object] = list(self.partial)
        if None in key:
            candidates += self.keys
        for other in candidates:
            assert isinstance(other, tuple), "rows of several columns"
            if all(one is None or two is None or one == two for one, two in zip(key, other, strict=True)):
                return None
        return False


@helper
def negated(verdict: bool | None) -> bool | None:
    """Return NOT."""
    return None if verdict is None else not verdict


def _quantified(compiler: Compiler, expr: PlanExpr, scope: Scope) -> Code:
    columns = compared_columns(expr.rel, expr.left, expr.operators)
    hashable = all(
        hash_comparable(operator.name, left.type, column.type)
        for operator, left, column in zip(expr.operators, expr.left, columns, strict=True)
    )
    member = (expr.kind, expr.row_kind) in (("any", "="), ("all", "<>"))
    if member and hashable and not is_correlated(expr, scope) and _uniform(expr):
        return _membership(compiler, expr, scope, columns)
    return _compared(compiler, expr, scope, columns)


def _uniform(expr: PlanExpr) -> bool:
    wanted = "=" if expr.kind == "any" else "<>"
    return all(operator.name == wanted for operator in expr.operators)


def _membership(compiler: Compiler, expr: PlanExpr, scope: Scope, columns: tuple[b.Var, ...]) -> Code:
    gen = compiler.gen
    single = expr.width == 1
    gen.use("RowSet")

    def write(compiler: Compiler, expr: PlanExpr, scope: Scope, fn: FunctionSource) -> None:
        rows = gen.names.fresh("x")
        fn.line(f"{rows} = []")

        def keep(codes: list[Code], _: Scope) -> None:
            keys = [null_safe_key(gen, column.type, code) for column, code in zip(columns, codes, strict=True)]
            fn.line(f"{rows}.append({keys[0] if single else tuple_source(keys)})")

        gen.produce_values(expr.plan, expr.rel, scope, keep)
        fn.line(f"return RowSet({rows}, {single})")

    made = _once_or_call(compiler, expr, scope, write)
    lefts = [compiler.value(left, scope) for left in expr.left]
    keys = [null_safe_key(gen, left.type, code) for left, code in zip(expr.left, lefts, strict=True)]
    method = "contains" if single else "contains_row"
    src = f"{made.src}.{method}({keys[0] if single else tuple_source(keys)})"
    if expr.kind == "all":
        src = f"{gen.use('negated')}({src})"
    return compiler.make(src, (made, *lefts))


def _compared(compiler: Compiler, expr: PlanExpr, scope: Scope, columns: tuple[b.Var, ...]) -> Code:
    """Compare with every row, until one decides."""
    test: b.Expr
    if len(expr.operators) == 1:
        test = b.OpExpr(expr.operators[0], (expr.left[0], columns[0]), BOOL)
    else:
        test = b.RowCompare(expr.row_kind, expr.operators, expr.left, columns)
    waits = not is_instant(expr.plan)
    gen = compiler.gen
    decisive = expr.kind == "any"
    operands = list(compiler.operands)
    with gen.nested("sub", waits) as fn:
        compiler.operands = operands
        unknown, verdict = gen.names.fresh("x"), gen.names.fresh("x")
        fn.line(f"{unknown} = False")

        def each(inner: Scope) -> None:
            fn.line(f"{verdict} = {compiler.value(test, inner).src}")
            with fn.block(f"if {verdict} is {decisive}:"):
                fn.line(f"return {decisive}")
            with fn.block(f"if {verdict} is None:"):
                fn.line(f"{unknown} = True")

        gen.produce(expr.plan, scope, each)
        fn.line(f"return None if {unknown} else {not decisive}")
    return Code(f"(yield from {fn.name}())" if waits else f"{fn.name}()", True, False, 1, waits)
