"""Overload resolution: which operator or function of a name a call means.

Candidates whose arguments fit by implicit coercion compete: first those with most exact matches, then with most exact
or preferred types; then unknown literals are given a category (string when any candidate takes one); last, unknowns are
assumed to have the one type that all known arguments have. More than one left: the call is ambiguous.

Answers are kept in dictionaries by name and types, since the tables do not change.

Source: PostgreSQL 15, sections 10.2 and 10.3; parse_func.c (func_select_candidate), parse_oper.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rustydb_engine.sql.binder.coerce import EXPLICIT, is_binary_coercible, pathway
from rustydb_engine.sql.binder.env import BindEnv, failure
from rustydb_engine.sql.binder.polymorphic import can_coerce_all
from rustydb_engine.sql.functions.registry import FUNCTIONS, OPERATORS, Function, Operator
from rustydb_engine.values.types import BY_NAME, RECORD, UNKNOWN, Type, element_of
from rustydb_proto.core.value import value

NAMESPACE_OPERATORS = "pg_catalog"
CACHE_MAX = 20_000


@value
class Candidate:
    """A signature that a call may mean. `args` are the effective types: variadic ones repeated, in the call's order.

    `variadic` counts the arguments that must be gathered into an array; `order[i]` is the place in the function's
    own argument list of call argument i (named notation), () when they stand in order.
    """

    args: tuple[Type, ...]
    function: Function
    variadic: int = 0
    order: tuple[int, ...] = ()


C = TypeVar("C", "Candidate", "_OperatorCandidate")


@value
class _OperatorCandidate:
    args: tuple[Type, ...]
    operator: Operator


_operators: dict[tuple[str, int, int], Operator] = {}
_exact_operators: dict[tuple[str, int, int], Operator] = {}


def find_operator(env: BindEnv, name: str, schema: str, left: Type | None, right: Type, pos: int) -> Operator:
    """Return the operator that a use means; 42883 when there is none, 42725 when it is ambiguous."""
    key = (name, left.oid if left is not None else 0, right.oid)
    found = _operators.get(key)
    if found is not None and (not schema or schema == NAMESPACE_OPERATORS):
        return found
    if schema and schema != NAMESPACE_OPERATORS:
        if env.catalog.schema(schema) is None:
            raise failure("3F000", f'schema "{schema}" does not exist', pos)
        raise _no_operator(f"{schema}.{name}", left, right, pos)
    best, ambiguous = _search_operator(name, left, right)
    if best is None:
        if ambiguous:
            raise failure(
                "42725",
                f"operator is not unique: {_operator_text(name, left, right)}",
                pos,
                hint="Could not choose a best candidate operator. You might need to add explicit type casts.",
            )
        raise _no_operator(name if not schema else f"{schema}.{name}", left, right, pos)
    if len(_operators) < CACHE_MAX:
        _operators[key] = best
    return best


def _search_operator(name: str, left: Type | None, right: Type) -> tuple[Operator | None, bool]:
    exact_left, exact_right = left, right
    if left is UNKNOWN and right is not UNKNOWN:
        exact_left = right
    elif right is UNKNOWN and left is not None:
        exact_right = left
    rows = [row for row in OPERATORS.get(name, ()) if (row.left is None) == (left is None)]
    for row in rows:
        if row.left is exact_left and row.right is exact_right:
            return row, False
    actual = (right,) if left is None else (left, right)
    fitting = [
        _OperatorCandidate(args, row)
        for row in rows
        for args in [(row.right,) if row.left is None else (row.left, row.right)]
        if can_coerce_all(actual, args)
    ]
    if len(fitting) > 1:
        chosen = select_candidate(actual, fitting)
        return (chosen.operator, False) if chosen is not None else (None, True)
    return (fitting[0].operator, False) if fitting else (None, False)


def find_operator_or_none(name: str, left: Type, right: Type) -> Operator | None:
    """Return the operator that a use means, or None when there is none or it is ambiguous."""
    return _search_operator(name, left, right)[0]


def _operator_text(name: str, left: Type | None, right: Type) -> str:
    return f"{left.display} {name} {right.display}" if left is not None else f"{name} {right.display}"


def _no_operator(name: str, left: Type | None, right: Type, pos: int) -> Exception:
    if left is None:
        hint = "No operator matches the given name and argument type. You might need to add an explicit type cast."
    else:
        hint = "No operator matches the given name and argument types. You might need to add explicit type casts."
    return failure("42883", f"operator does not exist: {_operator_text(name, left, right)}", pos, hint=hint)


def select_candidate(actual: Sequence[Type], candidates: list[C]) -> C | None:
    """Choose among several candidates that all fit; None when no one is best."""
    unknowns = sum(kind is UNKNOWN for kind in actual)
    candidates = _most(candidates, lambda c: _exact_matches(actual, c.args))
    if len(candidates) == 1:
        return candidates[0]
    candidates = _most(candidates, lambda c: _preferred_matches(actual, c.args))
    if len(candidates) == 1:
        return candidates[0]
    if not unknowns:
        return None
    narrowed = _by_category(actual, candidates)
    if narrowed is not None:
        candidates = narrowed
        if len(candidates) == 1:
            return candidates[0]
    if unknowns < len(actual):
        known = {kind.oid: kind for kind in actual if kind is not UNKNOWN}
        if len(known) == 1:
            assumed = [next(iter(known.values()))] * len(actual)
            fitting = [c for c in candidates if can_coerce_all(assumed, c.args)]
            if len(fitting) == 1:
                return fitting[0]
    return None


def _most(candidates: list[C], count: object) -> list[C]:
    assert callable(count), "a measure is a function"
    counts = [count(candidate) for candidate in candidates]
    best = max(counts)
    return [candidate for candidate, number in zip(candidates, counts, strict=True) if number == best]


def _exact_matches(actual: Sequence[Type], args: Sequence[Type]) -> int:
    return sum(a is d and a is not UNKNOWN for a, d in zip(actual, args, strict=True))


def _preferred_matches(actual: Sequence[Type], args: Sequence[Type]) -> int:
    return sum(
        a is d or (d.preferred and d.category == a.category)
        for a, d in zip(actual, args, strict=True)
        if a is not UNKNOWN
    )


def _by_category(actual: Sequence[Type], candidates: list[C]) -> list[C] | None:
    """Narrow by the categories that unknown arguments seem to have; None when these conflict."""
    categories: dict[int, tuple[str, bool]] = {}
    for place, kind in enumerate(actual):
        if kind is not UNKNOWN:
            continue
        kinds = [candidate.args[place] for candidate in candidates]
        if any(k.category == "S" for k in kinds):
            category = "S"
        elif all(k.category == kinds[0].category for k in kinds):
            category = kinds[0].category
        else:
            return None
        categories[place] = category, any(k.preferred for k in kinds if k.category == category)
    kept = [
        candidate
        for candidate in candidates
        if all(
            candidate.args[place].category == category and (not preferred or candidate.args[place].preferred)
            for place, (category, preferred) in categories.items()
        )
    ]
    return kept or None


# ---------------------------------------------------------------- functions


@value
class Call:
    """A resolved call. `kind`: function, coercion (then `target`), none or ambiguous."""

    kind: str
    candidate: Candidate | None = None
    target: Type | None = None


_calls: dict[tuple[tuple[str, ...], tuple[int, ...]], Call] = {}


def find_function(
    name: tuple[str, ...],
    args: tuple[Type, ...],
    arg_names: tuple[str, ...],
    variadic: bool,
    search_path: tuple[str, ...],
    cast_allowed: bool = True,
) -> Call:
    """Return what a call means. `arg_names` are those of the trailing named arguments ("" where positional)."""
    plain = not arg_names and not variadic and cast_allowed and len(name) == 1
    key = (name, tuple(kind.oid for kind in args))
    if plain:
        known = _calls.get(key)
        if known is not None and (known.candidate is None or known.candidate.function.schema == "pg_catalog"):
            return known
    found = _resolve_call(name, args, arg_names, variadic, search_path, cast_allowed)
    if plain and found.kind in ("function", "coercion") and len(_calls) < CACHE_MAX:
        _calls[key] = found
    return found


def _resolve_call(
    name: tuple[str, ...],
    args: tuple[Type, ...],
    arg_names: tuple[str, ...],
    variadic: bool,
    search_path: tuple[str, ...],
    cast_allowed: bool,
) -> Call:
    candidates = function_candidates(name, len(args), arg_names, variadic, search_path)
    for candidate in candidates:
        if candidate.args == args:
            return Call("function", candidate)
    if cast_allowed and len(args) == 1 and not arg_names and not variadic:
        target = _as_cast(name, args[0])
        if target is not None:
            return Call("coercion", target=target)
    fitting = [candidate for candidate in candidates if can_coerce_all(args, candidate.args)]
    if not fitting and cast_allowed and len(args) == 1 and not arg_names and not variadic:
        # In PostgreSQL the function of a cast can be called by the name of its target: date(now()).
        target = _as_cast(name, args[0], by_function=True)
        if target is not None:
            return Call("coercion", target=target)
    if not fitting:
        return Call("none")
    if len(fitting) == 1:
        return Call("function", fitting[0])
    chosen = select_candidate(args, fitting)
    return Call("function", chosen) if chosen is not None else Call("ambiguous")


def _as_cast(name: tuple[str, ...], source: Type, by_function: bool = False) -> Type | None:
    """Return the type when `name(x)` is really a cast: a type of that name to which x converts trivially or by text."""
    if len(name) > 1 and name[-2] != "pg_catalog":
        return None
    target = BY_NAME.get(name[-1])
    if target is None or target.kind == "p":
        return None
    if source is UNKNOWN:
        return target
    path = pathway(target, source, EXPLICIT)
    if path is None:
        return None
    if path[0] == "relabel" or (by_function and path[0] == "function"):
        return target
    if path[0] in ("output", "input"):
        return None if source is RECORD and target.category == "S" else target
    return None


def function_candidates(
    name: tuple[str, ...], count: int, arg_names: tuple[str, ...], variadic: bool, search_path: tuple[str, ...]
) -> list[Candidate]:
    """Return the functions of a name that take `count` arguments, by defaults and variadic expansion too."""
    found: dict[tuple[Type, ...], Candidate] = {}
    for function in FUNCTIONS.get(name[-1], ()):
        if len(name) > 1:
            if function.schema != name[-2]:
                continue
        elif function.schema != "pg_catalog" and function.schema not in search_path:
            continue
        candidate = _match_count(function, count, arg_names, variadic)
        if candidate is None:
            continue
        known = found.get(candidate.args)
        # Of two with the same effective types the one without variadic expansion and defaults wins.
        if (
            known is None
            or (known.variadic and not candidate.variadic)
            or (not candidate.variadic and len(candidate.function.args) < len(known.function.args))
        ):
            found[candidate.args] = candidate
    return list(found.values())


def _match_count(function: Function, count: int, arg_names: tuple[str, ...], variadic: bool) -> Candidate | None:
    declared = function.args
    if any(arg_names):
        return _match_names(function, count, arg_names)
    if function.variadic:
        if variadic:
            return Candidate(declared, function) if count == len(declared) else None
        if count >= len(declared):
            last = declared[-1]
            item = last if last.name == "any" else _variadic_item(last)
            extra = count - len(declared) + 1
            return Candidate(declared[:-1] + (item,) * extra, function, 0 if last.name == "any" else extra)
        return None
    if variadic:
        return None
    if count == len(declared):
        return Candidate(declared, function)
    if count < len(declared) <= count + len(function.defaults):
        return Candidate(declared[:count], function)
    return None


def _variadic_item(array: Type) -> Type:
    polymorphic = {"anyarray": "anyelement", "anycompatiblearray": "anycompatible"}.get(array.name)
    if polymorphic is not None:
        return BY_NAME[polymorphic]
    item = element_of(array)
    assert item is not None, "a variadic argument is an array"
    return item


def _match_names(function: Function, count: int, arg_names: tuple[str, ...]) -> Candidate | None:
    """Place named arguments; every one left out must have a default."""
    declared = function.args
    if count > len(declared) or function.variadic:
        return None
    order: list[int] = []
    for index, name in enumerate(arg_names):
        if not name:
            order.append(index)
            continue
        if name not in function.arg_names:
            return None
        spot = function.arg_names.index(name)
        if spot in order:
            return None
        order.append(spot)
    required = len(declared) - len(function.defaults)
    if any(spot not in order for spot in range(required)):
        return None
    return Candidate(tuple(declared[spot] for spot in order), function, 0, tuple(order))


# ---------------------------------------------------------------- equality and order of a type


def _ordered_by(kind: Type, symbol: str) -> Operator | None:
    key = (symbol, kind.oid, kind.oid)
    found = _exact_operators.get(key)
    if found is not None:
        return found
    for row in OPERATORS.get(symbol, ()):
        if row.left is kind and row.right is kind and (row.order == symbol or row.hashes):
            _exact_operators[key] = row
            return row
    for row in OPERATORS.get(symbol, ()):
        if row.left is row.right and row.left is not None and (row.order == symbol or row.hashes):
            if is_binary_coercible(kind, row.left):
                inner = element_of(kind) if kind.is_array else None
                if inner is not None and _ordered_by(inner, symbol) is None:
                    return None
                _exact_operators[key] = row
                return row
    return None


def equality_operator(kind: Type) -> Operator | None:
    """Return the operator by which values of a type are equal in GROUP BY, DISTINCT and joins, or None."""
    return _ordered_by(kind, "=")


def ordering_operator(kind: Type, descending: bool = False) -> Operator | None:
    """Return the operator by which a type is sorted, or None."""
    return _ordered_by(kind, ">" if descending else "<")
