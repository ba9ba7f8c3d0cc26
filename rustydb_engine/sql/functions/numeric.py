"""Functions of numeric: rounding, roots, powers, logarithms, and the scale of a number.

Results carry the display scale that PostgreSQL gives them; the rules are in `values.numeric` and `values.numeric_math`.

    round(-2.5) = -3;  trunc(12.999, 2) = 12.99;  scale(1.50) = 2

Source: PostgreSQL 15, section 9.3; src/backend/utils/adt/numeric.c.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.math import bucket_error
from rustydb_engine.sql.functions.registry import INLINE_NAMES, function
from rustydb_engine.values import numeric_math
from rustydb_engine.values.integers import INT4_MAX, int4_overflow
from rustydb_engine.values.numeric import (
    EXACT,
    NAN,
    ONE,
    ZERO,
    add,
    divide_truncated,
    multiply,
    numeric_less,
    numeric_overflow,
    remainder,
    round_to,
    scale_of,
    subtract,
    truncate_to,
)

_FACTORIAL_MAX = 32177


@function("abs(numeric) -> numeric", oid=1705, inline="{0}.copy_abs()")
def abs_numeric(number: Decimal) -> Decimal:
    return number.copy_abs()


@function("sign(numeric) -> numeric", oid=1706)
def sign(number: Decimal) -> Decimal:
    if number.is_nan():
        return NAN
    return Decimal(-1) if number.is_signed() else Decimal(1) if number else ZERO


# ---------------------------------------------------------------- rounding


@function("round(numeric, int4) -> numeric", oid=1707)
def round_scale(number: Decimal, scale: int) -> Decimal:
    return round_to(number, scale)


@function("round(numeric) -> numeric", oid=1708, inline="round_to({0}, 0)")
def round_whole(number: Decimal) -> Decimal:
    return round_to(number, 0)


@function("trunc(numeric, int4) -> numeric", oid=1709)
def trunc_scale(number: Decimal, scale: int) -> Decimal:
    return truncate_to(number, scale)


@function("trunc(numeric) -> numeric", oid=1710)
def trunc_whole(number: Decimal) -> Decimal:
    return truncate_to(number, 0)


def _whole(number: Decimal, rounding: str) -> Decimal:
    if not number.is_finite():
        return number
    result = number.to_integral_value(rounding, EXACT)
    return result if result else ZERO


@function("ceil(numeric) -> numeric", oid=1711)
@function("ceiling(numeric) -> numeric", oid=2167)
def ceil(number: Decimal) -> Decimal:
    return _whole(number, ROUND_CEILING)


@function("floor(numeric) -> numeric", oid=1712)
def floor(number: Decimal) -> Decimal:
    return _whole(number, ROUND_FLOOR)


# ---------------------------------------------------------------- scale


@function("scale(numeric) -> int4", oid=3281)
def scale(number: Decimal) -> int | None:
    return scale_of(number) if number.is_finite() else None


def _least_scale(number: Decimal) -> int:
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "finite"
    zeros = 0
    while zeros < -exponent and zeros < len(digits) and digits[-1 - zeros] == 0:
        zeros += 1
    return -exponent - zeros if number else 0


@function("min_scale(numeric) -> int4", oid=5042)
def min_scale(number: Decimal) -> int | None:
    return _least_scale(number) if number.is_finite() else None


@function("trim_scale(numeric) -> numeric", oid=5043)
def trim_scale(number: Decimal) -> Decimal:
    return truncate_to(number, _least_scale(number)) if number.is_finite() else number


# ---------------------------------------------------------------- division


@function("div(numeric, numeric) -> numeric", oid=1973)
def div(left: Decimal, right: Decimal) -> Decimal:
    return divide_truncated(left, right)


@function("mod(numeric, numeric) -> numeric", oid=1728)
def mod(left: Decimal, right: Decimal) -> Decimal:
    return remainder(left, right)


@function("gcd(numeric, numeric) -> numeric", oid=5048)
def gcd(left: Decimal, right: Decimal) -> Decimal:
    if not (left.is_finite() and right.is_finite()):
        return NAN
    places = max(scale_of(left), scale_of(right))
    divisor = math.gcd(_units(left, places), _units(right, places))
    return Decimal(divisor).scaleb(-places, EXACT)


def _units(number: Decimal, places: int) -> int:
    return int(number.scaleb(places, EXACT))


@function("lcm(numeric, numeric) -> numeric", oid=5049)
def lcm(left: Decimal, right: Decimal) -> Decimal:
    if not (left.is_finite() and right.is_finite()):
        return NAN
    places = max(scale_of(left), scale_of(right))
    multiple = math.lcm(_units(left, places), _units(right, places))
    return Decimal(multiple).scaleb(-places, EXACT)


@function("factorial(int8) -> numeric", oid=1376)
def factorial(number: int) -> Decimal:
    if number < 0:
        raise SqlError("22003", "factorial of a negative number is undefined")
    if number > _FACTORIAL_MAX:
        numeric_overflow()
    return Decimal(math.factorial(number))


# ---------------------------------------------------------------- powers and logarithms


@function("sqrt(numeric) -> numeric", oid=1730)
def sqrt(number: Decimal) -> Decimal:
    return numeric_math.sqrt(number)


@function("exp(numeric) -> numeric", oid=1732)
def exp(number: Decimal) -> Decimal:
    return numeric_math.exp(number)


@function("ln(numeric) -> numeric", oid=1734)
def ln(number: Decimal) -> Decimal:
    return numeric_math.ln(number)


@function("log(numeric, numeric) -> numeric", oid=1736)
def log(base: Decimal, number: Decimal) -> Decimal:
    return numeric_math.log(base, number)


@function("log(numeric) -> numeric", oid=1741)
@function("log10(numeric) -> numeric", oid=1481)
def log10(number: Decimal) -> Decimal:
    return numeric_math.log(Decimal(10), number)


@function("power(numeric, numeric) -> numeric", oid=2169)
@function("pow(numeric, numeric) -> numeric", oid=1738)
def power(base: Decimal, exponent: Decimal) -> Decimal:
    return numeric_math.power(base, exponent)


# ---------------------------------------------------------------- histogram, increment


@function("numeric_inc(numeric) -> numeric", oid=1764)
def increment(number: Decimal) -> Decimal:
    return add(number, ONE)


@function("width_bucket(numeric, numeric, numeric, int4) -> int4", oid=2170)
def width_bucket(operand: Decimal, low: Decimal, high: Decimal, count: int) -> int:
    if count <= 0:
        raise bucket_error("count must be greater than zero")
    if operand.is_nan() or low.is_nan() or high.is_nan():
        raise bucket_error("operand, lower bound, and upper bound cannot be NaN")
    if low.is_infinite() or high.is_infinite():
        raise bucket_error("lower and upper bounds must be finite")
    if low == high:
        raise bucket_error("lower bound cannot equal upper bound")
    if numeric_less(high, low):
        operand, low, high = -operand, -low, -high
    if operand < low:
        return 0
    if operand >= high:
        return count + 1 if count < INT4_MAX else int4_overflow()
    share = multiply(subtract(operand, low), Decimal(count))
    return int(EXACT.divide_int(share, subtract(high, low))) + 1


INLINE_NAMES["round_to"] = round_to
