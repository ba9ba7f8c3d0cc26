"""Three-valued logic: value, truth and falsehood of a compiled condition agree with SQL's truth tables."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from rustydb_engine.exec.codegen import Generator
from rustydb_engine.exec.compile import load
from rustydb_engine.exec.scope import RowBinding, Scope
from rustydb_engine.sql import bound as b
from rustydb_engine.sql.functions import load_all
from rustydb_engine.sql.functions.registry import OPERATORS
from rustydb_engine.values.types import BOOL, INT4

load_all()
COLUMNS = 3
LESS = next(entry for entry in OPERATORS["<"] if entry.left is INT4 and entry.right is INT4)
EQUAL = next(entry for entry in OPERATORS["="] if entry.left is INT4 and entry.right is INT4)


def leaves() -> st.SearchStrategy[b.Expr]:
    columns = st.integers(0, COLUMNS - 1).map(lambda column: b.Var(0, column, INT4))
    numbers = st.one_of(columns, st.sampled_from([b.Const(0, INT4), b.Const(1, INT4), b.Const(None, INT4)]))
    compared = st.builds(lambda op, x, y: b.OpExpr(op, (x, y), BOOL), st.sampled_from([LESS, EQUAL]), numbers, numbers)
    members = st.lists(
        st.sampled_from([b.Const(0, INT4), b.Const(2, INT4), b.Const(None, INT4)]), min_size=1, max_size=3
    )
    listed = st.builds(
        lambda x, items: b.ArrayOpExpr(EQUAL, "any", x, b.ArrayExpr(tuple(items), INT4_ARRAY)), columns, members
    )
    return st.one_of(compared, listed, st.sampled_from([b.Const(value, BOOL) for value in (True, False, None)]))


from rustydb_engine.values.types import BY_NAME  # noqa: E402 - only for the constant below

INT4_ARRAY = BY_NAME["_int4"]


def conditions() -> st.SearchStrategy[b.Expr]:
    def larger(inner: st.SearchStrategy[b.Expr]) -> st.SearchStrategy[b.Expr]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(
            several.map(lambda args: b.BoolExpr("and", args)),
            several.map(lambda args: b.BoolExpr("or", args)),
            inner.map(lambda arg: b.BoolExpr("not", (arg,))),
            inner.map(lambda arg: b.NullTest(arg)),
            inner.map(lambda arg: b.BooleanTest(arg, "true", True)),
            st.builds(lambda test, yes, no: b.CaseExpr(None, ((test, yes),), no, BOOL), inner, inner, inner),
            several.map(lambda args: b.CoalesceExpr(args, BOOL)),
        )

    return st.recursive(leaves(), larger, max_leaves=8)


def evaluate(expr: b.Expr, row: tuple[int | None, ...]) -> object:
    """The definition: SQL's truth tables, evaluated directly."""
    match expr:
        case b.Const():
            return expr.value
        case b.Var():
            return row[expr.column]
        case b.OpExpr():
            left, right = (evaluate(arg, row) for arg in expr.args)
            if left is None or right is None:
                return None
            return left < right if expr.operator is LESS else left == right  # type: ignore[operator]
        case b.ArrayOpExpr():
            left = evaluate(expr.left, row)
            assert isinstance(expr.right, b.ArrayExpr)
            return disjunction(
                [None if None in (left, v) else left == v for v in (evaluate(i, row) for i in expr.right.items)]
            )
        case b.BoolExpr():
            values = [evaluate(arg, row) for arg in expr.args]
            if expr.kind == "not":
                return None if values[0] is None else not values[0]
            if expr.kind == "or":
                return disjunction(values)
            negated = disjunction([None if value is None else not value for value in values])
            return None if negated is None else not negated
        case b.NullTest():
            return (evaluate(expr.arg, row) is None) is not expr.negated
        case b.BooleanTest():
            return (evaluate(expr.arg, row) is True) is not expr.negated
        case b.CaseExpr():
            ((test, yes),) = expr.whens
            assert expr.default is not None
            return evaluate(yes if evaluate(test, row) is True else expr.default, row)
        case b.CoalesceExpr():
            return next((v for v in (evaluate(arg, row) for arg in expr.args) if v is not None), None)
    raise AssertionError(expr)


def disjunction(values: list[object]) -> bool | None:
    if True in [value is True for value in values]:
        return True
    return None if None in values else False


@given(conditions(), st.frozensets(st.integers(0, COLUMNS - 1)))
def test_value_truth_and_falsehood_agree_with_the_definition(expr: b.Expr, not_null: frozenset[int]) -> None:
    gen = Generator([], None)
    fn = gen.fn
    fn.parameters = ("ctx", "r")
    scope = Scope({0: RowBinding("r", COLUMNS, not_null)})
    codes = [gen.compiler.value(expr, scope), gen.compiler.truth(expr, scope), gen.compiler.falsehood(expr, scope)]
    fn.line(f"return {', '.join(code.src for code in codes)}")
    run = load("\n".join(fn.lines()) + "\n", gen.names.globals, "run")
    domains = [(0, 1, 2) if column in not_null else (None, 0, 1, 2) for column in range(COLUMNS)]
    for row in itertools.product(*domains):
        value, truth, falsehood = run(SimpleNamespace(), row)
        expected = evaluate(expr, row)
        assert value is expected
        assert bool(truth) is (expected is True)
        assert bool(falsehood) is (expected is False)
        assert codes[0].nullable or value is not None
