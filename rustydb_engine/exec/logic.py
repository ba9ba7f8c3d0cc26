"""AND, OR, NOT, IS NULL, IS DISTINCT FROM, IN, ANY, ALL and row comparisons as Python source.

Where only truth matters, AND is Python's `and` over the truths of its terms, NOT turns the question round, and
`x IN (1, 2, 3)` is membership in a set. Where the value is wanted, every term is evaluated at most once:

    (False if (t1 := a) is False or (t2 := b) is False else None if t1 is None or t2 is None else True)
"""

from __future__ import annotations

from rustydb_engine.exec.expressions import TRUTHS, Compiler, constant, handles
from rustydb_engine.exec.scope import Scope, tuple_source
from rustydb_engine.exec.source import NULL, Code
from rustydb_engine.sql import bound as b
from rustydb_engine.values.arrays import FLAT_ELEMENTS
from rustydb_engine.values.compare import compare_key, key_source
from rustydb_engine.values.types import BOOL, BPCHAR, INTEGERS, TEXT_LIKE, Type, element_of

# ---------------------------------------------------------------- AND, OR, NOT


def _bool_truth(compiler: Compiler, expr: b.Expr, scope: Scope, wanted: bool) -> Code:
    assert isinstance(expr, b.BoolExpr)
    if expr.kind == "not":
        return compiler.falsehood(expr.args[0], scope) if wanted else compiler.truth(expr.args[0], scope)
    each = compiler.truth if wanted else compiler.falsehood
    word, decisive = ("and", False) if (expr.kind == "and") == wanted else ("or", True)
    terms: list[Code] = []
    for item in expr.args:
        code = each(item, scope)
        if code.constant:
            if bool(code.literal) is decisive:
                if not terms:
                    return constant(decisive)
                terms.append(code)
                break
            continue
        terms.append(code)
    if not terms:
        return constant(not decisive)
    return terms[0] if len(terms) == 1 else compiler.make(f"({f' {word} '.join(t.src for t in terms)})", terms, False)


@handles(b.BoolExpr)
def _bool_value(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.BoolExpr)
    if expr.kind == "not":
        return compiler.strict((compiler.value(expr.args[0], scope),), lambda s: f"not {s[0]}")
    stop = expr.kind == "or"
    terms: list[Code] = []
    tests: list[str] = []
    nulls: list[str] = []
    for arg in expr.args:
        code = compiler.value(arg, scope)
        if code.constant and code.literal is stop and not terms:
            return constant(stop)
        if code.constant and code.literal is (not stop):
            continue
        terms.append(code)
        if code.nullable:
            first, again = compiler.once(code)
            tests.append(f"{first} is {stop}")
            nulls.append(f"{again} is None")
        else:
            tests.append(code.src if stop else f"not {code.src}")
    if not terms:
        return constant(not stop)
    middle = f"None if {' or '.join(nulls)} else " if nulls else ""
    return compiler.make(f"({stop} if {' or '.join(tests)} else {middle}{not stop})", terms, bool(nulls))


TRUTHS[b.BoolExpr] = _bool_truth

# ---------------------------------------------------------------- IS …


@handles(b.NullTest)
def _null_test(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.NullTest)
    if expr.row:
        if isinstance(expr.arg, b.RowExpr):
            parts = [b.NullTest(item, expr.negated) for item in expr.arg.items]
            return compiler.value(b.BoolExpr("and", tuple(parts)), scope) if parts else constant(not expr.negated)
        arg = compiler.value(expr.arg, scope)
        helper = compiler.gen.use("row_is_not_null" if expr.negated else "row_is_null")
        return compiler.make(f"{helper}({arg.src})", (arg,), False)
    arg = compiler.value(expr.arg, scope)
    if arg.constant:
        return constant((arg.literal is None) is not expr.negated)
    return compiler.make(f"({arg.src} is {'not ' if expr.negated else ''}None)", (arg,), False)


@handles(b.BooleanTest)
def _boolean_test(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.BooleanTest)
    arg = compiler.value(expr.arg, scope)
    wanted = {"true": "True", "false": "False", "unknown": "None"}[expr.test]
    return compiler.make(f"({arg.src} is {'not ' if expr.negated else ''}{wanted})", (arg,), False)


@handles(b.DistinctExpr)
def _distinct(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.DistinctExpr)
    left, right = compiler.value(expr.left, scope), compiler.value(expr.right, scope)
    (missing1, again1), (missing2, again2) = _missing(compiler, left), _missing(compiler, right)
    site = compiler.site((expr.left, expr.right), BOOL)
    equal = compiler.invocation(expr.operator.function, site)((again1, again2))
    if not left.nullable and not right.nullable:
        return compiler.make(f"({'' if expr.negated else 'not '}({equal}))", (left, right), False)
    either = again1 if left.nullable else again2
    if expr.negated:
        src = f"((({missing1}) is ({missing2})) and ({either} is None or ({equal})))"
    else:
        src = f"((({missing1}) is not ({missing2})) or ({either} is not None and not ({equal})))"
    return compiler.make(src, (left, right), False)


def _missing(compiler: Compiler, code: Code) -> tuple[str, str]:
    """Return the source of a test whether a value is NULL, and the source of the value after that test."""
    if code.constant and code.literal is None:
        return "True", "None"
    if not code.nullable:
        return "False", code.src
    first, again = compiler.once(code)
    return f"{first} is None", again


# ---------------------------------------------------------------- ANY and ALL


def hash_comparable(operator_name: str, left: Type, right: Type) -> bool:
    """Whether equality by this operator is equality of keys: the types are one, or their forms compare alike."""
    if operator_name not in ("=", "<>"):
        return False
    if left.oid == right.oid:
        return left.name != "json"
    if left.oid in INTEGERS and right.oid in INTEGERS:
        return True
    return left.oid in TEXT_LIKE and right.oid in TEXT_LIKE and BPCHAR.oid not in (left.oid, right.oid)


def flat(array: Type) -> str:
    """Return the last argument of helpers for arrays whose elements are tuples, else nothing."""
    element = element_of(array)
    return ", True" if element is not None and element.name in FLAT_ELEMENTS else ""


def _members(expr: b.Expr) -> list[object] | None:
    """Return the values of a constant array, or None when it is not constant."""
    if isinstance(expr, b.Const) and isinstance(expr.value, tuple):
        items: list[object] = []
        stack = list(reversed(expr.value))
        nested = expr.type.is_array and not flat(expr.type)
        while stack:
            item = stack.pop()
            if nested and isinstance(item, tuple) and type(item) is tuple:
                stack.extend(reversed(item))
            else:
                items.append(item)
        return items
    if isinstance(expr, b.ArrayExpr) and not expr.nested and all(isinstance(item, b.Const) for item in expr.items):
        return [item.value for item in expr.items if isinstance(item, b.Const)]
    return None


class _Membership:
    """`x = ANY (set)` or `x <> ALL (set)`: the set's name, and whether it contains NULL (source of a test)."""

    def __init__(self, compiler: Compiler, expr: b.ArrayOpExpr) -> None:
        element = element_of(expr.right.type) or expr.right.type
        self.name = ""
        self.has_null = "False"
        self.kind = expr.left.type
        if not hash_comparable(expr.operator.name, expr.left.type, element):
            return
        if (expr.operator.name, expr.quantifier) not in (("=", "any"), ("<>", "all")):
            return
        key = compare_key(element)
        members = _members(expr.right)
        if members is not None:
            values = [item for item in members if item is not None]
            self.has_null = str(len(values) < len(members))
            self.name = compiler.gen.names.bind("in", frozenset([key(v) if key else v for v in values]))
            self.empty = not members
            return
        if isinstance(expr.right, b.ParamExpr):
            array = compiler.gen.parameter(expr.right.index)
            helper, key_name = compiler.gen.use("array_set"), compiler.gen.names.bind("f", key) if key else "None"
            self.name = compiler.gen.hoist(f"{helper}({array}, {key_name}{flat(expr.right.type)})", "in")
            self.has_null = f"{self.name}.has_null"
            self.empty = False


def _array_op_truth(compiler: Compiler, expr: b.Expr, scope: Scope, wanted: bool) -> Code:
    assert isinstance(expr, b.ArrayOpExpr)
    expanded = _expanded(expr)
    if expanded is not None:
        return compiler.truth(expanded, scope) if wanted else compiler.falsehood(expanded, scope)
    members = _Membership(compiler, expr)
    if not members.name or members.empty:
        code = compiler.value(expr, scope)
        return compiler.make(f"({code.src} is {wanted})", (code,), False)
    left = compiler.value(expr.left, scope)
    if (expr.quantifier == "any") == wanted:
        key = key_source(members.kind, "{}")
        if key == "{}":
            return compiler.make(f"({left.src} in {members.name})", (left,), False)
        return compiler.strict_truth((left,), lambda s: f"{key_source(members.kind, s[0])} in {members.name}", True)
    if members.has_null == "True":
        return constant(False)
    known = "" if members.has_null == "False" else f"not {members.has_null} and "
    return compiler.strict_truth(
        (left,), lambda s: f"{known}{key_source(members.kind, s[0])} not in {members.name}", True
    )


@handles(b.ArrayOpExpr)
def _array_op_value(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.ArrayOpExpr)
    expanded = _expanded(expr)
    if expanded is not None:
        return compiler.value(expanded, scope)
    members = _Membership(compiler, expr)
    left = compiler.value(expr.left, scope)
    found = expr.quantifier == "any"
    if members.name and not members.empty:
        has_null = members.has_null
        other = str(not found) if has_null == "False" else f"(None if {has_null} else {not found})"
        code = compiler.strict(
            (left,),
            lambda s: f"{found} if {key_source(members.kind, s[0])} in {members.name} else {other}",
            has_null != "False",
        )
        return code
    right = compiler.value(expr.right, scope)
    element = element_of(expr.right.type) or expr.right.type
    site = compiler.site((expr.left, b.CaseOperand(element)), BOOL)
    body = compiler.invocation(expr.operator.function, site)(("a", "b"))
    helper = compiler.gen.use("any_of" if found else "all_of")
    kind = flat(expr.right.type)
    return compiler.make(f"{helper}({left.src}, {right.src}, lambda a, b: {body}{kind})", (left, right))


def _expanded(expr: b.ArrayOpExpr) -> b.Expr | None:
    """Return a short list with expressions in it as a disjunction (conjunction for ALL) of comparisons."""
    array = expr.right
    if not isinstance(array, b.ArrayExpr) or array.nested or not 0 < len(array.items) <= 8:
        return None
    if _members(array) is not None and len(array.items) > 1:
        return None
    if not isinstance(expr.left, b.Var | b.ParamExpr | b.Const) and len(array.items) > 1:
        return None
    tests = tuple([b.OpExpr(expr.operator, (expr.left, item), BOOL) for item in array.items])
    return tests[0] if len(tests) == 1 else b.BoolExpr("or" if expr.quantifier == "any" else "and", tests)


TRUTHS[b.ArrayOpExpr] = _array_op_truth

# ---------------------------------------------------------------- rows


def _row_equality(expr: b.RowCompare) -> b.Expr:
    tests = tuple([
        b.OpExpr(operator, (left, right), BOOL)
        for operator, left, right in zip(expr.operators, expr.left, expr.right, strict=True)
    ])  # fmt: skip
    return tests[0] if len(tests) == 1 else b.BoolExpr("and" if expr.kind == "=" else "or", tests)


@handles(b.RowCompare)
def _row_compare(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.RowCompare)
    if expr.kind in ("=", "<>"):
        return compiler.value(_row_equality(expr), scope)
    lefts = [compiler.value(item, scope) for item in expr.left]
    rights = [compiler.value(item, scope) for item in expr.right]
    keys = tuple([compare_key(item.type) for item in expr.left])
    helper = compiler.gen.use("row_compare")
    names = compiler.gen.names.bind("k", keys)
    left, right = tuple_source([code.src for code in lefts]), tuple_source([code.src for code in rights])
    return compiler.make(f"{helper}({expr.kind!r}, {left}, {right}, {names})", (*lefts, *rights))


def _row_truth(compiler: Compiler, expr: b.Expr, scope: Scope, wanted: bool) -> Code:
    assert isinstance(expr, b.RowCompare)
    if expr.kind in ("=", "<>"):
        equality = _row_equality(expr)
        return compiler.truth(equality, scope) if wanted else compiler.falsehood(equality, scope)
    code = compiler.value(expr, scope)
    return compiler.make(f"({code.src} is {wanted})", (code,), False)


TRUTHS[b.RowCompare] = _row_truth

__all__ = ["NULL", "hash_comparable"]
