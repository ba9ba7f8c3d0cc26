"""Statistical aggregates: variance, standard deviation, covariance, correlation, linear regression.

Over integers and numeric the sums are exact and the result is a numeric with the scale of a division. Over double
precision the Youngs-Cramer algorithm keeps (N, Sx, Sxx), where Sxx is the sum of squared differences from the mean, so
that large means do not cancel the digits away; two-argument aggregates keep (N, Sx, Sxx, Sy, Syy, Sxy).

Source: PostgreSQL 15, table 9.60; src/backend/utils/adt/float.c (float8_accum, float8_regr_accum), numeric.c
(numeric_stddev_internal).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from rustydb_engine.sql.functions.registry import aggregate
from rustydb_engine.values.floats import float_overflow
from rustydb_engine.values.numeric import (
    EXACT,
    NAN,
    ZERO,
    add,
    divide_scaled,
    division_scale,
    multiply,
    subtract,
    truncating,
    unit,
)

# ---------------------------------------------------------------- exact variance

Sums = tuple[int, Decimal, Decimal]


def accumulate_numeric(state: Sums, number: Decimal) -> Sums:
    """Count, add the number and its square."""
    return state[0] + 1, add(state[1], number), add(state[2], multiply(number, number))


def accumulate_int(state: tuple[int, int, int], number: int) -> tuple[int, int, int]:
    """Count, add the number and its square."""
    return state[0] + 1, state[1] + number, state[2] + number * number


def square_root(number: Decimal, scale: int) -> Decimal:
    """Return the root of a positive number, rounded to `scale` digits."""
    digits = max(number.adjusted() // 2 + scale + 4, 4)
    return truncating(digits).sqrt(number).quantize(unit(scale), ROUND_HALF_UP, EXACT)


def _exact(sample: bool, root: bool) -> Callable[[tuple[int, Decimal | int, Decimal | int]], Decimal | None]:
    """Make the final function of a variance (or its root) of exact numbers."""

    def final(state: tuple[int, Decimal | int, Decimal | int]) -> Decimal | None:
        count, total, squares = Decimal(state[0]), Decimal(state[1]), Decimal(state[2])
        if state[0] <= (1 if sample else 0):
            return None
        if not (total.is_finite() and squares.is_finite()):
            return NAN
        above = subtract(multiply(count, squares), multiply(total, total))
        if above <= 0:
            return ZERO
        below = count * (count - 1) if sample else count * count
        scale = division_scale(above, below)
        variance = divide_scaled(above, below, scale)
        return square_root(variance, scale) if root and variance else variance

    return final


# ---------------------------------------------------------------- variance of floats

Moments = tuple[float, float, float]


def accumulate_float(state: Moments, number: float) -> Moments:
    """Add a number to (N, Sx, Sxx)."""
    count, total, squares = state
    after = count + 1.0
    new_total = total + number
    if count > 0.0:
        distance = number * after - new_total
        squares += distance * distance / (after * count)
        if math.isinf(new_total) or math.isinf(squares):
            if not math.isinf(total) and not math.isinf(number):
                float_overflow()
            squares = math.nan
    elif not math.isfinite(number):
        squares = math.nan
    return after, new_total, squares


def _approximate(sample: bool, root: bool) -> Callable[[Moments], float | None]:
    def final(state: Moments) -> float | None:
        count, _, squares = state
        if count <= (1.0 if sample else 0.0):
            return None
        variance = squares / (count - 1.0 if sample else count)
        return math.sqrt(variance) if root else variance

    return final


_VARIANCES = """
stddev 1 1 2156 2155 2154 2159 2157 2158; stddev_pop 0 1 2726 2725 2724 2729 2727 2728
stddev_samp 1 1 2714 2713 2712 2717 2715 2716; variance 1 0 2150 2149 2148 2153 2151 2152
var_pop 0 0 2720 2719 2718 2723 2721 2722; var_samp 1 0 2643 2642 2641 2646 2644 2645
"""


def _declare_variances() -> None:
    for entry in _VARIANCES.replace("\n", ";").split(";"):
        if not entry.strip():
            continue
        name, sample, root, *oids = entry.split()
        exact = _exact(sample == "1", root == "1")
        approximate = _approximate(sample == "1", root == "1")
        for kind, oid in zip(("int2", "int4", "int8", "numeric", "float4", "float8"), map(int, oids), strict=True):
            if kind.startswith("int"):
                aggregate(
                    f"{name}({kind}) -> numeric", oid=oid, start=lambda: (0, 0, 0), step=accumulate_int, final=exact
                )
            elif kind == "numeric":
                aggregate(
                    f"{name}(numeric) -> numeric", oid=oid,
                    start=lambda: (0, ZERO, ZERO), step=accumulate_numeric, final=exact,
                )  # fmt: skip
            else:
                aggregate(
                    f"{name}({kind}) -> float8", oid=oid,
                    start=lambda: (0.0, 0.0, 0.0), step=accumulate_float, final=approximate,
                )  # fmt: skip


_declare_variances()


# ---------------------------------------------------------------- regression

Regression = tuple[float, float, float, float, float, float]


def accumulate_pair(state: Regression, y: float, x: float) -> Regression:
    """Add a point to (N, Sx, Sxx, Sy, Syy, Sxy); the first argument of SQL's aggregates is Y."""
    count, sum_x, squares_x, sum_y, squares_y, products = state
    after = count + 1.0
    new_x, new_y = sum_x + x, sum_y + y
    if count > 0.0:
        distance_x, distance_y = x * after - new_x, y * after - new_y
        scale = 1.0 / (after * count)
        squares_x += distance_x * distance_x * scale
        squares_y += distance_y * distance_y * scale
        products += distance_x * distance_y * scale
        if not math.isfinite(new_x + squares_x + new_y + squares_y + products):
            squares_x, squares_y, products = _after_infinity(
                state, y, x, (new_x, squares_x, new_y, squares_y, products)
            )
    else:
        if not math.isfinite(x):
            squares_x = products = math.nan
        if not math.isfinite(y):
            squares_y = products = math.nan
    return after, new_x, squares_x, new_y, squares_y, products


def _after_infinity(
    state: Regression, y: float, x: float, sums: tuple[float, float, float, float, float]
) -> tuple[float, float, float]:
    """Turn sums that became infinite into NaN, or raise 22003 when all inputs were finite."""
    _, sum_x, _, sum_y, _, _ = state
    new_x, squares_x, new_y, squares_y, products = sums
    infinite_x = math.isinf(sum_x) or math.isinf(x)
    infinite_y = math.isinf(sum_y) or math.isinf(y)
    if ((math.isinf(new_x) or math.isinf(squares_x)) and not infinite_x) or (
        (math.isinf(new_y) or math.isinf(squares_y)) and not infinite_y
    ):
        float_overflow()
    if math.isinf(products) and not infinite_x and not infinite_y:
        float_overflow()
    return (
        math.nan if math.isinf(squares_x) else squares_x,
        math.nan if math.isinf(squares_y) else squares_y,
        math.nan if math.isinf(products) else products,
    )


def _corr(state: Regression) -> float | None:
    count, _, squares_x, _, squares_y, products = state
    if count < 1.0 or squares_x == 0.0 or squares_y == 0.0:
        return None
    return products / math.sqrt(squares_x * squares_y)


def _r2(state: Regression) -> float | None:
    count, _, squares_x, _, squares_y, products = state
    if count < 1.0 or squares_x == 0.0:
        return None
    if squares_y == 0.0:
        return 1.0
    return (products * products) / (squares_x * squares_y)


def _slope(state: Regression) -> float | None:
    return None if state[0] < 1.0 or state[2] == 0.0 else state[5] / state[2]


def _intercept(state: Regression) -> float | None:
    count, sum_x, squares_x, sum_y, _, products = state
    return None if count < 1.0 or squares_x == 0.0 else (sum_y - sum_x * products / squares_x) / count


def _declare_regressions() -> None:
    finals: tuple[tuple[str, int, Callable[[Regression], float | None]], ...] = (
        ("corr", 2829, _corr),
        ("covar_pop", 2827, lambda s: s[5] / s[0] if s[0] >= 1.0 else None),
        ("covar_samp", 2828, lambda s: s[5] / (s[0] - 1.0) if s[0] >= 2.0 else None),
        ("regr_avgx", 2822, lambda s: s[1] / s[0] if s[0] >= 1.0 else None),
        ("regr_avgy", 2823, lambda s: s[3] / s[0] if s[0] >= 1.0 else None),
        ("regr_intercept", 2826, _intercept),
        ("regr_r2", 2824, _r2),
        ("regr_slope", 2825, _slope),
        ("regr_sxx", 2819, lambda s: s[2] if s[0] >= 1.0 else None),
        ("regr_sxy", 2821, lambda s: s[5] if s[0] >= 1.0 else None),
        ("regr_syy", 2820, lambda s: s[4] if s[0] >= 1.0 else None),
    )
    for name, oid, final in finals:
        aggregate(
            f"{name}(float8, float8) -> float8", oid=oid,
            start=lambda: (0.0, 0.0, 0.0, 0.0, 0.0, 0.0), step=accumulate_pair, final=final,
        )  # fmt: skip
    aggregate(
        "regr_count(float8, float8) -> int8", oid=2818, start=lambda: 0, step=lambda state, y, x: state + 1,
        final=lambda state: state, inline_step="{s} + 1", start_inline="0",
    )  # fmt: skip


_declare_regressions()
