"""CASE, COALESCE, NULLIF, GREATEST, arrays, records, subscripts and casts as Python source.

CASE is a chain of conditional expressions, so an arm is evaluated only when it is reached. Long chains are cut into nested
functions by `Compiler.shallow`, because they are built from the last arm to the first and grow one level with each.
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.exec.expressions import CHAINED, CHAINED_ARGS, TRUTHS, Compiler, constant, handles
from rustydb_engine.exec.logic import flat
from rustydb_engine.exec.scope import Scope, tuple_source
from rustydb_engine.exec.source import NULL, Code
from rustydb_engine.sql import bound as b
from rustydb_engine.sql.binder.elements import jsonb_path
from rustydb_engine.sql.functions.registry import INLINE_NAMES
from rustydb_engine.sql.plan import GroupingBits
from rustydb_engine.values.compare import compare_key
from rustydb_engine.values.io import apply_typmod, inline_text_kind, io_of
from rustydb_engine.values.records import record_io
from rustydb_engine.values.types import (
    BOOL,
    CHAR,
    INT2VECTOR,
    JSONB,
    NAME,
    OIDVECTOR,
    RECORD,
    TEXT_LIKE,
    Type,
    element_of,
)


@handles(b.CaseExpr)
def _case(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.CaseExpr)
    start = ""
    operand: Code | None = None
    if expr.operand is not None:
        operand = compiler.value(expr.operand, scope)
        if not operand.simple:
            name = compiler.temp()
            compiler.shared.append(name)
            compiler.fn.first(f"{name} = None")
            start = f"[{name} := {operand.src}]"
            operand = Code(name, operand.nullable, True, operand.depth, operand.waits)
        compiler.operands.append(operand)
    arms: list[tuple[Code, Code]] = []
    last = NULL
    for condition, result in expr.whens:
        test = compiler.truth(condition, scope)
        if test.constant and not test.literal:
            continue
        if test.constant and test.literal:
            last = compiler.value(result, scope)
            break
        arms.append((test, compiler.value(result, scope)))
    else:
        last = compiler.value(expr.default, scope) if expr.default is not None else NULL
    if operand is not None:
        compiler.operands.pop()
    code = last
    for test, result_code in reversed(arms):
        nullable = code.nullable or result_code.nullable
        src = f"({result_code.src} if {test.src} else {code.src})"
        code = compiler.shallow(compiler.make(src, (result_code, test, code), nullable))
    if start:
        assert operand is not None
        code = compiler.make(f"({code.src} if {start} else None)", (code, operand), code.nullable)
    return code


@handles(b.CoalesceExpr)
def _coalesce(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.CoalesceExpr)
    codes: list[Code] = []
    for arg in expr.args:
        code = compiler.value(arg, scope)
        if code.constant and code.literal is None:
            continue
        codes.append(code)
        if not code.nullable:
            break
    if not codes:
        return NULL
    result = codes.pop()
    while codes:
        code = codes.pop()
        first, again = compiler.once(code)
        src = f"({again} if {first} is not None else {result.src})"
        result = compiler.shallow(compiler.make(src, (code, result), result.nullable))
    return result


@handles(b.NullIfExpr)
def _null_if(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.NullIfExpr)
    test = compiler.truth(b.OpExpr(expr.operator, expr.args, BOOL), scope)
    result = compiler.value(expr.result, scope)
    return compiler.make(f"(None if {test.src} else {result.src})", (test, result))


@handles(b.MinMaxExpr)
def _min_max(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.MinMaxExpr)
    codes = [compiler.value(arg, scope) for arg in expr.args]
    key = compare_key(expr.type)
    helper = compiler.gen.use(expr.kind.lower())
    name = compiler.gen.names.bind("f", key) if key else "None"
    nullable = all(code.nullable for code in codes)
    return compiler.make(f"{helper}({name}, {tuple_source([code.src for code in codes])})", codes, nullable)


# ---------------------------------------------------------------- arrays and records


@handles(b.ArrayExpr)
def _array(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.ArrayExpr)
    codes = [compiler.value(item, scope) for item in expr.items]
    if not expr.nested and all(code.constant for code in codes):
        return compiler.literal(tuple([code.literal for code in codes]))
    if not codes:
        return compiler.literal(())
    src = tuple_source([code.src for code in codes])
    if expr.nested:
        src = f"{compiler.gen.use('nested_array')}({src})"
    return compiler.make(src, codes, False)


@handles(b.RowExpr)
def _row(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.RowExpr)
    codes = [compiler.value(item, scope) for item in expr.items]
    if not codes:
        return compiler.literal(())
    return compiler.make(tuple_source([code.src for code in codes]), codes, False)


@handles(b.FieldExpr)
def _field(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.FieldExpr)
    arg = compiler.value(expr.arg, scope)
    return compiler.strict((arg,), lambda s: f"{s[0]}[{expr.index}]", True)


@handles(b.SubscriptExpr)
def _subscript(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.SubscriptExpr)
    kind = expr.arg.type
    if kind.oid == JSONB.oid:
        return compiler.value(jsonb_path(expr), scope)
    arg = compiler.value(expr.arg, scope)
    lower = 0 if kind.oid in (INT2VECTOR.oid, OIDVECTOR.oid) else 1
    bounds: list[Code] = []
    if not expr.slices:
        for index, _ in expr.subscripts:
            assert index is not None, "a subscript that is no slice has an index"
            bounds.append(compiler.value(index, scope))
        helper = compiler.gen.use("array_element")
        src = f"{helper}({arg.src}, {tuple_source([code.src for code in bounds])}, {lower}{flat(kind)})"
        return compiler.make(src, (arg, *bounds))
    pairs: list[str] = []
    for low, high in expr.subscripts:
        parts = ["MISSING" if item is None else "" for item in (low, high)]
        compiler.gen.use("MISSING")
        for place, item in enumerate((low, high)):
            if item is not None:
                code = compiler.value(item, scope)
                bounds.append(code)
                parts[place] = code.src
        pairs.append(f"({parts[0]}, {parts[1]})")
    helper = compiler.gen.use("array_slice")
    return compiler.make(f"{helper}({arg.src}, {tuple_source(pairs)}, {lower}{flat(kind)})", (arg, *bounds))


@handles(GroupingBits)
def _grouping(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, GroupingBits)
    mask = compiler.value(expr.mask, scope)
    if mask.constant:
        return mask
    last = len(expr.groups) - 1
    bits = [f"({mask.src} >> {group} & 1) << {last - place}" for place, group in enumerate(expr.groups)]
    return compiler.make(f"({' | '.join(bits)})", (mask,), False)


# ---------------------------------------------------------------- casts


def _cast(compiler: Compiler, expr: b.Expr, scope: Scope, arg: Code) -> Code:
    assert isinstance(expr, b.CastExpr)
    code = _method(compiler, expr, scope, arg)
    if expr.typmod >= 0 and not (code.constant and code.literal is None):
        code = _with_typmod(compiler, expr, code)
    return code


def _with_typmod(compiler: Compiler, expr: b.CastExpr, code: Code) -> Code:
    if code.constant:
        try:
            return compiler.literal(apply_typmod(expr.type, code.literal, expr.typmod, expr.explicit))
        except (SqlError, ArithmeticError, ValueError, TypeError):
            pass  # it will be raised when the expression is reached
    fit = compiler.gen.names.bind("f", apply_typmod)
    kind = compiler.gen.names.bind("k", expr.type)
    return compiler.strict((code,), lambda s: f"{fit}({kind}, {s[0]}, {expr.typmod}, {expr.explicit})")


def _method(compiler: Compiler, expr: b.CastExpr, scope: Scope, arg: Code) -> Code:
    method = expr.method
    if method in ("relabel", "length", "record"):
        return arg
    if method == "function":
        return _cast_function(compiler, expr, arg)
    if method == "output":
        return _to_text(compiler, expr, arg)
    if method == "input":
        return _from_text(compiler, expr, arg)
    assert method == "array" and expr.element is not None, f"cast method {method}"
    compiler.operands.append(Code("x", True, True))
    element = compiler.value(expr.element, scope)
    compiler.operands.pop()
    helper = compiler.gen.use("map_array")
    kind = flat(expr.arg.type)
    return compiler.strict((arg,), lambda s: f"{helper}({s[0]}, lambda x: {element.src}{kind})")


def _cast_function(compiler: Compiler, expr: b.CastExpr, arg: Code) -> Code:
    rule = expr.rule
    assert rule is not None, "a cast by a function has a rule"
    if arg.constant and arg.literal is not None and rule.implementation is not None and not rule.needs_context:
        try:
            return compiler.literal(rule.implementation(arg.literal))
        except (SqlError, ArithmeticError, ValueError, TypeError):
            pass  # it will be raised when the expression is reached
    if rule.inline:
        compiler.gen.names.globals.update({n: thing for n, thing in INLINE_NAMES.items() if n in rule.inline})
        return compiler.strict((arg,), lambda s: rule.inline.format(f"({s[0]})" if not s[0].isidentifier() else s[0]))
    if rule.implementation is None:
        return arg
    name = compiler.gen.names.bind("f", rule.implementation)
    lead = "ctx, " if rule.needs_context else ""
    return compiler.strict((arg,), lambda s: f"{name}({lead}{s[0]})")


def _to_text(compiler: Compiler, expr: b.CastExpr, arg: Code) -> Code:
    source: Type = expr.arg.type
    kind = inline_text_kind(source)
    if source.name == "void" or source.oid in TEXT_LIKE:
        kind = "str"
    fields = compiler.fields(expr.arg, ()) if source is RECORD else ()
    if fields:
        name = compiler.gen.names.bind("f", record_io([field for _, field in fields], io_of).output)
        code = compiler.strict((arg,), lambda s: f"{name}({s[0]}, ctx.forms)")
    elif kind == "int":
        code = compiler.strict((arg,), lambda s: f"str({s[0]})")
    elif kind == "str":
        code = arg
    else:
        name = compiler.gen.names.bind("f", io_of(source).output)
        code = compiler.strict((arg,), lambda s: f"{name}({s[0]}, ctx.forms)")
    return _read(compiler, expr.type, code) if expr.type in (NAME, CHAR) else code


def _from_text(compiler: Compiler, expr: b.CastExpr, arg: Code) -> Code:
    if expr.arg.type.oid not in TEXT_LIKE and expr.arg.type.name not in ("unknown", "cstring"):
        name = compiler.gen.names.bind("f", io_of(expr.arg.type).output)
        arg = compiler.strict((arg,), lambda s: f"{name}({s[0]}, ctx.forms)")
    return _read(compiler, expr.type, arg, expr.typmod)


def _read(compiler: Compiler, kind: Type, code: Code, typmod: int = -1) -> Code:
    name = compiler.gen.names.bind("f", io_of(kind).input)
    temporal = element_of(kind) if kind.is_array else kind
    now = ", ctx.transaction_time" if temporal is not None and temporal.category in "DT" else ""
    length = typmod if kind.name == "interval" else -1
    return compiler.strict((code,), lambda s: f"{name}({s[0]}, {length}, ctx.forms{now})")


def _cast_truth(compiler: Compiler, expr: b.Expr, scope: Scope, wanted: bool) -> Code:
    assert isinstance(expr, b.CastExpr)
    if expr.method == "relabel" and expr.arg.type is BOOL:
        return compiler.truth(expr.arg, scope) if wanted else compiler.falsehood(expr.arg, scope)
    code = compiler.value(expr, scope)
    return (
        constant(code.literal is wanted)
        if code.constant
        else compiler.make(f"({code.src} is {wanted})", (code,), False)
    )


CHAINED[b.CastExpr] = _cast
CHAINED_ARGS[b.CastExpr] = lambda expr: (expr.arg,)  # type: ignore[attr-defined]  # by the key
TRUTHS[b.CastExpr] = _cast_truth
