"""Changing jsonb: jsonb_set, jsonb_set_lax, jsonb_insert.

A path is an array of texts: a key for an object, a number (from the end when negative) for an array. The last step may
name what does not exist yet; every step before it must exist, or the value is returned as it was.

    jsonb_set('{"a": [1, 2]}', '{a,1}', '9')  ->  {"a": [1, 9]}

Source: PostgreSQL 15, table 9.48; src/backend/utils/adt/jsonfuncs.c (setPath).
"""

from __future__ import annotations

from collections.abc import Sequence

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.json_path import index_of, kind_of
from rustydb_engine.values.jsontext import Json, dumps_jsonb, loads

_REPLACE, _CREATE, _BEFORE, _AFTER, _DELETE = range(5)


def _check(text: str, path: Sequence[object]) -> None:
    if path and isinstance(path[0], tuple):
        raise SqlError("2202E", "wrong number of array subscripts")
    if kind_of(text) not in "{[":
        raise SqlError("22023", "cannot set path in scalar")


def _change(value: Json, path: Sequence[str | None], level: int, new: Json, how: int) -> Json:
    """Return the value with the place that the path names changed."""
    step = path[level]
    if step is None:
        raise SqlError("22004", f"path element at position {level + 1} is null")
    last = level == len(path) - 1
    if isinstance(value, dict):
        return _change_object(value, step, path, level, new, how) if not last else _put(value, step, new, how)
    if not isinstance(value, list):
        return value
    index = index_of(step)
    if index is None:
        raise SqlError("22P02", f'path element at position {level + 1} is not an integer: "{step}"')
    place = index + len(value) if index < 0 else index
    if last:
        return _place(value, index, place, new, how)
    if not 0 <= place < len(value):
        return value
    return [_change(item, path, level + 1, new, how) if at == place else item for at, item in enumerate(value)]


def _change_object(
    value: dict[str, Json], step: str, path: Sequence[str | None], level: int, new: Json, how: int
) -> Json:
    if step not in value:
        return value
    return {key: _change(item, path, level + 1, new, how) if key == step else item for key, item in value.items()}


def _put(value: dict[str, Json], key: str, new: Json, how: int) -> Json:
    """Change a member of an object at the end of the path."""
    if how == _DELETE:
        return {name: item for name, item in value.items() if name != key}
    if key in value:
        if how in (_BEFORE, _AFTER):
            raise SqlError(
                "22023", "cannot replace existing key", hint="Try using the function jsonb_set to replace key value."
            )
        return {**value, key: new}
    return value if how == _REPLACE else {**value, key: new}


def _place(value: list[Json], index: int, place: int, new: Json, how: int) -> Json:
    """Change an element of an array at the end of the path; a place outside is its nearest end."""
    exists = 0 <= place < len(value)
    if how == _DELETE:
        return [item for at, item in enumerate(value) if at != place]
    if exists and how in (_REPLACE, _CREATE):
        return [*value[:place], new, *value[place + 1 :]]
    if exists:
        at = place + (how == _AFTER)
        return [*value[:at], new, *value[at:]]
    if how == _REPLACE:
        return value
    return [new, *value] if index < 0 else [*value, new]


@function(
    "jsonb_set(jsonb_in jsonb, path _text, replacement jsonb, create_if_missing bool) -> jsonb",
    oid=3305,
    defaults=(True,),
)
def jsonb_set(text: str, path: tuple[str | None, ...], new: str, create: bool) -> str:
    _check(text, path)
    if not path or (len(text) == 2 and not create):
        return text
    return dumps_jsonb(_change(loads(text), path, 0, loads(new), _CREATE if create else _REPLACE))


@function(
    "jsonb_set_lax(jsonb_in jsonb, path _text, replacement jsonb, create_if_missing bool, null_value_treatment text)"
    " -> jsonb",
    oid=5054, strict=False, defaults=(True, "use_json_null"),
)  # fmt: skip
def jsonb_set_lax(
    text: str | None, path: tuple[str | None, ...] | None, new: str | None, create: bool | None, treatment: str | None
) -> str | None:
    if text is None or path is None or create is None:
        return None
    if treatment is None:
        hint = 'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"'
        raise SqlError("22023", hint)
    if new is not None:
        return jsonb_set(text, path, new, create)
    match treatment:
        case "raise_exception":
            raise SqlError(
                "22004", "JSON value must not be null",
                detail="Exception was raised because null_value_treatment is \"raise_exception\".",
                hint="To avoid, either change the null_value_treatment argument "
                "or ensure that an SQL NULL is not passed.",
            )  # fmt: skip
        case "use_json_null":
            return jsonb_set(text, path, "null", create)
        case "delete_key":
            return delete_path(text, path)
        case "return_target":
            return text
    raise SqlError(
        "22023", 'null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"'
    )


def delete_path(text: str, path: tuple[str | None, ...]) -> str:
    """Return a jsonb value without what the path names."""
    if path and isinstance(path[0], tuple):
        raise SqlError("2202E", "wrong number of array subscripts")
    if kind_of(text) not in "{[":
        raise SqlError("22023", "cannot delete path in scalar")
    return dumps_jsonb(_change(loads(text), path, 0, None, _DELETE)) if path else text


@function(
    "jsonb_insert(jsonb_in jsonb, path _text, replacement jsonb, insert_after bool) -> jsonb",
    oid=3579,
    defaults=(False,),
)
def jsonb_insert(text: str, path: tuple[str | None, ...], new: str, after: bool) -> str:
    _check(text, path)
    if not path:
        return text
    return dumps_jsonb(_change(loads(text), path, 0, loads(new), _AFTER if after else _BEFORE))
