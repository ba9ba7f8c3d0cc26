"""Arithmetic and bit operators on smallint, integer and bigint, derived from the operator's name and result type.

A result outside of its type is 22003. The inline form pays for the check with one chained comparison and calls
a function only to raise:

    (_i if -2147483648 <= (_i := a + b) <= 2147483647 else int4_overflow())

Source: PostgreSQL 15, section 9.3; src/backend/utils/adt/{int,int8}.c.
"""

from __future__ import annotations

from collections.abc import Callable

from rustydb_engine.sql.functions.behind import Behind
from rustydb_engine.sql.functions.registry import INLINE_NAMES
from rustydb_engine.values.integers import (
    division_by_zero,
    int2_check,
    int2_overflow,
    int4_check,
    int4_overflow,
    int8_check,
    int8_overflow,
    remainder,
    truncated_division,
)

_BITS = {"int2": 16, "int4": 32, "int8": 64}
_CHECKS: dict[str, Callable[[int], int]] = {"int2": int2_check, "int4": int4_check, "int8": int8_check}
_UNCHECKED = {"&": "({0} & {1})", "|": "({0} | {1})", "#": "({0} ^ {1})"}


def _checked(result: str, source: str) -> str:
    """Return an inline expression with the range check of a type."""
    limit = 1 << (_BITS[result] - 1)
    return f"(_i if {-limit} <= (_i := {source}) <= {limit - 1} else {result}_overflow())"


def _divide(check: Callable[[int], int]) -> Callable[[int, int], int]:
    def divide(left: int, right: int) -> int:
        if left >= 0 and right > 0:
            return left // right
        return check(truncated_division(left, right))

    return divide


def _modulo(left: int, right: int) -> int:
    if left >= 0 and right > 0:
        return left % right
    return remainder(left, right)


def _wrap(number: int, bits: int) -> int:
    """Return the low bits of a number as a signed one."""
    half = 1 << (bits - 1)
    return ((number + half) & ((1 << bits) - 1)) - half


def _shift_left(bits: int) -> Callable[[int, int], int]:
    # The count is taken modulo the width that C computes in: smallint is promoted to 32 bits.
    width = max(bits, 32)
    return lambda number, count: _wrap(number << (count % width), bits)


def _shift_right(bits: int) -> Callable[[int, int], int]:
    width = max(bits, 32)
    return lambda number, count: _wrap(number >> (count % width), bits)


def _binary(name: str, result: str) -> Behind | None:
    check, bits = _CHECKS[result], _BITS[result]
    if name == "+":
        return Behind(lambda left, right: check(left + right), _checked(result, "{0} + {1}"))
    if name == "-":
        return Behind(lambda left, right: check(left - right), _checked(result, "{0} - {1}"))
    if name == "*":
        return Behind(lambda left, right: check(left * right), _checked(result, "{0} * {1}"))
    if name == "/":
        return Behind(_divide(check))
    if name == "%":
        return Behind(_modulo)
    if name == "&":
        return Behind(lambda left, right: left & right, _UNCHECKED[name])
    if name == "|":
        return Behind(lambda left, right: left | right, _UNCHECKED[name])
    if name == "#":
        return Behind(lambda left, right: left ^ right, _UNCHECKED[name])
    if name == "<<":
        return Behind(_shift_left(bits))
    if name == ">>":
        return Behind(_shift_right(bits))
    return None


def _unary(name: str, result: str) -> Behind | None:
    check = _CHECKS[result]
    if name == "-":
        return Behind(lambda number: check(-number), _checked(result, "-{0}"))
    if name == "+":
        return Behind(lambda number: number, "{0}")
    if name == "~":
        return Behind(lambda number: ~number, "(~{0})")
    if name == "@":
        return Behind(lambda number: check(abs(number)))
    return None


def integer_arithmetic(name: str, left: str, right: str, result: str) -> Behind | None:
    """Return what computes an operator over integers, or None when it is not one."""
    if result not in _BITS or right not in _BITS or (left and left not in _BITS):
        return None
    return _binary(name, result) if left else _unary(name, result)


INLINE_NAMES.update(
    int2_overflow=int2_overflow,
    int4_overflow=int4_overflow,
    int8_overflow=int8_overflow,
    division_by_zero=division_by_zero,
)
