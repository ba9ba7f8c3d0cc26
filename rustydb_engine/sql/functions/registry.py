"""The tables of functions, aggregates, operators and casts, and the decorators that fill them.

A SQL function is one decorated Python function. The signature is written in SQL; a function that is `strict` (the
default) is never called with None. `inline` is a Python expression over `{0}`, `{1}`… that the code generator
may put in place of a call; it must mean the same as the function for non-NULL arguments, and each placeholder
should occur once.

    @function("lower(text) -> text", oid=870, inline="{0}.lower()")
    def lower(value: str) -> str:
        return value.lower()

Names that an inline expression uses (helpers such as `int4_overflow`) are entered in `INLINE_NAMES`, which the code
generator copies into the globals of what it compiles. An inline may assign the scratch name `_i` by `:=`, provided it
reads it before it evaluates another placeholder.

A function with `context=True` receives the `EvalContext` first. One with `typed=True` receives (after the context)
the tuple of the types of its actual arguments: what a polymorphic function needs to print or compare them
(concat, format, to_jsonb, `anynonarray || text`). A set-returning function (`-> setof int4`) returns an
iterable; `columns` names the output columns of one that returns records, whose items are tuples.
Aggregates and operators are rows of the same tables. Type names are pg_type names (`int4`, `_text`, `anyelement`);
a trailing variadic argument is written `variadic _text`: the implementation receives the array (a tuple) there, whether
the caller wrote VARIADIC or the binder gathered the rest of the arguments. For `variadic any` the arguments arrive
one by one, except when the caller wrote VARIADIC: then `CallSite.variadic` is true and the last one is an array.
`defaults` gives the Python values of trailing optional arguments.

A function that needs more of the call (its result type, the columns of record arguments) or can prepare work once is
declared with `factory=True`: the decorated function is called once for each call in a plan, with a `CallSite`, and
returns the implementation. The code generator asks `implementation_for` and `aggregate_for` for what it shall call,
which hide these differences; only `context` remains its concern.

    @function("pg_typeof(any) -> regtype", oid=1619, strict=False, factory=True)
    def pg_typeof(site: CallSite) -> Implementation:
        oid = site.args[0].oid
        return lambda value: oid

Source: PostgreSQL 15, chapter 38; OIDs are those of pg_proc.dat and pg_operator.dat where PostgreSQL has the object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from rustydb_engine.values.types import BY_NAME, Type
from rustydb_proto.core.value import value

Implementation = Callable[..., object]
F = TypeVar("F", bound=Implementation)


@value
class Function:
    """One pg_proc row. `kind`: f function, a aggregate, w window. `volatility`: i, s or v."""

    oid: int
    name: str
    args: tuple[Type, ...]
    result: Type
    implementation: Implementation | None
    kind: str = "f"
    strict: bool = True
    volatility: str = "i"
    variadic: bool = False
    returns_set: bool = False
    context: bool = False
    inline: str = ""
    defaults: tuple[object, ...] = ()
    arg_names: tuple[str, ...] = ()
    columns: tuple[tuple[str, Type], ...] = ()
    schema: str = "pg_catalog"
    aggregate: Aggregate | None = None
    typed: bool = False
    factory: bool = False


@value
class CallSite:
    """What the binder knows of one call, for `factory` functions and aggregates.

    `args` and `result` are the actual types. `fields[i]` names and types the columns of argument i when it is a record
    (a row of a table, a ROW(…) whose columns are f1, f2…), and is () when it is not or nothing is known.
    `columns` are the names, types and typmods of a column definition list: json_to_record(…) AS t(a int).
    """

    args: tuple[Type, ...]
    result: Type
    fields: tuple[tuple[tuple[str, Type], ...], ...] = ()
    variadic: bool = False
    columns: tuple[tuple[str, Type, int], ...] = ()


@value
class Aggregate:
    """How an aggregate computes. The generated code keeps `state` in a local or a slot of the group.

    `start()` makes the state; `step(state, *args)` returns the next state; `final(state)` the result.
    `skip_null` (strict transition): rows with a NULL argument are skipped. `empty` is the result over no rows when it
    differs from final(start()) (sum, min, … give None: use final). `inline_step` is a Python expression over
    `{s}` and `{0}`… giving the next state, used instead of a call of `step`; `start_inline` is one for start().
    `ordered_set` aggregates (percentile_cont, mode) get final(state, *direct_args), their steps come in the order of
    WITHIN GROUP. Of a `hypothetical` one (rank) the executor finds the place that the direct arguments would have among the
    rows, and final gets a `Place`; it has no steps. With `context` step and final receive the EvalContext first. `specialise`, when set, makes
    the aggregate for the types of one call (see `aggregate_for`).
    """

    start: Implementation
    step: Implementation
    final: Implementation
    skip_null: bool = True
    inline_step: str = ""
    start_inline: str = ""
    ordered_set: bool = False
    context: bool = False
    specialise: Callable[[CallSite], Aggregate] | None = None
    hypothetical: bool = False


@value
class Operator:
    """One pg_operator row; `left` is None for a prefix operator. `function` computes it.

    `commutator` and `negator` are operator names. `merges`/`hashes`: equality usable in merge or hash joins.
    `order` names its place in the default btree ordering of the type: '<' '<=' '=' '>=' '>' or ''.
    """

    oid: int
    name: str
    left: Type | None
    right: Type
    result: Type
    function: Function
    commutator: str = ""
    negator: str = ""
    hashes: bool = False
    order: str = ""


@value
class CastRule:
    """One pg_cast row. `context`: i implicit, a assignment, e explicit. `method`: f function, b binary coercible
    (same Python form), o through text output and input. The implementation is called `implementation(value)`, or
    `implementation(context, value)` with `needs_context`. Lengths and precisions are `values.io.apply_typmod`'s.
    """

    source: Type
    target: Type
    context: str
    method: str
    implementation: Implementation | None = None
    inline: str = ""
    needs_context: bool = False


FUNCTIONS: dict[str, list[Function]] = {}
OPERATORS: dict[str, list[Operator]] = {}
CASTS: dict[tuple[int, int], CastRule] = {}
INLINE_NAMES: dict[str, object] = {}

_SIGNATURE = re.compile(r'\s*([a-z_0-9"]+)\s*\((.*)\)\s*->\s*(setof\s+)?(\S+)\s*$', re.S)
_next_oid = [14000]


def _own_oid() -> int:
    """Return an OID for an object that PostgreSQL does not have, below the first user OID 16384."""
    _next_oid[0] += 1
    assert _next_oid[0] < 16384, "own OIDs end where user OIDs begin"
    return _next_oid[0]


def parse_signature(signature: str) -> tuple[str, tuple[str, ...], tuple[Type, ...], bool, bool, Type]:
    """Split `name([argname] type, … [variadic type]) -> [setof] type`.

    Returns (name, argument names or "", argument types, variadic, returns set, result type).
    """
    match = _SIGNATURE.match(signature)
    assert match, f"not a signature: {signature}"
    name, inner, setof, result = match.groups()
    names: list[str] = []
    types: list[Type] = []
    variadic = False
    for part in filter(None, (piece.strip() for piece in inner.split(","))):
        words = part.split()
        if words[0] == "variadic":
            variadic = True
            words = words[1:]
        names.append(words[0] if len(words) > 1 else "")
        types.append(BY_NAME[words[-1]])
    arg_names = tuple(names) if any(names) else ()
    return name.strip('"'), arg_names, tuple(types), variadic, setof is not None, BY_NAME[result]


def add_function(entry: Function) -> Function:
    """Enter a function; two of one name and argument types must be one object, as an operator's function may be."""
    rows = FUNCTIONS.setdefault(entry.name, [])
    for index, row in enumerate(rows):
        if row.args == entry.args:
            assert row.oid == entry.oid, f"function {entry.name} is declared twice"
            rows[index] = entry
            return entry
    rows.append(entry)
    return entry


def function(
    signature: str,
    *,
    oid: int = 0,
    strict: bool = True,
    volatility: str = "i",
    inline: str = "",
    context: bool = False,
    defaults: Sequence[object] = (),
    columns: Sequence[tuple[str, str]] = (),
    schema: str = "pg_catalog",
    typed: bool = False,
    factory: bool = False,
) -> Callable[[F], F]:
    """Declare the decorated function as a SQL function; may be stacked for several signatures."""
    name, arg_names, args, variadic, returns_set, result = parse_signature(signature)

    def enter(implementation: F) -> F:
        add_function(
            Function(
                oid or _own_oid(),
                name,
                args,
                result,
                implementation,
                strict=strict,
                volatility=volatility,
                variadic=variadic,
                returns_set=returns_set,
                context=context,
                inline=inline,
                defaults=tuple(defaults),
                arg_names=arg_names,
                columns=tuple((column, BY_NAME[kind]) for column, kind in columns),
                schema=schema,
                typed=typed,
                factory=factory,
            )
        )
        return implementation

    return enter


def aggregate(
    signature: str,
    *,
    start: Implementation,
    step: Implementation,
    final: Implementation,
    oid: int = 0,
    skip_null: bool = True,
    inline_step: str = "",
    start_inline: str = "",
    ordered_set: bool = False,
    context: bool = False,
    specialise: Callable[[CallSite], Aggregate] | None = None,
    hypothetical: bool = False,
) -> Function:
    """Declare an aggregate; with `specialise`, what is given here serves only where the types do not matter."""
    name, arg_names, args, variadic, _, result = parse_signature(signature)
    how = Aggregate(
        start, step, final, skip_null, inline_step, start_inline, ordered_set, context, specialise, hypothetical
    )
    return add_function(
        Function(
            oid or _own_oid(),
            name,
            args,
            result,
            None,
            kind="a",
            strict=False,
            variadic=variadic,
            arg_names=arg_names,
            aggregate=how,
        )
    )


def window_function(signature: str, *, oid: int = 0, defaults: Sequence[object] = ()) -> Function:
    """Declare a window function; the executor computes it by its name."""
    name, arg_names, args, variadic, _, result = parse_signature(signature)
    return add_function(
        Function(
            oid or _own_oid(),
            name,
            args,
            result,
            None,
            kind="w",
            strict=False,
            variadic=variadic,
            arg_names=arg_names,
            defaults=tuple(defaults),
        )
    )


def implementation_for(entry: Function, site: CallSite) -> Implementation:
    """Return what computes one call of a plain function; it takes (context, *args) if `entry.context`, else (*args)."""
    implementation = entry.implementation
    assert implementation is not None, f"{entry.name} is not a plain function"
    if entry.factory:
        made = implementation(site)
        assert callable(made), f"{entry.name} makes no implementation"
        return made
    if entry.typed:
        types = site.args
        if entry.context:
            return lambda context, *args: implementation(context, types, *args)
        return partial(implementation, types)
    return implementation


def aggregate_for(entry: Function, site: CallSite) -> Aggregate:
    """Return how one call of an aggregate computes."""
    assert entry.aggregate is not None, f"{entry.name} is not an aggregate"
    return entry.aggregate.specialise(site) if entry.aggregate.specialise else entry.aggregate


def operator(
    name: str,
    left: str,
    right: str,
    result: str,
    implementation: Implementation,
    *,
    oid: int = 0,
    inline: str = "",
    commutator: str = "",
    negator: str = "",
    hashes: bool = False,
    order: str = "",
    function_name: str = "",
    function_oid: int = 0,
    volatility: str = "i",
    context: bool = False,
    strict: bool = True,
    typed: bool = False,
    factory: bool = False,
) -> Operator:
    """Declare an operator and the function behind it; `left` "" makes it a prefix operator.

    The function is entered under `function_name` when one is given (PostgreSQL's: int4pl, texteq, …).
    """
    left_type = BY_NAME[left] if left else None
    right_type = BY_NAME[right]
    args = (right_type,) if left_type is None else (left_type, right_type)
    behind = Function(
        function_oid or _own_oid(),
        function_name or f"{name}",
        args,
        BY_NAME[result],
        implementation,
        volatility=volatility,
        inline=inline,
        context=context,
        strict=strict,
        typed=typed,
        factory=factory,
    )
    if function_name and all(row.args != args for row in FUNCTIONS.get(function_name, ())):
        add_function(behind)
    entry = Operator(
        oid or _own_oid(), name, left_type, right_type, BY_NAME[result], behind, commutator, negator, hashes, order
    )
    rows = OPERATORS.setdefault(name, [])
    assert all((row.left, row.right) != (left_type, right_type) for row in rows), f"operator {name} is declared twice"
    rows.append(entry)
    return entry


def cast(
    source: str,
    target: str,
    context: str,
    implementation: Implementation | None = None,
    *,
    method: str = "f",
    inline: str = "",
    needs_context: bool = False,
) -> CastRule:
    """Declare a cast; without an implementation and with method b the value passes unchanged."""
    rule = CastRule(BY_NAME[source], BY_NAME[target], context, method, implementation, inline, needs_context)
    CASTS[(rule.source.oid, rule.target.oid)] = rule
    return rule
