"""Mathematical functions of integers and double precision: rounding, powers, logarithms, trigonometry, random().

The double precision functions are those of C with PostgreSQL's rules for what is an error: a result that
overflows from finite arguments raises 22003, an argument outside the domain raises 22003 or the specific code of the
SQL standard, infinities pass where the limit exists. The functions in degrees give exact results at multiples of
30 and 45 degrees, by scaling with the value at that angle, as src/backend/utils/adt/float.c does.

    >>> sind(30.0)
    0.5

Functions of numeric are in `numeric`. Source: PostgreSQL 15, section 9.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.context import EvalContext
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.floats import float_overflow, float_power, float_underflow
from rustydb_engine.values.integers import (
    INT2_MAX,
    INT4_MAX,
    INT8_MAX,
    division_by_zero,
    int2_overflow,
    int4_overflow,
    int8_overflow,
    remainder,
)

RADIANS_PER_DEGREE = 0.0174532925199432957692


def _out_of_domain() -> SqlError:
    return SqlError("22003", "input is out of range")


# ---------------------------------------------------------------- integers


@function("abs(int2) -> int2", oid=1398)
def abs2(number: int) -> int:
    return abs(number) if number >= -INT2_MAX else int2_overflow()


@function("abs(int4) -> int4", oid=1397)
def abs4(number: int) -> int:
    return abs(number) if number >= -INT4_MAX else int4_overflow()


@function("abs(int8) -> int8", oid=1396)
def abs8(number: int) -> int:
    return abs(number) if number >= -INT8_MAX else int8_overflow()


@function("mod(int2, int2) -> int2", oid=940)
@function("mod(int4, int4) -> int4", oid=941)
@function("mod(int8, int8) -> int8", oid=947)
def mod(left: int, right: int) -> int:
    if right == 0:
        raise division_by_zero()
    return remainder(left, right)


@function("gcd(int4, int4) -> int4", oid=5044)
def gcd4(left: int, right: int) -> int:
    divisor = math.gcd(left, right)
    return divisor if divisor <= INT4_MAX else int4_overflow()


@function("gcd(int8, int8) -> int8", oid=5045)
def gcd8(left: int, right: int) -> int:
    divisor = math.gcd(left, right)
    return divisor if divisor <= INT8_MAX else int8_overflow()


@function("lcm(int4, int4) -> int4", oid=5046)
def lcm4(left: int, right: int) -> int:
    multiple = math.lcm(left, right)
    return multiple if multiple <= INT4_MAX else int4_overflow()


@function("lcm(int8, int8) -> int8", oid=5047)
def lcm8(left: int, right: int) -> int:
    multiple = math.lcm(left, right)
    return multiple if multiple <= INT8_MAX else int8_overflow()


# ---------------------------------------------------------------- rounding


@function("abs(float4) -> float4", oid=1394, inline="abs({0})")
@function("abs(float8) -> float8", oid=1395, inline="abs({0})")
def abs_float(number: float) -> float:
    return abs(number)


def _rounded(rounding: Callable[[float], int], number: float) -> float:
    """Apply a rounding to an integer and keep the sign of a zero."""
    if not math.isfinite(number):
        return number
    return math.copysign(float(rounding(number)), number)


@function("ceil(float8) -> float8", oid=2308)
@function("ceiling(float8) -> float8", oid=2320)
def ceil(number: float) -> float:
    return _rounded(math.ceil, number)


@function("floor(float8) -> float8", oid=2309)
def floor(number: float) -> float:
    return _rounded(math.floor, number)


@function("round(float8) -> float8", oid=1342)
def round_float(number: float) -> float:
    return _rounded(round, number)


@function("trunc(float8) -> float8", oid=1343)
def trunc(number: float) -> float:
    return _rounded(math.trunc, number)


@function("sign(float8) -> float8", oid=2310)
def sign(number: float) -> float:
    return 1.0 if number > 0 else -1.0 if number < 0 else 0.0


# ---------------------------------------------------------------- powers and logarithms


@function("sqrt(float8) -> float8", oid=1344)
def sqrt(number: float) -> float:
    if number < 0:
        raise SqlError("2201F", "cannot take square root of a negative number")
    return math.sqrt(number)


@function("cbrt(float8) -> float8", oid=1345)
def cbrt(number: float) -> float:
    return math.cbrt(number)


@function("power(float8, float8) -> float8", oid=1368)
@function("pow(float8, float8) -> float8", oid=1346)
def power(base: float, exponent: float) -> float:
    return float_power(base, exponent)


@function("exp(float8) -> float8", oid=1347)
def exp(number: float) -> float:
    try:
        result = math.exp(number)
    except OverflowError:
        float_overflow()
    if result == 0.0 and number != -math.inf:
        float_underflow()
    return result


def _check_logarithm(number: float) -> None:
    if number == 0:
        raise SqlError("2201E", "cannot take logarithm of zero")
    if number < 0:
        raise SqlError("2201E", "cannot take logarithm of a negative number")


@function("ln(float8) -> float8", oid=1341)
def ln(number: float) -> float:
    _check_logarithm(number)
    return math.log(number)


@function("log(float8) -> float8", oid=1340)
@function("log10(float8) -> float8", oid=1194)
def log10(number: float) -> float:
    _check_logarithm(number)
    return math.log10(number)


# ---------------------------------------------------------------- trigonometry in radians


@function("pi() -> float8", oid=1610, inline="3.141592653589793")
def pi() -> float:
    return math.pi


@function("degrees(float8) -> float8", oid=1608)
def degrees(number: float) -> float:
    result = number / RADIANS_PER_DEGREE
    if math.isinf(result) and not math.isinf(number):
        float_overflow()
    return result


@function("radians(float8) -> float8", oid=1609)
def radians(number: float) -> float:
    return number * RADIANS_PER_DEGREE


def _check_finite(number: float) -> None:
    if math.isinf(number):
        raise _out_of_domain()


@function("sin(float8) -> float8", oid=1604)
def sin(number: float) -> float:
    _check_finite(number)
    return math.sin(number)


@function("cos(float8) -> float8", oid=1605)
def cos(number: float) -> float:
    _check_finite(number)
    return math.cos(number)


@function("tan(float8) -> float8", oid=1606)
def tan(number: float) -> float:
    _check_finite(number)
    return math.tan(number)


@function("cot(float8) -> float8", oid=1607)
def cot(number: float) -> float:
    _check_finite(number)
    tangent = math.tan(number)
    return 1.0 / tangent if tangent else math.copysign(math.inf, tangent)


def _check_unit(number: float) -> None:
    if number < -1.0 or number > 1.0:
        raise _out_of_domain()


@function("asin(float8) -> float8", oid=1600)
def asin(number: float) -> float:
    _check_unit(number)
    return math.asin(number)


@function("acos(float8) -> float8", oid=1601)
def acos(number: float) -> float:
    _check_unit(number)
    return math.acos(number)


@function("atan(float8) -> float8", oid=1602)
def atan(number: float) -> float:
    return math.atan(number)


@function("atan2(float8, float8) -> float8", oid=1603)
def atan2(rise: float, run: float) -> float:
    return math.atan2(rise, run)


@function("sinh(float8) -> float8", oid=2462)
def sinh(number: float) -> float:
    try:
        return math.sinh(number)
    except OverflowError:
        return math.copysign(math.inf, number)


@function("cosh(float8) -> float8", oid=2463)
def cosh(number: float) -> float:
    try:
        return math.cosh(number)
    except OverflowError:
        return math.inf


@function("tanh(float8) -> float8", oid=2464)
def tanh(number: float) -> float:
    return math.tanh(number)


@function("asinh(float8) -> float8", oid=2465)
def asinh(number: float) -> float:
    return math.asinh(number)


@function("acosh(float8) -> float8", oid=2466)
def acosh(number: float) -> float:
    if number < 1.0:
        raise _out_of_domain()
    return math.acosh(number)


@function("atanh(float8) -> float8", oid=2467)
def atanh(number: float) -> float:
    _check_unit(number)
    return math.copysign(math.inf, number) if abs(number) == 1.0 else math.atanh(number)


# ---------------------------------------------------------------- trigonometry in degrees

_SIN_30 = math.sin(30.0 * RADIANS_PER_DEGREE)
_ONE_MINUS_COS_60 = 1.0 - math.cos(60.0 * RADIANS_PER_DEGREE)
_ASIN_HALF = math.asin(0.5)
_ACOS_HALF = math.acos(0.5)
_ATAN_1 = math.atan(1.0)


def _sine_to_30(angle: float) -> float:
    return math.sin(angle * RADIANS_PER_DEGREE) / _SIN_30 / 2.0


def _cosine_to_60(angle: float) -> float:
    return 1.0 - (1.0 - math.cos(angle * RADIANS_PER_DEGREE)) / _ONE_MINUS_COS_60 / 2.0


def _sine_to_90(angle: float) -> float:
    return _sine_to_30(angle) if angle <= 30.0 else _cosine_to_60(90.0 - angle)


def _cosine_to_90(angle: float) -> float:
    return _cosine_to_60(angle) if angle <= 60.0 else _sine_to_30(90.0 - angle)


_TAN_45 = _sine_to_90(45.0) / _cosine_to_90(45.0)
_COT_45 = _cosine_to_90(45.0) / _sine_to_90(45.0)


def _first_quadrant(angle: float) -> tuple[float, float, float]:
    """Return the angle mirrored into 0…90 degrees, the sign of its sine and the sign of its cosine."""
    _check_finite(angle)
    angle = math.fmod(angle, 360.0)
    sine, cosine = 1.0, 1.0
    if angle < 0.0:
        angle, sine = -angle, -sine
    if angle > 180.0:
        angle, sine = 360.0 - angle, -sine
    if angle > 90.0:
        angle, cosine = 180.0 - angle, -cosine
    return angle, sine, cosine


@function("sind(float8) -> float8", oid=2735)
def sind(number: float) -> float:
    angle, sine, _ = _first_quadrant(number)
    return sine * _sine_to_90(angle)


@function("cosd(float8) -> float8", oid=2736)
def cosd(number: float) -> float:
    angle, _, cosine = _first_quadrant(number)
    return cosine * _cosine_to_90(angle)


@function("tand(float8) -> float8", oid=2737)
def tand(number: float) -> float:
    angle, sine, cosine = _first_quadrant(number)
    below = _cosine_to_90(angle)
    if below == 0.0:
        return sine * cosine * math.inf
    return sine * cosine * (_sine_to_90(angle) / below / _TAN_45) + 0.0


@function("cotd(float8) -> float8", oid=2738)
def cotd(number: float) -> float:
    angle, sine, cosine = _first_quadrant(number)
    below = _sine_to_90(angle)
    if below == 0.0:
        return sine * cosine * math.inf
    return sine * cosine * (_cosine_to_90(angle) / below / _COT_45) + 0.0


def _asind_positive(number: float) -> float:
    if number <= 0.5:
        return math.asin(number) / _ASIN_HALF * 30.0
    return 90.0 - math.acos(number) / _ACOS_HALF * 60.0


@function("asind(float8) -> float8", oid=2731)
def asind(number: float) -> float:
    _check_unit(number)
    return _asind_positive(number) if number >= 0.0 else -_asind_positive(-number)


@function("acosd(float8) -> float8", oid=2732)
def acosd(number: float) -> float:
    _check_unit(number)
    if number < 0.0:
        return 90.0 + _asind_positive(-number)
    if number <= 0.5:
        return 90.0 - math.asin(number) / _ASIN_HALF * 30.0
    return math.acos(number) / _ACOS_HALF * 60.0


@function("atand(float8) -> float8", oid=2733)
def atand(number: float) -> float:
    return math.atan(number) / _ATAN_1 * 45.0


@function("atan2d(float8, float8) -> float8", oid=2734)
def atan2d(rise: float, run: float) -> float:
    return math.atan2(rise, run) / _ATAN_1 * 45.0


# ---------------------------------------------------------------- random numbers and histograms


@function("random() -> float8", oid=1598, volatility="v", context=True)
def random(context: EvalContext) -> float:
    return context.entropy.fraction()


@function("setseed(float8) -> void", oid=1599, volatility="v", context=True)
def setseed(context: EvalContext, seed: float) -> str:
    if not -1.0 <= seed <= 1.0:
        raise SqlError("22023", f"setseed parameter {seed:g} is out of allowed range [-1,1]")
    context.set_seed(seed)
    return ""


def bucket_error(message: str) -> SqlError:
    """Return the error of width_bucket for a bad histogram."""
    return SqlError("2201G", message)


@function("width_bucket(float8, float8, float8, int4) -> int4", oid=320)
def width_bucket(operand: float, low: float, high: float, count: int) -> int:
    if count <= 0:
        raise bucket_error("count must be greater than zero")
    if math.isnan(operand) or math.isnan(low) or math.isnan(high):
        raise bucket_error("operand, lower bound, and upper bound cannot be NaN")
    if math.isinf(low) or math.isinf(high):
        raise bucket_error("lower and upper bounds must be finite")
    if low == high:
        raise bucket_error("lower bound cannot equal upper bound")
    if low > high:
        operand, low, high = -operand, -low, -high
    if operand < low:
        return 0
    if operand >= high:
        return count + 1 if count < INT4_MAX else int4_overflow()
    width = high - low
    share = (operand - low) / width if math.isfinite(width) else (operand / 2 - low / 2) / (high / 2 - low / 2)
    return min(int(count * share), count - 1) + 1
