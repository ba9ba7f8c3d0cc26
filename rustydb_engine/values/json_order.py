"""The btree order of jsonb: null < string < number < boolean < array < object.

Containers compare by their number of elements first, then element by element; an object by its pairs in key order. One
quirk is kept: an empty array at the top level is below everything.

Source: PostgreSQL 15, section 8.14.4; compareJsonbContainers in src/backend/utils/adt/jsonb_util.c.
"""

from __future__ import annotations

from decimal import Decimal

from rustydb_engine.values.jsontext import Json, key_order, loads

_NULL, _STRING, _NUMBER, _BOOLEAN, _ARRAY, _OBJECT = range(6)


def jsonb_key(text: str) -> tuple[object, ...]:
    """Return the sort, equality and hash key of a jsonb value."""
    return (-1,) if text == "[]" else json_key(loads(text))


def json_key(value: Json) -> tuple[object, ...]:
    """Return the key of the Python form of a JSON value."""
    if isinstance(value, str):
        return _STRING, value
    if value is None:
        return (_NULL,)
    if isinstance(value, bool):
        return _BOOLEAN, value
    if isinstance(value, Decimal):
        return _NUMBER, value
    if isinstance(value, list):
        return _ARRAY, len(value), tuple([json_key(item) for item in value])
    assert isinstance(value, dict), "a JSON value"
    pairs: list[object] = []
    for key in sorted(value, key=key_order):
        pairs += key, json_key(value[key])
    return _OBJECT, len(value), tuple(pairs)
