"""Polymorphic signatures: what anyelement, anyarray and anycompatible stand for in one call.

    array_append(anycompatiblearray, anycompatible) called with (int4[], numeric)  ->  numeric[], numeric

The any… family needs all its arguments alike; the anycompatible… family takes their common type.
Source: PostgreSQL 15, section 38.2.5; parse_coerce.c (enforce_generic_type_consistency).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.binder.coerce import IMPLICIT, can_coerce
from rustydb_engine.sql.functions.registry import Function
from rustydb_engine.values.types import (
    ANYARRAY,
    ANYCOMPATIBLE,
    ANYCOMPATIBLEARRAY,
    ANYCOMPATIBLENONARRAY,
    ANYELEMENT,
    ANYNONARRAY,
    POLYMORPHIC,
    TEXT,
    UNKNOWN,
    Type,
    array_of,
    element_of,
)

_ELEMENTS = (ANYELEMENT, ANYNONARRAY)
_COMPATIBLE = (ANYCOMPATIBLE, ANYCOMPATIBLENONARRAY)


def can_coerce_all(actual: Sequence[Type], declared: Sequence[Type]) -> bool:
    """Whether a call with these argument types fits a signature by implicit coercions."""
    generic = False
    for source, target in zip(actual, declared, strict=True):
        if target.oid in POLYMORPHIC:
            generic = True
        elif source is not target and not can_coerce(source, target, IMPLICIT):
            return False
    if not generic:
        return True
    try:
        # With nothing but unknowns the signature fits; what it then lacks is told when the call is made.
        _family(actual, declared, lenient=True)
        _compatible_family(actual, declared)
    except SqlError:
        return False
    return True


def resolve_polymorphic(
    actual: Sequence[Type], declared: Sequence[Type], result: Type
) -> tuple[tuple[Type, ...], Type]:
    """Return the concrete (argument types, result type) of a call; 42804 when the arguments do not agree."""
    if not any(kind.oid in POLYMORPHIC for kind in declared):
        return tuple(declared), result
    element, array = _family(actual, declared)
    common, common_array = _compatible_family(actual, declared)
    chosen: list[Type] = []
    for source, target in zip(actual, declared, strict=True):
        if target in _ELEMENTS:
            chosen.append(element if source is UNKNOWN and element is not None else source)
        elif target is ANYARRAY:
            chosen.append(array if source is UNKNOWN and array is not None else source)
        elif target in _COMPATIBLE:
            chosen.append(common or source)
        elif target is ANYCOMPATIBLEARRAY:
            chosen.append(common_array or source)
        else:
            chosen.append(target)
    return tuple(chosen), _result(result, element, array, common)


def output_columns(entry: Function, actual: Sequence[Type]) -> tuple[tuple[str, Type], ...]:
    """Return the columns that a function of records gives when it is called with these argument types."""
    if not any(kind.oid in POLYMORPHIC for _, kind in entry.columns):
        return entry.columns
    return tuple((name, resolve_polymorphic(actual, entry.args, kind)[1]) for name, kind in entry.columns)


def _family(actual: Sequence[Type], declared: Sequence[Type], lenient: bool = False) -> tuple[Type | None, Type | None]:
    """Return what anyelement and anyarray stand for; (None, None) when the signature has neither."""
    element: Type | None = None
    array: Type | None = None
    found = False
    for source, target in zip(actual, declared, strict=True):
        if target in _ELEMENTS:
            found = True
            if source is not UNKNOWN:
                element = _alike("anyelement", element, source)
        elif target is ANYARRAY:
            found = True
            if source is not UNKNOWN:
                array = _alike("anyarray", array, source)
    if not found:
        return None, None
    if array is not None and array is not ANYARRAY:
        inner = element_of(array)
        if inner is None:
            raise SqlError("42804", f"argument declared anyarray is not an array but type {array.display}")
        if element is not None and element is not inner:
            raise SqlError(
                "42804",
                "argument declared anyarray is not consistent with argument declared anyelement",
                detail=f"{array.display} versus {element.display}",
            )
        element = inner
    if element is None:
        if array is ANYARRAY:
            return None, ANYARRAY
        if lenient:
            return None, None
        raise SqlError("42804", "could not determine polymorphic type because input has type unknown")
    if ANYNONARRAY in declared and element.is_array:
        raise SqlError("42804", f"type matched to anynonarray is an array type: {element.display}")
    return element, array or array_of(element)


def _alike(family: str, known: Type | None, kind: Type) -> Type:
    if known is not None and known is not kind:
        raise SqlError(
            "42804",
            f'arguments declared "{family}" are not all alike',
            detail=f"{known.display} versus {kind.display}",
        )
    return kind


def _compatible_family(actual: Sequence[Type], declared: Sequence[Type]) -> tuple[Type | None, Type | None]:
    """Return what anycompatible and anycompatiblearray stand for, or (None, None)."""
    kinds: list[Type] = []
    found = False
    for source, target in zip(actual, declared, strict=True):
        if target in _COMPATIBLE or target is ANYCOMPATIBLEARRAY:
            found = True
            if source is UNKNOWN:
                continue
            if target is ANYCOMPATIBLEARRAY:
                inner = element_of(source)
                if inner is None:
                    message = f"argument declared anycompatiblearray is not an array but type {source.display}"
                    raise SqlError("42804", message)
                source = inner
            kinds.append(source)
    if not found:
        return None, None
    common = common_of(kinds) if kinds else TEXT
    if ANYCOMPATIBLENONARRAY in declared and common.is_array:
        raise SqlError("42804", f"type matched to anycompatiblenonarray is an array type: {common.display}")
    return common, array_of(common)


def common_of(kinds: Sequence[Type]) -> Type:
    """Return the common type of types; 42804 when there is none."""
    chosen = kinds[0]
    for kind in kinds[1:]:
        if kind is chosen:
            continue
        if kind.category != chosen.category:
            message = "arguments of anycompatible family cannot be cast to a common type"
            raise SqlError("42804", message)
        if not chosen.preferred and can_coerce(chosen, kind, IMPLICIT) and not can_coerce(kind, chosen, IMPLICIT):
            chosen = kind
    if any(not can_coerce(kind, chosen, IMPLICIT) for kind in kinds):
        raise SqlError("42804", "arguments of anycompatible family cannot be cast to a common type")
    return chosen


def _result(result: Type, element: Type | None, array: Type | None, common: Type | None) -> Type:
    if result in _ELEMENTS:
        return _decided(element, result)
    if result is ANYARRAY:
        if element is None:
            return array or _decided(None, result)
        return _array(element)
    if result in _COMPATIBLE:
        return _decided(common, result)
    if result is ANYCOMPATIBLEARRAY:
        return _array(_decided(common, result))
    return result


def _decided(kind: Type | None, result: Type) -> Type:
    if kind is None:
        raise SqlError("42804", f"could not determine polymorphic type {result.display}")
    return kind


def _array(element: Type) -> Type:
    made = array_of(element)
    if made is None:
        raise SqlError("42704", f"could not find array type for data type {element.display}")
    return made
