"""Operators on json and jsonb: access by key, index and path, containment, concatenation, deletion.

Source: PostgreSQL 15, section 9.16; src/backend/utils/adt/{jsonfuncs,jsonb_op,jsonb_util}.c.
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.behind import behind, enter_behind
from rustydb_engine.sql.functions.registry import function
from rustydb_engine.values.json_path import element, elements, extract, index_of, kind_of, member, members, scalar_text
from rustydb_engine.values.jsontext import Json, decoded, dumps_jsonb, loads, plain_text

TextArray = tuple[str | None, ...]


enter_behind("json_object_field", member)
enter_behind("json_array_element", element)
enter_behind("json_extract_path", extract)
enter_behind("jsonb_extract_path", extract)


@behind("jsonb_object_field")
def jsonb_member(text: str, key: str) -> str | None:
    """Return the value of a key."""
    value = decoded(text)
    return dumps_jsonb(value[key]) if isinstance(value, dict) and key in value else None


@behind("jsonb_object_field_text")
def jsonb_member_text(text: str, key: str) -> str | None:
    """Return the value of a key as text."""
    value = decoded(text)
    return plain_text(value.get(key)) if isinstance(value, dict) else None


@behind("json_object_field_text")
def member_text(text: str, key: str) -> str | None:
    """Return the value of a key as text."""
    return scalar_text(member(text, key))


@behind("jsonb_array_element")
def jsonb_element(text: str, index: int) -> str | None:
    """Return an element; a scalar is its own only element."""
    value = decoded(text)
    if isinstance(value, list):
        return dumps_jsonb(value[index]) if -len(value) <= index < len(value) else None
    return text if index in (0, -1) and not isinstance(value, dict) else None


@behind("jsonb_array_element_text")
def jsonb_element_text(text: str, index: int) -> str | None:
    """Return an element as text."""
    return scalar_text(jsonb_element(text, index))


@behind("json_array_element_text")
def element_text(text: str, index: int) -> str | None:
    """Return an element as text."""
    return scalar_text(element(text, index))


@behind("json_extract_path_text", "jsonb_extract_path_text")
def extract_text(text: str, path: TextArray) -> str | None:
    """Return what a path leads to as text."""
    return scalar_text(extract(text, path))


def _equal(left: Json, right: Json) -> bool:
    """Whether two scalars are equal; true is not 1."""
    return isinstance(left, bool) == isinstance(right, bool) and type(left) is type(right) and left == right


def _contains(left: Json, right: Json) -> bool:
    """Whether a value contains another of the same kind (JsonbDeepContains)."""
    if isinstance(left, dict) and isinstance(right, dict):
        return all(key in left and _contains(left[key], item) for key, item in right.items())
    if isinstance(left, list) and isinstance(right, list):
        return all(any(_contains(mine, item) for mine in left) for item in right)
    return _equal(left, right)


@behind("jsonb_contains")
def jsonb_contains(left: str, right: str) -> bool:
    """Whether the right value is in the left one; an array may contain a scalar at the top."""
    mine, theirs = loads(left), loads(right)
    if isinstance(mine, list) and not isinstance(theirs, list | dict):
        return any(_equal(item, theirs) for item in mine)
    return _contains(mine, theirs)


@behind("jsonb_contained")
def jsonb_contained(left: str, right: str) -> bool:
    """Whether the left value is in the right one."""
    return jsonb_contains(right, left)


@behind("jsonb_exists")
def jsonb_exists(text: str, key: str) -> bool:
    """Whether a text is a key of an object, an element of an array, or the string itself."""
    return key in _names(text)


@behind("jsonb_exists_any")
def jsonb_exists_any(text: str, keys: TextArray) -> bool:
    """Whether any of the texts exists."""
    names = _names(text)
    return any(key in names for key in keys if key is not None)


@behind("jsonb_exists_all")
def jsonb_exists_all(text: str, keys: TextArray) -> bool:
    """Whether all of the texts exist."""
    names = _names(text)
    return all(key in names for key in keys if key is not None)


def _names(text: str) -> frozenset[str]:
    """Return the keys of an object or the strings of an array or of a lone string."""
    first = kind_of(text)
    if first == "{":
        return frozenset(key for key, _ in members(text))
    pieces = elements(text) if first == "[" else iter((text,))
    return frozenset(str(scalar_text(piece)) for piece in pieces if piece.startswith('"'))


@behind("jsonb_concat")
def jsonb_concat(left: str, right: str) -> str:
    """Merge two objects, or append as arrays; what is not an array counts as one of one element."""
    mine, theirs = loads(left), loads(right)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return dumps_jsonb({**mine, **theirs})
    return dumps_jsonb(_as_list(mine) + _as_list(theirs))


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _scalar_error(what: str) -> SqlError:
    return SqlError("22023", what)


def delete_key(text: str, key: str) -> str:
    """Remove a key of an object or the equal strings of an array."""
    return delete_keys(text, (key,))


def delete_keys(text: str, keys: TextArray) -> str:
    """Remove keys of an object or the equal strings of an array."""
    value = loads(text)
    if isinstance(value, dict):
        return dumps_jsonb({name: item for name, item in value.items() if name not in keys})
    if isinstance(value, list):
        return dumps_jsonb([item for item in value if not (isinstance(item, str) and item in keys)])
    raise _scalar_error("cannot delete from scalar")


def delete_index(text: str, index: int) -> str:
    """Remove an element of an array."""
    value = loads(text)
    if isinstance(value, dict):
        raise _scalar_error("cannot delete from object using integer index")
    if not isinstance(value, list):
        raise _scalar_error("cannot delete from scalar")
    if -len(value) <= index < len(value):
        del value[index]
    return dumps_jsonb(value)


@behind("jsonb_delete_path")
def jsonb_delete_path(text: str, path: TextArray) -> str:
    """Remove what a path leads to."""
    value = loads(text)
    if not isinstance(value, dict | list):
        raise _scalar_error("cannot delete path in scalar")
    if path and value:
        _delete_at(value, path, 0)
    return dumps_jsonb(value)


def _delete_at(value: Json, path: TextArray, depth: int) -> None:
    """Remove the item of `value` at path[depth:]."""
    step = path[depth]
    if step is None:
        raise SqlError("22004", f"path element at position {depth + 1} is null")
    if isinstance(value, dict):
        if step not in value:
            return
        if depth + 1 == len(path):
            del value[step]
        else:
            _delete_at(value[step], path, depth + 1)
    elif isinstance(value, list):
        index = index_of(step)
        if index is None:
            raise SqlError("22P02", f'path element at position {depth + 1} is not an integer: "{step}"')
        if not -len(value) <= index < len(value):
            return
        if depth + 1 == len(path):
            del value[index]
        else:
            _delete_at(value[index], path, depth + 1)


def _delete_functions() -> None:
    """Enter the three functions named jsonb_delete, which differ by their right type."""
    function("jsonb_delete(jsonb, text) -> jsonb", oid=3302)(delete_key)
    function("jsonb_delete(jsonb, int4) -> jsonb", oid=3303)(delete_index)
    function("jsonb_delete(jsonb, variadic _text) -> jsonb", oid=3343)(delete_keys)


_delete_functions()
