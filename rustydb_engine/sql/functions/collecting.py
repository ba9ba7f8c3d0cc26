"""Aggregates that collect their rows: string_agg and array_agg.

The state is a list that grows in place. `array_agg` keeps NULLs, so over at least one row its list is not empty, and an
empty list means that there was no row. The JSON aggregates are in `json_aggregates`.

Source: PostgreSQL 15, table 9.59.
"""

from __future__ import annotations

from rustydb_engine.errors import SqlError
from rustydb_engine.sql.functions.registry import aggregate

# ---------------------------------------------------------------- string_agg


def join_text(state: list[str], item: str | None, delimiter: str | None) -> list[str]:
    """Append the delimiter (not before the first) and the text; NULL texts are left out."""
    if item is not None:
        if state and delimiter:
            state.append(delimiter)
        state.append(item)
    return state


def join_bytes(state: list[bytes], item: bytes | None, delimiter: bytes | None) -> list[bytes]:
    """Append the delimiter (not before the first) and the bytes; NULLs are left out."""
    if item is not None:
        if state and delimiter:
            state.append(delimiter)
        state.append(item)
    return state


def joined_text(state: list[str]) -> str | None:
    """Return the whole text, None over no rows."""
    return "".join(state) if state else None


def joined_bytes(state: list[bytes]) -> bytes | None:
    """Return all bytes, None over no rows."""
    return b"".join(state) if state else None


aggregate(
    "string_agg(text, text) -> text", oid=3538, skip_null=False,
    start=list, step=join_text, final=joined_text, start_inline="[]",
)  # fmt: skip
aggregate(
    "string_agg(bytea, bytea) -> bytea", oid=3545, skip_null=False,
    start=list, step=join_bytes, final=joined_bytes, start_inline="[]",
)  # fmt: skip


# ---------------------------------------------------------------- array_agg


def collect_item(state: list[object], item: object) -> list[object]:
    """Append an element."""
    state.append(item)
    return state


def array_final(state: list[object]) -> tuple[object, ...] | None:
    """Return the array, None over no rows."""
    return tuple(state) if state else None


def shape(value: tuple[object, ...]) -> tuple[int, ...]:
    """Return the lengths of an array's dimensions; () when it is empty."""
    lengths: list[int] = []
    level: object = value
    while isinstance(level, tuple) and level:
        lengths.append(len(level))
        level = level[0]
    return tuple(lengths)


def collect_array(state: list[object], item: tuple[object, ...] | None) -> list[object]:
    """Append an array as one more slice; all must have the same dimensions."""
    if item is None:
        raise SqlError("22004", "cannot accumulate null arrays")
    if not item:
        raise SqlError("2202E", "cannot accumulate empty arrays")
    if state:
        first = state[0]
        assert isinstance(first, tuple), "slices are arrays"
        if shape(first) != shape(item):
            raise SqlError("2202E", "cannot accumulate arrays of different dimensionality")
    state.append(item)
    return state


aggregate(
    "array_agg(anynonarray) -> anyarray", oid=2335, skip_null=False, start=list, step=collect_item, final=array_final,
    inline_step="{s}.append({0}) or {s}", start_inline="[]",
)  # fmt: skip
aggregate(
    "array_agg(anyarray) -> anyarray", oid=4053, skip_null=False, start=list, step=collect_array, final=array_final,
    start_inline="[]",
)  # fmt: skip
