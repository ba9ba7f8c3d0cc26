"""numeric: decimal arithmetic with PostgreSQL's display scales, on decimal.Decimal.

A numeric value is a Decimal whose exponent is minus its display scale, never positive; a negative zero does not
occur. Addition keeps the larger scale, multiplication adds the scales, division chooses a scale that gives at
least 16 significant digits (`division_scale`); all rounding is half away from zero.

    add(Decimal("1.50"), Decimal("2.5")) -> 4.00;  divide(Decimal(1), Decimal(3)) -> 0.33333333333333333333

NaN equals NaN and is greater than Infinity. All work is done in contexts of this module, never in the thread's: its
precision of 28 digits would round. Roots, powers and logarithms are in `numeric_math`.

Source: PostgreSQL 15, section 8.1.2; src/backend/utils/adt/numeric.c.
"""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, Overflow
from functools import lru_cache
from struct import pack, unpack
from typing import NoReturn

from rustydb_engine.errors import SqlError
from rustydb_engine.values.text import syntax_error

SCALE_MAX = 16383
RESULT_SCALE_MAX = 1000
MIN_SIGNIFICANT_DIGITS = 16
PRECISION_MAX = 1000
WEIGHT_MAX = 131071

EXACT = Context(prec=200_000, rounding=ROUND_HALF_UP, Emin=-99_999, Emax=WEIGHT_MAX, clamp=0, traps=[Overflow])

NAN = Decimal("NaN")
INFINITY = Decimal("Infinity")
MINUS_INFINITY = Decimal("-Infinity")
ZERO = Decimal(0)
ONE = Decimal(1)

_NUMERIC = re.compile(
    r"[ \t\n\v\f\r]*(?:([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:e([+-]?\d+))?|([+-]?)(inf(?:inity)?)|(nan))[ \t\n\v\f\r]*\Z",
    re.I | re.A,
)
_SIGN_NEGATIVE, _SIGN_NAN, _SIGN_INFINITY, _SIGN_MINUS_INFINITY = 0x4000, 0xC000, 0xD000, 0xF000


@lru_cache(maxsize=1024)
def unit(scale: int) -> Decimal:
    """Return 10 to the power of -scale, the exponent operand of quantize."""
    return Decimal((0, (1,), -scale))


@lru_cache(maxsize=256)
def truncating(precision: int) -> Context:
    """Return a context that cuts results to `precision` digits."""
    return Context(prec=precision, rounding=ROUND_DOWN, Emin=-999_999, Emax=999_999, traps=[])


def numeric_overflow() -> NoReturn:
    """Raise 22003: more digits than a numeric can have."""
    raise SqlError("22003", "value overflows numeric format")


def numeric_in(text: str) -> Decimal:
    """Read a numeric."""
    if len(text) < 1000 and text.isascii() and text.replace(".", "", 1).isdigit():
        return Decimal(text)
    match = _NUMERIC.match(text)
    if match is None:
        raise syntax_error("numeric", text)
    digits, exponent, sign, infinite, _ = match.groups()
    if digits is None:
        return (MINUS_INFINITY if sign == "-" else INFINITY) if infinite else NAN
    number = Decimal(digits)
    if exponent is not None:
        if len(exponent) > 11:
            numeric_overflow()
        scale = -_exponent(number) - int(exponent)
        if not number:
            number = Decimal((0, (0,), -min(max(scale, 0), SCALE_MAX + 1)))
        elif number.adjusted() + int(exponent) > WEIGHT_MAX or scale > SCALE_MAX:
            numeric_overflow()
        else:
            number = number.scaleb(int(exponent), EXACT)
            if scale < 0:
                number = number.quantize(ONE, context=EXACT)
    return checked(number)


def checked(number: Decimal) -> Decimal:
    """Return a finite number as a value: no negative zero, 22003 when it has too many digits."""
    if not number:
        number = number.copy_abs()
    if _exponent(number) < -SCALE_MAX or number.adjusted() > WEIGHT_MAX:
        numeric_overflow()
    return number


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "finite"
    return exponent


def numeric_out(number: Decimal) -> str:
    """Print a numeric with all the digits of its display scale."""
    return format(number, "f")


def scale_of(number: Decimal) -> int:
    """Return the display scale of a finite number."""
    return -_exponent(number)


def from_int(number: int) -> Decimal:
    """Return an int as a numeric of scale 0."""
    return Decimal(number)


def round_to(number: Decimal, scale: int) -> Decimal:
    """Round half away from zero to `scale` digits after the point (negative: before it)."""
    return _quantized(number, scale, ROUND_HALF_UP)


def truncate_to(number: Decimal, scale: int) -> Decimal:
    """Cut to `scale` digits after the point (negative: before it)."""
    return _quantized(number, scale, ROUND_DOWN)


def _quantized(number: Decimal, scale: int, rounding: str) -> Decimal:
    if not number.is_finite():
        return number
    scale = min(max(scale, -WEIGHT_MAX - 1), SCALE_MAX)
    if scale < 0 and number.adjusted() < -scale - 1:
        return ZERO
    result = number.quantize(unit(scale), rounding, EXACT)
    if scale < 0:
        result = result.quantize(ONE, context=EXACT)
    if not result:
        return result.copy_abs()
    if result.adjusted() > WEIGHT_MAX:
        numeric_overflow()
    return result


def fit(number: Decimal, typmod: int) -> Decimal:
    """Apply numeric(p, s): round to s digits, 22003 when more than p - s digits are left before the point."""
    if typmod < 4:
        return number
    precision, scale = unpack_typmod(typmod)
    if not number.is_finite():
        if number.is_nan():
            return number
        detail = f"A field with precision {precision}, scale {scale} cannot hold an infinite value."
        raise SqlError("22003", "numeric field overflow", detail=detail)
    result = _quantized(number, scale, ROUND_HALF_UP)
    whole = precision - scale
    if result and result.adjusted() >= whole:
        bound = f"10^{whole}" if whole else "1"
        detail = f"A field with precision {precision}, scale {scale} must round to an absolute value less than {bound}."
        raise SqlError("22003", "numeric field overflow", detail=detail)
    return result


def pack_typmod(precision: int, scale: int) -> int:
    """Return the typmod of numeric(precision, scale)."""
    return (precision << 16 | scale & 0x7FF) + 4


def unpack_typmod(typmod: int) -> tuple[int, int]:
    """Return (precision, scale); a scale is 11 bits with a sign."""
    packed = typmod - 4
    return packed >> 16 & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024


def add(left: Decimal, right: Decimal) -> Decimal:
    """Add; infinities of different sign give NaN."""
    try:
        return EXACT.add(left, right)
    except Overflow:
        numeric_overflow()


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """Subtract."""
    try:
        return EXACT.subtract(left, right)
    except Overflow:
        numeric_overflow()


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """Multiply; a scale beyond 16383 is rounded to it."""
    try:
        result = EXACT.multiply(left, right)
    except Overflow:
        numeric_overflow()
    if not result:
        result = result.copy_abs()
    # A scale beyond the limit needs a tiny value or thousands of digits: two cheap tests spare the exact one.
    if result.adjusted() < -8000 or result.__sizeof__() > 3000:
        if result.is_finite() and scale_of(result) > SCALE_MAX:
            return round_to(result, SCALE_MAX)
    return result


def negate(number: Decimal) -> Decimal:
    """Change the sign."""
    return number.copy_negate() if number and number == number else number


def _leading(number: Decimal) -> tuple[int, int, int]:
    """Return the weight and value of the first base-10000 digit, and the display scale."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int), "finite"
    if not number:
        return 0, 0, -exponent
    weight, extra = divmod(len(digits) + exponent - 1, 4)
    value = 0
    for digit in digits[: extra + 1]:
        value = value * 10 + digit
    return weight, value * 10 ** max(extra + 1 - len(digits), 0), -exponent


def division_scale(left: Decimal, right: Decimal) -> int:
    """Return the display scale that PostgreSQL gives left / right (select_div_scale)."""
    left_weight, left_digit, left_scale = _leading(left)
    right_weight, right_digit, right_scale = _leading(right)
    weight = left_weight - right_weight
    if left_digit <= right_digit:
        weight -= 1
    return min(max(MIN_SIGNIFICANT_DIGITS - weight * 4, left_scale, right_scale, 0), RESULT_SCALE_MAX)


def divide(left: Decimal, right: Decimal) -> Decimal:
    """Divide; 22012 for a zero divisor."""
    if not (left.is_finite() and right.is_finite()):
        return _divide_special(left, right)
    if not right:
        raise SqlError("22012", "division by zero")
    return divide_scaled(left, right, division_scale(left, right))


def divide_scaled(left: Decimal, right: Decimal, scale: int) -> Decimal:
    """Divide finite numbers and round half away from zero to `scale` digits."""
    digits = max(left.adjusted() - right.adjusted() + scale + 3, 1) if left else 1
    # Cutting to more digits and then rounding half up looks at one digit only: no double rounding.
    quotient = truncating(digits).divide(left, right).quantize(unit(scale), ROUND_HALF_UP, EXACT)
    if not quotient:
        return quotient.copy_abs()
    if quotient.adjusted() > WEIGHT_MAX:
        numeric_overflow()
    return quotient


def _divide_special(left: Decimal, right: Decimal) -> Decimal:
    if left.is_nan() or right.is_nan():
        return NAN
    if left.is_infinite():
        if right.is_infinite():
            return NAN
        if not right:
            raise SqlError("22012", "division by zero")
        return INFINITY if left.is_signed() == right.is_signed() else MINUS_INFINITY
    return ZERO


def remainder(left: Decimal, right: Decimal) -> Decimal:
    """Return left modulo right with the sign of left; 22012 for a zero divisor."""
    if left.is_nan() or right.is_nan():
        return NAN
    if not right:
        raise SqlError("22012", "division by zero")
    if left.is_infinite():
        return NAN
    if right.is_infinite():
        return left
    result = EXACT.remainder(left, right)
    return result if result else result.copy_abs()


def divide_truncated(left: Decimal, right: Decimal) -> Decimal:
    """Return the quotient cut to a whole number (div)."""
    if not (left.is_finite() and right.is_finite()):
        return _divide_special(left, right)
    if not right:
        raise SqlError("22012", "division by zero")
    result = EXACT.divide_int(left, right).quantize(ONE, context=EXACT)
    return result if result else ZERO


def numeric_equal(left: Decimal, right: Decimal) -> bool:
    """Compare; NaN equals NaN."""
    return left == right or (left != left and right != right)


def numeric_less(left: Decimal, right: Decimal) -> bool:
    """Whether left sorts before right; NaN sorts last."""
    if left != left:
        return False
    return right != right or left < right


def numeric_less_equal(left: Decimal, right: Decimal) -> bool:
    """Whether left sorts before right or equals it."""
    if right != right:
        return True
    return left == left and left <= right


def to_int(number: Decimal, low: int, high: int, name: str) -> int:
    """Round to an int of type `name`; 22003 outside of its range, 0A000 for NaN and infinities."""
    if not number.is_finite():
        what = "NaN" if number.is_nan() else "infinity"
        raise SqlError("0A000", f"cannot convert {what} to {name}")
    if number.adjusted() < 20:
        rounded = int(number.to_integral_value(ROUND_HALF_UP, EXACT))
        if low <= rounded <= high:
            return rounded
    raise SqlError("22003", f"{name} out of range")


def from_float(number: float, digits: int) -> Decimal:
    """Return a float as a numeric of at most `digits` significant digits (15 for float8, 6 for float4)."""
    if number != number:
        return NAN
    if number - number != 0.0:
        return INFINITY if number > 0 else MINUS_INFINITY
    return numeric_in(f"{number:.{digits}g}")


def numeric_send(number: Decimal) -> bytes:
    """Return the binary form: base-10000 digits with weight, sign and display scale."""
    if not number.is_finite():
        sign = _SIGN_NAN if number.is_nan() else _SIGN_MINUS_INFINITY if number.is_signed() else _SIGN_INFINITY
        # The scale that PostgreSQL shows for an infinity is a bit of its header.
        return pack("!HhHH", 0, 0, sign, 0 if number.is_nan() else 0x20)
    scale = scale_of(number)
    sign = _SIGN_NEGATIVE if number.is_signed() else 0
    if number.adjusted() + scale < 30:
        return _short_send(number, scale, sign)
    whole, _, fraction = format(number.copy_abs(), "f").partition(".")
    whole = whole.lstrip("0")
    whole = "0" * (-len(whole) % 4) + whole
    fraction += "0" * (-len(fraction) % 4)
    text = whole + fraction
    groups = [int(text[at : at + 4]) for at in range(0, len(text), 4)]
    weight = len(whole) // 4 - 1
    first = 0
    while first < len(groups) and not groups[first]:
        first += 1
    last = len(groups)
    while last > first and not groups[last - 1]:
        last -= 1
    groups = groups[first:last]
    weight = weight - first if groups else 0
    return pack(f"!HhHH{len(groups)}h", len(groups), weight, sign, scale, *groups)


def _short_send(number: Decimal, scale: int, sign: int) -> bytes:
    """Return the binary form of a number of few digits, by integer arithmetic."""
    rest = int(number.copy_abs().scaleb(scale + -scale % 4, EXACT))
    weight = -((scale + 3) // 4) - 1
    groups: list[int] = []
    while rest:
        rest, group = divmod(rest, 10_000)
        if group or groups:
            groups.append(group)
        weight += 1
    groups.reverse()
    return pack(f"!HhHH{len(groups)}h", len(groups), weight if groups else 0, sign, scale, *groups)


def numeric_receive(data: bytes) -> Decimal:
    """Read the binary form; 22P03 when it is malformed."""
    if len(data) < 8:
        raise SqlError("08P01", "insufficient data left in message")
    count, weight, sign, scale = unpack("!HhHH", data[:8])
    if len(data) < 8 + 2 * count:
        raise SqlError("08P01", "insufficient data left in message")
    if len(data) > 8 + 2 * count:
        raise SqlError("22P03", "incorrect binary data format")
    if sign in (_SIGN_NAN, _SIGN_INFINITY, _SIGN_MINUS_INFINITY):
        return NAN if sign == _SIGN_NAN else INFINITY if sign == _SIGN_INFINITY else MINUS_INFINITY
    if sign not in (0, _SIGN_NEGATIVE):
        raise SqlError("22P03", 'invalid sign in external "numeric" value')
    if scale > SCALE_MAX:
        raise SqlError("22P03", 'invalid scale in external "numeric" value')
    groups = unpack(f"!{count}h", data[8:])
    if any(not 0 <= group <= 9999 for group in groups):
        raise SqlError("22P03", 'invalid digit in external "numeric" value')
    digits = "".join(f"{group:04d}" for group in groups) or "0"
    number = Decimal(f"{digits}e{(weight - count + 1) * 4 if groups else 0}")
    return truncate_to(number.copy_negate() if sign and number else number, scale)
