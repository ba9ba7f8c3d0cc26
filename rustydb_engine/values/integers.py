"""Integer types: text forms, ranges and the errors of arithmetic that leaves them.

A smallint, integer or bigint is a Python int that was checked when it was made; an oid, xid and their kin are unsigned
32-bit. Division truncates toward zero and the remainder has the sign of the dividend, as in C.

Source: PostgreSQL 15, section 8.1; src/backend/utils/adt/{numutils,int,int8,oid}.c.
"""

from __future__ import annotations

import re
from typing import NoReturn

from rustydb_engine.errors import SqlError
from rustydb_engine.values.text import syntax_error

INT2_MIN, INT2_MAX = -(2**15), 2**15 - 1
INT4_MIN, INT4_MAX = -(2**31), 2**31 - 1
INT8_MIN, INT8_MAX = -(2**63), 2**63 - 1

_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?)0*(\d*)(?<=\d)[ \t\n\v\f\r]*\Z", re.ASCII)
_UNSIGNED = re.compile(r"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|\d+)[ \t\n\v\f\r]*\Z", re.ASCII)
_LENIENT = re.compile(r"[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|\d*)", re.ASCII)


def _parse(text: str, name: str, low: int, high: int) -> int:
    """Read any accepted spelling of an integer; the digits are bounded before int() sees them."""
    match = _INTEGER.match(text)
    if match is None:
        raise syntax_error(name, text)
    sign, digits = match.groups()
    if len(digits) > 19:
        raise SqlError("22003", f'value "{text}" is out of range for type {name}')
    number = int(digits or "0")
    if sign == "-":
        number = -number
    if not low <= number <= high:
        raise SqlError("22003", f'value "{text}" is out of range for type {name}')
    return number


def int2_in(text: str) -> int:
    """Read a smallint."""
    if len(text) < 5 and text.isascii() and (text.isdigit() or (text[:1] == "-" and text[1:].isdigit())):
        return int(text)
    return _parse(text, "smallint", INT2_MIN, INT2_MAX)


def int4_in(text: str) -> int:
    """Read an integer."""
    if len(text) < 10 and text.isascii() and (text.isdigit() or (text[:1] == "-" and text[1:].isdigit())):
        return int(text)
    return _parse(text, "integer", INT4_MIN, INT4_MAX)


def int8_in(text: str) -> int:
    """Read a bigint."""
    if len(text) < 19 and text.isascii() and (text.isdigit() or (text[:1] == "-" and text[1:].isdigit())):
        return int(text)
    return _parse(text, "bigint", INT8_MIN, INT8_MAX)


def oid_in(text: str, name: str = "oid") -> int:
    """Read an unsigned 32-bit number; a negative one counts from 2^32, as strtoul does."""
    match = _UNSIGNED.match(text)
    if match is None:
        raise syntax_error(name, text)
    sign, digits = match.groups()
    number = _c_number(digits)
    if number > 0xFFFFFFFF or (sign == "-" and number > 2**31):
        raise SqlError("22003", f'value "{text}" is out of range for type {name}')
    return -number & 0xFFFFFFFF if sign == "-" else number


def xid_in(text: str) -> int:
    """Read an xid or cid as strtoul does: what is not a number is 0."""
    return unsigned_prefix(text, 0xFFFFFFFF)


def xid8_in(text: str) -> int:
    """Read an xid8 as strtoull does."""
    return unsigned_prefix(text, 2**64 - 1)


def unsigned_prefix(text: str, mask: int) -> int:
    """Return the number that `text` begins with, reduced to the bits of `mask`; 0 when there is none."""
    match = _LENIENT.match(text)
    assert match, "every text matches an empty prefix"
    sign, digits = match.groups()
    number = min(_c_number(digits), 2**64 - 1) if digits else 0
    return (-number if sign == "-" else number) & mask


def _c_number(digits: str) -> int:
    """Return the value of C's spelling of a number: 0x… hexadecimal, 0… octal, else decimal."""
    if digits[:2] in ("0x", "0X"):
        return int(digits[2:], 16) if len(digits) < 40 else 2**64
    if digits[0] == "0" and len(digits) < 40 and all(digit < "8" for digit in digits):
        return int(digits, 8)
    return int(digits) if len(digits) < 40 else 2**64


def int2_overflow() -> NoReturn:
    """Raise 22003 for smallint."""
    raise SqlError("22003", "smallint out of range")


def int4_overflow() -> NoReturn:
    """Raise 22003 for integer."""
    raise SqlError("22003", "integer out of range")


def int8_overflow() -> NoReturn:
    """Raise 22003 for bigint."""
    raise SqlError("22003", "bigint out of range")


def oid_overflow() -> NoReturn:
    """Raise 22003 for oid."""
    raise SqlError("22003", "OID out of range")


def division_by_zero() -> SqlError:
    """Return 22012."""
    return SqlError("22012", "division by zero")


def int2_check(number: int) -> int:
    """Return `number` when it is a smallint, else raise 22003."""
    return number if INT2_MIN <= number <= INT2_MAX else int2_overflow()


def int4_check(number: int) -> int:
    """Return `number` when it is an integer, else raise 22003."""
    return number if INT4_MIN <= number <= INT4_MAX else int4_overflow()


def int8_check(number: int) -> int:
    """Return `number` when it is a bigint, else raise 22003."""
    return number if INT8_MIN <= number <= INT8_MAX else int8_overflow()


def truncated_division(left: int, right: int) -> int:
    """Divide toward zero; 22012 for a zero divisor."""
    if not right:
        raise division_by_zero()
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def remainder(left: int, right: int) -> int:
    """Return what truncated division leaves: it has the sign of `left`."""
    if not right:
        raise division_by_zero()
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest
