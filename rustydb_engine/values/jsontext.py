"""json and jsonb: validation, canonical text, and the way to Python objects and back.

A json value is the client's text, checked. A jsonb value is the text that PostgreSQL would print for it: keys ordered by
their length in bytes and then by their bytes, the last of equal keys kept, numbers written as numeric does
(`1e2` is `100`, `1.50` stays), strings with the shortest escapes, one space after `:` and `,`.

    canonical('{"bb": 1e2, "a": [1.50, "\\u0041"]}') == '{"a": [1.50, "A"], "bb": 100}'
    loads('{"a": 1.5}') == {"a": Decimal("1.5")};  dumps_jsonb({"a": [1, None]}) == '{"a": [1, null]}'

Python's C decoder reads a text; where it refuses one, `json_scan` finds PostgreSQL's error. Nesting is bounded by
`DEPTH_MAX`, so that neither the decoder nor the writer can exhaust the stack.

Source: RFC 8259; PostgreSQL 15, section 8.14; src/backend/utils/adt/{json,jsonb}.c.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import NoReturn

from rustydb_engine.errors import SqlError
from rustydb_engine.values.json_scan import DEPTH_MAX, check, too_deep
from rustydb_engine.values.numeric import numeric_in

# object, because mypy has no recursive alias that is handy here: dict[str, Json] | list[Json] | str | Decimal | int | bool | None
Json = object

quote = encode_basestring
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.S)
_DIGITS_MAX = 4000


class _NotJsonError(ValueError):
    """NaN and kin, which Python's decoder would accept."""


def _refuse(_word: str) -> NoReturn:
    raise _NotJsonError


def _integer(digits: str) -> Decimal:
    return Decimal(digits) if digits != "-0" else Decimal(0)


_to_decimal = json.JSONDecoder(parse_float=numeric_in, parse_int=numeric_in, parse_constant=_refuse).decode
_to_number = json.JSONDecoder(parse_float=numeric_in, parse_constant=_refuse).decode
_to_text = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse).decode


def _bound_depth(text: str) -> None:
    """Raise 54001 when brackets nest too deep; the count of brackets spares most texts the walk."""
    if text.count("[") + text.count("{") <= DEPTH_MAX:
        return
    depth = 0
    for match in _STRUCTURE.finditer(text):
        token = match[0]
        if token in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise too_deep()
        elif token in "]}":
            depth -= 1


def json_in(text: str) -> str:
    """Return the text of a json value unchanged; 22P02 when it is not JSON."""
    _bound_depth(text)
    try:
        _to_text(text)
    except ValueError:
        check(text, unescape=False)
        raise AssertionError("the scanner and the decoder disagree") from None
    return text


def loads(text: str) -> Json:
    """Return the Python form of a JSON text: dict, list, str, Decimal, bool or None. Raises as jsonb input does."""
    _bound_depth(text)
    if "\\u" in text:
        check(text, unescape=True)
    try:
        return _to_decimal(text)
    except ValueError:
        check(text, unescape=True)
        raise AssertionError("the scanner and the decoder disagree") from None


def canonical(text: str) -> str:
    """Return the jsonb value of a JSON text."""
    if len(text) > _DIGITS_MAX:
        return dumps_jsonb(loads(text))
    _bound_depth(text)
    if "\\u" in text:
        check(text, unescape=True)
    try:
        return dumps_jsonb(_to_number(text))
    except ValueError:
        check(text, unescape=True)
        raise AssertionError("the scanner and the decoder disagree") from None


class Number(str):
    """A number of a JSON text as it is spelled."""

    __slots__ = ()


_to_spelled = json.JSONDecoder(parse_float=Number, parse_int=Number).decode


@lru_cache(maxsize=256)
def decoded(text: str) -> Json:
    """Return the Python form of a jsonb value, its numbers as `Number`; the caller must not change it."""
    return _to_spelled(text)


def plain_text(value: Json) -> str | None:
    """Return what ->> gives for a part of `decoded`: a string without quotes, None for null, else its text."""
    return value if isinstance(value, str) else None if value is None else dumps_jsonb(value)


def key_order(key: str) -> tuple[int, bytes]:
    """Return the sort key of an object's key: its length in bytes, then its bytes."""
    data = key.encode("utf-8", "surrogatepass")
    return len(data), data


def dumps_jsonb(value: Json) -> str:
    """Return the jsonb value of a Python form (int and float are accepted beside Decimal)."""
    if isinstance(value, str):
        return value if type(value) is Number else quote(value)
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, dict):
        if len(value) > 1:
            return (
                "{"
                + ", ".join([f"{quote(key)}: {dumps_jsonb(value[key])}" for key in sorted(value, key=key_order)])
                + "}"
            )
        return "{" + ", ".join([f"{quote(key)}: {dumps_jsonb(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join([dumps_jsonb(item) for item in value]) + "]"
    return number_text(value)


def number_text(value: Json) -> str:
    """Return the JSON text of a number; 22P02 for NaN and infinities, which JSON has not."""
    if isinstance(value, int):
        return str(Decimal(value))
    if isinstance(value, float):
        value = numeric_in(repr(value))
    assert isinstance(value, Decimal), "a JSON number is int, float or Decimal"
    if not value.is_finite():
        raise SqlError("22023", "cannot convert NaN to jsonb" if value.is_nan() else "cannot convert infinity to jsonb")
    return format(value, "f")
