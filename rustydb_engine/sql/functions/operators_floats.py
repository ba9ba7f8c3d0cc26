"""Arithmetic operators on real, double precision and numeric.

A real operand mixed with a double precision gives a double precision; two reals give a real, rounded to 32 bits.

Source: PostgreSQL 15, section 9.3; src/backend/utils/adt/{float,numeric}.c.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.behind import behind, enter_behind
from rustydb_engine.values import numeric
from rustydb_engine.values.floats import (
    float_add,
    float_divide,
    float_multiply,
    float_power,
    float_subtract,
    round4_or_none,
)
from rustydb_engine.values.floats import float_overflow as _overflow
from rustydb_engine.values.floats import float_underflow as _underflow
from rustydb_engine.values.numeric_math import power

Arithmetic = Callable[[float, float], float]


def _rounded(compute: Arithmetic) -> Arithmetic:
    """Return the operation on reals: its result is rounded to a real."""

    def on_reals(left: float, right: float) -> float:
        exact = compute(left, right)
        result = round4_or_none(exact)
        if result is None or (result - result != 0.0 and exact - exact == 0.0):
            _overflow()
        if result == 0.0 and exact != 0.0:
            _underflow()
        return result

    return on_reals


_OPERATIONS: dict[str, Arithmetic] = {
    "pl": float_add,
    "mi": float_subtract,
    "mul": float_multiply,
    "div": float_divide,
}
for _suffix, _compute in _OPERATIONS.items():
    enter_behind("float8" + _suffix, _compute)
    enter_behind("float48" + _suffix, _compute)
    enter_behind("float84" + _suffix, _compute)
    enter_behind("float4" + _suffix, _rounded(_compute))

enter_behind("dpow", float_power)
enter_behind("numeric_power", power)
enter_behind("numeric_add", numeric.add)
enter_behind("numeric_sub", numeric.subtract)
enter_behind("numeric_mul", numeric.multiply)
enter_behind("numeric_div", numeric.divide)
enter_behind("numeric_mod", numeric.remainder)
enter_behind("numeric_uminus", numeric.negate)


@behind("float4um", "float8um", inline="(-{0})")
def float_negate(number: float) -> float:
    """Change the sign; zero becomes minus zero."""
    return -number


@behind("float4up", "float8up", "numeric_uplus", inline="{0}")
def unchanged(number: float | Decimal) -> float | Decimal:
    """Return the number."""
    return number


@behind("float4abs", "float8abs", inline="abs({0})")
def float_absolute(number: float) -> float:
    """Return the absolute value."""
    return abs(number)


@behind("numeric_abs", inline="{0}.copy_abs()")
def numeric_absolute(number: Decimal) -> Decimal:
    """Return the absolute value."""
    return number.copy_abs()


@behind("dsqrt")
def square_root(number: float) -> float:
    """Return the square root; 2201F for a negative number."""
    if number < 0:
        raise SqlError("2201F", "cannot take square root of a negative number")
    return math.sqrt(number)


@behind("dcbrt")
def cube_root(number: float) -> float:
    """Return the cube root."""
    return math.cbrt(number)
