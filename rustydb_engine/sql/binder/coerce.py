"""Coercion: which type may become which, and the node that does it.

Three contexts, each allowing more: IMPLICIT (operands of operators and functions), ASSIGNMENT (a value stored into a
column) and EXPLICIT (a written cast). The paths, in order: the types are the same; a row of CASTS allows it; both are
arrays and their elements have a path; the target is a string type (assignment) or the source is one (explicit), then the
value goes through its text.

A literal in quotes has the type `unknown` until a context coerces it; then its text is read by the input function
of the target, here and now. NULL and untyped parameters likewise take the type that is wanted.

Source: PostgreSQL 15, section 10; src/backend/parser/parse_coerce.c.
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.sql.binder.env import BindEnv, failure
from rustydb_engine.sql.binder.literals import read_literal
from rustydb_engine.sql.bound import (
    ArrayExpr,
    CaseExpr,
    CaseOperand,
    CastExpr,
    CoalesceExpr,
    Const,
    Expr,
    MinMaxExpr,
    ParamExpr,
    RowExpr,
)
from rustydb_engine.sql.functions.registry import CASTS, CastRule
from rustydb_engine.values.types import (
    ANY,
    ANYARRAY,
    ANYCOMPATIBLE,
    ANYCOMPATIBLEARRAY,
    ANYCOMPATIBLENONARRAY,
    ANYELEMENT,
    ANYNONARRAY,
    BOOL,
    FLOAT4,
    FLOAT8,
    INT2VECTOR,
    INT4,
    INT8,
    INTERVAL,
    NUMERIC,
    OIDVECTOR,
    POLYMORPHIC,
    TEXT,
    UNKNOWN,
    Type,
    element_of,
)
from rustydb_engine.values.typmods import LENGTH_COERCIONS

IMPLICIT, ASSIGNMENT, EXPLICIT = 0, 1, 2
_ALLOWED = {"i": IMPLICIT, "a": ASSIGNMENT, "e": EXPLICIT}
_ANY_ELEMENT = frozenset(
    t.oid for t in (ANY, ANYELEMENT, ANYNONARRAY, ANYCOMPATIBLE, ANYCOMPATIBLENONARRAY, ANYARRAY, ANYCOMPATIBLEARRAY)
)
# A literal's slot may be read as one of these directly: text input gives what the cast of the number would.
_WIDER = {
    INT4.oid: frozenset((INT8.oid, NUMERIC.oid, FLOAT8.oid, FLOAT4.oid)),
    INT8.oid: frozenset((NUMERIC.oid, FLOAT8.oid, FLOAT4.oid)),
    NUMERIC.oid: frozenset((FLOAT8.oid, FLOAT4.oid)),
}
Pathway = tuple[str, CastRule | None]


def pathway(target: Type, source: Type, context: int) -> Pathway | None:
    """Return how `source` becomes `target` in a context, as (CastExpr method, rule), or None when it may not."""
    if target is source:
        return "relabel", None
    rule = CASTS.get((source.oid, target.oid))
    if rule is not None:
        if context < _ALLOWED[rule.context]:
            return None
        if rule.method == "b":
            return "relabel", rule
        if rule.method == "f":
            return "function", rule
        return ("output" if target.category == "S" or source.category != "S" else "input"), rule
    if target.is_array and (source.is_array or source in (OIDVECTOR, INT2VECTOR)):
        inner_target, inner_source = element_of(target), element_of(source)
        if inner_target is not None and inner_source is not None:
            return ("array", None) if pathway(inner_target, inner_source, context) is not None else None
    if context >= ASSIGNMENT and target.category == "S":
        return "output", None
    if context >= EXPLICIT and source.category == "S":
        return "input", None
    return None


def can_coerce(source: Type, target: Type, context: int) -> bool:
    """Whether one value may be coerced; for lists with polymorphic types see `can_coerce_all`."""
    if source is target or target is ANY or source is UNKNOWN or target.oid in POLYMORPHIC:
        return True
    return pathway(target, source, context) is not None


def is_binary_coercible(source: Type, target: Type) -> bool:
    """Whether `source` may stand for `target` without any conversion, implicitly."""
    if source is target or target is ANY or target in (ANYELEMENT, ANYCOMPATIBLE):
        return True
    if target in (ANYARRAY, ANYCOMPATIBLEARRAY):
        return source.is_array
    rule = CASTS.get((source.oid, target.oid))
    return rule is not None and rule.method == "b" and rule.context == "i"


def coerce_type(
    env: BindEnv, expr: Expr, target: Type, context: int = IMPLICIT, typmod: int = -1, pos: int = -1
) -> Expr:
    """Coerce to a type for which a path is known to exist. `typmod` matters only to literals of interval."""
    source = expr.type
    if source is target or target.oid in _ANY_ELEMENT:
        return expr
    if isinstance(expr, CastExpr) and expr.collation:
        # The coercion goes below COLLATE.
        made = coerce_type(env, expr.arg, target, context, typmod, pos)
        if target.category != "S":
            return made
        return CastExpr(made, target, made.typmod, explicit=True, pos=expr.pos, collation=expr.collation)
    if source is UNKNOWN:
        if isinstance(expr, Const):
            return _coerce_literal(env, expr, target, typmod, pos)
        if isinstance(expr, ParamExpr):
            return _coerce_parameter(env, expr, target, typmod)
    if isinstance(expr, ParamExpr) and env.is_slot(expr) and target.oid in _WIDER.get(source.oid, ()):
        env.types[expr.index - 1] = target
        return ParamExpr(expr.index, target, -1, expr.pos)
    if isinstance(expr, Const) and expr.value is None and pathway(target, source, context) is not None:
        return _cast(expr, target, context, pos) if context == EXPLICIT else Const(None, target, -1, expr.pos)
    return _cast(expr, target, context, pos)


def _coerce_literal(env: BindEnv, expr: Const, target: Type, typmod: int, pos: int) -> Expr:
    if expr.value is None:
        return Const(None, target, -1, expr.pos)
    text = expr.value
    assert isinstance(text, str), "an unknown literal is text"
    length = typmod if target is INTERVAL else -1
    value, folded = read_literal(env, text, target, length, expr.pos)
    if not folded:
        return CastExpr(Const(text, TEXT, -1, expr.pos), target, length, "input", explicit=True, pos=pos)
    return Const(value, target, length, expr.pos)


def _coerce_parameter(env: BindEnv, expr: ParamExpr, target: Type, typmod: int) -> Expr:
    if not env.is_slot(expr):
        return env.set_type(expr, target)
    if target.name.startswith("reg") or (target is INTERVAL and typmod >= 0):
        # The value is needed while binding: a name to look up, an interval whose fields decide its meaning.
        env.fix(expr.index)
        env.types[expr.index - 1] = TEXT
        return _coerce_literal(env, Const(env.slot_texts[expr.index], UNKNOWN, -1, expr.pos), target, typmod, expr.pos)
    env.types[expr.index - 1] = target
    return ParamExpr(expr.index, target, -1, expr.pos)


def _cast(expr: Expr, target: Type, context: int, pos: int) -> Expr:
    source = expr.type
    found = pathway(target, source, context)
    implicit = context != EXPLICIT
    if found is None:
        if source is UNKNOWN:
            # A column of a subquery that nothing gave a type.
            method = "relabel" if target is TEXT else "input"
            return CastExpr(expr, target, -1, method, explicit=not implicit, implicit_display=implicit, pos=pos)
        raise cannot_cast(source, target, expr_pos(expr) if pos < 0 else pos)
    method, rule = found
    element = None
    if method == "array":
        inner_source, inner_target = element_of(source), element_of(target)
        assert inner_source is not None and inner_target is not None, "array types have elements"
        made = _cast(CaseOperand(inner_source), inner_target, context, pos)
        assert isinstance(made, CastExpr), "elements of two array types differ"
        if made.method == "relabel":
            method = "relabel"
        else:
            element = made
    return CastExpr(expr, target, -1, method, rule, element, not implicit, implicit, pos)


def cannot_cast(source: Type, target: Type, pos: int = -1) -> Exception:
    """Return the error for a cast that does not exist."""
    return failure("42846", f"cannot cast type {source.display} to {target.display}", pos)


def apply_length(expr: Expr, typmod: int, context: int, pos: int = -1) -> Expr:
    """Apply a type modifier to an expression that already has its type."""
    if typmod < 0 or expr.typmod == typmod:
        return expr
    kind = expr.type
    base = element_of(kind) if kind.is_array else kind
    if base is None or base.oid not in LENGTH_COERCIONS:
        return expr
    implicit = context != EXPLICIT
    if isinstance(expr, CastExpr) and expr.typmod == -1 and expr.explicit != implicit and expr.method != "length":
        return CastExpr(
            expr.arg, kind, typmod, expr.method, expr.rule, expr.element, not implicit, implicit, expr.pos
        )  # fmt: skip
    if isinstance(expr, Const) and expr.value is None and implicit:
        return Const(None, kind, typmod, expr.pos)
    return CastExpr(expr, kind, typmod, "length", explicit=not implicit, implicit_display=implicit, pos=pos)


def coerce_to_target(env: BindEnv, expr: Expr, target: Type, typmod: int, context: int, pos: int = -1) -> Expr | None:
    """Coerce to a type with modifier; None when there is no path."""
    if expr.type is not target:
        if not can_coerce(expr.type, target, context):
            return None
        expr = coerce_type(env, expr, target, context, typmod, pos)
    return expr if typmod < 0 else apply_length(expr, typmod, context, pos)


def coerce_to_boolean(env: BindEnv, expr: Expr, construct: str) -> Expr:
    """Coerce a condition; `construct` names the clause in the error."""
    if expr.type is BOOL:
        return expr
    made = coerce_to_target(env, expr, BOOL, -1, ASSIGNMENT)
    if made is None:
        raise failure(
            "42804", f"argument of {construct} must be type boolean, not type {expr.type.display}", expr_pos(expr)
        )
    if is_set(made):
        raise failure("42804", f"argument of {construct} must not return a set", expr_pos(expr))
    return made


def is_set(expr: Expr) -> bool:
    """Whether the expression itself returns a set."""
    return bool(getattr(expr, "returns_set", False))


def coerce_to_specific(env: BindEnv, expr: Expr, target: Type, construct: str) -> Expr:
    """Coerce an argument that must have one type, such as LIMIT's."""
    if expr.type is target:
        return expr
    made = coerce_to_target(env, expr, target, -1, ASSIGNMENT)
    if made is None:
        message = f"argument of {construct} must be type {target.display}, not type {expr.type.display}"
        raise failure("42804", message, expr_pos(expr))
    return made


def select_common_type(exprs: Sequence[Expr], context: str) -> Type | None:
    """Return the common type of several expressions (chapter 10.5).

    `context` names the construct in the error 42804; with "" the answer is None instead of an error.
    """
    chosen = exprs[0].type
    if chosen is not UNKNOWN and all(expr.type is chosen for expr in exprs):
        return chosen
    for expr in exprs[1:]:
        kind = expr.type
        if kind is UNKNOWN or kind is chosen:
            continue
        if chosen is UNKNOWN:
            chosen = kind
        elif kind.category != chosen.category:
            if not context:
                return None
            raise failure(
                "42804",
                f"{context} types {chosen.display} and {kind.display} cannot be matched",
                expr_pos(expr),
            )
        elif not chosen.preferred and can_coerce(chosen, kind, IMPLICIT) and not can_coerce(kind, chosen, IMPLICIT):
            chosen = kind
    return TEXT if chosen is UNKNOWN else chosen


def coerce_to_common(env: BindEnv, expr: Expr, target: Type, context: str) -> Expr:
    """Coerce one of several expressions to their common type."""
    if expr.type is target:
        return expr
    if can_coerce(expr.type, target, IMPLICIT):
        return coerce_type(env, expr, target)
    message = f"{context} could not convert type {expr.type.display} to {target.display}"
    raise failure("42846", message, expr_pos(expr))


def common_typmod(exprs: Sequence[Expr], kind: Type) -> int:
    """Return the modifier that all the expressions share, or -1."""
    typmod = exprs[0].typmod
    return typmod if all(expr.type is kind and expr.typmod == typmod for expr in exprs) else -1


def unknown_to_text(env: BindEnv, expr: Expr) -> Expr:
    """Decide an output column that nothing gave a type: it is text."""
    return coerce_type(env, expr, TEXT) if expr.type is UNKNOWN else expr


def expr_pos(expr: Expr) -> int:
    """Return where an expression begins in the text: the leftmost position in it, as PostgreSQL's exprLocation."""
    pos: int = getattr(expr, "pos", -1)
    if isinstance(expr, CastExpr):
        return _leftmost(pos, expr_pos(expr.arg))
    if isinstance(expr, (CaseExpr, CoalesceExpr, MinMaxExpr, ArrayExpr, RowExpr)):
        return pos
    args = getattr(expr, "args", None)
    if args:
        return _leftmost(pos, expr_pos(args[0]))
    arg = getattr(expr, "arg", None) or getattr(expr, "left", None)
    return _leftmost(pos, expr_pos(arg)) if isinstance(arg, Expr) else pos


def _leftmost(first: int, second: int) -> int:
    if first < 0:
        return second
    return first if second < 0 else min(first, second)
