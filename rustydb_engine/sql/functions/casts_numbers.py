"""Casts among the number types, boolean and "char".

A float becomes an integer by rounding half to even, a numeric by rounding half away from zero; outside of the target's
range is 22003. A double precision becomes a numeric of 15 significant digits, a real of 6.

Source: PostgreSQL 15, pg_cast.dat; src/backend/utils/adt/{int,int8,float,numeric,char}.c.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import INLINE_NAMES, cast
from rustydb_engine.values import integers, numeric
from rustydb_engine.values.floats import round4, round4_or_none

_RANGES = {"int2": (integers.INT2_MIN, integers.INT2_MAX, "smallint"), "int4": (integers.INT4_MIN, integers.INT4_MAX, "integer"),
           "int8": (integers.INT8_MIN, integers.INT8_MAX, "bigint")}  # fmt: skip


def _same(number: object) -> object:
    return number


def _narrow(target: str) -> tuple[Callable[[int], int], str]:
    """Return the cast of a wider integer to `target`, and its inline form."""
    low, high, _ = _RANGES[target]
    check = {"int2": integers.int2_check, "int4": integers.int4_check}[target]
    return check, f"(_i if {low} <= (_i := {{0}}) <= {high} else {target}_overflow())"


def _float_to_int(target: str) -> Callable[[float], int]:
    low, high, name = _RANGES[target]

    def convert(number: float) -> int:
        if number - number == 0.0:
            rounded = round(number)
            if low <= rounded <= high:
                return rounded
        raise SqlError("22003", f"{name} out of range")

    return convert


def _numeric_to_int(target: str) -> Callable[[Decimal], int]:
    low, high, name = _RANGES[target]
    return lambda number: numeric.to_int(number, low, high, name)


def numeric_to_float8(number: Decimal) -> float:
    """Return the nearest double precision; 22003 when there is none."""
    result = float(number)
    if (result - result != 0.0 or (result == 0.0 and number)) and number.is_finite():
        raise SqlError("22003", f'"{numeric.numeric_out(number)}" is out of range for type double precision')
    return result


def numeric_to_float4(number: Decimal) -> float:
    """Return the nearest real; 22003 when there is none."""
    exact = float(number)
    result = round4_or_none(exact)
    if result is None or (result - result != 0.0 and number.is_finite()) or (result == 0.0 and number):
        raise SqlError("22003", f'"{numeric.numeric_out(number)}" is out of range for type real')
    return result


def int_to_float4(number: int) -> float:
    """Return the nearest real."""
    return round4(float(number))


def float4_to_numeric(number: float) -> Decimal:
    """Return a numeric of 6 significant digits."""
    return numeric.from_float(number, 6)


def float8_to_numeric(number: float) -> Decimal:
    """Return a numeric of 15 significant digits."""
    return numeric.from_float(number, 15)


def int_to_oid(number: int) -> int:
    """Return an oid from a bigint; 22003 outside of 0 … 2^32 - 1."""
    return number if 0 <= number <= 0xFFFFFFFF else integers.oid_overflow()


def oid_to_int(number: int) -> int:
    """Return the integer with the bits of an oid."""
    return number if number < 2**31 else number - 2**32


def int_to_char(number: int) -> str:
    """Return the "char" with the code of a number between -128 and 127."""
    if not -128 <= number <= 127:
        raise SqlError("22003", '"char" out of range')
    return chr(number & 0xFF) if number else ""


def char_to_int(value: str) -> int:
    """Return the code of a "char" as a signed byte."""
    code = ord(value) if value else 0
    return code if code < 128 else code - 256


def _load() -> None:
    for source, target in (("int2", "int4"), ("int2", "int8"), ("int4", "int8")):
        cast(source, target, "i", _same, inline="{0}")
    for source, target in (("int8", "int4"), ("int8", "int2"), ("int4", "int2")):
        convert, inline = _narrow(target)
        cast(source, target, "a", convert, inline=inline)
    for name in _RANGES:
        cast(name, "float8", "i", float, inline="float({0})")
        cast(name, "float4", "i", int_to_float4)
        cast(name, "numeric", "i", numeric.from_int, inline="Decimal({0})")
        cast("float4", name, "a", _float_to_int(name))
        cast("float8", name, "a", _float_to_int(name))
        cast("numeric", name, "a", _numeric_to_int(name))
    cast("float4", "float8", "i", _same, inline="{0}")
    cast("float8", "float4", "a", round4)
    cast("float4", "numeric", "a", float4_to_numeric)
    cast("float8", "numeric", "a", float8_to_numeric)
    cast("numeric", "float4", "i", numeric_to_float4)
    cast("numeric", "float8", "i", numeric_to_float8)
    cast("bool", "int4", "e", int, inline="int({0})")
    cast("int4", "bool", "e", bool, inline="({0} != 0)")
    cast("int4", "char", "e", int_to_char)
    cast("char", "int4", "e", char_to_int)
    cast("xid8", "xid", "e", lambda number: number & 0xFFFFFFFF, inline="({0} & 4294967295)")
    for name in ("oid", "regproc", "regprocedure", "regoper", "regoperator", "regclass", "regtype", "regnamespace",
                 "regrole", "regcollation"):  # fmt: skip
        cast("int2", name, "i", lambda number: number & 0xFFFFFFFF, inline="({0} & 4294967295)")
        # PostgreSQL calls these two binary coercible; our form of an oid is unsigned.
        cast("int4", name, "i", lambda number: number & 0xFFFFFFFF, inline="({0} & 4294967295)")
        cast(name, "int4", "a", oid_to_int)
        cast("int8", name, "i", int_to_oid)
        cast(name, "int8", "a", _same, inline="{0}")
        if name != "oid":
            cast("oid", name, "i", method="b")
            cast(name, "oid", "i", method="b")
    for one, other in (("regproc", "regprocedure"), ("regoper", "regoperator")):
        cast(one, other, "i", method="b")
        cast(other, one, "i", method="b")


_load()
INLINE_NAMES["Decimal"] = Decimal
