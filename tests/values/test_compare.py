"""Order, equality and hash keys."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from math import inf, nan
from typing import cast

import pytest

from rustydb_engine.values.compare import NAMES, compare_key, equal_source, equal_values, key_source
from rustydb_engine.values.forms import DEFAULT_FORMS
from rustydb_engine.values.interval import Interval
from rustydb_engine.values.io import io_of
from rustydb_engine.values.types import BY_NAME, Type

# Values of each type in ascending order; those in one list are equal.
ORDERED: dict[str, list[list[str]]] = {
    "numeric": [["-Infinity"], ["-1"], ["0", "0.00"], ["1.0", "1.00"], ["Infinity"], ["NaN", "nan"]],
    "float8": [["-Infinity"], ["0", "-0"], ["1.5"], ["Infinity"], ["NaN"]],
    "text": [[""], ["A"], ["a"], ["a "], ["b"], ["ä"]],
    "bpchar": [[""], ["A"], ["a", "a  "], ["b"]],
    "bool": [["f"], ["t"]],
    "interval": [["-1 day"], ["0"], ["1 day", "24:00:00"], ["1 mon", "30 days", "720:00:00"], ["1 year"]],
    "timetz": [["09:00+02"], ["10:00+02", "10:00+02"], ["09:00+01"], ["10:00+01"]],
    "bytea": [["\\x"], ["\\x00"], ["\\x0000"], ["\\x01"]],
    "jsonb": [["[]"], ["null"], ['"a"'], ['"b"'], ["1", "1.0"], ["2"], ["false"], ["true"], ["[1]"], ["[1, 2]"], ["{}"],
              ['{"a": 1}'], ['{"b": 1}'], ['{"a": 1, "b": 1}', '{"b":1.0,"a":1}']],
    "_int4": [["{}"], ["{1}"], ["{1,2}"], ["{{1,2}}"], ["{1,NULL}"], ["{2}"], ["{NULL}"]],
    "_numeric": [["{1.0,2}", "{1,2.00}"], ["{1,NaN}"], ["{1,NULL}"]],
    "_interval": [["{1 day}", "{24:00:00}"], ["{1 mon}", "{30 days}"]],
    "date": [["-infinity"], ["0001-01-01 BC"], ["2020-01-01"], ["infinity"]],
}  # fmt: skip


def key_of(kind: Type) -> Callable[..., float]:
    """Return the key function of a type; its keys compare among themselves, which `float` stands for here."""
    return cast("Callable[..., float]", compare_key(kind) or (lambda value: value))


@pytest.mark.parametrize("name", ORDERED)
def test_keys_order_values_as_postgresql_does(name: str) -> None:
    kind = BY_NAME[name]
    key = key_of(kind)
    groups = [[key(io_of(kind).input(text, -1, DEFAULT_FORMS)) for text in group] for group in ORDERED[name]]
    for group in groups:
        assert all(one == other and hash(one) == hash(other) for one in group for other in group)
    firsts = [group[0] for group in groups]
    for low, high in itertools.pairwise(firsts):
        assert low < high and not high < low and low != high
    assert sorted(firsts) == firsts


@pytest.mark.parametrize("name", ORDERED)
def test_the_source_of_a_key_computes_the_same_key(name: str) -> None:
    kind = BY_NAME[name]
    key = compare_key(kind)
    for text in (text for group in ORDERED[name] for text in group):
        value = io_of(kind).input(text, -1, DEFAULT_FORMS)
        wanted = value if key is None else key(value)
        for expression in ("v", "r[0]"):
            assert eval(key_source(kind, expression), {**NAMES, "v": value, "r": (value,)}) == wanted
        assert eval(equal_source(kind, "v", "r[0]"), {**NAMES, "v": value, "r": (value,)}) is True


def test_nan_keys_are_equal_and_above_infinity() -> None:
    key = key_of(BY_NAME["float8"])
    assert key(nan) == key(nan) and key(inf) < key(nan) and not key(nan) < key(inf)
    assert len({key(nan), key(float("nan")), key(0.0), key(-0.0)}) == 2


def test_records_compare_by_the_python_forms_of_their_fields() -> None:
    key = key_of(BY_NAME["record"])
    assert key((1, Decimal("1.0"), Interval(0, 1, 0))) == key((1, Decimal("1.00"), Interval(0, 0, 86_400_000_000)))
    assert key((1, None)) > key((1, 5))


def test_equality_of_values_knows_null() -> None:
    assert equal_values(BY_NAME["int4"], None, None)
    assert not equal_values(BY_NAME["int4"], None, 1)
    assert equal_values(BY_NAME["bpchar"], "a ", "a")
