"""Aggregates: count, sum, avg, min, max, bool_and, bit_and and kin.

A state is the cheapest thing that generated code can keep in a local variable: an int for count, None or the running
sum for sum, one int for the average of integers. `inline_step` is what the loop executes for each row; `step` means the
same. Sums of int4 are ints of any size and checked against the range once, at the end: PostgreSQL's error is the
same, its intermediate overflow is not (a sum whose partial sums leave the range of bigint and come back).

    SELECT sum(a) …   the loop:  s = (s or 0) + row[0]       at the end:  sum8_final(s)

Statistical aggregates are in `statistics`, those that collect rows in `collecting`, ordered sets in `ordered_sets`.
Source: PostgreSQL 15, section 9.21; src/backend/utils/adt/{numeric,float}.c.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import final

from rustydb_engine.sql.functions.registry import INLINE_NAMES, Implementation, aggregate
from rustydb_engine.values.compare import GREATEST, compare_key
from rustydb_engine.values.floats import float_add, round4
from rustydb_engine.values.integers import INT8_MAX, INT8_MIN, int8_overflow
from rustydb_engine.values.numeric import ZERO, add, divide
from rustydb_engine.values.types import BY_NAME


def nothing() -> None:
    """Return the state of an aggregate that has seen no row."""
    return None


def same(state: object) -> object:
    """Return the state as the result."""
    return state


# ---------------------------------------------------------------- count


def zero() -> int:
    """Return the state of a counter."""
    return 0


aggregate(
    "count() -> int8", oid=2803,
    start=zero, step=lambda state: state + 1, final=same, inline_step="{s} + 1", start_inline="0",
)  # fmt: skip
aggregate(
    "count(any) -> int8", oid=2147,
    start=zero, step=lambda state, item: state + 1, final=same, inline_step="{s} + 1", start_inline="0",
)  # fmt: skip


# ---------------------------------------------------------------- sum


def sum_int(state: int | None, number: int) -> int:
    """Add an integer."""
    return (state or 0) + number


def sum8_final(state: int | None) -> int | None:
    """Return a sum as bigint; 22003 when it does not fit."""
    if state is not None and not INT8_MIN <= state <= INT8_MAX:
        int8_overflow()
    return state


def sum_numeric_final(state: int | None) -> Decimal | None:
    """Return a sum of bigints, which is a numeric."""
    return None if state is None else Decimal(state)


def sum_numeric(state: Decimal | None, number: Decimal) -> Decimal:
    """Add a numeric; the first one gives the scale to start with."""
    return number if state is None else add(state, number)


def sum_float(state: float | None, number: float) -> float:
    """Add a double precision."""
    return number if state is None else float_add(state, number)


def sum_float4(state: float | None, number: float) -> float:
    """Add a real; PostgreSQL keeps the sum in a real as well."""
    return number if state is None else round4(float_add(state, number))


def _declare_sums() -> None:
    for kind, oid in (("int2", 2109), ("int4", 2108)):
        aggregate(
            f"sum({kind}) -> int8", oid=oid, start=nothing, step=sum_int, final=sum8_final,
            inline_step="({s} or 0) + {0}", start_inline="None",
        )  # fmt: skip
    aggregate(
        "sum(int8) -> numeric", oid=2107, start=nothing, step=sum_int, final=sum_numeric_final,
        inline_step="({s} or 0) + {0}", start_inline="None",
    )  # fmt: skip
    # A scale is never below 0, so a ZERO of scale 0 does not change that of the first number.
    aggregate(
        "sum(numeric) -> numeric", oid=2114, start=nothing, step=sum_numeric, final=same,
        inline_step="numeric_add(NUMERIC_ZERO if {s} is None else {s}, {0})", start_inline="None",
    )  # fmt: skip
    # -0.0 is the number that changes no other when it is added.
    aggregate(
        "sum(float8) -> float8", oid=2111, start=nothing, step=sum_float, final=same,
        inline_step="float_add(-0.0 if {s} is None else {s}, {0})", start_inline="None",
    )  # fmt: skip
    aggregate("sum(float4) -> float4", oid=2110, start=nothing, step=sum_float4, final=same, start_inline="None")


INLINE_NAMES.update({"numeric_add": add, "NUMERIC_ZERO": ZERO, "float_add": float_add})
_declare_sums()


# ---------------------------------------------------------------- avg


def average_int(state: int, number: int) -> int:
    """Add one to the count in the low 64 bits and `number` to the sum above them."""
    return state + (number << 64 | 1)


def average_int_final(state: int) -> Decimal | None:
    """Return the quotient as numeric division gives it."""
    count = state & 0xFFFFFFFFFFFFFFFF
    return divide(Decimal(state >> 64), Decimal(count)) if count else None


def average_numeric(state: tuple[int, Decimal], number: Decimal) -> tuple[int, Decimal]:
    """Count and add a numeric."""
    return state[0] + 1, add(state[1], number)


def average_numeric_final(state: tuple[int, Decimal]) -> Decimal | None:
    """Return the quotient."""
    return divide(state[1], Decimal(state[0])) if state[0] else None


def average_float(state: tuple[int, float], number: float) -> tuple[int, float]:
    """Count and add a float."""
    return state[0] + 1, float_add(state[1], number)


def average_float_final(state: tuple[int, float]) -> float | None:
    """Return the quotient."""
    return state[1] / state[0] if state[0] else None


for _kind, _oid in (("int2", 2102), ("int4", 2101), ("int8", 2100)):
    aggregate(
        f"avg({_kind}) -> numeric", oid=_oid, start=zero, step=average_int, final=average_int_final,
        inline_step="{s} + ({0} << 64 | 1)", start_inline="0",
    )  # fmt: skip
aggregate(
    "avg(numeric) -> numeric", oid=2103,
    start=lambda: (0, ZERO), step=average_numeric, final=average_numeric_final,
)  # fmt: skip
for _kind, _oid in (("float4", 2104), ("float8", 2105)):
    aggregate(
        f"avg({_kind}) -> float8", oid=_oid, start=lambda: (0, 0.0), step=average_float, final=average_float_final
    )


# ---------------------------------------------------------------- min and max


@final
class Least:
    """A value below every other: where max starts, so that its loop needs no test for the first row."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return True

    def __gt__(self, other: object) -> bool:
        return False


LEAST = Least()


def greatest() -> object:
    """Return the state of a min that has seen no row."""
    return GREATEST


def least() -> object:
    """Return the state of a max that has seen no row."""
    return LEAST


def extreme_final(state: object) -> object:
    """Return the extreme, None over no rows."""
    return None if state is GREATEST or state is LEAST else state


def _smaller(key: Callable[[object], object]) -> Implementation:
    """Of two equal values PostgreSQL keeps the later (1.0 and 1.00, 1 month and 30 days)."""
    return lambda state, item: state if state is not GREATEST and key(state) < key(item) else item  # type: ignore[operator]


def _larger(key: Callable[[object], object]) -> Implementation:
    return lambda state, item: state if state is not LEAST and key(state) > key(item) else item  # type: ignore[operator]


_EXTREMES = """
bpchar 2245 2244; date 2138 2122; float4 2135 2119; float8 2136 2120; int2 2133 2117; int4 2132 2116; int8 2131 2115
interval 2144 2128; numeric 2146 2130; oid 2134 2118; pg_lsn 4190 4189; text 2145 2129; tid 2798 2797; time 2139 2123
timestamp 2142 2126; timestamptz 2143 2127; timetz 2140 2124; xid8 5100 5099; anyarray 2051 2050
"""


def _declare_extremes() -> None:
    for entry in _EXTREMES.replace("\n", ";").split(";"):
        if not entry.strip():
            continue
        name, min_oid, max_oid = entry.split()
        kind = BY_NAME[name]
        key = compare_key(BY_NAME["_float8"] if name == "anyarray" else kind)
        if key is None:
            aggregate(
                f"min({name}) -> {name}", oid=int(min_oid), start=greatest, final=extreme_final,
                step=lambda state, item: item if item < state else state,
                inline_step="(_i if (_i := {0}) < {s} else {s})", start_inline="GREATEST",
            )  # fmt: skip
            aggregate(
                f"max({name}) -> {name}", oid=int(max_oid), start=least, final=extreme_final,
                step=lambda state, item: item if item > state else state,
                inline_step="(_i if (_i := {0}) > {s} else {s})", start_inline="LEAST",
            )  # fmt: skip
        else:
            aggregate(
                f"min({name}) -> {name}", oid=int(min_oid), start=greatest, step=_smaller(key), final=extreme_final
            )
            aggregate(f"max({name}) -> {name}", oid=int(max_oid), start=least, step=_larger(key), final=extreme_final)


INLINE_NAMES.update({"GREATEST": GREATEST, "LEAST": LEAST})
_declare_extremes()


# ---------------------------------------------------------------- truth values and bits


def both(state: bool | None, item: bool) -> bool:
    """Return whether all were true."""
    return item and state is not False


def either(state: bool | None, item: bool) -> bool:
    """Return whether one was true."""
    return item or state is True


for _name, _oid in (("bool_and", 2517), ("every", 2519)):
    aggregate(
        f"{_name}(bool) -> bool", oid=_oid, start=nothing, step=both, final=same,
        inline_step="({0} and {s} is not False)", start_inline="None",
    )  # fmt: skip
aggregate(
    "bool_or(bool) -> bool", oid=2518, start=nothing, step=either, final=same,
    inline_step="({0} or {s} is True)", start_inline="None",
)  # fmt: skip


def bits_and(state: int | None, number: int) -> int:
    """Return the bits set in all."""
    return (-1 if state is None else state) & number


def bits_or(state: int | None, number: int) -> int:
    """Return the bits set in any."""
    return (state or 0) | number


def bits_xor(state: int | None, number: int) -> int:
    """Return the bits set in an odd number of them."""
    return (state or 0) ^ number


for _kind, _and, _or, _xor in (
    ("int2", 2236, 2237, 6164),
    ("int4", 2238, 2239, 6165),
    ("int8", 2240, 2241, 6166),
):
    aggregate(
        f"bit_and({_kind}) -> {_kind}", oid=_and, start=nothing, step=bits_and, final=same,
        inline_step="((-1 if {s} is None else {s}) & {0})", start_inline="None",
    )  # fmt: skip
    aggregate(
        f"bit_or({_kind}) -> {_kind}", oid=_or, start=nothing, step=bits_or, final=same,
        inline_step="(({s} or 0) | {0})", start_inline="None",
    )  # fmt: skip
    aggregate(
        f"bit_xor({_kind}) -> {_kind}", oid=_xor, start=nothing, step=bits_xor, final=same,
        inline_step="(({s} or 0) ^ {0})", start_inline="None",
    )  # fmt: skip
