"""Reading inside a JSON text without building all of it: members, elements and paths as slices of the text.

A slice of a json text keeps the client's spelling, and a slice of a jsonb's canonical text is canonical, so both types
share these functions. The text is valid JSON already.

    member('{"a": [1, 2]}', "a") == "[1, 2]";  element("[1, 2]", -1) == "2";  scalar_text('"x"') == "x"

Source: PostgreSQL 15, src/backend/utils/adt/jsonfuncs.c (get_worker, get_jsonb_path_all).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from rustydb_engine.values.json_scan import check

_decode = json.JSONDecoder(parse_float=str, parse_int=str).raw_decode
_BLANK = re.compile(r"[ \t\n\r]*")
_INDEX = re.compile(r"[ \t\n\v\f\r]*[+-]?\d+\Z", re.A)


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match, "blanks may be empty"
    return match.end()


def kind_of(text: str) -> str:
    """Return the first character of a JSON text: what kind of value it is."""
    return text[_skip(text, 0)]


def members(text: str) -> Iterator[tuple[str, str]]:
    """Give (key, slice of the value) of an object, in the order of the text."""
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        key, at = _decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        end = _decode(text, at)[1]
        yield key, text[at:end]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def elements(text: str) -> Iterator[str]:
    """Give the slices of the elements of an array."""
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "]":
        end = _decode(text, at)[1]
        yield text[at:end]
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def member(text: str, key: str) -> str | None:
    """Return the value of a key (the last one, when it occurs twice); None when it is not there or not an object."""
    if kind_of(text) != "{":
        return None
    found = None
    for name, piece in members(text):
        if name == key:
            found = piece
    return found


def element(text: str, index: int) -> str | None:
    """Return element `index`, from the end when negative; None when it is not there or not an array."""
    if kind_of(text) != "[":
        return None
    if index < 0:
        pieces = list(elements(text))
        return pieces[index] if -index <= len(pieces) else None
    for position, piece in enumerate(elements(text)):
        if position == index:
            return piece
    return None


def index_of(step: str) -> int | None:
    """Return the number that a path step is, or None."""
    if not _INDEX.match(step) or len(step) > 30:
        return None
    number = int(step)
    return number if -(2**31) <= number < 2**31 else None


def extract(text: str, path: Sequence[str | None]) -> str | None:
    """Return what a path of keys and indexes leads to, or None."""
    found: str | None = text.strip(" \t\n\r") if not path else text
    for step in path:
        if step is None or found is None:
            return None
        first = kind_of(found)
        if first == "{":
            found = member(found, step)
        elif first == "[":
            index = index_of(step)
            found = None if index is None else element(found, index)
        else:
            return None
    return found


def scalar_text(text: str | None) -> str | None:
    """Return what ->> gives for a value: a string without its quotes, None for null, else the text."""
    if text is None:
        return None
    first = kind_of(text)
    if first == '"':
        if "\\u" in text:
            check(text, unescape=True)
        return str(_decode(text, _skip(text, 0))[0])
    return None if first == "n" else text
