"""Expressions as Python source: columns, constants, parameters, functions, operators.

`Compiler.value` gives code for the value (None is NULL). `Compiler.truth` gives code that is truthy exactly when the
expression is true, and `Compiler.falsehood` exactly when it is false: where only that matters, as in WHERE, the three
values of SQL need no third value at all.

    a > 5 AND b = 'x'    a NOT NULL, b nullable

    truth       (r1[0] > 5 and r1[1] == 'x')
    value       (False if not (t1 := r1[0] > 5) else … )

A strict function whose arguments can be NULL is guarded, each such argument is evaluated once into a temporary:

    (None if (t1 := r1[1]) is None else t1 + 1)

Calls of immutable functions on constants are evaluated here; if that raises, the call stays, so the error comes only
if the expression is reached. Chains of operators are compiled in a loop, and what is nested too deeply for Python's
parser becomes a nested function. Other kinds of expressions register themselves in `HANDLERS` (logic, conditional,
subplan).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from rustydb_engine.errors import SqlError, not_supported
from rustydb_engine.exec.scope import RowBinding, Scope, null_row, tuple_source
from rustydb_engine.exec.source import DEPTH_MAX, NULL, Code, FunctionSource
from rustydb_engine.sql import bound as b
from rustydb_engine.sql.functions.registry import INLINE_NAMES, CallSite, Function, implementation_for
from rustydb_engine.values.types import BOOL, Type

if TYPE_CHECKING:
    from rustydb_engine.exec.codegen import Generator

Handler = Callable[["Compiler", b.Expr, Scope], Code]
HANDLERS: dict[type, Handler] = {}
TRUTHS: dict[type, Callable[[Compiler, b.Expr, Scope, bool], Code]] = {}
"""Handlers of expressions that know better than comparing their value; the flag is the truth value wanted."""

NEVER_NULL_OPERATORS = frozenset(
    [
        "=",
        "<>",
        "<",
        ">",
        "<=",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "||",
        "~~",
        "!~~",
        "~~*",
        "!~~*",
        "~",
        "!~",
        "~*",
        "!~*",
        "&",
        "|",
        "#",
        "<<",
        ">>",
        "@",
        "^@",
        "@>",
        "<@",
        "&&",
        "?",
        "?|",
        "?&",
    ]
)
NEVER_NULL_FUNCTIONS = frozenset(
    [
        "lower",
        "upper",
        "length",
        "abs",
        "round",
        "floor",
        "ceil",
        "ceiling",
        "trunc",
        "sqrt",
        "now",
        "char_length",
        "octet_length",
        "md5",
        "btrim",
        "ltrim",
        "rtrim",
        "replace",
        "left",
        "right",
        "lpad",
        "rpad",
        "reverse",
        "repeat",
        "mod",
        "power",
        "sign",
        "date_trunc",
    ]
)


def handles(*kinds: type) -> Callable[[Handler], Handler]:
    """Register the decorated function as the compiler of these expressions."""

    def enter(handler: Handler) -> Handler:
        for kind in kinds:
            HANDLERS[kind] = handler
        return handler

    return enter


class Compiler:
    """Compiles expressions into the function that `gen` is writing."""

    def __init__(self, gen: Generator) -> None:
        self.gen = gen
        self.operands: list[Code] = []
        self.shared: list[str] = []

    @property
    def fn(self) -> FunctionSource:
        """The function being written."""
        return self.gen.fn

    # ------------------------------------------------------------ the three ways to compile

    def value(self, expr: b.Expr, scope: Scope) -> Code:
        """Return code for the expression's value."""
        chain: list[b.Expr] = []
        while type(expr) in CHAINED and CHAINED_ARGS[type(expr)](expr):
            chain.append(expr)
            expr = CHAINED_ARGS[type(expr)](expr)[0]
        handler = HANDLERS.get(type(expr))
        if handler is None:
            raise not_supported(f"expression {type(expr).__name__}")
        code = handler(self, expr, scope)
        for link in reversed(chain):
            code = CHAINED[type(link)](self, link, scope, self.shallow(code))
        return self.shallow(code)

    def truth(self, expr: b.Expr, scope: Scope) -> Code:
        """Return code that is truthy exactly when the expression is true."""
        return self._verdict(expr, scope, True)

    def falsehood(self, expr: b.Expr, scope: Scope) -> Code:
        """Return code that is truthy exactly when the expression is false."""
        return self._verdict(expr, scope, False)

    def _verdict(self, expr: b.Expr, scope: Scope, wanted: bool) -> Code:
        special = TRUTHS.get(type(expr))
        if special is not None:
            return self.shallow(special(self, expr, scope, wanted))
        code = self.value(expr, scope)
        if code.constant:
            return constant(code.literal is wanted)
        if wanted:
            return code
        if not code.nullable:
            return self.make(f"(not {code.src})", (code,), False)
        return self.make(f"({code.src} is False)", (code,), False)

    # ------------------------------------------------------------ pieces

    def make(self, src: str, parts: Sequence[Code], nullable: bool = True) -> Code:
        """Return the code of a parenthesised expression made of parts."""
        depth = 1
        waits = False
        for part in parts:
            if part.depth >= depth:
                depth = part.depth + 1
            waits = waits or part.waits
        return Code(src, nullable, False, depth, waits)

    def shallow(self, code: Code) -> Code:
        """Return the code, moved to a nested function if it is nested too deeply or too long."""
        if code.depth <= DEPTH_MAX and len(code.src) < 20_000:
            return code
        inner = FunctionSource(self.gen.names.fresh("deep"), (), code.waits, self.fn)
        shared = [name for name in self.shared if f"[{name} := " in code.src]
        if shared:
            inner.line(f"nonlocal {', '.join(shared)}")
        inner.line(f"return {code.src}")
        self.fn.nest(inner)
        call = f"(yield from {inner.name}())" if code.waits else f"{inner.name}()"
        return Code(call, code.nullable, False, 1, code.waits)

    def temp(self) -> str:
        """Return the name of a new temporary."""
        return self.gen.names.fresh("t")

    def once(self, code: Code) -> tuple[str, str]:
        """Return (source that evaluates the code first, source to read it again)."""
        if code.constant or code.src.isidentifier():
            return code.src, code.src
        name = self.temp()
        return f"({name} := {code.src})", name

    def strict(self, args: Sequence[Code], body: Callable[[Sequence[str]], str], nullable: bool = False) -> Code:
        """Return code for `body` of the arguments' sources, None when an argument is None."""
        if any(arg.constant and arg.literal is None for arg in args):
            return NULL
        tests: list[str] = []
        sources: list[str] = []
        for arg in args:
            if arg.nullable:
                first, again = self.once(arg)
                tests.append(f"{first} is None")
                sources.append(again)
            else:
                sources.append(arg.src)
        inner = body(sources)
        if not tests:
            return self.make(f"({inner})", args, nullable)
        return self.make(f"(None if {' or '.join(tests)} else {inner})", args, True)

    def strict_truth(self, args: Sequence[Code], body: Callable[[Sequence[str]], str], wanted: bool) -> Code:
        """Return code that is truthy when no argument is None and the Boolean `body` is `wanted`."""
        if any(arg.constant and arg.literal is None for arg in args):
            return constant(False)
        tests: list[str] = []
        sources: list[str] = []
        for arg in args:
            if arg.nullable:
                first, again = self.once(arg)
                tests.append(f"{first} is not None")
                sources.append(again)
            else:
                sources.append(arg.src)
        inner = body(sources)
        tests.append(f"({inner})" if wanted else f"not ({inner})")
        return self.make(f"({' and '.join(tests)})", args, False)

    def invocation(self, entry: Function, site: CallSite) -> Callable[[Sequence[str]], str]:
        """Return how a call of a function reads, given its arguments' sources."""
        if entry.inline and not entry.typed:
            self.gen.names.globals.update(INLINE_NAMES_USED(entry.inline))
            template = entry.inline
            return lambda sources: template.format(*[_parenthesised(source) for source in sources])
        name = self.gen.names.bind("f", implementation_for(entry, site))
        lead = "ctx, " if entry.context else ""
        return lambda sources: f"{name}({lead}{', '.join(sources)})"

    def call(self, entry: Function, args: Sequence[Code], site: CallSite, never_null: bool = False) -> Code:
        """Return code for a call of a plain function."""
        body = self.invocation(entry, site)
        if entry.strict:
            code = self.strict(args, body, not never_null)
        else:
            code = self.make(f"({body([arg.src for arg in args])})", args)
        if entry.volatility == "i" and not entry.context and not code.constant and all(arg.constant for arg in args):
            return self.folded(entry, args, site, code)
        return code

    def folded(self, entry: Function, args: Sequence[Code], site: CallSite, code: Code) -> Code:
        """Return the result of a call on constants as a constant, or `code` when the call raises."""
        try:
            result = implementation_for(entry, site)(*[arg.literal for arg in args])
        except (SqlError, ArithmeticError, ValueError, TypeError):
            return code
        if not isinstance(result, FOLDED) and result is not None:
            return code
        return self.literal(result)

    def literal(self, thing: object) -> Code:
        """Return the code of a constant."""
        if thing is None:
            return NULL
        if type(thing) in (bool, int, str) and len(source := repr(thing)) < 200:
            if type(thing) is int and thing < 0:
                source = f"({source})"
            return Code(source, False, True, 0, False, True, thing)
        return Code(self.gen.names.bind("k", thing), False, True, 0, False, True, thing)

    def site(self, args: Sequence[b.Expr], result: Type) -> CallSite:
        """Return what a typed function is told about a call of an operator or aggregate."""
        fields = tuple([self.fields(arg, ()) for arg in args])
        return CallSite(tuple([arg.type for arg in args]), result, fields if any(fields) else ())

    def function_site(self, expr: b.FuncExpr) -> CallSite:
        """Return what a typed function is told about its call."""
        names = expr.names
        fields = expr.fields or tuple([
            self.fields(arg, names[index] if index < len(names) else ()) for index, arg in enumerate(expr.args)
        ])  # fmt: skip
        types = tuple([arg.type for arg in expr.args])
        return CallSite(types, expr.type, fields if any(fields) else (), expr.variadic, expr.columns)

    def fields(self, arg: b.Expr, names: tuple[str, ...]) -> tuple[tuple[str, Type], ...]:
        """Return names and types of the columns of a record argument, () when unknown or not a record."""
        if isinstance(arg, b.RowExpr):
            labels = names or arg.names or tuple([f"f{index + 1}" for index in range(len(arg.items))])
            return tuple([(label, item.type) for label, item in zip(labels, arg.items, strict=False)])
        if isinstance(arg, b.Var) and arg.column == -1:
            types = self.gen.types_of(arg.source)
            labels = names or self.gen.names_of(arg.source)
            return tuple(zip(labels, types, strict=False))
        return ()


FOLDED = (bool, int, str, float, bytes, Decimal, tuple)


def INLINE_NAMES_USED(template: str) -> dict[str, object]:
    """Return the helpers that an inline template mentions."""
    return {name: thing for name, thing in INLINE_NAMES.items() if name in template}


def constant(verdict: bool) -> Code:
    """Return a Boolean constant."""
    return Code("True" if verdict else "False", False, True, 0, False, True, verdict)


def _parenthesised(source: str) -> str:
    """Return the source of an argument so that it can stand beside any operator."""
    if source.isidentifier() or source[0] in "(\"'" or (source.endswith(("]", ")")) and " " not in source):
        return source if not source.startswith("(") or _closed(source) else f"({source})"
    return f"({source})"


def _closed(source: str) -> bool:
    """Whether the first parenthesis of the source closes at its end."""
    depth = 0
    quote = ""
    skip = False
    for index, char in enumerate(source):
        if skip:
            skip = False
        elif quote:
            if char == "\\":
                skip = True
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return index == len(source) - 1
    return False


# ---------------------------------------------------------------- leaves


@handles(b.Const)
def _const(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.Const)
    return compiler.literal(expr.value)


@handles(b.ParamExpr)
def _param(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.ParamExpr)
    return Code(compiler.gen.parameter(expr.index), True, True)


@handles(b.Var)
def _var(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    assert isinstance(expr, b.Var)
    if expr.column >= 0:
        return scope.column(expr.source, expr.column)
    binding = scope.bindings[expr.source]
    gen = compiler.gen
    if expr.column == -1:
        return _whole_row(compiler, expr, scope)
    if expr.column == -2:
        table = gen.table_of(expr.source)
        return compiler.literal(table.oid if table is not None else 0)
    assert isinstance(binding, RowBinding) and binding.rid, "system columns are read from rows with an address"
    rid = binding.rid
    if expr.column == -3:
        return Code(
            f"(({rid} >> 8 << 16 | ({rid} & 255) + 1) if {rid} is not None else None)", binding.nullable, False, 2
        )
    heap = gen.heap_of(expr.source)
    which = "xmin" if expr.column == -4 else "xmax"
    gen.use("row_xid")
    return Code(f"row_xid({heap}, {rid}, {which!r})", True, False, 1)


def _whole_row(compiler: Compiler, expr: b.Var, scope: Scope) -> Code:
    binding = scope.bindings[expr.source]
    positions = compiler.gen.positions_of(expr.source)
    if isinstance(binding, RowBinding):
        source = binding.name
        if positions is not None:
            source = tuple_source([f"{binding.name}[{position}]" for position in positions])
        if not binding.nullable:
            return Code(source, False, positions is None, 1)
        return Code(
            f"(None if {binding.name} is {null_row(compiler.gen.names, binding.width)} else {source})", True, False, 1
        )
    columns = [scope.column(expr.source, position) for position in range(len(binding.codes))]
    return Code(tuple_source([code.src for code in columns]), False, False, 1)


@handles(b.CaseOperand)
def _case_operand(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    return compiler.operands[-1]


# ---------------------------------------------------------------- functions and operators


def _apply_operator(compiler: Compiler, expr: b.Expr, scope: Scope, first: Code) -> Code:
    assert isinstance(expr, b.OpExpr)
    args = (first, *[compiler.value(arg, scope) for arg in expr.args[1:]])
    entry = expr.operator.function
    never_null = expr.operator.name in NEVER_NULL_OPERATORS
    return compiler.call(entry, args, compiler.site(expr.args, expr.type), never_null)


def _operator_truth(compiler: Compiler, expr: b.Expr, scope: Scope, wanted: bool) -> Code:
    assert isinstance(expr, b.OpExpr)
    args = [compiler.value(arg, scope) for arg in expr.args]
    entry = expr.operator.function
    site = compiler.site(expr.args, expr.type)
    if not entry.strict or expr.type is not BOOL or expr.operator.name not in NEVER_NULL_OPERATORS:
        code = compiler.call(entry, args, site)
        return compiler.make(f"({code.src} is {wanted})", (code,), False)
    if all(arg.constant for arg in args):
        code = compiler.call(entry, args, site, True)
        if code.constant:
            return constant(code.literal is wanted)
    return compiler.strict_truth(args, compiler.invocation(entry, site), wanted)


def _apply_function(compiler: Compiler, expr: b.Expr, scope: Scope, first: Code | None) -> Code:
    assert isinstance(expr, b.FuncExpr)
    rest = expr.args if first is None else expr.args[1:]
    args = [compiler.value(arg, scope) for arg in rest]
    if first is not None:
        args.insert(0, first)
    if expr.returns_set:
        raise not_supported("a set-returning function in this place", expr.pos)
    special = compiler.gen.special(expr, args)
    if special is not None:
        return special
    never_null = expr.function.name in NEVER_NULL_FUNCTIONS
    return compiler.call(expr.function, args, compiler.function_site(expr), never_null)


@handles(b.FuncExpr)
def _function_without_arguments(compiler: Compiler, expr: b.Expr, scope: Scope) -> Code:
    return _apply_function(compiler, expr, scope, None)


TRUTHS[b.OpExpr] = _operator_truth
CHAINED: dict[type, Callable[[Compiler, b.Expr, Scope, Code], Code]] = {
    b.OpExpr: _apply_operator,
    b.FuncExpr: _apply_function,
}
"""Expressions compiled after their first argument, so that a long chain of them needs no deep recursion."""
CHAINED_ARGS: dict[type, Callable[[b.Expr], tuple[b.Expr, ...]]] = {
    b.OpExpr: lambda expr: expr.args,  # type: ignore[attr-defined]  # by the key
    b.FuncExpr: lambda expr: expr.args,  # type: ignore[attr-defined]  # by the key
}
