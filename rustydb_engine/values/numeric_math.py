"""Roots, exponentials, logarithms and powers of numeric, with the display scales that PostgreSQL chooses.

Each result has at least 16 significant digits and at least the scale of its arguments, at most 1000 digits after the
point. The value is computed with spare digits and rounded once, half away from zero.

    sqrt(Decimal(2)) -> 1.414213562373095;  power(Decimal(2), Decimal(3)) -> 8.0000000000000000

Source: PostgreSQL 15, section 9.3; src/backend/utils/adt/numeric.c (numeric_sqrt, power_var, estimate_ln_dweight).
"""

from __future__ import annotations

import math
from decimal import Context, Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.values.numeric import (
    EXACT,
    INFINITY,
    MIN_SIGNIFICANT_DIGITS,
    MINUS_INFINITY,
    NAN,
    ONE,
    RESULT_SCALE_MAX,
    WEIGHT_MAX,
    ZERO,
    numeric_overflow,
    round_to,
    scale_of,
    unit,
)

_LOG10_E = 0.434294481903252
_LN_10 = 2.302585092994046
_SPARE = 12
_TWO = Decimal(2)
_MAX_RESULT_SCALE = 2000


def _context(digits: int) -> Context:
    return Context(prec=max(digits, 1) + _SPARE, Emin=-999_999, Emax=999_999, traps=[])


def _bounded(scale: int, *operands: Decimal) -> int:
    """Return a display scale not below those of the operands and within the limits."""
    return min(max(scale, 0, *[scale_of(operand) for operand in operands]), RESULT_SCALE_MAX)


def _weight(number: Decimal) -> int:
    """Return the weight of a number in base 10000."""
    return number.adjusted() // 4 if number else 0


def sqrt(number: Decimal) -> Decimal:
    """Return the square root; 2201F for a negative number."""
    if number.is_nan():
        return number
    if number < 0:
        raise SqlError("2201F", "cannot take square root of a negative number")
    if number.is_infinite():
        return number
    scale = _bounded(MIN_SIGNIFICANT_DIGITS - _c_div((_weight(number) + 1) * 4, 2) + 1, number)
    digits = max(number.adjusted() // 2, 0) + scale + 2
    return round_to(_context(digits).sqrt(number), scale)


def _c_div(left: int, right: int) -> int:
    quotient = abs(left) // right
    return quotient if left >= 0 else -quotient


def exp(number: Decimal) -> Decimal:
    """Return e to the power of a number; 22003 when it is too large."""
    if number.is_nan():
        return number
    if number.is_infinite():
        return INFINITY if number > 0 else ZERO
    weight = float(max(min(number, Decimal(10**6)), Decimal(-(10**6)))) * _LOG10_E
    weight = max(min(weight, _MAX_RESULT_SCALE), -_MAX_RESULT_SCALE)
    return _exp_scaled(number, _bounded(MIN_SIGNIFICANT_DIGITS - int(weight), number))


def _exp_scaled(number: Decimal, scale: int) -> Decimal:
    """Return e to the power of a number, rounded to a scale."""
    if number > 6000:
        numeric_overflow()
    if number < -6000:
        return round_to(ZERO, scale)
    digits = max(int(float(number) * _LOG10_E), 0) + scale + 2
    return round_to(_context(digits).exp(number), scale)


def _ln_weight(number: Decimal) -> int:
    """Estimate the decimal weight of the logarithm of a positive number (estimate_ln_dweight)."""
    if Decimal("0.9") <= number <= Decimal("1.1"):
        rest = _context(max(scale_of(number), 0) + 4).subtract(number, ONE)
        return rest.adjusted() if rest else 0
    estimate = math.log(_leading_digits(number)) + (number.adjusted() - 15) * _LN_10
    return int(math.log10(abs(estimate)))


def _leading_digits(number: Decimal) -> float:
    """Return the first 16 digits of a positive number as a float between 1e15 and 1e16."""
    short = Context(prec=16, Emin=-999_999, Emax=999_999, traps=[]).plus(number)
    return float(short.scaleb(15 - number.adjusted(), _context(20)))


def _require_positive(number: Decimal) -> None:
    if number == 0:
        raise SqlError("2201E", "cannot take logarithm of zero")
    if number < 0:
        raise SqlError("2201E", "cannot take logarithm of a negative number")


def ln(number: Decimal) -> Decimal:
    """Return the natural logarithm; 2201E unless the number is positive."""
    if number.is_nan():
        return number
    _require_positive(number)
    if number.is_infinite():
        return number
    scale = _bounded(MIN_SIGNIFICANT_DIGITS - _ln_weight(number), number)
    return round_to(_context(scale + 8).ln(number), scale)


def log(base: Decimal, number: Decimal) -> Decimal:
    """Return the logarithm to a base; 2201E unless both are positive, 22012 for base 1."""
    if base.is_nan() or number.is_nan():
        return NAN
    _require_positive(base)
    _require_positive(number)
    if base.is_infinite():
        return NAN if number.is_infinite() else ZERO
    if number.is_infinite():
        return INFINITY
    scale = _bounded(MIN_SIGNIFICANT_DIGITS - _ln_weight(number) + _ln_weight(base), base, number)
    context = _context(scale + 30)
    divisor = context.ln(base)
    if not divisor:
        raise SqlError("22012", "division by zero")
    return round_to(context.divide(context.ln(number), divisor), scale)


def log10(number: Decimal) -> Decimal:
    """Return the decimal logarithm."""
    return log(Decimal(10), number)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """Raise to a power; 2201F where the result is not defined, 22003 where it is too large."""
    if not (base.is_finite() and exponent.is_finite()):
        return _power_special(base, exponent)
    if not base and exponent < 0:
        raise SqlError("2201F", "zero raised to a negative power is undefined")
    whole = exponent == exponent.to_integral_value()
    if base < 0 and not whole:
        raise SqlError("2201F", "a negative number raised to a non-integer power yields a complex result")
    if whole and -(2**31) <= exponent < 2**31:
        return _power_int(base, int(exponent), _bounded(MIN_SIGNIFICANT_DIGITS, base))
    if not base:
        return unit(MIN_SIGNIFICANT_DIGITS) * 0
    return _power_real(base, exponent)


def _power_int(base: Decimal, exponent: int, scale: int) -> Decimal:
    """Raise to an int power and round to a scale."""
    if exponent == 0 or base == 1:
        return round_to(ONE, scale)
    if not base:
        return round_to(ZERO, scale)
    weight = _log10(base) * exponent
    if weight > WEIGHT_MAX + 2:
        numeric_overflow()
    if weight < -scale - 2:
        return round_to(ZERO, scale)
    digits = max(int(weight), 0) + scale + 4
    return round_to(_context(digits + len(str(abs(exponent)))).power(base, Decimal(exponent)), scale)


def _log10(number: Decimal) -> float:
    """Estimate the decimal logarithm of the absolute value of a number."""
    return math.log10(_leading_digits(number.copy_abs())) + number.adjusted() - 15


def _power_real(base: Decimal, exponent: Decimal) -> Decimal:
    """Raise to a power that is not a small whole number."""
    odd = base < 0 and bool(EXACT.remainder(exponent, _TWO))
    magnitude = base.copy_abs()
    estimate = _log10(magnitude) / _LOG10_E * float(exponent)
    if abs(estimate) > _MAX_RESULT_SCALE * 3.01:
        if estimate > 0:
            numeric_overflow()
        return round_to(ZERO, RESULT_SCALE_MAX)
    scale = _bounded(MIN_SIGNIFICANT_DIGITS - int(estimate * _LOG10_E), base, exponent)
    context = _context(max(int(estimate * _LOG10_E), 0) + scale + 12)
    result = context.exp(context.multiply(context.ln(magnitude), exponent))
    return round_to(result.copy_negate() if odd else result, scale)


def _power_special(base: Decimal, exponent: Decimal) -> Decimal:
    """Raise to a power where one operand is NaN or infinite (numeric_power)."""
    if base.is_nan():
        return ONE if exponent == 0 else NAN
    if exponent.is_nan():
        return ONE if base == 1 else NAN
    if base == 1:
        return ONE
    if exponent == 0:
        return ONE
    if base == 0:
        if exponent < 0:
            raise SqlError("2201F", "zero raised to a negative power is undefined")
        return ZERO
    if exponent.is_infinite():
        if base == -1:
            return ONE
        grows = (base.copy_abs() > 1) == (exponent > 0)
        return INFINITY if grows else ZERO
    if base > 0:
        return INFINITY if exponent > 0 else ZERO
    if exponent != exponent.to_integral_value():
        raise SqlError("2201F", "a negative number raised to a non-integer power yields a complex result")
    if exponent < 0:
        return ZERO
    return MINUS_INFINITY if EXACT.remainder(exponent, _TWO) else INFINITY
