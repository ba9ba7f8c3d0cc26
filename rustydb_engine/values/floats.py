"""real and double precision: text forms, range checks and arithmetic errors.

A real is a Python float that a 32-bit float can hold (`round4`). Text output is the shortest that reads back
(extra_float_digits > 0), in PostgreSQL's format: an exponent has two digits and begins at 1e+15 (real: 1e+06).

    float8_out(1e15) == "1e+15"; float8_out(100.0) == "100"; float4_out(0.1 as real) == "0.1"

NaN equals NaN and is greater than every number; -0 equals 0.

Source: PostgreSQL 15, section 8.1.3; src/backend/utils/adt/float.c, src/common/{d2s,f2s}.c.
"""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal
from typing import NoReturn

from rustydb_engine.errors import SqlError
from rustydb_engine.values.text import syntax_error

INF = math.inf
NAN = math.nan

_FLOAT = re.compile(
    r"[ \t\n\v\f\r]*([+-]?)(?:((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(0x[0-9a-f]*\.?[0-9a-f]*(?:p[+-]?\d+)?)|"
    r"(inf(?:inity)?)|(nan))[ \t\n\v\f\r]*\Z",
    re.I | re.A,
)
_WHOLE4, _WHOLE8 = 2.0**24, 2.0**53
_pack4 = struct.Struct("!f").pack
_unpack4 = struct.Struct("!f").unpack


def float_parse(text: str, name: str) -> float:
    """Read what strtod reads; 22P02 or 22003 with PostgreSQL's words for the type `name`."""
    if text.isascii() and "_" not in text:
        # Most texts are plain numbers; zero, infinity and NaN need a look at how they are written.
        try:
            number = float(text)
        except ValueError:
            number = 0.0
        if number != 0.0 and number - number == 0.0 and text[0] > " " and text[-1] > " ":
            return number
    match = _FLOAT.match(text)
    if match is None:
        raise syntax_error(name, text)
    sign, decimal, hexadecimal, infinite, _ = match.groups()
    if decimal is not None:
        number = float(decimal)
        nonzero = any(digit in "123456789" for digit in decimal.lower().partition("e")[0])
        if number == INF or (number == 0.0 and nonzero):
            raise SqlError("22003", f'"{text.strip()}" is out of range for type {name}')
    elif hexadecimal is not None:
        try:
            number = float.fromhex(hexadecimal)
        except (ValueError, OverflowError):
            raise syntax_error(name, text) from None
    else:
        number = INF if infinite else NAN
    return -number if sign == "-" else number


def float8_in(text: str) -> float:
    """Read a double precision."""
    return float_parse(text, "double precision")


def float4_in(text: str) -> float:
    """Read a real."""
    number = float_parse(text, "real")
    rounded = round4_or_none(number)
    if rounded is None or (rounded == 0.0 and number != 0.0):
        raise SqlError("22003", f'"{text.strip()}" is out of range for type real')
    return rounded


def round4_or_none(number: float) -> float | None:
    """Round to the nearest 32-bit float; None when it is too large for one."""
    try:
        rounded: float = _unpack4(_pack4(number))[0]
    except OverflowError:
        return None
    return rounded


def round4(number: float) -> float:
    """Round to a real; 22003 on overflow or when a nonzero number becomes zero."""
    rounded = round4_or_none(number)
    if rounded is None:
        float_overflow()
    if rounded == 0.0 and number != 0.0:
        float_underflow()
    return rounded


def float8_out(number: float, digits: int = 1) -> str:
    """Print a double precision; `digits` is extra_float_digits."""
    if digits <= 0:
        return _fixed(number, max(15 + digits, 1))
    shown = repr(number)
    if shown[-2:] == ".0":
        if -1e15 < number < 1e15:
            return shown[:-2]
        return _scientific(shown[:-2])
    if shown[-1] in "fn":
        return _special(number)
    if 1e15 <= abs(number) < 1e16:
        return _scientific(shown)
    if _WHOLE8 <= abs(number) < 1e40 and _halfway(shown, number, 53):
        return _longer(number)
    return shown


def float4_out(number: float, digits: int = 1) -> str:
    """Print a real."""
    if digits <= 0:
        return _fixed(number, max(6 + digits, 1))
    if number - number != 0.0:
        return _special(number)
    if number == 0.0:
        return "-0" if math.copysign(1.0, number) < 0 else "0"
    for precision in (6, 7, 8, 9) if abs(number) > 1.2e-38 else range(1, 10):
        shown = f"{number:.{precision}g}"
        if round4_or_none(float(shown)) == number and not (abs(number) >= _WHOLE4 and _halfway(shown, number, 24)):
            break
    mantissa, _, exponent = f"{float(shown):e}".partition("e")
    if -4 <= int(exponent) < 6:
        return _plain(shown)
    mantissa = f"{float(shown):.{max(len(_digits(shown)) - 1, 0)}e}"
    return mantissa


def _halfway(shown: str, number: float, bits: int) -> bool:
    """Whether a printed number lies exactly between two neighbours among floats of `bits` bits.

    Python reads it back by rounding to even; PostgreSQL's printer (Ryu) does not rely on that and prints more digits.
    """
    distance = abs(int(Decimal(shown)) - int(number))
    mantissa, exponent = math.frexp(number)
    gap = 2 ** max(exponent - bits, 0)
    return distance * 2 == gap or (abs(mantissa) == 0.5 and distance * 4 == gap)


def _longer(number: float) -> str:
    """Return the shortest print that reads back without a tie."""
    for precision in (14, 15, 16):
        shown = f"{number:.{precision}e}"
        if float(shown) == number and not _halfway(shown, number, 53):
            break
    mantissa, _, exponent = shown.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"


def _digits(shown: str) -> str:
    """Return the significant digits of a printed number."""
    digits = shown.lstrip("-").partition("e")[0].replace(".", "").lstrip("0")
    return digits.rstrip("0") or "0"


def _plain(shown: str) -> str:
    """Return a printed number without an exponent."""
    return shown if "e" not in shown else f"{float(shown):.0f}"


def _scientific(shown: str) -> str:
    """Return digits of a number between 1e15 and 1e16 with an exponent."""
    sign = "-" if shown[0] == "-" else ""
    whole, _, fraction = shown.lstrip("-").partition(".")
    digits = (whole + fraction).rstrip("0")
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e+{len(whole) - 1:02d}"


def _special(number: float) -> str:
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


def _fixed(number: float, precision: int) -> str:
    return _special(number) if number - number != 0.0 else f"{number:.{precision}g}"


def float_overflow() -> NoReturn:
    """Raise 22003: the result is too large."""
    raise SqlError("22003", "value out of range: overflow")


def float_underflow() -> NoReturn:
    """Raise 22003: the result is too small."""
    raise SqlError("22003", "value out of range: underflow")


def float_add(left: float, right: float) -> float:
    """Add; an infinite sum of finite numbers is an overflow."""
    result = left + right
    if (result == INF or result == -INF) and left - left == 0.0 and right - right == 0.0:
        float_overflow()
    return result


def float_subtract(left: float, right: float) -> float:
    """Subtract, with the check of float_add."""
    result = left - right
    if (result == INF or result == -INF) and left - left == 0.0 and right - right == 0.0:
        float_overflow()
    return result


def float_multiply(left: float, right: float) -> float:
    """Multiply; 22003 on overflow and underflow."""
    result = left * right
    if result == INF or result == -INF:
        if left - left == 0.0 and right - right == 0.0:
            float_overflow()
    elif result == 0.0 and left != 0.0 and right != 0.0:
        float_underflow()
    return result


def float_divide(left: float, right: float) -> float:
    """Divide; 22012 for a zero divisor (unless the dividend is NaN), 22003 on overflow and underflow."""
    if right == 0.0:
        if left != left:
            return left
        raise SqlError("22012", "division by zero")
    result = left / right
    if result == INF or result == -INF:
        if left - left == 0.0:
            float_overflow()
    elif result == 0.0 and left != 0.0 and right - right == 0.0:
        float_underflow()
    return result


def float_equal(left: float, right: float) -> bool:
    """Compare; NaN equals NaN."""
    return left == right or (left != left and right != right)


def float_less(left: float, right: float) -> bool:
    """Whether left sorts before right; NaN sorts last."""
    return left < right or (right != right and left == left)


def float_less_equal(left: float, right: float) -> bool:
    """Whether left sorts before right or equals it."""
    return left <= right or right != right


def float_power(base: float, exponent: float) -> float:
    """Raise to a power with PostgreSQL's rules: 2201F for undefined results, 22003 for ranges."""
    if base != base:
        return 1.0 if exponent == 0.0 else base
    if exponent != exponent:
        return 1.0 if base == 1.0 else exponent
    if base == 0.0 and exponent < 0:
        raise SqlError("2201F", "zero raised to a negative power is undefined")
    if base < 0 and exponent - exponent == 0.0 and math.floor(exponent) != exponent:
        raise SqlError("2201F", "a negative number raised to a non-integer power yields a complex result")
    try:
        result = math.pow(base, exponent)
    except OverflowError:
        float_overflow()
    if result == 0.0 and base != 0.0 and base - base == 0.0 and exponent - exponent == 0.0:
        float_underflow()
    return result
